"""Settle with the agency: state the month's refunds, and take in the agency's statement, form by form, once."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.processes.watch_deadlines import trying
from souvenir.taxrefund.agency import RefundAgency
from souvenir.taxrefund.agency_payment import MOST_FORMS, netted_id
from souvenir.taxrefund.agency_statement import AgencyStatement, Difference, Discrepancy, statement_id
from souvenir.taxrefund.application import order_agency_payment, owed_of
from souvenir.taxrefund.claim import Claim, claim_id
from souvenir.taxrefund.settlement import Statement, StatementLine, clawback_line, line_of, write_statement
from souvenir.taxrefund.views import LARGEST_PAGE, AgencyAccount, ClaimList


class SettleAgency:
    """Statements out and in. Taking the same statement in again settles nothing new."""

    def __init__(self, log: EventLog, agency: RefundAgency | None = None) -> None:
        self._log = log
        self._agency = agency
        self._claims = ClaimList()
        self._account = AgencyAccount()
        self._asked_on: date | None = None

    def statement(
        self, number: str, month: date, currency: str = "CNY", agency: str | None = None, *, earlier: bool = False
    ) -> Statement:
        """What became final in a month and is not settled, and what came back of the agency's advances, which is its own.

        Of one agency, where the shop has several; with what is left of `earlier` months, as when it was learned of late.
        """
        first = date.min if earlier else month.replace(day=1)
        lines = [line for line in self._open(month, currency, agency) if line.final_on >= first]
        return Statement(number, tuple(sorted(lines, key=lambda line: (line.final_on, line.form_no))))

    def take_in(
        self, statement: Statement, on: date, month: date | None = None, agency: str | None = None
    ) -> Committed[UUID]:
        """Settle every form of the agency's statement whose amounts are as the claim has them, and list the rest.

        `month` is the one it covers; by itself, that of its latest refund. What was final by its end and is neither on
        it nor settled is missing. The same statement again is the first; raises StatementChanged for another one.
        """
        digest = sha256(write_statement(statement).encode()).hexdigest()
        if (known := self._log.find(AgencyStatement, statement_id(statement.number))) is not None:
            known.require_same(digest)
            return Committed(known.id, self._log.head(), replayed=True)
        currency, covered = statement.amount.currency, month or max(line.final_on for line in statement.lines)
        found = [(line, self._settle(line, statement.number, on)) for line in statement.lines if not line.is_clawback]
        given_back = [line for line in statement.lines if line.is_clawback]
        listed = {(line.form_no, line.is_clawback) for line in statement.lines}
        missing = [
            Discrepancy(form_no=line.form_no, difference="missing", expected=line.amount)
            for line in self._open(covered, currency, agency)
            if (line.form_no, line.is_clawback) not in listed
        ]

        def record(tx: Transaction) -> UUID:
            judged = [*found, *((line, _differs_from_owed(tx, line)) for line in given_back)]
            differ = [_differs(tx, line, difference) for line, difference in judged if difference is not None]
            agreed = [line.form_no for line, difference in judged if difference is None and line.is_clawback]
            _keep_out(tx, agreed, statement.number, currency, on)
            received = AgencyStatement.receive(
                number=statement.number,
                month=covered.replace(day=1),
                on=on,
                digest=digest,
                lines=len(judged),
                amount=statement.amount,
                settled=sum(difference is None for _, difference in judged),
                discrepancies=differ + missing,
                agency=agency or "",
            )
            tx.save(received)
            return received.id

        return self._log.execute(record)

    def stated(self, month: date) -> Statement | None:
        """The agency's own statement of a month, where one is connected and has filed it."""
        return self._agency.statement(month) if self._agency else None

    def fetch(self, month: date, on: date) -> Committed[UUID] | None:
        """Take in the agency's own statement of a month, if it is there."""
        statement = self.stated(month)
        return self.take_in(statement, on, month) if statement else None

    def act_on_month(self) -> None:
        """Ask the agency once a day for last month's statement, until the books have it."""
        today = clock.now().date()
        if self._agency is not None and self._asked_on != today:
            month = today.replace(day=1) - timedelta(days=1)
            if (statement := self.stated(month)) is not None:
                with trying("statement", statement_id(statement.number)):
                    self.take_in(statement, today, month)
                    self._asked_on = today
            else:
                self._asked_on = today

    def received(self, number: str) -> AgencyStatement:
        """A statement that was taken in. Raises NotFound."""
        return self._log.load(AgencyStatement, statement_id(number))

    def _open(self, month: date, currency: str, agency: str | None) -> Iterator[StatementLine]:
        """What was final by the end of a month and is not settled, and what had come back by then and is owed."""
        beyond = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
        for state in ("completed", "paid"):
            after, full = "", True
            while full:
                with self._log.reading() as session:
                    page = self._claims.page(session, state, after)
                for listed in page:
                    claim = self._log.load(Claim, listed.id)
                    line = line_of(claim) if agency in (None, claim.agency) else None
                    if line and line.final_on < beyond and line.amount.currency == currency:
                        yield line
                full = len(page) == LARGEST_PAGE
                after = page[-1].claim_no if page else ""
        last, full = ("", ""), True
        while full:
            with self._log.reading() as session:
                owed = self._account.owed(session, agency, currency, last)
            for form in owed:
                if form.came_back_on < beyond:
                    yield clawback_line(form.claim_no, form.came_back_on, form.amount)
            full = len(owed) == LARGEST_PAGE
            last = (owed[-1].came_back_on.isoformat(), str(owed[-1].claim_id)) if owed else last

    def _settle(self, line: StatementLine, number: str, on: date) -> Difference | None:
        def command(tx: Transaction) -> Difference | None:
            claim = tx.find(Claim, claim_id(line.form_no))
            if claim is None:
                return "unknown_form"
            if claim.state == "settled":
                return None if claim.settled_in == number else "settled_before"
            expected = line_of(claim)
            if expected is None:
                return "not_final"
            if (line.refund, line.fee, line.amount) != (expected.refund, expected.fee, expected.amount):
                return "amount_differs"
            claim.settle(line.amount, on, number)
            tx.save(claim)
            return None

        return self._log.commit(command).result


