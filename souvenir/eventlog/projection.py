"""What is derived from events: registers (with them, in one transaction), views and processes (after them)."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from eventsourcing.utils import get_topic

from souvenir.eventlog.stores.store import Session
from souvenir.kernel.aggregate import Event

if TYPE_CHECKING:
    from souvenir.eventlog.transaction import Transaction

Method = TypeVar("Method", bound=Callable[..., None])


def when(*event_types: type[Event]) -> Callable[[Method], Method]:
    """Mark a method as the answer to events of these types."""

    def mark(method: Method) -> Method:
        method.__dict__["answers"] = (*method.__dict__.get("answers", ()), *event_types)
        return method

    return mark


class _Answers:
    """Finds, for an event, the method marked with its type."""

    name: ClassVar[str]
    handlers: ClassVar[dict[type[Event], str]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.handlers = dict(cls.handlers)
        for attribute, value in vars(cls).items():
            for event_type in getattr(value, "answers", ()):
                taken = cls.handlers.get(event_type, attribute) != attribute
                assert not taken, f"{cls.__name__} answers {event_type.TOPIC} twice"
                cls.handlers[event_type] = attribute

    @cached_property
    def topics(self) -> tuple[str, ...]:
        return tuple(sorted(get_topic(event_type) for event_type in self.handlers))


class Tables(_Answers):
    """Tables that are a pure function of the log."""

    tables: ClassVar[tuple[str, ...]] = ()
    ddl: ClassVar[tuple[str, ...]] = ()
    """`CREATE TABLE IF NOT EXISTS …` and `CREATE INDEX IF NOT EXISTS …`, in words both stores share."""

    def apply(self, session: Session, event: Event) -> None:
        """Write what the event means here; nothing, if it means nothing here."""
        handler = self.handlers.get(type(event))
        if handler:
            getattr(self, handler)(session, event)


class Register(Tables):
    """What must be unique or limited across streams: written in the same transaction as the event."""


class View(Tables):
    """What readers ask about: follows the log in batches, each with its position in one transaction."""

    batch: ClassVar[int] = 1000


class Process(_Answers):
    """Follows the log and decides: commits its own events together with its position.

    It decides from the event, never from today's state of whatever caused it.
    """

    batch: ClassVar[int] = 100

    def apply(self, tx: "Transaction", event: Event) -> None:
        """Answer one event."""
        handler = self.handlers.get(type(event))
        if handler:
            answer: Callable[[Transaction, Any], None] = getattr(self, handler)
            answer(tx, event)
