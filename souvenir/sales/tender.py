"""Tenders of an order: what each payment brought, and how an amount is shared out over them."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from souvenir.kernel.aggregate import Value
from souvenir.kernel.money import Money

CASH = "cash"


class Tendered(Value):
    """So much by one payment, in one tender."""

    payment_id: UUID
    tender: str
    amount: Money


class Exchanged(Value):
    """For which goods an order was taken in exchange: the return, and what had been paid for them that now pays for this."""

    order_id: UUID
    return_id: UUID
    carried: tuple[Tendered, ...] = ()


def as_goes_back(tenders: Iterable[Tendered]) -> list[Tendered]:
    """Tenders in the order in which they are given back: card and wallet as they came, cash last.

    What was paid by card goes back to the card before anybody is handed notes for it.
    """
    return sorted(tenders, key=lambda one: one.tender == CASH)


def share_out(amount: Money, over: Sequence[Tendered]) -> list[Tendered]:
    """An amount over tenders, each up to what it has, in the order given; what is beyond them all falls on the last."""
    shares = []
    for one in over:
        part = amount if one is over[-1] else min(amount, one.amount)
        if part:
            shares.append(one.model_copy(update={"amount": part}))
            amount -= part
    return shares
