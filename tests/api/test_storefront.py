"""At the storefront: look around without a token, hold a number, order, pay; and what is refused, with nothing recorded."""

from datetime import timedelta
from uuid import UUID

import pytest
from trading import Group, words

from souvenir.api.identity import global_id


def test_a_visitor_looks_around_without_a_token_and_reads_in_their_language(group: Group):
    page = group.visitor.ask("products", first=2)
    assert [edge["node"]["sku"] for edge in page["edges"]] == ["MUG", "PEN"]
    rest = group.visitor.ask("products", first=50, after=page["pageInfo"]["endCursor"])
    assert [edge["node"]["sku"] for edge in rest["edges"]] == ["SCARF", "TIN", "VASE"]
    assert rest["pageInfo"]["hasNextPage"] is False

    def name(languages: str):
        return group.visitor.send("product", languages, id=group.mug).json()["data"]["product"]["name"]

    assert name("en") == {"text": "Mug", "language": "en", "isFallback": False}
    assert name("zh-CN") == {"text": "商品MUG", "language": "zh-Hans", "isFallback": False}
    assert name("fr") == {"text": "商品MUG", "language": "zh-Hans", "isFallback": True}


def test_a_product_tells_where_it_comes_from_and_its_editions(group: Group):
    vase = group.visitor.ask("product", id=group.vase)
    assert vase["origin"]["story"]["text"] == "Since 1956."
    (edition,) = vase["editions"]
    assert (edition["size"], edition["proofs"]["artists"], edition["state"]) == (500, 10, "on sale")


def test_a_number_is_held_paid_for_and_certified(group: Group):
    basket = group.basket()
    group.guest.do("setQuantity", basketId=basket, productId=group.mug, quantity=2)
    held = group.guest.do("holdPiece", basketId=basket, editionId=group.edition, number=102)
    assert held["number"] == 102
    assert [(item["quantity"], item["product"]["sku"]) for item in held["basket"]["items"]] == [(2, "MUG")]
    placed = group.guest.do("placeOrder", basketId=basket)["order"]
    assert (placed["state"], placed["total"]["amount"], placed["vat"]["amount"]) == ("placed", "2624.00", "301.88")
    paid = group.guest.do("pay", orderId=placed["id"], tender="CARD", provider="sandbox", source="tok")
    assert paid["order"]["state"] == "paid"

    order = group.guest.ask("order", id=placed["id"])
    (certificate,) = order["certificates"]
    assert (certificate["number"], certificate["size"], certificate["revokedOn"]) == (102, 500, None)
    for shown in (certificate["text"], certificate["link"]):
        verdict = group.visitor.ask("verifyCertificate", textOrLink=shown)
        assert (verdict["number"], verdict["serial"], verdict["stands"]) == (102, certificate["serial"], True)
    assert [key["keyId"] for key in group.visitor.ask("certificateKeys")] == [certificate["keyId"]]


def test_a_certificate_that_is_none_or_was_altered_is_said_to_be_so(group: Group):
    group.bought(pieces=[{"editionId": group.edition, "number": 7}])
    assert group.visitor.ask("verifyCertificate", textOrLink="hello")["code"] == "MALFORMED_CERTIFICATE"
    order = group.till.ask("orders")["edges"][0]["node"]["orderId"]
    link = group.till.ask("order", id=order)["certificates"][0]["link"]
    assert (
        group.visitor.ask("verifyCertificate", textOrLink=link.replace("n=7&", "n=8&"))["code"] == "FORGED_CERTIFICATE"
    )


