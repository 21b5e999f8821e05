"""A passport shown at many counters at once is one traveller, whose forms are counted together."""

import threading
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from shops import MORNING, TILL, TODAY, open_small_shop

from souvenir.kernel.errors import SouvenirError
from souvenir.payments.payment import Tender
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.shop import Shop
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.eligibility import AboveInstantCap
from souvenir.testing import clock_at


def test_servers_that_see_a_passport_for_the_first_time_together_cannot_pass_a_limit(postgres_url: str, tmp_path: Path):
    secrets, refused, issued = str(tmp_path / "secrets"), [], []
    with clock_at(MORNING), ExitStack() as stack:
        small = open_small_shop(postgres_url, secrets=secrets)
        servers = [
            stack.enter_context(shop)
            for shop in (small.shop, *(Shop.open(postgres_url, secrets=secrets) for _ in range(3)))
        ]

        def serve(shop: Shop, day: int, start: threading.Barrier) -> None:
            order = shop.sell.at_till(small.counter, TILL, [Item(small.mug, 1000)], Tender.CASH, on=TODAY).result
            passport = TravelDocument("passport", f"QX773455{day}", "MARGUERITE DUVALIER", date(2026, 7, 1))
            start.wait()
            try:
                issued.append(shop.refund_tax.open_claim([order], "instant_store", passport).result)
            except SouvenirError as refusal:
                refused.append(type(refusal))

        for traveller in range(5):
            start = threading.Barrier(len(servers))
            at_once = [threading.Thread(target=serve, args=(shop, traveller, start)) for shop in servers]
            for server in at_once:
                server.start()
            for server in at_once:
                server.join()
        travellers = {small.shop.log.load(Claim, claim).traveller for claim in issued}
    assert (len(issued), len(travellers), refused) == (5, 5, [AboveInstantCap] * 15)


def test_asking_what_a_purchase_would_bring_makes_nobody_known():
    with clock_at(MORNING):
        small = open_small_shop("sqlite://")
        order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
        asked = ([order], "departure", "passport", date(2026, 7, 1), "QX7734551")
        assert small.shop.refund_tax.assess(*asked).require().net.amount == "101.70"
        assert small.shop.secrets.keyring.people_with("tax", "passport:QX7734551") == ()
        small.shop.close()
