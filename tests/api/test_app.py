"""The API as an application: where to click, whether it is alive and ready, mounted in another, and who closes the shop."""

import asyncio

import httpx
import pytest
from calling import Client
from starlette.applications import Starlette
from starlette.routing import Mount
from trading import Counterpart, Group

from souvenir.api.app import asgi
from souvenir.api.audience import AUDIENCES
from souvenir.shop import Shop


@pytest.fixture
def shop():
    with Shop.in_memory() as shop:
        yield shop


def test_the_first_page_says_where_to_go(shop: Shop):
    page = Client(asgi(shop, graphiql=True)).request("GET", "/")
    assert page.status_code == 200
    for audience in AUDIENCES:
        assert f'href="/graphql/{audience}"' in page.text


def test_graphiql_is_served_only_where_it_was_asked_for(shop: Shop):
    html = {"accept": "text/html"}
    for audience in AUDIENCES:
        assert "GraphiQL" in Client(asgi(shop, graphiql=True)).request("GET", f"/graphql/{audience}", html).text
        assert Client(asgi(shop)).request("GET", f"/graphql/{audience}", html).status_code == 406


def test_the_schema_shows_itself_only_with_graphiql(shop: Shop):
    query = "{__schema {queryType {name}}}"
    assert Client(asgi(shop, graphiql=True)).post(query).json()["data"]["__schema"]["queryType"]["name"] == "Query"
    assert Client(asgi(shop)).post(query).status_code == 400


def test_it_is_alive_and_ready(shop: Shop):
    client = Client(asgi(shop))
    assert client.request("GET", "/livez").text == "ok"
    assert client.request("GET", "/readyz").json() == {"ready": True, "trouble": []}


def test_it_is_not_ready_when_the_log_does_not_answer():
    shop = Shop.in_memory()
    client = Client(asgi(shop))
    shop.close()
    response = client.request("GET", "/readyz")
    assert (response.status_code, response.json()["trouble"]) == (503, ["the log does not answer"])
    assert client.request("GET", "/livez").status_code == 200


def test_it_is_mounted_in_another_application(group: Group):
    parent = Starlette(routes=[Mount("/shop", group.shop.asgi(graphiql=True))])
    assert 'href="/shop/graphql/storefront"' in Client(parent).request("GET", "/shop/").text
    found = Client(parent).request("POST", "/shop/graphql/storefront", json={"documentId": "products"})
    assert len(found.json()["data"]["products"]["edges"]) == 5


class Noted(Shop):
    """A shop that notes when it is started and closed."""

    notes: tuple[str, ...] = ()

    def start(self) -> None:
        self.notes += ("started",)
        super().start()

    def close(self) -> None:
        self.notes += ("closed",)
        super().close()


@pytest.mark.parametrize(("owns_shop", "notes"), [(False, ()), (True, ("started", "closed"))])
def test_the_shop_is_closed_by_who_opened_it_unless_the_application_owns_it(owns_shop, notes):
    async def run(app: Starlette) -> None:
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
                assert (await client.get("/readyz")).status_code == 200

    shop = Noted.in_memory()
    asyncio.run(run(asgi(shop, owns_shop=owns_shop)))
    assert shop.notes == notes
    shop.close()


@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_token_of_another_audience_opens_nothing(group: Group, audience: str):
    callers = (group.guest, group.till, group.finance, group.office)
    for caller in callers:
        if caller.audience != audience:
            response = Counterpart(group.app, audience, caller.token).send("node")
            assert response.status_code == 403
            facts = response.json()["errors"][0]["extensions"]["refusal"]["facts"]
            assert facts == {"audience": audience, "belongs_to": caller.audience}


def test_any_thing_of_ones_own_is_found_by_its_id(group: Group):
    query = "query ($id: ID!) { node(id: $id) { __typename id } }"

    def kind(caller: Counterpart, id: str):
        node = (
            Client(group.app, caller.token).post(query, to=caller.audience, variables={"id": id}).json()["data"]["node"]
        )
        return node and node["__typename"]

    order = group.bought(goods=[{"productId": group.mug}])["id"]
    assert [kind(group.visitor, id) for id in (group.mug, group.edition, group.site, group.web)] == [
        "Product",
        "Edition",
        "Site",
        "Outlet",
    ]
    assert kind(group.guest, group.basket()) == "Basket"
    assert kind(group.till, order) == kind(group.finance, order) == kind(group.office, order) == "Order"
    assert kind(group.guest, order) is None
    assert kind(group.office, group.licence) == "Licence"
    assert kind(group.visitor, group.licence) is None
    assert kind(group.visitor, "nonsense") is None
