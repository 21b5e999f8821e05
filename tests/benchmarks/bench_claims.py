"""Refund claims through GraphQL against plain sales through the same server, and what a whole instant refund costs.

The server is a process of its own, with everything that follows a claim or a sale: books, views, royalties. The orders
that the claims are for are sold before the clock starts. A traveller who was never here costs a key of their own, durable
before the form is; one of a hundred who come again does not.

Run: python tests/benchmarks/bench_claims.py
"""

import http.client
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

ORDERS = 6_000
SECONDS = 2.0
ROUNDS = 3
GOAL = 0.5
SPAWN = multiprocessing.get_context("spawn")


def _serve(directory: str, told: "Queue[dict[str, Any]]") -> None:
    from shops import TILL, TODAY, open_small_shop

    from souvenir.api.identity import global_id
    from souvenir.payments.payment import Tender
    from souvenir.processes.enrol_device import enrol_device, expect_device
    from souvenir.processes.make_order import Item
    from souvenir.serving import served

    small = open_small_shop(f"sqlite:///{directory}/shop.db")
    token = enrol_device(small.shop.log, expect_device(small.shop.log, small.counter, TILL).result.code).result.token
    items = [Item(small.mug, 10)]
    orders = [small.shop.sell.at_till(small.counter, TILL, items, Tender.CASH, on=TODAY).result for _ in range(ORDERS)]
    small.shop.followers.catch_up()
    small.shop.start()
    with served(small.shop) as address:
        told.put(
            {
                "address": address,
                "token": token,
                "product": global_id("Product", small.mug),
                "orders": [global_id("Order", order) for order in orders],
                "today": TODAY.isoformat(),
            }
        )
        time.sleep(600)


class Till:
    """One device that sends published operations, one after the other, on one connection."""

    def __init__(self, server: dict[str, Any]) -> None:
        self._server = server
        self._connection = http.client.HTTPConnection(server["address"].removeprefix("http://"), timeout=30)
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {server['token']}"}

    def do(self, operation: str, **input: Any) -> Any:
        """The payload of a mutation that must succeed."""
        asked = {"documentId": operation, "variables": {"input": {"idempotencyKey": str(uuid4()), **input}}}
        self._connection.request("POST", "/graphql/pos", json.dumps(asked).encode(), self._headers)
        answer = json.loads(self._connection.getresponse().read())
        (payload,) = answer["data"].values()
        assert payload["__typename"].endswith("Payload"), payload
        return payload

    def sell(self) -> None:
        """A plain sale: one line, in cash."""
        self.do("sellAtTill", tender="CASH", goods=[{"productId": self._server["product"], "quantity": 1}])

    def claim(self, mode: str = "DEPARTURE", number: str = "") -> str:
        """A form for an order that has none; without a number, for a traveller who was never here."""
        passport = {"kind": "passport", "number": number or uuid4().hex[:9].upper(), "name": "A Traveller"}
        day, order = self._server["today"], self._server["orders"].pop()
        document = passport | {"lastEntry": "2026-07-01"}
        form = self.do("openClaim", orderIds=[order], mode=mode, document=document, issuedOn=day)
        return str(form["claim"]["id"])

    def claim_again(self) -> str:
        """A form for one of a hundred travellers who are known."""
        return self.claim(number=f"E{len(self._server['orders']) % 100:08}")

    def refund(self) -> None:
        """A whole instant refund at the counter: form, agreement, guarantee, advance."""
        claim, day = self.claim("INSTANT_STORE"), self._server["today"]
        self.do("agreeClaim", claimId=claim, on=day)
        self.do("guaranteeClaim", claimId=claim, provider="sandbox", source="a card", on=day)
        self.do("advanceClaim", claimId=claim, tender="CASH", on=day)


def per_second(work: Callable[[], object], seconds: float) -> float:
    done, begun = 0, time.perf_counter()
    while (passed := time.perf_counter() - begun) < seconds:
        work()
        done += 1
    return done / passed


def main() -> None:
    told: Queue[dict[str, Any]] = SPAWN.Queue()
    with tempfile.TemporaryDirectory() as directory:
        process = SPAWN.Process(target=_serve, args=(directory, told), daemon=True)
        process.start()
        till = Till(told.get(timeout=300))
        for _ in range(10):
            till.sell()
            till.refund()
        for _ in range(100):
            till.claim_again()
        for what, work in (
            ("claim, a known traveller", till.claim_again),
            ("claim, a new traveller", till.claim),
            ("instant refund: four steps", till.refund),
        ):
            pairs = [(per_second(work, SECONDS), per_second(till.sell, SECONDS)) for _ in range(ROUNDS)]
            claims, sales = sorted(pairs, key=lambda pair: pair[0] / pair[1])[ROUNDS // 2]
            print(f"{what:<28} {claims:>7,.0f}/s   plain sale {sales:>7,.0f}/s   ratio {claims / sales:.2f}")
        process.terminate()
        process.join()
    print(f"Goal: a claim at {GOAL} of a plain sale.")


if __name__ == "__main__":
    main()
