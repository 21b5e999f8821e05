"""What the finance desk, the API and processes may ask of the books: post, reverse, replay, look into a balance."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Final
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import NotFound
from souvenir.kernel.identifiers import derived_id
from souvenir.ledger import replay
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
        cause = Cause("ledger.EntryPosted", derived_id("manual entry", key), BY_HAND, clock.now())

        def decide(tx: Transaction) -> UUID:
            return book(tx, cause, "MAN", effective_on, lines, text, dimensions).id

        return self._log.execute(decide)

    def reverse(self, entry_id: UUID, effective_on: date, reason: str) -> Committed[UUID]:
        """Undo an entry by one with the same legs on the other side; both stay in the books. Once per entry."""

        def decide(tx: Transaction) -> UUID:
            entry = tx.get(Entry, entry_id)
            cause = Cause(Entry.Posted.TOPIC, entry.id, entry.version, clock.now())
            return book(tx, cause, "REV", effective_on, reversal(entry.lines), reason, entry.dimensions).id

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
    """Post an entry within a transaction; the same cause and rule again meet the entry they posted."""
    earlier = tx.find(Entry, Entry.id_for(cause, rule))
    if earlier is not None:
        earlier.confirm(effective_on, lines)
        return earlier
    entry = Entry.post(cause, rule, effective_on, lines, text or RULES[rule], dimensions)
    tx.save(entry)
    return entry
