"""Goods come back and others go out at one till: only the difference moves, and everything else follows both."""

import pytest
from trading import Group, cny

from souvenir.kernel.money import Money

DRAWER = "Assets:Cash:Drawer:COUNTER:T1"
DOCUMENT = {"kind": "passport", "number": "X1234567", "name": "Ada Lovelace", "lastEntry": "2025-05-01"}


def exchange(group: Group, order: str, out: str | None = None, till=None, tender: str = "CASH", **more):
    """Everything of the order's first line for one of another product."""
    goods = [{"productId": out, "quantity": 1}] if out else []
    asked = {"orderId": order, "lines": [{"lineNo": 1}], "tender": tender, "goods": goods}
    return (till or group.till).try_to("exchange", **(asked | more))


def mug(group: Group, **more) -> str:
    return str(group.bought(goods=[{"productId": group.mug}], **more)["id"])


def by(tenders: list[dict]) -> list[tuple[str, str]]:
    return [(one["tender"], one["amount"]["amount"]) for one in tenders]


def in_books(group: Group) -> dict[str, str]:
    rows = group.finance.ask("trialBalance")["rows"]
    return {row["account"]: row["closing"]["amount"] for row in rows if row["closing"]["amount"] != "0.00"}


def entries(group: Group, *wanted: str) -> list[tuple[str, list[tuple[str, str]]]]:
    group.shop.followers.catch_up()
    posted = [record.event for record in group.shop.log.events(topics=("ledger.EntryPosted",))]
    return [
        (one.rule, sorted((leg.account, leg.money.amount) for leg in one.lines)) for one in posted if one.rule in wanted
    ]


# What it costs.


def test_an_exchange_for_something_dearer_is_paid_by_the_difference_and_booked_as_one(group: Group):
    pen = group.bought(goods=[{"productId": group.pen}])["id"]
    done = exchange(group, pen, group.mug, tender="CARD", reference="slip 2")
    assert (done["order"]["state"], done["order"]["total"]["amount"]) == ("paid", "747.00")
    assert by(done["order"]["tenders"]) == [("cash", "502.00"), ("card", "245.00")]
    (back,) = done["returned"]["returns"]
    assert (back["tenders"], by(back["carried"]), back["exchangedFor"]) == (
        [], [("cash", "502.00")], done["order"]["id"],
    )  # fmt: skip
    assert done["order"]["inExchangeFor"] == pen
    assert entries(group, "J23", "J13") == [
        (
            "J23",
            [
                ("Assets:Clearing:Card", "245.00"),
                ("Income:Sales", "-661.06"),
                ("Income:SalesReturns", "444.25"),
                ("Liabilities:VAT:Output", "-85.94"),
                ("Liabilities:VAT:Output", "57.75"),
            ],
        )
    ]
    assert (in_books(group)[DRAWER], in_books(group)["Assets:Clearing:Card"]) == ("502.00", "245.00")


def test_an_exchange_for_something_cheaper_gives_the_difference_back_the_way_it_came(group: Group):
    order = group.till.ask(
        "sellAtTillInParts",
        input={
            "idempotencyKey": "k", "tender": "CASH", "goods": [{"productId": group.mug}],
            "parts": [{"tender": "CARD", "amount": cny("200.00")}],
        },
    )["order"]["id"]  # fmt: skip
    done = exchange(group, order, group.pen)
    (back,) = done["returned"]["returns"]
    assert (by(back["tenders"]), by(back["carried"])) == ([("card", "200.00"), ("cash", "45.00")], [("cash", "502.00")])
    assert by(done["order"]["tenders"]) == [("cash", "502.00")]
    assert (in_books(group)[DRAWER], "Assets:Clearing:Card" in in_books(group)) == ("502.00", False)


def test_an_even_exchange_moves_no_money(group: Group):
    order = mug(group)
    head = group.shop.log.head()
    done = exchange(group, order, group.mug)
    assert by(done["order"]["tenders"]) == [("cash", "747.00")]
    topics = [record.event.TOPIC for record in group.shop.log.events(after=head)]
    assert [topic for topic in topics if topic.startswith("payments")] == []
    assert in_books(group)[DRAWER] == "747.00"


