"""The unit in which a command decides: aggregates read and saved, registers written, all or nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast
from uuid import UUID

from souvenir.eventlog.mapper import to_event, to_stored
from souvenir.eventlog.stores.store import Session, WriteSession
from souvenir.kernel.aggregate import Aggregate, Event
from souvenir.kernel.errors import NotFound

A = TypeVar("A", bound=Aggregate)

History = Callable[[UUID, int], Sequence[Event] | None]
"""Gives the events of a stream up to a position, if they are at hand."""

Past = dict[UUID, Aggregate | None]
"""Aggregates as they stood when an event was recorded: every process that answers it may look at them, none changes them."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event and its position in the whole log."""

    position: int
    event: Event


class Shared:
    """Aggregates kept in memory between commands, to look at. Each look first asks the log whether they are current."""

    def __init__(self, most: int = 4096) -> None:
        self._kept: dict[UUID, Aggregate] = {}
        self._most = most

    def find(self, session: WriteSession, id: UUID) -> Aggregate | None:
        """The aggregate as committed, or None if it never came to be."""
        kept = self._kept.get(id)
        if kept is not None and kept.version == session.version(id):
            return kept
        fresh = replay([to_event(*event) for event in session.stream(id)])
        if fresh is not None:
            if len(self._kept) >= self._most:
                self._kept.clear()
            self._kept[id] = fresh
        return fresh

    def holds(self, aggregate: Aggregate) -> bool:
        return self._kept.get(aggregate.id) is aggregate


class Batch:
    """What the commands of one database transaction have added so far; events go to the store at its end."""

    __slots__ = ("_by_stream", "_indexed", "events", "project", "session", "shared")

    def __init__(self, session: WriteSession, project: Callable[[Session, Event], None], shared: Shared) -> None:
        self.session = session
        self.project = project
        self.shared = shared
        self.events: list[Event] = []
        self._by_stream: dict[UUID, list[Event]] = {}
        self._indexed = 0

    def of(self, stream: UUID) -> Sequence[Event]:
        """What earlier commands added to a stream; they are sorted by stream when somebody first asks."""
        for event in self.events[self._indexed :]:
            self._by_stream.setdefault(event.originator_id, []).append(event)
        self._indexed = len(self.events)
        return self._by_stream.get(stream, ())

    def append(self) -> None:
        """Send every event to the store, after the sums that go with them."""
        self.session.settle()
        if self.events:
            self.session.append([to_stored(event) for event in self.events])


class _Answered:
    """The event that a process answers: its position, what is at hand of the log, and what was read as it stood then."""

    __slots__ = ("history", "past", "position")

    def __init__(self, position: int, history: History, past: Past) -> None:
        self.position = position
        self.history = history
        self.past = past


class Transaction:
    """One command's part of a batch. Nothing it saved or wrote survives if it raises."""

    __slots__ = ("_answered", "_batch", "_loaded", "_projected", "_saved")

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._loaded: dict[UUID, Aggregate] = {}
        self._saved: list[Event] = []
        self._projected = 0
        self._answered: _Answered | None = None
        batch.session.begin()

    @property
    def session(self) -> Session:
        """SQL in the same transaction; sees what was saved so far."""
        self._project()
        return self._batch.session

    def find(self, cls: type[A], id: UUID) -> A | None:
        """The aggregate as this transaction sees it, or None if it never came to be."""
        aggregate = self._loaded.get(id) or self._replay(id)
        if aggregate is None:
            return None
        if not isinstance(aggregate, cls):
            raise NotFound(kind=cls.__name__, id=str(id))
        self._loaded[id] = aggregate
        return aggregate

    def get(self, cls: type[A], id: UUID) -> A:
        """The aggregate as this transaction sees it. Raises NotFound."""
        found = self.find(cls, id)
        if found is None:
            raise NotFound(kind=cls.__name__, id=str(id))
        return found

    def look(self, cls: type[A], id: UUID) -> A:
        """As `get`, for what this command only reads, as an outlet or a product: shared between commands, never saved.

        Saves replaying it for every command. Raises NotFound.
        """
        if id in self._loaded or self._batch.of(id):
            return self.get(cls, id)
        shared = self._batch.shared.find(self._batch.session, id)
        if not isinstance(shared, cls):
            raise NotFound(kind=cls.__name__, id=str(id))
        return shared

    def at_event(self, cls: type[A], id: UUID) -> A:
        """For a process: the aggregate as it stood when the event being answered was recorded, whatever came since.

        A process that asks this way answers the same when it lags, or is replayed next year. Raises NotFound.
        """
        answered = self._answered
        assert answered is not None, "no event is being answered"
        if id in answered.past:
            past = answered.past[id]
        else:
            events = answered.history(id, answered.position)
            if events is None:
                events = [to_event(*event) for event in self._batch.session.stream(id, answered.position)]
            past = answered.past[id] = replay(events)
        if not isinstance(past, cls):
            raise NotFound(kind=cls.__name__, id=str(id))
        return past

    def answer(self, position: int, history: History, past: Past) -> None:
        """The event at this position is being answered."""
        self._answered = _Answered(position, history, past)

    def save(self, *aggregates: Aggregate) -> None:
        """Add the aggregates' new events to the transaction."""
        for aggregate in aggregates:
            assert not self._batch.shared.holds(aggregate), "what was only looked at is not saved: `get` it"
            assert self._answered is None or self._answered.past.get(aggregate.id) is not aggregate, (
                "the past is not saved"
            )
            self._saved.extend(cast(Sequence[Event], aggregate.collect_events()))
            self._loaded[aggregate.id] = aggregate

    def keep(self) -> None:
        """The command succeeded: its events join the batch."""
        self._batch.session.decided()
        self._project()
        self._batch.events.extend(self._saved)

    def undo(self) -> None:
        """The command refused: leave the batch as if it had never run."""
        self._batch.session.undo()

    def _project(self) -> None:
        for event in self._saved[self._projected :]:
            self._batch.project(self._batch.session, event)
        self._projected = len(self._saved)

    def _replay(self, id: UUID) -> Aggregate | None:
        stored = [to_event(*event) for event in self._batch.session.stream(id)]
        return replay([*stored, *self._batch.of(id)])


def replay(events: Sequence[Event]) -> Aggregate | None:
    """Fold a stream into its aggregate; None for an empty stream."""
    aggregate: Aggregate | None = None
    for event in events:
        aggregate = event.mutate(aggregate)
    return aggregate
