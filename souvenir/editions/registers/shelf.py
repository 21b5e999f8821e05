"""What can be had, asked in the transaction that takes it: the next piece, one number, what is left and why not more."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from souvenir.editions.registers.pieces import Status
from souvenir.editions.terms import Numbering, Space, Terms
from souvenir.eventlog import Ahead, Session
from souvenir.kernel import clock
from souvenir.kernel.clock import stamp


class Row(NamedTuple):
    """An allotted number as it stands: the whole state of its piece, unless the piece has a past: it came back or was re-made."""

    number: int
    piece_id: UUID | None
    """None as long as nobody touched the piece."""
    outlet_id: UUID | None
    status: Status
    holder: UUID | None
    held_since: datetime | None
    held_until: datetime | None
    order_id: UUID | None
    version: int
    has_past: bool


Found = tuple[Terms, Row | None]
"""The terms of an edition, and the row that was asked for."""

_COLUMNS: Final = (
    "t.product_id, t.numbering, t.longest_hold_minutes, t.on_sale_from, t.paused_because, t.closed_because, t.limited, "
    "t.closes_at, t.visitors_only, t.set_id, "
    "p.number, p.piece_id, p.outlet_id, p.status, p.holder, p.held_since, p.held_until, p.order_id, p.version, p.has_past"
)
_FIND: Final = (
    f"SELECT {_COLUMNS} FROM edition_terms AS t "
    "LEFT JOIN pieces AS p ON p.edition_id = t.edition_id AND p.space = ? AND p.number = {number} "
    "WHERE t.edition_id = ?"
)
_AT_OUTLET: Final = "FROM pieces WHERE edition_id = ? AND space = ? AND outlet_id = ?"
_FIND_NUMBER: Final = _FIND.format(number="?")
_FIND_NEXT: Final = _FIND.format(
    number="COALESCE("
    f"(SELECT number {_AT_OUTLET} AND status = 'held' AND held_until <= ? ORDER BY held_until LIMIT 1{{locking}}), "
    f"(SELECT number {_AT_OUTLET} AND status = 'free' ORDER BY place LIMIT 1{{locking}}))"
)


_FIND_SOME: Final = (
    f"SELECT {_COLUMNS} FROM edition_terms AS t JOIN pieces AS p ON p.edition_id = t.edition_id "
    "WHERE t.edition_id = ? AND p.space = ? AND "
)
_LAPSED: Final = _FIND_SOME + (
    "p.outlet_id = ? AND p.status = 'held' AND p.held_until <= ? ORDER BY p.held_until LIMIT ?"
)
_FREE: Final = _FIND_SOME + "p.outlet_id = ? AND p.status = 'free' ORDER BY p.place LIMIT ?"
_LOCK_NUMBER: Final = _FIND_SOME + "p.number = ?"
_NUMBERS_AT_ONCE: Final = 16
_NUMBERS: Final = _FIND_SOME + f"p.number IN ({', '.join('?' * _NUMBERS_AT_ONCE)})"


@dataclass(frozen=True, slots=True)
class NextPiece(Ahead):
    """A command will take the next piece of an edition at an outlet."""

    edition_id: UUID
    space: Space
    outlet_id: UUID

    @classmethod
    def fetch(cls, session: Session, wanted: Sequence[Self]) -> None:
        """So many pieces, in the order in which they are given, each locked where rows can be."""
        of_pieces = _of_pieces(session.locking)
        for one, many in Counter(wanted).items():
            here = (str(one.edition_id), one.space, str(one.outlet_id))
            rows = session.rows(_LAPSED + of_pieces, *here, stamp(clock.now()), many)
            if len(rows) < many:
                rows += session.rows(_FREE + of_pieces, *here, many - len(rows))
            session.ahead[here] = {row[10]: _found(one.edition_id, row) for row in rows}


@dataclass(frozen=True, slots=True)
class Number(Ahead):
    """A command will look at one number of an edition."""

    edition_id: UUID
    space: Space
    number: int

    @classmethod
    def fetch(cls, session: Session, wanted: Sequence[Self]) -> None:
        """Some numbers in a statement, each locked where rows can be; what somebody else has is looked at later."""
        numbers_sql = _NUMBERS + _of_pieces(session.locking)
        runs: dict[tuple[UUID, Space], list[int]] = {}
        for one in wanted:
            runs.setdefault((one.edition_id, one.space), []).append(one.number)
        for (edition_id, space), numbers in runs.items():
            edition = str(edition_id)
            for first in range(0, len(numbers), _NUMBERS_AT_ONCE):
                some = numbers[first : first + _NUMBERS_AT_ONCE]
                some += some[-1:] * (_NUMBERS_AT_ONCE - len(some))
                for row in session.rows(numbers_sql, edition, space, *some):
                    session.ahead[edition, space, row[10]] = _found(edition_id, row)


def find_number(session: Session, edition_id: UUID, space: Space, number: int) -> Found | None:
    """The terms of an edition and one of its numbers, in one look; None if there is no such edition.

    Where rows can be locked it is locked: what is decided on it now nobody else changes meanwhile.
    """
    edition = str(edition_id)
    ahead: Found | None = session.ahead.pop((edition, space, number), None)
    if ahead is None and (locking := _waiting(session)):
        ahead = _found(edition_id, session.row(_LOCK_NUMBER + _of_pieces(locking), edition, space, number))
    return ahead or _found(edition_id, session.row(_FIND_NUMBER, space, number, edition))


def find_next(session: Session, edition_id: UUID, space: Space, outlet_id: UUID, now: datetime) -> Found | None:
    """The same with the number an outlet gives next: the one whose hold lapsed first, else the first free one.

    Where rows can be locked it is locked: nobody else is given it meanwhile.
    """
    edition = str(edition_id)
    here = (edition, space, str(outlet_id))
    if ahead := session.ahead.get(here):
        next_one: Found = ahead.pop(next(iter(ahead)))
        return next_one
    sql = _find_next(session.locking)
    return _found(edition_id, session.row(sql, space, *here, stamp(now), *here, edition))


def _waiting(session: Session) -> str:
    """Locks rows once whoever has them is done; nothing where a transaction has all of them to itself."""
    return session.locking.removesuffix(" SKIP LOCKED")


def _of_pieces(locking: str) -> str:
    return locking.replace("UPDATE", "UPDATE OF p")


@cache
def _find_next(locking: str) -> str:
    return _FIND_NEXT.format(locking=locking)


def _found(edition_id: UUID, row: Sequence[Any] | None) -> Found | None:
    if row is None:
        return None
    terms = _terms(edition_id, *row[:10])
    number, piece_id, outlet_id, status, holder, since, until, order_id, version, has_past = row[10:]
    if number is None:
        return terms, None
    return terms, Row(
        number,
        _id(piece_id),
        _id(outlet_id),
        status,
        _id(holder),
        _instant(since),
        _instant(until),
        _id(order_id),
        version,
        bool(has_past),
    )


@lru_cache(maxsize=1024)
def _terms(
    edition_id: UUID,
    product_id: str,
    numbering: Numbering,
    longest_hold_minutes: int,
    on_sale_from: str | None,
    paused_because: str | None,
    closed_because: str | None,
    limited: int,
    closes_at: str | None,
    visitors_only: int,
    set_id: str | None,
) -> Terms:
    return Terms(
        edition_id=edition_id,
        product_id=UUID(product_id),
        numbering=numbering,
        longest_hold=timedelta(minutes=longest_hold_minutes),
        on_sale_from=_instant(on_sale_from),
        paused_because=paused_because,
        closed_because=closed_because,
        limited=bool(limited),
        closes_at=_instant(closes_at),
        visitors_only=bool(visitors_only),
        set_id=_id(set_id),
    )


@lru_cache(maxsize=4096)
def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def any_free(session: Session, edition_id: UUID, space: Space, outlet_id: UUID, now: datetime) -> bool:
    """Whether an outlet has a number nobody has, or whose hold lapsed. Locks nothing: only for looking."""
    here = (str(edition_id), space, str(outlet_id))
    row = session.row(
        f"SELECT 1 WHERE EXISTS (SELECT 1 {_AT_OUTLET} AND status = 'free') "
        f"OR EXISTS (SELECT 1 {_AT_OUTLET} AND status = 'held' AND held_until <= ?)",
        *here,
        *here,
        stamp(now),
    )
    return row is not None


@dataclass(frozen=True, slots=True)
class Remaining:
    """Whether pieces remain that are not sold, here and anywhere, and when the first hold here ends."""

    here: bool
    anywhere: bool
    first_hold_ends: datetime | None


def remaining(session: Session, edition_id: UUID, space: Space, outlet_id: UUID) -> Remaining:
    """One look, in one statement: between two, another process's pieces could change hands unseen."""
    anywhere = "SELECT 1 FROM pieces WHERE edition_id = ? AND space = ? AND status"
    ends = f"SELECT MIN(held_until) {_AT_OUTLET} AND status"
    statuses = ("free", "held", "leased")
    row = session.row(
        "SELECT "
        + ", ".join(f"EXISTS (SELECT 1 {_AT_OUTLET} AND status = '{status}')" for status in statuses)
        + "".join(f", EXISTS ({anywhere} = '{status}')" for status in statuses)
        + f", ({ends} = 'held'), ({ends} = 'leased')",
        *(str(edition_id), space, str(outlet_id)) * 3,
        *(str(edition_id), space) * 3,
        *(str(edition_id), space, str(outlet_id)) * 2,
    )
    assert row is not None
    ends_at = [until for until in row[6:] if until]
    return Remaining(
        here=any(row[:3]),
        anywhere=any(row[3:6]),
        first_hold_ends=datetime.fromisoformat(min(ends_at)) if ends_at else None,
    )


