"""The trading day: what is done at a till counts for the business date of its open shift, not for the wall clock."""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

from souvenir.eventlog import Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.pos.application import business_date_at
from souvenir.pos.shift import NoOpenShift
from souvenir.sites.outlet import Outlet

AHEAD: Final = timedelta(days=1)
"""How far a business date may be ahead of the calendar: a shift for tomorrow may open before midnight."""


class NotAShop(SouvenirError):
    message = "{outlet_code} is no shop: it has a desk, but sells nothing over the counter."
    outlet_code: str


class NotTheShiftsDate(SouvenirError):
    message = "Till {till} trades for {business_date}, the date of its open shift, and not for {asked}."
    till: str
    business_date: date
    asked: date


class BusinessDateAhead(SouvenirError):
    message = "Today is {today}: no till trades for {asked} yet. Look at the year."
    today: date
    asked: date


def shop_with(tx: Transaction, outlet_id: UUID, till: str) -> Outlet:
    """The shop that has this till, open for trade. Raises OutletClosed, TillNotInstalled or NotAShop."""
    outlet = tx.look(Outlet, outlet_id)
    outlet.require_till(till)
    if outlet.kind != "shop":
        raise NotAShop(outlet_code=outlet.code)
    return outlet


def trading_day(tx: Transaction, outlet: Outlet, till: str, asked: date | None = None) -> date:
    """The day that counts at a till now. Raises NoOpenShift, unless the outlet trades without shifts.

    There, a till without a shift takes the day that is asked for, or today.
    """
    of_shift = business_date_at(tx, outlet.id, till)
    if outlet.trades_without_shift:
        if asked is not None:
            require_not_ahead(outlet, asked)
        return asked or of_shift or clock.today(outlet.time_zone)
    if of_shift is None:
        raise NoOpenShift(till=till[:40])
    if asked not in (None, of_shift):
        raise NotTheShiftsDate(till=till, business_date=of_shift, asked=asked)
    return of_shift


def require_not_ahead(outlet: Outlet, day: date) -> None:
    """Refuse a business date that is yet to come: a till that traded for it could open for no day before it."""
    today = clock.today(outlet.time_zone)
    if day > today + AHEAD:
        raise BusinessDateAhead(today=today, asked=day)
