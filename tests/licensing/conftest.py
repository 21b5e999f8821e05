"""A palace studio's licence: 8 % of net sales and 2 % for its marketing fund, with an advance of 10,000.00."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from souvenir.eventlog import EventLog, Transaction
from souvenir.eventlog.followers import Followers
from souvenir.kernel.money import Money
from souvenir.licensing.application import Licensing
from souvenir.licensing.licence import Grant, Licence
from souvenir.licensing.registers import Rights, RoyaltyPositions
from souvenir.licensing.terms import RoyaltyTerms, flat
from souvenir.licensing.views import Royalties
from souvenir.processes.accrue_royalties import AccrueRoyalties
from souvenir.sales.line import OrderLine
from souvenir.sales.order import Channel, Order

VASE = UUID("00000000-0000-0000-0000-00000000900d")
SHOP = UUID("00000000-0000-0000-0000-0000000005a0")


@pytest.fixture
def grant() -> Grant:
    return Grant(
        categories=("enamel",),
        territories=("CN", "HK", "MO"),
        channels=("shop", "online"),
        starts=date(2026, 1, 1),
        ends=date(2026, 12, 31),
        sell_off_days=90,
    )


@pytest.fixture
def terms() -> RoyaltyTerms:
    return flat("0.08", "CNY", advance=Money.parse("10000.00 CNY"), marketing_fund_rate="0.02")


@pytest.fixture
def sign(grant: Grant, terms: RoyaltyTerms) -> Callable[..., Licence]:
    """Signs the contract; any part of it can be changed."""

    def sign(**changes: Any) -> Licence:
        facts = {
            "contract_no": "LIC-A",
            "licensor": "Palace Studio",
            "property_name": {"zh-Hans": "云龙", "en": "Cloud dragon"},
            "grant": grant,
            "terms": terms,
        }
        return Licence.sign(**(facts | changes))

    return sign


class Shop:
    """A log with the licensing register, the process and the view, and customers who buy and return."""

    def __init__(self, url: str) -> None:
        self.log = EventLog.open(url, registers=(Rights(), RoyaltyPositions()))
        self.royalties = Royalties()
        self.followers = Followers(self.log, (AccrueRoyalties(),), (self.royalties,))
        self.licensing = Licensing(self.log)
        self._orders = 0
        self.following = True

    def sell(
        self, gross: str, *licences: UUID, on: date, units: int = 1, placed_on: date | None = None, **facts: Any
    ) -> UUID:
        """One paid order of one line; `gross` includes 13 % VAT, as "1130.00"."""
        self._orders += 1
        order_id, price = UUID(int=self._orders), Money.of(gross, "CNY")
        territory = facts.pop("territory", "CN-BJ")
        line: dict[str, Any] = {
            "line_no": 1,
            "product_id": VASE,
            "sku": "VASE-01",
            "name": {"en": "Enamel vase"},
            "category": "enamel",
            "quantity": units,
            "unit_price": Money(price.minor // units, "CNY"),
            "gross": price,
            "vat_rate": Decimal("0.13"),
            "vat": price.tax_within(Decimal("0.13")),
            "licence_ids": licences,
        }
        order = Order.place(
            order_id,
            order_no=f"SO-{self._orders}",
            outlet_id=SHOP,
            channel=facts.pop("channel", Channel.SHOP),
            till="1",
            lines=(OrderLine(**(line | facts)),),
            currency="CNY",
            on=placed_on or on,
            territory=territory,
        )
        order.pay(UUID(int=1000 + self._orders), "card", order.due, on)
        self.log.execute(lambda tx: tx.save(order))
        if self.following:
            self.followers.catch_up()
        return order_id

    def take_back(self, order_id: UUID, units: int, on: date, return_no: int = 1) -> None:
        """Some of the order's goods come back."""

        def decide(tx: Transaction) -> None:
            order = tx.get(Order, order_id)
            order.take_back(UUID(int=5000 + return_no), {1: units}, "card", on)
            tx.save(order)

        self.log.execute(decide)
        self.followers.catch_up()


@pytest.fixture
def shop(store_url: str) -> Iterator[Shop]:
    """A shop on every kind of store."""
    shop = Shop(store_url)
    yield shop
    shop.log.close()


@pytest.fixture
def small_shop() -> Iterator[Shop]:
    """A shop in memory, for what does not depend on the store."""
    shop = Shop("sqlite://")
    yield shop
    shop.log.close()


@pytest.fixture(scope="session")
def new_shop() -> Callable[[], Shop]:
    """Opens a shop in memory, as often as it is asked."""
    return lambda: Shop("sqlite://")
