"""A drop through the API: buyers at several servers of one shop, one of which is killed; at the end all books agree."""

import http.client
import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from souvenir.api.identity import global_id
from souvenir.editions.views import availability
from souvenir.eventlog import EventLog
from souvenir.kernel import clock
from souvenir.kernel.identifiers import new_id
from souvenir.kernel.money import Money
from souvenir.processes.enrol_device import enrol_device, expect_device
from souvenir.shop import Shop
from souvenir.testing.race import Race, sales_of

PRICE: Final = Money.parse("1130.00 CNY")
AT_TILLS: Final = 8
"""Every eighth buyer stands at a till."""

STARTS_WITHIN: Final = timedelta(minutes=2)
ANSWERS_WITHIN: Final = timedelta(minutes=1)
_PAUSE: Final = timedelta(milliseconds=20).total_seconds()
_AGAIN: Final = frozenset({"BUSY", "CONTENDED", "ONLY_RESERVED_LEFT"})
"""Answers after which a buyer waits a moment and asks again: nothing is wrong, others were first."""

_PATIENCE: Final = 2_000
"""How often a buyer asks again in one attempt."""


@dataclass(frozen=True)
class Drop(Race):
    """What came of a drop: besides, what buyers were answered, and what does not agree. What is killed is a server."""

    answers: Counter[str]
    disagreements: tuple[str, ...]
    """Where books, availability, certificates or registers say something else than the log; not asked unguarded."""


