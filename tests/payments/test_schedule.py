"""The collection schedules are dated data with a source, and what is wrong with them is found when they are read."""

from dataclasses import replace
from datetime import date

import pytest

from souvenir.payments.schedule import MalformedSchedule, checked, known_schedules, read_schedules, schedule_on

FIRST = known_schedules()[0]


def test_the_schedule_shipped_tries_thrice_in_a_week_and_gives_up_after_two_months():
    shipped = schedule_on(date(2026, 8, 8), known_schedules())
    assert shipped.tries_from(date(2026, 8, 8)) == (date(2026, 8, 9), date(2026, 8, 11), date(2026, 8, 15))
    assert shipped.gives_up_from(date(2026, 8, 8)) == date(2026, 10, 7)
    assert shipped.source


def test_a_day_has_the_schedule_that_began_last():
    later = replace(FIRST, begins=date(2027, 1, 1), try_after_days=(2,))
    both = checked([later, FIRST])
    assert schedule_on(date(2026, 12, 31), both) == FIRST
    assert schedule_on(date(2027, 1, 1), both) == later
    assert schedule_on(date(2010, 1, 1), both) == FIRST


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": " "},
        {"try_after_days": (3, 1)},
        {"try_after_days": (1, 1)},
        {"try_after_days": (0,)},
        {"try_after_days": tuple(range(1, 17))},
        {"give_up_after_days": 7},
    ],
)
def test_a_schedule_that_cannot_be_followed_is_refused(wrong):
    with pytest.raises(MalformedSchedule):
        checked([replace(FIRST, **wrong)])


def test_two_schedules_of_one_day_or_none_at_all_are_refused():
    for schedules in ([FIRST, FIRST], []):
        with pytest.raises(MalformedSchedule):
            checked(schedules)


def test_a_file_that_lacks_something_is_refused(tmp_path):
    file = tmp_path / "schedules.toml"
    file.write_text('[[schedule]]\nbegins = 2026-01-01\nsource = "x"\n', encoding="utf-8")
    with pytest.raises(MalformedSchedule) as refusal:
        read_schedules(file)
    assert "try_after_days" in str(refusal.value)
