"""Four processes of buyers race for fifty pieces: exactly fifty are sold, and no number twice."""

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from souvenir.certificates.registers import CertificateRegister
from souvenir.editions.application import Editions
from souvenir.editions.piece import Piece
from souvenir.editions.registers import PieceRegister
from souvenir.editions.views import availability
from souvenir.eventlog import EventLog

EDITION = UUID("00000000-0000-0000-0000-00000000ed01")
SHOP = UUID("00000000-0000-0000-0000-0000000005a0")
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
