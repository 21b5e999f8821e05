"""Royalties: a year's statements drawn up from the log against a bare read of it; what a licence adds to the cost of a sale.

    python tests/benchmarks/bench_royalties.py [--lines 1000000] [--sales 1000]

Statements: sales lines under 50 licences of four quarters each, one in twenty returned; every case reads the same rows,
round after round in turn, and `ratio` is its time against the bare SELECT of them with `json.loads`. A year of a big group
is a million lines: say so, it takes some minutes. Sales: the same goods over the counter, without a licence and with one, in
turn, with what the followers do for each: in one process, and through HTTP and GraphQL.
"""

import argparse
import http.client
import json
import multiprocessing
import sqlite3
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date, timedelta
from functools import partial
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import NamedTuple
from uuid import UUID, uuid4

import orjson

from souvenir import Shop
from souvenir.eventlog import EventLog, Followers
from souvenir.eventlog.mapper import to_stored
from souvenir.eventlog.stores.store import StoredEvent
from souvenir.kernel.money import Money
from souvenir.licensing.accrual import Accrual, Counted, Details, Figures
from souvenir.licensing.application import Licensing
from souvenir.licensing.licence import Grant, Licence
from souvenir.licensing.registers import Rights, RoyaltyPositions
from souvenir.licensing.terms import flat
from souvenir.payments.payment import Tender
from souvenir.processes.accrue_royalties import AccrueRoyalties
from souvenir.processes.make_order import Item
from souvenir.serving import served, spare_the_collector

SPAWN = multiprocessing.get_context("spawn")
LINES = 100_000
SALES = 300
LICENCES = 50
PRODUCTS = 20
ROUNDS = 5
FILL = 5_000
YEAR_BEGAN, YEAR_OVER = date(2026, 1, 1), date(2027, 1, 1)
EVERY_RETURN = 20
LOT = 50
TOPICS = "('licensing.RoyaltyAccrued', 'licensing.RoyaltyReversed')"
BARE = f"SELECT state FROM stored_events WHERE topic IN {TOPICS} ORDER BY rowid"


class Measured(NamedTuple):
    """One line of the table; below 1 is faster than the baseline."""

    what: str
    per_second: int
    ratio: float

    def __str__(self) -> str:
        return f"{self.what:<52} {self.per_second:>9,}/s   time to baseline {self.ratio:.2f}"


