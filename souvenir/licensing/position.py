"""How one sale or one return moves a licence's royalty position: R(after) - R(before), then CumCash(after) - CumCash(before).

Because every figure is a difference of cumulative ones, the accruals of any span of sales add up to what a statement of
the same span computes from its totals, to the cent, and goods that come back leave exactly nothing behind.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Self

from souvenir.kernel.money import Money, total
from souvenir.licensing.accrual import Counted, Figures, OverCap
from souvenir.licensing.contract import Standing
from souvenir.licensing.royalty.limits import units_over
from souvenir.licensing.royalty.net_sales import net_sales
from souvenir.licensing.royalty.recoupment import unrecouped
from souvenir.licensing.royalty.tiers import prospective_rate, rate_reached_at, rates_between, royalty_to_date
from souvenir.licensing.terms import Agreed, RoyaltyTerms, Schedule


@dataclass(frozen=True, slots=True)
class Totals:
    """Where a licence stands over its whole life, as its sales and returns have added up so far.

    `units`, `outside`, `marketing_fund` and `over_cap` are the licence's own; the rest is that of its account, which it
    may share. `earned` is what may recoup, `outside` what may not. `cash` is CumCash: all that is due, guarantees included.
    `settled` is CumCash at the end of the last royalty period before `period`, or as it was stated: it never comes back.
    What the running period made payable may still be taken back within it, until it is stated.
    """

    units: int
    earned: Money
    outside: Money
    marketing_fund: Money
    cash: Money
    settled: Money
    period: str
    over_cap: OverCap
    schedule: Schedule

    @classmethod
    def opening(cls, terms: RoyaltyTerms) -> Self:
        """The position on the day of signing: the advance is due, nothing is earned."""
        nothing, advance = Money.zero(terms.currency), terms.agreed_advance
        over = OverCap(units=0, base=nothing, charge=nothing)
        return cls(0, nothing, nothing, nothing, advance, advance, "", over, terms.schedule)

    @property
    def unrecouped(self) -> Money:
        """What later royalties will absorb: the open advance, or a credit carried forward."""
        return unrecouped(self.cash, self.earned)

    def in_period(self, period: str) -> Self:
        """The same position with every earlier period closed, and what it guaranteed due; a late sale closes nothing."""
        if period <= self.period:
            return self
        cash = max(self.cash, self.guaranteed_before(period) or self.cash)
        return replace(self, cash=cash, settled=cash, period=period)

    def guaranteed_before(self, period: str) -> Money | None:
        """What was guaranteed by the time a period begins; None where that is the advances alone."""
        return Money(self.schedule.before(period), self.cash.currency) if self.schedule.grows else None

    def sharing(self, other: "Totals") -> Self:
        """The same licence with the account as another licence left it."""
        return replace(self, earned=other.earned, cash=other.cash, settled=other.settled, period=other.period)


@dataclass(frozen=True, slots=True)
class Count:
    """What was sold in one royalty period and kept by its buyers, within the cap; and its prospective rate.

    `gross` is the list price of what was sold, `discounts` what was given on it, `returned` the list price of what came
    back: in minor units, and only looked at where the contract caps discounts.
    """

    period: str
    units: int
    base: Money
    rate: Decimal
    gross: int = 0
    discounts: int = 0
    returned: int = 0


@dataclass(frozen=True, slots=True)
class Year:
    """One contract year's counts by period of sale: tiers begin anew in each year."""

    number: int
    currency: str
    counts: tuple[Count, ...] = ()

    @property
    def units(self) -> int:
        return sum(count.units for count in self.counts)

    @property
    def base(self) -> Money:
        return Money(sum(count.base.minor for count in self.counts), self.currency)

    def before(self, period: str) -> "Year":
        """The year as it stood before a period."""
        return replace(self, counts=tuple(count for count in self.counts if count.period < period))

    def count(self, period: str, agreed: Agreed) -> Count:
        """What the period has counted so far. A new period takes its prospective rate from those before it."""
        for count in self.counts:
            if count.period == period:
                return count
        return Count(period, 0, Money.zero(self.currency), self.rate_of(period, agreed))

    def rate_of(self, period: str, agreed: Agreed) -> Decimal:
        """The prospective rate of a period: that which the periods before it had reached."""
        earlier = self.before(period)
        return prospective_rate(agreed.at(period), earlier.units, earlier.base)

    def having(self, count: Count) -> "Year":
        """The year with one period counted so."""
        others = tuple(other for other in self.counts if other.period != count.period)
        return replace(self, counts=tuple(sorted((*others, count), key=lambda each: each.period)))

    def with_sold(self, agreed: Agreed, period: str, units: int, base: Money) -> "Year":
        """The year after so much more was sold in a period, or, where negative, came back of it."""
        count = self.count(period, agreed)
        capped = (count.gross, count.discounts, count.returned)
        sold = Count(period, count.units + units, count.base + base, count.rate, *capped)
        if self.counts and self.counts[-1].period == period:
            return Year(self.number, self.currency, (*self.counts[:-1], sold))
        return self.having(sold)


