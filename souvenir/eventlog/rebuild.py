"""Tables rebuilt beside the old ones, from the first event on, and then compared with them or put in their place."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from souvenir.eventlog.followers import Followers
from souvenir.eventlog.log import EventLog
from souvenir.eventlog.mapper import to_event
from souvenir.eventlog.projection import Register, Tables, View
from souvenir.eventlog.stores.store import Row, Session
from souvenir.eventlog.transaction import Transaction

PAGE = 2000
"""Events replayed in one transaction."""


class Beside(Session):
    """The same transaction, with the tables of one projection under other names."""

    def __init__(self, session: Session, rename: Callable[[str], str]) -> None:
        super().__init__()
        self._session = session
        self._rename = rename

    def _query(self, sql: str, params: Sequence[Any]) -> list[Row]:
        return self._session.rows(self._rename(sql), *params)

    def _change(self, sql: str, params: Sequence[Any]) -> int:
        return self._session.changed(self._rename(sql), *params)

    def _write(self, sql: str, many: Sequence[Sequence[Any]]) -> None:
        renamed = self._rename(sql)
        for params in many:
            self._session.run(renamed, *params)


def rebuild_view(followers: Followers, view: View) -> None:
    """Build a view anew beside the one in use, which goes on answering; then switch over in one transaction."""
    log = followers.log
    generation = _generation(log, view.name) + 1
    rename = _renaming(view, generation)
    _drop(log, view, rename)
    reached = _replay(log, view, rename, until=log.head())

    def switch(tx: Transaction) -> None:
        session = tx.session
        position = session.row("SELECT position FROM followers WHERE name = ?", view.name)
        _apply(log, session, view, rename, reached, until=position[0] if position else 0)
        for table in view.tables:
            session.run(f"DROP TABLE {table}")
            session.run(f"ALTER TABLE {rename(table)} RENAME TO {table}")
        session.run(
            "INSERT INTO followers (name, position, generation) VALUES (?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET position = excluded.position, generation = excluded.generation",
            view.name,
            max(reached, position[0] if position else 0),
            generation,
        )

    log.commit(switch)


def differences(log: EventLog, register: Register) -> list[str]:
    """Compare a register with what the log says it should hold, row by row; the log is right. Empty if they agree.

    Nobody may write meanwhile.
    """
    rename = _renaming(register, 0)
    _drop(log, register, rename)
    _replay(log, register, rename, until=log.head())
    with log.reading() as session:
        found = [
            f"{table}: {kind} {row}"
            for table in register.tables
            for kind, row in _compare(session.rows(_all(table)), session.rows(_all(rename(table))))
        ]
    _drop(log, register, rename)
    return found


def _compare(kept: list[Row], derived: list[Row]) -> list[tuple[str, Row]]:
    kept_rows, derived_rows = set(kept), set(derived)
    return [("unfounded", row) for row in kept if row not in derived_rows] + [
        ("missing", row) for row in derived if row not in kept_rows
    ]


def _renaming(projection: Tables, generation: int) -> Callable[[str], str]:
    """Gives the projection's tables and indexes the suffix of a generation wherever SQL names them."""
    names = [*projection.tables, *re.findall(r"INDEX IF NOT EXISTS (\w+)", " ".join(projection.ddl))]
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b(?!')")
    return lambda sql: pattern.sub(rf"\1_g{generation}", sql)


def _replay(log: EventLog, projection: Tables, rename: Callable[[str], str], until: int) -> int:
    """Fill the renamed tables up to a position, page by page."""
    log.store.prepare(rename(statement) for statement in projection.ddl)
    after = 0
    while after < until:
        page = log.store.page(after, until, PAGE, projection.topics)

        def fill(tx: Transaction, page: Sequence[Any] = page) -> None:
            session = Beside(tx.session, rename)
            for _, stream, version, topic, state in page:
                projection.apply(session, to_event(stream, version, topic, state))
            session.settle()

        log.commit(fill)
        after = page[-1].position if len(page) == PAGE else until
    return until


def _apply(log: EventLog, session: Session, view: View, rename: Callable[[str], str], after: int, until: int) -> None:
    beside = Beside(session, rename)
    for recorded in log.events(after, until, view.topics):
        view.apply(beside, recorded.event)
    beside.settle()


def _drop(log: EventLog, projection: Tables, rename: Callable[[str], str]) -> None:
    log.store.prepare(f"DROP TABLE IF EXISTS {rename(table)}" for table in projection.tables)


def _generation(log: EventLog, name: str) -> int:
    found = log.row("SELECT generation FROM followers WHERE name = ?", name)
    return int(found[0]) if found else 1


def _all(table: str) -> str:
    return f"SELECT * FROM {table}"
