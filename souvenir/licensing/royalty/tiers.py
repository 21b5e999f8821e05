"""Royalty tiers: R(c), the royalty on a contract year's cumulative sales, and the part of it in each tier."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from souvenir.kernel.money import Money, exponent_of, total
from souvenir.licensing.terms import Measure, RoyaltyTerms, Tier


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a rate was charged on: one line of a statement."""

    rate: Decimal
    base: Money
    royalty: Money


def royalty_to_date(terms: RoyaltyTerms, units: int, base: Money) -> Money:
    """R(c) under marginal or whole tiers. A period, a sale or a return is R(after) - R(before)."""
    if len(terms.tiers) == 1:
        return base.at_rate(terms.tiers[0].rate)
    return total((bucket.royalty for bucket in buckets(terms, units, base)), base.currency)


def buckets(terms: RoyaltyTerms, units: int, base: Money) -> list[Bucket]:
    """The cumulative base by rate: every tier that is touched (marginal), or all at the rate reached (whole)."""
    assert terms.method != "prospective", "prospective tiers charge periods: see prospective()"
    if terms.method == "whole":
        shares = [(rate_reached_at(terms, units, base), base)]
    elif terms.measure == "units":
        shares = _shares_by_units(terms.tiers, units, base)
    else:
        shares = _shares_by_net(terms.tiers, base)
    return [Bucket(rate, share, share.at_rate(rate)) for rate, share in shares if share]


def rate_reached(tiers: Sequence[Tier], measured: Decimal) -> Decimal:
    """rate(c): that of the tier c falls in. A limit belongs to the tier it closes: "up to and including"."""
    return next(tier.rate for tier in tiers if tier.up_to is None or measured <= tier.up_to)


def rate_reached_at(terms: RoyaltyTerms, units: int, base: Money) -> Decimal:
    """rate(c), with c in whatever the terms measure."""
    return rate_reached(terms.tiers, _measured(terms.measure, units, base))


def rates_between(terms: RoyaltyTerms, one: tuple[int, Money], other: tuple[int, Money]) -> list[Decimal]:
    """The rates that charge the span between two cumulative positions, as (units, base), in the order of the tiers."""
    if len(terms.tiers) == 1:
        return [terms.tiers[0].rate]
    low, high = sorted(_measured(terms.measure, *position) for position in (one, other))
    if terms.method == "whole" or low == high:
        return [rate_reached_at(terms, *other)]
    rates, floor = [], Decimal(0)
    for tier in terms.tiers:
        if high > floor and (tier.up_to is None or low < tier.up_to):
            rates.append(tier.rate)
        floor = tier.up_to if tier.up_to is not None else floor
    return rates or [terms.tiers[0].rate]


def true_up(terms: RoyaltyTerms, units_before: int, before: Money, units: int, base: Money) -> Money:
    """Under whole tiers, what earlier sales owe because a later one reached a new rate: rate(c_t) · c_(t-1) - R(c_(t-1)).

    `before` is cumulative at the last period's end, `base` at this one's.
    """
    reached = rate_reached_at(terms, units, base)
    return before.at_rate(reached) - royalty_to_date(terms, units_before, before)


def prospective(terms: RoyaltyTerms, units_before: int, before: Money, base: Money) -> Money:
    """royalty_t = rate(c_(t-1)) · base_t: a tier that was reached changes the rate from the next period on."""
    return base.at_rate(prospective_rate(terms, units_before, before))


def prospective_rate(terms: RoyaltyTerms, units_before: int, before: Money) -> Decimal:
    """rate(c_(t-1)), fixed for the whole of period t by what was sold before it."""
    return rate_reached_at(terms, units_before, before)


def _measured(measure: Measure, units: int, base: Money) -> Decimal:
    return Decimal(units) if measure == "units" else Decimal(base.minor).scaleb(-exponent_of(base.currency))


def _shares_by_net(tiers: Sequence[Tier], base: Money) -> list[tuple[Decimal, Money]]:
    """|[low_i, high_i] ∩ [0, c]| with c and the limits in money."""
    exponent = exponent_of(base.currency)
    limits = [None if tier.up_to is None else int(tier.up_to.scaleb(exponent)) for tier in tiers]
    widths = _widths(limits, base.minor)
    return [(tier.rate, Money(width, base.currency)) for tier, width in zip(tiers, widths, strict=True)]


def _shares_by_units(tiers: Sequence[Tier], units: int, base: Money) -> list[tuple[Decimal, Money]]:
    """|[low_i, high_i] ∩ [0, c]| with c in units; each tier's base is its units at the year's average net price.

    The average makes R a function of the totals alone, whatever the order of sales and returns.
    """
    if units <= 0:
        return [(tiers[0].rate, base)]
    limits = [None if tier.up_to is None else int(tier.up_to) for tier in tiers]
    shares = base.split(_widths(limits, units))
    return [(tier.rate, share) for tier, share in zip(tiers, shares, strict=True)]


def _widths(limits: Sequence[int | None], measured: int) -> list[int]:
    """How much of 0..measured lies in each tier; less than nothing lies in the first."""
    widths, low = [], 0
    for limit in limits:
        reach = measured if limit is None else min(measured, limit)
        widths.append(max(reach - low, 0) if low else reach)
        low = limit if limit is not None else low
    return widths
