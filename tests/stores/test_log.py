"""The promises of the log, on every store: all or nothing, at most once, each hears its own answer."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from uuid import UUID, uuid4

import pytest
from jars import CoinCount, CoinList, Jar, JarIsFull, NoStickersLeft, Receipt, Stickers, WriteReceipts, take_sticker

from souvenir.eventlog import CommandKey, EventLog, Followers, IdempotencyConflict, Process, Transaction, keyed, when
from souvenir.eventlog import log as log_module
from souvenir.eventlog.followers import FollowerStalled
from souvenir.kernel.errors import NotFound
from souvenir.kernel.money import Money

FEN = Money(1, "CNY")


@pytest.fixture
def log(store_url: str):
    log = EventLog.open(store_url, [Stickers()])
    yield log
    log.close()


def open_jar(log: EventLog, room: int = 10) -> UUID:
    jar = uuid4()
    log.execute(lambda tx: tx.save(Jar.open(jar, room)))
    return jar


def put(jar: UUID, value: Money = FEN):
    def command(tx: Transaction) -> int:
        found = tx.get(Jar, jar)
        found.put(value)
        tx.save(found)
        return len(found.coins)

    return command


def stickers(log: EventLog) -> list[int]:
    with log.reading() as session:
        return [number for (number,) in session.rows("SELECT number FROM stickers ORDER BY number")]


def test_what_was_saved_is_read_back_as_it_was(log):
    jar = open_jar(log)
    log.execute(put(jar, Money.parse("45.18 CNY")))
    loaded = log.load(Jar, jar)
    assert loaded.coins == [Money(4518, "CNY")]
    assert loaded.version == 2
    assert [recorded.event.TOPIC for recorded in log.events()] == ["testing.JarOpened", "testing.CoinPut"]


def test_an_unknown_id_is_not_found(log):
    with pytest.raises(NotFound):
        log.load(Jar, uuid4())
    with pytest.raises(NotFound):
        log.execute(put(uuid4()))


def test_an_id_of_another_kind_is_not_found(log):
    jar = open_jar(log)
    with pytest.raises(NotFound):
        log.execute(lambda tx: tx.get(Receipt, jar))


def test_several_aggregates_commit_together_or_not_at_all(log):
    one, other = open_jar(log, room=1), open_jar(log, room=0)

    def both(tx: Transaction) -> None:
        for jar in (one, other):
            found = tx.get(Jar, jar)
            found.put(FEN)
            tx.save(found)

    with pytest.raises(JarIsFull):
        log.execute(both)
    assert log.load(Jar, one).coins == []


def test_a_register_is_written_with_its_event_and_undone_with_it(log):
    open_jar(log)
    assert stickers(log) == [1]

    def opens_then_fails(tx: Transaction) -> None:
        tx.save(Jar.open(uuid4()))
        assert tx.session.row("SELECT COUNT(*) FROM stickers") == (2,)
        raise JarIsFull(coins=0)

    with pytest.raises(JarIsFull):
        log.execute(opens_then_fails)
    assert stickers(log) == [1]


def test_a_command_sees_what_it_saved_itself(log):
    jar = uuid4()

    def command(tx: Transaction) -> int:
        tx.save(Jar.open(jar))
        found = tx.get(Jar, jar)
        found.put(FEN)
        tx.save(found)
        return len(tx.get(Jar, jar).coins)

    assert log.execute(command).result == 1
    assert log.load(Jar, jar).version == 2


def test_one_refusal_does_not_spoil_the_commands_that_commit_with_it(log):
    """Commands pile up behind a held commit, so they share one; those that save and then refuse leave nothing."""
    jar = open_jar(log)
    held, go = threading.Event(), threading.Event()

    def hold(tx: Transaction) -> None:
        held.set()
        assert go.wait(10)

    def refuses_after_saving(tx: Transaction) -> None:
        tx.save(Jar.open(uuid4()))
        tx.session.row("SELECT COUNT(*) FROM stickers")
        raise JarIsFull(coins=0)

    answers: list[str] = []

    def call(command) -> None:
        try:
            log.execute(command)
            answers.append("kept")
        except JarIsFull:
            answers.append("refused")

    threads = [threading.Thread(target=log.execute, args=(hold,))]
    threads[0].start()
    assert held.wait(10)
    threads += [threading.Thread(target=call, args=(refuses_after_saving if n % 2 else put(jar),)) for n in range(10)]
    for thread in threads[1:]:
        thread.start()
    while len(log._queue) < 10:
        pass
    go.set()
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == ["kept"] * 5 + ["refused"] * 5
    assert len(log.load(Jar, jar).coins) == 5
    assert stickers(log) == [1]


def test_what_is_looked_at_is_as_current_as_what_is_got(log):
    jar = open_jar(log)

    def coins(tx: Transaction) -> int:
        return len(tx.look(Jar, jar).coins)

    def put_and_look(tx: Transaction) -> int:
        put(jar)(tx)
        return coins(tx)

    assert log.execute(coins).result == 0
    assert log.execute(put_and_look).result == 1, "its own command's events count"
    assert log.execute(coins).result == 1
    log.execute(put(jar))
    assert log.execute(coins).result == 2, "another command's too"
    with pytest.raises(NotFound):
        log.execute(lambda tx: tx.look(Jar, uuid4()))


@pytest.mark.parametrize("shared_store", ["sqlite_url", "postgres_url"])
def test_what_another_process_wrote_is_seen_by_the_next_look(shared_store: str, request: pytest.FixtureRequest):
    store_url = request.getfixturevalue(shared_store)
    ours, theirs = EventLog.open(store_url, [Stickers()]), EventLog.open(store_url, [Stickers()])
    jar = open_jar(ours)
    assert ours.execute(lambda tx: len(tx.look(Jar, jar).coins)).result == 0
    theirs.execute(put(jar))
    assert ours.execute(lambda tx: len(tx.look(Jar, jar).coins)).result == 1
    ours.close()
    theirs.close()


def test_what_was_only_looked_at_is_never_saved(log):
    jar = open_jar(log)

    def command(tx: Transaction) -> None:
        shared = tx.look(Jar, jar)
        tx.save(shared)

    with pytest.raises(AssertionError, match="looked at"):
        log.execute(command)


def test_a_command_within_a_command_is_a_bug_that_shows_at_once(log):
    with pytest.raises(AssertionError, match="no other"):
        log.execute(lambda tx: log.execute(lambda inner: None))
    assert log.execute(lambda tx: 1).result == 1


def test_a_full_queue_answers_busy_at_once(log, monkeypatch):
    monkeypatch.setattr(log_module, "LONGEST_QUEUE", 1)
    deciding, go_on = threading.Event(), threading.Event()

    def slow(tx):
        deciding.set()
        go_on.wait(10)

    with ThreadPoolExecutor() as pool:
        leads = pool.submit(log.execute, slow)
        deciding.wait(10)
        waits = pool.submit(log.execute, lambda tx: "in time")
        while not log._queue:
            time.sleep(0.001)
        with pytest.raises(log_module.Busy) as refusal:
            log.execute(lambda tx: "too late")
        go_on.set()
        assert (leads.result().result, waits.result().result) == (None, "in time")
    assert refusal.value.retry_after_ms == 250


def test_the_same_key_and_content_acts_once_and_repeats_the_first_answer(log):
    jar = open_jar(log)
    key = CommandKey("till:1", "k-1", "abc")
    first = log.execute(put(jar), key)
    again = log.execute(put(jar), key)
    assert (first.result, first.replayed) == (1, False)
    assert (again.result, again.replayed) == (1, True)
    assert len(log.load(Jar, jar).coins) == 1


def test_the_same_key_with_other_content_is_refused(log):
    jar = open_jar(log)
    log.execute(put(jar), CommandKey("till:1", "k-1", "abc"))
    with pytest.raises(IdempotencyConflict):
        log.execute(put(jar), CommandKey("till:1", "k-1", "xyz"))
    assert len(log.load(Jar, jar).coins) == 1


def test_the_same_key_from_another_actor_is_another_command(log):
    jar = open_jar(log)
    log.execute(put(jar), CommandKey("till:1", "k-1", "abc"))
    log.execute(put(jar), CommandKey("till:2", "k-1", "abc"))
    assert len(log.load(Jar, jar).coins) == 2


def test_a_keyed_block_repeats_its_answers_and_goes_on_where_it_was_cut_off(log):
    jar = open_jar(log)

    def story(steps: int) -> list[tuple[int, bool]]:
        with keyed(CommandKey("till:1", "k-1", "abc")):
            done = [log.execute(put(jar)) for _ in range(steps)]
        return [(committed.result, committed.replayed) for committed in done]

    assert story(1) == [(1, False)]
    assert story(3) == [(1, True), (2, False), (3, False)]
    assert story(3) == [(1, True), (2, True), (3, True)]


def test_a_keyed_answer_keeps_ids_and_dates(log):
    id, key = uuid4(), CommandKey("till:1", "k-1", "abc")
    for _ in range(2):
        assert log.execute(lambda tx: [id, date(2026, 5, 1), None], key).result == [id, date(2026, 5, 1), None]


def test_a_refused_command_may_be_tried_again_under_its_key(log):
    jar, key = open_jar(log, room=0), CommandKey("till:1", "k-1", "abc")
    for _ in range(2):
        with pytest.raises(JarIsFull):
            log.execute(put(jar), key)


def test_many_threads_lose_nothing(log):
    jar = open_jar(log, room=10_000)
    threads = [threading.Thread(target=lambda: [log.execute(put(jar)) for _ in range(20)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(log.load(Jar, jar).coins) == 160


def test_a_register_limits_what_no_single_stream_could(log):
    refused = []

    def grab() -> None:
        for _ in range(5):
            try:
                log.execute(lambda tx: take_sticker(tx, uuid4()))
            except NoStickersLeft:
                refused.append(1)

    threads = [threading.Thread(target=grab) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert stickers(log) == list(range(1, 11))
    assert len(refused) == 10


def test_followers_answer_each_event_once_and_views_add_up(log):
    jar = open_jar(log)
    for value in (1, 2, 3):
        log.execute(put(jar, Money(value, "CNY")))
    followers = Followers(log, [WriteReceipts()], [CoinCount()])
    followers.catch_up()
    followers.catch_up()
    with log.reading() as session:
        assert session.rows("SELECT jar, coins, minor FROM coin_count") == [(str(jar), 3, 6)]
    receipts = [recorded.event.coin.minor for recorded in log.events(topics=["testing.ReceiptWritten"])]
    assert receipts == [1, 2, 3]


def test_a_reader_waits_for_its_own_write(log):
    followers = Followers(log, [], [CoinCount()])
    followers.start()
    try:
        jar = open_jar(log)
        for coins in range(1, 6):
            position = log.execute(put(jar)).position
            followers.wait_for(followers.views[0], position)
            with log.reading() as session:
                assert session.row("SELECT coins FROM coin_count WHERE jar = ?", str(jar)) == (coins,)
    finally:
        followers.stop()


def test_a_follower_that_fails_stops_there_and_goes_on_when_mended(log):
    jar = open_jar(log)
    log.execute(put(jar))

    class Choosy(WriteReceipts):
        broken = True

        def apply(self, tx, event):
            if self.broken:
                raise RuntimeError("out of paper")
            super().apply(tx, event)

    process = Choosy()
    followers = Followers(log, [process], [])
    with pytest.raises(Exception, match="out of paper"):
        followers.catch_up()
    assert followers.position("write_receipts") == 0
    process.broken = False
    followers.catch_up()
    assert len(list(log.events(topics=["testing.ReceiptWritten"]))) == 1


def test_a_process_sees_an_aggregate_as_it_stood_at_the_event(log):
    jar = open_jar(log)
    for _ in range(3):
        log.execute(put(jar))
    seen: list[int] = []

    class Look(Process):
        name = "look"

        @when(Jar.CoinPut)
        def _put(self, tx: Transaction, event: Jar.CoinPut) -> None:
            seen.append(len(tx.at_event(Jar, event.originator_id).coins))

    Followers(log, [Look()], []).catch_up()
    assert seen == [1, 2, 3]


def test_processes_that_answer_one_event_look_at_the_same_past_and_none_saves_it(log):
    jar, seen = open_jar(log), []

    class Look(Process):
        name = "look"

        @when(Jar.Opened)
        def _opened(self, tx: Transaction, event: Jar.Opened) -> None:
            seen.append(tx.at_event(Jar, event.originator_id))

    class LookToo(Look):
        name = "look_too"

    class Meddle(Look):
        name = "meddle"

        @when(Jar.Opened)
        def _opened(self, tx: Transaction, event: Jar.Opened) -> None:
            tx.save(tx.at_event(Jar, event.originator_id))

    Followers(log, [Look(), LookToo()], []).catch_up()
    assert seen[0] is seen[1]
    assert seen[0].id == jar
    with pytest.raises(FollowerStalled, match="the past is not saved"):
        Followers(log, [Meddle()], []).catch_up()


def test_two_runs_of_one_follower_never_answer_twice(log):
    jar = open_jar(log, room=500)
    for _ in range(300):
        log.execute(put(jar))
    runs = [Followers(log, [WriteReceipts()], []) for _ in range(3)]
    threads = [threading.Thread(target=run.catch_up) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(list(log.events(topics=["testing.ReceiptWritten"]))) == 300


def test_events_cannot_be_changed(log):
    open_jar(log)
    (recorded,) = log.events()
    with pytest.raises(ValueError, match="frozen"):
        recorded.event.room = 3


def test_an_event_with_a_wrong_field_is_never_made():
    jar = Jar.open(uuid4())
    with pytest.raises(ValueError, match="value"):
        jar._put(value="much", on=date(2026, 1, 1))
    assert jar.version == 1


def test_callers_in_asyncio_and_in_threads_share_one_writer_and_lose_nothing(log):
    jar = open_jar(log, room=10_000)

    async def caller() -> list[int]:
        return [(await log.perform(put(jar))).result for _ in range(20)]

    async def all_callers() -> list[list[int]]:
        return await asyncio.gather(*(caller() for _ in range(16)))

    threads = [threading.Thread(target=lambda: [log.execute(put(jar)) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    counts = asyncio.run(all_callers())
    for thread in threads:
        thread.join(30)
    assert len(log.load(Jar, jar).coins) == 20 * 20
    answers = [count for own in counts for count in own]
    assert len(set(answers)) == 16 * 20, "each heard its own answer"


def test_a_refusal_reaches_its_caller_in_asyncio_alone(log):
    jar = open_jar(log, room=3)

    async def story() -> list[object]:
        return await asyncio.gather(*(log.perform(put(jar)) for _ in range(5)), return_exceptions=True)

    answers = asyncio.run(story())
    assert sorted(type(answer).__name__ for answer in answers) == ["Committed"] * 3 + ["JarIsFull"] * 2
    assert len(log.load(Jar, jar).coins) == 3


def test_a_caller_in_asyncio_who_stops_waiting_spoils_nothing_for_the_others(log):
    jar = open_jar(log)

    async def story() -> None:
        impatient = asyncio.create_task(log.perform(put(jar)))
        patient = asyncio.create_task(log.perform(put(jar)))
        await asyncio.sleep(0)
        impatient.cancel()
        await patient

    asyncio.run(story())
    assert len(log.load(Jar, jar).coins) == 2


def test_a_keyed_command_in_asyncio_repeats_its_answer(log):
    jar, key = open_jar(log), CommandKey("till:1", "k-1", "abc")

    async def story() -> list[tuple[int, bool]]:
        committed = [await log.perform(put(jar), key) for _ in range(2)]
        return [(one.result, one.replayed) for one in committed]

    assert asyncio.run(story()) == [(1, False), (1, True)]


def test_a_view_that_adds_many_rows_at_once_has_each_of_them_once(log):
    jar = open_jar(log, room=1_000)

    def fill(tx: Transaction) -> None:
        found = tx.get(Jar, jar)
        for value in range(1, 258):
            found.put(Money(value, "CNY"))
        tx.save(found)

    log.execute(fill)
    coins = CoinList()
    Followers(log, [], [coins]).catch_up()
    with log.reading() as session:
        rows = session.rows("SELECT coin, minor FROM coin_list WHERE jar = ? ORDER BY coin", str(jar))
    assert rows == [(value + 1, value) for value in range(1, 258)]


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_one_row_is_asked_of_what_is_committed_while_somebody_writes(store, request):
    log = EventLog.open(request.getfixturevalue({"sqlite": "sqlite_url"}.get(store, "postgres_url")), [Stickers()])
    jar = uuid4()
    asked = "SELECT number FROM stickers WHERE jar = ?"

    def command(tx: Transaction) -> tuple[object, object]:
        take_sticker(tx, jar)
        assert tx.session.row(asked, str(jar)) is not None
        with ThreadPoolExecutor(1) as other:
            return log.row(asked, str(jar)), other.submit(log.row, asked, str(jar)).result()

    assert log.execute(command).result == (None, None)
    assert log.row(asked, str(jar)) == (1,)
    assert log.row(asked, "no such jar") is None
    log.close()
