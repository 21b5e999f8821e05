"""A royalty statement as its licensor reads it: header, lines, adjustments, account; the same facts always as the same bytes.

A sheet is made of two things: the header, which the statement's own event holds, and the lines, which are read again
from the accruals in the log. The canonical JSON (RFC 8785) of both is what a statement's digest seals.
"""

import hashlib
from collections.abc import Collection, Mapping
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
from souvenir.licensing.conversion import Conversion
from souvenir.licensing.royalty.net_sales import held_back
from souvenir.licensing.royalty.recoupment import cash_to_date, unrecouped
from souvenir.licensing.royalty.withholding import borne_by_licensor, grossed_up
from souvenir.licensing.terms import RoyaltyTerms, contract_year, last_day_of


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


class YearAccount(Value):
    """One contract year of an account whose guarantee years stand alone: CumCash is max(guarantee, earned to date).

    `payable` is less than nothing where goods came back that had been paid for: a credit, whichever year they were sold in.
    What a year that is over leaves unrecouped, only late sales of that year absorb.
    """

    contract_year: int
    guarantee: Money
    earned: Money
    recouped: Money
    payable: Money
    shortfall: Money
    closing_unrecouped: Money
    earned_to_date: Money
    cash_to_date: Money

    def after(self, earned: Money, guarantee: Money) -> "YearAccount":
        """The year over the next statement, with so much more earned, and so much guaranteed by now."""
        to_date = self.earned_to_date + earned
        by_earning, cash = max(self.guarantee, to_date), max(guarantee, to_date)
        due = by_earning - self.cash_to_date
        return YearAccount(
            contract_year=self.contract_year,
            guarantee=guarantee,
            earned=earned,
            recouped=earned - due,
            payable=due,
            shortfall=cash - by_earning,
            closing_unrecouped=cash - to_date,
            earned_to_date=to_date,
            cash_to_date=cash,
        )


def year_opening(number: int, guarantee: Money) -> YearAccount:
    """A contract year in which nothing is earned yet, and so much was due at signing."""
    nothing = Money.zero(guarantee.currency)
    sums = dict.fromkeys(("earned", "recouped", "payable", "shortfall", "earned_to_date"), nothing)
    due = dict.fromkeys(("guarantee", "closing_unrecouped", "cash_to_date"), guarantee)
    return YearAccount(contract_year=number, **sums, **due)


