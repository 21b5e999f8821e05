"""Commands of one batch whose pieces were read ahead decide as if each had read for itself."""

import asyncio
from datetime import date, timedelta
from functools import partial
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from souvenir.certificates.registers import CertificateRegister
from souvenir.editions.application import Editions, release_hold, sell_piece, take_next, take_number
from souvenir.editions.registers import PieceRegister, shelf
from souvenir.editions.registers.shelf import NextPiece, Number
from souvenir.eventlog import EventLog, Transaction
from souvenir.eventlog.rebuild import differences
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError

SHOP, TODAY, SIZE = UUID(int=0x5A0), date(2026, 10, 1), 4

Step = tuple[str, int, int]
"""What is asked, a buyer, and the number it is about (nothing, for the next one)."""

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["next", "next", "number", "release", "sell"]),
        st.integers(1, 3),
        st.integers(1, SIZE),
    ),
    min_size=2,
    max_size=16,
)


def on_sale(url: str) -> tuple[EventLog, UUID]:
    log = EventLog.open(url, registers=(PieceRegister(), CertificateRegister()))
    editions = Editions(log)
    edition = editions.declare(
        product_id=UUID(int=9), gtin="6901234567892", title={"en": "Vase"}, size=SIZE, numbering="choice"
    ).result
    editions.allot(edition, SHOP, 1, SIZE)
    editions.release(edition)
    return log, edition


def command(tx: Transaction, edition: UUID, step: Step) -> int:
    what, buyer, number = step
    holder, until = UUID(int=buyer), clock.now() + timedelta(minutes=10)
    if what == "next":
        return take_next(tx, edition, SHOP, holder, until).number
    if what == "number":
        return take_number(tx, edition, SHOP, number, holder, until).number
    if what == "release":
        release_hold(tx, edition, "numbered", number, holder)
        return number
    return sell_piece(tx, edition, "numbered", number, holder, TODAY, holder, outlet_id=SHOP).number


def in_one_batch(log: EventLog, edition: UUID, steps: list[Step]) -> list[int | BaseException]:
    """All steps at once, each with what it reads named ahead."""

    async def together() -> list[int | BaseException]:
        asked = (
            log.perform(
                partial(command, edition=edition, step=step),
                ahead=(
                    NextPiece(edition, "numbered", SHOP) if step[0] == "next" else Number(edition, "numbered", step[2]),
                ),
            )
            for step in steps
        )
        answers = await asyncio.gather(*asked, return_exceptions=True)
        return [answer if isinstance(answer, BaseException) else answer.result for answer in answers]

    return asyncio.run(together())


def must_follow(steps: list[Step], answers: list[int | BaseException]) -> None:
    """Each answer is right for what the earlier ones left."""
    held: dict[int, int] = {}
    sold: dict[int, int] = {}
    for (what, buyer, number), answer in zip(steps, answers, strict=True):
        assert isinstance(answer, int | SouvenirError), answer
        free = set(range(1, SIZE + 1)) - held.keys() - sold.keys()
        if what == "next":
            assert (answer in free) if isinstance(answer, int) else not free
        elif what == "number":
            assert isinstance(answer, int) == (number in free or held.get(number) == buyer)
        elif what == "release":
            assert isinstance(answer, int) == (number not in held or held[number] == buyer)
        else:
            assert isinstance(answer, int) == (held.get(number) == buyer or sold.get(number) == buyer)
        if isinstance(answer, int):
            if what in ("next", "number"):
                held[answer] = buyer
            elif held.get(answer) == buyer:
                del held[answer]
                if what == "sell":
                    sold[answer] = buyer


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=STEPS)
def test_a_batch_read_ahead_decides_as_if_each_command_had_read_for_itself(steps: list[Step]):
    log, edition = on_sale("sqlite://")
    must_follow(steps, in_one_batch(log, edition, steps))
    assert differences(log, PieceRegister()) == []
    log.close()


@pytest.mark.parametrize("store", ["sqlite_url", "postgres_url"])
def test_one_number_asked_for_twice_in_a_batch_is_given_once(store: str, request: pytest.FixtureRequest):
    log, edition = on_sale(request.getfixturevalue(store))
    steps = [("number", 1, 2), ("number", 2, 2), ("next", 3, 0), ("next", 3, 0), ("sell", 1, 2), ("next", 2, 0)]
    answers = in_one_batch(log, edition, steps)
    must_follow(steps, answers)
    assert [type(answer).__name__ for answer in answers] == [
        "int",
        "PieceHeldBySomeoneElse",
        "int",
        "int",
        "int",
        "int",
    ]
    assert differences(log, PieceRegister()) == []
    log.close()


def test_what_all_of_a_batch_will_read_is_read_in_a_statement_or_two(sqlite_url: str, monkeypatch):
    """Four buyers of the next piece: nobody looks for it by themselves."""
    log, edition = on_sale(sqlite_url)
    monkeypatch.setattr(shelf, "_found", partial(_counted, shelf._found, found := []))
    monkeypatch.setattr(shelf, "_find_next", None)
    assert in_one_batch(log, edition, [("next", buyer, 0) for buyer in (1, 2, 3, 4)]) == [1, 2, 3, 4]
    assert len(found) == 4
    log.close()


def _counted(found, calls: list, *args):
    calls.append(args)
    return found(*args)
