"""Settlement: the monthly statement between shop and refund agency, written and read as CSV, due by a day of the next month."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money, total
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.rulebook import RuleBook

COLUMNS: Final = ("statement", "form_no", "final_on", "currency", "refund", "fee", "amount")
SUM: Final = "TOTAL"
"""In place of a form number, the last row: what the others add up to."""

MOST_LINES: Final = 100_000
MOST_CHARACTERS: Final = 20_000_000


class StatementUnreadable(SouvenirError):
    message = "Line {line} of the statement is not usable: {problem}. Nothing of it was taken."
    line: int
    problem: str


class NoSettlementDay(SouvenirError):
    message = "The rule book knows no day by which refunds of {region} are settled."
    region: str


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One refund: `refund` and `fee` as confirmed, `amount` as the agency pays it to the shop.

    An amount below nothing is what the shop pays: what came back of the agency's advance, of which no refund is left.
    """

    form_no: str
    final_on: date
    refund: Money
    fee: Money
    amount: Money

    @property
    def is_clawback(self) -> bool:
        return self.amount < Money.zero(self.amount.currency)


@dataclass(frozen=True, slots=True)
class Statement:
    """What became final or came back in one month, in one currency."""

    number: str
    lines: tuple[StatementLine, ...]

    @property
    def amount(self) -> Money:
        """What the statement pays in all."""
        return total((line.amount for line in self.lines), self.lines[0].amount.currency)


def settled_by(book: RuleBook, jurisdiction: str, region: str, month: date) -> date:
    """The last day to file the statement of a month: the 15th of the next in China (Measures, Article 24)."""
    rule = book.regime(jurisdiction, region, "departure", month).find("settlement_day")
    if rule is None:
        raise NoSettlementDay(region=region)
    return (month.replace(day=1) + timedelta(days=32)).replace(day=rule.value)


def line_of(claim: Claim) -> StatementLine | None:
    """A claim whose refund is final as the agency's statement has it; nothing while it is not, or once it is settled.

    What the shop paid is owed to it, less the agency's part of the fee. Of what the agency advanced, the shop has its
    part of the fee; of what the agency paid at departure, nothing: the line only shows it.
    """
    final_on = claim.completed_on or claim.paid_on
    if final_on is None or claim.state == "settled":
        return None
    payer = claim.paid_by if claim.paid_on else claim.advanced_by
    kept = agency_part(claim)
    amount = claim.due_refund - kept
    if payer == "agency":
        amount = Money.zero(kept.currency) if claim.paid_on else claim.due_fee - kept
    return StatementLine(claim.claim_no, final_on, claim.due_refund, claim.due_fee, amount)


def clawback_line(form_no: str, came_back_on: date, amount: Money) -> StatementLine:
    """What came back of the agency's advance, as a line by which the shop gives it back."""
    nothing = Money.zero(amount.currency)
    return StatementLine(form_no, came_back_on, nothing, nothing, -amount)


def agency_part(claim: Claim) -> Money:
    """The agency's part of a claim's fee, by the contract in force when the form was issued."""
    return claim.due_fee.at_rate(claim.agency_share)


def write_statement(statement: Statement) -> str:
    """The statement as CSV (RFC 4180), its sums in the last row."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for line in statement.lines:
        amounts = (line.refund.amount, line.fee.amount, line.amount.amount)
        writer.writerow((statement.number, line.form_no, line.final_on.isoformat(), line.amount.currency, *amounts))
    if statement.lines:
        currency = statement.amount.currency
        sums = (
            _sum((one.refund for one in statement.lines), currency),
            _sum((one.fee for one in statement.lines), currency),
        )
        writer.writerow((statement.number, SUM, "", currency, *sums, statement.amount.amount))
    return out.getvalue()


def read_statement(text: str) -> Statement:
    """Read a statement whole, or refuse it whole: columns, dates, amounts, forms named twice, and the sums.

    A form is named once for its refund and once for what came back of it.
    """
    if len(text) > MOST_CHARACTERS:
        raise StatementUnreadable(line=1, problem="it is too long")
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff")))
    if tuple(next(rows, ())) != COLUMNS:
        raise StatementUnreadable(line=1, problem=f"the columns are {','.join(COLUMNS)}")
    lines: dict[tuple[str, bool], StatementLine] = {}
    numbers: set[str] = set()
    stated: StatementLine | None = None
    for number, row in enumerate(rows, 2):
        if number > MOST_LINES or stated is not None:
            raise StatementUnreadable(line=number, problem="it goes on where it should end")
        line = _line(number, row)
        numbers.add(row[0])
        if line.form_no == SUM:
            stated = line
        elif (line.form_no, line.is_clawback) in lines:
            raise StatementUnreadable(line=number, problem="it names a form a second time")
        else:
            lines[line.form_no, line.is_clawback] = line
    _check_whole(lines, numbers, stated)
    return Statement(numbers.pop(), tuple(lines.values()))


def _line(number: int, row: list[str]) -> StatementLine:
    try:
        _, form_no, final_on, currency, refund, fee, amount = row
        day = date.fromisoformat(final_on) if form_no != SUM else date.min
        amounts = (Money.of(refund, currency), Money.of(fee, currency), Money.of(amount, currency))
    except (ValueError, SouvenirError) as error:
        raise StatementUnreadable(line=number, problem=str(error)[:80].rstrip(".")) from None
    return StatementLine(form_no, day, *amounts)


def _check_whole(lines: dict[tuple[str, bool], StatementLine], numbers: set[str], stated: StatementLine | None) -> None:
    end = len(lines) + 2
    if not lines or stated is None:
        raise StatementUnreadable(line=end, problem="it has no lines, or no sum at its end")
    currencies = {one.amount.currency for one in (*lines.values(), stated)}
    if len(currencies) != 1 or len(numbers) != 1:
        raise StatementUnreadable(line=end, problem="it mixes statements or currencies")
    currency = currencies.pop()
    sums = tuple(
        total((getattr(line, column) for line in lines.values()), currency) for column in ("refund", "fee", "amount")
    )
    if sums != (stated.refund, stated.fee, stated.amount):
        raise StatementUnreadable(line=end, problem="its lines do not add up to its sum")


def _sum(amounts: Iterable[Money], currency: str) -> str:
    return total(amounts, currency).amount