def test_the_difference_is_paid_in_several_tenders(group: Group):
    pen = group.bought(goods=[{"productId": group.pen}], tender="CARD")["id"]
    parts = [{"tender": "WALLET", "amount": cny("45.00")}]
    done = exchange(group, pen, group.mug, parts=parts)
    assert by(done["order"]["tenders"]) == [("wallet", "45.00"), ("card", "502.00"), ("cash", "200.00")]
    assert (in_books(group)[DRAWER], in_books(group)["Assets:Clearing:Wallet"]) == ("200.00", "45.00")
    assert "Liabilities:PendingSales" not in in_books(group)


@pytest.mark.parametrize("amount", ["245.00", "300.00", "0.00", "-1.00"])
def test_parts_beyond_the_difference_are_refused_and_nothing_is_recorded(group: Group, amount: str):
    pen = group.bought(goods=[{"productId": group.pen}])["id"]
    head = group.shop.log.head()
    refused = exchange(group, pen, group.mug, parts=[{"tender": "CARD", "amount": cny(amount)}])
    assert refused["code"] == "PAYMENT_DIFFERS_FROM_ORDER"
    assert group.shop.log.head() == head


def test_an_even_exchange_of_what_was_rounded_asks_for_nothing_and_its_return_gives_back_what_was_paid(group: Group):
    group.office.do("setCashRounding", outletId=group.counter, roundsCash=True)
    spoon, fork = group.product("SPOON", "12.91"), group.product("FORK", "12.91")
    order = group.bought(goods=[{"productId": spoon}])["id"]
    done = exchange(group, order, fork, tender="CARD")["order"]
    assert (by(done["tenders"]), done["rounding"]["amount"]) == ([("cash", "12.90")], "0.01")
    assert (in_books(group)[DRAWER], in_books(group)["Expenses:CashRounding"]) == ("12.90", "0.01")
    back = group.till.do("takeBack", orderId=done["id"], lines=[{"lineNo": 1}])["order"]["returns"][0]
    assert by(back["tenders"]) == [("cash", "12.90")]
    assert not {DRAWER, "Expenses:CashRounding"} & set(in_books(group))


def test_cash_of_a_difference_is_rounded_together_with_what_was_paid_before(group: Group):
    group.office.do("setCashRounding", outletId=group.counter, roundsCash=True)
    spoon, ladle = group.product("SPOON", "12.91"), group.product("LADLE", "20.05")
    order = group.bought(goods=[{"productId": spoon}])["id"]
    done = exchange(group, order, ladle)["order"]
    assert (by(done["tenders"]), done["rounding"]["amount"]) == ([("cash", "12.90"), ("cash", "7.10")], "0.05")
    assert in_books(group)[DRAWER] == "20.00"


# What follows.


def test_pieces_certificates_and_royalties_follow_both_ways(group: Group):
    order = group.bought(pieces=[{"editionId": group.edition, "number": 5}])["id"]
    done = exchange(group, order, pieces=[{"editionId": group.edition, "number": 6}])
    group.shop.followers.catch_up()
    (old,) = group.till.ask("order", id=order)["certificates"]
    (new,) = group.till.ask("order", id=done["order"]["id"])["certificates"]
    assert (old["number"], old["revokedOn"], new["number"], new["revokedOn"]) == (5, "2025-05-15", 6, None)
    accrued = [rule for rule, _ in entries(group, "J03", "J13c")]
    assert accrued == ["J03", "J13c", "J03"]
    assert in_books(group)["Expenses:Royalty"] == "80.00"


def test_what_went_out_comes_back_to_the_card_that_paid_for_what_was_first(group: Group):
    order = str(group.till.do("placeAtTill", goods=[{"productId": group.pen}])["order"]["id"])
    card = {"tender": "CARD", "provider": "sandbox", "device": "tok"}
    group.till.do("takePayment", orderId=order, **card)
    second = exchange(group, order, group.mug)["order"]["id"]
    third = exchange(group, second, group.tin)
    assert by(third["returned"]["returns"][0]["tenders"]) == [("card", "502.00"), ("cash", "225.00")]
    back = group.till.do("takeBack", orderId=third["order"]["id"], lines=[{"lineNo": 1}])["order"]
    assert by(back["returns"][0]["tenders"]) == [("cash", "20.00")]
    assert group.sandbox.balance == {"CNY": Money(0, "CNY")}
    assert not {DRAWER, "Assets:Clearing:Card"} & set(in_books(group))
    refused = group.till.try_to("takeBack", orderId=order, lines=[{"lineNo": 1}])
    assert refused["code"] == "NOT_RETURNABLE"


