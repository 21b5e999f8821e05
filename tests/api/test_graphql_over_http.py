"""The public audit of servers that speak GraphQL over HTTP, check by check in our words, put to every endpoint.

Each check bears the name it has in the audit suite of npm's graphql-http 1.23, so that the two can be compared.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from calling import Client
from trading import MORNING, Group

from souvenir.api.app import asgi
from souvenir.api.audience import AUDIENCES
from souvenir.api.http.negotiation import JSON, RESPONSE
from souvenir.kernel import clock

TYPENAME = {"query": "{ __typename }"}
TYPE = {"query": "query Type($name: String!) { __type(name: $name) { name } }", "variables": {"name": "sometype"}}
NAMED = {"query": "query Query { __typename }", "operationName": "Query"}
NO_DOCUMENT, NO_FIELD = {"query": "{"}, {"query": "{ noSuchField }"}
NO_VARIABLE = {"query": "query CoerceFailure($id: ID!) { __typename }", "variables": {"id": None}}
BROKEN = '{ "not a JSON'
NO_MAP: tuple[Any, ...] = ("string", 0, False, ["array"])
NO_STRING: tuple[Any, ...] = ({"obj": "ect"}, 0, False, ["array"])


class Check(NamedTuple):
    """A body that is posted, and what must come back."""

    name: str
    body: Any
    status: int
    accept: str | None = None
    content_type: str | None = JSON
    media: str | None = None
    without: str | None = None
    """An entry that the answer must not have."""


def each(prefix: str, parameter: str, values: tuple[Any, ...]) -> list[Check]:
    """A parameter of the wrong kind is a bad request."""
    return [Check(f"{prefix}{n}", {**TYPENAME, parameter: value}, 400) for n, value in enumerate(values)]


def null(n: int, parameter: str) -> list[Check]:
    """A parameter that is null is one that was not sent."""
    body = {**TYPENAME, parameter: None}
    return [
        Check(f"94B{n}", body, 200, accept=RESPONSE, without="errors"),
        Check(f"022{n}", body, 200, accept=JSON, without="errors"),
    ]


CHECKS = [
    # media types: the one asked for is served; plain JSON to who does not say
    Check("22EB", TYPENAME, 200, accept=RESPONSE, media=RESPONSE),
    Check("4655", TYPENAME, 200, accept=JSON, media=JSON),
    Check("47DE", TYPENAME, 200, accept="*/*", media=JSON),
    Check("80D8", TYPENAME, 200, media=JSON),
    # text is UTF-8 in both directions, said or unsaid
    Check("82A3", TYPENAME, 200),
    Check("BF61", {"query": '{ __type(name: "Run🏃Swim🏊") { name } }'}, 200, content_type=f"{JSON}; charset=utf-8"),
    Check("78D5", TYPENAME, 200),
    # a request is a POST of JSON that says so and has a body
    Check("2C94", TYPENAME, 200),
    Check("9ABE", TYPENAME, 415, content_type=None),
    Check("03D4", TYPENAME, 200),
    Check("A5BF", "", 400),
    # its parameters have their kinds; what is unknown or missing is said
    Check("423L", {"notquery": "{ __typename }"}, 400, accept=RESPONSE),
    *each("LKJ", "query", NO_STRING),
    Check("34A2", TYPENAME, 200, accept=RESPONSE),
    Check("13EE", TYPENAME, 200, accept=JSON, without="errors"),
    *each("6C0", "operationName", NO_STRING),
    Check("8161", NAMED, 200, accept=RESPONSE),
    Check("B8B3", NAMED, 200, accept=JSON, without="errors"),
    *null(0, "variables"),
    *null(1, "operationName"),
    *null(2, "extensions"),
    *each("476", "variables", NO_MAP),
    Check("2EA1", TYPE, 200, accept=RESPONSE),
    Check("28B9", TYPE, 200, accept=JSON, without="errors"),
    *each("58B", "extensions", NO_MAP),
    Check("428F", {**TYPENAME, "extensions": {"some": "value"}}, 200, accept=RESPONSE),
    Check("1B7A", {**TYPENAME, "extensions": {"some": "value"}}, 200, accept=JSON, without="errors"),
    Check("B6DC", BROKEN, 400, accept=JSON),
    Check("BCF8", BROKEN, 400, accept=JSON),
    Check("B7N8", BROKEN, 400, accept=RESPONSE),
    Check("8764", {"qeury": "{ __typename }"}, 400),
    Check("3E3A", {"qeury": "{ __typename }"}, 400),
    # who knows only plain JSON reads errors under status 200
    Check("572B", NO_DOCUMENT, 200, accept=JSON),
    Check("FDE2", NO_FIELD, 200, accept=JSON),
    Check("7B9B", NO_VARIABLE, 200, accept=JSON),
    # who knows better reads them in the status too, and finds no data where nothing was executed
    Check("865D", NO_DOCUMENT, 400, accept=RESPONSE),
    Check("556A", NO_DOCUMENT, 400, accept=RESPONSE),
    Check("D586", NO_DOCUMENT, 400, accept=RESPONSE, without="data"),
    Check("51FE", NO_FIELD, 400, accept=RESPONSE),
    Check("74FF", NO_FIELD, 400, accept=RESPONSE),
    Check("5E5B", NO_FIELD, 400, accept=RESPONSE, without="data"),
    Check("86EE", NO_VARIABLE, 400, accept=RESPONSE),
]


class Door(NamedTuple):
    """An endpoint, and the header that opens it."""

    client: Client
    path: str
    headers: dict[str, str]

    def send(self, method: str, **more: Any) -> httpx.Response:
        return self.client.request(method, self.path, self.headers | more.pop("headers", {}), **more)


@pytest.fixture(scope="module")
def group() -> Iterator[Group]:
    with clock.using(clock.SettableClock(MORNING)):
        group = Group()
        yield group
        group.shop.close()


@pytest.fixture(scope="module")
def doors(group: Group) -> dict[str, Door]:
    """The four endpoints as in development: some checks ask the schema about itself."""
    client = Client(asgi(group.shop, graphiql=True))
    tokens = {door.audience: door.token for door in (group.visitor, group.till, group.finance, group.office)}
    return {
        audience: Door(client, f"/graphql/{audience}", {"authorization": f"Bearer {token}"} if token else {})
        for audience, token in tokens.items()
    }


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_an_endpoint_passes_the_check(doors: dict[str, Door], audience: str, check: Check):
    named = {"accept": check.accept, "content-type": check.content_type}
    headers = {name: value for name, value in named.items() if value}
    body = check.body if isinstance(check.body, str) else json.dumps(check.body)
    answer = doors[audience].send("POST", headers=headers, content=body)
    assert answer.status_code == check.status
    assert (check.media or "") in answer.headers["content-type"]
    told = json.loads(answer.content.decode("utf-8"))
    assert check.without is None or check.without not in told


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize(
    ("name", "parameters", "accept"),
    [
        ("9C48", {"query": "mutation { __typename }"}, RESPONSE),
        ("5A70", TYPENAME, "*/*"),
        ("D6D5", {**TYPE, "variables": json.dumps(TYPE["variables"])}, RESPONSE),
        ("6A70", {**TYPE, "variables": json.dumps(TYPE["variables"])}, JSON),
    ],
)
def test_a_document_in_a_url_is_not_executed(doors, audience: str, name: str, parameters: dict[str, str], accept: str):
    """The first the audit wants refused; the others a server may serve, and ours serves published documents by name."""
    answer = doors[audience].send("GET", headers={"accept": accept}, params=parameters)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_the_whole_audit_is_here():
    assert len({check.name for check in CHECKS}) == len(CHECKS) == 61 - 4
