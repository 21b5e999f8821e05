"""A drop through HTTP and GraphQL: 500 numbered pieces, 2,000 attempts to buy one by 32 clients, server on one core.

Each attempt is the whole guest purchase: basket, hold, order, payment. Beside it stands the same number of requests
answered by a bare Starlette route. At the end the log is asked how many were sold: exactly 500, no number twice.

Run: python tests/benchmarks/bench_drop.py
"""

import http.client
import json
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

PIECES, ATTEMPTS, CLIENTS = 500, 2000, 32
SPAWN = multiprocessing.get_context("spawn")


def _pin(core: int) -> None:
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})


def _serve(directory: str, told: "Queue[Any]", asked: "Queue[Any]") -> None:
    _pin(0)
    from shops import open_small_shop

    from souvenir.api.identity import global_id
    from souvenir.serving import served

    small = open_small_shop(f"sqlite:///{directory}/shop.db", size=2 * PIECES)
    small.shop.start()
    with served(small.shop) as address:
        told.put({
            "address": address,
            "outlet": global_id("Outlet", small.web),
            "edition": global_id("Edition", small.edition),
        })  # fmt: skip
        asked.get()
        sold = [
            (json.loads(event.state)["order_id"], event.stream)
            for event in small.shop.log.stored(topics=["editions.PieceSold"])
        ]
        told.put((len(sold), len({stream for _, stream in sold})))


class Buyer:
    """One client on one connection."""

    def __init__(self, address: str, shop: dict[str, Any]) -> None:
        self._connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
        self._shop = shop
        self._token = ""
        self.requests = 0
        self._token = self.ask("openGuestSession")["token"]

    def ask(self, operation: str, **fields: Any) -> Any:
        variables = {"input": {"idempotencyKey": str(uuid4()), **fields}} if fields else {}
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        body = json.dumps({"documentId": operation, "variables": variables})
        self._connection.request("POST", "/graphql/storefront", body, headers)
        response = self._connection.getresponse()
        answer = json.loads(response.read())
        self.requests += 1
        assert "errors" not in answer, answer
        return answer["data"][operation]

    def buy(self) -> str:
        """One whole purchase; answers what came of it."""
        basket = self.ask("openBasket", outletId=self._shop["outlet"])["basket"]["id"]
        held = self.ask("holdPiece", basketId=basket, editionId=self._shop["edition"])
        if "code" in held:
            return str(held["code"])
        order = self.ask("placeOrder", basketId=basket)["order"]["id"]
        paid = self.ask("pay", orderId=order, tender="CARD", provider="sandbox", source="tok_visa")
        return str(paid.get("code", "SOLD"))


def measure() -> tuple[Counter[str], float, float, int, tuple[int, int]]:
    """Outcomes, seconds until the last piece was sold, seconds in all, requests, and what the log says was sold."""
    told, asked = SPAWN.Queue(), SPAWN.Queue()
    outcomes: Counter[str] = Counter()
    mutex, left = threading.Lock(), iter(range(ATTEMPTS))
    requests, sold_at = [0], [0.0]
    with tempfile.TemporaryDirectory() as directory:
        server = SPAWN.Process(target=_serve, args=(directory, told, asked), daemon=True)
        server.start()
        shop = told.get(timeout=60)
        _pin(1)

        def client() -> None:
            buyer = Buyer(shop["address"], shop)
            while True:
                with mutex:
                    if next(left, None) is None:
                        break
                outcome = buyer.buy()
                with mutex:
                    outcomes[outcome] += 1
                    if outcome == "SOLD":
                        sold_at[0] = time.perf_counter()
            with mutex:
                requests[0] += buyer.requests

        threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        whole = time.perf_counter() - begun
        asked.put("sold?")
        in_log = told.get(timeout=60)
        server.terminate()
        server.join()
    return outcomes, sold_at[0] - begun, whole, requests[0], in_log


if __name__ == "__main__":
    outcomes, until_sold, whole, requests, in_log = measure()
    print(
        f"{PIECES} pieces gone after {until_sold:.2f} s; {ATTEMPTS} attempts in {whole:.2f} s; {requests / whole:,.0f} requests/s"
    )
    print(f"outcomes {dict(outcomes)}; the log has {in_log[0]} sales of {in_log[1]} different pieces")
