"""Counts that everybody changes: added up within a transaction, written once at its end, undone with who refuses."""

import pytest

from souvenir.eventlog import EventLog, Register, Session, Transaction
from souvenir.kernel.errors import SouvenirError

ADD = "INSERT INTO tallies (name, coins) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET coins = tallies.coins + excluded.coins"


class Tallies(Register):
    name = "tallies"
    tables = ("tallies",)
    ddl = ("CREATE TABLE IF NOT EXISTS tallies (name TEXT PRIMARY KEY, coins INTEGER NOT NULL)",)


class Enough(SouvenirError):
    message = "That is enough."


def tallies(session: Session) -> list[tuple[str, int]]:
    return session.rows("SELECT name, coins FROM tallies ORDER BY name")


def test_sums_are_written_at_the_end_and_a_refusal_takes_its_own_back(store_url: str):
    log = EventLog.open(store_url, registers=(Tallies(),))

    def add(tx: Transaction) -> None:
        for name, coins in (("b", 2), ("a", 1), ("b", 3)):
            tx.session.add(ADD, (name,), coins)
        assert tallies(tx.session) == []

    def refuse(tx: Transaction) -> None:
        tx.session.add(ADD, ("a",), 100)
        tx.session.add(ADD, ("c",), 100)
        raise Enough

    log.execute(add)
    with pytest.raises(Enough):
        log.execute(refuse)
    with log.reading() as session:
        assert tallies(session) == [("a", 1), ("b", 5)]
    log.close()


def test_a_refusal_among_commands_of_one_batch_leaves_the_sums_of_the_others(store_url: str):
    log = EventLog.open(store_url, registers=(Tallies(),))
    with log.store.writing() as session:
        for coins, refuses in ((1, False), (10, True), (100, False)):
            session.begin()
            session.add(ADD, ("a",), coins)
            session.undo() if refuses else session.decided()
        session.settle()
        assert tallies(session) == [("a", 101)]
    log.close()
