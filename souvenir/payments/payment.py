"""Payment: one attempt to be paid for one order, from the request to its approval, refusal or refund."""

from datetime import date
from enum import StrEnum
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money, total


class Tender(StrEnum):
    """What the customer pays with."""

    CASH = "cash"
    CARD = "card"
    WALLET = "wallet"


class PaymentNotApproved(SouvenirError):
    message = "Payment {payment_id} is not approved, so nothing can be given back on it."
    payment_id: UUID


class RefundExceedsPayment(SouvenirError):
    message = "Only {remaining} of this payment is left to give back, not {asked}."
    remaining: Money
    asked: Money


class Payment(Aggregate):
    """One attempt to be paid. A new attempt is a new payment, made only once this one was declined."""

    TOPIC = "payments.Payment"

    class Requested(Created):
        TOPIC = "payments.PaymentRequested"
        order_id: UUID
        amount: Money
        tender: Tender
        provider: str

    class Approved(Aggregate.Event):
        TOPIC = "payments.PaymentApproved"
        reference: str

    class Declined(Aggregate.Event):
        TOPIC = "payments.PaymentDeclined"
        reason: str

    class Refunded(Aggregate.Event):
        TOPIC = "payments.PaymentRefunded"
        refund_id: UUID
        amount: Money
        reference: str
        refunded_on: date

    @event(Requested)
    def __init__(self, order_id: UUID, amount: Money, tender: Tender, provider: str) -> None:
        self.order_id = order_id
        self.amount = amount
        self.tender = tender
        self.provider = provider
        self.reference: str | None = None
        self.declined: str | None = None
        self.refunds: dict[UUID, Money] = {}

    @classmethod
    def request(cls, id: UUID, order_id: UUID, amount: Money, tender: Tender, provider: str) -> Self:
        """Ask to be paid. The id is also the idempotency key the provider receives."""
        return cls._create(cls.Requested, id=id, order_id=order_id, amount=amount, tender=tender, provider=provider)

    # Decide.

    @property
    def settled(self) -> bool:
        """Whether the provider has given its final answer."""
        return self.reference is not None or self.declined is not None

    def approve(self, reference: str) -> None:
        """The provider took the money. Its first final answer stands; a later one records nothing."""
        if not self.settled:
            self._approved(reference=reference)

    def decline(self, reason: str) -> None:
        """The provider did not take the money."""
        if not self.settled:
            self._declined(reason=reason)

    def refund(self, refund_id: UUID, amount: Money, reference: str, on: date) -> None:
        """Give money back on an approved payment; never more in all than was taken."""
        if refund_id in self.refunds:
            return
        self.check_refundable(amount)
        self._refunded(refund_id=refund_id, amount=amount, reference=reference, refunded_on=on)

    def check_refundable(self, amount: Money) -> None:
        """Refuse, before any provider is asked, what `refund` would refuse after."""
        if self.reference is None:
            raise PaymentNotApproved(payment_id=self.id)
        remaining = self.amount - total(self.refunds.values(), self.amount.currency)
        if amount > remaining:
            raise RefundExceedsPayment(remaining=remaining, asked=amount)

    # Evolve.

    @event(Approved)
    def _approved(self, reference: str) -> None:
        self.reference = reference

    @event(Declined)
    def _declined(self, reason: str) -> None:
        self.declined = reason

    @event(Refunded)
    def _refunded(self, refund_id: UUID, amount: Money, reference: str, refunded_on: date) -> None:
        self.refunds[refund_id] = amount
