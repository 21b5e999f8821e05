"""What an amendment does to sales already accrued: R by the new terms less R by the old, period by period."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from souvenir.kernel.money import Money
from souvenir.licensing.adjustment import Adjustment
from souvenir.licensing.contract import Contract
from souvenir.licensing.position import Count, Totals, Year, earned_to_date
from souvenir.licensing.royalty.tiers import rates_between
from souvenir.licensing.terms import Agreed, period_of


@dataclass(frozen=True, slots=True)
class Restated:
    """One period of one contract year under other terms: differences, and the rates before and after."""

    period: str
    period_rate: Decimal
    base: Money
    rate_before: str
    rate: str
    royalty: Money
    marketing_fund: Money


def restated(before: Agreed, after: Agreed, year: Year) -> Iterator[Restated]:
    """Every period of a contract year that comes to another royalty, marketing fund or prospective rate."""
    rerated = year
    for count in year.counts:
        if after.at(count.period) is not before.at(count.period):
            rerated = rerated.having(replace(count, rate=rerated.rate_of(count.period, after)))
    for old, new in zip(year.counts, rerated.counts, strict=True):
        earned_then, fund_then = _share(before, year, old.period)
        earned, fund = _share(after, rerated, new.period)
        if (earned, fund, new.rate) != (earned_then, fund_then, old.rate):
            yield Restated(
                period=new.period,
                period_rate=new.rate,
                base=new.base,
                rate_before=_rates(before, year, old.period),
                rate=_rates(after, rerated, new.period),
                royalty=earned - earned_then,
                marketing_fund=fund - fund_then,
            )


def adjusted(
    licence: Contract, totals: Totals, amendment_no: str, number: int, change: Restated, on: date
) -> Adjustment:
    """The adjustment of one period; recoupable, unless the contract keeps sell-off apart and the period lies in it."""
    terms = licence.terms
    in_sell_off = change.period > period_of(licence.grant.ends, terms.period_months)
    nothing = Money.zero(terms.currency)
    outside = change.royalty if in_sell_off and not terms.recoup_in_sell_off else nothing
    recoupable = change.royalty - outside
    now = totals.in_period(change.period)
    payable = max(now.settled, now.earned + recoupable) - now.cash
    return Adjustment.make(
        licence.id,
        amendment_no,
        number,
        change.period,
        period_rate=change.period_rate,
        base=change.base,
        rate_before=change.rate_before,
        rate=change.rate,
        royalty=change.royalty,
        marketing_fund=change.marketing_fund,
        recouped=recoupable - payable,
        payable=payable + outside,
        outside=outside,
        business_date=on,
        guaranteed=totals.guaranteed_before(change.period),
    )


def _share(agreed: Agreed, year: Year, period: str) -> tuple[Money, Money]:
    """What one period adds to its year: R up to its end less R up to its beginning, by its own terms."""
    until, start = (replace(year, counts=counts) for counts in _around(year, period))
    own = Agreed(agreed.at(period))
    earned, fund = earned_to_date(own, until)
    earned_before, fund_before = earned_to_date(own, start)
    return earned - earned_before, fund - fund_before


def _around(year: Year, period: str) -> tuple[tuple[Count, ...], tuple[Count, ...]]:
    return (
        tuple(count for count in year.counts if count.period <= period),
        tuple(count for count in year.counts if count.period < period),
    )


def _rates(agreed: Agreed, year: Year, period: str) -> str:
    """The rates a period was charged at, for people to read."""
    terms = agreed.at(period)
    until, start = (replace(year, counts=counts) for counts in _around(year, period))
    if terms.method == "prospective":
        return f"{until.counts[-1].rate:f}"
    rates = rates_between(terms, (start.units, start.base), (until.units, until.base))
    return " + ".join(f"{rate:f}" for rate in rates)
