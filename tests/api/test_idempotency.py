"""The same key acts once: the same input repeats the first answer, another input is a typed conflict."""

from typing import Any

import pytest
import strawberry
from calling import Client
from trading import Group, cny, words

from souvenir.api.desk import content


def test_a_repeated_sale_is_the_first_sale(group: Group):
    sale = {"idempotencyKey": "sale-1", "tender": "CASH", "goods": [{"productId": group.mug}]}
    first = group.till.do("sellAtTill", **sale)
    head = group.shop.log.head()
    again = group.till.do("sellAtTill", **sale)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["order"] == first["order"]
    assert group.shop.log.head() == head


def test_what_is_told_at_once_is_told_again(group: Group):
    """The first answer is of what the command left behind, the second of what is loaded."""

    def twice(operation: str, **input: object) -> dict[str, Any]:
        first, again = (group.guest.do(operation, idempotencyKey=operation, **input) for _ in range(2))
        assert (first.pop("replayed"), again.pop("replayed")) == (False, True)
        assert first == again
        return first

    basket = twice("openBasket", outletId=group.web)["basket"]["id"]
    twice("holdPiece", basketId=basket, editionId=group.edition)
    order = twice("placeOrder", basketId=basket)["order"]["id"]
    twice("pay", orderId=order, tender="CARD", provider="sandbox", source="tok_visa")


def test_of_two_mutations_in_one_request_the_second_is_told_as_it_left_things(group: Group):
    basket = group.basket()
    query = """mutation ($basket: ID!, $edition: ID!, $pen: ID!) {
      holdPiece(input: {idempotencyKey: "1", basketId: $basket, editionId: $edition}) { __typename }
      setQuantity(input: {idempotencyKey: "2", basketId: $basket, productId: $pen, quantity: 2}) {
        ... on SetQuantityPayload { basket { items { quantity } pieces { number } } }
      }
    }"""
    variables = {"basket": basket, "edition": group.edition, "pen": group.pen}
    headers = {"authorization": f"Bearer {group.guest.token}"}
    client = Client(group.app)
    answer = client.request(
        "POST", "/graphql/storefront", headers, json={"query": query, "variables": variables}
    ).json()
    assert answer["data"]["setQuantity"] == {"basket": {"items": [{"quantity": 2}], "pieces": [{"number": 101}]}}


def test_another_input_under_the_same_key_is_a_conflict_and_nothing_is_recorded(group: Group):
    group.till.do("sellAtTill", idempotencyKey="sale-1", tender="CASH", goods=[{"productId": group.mug}])
    head = group.shop.log.head()
    for changed in ({"tender": "CARD"}, {"goods": [{"productId": group.pen}]}, {"on": "2025-05-14"}):
        sale = {"tender": "CASH", "goods": [{"productId": group.mug}], **changed}
        refused = group.till.try_to("sellAtTill", idempotencyKey="sale-1", **sale)
        assert (refused["__typename"], refused["code"]) == ("IdempotencyConflict", "IDEMPOTENCY_CONFLICT")
    assert group.shop.log.head() == head


def test_another_mutation_under_the_same_key_is_a_conflict(group: Group):
    basket = group.guest.do("openBasket", idempotencyKey="1", outletId=group.web)["basket"]["id"]
    refused = group.guest.try_to("placeOrder", idempotencyKey="1", basketId=basket)
    assert refused["code"] == "IDEMPOTENCY_CONFLICT"


def test_keys_of_different_callers_never_meet(group: Group):
    other = group.session()
    mine = group.guest.do("openBasket", idempotencyKey="1", outletId=group.web)
    theirs = other.do("openBasket", idempotencyKey="1", outletId=group.web)
    assert theirs["replayed"] is False
    assert mine["basket"]["id"] != theirs["basket"]["id"]


def test_a_payment_repeated_after_a_lost_answer_charges_once(group: Group):
    basket = group.basket()
    group.guest.do("setQuantity", basketId=basket, productId=group.mug, quantity=1)
    order = group.guest.do("placeOrder", basketId=basket)["order"]["id"]
    pay = {"idempotencyKey": "pay", "orderId": order, "tender": "CARD", "provider": "sandbox", "source": "unknown"}
    first, again = group.guest.do("pay", **pay), group.guest.do("pay", **pay)
    assert (first["order"]["state"], again["replayed"]) == ("paid", True)
    assert first["paymentId"] == again["paymentId"]
    assert [move.amount.amount for move in group.sandbox.movements.values()] == ["747.00"]


