"""The catalogue records each product once, refuses a code that is taken, and shows the shelf in pages."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from souvenir.catalogue.application import Catalogue
from souvenir.catalogue.product import GtinTaken, SkuTaken, product_id
from souvenir.catalogue.registers import ProductCodes
from souvenir.catalogue.views import Shelf
from souvenir.eventlog import EventLog, Followers
from souvenir.kernel.errors import NotFound
from souvenir.kernel.money import Money

FACTORY = UUID("00000000-0000-0000-0000-0000000000f1")


@pytest.fixture
def log(store_url: str) -> Iterator[EventLog]:
    log = EventLog.open(store_url, registers=(ProductCodes(),))
    yield log
    log.close()


def list_vase(log: EventLog, **changes: object) -> UUID:
    facts = {
        "sku": "VASE-01",
        "name": {"zh-Hans": "珐琅瓶", "en": "Enamel vase"},
        "story": {"zh-Hans": "取自老窑的蓝。"},
        "origin_site_id": FACTORY,
        "price": Money(149400, "CNY"),
        "vat_category": "standard",
        "category": "enamelware",
        "listed_on": date(2025, 5, 1),
        "gtin": "6901234567892",
    }
    return Catalogue(log).list_product(**(facts | changes)).result


def test_the_same_listing_again_records_nothing(log: EventLog):
    assert list_vase(log) == list_vase(log, listed_on=date(2025, 5, 2)) == product_id("VASE-01")
    assert len(list(log.events())) == 1


def test_a_taken_sku_or_gtin_is_refused_and_nothing_recorded(log: EventLog):
    list_vase(log)
    with pytest.raises(SkuTaken):
        list_vase(log, price=Money(100, "CNY"))
    with pytest.raises(GtinTaken, match="06901234567892 already belongs to the product with SKU VASE-01"):
        list_vase(log, sku="VASE-02", gtin="06901234567892")
    assert len(list(log.events())) == 1


def test_changing_an_unknown_product_is_refused(log: EventLog):
    with pytest.raises(NotFound):
        Catalogue(log).reprice(FACTORY, Money(1, "CNY"), date(2025, 5, 1))


def test_the_shelf_follows_what_was_listed_repriced_translated_and_withdrawn(log: EventLog):
    shelf, catalogue = Shelf(), Catalogue(log)
    followers = Followers(log, processes=(), views=(shelf,))
    vase = list_vase(log)
    list_vase(log, sku="BOWL-01", gtin=None)
    list_vase(log, sku="PIN-01", gtin=None)
    catalogue.reprice(vase, Money(159900, "CNY"), date(2025, 6, 1))
    catalogue.translate(vase, {"en": "Vase"}, {"en": "Blue."})
    catalogue.withdraw(product_id("PIN-01"), date(2025, 6, 2), "sold through")
    followers.catch_up()
    with log.reading() as session:
        item = shelf.by_gtin(session, "06901234567892")
        assert item is not None
        assert item == shelf.by_id(session, vase) == shelf.by_sku(session, "VASE-01")
        assert (item.price, item.name, item.vat_rate) == (Money(159900, "CNY"), {"en": "Vase"}, Decimal("0.13"))
        assert [found.sku for found in shelf.page(session)] == ["BOWL-01", "VASE-01"]
        assert [found.sku for found in shelf.page(session, after="BOWL-01")] == ["VASE-01"]
        assert [found.sku for found in shelf.page(session, first=1)] == ["BOWL-01"]
        assert [found.sku for found in shelf.page(session, withdrawn=True)] == ["BOWL-01", "PIN-01", "VASE-01"]
        assert shelf.by_sku(session, "NONE") is None
