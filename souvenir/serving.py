"""Serving: uvicorn around a shop's API, in the foreground or beside what else the process does."""

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import uvicorn

from souvenir.shop import Shop

if TYPE_CHECKING:
    from starlette.applications import Starlette

STARTS_WITHIN: Final = 10.0
COLLECT_AFTER: Final = (20_000, 20, 20)
"""How much may be allocated before the collector looks for garbage cycles; Python's own 700 is for small programs."""


def serve(app: "Starlette", host: str, port: int) -> None:
    """Serve a shop's API until interrupted."""
    server = uvicorn.Server(_configuration(app, host, port))
    spare_the_collector()
    server.run()


@contextmanager
def served(shop: Shop, port: int = 0, *, graphiql: bool = False) -> Iterator[str]:
    """Serve on the loopback interface for the length of a block; gives the address. Port 0 takes a free one."""
    server = uvicorn.Server(_configuration(shop.asgi(graphiql=graphiql), "127.0.0.1", port))
    thread = threading.Thread(target=server.run, name="souvenir-http", daemon=True)
    spare_the_collector()
    thread.start()
    deadline = time.monotonic() + STARTS_WITHIN
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise OSError(f"port {port} could not be opened")
        time.sleep(0.01)
    try:
        bound = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{bound}"
    finally:
        server.should_exit = True
        thread.join()


def spare_the_collector() -> None:
    """Tell it that what is loaded by now stays: schemas and classes are most of the process, and never garbage.

    A third more sales a second. Who mounts the API in a server of their own may call it once everything is loaded,
    after a `gc.collect()` if that has left garbage.
    """
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def _configuration(app: "Starlette", host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False, lifespan="on")