def test_a_refusal_is_not_remembered(group: Group):
    piece = {"basketId": group.basket(), "editionId": group.edition, "number": 101}
    other = group.session()
    held = other.do("holdPiece", **piece | {"basketId": group.basket(other)})["basket"]["id"]
    assert group.guest.try_to("holdPiece", idempotencyKey="h", **piece)["code"] == "PIECE_HELD_BY_SOMEONE_ELSE"
    other.do("letGo", basketId=held, editionId=group.edition, number=101)
    assert group.guest.do("holdPiece", idempotencyKey="h", **piece)["number"] == 101


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_that_is_none_is_refused(group: Group, key: str):
    refused = group.till.try_to("sellAtTill", idempotencyKey=key, tender="CASH", goods=[{"productId": group.mug}])
    assert (refused["code"], refused["path"]) == ("MALFORMED_INPUT", ["input", "idempotencyKey"])


def test_every_step_of_a_refund_can_be_repeated(group: Group):
    order = group.bought(goods=[{"productId": group.mug, "quantity": 2}])["id"]
    document = {"kind": "passport", "number": "X1", "name": "Ada", "lastEntry": "2025-05-01"}

    def twice(who, operation: str, **input):
        first = who.do(operation, idempotencyKey=operation, **input)
        again = who.do(operation, idempotencyKey=operation, **input)
        assert (first["replayed"], again["replayed"]) == (False, True), operation
        assert first["claim"] == again["claim"]
        return first["claim"]

    form = {"orderIds": [order], "mode": "INSTANT_CENTRALISED", "document": document}
    claim = twice(group.point, "openClaim", **form)["id"]
    twice(group.point, "agreeClaim", claimId=claim)
    twice(group.point, "guaranteeClaim", claimId=claim, provider="sandbox", source="tok")
    twice(group.point, "advanceClaim", claimId=claim, tender="CASH")
    twice(group.desk, "confirmCustoms", claimId=claim, port="PEK", lines=[{"lineNo": 1, "quantity": 2}])
    conflict = group.point.try_to(
        "openClaim", idempotencyKey="openClaim", **form | {"document": document | {"name": "B"}}
    )
    assert conflict["code"] == "IDEMPOTENCY_CONFLICT"


def test_set_up_can_be_repeated_whole(group: Group):
    outlet = {
        "idempotencyKey": "o", "code": "NEW", "kind": "shop", "name": words("New", "新"), "currency": "CNY",
        "region": "CN-BJ", "timeZone": "Asia/Shanghai",
    }  # fmt: skip
    first, again = group.office.do("openOutlet", **outlet), group.office.do("openOutlet", **outlet)
    assert again == first | {"replayed": True}
    priced = {"idempotencyKey": "p", "productId": group.mug, "price": cny("750.00"), "repricedOn": "2025-05-15"}
    assert group.office.do("reprice", **priced)["product"]["price"]["amount"] == "750.00"
    assert group.office.do("reprice", **priced)["replayed"] is True


def test_a_field_that_was_added_later_changes_nothing_of_what_was_sent_before():
    @strawberry.input
    class SellInput:
        idempotency_key: strawberry.ID
        quantity: int
        numbers: list[int] = strawberry.field(default_factory=list)

    before = SellInput(idempotency_key=strawberry.ID("1"), quantity=2)

    @strawberry.input(name="Later")
    class Later:
        idempotency_key: strawberry.ID
        quantity: int
        numbers: list[int] = strawberry.field(default_factory=list)
        gift: bool = strawberry.field(default=False)

    Later.__name__ = "SellInput"
    after = Later(idempotency_key=strawberry.ID("1"), quantity=2)
    gift = Later(idempotency_key=strawberry.ID("1"), quantity=2, gift=True)
    assert content(before) == content(after) == b'["SellInput",{"quantity":2}]'
    assert content(gift) != content(after)
