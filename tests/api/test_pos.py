"""At the till: scan, sell, take back; a device acts for the one outlet where it stands."""

from datetime import timedelta

import pytest
from trading import Counterpart, Group, cny


def test_a_device_is_paired_with_a_code_that_is_good_once(group: Group):
    expected = group.office.ask("expectDevice", input={"outletId": group.park, "till": "T1"})
    newcomer = Counterpart(group.app, "pos", expected["code"])
    assert newcomer.send("products").json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    enrolled = newcomer.ask("enrolDevice")
    assert (enrolled["outletId"], enrolled["till"]) == (group.park, "T1")
    assert newcomer.send("enrolDevice").status_code == 401
    device = Counterpart(group.app, "pos", enrolled["token"])
    assert device.ask("till")["outlet"]["code"] == "PARK"
    assert device.send("enrolDevice").json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    occupied = group.office.ask("expectDevice", input={"outletId": group.park, "till": "T1"})
    assert occupied["code"] == "TILL_HAS_DEVICE"
    group.office.do("revokeDevice", deviceId=enrolled["deviceId"], reason="lost")
    assert device.send("till").status_code == 401


def test_a_pairing_code_ends_after_a_quarter_of_an_hour(group: Group, time):
    expected = group.office.ask("expectDevice", input={"outletId": group.park, "till": "T1"})
    time.move_to(time() + timedelta(minutes=15))
    assert Counterpart(group.app, "pos", expected["code"]).ask("enrolDevice")["code"] == "PAIRING_CODE_EXPIRED"


def test_a_code_opens_only_the_tills_door(group: Group):
    expected = group.office.ask("expectDevice", input={"outletId": group.park, "till": "T1"})
    for audience in ("storefront", "finance", "backoffice"):
        assert Counterpart(group.app, audience, expected["code"]).send("products").status_code == 403


def test_open_goods_are_scanned_and_sold_for_cash(group: Group):
    scanned = group.till.ask("scan", code="6901234567892")
    assert (scanned["__typename"], scanned["product"]["sku"], scanned["piece"]) == ("ScannedProduct", "MUG", None)
    order = group.bought(goods=[{"productId": scanned["product"]["id"], "quantity": 2}])
    assert (order["state"], order["channel"], order["till"], order["tender"]) == ("paid", "shop", "T1", "cash")
    assert (order["total"]["amount"], order["vat"]["amount"]) == ("1494.00", "171.88")


def test_a_numbered_piece_is_sold_by_scan_and_its_certificate_scans_too(group: Group):
    scanned = group.till.ask("scan", code="(01)04006381333931(21)17")
    piece = scanned["piece"]
    assert (piece["number"], piece["status"]) == (17, "free")
    order = group.bought(pieces=[{"editionId": piece["editionId"], "number": piece["number"]}], tender="CARD")
    assert order["lines"][0]["number"] == 17
    (certificate,) = group.till.ask("order", id=order["id"])["certificates"]
    assert group.till.ask("scan", code=certificate["link"])["verdict"]["number"] == 17
    assert group.till.ask("scan", code=order["orderNo"])["order"]["id"] == order["id"]
    assert group.till.ask("scan", code="(01)04006381333931(21)17")["piece"]["status"] == "sold"


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("6901234567893", "MALFORMED_GTIN"),
        ("4006381333948", "NOT_FOUND"),
        ("hello", "UNREADABLE_SCAN"),
        ("250515-AAAAAAAA", "NOT_FOUND"),
    ],
)
def test_a_code_that_means_nothing_here_says_why(group: Group, code: str, refused: str):
    assert group.till.ask("scan", code=code)["code"] == refused


