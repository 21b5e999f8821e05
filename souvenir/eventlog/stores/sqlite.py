"""A log in one SQLite file, or in memory: one writer at a time, durable at every commit."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteDatastore

from souvenir.eventlog.stores.store import (
    DamagedDatabase,
    DatabaseNotReached,
    ForeignDatabase,
    PlacedEvent,
    Row,
    Session,
    Store,
    StoredEvent,
    WriteSession,
    Writing,
)

APPLICATION_ID = 0x50554D31
"""Marks the file as a souvenir log (PRAGMA application_id), so that a foreign file is recognised and left alone."""

CHECKED_UP_TO = 64 * 2**20
"""Bytes up to which a file is checked page by page when it is opened."""

LOCK_TIMEOUT = 30
"""Seconds to wait for another process's transaction."""

CACHE_KIB = 16 * 1024
"""How much of the file each connection may keep in memory."""

CHECKPOINT_PAGES = 4000
"""Pages the write-ahead log holds before they are moved to the file: 16 MB, each page once."""

PREPARED_STATEMENTS = 512
"""Statements each connection keeps ready."""

_SELECT_STREAM = (
    "SELECT originator_version, topic, state FROM stored_events WHERE originator_id = ? ORDER BY originator_version"
)
_SELECT_VERSION = "SELECT MAX(originator_version) FROM stored_events WHERE originator_id = ?"
_SELECT_PAST = _SELECT_STREAM.replace("ORDER", "AND rowid <= ? ORDER")
_SELECT_STATES = (
    "SELECT rowid, state FROM stored_events WHERE rowid > ? AND rowid <= ? AND topic = ? ORDER BY rowid LIMIT ?"
)
_INSERT = "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?)"


class SqliteSession(WriteSession):
    conflicts = (sqlite3.IntegrityError,)

    def __init__(self, connection: sqlite3.Connection, opening: str = "") -> None:
        """`opening` begins a transaction with the first statement, if there ever is one."""
        super().__init__()
        self._connection = connection
        self._opening = opening
        self._position = 0

    def _begin(self) -> None:
        if self._opening:
            opening, self._opening = self._opening, ""
            self._connection.execute(opening)

    def _execute(self, sql: str, params: Sequence[Any] = ()) -> sqlite3.Cursor:
        if self._opening:
            self._begin()
        return self._connection.execute(sql, params)

    def _query(self, sql: str, params: Sequence[Any]) -> list[Row]:
        return self._execute(sql, params).fetchall()

    def _change(self, sql: str, params: Sequence[Any]) -> int:
        return self._execute(sql, params).rowcount

    def _write(self, sql: str, many: Sequence[Sequence[Any]]) -> None:
        self._execute(sql, many[0])
        if len(many) > 1:
            self._connection.executemany(sql, many[1:])

    def _control(self, statement: str) -> None:
        self._execute(statement)

    def stream(self, stream: UUID, until: int | None = None) -> list[StoredEvent]:
        asked = (_SELECT_STREAM, (stream.hex,)) if until is None else (_SELECT_PAST, (stream.hex, until))
        return [StoredEvent(stream, *row) for row in self._execute(*asked).fetchall()]

    def version(self, stream: UUID) -> int:
        ((version,),) = self._execute(_SELECT_VERSION, (stream.hex,)).fetchall()
        return version or 0

    def append(self, events: Sequence[StoredEvent]) -> None:
        """Add events. A single one, when nothing was read or written before it, is a transaction by itself."""
        rows = [(stream.hex, version, topic, state) for stream, version, topic, state in events]
        if len(rows) > 1:
            self._begin()
            self._connection.executemany(_INSERT, rows[:-1])
        self._position = self._connection.execute(_INSERT, rows[-1]).lastrowid or 0

    @property
    def position(self) -> int:
        return self._position

    def commit(self) -> None:
        self.flush()
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")

    def give_up(self, error: BaseException) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


