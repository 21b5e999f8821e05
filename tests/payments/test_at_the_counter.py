"""An order on the counter is paid at one device at a time, whichever server is asked."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from shops import MORNING, TILL, TODAY, open_small_shop

from souvenir.payments.payment import Tender
from souvenir.payments.registers import open_at_counter, open_at_devices
from souvenir.processes.make_order import Item
from souvenir.processes.sell import PaymentStillOpen
from souvenir.shop import Shop
from souvenir.testing import clock_at


def test_two_servers_begin_one_payment_of_an_order(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    looked, other_tried, first = Event(), Event(), iter([True])

    def slowly(*where: Any) -> UUID | None:
        found = open_at_counter(*where)
        if next(first, False):
            looked.set()
            other_tried.wait(1)
        return found

    monkeypatch.setattr("souvenir.processes.sell.open_at_counter", slowly)
    with clock_at(MORNING), ThreadPoolExecutor(1) as pool:
        small = open_small_shop(postgres_url, secrets=str(tmp_path / "secrets"))
        shop, other = small.shop, Shop.open(postgres_url, secrets=tmp_path / "secrets")
        order = shop.pay_at_till.place(small.counter, TILL, [Item(small.mug, 1)], on=TODAY).result
        taking = pool.submit(shop.pay_at_till.take, order, Tender.CARD, "terminal", "T7")
        assert looked.wait(10)
        other.pay_at_till.take(order, Tender.CARD, "terminal", "T8")
        other_tried.set()
        with pytest.raises(PaymentStillOpen):
            taking.result()
        with shop.log.reading() as session:
            assert [about for _, about in open_at_devices(session)] == [order]
        shop.close()
        other.close()
