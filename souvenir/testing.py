"""For your tests and ours: given/when/then for aggregates, a clock that stands still, a shop, a race on your database."""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar
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
from souvenir.eventlog.mapper import to_event, to_stored
from souvenir.eventlog.transaction import replay
from souvenir.kernel import clock
from souvenir.kernel.aggregate import Aggregate, Event
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import new_id
from souvenir.shop import REGISTERS, Shop

A = TypeVar("A", bound=Aggregate)


def given(aggregate: A, *steps: Callable[[A], object]) -> "Given[A]":
    """A new aggregate after some steps; what it recorded on the way is its history.

    given(piece, lambda piece: piece.hold(…)).when(lambda piece: piece.sell(…)).then(Piece.Sold, order_id=order)
    """
    for step in steps:
        step(aggregate)
    return Given(aggregate)


class Given(Generic[A]):
    """An aggregate as its history made it: written down and read back, as it would be from the log."""

    def __init__(self, aggregate: A) -> None:
        history = [to_event(*to_stored(event)) for event in aggregate.collect_events() if isinstance(event, Event)]
        replayed = replay(history)
        assert isinstance(replayed, type(aggregate))
        self._aggregate: A = replayed

    def when(self, decide: Callable[[A], object]) -> "Outcome":
        """Ask the aggregate for one decision."""
        try:
            decide(self._aggregate)
        except SouvenirError as refusal:
            return Outcome(list(self._aggregate.pending_events), refusal)
        return Outcome(list(self._aggregate.pending_events), None)


class Outcome:
    """What came of a decision."""

    def __init__(self, events: list[Any], refusal: SouvenirError | None) -> None:
        self.events = events
        self.refusal = refusal

    def then(self, event_type: type[Event], **fields: Any) -> None:
        """Exactly one event was recorded, of this type, with at least these fields."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert [type(event) for event in self.events] == [event_type], f"recorded {self.events}"
        found = {name: getattr(self.events[0], name) for name in fields}
        assert found == fields, f"recorded {found}, not {fields}"

    def then_nothing(self) -> None:
        """Nothing was recorded and nothing refused: it was so already."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert self.events == [], f"recorded {self.events}"

    def then_refused(self, refusal_type: type[SouvenirError], **facts: Any) -> None:
        """The decision was refused, with at least these facts, and nothing was recorded."""
        assert isinstance(self.refusal, refusal_type), f"refused with {self.refusal!r}; recorded {self.events}"
        found = {name: self.refusal.facts[name] for name in facts}
        assert found == facts, f"stated {found}, not {facts}"
        assert self.events == [], f"recorded {self.events} before refusing"


@contextmanager
def clock_at(at: datetime) -> Iterator[SettableClock]:
    """Stand still at an instant; move on with `move_to`."""
    standing = SettableClock(at)
    with clock.using(standing):
        yield standing


@contextmanager
def shop_in_memory() -> Iterator[Shop]:
    """A shop of one's own, gone after the block."""
    with Shop.in_memory() as shop:
        yield shop


# A race, to see on your own database that nothing is sold twice.

RACED_HOLD: Final = timedelta(seconds=3)
"""How long a buyer in a race holds a piece; those of a killed process come back after it."""

LONGEST_RACE: Final = timedelta(minutes=2)
_PAUSE: Final = timedelta(milliseconds=20).total_seconds()


@dataclass(frozen=True)
class Race:
    """What came of a race: which numbers were sold how often, by so many processes, one of them killed."""

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
            [sys.executable, "-c", f"from souvenir.testing import _run; _run(*{each!r}, {seed})"]
        )
        for seed in range(processes)
    ]
    while _sold(log, edition) < size // 4 and runners[0].poll() is None:
        time.sleep(_PAUSE)
    killed = runners[0].poll() is None
    runners[0].kill()
    for runner in runners:
        runner.wait(LONGEST_RACE.total_seconds())
    numbers = {
        event.originator_id: event.number
        for event in (recorded.event for recorded in log.events(topics=(Piece.Opened.TOPIC,)))
        if isinstance(event, Piece.Opened) and event.edition_id == edition
    }
    sold = (recorded.event.originator_id for recorded in log.events(topics=(Piece.Sold.TOPIC,)))
    result = Race(size, Counter(numbers[stream] for stream in sold if stream in numbers), killed)
    log.close()
    return result


def _sold(log: EventLog, edition: UUID) -> int:
    with log.reading() as session:
        row = session.row("SELECT SUM(sold) FROM piece_counts WHERE edition_id = ?", str(edition))
    return row[0] or 0 if row else 0


def _run(url: str, edition: str, outlet: str, buyers: int, attempts: int, guarded: bool, seed: int) -> None:
    """One process of a race."""
    log = EventLog.open(url, REGISTERS)
    attempt = _buy if guarded else _look_then_buy

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


def _buy(log: EventLog, edition: UUID, outlet: UUID, chance: random.Random) -> None:
    """Hold the next piece, then buy it or let it go."""
    order = new_id()
    number = log.execute(lambda tx: take_next(tx, edition, outlet, order, clock.now() + RACED_HOLD).number).result
    if chance.randrange(10) < 3:
        log.execute(lambda tx: release_hold(tx, edition, "numbered", number, order))
        return
    on = clock.now().date()
    log.execute(lambda tx: sell_piece(tx, edition, "numbered", number, order, on, order, outlet_id=outlet).number)


def _look_then_buy(log: EventLog, edition: UUID, outlet: UUID, chance: random.Random) -> None:
    """What a shop does that has no guard: it looks which number is free, and a moment later writes that it is sold."""
    with log.reading() as session:
        free = session.rows(
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
