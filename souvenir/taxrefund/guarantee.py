"""Guarantee: what secures an advance until customs answers; resolved once, by release, capture or lapse."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money
from souvenir.taxrefund.refusals import (
    CaptureExceedsGuarantee,
    GuaranteeAlreadyResolved,
    GuaranteeStillSecured,
    NothingRecoverable,
    RepaymentExceedsDebt,
)

Strength = Literal["card_hold", "saved_card", "deposit"]
"""card_hold dies by itself at `secured_until`; saved_card is a mandate to charge later; deposit is money in hand."""
RepaymentTender = Literal["cash", "wallet", "card", "bank_transfer", "set_off"]
"""How a debt was paid back; set_off is out of the price of returned goods, booked with their return."""
GuaranteeState = Literal["held", "released", "captured", "lapsed", "discharged", "recoverable", "repaid", "written_off"]


class Guarantee(Aggregate):
    """A card hold, a saved card or a deposit behind one claim's advance."""

    TOPIC = "taxrefund.Guarantee"

    class Held(Created):
        """The provider confirmed the guarantee; `reference` is the provider's, never a card number."""

        TOPIC = "taxrefund.GuaranteeHeld"
        claim_id: UUID
        attempt: int
        amount: Money
        reference: str
        strength: Strength
        secured_until: datetime | None
        held_on: date
        provider: str = ""
        """Which payment provider to ask for its release or capture."""
        hold_id: UUID | None = None
        """What makes the guarantee, at that provider."""

    class Released(Aggregate.Event):
        """Nothing was owed: the guarantee was given back whole."""

        TOPIC = "taxrefund.GuaranteeReleased"
        on: date
        amount: Money

    class Captured(Aggregate.Event):
        """Money was taken from the guarantee; what was not taken (`released`) was given back."""

        TOPIC = "taxrefund.GuaranteeCaptured"
        amount: Money
        on: date
        released: Money

    class Lapsed(Aggregate.Event):
        """The hold died at the network before it was needed: the advance is unsecured, but no money moved."""

        TOPIC = "taxrefund.GuaranteeLapsed"
        on: date
        amount: Money

    class Discharged(Aggregate.Event):
        """The promise was kept although the guarantee had lapsed: nothing is owed, nothing is to be released."""

        TOPIC = "taxrefund.GuaranteeDischarged"
        on: date

    class DeclaredRecoverable(Aggregate.Event):
        """The guarantee gave nothing and the traveller owes `amount`; `was_held` unless it had lapsed before."""

        TOPIC = "taxrefund.GuaranteeDeclaredRecoverable"
        amount: Money
        on: date
        was_held: bool
        held: Money

    class Repaid(Aggregate.Event):
        """The traveller paid back some of what was owed; `still_owed` is left, and may be zero."""

        TOPIC = "taxrefund.GuaranteeRepaid"
        repayment_id: UUID
        amount: Money
        still_owed: Money
        tender: RepaymentTender
        on: date

    class WrittenOff(Aggregate.Event):
        """The traveller will not pay: the shop or the agency bears the loss."""

        TOPIC = "taxrefund.GuaranteeWrittenOff"
        amount: Money
        on: date

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def hold(
        cls,
        *,
        claim_id: UUID,
        amount: Money,
        reference: str,
        strength: Strength,
        secured_until: datetime | None,
        on: date,
        attempt: int = 1,
        provider: str = "",
        hold_id: UUID | None = None,
    ) -> Self:
        """Record a guarantee the provider confirmed. A new attempt follows one that lapsed or was released."""
        return cls._create(
            cls.Held,
            id=guarantee_id(claim_id, attempt),
            claim_id=claim_id,
            attempt=attempt,
            amount=amount,
            reference=reference,
            strength=strength,
            secured_until=secured_until,
            held_on=on,
            provider=provider,
            hold_id=hold_id,
        )

    def release(self, on: date) -> None:
        """Give the guarantee back: nothing is owed. One that had lapsed is discharged instead."""
        if self.state in ("released", "discharged"):
            return
        if self.state == "lapsed":
            self._discharged(on=on)
            return
        self._require_held()
        self._released(on=on, amount=self.amount)

    def capture(self, amount: Money, on: date) -> None:
        """Take what is owed, once; the rest is given back. The same capture again records nothing."""
        if self.state == "captured" and self.captured == amount:
            return
        self._require_held()
        if not Money.zero(amount.currency) < amount <= self.amount:
            raise CaptureExceedsGuarantee(held=self.amount, amount=amount)
        self._captured(amount=amount, on=on, released=self.amount - amount)

    def lapse(self, at: datetime, on: date) -> None:
        """Record that a hold died by itself; refuses while it is still secured."""
        if self.state == "lapsed":
            return
        self._require_held()
        if self.secured_until is None or at < self.secured_until:
            raise GuaranteeStillSecured(guarantee_id=self.id, secured_until=self.secured_until)
        self._lapsed(on=on, amount=self.amount)

    def declare_recoverable(self, amount: Money, on: date) -> None:
        """Record that the capture failed, or came after the lapse, and the traveller owes the amount."""
        if self.state in ("recoverable", "repaid", "written_off"):
            return
        if self.state not in ("held", "lapsed"):
            raise GuaranteeAlreadyResolved(guarantee_id=self.id, state=self.state)
        if not Money.zero(amount.currency) < amount <= self.amount:
            raise CaptureExceedsGuarantee(held=self.amount, amount=amount)
        self._declared_recoverable(amount=amount, on=on, was_held=self.state == "held", held=self.amount)

    def repay(self, repayment_id: UUID, amount: Money, tender: RepaymentTender, on: date) -> None:
        """Record that the traveller paid some of the debt back; each repayment counts once."""
        if repayment_id in self.repayments:
            return
        if self.state != "recoverable":
            raise NothingRecoverable(guarantee_id=self.id, state=self.state)
        if not Money.zero(amount.currency) < amount <= self.recoverable:
            raise RepaymentExceedsDebt(owed=self.recoverable, amount=amount)
        still_owed = self.recoverable - amount
        self._repaid(repayment_id=repayment_id, amount=amount, still_owed=still_owed, tender=tender, on=on)

    def write_off(self, on: date) -> None:
        """Give up what the traveller owes."""
        if self.state == "written_off":
            return
        if self.state != "recoverable":
            raise NothingRecoverable(guarantee_id=self.id, state=self.state)
        self._written_off(amount=self.recoverable, on=on)

    @property
    def guaranteed(self) -> Money:
        """What the guarantee secures now."""
        return self.amount if self.state == "held" else Money.zero(self.amount.currency)

    def _require_held(self) -> None:
        if self.state != "held":
            raise GuaranteeAlreadyResolved(guarantee_id=self.id, state=self.state)

    # Evolve: assigns only.

    @event(Held)
    def __init__(
        self,
        claim_id: UUID,
        attempt: int,
        amount: Money,
        reference: str,
        strength: Strength,
        secured_until: datetime | None,
        held_on: date,
        provider: str,
        hold_id: UUID | None,
    ) -> None:
        self.claim_id, self.attempt, self.amount, self.reference = claim_id, attempt, amount, reference
        self.strength, self.secured_until, self.held_on = strength, secured_until, held_on
        self.provider, self.hold_id = provider, hold_id
        self.state: GuaranteeState = "held"
        self.captured = self.recoverable = Money.zero(amount.currency)
        self.repayments: set[UUID] = set()

    @event(Released)
    def _released(self, on: date, amount: Money) -> None:
        self.state = "released"

    @event(Captured)
    def _captured(self, amount: Money, on: date, released: Money) -> None:
        self.state, self.captured = "captured", amount

    @event(Lapsed)
    def _lapsed(self, on: date, amount: Money) -> None:
        self.state = "lapsed"

    @event(Discharged)
    def _discharged(self, on: date) -> None:
        self.state = "discharged"

    @event(DeclaredRecoverable)
    def _declared_recoverable(self, amount: Money, on: date, was_held: bool, held: Money) -> None:
        self.state, self.recoverable = "recoverable", amount

    @event(Repaid)
    def _repaid(self, repayment_id: UUID, amount: Money, still_owed: Money, tender: RepaymentTender, on: date) -> None:
        self.repayments.add(repayment_id)
        self.recoverable = still_owed
        self.state = "recoverable" if still_owed else "repaid"

    @event(WrittenOff)
    def _written_off(self, amount: Money, on: date) -> None:
        self.state = "written_off"


def guarantee_id(claim_id: UUID, attempt: int = 1) -> UUID:
    """The id of a claim's guarantee: asking for the same attempt again meets the first."""
    return derived_id("guarantee", claim_id, attempt)
