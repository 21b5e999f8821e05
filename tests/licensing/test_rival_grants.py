"""Two processes sign exclusive grants of one property at once: without the guard both stand, with it one is refused."""

import multiprocessing
import threading
from contextlib import suppress
from datetime import date
from queue import Queue

import pytest

from souvenir.eventlog import EventLog, Session
from souvenir.licensing.application import Licensing, contracts
from souvenir.licensing.grant import Grant, GrantsOverlap, Scope
from souvenir.licensing.registers import Rights, RoyaltyPositions, rights
from souvenir.licensing.terms import flat

SPAWN = multiprocessing.get_context("spawn")
REGISTERS = (Rights(), RoyaltyPositions())
A_WHILE = 2.0
"""Seconds one waits for the other to have looked, too; where the other is kept waiting, it never comes."""


def _grant(url: str, number: str, guarded: bool, both_looked: threading.Barrier, outcomes: "Queue[str]") -> None:
    look = contracts.meeting

    def look_and_wait(*asked: object) -> list[Scope]:
        found = look(*asked)  # type: ignore[arg-type]
        with suppress(threading.BrokenBarrierError):
            both_looked.wait(A_WHILE)
        return found

    contracts.meeting = look_and_wait  # type: ignore[assignment]
    if not guarded:
        rights._hold_property = _hold_nothing
    grant = Grant(
        categories=("enamel",), territories=("CN",), channels=("shop",), exclusive=True,
        starts=date(2026, 1, 1), ends=date(2026, 12, 31),
    )  # fmt: skip
    log = EventLog.open(url, REGISTERS)
    try:
        Licensing(log).grant(number, "Palace Studio", {"en": "Cloud dragon"}, grant, flat("0.08", "CNY"))
        outcomes.put("granted")
    except GrantsOverlap:
        outcomes.put("refused")
    log.close()


def _hold_nothing(session: Session, scope: Scope) -> None:
    """The guard switched off."""


@pytest.mark.parametrize(
    ("guarded", "expected"), [(False, ["granted", "granted"]), (True, ["granted", "refused"])], ids=["without", "with"]
)
def test_of_two_exclusive_grants_at_once_one_stands(postgres_url: str, guarded: bool, expected: list[str]) -> None:
    EventLog.open(postgres_url, REGISTERS).close()
    both_looked, outcomes = SPAWN.Barrier(2), SPAWN.Queue()
    asked = [(postgres_url, number, guarded, both_looked, outcomes) for number in ("LIC-A", "LIC-B")]
    rivals = [SPAWN.Process(target=_grant, args=each) for each in asked]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join(60)
    assert sorted(outcomes.get(timeout=5) for _ in rivals) == expected
