"""A sale put aside at one till is seen at all of the shop's, taken up at one, and told of in the Z report."""

from datetime import timedelta

import pytest
from trading import MORNING, Counterpart, Group, cny

VASE = "(01)04006381333931(21)17"


@pytest.fixture
def second(group: Group) -> Counterpart:
    return group.device(group.counter, "T2")


def park(group: Group, number: int | None = 17, till: Counterpart | None = None, **more):
    pieces = [{"editionId": group.edition, "number": number}]
    return (till or group.till).try_to(
        "parkSale", **{"goods": [{"productId": group.mug, "quantity": 2}], "pieces": pieces} | more
    )


def parked(group: Group, **more) -> str:
    return str(park(group, **more)["parkedSale"]["id"])


def test_a_parked_sale_is_seen_at_every_till_of_the_shop_and_of_no_other(group: Group, second: Counterpart):
    put_aside = park(group)["parkedSale"]
    (seen,) = second.ask("parkedSales")
    assert seen == put_aside
    assert (seen["till"], seen["resumedBy"], seen["until"]) == ("T1", None, "2025-05-15T01:30:00+00:00")
    assert [(item["product"]["sku"], item["quantity"], item["number"]) for item in seen["items"]] == [
        ("MUG", 2, None), ("VASE", 1, 17),
    ]  # fmt: skip
    assert group.device(group.park, "T1").ask("parkedSales") == []


def test_its_number_is_held_and_sold_at_the_till_that_takes_it_up(group: Group, second: Counterpart):
    id = parked(group)
    piece = [{"editionId": group.edition, "number": 17}]
    for sale in ({}, {"tender": "CASH"}):
        refused = second.try_to("sellAtTill" if sale else "placeAtTill", pieces=piece, **sale)
        assert refused["code"] == "PIECE_HELD_BY_SOMEONE_ELSE"
    second.do("resumeSale", parkedSaleId=id)
    sold = second.do("sellAtTill", pieces=piece, goods=[{"productId": group.mug}], tender="CASH", resumed=id)["order"]
    assert (sold["state"], sold["till"], sold["total"]["amount"]) == ("paid", "T2", "1877.00")
    assert second.ask("parkedSales") == []
    assert second.try_to("resumeSale", parkedSaleId=id)["code"] == "PARKED_SALE_OVER"
    assert second.try_to("sellAtTill", goods=[{"productId": group.mug}], tender="CASH", resumed=id)["code"] == (
        "PARKED_SALE_OVER"
    )


def test_the_next_number_is_held_where_none_is_named(group: Group):
    assert park(group, number=None)["parkedSale"]["items"][1]["number"] == 1
    assert group.bought(pieces=[{"editionId": group.edition}])["lines"][0]["number"] == 2


def test_two_tills_that_take_one_up_are_told_which_has_it(group: Group, second: Counterpart, time):
    id = parked(group)
    group.till.do("resumeSale", parkedSaleId=id)
    group.till.do("resumeSale", parkedSaleId=id)
    for operation in ("resumeSale", "dropSale"):
        refused = second.try_to(operation, parkedSaleId=id)
        assert (refused["code"], refused["path"]) == ("ALREADY_RESUMED", [])
    sale = {"goods": [{"productId": group.mug}], "resumed": id}
    assert second.try_to("sellAtTill", tender="CASH", **sale)["code"] == "ALREADY_RESUMED"
    assert second.try_to("placeAtTill", **sale)["code"] == "ALREADY_RESUMED"
    time.move_to(MORNING + timedelta(minutes=5))
    assert second.do("resumeSale", parkedSaleId=id)["parkedSale"]["resumedBy"] == "T2"


def test_it_is_parked_again_with_more_in_it_and_paid_at_a_reader(group: Group, second: Counterpart):
    first = parked(group)
    group.till.do("resumeSale", parkedSaleId=first)
    again = parked(group, goods=[{"productId": group.pen}], resumed=first, minutes=60)
    assert [one["id"] for one in group.till.ask("parkedSales")] == [again]
    second.do("resumeSale", parkedSaleId=again)
    piece = [{"editionId": group.edition, "number": 17}]
    order = second.do("placeAtTill", pieces=piece, resumed=again)["order"]["id"]
    paid = second.do("takePayment", orderId=order, tender="CARD", provider="sandbox", device="tok")["order"]
    assert paid["state"] == "paid"


def test_what_is_dropped_is_free_at_once_and_what_lapses_after_its_time(group: Group, time):
    dropped, lapsed = parked(group), parked(group, number=18)
    group.till.do("dropSale", parkedSaleId=dropped)
    group.bought(pieces=[{"editionId": group.edition, "number": 17}])
    time.move_to(MORNING + timedelta(minutes=31))
    assert group.till.ask("parkedSales") == []
    assert group.till.try_to("resumeSale", parkedSaleId=lapsed)["code"] == "PARKED_SALE_OVER"
    group.bought(pieces=[{"editionId": group.edition, "number": 18}])
    assert group.shop.differences() == []


