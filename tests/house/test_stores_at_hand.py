"""The stores that tests ask for are there, empty, and apart from each other."""

import sqlite3

import psycopg


def test_every_kind_of_store_has_a_url(store_url: str) -> None:
    assert store_url.startswith(("sqlite://", "postgresql://"))


def test_a_postgresql_database_starts_empty_and_speaks_utf8(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE vase (name text)")
        connection.execute("INSERT INTO vase VALUES ('珐琅瓶')")
        assert connection.execute("SELECT name FROM vase").fetchall() == [("珐琅瓶",)]


def test_the_next_test_finds_nothing_of_it(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT to_regclass('vase')").fetchone() == (None,)


def test_durable_commits_are_durable(durable_postgres_url: str) -> None:
    with psycopg.connect(durable_postgres_url) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_an_sqlite_file_does_not_exist_before_it_is_opened(sqlite_url: str) -> None:
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    connection.close()
