"""Views are rebuilt beside the old ones and switched; registers are compared with the log, and the log is right."""

from uuid import uuid4

import pytest
from jars import CoinCount, Jar, Stickers

from souvenir.eventlog import EventLog, Followers, Session, when
from souvenir.eventlog.rebuild import differences, rebuild_view
from souvenir.kernel.money import Money


class CoinsInFen(CoinCount):
    """The view as a later version builds it: worth counted tenfold."""

    ddl = (*CoinCount.ddl, "CREATE INDEX IF NOT EXISTS coin_count_by_worth ON coin_count (minor)")

    @when(Jar.CoinPut)
    def _put(self, session: Session, event: Jar.CoinPut) -> None:
        session.add(self._ADD, (str(event.originator_id),), 1, event.value.minor * 10)


@pytest.fixture
def log(store_url: str):
    log = EventLog.open(store_url, [Stickers()])
    jar = uuid4()

    def fill(tx) -> None:
        opened = Jar.open(jar)
        for value in (1, 2, 3):
            opened.put(Money(value, "CNY"))
        tx.save(opened)

    log.execute(fill)
    yield log
    log.close()


def worth(log: EventLog) -> list[tuple[int, int]]:
    with log.reading() as session:
        return session.rows("SELECT coins, minor FROM coin_count")


def test_a_view_is_rebuilt_and_switched_and_follows_on(log):
    Followers(log, [], [CoinCount()]).catch_up()
    assert worth(log) == [(3, 6)]
    followers = Followers(log, [], [CoinsInFen()])
    for _ in range(2):
        rebuild_view(followers, followers.views[0])
        assert worth(log) == [(3, 60)]
    log.execute(lambda tx: tx.save(Jar.open(uuid4(), room=0)))
    followers.catch_up()
    assert sorted(worth(log)) == [(0, 0), (3, 60)]


def test_a_register_that_agrees_with_the_log_has_no_differences(log):
    assert differences(log, Stickers()) == []


def test_a_register_that_was_tampered_with_is_found_out(log):
    with log.store.writing() as session:
        session.run("UPDATE stickers SET number = 7")
    assert sorted(line.split(":")[1].split()[0] for line in differences(log, Stickers())) == ["missing", "unfounded"]
