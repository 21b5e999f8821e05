"""At the till: scan, sell, take back; a device acts for the one outlet where it stands."""

from datetime import timedelta

import pytest
from trading import Counterpart, Group, cny, words

from souvenir.eventlog.rebuild import differences
from souvenir.processes.cash_up import Drawers


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


def test_nothing_is_sold_and_taken_back_without_an_open_shift(group: Group):
    order = group.bought(goods=[{"productId": group.mug}])["id"]
    group.office.do("setShiftRule", outletId=group.counter, tradesWithoutShift=False)
    assert group.till.ask("till")["tradesWithoutShift"] is False
    head = group.shop.log.head()
    sale = {"goods": [{"productId": group.mug}]}
    back = {"orderId": order, "lines": [{"lineNo": 1}], "tender": "CASH"}
    for operation, input in (("sellAtTill", sale | {"tender": "CASH"}), ("placeAtTill", sale), ("takeBack", back)):
        assert group.till.try_to(operation, **input)["code"] == "NO_OPEN_SHIFT"
    assert group.shop.log.head() == head
    open_shift(group)
    refused = group.till.try_to("sellAtTill", tender="CASH", on="2025-05-14", **sale)
    assert (refused["code"], refused["message"]) == (
        "NOT_THE_SHIFTS_DATE", "Till T1 trades for 2025-05-15, the date of its open shift, and not for 2025-05-14.",
    )  # fmt: skip
    assert group.bought(on="2025-05-15", **sale)["placedOn"] == "2025-05-15"


def test_a_return_after_midnight_counts_for_the_shift_that_is_still_open(group: Group, time):
    open_shift(group)
    order = group.bought(goods=[{"productId": group.mug}])["id"]
    time.move_to(time() + timedelta(hours=16))
    group.till.do("takeBack", orderId=order, lines=[{"lineNo": 1}], tender="CASH")
    statement = group.finance.ask("accountStatement", account="Income:SalesReturns", currency="CNY")
    (line,) = statement["lines"]["edges"]
    assert line["node"]["effectiveOn"] == "2025-05-15"


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


def test_what_cannot_be_sold_here_is_refused_and_nothing_is_recorded(group: Group, time):
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
    assert code(goods=[{"productId": group.mug}], on="2025-05-17") == "BUSINESS_DATE_AHEAD"
    time.move_to(time() + timedelta(days=231))
    assert code(goods=[{"productId": group.scarf}], on="2026-01-01") == "LICENCE_LAPSED"
    assert code(goods=[{"productId": group.tin}], on="2026-01-01") == "MARK_NOT_VALID"
    assert group.shop.log.head() == head


@pytest.mark.parametrize(
    ("region", "zone", "vat"),
    [("JP-27", "Asia/Tokyo", "67.91"), ("KR-26", "Asia/Seoul", "67.91"), ("US-NY", "America/New_York", None)],
)
def test_a_shop_abroad_charges_the_tax_of_its_own_country(group: Group, region: str, zone: str, vat: str | None):
    place = {"region": region, "timeZone": zone, "currency": "CNY", "tradesWithoutShift": True}
    outlet = group.office.do("openOutlet", code="ABROAD", kind="shop", name=words("Abroad", "海外"), **place)["outlet"]
    group.office.do("installTill", outletId=outlet["id"], till="T1")
    answer = group.device(outlet["id"], "T1").try_to("sellAtTill", tender="CASH", goods=[{"productId": group.mug}])
    if vat is None:
        assert answer["code"] == "NO_VAT_RATE"
        assert answer["message"] == "There is no VAT rate for category 'standard' in US on 2025-05-14."
    else:
        assert answer["order"]["lines"][0]["vat"]["amount"] == vat


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


# Closing a shift.

DOCUMENT = {"kind": "passport", "number": "X1234567", "name": "Ada Lovelace", "lastEntry": "2025-05-01"}


def notes(*counted: tuple[str, int]) -> list[dict]:
    return [{"value": cny(value), "count": count} for value, count in counted]


