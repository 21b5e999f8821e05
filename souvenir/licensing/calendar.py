"""Business days: weekends and public holidays do not count, working days that make up for holidays do."""

from collections.abc import Iterator
from datetime import date, timedelta

from souvenir.kernel.aggregate import Value

SATURDAY = 5


class BusinessCalendar(Value):
    """Days on which a licensor can be expected to answer.

    In China the State Council decrees each year's holidays and the weekend days worked instead (调休): give both.
    """

    holidays: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def is_business_day(self, day: date) -> bool:
        return day in self.worked or (day.weekday() < SATURDAY and day not in self.holidays)

    def after(self, day: date, count: int) -> date:
        """The last of so many business days after a day, which itself does not count."""
        for found in self._from(day + timedelta(days=1)):
            count -= 1
            if count == 0:
                return found
        raise AssertionError("business days never end")

    def _from(self, day: date) -> Iterator[date]:
        while True:
            if self.is_business_day(day):
                yield day
            day += timedelta(days=1)


WEEKDAYS = BusinessCalendar()
"""Monday to Friday, without any holiday."""
