"""Which draws there are, who is in them, in which rank, and how each offer ended: rows written with the events."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from souvenir.draws.draw import Draw
from souvenir.draws.entry import Entry, Standing
from souvenir.draws.ranking import ranking
from souvenir.eventlog import Register, Session, when
from souvenir.kernel.aggregate import Aggregate
from souvenir.kernel.clock import stamp


class DrawRegister(Register):
    """One row per draw and per entry. The ranking is written when the draw is drawn: it follows from rows and event."""

    name = "draws"
    tables = ("draws", "draw_entries")
    ddl = (
        "CREATE TABLE IF NOT EXISTS draws ("
        "draw_id TEXT PRIMARY KEY, edition_id TEXT NOT NULL, opens_at TEXT NOT NULL, pieces INTEGER NOT NULL)",
        "CREATE INDEX IF NOT EXISTS draws_by_edition ON draws (edition_id, opens_at)",
        "CREATE TABLE IF NOT EXISTS draw_entries ("
        "entry_id TEXT PRIMARY KEY, draw_id TEXT NOT NULL, standing TEXT NOT NULL, rank INTEGER, number INTEGER, "
        "expires_at TEXT, basket_id TEXT, order_id TEXT)",
        "CREATE INDEX IF NOT EXISTS draw_entries_by_rank ON draw_entries (draw_id, standing, rank)",
        "CREATE INDEX IF NOT EXISTS draw_entries_by_order ON draw_entries (order_id)",
        "CREATE INDEX IF NOT EXISTS draw_entries_by_basket ON draw_entries (basket_id)",
        "CREATE INDEX IF NOT EXISTS draw_offers ON draw_entries (draw_id, expires_at) WHERE standing = 'offered'",
    )

    @when(Draw.Announced)
    def _announced(self, session: Session, event: Draw.Announced) -> None:
        session.run(
            "INSERT INTO draws (draw_id, edition_id, opens_at, pieces) VALUES (?, ?, ?, ?)",
            str(event.originator_id),
            str(event.rules.edition_id),
            stamp(event.rules.opens_at),
            event.rules.pieces,
        )

    @when(Entry.Submitted)
    def _submitted(self, session: Session, event: Entry.Submitted) -> None:
        session.run(
            "INSERT INTO draw_entries (entry_id, draw_id, standing) VALUES (?, ?, 'valid')",
            str(event.originator_id),
            str(event.draw_id),
        )

    @when(Draw.Drawn)
    def _drawn(self, session: Session, event: Draw.Drawn) -> None:
        ids = listed(session, event.originator_id)
        secret = bytes.fromhex(event.secret or "")
        order = ranking(ids, bytes.fromhex(event.root), secret, bytes.fromhex(event.beacon))
        for rank, entry in enumerate(order, start=1):
            session.run("UPDATE draw_entries SET rank = ? WHERE entry_id = ?", rank, entry)

    @when(Entry.Offered)
    def _offered(self, session: Session, event: Entry.Offered) -> None:
        session.run(
            "UPDATE draw_entries SET standing = 'offered', number = ?, expires_at = ? WHERE entry_id = ?",
            event.number,
            stamp(event.expires_at),
            str(event.originator_id),
        )

    @when(Entry.TakenUp)
    def _taken_up(self, session: Session, event: Entry.TakenUp) -> None:
        session.run(
            "UPDATE draw_entries SET basket_id = ? WHERE entry_id = ?", str(event.basket_id), str(event.originator_id)
        )

    @when(Entry.Paid)
    def _paid(self, session: Session, event: Entry.Paid) -> None:
        session.run(
            "UPDATE draw_entries SET standing = 'paid', order_id = ? WHERE entry_id = ?",
            str(event.order_id),
            str(event.originator_id),
        )

    @when(Entry.Rejected)
    def _rejected(self, session: Session, event: Entry.Rejected) -> None:
        self._stands(session, event, "rejected")

    @when(Entry.Withdrawn)
    def _withdrawn(self, session: Session, event: Entry.Withdrawn) -> None:
        self._stands(session, event, "withdrawn")

    @when(Entry.Lapsed)
    def _lapsed(self, session: Session, event: Entry.Lapsed) -> None:
        self._stands(session, event, "lapsed")

    @when(Entry.Declined)
    def _declined(self, session: Session, event: Entry.Declined) -> None:
        self._stands(session, event, "declined")

    @when(Entry.Disqualified)
    def _disqualified(self, session: Session, event: Entry.Disqualified) -> None:
        self._stands(session, event, "disqualified")

    @when(Entry.GaveBack)
    def _gave_back(self, session: Session, event: Entry.GaveBack) -> None:
        self._stands(session, event, "gave back")

    def _stands(self, session: Session, event: Aggregate.Event, standing: Standing) -> None:
        session.run("UPDATE draw_entries SET standing = ? WHERE entry_id = ?", standing, str(event.originator_id))


@dataclass(frozen=True, slots=True)
class InLine:
    """An entry as its draw's list shows it."""

    entry_id: UUID
    rank: int | None
    number: int | None
    standing: Standing
    expires_at: datetime | None