class Account(Value):
    """The licensor's account over one statement, and where it leaves it. What was paid never comes back.

    `earned` may recoup the guarantee, `outside` may not. `payable` is `earned` less `recouped`, plus `outside`. A credit
    is what returns took off royalties outside recoupment, or off the marketing fund, after those had been paid; where
    guarantee years stand alone, off any royalties.

    `guarantee` is everything guaranteed by the period's end, `advance` the part of it that was due at signing; `shortfall`
    is what this statement makes up to it beyond what is earned. In a shared account these are of all its contracts,
    `earned` of this one. Statements from before there were such accounts do not say the last two.

    Where guarantee years stand alone, `years` are settled one by one, and the rest of the account is their sum.

    `lapsed_to_date` is what stands unrecouped of years, or of an account, that are over: nothing will recoup it but what
    comes late. `lapsed` is what this statement adds to that, or takes off. Both are left out where there is none.
    """

    guarantee: Money
    paid_ahead: Money
    opening_unrecouped: Money
    earned: Money
    recouped: Money
    closing_unrecouped: Money
    outside: Money
    payable: Money
    marketing_fund: Money
    earned_to_date: Money
    cash_to_date: Money
    royalty_credit: Money
    fund_credit: Money
    advance: Money | None = None
    shortfall: Money | None = None
    years: tuple[YearAccount, ...] | None = None
    lapsed: Money | None = None
    lapsed_to_date: Money | None = None

    @classmethod
    def opening(cls, guarantee: Money) -> "Account":
        """The account on the day of signing: what is guaranteed then is due, nothing is earned."""
        nothing = Money.zero(guarantee.currency)
        sums = dict.fromkeys(
            (
                "paid_ahead", "earned", "recouped", "outside", "payable", "marketing_fund", "earned_to_date",
                "royalty_credit", "fund_credit",
            ),
            nothing,
        )  # fmt: skip
        return cls(
            guarantee=guarantee,
            opening_unrecouped=guarantee,
            closing_unrecouped=guarantee,
            cash_to_date=guarantee,
            advance=guarantee,
            **sums,
        )

    def after(self, new: "Movement") -> "Account":
        """The account over the next statement: CumCash(t) - CumCash(t-1) is payable, the rest is recouped."""
        nothing = Money.zero(new.earned.currency)
        joined = new.advance - (self.advance if self.advance is not None else self.guarantee)
        cash_before, earned_to_date = self.cash_to_date + joined, self.earned_to_date + new.earned
        years = None if new.years is None else self._years_after(new.years, new.advance)
        if years is None:
            by_earning = cash_to_date(cash_before, nothing, earned_to_date)
            cash = cash_to_date(by_earning, new.guarantee, earned_to_date)
            due, shortfall = by_earning - cash_before, cash - by_earning
            left = unrecouped(cash, earned_to_date)
            lapsed = left if new.over else nothing
        else:
            due, shortfall, left, cash = (
                total((getattr(year, name) for year in years), nothing.currency)
                for name in ("payable", "shortfall", "closing_unrecouped", "cash_to_date")
            )
            over = (year.closing_unrecouped for year in years if year.contract_year in new.years_over)
            lapsed = total(over, nothing.currency)
        return Account(
            guarantee=new.guarantee,
            paid_ahead=new.paid_ahead,
            opening_unrecouped=self.closing_unrecouped + joined,
            earned=new.earned,
            recouped=new.earned - due,
            closing_unrecouped=left,
            outside=new.outside,
            payable=due + new.outside,
            marketing_fund=new.marketing_fund,
            earned_to_date=earned_to_date,
            cash_to_date=cash,
            royalty_credit=max(nothing, self.royalty_credit - due - shortfall - new.outside),
            fund_credit=max(nothing, self.fund_credit - new.marketing_fund),
            advance=new.advance,
            shortfall=shortfall,
            years=years,
            lapsed=lapsed - (self.lapsed_to_date or nothing) or None,
            lapsed_to_date=lapsed or None,
        )

    def _years_after(self, new: "Years", advance: Money) -> tuple[YearAccount, ...]:
        known = {year.contract_year: year for year in self.years or (year_opening(1, advance),)}
        nothing = Money.zero(advance.currency)
        return tuple(
            (known.get(number) or year_opening(number, nothing)).after(*new[number])
            for number in sorted({*known, *new})
        )


Years = Mapping[int, tuple[Money, Money]]
"""What is earned on a statement, and what is guaranteed by now, by contract year."""


@dataclass(frozen=True, slots=True)
class Movement:
    """What one statement brings to its account; `guarantee` and `advance` are what is guaranteed by now, in all.

    `years` says the same of every contract year that has begun, where each stands alone. `over` says that nothing will be
    earned that may recoup, of the account or of some years, but for what comes late.
    """

    earned: Money
    outside: Money
    marketing_fund: Money
    paid_ahead: Money
    guarantee: Money
    advance: Money
    years: Years | None = None
    over: bool = False
    years_over: Collection[int] = ()


class Due(Value):
    """What the statement asks to be paid: `amount` to the licensor, `tax` to the tax office, both by `on`.

    `royalty` is gross of tax, after credits; the marketing fund bears none.
    """

    royalty: Money
    tax_rate: Decimal
    tax_borne_by: Literal["licensor", "licensee"]
    tax: Money
    marketing_fund: Money
    amount: Money
    on: date

    @property
    def borne(self) -> Money:
        """The tax that comes on top of what is owed: the shop bears it."""
        return self.tax if self.tax_borne_by == "licensee" else Money.zero(self.tax.currency)

    @classmethod
    def of(cls, terms: RoyaltyTerms, period: str, before: Account, account: Account) -> "Due":
        """What is due of an account: its payables less the credits brought forward, never less than nothing."""
        nothing = Money.zero(terms.currency)
        owed = max(nothing, account.payable + (account.shortfall or nothing) - before.royalty_credit)
        fund = max(nothing, account.marketing_fund - before.fund_credit)
        remit = borne_by_licensor if terms.tax_borne_by == "licensor" else grossed_up
        paid = remit(owed, terms.withholding_rate)
        return cls(
            royalty=paid.gross,
            tax_rate=terms.withholding_rate,
            tax_borne_by=terms.tax_borne_by,
            tax=paid.tax,
            marketing_fund=fund,
            amount=paid.net + fund,
            on=last_day_of(period) + terms.credit,
        )


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
