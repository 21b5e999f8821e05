"""The threads in which requests are answered: so many at once, so many waiting, and none for longer than agreed."""

import asyncio
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from souvenir.api.http.faults import Fault

T = TypeVar("T")
Settle = Callable[[], None]
"""Gives a request its answer, in the loop that waits for it."""


class Workers:
    """A bounded pool shared by the endpoints of one process.

    A worker that outlives its request keeps its thread, so runaway requests are still counted. A pool of the standard
    library would make a future with a lock of its own for every request, and wake the loop for each.
    """

    def __init__(self, threads: int = 16, waiting: int = 256, timeout_seconds: float = 20.0) -> None:
        self._most_threads = threads
        self._most = threads + waiting
        self._timeout = timeout_seconds
        self._wanted: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = 0
        self._inside = 0
        self._settled: dict[asyncio.AbstractEventLoop, list[Settle]] = {}
        self._lock = Lock()

    async def run(self, work: Callable[[], T]) -> T:
        """Work in a worker thread; raises Fault 503 when the queue is full or the time is up."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        with self._lock:
            if self._inside >= self._most:
                raise Fault(503, "BUSY", "Too many requests are waiting. Repeat shortly.", headers={"Retry-After": "1"})
            self._inside += 1
            if self._threads < min(self._inside, self._most_threads):
                self._threads += 1
                Thread(target=self._serve, name=f"souvenir-api-{self._threads}", daemon=True).start()
        self._wanted.put(partial(self._answer, work, loop, answer))
        timer = loop.call_later(self._timeout, _give_up, answer)
        try:
            return await answer
        finally:
            timer.cancel()

    def close(self) -> None:
        """Let the threads go once they have finished what is asked."""
        with self._lock:
            threads, self._threads = self._threads, 0
        for _ in range(threads):
            self._wanted.put(None)

    # In a worker's thread.

    def _serve(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            wanted()

    def _answer(self, work: Callable[[], T], loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[T]") -> None:
        settle: Settle
        try:
            settle = partial(_unless_done, answer, answer.set_result, work())
        except BaseException as error:
            settle = partial(_unless_done, answer, answer.set_exception, error)
        with self._lock:
            self._inside -= 1
            awake = loop in self._settled
            self._settled.setdefault(loop, []).append(settle)
        if not awake:
            try:
                loop.call_soon_threadsafe(self._settle, loop)
            except RuntimeError:  # the loop is closed: nobody waits any more
                self._settled.pop(loop, None)

    # In the loop.

    def _settle(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            settled = self._settled.pop(loop)
        for settle in settled:
            settle()


def _unless_done(answer: "asyncio.Future[T]", settle: Callable[[Any], None], with_: Any) -> None:
    """Its time may be up already, or its caller gone."""
    if not answer.done():
        settle(with_)


def _give_up(answer: "asyncio.Future[Any]") -> None:
    message = "This took too long. It may still be done: repeat it with the same idempotencyKey."
    fault = Fault(503, "TIMEOUT", message, headers={"Retry-After": "1"})
    _unless_done(answer, answer.set_exception, fault)
