"""What was not sold and is charged all the same: free goods beyond their allowance, labels nobody can show, late payment."""

from collections.abc import Iterable
from datetime import date

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money
from souvenir.licensing.adjustment import Adjustment
from souvenir.licensing.amending import Restated, adjusted
from souvenir.licensing.contract import Contract
from souvenir.licensing.periods import contract_year, last_day_of, period_of
from souvenir.licensing.position import Count, Totals, Year, earned_to_date, rates_said
from souvenir.licensing.royalty.net_sales import at_average, deemed_sold
from souvenir.licensing.royalty.withholding import monthly_interest, months_begun, simple_interest
from souvenir.licensing.sheet import Header

FREE_GOODS = "free goods"
"""How their line is called on the statement."""


class FreeGoodsUnsound(SouvenirError):
    message = "{units} free goods cannot be recorded for {period} under contract {contract_no}: {reason}."
    contract_no: str
    period: str
    units: int
    reason: str


def free_goods(
    contract: Contract, totals: Totals, year: Year, priced: Year, period: str, units: int, on: date
) -> Adjustment:
    """What free goods of a period that is over add: those beyond the allowance, at the period's average price.

    Where nothing was sold in it, the price is that of the last year in which something was, `priced`.
    """
    facts = {"contract_no": contract.contract_no, "period": period, "units": units}
    allowance = contract.terms.free_goods_allowance
    if allowance is None:
        raise FreeGoodsUnsound(**facts, reason="the contract charges none")
    if units < 0:
        raise FreeGoodsUnsound(**facts, reason="fewer than none")
    if not contract.has_period(period) or last_day_of(period) >= on:
        raise FreeGoodsUnsound(**facts, reason=f"{period} is not a period of the contract that was over on {on}")
    sold = [count for count in year.counts.values() if count.period == period]
    sold_units = sum(count.units for count in sold)
    charged = deemed_sold(sold_units, units, allowance)
    change = _deemed(contract, year, period, charged, sold if sold_units > 0 else priced.counts.values())
    return adjusted(contract, totals, FREE_GOODS, year.number, change, on, units=units)


def missing_labels(
    contract: Contract, totals: Totals, year: Year, priced: Year, count: str, units: int, on: date
) -> Adjustment:
    """What labels nobody can show add, at the average price of the last year with sales; what is found again takes it back.

    `count` is how the count that missed them is called.
    """
    period = period_of(on, contract.terms.period_months)
    change = _deemed(contract, year, period, units, priced.counts.values())
    return adjusted(contract, totals, count, year.number, change, on, units=units)


def late_payment(
    contract: Contract, totals: Totals, stated: Header, paid_on: date, attempt: int = 1, came_back: bool = False
) -> Adjustment | None:
    """Interest on what a statement asked for, from the day it was due; it never recoups. None in time, or if none is agreed.

    Where the money came back, it is what was charged, taken off again.
    """
    terms, due = contract.terms, stated.due
    if not terms.late_interest_rate or paid_on <= due.on:
        return None
    if terms.late_interest == "monthly":
        interest = monthly_interest(due.amount, terms.late_interest_rate, months_begun(due.on, paid_on))
    else:
        interest = simple_interest(due.amount, terms.late_interest_rate, (paid_on - due.on).days)
    nothing = Money.zero(terms.currency)
    change = Restated(
        period=period_of(paid_on, terms.period_months),
        base=due.amount,
        rate=f"{terms.late_interest_rate:f} {terms.late_interest}",
        royalty=-interest if came_back else interest,
        marketing_fund=nothing,
    )
    number, name = contract_year(contract.grant.starts, paid_on), f"interest on {stated.period} to {paid_on}"
    name = f"{name}, payment {attempt}" if attempt > 1 else name
    name = f"{name}, taken back" if came_back else name
    return adjusted(contract, totals, name, number, change, paid_on, kept_apart=True)


def _deemed(contract: Contract, year: Year, period: str, units: int, sold: Iterable[Count]) -> Restated:
    """R of the year with so many more units sold at the average price, less R without them. Tiers do not count them."""
    counts = tuple(sold)
    sums = (sum(count.base for count in counts), sum(count.units for count in counts))
    base = at_average(Money(sums[0], year.currency), sums[1], units)
    after = year.with_sold(contract.agreed, (period, ""), units, base.minor)
    (earned, fund), (then, fund_then) = earned_to_date(contract.agreed, after), earned_to_date(contract.agreed, year)
    return Restated(
        period=period,
        base=base,
        rate=rates_said(contract.agreed.at(period), year, after, after.counts[period, ""].rate),
        royalty=Money(earned - then, year.currency),
        marketing_fund=Money(fund - fund_then, year.currency),
    )
