"""Bad input, as a till, a website or the back office may send it: each a typed refusal with its facts, nothing recorded."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop
from wires import InProcess

from souvenir.api.identity import global_id
from souvenir.demo.desk import Desk
from souvenir.kernel.clock import SettableClock
from souvenir.payments.payment import Tender
from souvenir.processes.enrol_device import enrol_device, expect_device
from souvenir.processes.make_order import Item
from souvenir.sites.site import site_id
from souvenir.testing import clock_at


@dataclass
class Counter:
    """A small shop with its desks, and the ids the API knows things by."""

    small: SmallShop
    now: SettableClock
    till: Desk
    office: Desk
    visitor: Desk

    def id(self, kind: str, name: str) -> str:
        return global_id(kind, getattr(self.small, name))

    def sold(self, mugs: int) -> str:
        """An order of so many mugs, at the till."""
        order = self.small.shop.sell.at_till(
            self.small.counter, TILL, [Item(self.small.mug, mugs)], Tender.CASH, on=TODAY
        )
        return global_id("Order", order.result)


@pytest.fixture
def counter(tmp_path):
    with clock_at(MORNING) as now:
        small = open_small_shop(f"sqlite:///{tmp_path / 'shop.db'}")
        shop, wire = small.shop, InProcess(small.shop.asgi())
        device = enrol_device(shop.log, expect_device(shop.log, small.counter, TILL).result.code).result.token
        manager = shop.access.engage("manager-1", ["manager", "refund_desk"]).result
        visitor = Desk(wire, "storefront")
        visitor.token = visitor.ask("openGuestSession")["token"]
        office = shop.access.give_staff_token(manager, "backoffice").result.token
        yield Counter(small, now, Desk(wire, "pos", device), Desk(wire, "backoffice", office), visitor)
        shop.close()


def answer(desk: Desk, operation: str, key: str = "a key", **fields: Any) -> dict[str, Any]:
    """What the API says, refusal or not."""
    body = {"documentId": operation, "variables": {"input": {"idempotencyKey": key, **fields}}}
    response = desk._wire(desk.audience, body, desk.token)
    assert "errors" not in response, response
    (said,) = response["data"].values()
    return dict(said)


Case = Callable[[Counter], tuple[Desk, str, dict[str, Any]]]


def till_sale(**fields: Any) -> Callable[[Counter], tuple[Desk, str, dict[str, Any]]]:
    return lambda counter: (counter.till, "sellAtTill", {"tender": "CASH", **fields})


def claim(mugs: int = 10, entered: date = TODAY, kind: str = "passport") -> Case:
    def case(counter: Counter) -> tuple[Desk, str, dict[str, Any]]:
        document = {"kind": kind, "number": "E1", "name": "A", "lastEntry": entered.isoformat()}
        return counter.till, "openClaim", {"orderIds": [counter.sold(mugs)], "mode": "DEPARTURE", "document": document}

    return case


def product(**fields: Any) -> Case:
    def case(counter: Counter) -> tuple[Desk, str, dict[str, Any]]:
        words = [{"language": "en", "text": "Spoon"}]
        listing = {
            "sku": "SPOON", "name": words, "story": words, "originSiteId": global_id("Site", site_id("ENAMEL")),
            "price": {"amount": "10.00", "currency": "CNY"}, "vatCategory": "standard", "category": "cutlery",
            "listedOn": TODAY.isoformat(), **fields,
        }  # fmt: skip
        return counter.office, "listProduct", listing

    return case


def closed_edition(counter: Counter) -> tuple[Desk, str, dict[str, Any]]:
    counter.small.shop.editions.close(counter.small.edition, "window over", TODAY)
    return hold(counter)


def hold(counter: Counter) -> tuple[Desk, str, dict[str, Any]]:
    basket = counter.visitor.do("openBasket", outletId=counter.id("Outlet", "web"))["basket"]["id"]
    return (
        counter.visitor,
        "holdPiece",
        {"basketId": basket, "editionId": counter.id("Edition", "edition"), "number": 3},
    )


def number_already_sold(counter: Counter) -> tuple[Desk, str, dict[str, Any]]:
    sale = till_sale(pieces=[{"editionId": counter.id("Edition", "edition"), "number": 1}])
    desk, operation, fields = sale(counter)
    desk.do(operation, **fields)
    return desk, operation, fields


def expired_hold(counter: Counter) -> tuple[Desk, str, dict[str, Any]]:
    desk, operation, fields = hold(counter)
    desk.do(operation, **fields)
    counter.now.move_to(MORNING + timedelta(minutes=16))
    other, operation, taken = hold(counter)
    other.do(operation, **taken)
    return desk, "placeOrder", {"basketId": fields["basketId"]}


def lapsed_licence(counter: Counter) -> tuple[Desk, str, dict[str, Any]]:
    counter.now.move_to(MORNING.replace(year=2027, month=1, day=1))
    return till_sale(pieces=[{"editionId": counter.id("Edition", "edition"), "number": 1}])(counter)


CASES: dict[str, tuple[Case, str]] = {
    "an unknown id": (till_sale(goods=[{"productId": global_id("Product", UUID(int=7))}]), "NOT_FOUND"),
    "an id of another kind": (lambda c: till_sale(goods=[{"productId": c.id("Outlet", "web")}])(c), "MALFORMED_INPUT"),
    "a malformed amount": (product(price={"amount": "10.005", "currency": "CNY"}), "MALFORMED_MONEY"),
    "an unknown currency": (product(price={"amount": "10.00", "currency": "XXX"}), "UNKNOWN_CURRENCY"),
    "a wrong check digit": (product(gtin="6901234567893"), "MALFORMED_GTIN"),
    "an expired hold that somebody else took": (expired_hold, "PIECE_HELD_BY_SOMEONE_ELSE"),
    "a number already sold": (number_already_sold, "PIECE_ALREADY_SOLD"),
    "a traveller who stayed 184 days": (claim(entered=TODAY - timedelta(days=184)), "STAY_TOO_LONG"),
    "a document that does not entitle": (claim(kind="library_card"), "DOCUMENT_NOT_ACCEPTED"),
    "a total below the threshold": (claim(mugs=1), "BELOW_MINIMUM_PURCHASE"),
    "a closed edition": (closed_edition, "EDITION_CLOSED"),
    "a licence that lapsed yesterday": (lapsed_licence, "LICENCE_LAPSED"),
}


@pytest.mark.parametrize("what", CASES)
def test_it_is_refused_with_its_code_and_a_sentence_and_nothing_is_recorded(counter, what):
    case, code = CASES[what]
    desk, operation, fields = case(counter)
    before = counter.small.shop.log.head()
    said = answer(desk, operation, **fields)
    assert said["code"] == code
    assert said["message"].endswith(".")
    assert counter.small.shop.log.head() == before


def test_a_total_one_fen_below_the_threshold_is_refused_and_the_threshold_itself_is_not(counter):
    shop = counter.small.shop
    outcomes = []
    for sku, price in (("A", "199.99"), ("B", "200.00")):
        listed = product(sku=sku, price={"amount": price, "currency": "CNY"})(counter)
        goods = answer(*listed[:2], key=sku, **listed[2])["product"]["id"]
        order = counter.till.do("sellAtTill", tender="CASH", goods=[{"productId": goods}])["order"]["id"]
        document = {"kind": "passport", "number": f"E{sku}", "name": "A", "lastEntry": TODAY.isoformat()}
        said = answer(counter.till, "openClaim", key=f"{sku}2", orderIds=[order], mode="DEPARTURE", document=document)
        outcomes.append(said.get("code", "opened"))
    assert outcomes == ["BELOW_MINIMUM_PURCHASE", "opened"]
    assert shop.differences() == []


def test_goods_that_are_not_refundable_bring_no_refund(counter):
    listed = product(price={"amount": "500.00", "currency": "CNY"}, refundable=False)(counter)
    goods = answer(*listed[:2], **listed[2])["product"]["id"]
    order = counter.till.do("sellAtTill", tender="CASH", goods=[{"productId": goods}])["order"]["id"]
    document = {"kind": "passport", "number": "E1", "name": "A", "lastEntry": TODAY.isoformat()}
    said = answer(counter.till, "openClaim", orderIds=[order], mode="DEPARTURE", document=document)
    assert said["code"] == "GOODS_NOT_REFUNDABLE"


def test_a_replayed_command_with_changed_content_is_refused(counter):
    goods = [{"productId": counter.id("Product", "mug")}]
    first = answer(counter.till, "sellAtTill", tender="CASH", goods=goods)
    again = answer(counter.till, "sellAtTill", tender="CASH", goods=goods)
    before = counter.small.shop.log.head()
    changed = answer(counter.till, "sellAtTill", tender="CARD", goods=goods)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["order"] == again["order"]
    assert changed["code"] == "IDEMPOTENCY_CONFLICT"
    assert counter.small.shop.log.head() == before


def test_a_token_of_another_audience_opens_no_door(counter):
    before = counter.small.shop.log.head()
    for audience in ("storefront", "finance", "backoffice"):
        body = {"documentId": "till", "variables": {}}
        said = counter.till._wire(audience, body, counter.till.token)
        assert said["errors"][0]["extensions"]["refusal"]["code"] == "TOKEN_OF_ANOTHER_AUDIENCE"
    assert counter.small.shop.log.head() == before


def test_the_desk_of_a_refund_point_sells_nothing(counter):
    shop = counter.small.shop
    point = shop.sites.open_outlet(
        code="POINT", kind="refund_point", name={"en": "Refund point"}, site_id=None, region="CN-BJ",
        time_zone="Asia/Shanghai", currency="CNY",
    ).result  # fmt: skip
    shop.sites.install_till(point, "R1")
    desk = Desk(
        counter.till._wire, "pos", enrol_device(shop.log, expect_device(shop.log, point, "R1").result.code).result.token
    )
    said = answer(desk, "sellAtTill", tender="CASH", goods=[{"productId": counter.id("Product", "mug")}])
    assert (said["code"], said["message"]) == (
        "NOT_A_SHOP", "POINT is no shop: it has a desk, but sells nothing over the counter.",
    )  # fmt: skip
