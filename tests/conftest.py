"""What every test may ask for: a store of each kind, a PostgreSQL server of our own, a database nobody else touches."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from own_postgresql import DURABLE, FAST, database, server

settings.register_profile("souvenir", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("souvenir")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The connection URL of a PostgreSQL server that lives as long as this test run.

    It trades durability for speed: tests that measure commits, or pull the plug, use `durable_postgres_server`.
    """
    with server(*FAST) as url:
        yield url


@pytest.fixture(scope="session")
def durable_postgres_server() -> Iterator[str]:
    """The same with durable commits, as users run it."""
    with server(*DURABLE) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this test's own."""
    with database(postgres_server) as url:
        yield url


@pytest.fixture
def durable_postgres_url(durable_postgres_server: str) -> Iterator[str]:
    """The URL of an empty database whose commits survive a power cut."""
    with database(durable_postgres_server) as url:
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
