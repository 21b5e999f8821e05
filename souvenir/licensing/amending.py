"""What an amendment does to sales already accrued: R by the new terms less R by the old, period by period."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from souvenir.kernel.money import Money
from souvenir.licensing.adjustment import Adjustment
from souvenir.licensing.contract import Contract
from souvenir.licensing.periods import period_of
from souvenir.licensing.position import Totals, Year, earned_to_date, rates_said
from souvenir.licensing.terms import Agreed


class Restated(NamedTuple):
    """One period of one contract year under other terms: differences, and the rates before and after."""

    period: str
    base: Money
    rate: str
    royalty: Money
    marketing_fund: Money
    rate_before: str = "0"
    period_rate: Decimal = Decimal(0)


def restated(before: Agreed, after: Agreed, year: Year) -> Iterator[Restated]:
    """Every period of a contract year that comes to another royalty, marketing fund or prospective rate."""
    rerated = year
    for count in year.counts.values():
        if after.at(count.period) is not before.at(count.period):
            rerated = rerated.having(count._replace(rate=rerated.rate_of(count.period, after)))
    for period in dict.fromkeys(count.period for count in year.counts.values()):
        then, now = _Share.of(before, year, period), _Share.of(after, rerated, period)
        if (now.earned, now.fund, now.period_rate) != (then.earned, then.fund, then.period_rate):
            yield Restated(
                period=period,
                period_rate=now.period_rate,
                base=Money(now.base, year.currency),
                rate_before=then.rates,
                rate=now.rates,
                royalty=Money(now.earned - then.earned, year.currency),
                marketing_fund=Money(now.fund - then.fund, year.currency),
            )


def adjusted(
    licence: Contract,
    totals: Totals,
    amendment_no: str,
    number: int,
    change: Restated,
    on: date,
    units: int | None = None,
    kept_apart: bool = False,
) -> Adjustment:
    """The adjustment of one period; recoupable, unless it is kept apart, as sell-off is where the contract says so."""
    terms = licence.terms
    in_sell_off = change.period > period_of(licence.grant.ends, terms.period_months)
    kept_apart = kept_apart or (in_sell_off and not terms.recoup_in_sell_off)
    outside = change.royalty if kept_apart else Money.zero(terms.currency)
    recoupable = change.royalty - outside
    payable = Money(totals.in_period(change.period).payable(recoupable.minor), terms.currency)
    guaranteed = totals.guaranteed_before(change.period)
    return Adjustment.make(
        licence.id,
        amendment_no,
        number,
        **change._asdict(),
        recouped=recoupable - payable,
        payable=payable + outside,
        outside=outside,
        business_date=on,
        guaranteed=None if guaranteed is None else Money(guaranteed, terms.currency),
        units=units,
    )


@dataclass(frozen=True, slots=True)
class _Share:
    """What one period adds to its year: R up to its end less R up to its beginning, by its own terms; and at which rates."""

    base: int
    earned: int
    fund: int
    period_rate: Decimal
    rates: str

    @classmethod
    def of(cls, agreed: Agreed, year: Year, period: str) -> "_Share":
        terms, start, end = agreed.at(period), year.before(period), year.until(period)
        own = Agreed(terms)
        (earned_before, fund_before), (earned, fund) = earned_to_date(own, start), earned_to_date(own, end)
        period_rate = next(count.rate for count in end.counts.values() if count.period == period)
        return cls(
            base=end.base - start.base,
            earned=earned - earned_before,
            fund=fund - fund_before,
            period_rate=period_rate,
            rates=rates_said(terms, start, end, period_rate),
        )
