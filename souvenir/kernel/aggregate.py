"""Aggregates and their events: decide above, evolve below; events are frozen, validated and stored by topic."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from eventsourcing.domain import BaseAggregate, CanInitAggregate, CanMutateAggregate, event
from pydantic import BaseModel, ConfigDict

from souvenir.kernel import clock
from souvenir.kernel.identifiers import new_id

__all__ = ["Aggregate", "Created", "Event", "Value", "event"]

_UNPLACED = UUID(int=0)


class Value(BaseModel):
    """An immutable value that is checked when made: a part of an event or of an input."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(BaseModel, CanMutateAggregate[UUID]):
    """Something that happened to one aggregate. Never changed once made; `TOPIC` names it in the log for ever."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    TOPIC: ClassVar[str]
    class_version: ClassVar[int] = 1
    """Raised when fields change; a static `upcast_vN_vM(state)` then brings each older version one step further."""

    originator_id: UUID = _UNPLACED
    originator_version: int = 0
    timestamp: datetime

    @staticmethod
    def create_timestamp() -> datetime:
        return clock.now()

    def _as_dict(self) -> dict[str, Any]:
        return self.__dict__


class Created(Event, CanInitAggregate[UUID]):
    """The first event of an aggregate."""

    originator_topic: str


class Aggregate(BaseAggregate[UUID]):
    """A thing with an identity whose state is the fold of its events.

    Public methods decide: they may raise a refusal, and trigger events. Methods decorated with `@event` evolve:
    they only assign, because they also replay history.
    """

    TOPIC: ClassVar[str]

    class Event(Event):
        """The base of the aggregate's own events."""

    @staticmethod
    def create_id(*_: Any, **__: Any) -> UUID:
        return new_id()
