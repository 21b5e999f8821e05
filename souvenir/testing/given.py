"""Given, when, then for aggregates; a clock that stands still; a shop of one's own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Generic, TypeVar

from souvenir.eventlog.mapper import to_event, to_stored
from souvenir.eventlog.transaction import replay
from souvenir.kernel import clock
from souvenir.kernel.aggregate import Aggregate, Event
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.errors import SouvenirError
from souvenir.shop import Shop

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