def taken_between(session: Session, edition_id: UUID, space: Space, first: int, last: int, now: datetime) -> int:
    """How many numbers of a range are sold, returned, retired, leased, or on a live hold. Locked where rows can be."""
    row = session.row(
        "WITH run AS (SELECT status, held_until FROM pieces "
        f"WHERE edition_id = ? AND space = ? AND number BETWEEN ? AND ?{_waiting(session)}) "
        "SELECT COUNT(*) FROM run WHERE status IN ('sold', 'returned', 'retired', 'leased') OR status = 'held' AND held_until > ?",
        str(edition_id),
        space,
        first,
        last,
        stamp(now),
    )
    return row[0] if row else 0


def lapsed_between(
    session: Session, edition_id: UUID, space: Space, first: int, last: int, now: datetime
) -> tuple[int, ...]:
    """The numbers of a range whose hold has passed its deadline."""
    rows = session.rows(
        "SELECT number FROM pieces WHERE edition_id = ? AND space = ? AND number BETWEEN ? AND ? "
        "AND status = 'held' AND held_until <= ? ORDER BY number",
        str(edition_id),
        space,
        first,
        last,
        stamp(now),
    )
    return tuple(number for (number,) in rows)


def lapsed_anywhere(session: Session, now: datetime, limit: int) -> list[UUID]:
    """Pieces of any edition whose hold has passed its deadline, and nobody put that on record yet."""
    rows = session.rows(
        "SELECT piece_id FROM pieces WHERE status = 'held' AND held_until <= ? LIMIT ?", stamp(now), limit
    )
    return [UUID(piece_id) for (piece_id,) in rows]


