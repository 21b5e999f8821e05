"""Where wrapped keys live: one small SQLite file apart from the log, in which a destroyed key leaves no bytes."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from souvenir.eventlog.stores.store import DamagedDatabase, ForeignDatabase
from souvenir.kernel.sealing import WrappedKey

APPLICATION_ID: Final = 0x53564B31
"""Marks the file as a souvenir key store (PRAGMA application_id)."""

LOCK_TIMEOUT: Final = 30
"""Seconds to wait for another process's transaction."""

MOST_AT_ONCE: Final = 500
"""Keys asked for in one statement."""

_DDL = (
    """CREATE TABLE IF NOT EXISTS wrapped_keys (
        id TEXT PRIMARY KEY, subject TEXT NOT NULL, purpose TEXT NOT NULL, version INTEGER NOT NULL,
        wrapped BLOB NOT NULL, UNIQUE (subject, purpose, version))""",
    "CREATE TABLE IF NOT EXISTS destroyed_keys (id TEXT PRIMARY KEY, subject TEXT NOT NULL, purpose TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS forgotten (subject TEXT NOT NULL, purpose TEXT NOT NULL, PRIMARY KEY (subject, purpose))",
    """CREATE TABLE IF NOT EXISTS blind_index (
        purpose TEXT NOT NULL, hash TEXT NOT NULL, subject TEXT NOT NULL, PRIMARY KEY (purpose, hash, subject))""",
    """CREATE VIEW IF NOT EXISTS living_keys AS
        SELECT id, subject, purpose, version, wrapped FROM wrapped_keys AS k
        WHERE id NOT IN (SELECT id FROM destroyed_keys) AND NOT EXISTS
        (SELECT 1 FROM forgotten AS f WHERE f.subject = k.subject AND f.purpose = k.purpose)""",
    "CREATE INDEX IF NOT EXISTS blind_index_by_subject ON blind_index (subject, purpose)",
)
_KEY = "SELECT id, subject, purpose, version, wrapped FROM living_keys"


