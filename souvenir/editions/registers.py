"""Where every piece is and who may have it: rows that decide scarcity in the transaction that takes a piece."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from souvenir.editions.certificate import Certificate
from souvenir.editions.edition import Edition
from souvenir.editions.piece import Piece
from souvenir.editions.terms import Space
from souvenir.eventlog import Register, Session, when
from souvenir.kernel.aggregate import Aggregate


def stamp(at: datetime) -> str:
    """An instant as the rows keep it: UTC, always as many characters, so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


class PieceRegister(Register):
    """One row per allotted piece: free, held until an instant, sold, returned, reserved or retired."""

    name = "pieces"
    tables = ("pieces",)
    ddl = (
        "CREATE TABLE IF NOT EXISTS pieces ("
        "edition_id TEXT NOT NULL, space TEXT NOT NULL, number INTEGER NOT NULL, piece_id TEXT, "
        "outlet_id TEXT, status TEXT NOT NULL, holder TEXT, held_until TEXT, order_id TEXT, "
        "PRIMARY KEY (edition_id, space, number))",
        "CREATE INDEX IF NOT EXISTS pieces_free ON pieces (edition_id, space, outlet_id, number) WHERE status = 'free'",
        "CREATE INDEX IF NOT EXISTS pieces_held ON pieces (edition_id, space, outlet_id, held_until) "
        "WHERE status = 'held'",
        "CREATE UNIQUE INDEX IF NOT EXISTS pieces_by_id ON pieces (piece_id)",
    )

    @when(Edition.Allotted)
    def _allotted(self, session: Session, event: Edition.Allotted) -> None:
        edition = str(event.originator_id)
        session.run(
            "INSERT INTO pieces (edition_id, space, number, outlet_id, status) "
            "WITH RECURSIVE run (number) AS (SELECT CAST(? AS INTEGER) "
            "UNION ALL SELECT number + 1 FROM run WHERE number < CAST(? AS INTEGER)) "
            "SELECT CAST(? AS TEXT), CAST(? AS TEXT), number, CAST(? AS TEXT), 'free' FROM run WHERE true "
            "ON CONFLICT (edition_id, space, number) DO UPDATE SET outlet_id = excluded.outlet_id",
            event.first,
            event.last,
            edition,
            event.space,
            str(event.outlet_id),
        )
        for number in event.reserved:
            session.run(
                "UPDATE pieces SET status = 'reserved' "
                "WHERE edition_id = ? AND space = ? AND number = ? AND status = 'free'",
                edition,
                event.space,
                number,
            )

    @when(Edition.Moved)
    def _moved(self, session: Session, event: Edition.Moved) -> None:
        session.run(
            "UPDATE pieces SET outlet_id = ? WHERE edition_id = ? AND space = ? AND number BETWEEN ? AND ?",
            str(event.to_outlet),
            str(event.originator_id),
            event.space,
            event.first,
            event.last,
        )

    @when(Piece.Opened)
    def _opened(self, session: Session, event: Piece.Opened) -> None:
        session.run(
            "INSERT INTO pieces (edition_id, space, number, piece_id, status) VALUES (?, ?, ?, ?, 'free') "
            "ON CONFLICT (edition_id, space, number) DO UPDATE SET piece_id = excluded.piece_id",
            str(event.edition_id),
            event.space,
            event.number,
            str(event.originator_id),
        )

    @when(Piece.Held, Piece.HoldExtended)
    def _held(self, session: Session, event: Piece.Held | Piece.HoldExtended) -> None:
        session.run(
            "UPDATE pieces SET status = 'held', holder = ?, held_until = ? WHERE piece_id = ?",
            str(event.holder),
            stamp(event.until),
            str(event.originator_id),
        )

    @when(Piece.HoldReleased, Piece.HoldLapsed, Piece.PutBack)
    def _freed(self, session: Session, event: Aggregate.Event) -> None:
        self._set(session, event, "free")

    @when(Piece.Sold)
    def _sold(self, session: Session, event: Piece.Sold) -> None:
        self._set(session, event, "sold", str(event.order_id))

    @when(Piece.Returned)
    def _returned(self, session: Session, event: Piece.Returned) -> None:
        self._set(session, event, "returned", str(event.order_id))

    @when(Piece.Retired)
    def _retired(self, session: Session, event: Piece.Retired) -> None:
        self._set(session, event, "retired")

    def _set(self, session: Session, event: Aggregate.Event, status: str, order_id: str | None = None) -> None:
        session.run(
            "UPDATE pieces SET status = ?, order_id = ?, holder = NULL, held_until = NULL WHERE piece_id = ?",
            status,
            order_id,
            str(event.originator_id),
        )


class CertificateRegister(Register):
    """One row per certificate; a serial is used once, and a number has one active certificate at most."""

    name = "certificates"
    tables = ("certificates",)
    ddl = (
        "CREATE TABLE IF NOT EXISTS certificates ("
        "certificate_id TEXT PRIMARY KEY, gtin TEXT NOT NULL, serial TEXT NOT NULL, edition_id TEXT NOT NULL, "
        "space TEXT NOT NULL, number INTEGER NOT NULL, order_id TEXT NOT NULL, status TEXT NOT NULL, "
        "UNIQUE (gtin, serial))",
        "CREATE UNIQUE INDEX IF NOT EXISTS certificates_active ON certificates (edition_id, space, number) "
        "WHERE status = 'active'",
        "CREATE INDEX IF NOT EXISTS certificates_by_order ON certificates (order_id)",
    )

    @when(Certificate.Issued)
    def _issued(self, session: Session, event: Certificate.Issued) -> None:
        session.run(
            "INSERT INTO certificates (certificate_id, gtin, serial, edition_id, space, number, order_id, status) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 'active')",
            str(event.originator_id),
            event.statement.gtin,
            event.statement.serial,
            str(event.statement.edition_id),
            event.statement.space,
            event.statement.number,
            str(event.order_id),
        )

    @when(Certificate.Revoked)
    def _revoked(self, session: Session, event: Certificate.Revoked) -> None:
        session.run("UPDATE certificates SET status = 'revoked' WHERE certificate_id = ?", str(event.originator_id))


