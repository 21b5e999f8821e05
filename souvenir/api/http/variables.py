"""Variables of an operation: how each is read is worked out once, from its type, and not at every request.

Whatever cannot be read is given to graphql-core, which then says what is wrong, in its own words.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypeAlias

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    is_required_input_field,
)
from graphql.execution import get_variable_values
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.utilities.coerce_input_value import coerce_default_value

MOST_ERRORS: Final = 50
"""As many mistakes as graphql-core tells of."""

Read: TypeAlias = Callable[[Any], Any]
"""What a value that was sent stands for. Any exception says that it cannot be read."""


class Variables:
    """The variables of one operation of a valid document. No input type may contain itself."""

    def __init__(self, schema: GraphQLSchema, nodes: Collection[VariableDefinitionNode]) -> None:
        self._schema = schema
        self._nodes = nodes
        self._read = [_variable(schema, node) for node in nodes]

    def values(self, sent: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        """What `get_variable_values` of graphql-core would give."""
        values = VariableValues({}, {})
        try:
            for signature, omissible, read in self._read:
                name = signature.name
                value = sent.get(name, Undefined)
                values.sources[name] = VariableValueSource(signature, value)
                if value is not Undefined:
                    values.coerced[name] = read(value)
                elif not omissible:
                    raise _Unreadable
        except Exception:
            return get_variable_values(self._schema, self._nodes, dict(sent), MOST_ERRORS, hide_suggestions=True)
        return values


class _Unreadable(Exception):
    pass


def _variable(schema: GraphQLSchema, node: VariableDefinitionNode) -> tuple[GraphQLVariableSignature, bool, Read]:
    """A variable, whether it may be left out without having a default, and how it is read."""
    signature = get_variable_signature(schema, node)
    assert isinstance(signature, GraphQLVariableSignature), "the document is valid"
    omissible = node.default_value is None and not isinstance(signature.type, GraphQLNonNull)
    return signature, omissible, _reader(signature.type)


def _reader(type_: GraphQLInputType) -> Read:
    if isinstance(type_, GraphQLNonNull):
        return _never_null(_reader(type_.of_type))
    if isinstance(type_, GraphQLList):
        return _list(_reader(type_.of_type))
    if isinstance(type_, GraphQLInputObjectType):
        return _object(type_)
    coerce = type_.coerce_input_value

    def read(value: Any) -> Any:
        return None if value is None else _found(coerce(value))

    return read


def _found(value: Any) -> Any:
    if value is Undefined:
        raise _Unreadable
    return value


def _never_null(inner: Read) -> Read:
    def read(value: Any) -> Any:
        if value is None:
            raise _Unreadable
        return inner(value)

    return read


def _list(item: Read) -> Read:
    def read(value: Any) -> Any:
        if value is None:
            return None
        return [item(one) for one in value] if isinstance(value, list) else [item(value)]

    return read


def _object(type_: GraphQLInputObjectType) -> Read:
    known = type_.fields.keys()
    fields = [
        (name, field.out_name or name, is_required_input_field(field), coerce_default_value(field), _reader(field.type))
        for name, field in type_.fields.items()
    ]

    def read(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, dict) or not value.keys() <= known:
            raise _Unreadable
        done = {}
        for name, out_name, required, default, read_field in fields:
            if name in value:
                done[out_name] = read_field(value[name])
            elif required:
                raise _Unreadable
            elif default is not Undefined:
                done[out_name] = default
        if type_.is_one_of and (len(value) != 1 or len(done) != 1 or None in done.values()):
            raise _Unreadable
        return type_.out_type(done)

    return read
