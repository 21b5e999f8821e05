"""Payment: one attempt to be paid for one order, from the request to its approval, refusal or refund."""

from datetime import date
from enum import StrEnum
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id
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


class NothingToGiveBack(SouvenirError):
    message = "Payment {payment_id} has no such refund to be given."
    payment_id: UUID


class SlipAlreadyKeyedIn(SouvenirError):
    message = "This slip was keyed in for payment {payment_id} before. Look at the slip: each counts once."
    payment_id: UUID


class Payment(Aggregate):
    """One attempt to be paid. A new attempt is a new payment, made only once this one was declined."""

    TOPIC = "payments.Payment"

    class Requested(Created):
        TOPIC = "payments.PaymentRequested"
        order_id: UUID
        amount: Money
        tender: Tender
        provider: str
        device: str = ""
        """At the counter: the reader or terminal the customer is asked to pay at."""

    class Approved(Aggregate.Event):
        TOPIC = "payments.PaymentApproved"
        reference: str

    class Taken(Created):
        """The money was in the till, or on the terminal's slip, before anything was recorded: nothing is waited for."""

        TOPIC = "payments.PaymentTaken"
        order_id: UUID
        amount: Money
        tender: Tender
        provider: str
        device: str = ""
        reference: str

        def apply(self, aggregate: "Payment") -> None:
            """It begins as a payment that is approved."""
            aggregate.reference = self.reference

    class Declined(Aggregate.Event):
        TOPIC = "payments.PaymentDeclined"
        reason: str

    class ApprovedAfterAll(Aggregate.Event):
        """The provider did take the money, although the payment had been given up: it is kept or given back."""

        TOPIC = "payments.PaymentApprovedAfterAll"
        reference: str

    class Mismatched(Aggregate.Event):
        """The provider took another amount, or another currency, than was asked: people must look at it."""

        TOPIC = "payments.PaymentMismatched"
        reference: str
        received: Money

    class RefundRequested(Aggregate.Event):
        """Money is to be given back: recorded before the provider is asked, so that no crash forgets it."""

        TOPIC = "payments.PaymentRefundRequested"
        refund_id: UUID
        amount: Money
        requested_on: date
        reason: str

    class Refunded(Aggregate.Event):
        TOPIC = "payments.PaymentRefunded"
        refund_id: UUID
        amount: Money
        reference: str
        refunded_on: date

    class RefundDeclined(Aggregate.Event):
        """The provider will not, or could not, give the money back: it must reach the customer another way."""

        TOPIC = "payments.PaymentRefundDeclined"
        refund_id: UUID
        reason: str

    class RefundPaidBack(Aggregate.Event):
        """What the provider did not give back was paid another way; `reference` is the bank's, or the till's."""

        TOPIC = "payments.PaymentRefundPaidBack"
        refund_id: UUID
        amount: Money
        tender: str
        reference: str
        paid_on: date

    @event(Requested)
    def __init__(self, order_id: UUID, amount: Money, tender: Tender, provider: str, device: str) -> None:
        self.order_id, self.amount, self.tender = order_id, amount, tender
        self.provider, self.device = provider, device
        self.reference: str | None = None
        self.declined: str | None = None
        self.received: Money | None = None
        self.refunds: dict[UUID, Money] = {}
        self.refunds_asked: dict[UUID, tuple[Money, date]] = {}
        self.refunds_declined: dict[UUID, str] = {}
        self.refunds_amounts: dict[UUID, Money] = {}
        self.paid_back: dict[UUID, str] = {}

    @classmethod
    def request(cls, id: UUID, order_id: UUID, amount: Money, tender: Tender, provider: str, device: str = "") -> Self:
        """Ask to be paid. The id is also the idempotency key the provider receives."""
        asked = {"order_id": order_id, "amount": amount, "tender": tender, "provider": provider, "device": device}
        return cls._create(cls.Requested, id=id, **asked)

    @classmethod
    def take(cls, order_id: UUID, amount: Money, tender: Tender, reference: str, nth: int = 0) -> Self:
        """Paid over the counter, in one step. The reference is the slip's, or names the order.

        `nth` says which of several parts it is, from 1 on; the payment of the rest, or of all, is none of them.
        """
        id = derived_id("payment", order_id, *([nth] if nth else []), near=order_id)
        taken = {"order_id": order_id, "amount": amount, "tender": tender, "provider": "counter"}
        return cls._create(cls.Taken, id=id, reference=reference, **taken)

    # Decide.

    @property
    def settled(self) -> bool:
        """Whether the provider has given its final answer."""
        return self.reference is not None or self.declined is not None

    def approve(self, reference: str) -> None:
        """The provider took the money. Taken money stands, even where the payment had been given up."""
        if self.reference is not None:
            return
        if self.declined is None:
            self._approved(reference=reference)
        else:
            self._approved_after_all(reference=reference)

    def decline(self, reason: str) -> None:
        """The provider did not take the money. Its first final answer stands."""
        if not self.settled:
            self._declined(reason=reason)

    def mismatch(self, reference: str, received: Money) -> None:
        """The provider took something else than was asked: no order is paid by it."""
        if self.reference is None:
            self._mismatched(reference=reference, received=received)

    def request_refund(self, refund_id: UUID, amount: Money, on: date, reason: str = "") -> None:
        """Decide to give money back; the provider is asked after this is recorded."""
        if refund_id in self.refunds or refund_id in self.refunds_asked:
            return
        self.check_refundable(amount)
        self._refund_requested(refund_id=refund_id, amount=amount, requested_on=on, reason=reason)

    def refund(self, refund_id: UUID, amount: Money, reference: str, on: date) -> None:
        """Give money back on an approved payment; never more in all than was taken."""
        if refund_id in self.refunds:
            return
        self.check_refundable(amount, refund_id)
        self._refunded(refund_id=refund_id, amount=amount, reference=reference, refunded_on=on)

    def decline_refund(self, refund_id: UUID, reason: str) -> None:
        """The provider did not give the money back, or what it sent came back to us."""
        if refund_id in self.paid_back:
            return
        if refund_id in self.refunds_asked or refund_id in self.refunds:
            self._refund_declined(refund_id=refund_id, reason=reason)

    def pay_back(self, refund_id: UUID, tender: str, reference: str, on: date) -> None:
        """Record that a declined refund was paid another way; the same payment again records nothing."""
        if self.paid_back.get(refund_id) == reference:
            return
        if refund_id not in self.refunds_declined:
            raise NothingToGiveBack(payment_id=self.id)
        amount = self.refunds_amounts[refund_id]
        self.check_refundable(amount)
        self._refund_paid_back(refund_id=refund_id, amount=amount, tender=tender, reference=reference, paid_on=on)

    def check_refundable(self, amount: Money, refund_id: UUID | None = None) -> None:
        """Refuse, before any provider is asked, what a refund would refuse after."""
        if self.reference is None:
            raise PaymentNotApproved(payment_id=self.id)
        remaining = self.refundable(refund_id)
        if amount > remaining:
            raise RefundExceedsPayment(remaining=remaining, asked=amount)

    def refundable(self, refund_id: UUID | None = None) -> Money:
        """What of the money taken was not given back, nor decided to be; but for one refund that was."""
        taken = self.received or self.amount
        asked = [other for id, (other, _) in self.refunds_asked.items() if id != refund_id]
        return taken - total([*self.refunds.values(), *asked], taken.currency)

    # Evolve.

    @event(Approved)
    def _approved(self, reference: str) -> None:
        self.reference = reference

    @event(Declined)
    def _declined(self, reason: str) -> None:
        self.declined = reason

    @event(ApprovedAfterAll)
    def _approved_after_all(self, reference: str) -> None:
        self.reference, self.declined = reference, None

    @event(Mismatched)
    def _mismatched(self, reference: str, received: Money) -> None:
        self.reference, self.received, self.declined = reference, received, None

    @event(RefundRequested)
    def _refund_requested(self, refund_id: UUID, amount: Money, requested_on: date, reason: str) -> None:
        self.refunds_asked[refund_id] = (amount, requested_on)
        self.refunds_amounts[refund_id] = amount
        self.refunds_declined.pop(refund_id, None)

    @event(Refunded)
    def _refunded(self, refund_id: UUID, amount: Money, reference: str, refunded_on: date) -> None:
        self.refunds[refund_id] = self.refunds_amounts[refund_id] = amount
        self.refunds_asked.pop(refund_id, None)

    @event(RefundDeclined)
    def _refund_declined(self, refund_id: UUID, reason: str) -> None:
        self.refunds_asked.pop(refund_id, None)
        self.refunds.pop(refund_id, None)
        self.refunds_declined[refund_id] = reason

    @event(RefundPaidBack)
    def _refund_paid_back(self, refund_id: UUID, amount: Money, tender: str, reference: str, paid_on: date) -> None:
        self.refunds[refund_id], self.paid_back[refund_id] = amount, reference
        self.refunds_declined.pop(refund_id, None)
