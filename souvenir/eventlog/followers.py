"""Followers: views and processes pull the log in batches, and commit their answer together with their position."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from souvenir.eventlog.log import Busy, EventLog
from souvenir.eventlog.mapper import to_event
from souvenir.eventlog.projection import Process, View
from souvenir.eventlog.stores.store import PlacedEvent
from souvenir.eventlog.transaction import Past, Recorded, Transaction
from souvenir.kernel.aggregate import Event
from souvenir.kernel.errors import SouvenirError

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.05
"""How soon another process's commits are noticed; this process's own are noticed at once."""

LINGER_SECONDS: Final = 0.1
"""How long to let commits gather before following them, unless somebody is waiting to read what they wrote."""

COMMANDS_FIRST: Final = 3
"""While commands keep coming, they have the writer so many times as long as followers."""

NOT_FAR: Final = 50_000
"""Events behind up to which followers move together; further back each goes alone, in batches of its own events."""

SMALL_STEP: Final = 200
"""Events that followers who move together answer in one commit."""

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
        self._more = False
        self._thread: threading.Thread | None = None
        self._steps = 0
        self._stopping = threading.Event()
        self._wanted = threading.Event()
        self._moved = threading.Condition()
        log.store.prepare((POSITIONS, *(statement for view in self.views for statement in view.ddl)))

    @property
    def all(self) -> tuple[Process | View, ...]:
        return (*self.processes, *self.views)

    def positions(self) -> dict[str, int]:
        """How far each follower has come, by name; those that never moved are missing."""
        return dict(self.log.rows("SELECT name, position FROM followers"))

    def position(self, name: str) -> int:
        """How far a follower has come."""
        found = self.log.row("SELECT position FROM followers WHERE name = ?", name)
        return int(found[0]) if found else 0

    def catch_up(self) -> None:
        """Bring everyone to the end of the log, including what the processes add to it on the way.

        Raises FollowerStalled when one cannot go on.
        """
        while self._move(self.processes):
            pass
        while self._move(self.views):
            pass
        for stalled in self.stalled.values():
            raise stalled

    def wait_for(self, follower: View | Process, position: int) -> None:
        """Return once a follower has reached a position, so that a caller reads what it wrote. Raises ViewBehind."""
        deadline = time.monotonic() + LONGEST_WAIT
        while (reached := self.position(follower.name)) < position:
            if self._thread is None and self._move([follower]):
                continue
            if follower.name in self.stalled:
                raise self.stalled[follower.name]
            if time.monotonic() > deadline:
                raise ViewBehind(view=follower.name, position=reached, wanted=position)
            self._wanted.set()
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
            self._wanted.set()
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        commands = 0
        while not self._stopping.is_set():
            self._wanted.clear()
            begun = time.monotonic()
            moved = self._move(self.all)
            before, commands = commands, self.log.carried_out - self._steps
            pause = COMMANDS_FIRST * (time.monotonic() - begun) if commands > before else 0.0
            with self._moved:
                self._moved.notify_all()
            if not moved:
                self.log.wait_for_growth(POLL_SECONDS)
            self._wanted.wait(pause if self._more else max(LINGER_SECONDS, pause))

    def _move(self, followers: Sequence[Process | View]) -> bool:
        """Take one step with each follower that is behind: in one commit where none is far behind, else each alone."""
        self._more = False
        head, positions = self.log.head(), self.positions()
        behind = {follower: positions.get(follower.name, 0) for follower in followers}
        behind = {follower: position for follower, position in behind.items() if position < head}
        if len(behind) > 1 and head - min(behind.values()) <= NOT_FAR and self._move_together(behind, head):
            return True
        moved = [self._take(Step.alone(self.log, follower, position, head)) for follower, position in behind.items()]
        return any(moved)

    def _move_together(self, behind: dict[Process | View, int], head: int) -> bool:
        """Bring all to the end of the slowest one's next page; False if one of them cannot go on."""
        page = Page(self.log.store.page(min(behind.values()), head, SMALL_STEP), whole=True)
        self._more = len(page.stored) == SMALL_STEP
        reached = page.stored[-1].position if self._more else head
        steps = [Step(follower, position, page, reached) for follower, position in behind.items() if position < reached]

        def together(tx: Transaction) -> None:
            for step in steps:
                step.take(tx)

        self._steps += 1
        try:
            self.log.commit(together)
        except Exception:  # which of them it is shows when each goes alone
            return False
        for step in steps:
            self.stalled.pop(step.follower.name, None)
        return True

    def _take(self, step: "Step") -> bool:
        """Take one follower's step alone; True if it moved, or if another process moved it meanwhile."""
        name = step.follower.name
        self._steps += 1
        try:
            self.log.commit(step.take)
        except (_Overtaken, Busy):
            return True
        except Exception as error:
            if name not in self.stalled:
                logger.exception("%s stopped at position %s", name, step.position)
            reason = f"{type(error).__name__}: {error}"
            self.stalled[name] = FollowerStalled(follower=name, position=step.position, reason=reason)
            return False
        self.stalled.pop(name, None)
        return True


class Page:
    """Some events of the log as they are stored, each decoded once for everyone who follows it."""

    def __init__(self, stored: Sequence[PlacedEvent], whole: bool) -> None:
        """`whole` if no event between the first and the last is left out."""
        self.stored = stored
        self.past: defaultdict[int, Past] = defaultdict(dict)
        """What was read of the log as it stood at each position."""
        self._decoded: dict[int, Event] = {}
        self._streams: dict[UUID, list[PlacedEvent]] = {}
        for placed in stored if whole else ():
            self._streams.setdefault(placed.stream, []).append(placed)

    def after(self, position: int, topics: Collection[str]) -> Iterator[Recorded]:
        """Those after a position, of some topics, in order."""
        for placed in self.stored:
            if placed.position > position and placed.topic in topics:
                yield Recorded(placed.position, self._event(placed))

    def history(self, stream: UUID, until: int) -> list[Event] | None:
        """An aggregate's events up to a position; None if they do not all stand on this page."""
        begun = self._streams.get(stream)
        if begun is None or begun[0].version != 1:
            return None
        return [self._event(placed) for placed in begun if placed.position <= until]

    def _event(self, placed: PlacedEvent) -> Event:
        event = self._decoded.get(placed.position)
        if event is None:
            _, stream, version, topic, state = placed
            event = self._decoded[placed.position] = to_event(stream, version, topic, state)
        return event


@dataclass(frozen=True, slots=True)
class Step:
    """A follower's next batch of events, and the position it will have reached with them."""

    follower: Process | View
    position: int
    page: Page
    reached: int

    @classmethod
    def alone(cls, log: EventLog, follower: Process | View, position: int, head: int) -> Self:
        """Its next events, read for it alone."""
        page = log.store.page(position, head, follower.batch, follower.topics)
        return cls(
            follower, position, Page(page, whole=False), page[-1].position if len(page) == follower.batch else head
        )

    def take(self, tx: Transaction) -> None:
        """Move the position and answer the events, in one transaction."""
        _move(tx, self.follower.name, self.position, self.reached)
        for recorded in self.page.after(self.position, self.follower.topics):
            if isinstance(self.follower, View):
                self.follower.apply(tx.session, recorded.event)
            else:
                tx.answer(recorded.position, self.page.history, self.page.past[recorded.position])
                self.follower.apply(tx, recorded.event)


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
