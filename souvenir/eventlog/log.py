"""The log itself: commands that arrive together commit together, and each hears its own answer."""

import asyncio
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from souvenir.eventlog.ahead import Ahead, fetch_all
from souvenir.eventlog.command import Command, CommandKey, next_key
from souvenir.eventlog.mapper import to_event
from souvenir.eventlog.projection import Register
from souvenir.eventlog.stores.store import Conflict, PlacedEvent, Row, Session, Store, UnknownStore
from souvenir.eventlog.transaction import Batch, Recorded, Shared, Transaction, replay
from souvenir.kernel.aggregate import Aggregate, Event
from souvenir.kernel.errors import NotFound, SouvenirError

T = TypeVar("T")
A = TypeVar("A", bound=Aggregate)

LARGEST_BATCH: Final = 256
"""Commands in one transaction."""

LONGEST_QUEUE: Final = 4096
"""Commands that may wait; the next one is told to come back."""

ATTEMPTS: Final = 8
"""How often a command is decided anew after meeting another process's writes."""

FIRST_PAUSE: Final = 0.001
"""Seconds to wait at most before the second attempt; each further pause may be twice as long."""


class Busy(SouvenirError):
    message = "Too many commands are waiting. Try again in {retry_after_ms} ms."
    retry_after_ms: int


class Contended(SouvenirError):
    message = "Others changed the same things {attempts} times while this command was deciding. Try again."
    attempts: int


@dataclass(frozen=True, slots=True)
class Committed(Generic[T]):
    """A command's result, the log position at which it is durable, and whether it had been carried out before."""

    result: T
    position: int
    replayed: bool = False


class _Job:
    """One waiting command: the caller sleeps on `wake` until it is done, or until it is its turn to lead.

    A caller in asyncio awaits `future` instead, and never leads.
    """

    __slots__ = ("ahead", "command", "done", "error", "future", "key", "position", "replayed", "result", "wake")

    def __init__(
        self, command: Callable[[Transaction], Any], key: CommandKey | None, ahead: Sequence[Ahead] = ()
    ) -> None:
        self.command = command
        self.key = key
        self.ahead = ahead
        self.result: Any = None
        self.error: BaseException | None = None
        self.position = 0
        self.replayed = False
        self.done = False
        self.wake: threading.Lock | None = None
        self.future: asyncio.Future[None] | None = None

    def must_wait(self) -> threading.Lock:
        """Somebody else leads: this one's caller will sleep until this is released."""
        self.wake = threading.Lock()
        self.wake.acquire()
        return self.wake

    def rouse(self) -> None:
        """Wake the caller, if it sleeps."""
        if self.wake is not None:
            self.wake.release()

    def answer(self) -> Committed[Any]:
        """What the caller hears."""
        if self.error is not None:
            raise self.error
        return Committed(self.result, self.position, self.replayed)

    def run(self, tx: Transaction) -> None:
        """Decide within a transaction. A command whose key was carried out before only repeats its answer."""
        if self.key is None:
            self.result = self.command(tx)
            return
        before = tx.find(Command, self.key.stream)
        self.replayed = before is not None
        if before is not None:
            self.result = before.result_for(self.key)
        else:
            self.result = self.command(tx)
            tx.save(Command.handled(self.key, self.result))


