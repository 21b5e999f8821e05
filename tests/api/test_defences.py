"""What the API is closed to: slow senders, sockets, foreign pages, the curious; and what its log never holds."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from datetime import date

import pytest
from calling import Client, codes
from kiosk import kiosk
from pydantic import ValidationError
from trading import Counterpart, Group

from souvenir.api import webhooks
from souvenir.api.http.limits import Limits
from souvenir.api.http.view import Settings
from souvenir.kernel.aggregate import Value

JSON = {"content-type": "application/json"}
SHOP = "/graphql/storefront"


async def slowly() -> AsyncIterator[bytes]:
    """A body that begins, and goes on in a minute."""
    yield b'{"query":'
    await asyncio.sleep(60)
    yield b'"{hello}"}'


def test_a_body_that_trickles_in_is_given_up_and_the_connection_with_it():
    client = Client(kiosk(Settings(limits=Limits(body_seconds=0.05))))
    answer = client.request("POST", SHOP, JSON, content=slowly())
    assert (answer.status_code, codes(answer)) == (408, ["BAD_REQUEST"])
    assert answer.headers["connection"] == "close"


def test_a_notice_that_trickles_in_is_none(group: Group, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(webhooks, "BODY_SECONDS", 0.05)
    begun = time.monotonic()
    assert Client(group.app).request("POST", "/webhooks/stripe", content=slowly()).status_code in (400, 404)
    assert time.monotonic() - begun < 30


def test_a_visitor_who_asks_too_often_waits_and_a_till_never_does():
    app = kiosk(Settings(a_minute=3))
    visitor = Client(app)
    answers = [visitor.post("{hello}") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert codes(answers[-1]) == ["TOO_MANY"]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 21
    assert {Client(app, "till-1").post("{hello}", to="pos").status_code for _ in range(5)} == {200}


def test_a_shop_executes_only_what_it_published_where_that_was_asked_for(group: Group):
    closed = Client(group.shop.asgi(only_published=True))
    assert codes(closed.post("{__typename}")) == ["PERSISTED_QUERY_NOT_FOUND"]
    known = closed.request("POST", SHOP, JSON, content=b'{"documentId":"products"}').json()
    assert len(known["data"]["products"]["edges"]) == 5


def test_a_web_socket_is_closed_before_it_opens():
    sent = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message["type"])

    scope = {"type": "websocket", "path": SHOP, "headers": [], "query_string": b"", "subprotocols": []}
    asyncio.run(kiosk()(scope, receive, send))
    assert sent == ["websocket.close"]


@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS"])
def test_a_foreign_page_is_never_told_that_it_may_read(method: str):
    foreign = {**JSON, "origin": "https://elsewhere.example", "access-control-request-method": "POST"}
    answer = Client(kiosk()).request(method, SHOP, foreign, content=b'{"query":"{hello}"}')
    assert [name for name in answer.headers if name.startswith("access-control")] == []


def test_a_foreign_form_is_not_executed():
    """What a page may send anywhere without a preflight: three content types, and none."""
    client = Client(kiosk())
    for simple in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", None):
        headers = {"content-type": simple} if simple else {}
        assert client.request("POST", SHOP, headers, content=b'{"query":"{hello}"}').status_code == 415


@pytest.mark.parametrize("question", ["{__schema {queryType {name}}}", '{__type(name: "Query") {name}}'])
def test_no_endpoint_of_a_shop_shows_its_schema_whoever_asks(group: Group, question: str):
    for caller in (group.visitor, group.guest, group.till, group.finance, group.office):
        answer = Client(group.app, caller.token).post(question, to=caller.audience)
        assert (answer.status_code, codes(answer)[0]) == (400, "GRAPHQL_VALIDATION_FAILED")


def test_the_log_holds_no_token_and_nothing_that_was_sent(group: Group, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    secret = "E12345678"
    callers = (group.guest, group.till, group.finance, group.office)
    for caller in callers:
        client = Client(group.app, caller.token)
        for query, variables in (
            ("query($id: ID!) {node(id: $id) {__typename}}", {"id": secret}),
            ("query($id: ID!) {node(id: $id) {__typename}}", {"id": {"passport": secret}}),
            ("query($n: Int!) {node(id: $n) {__typename}}", {"n": secret}),
            (f'{{node(id: "{secret}") {{__typename}}}}', {}),
            (f'{{node(id: "{secret}"', {}),
        ):
            client.post(query, to=caller.audience, variables=variables)
        for other in callers:
            Counterpart(group.app, other.audience, caller.token).send("node")
    assert secret not in caplog.text
    assert [caller.audience for caller in callers if str(caller.token) in caplog.text] == []


def test_a_value_that_does_not_fit_is_not_repeated_by_the_bug_it_becomes():
    class Passport(Value):
        number: str
        ends: date

    with pytest.raises(ValidationError) as bug:
        Passport(number="E12345678", ends="E12345678")  # type: ignore[arg-type]
    assert "ends" in str(bug.value)
    assert "E12345678" not in str(bug.value)
