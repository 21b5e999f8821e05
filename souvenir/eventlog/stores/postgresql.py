"""A log on PostgreSQL: several processes write at once, and no follower can step over an event still to come.

Positions are drawn from a sequence, so a later position may commit before an earlier one. Writers therefore hold a
shared advisory lock from before they draw a position until they commit; `head` takes the same lock exclusively for an
instant, which waits until no writer is in between, and so reads a position below which nothing can still appear.
"""

import re
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from itertools import chain, islice
from typing import Any, cast
from uuid import UUID

import psycopg
from eventsourcing.postgres import ConnectionPool, PostgresApplicationRecorder, PostgresDatastore
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row, tuple_row

from souvenir.eventlog.stores.store import (
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

WRITING = zlib.crc32(b"souvenir.writing")
"""The advisory lock that writers share and `head` takes alone."""

CREATING = zlib.crc32(b"souvenir.creating")
"""The advisory lock under which tables are created."""

READERS = 8
"""Connections for reading; one more writes."""

_SELECT_STREAM = (
    "SELECT originator_version, topic, state FROM stored_events WHERE originator_id = %s ORDER BY originator_version"
)
_SELECT_STATES = (
    "SELECT notification_id, state FROM stored_events WHERE notification_id > %s AND notification_id <= %s "
    "AND topic = %s ORDER BY notification_id LIMIT %s"
)
_SELECT_VERSION = "SELECT MAX(originator_version) FROM stored_events WHERE originator_id = %s"
_SELECT_PAST = _SELECT_STREAM.replace("ORDER", "AND notification_id <= %s ORDER")
_LOCK = f"SELECT pg_advisory_xact_lock_shared({WRITING})"
_ROWS = re.compile(r"^INSERT INTO [^()]+(?:\([^()]+\) )?VALUES (\(\?(?:, \?)*\))$")
"""A statement that only adds a row: many of them go as one."""
_TOGETHER = 100
"""Rows added by one statement."""
_FEW = 16
"""Events written as one VALUES list; more go as arrays."""


@lru_cache(maxsize=2 * _FEW + 2)
def _insert(events: int, locked: bool) -> str:
    """The statement that appends so many events; `locked` takes the writers' lock in it.

    As one statement it is one transaction by itself. A position is drawn for a row only once both sides of the join
    have given theirs, so only under the lock.
    """
    few = "(VALUES " + ", ".join(["(%s::uuid, %s::bigint, %s::text, %s::bytea)"] * events) + ")"
    source = few if events <= _FEW else "unnest(%s::uuid[], %s::bigint[], %s::text[], %s::bytea[])"
    lock = f"({_LOCK}) AS locked, " if locked else ""
    return (
        "INSERT INTO stored_events (originator_id, originator_version, topic, state) "
        f"SELECT events.* FROM {lock}{source} AS events RETURNING notification_id"
    )


def batched(rows: Sequence[Sequence[Any]], size: int) -> Iterator[list[Sequence[Any]]]:
    """Rows, so many at a time."""
    remaining = iter(rows)
    while some := list(islice(remaining, size)):
        yield some


@lru_cache(maxsize=4096)
def _native(sql: str) -> str:
    """The store's own way to mark parameters."""
    return sql.replace("%", "%%").replace("?", "%s")


class PostgresSession(WriteSession):
    locking = " FOR UPDATE SKIP LOCKED"
    conflicts = (
        psycopg.errors.IntegrityError,
        psycopg.errors.SerializationFailure,
        psycopg.errors.DeadlockDetected,
    )

    def __init__(self, connection: Connection[Row], opening: str = "", guarded: bool = False) -> None:
        """`opening` begins a transaction, taking the writers' lock if `guarded`; a reader needs neither."""
        super().__init__()
        self._connection = connection
        self._opening = opening
        self._guarded = guarded
        self._stack = ExitStack()
        self._pipeline: psycopg.Pipeline | None = None
        self._cursor = connection.cursor(row_factory=tuple_row)
        self._inserted: psycopg.Cursor[Row] | None = None

    def _begin(self) -> None:
        """Begin the transaction, and the pipeline that carries it, with its first statement."""
        if self._opening:
            opening, self._opening = self._opening, ""
            self._pipeline = self._stack.enter_context(self._connection.pipeline())
            for statement in opening.split(";"):
                self._cursor.execute(cast(Any, statement))

    def _execute(self, sql: str, params: Sequence[Any] = ()) -> psycopg.Cursor[Row]:
        self._begin()
        return self._cursor.execute(cast(Any, sql), params or None)

    def _query(self, sql: str, params: Sequence[Any]) -> list[Row]:
        return self._execute(_native(sql), params).fetchall()

    def _change(self, sql: str, params: Sequence[Any]) -> int:
        cursor = self._execute(_native(sql), params)
        if self._pipeline is not None:
            self._pipeline.sync()
        return cursor.rowcount

    def _write(self, sql: str, many: Sequence[Sequence[Any]]) -> None:
        if len(many) == 1:
            self._execute(_native(sql), many[0])
            return
        self._begin()
        rows = _ROWS.search(sql)
        if rows is None:
            self._cursor.executemany(_native(sql), many)
            return
        for some in batched(many, _TOGETHER):
            together = sql + f", {rows.group(1)}" * (len(some) - 1)
            self._cursor.execute(cast(Any, _native(together)), list(chain.from_iterable(some)))

    def _control(self, statement: str) -> None:
        self._execute(statement)

    def stream(self, stream: UUID, until: int | None = None) -> list[StoredEvent]:
        asked = (_SELECT_STREAM, (stream,)) if until is None else (_SELECT_PAST, (stream, until))
        return [StoredEvent(stream, *row) for row in self._execute(*asked).fetchall()]

    def version(self, stream: UUID) -> int:
        ((version,),) = self._execute(_SELECT_VERSION, (stream,)).fetchall()
        return version or 0

    def append(self, events: Sequence[StoredEvent]) -> None:
        self.flush()
        alone = self._opening != ""
        few = len(events) <= _FEW
        params = list(chain.from_iterable(events)) if few else [list(column) for column in zip(*events, strict=True)]
        self._inserted = self._cursor if alone else self._connection.cursor(row_factory=tuple_row)
        statement = _insert(len(events) if few else _FEW + 1, locked=alone and self._guarded)
        self._inserted.execute(cast(Any, statement), params, prepare=True)

    @property
    def position(self) -> int:
        return max(position for (position,) in self._inserted.fetchall()) if self._inserted else 0

    def commit(self) -> None:
        self.flush()
        with self._stack:
            if self._pipeline is not None:
                self._cursor.execute("COMMIT")

    def give_up(self, error: BaseException) -> None:
        with suppress(psycopg.Error):
            self._stack.__exit__(type(error), error, error.__traceback__)
        with suppress(psycopg.Error):
            self._connection.rollback()


class _Datastore(PostgresDatastore):
    """The library's datastore, opened with everything a connection URL can say."""

    def __init__(self, url: str) -> None:
        super().__init__(dbname="", host="", port="", user="", password="")
        self.pool = ConnectionPool(
            url,
            connection_class=Connection[Any],
            kwargs={"row_factory": dict_row},
            min_size=1,
            max_size=READERS + 2,
            open=False,
            configure=self.after_connect_func(),
        )


class PostgresStore(Store):
    """The library's own table of stored events, with registers and views beside it in the same database."""

    guarded = True
    """Whether writers and `head` take the advisory lock. Switched off only by the test that shows why they must."""

    def __init__(self, url: str) -> None:
        self._place = "the database " + str(conninfo_to_dict(url).get("dbname", ""))
        self._datastore = _Datastore(url)
        self._lock = threading.RLock()
        self._writer: Connection[Any] | None = None
        try:
            psycopg.connect(url).close()  # says why not, and at once: the pool would try for half a minute
            with self._datastore.get_connection():
                pass
        except Exception as error:
            self._datastore.close()
            raise DatabaseNotReached(place=self._place, reason=str(error).splitlines()[0].rstrip(".")) from error
        self._create_log()

    @contextmanager
    def _connection(self) -> Iterator[Connection[Row]]:
        with self._datastore.pool.connection() as connection:
            yield cast(Connection[Row], connection)

    def _create_log(self) -> None:
        with self._connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (CREATING,))
            try:
                if not self._is_ours_or_empty(cursor):
                    raise ForeignDatabase(place=self._place)
                PostgresApplicationRecorder(self._datastore).create_table()
                cursor.execute("CREATE TABLE IF NOT EXISTS souvenir_log (format INTEGER PRIMARY KEY)")
                cursor.execute("INSERT INTO souvenir_log VALUES (1) ON CONFLICT DO NOTHING")
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", (CREATING,))

    @staticmethod
    def _is_ours_or_empty(cursor: psycopg.Cursor[Row]) -> bool:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
        tables = {name for (name,) in cursor.fetchall()}
        return not tables or "souvenir_log" in tables

    def writing(self) -> Writing:
        return Writing(self._lock, self._begin)

    def _begin(self) -> PostgresSession:
        return PostgresSession(self._writing_connection(), self._opening, self.guarded)

    def _writing_connection(self) -> Connection[Row]:
        """The one connection that writes; a new one if it was lost."""
        if self._writer is None or self._writer.closed:
            if self._writer is not None:
                self._datastore.pool.putconn(self._writer)
            self._writer = self._datastore.pool.getconn()
        return cast(Connection[Row], self._writer)

    @property
    def _opening(self) -> str:
        return f"BEGIN;{_LOCK}" if self.guarded else "BEGIN"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self._connection() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield PostgresSession(connection)

    def rows(self, sql: str, *params: Any) -> list[Row]:
        with self._connection() as connection:
            return PostgresSession(connection).rows(sql, *params)

    def stream(self, stream: UUID) -> list[StoredEvent]:
        with self._connection() as connection:
            return PostgresSession(connection).stream(stream)

    def head(self) -> int:
        with self._connection() as connection, connection.transaction():
            if self.guarded:
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (WRITING,))
            found = PostgresSession(connection).row("SELECT MAX(notification_id) FROM stored_events")
        return found[0] or 0 if found else 0

    def page(self, after: int, until: int, limit: int, topics: Sequence[str] = ()) -> list[PlacedEvent]:
        of_topics = "AND topic = ANY(?)" if topics else ""
        params = (after, until, list(topics), limit) if topics else (after, until, limit)
        found = self.rows(
            "SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events "
            f"WHERE notification_id > ? AND notification_id <= ? {of_topics} ORDER BY notification_id LIMIT ?",
            *params,
        )
        return [PlacedEvent(*row) for row in found]

    def states(self, after: int, until: int, limit: int, topic: str) -> list[tuple[int, bytes]]:
        with self._connection() as connection, connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            found = cursor.execute(_SELECT_STATES, (after, until, topic, limit)).fetchall()
        return cast(list[tuple[int, bytes]], found)

    def prepare(self, ddl: Iterable[str]) -> None:
        with self._connection() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (CREATING,))
            for statement in ddl:
                connection.execute(cast(Any, statement))

    def close(self) -> None:
        if self._writer is not None:
            self._datastore.pool.putconn(self._writer)
            self._writer = None
        self._datastore.close()