def measure(lines: int = LINES) -> list[Measured]:
    """A year's statements of every licence, drawn up from one reading, and one of them made again."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "royalties.db"
        with closing(_open(path)) as log:
            licensing, licences = Licensing(log), sign(log)
            fill(log, licences, lines)

            def draw_up() -> None:
                due = [(each, ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"], None) for each in _loaded(log, licences)]
                drafts = list(licensing._drafts(due, YEAR_OVER))
                assert sum(line.sold for draft in drafts for line in draft.sheet.lines) == lines

            cases: dict[str, Callable[[], object]] = {
                "bare SELECT + json.loads (baseline)": lambda: _exhaust(map(json.loads, _bare(path))),
                "bare SELECT + orjson.loads, for comparison": lambda: _exhaust(map(orjson.loads, _bare(path))),
                "bare SELECT alone": lambda: _exhaust(_bare(path)),
                f"{4 * LICENCES} statements from scratch": draw_up,
                "decoding every event, for comparison": lambda: _exhaust(log.events(topics=_topics())),
            }
            rounds = [[_seconds(case) for case in cases.values()] for _ in range(ROUNDS)]
    by_case = zip(cases, zip(*rounds, strict=True), strict=True)
    return [
        Measured(
            what,
            round(lines / median(took)),
            round(median(own / run[0] for own, run in zip(took, rounds, strict=True)), 2),
        )
        for what, took in by_case
    ]


def peak_memory(lines: int) -> int:
    """The most memory, in bytes, that drawing up a year's statements holds at once; it should not grow with lines."""
    with tempfile.TemporaryDirectory() as directory, closing(_open(Path(directory) / "royalties.db")) as log:
        licences = sign(log)
        fill(log, licences, lines)
        due = [(each, ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"], None) for each in _loaded(log, licences)]
        tracemalloc.start()
        list(Licensing(log)._drafts(due, YEAR_OVER))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def sign(log: EventLog) -> list[UUID]:
    """Fifty contracts of a year at 8 %, with a marketing fund of 2 %."""
    licensing = Licensing(log)
    grant = Grant(
        categories=("enamel",), territories=("CN",), channels=("shop", "online"), starts=YEAR_BEGAN, ends=date(2026, 12, 31)
    )  # fmt: skip
    terms = flat("0.08", "CNY", marketing_fund_rate="0.02")
    return [
        licensing.grant(f"LIC-{n:02}", "Palace Studio", {"en": f"Dragon {n}"}, grant, terms).result
        for n in range(LICENCES)
    ]


def fill(log: EventLog, licences: Sequence[UUID], lines: int) -> None:
    """Append accruals, and a return now and then, as the log stores them, in batches."""
    stored = _accruals(licences, lines)
    while batch := list(islice(stored, FILL)):
        with log.store.writing() as session:
            session.append(batch)


def _accruals(licences: Sequence[UUID], lines: int) -> Iterator[StoredEvent]:
    nothing = Money.zero("CNY")
    for number in range(lines):
        on = YEAR_BEGAN + timedelta(days=number * 365 // lines)
        net = Money(10_000 + number * 37 % 90_000, "CNY")
        royalty, fund, quarter = net * 8, net * 2, f"2026-Q{(on.month + 2) // 3}"
        counted = Counted(period=quarter, period_rate="0.08", contract_year=1, units_before=number, base_before=net)
        figures = Figures(
            units=1, base=net * 100, royalty=royalty, marketing_fund=fund, recouped=nothing, payable=royalty,
            outside=nothing, rate="0.08",
        )  # fmt: skip
        product = number % PRODUCTS
        where = Details(channel="shop" if number % 3 else "online", territory="CN-BJ", gross=net * 100)
        line = (licences[number % LICENCES], UUID(int=number), 1, UUID(int=product), f"VASE-{product:02}")
        accrual = Accrual.accrue(*line, "term", figures, counted, on, where)
        if number % EVERY_RETURN == 0:
            accrual.reverse(UUID(int=number), figures, counted, on, quarter)
        for event in accrual.collect_events():
            assert isinstance(event, Accrual.Accrued | Accrual.Reversed)
            yield to_stored(event)


class SaleCost(NamedTuple):
    """Milliseconds of processor time for one sale of the same goods, plain and under a licence.

    `at_till` is the command, `accrual` what follows to accrue royalties, `rest` everything else that follows: the books and
    views of the sale, and, under a licence, the royalty's own. `through_api` is all of it in a server's process.
    """

    at_till: tuple[float, float]
    accrual: tuple[float, float]
    rest: tuple[float, float]
    through_api: tuple[float, float]

    @property
    def plain(self) -> float:
        """A plain sale with everything that follows it, in process."""
        return self.at_till[0] + self.accrual[0] + self.rest[0]

    @property
    def checked_and_accrued(self) -> float:
        """What the licence check and the accrual add."""
        return self.at_till[1] - self.at_till[0] + self.accrual[1] - self.accrual[0]

    @property
    def booked_and_shown(self) -> float:
        """What the royalty's entry in the books and its row in the view add."""
        return self.rest[1] - self.rest[0]

    def __str__(self) -> str:
        added, booked, served = self.checked_and_accrued, self.booked_and_shown, self.through_api
        return (
            f"a sale with everything that follows: {self.plain:.3f} ms in process, {served[0]:.3f} ms through the API\n"
            f"licence check and accrual: {added:.3f} ms more, {added / self.plain:+.1%} in process, "
            f"{added / served[0]:+.1%} through the API\n"
            f"the royalty's entry in the books and its row in the view: {booked:.3f} ms more\n"
            f"all together: {(added + booked) / self.plain:+.1%} in process, {served[1] / served[0] - 1:+.1%} through the API"
        )


def measure_sales(sales: int = SALES) -> SaleCost:
    """Sell the same goods with and without a licence, in turn, fifty at a time, in process and through HTTP and GraphQL.

    The median counts, and of differences that of the differences between neighbours: both were disturbed alike.
    """
    lots = max(ROUNDS, sales // LOT)
    with tempfile.TemporaryDirectory() as directory:
        in_process = _in_process(directory, lots)
        through_api = _through_api(directory, lots)
    return SaleCost(*in_process, through_api)


Pair = tuple[float, float]
"""Without a licence, and with one."""


def _in_process(directory: str, lots: int) -> tuple[Pair, Pair, Pair]:
    """At the till, the accrual, and the rest of what follows."""
    took: list[list[Pair]] = [[], [], []]
    with Shop.open(f"sqlite:///{directory}/shop.db") as shop:
        outlet, goods = _shelf(shop)
        accruing = Followers(shop.log, (AccrueRoyalties(),), ())
        spare_the_collector()
        for _ in range(lots + 1):
            sells = [partial(_sell, shop, outlet, product, LOT) for product in goods]
            parts = [
                [_processor_ms(run) / LOT for run in (sell, accruing.catch_up, shop.followers.catch_up)]
                for sell in sells
            ]
            for part, pair in zip(took, zip(*parts, strict=True), strict=True):
                part.append(pair)
    at_till, accrual, rest = (_typical(pairs[1:]) for pairs in took)
    return at_till, accrual, rest


def _typical(pairs: Sequence[Pair]) -> Pair:
    plain = median(without for without, _ in pairs)
    return plain, plain + median(licensed - without for without, licensed in pairs)


def _through_api(directory: str, lots: int) -> Pair:
    """Processor time of a server's process, once its followers have answered everything."""
    here, there = SPAWN.Pipe()
    server = SPAWN.Process(target=_serve, args=(directory, there), daemon=True)
    server.start()
    address, token, *products = here.recv()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)

    def sold(product: str) -> float:
        here.send("spent?")
        before: float = here.recv()
        for _ in range(LOT):
            asked = {"idempotencyKey": str(uuid4()), "tender": "CASH", "goods": [{"productId": product, "quantity": 1}]}
            body = json.dumps({"documentId": "sellAtTill", "variables": {"input": asked}})
            connection.request("POST", "/graphql/pos", body, headers)
            answer = connection.getresponse().read()
            assert b"SellAtTillPayload" in answer, answer[:300]
        here.send("spent?")
        return float(here.recv() - before) * 1000 / LOT

    pairs = [(sold(products[0]), sold(products[1])) for _ in range(lots + 1)]
    connection.close()
    server.terminate()
    server.join()
    return _typical(pairs[1:])


def _serve(directory: str, there: Connection) -> None:
    """A shop with its API; asked what it spent, it first lets the followers catch up, then answers in seconds."""
    from souvenir.api.identity import global_id
    from souvenir.processes.enrol_device import enrol_device, expect_device

    shop = Shop.open(f"sqlite:///{directory}/served.db")
    outlet, goods = _shelf(shop)
    token = enrol_device(shop.log, expect_device(shop.log, outlet, "1").result.code).result.token
    shop.start()
    with served(shop) as address:
        spare_the_collector()
        there.send((address, token, *(global_id("Product", product) for product in goods)))
        while there.recv():
            for follower in shop.followers.all:
                shop.caught_up(follower, shop.log.head())
            there.send(time.process_time())


def _processor_ms(run: Callable[[], object]) -> float:
    begun = time.process_time()
    run()
    return (time.process_time() - begun) * 1000


def _shelf(shop: Shop) -> tuple[UUID, tuple[UUID, UUID]]:
    """An outlet, and two products alike but for a licence on the second."""
    place = {"region": "CN-BJ", "time_zone": "Asia/Shanghai"}
    site = shop.sites.register_site(
        code="W", kind="factory", name={"en": "Works"}, story={"en": "Old."}, **place
    ).result
    outlet = shop.sites.open_outlet(
        code="S", kind="shop", name={"en": "Shop"}, site_id=site, currency="CNY", trades_without_shift=True, **place
    ).result
    shop.sites.install_till(outlet, "1")
    licence = sign(shop.log)[0]
    mug, vase = (
        shop.catalogue.list_product(
            sku=sku, name={"en": sku}, story={"en": "Blue."}, origin_site_id=site, price=Money.parse("113.00 CNY"),
            vat_category="standard", category="enamel", listed_on=YEAR_BEGAN, licence_ids=licences,
        ).result
        for sku, licences in (("MUG", ()), ("VASE", (licence,)))
    )  # fmt: skip
    return outlet, (mug, vase)


def _sell(shop: Shop, outlet: UUID, product: UUID, sales: int) -> None:
    for _ in range(sales):
        shop.sell.at_till(outlet, "1", [Item(product)], Tender.CASH, on=date(2026, 5, 1))


def _open(path: Path) -> EventLog:
    return EventLog.open(f"sqlite:///{path}", registers=(Rights(), RoyaltyPositions()))


def _loaded(log: EventLog, licences: Sequence[UUID]) -> list[Licence]:
    return [log.load(Licence, licence_id) for licence_id in licences]


def _topics() -> tuple[str, str]:
    return (Accrual.Accrued.TOPIC, Accrual.Reversed.TOPIC)


def _bare(path: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(path)) as connection:
        for (state,) in connection.execute(BARE):
            yield state


def _exhaust(values: Iterator[object]) -> None:
    for _ in values:
        pass


def _seconds(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure statements against a bare read, and sales under a licence.")
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--sales", type=int, default=SALES)
    options = parser.parse_args()
    print(measure_sales(options.sales))
    if not options.lines:
        return
    print(f"{options.lines:,} sales lines under {LICENCES} licences, median of {ROUNDS} rounds")
    for row in measure(options.lines):
        print(row)
    small, large = peak_memory(10_000), peak_memory(40_000)
    print(f"memory at most: {small / 1e6:.1f} MB for 10,000 lines, {large / 1e6:.1f} MB for 40,000")


if __name__ == "__main__":
    main()
