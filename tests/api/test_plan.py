"""A plan answers what graphql-core answers, to the byte: for every published operation, and for selections made up."""

import random
from collections.abc import Mapping
from itertools import product
from typing import Any, NewType

import orjson
import pytest
import strawberry
from graphql import (
    DocumentNode,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    Undefined,
    build_schema,
    execute_sync,
    get_named_type,
    is_abstract_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    parse,
    type_from_ast,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import sent
from strawberry.schema.config import StrawberryConfig

from souvenir.api.audience import AUDIENCES, Audience
from souvenir.api.http.documents import Document
from souvenir.api.http.limits import Limits
from souvenir.api.http.plan import Plan, covers
from souvenir.api.published import contract, operations

ODDS = {"never": 0.0, "seldom": 0.03, "often": 0.3}
"""How likely a resolver misbehaves."""


class World:
    """What resolvers answer: the same for the same place of the same world."""

    def __init__(self, schema: GraphQLSchema, seed: int, trouble: float) -> None:
        self.schema, self.seed, self.trouble = schema, seed, trouble

    def resolve(self, source: Any, info: Any, **arguments: Any) -> Any:
        place = f"{self.seed} {info.path.as_list()} {info.path.typename} {sorted(arguments)}"
        return self.value(random.Random(place), info.return_type)

    def value(self, dice: random.Random, type_: Any) -> Any:
        if is_non_null_type(type_):
            return self.value(dice, type_.of_type)
        if dice.random() < self.trouble:
            return dice.choice(
                [None, Undefined, ValueError("returned"), object, 2**40, [], {"__typename": 7}, "odd", 0.5]
            )
        if is_list_type(type_):
            return [self.value(dice, type_.of_type) for _ in range(dice.randrange(3))]
        if is_enum_type(type_):
            return dice.choice(list(type_.values))
        if is_leaf_type(type_):
            return {"Int": dice.randrange(99), "Boolean": dice.random() < 0.5, "Float": 0.5}.get(type_.name, "text")
        if is_abstract_type(type_):
            names = [possible.name for possible in self.schema.get_possible_types(type_)]
            odd = ["Money", "Date", "Nowhere", None] if dice.random() < self.trouble else []
            return {"__typename": dice.choice([*names, *odd])}
        if dice.random() < self.trouble:
            raise LookupError("raised")
        return {}


def twin(sdl: str) -> GraphQLSchema:
    """The schema of a contract, with resolvers that ask the world in the context."""
    schema = build_schema(sdl)
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for field in type_.fields.values():
                field.resolve = lambda source, info, **arguments: info.context.resolve(source, info, **arguments)
    return schema


SCHEMAS = {audience: twin((contract() / audience / "schema.graphql").read_text("utf-8")) for audience in AUDIENCES}
PUBLISHED = [(audience, name) for audience in AUDIENCES for name in operations(audience)]


def told(result: Any) -> tuple[bytes, list[tuple[Any, ...]]]:
    """Everything of a result that can be seen, or that our log and our masking look at."""
    errors = [(error.formatted, repr(type(error.original_error)), error.nodes) for error in result.errors or ()]
    return orjson.dumps(result.data, default=repr), errors


def operation_of(document: DocumentNode) -> OperationDefinitionNode:
    """Its one operation; the rest are fragments."""
    (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return operation


def check_same(schema: GraphQLSchema, text: str, context: object, variables: Mapping[str, Any]) -> None:
    document = parse(text)
    operation = operation_of(document)
    plan = Plan(schema, document, operation)
    for _ in range(2):  # the second time, everything is planned
        expected = execute_sync(
            schema, document, context_value=context, variable_values=dict(variables), hide_suggestions=True
        )
        assert told(plan.execute(context, variables)) == told(expected)


@pytest.mark.parametrize(("audience", "name"), PUBLISHED, ids=lambda part: str(part))
def test_every_published_operation_is_answered_as_graphql_core_would(audience: Audience, name: str):
    schema, text = SCHEMAS[audience], operations(audience)[name]
    operation = operation_of(parse(text))
    for seed, trouble in product(range(4), ODDS.values()):
        dice = random.Random(f"{name} {seed}")
        variables = {
            node.variable.name.value: sent(dice, type_from_ast(schema, node.type), odd=trouble / 3)
            for node in operation.variable_definitions or ()
        }
        check_same(schema, text, World(schema, seed, trouble), variables)


def selection(dice: random.Random, schema: GraphQLSchema, type_: Any, depth: int) -> str:
    """A selection made up: aliases, repeated fields, fragments on types that may or may not apply, unknown names."""
    parts = []
    for _ in range(dice.randint(1, 4)):
        if dice.random() < 0.25:
            possible = list(schema.get_possible_types(type_)) if is_abstract_type(type_) else [type_]
            on = dice.choice([*possible, type_])
            condition = f" on {on.name}" if dice.random() < 0.8 or on is not type_ else ""
            parts.append(f"...{condition} {selection(dice, schema, on, depth)}")
        elif isinstance(type_, GraphQLUnionType) or dice.random() < 0.2:
            parts.append(dice.choice(["__typename", "kind: __typename", "nowhere"]))
        else:
            parts.append(one_field(dice, schema, type_, depth))
    return "{ " + " ".join(parts) + " }"


def one_field(dice: random.Random, schema: GraphQLSchema, type_: Any, depth: int) -> str:
    name, field = dice.choice(list(type_.fields.items()))
    text = f"{dice.choice('abc')}_{name}: {name}" if dice.random() < 0.3 else name
    if field.args and dice.random() < 0.9:
        values = ("$text", "$number", '"7"', "7", "null")
        text += "(" + ", ".join(f"{name}: {dice.choice(values)}" for name in field.args) + ")"
    inner = get_named_type(field.type)
    if is_leaf_type(inner):
        return text
    return f"{text} {selection(dice, schema, inner, depth - 1) if depth else '{ __typename }'}"


@given(st.sampled_from(AUDIENCES), st.integers(0, 2**32), st.sampled_from(list(ODDS)))
@settings(max_examples=300, deadline=None)
def test_a_selection_made_up_is_answered_as_graphql_core_would(audience: Audience, seed: int, trouble: str):
    schema, dice = SCHEMAS[audience], random.Random(seed)
    root, kind = dice.choice([(schema.query_type, "query"), (schema.mutation_type, "mutation")])
    text = f'{kind} ($text: String = "seven", $number: Int) {selection(dice, schema, root, depth=4)}'
    check_same(schema, text, World(schema, seed, ODDS[trouble]), {"number": 7} if seed % 2 else {})


# Attributes are read without their resolvers: the same, on a schema of Strawberry's making.


@strawberry.interface
class Thing:
    id: strawberry.ID


@strawberry.type
class Label:
    text: str
    size: int | None


Width = NewType("Width", int)
"""A scalar that cannot answer every value."""


@strawberry.type
class Plate(Thing):
    width: Width | None


@strawberry.type
class Mug(Thing):
    label: Label
    labels: list[Label | None]
    grid: list[list[int]] | None
    price: float
    saucer: Plate | None

    @strawberry.field
    def doubled(self, info: strawberry.Info, times: int = 2) -> str:
        if times > 3:
            raise ValueError(f"{info.field_name} at {info.path.key}")
        return str(self.price * times)

    @strawberry.field
    def parent(self) -> Thing | None:
        return self


@strawberry.type
class Query:
    @strawberry.field
    def things(self, info: strawberry.Info) -> list[Thing]:
        return info.context

    @strawberry.field
    def any(self, info: strawberry.Info) -> list[Mug | Plate] | None:
        return info.context


WIDTH = strawberry.scalar(name="Width", serialize=lambda value: None if value == "text" else value, parse_value=int)
CONFIG = StrawberryConfig(scalar_map={Width: WIDTH})
SHELF = strawberry.Schema(Query, types=[Mug, Plate], config=CONFIG)._schema
LABEL = Label(text="a", size=1)
odd = st.sampled_from(
    [None, Undefined, "text", 7, 0.5, 2**40, [], [None], [[1, "x"]], ValueError("here"), object, LABEL]
)
labels = st.builds(Label, text=st.one_of(st.just("red"), odd), size=st.one_of(st.just(3), odd))
plates = st.builds(Plate, id=st.just("2"), width=odd)
mugs = st.builds(
    Mug,
    id=st.one_of(st.just("1"), odd),
    label=st.one_of(labels, odd),
    labels=st.one_of(st.lists(st.one_of(labels, st.none(), odd), max_size=3), odd),
    grid=st.one_of(st.just([[1], [2, 3]]), odd),
    price=st.one_of(st.just(1.5), odd),
    saucer=st.one_of(plates, odd),
)
things = st.lists(st.one_of(mugs, plates, odd), max_size=3)


@given(things, st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_what_stands_in_attributes_is_answered_as_graphql_core_would(shelf: list[Any], seed: int):
    dice = random.Random(seed)
    text = f"query ($text: String, $number: Int) {selection(dice, SHELF, SHELF.query_type, depth=4)}"
    check_same(SHELF, text, shelf, {"number": seed % 6})


def test_a_trusted_document_has_a_plan_and_another_one_has_not():
    def planned(text: str, trusted: bool) -> bool:
        document = Document(text, SHELF, Limits(), introspection=False, trusted=trusted)
        return document._plan(document.operation(None)) is not None

    assert planned("{ things { id } }", trusted=True)
    assert not planned("{ things { id } }", trusted=False)
    assert not planned("query ($no: Boolean!) { things { id @skip(if: $no) } }", trusted=True)


def test_what_depends_on_variables_is_left_to_graphql_core():
    skipped = (
        "query ($no: Boolean!) { things { id ...rest } } fragment rest on Thing { kind: __typename @skip(if: $no) }"
    )
    document = Document(skipped, SHELF, Limits(), introspection=False, trusted=True)
    operation = document.operation(None)
    assert document.ast
    assert not covers(document.ast, operation)
    shelf = [Plate(id="2", width=20)]
    assert document.execute(operation, shelf, {"no": True}).data == {"things": [{"id": "2"}]}
    assert document.execute(operation, shelf, {"no": False}).data == {"things": [{"id": "2", "kind": "Plate"}]}


@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_published_operation_has_a_plan(audience: Audience):
    for text in operations(audience).values():
        document = parse(text)
        operation = operation_of(document)
        assert covers(document, operation)
        assert is_object_type(SCHEMAS[audience].get_root_type(operation.operation))
