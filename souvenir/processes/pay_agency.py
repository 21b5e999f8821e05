"""Pay the agency: what came back of its advances goes back to it, by the bank, or as people paid it themselves."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

from souvenir.banking.bank import Bank, NoBank
from souvenir.banking.transfer import Transfer
from souvenir.eventlog import Committed, EventLog, Process, Transaction, when
from souvenir.kernel import clock
from souvenir.kernel.errors import NotFound
from souvenir.kernel.identifiers import new_id
from souvenir.ledger import postings
from souvenir.ledger.application import book, undo
from souvenir.ledger.journal import Cause, Entry
from souvenir.processes.pay_out import FURTHEST_EAST, PaymentNotKnown, PayOut
from souvenir.taxrefund.agency_payment import MOST_FORMS, AgencyPayment, NotPaidToAgencyByHand
from souvenir.taxrefund.application import fail_agency_payment, order_agency_payment
from souvenir.taxrefund.views import AgencyAccount

LONGEST_TEXT: Final = 140
"""Characters of a transfer's text that reach the payee (ISO 20022, Max140Text)."""


class PayAgency:
    """Payments to agencies. Without forms named, one is for all that is owed in a currency, the longest owed first."""

    def __init__(self, log: EventLog, bank: Bank | None, pay_out: PayOut) -> None:
        self._log = log
        self._bank = bank
        self._pay_out = pay_out
        self._account = AgencyAccount()

    def by_bank(
        self, agency: str, currency: str, claims: Sequence[UUID] = (), on: date | None = None
    ) -> Committed[UUID]:
        """Order the bank to pay; answers the payment's id. Raises NoBank or NothingOwedToAgency."""
        bank, day = self._bank, on or clock.now().date()
        if bank is None:
            raise NoBank()
        forms = claims or self._owed(agency, currency)

        def request(tx: Transaction) -> tuple[UUID, UUID]:
            payment = order_agency_payment(tx, new_id(), agency, currency, forms, "bank", day)
            text = " ".join(line.claim_no for line in payment.lines)[:LONGEST_TEXT]
            transfer = Transfer.request(payment.id, 1, bank.name, agency, payment.amount, text, day, day)
            tx.save(transfer)
            return payment.id, transfer.id

        requested = self._log.execute(request)
        payment_id, transfer_id = requested.result
        self._pay_out.look(transfer_id)
        return Committed(payment_id, requested.position, requested.replayed)

    def record_paid(
        self, agency: str, currency: str, paid_on: date, reference: str, claims: Sequence[UUID] = ()
    ) -> Committed[UUID]:
        """Record that people paid it. Raises PaymentNotKnown or NothingOwedToAgency."""
        if paid_on > (clock.now() + FURTHEST_EAST).date() or not reference.strip():
            raise PaymentNotKnown(paid_on=paid_on, reference=reference)
        forms = claims or self._owed(agency, currency)

        def record(tx: Transaction) -> UUID:
            payment = order_agency_payment(tx, new_id(), agency, currency, forms, "hand", paid_on)
            payment.pay(reference, paid_on)
            tx.save(payment)
            return payment.id

        return self._log.execute(record)

    def withdraw(self, payment_id: UUID, reason: str, on: date) -> Committed[UUID]:
        """Take back the record of a payment by hand that was none, or came back. Raises NotPaidToAgencyByHand."""

        def take_back(tx: Transaction) -> UUID:
            payment = tx.get(AgencyPayment, payment_id)
            if payment.way != "hand":
                raise NotPaidToAgencyByHand(agency=payment.agency, way=payment.way)
            fail_agency_payment(tx, payment, reason, on)
            return payment.id

        return self._log.execute(take_back)

    def _owed(self, agency: str, currency: str) -> list[UUID]:
        with self._log.reading() as session:
            return [form.claim_id for form in self._account.owed(session, agency, currency, size=MOST_FORMS)]


class FollowAgencyPayments(Process):
    """Follows transfers and payments: what the bank has paid, the agency has, and the books; what failed is owed again."""

    name = "follow_agency_payments"

    @when(Transfer.Executed)
    def _executed(self, tx: Transaction, event: Transfer.Executed) -> None:
        if (payment := _paid_by(tx, event.originator_id)) is not None:
            payment.pay(event.reference, event.executed_on)
            tx.save(payment)

    @when(Transfer.Rejected)
    def _rejected(self, tx: Transaction, event: Transfer.Rejected) -> None:
        if (payment := _paid_by(tx, event.originator_id)) is not None:
            fail_agency_payment(tx, payment, event.reason, event.rejected_on)

    @when(AgencyPayment.Paid)
    def _paid(self, tx: Transaction, event: AgencyPayment.Paid) -> None:
        payment = tx.at_event(AgencyPayment, event.originator_id)
        legs = postings.agency_paid({str(line.claim_id): line.amount for line in payment.lines})
        about = {"agency": payment.agency, "reference": event.reference}
        book(tx, Cause.of(event), "J14p", event.paid_on, legs, dimensions=about)

    @when(AgencyPayment.Failed)
    def _failed(self, tx: Transaction, event: AgencyPayment.Failed) -> None:
        if event.was_paid:
            cause = Cause.of(event)
            paid = tx.get(Entry, Entry.id_for(replace(cause, version=cause.version - 1), "J14p"))
            undo(tx, cause, paid, event.failed_on, event.reason)


def _paid_by(tx: Transaction, transfer_id: UUID) -> AgencyPayment | None:
    """The payment to an agency that a transfer carries out, if it is for one."""
    try:
        return tx.find(AgencyPayment, tx.get(Transfer, transfer_id).about)
    except NotFound:  # it is for something else
        return None
