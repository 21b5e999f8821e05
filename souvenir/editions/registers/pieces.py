"""Where every piece is and who may have it: rows that decide scarcity in the transaction that takes a piece."""

import hmac
from functools import lru_cache
from typing import Final, Literal, get_args
from uuid import UUID

from souvenir.editions.counts import LARGEST_SIZE
from souvenir.editions.edition import Edition
from souvenir.editions.lease import Lease
from souvenir.editions.piece import Piece
from souvenir.eventlog import Register, Session, when
from souvenir.kernel.aggregate import Aggregate, Event
from souvenir.kernel.clock import stamp

Status = Literal["free", "held", "sold", "returned", "reserved", "retired", "leased"]
STATUSES: Final = get_args(Status)

Key = tuple[str, str, int]
"""Edition, space and number."""

MOST_KEYS: Final = 20_000
"""Pieces whose numbers are kept in mind."""

SHUFFLED_AT_ONCE: Final = 1_000
"""Places written in one statement."""

_OF_KEY: Final = "WHERE edition_id = ? AND space = ? AND number = ?"
_PUT: Final = (
    "INSERT INTO pieces (edition_id, space, number, place, piece_id, status, holder, held_since, held_until, order_id, "
    "version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (edition_id, space, number) DO UPDATE SET "
    "piece_id = excluded.piece_id, version = excluded.version, "
    + ", ".join(
        f"{column} = CASE WHEN excluded.version = 1 THEN pieces.{column} ELSE excluded.{column} END"
        for column in ("status", "holder", "held_since", "held_until", "order_id")
    )
)
"""Whatever became of a piece: one statement, so that many are sent together. Being opened (version 1) changes nothing else."""
_COUNT_RANGE: Final = (
    "SELECT COALESCE(outlet_id, ''), status, COUNT(*) FROM pieces "
    "WHERE edition_id = ? AND space = ? AND number BETWEEN ? AND ?"
)
_ADD: Final = (
    f"INSERT INTO piece_counts (edition_id, space, outlet_id, {', '.join(STATUSES)}) "
    f"VALUES (?, ?, ?{', ?' * len(STATUSES)}) ON CONFLICT (edition_id, space, outlet_id) DO UPDATE SET "
    + ", ".join(f"{status} = piece_counts.{status} + excluded.{status}" for status in STATUSES)
)


_AT_ONE_PLACE: Final = (Piece.Held, Piece.Sold, Piece.HoldReleased, Piece.HoldLapsed)
"""What happens to a piece where it lies, if the event says where that is."""


