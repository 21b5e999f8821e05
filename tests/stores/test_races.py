"""Races and crashes with real processes on real stores: first the fault without the guard, then none with it."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from jars import CoinCount, Jar, NoStickersLeft, Stickers, WriteReceipts, take_sticker

from souvenir.eventlog import EventLog, Followers, Transaction
from souvenir.eventlog.stores.postgresql import WRITING, PostgresStore
from souvenir.kernel.money import Money

FEN = Money(1, "CNY")
SPAWN = multiprocessing.get_context("spawn")


def _grab_stickers(url: str, attempts: int, taken: "multiprocessing.Queue[int]") -> None:
    log = EventLog.open(url, [Stickers()])
    got = 0
    for _ in range(attempts):
        try:
            log.execute(lambda tx: take_sticker(tx, uuid4()))
            got += 1
        except NoStickersLeft:
            pass
    log.close()
    taken.put(got)


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_processes_share_a_register_without_giving_one_number_twice(store, request):
    url = request.getfixturevalue(f"{'postgres' if store == 'postgresql' else store}_url")
    EventLog.open(url, [Stickers()]).close()
    taken = SPAWN.Queue()
    workers = [SPAWN.Process(target=_grab_stickers, args=(url, 10, taken)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert sum(taken.get(timeout=5) for _ in workers) == 10
    log = EventLog.open(url, [Stickers()])
    with log.reading() as session:
        assert session.rows("SELECT number FROM stickers ORDER BY number") == [(n,) for n in range(1, 11)]
    log.close()


def _late_commit(log: EventLog, first_is_in: threading.Event, second_is_in: threading.Event) -> None:
    """Take a position, and commit only after another writer has taken and committed a later one."""

    def slow(tx: Transaction) -> None:
        tx.session.row("SELECT 1")
        tx.save(Jar.open(uuid4(), room=0))
        session = tx._batch.session
        original = session.append

        def append_then_linger(events):
            original(events)
            session._pipeline.sync()
            first_is_in.set()
            second_is_in.wait(3)

        session.append = append_then_linger

    log.execute(slow)


def _positions_seen(url: str, guarded: bool, monkeypatch) -> tuple[list[int], list[int]]:
    """What a follower has seen while a slow writer was between its position and its commit, and what there is."""
    monkeypatch.setattr(PostgresStore, "guarded", guarded)
    slow, quick, reader = EventLog.open(url), EventLog.open(url), EventLog.open(url)
    first_is_in, second_is_in = threading.Event(), threading.Event()
    late = threading.Thread(target=_late_commit, args=(slow, first_is_in, second_is_in))
    late.start()
    assert first_is_in.wait(10)
    quick.execute(lambda tx: tx.save(Jar.open(uuid4(), room=0)))
    threading.Timer(0.3, second_is_in.set).start()
    seen: list[int] = []
    for _ in range(2):
        head = reader.head()
        seen += [row.position for row in reader.store.page(seen[-1] if seen else 0, head, 100)]
        late.join(10)
    everything = [row.position for row in reader.stored()]
    for log in (slow, quick, reader):
        log.close()
    return seen, everything


def test_without_the_guard_a_follower_steps_over_an_event_on_postgresql(postgres_url, monkeypatch):
    seen, everything = _positions_seen(postgres_url, guarded=False, monkeypatch=monkeypatch)
    assert seen == [2]
    assert everything == [1, 2]


def test_with_the_guard_it_never_does(postgres_url, monkeypatch):
    seen, everything = _positions_seen(postgres_url, guarded=True, monkeypatch=monkeypatch)
    assert seen == everything == [1, 2]


FOLLOWING = """
import sys
from uuid import UUID
sys.path.insert(0, sys.argv[2])
from jars import CoinCount, Jar, Stickers, WriteReceipts
from souvenir.eventlog import EventLog, Followers
from souvenir.kernel.money import Money

log = EventLog.open(sys.argv[1], [Stickers()])
WriteReceipts.batch = CoinCount.batch = 7
followers = Followers(log, [WriteReceipts()], [CoinCount()])
followers.start()
jar = UUID(sys.argv[3])
print("ready", flush=True)
while True:
    def command(tx):
        found = tx.get(Jar, jar)
        found.put(Money(1, "CNY"))
        tx.save(found)
    log.execute(command)
"""


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_killed_anywhere_the_followers_go_on_without_loss_or_repeat(store, request):
    url = request.getfixturevalue(f"{'postgres' if store == 'postgresql' else store}_url")
    log = EventLog.open(url, [Stickers()])
    jar = uuid4()
    log.execute(lambda tx: tx.save(Jar.open(jar, room=10**9)))
    support = str(Path(__file__).parent.parent / "support")
    for round_ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", FOLLOWING, url, support, str(jar)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.15 + 0.13 * round_)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        process.stdout.close()
    Followers(log, [WriteReceipts()], [CoinCount()]).catch_up()
    coins = len(log.load(Jar, jar).coins)
    receipts = len(list(log.stored(topics=["testing.ReceiptWritten"])))
    with log.reading() as session:
        assert session.rows("SELECT coins FROM coin_count") == [(coins,)]
    assert receipts == coins > 0
    log.close()


def test_a_commit_in_one_statement_draws_its_position_under_the_guard_too(postgres_url):
    """A command that reads nothing is one statement; it, too, waits for the lock before it draws a position."""
    log = EventLog.open(postgres_url)
    log.execute(lambda tx: tx.save(Jar.open(uuid4(), room=0)))
    with psycopg.connect(postgres_url, autocommit=True) as other:
        drawn = "SELECT last_value FROM stored_events_notification_id_seq"
        before = other.execute(drawn).fetchone()
        other.execute("SELECT pg_advisory_lock(%s)", (WRITING,))
        waiting = threading.Thread(target=log.execute, args=(lambda tx: tx.save(Jar.open(uuid4(), room=0)),))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        assert other.execute(drawn).fetchone() == before
        other.execute("SELECT pg_advisory_unlock(%s)", (WRITING,))
        waiting.join(10)
    assert [row.position for row in log.stored()] == [1, 2]
    log.close()
