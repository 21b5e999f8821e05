"""Whatever is sold in parts, taken back and exchanged: drawer, card, rounding and books are what the orders say."""

from collections.abc import Iterable
from contextlib import suppress
from random import Random

import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money, total
from souvenir.payments.payment import Tender
from souvenir.processes.make_order import Item
from souvenir.processes.split_tender import Part
from souvenir.sales.order import Order
from souvenir.sales.tender import Tendered
from souvenir.testing import clock_at

NONE = Money.zero("CNY")
CARD, CASH, DRAWER = "Assets:Clearing:Card", "cash", "Assets:Cash:Drawer:COUNTER:T1"
PRICES = ("0.03", "6.46", "12.91", "19.99", "113.00")


class Till:
    """A till at a shop that drops the fen, and customers who change their minds."""

    def __init__(self, small: SmallShop, seed: int) -> None:
        self.small, self.shop, self.chance = small, small.shop, Random(seed)
        self.shop.sites.set_cash_rounding(small.counter, rounds_cash=True)
        site = next(r.event.originator_id for r in self.shop.log.events(topics=("sites.SiteRegistered",)))
        goods = {"origin_site_id": site, "vat_category": "standard", "category": "toys", "listed_on": TODAY}
        self.goods = [
            self.shop.catalogue.list_product(
                sku=f"ODD-{nth}", name={"en": "Odd"}, story={"en": "Odd."}, price=Money.of(price, "CNY"), **goods
            ).result
            for nth, price in enumerate(PRICES)
        ]

    def do_something(self) -> None:
        with suppress(SouvenirError):
            self.chance.choice([self.sell, self.place, self.take_back, self.exchange, self.exchange])()

    def items(self) -> list[Item]:
        some = self.chance.sample(self.goods, self.chance.randint(1, 3))
        return [Item(product, self.chance.randint(1, 4)) for product in some]

    def tender(self) -> Tender:
        return self.chance.choice([Tender.CASH, Tender.CASH, Tender.CARD])

    def parts(self) -> list[Part]:
        amounts = [Money(self.chance.randint(1, 60) * self.chance.choice([1, 10]), "CNY") for _ in range(2)]
        return [Part(self.tender(), amount) for amount in self.chance.sample(amounts, self.chance.randint(0, 2))]

    def sell(self) -> None:
        self.shop.sell.at_till(self.small.counter, TILL, self.items(), self.tender(), parts=self.parts())

    def place(self) -> None:
        """Taken one after the other at the sandbox and in cash, or left, or given up."""
        till = self.shop.pay_at_till
        order = till.place(self.small.counter, TILL, self.items()).result
        for part in (Money(self.chance.randint(1, 999), "CNY"), None):
            tender = self.tender()
            provider = "cash" if tender is Tender.CASH else "sandbox"
            payment = till.take(order, tender, provider, "tok", TILL, part).result
            if self.chance.random() < 0.2:
                till.give_back(payment, TILL)
        if self.chance.random() < 0.5:
            till.give_up(order, TILL)

    def some_lines(self) -> tuple[Order, dict[int, int]]:
        order = self.chance.choice([order for order in self.orders() if order.paid_by is not None])
        left = {line.line_no: line.quantity - order.returned_of(line.line_no)[0] for line in order.lines}
        if self.chance.random() < 0.5:
            return order, {no: quantity for no, quantity in left.items() if quantity}
        return order, {no: self.chance.randint(1, quantity) for no, quantity in left.items() if quantity}

    def take_back(self) -> None:
        order, lines = self.some_lines()
        asked = self.chance.choice([None, None, "cash", "card"])
        self.shop.take_back.take_back(order.id, lines, asked, till=TILL)

    def exchange(self) -> None:
        order, lines = self.some_lines()
        self.shop.exchange.exchange(order.id, lines, self.items(), TILL, self.tender(), parts=self.parts())

    def orders(self) -> list[Order]:
        placed = self.shop.log.events(topics=("sales.OrderPlaced",))
        return [self.shop.log.load(Order, record.event.originator_id) for record in placed]


def gone(order: Order) -> Money:
    """What went back of an order, and what was carried over to another."""
    ways = (*order.given_by.values(), *order.carried_over.values())
    return total((one.amount for way in ways for one in way), "CNY")


def in_coins(tenders: Iterable[Tendered]) -> bool:
    """Whether the cash of it can be handed over at all."""
    return sum(one.amount.minor for one in tenders if one.tender == CASH) % 10 == 0


@pytest.mark.parametrize("seed", range(12))
def test_drawer_card_rounding_and_books_are_what_the_orders_say(seed: int):
    with clock_at(MORNING):
        till = Till(open_small_shop("sqlite://"), seed)
        till.shop.sell.at_till(till.small.counter, TILL, till.items(), Tender.CASH)
        for _ in range(60):
            till.do_something()
        orders = till.orders()
        for order in orders:
            left = total((one.amount for one in order.tenders.values()), "CNY") - gone(order) + order.rounding_left
            assert left == (order.not_back if order.paid_by else order.part_paid), order.order_no
            new = set(order.tenders) - {one.payment_id for one in (order.exchange.carried if order.exchange else ())}
            assert all(in_coins([order.tenders[one]]) for one in new)
            assert all(map(in_coins, order.given_by.values())), order.order_no
        till.shop.followers.catch_up()
        rows = {row.account: row.closing for row in till.shop.ledger.trial_balance().rows}
        held = total((one.amount for order in orders for one in order.tenders.values()), "CNY")
        held -= total(map(gone, orders), "CNY")
        assert rows.get(CARD, NONE) + rows.get(DRAWER, NONE) == held
        assert rows.get("Expenses:CashRounding", NONE) == total((one.rounding_left for one in orders), "CNY")
        unpaid = total((one.part_paid for one in orders if one.paid_by is None), "CNY")
        assert rows.get("Liabilities:PendingSales", NONE) == -unpaid
        assert till.shop.differences() == []
        assert sum(order.exchange is not None for order in orders) > 0
        till.shop.close()
