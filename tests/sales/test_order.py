"""An order is paid once, in full; what comes back adds up to what was paid, to the cent."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given as every
from hypothesis import strategies as st

from souvenir.kernel.money import CurrencyMismatch, Money, total
from souvenir.sales.order import (
    Channel,
    NotReturnable,
    Order,
    OrderAlreadyPaid,
    OrderCancelled,
    OrderIsEmpty,
    OrderLine,
    OrderNotPaid,
    PaymentDiffersFromOrder,
)
from souvenir.testing import given

DAY = date(2026, 5, 1)
PAYMENT = uuid4()
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
