"""The books on every store: posted once, reversed, replayed, looked into; views answer what replay answers."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest

from souvenir.eventlog import EventLog, Followers
from souvenir.kernel import clock
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.errors import NotFound
from souvenir.kernel.money import Money
from souvenir.ledger import chart, postings
from souvenir.ledger.application import Ledger, book
from souvenir.ledger.journal import Cause, Entry, EntryDiffersFromPosted, EntryDoesNotBalance
from souvenir.ledger.postings import Goods, Legs
from souvenir.ledger.replay import AsOf
from souvenir.ledger.views import OpenLedger

KEY = UUID("018f0000-0000-7000-8000-00000000000a")
JULY_1, JULY_4 = date(2026, 7, 1), date(2026, 7, 4)
OPENING = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
DRAWER = "Assets:Cash:Drawer-01"


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


FLOAT = postings.float_issued(DRAWER, cny("500.00"))


@pytest.fixture
def log(store_url: str) -> Iterator[EventLog]:
    log = EventLog.open(store_url)
    with clock.using(SettableClock(OPENING)):
        yield log
    log.close()


def book_claim(log: EventLog, number: int, rule: str, legs: Legs, on: date, known: timedelta = timedelta(0)) -> UUID:
    cause = Cause("taxrefund.ClaimAdvanced", UUID(int=number), 1, OPENING + known)
    return log.execute(lambda tx: book(tx, cause, rule, on, legs, dimensions={"claim": f"C{number}"}).id).result


def test_the_same_entry_posted_twice_stands_once(log: EventLog) -> None:
    first = Ledger(log).post(KEY, JULY_1, FLOAT, "Float for the day")
    again = Ledger(log).post(KEY, JULY_1, FLOAT, "Float for the day")

    assert again.result == first.result
    assert len(list(log.events())) == 1
    assert Ledger(log).entry(first.result).text == "Float for the day"


def test_the_same_key_with_another_amount_is_refused_and_nothing_posted(log: EventLog) -> None:
    Ledger(log).post(KEY, JULY_1, FLOAT, "Float for the day")

    with pytest.raises(EntryDiffersFromPosted):
        Ledger(log).post(KEY, JULY_1, postings.float_issued(DRAWER, cny("600.00")), "Float for the day")
    assert len(list(log.events())) == 1


def test_an_entry_that_does_not_balance_is_refused_and_nothing_posted(log: EventLog) -> None:
    with pytest.raises(EntryDoesNotBalance):
        Ledger(log).post(KEY, JULY_1, (*FLOAT, postings.dr(chart.BANK, cny("0.01"))), "Float")
    assert list(log.events()) == []


def test_a_reversal_leaves_both_entries_and_no_balance(log: EventLog) -> None:
    entry_id = Ledger(log).post(KEY, JULY_1, FLOAT, "Float for the day").result

    Ledger(log).reverse(entry_id, JULY_4, "Wrong drawer")
    Ledger(log).reverse(entry_id, JULY_4, "Wrong drawer")

    rows = Ledger(log).trial_balance().rows
    assert [(row.account, row.debit, row.credit, row.closing) for row in rows] == [
        ("Assets:Cash:Drawer-01", cny("500.00"), cny("500.00"), cny("0.00")),
        ("Assets:Cash:Safe", cny("500.00"), cny("500.00"), cny("0.00")),
    ]
    assert Ledger(log).trial_balance(AsOf(effective=JULY_1)).closing(DRAWER, "CNY") == cny("500.00")


def test_an_entry_nobody_posted_cannot_be_looked_at_or_reversed(log: EventLog) -> None:
    with pytest.raises(NotFound):
        Ledger(log).entry(KEY)
    with pytest.raises(NotFound):
        Ledger(log).reverse(KEY, JULY_1, "Gone")


def test_a_balance_is_followed_down_to_the_event_that_made_it(log: EventLog) -> None:
    entry_id = Ledger(log).post(KEY, JULY_1, FLOAT, "Float for the day").result
    reversal_id = Ledger(log).reverse(entry_id, JULY_4, "Wrong drawer").result

    first, second = Ledger(log).drill_down(DRAWER, "CNY")

    assert (first.entry_id, first.money, first.text) == (entry_id, cny("500.00"), "Float for the day")
    assert (second.entry_id, second.money, second.text) == (reversal_id, cny("-500.00"), "Wrong drawer")
    assert Ledger(log).drill_down(DRAWER, "CNY", after=1) == [second]
    assert Ledger(log).drill_down(DRAWER, "CNY", first=1) == [first]
    assert Ledger(log).cause_of(reversal_id)[:3] == ("ledger.EntryPosted", entry_id, 1)
    assert Ledger(log).cause_of(entry_id)[:3] == ("ledger.EntryPosted", entry_id, 1)


def test_statements_and_balances_of_the_view_are_those_of_replay(log: EventLog) -> None:
    view = OpenLedger()
    followers = Followers(log, (), (view,))
    sale = postings.sale({DRAWER: cny("113.00")}, [Goods(cny("113.00"), cny("13.00"), {"sku": "VASE"})])
    book_claim(log, 1, "J08", postings.refund_advanced(DRAWER, cny("164.34"), cny("29.88")), JULY_4)
    book_claim(log, 2, "J01", sale, JULY_1, known=timedelta(days=5))
    followers.catch_up()
    bounds = [
        AsOf(),
        AsOf(effective=JULY_1),
        AsOf(known=OPENING),
        AsOf(known=OPENING.astimezone(timezone(timedelta(hours=-8)))),
        AsOf(effective=JULY_1, known=OPENING),
        AsOf(known_after=OPENING, known=OPENING + timedelta(days=9)),
    ]

    with log.reading() as session:
        for as_of in bounds:
            for row in Ledger(log).trial_balance(as_of).rows:
                assert view.balance(session, row.account, "CNY", as_of) == row.closing
        one, two = view.statement(session, DRAWER, "CNY")
        rest = view.statement(session, DRAWER, "CNY", after=one.cursor, first=1)
        (since,) = view.statement(session, DRAWER, "CNY", AsOf(since=JULY_4))
        (vase,) = view.statement(session, chart.SALES, "CNY")

    assert [(line.leg.effective_on, line.leg.money) for line in (one, two)] == [
        (JULY_1, cny("113.00")),
        (JULY_4, cny("-134.46")),
    ]
    assert rest == [two] == [since]
    assert vase.leg.dimensions == {"claim": "C2", "sku": "VASE"}
    by_replay = {(leg.entry_id, leg.money, leg.cause) for leg in Ledger(log).drill_down(DRAWER, "CNY")}
    assert {(line.leg.entry_id, line.leg.money, line.leg.cause) for line in (one, two)} == by_replay


def test_a_claim_stands_open_until_the_agency_has_settled(log: EventLog) -> None:
    view = OpenLedger()
    followers = Followers(log, (), (view,))
    refund, fee, net = cny("164.34"), cny("29.88"), cny("134.46")
    advanced = postings.refund_advanced(chart.CASH_SAFE, refund, fee)
    book_claim(log, 1, "J08", advanced, JULY_1)
    book_claim(log, 1, "J08m", postings.guarantee_held(net), JULY_1)
    book_claim(log, 2, "J08", advanced, JULY_1)
    book_claim(log, 3, "J08", advanced, JULY_1)
    book_claim(log, 3, "J09", postings.customs_verified(refund, fee, Decimal("0.7")), JULY_4)
    book_claim(log, 3, "J10", postings.agency_settled(cny("143.42"), cny("20.92")), date(2026, 8, 15))
    followers.catch_up()

    with log.reading() as session:
        on_july_1 = view.open_claims(session, AsOf(effective=JULY_1))
        on_july_4 = view.open_claims(session, AsOf(effective=JULY_4))
        in_september = view.open_claims(session, AsOf(effective=date(2026, 9, 1)))
        page = view.open_claims(session, after="C1", first=1)

    assert [(c.claim_id, c.owed_to_us, c.owed_by_us, c.at_risk, c.unsecured) for c in on_july_1] == [
        ("C1", cny("164.34"), cny("0.00"), cny("134.46"), cny("0.00")),
        ("C2", cny("164.34"), cny("0.00"), cny("134.46"), cny("134.46")),
        ("C3", cny("164.34"), cny("0.00"), cny("134.46"), cny("134.46")),
    ]
    third = on_july_4[2]
    assert (third.owed_to_us, third.owed_by_us, third.at_risk) == (cny("164.34"), cny("20.92"), cny("0.00"))
    assert [claim.claim_id for claim in in_september] == ["C1", "C2"]
    assert [claim.claim_id for claim in page] == ["C2"]


def test_an_entry_survives_the_log(log: EventLog) -> None:
    entry_id = book_claim(log, 1, "J16a", FLOAT, JULY_1)

    (recorded,) = log.events()

    assert isinstance(recorded.event, Entry.Posted)
    assert recorded.event.lines == FLOAT
    assert Ledger(log).entry(entry_id).known_at == OPENING
