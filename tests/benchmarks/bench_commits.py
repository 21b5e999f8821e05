"""Commits per second with 1 and 32 writers, as a ratio to raw one-row transactions of the same bytes and durability.

Run: python tests/benchmarks/bench_commits.py [postgresql://…]
"""

import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from jars import Letter

from souvenir.eventlog import EventLog, Transaction
from souvenir.eventlog.mapper import to_stored

SECONDS = 2.0
ROUNDS = 3


@dataclass(frozen=True)
class Row:
    """One measured case: per second for ours and for the baseline of the same round, best of the rounds."""

    what: str
    ours: float
    raw: float

    def __str__(self) -> str:
        return f"{self.what:<34} {self.ours:>9,.0f}/s   raw {self.raw:>9,.0f}/s   ratio {self.ours / self.raw:.2f}"


def command(tx: Transaction) -> None:
    """One event of about 420 bytes."""
    tx.save(Letter.write())


def rate(action: Callable[[], None], writers: int) -> float:
    """How often per second the writers together carry out an action."""
    done = [0] * writers
    stop = time.perf_counter() + SECONDS

    def work(n: int) -> None:
        while time.perf_counter() < stop:
            action()
            done[n] += 1

    begun = time.perf_counter()
    threads = [threading.Thread(target=work, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - begun)


@contextmanager
def raw_sqlite(path: Path) -> Iterator[Callable[[], None]]:
    """Bare sqlite3: the same rows, WAL, synchronous FULL, one transaction each."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB, "
        "PRIMARY KEY (originator_id, originator_version))"
    )
    (event,) = map(to_stored, Letter.write().collect_events())

    def insert() -> None:
        connection.execute(
            "INSERT INTO stored_events VALUES (?, ?, ?, ?)", (uuid4().hex, event.version, event.topic, event.state)
        )

    yield insert
    connection.close()


@contextmanager
def raw_postgresql(url: str) -> Iterator[Callable[[], None]]:
    """Bare psycopg: the same rows in one statement, which is one transaction and one round trip."""
    import psycopg

    connection = psycopg.connect(url, autocommit=True)
    connection.execute(
        "CREATE TABLE IF NOT EXISTS raw_events (originator_id uuid, originator_version bigint, topic text, "
        "state bytea, notification_id bigserial, PRIMARY KEY (originator_id, originator_version))"
    )
    connection.execute("CREATE UNIQUE INDEX IF NOT EXISTS raw_by_position ON raw_events (notification_id)")
    (event,) = map(to_stored, Letter.write().collect_events())

    def insert() -> None:
        connection.execute(
            "INSERT INTO raw_events (originator_id, originator_version, topic, state) VALUES (%s, %s, %s, %s)",
            (uuid4(), event.version, event.topic, event.state),
            prepare=True,
        )

    yield insert
    connection.close()


def measure(postgresql: str | None = None) -> list[Row]:
    """Every case on SQLite, and on PostgreSQL if a server's URL is given; the database there must be empty."""
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/shop.db"
        rows += _cases("SQLite", url, lambda: raw_sqlite(Path(directory) / f"raw-{uuid4().hex}.db"))
    if postgresql:
        rows += _cases("PostgreSQL", postgresql, lambda: raw_postgresql(postgresql))
    return rows


def _cases(name: str, url: str, raw: Callable[[], object]) -> list[Row]:
    log = EventLog.open(url)
    rows = []
    for writers in (1, 32):
        pairs = []
        for _ in range(ROUNDS):
            with raw() as insert:  # type: ignore[attr-defined]
                bare = rate(insert, 1)
            pairs.append((rate(lambda: log.execute(command) and None, writers), bare))
        ours, bare = sorted(pairs, key=lambda pair: pair[0] / pair[1])[len(pairs) // 2]
        rows.append(Row(f"{name}: commits, {writers} writer{'s' if writers > 1 else ''}", ours, bare))
    log.close()
    return rows


if __name__ == "__main__":
    for row in measure(sys.argv[1] if len(sys.argv) > 1 else None):
        print(row)
