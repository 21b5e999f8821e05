"""Where a log may stand: a new file, its own file again; never a foreign or a damaged one, and those stay untouched."""

import sqlite3
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from jars import Jar, Stickers

from souvenir.eventlog import DamagedDatabase, DatabaseNotReached, EventLog, ForeignDatabase, UnknownStore


def test_a_file_is_found_again_as_it_was_left(sqlite_url):
    jar = uuid4()
    log = EventLog.open(sqlite_url, [Stickers()])
    log.execute(lambda tx: tx.save(Jar.open(jar)))
    log.close()
    log = EventLog.open(sqlite_url, [Stickers()])
    assert log.load(Jar, jar).room == 10
    log.close()


def test_a_foreign_sqlite_file_is_refused_and_untouched(tmp_path: Path):
    path = tmp_path / "accounts.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE accounts (name TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(ForeignDatabase, match="something else"):
        EventLog.open(f"sqlite:///{path}")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["accounts.db"]


def test_a_file_that_is_no_database_is_refused_and_untouched(tmp_path: Path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam, " * 20)
    before = path.read_bytes()
    with pytest.raises(ForeignDatabase):
        EventLog.open(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_damaged_file_is_refused_and_untouched(tmp_path: Path):
    path = tmp_path / "shop.db"
    log = EventLog.open(f"sqlite:///{path}", [Stickers()])
    for _ in range(200):
        log.execute(lambda tx: tx.save(Jar.open(uuid4(), room=0)))
    log.close()
    whole = path.read_bytes()
    damaged = whole[:8192] + b"\xff" * 4096 + whole[12288:]
    path.write_bytes(damaged)
    with pytest.raises(DamagedDatabase, match="backup"):
        EventLog.open(f"sqlite:///{path}")
    assert path.read_bytes() == damaged


def test_a_foreign_postgresql_database_is_refused_and_untouched(postgres_url):
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE accounts (name text)")
    with pytest.raises(ForeignDatabase):
        EventLog.open(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert tables == [("accounts",)]


def test_a_server_that_is_not_there_is_said_to_be_so():
    with pytest.raises(DatabaseNotReached, match="Connection refused"):
        EventLog.open("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")


def test_a_place_where_no_file_can_be_is_said_to_be_so(tmp_path: Path):
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam")
    with pytest.raises(DatabaseNotReached, match="Is a directory"):
        EventLog.open(f"sqlite:///{tmp_path}")
    with pytest.raises(DatabaseNotReached, match="could not be opened"):
        EventLog.open(f"sqlite:///{tmp_path}/letter.txt/shop.db")


def test_a_path_after_two_slashes_is_no_path(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownStore, match="sqlite:///path"):
        EventLog.open("sqlite://shop.db")
    assert list(tmp_path.iterdir()) == []


def test_a_url_that_names_no_store_is_refused_without_its_password():
    with pytest.raises(UnknownStore) as refusal:
        EventLog.open("mysql://root:secret@host/shop")
    assert "secret" not in str(refusal.value)


def test_the_library_itself_reads_the_log(sqlite_url):
    """The tables are the event-sourcing library's own, so its recorders and tools can read them."""
    from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

    log = EventLog.open(sqlite_url)
    log.execute(lambda tx: tx.save(Jar.open(uuid4())))
    recorder = SQLiteApplicationRecorder(SQLiteDatastore(sqlite_url.removeprefix("sqlite:///")))
    (notification,) = recorder.select_notifications(start=1, limit=10)
    assert (notification.id, notification.topic) == (1, "testing.JarOpened")
    recorder.datastore.close()
    log.close()