@dataclass(frozen=True, slots=True)
class Priced:
    """Goods at their list price without VAT, and the discount given on them; `sign` is -1 where they come back."""

    gross: int
    discount: int
    sign: int = 1

    def counted(self, count: Count) -> Count:
        """The period's count with these goods in it."""
        returned = 0 if self.sign > 0 else self.gross
        return replace(
            count,
            gross=count.gross + self.gross - returned,
            discounts=count.discounts + self.sign * self.discount,
            returned=count.returned + returned,
        )


def base_under_cap(agreed: Agreed, year: Year, sold_in: str, goods: Priced) -> tuple[Money, Year]:
    """What goods add to the base where discounts are capped, and the year with them in it.

    base = share · (gross - min(discounts, cap · gross) - returned): cumulative over the year or the period, differenced.
    """
    after = year.having(goods.counted(year.count(sold_in, agreed)))
    return _net_sales(agreed.original, after, sold_in) - _net_sales(agreed.original, year, sold_in), after


def _net_sales(terms: RoyaltyTerms, year: Year, period: str) -> Money:
    yearly = terms.discount_cap_tested == "year"
    counts = [count for count in year.counts if yearly or count.period == period]
    gross, discounts, returned = (
        Money(sum(getattr(count, side) for count in counts), terms.currency)
        for side in ("gross", "discounts", "returned")
    )
    assert terms.discount_cap is not None, "asked only where the contract caps discounts"
    return net_sales(gross, discounts, terms.discount_cap, returned).at_rate(terms.price_share)


