"""The threads in which requests are answered: so many at once, so many waiting, and none for longer than agreed."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import TypeVar

from souvenir.api.faults import Fault

T = TypeVar("T")


class Workers:
    """A bounded pool shared by the endpoints of one process.

    A worker that outlives its request keeps its thread, so runaway requests are still counted.
    """

    def __init__(self, threads: int = 16, waiting: int = 256, timeout_seconds: float = 20.0) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="souvenir-api")
        self._most = threads + waiting
        self._timeout = timeout_seconds
        self._inside = 0
        self._lock = Lock()

    async def run(self, work: Callable[[], T]) -> T:
        """Work in a worker thread; raises Fault 503 when the queue is full or the time is up."""
        with self._lock:
            if self._inside >= self._most:
                raise Fault(503, "BUSY", "Too many requests are waiting. Repeat shortly.", headers={"Retry-After": "1"})
            self._inside += 1
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._pool.submit(self._answer, work, loop, answer)
        timer = loop.call_later(self._timeout, _give_up, answer)
        try:
            return await answer
        finally:
            timer.cancel()

    def close(self) -> None:
        """Let the threads go once they have finished."""
        self._pool.shutdown(wait=False)

    def _answer(self, work: Callable[[], T], loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[T]") -> None:
        """In a worker's thread. A future of the loop by itself costs less than one of the pool that is chained to it."""
        settle: Callable[[], None]
        try:
            settle = partial(answer.set_result, work())
        except BaseException as error:
            settle = partial(answer.set_exception, error)
        with self._lock:
            self._inside -= 1
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_unless_done, answer, settle)


def _unless_done(answer: "asyncio.Future[T]", settle: Callable[[], None]) -> None:
    """Its time may be up already, or its caller gone."""
    if not answer.done():
        settle()


def _give_up(answer: "asyncio.Future[T]") -> None:
    message = "This took too long. It may still be done: repeat it with the same idempotencyKey."
    fault = Fault(503, "TIMEOUT", message, headers={"Retry-After": "1"})
    _unless_done(answer, partial(answer.set_exception, fault))
