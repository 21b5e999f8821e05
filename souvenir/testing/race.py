"""A race of buyers in several processes on your own database, one of which is killed: nothing is sold twice."""

import random
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from souvenir.editions.application import (
    Editions,
    EditionSoldOut,
    OnlyReservedLeft,
    release_hold,
    sell_piece,
    take_next,
)
from souvenir.editions.piece import HoldExpired, Piece, PieceHeldBySomeoneElse, PieceNotHeld
from souvenir.eventlog import Busy, Contended, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import new_id
from souvenir.shop import REGISTERS

RACED_HOLD: Final = timedelta(seconds=3)
"""How long a buyer in a race holds a piece; those of a killed process come back after it."""

LONGEST_RACE: Final = timedelta(minutes=2)
TO_BE_KILLED: Final = 0
"""Which process is killed. It stops by itself in the middle, pieces in hand, and says so: however fast, it is killed there."""

_PAUSE: Final = timedelta(milliseconds=20).total_seconds()


@dataclass(frozen=True)
class Race:
    """What came of a race: which numbers were sold how often, and whether one of the processes was killed meanwhile."""

    size: int
    sales: Counter[int]
    killed: bool

    @property
    def sold(self) -> int:
        return self.sales.total()

    @property
    def sold_twice(self) -> list[int]:
        """Numbers that more than one buyer paid for."""
        return sorted(number for number, times in self.sales.items() if times > 1)


def race(
    url: str, *, size: int = 500, buyers: int = 64, attempts: int = 5000, processes: int = 4, guarded: bool = True
) -> Race:
    """Let buyers in several processes race for an edition of their own at a URL, and kill one process in the middle.

    With `guarded` off the buyers look first and write later, as naive shops do: then numbers are sold twice.
    """
    log = EventLog.open(url, REGISTERS)
    editions, outlet = Editions(log), new_id()
    edition = editions.declare(product_id=new_id(), gtin="6901234567892", title={"en": "Race"}, size=size).result
    editions.allot(edition, outlet, 1, size)
    editions.release(edition)
    each = (url, str(edition), str(outlet), buyers // processes, attempts // buyers, guarded)
    runners = [
        subprocess.Popen(  # noqa: S603 - this very interpreter, running this very file
            [sys.executable, "-c", f"from souvenir.testing.race import _run; _run(*{each!r}, {seed})"],
            stdout=subprocess.PIPE,
        )
        for seed in range(processes)
    ]
    heard = [runner.stdout for runner in runners if runner.stdout]
    killed = bool(heard[TO_BE_KILLED].read(1))
    runners[TO_BE_KILLED].kill()
    for runner, told in zip(runners, heard, strict=True):
        runner.wait(LONGEST_RACE.total_seconds())
        told.close()
    result = Race(size, sales_of(log, edition), killed)
    log.close()
    return result


def sales_of(log: EventLog, edition: UUID) -> Counter[int]:
    """Which numbers of an edition were sold, and how often: from the log, which is what happened."""
    numbers = {
        event.originator_id: event.number
        for event in (recorded.event for recorded in log.events(topics=(Piece.Opened.TOPIC,)))
        if isinstance(event, Piece.Opened) and event.edition_id == edition
    }
    sold = (recorded.event.originator_id for recorded in log.events(topics=(Piece.Sold.TOPIC,)))
    return Counter(numbers[stream] for stream in sold if stream in numbers)


def _run(url: str, edition: str, outlet: str, buyers: int, attempts: int, guarded: bool, seed: int) -> None:
    """One process of a race."""
    log = EventLog.open(url, REGISTERS)
    attempt = _buy if guarded else _look_then_buy
    if seed == TO_BE_KILLED:
        attempts = max(attempts // 4, 1)

    def shop(buyer: int) -> None:
        chance = random.Random(seed * 1000 + buyer)  # noqa: S311 - who lets go of what is no secret
        left, over = attempts, clock.now() + LONGEST_RACE / 2
        while left and clock.now() < over:
            try:
                attempt(log, UUID(edition), UUID(outlet), chance)
                left -= 1
            except EditionSoldOut:
                return
            except (OnlyReservedLeft, HoldExpired, PieceNotHeld, PieceHeldBySomeoneElse, Busy, Contended):
                time.sleep(_PAUSE)

    with ThreadPoolExecutor(buyers) as threads:
        list(threads.map(shop, range(buyers)))
    if seed == TO_BE_KILLED:
        with suppress(SouvenirError):
            for _ in range(buyers):
                _hold(log, UUID(edition), UUID(outlet), new_id())
        sys.stdout.write("now")
        sys.stdout.flush()
        time.sleep(LONGEST_RACE.total_seconds())


def _hold(log: EventLog, edition: UUID, outlet: UUID, order: UUID) -> int:
    return log.execute(lambda tx: take_next(tx, edition, outlet, order, clock.now() + RACED_HOLD).number).result


def _buy(log: EventLog, edition: UUID, outlet: UUID, chance: random.Random) -> None:
    """Hold the next piece, then buy it or let it go."""
    order = new_id()
    number = _hold(log, edition, outlet, order)
    if chance.randrange(10) < 3:
        log.execute(lambda tx: release_hold(tx, edition, "numbered", number, order))
        return
    on = clock.now().date()
    log.execute(lambda tx: sell_piece(tx, edition, "numbered", number, order, on, order, outlet_id=outlet).number)


def _look_then_buy(log: EventLog, edition: UUID, outlet: UUID, chance: random.Random) -> None:
    """What a shop does that has no guard: it looks which number is free, and a moment later writes that it is sold."""
    free = log.rows(
        "SELECT number FROM pieces WHERE edition_id = ? AND status = 'free' ORDER BY number LIMIT 1", str(edition)
    )
    if not free:
        raise EditionSoldOut(edition_id=edition, size=0)
    time.sleep(_PAUSE * chance.random())

    def write(tx: Transaction) -> None:
        facts = {"edition_id": edition, "product_id": edition, "space": "numbered", "number": free[0][0]}
        piece = Piece._create(Piece.Opened, id=new_id(), **facts)
        piece.sell(new_id(), clock.now().date(), outlet, clock.now())
        tx.save(piece)

    log.execute(write)