@dataclass(frozen=True, slots=True)
class Change:
    """Goods that go to a buyer, or come back (then units and base are negative).

    `sold_in` is the period of the sale, whose tier or rate a return unwinds; `period` that of the change itself.
    """

    units: int
    base: Money
    standing: Standing
    sold_in: str
    period: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What a change did: its figures (a return's are negative), how they were counted, and where it left everything.

    `earned` is `earned_to_date` of the year as it is now.
    """

    figures: Figures
    counted: Counted
    totals: Totals
    year: Year
    earned: tuple[Money, Money]


def move(
    agreed: Agreed, totals: Totals, year: Year, change: Change, before: tuple[Money, Money] | None = None
) -> Moved:
    """What a change does to the royalty. `before` is `earned_to_date` of the year, where it is known already."""
    terms = agreed.at(change.sold_in)
    over = _over_cap(terms, totals, year, change)
    nothing = Money.zero(terms.currency)
    over_units, over_base, charge = (over.units, over.base, over.charge) if over else (0, nothing, nothing)
    after = year.with_sold(agreed, change.sold_in, change.units - over_units, change.base - over_base)
    earned_before, fund_before = before or earned_to_date(agreed, year)
    earned_after, fund_after = earned_to_date(agreed, after)
    earned, fund = earned_after - earned_before, fund_after - fund_before
    kept_apart = change.standing == "sell_off" and not terms.recoup_in_sell_off
    outside = charge + earned if kept_apart else charge
    recoupable = earned + charge - outside

    now = totals.in_period(change.period)
    payable = max(now.settled, now.earned + recoupable) - now.cash
    figures = Figures(
        units=change.units,
        base=change.base,
        royalty=recoupable + outside,
        marketing_fund=fund,
        recouped=recoupable - payable,
        payable=payable + outside,
        outside=outside,
        rate=_rates(terms, year, after, change.sold_in),
        over_cap=over,
    )
    counted = Counted(
        period=change.sold_in,
        period_rate=after.count(change.sold_in, agreed).rate,
        contract_year=year.number,
        units_before=year.units,
        base_before=year.base,
        guaranteed=totals.guaranteed_before(change.period),
    )
    left = replace(
        now,
        units=now.units + change.units,
        earned=now.earned + recoupable,
        outside=now.outside + outside,
        marketing_fund=now.marketing_fund + fund,
        cash=now.cash + payable,
        over_cap=_added(now.over_cap, over) if over else now.over_cap,
    )
    return Moved(figures, counted, left, after, (earned_after, fund_after))


def mirrored(figures: Figures) -> Figures:
    """The figures of a return as what is taken back."""
    over = figures.over_cap
    return Figures(
        units=-figures.units,
        base=-figures.base,
        royalty=-figures.royalty,
        marketing_fund=-figures.marketing_fund,
        recouped=-figures.recouped,
        payable=-figures.payable,
        outside=-figures.outside,
        rate=figures.rate,
        over_cap=OverCap(units=-over.units, base=-over.base, charge=-over.charge) if over else None,
    )


def earned_to_date(agreed: Agreed, year: Year) -> tuple[Money, Money]:
    """R of a contract year, and its marketing fund, by the terms of each period.

    Where the terms change within the year, each stretch of periods with the same terms adds R(its end) - R(its start).
    """
    if not agreed.amendments and agreed.original.method != "prospective":
        base, terms = year.base, agreed.original
        return royalty_to_date(terms, year.units, base), base.at_rate(terms.marketing_fund_rate)
    earned = fund = base = Money.zero(year.currency)
    units = 0
    for terms, counts in _stretches(agreed, year):
        before = (units, base)
        units, base = units + sum(c.units for c in counts), base + total((c.base for c in counts), year.currency)
        if terms.method == "prospective":
            earned = earned + total((count.base.at_rate(count.rate) for count in counts), year.currency)
        else:
            earned = earned + royalty_to_date(terms, units, base) - royalty_to_date(terms, *before)
        fund = fund + base.at_rate(terms.marketing_fund_rate) - before[1].at_rate(terms.marketing_fund_rate)
    return earned, fund


def _stretches(agreed: Agreed, year: Year) -> Iterator[tuple[RoyaltyTerms, Sequence[Count]]]:
    """The periods of a year that follow each other under the same terms."""
    if not agreed.amendments:
        yield agreed.original, year.counts
        return
    for _, counts in groupby(year.counts, key=lambda count: id(agreed.at(count.period))):
        stretch = tuple(counts)
        yield agreed.at(stretch[0].period), stretch


def _over_cap(terms: RoyaltyTerms, totals: Totals, year: Year, change: Change) -> OverCap | None:
    """The part of a change that lies beyond the unit cap: the last units sold, and the first to be taken off again."""
    known = totals.over_cap
    units = units_over(totals.units + change.units, terms.unit_cap) - known.units
    if units > 0:
        base = change.base.split([units, change.units - units])[0]
        rate = rate_reached_at(terms, year.units, year.base)
        return OverCap(units=units, base=base, charge=base.at_rate(rate * terms.over_cap_multiplier))
    if units < 0:
        weights = [-units, known.units + units]
        return OverCap(units=units, base=-known.base.split(weights)[0], charge=-known.charge.split(weights)[0])
    return None


def _added(left: OverCap, right: OverCap) -> OverCap:
    return OverCap(units=left.units + right.units, base=left.base + right.base, charge=left.charge + right.charge)


def _rates(terms: RoyaltyTerms, year: Year, after: Year, sold_in: str) -> str:
    """The rates that charged a change, for people to read; `after` has counted its period."""
    if len(terms.tiers) == 1:
        return f"{terms.tiers[0].rate:f}"
    if terms.method == "prospective":
        return next(f"{count.rate:f}" for count in after.counts if count.period == sold_in)
    rates = rates_between(terms, (year.units, year.base), (after.units, after.base))
    return " + ".join(f"{rate:f}" for rate in rates)
