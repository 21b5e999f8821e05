"""The journal on paper and in files: from a balance to its legs, from an entry to its event, and all of it for Beancount."""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import StringIO
from uuid import UUID

import pytest

from souvenir.documents import journal
from souvenir.eventlog import EventLog
from souvenir.kernel import clock
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.money import Money
from souvenir.ledger import postings
from souvenir.ledger.application import Ledger
from souvenir.ledger.replay import AsOf

MAY_15 = date(2026, 5, 15)
DRAWER = "Assets:Cash:Drawer:SHOP:T1"


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with clock.using(SettableClock(datetime(2026, 5, 15, 2, tzinfo=UTC))):
        log = EventLog.open("sqlite://")
        ledger = Ledger(log)
        ledger.post(UUID(int=1), MAY_15, postings.float_issued(DRAWER, Money.parse("500.00 CNY")), "Float")
        ledger.post(UUID(int=2), MAY_15, postings.guarantee_held(Money.parse("101.70 CNY")), 'Guarantee, "held"')
        ledger.post(UUID(int=3), date(2026, 5, 16), postings.cash_picked_up(DRAWER, Money.parse("200.00 CNY")), "Drop")
        yield ledger
        log.close()


def drawer_legs(ledger: Ledger):
    return [leg for leg in ledger.legs() if leg.account == DRAWER]


def test_the_legs_behind_a_balance_run_to_it(ledger: Ledger) -> None:
    lines = journal.print_legs(drawer_legs(ledger)).splitlines()
    assert [line.split()[:5] for line in lines[2:]] == [
        ["2026-05-15", "MAN", "500.00", "500.00", "CNY"],
        ["2026-05-16", "MAN", "-200.00", "300.00", "CNY"],
    ]
    assert journal.print_legs([]) == "没有凭证 No entries.\n"


def test_the_legs_as_csv_name_entry_and_event(ledger: Ledger) -> None:
    first, _ = csv.DictReader(StringIO(journal.legs_csv(drawer_legs(ledger))))
    leg = drawer_legs(ledger)[0]
    assert (first["amount"], first["text"], first["entry"], first["event"], first["event_of"]) == (
        "500.00", "Float", str(leg.entry_id), "ledger.EntryPosted", str(leg.cause.id),
    )  # fmt: skip


def test_an_entry_stands_above_the_event_that_caused_it(ledger: Ledger) -> None:
    (leg, _) = drawer_legs(ledger)
    text = journal.print_entry(ledger.entry(leg.entry_id), ledger.cause_of(leg.entry_id))
    assert text.startswith(
        f"凭证 Entry {leg.entry_id}\nMAN Float, effective 2026-05-15, known at 2026-05-15T02:00:00+00:00\n"
    )
    assert "Assets:Cash:Safe                -500.00            CNY" in text
    assert '"text": "Float"' in text


def test_beancount_opens_books_and_asserts(ledger: Ledger) -> None:
    text = journal.beancount(ledger.legs(), AsOf())
    assert text.startswith("2026-05-15 open Assets:Cash:Drawer:SHOP:T1\n2026-05-15 open Assets:Cash:Safe\n")
    assert '2026-05-15 * "MAN" "Guarantee, \\"held\\""' in text
    assert "  Equity:Memo:Guarantee:Held  101.70 CNY" in text
    assert text.endswith(
        "2026-05-17 balance Assets:Cash:Drawer:SHOP:T1  300.00 CNY\n"
        "2026-05-17 balance Assets:Cash:Safe  -300.00 CNY\n"
        "2026-05-17 balance Equity:Memo:Guarantee:Contra  -101.70 CNY\n"
        "2026-05-17 balance Equity:Memo:Guarantee:Held  101.70 CNY\n"
    )
    assert journal.beancount([], AsOf()) == ""
