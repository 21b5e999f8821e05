"""Royalty periods, by the calendar, and contract years, by the day a contract began."""

import re
from calendar import isleap, monthrange
from datetime import date, timedelta
from typing import Final

from souvenir.kernel.errors import MalformedInput

PERIOD_MONTHS = (1, 3, 6, 12)

_PERIOD: Final = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])|-Q([1-4])|-H([12]))?")


def period_of(on: date, months: int) -> str:
    """The royalty period a business date falls in, by calendar: "2026-07", "2026-Q3", "2026-H2" or "2026"."""
    assert months in PERIOD_MONTHS, f"royalty periods have {PERIOD_MONTHS} months"
    match months:
        case 1:
            return f"{on:%Y-%m}"
        case 3:
            return f"{on.year}-Q{(on.month + 2) // 3}"
        case 6:
            return f"{on.year}-H{(on.month + 5) // 6}"
        case _:
            return f"{on.year}"


def last_day_of(period: str) -> date:
    """The last business date of a royalty period: of "2026-Q3", 30 September 2026."""
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise MalformedInput(expected="royalty period, such as 2026-07, 2026-Q3, 2026-H2 or 2026", value=period[:20])
    year, month, quarter, half = (int(part) if part else None for part in found.groups())
    last = month or (quarter and quarter * 3) or (half and half * 6) or 12
    assert year is not None, "every period has a year"
    return date(year, last, monthrange(year, last)[1])


def first_day_of(period: str) -> date:
    """The first business date of a royalty period."""
    last = last_day_of(period)
    months = next(n for n in PERIOD_MONTHS if period_of(last, n) == period)
    return date(last.year, last.month - months + 1, 1)


def next_period(period: str, months: int) -> str:
    """The royalty period after one."""
    return period_of(last_day_of(period) + timedelta(days=1), months)


def previous_period(period: str, months: int) -> str:
    """The royalty period before one."""
    return period_of(first_day_of(period) - timedelta(days=1), months)


def contract_year(starts: date, on: date) -> int:
    """Which year of the contract a date falls in, counted from 1 at the start; tiers begin anew in each.

    A sell-off after a term of whole years is a year of its own.
    """
    years = on.year - starts.year
    return years + 1 if (on.month, on.day) >= (starts.month, starts.day) else years


def year_begins(starts: date, number: int) -> date:
    """The first day of a contract year; where the contract began on 29 February and the year has none, 1 March."""
    year = starts.year + number - 1
    leap_day = (starts.month, starts.day) == (2, 29) and not isleap(year)
    return date(year, 3, 1) if leap_day else starts.replace(year=year)
