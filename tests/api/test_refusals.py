"""A refusal and its twin state the same facts; what a mutation does not name stays hidden."""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Literal
from uuid import UUID

import pytest
import strawberry
from calling import Client, codes
from kiosk import OutOfStock, kiosk, sold

from souvenir.api.identity import global_id
from souvenir.api.refusals import UserError, at, graphql_type, mutation, tell, twin
from souvenir.api.scalars import schema_config
from souvenir.kernel.errors import MalformedInput, SouvenirError
from souvenir.kernel.money import MalformedMoney, Money

client = Client(kiosk())
PRODUCT = global_id("Product", UUID(int=5))

BUY = """
mutation ($input: BuyInput!) {
  buy(input: $input) {
    __typename
    ... on UserError { code message path }
    ... on OutOfStock { productId since wanted price { amount currency } }
    ... on BuyPayload { total { amount amountMinor currency } replayed }
  }
}
"""


def buy(quantity=1, product=PRODUCT, amount="5.00", currency="CNY"):
    offer = {"amount": amount, "currency": currency}
    given = {"idempotencyKey": "1", "productId": product, "quantity": quantity, "offer": offer}
    return client.post(BUY, variables={"input": given})


def test_what_was_done_is_the_payload():
    assert buy(2).json()["data"]["buy"] == {
        "__typename": "BuyPayload",
        "total": {"amount": "10.00", "amountMinor": "1000", "currency": "CNY"},
        "replayed": False,
    }


def test_a_refusal_is_a_member_of_the_result_with_its_facts_and_status_200():
    sold.clear()
    response = buy(3)
    assert response.status_code == 200
    assert response.json() == {
        "data": {
            "buy": {
                "__typename": "OutOfStock",
                "code": "OUT_OF_STOCK",
                "message": "Product 00000000-0000-0000-0000-000000000005 is sold out since 2025-05-15: "
                "3 wanted at 5.00 CNY.",
                "path": [],
                "productId": PRODUCT,
                "since": "2025-05-15",
                "wanted": 3,
                "price": {"amount": "5.00", "currency": "CNY"},
            }
        }
    }
    assert sold == []


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"product": "zzz"}, "MALFORMED_INPUT"),
        ({"product": global_id("Order", UUID(int=5))}, "MALFORMED_INPUT"),
        ({"product": ""}, "MALFORMED_INPUT"),
        ({"product": "é" * 200}, "MALFORMED_INPUT"),
        ({"amount": "5.001"}, "MALFORMED_MONEY"),
        ({"amount": "NaN"}, "MALFORMED_MONEY"),
        ({"amount": "1e400"}, "MALFORMED_MONEY"),
        ({"amount": ""}, "MALFORMED_MONEY"),
        ({"currency": "XYZ"}, "UNKNOWN_CURRENCY"),
    ],
)
def test_input_that_makes_no_sense_is_refused_in_the_result(bad, code):
    sold.clear()
    answer = buy(**bad).json()["data"]["buy"]
    assert answer["code"] == code
    assert sold == []


def test_an_id_that_cannot_be_read_says_which_field_it_was_in():
    assert buy(product="zzz").json()["data"]["buy"]["path"] == ["input", "productId"]


def test_a_refusal_its_mutation_does_not_name_is_masked(caplog):
    response = buy(404)
    assert codes(response) == ["INTERNAL_SERVER_ERROR"]
    assert "Nobody expects" not in response.text
    assert "buy does not name NeverNamed" in caplog.text


class Mood(Enum):
    GOOD = "good"


class EveryFact(SouvenirError):
    message = "All of it: {words}."
    words: str
    count: int
    sure: bool
    edition_id: UUID
    on: date
    since: datetime
    rate: Decimal
    due: Money
    mood: Mood
    kind: Literal["a", "b"]
    maybe: str | None
    piece_ids: tuple[UUID, ...]


def test_every_kind_of_fact_has_a_graphql_type():
    @strawberry.type
    class AskPayload:
        done: bool

    @strawberry.type
    class Query:
        done: bool

    @strawberry.type
    class Mutation:
        @mutation(EveryFact)
        def ask(self) -> AskPayload:
            """Ask."""
            return AskPayload(done=True)

    schema = strawberry.Schema(query=Query, mutation=Mutation, config=schema_config())
    fields = {name: str(field.type) for name, field in schema._schema.type_map["EveryFact"].fields.items()}
    assert fields == {
        "code": "String!",
        "message": "String!",
        "path": "[String!]!",
        "words": "String!",
        "count": "Int!",
        "sure": "Boolean!",
        "editionId": "ID!",
        "on": "Date!",
        "since": "DateTime!",
        "rate": "Decimal!",
        "due": "Money!",
        "mood": "String!",
        "kind": "String!",
        "maybe": "String",
        "pieceIds": "[ID!]!",
    }


def test_facts_are_told_as_graphql_serves_them():
    told = tell(
        EveryFact(
            words="w",
            count=1,
            sure=True,
            edition_id=UUID(int=7),
            on=date(2025, 5, 15),
            since=datetime(2025, 5, 15, tzinfo=UTC),
            rate=Decimal("0.085"),
            due=Money(4518, "CNY"),
            mood=Mood.GOOD,
            kind="a",
            maybe=None,
            piece_ids=(UUID(int=8),),
        )
    )
    assert isinstance(told, UserError)
    assert told.edition_id == global_id("Edition", UUID(int=7))
    assert told.piece_ids == [global_id("Piece", UUID(int=8))]
    assert (told.mood, told.due.amount_minor, told.code) == ("good", 4518, "EVERY_FACT")


def test_a_fact_without_a_graphql_type_stops_the_start():
    with pytest.raises(AssertionError, match="has no GraphQL type"):
        graphql_type(complex)


def test_one_refusal_has_one_twin_for_all_schemas():
    assert twin(OutOfStock) is twin(OutOfStock)
    assert twin(OutOfStock).__name__ == "OutOfStock"


def test_a_refusal_raised_while_reading_a_field_is_about_that_field_unless_it_knows_better():
    with pytest.raises(MalformedMoney) as caught, at("input", "price"):
        Money.of("x", "CNY")
    assert caught.value.path == ("input", "price")
    with pytest.raises(MalformedInput) as knows, at("input"):
        raise MalformedInput(expected="date", value="x").at("input", "on")
    assert knows.value.path == ("input", "on")
