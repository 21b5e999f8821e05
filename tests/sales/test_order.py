"""An order is paid once, in full; what comes back adds up to what was paid, to the cent."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given as every
from hypothesis import strategies as st

from souvenir.kernel.money import CurrencyMismatch, Money, total
from souvenir.sales.line import OrderLine
from souvenir.sales.order import (
    Channel,
    NotReturnable,
    Order,
    OrderAlreadyPaid,
    OrderCancelled,
    OrderIsEmpty,
    OrderNotPaid,
    OrderPartPaid,
    PaymentDiffersFromOrder,
)
from souvenir.sales.tender import Tendered, share_out
from souvenir.testing import given

DAY = date(2026, 5, 1)
PAYMENT, CARD = uuid4(), uuid4()
DUE = Money(30001, "CNY")


def line(quantity: int = 3, gross: int = 30001, currency: str = "CNY") -> OrderLine:
    money = Money(gross, currency)
    return OrderLine(
        line_no=1, product_id=uuid4(), sku="VASE", name={"en": "Vase"}, category="enamelware", quantity=quantity,
        unit_price=money, gross=money, vat_rate=Decimal("0.13"), vat=money.tax_within(Decimal("0.13")),
    )  # fmt: skip


def order(*lines: OrderLine) -> Order:
    return Order.place(
        uuid4(), order_no="260501-AAAA", outlet_id=uuid4(), channel=Channel.SHOP, till="T1",
        lines=lines or (line(),), currency="CNY", on=DAY,
    )  # fmt: skip


def paid(placed: Order) -> None:
    placed.pay(PAYMENT, "cash", placed.due, DAY)


def test_an_order_is_paid_once_by_one_payment():
    given(order()).when(paid).then(Order.Paid, payment_id=PAYMENT, amount=DUE)
    given(order(), paid).when(paid).then_nothing()
    given(order(), paid).when(lambda o: o.pay(uuid4(), "card", o.due, DAY)).then_refused(OrderAlreadyPaid)


def test_another_amount_than_what_is_due_is_refused():
    less = Money(30000, "CNY")
    given(order()).when(lambda o: o.pay(PAYMENT, "cash", less, DAY)).then_refused(
        PaymentDiffersFromOrder, due=DUE, offered=less
    )


def test_an_empty_order_and_a_foreign_currency_are_refused():
    with pytest.raises(OrderIsEmpty):
        Order.place(
            uuid4(), order_no="x", outlet_id=uuid4(), channel=Channel.SHOP, till=None, lines=(), currency="CNY", on=DAY
        )
    with pytest.raises(CurrencyMismatch):
        order(line(currency="JPY"))


def test_a_cancelled_order_takes_no_payment_and_a_paid_one_is_not_cancelled():
    given(order(), lambda o: o.cancel("gone.")).when(paid).then_refused(OrderCancelled)
    given(order(), paid).when(lambda o: o.cancel("gone.")).then_refused(OrderAlreadyPaid)
    given(order(), lambda o: o.cancel("gone.")).when(lambda o: o.cancel("gone.")).then_nothing()


def test_the_same_return_twice_is_one_return():
    back = uuid4()

    def take_back(o: Order) -> None:
        o.take_back(back, {1: 1}, "cash", DAY)

    given(order(), paid).when(take_back).then(Order.Returned, return_id=back, amount=Money(10000, "CNY"))
    given(order(), paid, take_back).when(take_back).then_nothing()


def test_nothing_comes_back_before_it_is_paid():
    given(order()).when(lambda o: o.take_back(uuid4(), {1: 1}, "cash", DAY)).then_refused(OrderNotPaid)


@pytest.mark.parametrize("asked", [{1: 4}, {1: 0}, {2: 1}, {1: -1}])
def test_more_than_was_bought_never_comes_back(asked):
    given(order(), paid).when(lambda o: o.take_back(uuid4(), asked, "cash", DAY)).then_refused(NotReturnable)


@every(st.integers(1, 10**9), st.lists(st.integers(1, 5), min_size=1, max_size=8))
def test_partial_returns_add_up_to_the_line(gross, parts):
    bought = order(line(quantity=sum(parts), gross=gross))
    paid(bought)
    for part in parts:
        bought.take_back(uuid4(), {1: part}, "cash", DAY)
    back = [one for lines in bought.returns.values() for one in lines]
    assert total((one.gross for one in back), "CNY") == bought.due
    assert total((one.vat for one in back), "CNY") == bought.lines[0].vat
    assert all(one.gross.minor >= 0 for one in back)


# In parts.


def by_card(placed: Order) -> None:
    placed.take_part(CARD, "card", Money(20000, "CNY"), DAY)


def rest_in_cash(placed: Order) -> None:
    placed.pay(PAYMENT, "cash", Money(10000, "CNY"), DAY, rounding=Money(1, "CNY"))


def test_a_part_leaves_the_rest_due_and_the_rest_pays_the_order():
    given(order()).when(by_card).then(Order.TenderTaken, payment_id=CARD, amount=Money(20000, "CNY"))
    given(order(), by_card).when(by_card).then_nothing()
    given(order(), by_card).when(rest_in_cash).then(Order.Paid, amount=Money(10000, "CNY"), rounding=Money(1, "CNY"))
    given(order(), by_card, rest_in_cash).when(rest_in_cash).then_nothing()
    given(order(), by_card).when(paid).then_refused(PaymentDiffersFromOrder, due=Money(10001, "CNY"), offered=DUE)


@pytest.mark.parametrize("part", [0, -1, 30001, 40000])
def test_a_part_is_above_nothing_and_below_what_is_due(part: int):
    given(order()).when(lambda o: o.take_part(CARD, "card", Money(part, "CNY"), DAY)).then_refused(
        PaymentDiffersFromOrder, due=DUE
    )


def test_a_part_goes_back_while_the_order_is_not_paid():
    def back(o: Order) -> None:
        o.give_part_back(CARD, DAY)

    given(order(), by_card).when(back).then(Order.TenderGivenBack, payment_id=CARD, tender="card")
    given(order(), by_card, back).when(back).then_nothing()
    given(order(), by_card, back).when(paid).then(Order.Paid, amount=DUE)
    given(order(), by_card, rest_in_cash).when(back).then_refused(OrderAlreadyPaid)


def test_an_order_that_is_paid_in_part_is_not_cancelled_before_that_went_back():
    given(order(), by_card).when(lambda o: o.cancel("gone.")).then_refused(OrderPartPaid, taken=Money(20000, "CNY"))


def test_what_is_left_by_tender_is_the_card_first_and_cash_last():
    bought = order()
    bought.take_part(PAYMENT, "cash", Money(10000, "CNY"), DAY)
    bought.pay(CARD, "card", Money(20001, "CNY"), DAY)
    assert [(one.tender, one.amount.minor) for one in bought.left_by_tender()] == [("card", 20001), ("cash", 10000)]
    ways = (Tendered(payment_id=CARD, tender="card", amount=Money(10000, "CNY")),)
    bought.take_back(uuid4(), {1: 1}, "card", DAY, tenders=ways)
    assert [(one.tender, one.amount.minor) for one in bought.left_by_tender()] == [("card", 10001), ("cash", 10000)]


@every(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), min_size=1, max_size=5))
def test_an_amount_shared_out_over_tenders_adds_up_and_takes_of_none_but_the_last_more_than_it_has(amount, had):
    over = [Tendered(payment_id=uuid4(), tender="card", amount=Money(one, "CNY")) for one in had]
    shares = share_out(Money(amount, "CNY"), over)
    assert sum(one.amount.minor for one in shares) == amount
    had_by = {one.payment_id: one.amount for one in over[:-1]}
    assert all(one.amount <= had_by.get(one.payment_id, one.amount) for one in shares)
