"""What the log asks of a store: transactions, streams by id, the whole log by position, and plain SQL beside them."""

import operator
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from souvenir.kernel.errors import SouvenirError

Row = tuple[Any, ...]


class StoredEvent(NamedTuple):
    """An event as the store keeps it; `state` is JSON."""

    stream: UUID
    version: int
    topic: str
    state: bytes


class PlacedEvent(NamedTuple):
    """A stored event with its position in the whole log."""

    position: int
    stream: UUID
    version: int
    topic: str
    state: bytes


class UnknownStore(SouvenirError):
    message = "{url!r} names no store. Use sqlite:///path/shop.db, sqlite:// for memory, or postgresql://…."
    url: str


class ForeignDatabase(SouvenirError):
    message = "{place} holds something else than a souvenir log, so it was left as it is. Give the path of a new file."
    place: str


class DatabaseNotReached(SouvenirError):
    message = (
        "{place} could not be opened: {reason}. Check the path or address, the password, and that the server runs."
    )
    place: str
    reason: str


class DamagedDatabase(SouvenirError):
    message = "{place} cannot be read ({reason}), so it was left as it is. Restore it from a backup."
    place: str
    reason: str


class Conflict(Exception):
    """Another writer was first: look again and decide again. Never leaves the log."""


class Session(ABC):
    """SQL in one transaction, in the words both stores share: `?` for parameters, TEXT, BIGINT and INTEGER columns.

    Writes made by `run` are gathered and sent together; any read sends them first.
    """

    locking: ClassVar[str] = ""
    """Append to a SELECT that chooses a scarce row: other transactions skip the row it locks."""

    def __init__(self) -> None:
        self.ahead: dict[Hashable, Any] = {}
        """What was read for commands that have not yet asked for it: see `eventlog/ahead.py`."""
        self._gathered: dict[str, list[Sequence[Any]]] = {}
        self._sums: dict[str, dict[tuple[str, ...], tuple[int, ...]]] = {}

    def run(self, sql: str, *params: Any) -> None:
        """Write, without asking how many rows changed."""
        if self._gathered and (sql not in self._gathered or len(self._gathered) > 1):
            self.flush()
        self.gather(sql, *params)

    def gather(self, sql: str, *params: Any) -> None:
        """Write, after the same statement's earlier writes and before anything else is asked or written.

        For tables that a transaction writes in turn: each is then written at once, whatever their order among themselves.
        """
        self._gathered.setdefault(sql, []).append(params)

    def add(self, sql: str, key: tuple[str, ...], *amounts: int) -> None:
        """Add to the counts under a key. Only the sums are written, by `settle`: once, and in the order of their keys.

        So a count that everybody changes is locked at the end of a transaction only, and never in two orders.
        `sql` takes the key, then the amounts.
        """
        sums = self._sums.setdefault(sql, {})
        before = sums.get(key)
        sums[key] = amounts if before is None else tuple(map(operator.add, before, amounts))

    def settle(self) -> None:
        """Send everything that was gathered, the sums last."""
        self.flush()
        if not self._sums:
            return
        sums, self._sums = self._sums, {}
        for sql, by_key in sorted(sums.items()):
            if by_key:
                self._write(sql, [(*key, *amounts) for key, amounts in sorted(by_key.items())])

    def rows(self, sql: str, *params: Any) -> list[Row]:
        """Every row of a query."""
        self.flush()
        return self._query(sql, params)

    def row(self, sql: str, *params: Any) -> Row | None:
        """The first row of a query, or None."""
        found = self.rows(sql, *params)
        return found[0] if found else None

    def changed(self, sql: str, *params: Any) -> int:
        """Write, and answer how many rows changed."""
        self.flush()
        return self._change(sql, params)

    def flush(self) -> None:
        """Send the gathered writes."""
        if self._gathered:
            gathered, self._gathered = self._gathered, {}
            for statement, many in gathered.items():
                self._write(statement, many)

    @abstractmethod
    def _query(self, sql: str, params: Sequence[Any]) -> list[Row]: ...

    @abstractmethod
    def _change(self, sql: str, params: Sequence[Any]) -> int: ...

    @abstractmethod
    def _write(self, sql: str, many: Sequence[Sequence[Any]]) -> None: ...


