"""A piece costs the same whether it is the first of five hundred or number 99,000 of 100,000: counted in database steps."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from souvenir.editions.application import Editions, release_hold, sell_piece, take_next
from souvenir.editions.registers import PieceRegister
from souvenir.editions.views import availability
from souvenir.eventlog import EventLog, Transaction
from souvenir.testing import clock_at

EDITION, SHOP, ANNA = UUID(int=0xED), UUID(int=0x5A0), UUID(int=0xA)
NOON = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
TODAY = date(2026, 10, 1)


def edition_of(size: int, sold: int, numbering: str) -> EventLog:
    """An edition most of which is gone: the rows say so, as they would after so many sales."""
    log = EventLog.open("sqlite://", registers=(PieceRegister(),))
    editions = Editions(log)
    editions.declare(
        edition_id=EDITION, product_id=UUID(int=9), gtin="6901234567892", title={"en": "Vase"}, size=size,
        numbering=numbering,
    )  # fmt: skip
    editions.allot(EDITION, SHOP, 1, size)
    editions.release(EDITION)

    def sell(tx: Transaction) -> None:
        tx.session.run(
            "UPDATE pieces SET status = 'sold' WHERE number IN (SELECT number FROM pieces ORDER BY place LIMIT ?)", sold
        )
        tx.session.run("UPDATE piece_counts SET free = free - ?, sold = sold + ?", sold, sold)

    log.execute(sell)
    return log


def steps(log: EventLog, action: Callable[[], object]) -> int:
    """How many instructions the database carries out for an action."""
    taken = [0]

    def step() -> int:
        taken[0] += 1
        return 0

    connection: sqlite3.Connection = log.store._writer
    connection.set_progress_handler(step, 1)
    action()
    connection.set_progress_handler(None, 1)
    return taken[0]


def costs(log: EventLog, size: int) -> dict[str, int]:
    """The database steps of each thing done with a piece."""
    held: list[int] = []

    def hold() -> None:
        until = NOON + timedelta(minutes=15)
        held.append(log.execute(lambda tx: take_next(tx, EDITION, SHOP, ANNA, until)).result.number)

    def sell() -> None:
        number = held[-1]
        log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", number, ANNA, TODAY, ANNA, outlet_id=SHOP))

    def look() -> None:
        with log.reading() as session:
            assert availability(session, EDITION, size, NOON).authorised == size

    return {
        "hold": steps(log, hold),
        "let go": steps(log, lambda: log.execute(lambda tx: release_hold(tx, EDITION, "numbered", held[-1], ANNA))),
        "hold again": steps(log, hold),
        "sell": steps(log, sell),
        "look": steps(log, look),
    }


@pytest.mark.parametrize("numbering", ["sequential", "random"])
def test_number_99_000_of_100_000_costs_what_the_first_of_500_does(numbering: str):
    with clock_at(NOON):
        small, large = edition_of(500, 0, numbering), edition_of(100_000, 99_000, numbering)
        first, late = costs(small, 500), costs(large, 100_000)
    assert {what: late[what] for what in late if late[what] > 1.5 * first[what]} == {}
    assert max(first.values()) < 1_000, first
    small.close()
    large.close()


def test_lapsed_holds_are_used_up_first_so_that_few_are_left_to_count():
    with clock_at(NOON) as now:
        log = edition_of(500, 0, "sequential")
        for holder in range(3):
            until = NOON + timedelta(minutes=10 - holder)
            log.execute(lambda tx, h=UUID(int=holder), until=until: take_next(tx, EDITION, SHOP, h, until))
        now.move_to(NOON + timedelta(minutes=20))
        until = now() + timedelta(minutes=10)
        given = [log.execute(lambda tx: take_next(tx, EDITION, SHOP, ANNA, until)).result.number for _ in range(4)]
        assert given == [3, 2, 1, 4]
        log.close()


def test_random_numbers_are_a_shuffle_and_a_number_let_go_comes_up_again():
    with clock_at(NOON):
        log = edition_of(500, 0, "random")
        until = NOON + timedelta(minutes=10)
        given = [log.execute(lambda tx: take_next(tx, EDITION, SHOP, ANNA, until)).result.number for _ in range(40)]
        assert given != sorted(given)
        log.execute(lambda tx: release_hold(tx, EDITION, "numbered", given[7], ANNA))
        assert log.execute(lambda tx: take_next(tx, EDITION, SHOP, ANNA, until)).result.number == given[7]
        rest = [log.execute(lambda tx: take_next(tx, EDITION, SHOP, ANNA, until)).result.number for _ in range(460)]
        assert sorted([*given, *rest]) == list(range(1, 501))
        log.close()


def test_looking_costs_no_more_however_many_holds_lapsed_and_little_once_they_are_on_record():
    def lapsed(holds: int) -> EventLog:
        log = edition_of(6_000, 0, "sequential")
        until = NOON + timedelta(minutes=10)
        for _ in range(0, holds, 500):
            log.execute(lambda tx: [take_next(tx, EDITION, SHOP, ANNA, until).number for _ in range(500)])
        return log

    def look(log: EventLog) -> tuple[int, int, int]:
        found = []

        def look() -> None:
            with log.reading() as session:
                found.append(availability(session, EDITION, 6_000, NOON + timedelta(minutes=20)))

        return steps(log, look), found[0].count("free"), found[0].count("held")

    with clock_at(NOON) as now:
        few, many = lapsed(1_000), lapsed(5_000)
        now.move_to(NOON + timedelta(minutes=20))
        (cost_of_few, free, held), (cost_of_many, left, still) = look(few), look(many)
        assert (free, held) == (6_000, 0)
        assert (left, still, left + still) == (2_000, 4_000, 6_000)
        assert cost_of_many < 1.1 * cost_of_few
        assert [Editions(many).let_lapse() for _ in range(6)] == [1_000] * 5 + [0]
        cost, free, held = look(many)
        assert (free, held) == (6_000, 0)
        assert cost < cost_of_few / 10
    few.close()
    many.close()
