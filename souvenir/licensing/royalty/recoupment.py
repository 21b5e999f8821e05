"""Advances and guarantees: what is paid in cash, what an advance absorbs, what stays to be recouped.

One identity holds it together. With every amount cumulative, and Schedule(s) the sum of all that is guaranteed and due
by s (advance, instalments, annual minimum):

    CumCash(t) = max over s ≤ t of max(Schedule(s), CumEarned(s))
    payable_t = CumCash(t) - CumCash(t-1)     recouped_t = earned_t - payable_t
    unrecouped_t = max(0, CumCash(t) - CumEarned(t))

Cash paid never comes back: a negative period restores the advance, or is carried forward as a credit. The marketing
fund, sell-off royalties where the contract says so and charges over a cap stay outside.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from souvenir.kernel.money import Money, total


@dataclass(frozen=True, slots=True)
class Settlement:
    """One period settled: `earned` is always `recouped` + `payable`."""

    earned: Money
    recouped: Money
    payable: Money
    unrecouped: Money


def cash_to_date(highest_before: Money, schedule: Money, earned: Money) -> Money:
    """One step of CumCash: the highest of what was already due, what is guaranteed by now and what is earned by now."""
    return max(highest_before, schedule, earned)


def unrecouped(cash: Money, earned: Money) -> Money:
    """What later royalties will absorb: max(0, CumCash - CumEarned)."""
    return max(Money.zero(cash.currency), cash - earned)


def settle(earned: Sequence[Money], schedule: Sequence[Money], opening: Money) -> list[Settlement]:
    """Settle periods in order. `schedule` is cumulative and due by each period's end; `opening` was due at signing."""
    cash, earned_to_date, result = opening, Money.zero(opening.currency), []
    for amount, due in zip(earned, schedule, strict=True):
        earned_to_date = earned_to_date + amount
        before, cash = cash, cash_to_date(cash, due, earned_to_date)
        payable = cash - before
        result.append(Settlement(amount, amount - payable, payable, unrecouped(cash, earned_to_date)))
    return result


def recoup(earned: Sequence[Money], advance: Money) -> list[Settlement]:
    """Settle periods against one advance paid at signing."""
    return settle(earned, [advance] * len(earned), opening=advance)


def outside_recoupment(earned: Money, open_advance: Money) -> Settlement:
    """A royalty the contract keeps away from the advance, such as sell-off: all payable, the advance untouched."""
    return Settlement(earned, Money.zero(earned.currency), earned, open_advance)


def unconditional_instalments(instalments: Sequence[Money], earned: Sequence[Money]) -> list[Money]:
    """The excess due above instalments that are paid whatever was earned before.

    excess_t = max(0, max(CumGuarantee_t, CumEarned_t) - CumPaid before it), this period's instalment counted as paid.
    """
    nothing = Money.zero(instalments[0].currency)
    guaranteed = earned_to_date = paid = nothing
    result = []
    for instalment, amount in zip(instalments, earned, strict=True):
        guaranteed, earned_to_date, paid = guaranteed + instalment, earned_to_date + amount, paid + instalment
        excess = max(nothing, max(guaranteed, earned_to_date) - paid)
        paid = paid + excess
        result.append(excess)
    return result


def separate_years(years: Iterable[tuple[Money, Money]], currency: str) -> Money:
    """The cash of guarantee years that stand alone: Σ max(guarantee_y, earned_y)."""
    return total((max(guarantee, earned) for guarantee, earned in years), currency)


def crossed_years(years: Sequence[tuple[Money, Money]], currency: str) -> Money:
    """The cash of years that are cross-collateralised: max(Σ guarantee, Σ earned)."""
    return max(total((g for g, _ in years), currency), total((e for _, e in years), currency))


def crossed_properties(properties: Sequence[tuple[Money, Money]], currency: str) -> Settlement:
    """Properties that share one account, as (advance, earned): sums over the group come before the maximum."""
    advance = total((a for a, _ in properties), currency)
    return recoup([total((e for _, e in properties), currency)], advance)[0]


def prorated_guarantee(annual: Money, starts: date, ends: date, days_of_year: int = 365) -> tuple[int, Money]:
    """A part year's guarantee by days, both ends counted: annual · days / days_of_year."""
    days = (ends - starts).days + 1
    exact = Decimal(annual.minor) * days / days_of_year
    return days, Money(int(exact.quantize(Decimal(1), ROUND_HALF_UP)), annual.currency)