def test_a_form_on_what_comes_back_is_voided_and_its_advance_set_off(group: Group):
    order = group.bought(goods=[{"productId": group.mug, "quantity": 2}])["id"]
    claim = group.till.do("openClaim", orderIds=[order], mode="INSTANT_STORE", document=DOCUMENT)["claim"]["id"]
    group.till.do("agreeClaim", claimId=claim)
    group.till.do("guaranteeClaim", claimId=claim, provider="sandbox", source="tok")
    group.till.do("advanceClaim", claimId=claim, tender="CASH")
    lines = [{"lineNo": 1, "quantity": 2}]
    done = exchange(group, order, group.pen, lines=lines)
    (back,) = done["returned"]["returns"]
    # 1494.00 less the pen at 502.00: 857.54 in hand, and the 134.46 that were advanced
    assert (by(back["tenders"]), by(back["carried"])) == ([("cash", "992.00")], [("cash", "502.00")])
    assert group.till.ask("claim", id=claim)["state"] == "voided"
    assert in_books(group)[DRAWER] == "502.00"
    assert "Assets:RefundAdvance:TouristRecoverable" not in in_books(group)
    again = group.till.do("openClaim", orderIds=[done["order"]["id"]], mode="INSTANT_STORE", document=DOCUMENT)
    assert again["claim"]["state"] == "issued"
    assert group.shop.differences() == []


def test_an_advance_beyond_what_comes_back_refuses_the_exchange(group: Group):
    order = group.bought(goods=[{"productId": group.mug, "quantity": 5}, {"productId": group.tin}])["id"]
    claim = group.till.do("openClaim", orderIds=[order], mode="INSTANT_STORE", document=DOCUMENT)["claim"]["id"]
    group.till.do("agreeClaim", claimId=claim)
    group.till.do("guaranteeClaim", claimId=claim, provider="sandbox", source="tok")
    group.till.do("advanceClaim", claimId=claim, tender="CASH")
    head = group.shop.log.head()
    assert exchange(group, order, group.pen, lines=[{"lineNo": 2}])["code"] == "ADVANCE_EXCEEDS_RETURN"
    assert group.shop.log.head() == head


def test_the_drawer_counts_only_the_difference(group: Group):
    group.office.do("engageStaff", badge="C1", roles=["cashier"])
    opening = {"badge": "C1", "businessDate": "2025-05-15", "openingFloat": cny("500.00"), "blindCount": False}
    group.till.do("openShift", **opening)
    cheap, dear = mug(group), group.bought(goods=[{"productId": group.pen}])["id"]
    exchange(group, cheap, group.pen)
    exchange(group, dear, group.mug)
    report = group.till.ask("shiftReport")
    assert report["expected"]["amount"] == "1749.00"
    assert [(one["kind"], one["tender"], one["count"], one["amount"]["amount"]) for one in report["takings"]] == [
        ("return", "cash", 1, "245.00"), ("sale", "cash", 3, "1494.00"),
    ]  # fmt: skip
    assert in_books(group)[DRAWER] == "1749.00"
    assert group.shop.differences() == []


def test_the_receipt_says_what_was_exchanged_and_what_was_paid(group: Group):
    pen = group.bought(goods=[{"productId": group.pen}])["id"]
    order = exchange(group, pen, group.mug, tender="CARD")["order"]["id"]
    lines = [line.split() for line in group.till.ask("receipt", orderId=order)["paper"]["text"].splitlines()]
    assert ["换货抵付", "Exchange", "502.00"] in lines
    assert ["银行卡", "Card", "245.00"] in lines


# What is refused, and what is asked twice.


