"""A piece is released only where its licensors and certifiers would have it sold; and sold only where they still would."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop, words

from souvenir.editions.edition import Edition
from souvenir.kernel import clock
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.money import Money
from souvenir.licensing.approval import ProductNotApproved
from souvenir.licensing.authorisation import ProductNotCertified
from souvenir.licensing.contract import ChannelNotGranted, LicenceLapsed, LicenceNotBegun, TerritoryNotGranted
from souvenir.licensing.grant import ApprovalRules, Grant
from souvenir.licensing.terms import flat
from souvenir.payments.payment import Tender
from souvenir.processes.make_order import Item
from souvenir.processes.release_edition import SetLacksLicence

HASH = "ab" * 32
SAMPLE = {"approval": ApprovalRules(stages=("production_sample",))}


@pytest.fixture
def small() -> Iterator[SmallShop]:
    with clock.using(SettableClock(MORNING)):
        small = open_small_shop("sqlite://")
        yield small
        small.shop.close()


def plate(small: SmallShop, **grant: Any) -> tuple[UUID, UUID, UUID]:
    """A licence, a product under it, and an edition of ten at the counter that is not released."""
    shop = small.shop
    facts: dict[str, Any] = {
        "categories": ("enamelware",), "territories": ("CN",), "channels": ("shop", "online"),
        "starts": date(2026, 1, 1), "ends": date(2026, 12, 31),
    }  # fmt: skip
    licence = shop.licensing.grant(
        "LIC-P", "Museum", words("Lotus", "莲花"), Grant(**(facts | grant)), flat("0.08", "CNY")
    ).result
    product = shop.catalogue.list_product(
        sku="PLATE", name=words("Plate", "盘"), story=words("Lotus.", "莲。"), price=Money.parse("113.00 CNY"),
        origin_site_id=UUID(int=1), vat_category="standard", category="enamelware", listed_on=TODAY,
        licence_ids=(licence,), has_edition=True, gtin="6901234567885",
    ).result  # fmt: skip
    title = words("Plate", "盘")
    edition = shop.editions.declare(product_id=product, gtin="6901234567885", title=title, size=10).result
    shop.editions.allot(edition, small.counter, 1, 10)
    return licence, product, edition


@pytest.mark.parametrize(
    ("grant", "refusal"),
    [
        ({"territories": ("CN-SH",)}, TerritoryNotGranted),
        ({"channels": ("online",)}, ChannelNotGranted),
        ({"starts": date(2026, 7, 11)}, LicenceNotBegun),
        ({"ends": date(2026, 7, 9)}, LicenceLapsed),
        (SAMPLE, ProductNotApproved),
    ],
)
def test_what_a_licence_does_not_permit_is_not_released(small: SmallShop, grant: Any, refusal: Any) -> None:
    *_, edition = plate(small, **grant)
    head = small.shop.log.head()
    with pytest.raises(refusal):
        small.shop.editions.release(edition)
    assert small.shop.log.head() == head


def test_a_release_is_checked_for_the_day_it_is_for_in_the_time_zone_of_the_licence(small: SmallShop) -> None:
    *_, edition = plate(small, ends=date(2026, 7, 31))
    with pytest.raises(LicenceLapsed):
        small.shop.editions.release(edition, datetime(2026, 7, 31, 16, 0, tzinfo=UTC))
    small.shop.editions.release(edition, datetime(2026, 7, 31, 15, 59, tzinfo=UTC))
    for _ in range(2):
        small.shop.editions.release(edition)
    assert small.shop.log.load(Edition, edition).version == 3


def test_once_the_sample_is_approved_the_edition_is_released_and_sold(small: SmallShop) -> None:
    licence, product, edition = plate(small, **SAMPLE)
    licensing = small.shop.licensing
    approval = licensing.submit_for_approval(licence, product, "PLATE", "production_sample", HASH, TODAY).result
    licensing.record_answer(approval, "production_sample", "approved", TODAY, "Ms Lin", "cd" * 32)
    small.shop.editions.release(edition)
    small.shop.sell.at_till(small.counter, TILL, [Item(product, edition_id=edition, number=1)], Tender.CASH)


def test_what_was_released_is_asked_again_when_it_is_sold(small: SmallShop) -> None:
    licence, product, edition = plate(small)
    small.shop.editions.release(edition)
    small.shop.licensing.terminate(licence, date(2026, 7, 9), 0, "agreed")
    with pytest.raises(LicenceLapsed):
        small.shop.sell.at_till(small.counter, TILL, [Item(product, edition_id=edition, number=1)], Tender.CASH)


def test_a_mark_the_product_has_no_certificate_for_keeps_it_from_release(small: SmallShop) -> None:
    mark = small.shop.licensing.certify_mark(
        "GIFT-1", words("Gift", "礼物"), "City", (UUID(int=9),), date(2026, 1, 1), date(2027, 1, 1)
    ).result
    goods = {"price": Money.parse("113.00 CNY"), "origin_site_id": UUID(int=1), "vat_category": "standard"}
    product = small.shop.catalogue.list_product(
        sku="FAN", name=words("Fan", "扇"), story=words("Silk.", "丝。"), category="silk", listed_on=TODAY,
        has_edition=True, gtin="6901234567878", mark_id=mark, **goods,
    ).result  # fmt: skip
    edition = small.shop.editions.declare(
        product_id=product, gtin="6901234567878", title=words("Fan", "扇"), size=2
    ).result
    with pytest.raises(ProductNotCertified):
        small.shop.editions.release(edition)


def test_a_set_is_under_every_licence_its_parts_are_under(small: SmallShop):
    licence, plate_id, _ = plate(small)
    editions = small.shop.editions

    def declare(product: UUID, **facts: Any) -> UUID:
        return editions.declare(
            product_id=product, gtin="6901234567892", title=words("Set", "套装"), size=2, **facts
        ).result

    parts = (declare(small.vase), declare(plate_id))
    as_a_vase = declare(small.vase, parts=parts)
    editions.allot(as_a_vase, small.counter, 1, 2)
    head = small.shop.log.head()
    with pytest.raises(SetLacksLicence) as refusal:
        editions.release(as_a_vase)
    assert refusal.value.facts == {"sku": "VASE", "part": "PLATE", "licence_id": licence}
    assert small.shop.log.head() == head

    both = small.shop.catalogue.list_product(
        sku="SET", name=words("Set", "套装"), story=words("Both.", "成套。"), price=Money.parse("1200.00 CNY"),
        origin_site_id=UUID(int=1), vat_category="standard", category="enamelware", listed_on=TODAY,
        licence_ids=(small.licence, licence), has_edition=True,
    ).result  # fmt: skip
    as_both = declare(both, parts=(declare(small.vase), declare(plate_id)))
    editions.allot(as_both, small.counter, 1, 2)
    editions.release(as_both)
