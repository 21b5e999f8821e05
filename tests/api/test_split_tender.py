"""A sale paid by several tenders, cash rounded to the coin, and money that goes back the way it came."""

from datetime import timedelta

import pytest
from trading import MORNING, Group, cny, words

from souvenir.api.identity import read_id
from souvenir.kernel.money import Money

DRAWER = "Assets:Cash:Drawer:COUNTER:T1"


@pytest.fixture
def rounding(group: Group) -> Group:
    """The shop drops the fen of what is paid in cash; a spoon at 12.91 shows it."""
    assert group.office.do("setCashRounding", outletId=group.counter, roundsCash=True)["outlet"]["roundsCash"] is True
    group.spoon = group.product("SPOON", "12.91")
    return group


def part(tender: str, amount: str, **more) -> dict:
    return {"tender": tender, "amount": cny(amount), **more}


def sell(group: Group, tender: str, *parts: dict, quantity: int = 1, product: str | None = None):
    goods = [{"productId": product or group.mug, "quantity": quantity}]
    input = {"idempotencyKey": f"split-{group.shop.log.head()}", "tender": tender, "goods": goods, "parts": parts}
    return group.till.ask("sellAtTillInParts", input=input)


def paid_by(order: dict) -> list[tuple[str, str]]:
    return [(one["tender"], one["amount"]["amount"]) for one in order["tenders"]]


def in_books(group: Group) -> dict[str, str]:
    rows = group.finance.ask("trialBalance")["rows"]
    return {row["account"]: row["closing"]["amount"] for row in rows if row["closing"]["amount"] != "0.00"}


def rules(group: Group) -> list[str]:
    group.shop.followers.catch_up()
    found = group.shop.log.events(topics=("ledger.EntryPosted",))
    return [record.event.rule for record in found]


def placed(group: Group, **goods) -> str:
    return str(group.till.do("placeAtTill", **(goods or {"goods": [{"productId": group.mug}]}))["order"]["id"])


def take(group: Group, order: str, amount: str | None = None, tender: str = "CARD", device: str = "tok", till=None):
    asked = {"orderId": order, "tender": tender, "device": device}
    asked |= {"provider": "cash" if tender == "CASH" else "sandbox"}
    return (till or group.till).try_to("takePayment", **asked, **({"amount": cny(amount)} if amount else {}))


# In one step.


def test_a_sale_is_paid_by_card_wallet_and_the_rest_in_cash(group: Group):
    order = sell(group, "CASH", part("CARD", "500.00", reference="slip 1"), part("WALLET", "100.00"))["order"]
    assert (order["state"], paid_by(order)) == (
        "paid", [("card", "500.00"), ("wallet", "100.00"), ("cash", "147.00")],
    )  # fmt: skip
    assert (order["remaining"]["amount"], order["rounding"]["amount"]) == ("0.00", "0.00")
    books = in_books(group)
    assert (books[DRAWER], books["Assets:Clearing:Card"], books["Assets:Clearing:Wallet"]) == (
        "147.00", "500.00", "100.00",
    )  # fmt: skip
    assert (books["Income:Sales"], books["Liabilities:VAT:Output"]) == ("-661.06", "-85.94")
    assert "Liabilities:PendingSales" not in books


def test_cash_may_come_first_and_the_card_pays_the_rest_to_the_fen(rounding: Group):
    order = sell(rounding, "CARD", part("CASH", "5.00"), product=rounding.spoon)["order"]
    assert (paid_by(order), order["rounding"]["amount"]) == ([("cash", "5.00"), ("card", "7.91")], "0.00")