def test_a_parked_sale_is_no_sale_and_the_z_report_lists_what_was_left(group: Group, second: Counterpart):
    group.office.do("engageStaff", badge="C1", roles=["cashier"])
    for till in (group.till, second):
        till.do("openShift", badge="C1", businessDate="2025-05-15", openingFloat=cny("100.00"))
    left, elsewhere = parked(group), parked(group, number=18, till=second)
    part = group.till.do("placeAtTill", goods=[{"productId": group.mug}])["order"]["id"]
    cash = {"tender": "CASH", "provider": "cash", "device": "drawer"}
    group.till.do("takePayment", orderId=part, amount=cny("47.00"), **cash)
    finished = group.till.do("placeAtTill", goods=[{"productId": group.pen}])["order"]["id"]
    group.till.do("takePayment", orderId=finished, amount=cny("2.00"), **cash)
    group.till.do("takePayment", orderId=finished, **cash)
    asked = group.till.do("placeAtTill", goods=[{"productId": group.tin}])["order"]["id"]
    pending = {"tender": "CARD", "provider": "sandbox", "device": "pending"}
    payment = group.till.do("takePayment", orderId=asked, **pending)["payment"]["id"]
    expected = [("parked", left, None), ("part_paid", part, "47.00"), ("payment_open", payment, "20.00")]

    def unfinished(report):
        return [(one["kind"], one["id"], one["amount"] and one["amount"]["amount"]) for one in report["unfinished"]]

    assert unfinished(group.till.ask("shiftReport")) == expected
    notes = [{"value": cny("1.00"), "count": 649}]
    z = group.till.do("closeShift", badge="C1", counts=notes)["report"]
    assert (z["kind"], z["difference"]["amount"], unfinished(z)) == ("Z", "0.00", expected)
    group.till.do("dropSale", parkedSaleId=left)
    assert unfinished(group.till.ask("shiftReport")) == expected
    group.till.do("openShift", badge="C1", businessDate="2025-05-15", openingFloat=cny("100.00"))
    assert [kind for kind, _, _ in unfinished(group.till.ask("shiftReport"))] == ["part_paid", "payment_open"]
    assert [id for _, id, _ in unfinished(second.ask("shiftReport"))] == [elsewhere]
    assert group.shop.differences() == []


def test_what_cannot_be_parked_is_refused_and_nothing_is_recorded(group: Group):
    other = group.device(group.park, "T1")
    id = parked(group, number=20)
    head = group.shop.log.head()
    mug = [{"productId": group.mug}]
    for code, refused in (
        ("NOTHING_TO_PARK", park(group, goods=[], pieces=[])),
        ("PARKED_TOO_LONG", park(group, minutes=0)),
        ("PARKED_TOO_LONG", park(group, minutes=100_000)),
        ("HOLD_TOO_LONG", park(group, minutes=180)),
        ("NOT_THAT_WAY", park(group, goods=[{"productId": group.vase}], pieces=[])),
        ("BASKET_FULL", park(group, goods=[{"productId": group.mug}] * 101, pieces=[])),
        ("PIECE_HELD_BY_SOMEONE_ELSE", park(group, number=20)),
        ("NUMBER_OUTSIDE_RUN", park(group, number=999)),
        ("MALFORMED_INPUT", park(group, resumed="nonsense")),
        ("NOT_AT_THIS_OUTLET", other.try_to("resumeSale", parkedSaleId=id)),
        ("NOT_AT_THIS_OUTLET", other.try_to("dropSale", parkedSaleId=id)),
        ("NOT_FOUND", other.try_to("sellAtTill", tender="CASH", goods=mug, resumed=id)),
    ):
        assert refused["code"] == code, refused
    assert group.shop.log.head() == head
    group.office.do("setShiftRule", outletId=group.counter, tradesWithoutShift=False)
    assert park(group, number=21)["code"] == "NO_OPEN_SHIFT"


def test_parking_twice_by_mistake_is_one_parked_sale(group: Group):
    first = park(group, idempotencyKey="till-1:5")
    again = park(group, idempotencyKey="till-1:5")
    assert (again["replayed"], again["parkedSale"]["id"]) == (True, first["parkedSale"]["id"])
    assert len(group.till.ask("parkedSales")) == 1


def test_two_may_lie_on_one_counter_and_only_the_one_that_was_rung_up_is_over(group: Group):
    first, other = parked(group), parked(group, number=18)
    group.till.do("resumeSale", parkedSaleId=first)
    piece = [{"editionId": group.edition, "number": 17}]
    group.till.do("sellAtTill", pieces=piece, tender="CASH", resumed=first)
    assert group.till.ask("scan", code=VASE.replace("17", "18"))["piece"]["status"] == "held"
    assert [one["id"] for one in group.till.ask("parkedSales")] == [other]