class SqliteStore(Store):
    """The library's own table of stored events, with registers and views beside it in the same file."""

    def __init__(self, path: Path | None) -> None:
        """Open or create the file at `path`; None keeps everything in memory."""
        self._in_memory = path is None
        if path is not None:
            try:
                _check_is_ours_or_new(path)
            except (OSError, sqlite3.OperationalError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                raise DatabaseNotReached(place=str(path), reason=reason) from error
        self._place = ":memory:" if path is None else path.absolute().as_uri()
        self._datastore = SQLiteDatastore(self._place)
        self._writer = self._connect()
        self._lock = threading.RLock()
        self._readers: list[sqlite3.Connection] = []
        self._create_log()

    def _connect(self) -> sqlite3.Connection:
        """A connection of our own, not of the library's pool: that one keeps a single prepared statement (9.5.6)."""
        connection = sqlite3.connect(
            self._place, LOCK_TIMEOUT, isolation_level=None, check_same_thread=False,
            cached_statements=PREPARED_STATEMENTS, uri=True,
        )  # fmt: skip
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = {-CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        return connection

    def _create_log(self) -> None:
        recorder = SQLiteApplicationRecorder(self._datastore)
        with self.writing() as session:
            assert isinstance(session, SqliteSession)
            recorder._create_table(SQLiteCursor(session._connection.cursor()))

    def writing(self) -> Writing:
        return Writing(self._lock, self._begin)

    def _begin(self) -> SqliteSession:
        return SqliteSession(self._writer, "BEGIN IMMEDIATE")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        if self._in_memory:
            with self._lock:
                yield SqliteSession(self._writer)
            return
        connection = self._borrow()
        try:
            connection.execute("BEGIN")
            yield SqliteSession(connection)
        finally:
            connection.execute("ROLLBACK")
            self._readers.append(connection)

    def rows(self, sql: str, *params: Any) -> list[Row]:
        if self._in_memory:
            with self._lock:
                return self._writer.execute(sql, params).fetchall()
        connection = self._borrow()
        try:
            return connection.execute(sql, params).fetchall()
        finally:
            self._readers.append(connection)

    def row(self, sql: str, *params: Any) -> Row | None:
        """While nobody writes, the writer's connection is asked: it need not read anew what it wrote itself."""
        if not self._lock.acquire(blocking=False):
            return super().row(sql, *params)
        try:
            if self._writer.in_transaction:  # this very thread's, who asks what is committed
                return super().row(sql, *params)
            found = self._writer.execute(sql, params).fetchall()
            return found[0] if found else None
        finally:
            self._lock.release()

    def _borrow(self) -> sqlite3.Connection:
        with suppress(IndexError):
            return self._readers.pop()
        return self._connect()

    def stream(self, stream: UUID) -> list[StoredEvent]:
        return [StoredEvent(stream, *row) for row in self.rows(_SELECT_STREAM, stream.hex)]

    def head(self) -> int:
        ((head,),) = self.rows("SELECT MAX(rowid) FROM stored_events")
        return head or 0

    def page(self, after: int, until: int, limit: int, topics: Sequence[str] = ()) -> list[PlacedEvent]:
        of_topics = f"AND topic IN ({','.join('?' * len(topics))})" if topics else ""
        found = self.rows(
            "SELECT rowid, originator_id, originator_version, topic, state FROM stored_events "
            f"WHERE rowid > ? AND rowid <= ? {of_topics} ORDER BY rowid LIMIT ?",
            after,
            until,
            *topics,
            limit,
        )
        return [PlacedEvent(row[0], UUID(row[1]), row[2], row[3], row[4]) for row in found]

    def states(self, after: int, until: int, limit: int, topic: str) -> list[tuple[int, bytes]]:
        return cast(list[tuple[int, bytes]], self.rows(_SELECT_STATES, after, until, topic, limit))

    def prepare(self, ddl: Iterable[str]) -> None:
        with self.writing() as session:
            for statement in ddl:
                session.run(statement)

    def close(self) -> None:
        for connection in (*self._readers, self._writer):
            connection.close()
        self._readers.clear()
        self._datastore.close()


def _check_is_ours_or_new(path: Path) -> None:
    """Look without touching: a file that is not a souvenir log, or cannot be read as one, is refused."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.stat().st_size == 0:
        _stamp(path)
        return
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(b"SQLite format 3\0") or int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise ForeignDatabase(place=str(path))
    if path.stat().st_size > CHECKED_UP_TO:
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            (check,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise DamagedDatabase(place=str(path), reason=str(error)) from None
    if check != "ok":
        raise DamagedDatabase(place=str(path), reason=check.splitlines()[-1])


def _stamp(path: Path) -> None:
    """Mark a new file as ours before anything else is in it, so that a crash cannot leave it unmarked."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA journal_mode = WAL")
