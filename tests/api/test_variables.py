"""Variables are read as graphql-core reads them: the same values, or the same words about what is wrong."""

import random
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, Undefined, build_schema, parse, type_from_ast
from graphql.execution import get_variable_values
from graphql.execution.values import VariableValues
from made_up import sent

from souvenir.api.audience import AUDIENCES, Audience
from souvenir.api.http.variables import MOST_ERRORS, Variables
from souvenir.api.published import operations, schema_of

SDL = """
type Query { any: Int }
input Window { since: Int!, until: Int = 9, marks: [[Int!]] = [[1]], kind: Kind = PLAIN, note: String }
input Either @oneOf { number: Int, text: String }
enum Kind { PLAIN SEALED }
"""
SCHEMAS: dict[Any, GraphQLSchema] = {audience: schema_of(audience) for audience in AUDIENCES}
PUBLISHED = [(audience, name) for audience in AUDIENCES for name in operations(audience)]


def told(values: VariableValues | list[GraphQLError]) -> Any:
    if isinstance(values, list):
        return [(error.formatted, repr(error.original_error)) for error in values]
    sources = {name: (str(source.signature.type), repr(source.value)) for name, source in values.sources.items()}
    return sources, repr(values.coerced)


def check_same(schema: GraphQLSchema, text: str, values: dict[str, Any]) -> None:
    (operation,) = (node for node in parse(text).definitions if isinstance(node, OperationDefinitionNode))
    nodes = operation.variable_definitions or ()
    expected = get_variable_values(schema, nodes, values, MOST_ERRORS, hide_suggestions=True)
    assert told(Variables(schema, nodes).values(values)) == told(expected)


@pytest.mark.parametrize(("audience", "name"), PUBLISHED, ids=lambda part: str(part))
def test_the_variables_of_every_published_operation(audience: Audience, name: str):
    schema, text = SCHEMAS[audience], operations(audience)[name]
    for seed in range(12):
        dice = random.Random(f"{name} {seed}")
        (operation,) = (node for node in parse(text).definitions if isinstance(node, OperationDefinitionNode))
        values = {
            node.variable.name.value: sent(dice, type_from_ast(schema, node.type), odd=dice.choice([0, 0.02, 0.2]))
            for node in operation.variable_definitions or ()
            if dice.random() > 0.05
        }
        check_same(schema, text, values)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"window": None},
        {"window": {"since": 3}},
        {"window": {"since": 3, "until": None, "note": Undefined, "kind": "SEALED"}},
        {"window": {"since": 3, "marks": 4}},
        {"window": {"since": 3, "marks": [4, [5, 6], None]}},
        {"window": {"since": 3, "marks": [[None]]}},
        {"window": {"since": "3"}},
        {"window": {"since": 3, "nowhere": 1}},
        {"window": {"since": 3, "kind": "NOWHERE"}},
        {"window": {"until": 3}},
        {"window": []},
        {"either": {"number": 1}},
        {"either": {"number": 1, "text": "one"}},
        {"either": {"number": None}},
        {"either": {}},
        {"count": None},
        {"count": 2**40},
        {"nobody": "asked"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "of", ["$window: Window!", "$window: Window, $either: Either, $count: Int = 5", "$count: Int!"]
)
def test_nulls_defaults_lists_and_one_of(values: dict[str, Any], of: str):
    check_same(build_schema(SDL), f"query ({of}) {{ any }}", values)
