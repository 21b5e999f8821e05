"""Schedules of collection: when a declined card is tried again, when its holder is asked, when the debt is given up.

Dated data with a source, in `schedules.toml`; it is checked when it is read.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from souvenir.kernel.errors import SouvenirError

FILE: Final = Path(__file__).with_name("schedules.toml")
MOST_TRIES: Final = 15


class MalformedSchedule(SouvenirError):
    message = "The collection schedule of {begins} is not well-formed: {reason}"
    begins: str
    reason: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """The schedule in force from one day on."""

    begins: date
    source: str
    try_after_days: tuple[int, ...]
    give_up_after_days: int
    never_again: frozenset[str]
    """Reasons for a decline after which the card is not tried again."""
    only_in_person: frozenset[str]
    """Reasons after which only the holder can pay, in their browser."""

    def tries_from(self, day: date) -> tuple[date, ...]:
        """The days on which the card is tried again."""
        return tuple(day + timedelta(days=days) for days in self.try_after_days)

    def gives_up_from(self, day: date) -> date:
        """The day on which the debt is given up."""
        return day + timedelta(days=self.give_up_after_days)

    def ends_trying(self, reason: str) -> bool:
        """Whether a card declined for this reason is not tried again."""
        return reason in self.never_again or reason in self.only_in_person


def read_schedules(path: Path = FILE) -> tuple[Schedule, ...]:
    """Every schedule in a file, the earliest first. Raises MalformedSchedule."""
    return checked([_schedule(entry) for entry in tomllib.loads(path.read_text(encoding="utf-8"))["schedule"]])


@lru_cache(maxsize=1)
def known_schedules() -> tuple[Schedule, ...]:
    """The schedules this package ships."""
    return read_schedules()


def schedule_on(day: date, schedules: Sequence[Schedule]) -> Schedule:
    """The schedule in force on a day; before the first, the first."""
    return next((one for one in reversed(schedules) if one.begins <= day), schedules[0])


def checked(schedules: Sequence[Schedule]) -> tuple[Schedule, ...]:
    """The schedules in order, once each is well-formed and no two begin on one day. Raises MalformedSchedule."""
    if not schedules:
        raise MalformedSchedule(begins="", reason="there is none.")
    ordered = tuple(sorted(schedules, key=lambda one: one.begins))
    for one, following in zip(ordered, (*ordered[1:], None), strict=True):
        if following is not None and following.begins == one.begins:
            raise MalformedSchedule(begins=str(one.begins), reason="another begins on the same day.")
        if why := _wrong(one):
            raise MalformedSchedule(begins=str(one.begins), reason=why)
    return ordered


def _wrong(one: Schedule) -> str:
    days = one.try_after_days
    if not one.source.strip():
        return "it names no source."
    if len(days) > MOST_TRIES or list(days) != sorted(set(days)) or any(day < 1 for day in days):
        return f"its days must ascend from 1, and be at most {MOST_TRIES}."
    return "it gives up before it has tried." if days and one.give_up_after_days <= days[-1] else ""


def _schedule(entry: dict[str, Any]) -> Schedule:
    try:
        return Schedule(
            begins=entry["begins"],
            source=entry["source"],
            try_after_days=tuple(entry["try_after_days"]),
            give_up_after_days=entry["give_up_after_days"],
            never_again=frozenset(entry["never_again"]),
            only_in_person=frozenset(entry["only_in_person"]),
        )
    except KeyError as missing:
        raise MalformedSchedule(begins=str(entry.get("begins", "")), reason=f"it lacks {missing}.") from None
