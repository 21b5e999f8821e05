"""Keep by law: every refund form puts a hold on its traveller's tax data by itself, and what buyers show gets a term."""

from datetime import date
from uuid import UUID

from souvenir.access.application import has_credentials
from souvenir.editions.purchase import Evidence, Purchase
from souvenir.eventlog import Process, Transaction, when
from souvenir.privacy.application import registered
from souvenir.privacy.retention import ANYWHERE, RetentionSchedule
from souvenir.taxrefund.claim import Claim


class KeepByLaw(Process):
    """Gives records their terms, by the schedule of the day of their last entry: each further entry may extend them."""

    name = "keep_by_law"

    def __init__(self, schedule: RetentionSchedule) -> None:
        self._schedule = schedule

    @when(Claim.Opened)
    def _opened(self, tx: Transaction, event: Claim.Opened) -> None:
        keep_tax_file(tx, self._schedule, event.traveller, event.jurisdiction, event.issued_on)

    @when(Claim.Completed, Claim.PromiseMissed, Claim.AdvanceRecovered, Claim.Settled, Claim.Voided)
    def _entered(
        self,
        tx: Transaction,
        event: Claim.Completed | Claim.PromiseMissed | Claim.AdvanceRecovered | Claim.Settled | Claim.Voided,
    ) -> None:
        self._extend(tx, event.originator_id, event.on)

    @when(Claim.Paid)
    def _paid(self, tx: Transaction, event: Claim.Paid) -> None:
        self._extend(tx, event.originator_id, event.paid_on)

    @when(Purchase.Identified)
    def _identified(self, tx: Transaction, event: Purchase.Identified) -> None:
        _keep_evidence(tx, self._schedule, event.evidence, event.timestamp.date())

    @when(Purchase.EvidenceAdded)
    def _evidence_added(self, tx: Transaction, event: Purchase.EvidenceAdded) -> None:
        _keep_evidence(tx, self._schedule, event.evidence, event.timestamp.date())

    def _extend(self, tx: Transaction, claim_id: UUID, on: date) -> None:
        claim = tx.get(Claim, claim_id)
        keep_tax_file(tx, self._schedule, claim.traveller, claim.jurisdiction, on)


def keep_tax_file(tx: Transaction, schedule: RetentionSchedule, traveller: UUID, jurisdiction: str, on: date) -> None:
    """Put the law's hold on a traveller's tax data, for a form with an entry of that day; a shorter one adds nothing."""
    rule = schedule.rule("refund_form", jurisdiction, on)
    subject = registered(tx, traveller)
    subject.keep("tax", rule.version, rule.term(on))
    tx.save(subject)


def _keep_evidence(tx: Transaction, schedule: RetentionSchedule, evidence: Evidence, on: date) -> None:
    """Give what a buyer showed its term. A known customer's account is not evidence: it ends when they say so."""
    rule = schedule.rule("purchase_evidence", ANYWHERE, on)
    for name in (*evidence.person, *evidence.household):
        pseudonym = _pseudonym(name)
        if pseudonym is not None and not has_credentials(tx, pseudonym):
            subject = registered(tx, pseudonym)
            subject.keep("identity", rule.version, rule.term(on))
            tx.save(subject)


def _pseudonym(name: str) -> UUID | None:
    """Evidence of other making may name people by something else: that is not ours to end."""
    try:
        return UUID(name)
    except ValueError:
        return None
