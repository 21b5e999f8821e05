"""Caps, labels, audits and late lines: what happens at the edges of what was licensed and reported."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from souvenir.kernel.money import Money
from souvenir.licensing.periods import period_of


@dataclass(frozen=True, slots=True)
class Capped:
    """Units sold under a unit cap: those over it bear a charge of their own, which never recoups an advance."""

    licensed_units: int
    over_cap_units: int
    royalty: Money
    over_cap_charge: Money
    alert: Literal["UNIT_CAP_EXCEEDED"] | None


def unit_capped(units: int, cap: int, net_each: Money, rate: Decimal, multiplier: Decimal) -> Capped:
    """Split cumulative units at the cap: rate · net up to it, multiplier · rate · net beyond it, in another bucket."""
    over = units_over(units, cap)
    charge = (net_each * over).at_rate(rate * multiplier)
    royalty = (net_each * (units - over)).at_rate(rate)
    return Capped(units - over, over, royalty, charge, "UNIT_CAP_EXCEEDED" if over else None)


def units_over(units: int, cap: int | None) -> int:
    """How many of the cumulative units lie beyond the cap; none without a cap."""
    return 0 if cap is None else max(0, units - cap)


def unaccounted_labels(issued: int, sold: int, on_hand: int, destroyed: int, returned: int) -> int:
    """Labels nobody can show: issued = sold + on hand + destroyed + returned + unaccounted. They are deemed sold."""
    return max(0, issued - sold - on_hand - destroyed - returned)


@dataclass(frozen=True, slots=True)
class AuditResult:
    """What an audit found to be owed; the percentage is for display, the comparison is exact."""

    underpaid: Money
    percentage: Decimal
    due: Money


def audited(
    reported: Money, found: Money, threshold: Decimal, cost: Money, denominator: Literal["reported", "found"]
) -> AuditResult:
    """The shortfall, and the audit's cost too where it exceeds the threshold of the denominator the contract names."""
    underpaid = found - reported
    whole = reported if denominator == "reported" else found
    ratio = Decimal(underpaid.minor) / whole.minor
    due = underpaid + cost if ratio > threshold else underpaid
    return AuditResult(underpaid, ratio.quantize(Decimal("0.0001"), ROUND_HALF_UP), due)


@dataclass(frozen=True, slots=True)
class StatementLine:
    """On which statement a sale appears; `prior_period` is its own period where that was already stated."""

    statement: str
    prior_period: str | None
    rate: Decimal
    royalty: Money


def stated(
    net: Money,
    sold: date,
    recorded: date,
    issued: Mapping[str, date],
    rates: Mapping[str, Decimal],
    months: int = 3,
) -> StatementLine:
    """Place a sale: the business date decides period and rate, the day it was recorded decides the statement.

    A sale that arrives after its period was stated goes on the statement of the period it arrives in.
    """
    period = period_of(sold, months)
    late = period in issued and recorded >= issued[period]
    statement, prior = (period_of(recorded, months), period) if late else (period, None)
    return StatementLine(statement, prior, rates[period], net.at_rate(rates[period]))
