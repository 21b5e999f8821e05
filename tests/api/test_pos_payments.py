"""Paying at a device on the counter, through the till's published operations: pending, final, broken off, found again."""

from datetime import timedelta

import pytest
from stripe_server import API_KEY, Fault, stripe_standing_in
from trading import MORNING, TODAY, Group, cny

from souvenir.api.identity import read_id
from souvenir.payments.providers.stripe import Stripe

SLIP = {"terminal": "T7", "batch": "12", "approval": "A1B2C3"}


@pytest.fixture
def server(time, monkeypatch):
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0.01)
    with stripe_standing_in() as server:
        yield server


@pytest.fixture
def at_reader(server):
    stripe = Stripe(API_KEY, address=server.url)
    group = Group(more=(stripe,))
    yield group
    group.shop.close()
    stripe.close()


def placed(group: Group, **more) -> str:
    """A mug at 747.00, on the counter and not paid."""
    goods = more or {"goods": [{"productId": group.mug}]}
    return str(group.till.do("placeAtTill", **goods)["order"]["id"])


def take(group: Group, order: str, provider: str = "sandbox", device: str = "pending", **more):
    asked = {"orderId": order, "tender": "CARD", "provider": provider, "device": device}
    return group.till.try_to("takePayment", **(asked | more))


def state(group: Group, order: str) -> str:
    return str(group.till.ask("order", id=order)["state"])


def bank_answers(group: Group, payment: str, approved: bool = True) -> None:
    group.sandbox.bank_answers(str(read_id("Payment", payment)), approved)


# At a reader driven over the network.


def test_a_card_is_asked_for_at_the_reader_presented_and_the_order_is_paid(at_reader: Group, server):
    reader, order = server.books.add_reader("Counter"), placed(at_reader)
    started = take(at_reader, order, "stripe", reader["id"])
    assert (started["payment"]["state"], started["order"]["state"]) == ("OPEN", "placed")
    payment = started["payment"]["id"]
    assert at_reader.till.do("checkPayment", paymentId=payment)["payment"]["state"] == "OPEN"
    server.books.present_card(reader)
    paid = at_reader.till.do("checkPayment", paymentId=payment)
    assert (paid["payment"]["state"], paid["order"]["state"]) == ("APPROVED", "paid")
    assert [moved["amount"] for moved in server.books.all("balance_transaction")] == [74700]


def test_a_declined_card_is_said_so_and_the_next_one_pays(at_reader: Group, server):
    reader, order = server.books.add_reader("Counter"), placed(at_reader)
    first = take(at_reader, order, "stripe", reader["id"])["payment"]["id"]
    server.books.present_card(reader, "pm_card_chargeDeclined")
    refused = at_reader.till.try_to("checkPayment", paymentId=first)
    assert refused["code"] == "PAYMENT_DECLINED"
    second = take(at_reader, order, "stripe", reader["id"])["payment"]["id"]
    server.books.present_card(reader)
    assert at_reader.till.do("checkPayment", paymentId=second)["order"]["state"] == "paid"
    assert [moved["amount"] for moved in server.books.all("balance_transaction")] == [74700]


@pytest.mark.parametrize("lost", [Fault.ANSWER_LOST, Fault.REQUEST_LOST])
def test_a_till_that_breaks_down_finds_its_payment_again(at_reader: Group, server, lost):
    """The line was down when it asked, and the till with it; its successor sends the same request, or looks the list up."""
    reader, order = server.books.add_reader("Counter"), placed(at_reader)
    server.faults.extend([Fault.NONE, lost])
    asked = take(at_reader, order, "stripe", reader["id"], idempotencyKey="till-1:77")
    again = take(at_reader, order, "stripe", reader["id"], idempotencyKey="till-1:77")
    assert (again["replayed"], again["payment"]["id"]) == (True, asked["payment"]["id"])
    (found,) = at_reader.till.ask("openPayments")
    assert (found["id"], found["device"]) == (asked["payment"]["id"], reader["id"])
    server.books.present_card(reader)
    assert at_reader.till.do("checkPayment", paymentId=found["id"])["order"]["state"] == "paid"
    assert at_reader.till.ask("openPayments") == []
    assert len(server.books.all("payment_intent")) == 1


