"""The whole shop, killed in the middle of its work; and a person forgotten, with every byte of the store looked through."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop

from souvenir.kernel.money import Money, total
from souvenir.kernel.sealing import Redacted
from souvenir.payments.payment import Tender
from souvenir.privacy.subject import LegalHold
from souvenir.processes.forget_person import forget_person
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.sales.order import Order
from souvenir.shop import Shop
from souvenir.taxrefund.claim import Claim
from souvenir.testing import clock_at

KEPT_LONG_ENOUGH = datetime(2037, 1, 1, tzinfo=UTC)
SUPPORT = str(Path(__file__).parent.parent / "support")

TRADING = """
import itertools, sys
sys.path.insert(0, sys.argv[3])
from shops import MORNING, TILL, TODAY, open_small_shop
from souvenir.kernel import clock
from souvenir.payments.payment import Tender
from souvenir.processes.refund_tax import TravelDocument
from souvenir.processes.make_order import Item

clock.use(lambda: MORNING)
small = open_small_shop(sys.argv[1], secrets=sys.argv[2])
shop = small.shop
shop.start()
print("ready", flush=True)
for n in itertools.count():
    order = shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    print("sold", order, flush=True)
    if n % 3 == 1:
        shop.take_back.take_back(order, {1: 2}, "cash", TODAY)
    if n % 3 == 2:
        paper = TravelDocument("passport", f"E{n}", "A TRAVELLER", TODAY)
        claim = shop.refund_tax.open_claim([order], "instant_store", paper, issued_on=TODAY).result
        shop.refund_tax.agree(claim, TODAY)
        shop.refund_tax.guarantee(claim, "sandbox", "tok", TODAY)
        shop.refund_tax.advance(claim, "cash", TODAY)
"""


def url_of(store: str, request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("sqlite_url" if store == "sqlite" else "postgres_url"))


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
@pytest.mark.parametrize("seconds", [0.35, 0.8])
def test_killed_in_the_middle_of_trade_the_log_replays_to_books_that_hold_every_sale(store, seconds, request, tmp_path):
    url, secrets = url_of(store, request), str(tmp_path / "secrets")
    process = subprocess.Popen(
        [sys.executable, "-c", TRADING, url, secrets, SUPPORT], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    told = process.stdout.read().split("\n")
    process.stdout.close()
    process.wait(10)
    sold = {line.split()[1] for line in told[:-1] if line.startswith("sold ")}
    with Shop.open(url, secrets=secrets) as shop:
        shop.followers.catch_up()
        orders = [shop.log.load(Order, event.stream) for event in shop.log.stored(topics=["sales.OrderPlaced"])]
        assert sold <= {str(order.id) for order in orders if order.paid_by is not None}
        books = shop.ledger.trial_balance()
        net = total((line.net for order in orders if order.paid_by for line in order.lines), "CNY")
        back = [returned for order in orders for lines in order.returns.values() for returned in lines]
        assert books.closing("Income:Sales", "CNY") == -net
        assert books.closing("Income:SalesReturns", "CNY") == total((one.gross - one.vat for one in back), "CNY")
        advanced = [shop.log.load(Claim, event.stream) for event in shop.log.stored(topics=["taxrefund.ClaimAdvanced"])]
        assert books.closing("Assets:RefundAdvance:PendingCustoms", "CNY") == total(
            (claim.refund for claim in advanced), "CNY"
        )
        assert shop.differences() == []
        for view in shop.views.all:
            shop.rebuild(view)
        assert shop.ledger.trial_balance().canonical() == books.canonical()


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request, tmp_path):
    with clock_at(MORNING):
        small = open_small_shop(url_of(request.param, request), secrets=str(tmp_path / "secrets"))
        yield small, url_of(request.param, request), tmp_path
        small.shop.close()


def everything_stored(url: str, directory: Path) -> bytes:
    """Every byte of the store: of all files beside an SQLite shop, or of all rows of a PostgreSQL database."""
    files = b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())
    if url.startswith("sqlite"):
        return files
    rows = []
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'.encode()).fetchall():
                rows.append(b"|".join(field if isinstance(field, bytes) else str(field).encode() for field in row))
    return files + b"\n".join(rows)


def refunded(small: SmallShop):
    order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    paper = TravelDocument("passport", "QX7734551", "MARGUERITE DUVALIER", date(2026, 7, 1))
    return small.shop.refund_tax.open_claim([order], "departure", paper, issued_on=TODAY).result


def test_a_forgotten_person_is_nowhere_in_the_store_and_history_still_replays(small):
    shop, url, directory = small[0].shop, small[1], small[2]
    claim_id = refunded(small[0])
    shop.followers.catch_up()
    assert shop.refund_tax.traveller_of(claim_id) == ("MARGUERITE DUVALIER", "QX7734551")
    books = shop.ledger.trial_balance().canonical()
    claim = shop.log.load(Claim, claim_id)
    assert claim.facts.name is not None
    key = claim.facts.name.key.encode()
    wrapped_before = everything_stored(url, directory).count(key)

    with pytest.raises(LegalHold, match="cannot be erased before 2037-01-01: refund forms are tax documents"):
        forget_person(shop.log, shop.secrets.keyring, claim.traveller, ["tax"], "asked", TODAY)
    with clock_at(KEPT_LONG_ENOUGH):
        forget_person(shop.log, shop.secrets.keyring, claim.traveller, ["tax"], "asked", TODAY)
    shop.followers.catch_up()

    stored = everything_stored(url, directory)
    for secret in ("MARGUERITE", "DUVALIER", "QX7734551"):
        for spelling in (secret, secret.lower(), secret.title()):
            assert spelling.encode() not in stored
            assert spelling.encode("utf-16-le") not in stored
    assert wrapped_before > 0
    name, number = shop.refund_tax.traveller_of(claim_id)
    assert (type(name), type(number)) == (Redacted, Redacted)
    assert shop.log.load(Claim, claim_id).net == Money.parse("101.70 CNY")
    assert shop.ledger.trial_balance().canonical() == books
    for view in shop.views.all:
        shop.rebuild(view)
    assert shop.differences() == []


def test_the_search_finds_what_is_stored_in_clear(small):
    """The grep above would find a leak: a name that is not personal data, the product's, is there to be found."""
    refunded(small[0])
    assert b"Crane vase" in everything_stored(small[1], small[2])
