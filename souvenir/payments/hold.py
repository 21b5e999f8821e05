"""Hold: what a provider secures for a claim, from the request to the one thing that ends it; asked only once recorded."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money
from souvenir.payments.provider import HoldStrength

HoldState = Literal[
    "requested", "held", "engaged", "capturing", "releasing", "captured", "failed", "released", "declined"
]
OVER: tuple[HoldState, ...] = ("captured", "failed", "released", "declined")


class HoldNotHeld(SouvenirError):
    message = "Hold {hold_id} secures nothing that could be {asked}: it is {state}."
    hold_id: UUID
    asked: str
    state: str


class NothingToPayBack(SouvenirError):
    message = "Nothing of hold {hold_id} is waiting to be paid back another way."
    hold_id: UUID


class Hold(Aggregate):
    """Money reserved on a card, a card saved for later, or a deposit. Its id is the key the provider receives.

    Every step towards the provider is recorded as wanted before it is asked for, so that whoever comes after a crash
    knows what may have happened and asks for exactly that.
    """

    TOPIC = "payments.Hold"

    class Requested(Created):
        """A provider is about to be asked to secure `amount` for `secures` (a claim), through `until`."""

        TOPIC = "payments.HoldRequested"
        secures: UUID
        amount: Money
        provider: str
        until: date | None
        awaited: bool = False
        """The traveller completes it, on a phone of their own, and is given time to."""

    class Placed(Aggregate.Event):
        TOPIC = "payments.HoldPlaced"
        secures: UUID
        reference: str
        strength: HoldStrength
        secured_until: datetime | None
        mandate: str

    class Declined(Aggregate.Event):
        TOPIC = "payments.HoldDeclined"
        reason: str

    class Engaged(Aggregate.Event):
        """Money was advanced against it: it is no longer let go for want of use."""

        TOPIC = "payments.HoldEngaged"

    class CaptureRequested(Aggregate.Event):
        TOPIC = "payments.HoldCaptureRequested"
        amount: Money
        requested_on: date

    class Captured(Aggregate.Event):
        TOPIC = "payments.HoldCaptured"
        amount: Money
        reference: str

    class CaptureDeclined(Aggregate.Event):
        TOPIC = "payments.HoldCaptureDeclined"
        reason: str

    class ReleaseRequested(Aggregate.Event):
        TOPIC = "payments.HoldReleaseRequested"
        requested_on: date

    class Released(Aggregate.Event):
        TOPIC = "payments.HoldReleased"

    class Bounced(Aggregate.Event):
        """`amount` of a deposit was sent back and came back for good: it is owed to the traveller, another way."""

        TOPIC = "payments.HoldBounced"
        secures: UUID
        amount: Money
        reason: str
        bounced_on: date

    class PaidBack(Aggregate.Event):
        """What had bounced was paid another way; `reference` is the bank's, or the till's."""

        TOPIC = "payments.HoldPaidBack"
        amount: Money
        tender: str
        reference: str
        paid_on: date

    @event(Requested)
    def __init__(self, secures: UUID, amount: Money, provider: str, until: date | None, awaited: bool) -> None:
        self.secures, self.amount, self.provider, self.until = secures, amount, provider, until
        self.awaited = awaited
        self.state: HoldState = "requested"
        self.reference = self.mandate = ""
        self.strength: HoldStrength | None = None
        self.secured_until: datetime | None = None
        self.wanted: Money | None = None
        self.ends_on: date | None = None
        self.bounced: Money | None = None
        self.paid_back: str | None = None

    @classmethod
    def request(
        cls, id: UUID, secures: UUID, amount: Money, provider: str, until: date | None, *, awaited: bool = False
    ) -> Self:
        """Record that a provider will be asked."""
        asked = {"secures": secures, "amount": amount, "provider": provider, "until": until, "awaited": awaited}
        return cls._create(cls.Requested, id=id, **asked)

    # Decide: may refuse, may record, never assigns.

    def place(self, reference: str, strength: HoldStrength, secured_until: datetime | None, mandate: str = "") -> None:
        """The provider secured it; a late answer counts even where the hold had been given up as declined."""
        if self.state in ("requested", "declined"):
            self._placed(
                secures=self.secures,
                reference=reference,
                strength=strength,
                secured_until=secured_until,
                mandate=mandate,
            )

    def decline(self, reason: str) -> None:
        """The provider did not secure it."""
        if self.state == "requested":
            self._declined(reason=reason)

    def engage(self) -> None:
        """Keep it: money was advanced against it."""
        if self.state == "engaged":
            return
        if self.state != "held":
            raise HoldNotHeld(hold_id=self.id, asked="relied on", state=self.state)
        self._engaged()

    def request_capture(self, amount: Money, on: date) -> None:
        """Decide to take `amount` of it. Once one end is decided, another is not."""
        if self.state in ("capturing", "captured"):
            return
        if self.state not in ("held", "engaged"):
            raise HoldNotHeld(hold_id=self.id, asked="captured", state=self.state)
        self._capture_requested(amount=amount, requested_on=on)

    def capture(self, reference: str) -> None:
        """The provider took what was wanted."""
        if self.state == "capturing" and self.wanted is not None:
            self._captured(amount=self.wanted, reference=reference)

    def decline_capture(self, reason: str) -> None:
        """The provider could not take it."""
        if self.state == "capturing":
            self._capture_declined(reason=reason)

    def request_release(self, on: date) -> None:
        """Decide to let it go."""
        if self.state in ("releasing", "released"):
            return
        if self.state not in ("held", "engaged"):
            raise HoldNotHeld(hold_id=self.id, asked="released", state=self.state)
        self._release_requested(requested_on=on)

    def release(self) -> None:
        """Nothing is reserved any more: it was let go, or ended by itself."""
        if self.state in ("held", "engaged", "releasing"):
            self._released()

    def bounce(self, amount: Money, reason: str, on: date) -> None:
        """What was sent back of a deposit came back for good. It does so once."""
        if self.bounced is None:
            self._bounced(secures=self.secures, amount=amount, reason=reason, bounced_on=on)

    def pay_back(self, tender: str, reference: str, on: date) -> None:
        """Record that what had bounced was paid another way. The same payment again records nothing."""
        if self.paid_back == reference:
            return
        if self.bounced is None or self.paid_back is not None:
            raise NothingToPayBack(hold_id=self.id)
        self._paid_back(amount=self.bounced, tender=tender, reference=reference, paid_on=on)

    # Evolve: assigns only.

    @event(Placed)
    def _placed(
        self, secures: UUID, reference: str, strength: HoldStrength, secured_until: datetime | None, mandate: str
    ) -> None:
        self.state, self.reference, self.strength = "held", reference, strength
        self.secured_until, self.mandate = secured_until, mandate

    @event(Declined)
    def _declined(self, reason: str) -> None:
        self.state = "declined"

    @event(Engaged)
    def _engaged(self) -> None:
        self.state = "engaged"

    @event(CaptureRequested)
    def _capture_requested(self, amount: Money, requested_on: date) -> None:
        self.state, self.wanted, self.ends_on = "capturing", amount, requested_on

    @event(Captured)
    def _captured(self, amount: Money, reference: str) -> None:
        self.state = "captured"

    @event(CaptureDeclined)
    def _capture_declined(self, reason: str) -> None:
        self.state = "failed"

    @event(ReleaseRequested)
    def _release_requested(self, requested_on: date) -> None:
        self.state, self.ends_on = "releasing", requested_on

    @event(Released)
    def _released(self) -> None:
        self.state = "released"

    @event(Bounced)
    def _bounced(self, secures: UUID, amount: Money, reason: str, bounced_on: date) -> None:
        self.bounced = amount

    @event(PaidBack)
    def _paid_back(self, amount: Money, tender: str, reference: str, paid_on: date) -> None:
        self.paid_back = reference
