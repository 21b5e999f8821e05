"""One hot edition under 64 buyers: commands per second against raw one-event transactions; and whether size costs.

Run: python tests/benchmarks/bench_editions.py [postgresql://…]
"""

import asyncio
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

from bench_commits import rate, raw_postgresql, raw_sqlite

from souvenir.certificates.registers import CertificateRegister
from souvenir.editions.application import Editions, release_hold, sell_piece, take_next
from souvenir.editions.registers import PieceRegister
from souvenir.editions.registers.shelf import NextPiece, Number
from souvenir.eventlog import Ahead, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.serving import spare_the_collector

BUYERS = 64
SECONDS = 3.0
ROUNDS = 3
SOLD_OF_TEN = 5
"""Of ten holds, so many become sales; the others are let go."""

SHOP = UUID(int=0x5A0)
TODAY = date(2026, 10, 1)
HOLD = timedelta(minutes=15)


@dataclass(frozen=True)
class Drop:
    """One drop: what the buyers got through, how long they waited, and the baseline of the same minute."""

    what: str
    commands: float
    p99: float
    raw: float

    def __str__(self) -> str:
        return (
            f"{self.what:<34} {self.commands:>9,.0f}/s   raw {self.raw:>9,.0f}/s   ratio {self.commands / self.raw:.2f}"
            f"   p99 {self.p99 * 1000:.0f} ms"
        )


def open_log(url: str) -> EventLog:
    return EventLog.open(url, registers=(PieceRegister(), CertificateRegister()))


def declared(log: EventLog, size: int, numbering: str = "sequential") -> UUID:
    """An edition of this size on sale at one outlet."""
    editions = Editions(log)
    edition = editions.declare(
        product_id=UUID(int=9), gtin="6901234567892", title={"en": "Vase"}, size=size, numbering=numbering
    ).result
    editions.allot(edition, SHOP, 1, size)
    editions.release(edition)
    return edition


class Buyer:
    """One buyer: holds the next piece, then buys it or lets it go, until the time is up."""

    def __init__(self, log: EventLog, edition: UUID, seed: int) -> None:
        self.log, self.edition, self.chance = log, edition, random.Random(seed)
        self.waits: list[float] = []

    def __call__(self, stop: float) -> None:
        while time.perf_counter() < stop:
            holder = uuid4()
            number = self._timed(partial(self._hold, holder=holder), NextPiece(self.edition, "numbered", SHOP))
            then = self._buy if self.chance.randrange(10) < SOLD_OF_TEN else self._let_go
            self._timed(partial(then, holder=holder, number=number), Number(self.edition, "numbered", number))

    async def buy(self, stop: float) -> None:
        """The same in asyncio, as a web server would."""
        while time.perf_counter() < stop:
            holder = uuid4()
            number = await self._awaited(partial(self._hold, holder=holder), NextPiece(self.edition, "numbered", SHOP))
            then = self._buy if self.chance.randrange(10) < SOLD_OF_TEN else self._let_go
            await self._awaited(partial(then, holder=holder, number=number), Number(self.edition, "numbered", number))

    async def _awaited(self, command: Callable[[Transaction], int], ahead: Ahead) -> int:
        begun = time.perf_counter()
        number = (await self.log.perform(command, ahead=(ahead,))).result
        self.waits.append(time.perf_counter() - begun)
        return number

    def _timed(self, command: Callable[[Transaction], int], ahead: Ahead) -> int:
        begun = time.perf_counter()
        number = self.log.execute(command, ahead=(ahead,)).result
        self.waits.append(time.perf_counter() - begun)
        return number

    def _hold(self, tx: Transaction, holder: UUID) -> int:
        return take_next(tx, self.edition, SHOP, holder, clock.now() + HOLD).number

    def _buy(self, tx: Transaction, holder: UUID, number: int) -> int:
        return sell_piece(tx, self.edition, "numbered", number, holder, TODAY, holder, outlet_id=SHOP).number

    def _let_go(self, tx: Transaction, holder: UUID, number: int) -> int:
        release_hold(tx, self.edition, "numbered", number, holder)
        return number


def in_threads(buyers: list[Buyer], stop: float) -> None:
    threads = [threading.Thread(target=buyer, args=(stop,)) for buyer in buyers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def in_asyncio(buyers: list[Buyer], stop: float) -> None:
    async def together() -> None:
        await asyncio.gather(*(buyer.buy(stop) for buyer in buyers))

    asyncio.run(together())


def drop(log: EventLog, edition: UUID, run: Callable[[list[Buyer], float], None]) -> tuple[float, float]:
    """Commands per second of all buyers together, and the 99th percentile of one buyer's wait in seconds."""
    everybody = [Buyer(log, edition, seed) for seed in range(BUYERS)]
    begun = time.perf_counter()
    run(everybody, begun + SECONDS)
    took = time.perf_counter() - begun
    waits = sorted(wait for buyer in everybody for wait in buyer.waits)
    return len(waits) / took, waits[len(waits) * 99 // 100]


def measure(name: str, url: str, raw: Callable[[], AbstractContextManager[Callable[[], None]]]) -> list[Drop]:
    """A drop of 100,000, beside raw one-event transactions of the same minute; the median of some rounds."""
    log = open_log(url)
    edition = declared(log, 100_000)
    spare_the_collector()  # as `souvenir serve` does
    rows = []
    for how, run in (("asyncio", in_asyncio), ("threads", in_threads)):
        rounds = []
        for _ in range(ROUNDS):
            with raw() as insert:
                bare = rate(insert, 1)
            rounds.append((*drop(log, edition, run), bare))
        commands, p99, bare = sorted(rounds, key=lambda one: one[0] / one[2])[len(rounds) // 2]
        rows.append(Drop(f"{name}: 64 buyers in {how}", commands, p99, bare))
    log.close()
    return rows


def late(url: str) -> str:
    """Selling from 99,000 of 100,000 on, against selling from the first on: one buyer, median of a thousand."""
    log = open_log(url)
    edition = declared(log, 100_000)
    alone = Buyer(log, edition, seed=1)
    medians = []
    for sold in (0, 99_000):
        log.execute(partial(_sell_out, edition=edition, sold=sold))
        alone.waits.clear()
        while len(alone.waits) < 1_000:
            alone(time.perf_counter())
            alone(time.perf_counter() + 0.01)
        medians.append(sorted(alone.waits)[len(alone.waits) // 2])
    log.close()
    first, last = medians
    return f"{'SQLite: piece 99,000 of 100,000':<34} {last * 1e6:>9,.0f} us  first {first * 1e6:>7,.0f} us   ratio {last / first:.2f}"


def _sell_out(tx: Transaction, edition: UUID, sold: int) -> None:
    """Mark the first so many as sold, in the rows only."""
    tx.session.run("UPDATE pieces SET status = 'sold' WHERE edition_id = ? AND number <= ?", str(edition), sold)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        for row in measure(
            "SQLite", f"sqlite:///{directory}/shop.db", lambda: raw_sqlite(Path(directory) / f"{uuid4().hex}.db")
        ):
            print(row)
        print(late(f"sqlite:///{directory}/late.db"))
    if len(sys.argv) > 1:
        for row in measure("PostgreSQL", sys.argv[1], lambda: raw_postgresql(sys.argv[1])):
            print(row)
