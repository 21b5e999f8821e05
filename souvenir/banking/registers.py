"""Which transfers the bank has yet to carry out or may yet send back, and how often each thing was tried to be paid for."""

from datetime import date
from typing import Final
from uuid import UUID

from souvenir.banking.transfer import Transfer
from souvenir.eventlog import Register, Session, when

PAGE: Final = 1_000
"""Open transfers looked at in one sweep."""


class OpenTransfers(Register):
    """One row for every attempt to pay for something by transfer, whether the bank has yet to carry it out, and when it did."""

    name = "open_transfers"
    tables = ("open_transfers", "paid_transfers")
    ddl = (
        """CREATE TABLE IF NOT EXISTS open_transfers (
            id TEXT PRIMARY KEY, about TEXT NOT NULL, attempt INTEGER NOT NULL, open INTEGER NOT NULL)""",
        "CREATE INDEX IF NOT EXISTS open_transfers_about ON open_transfers (about, attempt)",
        "CREATE TABLE IF NOT EXISTS paid_transfers (id TEXT PRIMARY KEY, executed_on TEXT NOT NULL)",
        "CREATE INDEX IF NOT EXISTS paid_transfers_by_day ON paid_transfers (executed_on)",
    )

    @when(Transfer.Requested)
    def _requested(self, session: Session, event: Transfer.Requested) -> None:
        row = (str(event.originator_id), str(event.about), event.attempt)
        session.run("INSERT INTO open_transfers VALUES (?, ?, ?, 1)", *row)

    @when(Transfer.Executed)
    def _executed(self, session: Session, event: Transfer.Executed) -> None:
        self._over(session, event)
        session.run("INSERT INTO paid_transfers VALUES (?, ?)", str(event.originator_id), event.executed_on.isoformat())

    @when(Transfer.Rejected)
    def _rejected(self, session: Session, event: Transfer.Rejected) -> None:
        self._over(session, event)
        session.run("DELETE FROM paid_transfers WHERE id = ?", str(event.originator_id))

    def _over(self, session: Session, event: Transfer.Executed | Transfer.Rejected) -> None:
        session.run("UPDATE open_transfers SET open = 0 WHERE id = ?", str(event.originator_id))


def open_transfers(session: Session, limit: int = PAGE) -> list[UUID]:
    """The orders that the bank has yet to carry out."""
    rows = session.rows("SELECT id FROM open_transfers WHERE open = 1 ORDER BY id LIMIT ?", limit)
    return [UUID(id) for (id,) in rows]


def paid_since(session: Session, day: date, limit: int = PAGE) -> list[UUID]:
    """The orders that the bank has carried out since a day, the youngest first."""
    rows = session.rows(
        "SELECT id FROM paid_transfers WHERE executed_on >= ? ORDER BY executed_on DESC, id LIMIT ?",
        day.isoformat(),
        limit,
    )
    return [UUID(id) for (id,) in rows]


def latest_transfer(session: Session, about: UUID) -> int | None:
    """The number of the latest attempt to pay for something, if there was one."""
    row = session.row("SELECT MAX(attempt) FROM open_transfers WHERE about = ?", str(about))
    return row[0] if row else None


def transfers_from(session: Session, after: str, limit: int) -> list[UUID]:
    """Transfers by their id, beyond one of them."""
    rows = session.rows("SELECT id FROM open_transfers WHERE id > ? ORDER BY id LIMIT ?", after, limit)
    return [UUID(id) for (id,) in rows]
