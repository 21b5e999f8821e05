"""Inputs in Python: how a value of each input type is made of what was sent is worked out once, not at every request."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any, Final, cast

import strawberry
from strawberry.relay import GlobalID
from strawberry.scalars import is_scalar
from strawberry.types.arguments import InputContext
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryObjectDefinition,
    StrawberryOptional,
    StrawberryType,
    has_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.unset import UNSET

Convert = Callable[[Any, InputContext], Any]
"""Makes the value of a field of what was sent for it."""

_NOTHING: Final = (None, UNSET)


def prepare(schema: strawberry.Schema) -> None:
    """Let Strawberry make inputs as worked out here. It calls `from_input` where a type has one."""
    for known in schema.schema_converter.type_map.values():
        definition = known.definition
        if isinstance(definition, StrawberryObjectDefinition) and definition.is_input and definition.from_input is None:
            definition.from_input = _Maker(definition)


class _Maker:
    """Makes values of one input type; what was not sent stays at its default, or null."""

    def __init__(self, definition: StrawberryObjectDefinition) -> None:
        self._definition = definition
        self._fields: list[tuple[str, str, Convert | None]] | None = None
        self._nulls = {
            field.python_name: None
            for field in definition.fields
            if field.default_value is MISSING and field.default_factory is MISSING
        }

    def __call__(self, cls: type, sent: Mapping[str, Any], context: InputContext) -> Any:
        if self._fields is None:  # not before the first request: types may name types that come later
            self._fields = [
                (
                    context.config.name_converter.from_field(field),
                    field.python_name,
                    _convert(field.resolve_type(type_definition=self._definition), context),
                )
                for field in self._definition.fields
            ]
        values: dict[str, Any] = dict(self._nulls)
        for name, python_name, convert in self._fields:
            if name in sent:
                values[python_name] = convert(sent[name], context) if convert else sent[name]
        return cls(**values)


def _convert(type_: StrawberryType | type, context: InputContext) -> Convert | None:
    """How a value of a type is made; None where it is what was sent."""
    if isinstance(type_, StrawberryMaybe):
        return _as_strawberry_does(type_)
    if isinstance(type_, StrawberryOptional):
        return _convert(type_.of_type, context)
    if isinstance(type_, StrawberryList):
        item = _convert(type_.of_type, context)
        return lambda sent, context: (
            sent if sent in _NOTHING else [item(one, context) for one in sent] if item else list(sent)
        )
    if isinstance(type_, StrawberryEnumDefinition) or (
        is_scalar(type_, context.scalar_registry) and type_ is not GlobalID
    ):
        return None  # made already, when the variables were read
    if has_object_definition(type_) and (make := type_.__strawberry_definition__.from_input):
        return lambda sent, context: sent if sent in _NOTHING else make(cast(type, type_), sent, context)
    return _as_strawberry_does(type_)


def _as_strawberry_does(type_: StrawberryType | type) -> Convert:
    return lambda sent, context: context.convert(sent, type_)
