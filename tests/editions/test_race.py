"""Four processes of buyers race for fifty pieces: exactly fifty are sold, and no number twice."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest

from souvenir.certificates.registers import CertificateRegister
from souvenir.editions.application import Editions, Leases, NumbersTaken, leases, sell_leased, sell_piece, taking
from souvenir.editions.application.taking import registered
from souvenir.editions.piece import Piece, PieceAlreadySold
from souvenir.editions.registers import PieceRegister
from souvenir.editions.views import availability
from souvenir.eventlog import EventLog, Transaction
from souvenir.kernel.identifiers import new_id

EDITION = UUID("00000000-0000-0000-0000-00000000ed01")
SHOP = UUID("00000000-0000-0000-0000-0000000005a0")
TODAY = date(2026, 7, 10)
PROCESSES = 4


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def shared_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


def test_fifty_pieces_are_sold_exactly_fifty_times(shared_url: str):
    log = EventLog.open(shared_url, registers=(PieceRegister(), CertificateRegister()))
    editions = Editions(log)
    editions.declare(edition_id=EDITION, product_id=UUID(int=9), gtin="6901234567892", title={"en": "Vase"}, size=50)
    editions.allot(EDITION, SHOP, 1, 50)
    editions.release(EDITION)

    buyer = str(Path(__file__).with_name("buyer.py"))
    processes = [
        subprocess.Popen(
            [sys.executable, buyer, shared_url, str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for seed in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outcomes = [json.loads(process.communicate(timeout=120)[0]) for process in processes]

    bought = [number for outcome in outcomes for number in outcome["got"]]
    assert sum(bool(outcome["got"]) for outcome in outcomes) > 1, "there was no race"
    assert sorted(bought) == list(range(1, 51))
    sales = Counter(r.event.originator_id for r in log.events() if isinstance(r.event, Piece.Sold))
    assert set(sales.values()) == {1}
    assert len(sales) == 50
    with log.reading() as session:
        left = availability(session, EDITION, 50, datetime.now(UTC))
    assert (left.count("sold"), left.count("held"), left.count("free"), left.unallotted) == (50, 0, 0, 0)
    log.close()


# Two servers, one of which stops in the middle of a sale, between looking and writing.


@pytest.fixture
def servers(postgres_url: str) -> Iterator[tuple[EventLog, EventLog]]:
    first, second = (EventLog.open(postgres_url, registers=(PieceRegister(), CertificateRegister())) for _ in range(2))
    editions = Editions(first)
    editions.declare(edition_id=EDITION, product_id=UUID(int=9), gtin="6901234567892", title={"en": "Vase"}, size=5)
    editions.allot(EDITION, SHOP, 1, 5)
    editions.release(EDITION)
    yield first, second
    first.close()
    second.close()


@pytest.fixture(params=[False, True], ids=["looked", "written"])
def written(request: pytest.FixtureRequest) -> bool:
    """How far the sale has come."""
    return bool(request.param)


@contextmanager
def half_done(
    log: EventLog, sell: Callable[[Transaction], Any], monkeypatch: pytest.MonkeyPatch, *, written: bool
) -> Iterator[Future[Any]]:
    """In the block a sale has looked at its piece, and perhaps written; it goes on after the block, or after a second."""
    stopped, go_on = Event(), Event()

    def stop() -> None:
        stopped.set()
        go_on.wait(1)

    def slowly(*args: Any) -> Piece:
        stop()
        return registered(*args)

    def command(tx: Transaction) -> Any:
        sold = sell(tx)
        stop()
        return sold

    if not written:
        for module in (taking, leases):
            monkeypatch.setattr(module, "registered", slowly)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(log.execute, command if written else sell)
        assert stopped.wait(10)
        monkeypatch.undo()
        yield running
        go_on.set()


@contextmanager
def selling(log: EventLog, monkeypatch: pytest.MonkeyPatch, written: bool) -> Iterator[None]:
    """Number 2 is sold over the counter."""

    def sell(tx: Transaction) -> int:
        return sell_piece(tx, EDITION, "numbered", 2, new_id(), TODAY, outlet_id=SHOP).number

    with half_done(log, sell, monkeypatch, written=written) as sold:
        yield
    assert sold.result().result == 2


def counted(log: EventLog) -> tuple[int, int, int]:
    """Free, sold and leased."""
    with log.reading() as session:
        left = availability(session, EDITION, 5, datetime.now(UTC))
    return left.count("free"), left.count("sold"), left.count("leased")


def test_a_number_that_is_being_sold_is_not_leased_meanwhile(servers, monkeypatch, written):
    first, second = servers
    until = datetime.now(UTC) + timedelta(hours=8)
    with selling(first, monkeypatch, written):
        lease = Leases(second).grant(EDITION, SHOP, new_id(), 3, until, device_is_revoked=False).result
    assert lease.numbers == (1, 3, 4)
    assert counted(first) == (1, 1, 3)


def test_a_number_that_is_being_sold_is_not_moved_meanwhile(servers, monkeypatch, written):
    first, second = servers
    with selling(first, monkeypatch, written), pytest.raises(NumbersTaken):
        Editions(second).move(EDITION, SHOP, new_id(), 1, 3)
    assert counted(first) == (4, 1, 0)


def test_a_number_that_is_being_sold_does_not_flow_back(servers, monkeypatch, written):
    first, second = servers
    with selling(first, monkeypatch, written):
        assert Editions(second).flow_back(EDITION, SHOP, new_id()).result == 4
    assert counted(first) == (4, 1, 0)


def test_a_number_whose_sale_is_being_reported_does_not_come_back_with_its_lease(servers, monkeypatch, written):
    first, second = servers
    until = datetime.now(UTC) + timedelta(hours=8)
    lease = Leases(first).grant(EDITION, SHOP, new_id(), 3, until, device_is_revoked=False).result
    order = new_id()

    def report(tx: Transaction) -> bool:
        return sell_leased(tx, lease.id, 2, order, TODAY)

    with half_done(first, report, monkeypatch, written=written) as sold:
        Leases(second).hand_in(lease.id)
    assert sold.result().result is True
    assert counted(first) == (4, 1, 0)
    with pytest.raises(PieceAlreadySold):
        first.execute(lambda tx: sell_piece(tx, EDITION, "numbered", 2, new_id(), TODAY, outlet_id=SHOP))