@pytest.mark.parametrize(
    ("tender", "parts", "code"),
    [
        ("CASH", [("CARD", "747.00")], "PAYMENT_DIFFERS_FROM_ORDER"),
        ("CASH", [("CARD", "747.01")], "PAYMENT_DIFFERS_FROM_ORDER"),
        ("CASH", [("CARD", "0.00")], "PAYMENT_DIFFERS_FROM_ORDER"),
        ("CASH", [("CARD", "-1.00")], "PAYMENT_DIFFERS_FROM_ORDER"),
        ("CASH", [("CARD", "400.00"), ("WALLET", "347.00")], "PAYMENT_DIFFERS_FROM_ORDER"),
        ("CARD", [("CASH", "0.55")], "NOT_PAYABLE_IN_CASH"),
        ("CASH", [("CARD", "1.005")], "MALFORMED_MONEY"),
        ("CASH", [("CARD", "1.00")] * 21, "MALFORMED_INPUT"),
    ],
)
def test_parts_that_cannot_be_are_refused_and_nothing_is_recorded(rounding: Group, tender, parts, code):
    head = rounding.shop.log.head()
    assert sell(rounding, tender, *(part(*one) for one in parts))["code"] == code
    foreign = {"tender": "CARD", "amount": {"amount": "1.00", "currency": "JPY"}}
    assert sell(rounding, tender, foreign)["code"] == "CURRENCY_MISMATCH"
    assert rounding.shop.log.head() == head


def test_a_sale_in_one_tender_records_what_it_always_did(group: Group):
    head = group.shop.log.head()
    group.bought(goods=[{"productId": group.mug}])
    sold = [record.event.TOPIC for record in group.shop.log.events(after=head)]
    assert sold == ["sales.OrderPlaced", "payments.PaymentTaken", "sales.OrderPaid", "eventlog.CommandHandled"]


# Cash rounding.


def test_the_rest_in_cash_is_rounded_once_and_the_tax_is_not(rounding: Group):
    order = sell(rounding, "CASH", product=rounding.spoon)["order"]
    assert (paid_by(order), order["rounding"]["amount"]) == ([("cash", "12.90")], "0.01")
    assert (order["total"]["amount"], order["vat"]["amount"]) == ("12.91", "1.49")
    books = in_books(rounding)
    assert {key: books[key] for key in (DRAWER, "Expenses:CashRounding", "Income:Sales", "Liabilities:VAT:Output")} == {
        DRAWER: "12.90",
        "Expenses:CashRounding": "0.01",
        "Income:Sales": "-11.42",
        "Liabilities:VAT:Output": "-1.49",
    }


def test_only_the_cash_remainder_of_a_split_tender_is_rounded(rounding: Group):
    order = sell(rounding, "CASH", part("CARD", "5.55"), product=rounding.spoon)["order"]
    assert (paid_by(order), order["rounding"]["amount"]) == ([("card", "5.55"), ("cash", "7.30")], "0.06")


def test_a_rest_below_the_smallest_coin_is_nothing_to_pay(rounding: Group):
    order = sell(rounding, "CASH", part("CARD", "12.86"), product=rounding.spoon)["order"]
    assert (order["state"], paid_by(order), order["rounding"]["amount"]) == (
        "paid", [("card", "12.86"), ("cash", "0.00")], "0.05",
    )  # fmt: skip


def test_partial_returns_in_cash_give_back_in_all_exactly_what_was_paid(rounding: Group):
    order = sell(rounding, "CASH", quantity=3, product=rounding.spoon)["order"]  # 38.73, paid as 38.70
    assert paid_by(order) == [("cash", "38.70")]
    given = []
    for _ in range(3):
        back = rounding.till.do("takeBack", orderId=order["id"], lines=[{"lineNo": 1}])["order"]
        given.append(back["returns"][-1]["tenders"][0]["amount"]["amount"])
    assert given == ["13.00", "13.00", "12.70"]
    books = in_books(rounding)
    assert DRAWER not in books
    assert "Expenses:CashRounding" not in books
    assert books["Income:SalesReturns"] == "34.27"


@pytest.fixture
def alps(group: Group) -> Group:
    """A shop where the law rounds cash to five rappen, up and down; a bell at 12.92 and a watch at 49.98."""
    place = {"region": "CH-ZH", "timeZone": "Europe/Zurich", "currency": "CHF", "tradesWithoutShift": True}
    outlet = group.office.do("openOutlet", code="ALPS", kind="shop", name=words("Alps", "山"), **place)["outlet"]["id"]
    group.office.do("installTill", outletId=outlet, till="T1")
    group.bell, group.watch, group.clock = (
        group.office.do(
            "listProduct", sku=f"CHF-{price}", name=words("Bell", "铃"), story=words("Ding.", "叮。"), originSiteId=group.site,
            price={"amount": price, "currency": "CHF"}, vatCategory="standard", category="toys", listedOn="2025-05-15",
        )["product"]["id"]
        for price in ("12.92", "49.98", "60.00")
    )  # fmt: skip
    group.till = group.device(outlet, "T1")
    return group


