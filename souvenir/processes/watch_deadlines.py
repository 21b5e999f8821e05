"""Watch deadlines: a promise not kept, a hold that died, a question left open are acted on by themselves, again and again."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

Step = Callable[[], object]
"""Looks at what is due now and acts on it. May be repeated at any time, after any downtime."""

EVERY_SECONDS: Final = 60
"""Days are what deadlines are counted in; a minute is soon enough."""

logger = logging.getLogger(__name__)


class WatchDeadlines:
    """Takes its steps one after the other, now and every minute. A step that fails is told and tried again."""

    def __init__(self, steps: Sequence[Step], every_seconds: int = EVERY_SECONDS) -> None:
        self._steps = tuple(steps)
        self._every = every_seconds
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def look(self) -> int:
        """Take every step once; answers how many failed. A step that fails does not keep the others."""
        failed = 0
        for step in self._steps:
            try:
                step()
            except Exception:
                failed += 1
                logger.exception("A deadline could not be acted on; it is tried again in %s seconds.", self._every)
        return failed

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
