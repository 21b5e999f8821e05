"""What a guarantee will come to: earned so far, carried on at the same pace to the last day, against what is guaranteed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from souvenir.kernel.money import Money
from souvenir.licensing.licence import Licence
from souvenir.licensing.periods import contract_year, year_begins
from souvenir.licensing.terms import Schedule


@dataclass(frozen=True, slots=True)
class Forecast:
    """Where a licence will stand at the end of its term at the present pace; `shortfall` will never be earned back.

    `needed_daily` is what each day left would have to earn for the guarantee to be met. Where guarantee years stand alone
    all this is of one of them, `contract_year`.
    """

    as_of: date
    days_gone: int
    days_left: int
    guarantee: Money
    earned: Money
    projected: Money
    shortfall: Money
    needed_daily: Money
    contract_year: int | None = None


def year_ahead(licence: Licence, as_of: date) -> int:
    """The contract year a day falls in; before the first, that one, and after the last day the last."""
    grant = licence.grant
    return contract_year(grant.starts, min(max(as_of, grant.starts), licence.contract.recoups_until))


def forecast(licence: Licence, earned: Money, as_of: date, schedule: Schedule | None = None) -> Forecast:
    """Project what may recoup evenly over the days; before the first day nothing can be projected but the guarantee.

    `schedule` and `earned` are those of its account where it shares one, or of the contract year where that stands alone.
    The days of a sell-off count where its royalties may recoup.
    """
    contract, nothing = licence.contract, Money.zero(licence.terms.currency)
    first, last = licence.grant.starts, contract.recoups_until
    number = year_ahead(licence, as_of) if licence.terms.years_apart else None
    if number is not None:
        first, last = year_begins(first, number), contract.year_ends(number)
    gone = max(0, (min(as_of, last) - first).days + 1)
    left = (last - first).days + 1 - gone
    projected = earned + earned.at_rate(Decimal(left) / gone) if gone else earned
    guarantee = Money((schedule or licence.terms.schedule).by(last), licence.terms.currency)
    missing = max(nothing, guarantee - earned)
    return Forecast(
        as_of=as_of,
        days_gone=gone,
        days_left=left,
        guarantee=guarantee,
        earned=earned,
        projected=projected,
        shortfall=max(nothing, guarantee - projected),
        needed_daily=missing.at_rate(Decimal(1) / left) if left else missing,
        contract_year=number,
    )