def test_goods_come_back_and_their_money_goes_back(group: Group):
    order = group.bought(
        goods=[{"productId": group.scarf, "quantity": 3}], pieces=[{"editionId": group.edition, "number": 5}]
    )
    back = group.till.do("takeBack", orderId=order["id"], lines=[{"lineNo": 1, "quantity": 2}], tender="CASH")["order"]
    assert (back["state"], back["returns"][0]["amount"]["amount"]) == ("returned", "226.00")
    assert back["lines"][0]["returnedQuantity"] == 2
    again = group.till.try_to("takeBack", orderId=order["id"], lines=[{"lineNo": 1, "quantity": 2}], tender="CASH")
    assert again["code"] == "NOT_RETURNABLE"
    group.till.do("takeBack", orderId=order["id"], lines=[{"lineNo": 2}], tender="CASH")
    (certificate,) = group.till.ask("order", id=order["id"])["certificates"]
    assert certificate["revokedOn"] == "2025-05-15"
    assert group.visitor.ask("verifyCertificate", textOrLink=certificate["link"])["stands"] is False


def test_what_cannot_be_sold_here_is_refused_and_nothing_is_recorded(group: Group):
    head = group.shop.log.head()

    def code(**sale):
        return group.till.try_to("sellAtTill", tender="CASH", **sale)["code"]

    assert code() == "ORDER_IS_EMPTY"
    assert code(goods=[{"productId": group.vase}]) == "NOT_THAT_WAY"
    assert code(goods=[{"productId": group.mug, "quantity": 0}]) == "MALFORMED_INPUT"
    assert code(goods=[{"productId": group.mug, "quantity": 1000}]) == "BASKET_FULL"
    assert code(goods=[{"productId": group.mug}] * 101) == "BASKET_FULL"
    assert code(goods=[{"productId": group.edition}]) == "MALFORMED_INPUT"
    assert code(pieces=[{"editionId": group.edition, "number": 101}]) == "NOT_ALLOTTED_HERE"
    assert code(pieces=[{"editionId": group.edition, "number": 999}]) == "NUMBER_OUTSIDE_RUN"
    assert code(goods=[{"productId": group.scarf}], on="2026-01-01") == "LICENCE_LAPSED"
    assert code(goods=[{"productId": group.tin}], on="2026-01-01") == "MARK_NOT_VALID"
    assert group.shop.log.head() == head


def test_a_piece_sold_already_is_refused(group: Group):
    piece = [{"editionId": group.edition, "number": 1}]
    group.bought(pieces=piece)
    assert group.till.try_to("sellAtTill", tender="CASH", pieces=piece)["code"] == "PIECE_ALREADY_SOLD"


def test_another_outlets_orders_are_not_this_devices(group: Group):
    park = group.device(group.park, "T1")
    order = group.bought(goods=[{"productId": group.mug}])
    group.shop.followers.catch_up()
    refused = park.try_to("takeBack", orderId=order["id"], lines=[{"lineNo": 1}], tender="CASH")
    assert refused["code"] == "NOT_AT_THIS_OUTLET"
    errors = park.send("order", id=order["id"]).json()["errors"]
    assert errors[0]["extensions"]["refusal"]["code"] == "NOT_AT_THIS_OUTLET"
    assert park.ask("scan", code=order["orderNo"])["code"] == "NOT_AT_THIS_OUTLET"
    assert park.ask("orders")["edges"] == []
    assert group.till.ask("order", id=order["id"])["state"] == "paid"


def test_a_shift_opens_with_a_counted_float(group: Group):
    group.office.do("engageStaff", badge="C1", roles=["cashier"])
    opened = {"badge": "C1", "businessDate": "2025-05-15", "openingFloat": cny("500.00")}
    assert group.till.do("openShift", **opened)["replayed"] is False
    assert group.till.try_to("openShift", **opened | {"openingFloat": cny("501.00")})["code"] == "SHIFT_ALREADY_OPEN"
    assert group.till.try_to("openShift", **opened | {"openingFloat": cny("5.001")})["path"] == [
        "input",
        "openingFloat",
    ]
    assert group.till.try_to("openShift", **opened | {"badge": "nobody"})["code"] == "NOT_FOUND"