def drop(
    url: str,
    secrets: str,
    *,
    size: int = 500,
    buyers: int = 64,
    attempts: int = 5_000,
    servers: int = 3,
    guarded: bool = True,
) -> Drop:
    """Sell an edition to buyers on the web and at tills, through servers of one shop; one is killed at a quarter sold.

    The shop is made at an empty database; its keys go to the directory `secrets`. Buyers send the published operations
    over HTTP, and repeat what the killed server did not answer, with the same key, at another. With `guarded` off the
    servers look at a shelf that lags and write later, as naive shops do: then numbers are sold twice.
    """
    with Shop.open(url, secrets=secrets) as shop:
        edition, outlet, tills = _set_up(shop, size, max(buyers // AT_TILLS, 1))
        left, answers = iter(range(attempts)), Counter[str]()
        with _servers(url, secrets, servers, guarded) as (addresses, processes):
            seats = [
                _Buyer(addresses[n:] + addresses[:n], global_id("Edition", edition), outlet, n, size // 4, till)
                for n, till in enumerate([*tills, *[""] * (buyers - len(tills))])
            ]
            with ThreadPoolExecutor(buyers) as threads:
                begun = [threads.submit(buyer.buy, left, answers) for buyer in seats]
                while _sold_so_far(shop.log, edition) < size // 4 and not all(one.done() for one in begun):
                    time.sleep(_PAUSE)
                killed = processes[0].poll() is None and not all(one.done() for one in begun)
                processes[0].kill()
                for one in begun:
                    one.result()
        found = _disagreements(shop, edition, size) if guarded else ()
        return Drop(size, sales_of(shop.log, edition), killed, answers, found)


def _sold_so_far(log: EventLog, edition: UUID) -> int:
    row = log.row("SELECT SUM(sold) FROM piece_counts WHERE edition_id = ?", str(edition))
    return row[0] or 0 if row else 0


def _set_up(shop: Shop, size: int, tills: int) -> tuple[UUID, str, list[str]]:
    """An edition on sale on the web and, a quarter of it, over the counter; answers it, the web shop, tokens of tills."""
    name, today = {"en": "The drop"}, clock.now().date()
    place: dict[str, Any] = {"region": "CN-BJ", "time_zone": "Asia/Shanghai"}
    site = shop.sites.register_site(code="WORKS", kind="factory", name=name, story=name, **place).result
    counter, web = (
        shop.sites.open_outlet(
            code=code, kind=kind, name=name, site_id=site, currency="CNY", trades_without_shift=True, **place
        ).result
        for code, kind in (("COUNTER", "shop"), ("WEB", "online"))
    )
    vase = shop.catalogue.list_product(
        sku="VASE", name=name, story=name, origin_site_id=site, price=PRICE, vat_category="standard",
        category="enamelware", listed_on=today, gtin="6901234567892", has_edition=True,
    ).result  # fmt: skip
    edition = shop.editions.declare(product_id=vase, gtin="6901234567892", title=name, size=size).result
    shop.editions.allot(edition, counter, 1, size // 4)
    shop.editions.allot(edition, web, size // 4 + 1, size)
    shop.editions.release(edition)
    tokens = []
    for n in range(1, tills + 1):
        shop.sites.install_till(counter, f"T{n}")
        expected = expect_device(shop.log, counter, f"T{n}").result
        tokens.append(enrol_device(shop.log, expected.code).result.token)
    return edition, global_id("Outlet", web), tokens


@dataclass
class _Buyer:
    """One buyer on one connection, who goes to the next server when one does not answer."""

    addresses: list[str]
    edition: str
    outlet: str
    seed: int
    at_counter: int
    """How many numbers, from the first, are sold at tills."""
    token: str
    """A till's; on the web a session is opened first."""
    _connection: http.client.HTTPConnection | None = None
    _basket: str = ""
    _chance: random.Random = field(init=False)

    def buy(self, left: Iterator[int], answers: Counter[str]) -> None:
        """Try to buy, again and again, as long as attempts are left for anybody."""
        self._chance = random.Random(self.seed)  # noqa: S311 - who wants which number is no secret
        attempt = self._at_till if self.token else self._online
        self.token = self.token or self._ask("storefront", "openGuestSession")["token"]
        while next(left, None) is not None:
            for _ in range(_PATIENCE):
                if (answer := attempt()) not in _AGAIN:
                    break
                time.sleep(_PAUSE)
            answers[answer] += 1
        self._hang_up()

    def _at_till(self) -> str:
        chosen = {"number": self._chance.randint(1, self.at_counter)} if self._chance.randrange(2) else {}
        piece = {"editionId": self.edition, **chosen}
        return str(self._ask("pos", "sellAtTill", tender="CASH", pieces=[piece]).get("code", "SOLD"))

    def _online(self) -> str:
        self._basket = self._basket or self._do("openBasket", outletId=self.outlet)["basket"]["id"]
        held = self._ask("storefront", "holdPiece", basketId=self._basket, editionId=self.edition)
        if "code" in held:
            return str(held["code"])
        if self._chance.randrange(10) < 3:
            self._do("letGo", basketId=self._basket, editionId=self.edition, number=held["number"])
            return "LET_GO"
        order = self._do("placeOrder", basketId=self._basket)["order"]["id"]
        self._basket = ""
        paid = self._ask("storefront", "pay", orderId=order, tender="CARD", provider="sandbox", source="tok_visa")
        return str(paid.get("code", "SOLD"))

    def _do(self, operation: str, **fields: Any) -> Any:
        """The payload of an operation that nothing speaks against; a busy shop is asked again."""
        while (answer := self._ask("storefront", operation, **fields)).get("code") in _AGAIN:
            time.sleep(_PAUSE)
        assert "code" not in answer, answer
        return answer

    def _ask(self, audience: str, operation: str, **fields: Any) -> Any:
        """The answer to a published operation; repeated with the same key until a server gives one."""
        variables = {"input": {"idempotencyKey": str(new_id()), **fields}} if fields else {}
        body = json.dumps({"documentId": operation, "variables": variables})
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        for server in self.addresses * 3:
            try:
                self._connection = self._connection or http.client.HTTPConnection(
                    server, timeout=ANSWERS_WITHIN.total_seconds()
                )
                self._connection.request("POST", f"/graphql/{audience}", body, headers)
                answer = json.loads(self._connection.getresponse().read())
            except (OSError, http.client.HTTPException):
                self._hang_up()
                continue
            assert "errors" not in answer, answer
            return answer["data"][operation]
        raise AssertionError("no server answers")

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


@contextmanager
def _servers(
    url: str, secrets: str, count: int, guarded: bool
) -> Iterator[tuple[list[str], list[subprocess.Popen[bytes]]]]:
    """So many `souvenir serve` processes on one database, and their addresses."""
    before = "" if guarded else "from souvenir.testing.drop import lose_guard; lose_guard(); "
    ports = _free_ports(count)
    processes = []
    for port in ports:
        arguments = ["serve", "--db", url, "--secrets", secrets, "--port", str(port)]
        program = f"{before}from souvenir.cli import main; raise SystemExit(main({arguments!r}))"
        processes.append(
            subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)  # noqa: S603 - this interpreter
        )
    try:
        for port, process in zip(ports, processes, strict=True):
            _wait_for(port, process)
        yield [f"127.0.0.1:{port}" for port in ports], processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(STARTS_WITHIN.total_seconds())


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN.total_seconds()
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert process.poll() is None, "a server did not start"
            assert time.monotonic() < deadline, "a server did not start in time"
            time.sleep(_PAUSE)


def _disagreements(shop: Shop, edition: UUID, size: int) -> tuple[str, ...]:
    """What does not agree with the log, once all who follow it have caught up."""
    shop.followers.catch_up()
    sold = sales_of(shop.log, edition).total()
    with shop.log.reading() as session:
        left = availability(session, edition, size, clock.now())
        row = session.row("SELECT COUNT(*) FROM certificates WHERE edition_id = ? AND status = 'active'", str(edition))
    balance = shop.ledger.trial_balance()
    taken = sum(row.closing.minor for row in balance.rows if row.account.startswith(("Assets:Cash", "Assets:Clearing")))
    found = {
        "sold according to availability": left.count("sold"),
        "certificates": row[0] if row else 0,
        "prices in the books": taken // PRICE.minor if taken % PRICE.minor == 0 else -1,
    }
    return (
        *(f"{what}: {number}, in the log: {sold}" for what, number in found.items() if number != sold),
        *shop.differences(),
    )


# The switch for a test that must see the race lost.

SHELF_LAGS: Final = timedelta(milliseconds=50)


def lose_guard() -> None:
    """From here on this process sells as a naive shop does: it looks at a shelf that lags, and writes what it saw."""
    from souvenir.editions.application import EditionSoldOut
    from souvenir.editions.edition import Edition
    from souvenir.editions.piece import Piece
    from souvenir.processes import make_order, sell

    seen: dict[Any, Any] = {"at": None, "free": []}
    mutex = threading.Lock()

    def look(tx: Any, edition_id: UUID, outlet_id: UUID) -> int:
        with mutex:
            if seen["at"] is None or clock.now() - seen["at"] > SHELF_LAGS:
                here = "SELECT number FROM pieces WHERE edition_id = ? AND outlet_id = ? AND status = 'free'"
                seen["free"] = tx.session.rows(f"{here} ORDER BY number LIMIT 1", str(edition_id), str(outlet_id))
                seen["at"] = clock.now()
            if not seen["free"]:
                raise EditionSoldOut(edition_id=edition_id, size=0)
            return int(seen["free"][0][0])

    def piece(tx: Any, edition_id: UUID, number: int) -> Piece:
        product_id = tx.look(Edition, edition_id).product_id
        facts = {"edition_id": edition_id, "product_id": product_id, "space": "numbered", "number": number}
        return Piece._create(Piece.Opened, id=new_id(), **facts)

    def take_next(tx: Any, edition_id: UUID, outlet_id: UUID, *_: Any, **__: Any) -> Piece:
        return piece(tx, edition_id, look(tx, edition_id, outlet_id))

    def sell_piece(
        tx: Any, edition_id: UUID, space: str, number: int, order_id: UUID, on: Any, *_: Any, **to: Any
    ) -> Piece:
        sold = piece(tx, edition_id, number)
        sold.sell(order_id, on, to["outlet_id"], clock.now())
        tx.save(sold)
        return sold

    def keep(*_: Any, **__: Any) -> None:
        """What nobody really holds is not held for longer."""

    for module, name, naive in (
        (sell, "take_next", take_next),
        (sell, "take_number", keep),
        (make_order, "sell_piece", sell_piece),
    ):
        assert hasattr(module, name)
        setattr(module, name, naive)
