"""File form: the tax office's part of a refund form; what it did is looked up until it is known, and never asked twice."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from souvenir.eventlog import EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.identifiers import new_id
from souvenir.processes.watch_deadlines import trying
from souvenir.taxrefund.claim import claim_id
from souvenir.taxrefund.filing import Filing
from souvenir.taxrefund.registers import filing_of, wanted_filings
from souvenir.taxrefund.tax_office import (
    FormOutcome,
    FormWanted,
    OfficeAnswer,
    TaxOffice,
    TaxOfficeRefused,
    TaxOfficeSilent,
)

ASKED_AGAIN: Final = 3
"""How often one step looks an answer up before it leaves that to the next sweep."""

IN_FLIGHT: Final = timedelta(minutes=5)
"""How long a request may be on its way; what the office knows nothing of after that never arrived."""

ABANDONED: Final = "nobody waits for this form any more"


class FileForm:
    """Filings and the office. The office is asked between commits; any step may be repeated."""

    def __init__(self, log: EventLog, office: TaxOffice) -> None:
        self._log = log
        self._office = office

    def request(
        self, outlet_id: UUID, order_ids: tuple[UUID, ...], on: date, check: Callable[[Transaction], object]
    ) -> UUID:
        """Note that a form is wanted, once nothing of our own stands against it; answers the filing's id."""
        filing_id = new_id()

        def command(tx: Transaction) -> UUID:
            check(tx)
            tx.save(Filing.request(filing_id, outlet_id, order_ids, on))
            return filing_id

        return self._log.execute(command).result

    def obtain(self, filing_id: UUID, wanted: FormWanted) -> tuple[str, tuple[str, ...]]:
        """The form's number and invoices. Raises TaxOfficeRefused or TaxOfficeSilent; ask again by the same filing."""
        filing = self._log.load(Filing, filing_id)
        if filing.state == "declined":
            raise TaxOfficeRefused(why=filing.reason)
        if filing.state == "requested":
            answer = self._asked(filing_id, lambda: self._office.issue(wanted))
            if answer.outcome is FormOutcome.REFUSED:
                why = wanted.without_person(answer.reason)
                self._log.commit(lambda tx: _declined(tx, filing_id, why))
                raise TaxOfficeRefused(why=why)
            if answer.outcome is not FormOutcome.ISSUED:
                raise TaxOfficeSilent(claim_no=f"request {filing_id}")
            return answer.form_no, answer.invoices
        return filing.form_no, filing.invoices  # where it was given up meanwhile, `issued` refuses

    def give_up(self, filing_id: UUID, form_no: str, invoices: tuple[str, ...]) -> None:
        """The form was issued, but no claim can follow from it: void it."""
        self._log.commit(lambda tx: issued(tx, filing_id, form_no, invoices))
        self._settle(filing_id)

    def follow(self, claim_id: UUID) -> None:
        """Do at the office what the claim asks for by now: void the form with its invoices, or lock them."""
        with self._log.reading() as session:
            found = filing_of(session, claim_id)
        if found is not None and found[1]:
            self._settle(found[0])

    def require_void(self, claim_id: UUID, claim_no: str) -> None:
        """Raises TaxOfficeSilent while a voided form may still stand at the office."""
        self.follow(claim_id)
        with self._log.reading() as session:
            if filing_of(session, claim_id) is not None:
                raise TaxOfficeSilent(claim_no=claim_no)

    def settle_open(self) -> int:
        """Ask about every form that waits for the office; answers how many do not any more."""
        with self._log.reading() as session:
            waiting = wanted_filings(session)
        for filing_id in waiting:
            with trying("tax_office", filing_id):
                if not self._settle(filing_id):
                    form_no = self._log.load(Filing, filing_id).form_no
                    raise TaxOfficeSilent(claim_no=form_no or f"request {filing_id}")
        with self._log.reading() as session:
            return len(waiting) - len(set(waiting) & set(wanted_filings(session)))

    def _settle(self, filing_id: UUID) -> bool:
        """Have the office do what is wanted of it by now, if anything; says whether it answered."""
        filing, today = self._log.load(Filing, filing_id), clock.now().date()
        if filing.state == "requested":
            return clock.now() - filing.modified_on < IN_FLIGHT or self._look_for(filing)
        with self._log.reading() as session:
            found = filing_of(session, filing.claim_id) if filing.claim_id else None
        if filing.state != "issued" or found is None or not found[1]:
            return True
        wanted, key = found[1], str(filing_id)
        if wanted == "void":
            answer = self._asked(filing_id, lambda: self._office.void(key, today, filing.form_no))
        else:
            answer = self._asked(filing_id, lambda: self._office.lock(key, today))
        self._log.commit(lambda tx: _done(tx, filing_id, wanted, answer, today))
        return answer.outcome is not FormOutcome.UNKNOWN

    def _look_for(self, filing: Filing) -> bool:
        """A request whose counter is gone: the form is found and voided, or never came to be."""
        answer = self._office.query(str(filing.id))
        if answer.outcome is FormOutcome.ISSUED:
            self.give_up(filing.id, answer.form_no, answer.invoices)
        elif answer.outcome is not FormOutcome.UNKNOWN:
            self._log.commit(lambda tx: _declined(tx, filing.id, answer.reason or ABANDONED))
        return answer.outcome is not FormOutcome.UNKNOWN

    def _asked(self, filing_id: UUID, request: Callable[[], OfficeAnswer]) -> OfficeAnswer:
        """A clear answer where one can be had: an unclear one is asked for again by the same key, so nothing doubles."""
        answer = request()
        for _ in range(ASKED_AGAIN):
            if answer.outcome is not FormOutcome.UNKNOWN:
                break
            answer = request()
        return answer


def issued(tx: Transaction, filing_id: UUID, form_no: str, invoices: tuple[str, ...]) -> None:
    """Note the office's form, in the commit that opens the claim which follows from it."""
    filing = tx.get(Filing, filing_id)
    if filing.state not in ("requested", "issued"):
        raise TaxOfficeRefused(why=ABANDONED)
    filing.issue(form_no, claim_id(form_no), invoices)
    tx.save(filing)


def _declined(tx: Transaction, filing_id: UUID, reason: str) -> None:
    filing = tx.get(Filing, filing_id)
    filing.decline(reason)
    tx.save(filing)


def _done(tx: Transaction, filing_id: UUID, wanted: str, answer: OfficeAnswer, on: date) -> None:
    filing = tx.get(Filing, filing_id)
    if answer.outcome is FormOutcome.VOIDED and wanted == "void":
        filing.void(answer.red_letters, on)
    elif answer.outcome is FormOutcome.LOCKED and wanted == "lock":
        filing.lock(on)
    elif answer.outcome is not FormOutcome.UNKNOWN:
        filing.dispute(wanted, answer.reason or answer.outcome.value)
    tx.save(filing)
