"""Filing: one form's dealings with the tax office's store system, from the request to the form voided or locked."""

from datetime import date
from typing import Literal, Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError

FilingState = Literal["requested", "issued", "declined", "voided", "locked", "disputed", "resolved"]


class NothingObjected(SouvenirError):
    message = "The tax office has objected to nothing about form {form_no}."
    form_no: str


class Filing(Aggregate):
    """What was asked of the office for one form, and what it finally did. It never changes what it did."""

    TOPIC = "taxrefund.Filing"

    class Requested(Created):
        """The office is about to be asked for a form."""

        TOPIC = "taxrefund.FilingRequested"
        outlet_id: UUID
        order_ids: tuple[UUID, ...]
        requested_on: date

    class Issued(Aggregate.Event):
        """The office issued the form; `claim_id` is the claim that follows from its number."""

        TOPIC = "taxrefund.FilingIssued"
        form_no: str
        claim_id: UUID
        invoices: tuple[str, ...]

    class Declined(Aggregate.Event):
        """There is no form: the office refused it, or never heard of it."""

        TOPIC = "taxrefund.FilingDeclined"
        reason: str

    class Voided(Aggregate.Event):
        """The office voided the form and red-lettered its invoices, together."""

        TOPIC = "taxrefund.FilingVoided"
        red_letters: tuple[str, ...]
        on: date

    class Locked(Aggregate.Event):
        """The refund is paid: the form's invoices can no longer be voided."""

        TOPIC = "taxrefund.FilingLocked"
        on: date

    class Disputed(Aggregate.Event):
        """The office will not do what follows from the claim: people have to look."""

        TOPIC = "taxrefund.FilingDisputed"
        wanted: str
        reason: str

    class Resolved(Aggregate.Event):
        """People settled with the office what it objected to; `how` names nobody."""

        TOPIC = "taxrefund.FilingResolved"
        how: str
        on: date

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def request(cls, id: UUID, outlet_id: UUID, order_ids: tuple[UUID, ...], on: date) -> Self:
        """Note that the office is about to be asked."""
        return cls._create(cls.Requested, id=id, outlet_id=outlet_id, order_ids=order_ids, requested_on=on)

    def issue(self, form_no: str, claim_id: UUID, invoices: tuple[str, ...]) -> None:
        """Note the form; the same again records nothing."""
        if self.state == "requested":
            self._issued(form_no=form_no, claim_id=claim_id, invoices=invoices)

    def decline(self, reason: str) -> None:
        """Note that there will be no form."""
        if self.state == "requested":
            self._declined(reason=reason)

    def void(self, red_letters: tuple[str, ...], on: date) -> None:
        """Note that form and invoices are void."""
        if self.state == "issued":
            self._voided(red_letters=red_letters, on=on)

    def lock(self, on: date) -> None:
        """Note that the invoices are locked."""
        if self.state == "issued":
            self._locked(on=on)

    def dispute(self, wanted: str, reason: str) -> None:
        """Note that the office objects."""
        if self.state == "issued":
            self._disputed(wanted=wanted, reason=reason)

    def resolve(self, how: str, on: date) -> None:
        """Note that people settled it; a second time records nothing. Raises NothingObjected."""
        if self.state == "resolved":
            return
        if self.state != "disputed":
            raise NothingObjected(form_no=self.form_no)
        self._resolved(how=how, on=on)

    # Evolve: assigns only.

    @event(Requested)
    def __init__(self, outlet_id: UUID, order_ids: tuple[UUID, ...], requested_on: date) -> None:
        self.outlet_id, self.order_ids, self.requested_on = outlet_id, order_ids, requested_on
        self.state: FilingState = "requested"
        self.form_no, self.reason = "", ""
        self.claim_id: UUID | None = None
        self.invoices: tuple[str, ...] = ()
        self.red_letters: tuple[str, ...] = ()

    @event(Issued)
    def _issued(self, form_no: str, claim_id: UUID, invoices: tuple[str, ...]) -> None:
        self.state, self.form_no, self.claim_id, self.invoices = "issued", form_no, claim_id, invoices

    @event(Declined)
    def _declined(self, reason: str) -> None:
        self.state, self.reason = "declined", reason

    @event(Voided)
    def _voided(self, red_letters: tuple[str, ...], on: date) -> None:
        self.state, self.red_letters = "voided", red_letters

    @event(Locked)
    def _locked(self, on: date) -> None:
        self.state = "locked"

    @event(Disputed)
    def _disputed(self, wanted: str, reason: str) -> None:
        self.state, self.reason = "disputed", reason

    @event(Resolved)
    def _resolved(self, how: str, on: date) -> None:
        self.state = "resolved"