def open_shift(group: Group, till=None, **more):
    for badge in ("C1", "C2"):
        group.office.do("engageStaff", badge=badge, roles=["cashier"])
    opened = {"badge": "C1", "businessDate": "2025-05-15", "openingFloat": cny("500.00")}
    return (till or group.till).do("openShift", **opened | more)


def advance_in_cash(group: Group, order: str):
    """134.46 out of the drawer, to a traveller."""
    claim = group.till.do("openClaim", orderIds=[order], mode="INSTANT_STORE", document=DOCUMENT)["claim"]["id"]
    group.till.do("agreeClaim", claimId=claim)
    group.till.do("guaranteeClaim", claimId=claim, provider="sandbox", source="tok")
    group.till.do("advanceClaim", claimId=claim, tender="CASH")


def a_day(group: Group) -> str:
    """Cash: 500.00 float, +1494.00 and +747.00 sold, -747.00 returned, -134.46 refunded, -900.00 dropped, -12.50 spent."""
    mugs = group.bought(goods=[{"productId": group.mug, "quantity": 2}])["id"]
    group.bought(goods=[{"productId": group.mug}], tender="CARD")
    back = group.bought(goods=[{"productId": group.mug}])["id"]
    group.till.do("takeBack", orderId=back, lines=[{"lineNo": 1}], tender="CASH")
    advance_in_cash(group, mugs)
    group.till.do("moveCash", badge="C1", movement="DROP", amount=cny("900.00"))
    group.till.do("moveCash", badge="C1", movement="PAY_OUT", amount=cny("12.50"), reason="light bulb")
    return str(mugs)


DUE = "947.04"
COUNT = (("100.00", 9), ("10.00", 4), ("1.00", 7), ("0.01", 4))


def in_books(group: Group) -> dict[str, str]:
    rows = group.finance.ask("trialBalance")["rows"]
    return {row["account"]: row["closing"]["amount"] for row in rows}


def test_a_shift_closes_with_what_its_own_sales_refunds_and_movements_come_to(group: Group):
    open_shift(group)
    a_day(group)
    report = group.till.do("closeShift", badge="C2", counts=notes(*COUNT))["report"]
    assert (report["kind"], report["expected"]["amount"], report["counted"]["amount"]) == ("Z", DUE, DUE)
    assert report["difference"]["amount"] == "0.00"
    assert [(one["kind"], one["tender"], one["count"], one["amount"]["amount"]) for one in report["takings"]] == [
        ("return", "cash", 1, "747.00"),
        ("sale", "card", 1, "747.00"),
        ("sale", "cash", 2, "2241.00"),
        ("tax_refund", "cash", 1, "134.46"),
    ]
    assert [(one["kind"], one["amount"]["amount"]) for one in report["movements"]] == [
        ("drop", "900.00"), ("pay_out", "12.50"),
    ]  # fmt: skip
    found = in_books(group)
    assert found["Assets:Cash:Drawer:COUNTER:T1"] == "0.00"
    assert (found["Assets:Cash:Safe"], found["Expenses:PettyCash"]) == ("1347.04", "12.50")
    assert "Expenses:CashOverShort" not in found


def test_a_drawer_opened_without_a_sale_is_in_the_report_with_its_reason(group: Group):
    opened = {"badge": "C1", "reason": "change for a note"}
    open_shift(group)
    report = group.till.do("openDrawer", **opened)["report"]
    assert (report["noSales"], report["movements"]) == (["change for a note"], [])
    assert group.till.try_to("openDrawer", badge="C1", reason=" ")["code"] == "REASON_MISSING"
    assert group.till.try_to("openDrawer", badge="C1", reason="x" * 201)["code"] == "MALFORMED_INPUT"
    assert group.till.try_to("openDrawer", **opened | {"badge": "nobody"})["code"] == "NOT_FOUND"
    counts = notes(("100.00", 4), ("50.00", 1))
    closed = group.till.do("closeShift", badge="C1", counts=counts, reason="a note was false")["report"]
    assert (closed["difference"]["amount"], closed["reason"]) == ("-50.00", "a note was false")
    assert closed["noSales"] == ["change for a note"]
    assert group.till.try_to("openDrawer", **opened)["code"] == "SHIFT_CLOSED"
    statement = group.finance.ask("accountStatement", account="Expenses:CashOverShort", currency="CNY")
    assert len(statement["lines"]["edges"]) == 1