def test_what_was_rounded_up_goes_back_rounded_up(alps: Group):
    order = alps.bought(goods=[{"productId": alps.watch}])
    shown = alps.till.ask("order", id=order["id"])
    assert (paid_by(shown), shown["rounding"]["amount"]) == ([("cash", "50.00")], "-0.02")
    back = alps.till.do("takeBack", orderId=order["id"], lines=[{"lineNo": 1}])["order"]["returns"][0]
    assert paid_by(back) == [("cash", "50.00")]


def test_the_last_of_several_returns_makes_up_for_the_rounding_of_the_others(alps: Group):
    order = alps.bought(goods=[{"productId": alps.bell, "quantity": 2}])["id"]  # 25.84, paid as 25.85
    first, last = (
        alps.till.do("takeBack", orderId=order, lines=[{"lineNo": 1}])["order"]["returns"][-1] for _ in range(2)
    )
    assert (paid_by(first), paid_by(last)) == ([("cash", "12.90")], [("cash", "12.95")])


def test_what_was_paid_and_rounded_up_is_carried_over_in_an_exchange(alps: Group):
    order = alps.bought(goods=[{"productId": alps.watch}])["id"]
    goods = [{"productId": alps.clock}]
    done = alps.till.do("exchange", orderId=order, lines=[{"lineNo": 1}], goods=goods, tender="CARD")["order"]
    assert (paid_by(done), done["rounding"]["amount"]) == ([("cash", "50.00"), ("card", "10.02")], "-0.02")
    back = alps.till.do("takeBack", orderId=done["id"], lines=[{"lineNo": 1}])["order"]["returns"][0]
    assert paid_by(back) == [("card", "10.02"), ("cash", "50.00")]


# One tender after the other.


def test_a_sale_completes_once_what_was_taken_comes_to_its_price(group: Group):
    order = placed(group)
    first = take(group, order, "500.00")
    assert (first["payment"]["state"], first["order"]["state"]) == ("APPROVED", "placed")
    assert first["order"]["remaining"]["amount"] == "247.00"
    second = take(group, order, "47.00", "WALLET")
    assert second["order"]["remaining"]["amount"] == "200.00"
    last = take(group, order, tender="CASH")
    assert (last["order"]["state"], paid_by(last["order"])) == (
        "paid", [("card", "500.00"), ("wallet", "47.00"), ("cash", "200.00")],
    )  # fmt: skip
    assert rules(group)[-3:] == ["J01a", "J01a", "J01"]
    assert in_books(group)["Assets:Clearing:Card"] == "500.00"


def test_until_then_what_was_taken_is_owed_and_not_a_sale(group: Group):
    take(group, placed(group), "500.00")
    assert in_books(group)["Liabilities:PendingSales"] == "-500.00"
    assert "Income:Sales" not in in_books(group)


def test_a_declined_tender_leaves_the_others_and_an_unknown_one_blocks_the_next(group: Group):
    order = placed(group)
    take(group, order, "500.00")
    assert take(group, order, device="decline")["code"] == "PAYMENT_DECLINED"
    open_ = take(group, order, "100.00", device="pending")["payment"]["id"]
    assert take(group, order, tender="CASH")["code"] == "PAYMENT_STILL_OPEN"
    assert group.till.try_to("giveUpOrder", orderId=order)["code"] == "PAYMENT_STILL_OPEN"
    group.sandbox.bank_answers(str(read_id("Payment", open_)), True)
    assert group.till.do("checkPayment", paymentId=open_)["order"]["remaining"]["amount"] == "147.00"
    assert paid_by(take(group, order, tender="CASH")["order"])[-1] == ("cash", "147.00")


@pytest.mark.parametrize("amount", ["747.01", "0.00", "-5.00"])
def test_a_part_beyond_what_remains_is_refused_before_anybody_is_asked(group: Group, amount: str):
    order = placed(group)
    head = group.shop.log.head()
    assert take(group, order, amount)["code"] == "PAYMENT_DIFFERS_FROM_ORDER"
    assert (group.shop.log.head(), group.sandbox.balance) == (head, {})


