"""Claim: one refund form, from its issue at the store to the refund that becomes final, or is voided."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, Self, TypeAlias
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, event
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money, total
from souvenir.taxrefund import claim_record as record
from souvenir.taxrefund import refusals as no
from souvenir.taxrefund.form import (
    Advancer,
    ClaimLine,
    ClaimState,
    Confirmation,
    Counter,
    Form,
    Lines,
    Missed,
    Outcome,
    Tender,
    TravellerFacts,
    check_units,
    confirmed,
    seen_lines,
)

INSTANT_MODES: Final = frozenset({"instant_store", "instant_centralised", "downtown"})


class Claim(Aggregate):
    """One refund application form: what the traveller may get back, and how far it has come."""

    TOPIC = "taxrefund.Claim"

    # What is recorded.

    Opened: TypeAlias = record.Opened
    Agreed: TypeAlias = record.Agreed
    AdvanceRequested: TypeAlias = record.AdvanceRequested
    AdvanceDeclined: TypeAlias = record.AdvanceDeclined
    Advanced: TypeAlias = record.Advanced
    CustomsConfirmed: TypeAlias = record.CustomsConfirmed
    Reviewed: TypeAlias = record.Reviewed
    Completed: TypeAlias = record.Completed
    PromiseMissed: TypeAlias = record.PromiseMissed
    AdvanceRecovered: TypeAlias = record.AdvanceRecovered
    Paid: TypeAlias = record.Paid
    Settled: TypeAlias = record.Settled
    Voided: TypeAlias = record.Voided

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def open(cls, form: Form) -> Self:
        """Issue the form. Its totals are the sums of its lines."""
        currency = form.lines[0].gross.currency
        refund = total((line.refund for line in form.lines), currency)
        fee = total((line.fee for line in form.lines), currency)
        return cls._create(
            cls.Opened,
            id=claim_id(form.claim_no),
            gross=total((line.gross for line in form.lines), currency),
            refund=refund,
            fee=fee,
            net=refund - fee,
            **dict(form),
        )

    def agree(self, *, on: date, promised_by: date, capture_by: date, ports: Sequence[str], by: Advancer) -> None:
        """Record the signed promise to leave; the same promise twice records nothing new."""
        if self.promise == (promised_by, tuple(ports), by):
            return
        if self.mode not in INSTANT_MODES:
            raise no.ClaimNotInstant(claim_no=self.claim_no, mode=self.mode)
        self._require("issued", doing="agreed")
        if not on <= promised_by <= self.last_departure_on:
            raise no.PromisedDateTooLate(promised_by=promised_by, last_departure_on=self.last_departure_on)
        self._agreed(agreed_on=on, promised_by=promised_by, capture_by=capture_by, ports=tuple(ports), by=by)

    def request_advance(self, tender: Tender, on: date, guaranteed: Money) -> None:
        """Note that the agency is about to be asked to pay the advance, secured as any; asking again is one request."""
        if self.state == "advancing" or self.advanced is not None:
            return
        self._require_advance(tender, on, guaranteed)
        self._advance_requested(tender=tender, requested_on=on)

    def decline_advance(self, reason: str) -> None:
        """Note that the agency did not pay."""
        if self.state == "advancing":
            self._advance_declined(reason=reason)

    def advance(self, tender: Tender, on: date, guaranteed: Money, paid_at: Counter | None = None) -> None:
        """Hand over the net refund, secured by the guarantee that is asked; a second time records nothing."""
        if self.handed_over is not None:
            if self.handed_over != (tender, paid_at):
                raise no.AdvancedElsewhere(claim_no=self.claim_no)
            return
        if self.state != "advancing":
            self._require_advance(tender, on, guaranteed)
        form = {"amount": self.net, "refund": self.refund, "fee": self.fee}
        self.trigger_event(self.Advanced, **form, tender=tender, advanced_on=on, by=self.advanced_by, paid_at=paid_at)

    def confirm_customs(
        self, on: date, port: str, quantities: Mapping[int, int], reason: str = "", inspected: bool | None = None
    ) -> None:
        """Record how many units of each line customs saw; lines not named were not seen. The same answer is one."""
        port, lines = port.strip().upper(), seen_lines(self.lines, quantities)
        if self.customs is not None:
            if self.customs == (on, port, lines):
                return
            raise no.CustomsAlreadyAnswered(claim_no=self.claim_no, outcome=self.customs_outcome)
        self._require("issued", "agreed", "advanced", "missed", "recovered", doing="confirmed by customs")
        check_units(self.claim_no, self.lines, quantities)
        if on < self.issued_on:
            raise no.CustomsBeforeIssue(claim_no=self.claim_no, issued_on=self.issued_on, on=on)
        if on > self.last_departure_on:
            raise no.DepartureTooLate(claim_no=self.claim_no, last_departure_on=self.last_departure_on, on=on)
        seen = confirmed(self.lines, lines, self.confirmation)
        self.trigger_event(
            self.CustomsConfirmed, confirmed_on=on, port=port, **dict(seen), reason=reason, inspected=inspected
        )

    def review(self, on: date, quantities: Mapping[int, int], reason: str = "") -> None:
        """Record how many of the units customs saw the agency approves; lines not named are rejected. Once."""
        lines = seen_lines(self.lines, quantities)
        if self.reviewed is not None:
            if self.reviewed == lines:
                return
            raise no.AgencyAlreadyReviewed(claim_no=self.claim_no, outcome=self.review_outcome)
        self._require("confirmed", doing="reviewed by the agency")
        assert self.customs is not None
        check_units(self.claim_no, self.customs[2], quantities)
        approved = confirmed(self.lines, lines, self.confirmation)
        self.trigger_event(self.Reviewed, on=on, **dict(approved), reason=reason)

    def complete(self, on: date) -> None:
        """Make the advance the refund: customs saw the goods in time, at a port of the promise."""
        if self.state in ("completed", "settled"):
            return
        self._require("confirmed", "refused", "approved", "rejected", doing="completed")
        if self.advanced is None or self.recoveries:
            raise self._another_state("completed without an advance")
        broken = self.how_broken(on)
        if broken is not None:
            raise no.PromiseNotKept(claim_no=self.claim_no, reason=broken, promised_by=self.promised_by)
        due = {"refund": self.due_refund, "fee": self.due_fee, "net": self.due_net}
        to_recover = self.advanced - self.due_net
        self.trigger_event(
            self.Completed, on=on, **due, advanced=self.advanced, to_recover=to_recover, by=self.advanced_by
        )

    def miss_promise(self, on: date) -> None:
        """Record that the promise was broken; refuses while it can still be kept."""
        if self.missed is not None:
            return
        self._require("advanced", "confirmed", "refused", "approved", "rejected", doing="missed")
        if self.advanced is None:
            raise self._another_state("missed without an advance")
        reason = self.how_broken(on)
        if reason is None:
            raise no.PromiseStillOpen(claim_no=self.claim_no, promised_by=self.promised_by)
        form = {"refund": self.refund, "fee": self.fee, "advanced": self.advanced}
        self.trigger_event(
            self.PromiseMissed, on=on, reason=reason, **form, capture_by=self.capture_by, by=self.advanced_by
        )

    def recover(self, source_id: UUID, amount: Money, on: date) -> None:
        """Record what a guarantee, or the price of returned goods, gave back of the advance; each counts once."""
        if source_id in self.recoveries:
            return
        if not Money.zero(amount.currency) < amount <= self.outstanding:
            raise no.RecoveryExceedsAdvance(claim_no=self.claim_no, outstanding=self.outstanding, amount=amount)
        self._advance_recovered(source_id=source_id, amount=amount, on=on)

    def pay(self, tender: Tender, on: date, by: Advancer = "agency") -> None:
        """Pay the net refund at departure, the ordinary way; never beside an advance that is still out."""
        if self.paid_as is not None:
            if self.paid_as != (tender, by):
                raise no.PaidOtherwise(claim_no=self.claim_no)
            return
        if self.state in ("voided", "completed", "settled", "advancing") or self.review_outcome == "refused":
            raise self._another_state("paid")
        if self.outstanding:
            raise no.AdvanceNotRecovered(claim_no=self.claim_no, outstanding=self.outstanding)
        if self.customs is None or self.customs_outcome == "refused":
            raise no.CustomsNotConfirmed(claim_no=self.claim_no, state=self.state)
        self._require_tender(tender, self.due_net)
        self._paid(amount=self.due_net, refund=self.due_refund, fee=self.due_fee, tender=tender, paid_on=on, by=by)

    def settle(self, amount: Money, on: date, statement: str = "") -> None:
        """Record that the agency's statement covered this refund; a second time records nothing."""
        if self.state == "settled":
            return
        self._require("completed", "paid", doing="settled")
        if not Money.zero(self.due_refund.currency) <= amount <= self.due_refund:
            raise no.SettlementExceedsRefund(claim_no=self.claim_no, refund=self.due_refund, amount=amount)
        self._settled(amount=amount, on=on, statement=statement)

    def void(self, reason: str, on: date, return_id: UUID | None = None) -> None:
        """Void the form together with its invoice, as when goods come back; a refund that is final refuses."""
        if self.state == "voided":
            return
        if self.state in ("completed", "paid", "settled"):
            raise no.RefundIsFinal(claim_no=self.claim_no, state=self.state)
        if self.state == "advancing":
            raise self._another_state("voided")
        if self.customs is not None and self.customs_outcome != "refused":
            raise no.GoodsUnderCustomsControl(claim_no=self.claim_no)
        form = {"refund": self.refund, "fee": self.fee, "net": self.net}
        self.trigger_event(
            self.Voided, reason=reason, on=on, return_id=return_id, **form, owed=self.outstanding, by=self.advanced_by
        )

    # Answer: what others ask before they act here.

    def must_want_guarantee(self) -> None:
        """Refuse to have a card held, or a deposit paid, for what needs none. Raises before anybody is asked."""
        if self.mode not in INSTANT_MODES:
            raise no.ClaimNotInstant(claim_no=self.claim_no, mode=self.mode)
        self._require("agreed", "advanced", doing="guaranteed")

    def how_broken(self, on: date) -> Missed | None:
        """Why the promise is broken by a day; None while it is kept, or can be."""
        if self.customs is None:
            return "late" if on > self.promised_by else None
        confirmed_on, port, _ = self.customs
        if self.customs_outcome == "refused":
            return "refused_by_customs"
        if self.review_outcome == "refused":
            return "refused_by_agency"
        if confirmed_on > self.promised_by:
            return "late"
        return None if port in self.ports else "other_port"

    @property
    def outstanding(self) -> Money:
        """What the traveller holds of the advance without being entitled to it (yet)."""
        if self.advanced is None:
            return Money.zero(self.net.currency)
        kept = self.due_net if self.completed_on is not None else Money.zero(self.net.currency)
        return self.advanced - total(self.recoveries.values(), self.net.currency) - kept

    @property
    def received(self) -> Money:
        """All that this claim has put into the traveller's hands, less what came back."""
        zero = Money.zero(self.net.currency)
        back = total(self.recoveries.values(), self.net.currency)
        return (self.advanced or zero) - back + (self.due_net if self.paid_on is not None else zero)

    def _require(self, *states: ClaimState, doing: str) -> None:
        if self.state not in states:
            raise self._another_state(doing)

    def _another_state(self, doing: str) -> no.ClaimHasAnotherState:
        return no.ClaimHasAnotherState(claim_no=self.claim_no, state=self.state, doing=doing)

    def _require_advance(self, tender: Tender, on: date, guaranteed: Money) -> None:
        self._require("agreed", doing="advanced")
        if on > self.promised_by:
            raise no.PromisedDateTooLate(promised_by=self.promised_by, last_departure_on=self.last_departure_on)
        if guaranteed < self.guarantee:
            raise no.GuaranteeTooSmall(claim_no=self.claim_no, needed=self.guarantee, guaranteed=guaranteed)
        self._require_tender(tender, self.net)

    def _require_tender(self, tender: Tender, amount: Money) -> None:
        if tender == "cash" and not self.cash_allowed:
            raise no.CashNotAllowed(claim_no=self.claim_no, amount=amount)

    # Evolve: assigns only, because it also replays history. Long events are triggered by name; their methods take of
    # them what later decisions need.

    @event(record.Opened)
    def __init__(
        self, claim_no: str, order_ids: tuple[UUID, ...], outlet_id: UUID, point_id: UUID | None, jurisdiction: str,
        region: str, mode: str, agency: str, agency_share: Decimal, traveller: UUID, facts: TravellerFacts,
        purchased_on: date, issued_on: date, lines: tuple[ClaimLine, ...], gross: Money,
        refund: Money, fee: Money, net: Money, cash_allowed: bool, last_departure_on: date, confirmation: Confirmation,
        rule_versions: tuple[str, ...], invoices: tuple[str, ...], guarantee: Money | None,
    ) -> None:  # fmt: skip
        self.claim_no, self.order_ids, self.invoices = claim_no, order_ids, invoices
        self.outlet_id, self.point_id, self.agency, self.agency_share = outlet_id, point_id, agency, agency_share
        self.jurisdiction, self.region, self.mode = jurisdiction, region, mode
        self.traveller, self.facts = traveller, facts
        self.purchased_on, self.issued_on, self.lines, self.gross = purchased_on, issued_on, lines, gross
        self.refund, self.fee, self.net, self.guarantee = refund, fee, net, guarantee or net
        self.due_refund, self.due_fee, self.due_net = refund, fee, net
        self.cash_allowed, self.last_departure_on = cash_allowed, last_departure_on
        self.confirmation, self.rule_versions = confirmation, rule_versions
        self.state: ClaimState = "issued"
        self.promise: tuple[date, tuple[str, ...], Advancer] | None = None
        self.promised_by = self.capture_by = last_departure_on
        self.ports: tuple[str, ...] = ()
        self.agreed_on: date | None = None
        self.advanced_by: Advancer = "agency"
        self.advanced: Money | None = None
        self.advanced_on: date | None = None
        self.customs: tuple[date, str, Lines] | None = None
        self.customs_outcome: Outcome = "refused"
        self.inspected: bool | None = None
        self.reviewed: Lines | None = None
        self.review_outcome: Outcome = "full"
        self.recoveries: dict[UUID, Money] = {}
        self.missed: Missed | None = None
        self.completed_on: date | None = None
        self.paid_on: date | None = None
        self.paid_by: Advancer | None = None
        self.handed_over: tuple[Tender, Counter | None] | None = None
        self.paid_as: tuple[Tender, Advancer] | None = None
        self.settled_in = ""
        self.voided_with: UUID | None = None

    @event(record.Agreed)
    def _agreed(
        self, agreed_on: date, promised_by: date, capture_by: date, ports: tuple[str, ...], by: Advancer
    ) -> None:
        self.state = "agreed"
        self.promise, self.agreed_on = (promised_by, ports, by), agreed_on
        self.promised_by, self.capture_by, self.ports, self.advanced_by = promised_by, capture_by, ports, by

    @event(record.AdvanceRequested)
    def _advance_requested(self, tender: Tender, requested_on: date) -> None:
        self.state, self.advance_tender = "advancing", tender

    @event(record.AdvanceDeclined)
    def _advance_declined(self, reason: str) -> None:
        self.state = "agreed"

    @event(record.Advanced)
    def _advanced(self, amount: Money, tender: Tender, advanced_on: date, paid_at: Counter | None) -> None:
        self.state, self.advanced, self.advanced_on = "advanced", amount, advanced_on
        self.handed_over = (tender, paid_at)

    @event(record.CustomsConfirmed)
    def _customs_confirmed(
        self, confirmed_on: date, port: str, lines: Lines, outcome: Outcome, refund: Money, fee: Money,
        inspected: bool | None,
    ) -> None:  # fmt: skip
        self.state = "refused" if outcome == "refused" else "confirmed"
        self.customs, self.customs_outcome, self.inspected = (confirmed_on, port, lines), outcome, inspected
        self.due_refund, self.due_fee, self.due_net = refund, fee, refund - fee

    @event(record.Reviewed)
    def _reviewed(self, lines: Lines, outcome: Outcome, refund: Money, fee: Money) -> None:
        self.state = "rejected" if outcome == "refused" else "approved"
        self.reviewed, self.review_outcome = lines, outcome
        self.due_refund, self.due_fee, self.due_net = refund, fee, refund - fee

    @event(record.Completed)
    def _completed(self, on: date) -> None:
        self.state, self.completed_on = "completed", on

    @event(record.PromiseMissed)
    def _promise_missed(self, reason: Missed) -> None:
        self.state, self.missed = "missed", reason

    @event(record.AdvanceRecovered)
    def _advance_recovered(self, source_id: UUID, amount: Money, on: date) -> None:
        self.recoveries[source_id] = amount
        if self.state == "missed" and not self.outstanding:
            self.state = "recovered"

    @event(record.Paid)
    def _paid(self, amount: Money, refund: Money, fee: Money, tender: Tender, paid_on: date, by: Advancer) -> None:
        self.state, self.paid_on, self.paid_by, self.paid_as = "paid", paid_on, by, (tender, by)

    @event(record.Settled)
    def _settled(self, amount: Money, on: date, statement: str) -> None:
        self.state, self.settled_in = "settled", statement

    @event(record.Voided)
    def _voided(self, return_id: UUID | None) -> None:
        self.state, self.voided_with = "voided", return_id


def claim_id(claim_no: str) -> UUID:
    """The id of the claim with this form number: asking to open it again meets the first."""
    return derived_id("claim", claim_no)
