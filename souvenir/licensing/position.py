"""How one sale or one return moves a licence's royalty position: R(after) - R(before), then CumCash(after) - CumCash(before).

Because every figure is a difference of cumulative ones, the accruals of any span of sales add up to what a statement of
the same span computes from its totals, to the cent, and goods that come back leave exactly nothing behind.

Amounts are in minor units of the licence's currency: a sale adds and compares some forty of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from types import MappingProxyType
from typing import Final, NamedTuple, Self

from souvenir.kernel.money import Money
from souvenir.licensing.accrual import Counted, Figures, OverCap
from souvenir.licensing.contract import Standing
from souvenir.licensing.royalty.limits import units_over
from souvenir.licensing.royalty.net_sales import greater_of, net_sales
from souvenir.licensing.royalty.tiers import prospective_rate, rate_reached_at, rates_between, royalty_to_date
from souvenir.licensing.terms import Agreed, RoyaltyTerms, Schedule


class Over(NamedTuple):
    """Units beyond the unit cap, what they would have been the base of, and what they are charged."""

    units: int
    base: int
    charge: int


NOTHING_OVER: Final = Over(0, 0, 0)


class Totals(NamedTuple):
    """Where a licence stands over its whole life, as its sales and returns have added up so far.

    `units` and `over` are the licence's own; the rest is that of its account, which it may share. `earned` is what may
    recoup. `cash` is CumCash: all that is due, guarantees included. `settled` is CumCash at the end of the last royalty
    period before `period`, or as it was stated: it never comes back. What the running period made payable may still be
    taken back within it, until it is stated.

    Where years stand `apart` the account is that of one contract year, and `settled` is what is guaranteed for it by now:
    its cash is max(guaranteed, earned) at any time, so that what comes back after the year is credited, and not lost in it.
    """

    units: int
    earned: int
    cash: int
    settled: int
    period: str
    over: Over
    schedule: Schedule
    apart: bool = False

    @classmethod
    def opening(cls, terms: RoyaltyTerms) -> Self:
        """The position on the day of signing: the advance is due, nothing is earned."""
        advance = terms.agreed_advance.minor
        return cls(0, 0, advance, advance, "", NOTHING_OVER, terms.schedule)

    @classmethod
    def of_year(cls, schedule: Schedule) -> Self:
        """The position a contract year that stands apart begins in, by what is guaranteed for it."""
        return cls(0, 0, schedule.by(None), schedule.by(None), "", NOTHING_OVER, schedule, apart=True)

    @property
    def unrecouped(self) -> int:
        """What later royalties will absorb: the open advance, or a credit carried forward."""
        return max(0, self.cash - self.earned)

    def in_period(self, period: str) -> Self:
        """The same position with every earlier period closed, and what it guaranteed due; a late sale closes nothing."""
        if self.apart:
            settled = max(self.settled, self.schedule.before(period))
            return self._replace(cash=max(self.cash, settled), settled=settled)
        if period <= self.period:
            return self
        cash = max(self.cash, self.guaranteed_before(period) or 0)
        return self._replace(cash=cash, settled=cash, period=period)

    def guaranteed_before(self, period: str) -> int | None:
        """What was guaranteed by the time a period begins; None where that is the advances alone."""
        return self.schedule.before(period) if self.schedule.grows or self.apart else None

    def payable(self, recoupable: int) -> int:
        """What becomes payable, in a position that is in the period of a change, once so much more is earned."""
        return max(self.settled, self.earned + recoupable) - self.cash

    def sharing(self, other: "Totals") -> "Totals":
        """The same licence with the account as another licence left it."""
        return other._replace(units=self.units, over=self.over)


class Count(NamedTuple):
    """What was sold in one royalty period and kept by its buyers, within the cap; and its prospective rate.

    `article` is the SKU where the contract charges each by itself, else empty. `gross` is the list price of what was
    sold, `discounts` what was given on it, `returned` the list price of what came back: only looked at where the contract
    caps discounts.
    """

    period: str
    article: str
    units: int
    base: int
    rate: Decimal
    gross: int = 0
    discounts: int = 0
    returned: int = 0


Key = tuple[str, str]
"""Period of sale, and article."""

NO_COUNTS: Final[Mapping[Key, Count]] = MappingProxyType({})


class Year(NamedTuple):
    """One contract year's counts, in order of period and article, and their sums: tiers begin anew in each year."""

    number: int
    currency: str
    counts: Mapping[Key, Count] = NO_COUNTS
    units: int = 0
    base: int = 0

    def of(self, counts: Iterable[Count]) -> "Year":
        """The same year, counting just these."""
        kept = {(count.period, count.article): count for count in sorted(counts)}
        units, base = (sum(getattr(count, side) for count in kept.values()) for side in ("units", "base"))
        return Year(self.number, self.currency, kept, units, base)

    def before(self, period: str) -> "Year":
        """The year as it stood before a period."""
        return self.of(count for count in self.counts.values() if count.period < period)

    def until(self, period: str) -> "Year":
        """The year as it stood at the end of a period."""
        return self.of(count for count in self.counts.values() if count.period <= period)

    def having(self, count: Count) -> "Year":
        """The year with one period's article counted so."""
        key = (count.period, count.article)
        old = self.counts.get(key)
        if old is None:
            return self.of((*self.counts.values(), count))
        counts = {**self.counts, key: count}
        return Year(
            self.number, self.currency, counts, self.units + count.units - old.units, self.base + count.base - old.base
        )

    def counted(self, agreed: Agreed, period: str, article: str = "") -> Count:
        """What was counted so far. A new period takes its prospective rate from those before it."""
        known = self.counts.get((period, article))
        return known or Count(period, article, 0, 0, self.rate_of(period, agreed))

    def rate_of(self, period: str, agreed: Agreed) -> Decimal:
        """The prospective rate of a period: that which the periods before it had reached."""
        earlier = self.before(period)
        return prospective_rate(agreed.at(period), earlier.units, Money(earlier.base, self.currency))

    def rate_reached(self, terms: RoyaltyTerms) -> Decimal:
        """The rate the next sale begins at."""
        return rate_reached_at(terms, self.units, Money(self.base, self.currency))

    def with_sold(self, agreed: Agreed, key: Key, units: int, base: int) -> "Year":
        """The year after so much more was sold in a period, or, where negative, came back of it."""
        count = self.counted(agreed, *key)
        return self.having(count._replace(units=count.units + units, base=count.base + base))


