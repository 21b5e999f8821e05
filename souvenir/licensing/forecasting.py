"""What a guarantee will come to: earned so far, carried on at the same pace to the last day, against what is guaranteed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from souvenir.kernel.money import Money
from souvenir.licensing.licence import Licence
from souvenir.licensing.terms import Schedule


@dataclass(frozen=True, slots=True)
class Forecast:
    """Where a licence will stand at the end of its term at the present pace; `shortfall` will never be earned back.

    `needed_daily` is what each day left would have to earn for the guarantee to be met.
    """

    as_of: date
    days_gone: int
    days_left: int
    guarantee: Money
    earned: Money
    projected: Money
    shortfall: Money
    needed_daily: Money


def forecast(licence: Licence, earned: Money, as_of: date, schedule: Schedule | None = None) -> Forecast:
    """Project what may recoup evenly over the days; before the first day nothing can be projected but the guarantee.

    `schedule` and `earned` are those of its account where it shares one. The days of a sell-off count where its royalties may recoup.
    """
    grant, nothing = licence.grant, Money.zero(licence.terms.currency)
    last = grant.last_day if licence.terms.recoup_in_sell_off else grant.ends
    gone = max(0, (min(as_of, last) - grant.starts).days + 1)
    left = (last - grant.starts).days + 1 - gone
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
    )