def test_an_edition_says_what_is_left_and_why_not(group: Group):
    def availability(outlet: str):
        return group.visitor.ask("edition", id=group.edition, outletId=outlet)["availability"]

    web = availability(group.web)
    assert (web["available"], web["free"], web["authorised"], web["unallotted"]) == (True, 3, 500, 397)
    assert web["problems"] == []
    assert [problem["code"] for problem in availability(group.park)["problems"]] == ["NOT_ALLOTTED_HERE"]
    basket = group.basket()
    for _ in range(3):
        group.guest.do("holdPiece", basketId=basket, editionId=group.edition)
    web = availability(group.web)
    assert (web["available"], web["free"], web["held"]) == (False, 0, 3)
    assert [problem["code"] for problem in web["problems"]] == ["ONLY_RESERVED_LEFT"]


def test_two_visitors_cannot_hold_one_number(group: Group):
    other = group.session()
    group.guest.do("holdPiece", basketId=group.basket(), editionId=group.edition, number=101)
    refused = other.try_to("holdPiece", basketId=group.basket(other), editionId=group.edition, number=101)
    assert refused["code"] == "PIECE_HELD_BY_SOMEONE_ELSE"


def test_a_number_let_go_is_free_again(group: Group):
    basket = group.basket()
    group.guest.do("holdPiece", basketId=basket, editionId=group.edition, number=101)
    assert group.guest.do("letGo", basketId=basket, editionId=group.edition, number=101)["basket"]["pieces"] == []
    other = group.session()
    assert other.do("holdPiece", basketId=group.basket(other), editionId=group.edition, number=101)["number"] == 101


def test_an_expired_hold_that_someone_else_took_is_refused_when_ordering(group: Group, time):
    basket, other = group.basket(), group.session()
    group.guest.do("holdPiece", basketId=basket, editionId=group.edition, number=101)
    time.move_to(time() + timedelta(minutes=16))
    other.do("holdPiece", basketId=group.basket(other), editionId=group.edition, number=101)
    assert group.guest.try_to("placeOrder", basketId=basket)["code"] == "PIECE_HELD_BY_SOMEONE_ELSE"


@pytest.mark.parametrize(
    ("outlet", "code"), [("nonsense", "MALFORMED_INPUT"), (global_id("Outlet", UUID(int=1)), "NOT_FOUND")]
)
def test_an_outlet_that_is_none_is_refused(group: Group, outlet: str, code: str):
    assert group.guest.try_to("openBasket", outletId=outlet)["code"] == code


def test_what_a_basket_cannot_hold_is_refused(group: Group):
    basket = group.basket()

    def code(operation: str, **input):
        return group.guest.try_to(operation, basketId=basket, **input)["code"]

    assert code("setQuantity", productId=group.vase, quantity=1) == "NOT_THAT_WAY"
    assert code("setQuantity", productId=group.mug, quantity=1000) == "BASKET_FULL"
    assert code("holdPiece", editionId=group.edition, number=501) == "NUMBER_OUTSIDE_RUN"
    assert code("holdPiece", editionId=group.edition, number=1) == "NOT_ALLOTTED_HERE"
    assert code("holdPiece", editionId=group.edition, space="HORS_COMMERCE") == "NOT_FOR_SALE"
    assert code("placeOrder") == "ORDER_IS_EMPTY"
    group.office.do("withdrawProduct", productId=group.pen, withdrawnOn="2025-05-15", reason="season over")
    assert code("setQuantity", productId=group.pen, quantity=1) == "PRODUCT_WITHDRAWN"
    group.office.do("closeEdition", editionId=group.edition, reason="window over", closedOn="2025-05-15")
    assert code("holdPiece", editionId=group.edition) == "EDITION_CLOSED"
    assert group.guest.ask("basket", id=basket)["items"] == []


def test_a_lapsed_licence_stops_the_order(group: Group, time):
    basket = group.basket()
    group.guest.do("setQuantity", basketId=basket, productId=group.scarf, quantity=1)
    time.move_to(time() + timedelta(days=240))
    refused = group.session()
    assert refused.try_to("placeOrder", basketId=basket)["code"] == "NOT_YOUR_BASKET"
    group.guest.token = group.shop.access.open_guest_session().token
    new = group.basket()
    group.guest.do("setQuantity", basketId=new, productId=group.scarf, quantity=1)
    assert group.guest.try_to("placeOrder", basketId=new)["code"] == "LICENCE_LAPSED"