class Priced(NamedTuple):
    """Goods at their list price without VAT, and the discount given on them; `sign` is -1 where they come back."""

    gross: int
    discount: int
    sign: int = 1

    def counted(self, count: Count) -> Count:
        """The period's count with these goods in it."""
        returned = 0 if self.sign > 0 else self.gross
        return count._replace(
            gross=count.gross + self.gross - returned,
            discounts=count.discounts + self.sign * self.discount,
            returned=count.returned + returned,
        )


def base_under_cap(agreed: Agreed, year: Year, key: Key, goods: Priced) -> tuple[Money, Year]:
    """What goods add to the base where discounts are capped, and the year with them in it.

    base = share · (gross - min(discounts, cap · gross) - returned): cumulative over the year or the period, differenced.
    """
    after = year.having(goods.counted(year.counted(agreed, *key)))
    return _net_sales(agreed.original, after, key[0]) - _net_sales(agreed.original, year, key[0]), after


def _net_sales(terms: RoyaltyTerms, year: Year, period: str) -> Money:
    yearly = terms.discount_cap_tested == "year"
    counts = [count for count in year.counts.values() if yearly or count.period == period]
    gross, discounts, returned = (
        Money(sum(getattr(count, side) for count in counts), terms.currency)
        for side in ("gross", "discounts", "returned")
    )
    assert terms.discount_cap is not None, "asked only where the contract caps discounts"
    return net_sales(gross, discounts, terms.discount_cap, returned).at_rate(terms.price_share)


class Change(NamedTuple):
    """Goods that go to a buyer, or come back (then units and base are negative).

    `sold_in` is the period of the sale, whose tier or rate a return unwinds; `period` that of the change itself.
    """

    units: int
    base: int
    standing: Standing
    sold_in: str
    period: str
    sku: str = ""


class Moved(NamedTuple):
    """What a change did: its figures (a return's are negative), how they were counted, and where it left everything.

    `earned` is `earned_to_date` of the year as it is now.
    """

    figures: Figures
    counted: Counted
    totals: Totals
    year: Year
    earned: tuple[int, int]


def move(agreed: Agreed, totals: Totals, year: Year, change: Change, before: tuple[int, int] | None = None) -> Moved:
    """What a change does to the royalty. `before` is `earned_to_date` of the year, where it is known already."""
    terms, currency = agreed.at(change.sold_in), year.currency
    key = (change.sold_in, terms.article_of(change.sku))
    over = NOTHING_OVER if terms.unit_cap is None else _over_cap(terms, terms.unit_cap, totals, year, change)
    after = year.with_sold(agreed, key, change.units - over.units, change.base - over.base)
    before = before or earned_to_date(agreed, year)
    reached = _reached(agreed, after, key, year, before)
    earned, fund = reached[0] - before[0], reached[1] - before[1]
    kept_apart = change.standing == "sell_off" and not terms.recoup_in_sell_off
    outside = over.charge + earned if kept_apart else over.charge
    recoupable = earned + over.charge - outside

    now = totals.in_period(change.period)
    payable = now.payable(recoupable)
    guaranteed = totals.guaranteed_before(change.period)
    figures = Figures(
        units=change.units,
        base=Money(change.base, currency),
        royalty=Money(recoupable + outside, currency),
        marketing_fund=Money(fund, currency),
        recouped=Money(recoupable - payable, currency),
        payable=Money(payable + outside, currency),
        outside=Money(outside, currency),
        rate=rates_said(terms, year, after, after.counts[key].rate),
        over_cap=_said(over, currency) if any(over) else None,
    )
    counted = Counted(
        period=change.sold_in,
        period_rate=after.counts[key].rate,
        contract_year=year.number,
        units_before=year.units,
        base_before=Money(year.base, currency),
        guaranteed=None if guaranteed is None else Money(guaranteed, currency),
        article=key[1],
    )
    left = Totals(
        now.units + change.units,
        now.earned + recoupable,
        now.cash + payable,
        now.settled,
        now.period,
        Over(*map(sum, zip(now.over, over, strict=True))) if any(over) else now.over,
        now.schedule,
        now.apart,
    )
    return Moved(figures, counted, left, after, reached)


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