@pytest.mark.parametrize(("fen", "difference", "booked"), [(3, "-0.01", "0.01"), (6, "0.02", "-0.02")])
def test_what_is_over_or_short_is_booked(group: Group, fen: int, difference: str, booked: str):
    open_shift(group)
    a_day(group)
    report = group.till.do("closeShift", badge="C2", counts=notes(*COUNT[:3], ("0.01", fen)))["report"]
    assert (report["expected"]["amount"], report["difference"]["amount"]) == (DUE, difference)
    found = in_books(group)
    assert (found["Expenses:CashOverShort"], found["Assets:Cash:Drawer:COUNTER:T1"]) == (booked, "0.00")


def test_who_counts_blind_sees_no_cash_before_the_count_and_finance_does(group: Group):
    shift = open_shift(group)["shiftId"]
    a_day(group)
    hidden = group.till.ask("shiftReport")
    assert (hidden["kind"], hidden["expected"], hidden["difference"]) == ("X", None, None)
    assert [(one["kind"], one["tender"]) for one in hidden["takings"]] == [("sale", "card")]
    assert group.finance.ask("shiftReport", id=shift)["expected"]["amount"] == DUE
    group.till.do("closeShift", badge="C2", counts=notes(*COUNT))
    assert group.till.ask("shiftReport")["expected"]["amount"] == DUE
    (row,) = group.finance.ask("shifts", outletId=group.counter, till="T1")
    assert (row["shiftNo"], row["counted"]["amount"]) == (1, DUE)


def test_an_open_count_shows_what_is_expected_all_day(group: Group):
    open_shift(group, blindCount=False)
    assert group.till.ask("shiftReport")["expected"]["amount"] == "500.00"
    a_day(group)
    report = group.till.ask("shiftReport")
    assert (report["kind"], report["expected"]["amount"], report["counted"]) == ("X", DUE, None)


def test_a_closed_shift_stays_as_it_was_counted(group: Group):
    open_shift(group)
    a_day(group)
    closing = {"idempotencyKey": "z", "badge": "C2", "counts": notes(*COUNT)}
    group.till.do("closeShift", **closing)
    head = group.shop.log.head()
    assert group.till.do("closeShift", **closing)["replayed"] is True
    assert group.shop.log.head() == head
    other = group.till.try_to("closeShift", badge="C2", counts=notes(("100.00", 1)))
    assert other["code"] == "SHIFT_CLOSED"
    assert group.till.try_to("moveCash", badge="C1", movement="DROP", amount=cny("1.00"))["code"] == "SHIFT_CLOSED"
    group.bought(goods=[{"productId": group.mug}])
    assert group.till.ask("shiftReport", shiftNo=1)["takings"][2]["amount"]["amount"] == "2241.00"
    open_shift(group)
    assert group.till.ask("shiftReport")["shiftNo"] == 2
    assert (
        group.till.do("closeShift", badge="C2", counts=notes(("100.00", 5)))["report"]["difference"]["amount"] == "0.00"
    )