def test_one_tender_goes_back_and_the_customer_pays_otherwise(group: Group):
    order = placed(group)
    card = take(group, order, "500.00")["payment"]["id"]
    back = group.till.do("giveTenderBack", paymentId=card)["order"]
    assert (back["remaining"]["amount"], back["tenders"], group.sandbox.balance) == (
        "747.00",
        [],
        {"CNY": Money(0, "CNY")},
    )
    again = group.till.do("giveTenderBack", paymentId=card)["order"]
    assert again["remaining"]["amount"] == "747.00"
    assert paid_by(take(group, order, tender="CASH")["order"]) == [("cash", "747.00")]
    assert group.till.try_to("giveTenderBack", paymentId=card)["code"] == "ORDER_ALREADY_PAID"
    assert in_books(group)[DRAWER] == "747.00"


def test_an_order_given_up_gives_back_all_that_was_paid(group: Group):
    order = placed(group, pieces=[{"editionId": group.edition, "number": 17}])
    take(group, order, "500.00")
    take(group, order, "100.00", "CASH")
    given_up = group.till.do("giveUpOrder", orderId=order)["order"]
    assert (given_up["state"], given_up["tenders"], group.sandbox.balance) == (
        "cancelled",
        [],
        {"CNY": Money(0, "CNY")},
    )
    assert group.till.do("giveUpOrder", orderId=order)["order"]["state"] == "cancelled"
    assert not {DRAWER, "Assets:Clearing:Card", "Liabilities:PendingSales", "Income:Sales"} & set(in_books(group))
    assert group.till.ask("scan", code="(01)04006381333931(21)17")["piece"]["status"] == "free"


def test_what_was_paid_goes_back_where_the_piece_was_gone_when_the_rest_came(group: Group, time):
    order = placed(group, pieces=[{"editionId": group.edition, "number": 17}])
    take(group, order, "500.00")
    time.move_to(MORNING + timedelta(minutes=20))
    group.bought(pieces=[{"editionId": group.edition, "number": 17}], tender="WALLET")
    assert take(group, order)["code"] == "ORDER_CANCELLED"
    group.shop.settle_payments.settle_open()
    assert group.sandbox.balance == {"CNY": Money(0, "CNY")}
    assert "Liabilities:PendingSales" not in in_books(group)


# Drawers.


def test_cash_of_an_unfinished_sale_is_in_the_drawer_and_goes_back_out_of_it(group: Group):
    group.office.do("engageStaff", badge="C1", roles=["cashier"])
    opening = {"badge": "C1", "businessDate": "2025-05-15", "openingFloat": cny("100.00")}
    group.till.do("openShift", **opening, blindCount=False)
    order = placed(group)
    take(group, order, "50.00", "CASH")
    assert group.till.ask("shiftReport")["expected"]["amount"] == "150.00"
    other = group.device(group.counter, "T2")
    assert other.try_to("giveUpOrder", orderId=order)["code"] == "ORDER_OF_ANOTHER_TILL"
    group.till.do("giveUpOrder", orderId=order)
    report = group.till.ask("shiftReport")
    assert report["expected"]["amount"] == "100.00"
    assert [(one["kind"], one["amount"]["amount"]) for one in report["takings"]] == [
        ("given_back", "50.00"), ("sale", "50.00"),
    ]  # fmt: skip
    sell(group, "CASH", part("CARD", "700.00"))
    assert group.till.ask("shiftReport")["expected"]["amount"] == "147.00"
    assert group.shop.differences() == []


# Money goes back the way it came.


def test_a_return_goes_to_the_card_before_cash(group: Group):
    order = sell(group, "CASH", part("CARD", "500.00"), quantity=2)["order"]["id"]  # 1494.00: 500.00 and 994.00
    back = group.till.do("takeBack", orderId=order, lines=[{"lineNo": 1}])["order"]["returns"][0]
    assert (back["amount"]["amount"], paid_by(back)) == ("747.00", [("card", "500.00"), ("cash", "247.00")])
    rest = group.till.do("takeBack", orderId=order, lines=[{"lineNo": 1}])["order"]["returns"][1]
    assert paid_by(rest) == [("cash", "747.00")]
    assert {key: in_books(group).get(key) for key in (DRAWER, "Assets:Clearing:Card")} == {
        DRAWER: None, "Assets:Clearing:Card": None,
    }  # fmt: skip


