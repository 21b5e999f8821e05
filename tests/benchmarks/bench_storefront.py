"""What visitors do, through GraphQL and through bare Starlette routes over the same file: see a list, see one, buy.

The shop has 200 products, and each server a process of its own; the clients are threads of this one, on connections
they keep. The bare side answers the same products and writes as many rows, but checks nothing and has no followers.

Run: python tests/benchmarks/bench_storefront.py [clients ...]
"""

import http.client
import json
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.queues import Queue
from typing import Any
from uuid import uuid4

from bench_api import SPAWN

PRODUCTS = 200
SECONDS = 2.0
STEPS = {"openGuestSession": 0, "openBasket": 2, "setQuantity": 2, "placeOrder": 3, "pay": 5}
"""A guest's purchase, with the events that each step records."""

Ask = Callable[..., Any]


@dataclass(frozen=True)
class Row:
    """One measured case: visits per second through GraphQL and through the bare routes."""

    what: str
    ours: float
    bare: float

    @property
    def ratio(self) -> float:
        return self.ours / self.bare

    def __str__(self) -> str:
        return f"{self.what:<24} {self.ours:>8,.0f}/s   bare {self.bare:>8,.0f}/s   ratio {self.ratio:.2f}"


def _serve_shop(directory: str, told: "Queue[dict[str, Any]]") -> None:
    from shops import TODAY, open_small_shop, words

    from souvenir.api.identity import global_id
    from souvenir.catalogue.product import Product
    from souvenir.kernel.money import Money
    from souvenir.serving import served

    small = open_small_shop(f"sqlite:///{directory}/shop.db")
    goods = {
        "origin_site_id": small.shop.log.load(Product, small.mug).origin_site_id,
        "price": Money.parse("113.00 CNY"), "vat_category": "standard", "category": "enamelware", "listed_on": TODAY,
    }  # fmt: skip
    for no in range(PRODUCTS - 2):
        name, story = words(f"Cup {no}", f"杯{no}"), words("Blue.", "蓝色。")
        small.shop.catalogue.list_product(sku=f"CUP-{no:03}", name=name, story=story, **goods)
    small.shop.start()
    small.shop.followers.catch_up()
    with served(small.shop) as address:
        told.put(
            {
                "address": address,
                "mug": global_id("Product", small.mug),
                "vase": global_id("Product", small.vase),
                "outlet": global_id("Outlet", small.web),
            }
        )
        time.sleep(3600)