def test_a_payment_that_nobody_comes_back_for_is_finished_by_the_sweep(at_reader: Group, server, time):
    reader = server.books.add_reader("Counter")
    paid, left = placed(at_reader), placed(at_reader)
    take(at_reader, paid, "stripe", reader["id"])
    server.books.present_card(reader)
    at_reader.shop.settle_payments.settle_open()
    assert state(at_reader, paid) == "paid"
    take(at_reader, left, "stripe", reader["id"])
    time.move_to(MORNING + timedelta(minutes=11))
    at_reader.shop.settle_payments.settle_open()
    assert (state(at_reader, left), reader["action"]) == ("placed", None)
    assert at_reader.till.ask("openPayments") == []


def test_a_busy_reader_is_said_to_be_busy(at_reader: Group, server):
    reader = server.books.add_reader("Counter")
    take(at_reader, placed(at_reader), "stripe", reader["id"])
    refused = take(at_reader, placed(at_reader), "stripe", reader["id"])
    assert (refused["code"], "terminal reader busy" in refused["message"]) == ("PAYMENT_DECLINED", True)


# Whatever the device is.


def test_while_one_payment_is_open_no_other_is_begun_and_the_order_not_given_up(group: Group):
    order = placed(group)
    payment = take(group, order)["payment"]["id"]
    for refused in (
        take(group, order),
        take(group, order, "cash", "drawer", tender="CASH"),
        group.till.try_to("giveUpOrder", orderId=order),
    ):
        assert refused["code"] == "PAYMENT_STILL_OPEN"
    bank_answers(group, payment)
    assert group.till.do("checkPayment", paymentId=payment)["order"]["state"] == "paid"
    assert group.till.try_to("giveUpOrder", orderId=order)["code"] == "ORDER_ALREADY_PAID"


def test_a_payment_called_off_takes_nothing_and_cash_pays_instead(group: Group):
    order = placed(group)
    payment = take(group, order)["payment"]["id"]
    assert group.till.try_to("callOffPayment", paymentId=payment)["code"] == "PAYMENT_DECLINED"
    bank_answers(group, payment)
    assert take(group, order, "cash", "drawer", tender="CASH")["order"]["state"] == "paid"
    assert group.sandbox.balance == {}


def test_calling_off_comes_too_late_for_a_card_that_was_charged(group: Group):
    order = placed(group)
    payment = take(group, order)["payment"]["id"]
    bank_answers(group, payment)
    assert group.till.do("callOffPayment", paymentId=payment)["order"]["state"] == "paid"


def test_a_piece_is_held_while_its_card_is_looked_for_and_free_when_the_order_is_given_up(group: Group):
    piece = {"pieces": [{"editionId": group.edition, "number": 17}]}
    order = placed(group, **piece)
    assert group.till.try_to("placeAtTill", **piece)["code"] == "PIECE_HELD_BY_SOMEONE_ELSE"
    assert group.till.do("giveUpOrder", orderId=order)["order"]["state"] == "cancelled"
    again = placed(group, **piece)
    assert take(group, again, device="tok")["order"]["state"] == "paid"
    assert group.till.try_to("placeAtTill", **piece)["code"] == "PIECE_ALREADY_SOLD"


def test_another_outlets_payments_are_none_of_a_tills_business(group: Group):
    elsewhere = group.device(group.park, "T1")
    order = placed(group)
    payment = take(group, order)["payment"]["id"]
    assert elsewhere.ask("openPayments") == []
    for operation, input in (
        ("checkPayment", {"paymentId": payment}),
        ("callOffPayment", {"paymentId": payment}),
        ("giveUpOrder", {"orderId": order}),
        ("takePayment", {"orderId": order, "tender": "CARD", "provider": "sandbox", "device": "r"}),
    ):
        assert elsewhere.try_to(operation, **input)["code"] == "NOT_AT_THIS_OUTLET"


def test_what_is_paid_at_a_device_belongs_to_the_shift_that_is_open(group: Group):
    group.office.do("engageStaff", badge="C7", roles=["cashier"])
    group.till.do("openShift", badge="C7", businessDate="2025-05-14", openingFloat=cny("100.00"))
    order = placed(group)
    take(group, order, "cash", "drawer", tender="CASH")
    paid = [r.event for r in group.shop.log.events(topics=("sales.OrderPaid",))]
    assert [(event.paid_on.isoformat(), event.till) for event in paid] == [("2025-05-14", "T1")]


