"""Replay: 200,000 refund entries folded from the log to a trial balance, against a bare SELECT and JSON decode.

    python tests/benchmarks/bench_replay.py [--entries 200000] [--postgres URL]

Every case reads the same rows, round after round in turn; figures are medians of the rounds, and `ratio` is the time
against that of the baseline, the bare SELECT with `json.loads`, in the same round. PostgreSQL is measured too where
the URL of an empty database is given.
"""

import argparse
import json
import sqlite3
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from statistics import median
from typing import NamedTuple
from uuid import UUID

import orjson
import psycopg

from souvenir.eventlog import EventLog
from souvenir.eventlog.mapper import to_stored
from souvenir.eventlog.stores.store import StoredEvent
from souvenir.kernel import clock
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money
from souvenir.ledger import chart, postings
from souvenir.ledger.application import Ledger
from souvenir.ledger.journal import Cause, Entry
from souvenir.ledger.postings import Legs
from souvenir.ledger.replay import AsOf

ENTRIES = 200_000
ROUNDS = 5
FILL = 5_000
FIRST = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
SHARE = Decimal("0.7")
SELECT = "SELECT state FROM stored_events WHERE topic = 'ledger.EntryPosted' ORDER BY "


class Measured(NamedTuple):
    """One line of the table."""

    what: str
    per_second: int
    ratio: float
    """Its time to the baseline's; below 1 is faster."""

    def __str__(self) -> str:
        return f"{self.what:<52} {self.per_second:>9,}/s   time to baseline {self.ratio:.2f}"


def measure(entries: int = ENTRIES, postgres_url: str | None = None) -> list[Measured]:
    """Fill a log on each store and measure it."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "replay.db"
        rows = _measure_store("SQLite", f"sqlite:///{path}", entries, lambda: _bare_sqlite(path))
    if postgres_url:
        url = postgres_url
        rows += _measure_store("PostgreSQL", url, entries, lambda: _bare_postgres(url))
    return rows


def _measure_store(store: str, url: str, entries: int, states: Callable[[], Iterator[bytes]]) -> list[Measured]:
    with closing(EventLog.open(url)) as log:
        fill(log, entries)
        ledger = Ledger(log)
        as_of = AsOf(effective=date(2026, 6, 30), known=FIRST + timedelta(days=200), since=date(2026, 6, 1))
        cases: dict[str, Callable[[], object]] = {
            "bare SELECT + json.loads (baseline)": lambda: _exhaust(map(json.loads, states())),
            "bare SELECT + orjson.loads": lambda: _exhaust(map(orjson.loads, states())),
            "replay to a trial balance": ledger.trial_balance,
            "replay of one month, as of two clocks": lambda: ledger.trial_balance(as_of),
            "decoding every event, for comparison": lambda: _exhaust(log.events()),
        }
        rounds = [[_seconds(case) for case in cases.values()] for _ in range(ROUNDS)]
        assert ledger.trial_balance().entries == entries
    by_case = zip(cases, zip(*rounds, strict=True), strict=True)
    return [
        Measured(
            f"{store}: {what}",
            round(entries / median(took)),
            round(median(own / run[0] for own, run in zip(took, rounds, strict=True)), 2),
        )
        for what, took in by_case
    ]


def peak_memory(entries: int) -> int:
    """The most memory, in bytes, that a replay of so many entries holds at once; it should not grow with them."""
    with (
        tempfile.TemporaryDirectory() as directory,
        closing(EventLog.open(f"sqlite:///{Path(directory) / 'replay.db'}")) as log,
    ):
        fill(log, entries)
        tracemalloc.start()
        Ledger(log).trial_balance()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def fill(log: EventLog, entries: int) -> None:
    """Append refund entries, encoded as the books encode them, in batches."""
    stored = _refund_entries()
    for start in range(0, entries, FILL):
        with log.store.writing() as session:
            session.append(list(islice(stored, min(FILL, entries - start))))


def _refund_entries() -> Iterator[StoredEvent]:
    """Claim after claim: advanced, secured, verified or captured, released, settled."""
    at = SettableClock(FIRST)
    number = 0
    with clock.using(at):
        while True:
            number += 1
            at.move_to(FIRST + timedelta(minutes=7 * number))
            claim_id = derived_id("claim", number)
            about = {
                "claim": str(claim_id),
                "claim_no": f"CN-BJ-{number:08}",
                "outlet": str(UUID(int=number % 7)),
                "jurisdiction": "CN",
                "rules": "CN-2026-07 CN-BJ-instant-2026-07",
            }
            for version, (rule, legs) in enumerate(_life(number), start=3):
                cause = Cause("taxrefund.ClaimAdvanced", claim_id, version, at())
                entry = Entry.post(cause, rule, at().date(), legs, postings.RULES[rule], about)
                (posted,) = entry.collect_events()
                assert isinstance(posted, Entry.Posted)
                yield to_stored(posted)


def _life(number: int) -> list[tuple[str, Legs]]:
    gross = Money(20_000 + number * 37 % 500_000, "CNY")
    refund, fee = gross.at_rate(Decimal("0.11")), gross.at_rate(Decimal("0.02"))
    net, agency = refund - fee, postings.agency_part(fee, SHARE)
    begun = [
        ("J08", postings.refund_advanced(chart.drawer("SHOP", f"{number % 4 + 1:02}"), refund, fee)),
        ("J08m", postings.guarantee_held(net)),
    ]
    if number % 20 == 0:
        captured = postings.guarantee_captured(chart.CARD, refund, fee) + postings.guarantee_over(net)
        return [*begun, ("J11", captured)]
    return [
        *begun,
        ("J09", postings.customs_verified(refund, fee, SHARE)),
        ("J09m", postings.guarantee_over(net)),
        ("J10", postings.agency_settled(refund - agency, agency)),
    ]


def _bare_sqlite(path: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(path)) as connection:
        for (state,) in connection.execute(SELECT + "rowid"):
            yield state


def _bare_postgres(url: str) -> Iterator[bytes]:
    with psycopg.connect(url) as connection, connection.cursor("bare") as cursor:
        cursor.itersize = 5_000
        cursor.execute((SELECT + "notification_id").encode())
        for (state,) in cursor:
            yield state


def _exhaust(values: Iterator[object]) -> None:
    for _ in values:
        pass


def _seconds(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure replay against a bare SELECT and JSON decode.")
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--postgres", metavar="URL", help="of an empty database, to be measured too")
    options = parser.parse_args()
    print(f"{options.entries:,} refund entries, median of {ROUNDS} rounds")
    for row in measure(options.entries, options.postgres):
        print(row)
    small, large = peak_memory(20_000), peak_memory(80_000)
    print(f"memory at most: {small / 1e6:.1f} MB for 20,000 entries, {large / 1e6:.1f} MB for 80,000")


if __name__ == "__main__":
    main()