def earned_to_date(agreed: Agreed, year: Year) -> tuple[int, int]:
    """R of a contract year, and its marketing fund, by the terms of each period.

    Where the terms change within the year, each stretch of periods with the same terms adds R(its end) - R(its start).
    """
    currency, terms = year.currency, agreed.original
    if not agreed.amendments and terms.method != "prospective" and terms.unit_floor is None:
        return _charged(terms, year.units, Money(year.base, currency))
    earned = fund = units = 0
    base = Money(0, currency)
    for terms, counts in _stretches(agreed, year):
        start = _charged(terms, units, base)
        units, base = units + sum(c.units for c in counts), base + Money(sum(c.base for c in counts), currency)
        end = _charged(terms, units, base)
        if terms.unit_floor is not None or terms.method == "prospective":
            earned += sum(_charged_alone(terms, count, currency) for count in counts)
        else:
            earned += end[0] - start[0]
        fund += end[1] - start[1]
    return earned, fund


def _reached(agreed: Agreed, year: Year, key: Key, earlier: Year, before: tuple[int, int]) -> tuple[int, int]:
    """R of a year that differs from an earlier one in one count: where articles are charged alone, only that one is."""
    terms = agreed.original
    if terms.unit_floor is None or agreed.amendments:
        return earned_to_date(agreed, year)
    was, now = (_charged_alone(terms, each.counted(agreed, *key), year.currency) for each in (earlier, year))
    return before[0] - was + now, _charged(terms, year.units, Money(year.base, year.currency))[1]


def _charged(terms: RoyaltyTerms, units: int, base: Money) -> tuple[int, int]:
    """R of a cumulative base, and its marketing fund."""
    fund = base.at_rate(terms.marketing_fund_rate).minor if terms.marketing_fund_rate else 0
    return 0 if terms.method == "prospective" else royalty_to_date(terms, units, base).minor, fund


def _charged_alone(terms: RoyaltyTerms, count: Count, currency: str) -> int:
    """What one period, or one article in it, is charged whatever else was sold."""
    base = Money(count.base, currency)
    if terms.unit_floor is None:
        return base.at_rate(count.rate).minor
    return greater_of(base, terms.tiers[0].rate, terms.unit_floor, count.units)[0].minor


def _stretches(agreed: Agreed, year: Year) -> Iterator[tuple[RoyaltyTerms, Sequence[Count]]]:
    """The periods of a year that follow each other under the same terms."""
    for _, counts in groupby(year.counts.values(), key=lambda count: id(agreed.at(count.period))):
        stretch = tuple(counts)
        yield agreed.at(stretch[0].period), stretch


def _over_cap(terms: RoyaltyTerms, cap: int, totals: Totals, year: Year, change: Change) -> Over:
    """The part of a change that lies beyond the unit cap: the last units sold, and the first to be taken off again."""
    known, currency = totals.over, year.currency
    units = units_over(totals.units + change.units, cap) - known.units
    if units > 0:
        base = Money(change.base, currency).split([units, change.units - units])[0]
        charge = base.at_rate(year.rate_reached(terms) * terms.over_cap_multiplier)
        if terms.unit_floor is not None:
            charge = max(charge, (terms.unit_floor * units).at_rate(terms.over_cap_multiplier))
        return Over(units, base.minor, charge.minor)
    if units < 0:
        weights = [-units, known.units + units]
        base, charge = (-Money(minor, currency).split(weights)[0] for minor in (known.base, known.charge))
        return Over(units, base.minor, charge.minor)
    return NOTHING_OVER


def _said(over: Over, currency: str) -> OverCap:
    return OverCap(units=over.units, base=Money(over.base, currency), charge=Money(over.charge, currency))


def rates_said(terms: RoyaltyTerms, start: Year, end: Year, period_rate: Decimal) -> str:
    """The rates that charged what was sold in between, for people to read."""
    if len(terms.tiers) == 1:
        rate = f"{terms.tiers[0].rate:f}"
        return rate if terms.unit_floor is None else f"{rate} or {terms.unit_floor} each"
    if terms.method == "prospective":
        return f"{period_rate:f}"
    positions = ((each.units, Money(each.base, each.currency)) for each in (start, end))
    return " + ".join(f"{rate:f}" for rate in rates_between(terms, *positions))
