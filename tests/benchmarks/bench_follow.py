"""Followers catching up: events a second into a view and through a process, against bare reads and writes of the same.

Run: python tests/benchmarks/bench_follow.py [postgresql://…]
"""

import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

import orjson
from jars import CoinCount, CoinList, Jar, WriteReceipts

from souvenir.eventlog import EventLog, Followers, Process, View
from souvenir.eventlog.mapper import to_stored
from souvenir.kernel.money import Money

JARS, COINS = 200, 100


@dataclass(frozen=True)
class Row:
    """One measured case, in events per second; the baseline is of the same run."""

    what: str
    ours: float
    raw: float

    def __str__(self) -> str:
        return f"{self.what:<34} {self.ours:>9,.0f}/s   bare {self.raw:>9,.0f}/s   ratio {self.ours / self.raw:.2f}"


def fill(log: EventLog) -> int:
    """Many jars with many coins; answers how many events."""
    for _ in range(JARS):
        jar = Jar.open(uuid4(), COINS)
        for _ in range(COINS):
            jar.put(Money(1, "CNY"), on=date(2026, 1, 1))
        stored = [to_stored(event) for event in jar.collect_events()]
        with log.store.writing() as session:
            session.append(stored)
    return JARS * (COINS + 1)


def seconds_of(log: EventLog, processes: list[Process], views: list[View]) -> float:
    followers = Followers(log, processes, views)
    begun = time.perf_counter()
    followers.catch_up()
    return time.perf_counter() - begun


def bare_view(log: EventLog, path: Path) -> float:
    """The same events read page by page, decoded with orjson, counted in a table by bare sqlite3 in batches."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE coin_count (jar TEXT PRIMARY KEY, coins BIGINT, minor BIGINT)")
    begun, after, head = time.perf_counter(), 0, log.head()
    while page := log.store.page(after, head, CoinCount.batch, CoinCount().topics):
        connection.execute("BEGIN")
        for event in page:
            fields = orjson.loads(event.state)
            if event.topic == "testing.JarOpened":
                connection.execute("INSERT INTO coin_count VALUES (?, 0, 0)", (str(event.stream),))
            else:
                connection.execute(
                    "UPDATE coin_count SET coins = coins + 1, minor = minor + ? WHERE jar = ?",
                    (fields["value"]["minor"], str(event.stream)),
                )
        connection.execute("COMMIT")
        after = page[-1].position
    connection.close()
    return time.perf_counter() - begun


@contextmanager
def filled(url: str) -> Iterator[tuple[EventLog, int]]:
    log = EventLog.open(url)
    yield log, fill(log)
    log.close()


def measure(postgresql: str | None = None) -> list[Row]:
    """Two views and a process on SQLite, and on PostgreSQL if the URL of an empty database is given."""
    rows = []
    for name, url in (("SQLite", None), ("PostgreSQL", postgresql)):
        if name == "PostgreSQL" and url is None:
            continue
        with (
            tempfile.TemporaryDirectory() as directory,
            filled(url or f"sqlite:///{directory}/shop.db") as (log, events),
        ):
            raw = events / bare_view(log, Path(directory) / "bare.db")
            rows.append(Row(f"{name}: a view that counts", events / seconds_of(log, [], [CoinCount()]), raw))
            rows.append(Row(f"{name}: a view, a row an event", events / seconds_of(log, [], [CoinList()]), raw))
            rows.append(Row(f"{name}: a process answers", events / seconds_of(log, [WriteReceipts()], []), raw))
    return rows


if __name__ == "__main__":
    for row in measure(sys.argv[1] if len(sys.argv) > 1 else None):
        print(row)
