"""The books as a whole: through which day they are closed, and since when. A close freezes balances; it hides nothing.

An entry that the shop learns of after a close, for a day that is closed, counts for the first open day and keeps its own
date as a dimension. What was known before the close counts for its own day, however late a follower posts it.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id

ORIGINAL_DATE: Final = "original_date"
"""The dimension under which a moved entry keeps the day it happened on."""


class DayNotOver(SouvenirError):
    message = "{through} is not over: by Greenwich it is {today}. Close the books for days that have passed."
    through: date
    today: date


class BooksClosedAlready(SouvenirError):
    message = "The books are closed through {closed_through} already, which {through} is not after."
    through: date
    closed_through: date


class NothingToReopen(SouvenirError):
    message = "The books are open after {closed_through}: reopening them would change nothing."
    closed_through: date | None


class ReopeningNotAsked(SouvenirError):
    message = "Nobody has asked to reopen the books. One person asks and says why, another one approves."


class SecondPersonNeeded(SouvenirError):
    message = "Who asked to reopen the books cannot approve it too. Somebody else has to."


@dataclass(frozen=True, slots=True)
class Closing:
    """Since an instant the books are closed through a day; through none, where they were reopened altogether."""

    through: date | None
    since: datetime
    by: UUID
    reason: str = ""
    """Why they were reopened; empty for a close."""


class Books(Aggregate):
    """The books of one shop group. Exactly one period is open: everything after the day they are closed through."""

    TOPIC = "ledger.Books"

    class Begun(Created):
        TOPIC = "ledger.BooksBegun"

    class Closed(Aggregate.Event):
        TOPIC = "ledger.BooksClosed"
        through: date
        closed_by: UUID

    class ReopeningAsked(Aggregate.Event):
        """`through`: the day they shall stay closed through, if any."""

        TOPIC = "ledger.BooksReopeningAsked"
        through: date | None
        reason: str
        asked_by: UUID

    class Reopened(Aggregate.Event):
        TOPIC = "ledger.BooksReopened"
        through: date | None
        reason: str
        approved_by: UUID

    # Decide.

    @classmethod
    def begin(cls) -> "Books":
        """Books that were never closed."""
        return cls._create(cls.Begun, id=BOOKS)

    def close(self, through: date, by: UUID, today: date) -> None:
        """Close every day through this one; closing through the same day again records nothing."""
        if through == self.closed_through:
            return
        if through >= today:
            raise DayNotOver(through=through, today=today)
        if self.closed_through is not None and through < self.closed_through:
            raise BooksClosedAlready(through=through, closed_through=self.closed_through)
        self.trigger_event(self.Closed, through=through, closed_by=by)

    def ask_to_reopen(self, through: date | None, reason: str, by: UUID) -> None:
        """Ask that the books stay closed only through an earlier day, or not at all."""
        closed = self.closed_through
        if closed is None or (through is not None and through >= closed):
            raise NothingToReopen(closed_through=closed)
        if self.asked != (through, reason, by):
            self._reopening_asked(through=through, reason=reason, asked_by=by)

    def reopen(self, by: UUID) -> None:
        """Approve what somebody else asked for."""
        if self.asked is None:
            raise ReopeningNotAsked
        through, reason, asked_by = self.asked
        if asked_by == by:
            raise SecondPersonNeeded
        self.trigger_event(self.Reopened, through=through, reason=reason, approved_by=by)

    # Answer.

    @property
    def closed_through(self) -> date | None:
        """The last day that is closed now."""
        return self.closings[-1].through if self.closings else None

    def day_for(self, effective_on: date, known_at: datetime) -> date:
        """The day on which something counts that happened on one day and was known at an instant."""
        ruling = next((closing for closing in reversed(self.closings) if closing.since < known_at), None)
        if ruling is None or ruling.through is None or effective_on > ruling.through:
            return effective_on
        return ruling.through + timedelta(days=1)

    # Evolve.

    @event(Begun)
    def __init__(self) -> None:
        self.closings: tuple[Closing, ...] = ()
        self.asked: tuple[date | None, str, UUID] | None = None

    @event(Closed)
    def _closed(self, through: date, closed_by: UUID, timestamp: datetime) -> None:
        self.closings = (*self.closings, Closing(through, timestamp, closed_by))
        self.asked = None

    @event(ReopeningAsked)
    def _reopening_asked(self, through: date | None, reason: str, asked_by: UUID) -> None:
        self.asked = (through, reason, asked_by)

    @event(Reopened)
    def _reopened(self, through: date | None, reason: str, approved_by: UUID, timestamp: datetime) -> None:
        self.closings = (*self.closings, Closing(through, timestamp, approved_by, reason))
        self.asked = None


BOOKS: Final = derived_id("books")
"""The id of the books: a shop group has one set."""