def test_cash_for_a_placed_order_goes_into_its_own_tills_drawer_while_that_is_open(group: Group):
    order, second = placed(group), group.device(group.counter, "T2")
    cash = {"orderId": order, "tender": "CASH", "provider": "cash", "device": "drawer"}
    refused = second.try_to("takePayment", **cash)
    assert (refused["code"], refused["message"].partition(": ")[2]) == (
        "ORDER_OF_ANOTHER_TILL", "cash for it belongs into the drawer there.",
    )  # fmt: skip
    group.office.do("setShiftRule", outletId=group.counter, tradesWithoutShift=False)
    assert group.till.try_to("takePayment", **cash)["code"] == "NO_OPEN_SHIFT"
    assert group.till.ask("openPayments") == []


# At a bank's terminal that is not connected.


def at_terminal(group: Group, order: str | None = None) -> str:
    asked = take(group, order or placed(group), "terminal", "T7")
    assert asked["payment"]["state"] == "OPEN"
    return str(asked["payment"]["id"])


def key_in(group: Group, payment: str, **more):
    return group.till.try_to("keyInApproval", **{"paymentId": payment, "slip": SLIP, **more})


def close(group: Group, sales: str, count: int, refunds: str = "0.00", refund_count: int = 0, batch: str = "12"):
    totals = {"sales": cny(sales), "salesCount": count, "refunds": cny(refunds), "refundsCount": refund_count}
    return group.till.try_to("closeTerminalBatch", terminal="T7", batch=batch, on=TODAY, **totals)


def test_a_slip_keyed_in_pays_the_order_once(group: Group):
    payment = at_terminal(group)
    for _ in range(2):
        paid = key_in(group, payment)
        assert (paid["payment"]["reference"], paid["order"]["state"]) == ("terminal:T7:12:A1B2C3", "paid")


def test_a_slip_pays_one_order_only(group: Group):
    key_in(group, at_terminal(group))
    second = at_terminal(group)
    assert key_in(group, second)["code"] == "SLIP_ALREADY_KEYED_IN"
    assert group.till.ask("payment", id=second)["state"] == "OPEN"


def test_a_slip_over_another_amount_pays_nothing_and_is_kept_for_people(group: Group):
    payment = at_terminal(group)
    keyed = key_in(group, payment, amount=cny("74.70"))
    assert (keyed["payment"]["state"], keyed["order"]["state"]) == ("MISMATCHED", "placed")


@pytest.mark.parametrize("slip", [{"approval": "A B"}, {"batch": ""}, {"terminal": "T" * 21}])
def test_what_is_no_slip_is_refused(group: Group, slip):
    refused = key_in(group, at_terminal(group), slip=SLIP | slip)
    assert (refused["code"], refused["path"]) == ("MALFORMED_INPUT", ["input", "slip"])


def test_nothing_is_keyed_in_for_a_provider_that_answers_for_itself(group: Group):
    payment = take(group, placed(group))["payment"]["id"]
    assert key_in(group, payment)["code"] == "NOT_AT_A_TERMINAL"
    assert group.till.try_to("keyInRefusal", paymentId=payment)["code"] == "NOT_AT_A_TERMINAL"


def test_a_slip_found_after_the_cashier_had_said_declined_pays_the_order_after_all(group: Group):
    order = placed(group)
    payment = at_terminal(group, order)
    assert group.till.try_to("keyInRefusal", paymentId=payment, reason="no paper")["code"] == "PAYMENT_DECLINED"
    assert key_in(group, payment)["order"]["state"] == "paid"


def test_a_slip_found_after_the_customer_paid_in_cash_is_to_be_given_back_at_the_terminal(group: Group):
    order = placed(group)
    payment = at_terminal(group, order)
    group.till.try_to("keyInRefusal", paymentId=payment)
    take(group, order, "cash", "drawer", tender="CASH")
    assert key_in(group, payment)["code"] == "ORDER_ALREADY_PAID"
    (refund,) = group.till.ask("payment", id=payment)["openRefunds"]
    assert refund["amount"]["amount"] == "747.00"
    void = {"paymentId": payment, "refundId": refund["id"], "slip": SLIP | {"approval": "R1"}}
    for _ in range(2):
        assert group.till.do("keyInRefund", **void)["payment"]["openRefunds"] == []
    assert close(group, "747.00", 1, "747.00", 1)["agrees"] is True


