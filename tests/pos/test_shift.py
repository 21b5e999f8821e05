"""A shift opens with a float, closes with a count, and says what is over or short."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from souvenir.kernel.money import CurrencyMismatch, Money
from souvenir.pos.shift import (
    CountBelowZero,
    CountedTwice,
    Denomination,
    NothingMoved,
    Shift,
    ShiftClosed,
    Taking,
    TooManyMovements,
    shift_id,
)

TABLET = UUID("00000000-0000-0000-0000-0000000000d1")
SHOP = UUID("00000000-0000-0000-0000-0000000000a1")
WANG = UUID("00000000-0000-0000-0000-000000000007")
MAY_DAY = date(2026, 5, 1)


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


def opened(opening_float: Money | None = None) -> Shift:
    return Shift.open(
        outlet_id=SHOP,
        till="1",
        shift_no=7,
        device_id=TABLET,
        cashier=WANG,
        business_date=MAY_DAY,
        opening_float=cny("500.00") if opening_float is None else opening_float,
    )


def test_a_shift_has_the_id_of_its_till_and_number():
    assert opened().id == shift_id(SHOP, "1", 7)


def counted(amount: str) -> list[Denomination]:
    """So many fen, and none of the hundreds."""
    return [Denomination(value=cny("0.01"), count=cny(amount).minor), Denomination(value=cny("100.00"), count=0)]


def taking(kind: Any, amount: str, tender: str = "cash") -> Taking:
    return Taking(kind=kind, tender=tender, count=1, amount=cny(amount))


TAKINGS = (
    taking("sale", "1494.00"),
    taking("sale", "747.00", "card"),
    taking("return", "747.00"),
    taking("set_off", "67.23"),
    taking("tax_refund", "134.46"),
)
"""In the drawer: 1494.00 - 747.00 + 67.23 - 134.46 = 679.77."""


@pytest.mark.parametrize(
    ("notes", "difference"), [("1179.77", "0.00"), ("1177.27", "-2.50"), ("1180.27", "0.50"), ("0.00", "-1179.77")]
)
def test_the_count_is_held_against_float_and_what_is_in_the_drawer(notes: str, difference: str):
    shift = opened()
    shift.close(counted(notes), TAKINGS, WANG)
    assert shift.difference == cny(difference)
    assert (shift.takings, shift.counts) == (TAKINGS, tuple(counted(notes)))


def test_what_is_moved_without_a_sale_changes_what_is_due():
    shift = opened()
    for no, (movement, amount) in enumerate(
        [("float", "100.00"), ("drop", "300.00"), ("pay_out", "18.50"), ("pay_in", "1.50")]
    ):
        shift.move_cash(UUID(int=no), movement, cny(amount), "why", WANG)
        shift.move_cash(UUID(int=no), movement, cny(amount), "why", WANG)
    assert (shift.due(TAKINGS), shift.version) == (cny("962.77"), 5)


def test_the_same_count_again_records_nothing_and_another_is_refused():
    shift = opened()
    shift.close(counted("500.00"), (), WANG)
    shift.close(counted("500.00"), TAKINGS, WANG)
    assert shift.version == 2
    with pytest.raises(ShiftClosed, match=r"closed with 500\.00 CNY counted"):
        shift.close(counted("499.00"), (), WANG)
    with pytest.raises(ShiftClosed):
        shift.require_open()
    with pytest.raises(ShiftClosed):
        shift.move_cash(UUID(int=1), "drop", cny("1.00"), "late", WANG)


@pytest.mark.parametrize(
    ("counts", "refusal"),
    [
        ([Denomination(value=cny("1.00"), count=-1)], CountBelowZero),
        ([Denomination(value=cny("1.00"), count=1)] * 2, CountedTwice),
        ([Denomination(value=cny("0.00"), count=1)], CountedTwice),
        ([Denomination(value=cny("-1.00"), count=1)], CountedTwice),
        ([Denomination(value=Money(100, "USD"), count=500)], CurrencyMismatch),
        ([Denomination(value=Money(no, "CNY"), count=0) for no in range(1, 52)], TooManyMovements),
    ],
)
def test_impossible_counts_are_refused_and_nothing_recorded(counts: list[Denomination], refusal: type[Exception]):
    shift = opened()
    with pytest.raises(refusal):
        shift.close(counts, (), WANG)
    assert shift.version == 1
    shift.require_open()
    with pytest.raises(CountBelowZero):
        opened(cny("-0.01"))


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [(cny("0.00"), NothingMoved), (cny("-1.00"), NothingMoved), (Money(1, "USD"), CurrencyMismatch)],
)
def test_impossible_movements_are_refused(amount: Money, refusal: type[Exception]):
    shift = opened()
    with pytest.raises(refusal):
        shift.move_cash(UUID(int=1), "drop", amount, "why", WANG)
    assert shift.version == 1


def test_a_shift_takes_a_bounded_number_of_movements():
    shift = opened()
    for no in range(200):
        shift.move_cash(UUID(int=no), "pay_in", cny("0.01"), "", WANG)
    with pytest.raises(TooManyMovements):
        shift.move_cash(UUID(int=200), "pay_in", cny("0.01"), "", WANG)


class AnyShift(RuleBasedStateMachine):
    """However often it is closed, the first count stands, and history replays to the same drawer."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = opened()
        self.history = list(self.shift.collect_events())
        self.first: int | None = None
        self.due = self.moved = 0

    @rule(movement=st.sampled_from(["float", "drop", "pay_in", "pay_out"]), fen=st.integers(0, 3), id=st.uuids())
    def move(self, movement: Any, fen: int, id: UUID) -> None:
        try:
            self.shift.move_cash(id, movement, Money(fen, "CNY"), "", WANG)
        except NothingMoved:
            assert fen == 0
        except ShiftClosed:
            assert self.first is not None
        else:
            self.moved += fen if movement in ("float", "pay_in") else -fen

    @rule(fen=st.integers(-1, 3), taken=st.integers(-1, 3))
    def close(self, fen: int, taken: int) -> None:
        takings = [Taking(kind="sale", tender="cash", count=1, amount=Money(taken, "CNY"))]
        try:
            self.shift.close([Denomination(value=Money(1, "CNY"), count=fen)], takings, WANG)
        except CountBelowZero:
            assert fen < 0
        except ShiftClosed:
            assert self.first not in (None, fen)
        else:
            assert self.first in (None, fen)
            self.due = 50000 + self.moved + taken if self.first is None else self.due
            self.first = fen

    @invariant()
    def history_replays_to_the_same_drawer(self) -> None:
        self.history += self.shift.collect_events()
        copy = None
        for happened in self.history:
            copy = happened.mutate(copy)
        assert copy is not None
        if self.first is None:
            assert copy.counted is None
        else:
            assert copy.counted == Money(self.first, "CNY")
            assert copy.difference == Money(self.first - self.due, "CNY")


TestAnyShift = AnyShift.TestCase
