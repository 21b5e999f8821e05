"""A shift opens with a float, closes with a count, and says what is over or short."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from souvenir.kernel.money import CurrencyMismatch, Money
from souvenir.pos.shift import CountBelowZero, Shift, ShiftClosed, shift_id

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


@pytest.mark.parametrize(
    ("counted", "difference"), [("1302.50", "0.00"), ("1300.00", "-2.50"), ("1303.00", "0.50"), ("0.00", "-1302.50")]
)
def test_the_count_is_held_against_float_and_cash_taken(counted: str, difference: str):
    shift = opened()
    shift.close(cny(counted), cny("802.50"), WANG)
    assert shift.difference == cny(difference)


def test_the_same_count_again_records_nothing_and_another_is_refused():
    shift = opened()
    shift.close(cny("500.00"), cny("0.00"), WANG)
    shift.close(cny("500.00"), cny("0.00"), WANG)
    assert shift.version == 2
    with pytest.raises(ShiftClosed, match=r"closed with 500\.00 CNY counted"):
        shift.close(cny("499.00"), cny("0.00"), WANG)
    with pytest.raises(ShiftClosed):
        shift.require_open()


def test_impossible_counts_are_refused_and_nothing_recorded():
    with pytest.raises(CountBelowZero):
        opened(cny("-0.01"))
    shift = opened()
    with pytest.raises(CountBelowZero):
        shift.close(cny("-0.01"), cny("0.00"), WANG)
    with pytest.raises(CurrencyMismatch):
        shift.close(Money.of("500.00", "USD"), cny("0.00"), WANG)
    assert shift.version == 1
    shift.require_open()


class AnyShift(RuleBasedStateMachine):
    """However often it is closed, the first count stands, and history replays to the same drawer."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = opened()
        self.history = list(self.shift.collect_events())
        self.first: int | None = None
        self.due = 0

    @rule(counted=st.integers(-1, 3), taken=st.integers(-1, 3))
    def close(self, counted: int, taken: int) -> None:
        try:
            self.shift.close(Money(counted, "CNY"), Money(taken, "CNY"), WANG)
        except CountBelowZero:
            assert counted < 0
        except ShiftClosed:
            assert self.first not in (None, counted)
        else:
            assert self.first in (None, counted)
            self.due = 50000 + taken if self.first is None else self.due
            self.first = counted

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
