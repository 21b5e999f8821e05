"""Pay out: what a royalty statement asks for leaves by bank transfer, once; the books follow when the bank has paid."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from souvenir.banking.bank import Bank, BankAnswer, NoBank, Standing, TransferOrder
from souvenir.banking.registers import latest_transfer, open_transfers, paid_since
from souvenir.banking.transfer import Transfer, transfer_id
from souvenir.eventlog import Committed, EventLog, Process, Transaction, when
from souvenir.kernel import clock
from souvenir.kernel.errors import NotFound, SouvenirError
from souvenir.ledger import postings
from souvenir.ledger.application import book, undo
from souvenir.ledger.journal import Cause, Entry
from souvenir.licensing.application import charge_late_payment
from souvenir.licensing.payout import PayoutInstruction, payout_of
from souvenir.licensing.statement import NotStated, Statement
from souvenir.processes.keep_books import royalty_account
from souvenir.processes.watch_deadlines import trying


class NothingToPay(SouvenirError):
    message = "The statement of {contract_no} for {period} asks for no payment."
    contract_no: str
    period: str


class AlreadyBeingPaid(SouvenirError):
    message = "The statement of {contract_no} for {period} is paid already, or the bank has the order: {state}, {reference!r}."
    contract_no: str
    period: str
    state: str
    reference: str


class PaymentNotKnown(SouvenirError):
    message = "A payment on {paid_on} by {reference!r} cannot be recorded: give a day that has come, and the bank's reference."
    paid_on: date
    reference: str


class NotPaidByHand(SouvenirError):
    message = "The statement of {contract_no} for {period} has no payment that was recorded by hand."
    contract_no: str
    period: str


BY_HAND: Final = "by hand"
"""Stands for the bank where people paid, and no order was given through the port."""

FURTHEST_EAST: Final = timedelta(hours=14)
"""How far the day may have come elsewhere, ahead of UTC."""

SENT_BACK_WITHIN: Final = timedelta(days=30)
"""How long after it was paid an order is looked at again: the payee's bank may send the money back."""


class PayOut:
    """Orders to the bank. Each is recorded as wanted before the bank is asked, and looked at until it is executed."""

    def __init__(self, log: EventLog, bank: Bank | None) -> None:
        self._log = log
        self._bank = bank

    def royalty(self, licence_id: UUID, period: str, on: date | None = None) -> Committed[UUID]:
        """Pay what a licence's statement asks for; a rejected order is given again, and only then. Answers its id.

        Raises NoBank, NotStated or NothingToPay.
        """
        bank, day = self._bank, on or clock.now().date()
        if bank is None:
            raise NoBank()

        def request(tx: Transaction) -> UUID:
            asked = _asked(tx, licence_id, period)
            last = _last_order(tx, asked.key)
            if last is not None and last.state != "rejected":
                return last.id
            transfer = _order(asked, last, bank.name, max(asked.due_on, day), day)
            tx.save(transfer)
            return transfer.id

        requested = self._log.execute(request)
        self.look(requested.result)
        return requested

    def record_paid(self, licence_id: UUID, period: str, paid_on: date, reference: str) -> Committed[UUID]:
        """Record that people paid what a statement asks for, outside the bank port; the same payment again changes nothing.

        Raises NotStated, NothingToPay, AlreadyBeingPaid or PaymentNotKnown.
        """

        def record(tx: Transaction) -> UUID:
            asked = _asked(tx, licence_id, period)
            if paid_on > (clock.now() + FURTHEST_EAST).date() or not reference.strip():
                raise PaymentNotKnown(paid_on=paid_on, reference=reference)
            last = _last_order(tx, asked.key)
            if last is not None and last.state != "rejected":
                if (last.bank, last.executed_on, last.reference) == (BY_HAND, paid_on, reference):
                    return last.id
                raise AlreadyBeingPaid(**_named(tx, asked), state=last.state, reference=last.reference)
            transfer = _order(asked, last, BY_HAND, paid_on, paid_on)
            transfer.execute(reference, paid_on)
            tx.save(transfer)
            return transfer.id

        return self._log.execute(record)

    def withdraw_paid(self, licence_id: UUID, period: str, reason: str, on: date) -> Committed[UUID]:
        """Take back the record of a payment by hand: it was none, or came back. What it paid is owed again.

        Raises NotStated, NothingToPay or NotPaidByHand.
        """

        def withdraw(tx: Transaction) -> UUID:
            asked = _asked(tx, licence_id, period)
            last = _last_order(tx, asked.key)
            if last is None or last.bank != BY_HAND:
                raise NotPaidByHand(**_named(tx, asked))
            last.reject(reason, on)
            tx.save(last)
            return last.id

        return self._log.execute(withdraw)

    def look(self, id: UUID) -> Transfer:
        """Take one order on: have it sent, or ask what became of it; answers it as it then is."""
        transfer = self._log.load(Transfer, id)
        if self._bank is not None and self._bank.name == transfer.bank and transfer.state != "rejected":
            answer = self._bank.query(id)
            if answer.standing is Standing.UNKNOWN and transfer.state == "requested":  # what it had is never sent again
                order = TransferOrder(id, transfer.payee, transfer.amount, transfer.text, transfer.due_on)
                answer = self._bank.send(order)
            self._record(id, answer)
        return self._log.load(Transfer, id)

    def settle_open(self) -> int:
        """Look at every order the bank has not carried out, or may yet send back; answers how many there were."""
        with self._log.reading() as session:
            waiting = open_transfers(session) + paid_since(session, clock.now().date() - SENT_BACK_WITHIN)
        for id in waiting:
            with trying("transfer", id):
                self.look(id)
        return len(waiting)

    def _record(self, id: UUID, answer: BankAnswer) -> None:
        day = answer.on or clock.now().date()

        def record(tx: Transaction) -> None:
            transfer = tx.get(Transfer, id)
            if answer.standing is Standing.IN_HAND:
                transfer.send(answer.reference)
            elif answer.standing is Standing.PAID:
                transfer.execute(answer.reference, day)
            elif answer.standing is Standing.REJECTED:
                transfer.reject(answer.reason, day)
            tx.save(transfer)

        self._log.commit(record)


