"""Clawback: what came back of one form's advance and was the agency's money, until it is on its way there."""

from datetime import date
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money, total
from souvenir.taxrefund.claim import Claim


class Clawback(Aggregate):
    """How much of what one claim gave back is paid to its agency, or about to be."""

    TOPIC = "taxrefund.Clawback"

    class Opened(Created):
        TOPIC = "taxrefund.ClawbackOpened"
        claim_id: UUID
        claim_no: str
        agency: str

    class Ordered(Aggregate.Event):
        """A payment to the agency takes this much along."""

        TOPIC = "taxrefund.ClawbackOrdered"
        payment_id: UUID
        amount: Money
        on: date

    class OwedAgain(Aggregate.Event):
        """That payment came to nothing."""

        TOPIC = "taxrefund.ClawbackOwedAgain"
        payment_id: UUID
        amount: Money
        on: date

    # Decide: may record, never assigns.

    @classmethod
    def open(cls, claim: Claim) -> Self:
        """Begin to give back what came back of a claim's advance."""
        about = {"claim_id": claim.id, "claim_no": claim.claim_no, "agency": claim.agency}
        return cls._create(cls.Opened, id=clawback_id(claim.id), **about)

    def order(self, payment_id: UUID, amount: Money, on: date) -> None:
        """Have a payment take an amount along; the same payment again takes nothing more."""
        if payment_id not in self.ordered:
            self._ordered(payment_id=payment_id, amount=amount, on=on)

    def owe_again(self, payment_id: UUID, on: date) -> None:
        """Note that a payment came to nothing."""
        if payment_id in self.ordered:
            self._owed_again(payment_id=payment_id, amount=self.ordered[payment_id], on=on)

    # Evolve: assigns only.

    @event(Opened)
    def __init__(self, claim_id: UUID, claim_no: str, agency: str) -> None:
        self.claim_id, self.claim_no, self.agency = claim_id, claim_no, agency
        self.ordered: dict[UUID, Money] = {}

    @event(Ordered)
    def _ordered(self, payment_id: UUID, amount: Money, on: date) -> None:
        self.ordered[payment_id] = amount

    @event(OwedAgain)
    def _owed_again(self, payment_id: UUID, amount: Money, on: date) -> None:
        del self.ordered[payment_id]


def clawback_id(claim_id: UUID) -> UUID:
    """The id of what goes back of a claim's advance."""
    return derived_id("clawback", claim_id)


def owed_to_agency(claim: Claim, known: Clawback | None) -> Money:
    """What came back of an advance of the agency's and no payment takes along yet."""
    zero = Money.zero(claim.net.currency)
    if claim.advanced_by != "agency":
        return zero
    return total(claim.recoveries.values(), zero.currency) - total(
        known.ordered.values() if known else (), zero.currency
    )
