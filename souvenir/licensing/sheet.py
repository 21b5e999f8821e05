"""A royalty statement as its licensor reads it: header, lines, adjustments, account; the same facts always as the same bytes.

A sheet is made of two things: the header, which the statement's own event holds, and the lines, which are read again
from the accruals in the log. The canonical JSON (RFC 8785) of both is what a statement's digest seals.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple
from uuid import UUID

import rfc8785

from souvenir.kernel.aggregate import Value
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.localized import LocalizedText
from souvenir.kernel.money import Money, total
from souvenir.licensing.account import Account, Due
from souvenir.licensing.conversion import Conversion
from souvenir.licensing.periods import contract_year, last_day_of
from souvenir.licensing.royalty.net_sales import held_back


class Stated(NamedTuple):
    """What earlier statements of a licence have covered: periods up to `to`, of what stood in the log by `until`."""

    to: str
    until: int
    months: int
    """Of the licence's royalty periods."""


class NoSuchLine(SouvenirError):
    message = "The statement of {contract_no} for {period} has {lines} lines: there is no line {number}."
    contract_no: str
    period: str
    lines: int
    number: int


class Span(Value):
    """The event range a statement is made from: log positions `after` < p ≤ `until`, less what was stated before.

    Left out is what stands at or before `stated_until` for a period up to `stated_to`: an earlier statement has it.
    `carried` is where the next statement begins to read: before the first entry that was left for a later period.
    """

    after: int
    until: int
    stated_to: str
    stated_until: int
    carried: int
    entries: int
    digest: str


class Held(Value):
    """The reserve of one period: its share of what was sold, less what came back of it; nothing once it is released."""

    period: str
    sold_net: Money
    sold_royalty: Money
    returned_net: Money
    returned_royalty: Money

    def net(self, rate: Decimal) -> Money:
        """What is held of net sales."""
        return held_back(self.sold_net, self.returned_net, rate)

    def royalty(self, rate: Decimal) -> Money:
        """What is held of the royalty."""
        return held_back(self.sold_royalty, self.returned_royalty, rate)

    def plus(self, sold: tuple[Money, Money], returned: tuple[Money, Money]) -> "Held":
        """The same with more sold and more come back, each as (net, royalty)."""
        return Held(
            period=self.period,
            sold_net=self.sold_net + sold[0],
            sold_royalty=self.sold_royalty + sold[1],
            returned_net=self.returned_net + returned[0],
            returned_royalty=self.returned_royalty + returned[1],
        )


class Reserve(Value):
    """What a statement holds against returns: of net sales and of royalty, before and after, by period still open."""

    rate: Decimal
    opening_net: Money
    closing_net: Money
    opening_royalty: Money
    closing_royalty: Money
    periods: tuple[Held, ...]

    def royalty_of(self, number: int, starts: date) -> Money:
        """What is held of the royalty of one contract year: of periods that end in it."""
        mine = (each for each in self.periods if contract_year(starts, last_day_of(each.period)) == number)
        return total((each.royalty(self.rate) for each in mine), self.closing_royalty.currency)


class Labels(Value):
    """Holograms as of a count: issued = sold + on hand + destroyed + returned + unaccounted for.

    `charged` is how many of the last have been charged as sold, where the contract says so.
    """

    issued: int
    sold: int
    on_hand: int
    destroyed: int
    returned: int
    unaccounted: int
    counted_on: date
    charged: int | None = None


class Header(Value):
    """Everything a statement says above and below its lines.

    In a shared account, `shared_account` names it and `follows` is the statement that brought it forward. `accrued` is
    what the licence has earned to date that may recoup, by its accruals and before any reserve. `conversions` are the rates,
    and whose they are, that were agreed for sales in other currencies in the periods it has lines of.
    """

    licence_id: UUID
    contract_no: str
    licensor: str
    property_name: LocalizedText
    period: str
    period_months: Literal[1, 3, 6, 12]
    currency: str
    issued_on: date
    account: Account
    due: Due
    span: Span
    accrued: Money | None = None
    shared_account: str | None = None
    follows: UUID | None = None
    reserve: Reserve | None = None
    labels: Labels | None = None
    conversions: tuple[Conversion, ...] | None = None

    @property
    def recoupable_to_date(self) -> Money:
        """What the licence's own accruals add up to that may recoup, this statement included."""
        return self.account.earned_to_date if self.accrued is None else self.accrued

    @property
    def stated_before(self) -> Stated:
        """What earlier statements had covered."""
        return Stated(self.span.stated_to, self.span.stated_until, self.period_months)


