"""Aggregates and their events: decide above, evolve below; events are frozen, validated and stored by topic."""

import inspect
from collections.abc import Callable
from datetime import datetime
from functools import cache, update_wrapper
from typing import Any, ClassVar, Self
from uuid import UUID

from eventsourcing.domain import (
    BaseAggregate,
    CanInitAggregate,
    CanMutateAggregate,
    CommandMethodDecorator,
    decorated_func_callers,
    decorated_funcs,
    event,
)
from eventsourcing.utils import get_topic, resolve_topic
from pydantic import BaseModel, ConfigDict, Field

from souvenir.kernel import clock
from souvenir.kernel.identifiers import new_id

__all__ = ["Aggregate", "Created", "Event", "Value", "event"]

_UNPLACED = UUID(int=0)


_STRICT = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
"""What does not fit is not repeated: a bug's traceback goes to a log, and the value may be somebody's passport."""


class Value(BaseModel):
    """An immutable value that is checked when made: a part of an event or of an input."""

    model_config = _STRICT


class Event(BaseModel, CanMutateAggregate[UUID]):
    """Something that happened to one aggregate. Never changed once made; `TOPIC` names it in the log for ever."""

    model_config = _STRICT
    TOPIC: ClassVar[str]
    class_version: ClassVar[int] = 1
    """Raised when fields change; a static `upcast_vN_vM(state)` then brings each older version one step further."""

    originator_id: UUID = Field(_UNPLACED, exclude=True)
    originator_version: int = Field(0, exclude=True)
    """Where it stands in the log: kept beside the stored state, not in it."""
    timestamp: datetime

    @staticmethod
    def create_timestamp() -> datetime:
        return clock.now()

    def _as_dict(self) -> dict[str, Any]:
        return self.__dict__

    def mutate(self, aggregate: Any) -> Any:
        """Evolve the aggregate by this event, the next one of its stream: as the library does, in a third of the time."""
        fields = self.__dict__
        if fields["originator_id"] != aggregate._id or fields["originator_version"] != aggregate._version + 1:
            return super().mutate(aggregate)  # which says what is wrong
        evolve = decorated_funcs[type(self)]
        evolve(aggregate, **{name: fields[name] for name in _parameters(evolve)})
        aggregate._version, aggregate._modified_on = fields["originator_version"], fields["timestamp"]
        return aggregate


class Created(Event, CanInitAggregate[UUID]):
    """The first event of an aggregate."""

    originator_topic: str

    def mutate(self, aggregate: Any) -> Any:
        """Begin the aggregate."""
        assert aggregate is None, "an aggregate is created once"
        fields = self.__dict__
        cls, initialise, parameters = _beginning(fields["originator_topic"])
        begun = cls.__new__(cls)
        begun.__base_init__(fields["originator_id"], fields["originator_version"], fields["timestamp"])
        initialise(begun, **{name: fields[name] for name in parameters})
        self.apply(begun)
        return begun


class Aggregate(BaseAggregate[UUID]):
    """A thing with an identity whose state is the fold of its events.

    Public methods decide: they may raise a refusal, and trigger events. Methods decorated with `@event` evolve:
    they only assign, because they also replay history.
    """

    TOPIC: ClassVar[str]

    class Event(Event):
        """The base of the aggregate's own events."""

    @classmethod
    def _define_event_class(cls, name: str, bases: tuple[type[Any], ...], apply_method: None = None) -> type[Any]:
        """Our events are whole as they are declared: the library would derive two more classes from each."""
        assert apply_method is None, f"declare {cls.__name__}.{name} as a class: stored events have a topic"
        return next((base for base in bases if "TOPIC" in vars(base)), bases[0])

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, method in list(vars(cls).items()):
            if isinstance(method, CommandMethodDecorator) and name != "__init__":
                setattr(cls, name, _recording(method))

    @classmethod
    def _create(cls, event_class: type[Any], *, id: UUID | None = None, **fields: Any) -> Self:
        """Begin a new aggregate by its first event."""
        now = clock.now()
        created = event_class(
            originator_id=id or new_id(now),
            originator_version=cls.INITIAL_VERSION,
            originator_topic=get_topic(cls),
            timestamp=now,
            **fields,
        )
        aggregate: Self = created.mutate(None)
        aggregate._pending_events.append(created)
        return aggregate

    def trigger_event(self, event_class: type[Any], **fields: Any) -> None:
        """Record the next event and evolve by it."""
        recorded = event_class(
            originator_id=self._id, originator_version=self._version + 1, timestamp=clock.now(), **fields
        )
        recorded.mutate(self)
        self._pending_events.append(recorded)


def _recording(method: CommandMethodDecorator) -> Callable[..., None]:
    """The decorated method as its callers see it: records its event, of the fields it is given by name."""
    event_class: type[Any] = decorated_func_callers[method]

    def record(self: Aggregate, **fields: Any) -> None:
        self.trigger_event(event_class, **fields)

    return update_wrapper(record, method.decorated_func)


@cache
def _beginning(topic: str) -> tuple[Any, Callable[..., None], tuple[str, ...]]:
    """The aggregate class of a topic, the method that initialises it, and the fields that one asks for."""
    cls = resolve_topic(topic)
    initialise: Callable[..., None] = cls.__init__
    return cls, initialise, _parameters(initialise)


@cache
def _parameters(evolve: Callable[..., None]) -> tuple[str, ...]:
    """The fields of an event that the method evolving by it asks for."""
    return tuple(inspect.signature(evolve).parameters)[1:]
