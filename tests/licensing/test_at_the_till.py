"""A whole shop: what a licence forbids is not sold, over the counter or online, and what it allows says where it was sold."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop, words

from souvenir.catalogue.product import Product
from souvenir.kernel import clock
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.money import Money
from souvenir.licensing.accrual import Accrual
from souvenir.licensing.approval import ProductNotApproved
from souvenir.licensing.cap_use import UnitCapReached
from souvenir.licensing.contract import LicenceLapsed, TerritoryNotGranted
from souvenir.licensing.grant import ApprovalRules, Grant
from souvenir.licensing.terms import Instalment, flat
from souvenir.payments.payment import Tender
from souvenir.processes.make_order import Item
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
    name = "MUSEUM-EBB17E31"
    expected = {f"Assets:PrepaidRoyalty:{name}": "92.00", f"Liabilities:Royalty:{name}": "-100.00"}
    assert balances(small, "MUSEUM") == expected
    with clock.using(SettableClock(MORNING + timedelta(days=90))):
        sell(small, product)
    assert balances(small, "MUSEUM") == expected | {f"Assets:PrepaidRoyalty:{name}": "84.00"}


def test_in_a_set_each_licensor_has_a_part_in_the_price_as_its_pieces_are_priced(small: SmallShop) -> None:
    """A vase of 1,130.00 and a plate of 113.00 as a set for 1,200.00: 1,061.95 without VAT, ten parts to one."""
    licence, _ = plate(small, stacking_cap="0.08", discount_cap="0.1")
    works = small.shop.log.load(Product, small.vase).origin_site_id
    goods: dict[str, Any] = {"story": words("Both.", "成套。"), "origin_site_id": works, "vat_category": "standard"}
    set_id = small.shop.catalogue.list_product(
        sku="SET", name=words("Set", "套装"), price=Money.parse("1200.00 CNY"), category="enamelware", listed_on=TODAY,
        licence_ids=(small.licence, licence), has_edition=True, **goods,
    ).result  # fmt: skip
    plates = small.shop.catalogue.list_product(
        sku="PLATES", name=words("Plates", "盘"), price=Money.parse("113.00 CNY"), category="enamelware", listed_on=TODAY,
        licence_ids=(licence,), has_edition=True, **goods,
    ).result  # fmt: skip

    def declare(product: UUID, **facts: Any) -> UUID:
        edition: UUID = small.shop.editions.declare(
            product_id=product, gtin="6901234567892", title=words("Set", "套装"), size=2, **facts
        ).result
        return edition

    edition = declare(set_id, parts=(declare(small.vase), declare(plates)))
    small.shop.editions.allot(edition, small.counter, 1, 2)
    small.shop.editions.release(edition)
    sold = [Item(set_id, edition_id=edition, number=1)]
    order = small.shop.sell.at_till(small.counter, TILL, sold, Tender.CASH).result
    small.shop.followers.catch_up()
    accruals = [small.shop.log.load(Accrual, Accrual.id_of(order, 1, each)) for each in (small.licence, licence)]
    assert [each.base.amount for each in accruals] == ["965.41", "96.54"], "and not 1061.95 each"
    assert [each.royalty.amount for each in accruals] == ["77.23", "7.72"], "8 % of the whole: the cap is kept"
    small.shop.take_back.take_back(order, {1: 1}, Tender.CASH)
    small.shop.followers.catch_up()
    left = [small.shop.log.load(Accrual, Accrual.id_of(order, 1, each)) for each in (small.licence, licence)]
    assert [(each.base_left.minor, each.royalty_left.minor) for each in left] == [(0, 0), (0, 0)]
    assert small.shop.differences() == []


def test_a_sell_off_is_of_what_was_there_before_the_term_ended(small: SmallShop) -> None:
    """The plate is listed today: on the last day of the term it is old stock, after it new."""
    _, old = plate(small, {"ends": TODAY, "sell_off_days": 30})
    with clock.using(SettableClock(MORNING + timedelta(days=30))):
        sell(small, old)
    with clock.using(SettableClock(MORNING + timedelta(days=31))), pytest.raises(LicenceLapsed):
        sell(small, old)
    licence = small.shop.licensing.grant(
        "LIC-Q", "Museum", words("Crane", "鹤"),
        Grant(categories=("silk",), territories=("CN",), channels=("shop",), starts=date(2026, 1, 1),
              ends=TODAY - timedelta(days=1), sell_off_days=30), flat("0.08", "CNY"),
    ).result  # fmt: skip
    new = small.shop.catalogue.list_product(
        sku="FAN", name=words("Fan", "扇"), story=words("Crane.", "鹤。"), price=Money.parse("113.00 CNY"),
        origin_site_id=UUID(int=1), vat_category="standard", category="silk", listed_on=TODAY, licence_ids=(licence,),
    ).result  # fmt: skip
    with pytest.raises(LicenceLapsed):
        sell(small, new)


@pytest.mark.parametrize(("zone", "last_day"), [("Asia/Shanghai", False), ("America/New_York", True)])
def test_the_last_day_is_that_of_the_licence_s_own_calendar(small: SmallShop, zone: str, last_day: bool) -> None:
    """At nine in Shanghai on the day after the term it is still the last evening in New York."""
    yesterday = TODAY - timedelta(days=1)
    licence, product = plate(small, {"ends": yesterday, "time_zone": zone})
    if not last_day:
        with pytest.raises(LicenceLapsed):
            sell(small, product)
        return
    order = sell(small, product)
    small.shop.followers.catch_up()
    assert small.shop.log.load(Order, order).lines[0].bearing(licence).on == yesterday
    assert small.shop.log.load(Accrual, Accrual.id_of(order, 1, licence)).standing == "term"
