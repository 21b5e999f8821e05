"""A small shop to test with: an enamel factory's shop with a till, an online storefront, a licensed edition of few."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from souvenir.kernel.money import Money
from souvenir.licensing.licence import Grant
from souvenir.licensing.terms import flat
from souvenir.payments.provider import PaymentProvider, Providers
from souvenir.payments.providers.cash import Cash
from souvenir.payments.providers.sandbox import Sandbox
from souvenir.payments.providers.terminal import BankTerminal
from souvenir.shop import Shop
from souvenir.taxrefund.agency import RefundAgency
from souvenir.taxrefund.customs import CustomsOffice
from souvenir.taxrefund.tax_office import TaxOffice

MORNING = datetime(2026, 7, 10, 1, tzinfo=UTC)
"""Nine o'clock in Beijing."""

TODAY = date(2026, 7, 10)
TILL = "T1"


@dataclass(frozen=True)
class SmallShop:
    """What was set up, by name."""

    shop: Shop
    sandbox: Sandbox
    counter: UUID
    web: UUID
    mug: UUID
    vase: UUID
    edition: UUID
    licence: UUID


def words(en: str, zh: str) -> dict[str, str]:
    return {"zh-Hans": zh, "en": en}


def open_small_shop(
    url: str,
    *,
    size: int = 4,
    secrets: str | None = None,
    more: tuple[PaymentProvider, ...] = (),
    customs: CustomsOffice | None = None,
    office: TaxOffice | None = None,
    agency: RefundAgency | None = None,
    advanced_by: str = "shop",
) -> SmallShop:
    """Open a shop at a URL and set it up: numbers 1 to half the size at the counter, the rest on the web."""
    sandbox = Sandbox()
    shop = Shop.open(
        url,
        secrets=secrets,
        providers=Providers(Cash(), BankTerminal(), sandbox, *more),
        customs=customs,
        office=office,
        agency=agency,
    )
    site = shop.sites.register_site(
        code="ENAMEL", kind="factory", name=words("Enamel factory", "珐琅厂"), story=words("Since 1956.", "建于1956年。"),
        region="CN-BJ", time_zone="Asia/Shanghai",
    ).result  # fmt: skip
    place = {"region": "CN-BJ", "time_zone": "Asia/Shanghai", "currency": "CNY", "site_id": site}
    free = {**place, "trades_without_shift": True}
    counter = shop.sites.open_outlet(code="COUNTER", kind="shop", name=words("Shop", "商店"), **free).result
    web = shop.sites.open_outlet(code="WEB", kind="online", name=words("Online", "网店"), **place).result
    shop.sites.install_till(counter, TILL)
    shop.sites.register_for_tax_refund(
        counter, jurisdiction="CN", agency="Bank", store_no="S1", instant=True, refund_point_id=None,
        registered_on=date(2015, 7, 1), advanced_by=advanced_by,
    )  # fmt: skip
    licence = shop.licensing.grant(
        "LIC-A", "Palace Studio", words("Crane", "仙鹤"),
        Grant(
            categories=("enamelware",), territories=("CN",), channels=("shop", "online"),
            starts=date(2026, 1, 1), ends=date(2026, 12, 31),
        ),
        flat("0.08", "CNY", advance=Money.parse("1000.00 CNY")),
    ).result  # fmt: skip
    goods = {"origin_site_id": site, "vat_category": "standard", "category": "enamelware", "listed_on": TODAY}
    mug = shop.catalogue.list_product(
        sku="MUG", name=words("Mug", "马克杯"), story=words("Blue.", "蓝色。"), price=Money.parse("113.00 CNY"),
        cost=Money.parse("40.00 CNY"), **goods,
    ).result  # fmt: skip
    vase = shop.catalogue.list_product(
        sku="VASE", name=words("Crane vase", "仙鹤瓶"), story=words("One of few.", "限量。"),
        price=Money.parse("1130.00 CNY"), cost=Money.parse("400.00 CNY"), licence_ids=(licence,), has_edition=True,
        gtin="6901234567892", **goods,
    ).result  # fmt: skip
    edition = shop.editions.declare(
        product_id=vase, gtin="6901234567892", title=words("Crane vase", "仙鹤瓶"), size=size, approval_required=True
    ).result
    shop.editions.approve(edition, "sample 7", TODAY, licence)
    shop.editions.allot(edition, counter, 1, size // 2)
    shop.editions.allot(edition, web, size // 2 + 1, size)
    shop.editions.release(edition)
    return SmallShop(shop, sandbox, counter, web, mug, vase, edition, licence)
