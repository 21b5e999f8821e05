"""Yesterday's log stays readable: a sample of every event ever stored, frozen as JSON, is decoded by today's code.

After adding an event (or a new version of one), freeze a sample of it and commit the file:

    PYTHONPATH=tests/support .venv/bin/python tests/history/test_frozen_events.py

A sample is never changed and never removed: shops have such events in their logs. What a class needs to read an old
one, it says in `upcast_vN_vM`.
"""

import json
import types
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import pytest
from everything import stored_events
from pydantic import AwareDatetime, BaseModel

from souvenir.eventlog.mapper import to_event, to_stored
from souvenir.kernel.aggregate import Aggregate, Created, Event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money

SAMPLES = Path(__file__).parent / "events"
STREAM = UUID("01890000-0000-7000-8000-000000000001")

EVENTS = {f"{event.TOPIC}.v{event.class_version}": (aggregate, event) for aggregate, event in stored_events()}
"""Every event class that may stand in a log, by the name of its sample: "editions.PieceSold.v1"."""
FROZEN = sorted(path.stem for path in SAMPLES.glob("*.json"))


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_has_a_frozen_sample(name: str) -> None:
    assert name in FROZEN, f"freeze a sample of {name}: python {Path(__file__).name}"


@pytest.mark.parametrize("name", FROZEN)
def test_a_frozen_event_is_read_and_written_again_alike(name: str) -> None:
    topic, _, version = name.rpartition(".v")
    state = (SAMPLES / f"{name}.json").read_bytes()
    event = to_event(STREAM, 3, topic, state)
    assert event.originator_id == STREAM
    assert event.originator_version == 3
    again = to_stored(event)
    assert again.topic == topic
    if f"{topic}.v{version}" in EVENTS:
        frozen, written = json.loads(state), json.loads(again.state)
        assert still_said(frozen, written) == frozen
    else:
        assert to_event(STREAM, 3, topic, again.state) == event


@pytest.mark.parametrize("name", [name for name, (_, event) in EVENTS.items() if issubclass(event, Created)])
def test_a_frozen_first_event_still_makes_its_aggregate(name: str) -> None:
    event = to_event(STREAM, 1, EVENTS[name][1].TOPIC, (SAMPLES / f"{name}.json").read_bytes())
    aggregate = event.mutate(None)
    assert type(aggregate) is EVENTS[name][0]
    assert aggregate.id == STREAM


def still_said(frozen: Any, written: Any) -> Any:
    """What is written now, without the fields that were added since, in the event and in the values inside it."""
    if isinstance(frozen, dict) and isinstance(written, dict):
        return {field: still_said(frozen[field], written[field]) for field in frozen if field in written}
    if isinstance(frozen, list) and isinstance(written, list) and len(frozen) == len(written):
        return [still_said(*pair) for pair in zip(frozen, written, strict=True)]
    return written


# Freezing: an example of every field, the same each time.

BY_NAME: Mapping[str, Any] = {
    "currency": "CNY",
    "gtin": "06901234567892",
    "region": "CN-BJ",
    "time_zone": "Asia/Shanghai",
    "jurisdiction": "CN",
    "language": "en",
    "document_type": "passport",
}
BY_TYPE: Mapping[Any, Any] = {
    str: "words",
    int: 1,
    bool: True,
    bytes: b"bytes",
    date: date(2026, 5, 15),
    datetime: datetime(2026, 5, 15, 2, 30, tzinfo=UTC),
    AwareDatetime: datetime(2026, 5, 15, 2, 30, tzinfo=UTC),
    Decimal: Decimal("0.13"),
    UUID: UUID("01890000-0000-7000-8000-0000000000aa"),
    Money: Money(149400, "CNY"),
}


def example(name: str, kind: Any) -> Any:
    """Some value of a type, for the field of a name."""
    if name in BY_NAME:
        return BY_NAME[name]
    if kind in BY_TYPE:
        return BY_TYPE[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return example(name, arguments[0])
    if origin is Literal:
        return arguments[0]
    if origin in (Union, types.UnionType):
        return example(name, next(argument for argument in arguments if argument is not types.NoneType))
    if origin is tuple:
        kinds = arguments[:1] if arguments[1:] == (...,) else arguments
        return tuple(example(name, argument) for argument in kinds)
    if origin is frozenset:
        return frozenset({example(name, arguments[0])})
    if isinstance(origin, type) and issubclass(origin, Mapping):
        keys = ("zh-Hans", "en") if arguments == (str, str) else (example(name, arguments[0]),)
        return {key: example(name, arguments[1]) for key in keys}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind(**{field: example(field, info.annotation) for field, info in kind.model_fields.items()})
    raise TypeError(f"no example for {name}: {kind}")


def freeze(aggregate: type[Aggregate], event: type[Event]) -> bytes:
    """A sample of an event as the log stores it."""
    fields = {
        name: aggregate.TOPIC if name == "originator_topic" else example(name, info.annotation)
        for name, info in event.model_fields.items()
        if name not in {"originator_id", "originator_version"}
    }
    return to_stored(event(originator_id=STREAM, originator_version=3, **fields)).state


def freeze_missing() -> None:
    """Write a sample of every event that has none; those whose rules no example passes must be written by hand."""
    SAMPLES.mkdir(exist_ok=True)
    for name, (aggregate, event) in EVENTS.items():
        path = SAMPLES / f"{name}.json"
        if not path.exists():
            try:
                state = json.loads(freeze(aggregate, event))
            except (TypeError, ValueError, SouvenirError) as error:
                print(f"Write {path} by hand: {error}")
                continue
            path.write_text(json.dumps(state, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            print(f"Froze {path.name}")


if __name__ == "__main__":
    freeze_missing()