@dataclass(frozen=True, slots=True)
class Line:
    """What one product earned in one place, channel and period at one rate, returns subtracted from the amounts.

    `gross` is the list price without VAT. `period` is earlier than the statement's where sales or returns came too late
    for their own. `royalty` includes what may not recoup.
    """

    number: int
    period: str
    sku: str
    product_id: str
    territory: str | None
    channel: str | None
    rate: str
    sold: int
    returned: int
    gross: Money
    net: Money
    royalty: Money
    marketing_fund: Money
    gtin: str | None = None

    @property
    def deductions(self) -> Money:
        """Discounts, and what the contract does not count as base."""
        return self.gross - self.net


@dataclass(frozen=True, slots=True)
class AdjustmentLine:
    """What an amendment changed for sales already accrued: new royalty less old, on the same base."""

    amendment_no: str
    period: str
    base: Money
    rate_before: str
    rate: str
    royalty: Money
    marketing_fund: Money


@dataclass(frozen=True, slots=True)
class BreachLine:
    """What was sold of one product outside the licence, by the code of the refusal: no part of the royalty."""

    code: str
    sku: str
    units: int
    base: Money


@dataclass(frozen=True, slots=True)
class Sheet:
    """One statement, complete."""

    header: Header
    lines: tuple[Line, ...]
    adjustments: tuple[AdjustmentLine, ...]
    breaches: tuple[BreachLine, ...]

    @property
    def is_nil(self) -> bool:
        """Nothing was sold, returned or adjusted."""
        return not self.lines and not self.adjustments

    @property
    def current(self) -> tuple[Line, ...]:
        """The lines of the statement's own period."""
        return tuple(line for line in self.lines if line.period == self.header.period)

    @property
    def prior(self) -> tuple[Line, ...]:
        """The lines of periods that were already stated."""
        return tuple(line for line in self.lines if line.period < self.header.period)

    @property
    def net(self) -> Money:
        """Net sales of all lines."""
        return total((line.net for line in self.lines), self.header.currency)

    @property
    def royalty(self) -> Money:
        """All lines and adjustments: what is earned, recoupable or not."""
        lines = total((line.royalty for line in self.lines), self.header.currency)
        return lines + total((line.royalty for line in self.adjustments), self.header.currency)

    def line(self, number: int) -> Line:
        """The line of a number. Raises NoSuchLine."""
        if not 0 < number <= len(self.lines):
            header = self.header
            facts = {"contract_no": header.contract_no, "period": header.period}
            raise NoSuchLine(**facts, lines=len(self.lines), number=number)
        return self.lines[number - 1]

    def canonical(self) -> bytes:
        """The statement as canonical JSON (RFC 8785): amounts as decimal strings, days in ISO 8601.

        What a header or a line did not say when it was issued, it does not say now.
        """
        content = {
            "statement": plain(self.header),
            "lines": [_said(line) for line in self.lines],
            "adjustments": [plain(asdict(line)) for line in self.adjustments],
            "breaches": [plain(asdict(line)) for line in self.breaches],
        }
        return rfc8785.dumps(content)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical bytes."""
        return hashlib.sha256(self.canonical()).hexdigest()


def _said(line: Line) -> dict[str, Any]:
    said: dict[str, Any] = plain(asdict(line)) | {"deductions": line.deductions.amount}
    if line.gtin is None:
        del said["gtin"]
    return said


def plain(value: Any) -> Any:
    """A value in JSON's own words."""
    match value:
        case Money():
            return value.amount
        case {"minor": int(minor), "currency": str(currency)}:
            return Money(minor, currency).amount
        case Value():
            return {name: plain(each) for name, each in value if each is not None}
        case Mapping():
            return {str(name): plain(each) for name, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case None | bool() | int() | str():
            return value
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)
