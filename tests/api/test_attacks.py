"""Requests that want too much: each is refused, quickly, with one error that says which limit it met."""

import time

import orjson
import pytest
from calling import GRAPHQL_RESPONSE, Client, codes
from graphql import GraphQLError, parse
from kiosk import kiosk

from souvenir.api.audience import Audience
from souvenir.api.http.limits import Limits, check
from souvenir.api.http.view import Settings
from souvenir.api.published import schema_of

client = Client(kiosk())

SHELF = "souvenirs(first: 100) {edges {node {number}}}"


def nested(inner: str, times: int, pattern: str) -> str:
    for _ in range(times):
        inner = pattern % inner
    return inner


FRAGMENTS = " ".join(f"fragment F{i} on Query {{...F{i + 1} ...F{i + 1}}}" for i in range(30))

ATTACKS = {
    "a megabyte of tokens": ("{" + "hello " * 40_000 + "}", None),
    "nested selections": ("{" + nested("number", 900, "related {%s}") + "}", None),
    "nested pages": ("{souvenirs {edges {node {" + nested("number", 12, "related {edges {node {%s}}}") + "}}}}", None),
    "nested inline fragments": ("{" + nested("hello", 100, "... {%s}") + "}", "levels of nesting"),
    "very nested inline fragments": ("{" + nested("hello", 300, "... {%s}") + "}", None),
    "nested lists": ("{add(a: " + "[" * 900 + "]" * 900 + ")}", None),
    "many operations": (" ".join(f"query Q{i} {{hello}}" for i in range(300)), "operations"),
    "a flood of aliases": ("{" + " ".join(f"a{i}: hello" for i in range(400)) + "}", "root fields"),
    "aliases further down": (
        "{souvenirs(first: 1) {edges {node {" + " ".join(f"a{i}: number" for i in range(100)) + "}}}}",
        "aliases",
    ),
    "a few aliases of big pages": (
        "{" + " ".join(f"a{i}: {nested('number', 1, SHELF.replace('number', '%s'))}" for i in range(10)) + "}",
        None,
    ),
    "the same field again and again": ("{" + "hello " * 1500 + "}", "root fields"),
    "the same field further down": ("{souvenirs(first: 1) {edges {node {" + "number " * 1500 + "}}}}", "fields"),
    "directives in one place": ("{hello " + "@skip(if: false) " * 100 + "}", "directives in one place"),
    "unknown directives": ("{hello " + "@a " * 500 + "}", "directives in one place"),
    "directives spread out": (
        "{souvenirs(first: 1) {edges {node {" + "number @skip(if: false) " * 30 + "}}}}",
        "directives",
    ),
    "directives on the operation": ("query " + "@a " * 100 + "{hello}", "directives in one place"),
    "fragments that double": ("{...F0} " + FRAGMENTS + " fragment F30 on Query {hello}", None),
    "fragments in a circle": ("{...A} fragment A on Query {...B} fragment B on Query {...A}", None),
    "pages of pages of pages": (
        "{souvenirs(first: 100) {edges {node {related(first: 100) {edges {node {related(first: 100)"
        " {edges {node {number}}}}}}}}}}",
        "answered fields",
    ),
    "pages of default size inside pages": (
        "{souvenirs(first: 100) {edges {node {related {edges {node {related {edges {node {number}}}}}}}}}}",
        "answered fields",
    ),
    "a page size of a thousand digits": ("{souvenirs(first: " + "9" * 1000 + ") {edges {cursor}}}", None),
    "a number of five thousand digits": ("{add(a: " + "1" * 5000 + ")}", None),
    "a long string": ('{hello(name: "' + "x" * 200_000 + '")}', None),
    "comments": ("#\n" * 20_000 + "{hello}", None),
    "many different errors": ("{" + " ".join(f"x{i}" for i in range(400)) + "}", "root fields"),
    "introspection": ("{__schema {types {name}}}", None),
    "introspection of a type": ('{__type(name: "Query") {fields {name}}}', None),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_request_that_wants_too_much_is_refused_at_once(attack):
    query, limit = ATTACKS[attack]
    if attack == "a few aliases of big pages":
        query = "{" + " ".join(
            f"a{i}: {SHELF.replace('number', 'related(first: 100) {edges {cursor}}')}" for i in range(2)
        )
        query, limit = query + "}", "answered fields"
    start = time.process_time()
    response = client.post(query)
    assert time.process_time() - start < 3
    assert response.status_code in (400, 413)
    assert 1 <= len(response.json()["errors"]) <= 2
    assert len(response.content) < 2_000
    if limit:
        assert codes(response) == ["GRAPHQL_VALIDATION_FAILED"]
        assert response.json()["errors"][0]["extensions"]["limit"] == limit


def test_page_sizes_in_variables_are_counted():
    query = "query($n: Int!) {souvenirs(first: $n) {edges {node {related(first: $n) {edges {node {related(first: $n)"
    query += " {edges {node {number}}}}}}}}}}"
    assert client.post(query, variables={"n": 2}).status_code == 200
    for n in (100, 10**6):
        response = client.post(query, variables={"n": n})
        assert (response.status_code, codes(response)) == (400, ["GRAPHQL_VALIDATION_FAILED"])
    assert client.post(query, variables={"n": 2}).status_code == 200


def test_page_sizes_in_defaults_of_variables_are_counted():
    query = (
        "query($n: Int! = 100) {souvenirs(first: $n) {edges {node {related(first: $n) {edges {node {related(first: $n)"
    )
    query += " {edges {node {number}}}}}}}}}}"
    assert codes(client.post(query)) == ["GRAPHQL_VALIDATION_FAILED"]
    assert client.post(query, variables={"n": 2}).status_code == 200


def test_a_misspelt_name_teaches_nothing_about_the_schema():
    for query in (
        "{helo}",
        "{hello(nam: 1)}",
        "{souvenirs(first: 1) {edge {cursor}}}",
        "mutation($i: BuyImput!) {buy(input: $i) {__typename}}",
        "mutation {bye(input: {}) {__typename}}",
    ):
        assert "Did you mean" not in client.post(query).text
    variables = {"i": {"idempotencyKey": "1", "productIt": "x", "quantity": 1, "offer": None}}
    answer = client.post("mutation($i: BuyInput!) {buy(input: $i) {__typename}}", variables=variables)
    assert codes(answer)[0] == "BAD_USER_INPUT"
    assert "Did you mean" not in answer.text


def test_introspection_is_there_where_it_is_switched_on_and_typename_always():
    assert client.post("{__typename}").json() == {"data": {"__typename": "Query"}}
    curious = Client(kiosk(Settings(introspection=True)))
    assert curious.post("{__schema {queryType {name}}}").json() == {
        "data": {"__schema": {"queryType": {"name": "Query"}}}
    }


def test_the_introspection_query_of_graphiql_is_within_the_limits():
    from graphql import get_introspection_query

    query = get_introspection_query(directive_is_repeatable=True, schema_description=True, input_value_deprecation=True)
    assert Client(kiosk(Settings(graphiql=True))).post(query).status_code == 200


def test_a_deep_or_odd_value_in_a_variable_is_the_callers_mistake():
    for value in (10**400, [[[[1]]]], {"a": {"b": 1}}, 1.5, "1", True):
        body = orjson.dumps({"query": "query($a: Int!) {add(a: $a)}", "variables": {"a": 0}})
        text = body.replace(b'"a":0', b'"a":' + str(value).replace("'", '"').replace("True", "true").encode())
        headers = {"content-type": "application/json", "accept": GRAPHQL_RESPONSE}
        if value == "1":
            text = body.replace(b'"a":0', b'"a":"1"')
        response = client.request("POST", "/graphql/storefront", headers, content=text)
        assert response.status_code == 400
        assert codes(response)[0] in ("BAD_USER_INPUT", "BAD_REQUEST")


def test_one_thousand_documents_are_not_all_remembered():
    from kiosk import schema

    from souvenir.api.http.documents import REMEMBERED, Documents
    from souvenir.api.http.limits import Limits

    documents = Documents(schema._schema, {}, limits=Limits(), introspection=False)
    first = documents.by_text("{hello}")
    assert documents.by_text("{hello}") is first
    for number in range(REMEMBERED):
        documents.by_text(f"{{a{number}: hello}}")
    assert documents.by_text("{hello}") is not first


def test_what_is_worked_out_for_every_row_counts_ten_times():
    def shelf(times: int):
        asked = " ".join(f'a{no}: availability(outletId: "x") {{ free }}' for no in range(times))
        return parse("{ products(first: 100) { edges { node { editions { " + asked + " } } } } }")

    schema = schema_of(Audience.STOREFRONT)
    check(schema, shelf(17), Limits())
    with pytest.raises(GraphQLError, match="answered fields, at most 20000"):
        check(schema, shelf(19), Limits())


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("query ($name: String) { hello(name: $name) }", {"name": "a\0b"}),
        ('{ hello(name: "a\\u0000b") }', {}),
        ('{ hello(name: "a\\u{0}b") }', {}),
        ("query ($after: String) { souvenirs(after: $after) { edges { cursor } } }", {"after": "\0"}),
    ],
)
def test_a_character_that_no_store_keeps_is_the_callers_mistake(document: str, variables: dict[str, str]):
    assert codes(client.post(document, variables=variables)) == ["BAD_USER_INPUT"]
    assert "\0" not in client.post(document, variables=variables).text