def leases_over_anywhere(session: Session, now: datetime, limit: int) -> list[UUID]:
    """Leases of any edition whose numbers are to come back."""
    rows = session.rows(
        "SELECT DISTINCT holder FROM pieces WHERE status = 'leased' AND held_until <= ? LIMIT ?", stamp(now), limit
    )
    return [UUID(holder) for (holder,) in rows]


def free_numbers(session: Session, edition_id: UUID, space: Space, outlet_id: UUID, limit: int) -> tuple[int, ...]:
    """Numbers nobody has at an outlet, in the order in which they are given. Locked where rows can be."""
    rows = session.rows(
        f"SELECT number {_AT_OUTLET} AND status = 'free' ORDER BY place LIMIT ?{session.locking}",
        str(edition_id),
        space,
        str(outlet_id),
        limit,
    )
    return tuple(number for (number,) in rows)


def leases_over(session: Session, edition_id: UUID, space: Space, outlet_id: UUID, now: datetime) -> list[UUID]:
    """Leases at an outlet whose numbers are to come back."""
    rows = session.rows(
        f"SELECT DISTINCT holder {_AT_OUTLET} AND status = 'leased' AND held_until <= ? ORDER BY holder LIMIT 20",
        str(edition_id),
        space,
        str(outlet_id),
        stamp(now),
    )
    return [UUID(holder) for (holder,) in rows]