def next_free(session: Session, edition_id: UUID, space: Space, outlet_id: UUID, now: datetime) -> int | None:
    """The lowest number nobody has at an outlet, else the one whose hold lapsed first. Locked where rows can be."""
    where = (str(edition_id), space, str(outlet_id))
    free = session.row(
        "SELECT number FROM pieces WHERE edition_id = ? AND space = ? AND outlet_id = ? AND status = 'free' "
        f"ORDER BY number LIMIT 1{session.locking}",
        *where,
    )
    lapsed = free or session.row(
        "SELECT number FROM pieces WHERE edition_id = ? AND space = ? AND outlet_id = ? AND status = 'held' "
        f"AND held_until <= ? ORDER BY held_until LIMIT 1{session.locking}",
        *where,
        stamp(now),
    )
    return lapsed[0] if lapsed else None


def any_free(session: Session, edition_id: UUID, space: Space, outlet_id: UUID, now: datetime) -> bool:
    """Whether an outlet has a number nobody has, or whose hold lapsed. Locks nothing: only for looking."""
    row = session.row(
        "SELECT 1 FROM pieces WHERE edition_id = ? AND space = ? AND outlet_id = ? "
        "AND (status = 'free' OR status = 'held' AND held_until <= ?) LIMIT 1",
        str(edition_id),
        space,
        str(outlet_id),
        stamp(now),
    )
    return row is not None


def free_at_place(session: Session, edition_id: UUID, space: Space, outlet_id: UUID, place: int) -> int | None:
    """The free number at a place (from 0) among the free ones of an outlet, in order. Locked where rows can be."""
    row = session.row(
        "SELECT number FROM pieces WHERE edition_id = ? AND space = ? AND outlet_id = ? AND status = 'free' "
        f"ORDER BY number LIMIT 1 OFFSET ?{session.locking}",
        str(edition_id),
        space,
        str(outlet_id),
        place,
    )
    return row[0] if row else None


def count_free(session: Session, edition_id: UUID, space: Space, outlet_id: UUID) -> int:
    """How many numbers nobody has at an outlet."""
    row = session.row(
        "SELECT COUNT(*) FROM pieces WHERE edition_id = ? AND space = ? AND outlet_id = ? AND status = 'free'",
        str(edition_id),
        space,
        str(outlet_id),
    )
    return row[0] if row else 0


def where_is(session: Session, edition_id: UUID, space: Space, number: int) -> tuple[UUID | None, str] | None:
    """The outlet a number is allotted to and its status as last written; None if it was never allotted."""
    row = session.row(
        "SELECT outlet_id, status FROM pieces WHERE edition_id = ? AND space = ? AND number = ?",
        str(edition_id),
        space,
        number,
    )
    return (UUID(row[0]) if row[0] else None, row[1]) if row else None


@dataclass(frozen=True, slots=True)
class Remaining:
    """Whether pieces remain that are not sold, here and anywhere, and when the first hold here ends."""

    here: bool
    anywhere: bool
    first_hold_ends: datetime | None


def remaining(session: Session, edition_id: UUID, space: Space, outlet_id: UUID) -> Remaining:
    """One look, in one statement: between two, another process's pieces could change hands unseen."""
    anywhere = "SELECT 1 FROM pieces WHERE edition_id = ? AND space = ? AND status"
    here = "SELECT 1 FROM pieces WHERE edition_id = ? AND space = ? AND outlet_id = ? AND status"
    ends = "SELECT MIN(held_until) FROM pieces WHERE edition_id = ? AND space = ? AND outlet_id = ? AND status"
    run, place = (str(edition_id), space), (str(edition_id), space, str(outlet_id))
    row = session.row(
        f"SELECT EXISTS ({here} = 'free'), EXISTS ({here} = 'held'), EXISTS ({anywhere} = 'free'), "
        f"EXISTS ({anywhere} = 'held'), ({ends} = 'held')",
        *(*place, *place, *run, *run, *place),
    )
    assert row is not None
    free_here, held_here, free_anywhere, held_anywhere, until = row
    return Remaining(
        here=bool(free_here or held_here),
        anywhere=bool(free_anywhere or held_anywhere),
        first_hold_ends=datetime.fromisoformat(until) if until else None,
    )


def taken_between(session: Session, edition_id: UUID, space: Space, first: int, last: int, now: datetime) -> int:
    """How many numbers of a range are sold, returned, retired, or on a live hold."""
    row = session.row(
        "SELECT COUNT(*) FROM pieces WHERE edition_id = ? AND space = ? AND number BETWEEN ? AND ? "
        "AND (status IN ('sold', 'returned', 'retired') OR status = 'held' AND held_until > ?)",
        str(edition_id),
        space,
        first,
        last,
        stamp(now),
    )
    return row[0] if row else 0
