"""What is recorded of a claim, from its issue to its settlement: the story of a refund form, event by event."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created
from souvenir.kernel.money import Money
from souvenir.taxrefund.form import (
    Advancer,
    ClaimLine,
    Confirmation,
    Counter,
    Lines,
    Missed,
    Outcome,
    Tender,
    TravellerFacts,
)


class Opened(Created):
    """The form was issued. Every amount is final here: later rules never recompute it."""

    TOPIC = "taxrefund.ClaimOpened"
    claim_no: str
    order_ids: tuple[UUID, ...]
    outlet_id: UUID
    point_id: UUID | None
    jurisdiction: str
    region: str
    mode: str
    agency: str = ""
    agency_share: Decimal = Decimal("0.70")
    """The agency's part of the fee. Forms older than this field were all shared at 70 to 30."""
    traveller: UUID
    """A pseudonym: only the key store leads from a document to it, and that forgets."""
    document_hash: str = ""
    """Empty. Forms older than the pseudonym's use for limits hold a keyed hash here; nothing reads it."""
    facts: TravellerFacts
    purchased_on: date
    issued_on: date
    lines: tuple[ClaimLine, ...]
    gross: Money
    refund: Money
    fee: Money
    net: Money
    cash_allowed: bool
    last_departure_on: date
    confirmation: Confirmation
    rule_versions: tuple[str, ...]
    invoices: tuple[str, ...] = ()
    guarantee: Money | None = None
    """What an advance must be secured by; None is the net refund."""


class Agreed(Aggregate.Event):
    """The traveller promised to leave by a day, through one of these ports, against an advance."""

    TOPIC = "taxrefund.ClaimAgreed"
    agreed_on: date
    promised_by: date
    capture_by: date
    ports: tuple[str, ...]
    by: Advancer


class AdvanceRequested(Aggregate.Event):
    """The agency is about to be asked to pay the advance."""

    TOPIC = "taxrefund.ClaimAdvanceRequested"
    tender: Tender
    requested_on: date


class AdvanceDeclined(Aggregate.Event):
    """The agency did not pay the advance; it may be asked for again, another way."""

    TOPIC = "taxrefund.ClaimAdvanceDeclined"
    reason: str


class Advanced(Aggregate.Event):
    """The net refund was handed over before departure."""

    TOPIC = "taxrefund.ClaimAdvanced"
    amount: Money
    refund: Money
    fee: Money
    tender: Tender
    advanced_on: date
    by: Advancer
    paid_at: Counter | None = None
    """The till or desk whose drawer paid, if one did."""


class CustomsConfirmed(Aggregate.Event):
    """Customs answered. Refund, fee and net are those of the units confirmed: zero when refused."""

    TOPIC = "taxrefund.ClaimCustomsConfirmed"
    confirmed_on: date
    port: str
    lines: Lines
    outcome: Outcome
    refund: Money
    fee: Money
    net: Money
    reason: str = ""
    inspected: bool | None = None
    """Whether customs looked into the bag; None where it did not say."""


class Reviewed(Aggregate.Event):
    """The agency looked at what customs confirmed, and approved so many units; refund, fee and net are of these."""

    TOPIC = "taxrefund.ClaimReviewed"
    on: date
    lines: Lines
    outcome: Outcome
    refund: Money
    fee: Money
    net: Money
    reason: str = ""


class Completed(Aggregate.Event):
    """The promise was kept: the advance became the refund, but for `to_recover` of units not confirmed."""

    TOPIC = "taxrefund.ClaimCompleted"
    on: date
    refund: Money
    fee: Money
    net: Money
    advanced: Money
    to_recover: Money
    by: Advancer


class PromiseMissed(Aggregate.Event):
    """The promise was broken: the whole advance is to be recovered; the ordinary route stays open in its time."""

    TOPIC = "taxrefund.ClaimPromiseMissed"
    on: date
    reason: Missed
    refund: Money
    fee: Money
    advanced: Money
    capture_by: date
    by: Advancer


class AdvanceRecovered(Aggregate.Event):
    """Some of the advance came back, out of the guarantee or the return of goods named here."""

    TOPIC = "taxrefund.ClaimAdvanceRecovered"
    source_id: UUID
    amount: Money
    on: date


class Paid(Aggregate.Event):
    """The ordinary route: the net refund was paid at departure, after customs."""

    TOPIC = "taxrefund.ClaimPaid"
    amount: Money
    refund: Money
    fee: Money
    tender: Tender
    paid_on: date
    by: Advancer


class Settled(Aggregate.Event):
    """The agency's statement paid for the refund."""

    TOPIC = "taxrefund.ClaimSettled"
    amount: Money
    on: date
    statement: str = ""


class Voided(Aggregate.Event):
    """Form and invoice were voided together; `owed` is what the traveller still holds of the advance."""

    TOPIC = "taxrefund.ClaimVoided"
    reason: str
    on: date
    return_id: UUID | None
    refund: Money
    fee: Money
    net: Money
    owed: Money
    by: Advancer
