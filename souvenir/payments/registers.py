"""Payments whose outcome is not known yet: they are asked about again until it is."""

from uuid import UUID

from souvenir.eventlog import Register, Session, when
from souvenir.payments.payment import Payment


class OpenPayments(Register):
    """One row for every payment between its request and its provider's final answer."""

    name = "open_payments"
    tables = ("open_payments",)
    ddl = ("CREATE TABLE IF NOT EXISTS open_payments (id TEXT PRIMARY KEY, requested_at TEXT NOT NULL)",)

    @when(Payment.Requested)
    def _requested(self, session: Session, event: Payment.Requested) -> None:
        session.run("INSERT INTO open_payments VALUES (?, ?)", str(event.originator_id), event.timestamp.isoformat())

    @when(Payment.Approved, Payment.Declined)
    def _settled(self, session: Session, event: Payment.Approved | Payment.Declined) -> None:
        session.run("DELETE FROM open_payments WHERE id = ?", str(event.originator_id))


def oldest_open(session: Session, limit: int = 100) -> list[UUID]:
    """The payments that have waited longest for a final answer."""
    rows = session.rows("SELECT id FROM open_payments ORDER BY requested_at, id LIMIT ?", limit)
    return [UUID(id) for (id,) in rows]
