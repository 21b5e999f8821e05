"""What the finance desk, the API and processes may ask of the books: post, reverse, close, replay, look into a balance."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from itertools import islice
from typing import Final
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import NotFound
from souvenir.kernel.identifiers import derived_id
from souvenir.ledger import replay
from souvenir.ledger.books import BOOKS, ORIGINAL_DATE, Books, Closing
from souvenir.ledger.journal import Cause, Entry, Posting
from souvenir.ledger.postings import RULES, reversal
from souvenir.ledger.replay import EVERYTHING, AsOf, Leg, TrialBalance

LARGEST_PAGE: Final = 1_000
BY_HAND: Final = 0
"""The cause version of the finance desk's own entries: no event is version 0."""


class Ledger:
    """The books of one shop group. What it answers from the log is the truth; views answer the same, sooner."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def post(
        self,
        key: UUID,
        effective_on: date,
        lines: Sequence[Posting],
        text: str,
        dimensions: Mapping[str, str] | None = None,
    ) -> Committed[UUID]:
        """Post an entry of the finance desk's own; the same key with the same content posts nothing new."""

        def decide(tx: Transaction) -> UUID:
            cause = Cause(Entry.Posted.TOPIC, derived_id("manual entry", key), BY_HAND, clock.now())
            return book(tx, cause, "MAN", effective_on, lines, text, dimensions).id

        return self._log.execute(decide)

    def reverse(self, entry_id: UUID, effective_on: date, reason: str) -> Committed[UUID]:
        """Undo an entry by one with the same legs on the other side; both stay in the books. Once per entry."""

        def decide(tx: Transaction) -> UUID:
            entry = tx.get(Entry, entry_id)
            cause = Cause(Entry.Posted.TOPIC, entry.id, entry.version, clock.now())
            return undo(tx, cause, entry, effective_on, reason).id

        return self._log.execute(decide)

    def close(self, through: date, by: UUID) -> Committed[None]:
        """Close the books through a day: what is learned of it later counts for the first open day."""
        return self._decide(lambda books: books.close(through, by, clock.now().date()))

    def ask_to_reopen(self, through: date | None, reason: str, by: UUID) -> Committed[None]:
        """Ask that the books stay closed only through an earlier day, or not at all; somebody else approves."""
        return self._decide(lambda books: books.ask_to_reopen(through, reason, by))

    def reopen(self, by: UUID) -> Committed[None]:
        """Approve that the books are reopened as somebody else asked."""
        return self._decide(lambda books: books.reopen(by))

    def closings(self) -> tuple[Closing, ...]:
        """Every close and reopening, the latest last."""
        with suppress(NotFound):
            return self._log.load(Books, BOOKS).closings
        return ()

    def _decide(self, decision: Callable[[Books], None]) -> Committed[None]:
        def decide(tx: Transaction) -> None:
            books = tx.find(Books, BOOKS) or Books.begin()
            decision(books)
            tx.save(books)

        return self._log.execute(decide)

    def entry(self, entry_id: UUID) -> Entry:
        """One entry. Raises NotFound."""
        return self._log.load(Entry, entry_id)

    def trial_balance(self, as_of: AsOf = EVERYTHING) -> TrialBalance:
        """Replay the books from the log."""
        return replay.replay(self._log.states(replay.TOPIC), as_of)

    def drill_down(
        self, account: str, currency: str, as_of: AsOf = EVERYTHING, *, after: int = 0, first: int = 100
    ) -> list[Leg]:
        """The legs that make a balance, in the log's order, each with the event that caused it.

        `after` leaves out that many; at most 1,000 at a time.
        """
        stored = self._log.stored(topics=(replay.TOPIC,))
        found = replay.drill_down(stored, account, currency, as_of)
        return list(islice(found, after, after + min(first, LARGEST_PAGE)))

    def legs(self, as_of: AsOf = EVERYTHING) -> Iterator[replay.Leg]:
        """Every leg of the journal, in the log's order, as a stream: for files that hold all of them."""
        return replay.legs(self._log.stored(topics=(replay.TOPIC,)), as_of)

    def cause_of(self, entry_id: UUID) -> replay.CausingEvent:
        """The event that made an entry necessary, as it is stored; the desk's own entries are their own cause.

        Raises NotFound.
        """
        entry = self.entry(entry_id)
        by_hand = entry.cause_version == BY_HAND
        wanted = (entry_id, 1) if by_hand else (entry.cause_id, entry.cause_version)
        for stored in self._log.store.stream(wanted[0]):
            if stored.version == wanted[1]:
                return replay.CausingEvent(stored.topic, stored.stream, stored.version, stored.state)
        raise NotFound(kind="Event", id=f"{entry.cause_id}/{entry.cause_version}")


def book(
    tx: Transaction,
    cause: Cause,
    rule: str,
    effective_on: date,
    lines: Sequence[Posting],
    text: str = "",
    dimensions: Mapping[str, str] | None = None,
) -> Entry:
    """Post an entry within a transaction; the same cause and rule again meet the entry they posted.

    For a day that was closed by then, it counts for the first open day.
    """
    earlier = tx.find(Entry, Entry.id_for(cause, rule))
    day = _open_day(tx, effective_on, earlier.known_at if earlier else cause.known_at)
    if earlier is not None:
        earlier.confirm(day, lines)
        return earlier
    if day != effective_on:
        dimensions = {**(dimensions or {}), ORIGINAL_DATE: effective_on.isoformat()}
    entry = Entry.post(cause, rule, day, lines, text or RULES[rule], dimensions)
    tx.save(entry)
    return entry


def undo(tx: Transaction, cause: Cause, entry: Entry, effective_on: date, text: str = "") -> Entry:
    """Post the legs an entry has on the other side, within a transaction; what it is about stays the same."""
    about = {name: value for name, value in entry.dimensions.items() if name != ORIGINAL_DATE}
    return book(tx, cause, "REV", effective_on, reversal(entry.lines), text, about)


def _open_day(tx: Transaction, effective_on: date, known_at: datetime) -> date:
    if effective_on >= known_at.date():  # no day is closed before it is over
        return effective_on
    with suppress(NotFound):
        return tx.look(Books, BOOKS).day_for(effective_on, known_at)
    return effective_on
