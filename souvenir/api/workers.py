"""The threads in which requests are answered: so many at once, so many waiting, and none for longer than agreed."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
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
        job = self._pool.submit(work)
        job.add_done_callback(self._left)
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.wrap_future(job)
        except TimeoutError:
            message = "This took too long. It may still be done: repeat it with the same idempotencyKey."
            raise Fault(503, "TIMEOUT", message, headers={"Retry-After": "1"}) from None

    def close(self) -> None:
        """Let the threads go once they have finished."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _left(self, _: Future[T]) -> None:
        with self._lock:
            self._inside -= 1
