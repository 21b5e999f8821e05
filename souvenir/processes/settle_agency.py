"""Settle with the agency: state the month's refunds, and take in the agency's statement, form by form, once."""

from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.taxrefund.agency import RefundAgency
from souvenir.taxrefund.agency_statement import AgencyStatement, Difference, Discrepancy, statement_id
from souvenir.taxrefund.claim import Claim, claim_id
from souvenir.taxrefund.settlement import Statement, StatementLine, line_of, write_statement
from souvenir.taxrefund.views import LARGEST_PAGE, ClaimList


class SettleAgency:
    """Statements out and in. Taking the same statement in again settles nothing new."""

    def __init__(self, log: EventLog, agency: RefundAgency | None = None) -> None:
        self._log = log
        self._agency = agency
        self._claims = ClaimList()
        self._asked_on: date | None = None

    def statement(self, number: str, month: date, currency: str = "CNY") -> Statement:
        """What became final in a month and is not settled: what the agency is asked for."""
        first = month.replace(day=1)
        lines = [line for line in self._open(month, currency) if line.final_on >= first]
        return Statement(number, tuple(sorted(lines, key=lambda line: (line.final_on, line.form_no))))

    def take_in(self, statement: Statement, on: date, month: date | None = None) -> Committed[UUID]:
        """Settle every form of the agency's statement whose amounts are as the claim has them, and list the rest.

        `month` is the one it covers; by itself, that of its latest refund. What was final by its end and is neither on
        it nor settled is missing. The same statement again is the first; raises StatementChanged for another one.
        """
        digest = sha256(write_statement(statement).encode()).hexdigest()
        if (known := self._log.find(AgencyStatement, statement_id(statement.number))) is not None:
            known.require_same(digest)
            return Committed(known.id, self._log.head(), replayed=True)
        covered = month or max(line.final_on for line in statement.lines)
        found = [(line, self._settle(line, statement.number, on)) for line in statement.lines]
        listed = {line.form_no for line in statement.lines}
        missing = [line for line in self._open(covered, statement.amount.currency) if line.form_no not in listed]
        differ = [
            *(_differs(self._log, line, difference) for line, difference in found if difference is not None),
            *(Discrepancy(form_no=line.form_no, difference="missing", expected=line.amount) for line in missing),
        ]

        def record(tx: Transaction) -> UUID:
            received = AgencyStatement.receive(
                number=statement.number,
                month=covered.replace(day=1),
                on=on,
                digest=digest,
                lines=len(found),
                amount=statement.amount,
                settled=sum(difference is None for _, difference in found),
                discrepancies=differ,
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
            self.fetch(today.replace(day=1) - timedelta(days=1), today)
            self._asked_on = today

    def received(self, number: str) -> AgencyStatement:
        """A statement that was taken in. Raises NotFound."""
        return self._log.load(AgencyStatement, statement_id(number))

    def _open(self, month: date, currency: str) -> Iterator[StatementLine]:
        """What was final by the end of a month and is not settled."""
        beyond = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
        for state in ("completed", "paid"):
            after, full = "", True
            while full:
                with self._log.reading() as session:
                    page = self._claims.page(session, state, after)
                for listed in page:
                    line = line_of(self._log.load(Claim, listed.id))
                    if line and line.final_on < beyond and line.amount.currency == currency:
                        yield line
                full = len(page) == LARGEST_PAGE
                after = page[-1].claim_no if page else ""

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


def _differs(log: EventLog, line: StatementLine, difference: Difference) -> Discrepancy:
    claim = log.find(Claim, claim_id(line.form_no))
    expected = line_of(claim) if claim else None
    return Discrepancy(
        form_no=line.form_no[:40],
        difference=difference,
        expected=expected.amount if expected else None,
        stated=line.amount,
    )