class WriteSession(Session):
    """A session that may also append events, and that can undo what one command wrote without undoing the others.

    Between `begin` and `decided` the first write sets a point to go back to; commands that only read, or that write
    only once they have decided, cost none.
    """

    conflicts: ClassVar[tuple[type[Exception], ...]]
    """What the driver raises when another writer was first."""

    def __init__(self) -> None:
        super().__init__()
        self._deciding = False
        self._marked = False
        self._added: list[tuple[str, tuple[str, ...], tuple[int, ...] | None]] = []

    def begin(self) -> None:
        """A command begins; it may yet refuse."""
        self._deciding, self._marked = True, False
        self._added.clear()

    def decided(self) -> None:
        """The command will not refuse any more: what it wrote stays."""
        self._deciding = False
        if self._marked:
            self.flush()
            self._control("RELEASE SAVEPOINT command")

    def undo(self) -> None:
        """The command refused: nothing it wrote or added remains."""
        self._deciding = False
        for sql, key, before in reversed(self._added):
            if before is None:
                del self._sums[sql][key]
            else:
                self._sums[sql][key] = before
        if self._marked:
            self._gathered = {}
            self._control("ROLLBACK TO SAVEPOINT command")

    def gather(self, sql: str, *params: Any) -> None:
        self._mark()
        super().gather(sql, *params)

    def add(self, sql: str, key: tuple[str, ...], *amounts: int) -> None:
        if self._deciding:
            self._added.append((sql, key, self._sums.get(sql, {}).get(key)))
        super().add(sql, key, *amounts)

    def settle(self) -> None:
        assert not self._deciding, (
            "sums belong to the whole transaction: a command that may yet refuse cannot send them"
        )
        super().settle()

    def changed(self, sql: str, *params: Any) -> int:
        self._mark()
        return super().changed(sql, *params)

    def _mark(self) -> None:
        if self._deciding and not self._marked:
            self.flush()  # what earlier commands wrote
            self._marked = True
            self._control("SAVEPOINT command")

    @abstractmethod
    def commit(self) -> None:
        """Send what is left, and wait until all of it is durable."""

    @abstractmethod
    def give_up(self, error: BaseException) -> None:
        """Leave nothing behind; `error` is why."""

    @abstractmethod
    def _control(self, statement: str) -> None: ...

    @abstractmethod
    def stream(self, stream: UUID, until: int | None = None) -> list[StoredEvent]:
        """Every event of one aggregate, oldest first, as this transaction sees them; up to a position, or all."""

    @abstractmethod
    def version(self, stream: UUID) -> int:
        """The version of an aggregate's last event, as this transaction sees it; 0 if there is none."""

    @abstractmethod
    def append(self, events: Sequence[StoredEvent]) -> None:
        """Add events to the log. Raises one of `conflicts`, here or at the commit, if a version is taken."""

    @property
    @abstractmethod
    def position(self) -> int:
        """After the commit: where the last appended event stands in the log; 0 if there was none."""


class Writing:
    """The `with` block of a transaction: commits at its end, or leaves nothing. One at a time per lock.

    A class, and no generator, because every command passes here.
    """

    __slots__ = ("_lock", "_open", "_session")

    def __init__(self, lock: threading.RLock, open: Callable[[], WriteSession]) -> None:
        self._lock = lock
        self._open = open

    def __enter__(self) -> WriteSession:
        self._lock.acquire()
        try:
            self._session = self._open()
        except BaseException:
            self._lock.release()
            raise
        return self._session

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        try:
            if error is None:
                self._session.commit()
        except BaseException as late:
            self._give_up(late)
            raise
        else:
            if error is not None:
                self._give_up(error)
        finally:
            self._lock.release()

    def _give_up(self, error: BaseException) -> None:
        self._session.give_up(error)
        if isinstance(error, self._session.conflicts):
            raise Conflict(str(error)) from error


class Store(ABC):
    """One database with one log in it."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[WriteSession]:
        """A transaction that commits at the end of the block, or leaves nothing. One at a time per process.

        Raises Conflict where the commit or a statement met another writer's.
        """

    @abstractmethod
    def reading(self) -> AbstractContextManager[Session]:
        """A consistent view of what is committed."""

    @abstractmethod
    def rows(self, sql: str, *params: Any) -> list[Row]:
        """The answer to one question by itself, which needs no transaction to be consistent."""

    def row(self, sql: str, *params: Any) -> Row | None:
        """As `rows`, for a question that is answered in no time: one row by its key, or None."""
        found = self.rows(sql, *params)
        return found[0] if found else None

    @abstractmethod
    def stream(self, stream: UUID) -> list[StoredEvent]:
        """Every committed event of one aggregate, oldest first."""

    @abstractmethod
    def head(self) -> int:
        """A position up to which the log is complete: no event at or below it can still appear."""

    @abstractmethod
    def page(self, after: int, until: int, limit: int, topics: Sequence[str] = ()) -> list[PlacedEvent]:
        """Events with `after` < position ≤ `until`, of the given topics or of all, in order, at most `limit`."""

    def states(self, after: int, until: int, limit: int, topic: str) -> list[tuple[int, bytes]]:
        """Position and JSON alone of events of one topic, in order, for a fold that needs nothing else."""
        return [(event.position, event.state) for event in self.page(after, until, limit, (topic,))]

    @abstractmethod
    def prepare(self, ddl: Iterable[str]) -> None:
        """Create tables and indexes that are not there yet."""

    @abstractmethod
    def close(self) -> None: ...
