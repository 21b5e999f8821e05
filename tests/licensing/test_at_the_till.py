"""A whole shop: what a licence forbids is not sold, over the counter or online, and what it allows says where it was sold."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop, words

from souvenir.kernel import clock
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.money import Money
from souvenir.licensing.approval import ProductNotApproved
from souvenir.licensing.cap_use import UnitCapReached
from souvenir.licensing.contract import TerritoryNotGranted
from souvenir.licensing.grant import ApprovalRules, Grant
from souvenir.licensing.terms import Instalment, flat
from souvenir.payments.payment import Tender
from souvenir.processes.sell import Item
from souvenir.sales.order import Order, OrderCancelled

HASH = "ab" * 32


@pytest.fixture
def small() -> Iterator[SmallShop]:
    with clock.using(SettableClock(MORNING)):
        small = open_small_shop("sqlite://")
        yield small
        small.shop.close()


def plate(small: SmallShop, grant: dict[str, Any] | None = None, **terms: Any) -> tuple[UUID, UUID]:
    """A licence of its own, and an open product under it."""
    shop = small.shop
    facts: dict[str, Any] = {
        "categories": ("enamelware",), "territories": ("CN",), "channels": ("shop", "online"),
        "starts": date(2026, 1, 1), "ends": date(2026, 12, 31),
    }  # fmt: skip
    licence = shop.licensing.grant(
        "LIC-P", "Museum", words("Lotus", "莲花"), Grant(**(facts | (grant or {}))), flat("0.08", "CNY", **terms)
    ).result
    product = shop.catalogue.list_product(
        sku="PLATE", name=words("Plate", "盘"), story=words("Lotus.", "莲。"), price=Money.parse("113.00 CNY"),
        origin_site_id=UUID(int=1), vat_category="standard", category="enamelware", listed_on=TODAY, licence_ids=(licence,),
    ).result  # fmt: skip
    return licence, product


def sell(small: SmallShop, product: UUID, quantity: int = 1) -> UUID:
    order: UUID = small.shop.sell.at_till(small.counter, TILL, [Item(product, quantity)], Tender.CASH).result
    return order


def test_an_order_says_in_which_territory_it_was_sold(small: SmallShop) -> None:
    assert small.shop.log.load(Order, sell(small, small.mug)).territory == "CN-BJ"


def test_a_territory_that_is_not_granted_is_refused_at_the_till(small: SmallShop) -> None:
    _, product = plate(small, {"territories": ("CN-SH",)})
    with pytest.raises(TerritoryNotGranted):
        sell(small, product)


def test_the_last_unit_of_a_cap_is_the_last_one_sold(small: SmallShop) -> None:
    _, product = plate(small, unit_cap=3, refuse_over_cap=True)
    order = sell(small, product, 3)
    head = small.shop.log.head()
    with pytest.raises(UnitCapReached):
        sell(small, product)
    assert small.shop.log.head() == head
    small.shop.take_back.take_back(order, {1: 1}, Tender.CASH)
    small.shop.followers.catch_up()
    sell(small, product)
    assert small.shop.differences() == []


def test_units_are_taken_when_an_order_is_placed_and_not_when_it_is_paid(small: SmallShop) -> None:
    _, product = plate(small, unit_cap=1, refuse_over_cap=True)
    shop = small.shop
    basket = shop.sell.open_basket(small.web, "visitor").result
    shop.sell.set_quantity(basket, "visitor", product, 1)
    shop.sell.place_order(basket, "visitor")
    with pytest.raises(UnitCapReached):
        sell(small, product)


def test_what_is_not_approved_is_not_sold(small: SmallShop) -> None:
    licence, product = plate(small, {"approval": ApprovalRules(stages=("production_sample",))})
    with pytest.raises(ProductNotApproved):
        sell(small, product)
    licensing = small.shop.licensing
    approval = licensing.submit_for_approval(licence, product, "PLATE", "production_sample", HASH, TODAY).result
    licensing.record_answer(approval, "production_sample", "approved", TODAY, "Ms Lin", "cd" * 32)
    sell(small, product)


def order_online(small: SmallShop, product: UUID, quantity: int = 1) -> UUID:
    shop = small.shop
    basket = shop.sell.open_basket(small.web, "visitor").result
    shop.sell.set_quantity(basket, "visitor", product, quantity)
    order: UUID = shop.sell.place_order(basket, "visitor").result
    return order


def test_an_order_nobody_pays_gives_its_units_back_after_a_day(small: SmallShop) -> None:
    _, product = plate(small, unit_cap=3, refuse_over_cap=True)
    abandoned, paid = order_online(small, product, 2), sell(small, product)
    small.shop.followers.catch_up()
    with clock.using(SettableClock(MORNING + timedelta(hours=23, minutes=59))):
        assert small.shop.lapse_orders.act_on_deadlines() == 0
        with pytest.raises(UnitCapReached):
            sell(small, product)
    with clock.using(SettableClock(MORNING + timedelta(hours=24))):
        assert [small.shop.lapse_orders.act_on_deadlines() for _ in range(2)] == [1, 0]
        sell(small, product, 2)
    orders = [small.shop.log.load(Order, order) for order in (abandoned, paid)]
    assert [order.cancelled for order in orders] == ["nobody paid it within a day", None]
    with pytest.raises(OrderCancelled):
        small.shop.sell.pay(abandoned, Tender.CARD, "sandbox", "4242")
    assert small.shop.differences() == []


def test_a_sale_says_the_gtin_its_royalty_line_shows(small: SmallShop) -> None:
    item = Item(small.vase, edition_id=small.edition, number=1)
    small.shop.sell.at_till(small.counter, TILL, [item], Tender.CASH)
    small.shop.followers.catch_up()
    licensing = small.shop.licensing
    assert len(licensing.issue_statements(date(2026, 10, 10))) == 3
    assert licensing.statement(small.licence, "2026-Q2").is_nil
    (line,) = licensing.statement(small.licence, "2026-Q3").lines
    assert (line.sku, line.gtin, line.sold) == ("VASE", "06901234567892", 1)


def balances(small: SmallShop, name: str) -> dict[str, str]:
    small.shop.followers.catch_up()
    rows = small.shop.ledger.trial_balance().rows
    return {row.account: row.closing.amount for row in rows if name in row.account}


def test_what_is_made_up_to_a_guarantee_is_an_advance_in_the_books(small: SmallShop) -> None:
    due = Instalment(due=date(2026, 9, 30), amount=Money.parse("100.00 CNY"))
    licence, product = plate(small, guarantees=(due,), shared_account="MUSEUM")
    sell(small, product)
    small.shop.followers.catch_up()
    small.shop.licensing.issue_statements(date(2026, 10, 10))
    assert small.shop.licensing.statement(licence, "2026-Q3").header.account.shortfall == Money.parse("92.00 CNY")
    expected = {"Assets:PrepaidRoyalty:MUSEUM": "92.00", "Liabilities:Royalty:MUSEUM": "-100.00"}
    assert balances(small, "MUSEUM") == expected
    with clock.using(SettableClock(MORNING + timedelta(days=90))):
        sell(small, product)
    assert balances(small, "MUSEUM") == expected | {"Assets:PrepaidRoyalty:MUSEUM": "84.00"}
