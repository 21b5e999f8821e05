"""Working days: a port that any calendar may answer, and the calendar of weekends and dated holidays in rule data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Protocol

LONGEST_HOLIDAY: Final = 60
"""Days without a working day after which a calendar is taken to be broken."""


class WorkingCalendar(Protocol):
    """Answers which days people work, at one place."""

    def is_working(self, day: date) -> bool:
        """Whether offices work that day."""
        ...


@dataclass(frozen=True, slots=True)
class DatedCalendar:
    """Weekends, the holidays of the years that were announced, and the weekend days worked in exchange."""

    weekend: frozenset[int] = frozenset({6, 7})
    """ISO weekdays: Monday is 1."""
    exceptions: Mapping[date, bool] | None = None
    """Whether a particular day is worked, against its weekday."""
    announced_to: date | None = None
    """The last day the holiday list covers; after it only weekends are known."""

    def is_working(self, day: date) -> bool:
        """Whether offices work that day."""
        if self.exceptions is not None and day in self.exceptions:
            return self.exceptions[day]
        return day.isoweekday() not in self.weekend


def working_days_after(calendar: WorkingCalendar, day: date, count: int) -> date:
    """The `count`-th working day after a day; that day itself never counts."""
    idle = 0
    while count:
        day += timedelta(days=1)
        if calendar.is_working(day):
            count, idle = count - 1, 0
        else:
            idle += 1
            assert idle <= LONGEST_HOLIDAY, "the calendar has no working days"
    return day