_IN_LINE = "SELECT entry_id, rank, number, standing, expires_at FROM draw_entries WHERE draw_id = ?"


def listed(session: Session, draw_id: UUID) -> list[str]:
    """The entries that count, sorted: before the draw the list to freeze, and at the draw the list that was frozen."""
    rows = session.rows("SELECT entry_id FROM draw_entries WHERE draw_id = ? AND standing = 'valid'", str(draw_id))
    return sorted(entry for (entry,) in rows)


def ranked(session: Session, draw_id: UUID) -> list[str]:
    """Every entry of the frozen list, by rank."""
    rows = session.rows(
        "SELECT entry_id FROM draw_entries WHERE draw_id = ? AND rank IS NOT NULL ORDER BY rank", str(draw_id)
    )
    return [entry for (entry,) in rows]


def on_offer(session: Session, draw_id: UUID, limit: int) -> list[InLine]:
    """Offers that have not ended yet, those that end first first."""
    rows = session.rows(f"{_IN_LINE} AND standing = 'offered' ORDER BY expires_at LIMIT ?", str(draw_id), limit)
    return [_in_line(row) for row in rows]


def next_in_line(session: Session, draw_id: UUID, limit: int) -> list[InLine]:
    """Who has their turn next, by rank."""
    rows = session.rows(
        f"{_IN_LINE} AND standing = 'valid' AND rank IS NOT NULL ORDER BY rank LIMIT ?", str(draw_id), limit
    )
    return [_in_line(row) for row in rows]


def draws_of(session: Session, edition_id: UUID) -> list[UUID]:
    """The draws of an edition, those that opened last first; at most a hundred."""
    rows = session.rows(
        "SELECT draw_id FROM draws WHERE edition_id = ? ORDER BY opens_at DESC, draw_id LIMIT 100", str(edition_id)
    )
    return [UUID(draw) for (draw,) in rows]


def unsettled(session: Session, now: datetime) -> list[UUID]:
    """Draws that have offers that are over; or, once they have made offers, places that nobody is offered. At most a hundred."""
    rows = session.rows(
        "SELECT d.draw_id FROM draws AS d WHERE "
        "EXISTS (SELECT 1 FROM draw_entries AS e WHERE e.draw_id = d.draw_id AND e.standing = 'offered' "
        "AND e.expires_at <= ?) "
        "OR (EXISTS (SELECT 1 FROM draw_entries AS e WHERE e.draw_id = d.draw_id AND e.number IS NOT NULL) "
        "AND EXISTS (SELECT 1 FROM draw_entries AS e WHERE e.draw_id = d.draw_id AND e.standing = 'valid') "
        "AND d.pieces > (SELECT COUNT(*) FROM draw_entries AS e WHERE e.draw_id = d.draw_id "
        "AND e.standing IN ('offered', 'paid'))) ORDER BY d.draw_id LIMIT 100",
        stamp(now),
    )
    return [UUID(draw) for (draw,) in rows]


def places_taken(session: Session, draw_id: UUID) -> int:
    """How many of the draw's pieces are offered or bought."""
    row = session.row(
        "SELECT COUNT(*) FROM draw_entries WHERE draw_id = ? AND standing IN ('offered', 'paid')", str(draw_id)
    )
    return row[0] if row else 0


def offered_in(session: Session, basket_id: UUID, number: int) -> list[UUID]:
    """The entries, of draws for whatever edition, whose offered number is in a basket."""
    rows = session.rows(
        "SELECT entry_id FROM draw_entries WHERE basket_id = ? AND number = ? AND standing = 'offered'",
        str(basket_id),
        number,
    )
    return [UUID(entry) for (entry,) in rows]


def paid_with(session: Session, order_id: UUID, number: int) -> list[UUID]:
    """The entries, of draws for whatever edition, that bought a number with an order."""
    rows = session.rows(
        "SELECT entry_id FROM draw_entries WHERE order_id = ? AND number = ? AND standing = 'paid'",
        str(order_id),
        number,
    )
    return [UUID(entry) for (entry,) in rows]


def lock(session: Session, draw_id: UUID) -> None:
    """Until this transaction ends, nobody else who locks a draw goes on."""
    session.changed("UPDATE draws SET draw_id = draw_id WHERE draw_id = ?", str(draw_id))


def _in_line(row: tuple[str, int | None, int | None, Standing, str | None]) -> InLine:
    entry, rank, number, standing, expires = row
    return InLine(UUID(entry), rank, number, standing, datetime.fromisoformat(expires) if expires else None)