def _asked(tx: Transaction, licence_id: UUID, period: str) -> PayoutInstruction:
    """What a statement asks to be paid. Raises NotStated or NothingToPay."""
    statement = tx.find(Statement, Statement.id_of(licence_id, period))
    if statement is None:
        raise NotStated(licence_id=licence_id, period=period)
    asked = payout_of(statement)
    if asked is None or not asked.amount:
        raise NothingToPay(contract_no=statement.header.contract_no, period=period)
    return asked


def _last_order(tx: Transaction, statement_id: UUID) -> Transfer | None:
    last = latest_transfer(tx.session, statement_id)
    return None if last is None else tx.get(Transfer, transfer_id(statement_id, last))


def _order(asked: PayoutInstruction, last: Transfer | None, bank: str, due: date, on: date) -> Transfer:
    attempt = last.attempt + 1 if last else 1
    return Transfer.request(asked.key, attempt, bank, asked.payee, asked.amount, asked.text, due, on)


def _named(tx: Transaction, asked: PayoutInstruction) -> dict[str, str]:
    header = tx.get(Statement, asked.key).header
    return {"contract_no": header.contract_no, "period": header.period}


class BookTransfers(Process):
    """Follows transfers: a royalty that was paid is no longer owed; one that came back is owed again.

    What left late bears interest where the contract says so, on the licence's next statement.
    """

    name = "book_transfers"

    @when(Transfer.Executed)
    def _executed(self, tx: Transaction, event: Transfer.Executed) -> None:
        if not _pays_royalty(tx, event.originator_id):
            return
        transfer = tx.at_event(Transfer, event.originator_id)
        statement = tx.get(Statement, transfer.about)
        licence_id, due = statement.header.licence_id, statement.header.due
        legs = postings.royalty_paid(
            royalty_account(tx, licence_id), due.royalty - due.borne, due.marketing_fund, due.tax, due.borne
        )
        about = {"licence": str(licence_id), "statement": str(statement.id), "transfer": str(transfer.id)}
        book(tx, Cause.of(event), "J25", event.executed_on, legs, dimensions=about)
        charge_late_payment(tx, statement, event.executed_on, transfer.attempt)

    @when(Transfer.Rejected)
    def _rejected(self, tx: Transaction, event: Transfer.Rejected) -> None:
        if not event.had_executed or not _pays_royalty(tx, event.originator_id):
            return
        transfer = tx.at_event(Transfer, event.originator_id)
        assert transfer.executed_on is not None, "what had been executed was executed on a day"
        cause = Cause.of(event)
        paid = tx.get(Entry, Entry.id_for(replace(cause, version=cause.version - 1), "J25"))
        undo(tx, cause, paid, event.rejected_on)
        statement = tx.get(Statement, transfer.about)
        charge_late_payment(tx, statement, transfer.executed_on, transfer.attempt, came_back=True)


def _pays_royalty(tx: Transaction, transfer_id: UUID) -> bool:
    """Whether a transfer pays what a statement asks for; others are followed by who ordered them."""
    try:
        return tx.find(Statement, tx.get(Transfer, transfer_id).about) is not None
    except NotFound:  # it is about something else
        return False
