"""Watch deadlines: what is due is acted on by itself, again and again; what could not be done is on a list, and why."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError

Step = Callable[[], object]
"""Looks at what is due now and acts on it. May be repeated at any time, after any downtime."""

EVERY_SECONDS: Final = 60
"""Days are what deadlines are counted in; a minute is soon enough."""

MOST_STALLED: Final = 1_000
"""Things listed that could not be acted on; how many more there were is only logged."""

logger = logging.getLogger(__name__)

Matter = tuple[str, UUID | None]
"""What is due: its kind, and whose; or a whole step, by its name."""


@dataclass(frozen=True, slots=True)
class Stalled:
    """Something due that could not be acted on when it was last looked at."""

    kind: str
    about: UUID | None
    since: datetime
    """When this process first found it so; it has been tried in every round since."""
    code: str
    why: str


_hindrances: ContextVar[dict[Matter, Exception] | None] = ContextVar("hindrances", default=None)


@contextmanager
def trying(kind: str, about: UUID) -> Iterator[None]:
    """Act on one thing that is due. What refuses now is noted for the list, tried again, and holds up no other."""
    try:
        yield
    except SouvenirError as refusal:
        found = _hindrances.get()
        if found is not None:
            found[kind, about] = refusal


class WatchDeadlines:
    """Takes its steps one after the other, now and every minute. A step that fails is told and tried again."""

    def __init__(self, steps: Sequence[Step], every_seconds: int = EVERY_SECONDS) -> None:
        self._steps = tuple(steps)
        self._every = every_seconds
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self.stalled: tuple[Stalled, ...] = ()
        """What could not be acted on in the last round, the longest stalled first."""

    def look(self) -> int:
        """Take every step once; answers how many failed. A step that fails does not keep the others."""
        failed, found = 0, dict[Matter, Exception]()
        noting = _hindrances.set(found)
        try:
            for step in self._steps:
                try:
                    step()
                except Exception as error:
                    failed += 1
                    found[getattr(step, "__qualname__", "step"), None] = error
                    logger.exception("A deadline could not be acted on; it is tried again in %s seconds.", self._every)
        finally:
            _hindrances.reset(noting)
        self._keep(found)
        return failed

    def _keep(self, found: dict[Matter, Exception]) -> None:
        """List what was found, and log what is new of it: by id and code, so that nobody's data is in a log."""
        known = {(one.kind, one.about, one.code): one.since for one in self.stalled}
        now, listed = clock.now(), []
        for (kind, about), error in found.items():
            code = error.code if isinstance(error, SouvenirError) else type(error).__name__
            since = known.get((kind, about, code))
            if since is None and about is not None:
                logger.warning("The deadline of %s %s could not be acted on: %s.", kind, about, code)
            why = str(error) if isinstance(error, SouvenirError) else "See the log of the program."
            listed.append(Stalled(kind, about, since or now, code, why))
        listed.sort(key=lambda one: one.since)
        if len(listed) > MOST_STALLED:
            logger.warning("%s more deadlines could not be acted on.", len(listed) - MOST_STALLED)
        self.stalled = tuple(listed[:MOST_STALLED])

    def start(self) -> None:
        """Watch in the background until stopped; starting twice is starting once."""
        if self._thread is None:
            self._stopped.clear()
            self._thread = threading.Thread(target=self._run, name="souvenir-deadlines", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Finish the step under way, and watch no more."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            self.look()
