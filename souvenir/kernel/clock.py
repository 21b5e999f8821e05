"""The one clock: every recorded timestamp and every deadline check reads it, so tests and demos can set it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]


def system() -> datetime:
    """The machine's time, in UTC."""
    return datetime.now(UTC)


_current: Clock = system


def now() -> datetime:
    """This instant, timezone-aware in UTC."""
    return _current()


def today(zone: str) -> date:
    """The calendar day at a place; `zone` is an IANA name such as "Asia/Shanghai"."""
    return now().astimezone(ZoneInfo(zone)).date()


def stamp(at: datetime) -> str:
    """An instant as rows keep it: UTC, always as many characters, so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def use(clock: Clock) -> Clock:
    """Install a clock for the whole process; returns the one it replaces."""
    global _current
    _current, previous = clock, _current
    return previous


@contextmanager
def using(clock: Clock) -> Iterator[None]:
    """Install a clock for the length of a `with` block."""
    previous = use(clock)
    try:
        yield
    finally:
        use(previous)


class SettableClock:
    """A clock that stands still until it is moved; it never moves back."""

    def __init__(self, at: datetime) -> None:
        assert at.tzinfo is not None, "a clock needs a timezone"
        self._at = at.astimezone(UTC)

    def __call__(self) -> datetime:
        return self._at

    def move_to(self, at: datetime) -> None:
        """Set the time; asking for an earlier instant changes nothing."""
        self._at = max(self._at, at.astimezone(UTC))