class PieceRegister(Register):
    """One row per allotted piece, how many there are of each status at each outlet, and the terms of each edition.

    `place` is the order in which pieces are given: their number, or where numbers are random, a shuffle.
    """

    name = "pieces"
    tables = ("pieces", "piece_counts", "edition_terms")
    ddl = (
        "CREATE TABLE IF NOT EXISTS pieces ("
        "edition_id TEXT NOT NULL, space TEXT NOT NULL, number INTEGER NOT NULL, place BIGINT NOT NULL, piece_id TEXT, "
        "outlet_id TEXT, status TEXT NOT NULL, holder TEXT, held_since TEXT, held_until TEXT, order_id TEXT, "
        "version INTEGER NOT NULL DEFAULT 0, has_past INTEGER NOT NULL DEFAULT 0, "
        "PRIMARY KEY (edition_id, space, number))",
        "CREATE INDEX IF NOT EXISTS pieces_free ON pieces (edition_id, space, outlet_id, place) WHERE status = 'free'",
        "CREATE INDEX IF NOT EXISTS pieces_held ON pieces (edition_id, space, outlet_id, held_until) "
        "WHERE status = 'held'",
        "CREATE INDEX IF NOT EXISTS pieces_leased ON pieces (edition_id, space, outlet_id, held_until) "
        "WHERE status = 'leased'",
        "CREATE UNIQUE INDEX IF NOT EXISTS pieces_by_id ON pieces (piece_id)",
        "CREATE TABLE IF NOT EXISTS piece_counts (edition_id TEXT NOT NULL, space TEXT NOT NULL, "
        "outlet_id TEXT NOT NULL, "
        + ", ".join(f"{status} INTEGER NOT NULL" for status in STATUSES)
        + ", PRIMARY KEY (edition_id, space, outlet_id))",
        "CREATE TABLE IF NOT EXISTS edition_terms (edition_id TEXT PRIMARY KEY, product_id TEXT NOT NULL, "
        "numbering TEXT NOT NULL, longest_hold_minutes INTEGER NOT NULL, on_sale_from TEXT, paused_because TEXT, "
        "closed_because TEXT, limited INTEGER NOT NULL DEFAULT 0, closes_at TEXT, "
        "visitors_only INTEGER NOT NULL DEFAULT 0, set_id TEXT)",
    )

    # The terms of an edition.

    @when(Edition.Declared)
    def _declared(self, session: Session, event: Edition.Declared) -> None:
        session.run(
            "INSERT INTO edition_terms (edition_id, product_id, numbering, longest_hold_minutes, closes_at, "
            "visitors_only) VALUES (?, ?, ?, ?, ?, ?)",
            str(event.originator_id),
            str(event.product_id),
            event.numbering,
            event.longest_hold_minutes,
            stamp(event.window.closes_at) if event.window else None,
            int(event.visitors_only),
        )

    @when(Edition.JoinedSet)
    def _joined_set(self, session: Session, event: Edition.JoinedSet) -> None:
        self._agree(session, event, "set_id", str(event.set_id))

    @when(Edition.Released)
    def _released(self, session: Session, event: Edition.Released) -> None:
        self._agree(session, event, "on_sale_from", stamp(event.on_sale_from))

    @when(Edition.Paused)
    def _paused(self, session: Session, event: Edition.Paused) -> None:
        self._agree(session, event, "paused_because", event.reason)

    @when(Edition.Resumed)
    def _resumed(self, session: Session, event: Edition.Resumed) -> None:
        self._agree(session, event, "paused_because", None)

    @when(Edition.Closed)
    def _closed(self, session: Session, event: Edition.Closed) -> None:
        self._agree(session, event, "closed_because", event.reason)

    @when(Edition.Limited)
    def _limited(self, session: Session, event: Edition.Limited) -> None:
        session.run(
            "UPDATE edition_terms SET limited = ? WHERE edition_id = ?",
            int(bool(event.limits.by_kind)),
            str(event.originator_id),
        )

    def _agree(self, session: Session, event: Aggregate.Event, term: str, value: str | None) -> None:
        session.run(f"UPDATE edition_terms SET {term} = ? WHERE edition_id = ?", value, str(event.originator_id))

    # Where numbers may be sold.

    @when(Edition.Allotted)
    def _allotted(self, session: Session, event: Edition.Allotted) -> None:
        edition, outlet = str(event.originator_id), str(event.outlet_id)
        run = (edition, event.space, event.first, event.last)
        known = session.rows(f"{_COUNT_RANGE} GROUP BY 1, 2", *run)
        session.run(
            "INSERT INTO pieces (edition_id, space, number, place, outlet_id, status) "
            "WITH RECURSIVE run (number) AS (SELECT CAST(? AS INTEGER) "
            "UNION ALL SELECT number + 1 FROM run WHERE number < CAST(? AS INTEGER)) "
            "SELECT CAST(? AS TEXT), CAST(? AS TEXT), number, number, CAST(? AS TEXT), 'free' FROM run WHERE true "
            "ON CONFLICT (edition_id, space, number) DO UPDATE SET outlet_id = excluded.outlet_id",
            event.first,
            event.last,
            edition,
            event.space,
            outlet,
        )
        kept = sum(
            session.changed(
                "UPDATE pieces SET status = 'reserved' "
                "WHERE edition_id = ? AND space = ? AND number = ? AND status = 'free'",
                edition,
                event.space,
                number,
            )
            for number in event.reserved
        )
        if event.shuffle:
            _shuffle(session, event)
        retired = sum(pieces for _, _, pieces in known)
        free = event.last - event.first + 1 - kept - retired
        _count(session, edition, event.space, outlet, free=free, reserved=kept, retired=retired)
        if retired:
            _count(session, edition, event.space, "", retired=-retired)

    @when(Edition.SizeFixed, Edition.SizeReduced)
    def _size_fixed(self, session: Session, event: Edition.SizeFixed | Edition.SizeReduced) -> None:
        """What was opened beyond the size was never made."""
        beyond = (str(event.originator_id), "numbered", event.size + 1, LARGEST_SIZE)
        for outlet, status, pieces in session.rows(f"{_COUNT_RANGE} GROUP BY 1, 2", *beyond):
            _count(session, beyond[0], beyond[1], outlet, **{status: -pieces})
        session.run("DELETE FROM pieces WHERE edition_id = ? AND space = ? AND number BETWEEN ? AND ?", *beyond)

    @when(Edition.Moved)
    def _moved(self, session: Session, event: Edition.Moved) -> None:
        edition = str(event.originator_id)
        run = (edition, event.space, event.first, event.last)
        for outlet, status, pieces in session.rows(f"{_COUNT_RANGE} GROUP BY 1, 2", *run):
            _count(session, edition, event.space, outlet, **{status: -pieces})
            _count(session, edition, event.space, str(event.to_outlet), **{status: pieces})
        session.run(
            "UPDATE pieces SET outlet_id = ? WHERE edition_id = ? AND space = ? AND number BETWEEN ? AND ?",
            str(event.to_outlet),
            *run,
        )

    # What becomes of a piece.

    @when(Piece.Opened)
    def _opened(self, session: Session, event: Piece.Opened) -> None:
        """It is opened to be held, sold or retired, which is its next event and writes the row."""
        self._remember(event.originator_id, (str(event.edition_id), event.space, event.number))

    @when(Piece.Held)
    def _held(self, session: Session, event: Piece.Held) -> None:
        key = self._key(session, event)
        self._put(session, event, key, "held", (str(event.holder), stamp(event.since), stamp(event.until)))
        _count(session, key[0], key[1], event.outlet_id, free=-1, held=1)

    @when(Piece.HoldExtended)
    def _extended(self, session: Session, event: Piece.HoldExtended) -> None:
        session.run(
            f"UPDATE pieces SET held_until = ?, version = ? {_OF_KEY}",
            stamp(event.until),
            event.originator_version,
            *self._key(session, event),
        )

    @when(Piece.HoldReleased, Piece.HoldLapsed)
    def _let_go(self, session: Session, event: Piece.HoldReleased | Piece.HoldLapsed) -> None:
        self._set(session, event, "held", "free", event.outlet_id)

    @when(Piece.Sold)
    def _sold(self, session: Session, event: Piece.Sold) -> None:
        before: Status = "leased" if event.lease_id else "held" if event.holder else "free"
        self._set(session, event, before, "sold", event.outlet_id, str(event.order_id))

    @when(Piece.Returned)
    def _returned(self, session: Session, event: Piece.Returned) -> None:
        self._set(session, event, "sold", "returned", order_id=str(event.order_id))
        session.run(f"UPDATE pieces SET has_past = 1 {_OF_KEY}", *self._key(session, event))

    @when(Piece.Replaced)
    def _replaced(self, session: Session, event: Piece.Replaced) -> None:
        session.run(
            f"UPDATE pieces SET has_past = 1, version = ? {_OF_KEY}",
            event.originator_version,
            *self._key(session, event),
        )

    @when(Piece.PutBack)
    def _put_back(self, session: Session, event: Piece.PutBack) -> None:
        self._set(session, event, "returned", "free")

    @when(Piece.Retired)
    def _retired(self, session: Session, event: Piece.Retired) -> None:
        self._set(session, event, None, "retired")

    def _set(
        self,
        session: Session,
        event: Aggregate.Event,
        before: Status | None,
        status: Status,
        outlet_id: UUID | None = None,
        order_id: str | None = None,
    ) -> None:
        """Change a piece's status and both counts. What the event does not say is read from the row."""
        key = edition, space, _ = self._key(session, event)
        outlet = str(outlet_id) if outlet_id else None
        if before is None or outlet is None:
            row = session.row(f"SELECT outlet_id, status FROM pieces {_OF_KEY}", *key)
            outlet, before = row or (None, "free")  # a number that was never allotted has no row yet
        if outlet:
            _count(session, edition, space, outlet, **{before: -1, status: 1})
        else:
            _count(session, edition, space, "", **{status: 1})
        self._put(session, event, key, status, order_id=order_id)

    def _put(
        self,
        session: Session,
        event: Event,
        key: Key,
        status: Status,
        hold: tuple[str | None, str | None, str | None] = (None, None, None),
        order_id: str | None = None,
    ) -> None:
        session.run(_PUT, *key, key[2], str(event.originator_id), status, *hold, order_id, event.originator_version)

    # Numbers a device has to itself.

    @when(Lease.Granted)
    def _leased(self, session: Session, event: Lease.Granted) -> None:
        key = (str(event.edition_id), event.space)
        for number in event.numbers:
            session.run(
                f"UPDATE pieces SET status = 'leased', holder = ?, held_until = ? {_OF_KEY}",
                str(event.originator_id),
                stamp(event.back_at),
                *key,
                number,
            )
        _count(session, *key, event.outlet_id, free=-len(event.numbers), leased=len(event.numbers))

    @when(Lease.Ended)
    def _lease_ended(self, session: Session, event: Lease.Ended) -> None:
        for number in event.back:
            row = session.row(
                "SELECT edition_id, space, outlet_id FROM pieces WHERE holder = ? AND number = ? AND status = 'leased'",
                str(event.originator_id),
                number,
            )
            assert row is not None, "what comes back was leased"
            session.run(
                f"UPDATE pieces SET status = 'free', holder = NULL, held_until = NULL {_OF_KEY}", *row[:2], number
            )
            _count(session, *row, leased=-1, free=1)

    def apply(self, session: Session, event: Event) -> None:
        """Write what the event means; what was read ahead of it is out of date."""
        if session.ahead:
            self._forget(session, event)
        super().apply(session, event)

    def _forget(self, session: Session, event: Event) -> None:
        if isinstance(event, _AT_ONE_PLACE) and event.outlet_id is not None:
            edition, space, number = key = self._key(session, event)
            session.ahead.pop(key, None)
            session.ahead.get((edition, space, str(event.outlet_id)), {}).pop(number, None)
        elif type(event) in self.handlers and not isinstance(event, Piece.Opened):
            session.ahead.clear()

    # A piece is found by its number; its events know only its id. Which number an id is of never changes.

    def __init__(self) -> None:
        self._keys: dict[UUID, Key] = {}

    def _key(self, session: Session, event: Aggregate.Event) -> Key:
        known = self._keys.get(event.originator_id)
        if known is None:
            row = session.row(
                "SELECT edition_id, space, number FROM pieces WHERE piece_id = ?", str(event.originator_id)
            )
            assert row is not None, "a piece that was opened has its row"
            known = (row[0], row[1], row[2])
            self._remember(event.originator_id, known)
        return known

    def _remember(self, piece_id: UUID, key: Key) -> None:
        if len(self._keys) >= MOST_KEYS:
            del self._keys[next(iter(self._keys))]  # the oldest
        self._keys[piece_id] = key


