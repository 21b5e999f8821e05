"""Inputs are made as Strawberry would make them, of whatever GraphQL lets through."""

from importlib import import_module
from typing import Any

import pytest
import strawberry
from graphql import Undefined
from graphql.type import GraphQLInputObjectType
from graphql.utilities import coerce_input_value
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import sent
from strawberry.types.arguments import convert_argument
from strawberry.types.base import StrawberryObjectDefinition

from souvenir.api.audience import AUDIENCES, Audience
from souvenir.api.published import schema_of


def prepared(audience: Audience) -> strawberry.Schema:
    schema_of(audience)
    found: strawberry.Schema = import_module(f"souvenir.api.{audience}").schema
    return found


SCHEMAS = {audience: prepared(audience) for audience in AUDIENCES}


def inputs(audience: Audience) -> list[tuple[StrawberryObjectDefinition, GraphQLInputObjectType]]:
    known = SCHEMAS[audience].schema_converter.type_map.values()
    return [(item.definition, item.implementation) for item in known if getattr(item.definition, "is_input", False)]


def made(audience: Audience, definition: StrawberryObjectDefinition, value: object) -> Any:
    of = SCHEMAS[audience]
    return convert_argument(value, definition.origin, of.schema_converter.scalar_registry, of.config)


@pytest.mark.parametrize("audience", AUDIENCES)
@given(dice=st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_an_input_is_made_as_strawberry_would(audience: Audience, dice: Any):
    pairs = inputs(audience)
    definition, implementation = dice.choice(pairs)
    value = coerce_input_value(sent(dice, implementation, odd=0.02), implementation)
    if value is Undefined or value is None:
        return
    ours = made(audience, definition, value)
    makers = [each.from_input for each, _ in pairs]
    try:
        for each, _ in pairs:
            each.from_input = None
        assert made(audience, definition, value) == ours
    finally:
        for (each, _), maker in zip(pairs, makers, strict=True):
            each.from_input = maker


@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_input_of_the_contract_is_made_so(audience: Audience):
    assert inputs(audience)
    assert all(definition.from_input is not None for definition, _ in inputs(audience))


def test_what_was_not_sent_is_null_or_its_default_and_lists_are_copies():
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

    from souvenir.api.inputs import prepare

    of = strawberry.Schema(Query)
    prepare(of)
    words = ["a"]
    slip = convert_argument(
        {"lines": [{"number": 1}, None], "words": words, "more": None},
        Slip,
        of.schema_converter.scalar_registry,
        of.config,
    )
    assert slip == Slip(lines=[Line(number=1), None], words=["a"], more=None, note=None, copies=2)
    assert slip.words is not words
