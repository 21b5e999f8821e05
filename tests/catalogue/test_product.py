"""A product is listed with checked codes and prices, changes price and words, and leaves the shelf for good."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from souvenir.catalogue.product import PriceInOtherCurrency, PriceNotPositive, Product, ProductWithdrawn, product_id
from souvenir.catalogue.vat import NoVatRate
from souvenir.kernel.errors import MalformedInput
from souvenir.kernel.identifiers import MalformedGtin
from souvenir.kernel.money import Money, UnknownCurrency

FACTORY = UUID("00000000-0000-0000-0000-0000000000f1")
LICENCE = UUID("00000000-0000-0000-0000-0000000000c1")


def vase(**changes: object) -> Product:
    facts = {
        "sku": "VASE-01",
        "name": {"zh-Hans": "珐琅瓶", "en": "Enamel vase"},
        "story": {"zh-Hans": "取自老窑的蓝。", "en": "The blue of the old kiln."},
        "origin_site_id": FACTORY,
        "price": Money(149400, "CNY"),
        "vat_category": "standard",
        "category": "enamelware",
        "listed_on": date(2025, 5, 1),
        "gtin": "6901234567892",
    }
    return Product.list_new(**(facts | changes))


def replayed(aggregate: Product) -> Product:
    copy = None
    for happened in aggregate.collect_events():
        copy = happened.mutate(copy)
    assert copy is not None
    return copy


def test_a_listed_product_carries_the_rate_of_its_day_and_its_gtin_in_fourteen_digits():
    product = vase()
    assert product.id == product_id("VASE-01")
    assert product.vat_rate == Decimal("0.13")
    assert product.gtin == "06901234567892"


def test_the_rate_at_sale_is_the_rate_of_the_day_of_sale():
    assert vase().vat_rate_on(date(2015, 7, 1), "CN-BJ") == Decimal("0.17")
    assert vase().vat_rate_on(date(2015, 7, 1), "JP-27") == Decimal("0.08")
    with pytest.raises(NoVatRate):
        vase().vat_rate_on(date(2015, 7, 1), "US-NY")


@pytest.mark.parametrize(
    ("field", "value", "refusal"),
    [
        ("gtin", "6901234567893", MalformedGtin),
        ("gtin", "", MalformedGtin),
        ("gtin", "690-1234567892", MalformedGtin),
        ("gtin", "６９０１２３４５６７８９２", MalformedGtin),
        ("sku", "vase 1", MalformedInput),
        ("category", "Enamel Ware", MalformedInput),
        ("name", {}, MalformedInput),
        ("price", Money(0, "CNY"), PriceNotPositive),
        ("price", Money(-1, "CNY"), PriceNotPositive),
        ("price", Money(10**15 + 1, "CNY"), PriceNotPositive),
        ("price", Money(100, "XXX"), UnknownCurrency),
        ("cost", Money(100, "USD"), PriceInOtherCurrency),
        ("vat_category", "luxury", NoVatRate),
        ("licence_ids", (LICENCE, LICENCE), MalformedInput),
    ],
)
def test_malformed_facts_are_refused(field: str, value: object, refusal: type[Exception]):
    with pytest.raises(refusal):
        vase(**{field: value})


def test_the_same_price_again_records_nothing():
    product = vase()
    product.reprice(Money(159900, "CNY"), date(2025, 6, 1))
    product.reprice(Money(159900, "CNY"), date(2025, 6, 2))
    assert product.version == 2
    assert product.price == Money(159900, "CNY")


def test_a_price_in_another_currency_or_of_nothing_is_refused():
    product = vase()
    with pytest.raises(PriceInOtherCurrency):
        product.reprice(Money(100, "USD"), date(2025, 6, 1))
    with pytest.raises(PriceNotPositive):
        product.reprice(Money(0, "CNY"), date(2025, 6, 1))
    assert product.version == 1


def test_the_same_words_again_record_nothing():
    product = vase()
    product.translate({"en": "Vase"}, {"en": "Blue."})
    product.translate({"en": "Vase"}, {"en": "Blue."})
    assert product.version == 2


def test_a_withdrawn_product_is_not_sold_or_repriced():
    product = vase()
    product.require_for_sale()
    product.withdraw(date(2025, 7, 1), "mould broken")
    product.withdraw(date(2025, 8, 1), "again")
    assert product.version == 2
    with pytest.raises(ProductWithdrawn, match="2025-07-01"):
        product.require_for_sale()
    with pytest.raises(ProductWithdrawn):
        product.reprice(Money(1, "CNY"), date(2025, 8, 1))


def test_history_replays_to_the_same_product():
    product = vase(licence_ids=(LICENCE,), cost=Money(60000, "CNY"))
    product.reprice(Money(159900, "CNY"), date(2025, 6, 1))
    product.translate({"en": "Vase"}, {"en": "Blue."})
    product.withdraw(date(2025, 7, 1), "mould broken")
    copy = replayed(product)
    assert copy.price == Money(159900, "CNY")
    assert copy.name == {"en": "Vase"}
    assert copy.licence_ids == (LICENCE,)
    assert copy.withdrawn_on == date(2025, 7, 1)
    assert copy.listed_as == product.listed_as
