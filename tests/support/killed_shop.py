"""A shop in a process of its own, made to be killed: it sells, takes back and refunds through Stripe until it is."""

import json
import sys
from contextlib import suppress
from random import Random
from uuid import UUID, uuid4

from shops import MORNING, TILL, TODAY
from stripe_server import API_KEY, WEBHOOK_SECRET

from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.payments.payment import Tender
from souvenir.payments.provider import Providers
from souvenir.payments.providers.cash import Cash
from souvenir.payments.providers.stripe import Stripe
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.shop import Shop

ME = "guest:me"


def trade(url: str, secrets: str, address: str, seed: int, reader: str, counter: UUID, web: UUID, mug: UUID) -> None:
    """Trade for ever. The clock stands still, so that every run is the same business day."""
    clock.use(clock.SettableClock(MORNING))
    stripe = Stripe(API_KEY, [WEBHOOK_SECRET], address=address, return_url="https://shop.test")
    shop = Shop.open(url, secrets=secrets, providers=Providers(Cash(), stripe))
    chance = Random(seed)
    print("open", flush=True)
    shop.start()
    while True:
        with suppress(SouvenirError):
            if chance.random() < 0.5:
                sell(shop, web, mug, chance)
            elif chance.random() < 0.4:
                pay_at_reader(shop, counter, mug, reader)
            else:
                refund(shop, counter, mug, chance)


def sell(shop: Shop, web: UUID, mug: UUID, chance: Random) -> None:
    basket = shop.sell.open_basket(web, ME).result
    shop.sell.set_quantity(basket, ME, mug, 2)
    order = shop.sell.place_order(basket, ME).result
    shop.sell.pay(order, Tender.CARD, "stripe", chance.choice(["pm_card_visa", "pm_card_chargeDeclined"]))
    if chance.random() < 0.3:
        shop.take_back.take_back(order, {1: 1}, "card")


def pay_at_reader(shop: Shop, counter: UUID, mug: UUID, reader: str) -> None:
    """The customers stand in the other process, and present their cards there."""
    order = shop.pay_at_till.place(counter, TILL, [Item(mug, 2)], TODAY).result
    payment = shop.pay_at_till.take(order, Tender.CARD, "stripe", reader).result
    for _ in range(3):
        shop.sell.settle(payment)
    shop.pay_at_till.call_off(payment)


def refund(shop: Shop, counter: UUID, mug: UUID, chance: Random) -> None:
    sold = shop.sell.at_till(counter, TILL, [Item(mug, 10)], Tender.CASH, on=TODAY).result
    document = TravelDocument("passport", uuid4().hex[:9].upper(), "JANE DOE", TODAY)
    claim = shop.refund_tax.open_claim([sold], "instant_store", document, issued_on=TODAY).result
    shop.refund_tax.agree(claim, TODAY)
    if chance.random() < 0.3:
        shop.refund_tax.begin_deposit(claim, "stripe", "alipay", TODAY)
    shop.refund_tax.guarantee(claim, "stripe", chance.choice(["pm_card_visa", "pm_card_amex"]), TODAY)
    shop.refund_tax.advance(claim, "cash", TODAY)
    if chance.random() < 0.5:
        shop.refund_tax.confirm_customs(claim, "PEK", {1: chance.choice([10, 4])}, TODAY, reason="used")


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    places = {name: UUID(given.pop(name)) for name in ("counter", "web", "mug")}
    trade(**given, **places)