def _count(session: Session, edition_id: str, space: str, outlet_id: object, **changes: int) -> None:
    """Change how many pieces of each status an outlet has; "" stands for no outlet."""
    session.add(_ADD, (edition_id, space, str(outlet_id)), *_by_status(*changes.items()))


@lru_cache(maxsize=1024)
def _by_status(*changes: tuple[str, int]) -> tuple[int, ...]:
    known = dict(changes)
    return tuple(known.get(status, 0) for status in STATUSES)


def _shuffle(session: Session, event: Edition.Allotted) -> None:
    """Give the numbers of an allotment their places by chance: HMAC-SHA-256 under a key drawn when it was allotted.

    A piece that comes back keeps its place, so letting a number go is no way to draw a better one.
    """
    key = bytes.fromhex(event.shuffle)
    for first in range(event.first, event.last + 1, SHUFFLED_AT_ONCE):
        some = range(first, min(first + SHUFFLED_AT_ONCE, event.last + 1))
        places = [(n, int.from_bytes(hmac.digest(key, b"%d" % n, "sha256")[:7], "big")) for n in some]
        session.run(
            "UPDATE pieces SET place = shuffled.column2 FROM (VALUES "
            + ", ".join(f"({number}, {place})" for number, place in places)
            + ") AS shuffled WHERE edition_id = ? AND space = ? AND number = shuffled.column1",
            str(event.originator_id),
            event.space,
        )
