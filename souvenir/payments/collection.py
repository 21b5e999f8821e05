"""Collection: what a guarantee did not give is asked for again, of the saved card or of its holder; paid at most once."""

from datetime import date
from typing import Literal, Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money
from souvenir.payments.hold import NothingToPayBack

CollectionState = Literal["open", "trying", "received", "giving_up", "closed"]
Why = Literal["repaid", "not_paid"]


class CollectionOver(SouvenirError):
    message = "This debt is no longer collected: it was paid, or given up."


class Collection(Aggregate):
    """One debt behind one hold whose capture was declined. Steps are recorded as wanted before a provider is asked."""

    TOPIC = "payments.Collection"

    class Opened(Created):
        """`amount` was not captured on `hold_id`, which secured a claim. The days are the schedule's of that day."""

        TOPIC = "payments.CollectionOpened"
        hold_id: UUID
        secures: UUID
        provider: str
        reference: str
        amount: Money
        opened_on: date
        tries_on: tuple[date, ...]
        gives_up_on: date
        schedule: date
        """The schedule they are taken from, by the day it begins."""

    class Tried(Aggregate.Event):
        """The card is about to be charged `amount`, for the second time or later."""

        TOPIC = "payments.CollectionTried"
        attempt: int
        amount: Money
        tried_on: date

    class Declined(Aggregate.Event):
        """An attempt was declined; after some reasons no other may follow."""

        TOPIC = "payments.CollectionDeclined"
        attempt: int
        reason: str
        last: bool

    class Offered(Aggregate.Event):
        """The holder was sent a link, to pay in a browser of their own."""

        TOPIC = "payments.CollectionOffered"
        offered_on: date

    class Received(Aggregate.Event):
        """The provider took `amount`; `owed` of it pays the debt, the rest was repaid otherwise and goes back."""

        TOPIC = "payments.CollectionReceived"
        amount: Money
        owed: Money
        reference: str
        received_on: date

    class ExcessReturned(Aggregate.Event):
        TOPIC = "payments.CollectionExcessReturned"
        amount: Money
        returned_on: date

    class ExcessBounced(Aggregate.Event):
        """What was too much could not be sent back: it is owed to the traveller, another way."""

        TOPIC = "payments.CollectionExcessBounced"
        amount: Money
        reason: str
        bounced_on: date

    class PaidBack(Aggregate.Event):
        """What had bounced was paid another way; `reference` is the bank's, or the till's."""

        TOPIC = "payments.CollectionPaidBack"
        amount: Money
        tender: str
        reference: str
        paid_on: date

    class GivingUp(Aggregate.Event):
        """Nothing more is to be collected: the provider is about to be told, so that nothing can be."""

        TOPIC = "payments.CollectionGivingUp"
        why: Why
        given_up_on: date

    class Closed(Aggregate.Event):
        TOPIC = "payments.CollectionClosed"
        closed_on: date

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def open(
        cls,
        *,
        hold_id: UUID,
        secures: UUID,
        provider: str,
        reference: str,
        amount: Money,
        on: date,
        tries_on: tuple[date, ...],
        gives_up_on: date,
        schedule: date,
    ) -> Self:
        """Begin to collect what a hold did not give."""
        return cls._create(
            cls.Opened,
            id=collection_id(hold_id),
            hold_id=hold_id,
            secures=secures,
            provider=provider,
            reference=reference,
            amount=amount,
            opened_on=on,
            tries_on=tries_on,
            gives_up_on=gives_up_on,
            schedule=schedule,
        )

    @property
    def next_try(self) -> date | None:
        """The day of the next attempt, if one is left."""
        return self.tries_on[self.tries] if self.tries < len(self.tries_on) and not self.last else None

    @property
    def attempt(self) -> int:
        """The number of the attempt under way, the capture having been the first."""
        return self.tries + 1

    @property
    def excess(self) -> Money:
        """What was received beyond the debt, and is to go back."""
        return self.received - self.owed

    def try_again(self, amount: Money, on: date) -> None:
        """Decide to charge the card once more; what is missed of the schedule is made up for by one attempt."""
        if self.state == "open":
            self._tried(attempt=self.tries + 2, amount=amount, tried_on=on)

    def decline(self, reason: str, *, last: bool) -> None:
        """The attempt was declined."""
        if self.state == "trying":
            self._declined(attempt=self.attempt, reason=reason, last=last)

    def offer(self, on: date) -> None:
        """Send the holder a link. Raises CollectionOver."""
        self.must_be_open()
        if not self.offered:
            self._offered(offered_on=on)

    def must_be_open(self) -> None:
        """Refuse what a collection that is over cannot do."""
        if self.state not in ("open", "trying"):
            raise CollectionOver()

    def receive(self, amount: Money, owed: Money, reference: str, on: date) -> None:
        """The money came, by whichever way; it comes once."""
        if self.state not in ("received", "closed"):
            self._received(amount=amount, owed=owed, reference=reference, received_on=on)

    def return_excess(self, on: date) -> None:
        """What was too much is back with the holder."""
        if self.state == "received" and self.excess:
            self._excess_returned(amount=self.excess, returned_on=on)

    def bounce_excess(self, reason: str, on: date) -> None:
        """What was too much cannot be sent back. It does so once."""
        if self.state == "received" and self.excess and self.bounced is None:
            self._excess_bounced(amount=self.excess, reason=reason, bounced_on=on)

    def pay_back(self, tender: str, reference: str, on: date) -> None:
        """Record that what had bounced was paid another way. The same payment again records nothing."""
        if self.paid_back == reference:
            return
        if self.bounced is None or self.paid_back is not None:
            raise NothingToPayBack(hold_id=self.hold_id)
        self._paid_back(amount=self.bounced, tender=tender, reference=reference, paid_on=on)

    def give_up(self, why: Why, on: date) -> None:
        """Decide to collect no more."""
        if self.state in ("open", "trying"):
            self._giving_up(why=why, given_up_on=on)

    def close(self, on: date) -> None:
        """Nothing can be collected any more."""
        if self.state in ("received", "giving_up"):
            self._closed(closed_on=on)

    # Evolve: assigns only.

    @event(Opened)
    def __init__(
        self,
        hold_id: UUID,
        secures: UUID,
        provider: str,
        reference: str,
        amount: Money,
        opened_on: date,
        tries_on: tuple[date, ...],
        gives_up_on: date,
        schedule: date,
    ) -> None:
        self.hold_id, self.secures, self.provider, self.reference = hold_id, secures, provider, reference
        self.amount, self.opened_on, self.schedule = amount, opened_on, schedule
        self.tries_on, self.gives_up_on = tries_on, gives_up_on
        self.state: CollectionState = "open"
        self.tries = 0
        self.last = self.offered = False
        self.reason = self.taken_by = ""
        self.why: Why | None = None
        self.asked = amount
        self.taken = self.received = self.owed = Money.zero(amount.currency)
        self.bounced: Money | None = None
        self.paid_back: str | None = None

    @event(Tried)
    def _tried(self, attempt: int, amount: Money, tried_on: date) -> None:
        self.state, self.asked = "trying", amount
        self.tries = attempt - 1

    @event(Declined)
    def _declined(self, attempt: int, reason: str, last: bool) -> None:
        self.state, self.reason, self.last = "open", reason, last

    @event(Offered)
    def _offered(self, offered_on: date) -> None:
        self.offered = True

    @event(Received)
    def _received(self, amount: Money, owed: Money, reference: str, received_on: date) -> None:
        self.state, self.owed, self.taken_by = "received", owed, reference
        self.taken = self.received = amount

    @event(ExcessReturned)
    def _excess_returned(self, amount: Money, returned_on: date) -> None:
        self.received = self.owed

    @event(ExcessBounced)
    def _excess_bounced(self, amount: Money, reason: str, bounced_on: date) -> None:
        self.received, self.bounced = self.owed, amount

    @event(PaidBack)
    def _paid_back(self, amount: Money, tender: str, reference: str, paid_on: date) -> None:
        self.paid_back = reference

    @event(GivingUp)
    def _giving_up(self, why: Why, given_up_on: date) -> None:
        self.state, self.why = "giving_up", why

    @event(Closed)
    def _closed(self, closed_on: date) -> None:
        self.state = "closed"


def collection_id(hold_id: UUID) -> UUID:
    """The id of the collection of what a hold did not give."""
    return derived_id("collection", hold_id)
