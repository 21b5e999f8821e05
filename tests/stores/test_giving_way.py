"""Followers that are behind give way to commands that keep coming, and wait for nobody else."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from jars import CoinCount, CoinList, Jar

from souvenir.eventlog import EventLog, Followers
from souvenir.eventlog.followers import SMALL_STEP

STEPS = 5


class Pauses:
    """Stands where the followers rest between two steps: notes for how long they would, and ends after some."""

    def __init__(self, followers: Followers, meanwhile: Callable[[], object]) -> None:
        self.followers, self.meanwhile = followers, meanwhile
        self.seconds: list[float] = []

    def clear(self) -> None: ...

    def wait(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.meanwhile()
        if len(self.seconds) == STEPS - 1:  # before the last step, which ends at the head
            self.followers._stopping.set()


@pytest.fixture
def log(store_url: str):
    log = EventLog.open(store_url)
    yield log
    log.close()


def paused(log: EventLog, meanwhile: Callable[[], object]) -> list[float]:
    """How long followers rest after each of their steps, far behind."""
    followers = Followers(log, [], [CoinCount(), CoinList()])
    log.execute(lambda tx: tx.save(*(Jar.open(uuid4()) for _ in range(SMALL_STEP * STEPS))))
    followers._wanted = pauses = Pauses(followers, meanwhile)  # type: ignore[assignment]
    followers._run()
    return pauses.seconds


def test_with_no_command_there_is_no_rest(log: EventLog):
    first, *later = paused(log, lambda: None)
    assert first > 0  # for the commands that came before
    assert later == [0.0] * (STEPS - 2)


def test_commands_that_keep_coming_have_the_writer_in_between(log: EventLog):
    seconds = paused(log, lambda: log.execute(lambda tx: tx.save(Jar.open(uuid4()))))
    assert len(seconds) == STEPS - 1
    assert all(rest > 0 for rest in seconds)
