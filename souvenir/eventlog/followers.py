"""Followers: views and processes pull the log in batches, and commit their answer together with their position."""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Final

from souvenir.eventlog.log import Busy, EventLog
from souvenir.eventlog.mapper import to_event
from souvenir.eventlog.projection import Process, View
from souvenir.eventlog.stores.store import PlacedEvent
from souvenir.eventlog.transaction import Transaction
from souvenir.kernel.errors import SouvenirError

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.05
"""How soon another process's commits are noticed; this process's own are noticed at once."""

LONGEST_WAIT: Final = 5.0
"""Seconds a reader waits for a view before it is told to come back."""

POSITIONS = (
    "CREATE TABLE IF NOT EXISTS followers "
    "(name TEXT PRIMARY KEY, position BIGINT NOT NULL, generation INTEGER NOT NULL DEFAULT 1)"
)


class ViewBehind(SouvenirError):
    message = "The view {view} is at {position} and has not reached {wanted} yet. Try again shortly."
    view: str
    position: int
    wanted: int


class FollowerStalled(SouvenirError):
    message = (
        "The follower {follower} stopped at position {position}: {reason}. It will go on there once that is mended."
    )
    follower: str
    position: int
    reason: str


class _Overtaken(Exception):
    """Another process moved this follower on; look at its position again."""


class Followers:
    """Keeps the views and processes of one log up to date, in the background or when told to.

    A follower that fails stops at that position and says so; it never skips. Several processes may run the same
    followers: whoever moves a position first wins, the other looks again.
    """

    def __init__(self, log: EventLog, processes: Sequence[Process], views: Sequence[View]) -> None:
        self.log = log
        self.processes = tuple(processes)
        self.views = tuple(views)
        self.stalled: dict[str, FollowerStalled] = {}
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._moved = threading.Condition()
        log.store.prepare((POSITIONS, *(statement for view in self.views for statement in view.ddl)))

    @property
    def all(self) -> tuple[Process | View, ...]:
        return (*self.processes, *self.views)

    def position(self, name: str) -> int:
        """How far a follower has come."""
        with self.log.reading() as session:
            found = session.row("SELECT position FROM followers WHERE name = ?", name)
        return int(found[0]) if found else 0

    def catch_up(self) -> None:
        """Bring everyone to the end of the log, including what the processes add to it on the way.

        Raises FollowerStalled when one cannot go on.
        """
        while any(self._advance(process) for process in self.processes):
            pass
        for view in self.views:
            while self._advance(view):
                pass
        for stalled in self.stalled.values():
            raise stalled

    def wait_for(self, view: Process | View, position: int) -> None:
        """Return once a view or process has reached a position, so that a caller reads what it wrote. Raises ViewBehind."""
        deadline = time.monotonic() + LONGEST_WAIT
        while (reached := self.position(view.name)) < position:
            if self._thread is None:
                while self._advance(view):
                    pass
                if view.name in self.stalled:
                    raise self.stalled[view.name]
            elif time.monotonic() > deadline:
                raise ViewBehind(view=view.name, position=reached, wanted=position)
            else:
                with self._moved:
                    self._moved.wait(POLL_SECONDS)

    def start(self) -> None:
        """Follow the log in a background thread until `stop`."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="souvenir-followers", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop following; what was begun is finished first."""
        if self._thread is not None:
            self._stopping.set()
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stopping.is_set():
            moved = [self._advance(follower) for follower in self.all]
            with self._moved:
                self._moved.notify_all()
            if not any(moved):
                self.log.wait_for_growth(POLL_SECONDS)

    def _advance(self, follower: Process | View) -> bool:
        """Take one batch; True if the follower moved."""
        position = self.position(follower.name)
        try:
            moved = advance(self.log, follower, position)
        except (_Overtaken, Busy):
            return True
        except Exception as error:
            if follower.name not in self.stalled:
                logger.exception("%s stopped at position %s", follower.name, position)
            self.stalled[follower.name] = FollowerStalled(
                follower=follower.name, position=position, reason=f"{type(error).__name__}: {error}"
            )
            return False
        self.stalled.pop(follower.name, None)
        return moved


def advance(log: EventLog, follower: Process | View, position: int) -> bool:
    """Answer the next batch of events after a position, and move the position, in one commit."""
    head = log.head()
    if head <= position:
        return False
    page = log.store.page(position, head, follower.batch, follower.topics)
    reached = page[-1].position if len(page) == follower.batch else head
    log.commit(lambda tx: _answer(tx, follower, page, position, reached))
    return True


def _answer(
    tx: Transaction, follower: Process | View, page: Sequence[PlacedEvent], position: int, reached: int
) -> None:
    _move(tx, follower.name, position, reached)
    session = tx.session
    for at, stream, version, topic, state in page:
        event = to_event(stream, version, topic, state)
        if isinstance(follower, View):
            follower.apply(session, event)
        else:
            tx.answer(at)
            follower.apply(tx, event)


def _move(tx: Transaction, name: str, position: int, reached: int) -> None:
    """Take the step, if nobody else took it: the row is the lock between processes."""
    session = tx.session
    if position == 0:
        session.run("INSERT INTO followers (name, position) VALUES (?, 0) ON CONFLICT (name) DO NOTHING", name)
    moved = session.changed(
        "UPDATE followers SET position = ? WHERE name = ? AND position = ?", reached, name, position
    )
    if not moved:
        raise _Overtaken
