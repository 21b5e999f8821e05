"""Split tender: a sale is paid in parts, by any tenders in any order; what is left in cash is rounded to the coin, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from souvenir.eventlog import Transaction
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money
from souvenir.payments.payment import Payment, Tender
from souvenir.sales.order import Order
from souvenir.sites.outlet import Outlet

COUNTER = "counter"
"""The provider name of payments that were taken over the counter: there is nobody to ask for the refund."""


class NotPayableInCash(SouvenirError):
    message = "{amount} cannot be paid in cash here: the coins make it {payable}."
    amount: Money
    payable: Money


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a sale that is paid first; the `reference` is the card terminal's or wallet's, empty for cash."""

    tender: Tender
    amount: Money
    reference: str = ""


def take_parts(tx: Transaction, outlet: Outlet, order: Order, parts: Sequence[Part], day: date) -> None:
    """Record the parts of a sale that were paid over the counter; the rest of it stays due."""
    for nth, part in enumerate(parts, start=1):
        check_part(outlet, order, part.tender, part.amount, day)
        reference = part.reference or f"{COUNTER}:{order.order_no}:{nth}"
        payment = Payment.take(order.id, part.amount, part.tender, reference, nth)
        order.take_part(payment.id, part.tender, part.amount, day)
        tx.save(payment)


def check_part(outlet: Outlet, order: Order, tender: Tender, amount: Money, day: date) -> None:
    """Refuse a part that leaves nothing to be paid, or that no coins make."""
    order.check_part_payable(amount)
    if (payable := as_paid(outlet, amount, tender, day)) != amount:
        raise NotPayableInCash(amount=amount, payable=payable)


def as_paid(outlet: Outlet, left: Money, tender: Tender, day: date) -> Money:
    """What is left of an order, as this tender pays it: in cash to the smallest coin."""
    return outlet.in_cash(left, day) if tender is Tender.CASH else left


def put_to_order(outlet: Outlet, order: Order, payment: Payment, day: date, *, after_count: bool = False) -> bool:
    """Put money that was taken to its order; answers whether the order is paid by it. `after_count` is as for `Order.pay`."""
    left = order.remaining
    if payment.amount == as_paid(outlet, left, payment.tender, day):
        rounding = None if payment.amount == left else left - payment.amount
        order.pay(payment.id, payment.tender, payment.amount, day, rounding=rounding, after_count=after_count)
        return True
    order.take_part(payment.id, payment.tender, payment.amount, day)
    return False


def give_part_back(tx: Transaction, order: Order, payment_id: UUID, day: date) -> None:
    """Decide that a part goes back the way it came. A provider is asked for it after the commit."""
    amount, payment = order.parts[payment_id].amount, tx.get(Payment, payment_id)
    order.give_part_back(payment_id, day)
    refund_id = derived_id("refund", payment_id, near=payment_id)
    if payment.provider == COUNTER:
        payment.refund(refund_id, amount, f"{COUNTER}:{order.order_no}", day)
    else:
        payment.request_refund(refund_id, amount, day, "paid otherwise, or not at all")
    tx.save(payment)