def test_a_declined_card_is_refused_and_the_order_can_be_paid_with_another(group: Group):
    basket = group.basket()
    group.guest.do("setQuantity", basketId=basket, productId=group.mug, quantity=1)
    order = group.guest.do("placeOrder", basketId=basket)["order"]["id"]
    card = {"orderId": order, "tender": "CARD", "provider": "sandbox"}
    assert group.guest.try_to("pay", **card, source="decline")["code"] == "PAYMENT_DECLINED"
    assert group.guest.ask("order", id=order)["state"] == "placed"
    assert group.guest.do("pay", **card, source="tok")["order"]["state"] == "paid"
    assert group.guest.try_to("pay", **card, source="tok")["code"] == "ORDER_ALREADY_PAID"
    assert len(group.sandbox.movements) == 1


@pytest.mark.parametrize(("provider", "code"), [("cash", "MALFORMED_INPUT"), ("nobody", "UNKNOWN_PROVIDER")])
def test_nobody_pays_in_cash_from_afar(group: Group, provider: str, code: str):
    basket = group.basket()
    group.guest.do("setQuantity", basketId=basket, productId=group.mug, quantity=1)
    order = group.guest.do("placeOrder", basketId=basket)["order"]["id"]
    refused = group.guest.try_to("pay", orderId=order, tender="CARD", provider=provider, source="tok")
    assert refused["code"] == code
    assert group.guest.ask("order", id=order)["state"] == "placed"


def test_another_sessions_basket_and_order_are_nobodys_business(group: Group):
    basket, thief = group.basket(), group.session()
    group.guest.do("setQuantity", basketId=basket, productId=group.mug, quantity=1)

    def codes(thing: str, id: str):
        return [error["extensions"]["refusal"]["code"] for error in thief.send(thing, id=id).json()["errors"]]

    assert codes("basket", basket) == ["NOT_YOUR_BASKET"]
    for operation, more in (
        ("setQuantity", {"productId": group.mug, "quantity": 9}),
        ("holdPiece", {"editionId": group.edition}),
        ("letGo", {"editionId": group.edition, "number": 101}),
        ("placeOrder", {}),
    ):
        assert thief.try_to(operation, basketId=basket, **more)["code"] == "NOT_YOUR_BASKET"
    order = group.guest.do("placeOrder", basketId=basket)["order"]["id"]
    assert codes("order", order) == ["NOT_YOUR_BASKET"]
    stolen = thief.try_to("pay", orderId=order, tender="CARD", provider="sandbox", source="tok")
    assert stolen["code"] == "NOT_YOUR_BASKET"
    assert group.guest.ask("order", id=order)["state"] == "placed"


def test_an_order_of_the_till_is_no_order_of_the_storefront(group: Group):
    order = group.bought(goods=[{"productId": group.mug}])["id"]
    errors = group.guest.send("order", id=order).json()["errors"]
    assert [error["extensions"]["refusal"]["code"] for error in errors] == ["NOT_FOUND"]


def test_a_basket_needs_a_session(group: Group):
    assert group.visitor.try_to("openBasket", outletId=group.web)["code"] == "NO_SESSION"


def test_what_was_listed_a_moment_ago_is_read_at_once(group: Group):
    listed = group.office.do(
        "listProduct", sku="NEW", name=words("New", "新"), story=words("S", "故事"), originSiteId=group.site,
        price={"amount": "1.00", "currency": "CNY"}, vatCategory="standard", category="toys", listedOn="2025-05-15",
    )  # fmt: skip
    assert listed["product"]["sku"] == "NEW"
    assert "NEW" in [edge["node"]["sku"] for edge in group.office.ask("products")["edges"]]