def test_goods_taken_back_are_given_back_at_the_terminal_and_keyed_in(group: Group):
    payment = at_terminal(group)
    order = key_in(group, payment)["order"]
    back = {"orderId": order["id"], "lines": [{"lineNo": 1}], "tender": "CARD"}
    assert group.till.try_to("takeBack", **back)["code"] == "REFUND_NOT_GIVEN_BACK"
    (refund,) = group.till.ask("payment", id=payment)["openRefunds"]
    other = {"paymentId": payment, "refundId": refund["id"], "slip": SLIP}
    assert group.till.try_to("keyInRefund", **other)["code"] == "SLIP_ALREADY_KEYED_IN"
    assert group.till.do("keyInRefund", **(other | {"slip": SLIP | {"approval": "R2"}}))["payment"]["openRefunds"] == []


def test_totals_that_agree_show_that_an_open_payment_was_never_charged(group: Group):
    key_in(group, at_terminal(group))
    left = at_terminal(group)
    closed = close(group, "747.00", 1)
    assert (closed["agrees"], closed["notCharged"]) == (True, [left])
    assert group.till.ask("payment", id=left)["reason"] == "not in the terminal's batch"


def test_totals_with_one_more_show_that_an_open_payment_was_charged(group: Group):
    key_in(group, at_terminal(group))
    order = placed(group, goods=[{"productId": group.pen}])
    forgotten, left = at_terminal(group, order), at_terminal(group)
    closed = close(group, "1249.00", 2)
    assert (closed["charged"], closed["notCharged"], closed["missing"]["amount"]) == ([forgotten], [left], "502.00")
    assert state(group, order) == "paid"
    assert close(group, "1249.00", 2)["charged"] == [forgotten]
    assert close(group, "1249.01", 2)["code"] == "BATCH_ALREADY_CLOSED"


def test_totals_that_could_mean_either_of_two_payments_decide_nothing(group: Group):
    first, second = at_terminal(group), at_terminal(group)
    closed = close(group, "747.00", 1)
    assert (closed["agrees"], sorted(closed["undecided"])) == (False, sorted([first, second]))
    assert {group.till.ask("payment", id=id)["state"] for id in (first, second)} == {"OPEN"}


def test_totals_show_that_the_cashier_was_wrong_about_a_refusal_and_its_order_is_paid(group: Group):
    order = placed(group)
    refused = at_terminal(group, order)
    group.till.try_to("keyInRefusal", paymentId=refused)
    left = at_terminal(group, placed(group, goods=[{"productId": group.pen}]))
    closed = close(group, "747.00", 1)
    assert (closed["charged"], closed["notCharged"], closed["agrees"]) == ([refused], [left], True)
    assert state(group, order) == "paid"


def test_totals_that_may_mean_a_refused_payment_or_an_open_one_decide_nothing(group: Group):
    refused = at_terminal(group)
    group.till.try_to("keyInRefusal", paymentId=refused)
    left = at_terminal(group)
    assert close(group, "747.00", 1)["undecided"] == [left]


def test_totals_short_of_what_was_keyed_in_are_told_and_change_nothing(group: Group):
    payment = at_terminal(group)
    key_in(group, payment)
    closed = close(group, "0.00", 0)
    assert (closed["agrees"], closed["missing"]["amount"]) == (False, "-747.00")
    assert group.till.ask("payment", id=payment)["state"] == "APPROVED"


def test_a_terminal_never_answers_by_itself_however_long_one_waits(group: Group, time):
    payment = at_terminal(group)
    for passing in (timedelta(minutes=6), timedelta(days=2)):
        time.move_to(MORNING + passing)
        group.shop.settle_payments.settle_open()
        assert group.till.do("checkPayment", paymentId=payment)["payment"]["state"] == "OPEN"
    assert group.till.try_to("callOffPayment", paymentId=payment)["code"] == "PAYMENT_STILL_OPEN"
