"""Settle with the agency: write the month's statement of refunds the shop paid, and take in the agency's, form by form."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from souvenir.eventlog import EventLog, Transaction
from souvenir.taxrefund.claim import Claim, claim_id
from souvenir.taxrefund.settlement import Statement, StatementLine, line_of
from souvenir.taxrefund.views import LARGEST_PAGE, ClaimList

AGENCY_SHARE = Decimal("0.70")
"""The agency's part of the fee, where its contract does not say otherwise."""

Finding = Literal["settled", "settled_before", "unknown_form", "amount_differs", "not_final"]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of an agency's statement. Differences are for a person to look into; nothing is booked for them."""

    found: Sequence[tuple[StatementLine, Finding]]

    @property
    def differences(self) -> list[tuple[StatementLine, Finding]]:
        """The lines that could not be settled."""
        return [(line, finding) for line, finding in self.found if finding not in ("settled", "settled_before")]


class SettleAgency:
    """Statements out and in. Taking the same statement in again settles nothing new."""

    def __init__(self, log: EventLog, agency_share: Decimal = AGENCY_SHARE) -> None:
        self._log = log
        self._share = agency_share
        self._claims = ClaimList()

    def statement(self, number: str, month: date, currency: str = "CNY") -> Statement:
        """What became final in a month, was paid by the shop, and is not settled: what the agency is asked for."""
        lines: list[StatementLine] = []
        for state in ("completed", "paid"):
            after = ""
            while True:
                with self._log.reading() as session:
                    page = self._claims.page(session, state, after)
                for listed in page:
                    line = line_of(self._log.load(Claim, listed.id), self._share)
                    if line and (line.final_on.year, line.final_on.month) == (month.year, month.month):
                        lines.append(line)
                if len(page) < LARGEST_PAGE:
                    break
                after = page[-1].claim_no
        of_currency = [line for line in lines if line.amount.currency == currency]
        return Statement(number, tuple(sorted(of_currency, key=lambda line: (line.final_on, line.form_no))))

    def take_in(self, statement: Statement, on: date) -> Settlement:
        """Settle every form of the agency's statement whose amounts are as the claim has them."""
        return Settlement([(line, self._settle(line, statement.number, on)) for line in statement.lines])

    def _settle(self, line: StatementLine, number: str, on: date) -> Finding:
        def command(tx: Transaction) -> Finding:
            claim = tx.find(Claim, claim_id(line.form_no))
            if claim is None:
                return "unknown_form"
            if claim.state == "settled":
                return "settled_before"
            expected = line_of(claim, self._share)
            if expected is None:
                return "not_final"
            if (line.refund, line.fee, line.amount) != (expected.refund, expected.fee, expected.amount):
                return "amount_differs"
            claim.settle(line.amount, on, number)
            tx.save(claim)
            return "settled"

        return self._log.execute(command).result
