"""The published contract: schemas as served, one operation a file, keys on every mutation, refusals in every result."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    build_schema,
    get_named_type,
    parse,
    validate,
)

from souvenir.api.audience import AUDIENCES, Audience
from souvenir.api.export import export, sdl
from souvenir.api.published import contract, operations, schema_of

ROOT = Path(__file__).parents[2] / "graphql"
SHOWN_ONCE = {"openGuestSession", "expectDevice", "enrolDevice", "giveStaffToken", "openCustomerSession"}
"""Mutations that answer with a secret: it is never kept, so it cannot be repeated."""

by_audience = pytest.mark.parametrize("audience", AUDIENCES)


def published(audience: Audience) -> GraphQLSchema:
    return build_schema((ROOT / audience / "schema.graphql").read_text("utf-8"))


@by_audience
def test_the_published_schema_is_the_one_that_is_served(audience: Audience):
    """If this fails, `make schema` writes the new one: look at what changed for those who use it."""
    assert (ROOT / audience / "schema.graphql").read_text("utf-8") == sdl(audience)


def test_the_export_writes_a_schema_for_every_audience(tmp_path: Path):
    written = export(tmp_path)
    assert [file.relative_to(tmp_path).as_posix() for file in written] == [
        "storefront/schema.graphql",
        "pos/schema.graphql",
        "finance/schema.graphql",
        "backoffice/schema.graphql",
    ]


def test_the_contract_is_found_in_the_source_tree():
    assert contract().resolve() == ROOT.resolve()


@by_audience
def test_each_operation_has_a_file_of_its_name_and_fits_the_schema(audience: Audience):
    schema = schema_of(audience)
    documents = operations(audience)
    assert documents
    for name, text in documents.items():
        document = parse(text)
        assert validate(schema, document) == []
        (operation,) = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
        assert operation.name
        assert operation.name.value == name[0].upper() + name[1:]


@by_audience
def test_each_mutation_has_an_operation(audience: Audience):
    mutations = published(audience).mutation_type
    assert mutations
    assert set(mutations.fields) <= set(operations(audience))


@by_audience
def test_each_mutation_takes_a_key_and_answers_a_payload_or_a_refusal(audience: Audience):
    schema = published(audience)
    assert schema.mutation_type
    for name, field in schema.mutation_type.fields.items():
        if name in SHOWN_ONCE:
            continue
        ((argument, given),) = field.args.items()
        assert argument == "input"
        taken = get_named_type(given.type)
        assert isinstance(taken, GraphQLInputObjectType)
        assert str(taken.fields["idempotencyKey"].type) == "ID!", name
        union = get_named_type(field.type)
        assert isinstance(union, GraphQLUnionType)
        payload, *refusals = sorted(union.types, key=lambda member: not member.name.endswith("Payload"))
        assert str(payload.fields["replayed"].type) == "Boolean!", name
        assert {"IdempotencyConflict", "MalformedInput"} <= {refusal.name for refusal in refusals}
        assert all([one.name for one in refusal.interfaces] == ["UserError"] for refusal in refusals), name


@by_audience
def test_lists_that_grow_are_pages(audience: Audience):
    schema = published(audience)
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and kind.name != "AccountStatement":  # its query is paged as a whole
            for name, field in kind.fields.items():
                if get_named_type(field.type).name.endswith("Connection"):
                    assert {"first", "after"} <= set(field.args), f"{kind.name}.{name}"


@by_audience
def test_no_amount_is_a_float(audience: Audience):
    assert "Float" not in published(audience).type_map


@by_audience
def test_every_field_of_the_query_and_every_mutation_says_what_it_does(audience: Audience):
    schema = published(audience)
    obvious = {"sites", "outlets", "product", "productBySku", "edition", "editions", "licence", "order", "claim"}
    for root in (schema.query_type, schema.mutation_type):
        assert root
        assert [name for name, field in root.fields.items() if not field.description and name not in obvious] == []
