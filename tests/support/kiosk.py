"""A kiosk: the smallest schema that has everything the view, the limits and the refusals must cope with."""

import time
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import strawberry
from starlette.applications import Starlette
from starlette.routing import Route

from souvenir.api.audience import Audience
from souvenir.api.connections import After, Connection, First, page
from souvenir.api.http.faults import coded
from souvenir.api.http.view import GraphQLView, Settings
from souvenir.api.http.workers import Workers
from souvenir.api.identity import Node, global_id, read_id
from souvenir.api.refusals import mutation
from souvenir.api.scalars import schema_config
from souvenir.api.types import Info, LocalizedText, Money, MoneyInput, visit
from souvenir.kernel import money
from souvenir.kernel.errors import MalformedInput, SouvenirError

SHELF = UUID("0193a000-0000-7000-8000-000000000001")


class OutOfStock(SouvenirError):
    message = "Product {product_id} is sold out since {since}: {wanted} wanted at {price}."
    product_id: UUID
    since: date
    wanted: int
    price: money.Money


class NeverNamed(SouvenirError):
    message = "Nobody expects this."


@strawberry.type
class Souvenir(Node):
    number: int
    price: Money
    name: LocalizedText

    @strawberry.field
    def related(self, info: Info, first: First = 20, after: After = None) -> Connection["Souvenir"]:
        return shelf(info, first, after)


def souvenir(info: Info, number: int) -> Souvenir:
    return Souvenir(
        id=global_id("Souvenir", UUID(int=number)),
        number=number,
        price=Money.of(money.Money(number * 100, "CNY")),
        name=LocalizedText.of({"zh-Hans": "珐琅瓶", "en": "Enamel vase"}, visit(info).languages),
    )


def shelf(info: Info, first: int, after: str | None) -> Connection[Souvenir]:
    return page(
        lambda start, limit: list(range((start or 0) + 1, 251))[:limit],
        key=lambda n: (str(n),),
        node=lambda n: souvenir(info, n),
        first=first,
        after=after,
        sort="number",
        read=int,
    )


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    def add(self, a: int, b: int = 1) -> int:
        return a + b

    @strawberry.field
    def souvenirs(self, info: Info, first: First = 20, after: After = None) -> Connection[Souvenir]:
        return shelf(info, first, after)

    @strawberry.field
    def node(self, id: strawberry.ID) -> str:
        return str(read_id("Souvenir", id, "id"))

    @strawberry.field
    def me(self, info: Info) -> str | None:
        caller = visit(info).caller
        return str(caller.id) if caller else None

    @strawberry.field
    def books(self, info: Info) -> str:
        visit(info).require("accountant")
        return "balanced"

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("the password is hunter2")

    @strawberry.field
    def broken_for_good(self) -> str:
        raise RuntimeError("the password is hunter2")

    @strawberry.field
    def coded(self) -> str | None:
        raise coded("Come back on Monday.", "CLOSED")

    @strawberry.field
    def sleepy(self, seconds: float) -> str:
        time.sleep(seconds)
        return "awake"


@strawberry.input
class BuyInput:
    idempotency_key: strawberry.ID
    product_id: strawberry.ID
    quantity: int
    offer: MoneyInput


@strawberry.type
class BuyPayload:
    total: Money
    replayed: bool = False


sold: list[int] = []


@strawberry.type
class Mutation:
    @mutation(OutOfStock, MalformedInput, money.MalformedMoney, money.UnknownCurrency)
    def buy(self, input: BuyInput) -> BuyPayload:
        """Buy some of a product."""
        product_id = read_id("Product", input.product_id, "input", "productId")
        offer = input.offer.money()
        if input.quantity == 404:
            raise NeverNamed()
        if input.quantity > 2:
            raise OutOfStock(product_id=product_id, since=date(2025, 5, 15), wanted=input.quantity, price=offer)
        sold.append(input.quantity)
        return BuyPayload(total=Money.of(offer * input.quantity))


schema = strawberry.Schema(query=Query, mutation=Mutation, config=schema_config())


@dataclass(frozen=True)
class Visitor:
    audience: str
    id: str
    roles: frozenset[str] = frozenset()
    outlet_id: UUID | None = None
    till: str | None = None


@dataclass
class Tokens:
    """An authenticator that knows its tokens by heart."""

    known: dict[tuple[str, str], Visitor] = field(default_factory=dict)

    def authenticate(self, audience: str, token: str) -> Visitor | None:
        return self.known.get((audience, token))


TOKENS = Tokens(
    {
        ("storefront", "guest-1"): Visitor("storefront", "session-1"),
        ("pos", "till-1"): Visitor("pos", "device-1", till="1"),
        ("finance", "clerk-1"): Visitor("finance", "staff-1", frozenset({"accountant"})),
        ("finance", "trainee-1"): Visitor("finance", "staff-2"),
        ("backoffice", "curator-1"): Visitor("backoffice", "staff-3", frozenset({"curator"})),
    }
)

TRUSTED = {
    "hello": "query Hello($name: String!) { hello(name: $name) }",
    "buy": "mutation Buy($input: BuyInput!) { buy(input: $input) { __typename ... on BuyPayload { total { amount } } } }",
    "shelf": "query Shelf($first: Int!) { souvenirs(first: $first) { edges { node { number } } } }",
}


def kiosk(settings: Settings | None = None, workers: Workers | None = None) -> Starlette:
    """One endpoint for each audience, all over the toy schema."""
    workers = workers or Workers(threads=4)
    return Starlette(
        routes=[
            Route(
                audience.path,
                GraphQLView(
                    audience,
                    schema._schema,
                    authenticator=TOKENS,
                    trusted=TRUSTED,
                    settings=settings,
                    workers=workers,
                ),
            )
            for audience in Audience
        ]
    )