class EventLog:
    """One log of events with the registers that are written with it."""

    def __init__(self, store: Store, registers: Sequence[Register] = ()) -> None:
        self.store = store
        self.registers = tuple(registers)
        self._by_event: dict[type[Event], list[Register]] = {}
        for register in self.registers:
            for event_type in register.handlers:
                self._by_event.setdefault(event_type, []).append(register)
        store.prepare(statement for register in self.registers for statement in register.ddl)
        self._shared = Shared()
        self._mutex = threading.Lock()
        self._queue: deque[_Job] = deque()
        self._led = False
        self._leader: int | None = None
        self._writer: threading.Thread | None = None
        self._writer_wanted = threading.Semaphore(0)
        self._closed = False
        self._grown = threading.Event()
        self.carried_out = 0
        """Commands so far, in this process."""

    @classmethod
    def open(cls, url: str, registers: Sequence[Register] = ()) -> "EventLog":
        """Open the log at a URL: sqlite:///path, sqlite:// (memory) or postgresql://…. Creates what is missing.

        Raises UnknownStore, DatabaseNotReached, ForeignDatabase or DamagedDatabase, and then leaves what is there untouched.
        """
        return cls(open_store(url), registers)

    def execute(
        self, command: Callable[[Transaction], T], key: CommandKey | None = None, ahead: Sequence[Ahead] = ()
    ) -> Committed[T]:
        """Carry out one command durably: what it saved is committed, with its registers, before this returns.

        Commands that arrive while a commit is under way are carried out together in the next one, first come first
        served. A refusal raised by the command reaches this caller only, and leaves nothing behind.
        Without a key of its own it takes the next one of the enclosing `keyed` block, if there is one. `ahead` says
        what it will read, so that commands carried out together read it together.
        Raises Busy when too many wait, Contended when other processes kept winning.
        """
        return self.commit(command, key or next_key(), ahead)

    def commit(
        self, command: Callable[[Transaction], T], key: CommandKey | None = None, ahead: Sequence[Ahead] = ()
    ) -> Committed[T]:
        """As `execute`, under exactly this key, or none: for what is not the caller's command, such as following."""
        assert self._leader != threading.get_ident(), (
            "a command carries out no other: give it what it needs in its own tx"
        )
        job = _Job(command, key, ahead)
        with self._mutex:
            if self._led:
                self._queue_up(job)
                waits = job.must_wait()
            else:  # then nobody waits either
                self._led, waits = True, None
        if waits is None:
            self._lead(job, [job])
        else:
            waits.acquire()
            if not job.done:
                self._lead(job)
        return job.answer()

    async def perform(
        self, command: Callable[[Transaction], T], key: CommandKey | None = None, ahead: Sequence[Ahead] = ()
    ) -> Committed[T]:
        """As `execute`, for callers in asyncio: one thread carries out what they all ask, and wakes them together."""
        loop = asyncio.get_running_loop()
        job = _Job(command, key or next_key(), ahead)
        job.future = loop.create_future()
        with self._mutex:
            self._queue_up(job)
            leads, self._led = not self._led, True
        if leads:  # once everybody who is ready in this turn of the loop has queued up
            loop.call_soon(self._let_writer_lead)
        await job.future
        return job.answer()

    def find(self, cls: type[A], id: UUID) -> A | None:
        """An aggregate as of now, to look at, or None if it never came to be."""
        aggregate = replay([to_event(*event) for event in self.store.stream(id)])
        if aggregate is not None and not isinstance(aggregate, cls):
            raise NotFound(kind=cls.__name__, id=str(id))
        return aggregate

    def load(self, cls: type[A], id: UUID) -> A:
        """An aggregate as of now, to look at. Raises NotFound."""
        found = self.find(cls, id)
        if found is None:
            raise NotFound(kind=cls.__name__, id=str(id))
        return found

    def reading(self) -> AbstractContextManager[Session]:
        """A session for questions to registers and views."""
        return self.store.reading()

    def rows(self, sql: str, *params: Any) -> list[Row]:
        """Every row of one question that stands by itself; several that must agree are asked while `reading`."""
        return self.store.rows(sql, *params)

    def row(self, sql: str, *params: Any) -> Row | None:
        """One row by its key, or None."""
        return self.store.row(sql, *params)

    def head(self) -> int:
        """The position up to which the log is complete."""
        return self.store.head()

    def stored(
        self, after: int = 0, until: int | None = None, topics: Sequence[str] = (), page: int = 5000
    ) -> Iterator[PlacedEvent]:
        """Events as they are stored, in order, page by page."""
        until = self.head() if until is None else until
        while rows := self.store.page(after, until, page, topics):
            yield from rows
            after = rows[-1].position

    def states(self, topic: str, page: int = 5000) -> Iterator[bytes]:
        """The stored JSON of every event of one topic, in order: the quickest way to fold all of them."""
        after, until = 0, self.head()
        while rows := self.store.states(after, until, page, topic):
            for _, state in rows:
                yield state
            after = rows[-1][0]

    def events(self, after: int = 0, until: int | None = None, topics: Sequence[str] = ()) -> Iterator[Recorded]:
        """Events in order, decoded."""
        for position, stream, version, topic, state in self.stored(after, until, topics):
            yield Recorded(position, to_event(stream, version, topic, state))

    def wait_for_growth(self, seconds: float) -> None:
        """Sleep until this process commits something more than when it last slept, or for so many seconds."""
        self._grown.wait(seconds)
        self._grown.clear()

    def close(self) -> None:
        """Let go of the database; what was begun is finished first."""
        if self._writer is not None:
            self._closed = True
            self._writer_wanted.release()
            self._writer.join()
        self.store.close()

    # The writer.

    def _queue_up(self, job: _Job) -> None:
        """Take a place at the end. Under the mutex."""
        if len(self._queue) >= LONGEST_QUEUE:
            raise Busy(retry_after_ms=250)
        self._queue.append(job)

    def _let_writer_lead(self) -> None:
        """Wake the thread that leads for callers in asyncio, who cannot."""
        if self._writer is None:
            self._writer = threading.Thread(target=self._write, name="souvenir-writer", daemon=True)
            self._writer.start()
        self._writer_wanted.release()

    def _write(self) -> None:
        while self._writer_wanted.acquire() and not self._closed:
            self._lead()

    def _lead(self, own: _Job | None = None, first: Sequence[_Job] = ()) -> None:
        """Carry out commands, these first and then the oldest that wait, until the own one is done or none waits.

        Then hand over to the next in line.
        """
        self._leader = threading.get_ident()
        jobs = first
        try:
            while jobs := jobs or self._oldest():
                self._carry_out(jobs)
                if own is not None and own.done:
                    break
                jobs = ()
        finally:
            self._leader = None
            with self._mutex:
                self._led = bool(self._queue)
                heir = self._queue[0] if self._queue else None
            if heir is None:
                pass
            elif heir.future is None:
                heir.rouse()
            else:
                self._let_writer_lead()

    def _oldest(self) -> list[_Job]:
        with self._mutex:
            return [self._queue.popleft() for _ in range(min(len(self._queue), LARGEST_BATCH))]

    def _carry_out(self, jobs: Sequence[_Job]) -> None:
        """Try all in one transaction; where that meets another process's writes, one by one."""
        try:
            self._commit(jobs)
        except Conflict:
            for job in jobs:
                self._carry_out_alone(job)
        except BaseException as error:
            for job in jobs:
                job.error = error
        for job in jobs:
            job.done = True
            job.rouse()
        if futures := [job.future for job in jobs if job.future is not None]:
            _rouse(futures)
        self.carried_out += len(jobs)
        if not self._grown.is_set():
            self._grown.set()

    def _carry_out_alone(self, job: _Job) -> None:
        for attempt in range(ATTEMPTS):
            job.error = None
            try:
                return self._commit([job])
            except Conflict:
                time.sleep(random.uniform(0, FIRST_PAUSE * 2**attempt))  # noqa: S311  whoever else retries, retries apart
            except BaseException as error:
                job.error = error
                return None
        job.error = Contended(attempts=ATTEMPTS)
        return None

    def _commit(self, jobs: Sequence[_Job]) -> None:
        with self.store.writing() as session:
            batch = Batch(session, self._project, self._shared)
            if len(jobs) > 1:
                fetch_all(session, (one for job in jobs for one in job.ahead))
            for job in jobs:
                tx = Transaction(batch)
                try:
                    job.run(tx)
                except session.conflicts as error:
                    raise Conflict(str(error)) from error
                except Exception as error:
                    job.error = error
                    tx.undo()
                else:
                    self._keep(tx, alone=len(jobs) == 1)
            batch.append()
        position = session.position
        for job in jobs:
            job.position = position

    def _keep(self, tx: Transaction, alone: bool) -> None:
        """Nothing of a command is kept if a register cannot take it in; its neighbours are then decided anew."""
        try:
            tx.keep()
        except Exception as error:
            if alone:
                raise
            raise Conflict(str(error)) from error

    def _project(self, session: Session, event: Event) -> None:
        for register in self._by_event.get(type(event), ()):
            register.apply(session, event)


def _rouse(futures: Sequence[asyncio.Future[None]]) -> None:
    """Wake callers in asyncio, those of one loop together."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for future in futures:
        by_loop.setdefault(future.get_loop(), []).append(future)
    for loop, waiting in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, waiting)


def _settle(futures: Sequence[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():  # its caller may have stopped waiting
            future.set_result(None)


def open_store(url: str) -> Store:
    """The store a URL names; its driver is imported only when asked for."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and (not rest or rest.startswith("/")):
        from souvenir.eventlog.stores.sqlite import SqliteStore

        return SqliteStore(Path(rest[1:]) if rest else None)
    if scheme in ("postgresql", "postgres"):
        from souvenir.eventlog.stores.postgresql import PostgresStore

        return PostgresStore(url)
    raise UnknownStore(url=url.split("@")[-1])