def test_the_tender_that_is_named_goes_back_first_as_far_as_it_goes(group: Group):
    order = sell(group, "CASH", part("CARD", "500.00"))["order"]["id"]
    back = group.till.do("takeBack", orderId=order, lines=[{"lineNo": 1}], tender="CASH")["order"]["returns"][0]
    assert paid_by(back) == [("cash", "247.00"), ("card", "500.00")]


def test_a_card_that_its_provider_charged_is_not_given_back_in_cash(group: Group):
    order = placed(group)
    take(group, order)
    refused = group.till.try_to("takeBack", orderId=order, lines=[{"lineNo": 1}], tender="CASH")
    assert (refused["code"], refused["message"].partition(": ")[2]) == (
        "TENDER_NOT_OF_ORDER", "its money goes back the way it came, not by cash.",
    )  # fmt: skip
    back = group.till.do("takeBack", orderId=order, lines=[{"lineNo": 1}])["order"]["returns"][0]
    assert (paid_by(back), group.sandbox.balance) == ([("card", "747.00")], {"CNY": Money(0, "CNY")})
    assert "Assets:Clearing:Card" not in in_books(group)


def test_a_slip_typed_in_at_the_counter_may_go_back_in_cash(group: Group):
    order = group.bought(goods=[{"productId": group.mug}], tender="CARD")["id"]
    back = group.till.do("takeBack", orderId=order, lines=[{"lineNo": 1}], tender="CASH")["order"]["returns"][0]
    assert paid_by(back) == [("cash", "747.00")]
    assert (in_books(group)[DRAWER], in_books(group)["Assets:Clearing:Card"]) == ("-747.00", "747.00")


def test_every_provider_gives_its_own_part_back(group: Group):
    order = placed(group)
    take(group, order, "500.00")
    take(group, order, tender="WALLET")
    assert group.sandbox.balance == {"CNY": Money(74700, "CNY")}
    group.till.do("takeBack", orderId=order, lines=[{"lineNo": 1}])
    assert group.sandbox.balance == {"CNY": Money(0, "CNY")}


def test_an_advance_is_kept_back_from_a_return_over_several_tenders(group: Group):
    order = sell(group, "CASH", part("CARD", "500.00"), quantity=2)["order"]["id"]
    document = {"kind": "passport", "number": "X1234567", "name": "Ada Lovelace", "lastEntry": "2025-05-01"}
    claim = group.till.do("openClaim", orderIds=[order], mode="INSTANT_STORE", document=document)["claim"]["id"]
    group.till.do("agreeClaim", claimId=claim)
    group.till.do("guaranteeClaim", claimId=claim, provider="sandbox", source="tok")
    group.till.do("advanceClaim", claimId=claim, tender="CASH")
    assert in_books(group)[DRAWER] == "859.54"  # 994.00 less the advance of 134.46
    group.till.do("takeBack", orderId=order, lines=[{"lineNo": 1, "quantity": 2}])
    books = in_books(group)
    assert not {DRAWER, "Assets:Clearing:Card", "Assets:RefundAdvance:TouristRecoverable"} & set(books)
    assert group.shop.differences() == []


# The receipt.


def test_the_receipt_shows_every_tender_and_the_rounding(rounding: Group):
    order = sell(rounding, "CASH", part("CARD", "5.55"), product=rounding.spoon)["order"]["id"]
    text = rounding.till.ask("receipt", orderId=order)["paper"]["text"]
    lines = [line.split() for line in text.splitlines()]
    assert ["现金舍入", "Rounding", "-0.06"] in lines
    assert ["银行卡", "Card", "5.55"] in lines
    assert ["现金", "Cash", "7.30"] in lines


def test_a_paid_order_is_said_to_be_paid_at_whichever_till_it_is_given_up(group: Group):
    order = group.bought(goods=[{"productId": group.mug}])["id"]
    for till in (group.till, group.device(group.counter, "T2")):
        assert till.try_to("giveUpOrder", orderId=order)["code"] == "ORDER_ALREADY_PAID"