def _serve_bare(directory: str, told: "Queue[dict[str, Any]]") -> None:
    import uvicorn
    from starlette.applications import Starlette

    config = uvicorn.Config(Starlette(routes=_bare_routes(directory)), port=0, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    told.put({"address": f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"})
    time.sleep(3600)


def _bare_routes(directory: str) -> list[Any]:
    """One route for each question: it parses the body, asks SQLite the same, answers; or writes rows, durably."""
    import orjson
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    shop = sqlite3.connect(f"{directory}/shop.db", check_same_thread=False)
    bare = sqlite3.connect(f"{directory}/bare.db", isolation_level=None, check_same_thread=False)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    bare.execute("CREATE TABLE events (stream TEXT, version INTEGER, state BLOB, PRIMARY KEY (stream, version))")

    async def products(request: Request) -> Response:
        first = orjson.loads(await request.body())["variables"]["first"]
        rows = shop.execute(f"{_PRODUCTS} ORDER BY sku LIMIT ?", (first + 1,)).fetchall()
        edges = [{"cursor": row[1], "node": _product(row)} for row in rows[:first]]
        page = {"hasNextPage": len(rows) > first, "endCursor": rows[first - 1][1]}
        return answer({"products": {"edges": edges, "pageInfo": page}})

    async def product(request: Request) -> Response:
        sku = orjson.loads(await request.body())["variables"]["id"]
        row = shop.execute(f"{_PRODUCTS} WHERE sku = ?", (sku,)).fetchone()
        site = shop.execute("SELECT site_id, code, name, story FROM map_sites WHERE site_id = ?", row[11:]).fetchone()
        origin = {"id": site[0], "code": site[1], "name": _words(site[2]), "story": _words(site[3])}
        columns = "edition_id, product_id, gtin, title, size, proofs, numbering, approval_ref, on_sale_from"
        found = shop.execute(f"SELECT {columns} FROM edition_list WHERE product_id = ?", row[:1]).fetchall()
        editions = [{"id": one[0], "title": _words(one[3]), "rest": one[4:]} for one in found]
        return answer({"product": {**_product(row), "story": _words(row[10]), "origin": origin, "editions": editions}})

    async def step(request: Request) -> Response:
        asked = orjson.loads(await request.body())["variables"]
        bare.execute("BEGIN IMMEDIATE")
        for _ in range(asked["rows"]):
            bare.execute("INSERT INTO events VALUES (?, ?, ?)", (uuid4().hex, 1, b"." * 300))
        bare.execute("COMMIT")
        return answer({"step": asked})

    def answer(data: dict[str, Any]) -> Response:
        return Response(orjson.dumps({"data": data}), media_type="application/json")

    return [Route(f"/{endpoint.__name__}", endpoint, methods=["POST"]) for endpoint in (products, product, step)]


_PRODUCTS = (
    "SELECT product_id, sku, gtin, name, category, price_minor, currency, vat_rate, has_edition, refundable, "
    "story, origin_site_id FROM shelf"
)


def _product(row: tuple[Any, ...]) -> dict[str, Any]:
    id, sku, gtin, name, category, minor, currency, rate, has_edition, refundable, *_ = row
    return {
        "id": id, "sku": sku, "gtin": gtin, "name": _words(name), "category": category, "vatRate": rate,
        "price": {"amount": f"{minor // 100}.{minor % 100:02}", "currency": currency},
        "hasEdition": bool(has_edition), "refundable": bool(refundable),
    }  # fmt: skip


def _words(text: str) -> dict[str, Any]:
    return {"text": json.loads(text)["en"], "language": "en", "isFallback": False}


def rate(address: str, visit: Callable[[Ask], None], clients: int) -> float:
    """Visits per second by so many clients, each on one connection."""
    done, stop = [0] * clients, time.perf_counter() + SECONDS

    def work(n: int) -> None:
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)

        def ask(path: str, token: str = "", **body: Any) -> Any:
            headers = {"Content-Type": "application/json", "Accept-Language": "en-GB,en;q=0.9,zh;q=0.8"}
            connection.request("POST", path, json.dumps(body), headers | ({"Authorization": token} if token else {}))
            response = connection.getresponse()
            answer = json.loads(response.read())
            assert response.status == 200, answer
            assert "errors" not in answer, answer
            return answer["data"]

        while time.perf_counter() < stop:
            visit(ask)
            done[n] += 1
        connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - begun)


def visits(shop: dict[str, Any]) -> dict[str, tuple[Callable[[Ask], None], Callable[[Ask], None]]]:
    """What is measured: through GraphQL, and through the bare routes."""
    path = "/graphql/storefront"

    def purchase(ask: Ask) -> None:
        token = f"Bearer {ask(path, documentId='openGuestSession')['openGuestSession']['token']}"

        def do(operation: str, **input: Any) -> Any:
            variables = {"input": {"idempotencyKey": operation, **input}}
            return ask(path, token, documentId=operation, variables=variables)[operation]

        basket = do("openBasket", outletId=shop["outlet"])["basket"]["id"]
        do("setQuantity", basketId=basket, productId=shop["mug"], quantity=1)
        order = do("placeOrder", basketId=basket)["order"]["id"]
        paid = do("pay", orderId=order, tender="CARD", provider="sandbox", source="tok")
        assert paid["order"]["state"] == "paid", paid

    def bare_purchase(ask: Ask) -> None:
        for rows in STEPS.values():
            ask("/step", variables={"rows": rows})

    return {
        "list of 20": (
            lambda ask: ask(path, documentId="products", variables={"first": 20}),
            lambda ask: ask("/products", variables={"first": 20}),
        ),
        "one product": (
            lambda ask: ask(path, documentId="product", variables={"id": shop["vase"]}),
            lambda ask: ask("/product", variables={"id": "VASE"}),
        ),
        "purchase": (purchase, bare_purchase),
    }


def measure(crowds: tuple[int, ...]) -> list[Row]:
    """Each visit by each number of clients, in turn at both servers, the middle of three rounds."""
    told: Queue[dict[str, Any]] = SPAWN.Queue()
    with tempfile.TemporaryDirectory() as directory:
        processes = []
        answers = []
        for serve in (_serve_shop, _serve_bare):
            process = SPAWN.Process(target=serve, args=(directory, told), daemon=True)
            process.start()
            processes.append(process)
            answers.append(told.get(timeout=120))
        ours, bare = answers

        def round_(what: str, clients: int) -> Row:
            through, beside = visits(ours)[what]
            case = f"{what}, {clients} client{'s' if clients > 1 else ''}"
            return Row(case, rate(ours["address"], through, clients), rate(bare["address"], beside, clients))

        rows = [
            sorted((round_(what, clients) for _ in range(3)), key=lambda row: row.ratio)[1]
            for what in visits(ours)
            for clients in crowds
        ]
        for process in processes:
            process.terminate()
            process.join()
    return rows


if __name__ == "__main__":
    for row in measure(tuple(map(int, sys.argv[1:])) or (1, 8, 32)):
        print(row)
