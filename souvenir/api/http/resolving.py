"""Resolvers are called, and inputs made, by graphql-core itself: what each needs is worked out once, when a schema is built.

Strawberry lays some ten calls around a resolver, for what this API does not use: extensions, coroutines, a source that
is asked for by another name than `self`.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any, Final, cast

import strawberry
from graphql import GraphQLField, GraphQLInputObjectType, GraphQLObjectType, GraphQLResolveInfo
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

OF_STRAWBERRY: Final = "strawberry-definition"
"""Where a GraphQL type or field says which of Strawberry's it stands for."""


def prepare(schema: strawberry.Schema) -> None:
    """Let a new schema call its resolvers without detours."""
    for known in schema.schema_converter.type_map.values():
        if isinstance(known.implementation, GraphQLInputObjectType):
            _prepare_input(known.implementation)
        elif isinstance(known.implementation, GraphQLObjectType):
            for field in known.implementation.fields.values():
                _prepare_field(field)


def _prepare_input(type_: GraphQLInputObjectType) -> None:
    definition: StrawberryObjectDefinition = type_.extensions[OF_STRAWBERRY]
    for field in type_.fields.values():
        field.out_name = field.extensions[OF_STRAWBERRY].python_name
    type_.out_type = _maker(definition, type_.out_type)  # type: ignore[method-assign, assignment]


def _maker(definition: StrawberryObjectDefinition, checked: Callable[[Any], Any]) -> Callable[[Mapping[str, Any]], Any]:
    """Makes an input of what was read; what was not sent stays at its default, or null."""
    make = definition.origin
    nulls = {
        field.python_name: None
        for field in definition.fields
        if field.default_value is MISSING and field.default_factory is MISSING
    }

    def made(read: Mapping[str, Any]) -> Any:
        return make(**{**nulls, **checked(read)})

    return made


def _prepare_field(field: GraphQLField) -> None:
    definition: StrawberryField | None = field.extensions.get(OF_STRAWBERRY)
    if definition is None or definition.base_resolver is None:
        return
    resolver = definition.base_resolver
    others = (resolver.root_parameter, resolver.parent_parameter, definition.extensions, definition.is_async)
    assert not any(others), f"{definition.python_name} needs Strawberry"
    assert resolver.self_parameter, f"{definition.python_name} does not ask for self"
    for argument in field.args.values():
        argument.out_name = argument.extensions[OF_STRAWBERRY].python_name
    field.resolve = _direct(definition, resolver)


def _direct(definition: StrawberryField, resolver: StrawberryResolver[Any]) -> Callable[..., Any]:
    """The function itself, which may want to be told of the request."""
    function = cast(Callable[..., Any], resolver.wrapped_func)
    informed = resolver.info_parameter.name if resolver.info_parameter else None

    def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        if informed is not None:
            arguments[informed] = strawberry.Info(_raw_info=info, _field=definition)
        return function(source, **arguments)

    return resolve
