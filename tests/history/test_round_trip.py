"""Whatever an event may say is read back from the log exactly as it was said: a property over all events."""

import types
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import pytest
from annotated_types import Ge, Le
from everything import stored_events
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, ValidationError

from souvenir.eventlog.mapper import to_event, to_stored
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import EXPONENTS, LARGEST_MINOR, Money

words = st.text(st.characters(codec="utf-8"), max_size=20)
instants = st.datetimes(timezones=st.just(UTC))
currencies = st.sampled_from(sorted(EXPONENTS))

BY_NAME: Mapping[str, st.SearchStrategy[Any]] = {
    "currency": currencies,
    "gtin": st.sampled_from(["06901234567892", "00012345678905"]),
    "region": st.sampled_from(["CN-BJ", "CN-SH"]),
    "time_zone": st.sampled_from(["Asia/Shanghai", "Asia/Tokyo"]),
}
BY_TYPE: Mapping[Any, st.SearchStrategy[Any]] = {
    str: words,
    int: st.integers(-(10**15), 10**15),
    bool: st.booleans(),
    date: st.dates(),
    datetime: instants,
    AwareDatetime: instants,
    Decimal: st.decimals(-1000, 1000, places=4),
    UUID: st.uuids(),
    Money: st.builds(Money, st.integers(-LARGEST_MINOR, LARGEST_MINOR), currencies),
}


def values(name: str, kind: Any) -> st.SearchStrategy[Any]:
    """Anything the field of a name may hold, by its type."""
    if name in BY_NAME and type(None) not in get_args(kind):
        return BY_NAME[name]
    if kind in BY_TYPE:
        return BY_TYPE[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return values(name, arguments[0])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of(*(st.none() if kind is type(None) else values(name, kind) for kind in arguments))
    if origin is tuple and arguments[1:] == (...,):
        return st.lists(values(name, arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(values(name, argument) for argument in arguments))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        keys = st.text("abcdef-", min_size=1, max_size=5) if arguments[0] is str else values(name, arguments[0])
        texts = words.filter(str.strip) if arguments[1] is str else values(name, arguments[1])
        return st.dictionaries(keys, texts, min_size=1, max_size=3)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    assert isinstance(kind, type), f"no values for {name}: {kind}"
    assert issubclass(kind, BaseModel), f"no values for {name}: {kind}"
    fields = {
        field: _within(info.metadata) if info.annotation is int else values(field, info.annotation)
        for field, info in kind.model_fields.items()
    }
    return st.fixed_dictionaries(fields).map(lambda chosen: _made(kind, chosen)).filter(lambda made: made is not None)


def _within(bounds: list[Any]) -> st.SearchStrategy[int]:
    """Whole numbers within the bounds a field states."""
    least = max((bound.ge for bound in bounds if isinstance(bound, Ge)), default=-(10**15))
    most = min((bound.le for bound in bounds if isinstance(bound, Le)), default=10**15)
    return st.integers(least, most)


def _made(kind: type[BaseModel], fields: Mapping[str, Any]) -> BaseModel | None:
    """The value, or None where its own rules refuse it."""
    try:
        return kind(**fields)
    except (ValidationError, SouvenirError):
        return None


EVENTS = {event.TOPIC: event for _, event in stored_events()}


@pytest.mark.parametrize("topic", sorted(EVENTS))
@settings(max_examples=20)
@given(data=st.data())
def test_an_event_is_read_back_as_it_was_said(topic: str, data: st.DataObject) -> None:
    said = data.draw(values("", EVENTS[topic]))
    stored = to_stored(said)
    read = to_event(said.originator_id, said.originator_version, stored.topic, stored.state)
    assert read == said
    assert to_stored(read) == stored