def still_leased(session: Session, edition_id: UUID, space: Space, outlet_id: UUID, lease_id: UUID) -> tuple[int, ...]:
    """The numbers of a lease that were not sold. Locked where rows can be."""
    rows = session.rows(
        f"SELECT number {_AT_OUTLET} AND status = 'leased' AND holder = ? ORDER BY number{_waiting(session)}",
        str(edition_id),
        space,
        str(outlet_id),
        str(lease_id),
    )
    return tuple(number for (number,) in rows)


def free_ranges(session: Session, edition_id: UUID, space: Space, outlet_id: UUID) -> list[tuple[int, int]]:
    """The numbers nobody has at an outlet, as ranges without gaps. Counted where they stand, not sent one by one.

    Locked where rows can be.
    """
    if locking := _waiting(session):
        free = f"SELECT 1 {_AT_OUTLET} AND status = 'free'{locking}"
        session.row(f"SELECT COUNT(*) FROM ({free}) AS locked", str(edition_id), space, str(outlet_id))
    rows = session.rows(
        "SELECT MIN(number), MAX(number) FROM ("
        f"SELECT number, number - ROW_NUMBER() OVER (ORDER BY number) AS gap {_AT_OUTLET} AND status = 'free') AS free "
        "GROUP BY gap ORDER BY 1",
        str(edition_id),
        space,
        str(outlet_id),
    )
    return [(first, last) for first, last in rows]


def count_rows(session: Session, edition_id: UUID, space: Space, now: datetime) -> Counter[str]:
    """How many pieces of a run are of each status, counted one by one: exact even within a batch of commands.

    A hold or a lease that is over counts as free.
    """
    rows = session.rows(
        "SELECT CASE WHEN status IN ('held', 'leased') AND held_until <= ? THEN 'free' ELSE status END, COUNT(*) FROM pieces "
        "WHERE edition_id = ? AND space = ? GROUP BY 1",
        stamp(now),
        str(edition_id),
        space,
    )
    return Counter({status: int(pieces) for status, pieces in rows})


def lock(session: Session, edition_id: UUID) -> None:
    """Until this transaction ends, nobody else who locks an edition goes on."""
    session.changed("UPDATE edition_terms SET edition_id = edition_id WHERE edition_id = ?", str(edition_id))


def last_sold(session: Session, edition_id: UUID) -> int:
    """The highest number of the numbered run that is sold; 0 if none is."""
    row = session.row(
        "SELECT COALESCE(MAX(number), 0) FROM pieces WHERE edition_id = ? AND space = 'numbered' AND status = 'sold'",
        str(edition_id),
    )
    return row[0] if row else 0


def sold_to(
    session: Session, edition_id: UUID, after: tuple[Space, int] | None, limit: int
) -> list[tuple[Space, int, UUID]]:
    """Space, number and order of the next pieces that were sold, those on their way back included."""
    space, number = after or ("", 0)
    rows = session.rows(
        "SELECT space, number, order_id FROM pieces WHERE edition_id = ? AND status IN ('sold', 'returned') "
        "AND (space > ? OR (space = ? AND number > ?)) ORDER BY space, number LIMIT ?",
        str(edition_id),
        space,
        space,
        number,
        limit,
    )
    return [(space, number, UUID(order_id)) for space, number, order_id in rows]