class SqliteKeyStore:
    """Wrapped keys, the memory of those destroyed, and the blind index; readable by its owner only.

    Every write is durable before it returns, and deleted content is overwritten (`secure_delete`, no write-ahead log).
    """

    def __init__(self, path: Path | None) -> None:
        """Open or create the file at `path`; None keeps everything in memory. Raises Foreign- or DamagedDatabase."""
        self._lock = threading.RLock()
        new = path is None or _created(path)
        place = ":memory:" if path is None else str(path)
        self._connection = sqlite3.connect(place, timeout=LOCK_TIMEOUT, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(place, new)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            if "not a database" in str(error):
                raise ForeignDatabase(place=place) from None
            raise DamagedDatabase(place=place, reason=str(error)) from None
        except ForeignDatabase:
            self._connection.close()
            raise

    def _prepare(self, place: str, new: bool) -> None:
        (mark,) = self._connection.execute("PRAGMA application_id").fetchone()
        if not new and mark != APPLICATION_ID:
            raise ForeignDatabase(place=place)
        self._connection.execute("PRAGMA journal_mode = DELETE")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA secure_delete = ON")
        with self._writing() as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            for statement in _DDL:
                connection.execute(statement)

    def current(self, subject: str, purpose: str) -> WrappedKey | None:
        """The newest living key of a person for a purpose."""
        with self._lock:
            row = self._connection.execute(
                f"{_KEY} WHERE subject = ? AND purpose = ? ORDER BY version DESC LIMIT 1", (subject, purpose)
            ).fetchone()
        return None if row is None else WrappedKey(*row)

    def find(self, ids: Sequence[str]) -> dict[str, WrappedKey]:
        """The keys under these ids that still exist; a key of someone forgotten does not, whatever a backup brings."""
        found: dict[str, WrappedKey] = {}
        with self._lock:
            for start in range(0, len(ids), MOST_AT_ONCE):
                some = ids[start : start + MOST_AT_ONCE]
                marks = ",".join("?" * len(some))
                rows = self._connection.execute(f"{_KEY} WHERE id IN ({marks})", list(some))
                found.update((row[0], WrappedKey(*row)) for row in rows)
        return found

    def add(self, key: WrappedKey) -> WrappedKey | None:
        """Keep a new key and return the one that stands: the first of its version, or none for someone forgotten."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO wrapped_keys SELECT ?, ?, ?, ?, ? WHERE NOT EXISTS"
                " (SELECT 1 FROM forgotten WHERE subject = ? AND purpose = ?)",
                (*key, key.subject, key.purpose),
            )
            row = connection.execute(
                f"{_KEY} WHERE subject = ? AND purpose = ? AND version = ?", (key.subject, key.purpose, key.version)
            ).fetchone()
        return None if row is None else WrappedKey(*row)

    def is_forgotten(self, subject: str, purpose: str) -> bool:
        """Whether this person's keys for a purpose were destroyed for good."""
        with self._lock:
            row = self._connection.execute(
                "SELECT 1 FROM forgotten WHERE subject = ? AND purpose = ?", (subject, purpose)
            ).fetchone()
        return row is not None

    def destroy(self, subject: str, purposes: Sequence[str]) -> tuple[str, ...]:
        """Delete a person's keys and index entries for some purposes, remember that, and name the keys deleted."""
        gone: list[str] = []
        with self._writing() as connection:
            for purpose in purposes:
                which = (subject, purpose)
                connection.execute("INSERT OR IGNORE INTO forgotten VALUES (?, ?)", which)
                rows = connection.execute("SELECT id FROM wrapped_keys WHERE subject = ? AND purpose = ?", which)
                ids = [id for (id,) in rows]
                connection.executemany(
                    "INSERT OR IGNORE INTO destroyed_keys VALUES (?, ?, ?)", [(id, *which) for id in ids]
                )
                connection.execute("DELETE FROM wrapped_keys WHERE subject = ? AND purpose = ?", which)
                connection.execute("DELETE FROM blind_index WHERE subject = ? AND purpose = ?", which)
                gone += ids
        return tuple(gone)

    def rewrap(self, wrap_anew: Callable[[bytes], bytes]) -> int:
        """Wrap every key anew, all or none; returns how many."""
        with self._writing() as connection:
            rows = connection.execute("SELECT id, wrapped FROM wrapped_keys").fetchall()
            connection.executemany(
                "UPDATE wrapped_keys SET wrapped = ? WHERE id = ?", [(wrap_anew(wrapped), id) for id, wrapped in rows]
            )
        return len(rows)

    def index(self, purpose: str, hash: str, subject: str) -> bool:
        """Note that a keyed hash belongs to a person, unless forgotten; deletable, never in the log."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO blind_index SELECT ?, ?, ? WHERE NOT EXISTS"
                " (SELECT 1 FROM forgotten WHERE subject = ? AND purpose = ?)",
                (purpose, hash, subject, subject, purpose),
            )
        return not self.is_forgotten(subject, purpose)

    def admit(self, hash: str, key: WrappedKey) -> str:
        """Whom a keyed hash belongs to; if to nobody yet, to the person of this first key, which is kept with it."""
        with self._writing() as connection:
            row = connection.execute(
                "SELECT subject FROM blind_index WHERE purpose = ? AND hash = ? ORDER BY rowid LIMIT 1",
                (key.purpose, hash),
            ).fetchone()
            if row is None:
                connection.execute("INSERT INTO blind_index VALUES (?, ?, ?)", (key.purpose, hash, key.subject))
                connection.execute("INSERT INTO wrapped_keys VALUES (?, ?, ?, ?, ?)", key)
        return key.subject if row is None else str(row[0])

    def name(self, purpose: str, proposed: Mapping[str, str]) -> dict[str, str]:
        """Whom each keyed hash belongs to; those that belong to nobody yet, to whom is proposed."""
        found: dict[str, str] = {}
        with self._writing() as connection:
            for hash, subject in proposed.items():
                row = connection.execute(
                    "SELECT subject FROM blind_index WHERE purpose = ? AND hash = ? ORDER BY rowid LIMIT 1",
                    (purpose, hash),
                ).fetchone()
                found[hash] = str(row[0]) if row else subject
                if row is None:
                    connection.execute("INSERT INTO blind_index VALUES (?, ?, ?)", (purpose, hash, subject))
        return found

    def indexed(self, purpose: str, hash: str) -> tuple[str, ...]:
        """The people a keyed hash belongs to, oldest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT subject FROM blind_index WHERE purpose = ? AND hash = ? ORDER BY rowid LIMIT 100",
                (purpose, hash),
            ).fetchall()
        return tuple(subject for (subject,) in rows)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise


def _created(path: Path) -> bool:
    """Make the file if it is not there, for its owner only; answers whether it is empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return path.stat().st_size == 0