def test_the_same_exchange_sent_again_is_one_exchange(group: Group):
    order = mug(group)
    first = exchange(group, order, group.pen, idempotencyKey="till-1:9")
    again = exchange(group, order, group.pen, idempotencyKey="till-1:9")
    assert (again["replayed"], again["order"], again["returnId"]) == (True, first["order"], first["returnId"])
    assert exchange(group, order, group.tin, idempotencyKey="till-1:9")["code"] == "IDEMPOTENCY_CONFLICT"


def test_what_cannot_be_exchanged_is_refused_and_nothing_is_recorded(group: Group):
    order = mug(group)
    unpaid = str(group.till.do("placeAtTill", goods=[{"productId": group.mug}])["order"]["id"])
    group.bought(pieces=[{"editionId": group.edition, "number": 1}])
    park = group.device(group.park, "T1")
    head = group.shop.log.head()
    pen = [{"productId": group.pen}]
    for code, refused in (
        ("NOT_RETURNABLE", exchange(group, order, group.pen, lines=[{"lineNo": 1, "quantity": 2}])),
        ("NOT_RETURNABLE", exchange(group, order, group.pen, lines=[{"lineNo": 1}, {"lineNo": 1}])),
        ("NOT_RETURNABLE", exchange(group, order, group.pen, lines=[{"lineNo": 2}])),
        ("MALFORMED_INPUT", exchange(group, order, group.pen, lines=[{"lineNo": 1, "quantity": 0}])),
        ("ORDER_IS_EMPTY", exchange(group, order, group.pen, lines=[])),
        ("ORDER_IS_EMPTY", exchange(group, order)),
        ("ORDER_NOT_PAID", exchange(group, unpaid, group.pen)),
        ("NOT_THAT_WAY", exchange(group, order, group.vase)),
        ("PIECE_ALREADY_SOLD", exchange(group, order, pieces=[{"editionId": group.edition, "number": 1}])),
        ("NOT_AT_THIS_OUTLET", exchange(group, order, till=park, goods=pen)),
        ("BUSINESS_DATE_AHEAD", exchange(group, order, group.pen, on="2025-06-01")),
    ):
        assert refused["code"] == code, refused
    assert group.shop.log.head() == head
    group.office.do("setShiftRule", outletId=group.counter, tradesWithoutShift=False)
    assert exchange(group, order, group.pen)["code"] == "NO_OPEN_SHIFT"


def test_a_refund_that_is_yet_to_be_given_is_said_and_the_exchange_stands(group: Group):
    order = str(group.till.do("placeAtTill", goods=[{"productId": group.mug}])["order"]["id"])
    group.till.do("takePayment", orderId=order, tender="CARD", provider="terminal", device="T7")
    payment = group.till.ask("openPayments")[0]["id"]
    slip = {"terminal": "T7", "batch": "12", "approval": "A1"}
    group.till.do("keyInApproval", paymentId=payment, slip=slip)
    assert exchange(group, order, group.pen)["code"] == "REFUND_NOT_GIVEN_BACK"
    (open_,) = group.till.ask("payment", id=payment)["openRefunds"]
    assert open_["amount"]["amount"] == "245.00"
    group.till.do("keyInRefund", paymentId=payment, refundId=open_["id"], slip=slip | {"approval": "A2"})
    assert group.till.ask("payment", id=payment)["openRefunds"] == []
    assert group.till.ask("order", id=order)["state"] == "returned"


def test_a_buyer_at_their_limit_may_exchange_one_number_for_another_but_not_for_two(group: Group):
    group.office.do("limitEdition", editionId=group.edition, perPerson=1)
    buyer = {"documentNumber": "X1234567"}
    order = group.bought(pieces=[{"editionId": group.edition, "number": 5}], buyer=buyer)["id"]
    pieces = [{"editionId": group.edition, "number": 6}, {"editionId": group.edition, "number": 7}]
    assert exchange(group, order, pieces=pieces, buyer=buyer)["code"] == "PURCHASE_LIMIT_REACHED"
    assert exchange(group, order, pieces=pieces[:1])["code"] == "IDENTITY_NEEDED"
    done = exchange(group, order, pieces=pieces[:1], buyer=buyer)
    assert done["order"]["lines"][0]["number"] == 6
