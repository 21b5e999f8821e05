"""A sale through GraphQL against a bare Starlette route that writes the same rows.

Both are served by uvicorn in a process of their own; the clients are threads of this one, on keep-alive connections.

Run: python tests/benchmarks/bench_api.py
"""

import http.client
import json
import multiprocessing
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

SECONDS = 3.0
SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Row:
    """One measured case: per second through GraphQL and through the bare route."""

    what: str
    ours: float
    raw: float
    caught_up: float
    """Seconds after the last sale until everything that follows a sale had followed."""

    def __str__(self) -> str:
        return (
            f"{self.what:<34} {self.ours:>9,.0f}/s   bare {self.raw:>9,.0f}/s   ratio {self.ours / self.raw:.2f}"
            f"   followed {self.caught_up:.1f} s after"
        )


def _serve_shop(directory: str, told: "Queue[dict[str, Any]]", asked: "Queue[None]") -> None:
    from shops import TILL, open_small_shop

    from souvenir.processes.enrol_device import enrol_device, expect_device
    from souvenir.serving import served

    small = open_small_shop(f"sqlite:///{directory}/shop.db")
    token = enrol_device(small.shop.log, expect_device(small.shop.log, small.counter, TILL).result.code).result.token
    from souvenir.payments.payment import Tender
    from souvenir.processes.make_order import Item

    before = small.shop.log.head()
    with small.shop.once("pos:bench", "first", b"a sale"):
        small.shop.sell.at_till(small.counter, TILL, [Item(small.mug)], Tender.CASH)
    rows = [(event.topic, event.state) for event in small.shop.log.stored(after=before)]
    small.shop.start()
    from souvenir.api.identity import global_id

    with served(small.shop) as address:
        told.put({"address": address, "token": token, "product": global_id("Product", small.mug), "rows": rows})
        while True:
            asked.get()
            begun, head = time.perf_counter(), small.shop.log.head()
            while min(small.shop.followers.positions().values()) < head:
                time.sleep(0.01)
            told.put({"caught_up": time.perf_counter() - begun})


def _serve_bare(directory: str, rows: list[tuple[str, bytes]], told: "Queue[dict[str, Any]]") -> None:
    """Parse the body, write the same rows in one durable transaction, answer."""
    import orjson
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    connection = sqlite3.connect(f"{directory}/bare.db", isolation_level=None, check_same_thread=False)
    for statement in (
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "CREATE TABLE events (stream TEXT, version INTEGER, topic TEXT, state BLOB, PRIMARY KEY (stream, version))",
    ):
        connection.execute(statement)

    async def sell(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        order = uuid4().hex
        connection.execute("BEGIN IMMEDIATE")
        for version, (topic, state) in enumerate(rows):
            connection.execute("INSERT INTO events VALUES (?, ?, ?, ?)", (order, version, topic, state))
        connection.execute("COMMIT")
        answer = {"data": {"sellAtTill": {"order": {"id": order, "lines": asked["variables"]["input"]["goods"]}}}}
        return Response(orjson.dumps(answer), media_type="application/json")

    app = Starlette(routes=[Route("/sell", sell, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    told.put({"address": f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"})
    time.sleep(600)


def rate(address: str, path: str, headers: dict[str, str], body: Callable[[], bytes], clients: int) -> float:
    """Requests per second by so many clients, each on one connection."""
    done = [0] * clients
    stop = time.perf_counter() + SECONDS

    def work(n: int) -> None:
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
        while time.perf_counter() < stop:
            connection.request("POST", path, body(), headers)
            response = connection.getresponse()
            answer = response.read()
            assert response.status == 200, answer[:300]
            assert b'"errors"' not in answer, answer[:300]
            done[n] += 1
        connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - begun)


def median(rows: list[Row]) -> Row:
    return sorted(rows, key=lambda row: row.ours / row.raw)[len(rows) // 2]


def measure() -> list[Row]:
    """One client and sixteen, in turn against both servers."""
    told: Queue[dict[str, Any]] = SPAWN.Queue()
    asked: Queue[None] = SPAWN.Queue()
    with tempfile.TemporaryDirectory() as directory:
        shop = SPAWN.Process(target=_serve_shop, args=(directory, told, asked), daemon=True)
        shop.start()
        ours = told.get(timeout=60)
        bare = SPAWN.Process(target=_serve_bare, args=(directory, ours["rows"], told), daemon=True)
        bare.start()
        base = told.get(timeout=60)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {ours['token']}"}

        def sale() -> bytes:
            goods = [{"productId": ours["product"], "quantity": 1}]
            asked = {"idempotencyKey": str(uuid4()), "tender": "CASH", "goods": goods}
            return json.dumps({"documentId": "sellAtTill", "variables": {"input": asked}}).encode()

        def round_(clients: int) -> Row:
            sold = rate(ours["address"], "/graphql/pos", headers, sale, clients)
            asked.put(None)
            caught_up = told.get(timeout=60)["caught_up"]
            bare = rate(base["address"], "/sell", headers, sale, clients)
            return Row(f"sale, {clients} client{'s' if clients > 1 else ''}", sold, bare, caught_up)

        rows = [median([round_(clients) for _ in range(3)]) for clients in (1, 16)]
        for process in (shop, bare):
            process.terminate()
            process.join()
    return rows


if __name__ == "__main__":
    for row in measure():
        print(row)
