"""What staff, API and processes may ask about people: open a pseudonym, hold by law, lift a hold, record an erasure."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.identifiers import new_id
from souvenir.privacy.subject import Subject

PAGE: Final = 1000


class Privacy:
    """The people a shop group deals with, by pseudonym."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def register(self, subject_id: UUID | None = None) -> Committed[UUID]:
        """Open a pseudonym and give its id; the same id again records nothing."""
        id = new_id() if subject_id is None else subject_id
        return self._log.execute(lambda tx: registered(tx, id).id)

    def hold(self, subject_id: UUID, purpose: str, reason: str, until: date) -> Committed[None]:
        """Keep data for a purpose although erasure may be asked, until a day."""

        def decide(tx: Transaction) -> None:
            subject = tx.get(Subject, subject_id)
            subject.hold(purpose, reason, until)
            tx.save(subject)

        return self._log.execute(decide)

    def lift_hold(self, subject_id: UUID, purpose: str) -> Committed[None]:
        """End a legal hold early."""

        def decide(tx: Transaction) -> None:
            subject = tx.get(Subject, subject_id)
            subject.lift_hold(purpose)
            tx.save(subject)

        return self._log.execute(decide)

    def erase(self, subject_id: UUID, purposes: Sequence[str], reason: str, requested_on: date) -> Committed[None]:
        """Record that a person is forgotten for some purposes. The reason must name no person. Raises LegalHold."""
        return self._log.execute(lambda tx: erase(tx, tx.get(Subject, subject_id), purposes, reason, requested_on))


def erase(tx: Transaction, subject: Subject, purposes: Sequence[str], reason: str, requested_on: date) -> None:
    """Record inside the transaction that a person is forgotten, as of today: what is held today is refused."""
    subject.erase(purposes, reason, requested_on, clock.now().date())
    tx.save(subject)


def registered(tx: Transaction, subject_id: UUID) -> Subject:
    """The person with this id, registered inside the transaction if not known yet."""
    subject = tx.find(Subject, subject_id)
    if subject is None:
        subject = Subject.register(subject_id)
        tx.save(subject)
    return subject


def erasures(log: EventLog) -> Iterator[tuple[UUID, str]]:
    """Every person and purpose erased so far."""
    after = ("", "")
    while True:
        rows = log.rows(
            "SELECT subject, purpose FROM erasures WHERE subject > ? OR (subject = ? AND purpose > ?)"
            " ORDER BY subject, purpose LIMIT ?",
            after[0],
            *after,
            PAGE,
        )
        yield from ((UUID(subject), purpose) for subject, purpose in rows)
        if len(rows) < PAGE:
            return
        after = rows[-1]


def erasures_so_far(log: EventLog) -> int:
    """How many there are."""
    counted = log.row("SELECT COUNT(*) FROM erasures")
    return int(counted[0]) if counted else 0


def due(log: EventLog, today: date) -> Iterator[tuple[UUID, str]]:
    """Every person and purpose whose data may be kept no longer, the longest overdue first; some may be on hold."""
    after = ("", "", "")
    while True:
        rows = log.rows(
            "SELECT until, subject, purpose FROM retentions WHERE until <= ? AND (until, subject, purpose) > (?, ?, ?)"
            " ORDER BY until, subject, purpose LIMIT ?",
            today.isoformat(),
            *after,
            PAGE,
        )
        yield from ((UUID(subject), purpose) for _, subject, purpose in rows)
        if len(rows) < PAGE:
            return
        after = rows[-1]
