"""Inputs are made and resolvers called as Strawberry would, of whatever GraphQL lets through."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest
import strawberry
from graphql import Undefined
from graphql.type import GraphQLInputObjectType, GraphQLObjectType
from graphql.utilities import coerce_input_value
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import sent
from strawberry.extensions import FieldExtension
from strawberry.types.arguments import convert_argument
from strawberry.types.base import StrawberryObjectDefinition

from souvenir.api.audience import AUDIENCES, Audience
from souvenir.api.http.resolving import OF_STRAWBERRY, prepare
from souvenir.api.published import schema_of


def prepared(audience: Audience) -> strawberry.Schema:
    schema_of(audience)
    found: strawberry.Schema = import_module(f"souvenir.api.{audience}.schema").schema
    return found


SCHEMAS = {audience: prepared(audience) for audience in AUDIENCES}


def inputs(audience: Audience) -> list[tuple[StrawberryObjectDefinition, GraphQLInputObjectType]]:
    known = SCHEMAS[audience].schema_converter.type_map.values()
    return [(item.definition, item.implementation) for item in known if getattr(item.definition, "is_input", False)]


@contextmanager
def unprepared(audience: Audience) -> Iterator[None]:
    """As Strawberry built the inputs: of dictionaries, under the contract's names."""
    kept = [(type_, type_.out_type) for _, type_ in inputs(audience)]
    names = [(field, field.out_name) for type_, _ in kept for field in type_.fields.values()]
    for type_, _ in kept:
        type_.out_type = GraphQLInputObjectType.out_type  # type: ignore[method-assign]
    for field, _ in names:
        field.out_name = None
    try:
        yield
    finally:
        for type_, out_type in kept:
            type_.out_type = out_type  # type: ignore[method-assign]
        for field, name in names:
            field.out_name = name


@pytest.mark.parametrize("audience", AUDIENCES)
@given(dice=st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_an_input_is_made_as_strawberry_would(audience: Audience, dice: Any):
    of = SCHEMAS[audience]
    definition, type_ = dice.choice(inputs(audience))
    value = sent(dice, type_, odd=0.02)
    made = coerce_input_value(value, type_)
    with unprepared(audience):
        read = coerce_input_value(value, type_)
        if read is Undefined:
            assert made is Undefined
            return
        assert made == convert_argument(read, definition.origin, of.schema_converter.scalar_registry, of.config)
    assert made is None or type(made) is definition.origin


@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_resolver_of_the_contract_is_called_directly(audience: Audience):
    types = (item.implementation for item in SCHEMAS[audience].schema_converter.type_map.values())
    fields = [field for type_ in types if isinstance(type_, GraphQLObjectType) for field in type_.fields.values()]
    resolvers = [field.resolve for field in fields if field.extensions[OF_STRAWBERRY].base_resolver]
    assert len(resolvers) > 10
    assert {resolve.__module__ for resolve in resolvers if resolve} == {prepare.__module__}


@strawberry.input
class Line:
    number: int


@strawberry.input
class Slip:
    lines: list[Line | None]
    words: list[str]
    more: list[Line] | None
    note: str | None
    copies: int = 2


@strawberry.type
class Query:
    @strawberry.field
    def shown(self, slip: Slip) -> str:
        return repr(slip)

    @strawberry.field
    def asked(self, told: strawberry.Info, how_often: int = 1, loud: bool | None = None) -> str:
        return f"{told.context} {told.field_name} {how_often} {loud}"


SLIP = '(slip: {lines: [{number: 1}, null], words: ["a"], more: null})'
QUESTIONS = (
    "{ shown" + SLIP + " }",
    "{ shouted" + SLIP + " }",
    '{ shown(slip: {lines: {number: 3}, words: [], note: "n", copies: 3}) shouted' + SLIP + " }",
    "{ shown(slip: {words: []}) }",
    "{ asked }",
    "{ asked(howOften: 2, loud: true) other: asked(loud: null) }",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_prepared_schema_answers_as_it_did(question: str):
    plain, prepared_one = strawberry.Schema(Query), strawberry.Schema(Query)
    prepare(prepared_one)
    before = plain.execute_sync(question, context_value="desk")
    assert prepared_one.execute_sync(question, context_value="desk") == before


def test_what_was_not_sent_is_null_or_its_default():
    of = strawberry.Schema(Query)
    prepare(of)
    assert of.execute_sync("{ shown" + SLIP + " asked(howOften: 2) }", context_value="desk").data == {
        "shown": repr(Slip(lines=[Line(number=1), None], words=["a"], more=None, note=None, copies=2)),
        "asked": "desk asked 2 None",
    }


class Louder(FieldExtension):
    def resolve(self, next_: Callable[..., Any], source: Any, info: strawberry.Info, **arguments: Any) -> str:
        return f"{next_(source, info, **arguments)}!"


def test_a_resolver_that_needs_more_than_a_call_is_not_let_in():
    @strawberry.type
    class Query:
        @strawberry.field(extensions=[Louder()])
        def shouted(self) -> str:
            return "a"

    with pytest.raises(AssertionError, match="shouted needs Strawberry"):
        prepare(strawberry.Schema(Query))
