"""How events become stored JSON and back, by topic, bringing old versions up to date on the way."""

from typing import Any, cast

import orjson
from eventsourcing.utils import TopicError, resolve_topic

from souvenir.eventlog.stores.store import StoredEvent
from souvenir.kernel.aggregate import Event
from souvenir.kernel.errors import SouvenirError


class UnknownTopic(SouvenirError):
    message = "The log holds an event of topic {topic!r}, which this version of souvenir does not know. Upgrade it."
    topic: str


_classes: dict[str, type[Event]] = {}


def class_of(topic: str) -> type[Event]:
    """The event class stored under a topic."""
    found = _classes.get(topic)
    if found is None:
        try:
            found = _classes[topic] = cast(type[Event], resolve_topic(topic))
        except TopicError:
            raise UnknownTopic(topic=topic) from None
    return found


def to_stored(event: Event) -> StoredEvent:
    """An event as it is stored. The state of a later class version says so in `class_version`."""
    cls = type(event)
    state = cls.__pydantic_serializer__.to_json(event)
    if cls.class_version > 1:
        state = b'{"class_version":%d,' % cls.class_version + state[1:]
    return StoredEvent(event.originator_id, event.originator_version, cls.TOPIC, state)


def to_event(stream: Any, version: int, topic: str, state: bytes) -> Event:
    """The event that was stored: validated, and upcast step by step by its class's `upcast_vN_vM` functions."""
    cls = class_of(topic)
    if cls.class_version > 1:
        state = _upcast(cls, state)
    event = cls.__pydantic_validator__.validate_json(state)
    event.__dict__["originator_id"] = stream
    event.__dict__["originator_version"] = version
    return cast(Event, event)


def _upcast(cls: type[Event], state: bytes) -> bytes:
    fields = orjson.loads(state)
    version = fields.pop("class_version", 1)
    while version < cls.class_version:
        getattr(cls, f"upcast_v{version}_v{version + 1}")(fields)
        version += 1
    return orjson.dumps(fields)