def test_what_cannot_be_counted_or_moved_is_refused(group: Group):
    assert group.till.try_to("closeShift", badge="M1", counts=[])["code"] == "NO_OPEN_SHIFT"
    assert group.till.ask("shiftReport")["code"] == "NO_OPEN_SHIFT"
    open_shift(group)
    head = group.shop.log.head()

    def refused(operation: str, **input) -> str:
        return str(group.till.try_to(operation, badge="C1", **input)["code"])

    assert refused("closeShift", counts=notes(("1.00", -1))) == "COUNT_BELOW_ZERO"
    assert refused("closeShift", counts=notes(("1.00", 1), ("1.00", 2))) == "COUNTED_TWICE"
    assert (
        refused("closeShift", counts=[{"value": {"amount": "1.00", "currency": "USD"}, "count": 1}])
        == "CURRENCY_MISMATCH"
    )
    assert refused("closeShift", counts=notes(*((f"0.{no:02}", 0) for no in range(1, 52)))) == "TOO_MANY_MOVEMENTS"
    assert refused("moveCash", movement="DROP", amount=cny("0.00")) == "NOTHING_MOVED"
    assert refused("moveCash", movement="DROP", amount=cny("1.005")) == "MALFORMED_MONEY"
    assert refused("moveCash", movement="DROP", amount=cny("1.00"), reason="x" * 201) == "MALFORMED_INPUT"
    assert group.till.try_to("closeShift", badge="nobody", counts=[])["code"] == "NOT_FOUND"
    assert group.shop.log.head() == head


def test_two_tills_of_one_name_have_two_drawers_and_a_return_comes_out_of_the_one_it_was_made_at(group: Group):
    park, second = group.device(group.park, "T1"), group.device(group.counter, "T2")
    group.bought(park, goods=[{"productId": group.mug}])
    order = group.bought(goods=[{"productId": group.mug}])["id"]
    second.do("takeBack", orderId=order, lines=[{"lineNo": 1}], tender="CASH")
    found = in_books(group)
    assert [found[f"Assets:Cash:Drawer:{name}"] for name in ("PARK:T1", "COUNTER:T1", "COUNTER:T2")] == [
        "747.00", "747.00", "-747.00",
    ]  # fmt: skip


def test_what_is_set_off_against_an_advance_stays_in_the_drawer(group: Group):
    open_shift(group, blindCount=False)
    mugs = group.bought(goods=[{"productId": group.mug, "quantity": 2}])["id"]
    advance_in_cash(group, mugs)
    group.till.do("takeBack", orderId=mugs, lines=[{"lineNo": 1, "quantity": 2}], tender="CASH")
    report = group.till.ask("shiftReport")
    assert [(one["kind"], one["amount"]["amount"]) for one in report["takings"]] == [
        ("return", "1494.00"), ("sale", "1494.00"), ("set_off", "134.46"), ("tax_refund", "134.46"),
    ]  # fmt: skip
    assert report["expected"]["amount"] == "500.00"
    group.till.do("closeShift", badge="C1", counts=notes(("100.00", 5)))
    assert in_books(group)["Assets:Cash:Drawer:COUNTER:T1"] == "0.00"


def test_a_sale_counts_for_the_business_date_of_the_open_shift(group: Group, time):
    open_shift(group)
    time.move_to(time() + timedelta(hours=16))
    group.bought(goods=[{"productId": group.mug}])
    (line,) = group.finance.ask("accountStatement", account="Income:Sales", currency="CNY")["lines"]["edges"]
    assert line["node"]["effectiveOn"] == "2025-05-15"


def test_an_offline_sale_told_after_the_count_explains_what_the_count_found_over(group: Group, time):
    open_shift(group)
    until = (time() + timedelta(hours=9)).isoformat()
    lease = group.till.do("leaseNumbers", editionId=group.edition, numbers=2, until=until)["lease"]
    sale = {"leaseId": lease["id"], "tender": "CASH", "soldOn": "2025-05-15"}
    first, second = lease["numbers"]
    assert group.till.do("reportOfflineSale", number=first, **sale)["afterCount"] is False
    counted = notes(("100.00", 27), ("10.00", 6))
    report = group.till.do("closeShift", badge="C2", counts=counted)["report"]
    assert (report["expected"]["amount"], report["difference"]["amount"]) == ("1630.00", "1130.00")
    assert in_books(group)["Expenses:CashOverShort"] == "-1130.00"

    time.move_to(time() + timedelta(hours=24))
    open_shift(group, businessDate="2025-05-16")
    assert group.till.do("reportOfflineSale", number=second, **sale)["afterCount"] is True
    report = group.till.do("closeShift", badge="C2", counts=notes(("100.00", 5)))["report"]
    assert (report["takings"], report["difference"]["amount"]) == ([], "0.00")
    found = in_books(group)
    assert (found["Expenses:CashOverShort"], found["Assets:Cash:Drawer:COUNTER:T1"]) == ("0.00", "0.00")
    assert found["Assets:Cash:Safe"] == "2260.00"


