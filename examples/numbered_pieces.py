"""A numbered piece is sold over the counter, a second one on the web; nobody gets the same number.

Run it: python examples/numbered_pieces.py
"""

from datetime import date
from uuid import UUID

from souvenir import Money, Shop, SouvenirError
from souvenir.payments.payment import Tender
from souvenir.processes.make_order import Item

TODAY = date(2026, 5, 15)


def main() -> None:
    with Shop.in_memory() as shop:
        works, gift_shop, web = open_outlets(shop)
        vase, edition = declare_edition(shop, works, gift_shop, web)

        number_17 = [Item(vase, edition_id=edition, number=17)]
        order = shop.sell.at_till(gift_shop, "till-1", number_17, Tender.CASH).result
        print("Sold over the counter: 17 of 500, order", order)
        try:
            shop.sell.at_till(gift_shop, "till-1", number_17, Tender.CASH)
        except SouvenirError as refusal:
            print("A second time:", refusal.code, "-", refusal)

        basket = shop.sell.open_basket(web, "a visitor's session").result
        number = shop.sell.hold_piece(basket, "a visitor's session", edition).result
        order = shop.sell.place_order(basket, "a visitor's session").result
        shop.sell.pay(order, Tender.CARD, "sandbox", "a card")
        print(f"Sold on the web: {number} of 500, order {order}")

        shop.followers.catch_up()
        for account in shop.ledger.trial_balance().rows:
            print(f"{account.account:30} {account.closing}")


def open_outlets(shop: Shop) -> tuple[UUID, UUID, UUID]:
    """A works, with a gift shop of one till and a storefront."""
    works = shop.sites.register_site(
        code="YANSHAN",
        kind="factory",
        name={"zh-Hans": "燕山珐琅厂", "en": "Yanshan Enamel Works"},
        story={"zh-Hans": "1956年建厂，师傅仍以手工掐丝。", "en": "Since 1956; wires are still laid by hand."},
        region="CN-BJ",
        time_zone="Asia/Shanghai",
    ).result
    gift_shop, web = (
        shop.sites.open_outlet(
            code=code,
            kind=kind,
            name={"zh-Hans": name},
            site_id=works,
            region="CN-BJ",
            time_zone="Asia/Shanghai",
            currency="CNY",
            trades_without_shift=True,
        ).result
        for code, kind, name in (("YS-SHOP", "shop", "燕山礼品店"), ("YS-WEB", "online", "燕山网店"))
    )
    shop.sites.install_till(gift_shop, "till-1")
    return works, gift_shop, web


def declare_edition(shop: Shop, works: UUID, gift_shop: UUID, web: UUID) -> tuple[UUID, UUID]:
    """A vase in an edition of 500: the first hundred for the gift shop, the others for the storefront."""
    vase = shop.catalogue.list_product(
        sku="VASE-GREATWALL",
        name={"zh-Hans": "掐丝珐琅瓶“长城”", "en": "Cloisonné vase, The Great Wall"},
        story={"zh-Hans": "三十二道工序。", "en": "Thirty-two steps by hand."},
        origin_site_id=works,
        price=Money.parse("1130.00 CNY"),
        vat_category="standard",
        category="enamel",
        listed_on=TODAY,
        gtin="6901234567892",
        has_edition=True,
    ).result
    edition = shop.editions.declare(
        product_id=vase, gtin="6901234567892", title={"zh-Hans": "长城", "en": "The Great Wall"}, size=500
    ).result
    shop.editions.allot(edition, gift_shop, 1, 100)
    shop.editions.allot(edition, web, 101, 500)
    shop.editions.release(edition)
    return vase, edition


if __name__ == "__main__":
    main()