def _differs_from_owed(tx: Transaction, line: StatementLine) -> Difference | None:
    """What is wrong with a line by which the agency keeps back what came back of its advance."""
    claim = tx.find(Claim, claim_id(line.form_no))
    if claim is None:
        return "unknown_form"
    owed = owed_of(tx, claim)
    if -line.amount == owed:
        return None
    if owed:
        return "amount_differs"
    return "settled_before" if claim.recoveries and claim.advanced_by == "agency" else "not_final"


def _keep_out(tx: Transaction, forms: Sequence[str], statement: str, currency: str, on: date) -> None:
    """Pay the agency what it keeps out of a statement."""
    by_agency: dict[str, list[UUID]] = {}
    for id in map(claim_id, forms):
        by_agency.setdefault(tx.get(Claim, id).agency, []).append(id)
    for agency, claims in by_agency.items():
        for start in range(0, len(claims), MOST_FORMS):
            id = netted_id(statement, agency, start)
            part = claims[start : start + MOST_FORMS]
            payment = order_agency_payment(tx, id, agency, currency, part, "statement", on)
            payment.pay(statement, on)
            tx.save(payment)


def _differs(tx: Transaction, line: StatementLine, difference: Difference) -> Discrepancy:
    claim = tx.find(Claim, claim_id(line.form_no))
    expected = None
    if claim is not None and line.is_clawback:
        expected = -owed_of(tx, claim) or None
    elif claim is not None and (ours := line_of(claim)) is not None:
        expected = ours.amount
    return Discrepancy(form_no=line.form_no[:40], difference=difference, expected=expected, stated=line.amount)
