"""A traveller's day in three countries: an advance in Beijing, tax-free Tokyo before and after November, a form in Paris.

The first part goes through a whole shop with its books; the others ask the rule book alone.
Run it: python examples/three_travellers.py
"""

from datetime import date
from decimal import Decimal
from uuid import UUID

from souvenir import Money, Shop
from souvenir.payments.payment import Tender
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.taxrefund.assessment import Purchase, PurchaseLine, Store, Traveller
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.explanation import explain
from souvenir.taxrefund.languages import languages
from souvenir.taxrefund.rulebook import open_rule_book

BOUGHT = date(2026, 8, 1)
PROMISED = date(2026, 8, 29)
PASSPORTS = {
    "Anna": "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F3204153ZE184226B<<<<<16",
}


class Passport:
    """A document reader that has this passport on its glass."""

    def __init__(self, zone: str) -> None:
        self._zone = zone

    def read(self) -> str:
        return self._zone


def main() -> None:
    with Shop.in_memory() as shop:
        beijing(shop)
    tokyo()
    paris()


def beijing(shop: Shop) -> None:
    """An instant refund: money in the hand today, a card behind it, customs four weeks later; and one who is late."""
    counter, vase = open_gift_shop(shop)
    anna = TravelDocument.read(Passport(PASSPORTS["Anna"]), last_entry=date(2026, 7, 20), on=BOUGHT)
    ben = TravelDocument("passport", "X1234567", "BEN EXAMPLE", last_entry=date(2026, 7, 25))
    claims = {name: advance(shop, counter, vase, who) for name, who in (("Anna", anna), ("Ben", ben))}

    shop.refund_tax.confirm_customs(claims["Anna"], "PVG", {1: 1}, PROMISED)  # Shanghai: recognised since July 2026
    shop.followers.catch_up()
    shop.refund_tax.act_on_deadlines(date(2026, 8, 30))
    for name, claim_id in claims.items():
        claim = shop.log.load(Claim, claim_id)
        print(f"Beijing, {name}: {claim.state}, has {claim.received} of {claim.net}")

    shop.refund_tax.confirm_customs(claims["Ben"], "PEK", {1: 1}, date(2026, 9, 5))
    shop.refund_tax.pay_at_departure(claims["Ben"], "cash", date(2026, 9, 5))
    print("Beijing, Ben, the ordinary way:", shop.log.load(Claim, claims["Ben"]).received)


def advance(shop: Shop, counter: UUID, vase: UUID, who: TravelDocument) -> UUID:
    """Sell a vase and hand over its refund against a card."""
    order = shop.sell.at_till(counter, "till-1", [Item(vase, 1)], Tender.CARD, on=BOUGHT).result
    claim = shop.refund_tax.open_claim([order], "instant_store", who, issued_on=BOUGHT).result
    shop.refund_tax.agree(claim, BOUGHT)
    shop.refund_tax.guarantee(claim, "sandbox", "a card", BOUGHT)
    shop.refund_tax.advance(claim, "cash", BOUGHT)
    return claim


def tokyo() -> None:
    """The same purchase on the last day of the old rules, and on the first of the new."""
    for mode, day in (("tax_free_at_till", date(2026, 10, 31)), ("refund_after_customs", date(2026, 11, 1))):
        ask("Tokyo", "JP", mode, day, "11000 JPY", "0.10")


def paris() -> None:
    """Below the minimum, and above it; what the operator keeps is not in the rule book, and it says so."""
    for amount in ("100.00 EUR", "240.00 EUR"):
        ask("Paris", "FR", "departure", date(2026, 8, 1), amount, "0.20")


def ask(city: str, country: str, mode: str, day: date, amount: str, vat: str) -> None:
    purchase = Purchase(
        store=Store(country, country),
        mode=mode,
        traveller=Traveller("passport", last_entry=day),
        lines=(PurchaseLine(1, Money.parse(amount), Decimal(vat)),),
        purchased_on=day,
    )
    found = explain(open_rule_book(), purchase)
    print(f"{city}, {day}, {amount}:")
    for statement in (*found.problems, *found.terms[:2]):
        print("   ", statement.read(languages()["en"]))
        print("   ", statement.read(languages()["zh-Hans"]))
    for rule in found.uncertain:
        print("    To be verified:", rule.version)


def open_gift_shop(shop: Shop) -> tuple[UUID, UUID]:
    """A gift shop that is a tax refund store, and one thing to sell."""
    works = shop.sites.register_site(
        code="YANSHAN",
        kind="factory",
        name={"zh-Hans": "燕山珐琅厂", "en": "Yanshan Enamel Works"},
        story={"zh-Hans": "1956年建厂。", "en": "Since 1956."},
        region="CN-BJ",
        time_zone="Asia/Shanghai",
    ).result
    counter = shop.sites.open_outlet(
        code="YS-SHOP",
        kind="shop",
        name={"zh-Hans": "燕山礼品店"},
        site_id=works,
        region="CN-BJ",
        time_zone="Asia/Shanghai",
        currency="CNY",
        trades_without_shift=True,
    ).result
    shop.sites.install_till(counter, "till-1")
    shop.sites.register_for_tax_refund(
        counter,
        jurisdiction="CN",
        agency="Bank of the Capital",
        store_no="BJ-0001",
        instant=True,
        refund_point_id=None,
        registered_on=date(2026, 1, 1),
    )
    vase = shop.catalogue.list_product(
        sku="VASE",
        name={"zh-Hans": "掐丝珐琅瓶", "en": "Cloisonné vase"},
        story={"zh-Hans": "三十二道工序。", "en": "Thirty-two steps by hand."},
        origin_site_id=works,
        price=Money.parse("1494.00 CNY"),
        vat_category="standard",
        category="enamel",
        listed_on=BOUGHT,
    ).result
    return counter, vase


if __name__ == "__main__":
    main()
