"""A parked sale is taken up by one till at a time, rung up or dropped, and over after its time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from souvenir.pos.parked import AlreadyResumed, NothingToPark, ParkedItem, ParkedSale, ParkedSaleOver, ParkedTooLong
from souvenir.pos.parked import parked_until as until
from souvenir.testing import given

NOON = datetime(2026, 5, 15, 4, tzinfo=UTC)
SHOP, MUG = UUID(int=1), UUID(int=2)


def parked() -> ParkedSale:
    items = [ParkedItem(product_id=MUG, quantity=2)]
    return ParkedSale.park(UUID(int=7), SHOP, "T1", items, until(NOON, 30))


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def taken_up(sale: ParkedSale) -> None:
    sale.resume("T2", at(5))


def rung_up(sale: ParkedSale) -> None:
    sale.finish("T2", at(6))


def dropped(sale: ParkedSale) -> None:
    sale.drop("T1", at(1))


def test_one_till_takes_it_up_and_the_next_waits_five_minutes():
    given(parked()).when(taken_up).then(ParkedSale.Resumed, till="T2")
    given(parked(), taken_up).when(taken_up).then_nothing()
    given(parked(), taken_up).when(lambda sale: sale.resume("T1", at(9))).then_refused(
        AlreadyResumed, till="T2", free_at=at(10)
    )
    given(parked(), taken_up).when(lambda sale: sale.resume("T1", at(10))).then(ParkedSale.Resumed, till="T1")


def test_it_lapses_when_its_time_is_over_but_what_was_taken_up_is_rung_up_however_late():
    given(parked()).when(lambda sale: sale.resume("T1", at(30))).then_refused(ParkedSaleOver)
    given(parked(), taken_up).when(lambda sale: sale.finish("T2", at(45))).then(ParkedSale.Finished, till="T2")


def test_what_was_rung_up_or_dropped_is_over():
    for over in ((taken_up, rung_up), (dropped,)):
        for again in (taken_up, rung_up):
            given(parked(), *over).when(again).then_refused(ParkedSaleOver)
    given(parked(), dropped).when(dropped).then_nothing()
    given(parked(), taken_up, rung_up).when(dropped).then_refused(ParkedSaleOver)
    given(parked(), taken_up).when(lambda sale: sale.drop("T1", at(6))).then_refused(AlreadyResumed)


@pytest.mark.parametrize("minutes", [0, -5, 721])
def test_it_is_parked_for_minutes_up_to_half_a_day(minutes: int):
    with pytest.raises(ParkedTooLong):
        until(NOON, minutes)
    assert until(NOON, 720) == NOON + timedelta(hours=12)


def test_nothing_is_not_parked():
    with pytest.raises(NothingToPark):
        ParkedSale.park(UUID(int=7), SHOP, "T1", [], until(NOON, 30))
