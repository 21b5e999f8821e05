"""What was left when a term ended is counted: no more is sold in the sell-off, and what a till sold beyond it is reported."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from licences import cny, sign

from souvenir.eventlog.rebuild import differences
from souvenir.licensing.application import check_grants, give_units_back, take_units
from souvenir.licensing.cap_use import UnitCapReached
from souvenir.licensing.licence import Grant
from souvenir.licensing.registers import Rights
from souvenir.licensing.sell_off_stock import SellOffStockSoldOut, StockCountUnsound

VASE = UUID("00000000-0000-0000-0000-00000000900d")
LAST_DAY, IN_SELL_OFF = date(2026, 12, 31), date(2027, 2, 1)


def order(shop: Any, licence: UUID, number: int, units: int, on: date = IN_SELL_OFF) -> UUID:
    """An order is made, and takes its units."""

    def decide(tx: Any) -> None:
        granted = check_grants(tx, (licence,), "enamel", "CN", "shop", on, product_id=VASE)
        take_units(tx, granted, UUID(int=number), 1, units)

    shop.log.execute(decide)
    return UUID(int=number)


def test_no_more_is_sold_off_than_was_left(shop: Any, grant: Grant) -> None:
    licence = sign(shop, grant, "0.08")
    shop.licensing.count_sell_off_stock(licence, VASE, 3, LAST_DAY)
    order(shop, licence, 1, 2)
    with pytest.raises(SellOffStockSoldOut, match="1 units are unsold: 2 cannot be sold"):
        order(shop, licence, 2, 2)
    order(shop, licence, 3, 1)
    shop.log.execute(lambda tx: give_units_back(tx, (licence,), UUID(int=1), 1))
    order(shop, licence, 4, 2)
    with pytest.raises(SellOffStockSoldOut):
        order(shop, licence, 5, 1)
    assert differences(shop.log, Rights()) == []


def test_what_is_sold_up_to_the_count_takes_nothing_of_it(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, "0.08")
    small_shop.licensing.count_sell_off_stock(licence, VASE, 1, IN_SELL_OFF)
    order(small_shop, licence, 1, 5, on=LAST_DAY)
    order(small_shop, licence, 2, 5, on=IN_SELL_OFF)
    with pytest.raises(SellOffStockSoldOut):
        order(small_shop, licence, 3, 2, on=date(2027, 2, 2))


def test_nobody_has_to_count(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, "0.08")
    order(small_shop, licence, 1, 500)


def test_a_later_count_puts_the_stock_right_and_the_same_twice_records_nothing(small_shop: Any, grant: Grant) -> None:
    licence, count = sign(small_shop, grant, "0.08"), small_shop.licensing.count_sell_off_stock
    count(licence, VASE, 1, LAST_DAY)
    count(licence, VASE, 4, LAST_DAY)
    head = small_shop.log.head()
    count(licence, VASE, 4, LAST_DAY)
    assert small_shop.log.head() == head
    order(small_shop, licence, 1, 4)


def test_a_cap_and_a_stock_are_both_kept(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, "0.08", unit_cap=3, refuse_over_cap=True)
    small_shop.licensing.count_sell_off_stock(licence, VASE, 5, LAST_DAY)
    with pytest.raises(UnitCapReached):
        order(small_shop, licence, 1, 4)
    order(small_shop, licence, 2, 3)


def test_goods_that_come_back_may_be_sold_off_again(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, "0.08")
    small_shop.licensing.count_sell_off_stock(licence, VASE, 2, LAST_DAY)
    sold = small_shop.sell("2260.00", licence, on=IN_SELL_OFF, units=2)
    with pytest.raises(SellOffStockSoldOut):
        order(small_shop, licence, 77, 1)
    small_shop.take_back(sold, 1, on=IN_SELL_OFF)
    order(small_shop, licence, 78, 1)


def test_units_sold_offline_beyond_the_stock_are_charged_and_reported(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, "0.08")
    small_shop.licensing.count_sell_off_stock(licence, VASE, 2, LAST_DAY)
    small_shop.sell("5650.00", licence, on=IN_SELL_OFF, units=5)
    small_shop.sell("1130.00", licence, on=IN_SELL_OFF)
    small_shop.licensing.issue_statements(date(2027, 4, 10))
    sheet = small_shop.licensing.statement(licence, "2027-Q1")
    assert sheet.royalty == cny("480.00")
    assert [(breach.code, breach.units, breach.base) for breach in sheet.breaches] == [
        ("SELL_OFF_STOCK_SOLD_OUT", 4, cny("4000.00"))
    ]


@pytest.mark.parametrize(
    ("units", "on"), [(-1, LAST_DAY), (1, date(2026, 12, 30)), (1, date(2027, 4, 1))], ids=["none", "early", "late"]
)
def test_counts_that_cannot_be(small_shop: Any, grant: Grant, units: int, on: date) -> None:
    licence = sign(small_shop, grant, "0.08")
    with pytest.raises(StockCountUnsound):
        small_shop.licensing.count_sell_off_stock(licence, VASE, units, on)


def test_a_count_does_not_go_back_behind_a_later_one(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, "0.08")
    small_shop.licensing.count_sell_off_stock(licence, VASE, 1, IN_SELL_OFF)
    with pytest.raises(StockCountUnsound):
        small_shop.licensing.count_sell_off_stock(licence, VASE, 1, LAST_DAY)