def test_open_goods_sold_offline_are_told_at_the_prices_charged_whatever_became_of_them(group: Group, time):
    open_shift(group)
    group.office.do("reprice", productId=group.mug, price=cny("800.00"), repricedOn="2025-05-15")
    group.office.do("withdrawProduct", productId=group.pen, withdrawnOn="2025-05-15", reason="sold out")
    told = {
        "idempotencyKey": "offline-1", "tender": "CASH", "soldOn": "2025-05-15",
        "goods": [
            {"productId": group.mug, "quantity": 2, "price": cny("747.00")}, {"productId": group.pen},
        ],
    }  # fmt: skip
    first, again = (group.till.do("reportOfflineGoods", **told) for _ in range(2))
    assert (first["order"]["total"]["amount"], first["afterCount"], again["replayed"]) == ("1996.00", False, True)
    assert first["order"]["id"] == again["order"]["id"]
    assert [line["vat"]["amount"] for line in first["order"]["lines"]] == ["171.88", "57.75"]
    report = group.till.do("closeShift", badge="C2", counts=notes(("1.00", 2496)))["report"]
    assert report["difference"]["amount"] == "0.00"
    assert group.till.do("reportOfflineGoods", **told | {"idempotencyKey": "offline-2"})["afterCount"] is True


def test_what_was_never_sold_offline_is_refused(group: Group):
    head = group.shop.log.head()

    def code(*goods: dict) -> str:
        told = {"tender": "CASH", "soldOn": "2025-05-15", "goods": list(goods)}
        return str(group.till.try_to("reportOfflineGoods", **told)["code"])

    assert code() == "ORDER_IS_EMPTY"
    assert code({"productId": group.vase}) == "NOT_THAT_WAY"
    assert code({"productId": group.mug, "quantity": 0}) == "MALFORMED_INPUT"
    assert code({"productId": group.mug, "price": cny("-1.00")}) == "MALFORMED_INPUT"
    assert code({"productId": group.mug, "price": {"amount": "1.00", "currency": "USD"}}) == "CURRENCY_MISMATCH"
    assert code({"productId": group.mug, "quantity": 1000}) == "BASKET_FULL"
    assert code({"productId": group.edition}) == "MALFORMED_INPUT"
    assert group.shop.log.head() == head


def test_an_advance_in_cash_comes_out_of_an_open_shifts_drawer(group: Group):
    mugs = group.bought(goods=[{"productId": group.mug, "quantity": 2}])["id"]
    claim = group.till.do("openClaim", orderIds=[mugs], mode="INSTANT_STORE", document=DOCUMENT)["claim"]["id"]
    group.till.do("agreeClaim", claimId=claim)
    group.till.do("guaranteeClaim", claimId=claim, provider="sandbox", source="tok")
    group.office.do("setShiftRule", outletId=group.counter, tradesWithoutShift=False)
    assert group.till.try_to("advanceClaim", claimId=claim, tender="CASH")["code"] == "NO_OPEN_SHIFT"
    open_shift(group)
    assert group.till.do("advanceClaim", claimId=claim, tender="CASH")["claim"]["state"] == "advanced"


def test_the_registers_of_drawers_agree_with_the_log(group: Group):
    open_shift(group)
    a_day(group)
    assert differences(group.shop.log, Drawers()) == []
    group.till.do("closeShift", badge="C2", counts=notes(*COUNT))
    assert differences(group.shop.log, Drawers()) == []
