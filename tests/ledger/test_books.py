"""Closing the books: what froze stays to the byte, what comes later counts in the open period, two people reopen."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from souvenir.eventlog import EventLog
from souvenir.kernel import clock
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.money import Money
from souvenir.ledger import postings
from souvenir.ledger.application import Ledger, book
from souvenir.ledger.books import (
    Books,
    BooksClosedAlready,
    DayNotOver,
    NothingToReopen,
    ReopeningNotAsked,
    SecondPersonNeeded,
)
from souvenir.ledger.journal import Cause, Entry
from souvenir.ledger.replay import AsOf

MAY_31, JUNE_1, JUNE_30 = date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 30)
JUNE_5 = datetime(2026, 6, 5, 9, tzinfo=UTC)
WANG, LI = UUID(int=7), UUID(int=8)
SAFE = "Assets:Cash:Safe"


@pytest.fixture
def now() -> Iterator[SettableClock]:
    now = SettableClock(JUNE_5)
    with clock.using(now):
        yield now


@pytest.fixture
def log(store_url: str, now: SettableClock) -> Iterator[EventLog]:
    log = EventLog.open(store_url)
    yield log
    log.close()


def pay_in(log: EventLog, number: int, on: date, known: datetime, yuan: int = 100) -> Entry:
    """An entry a follower posts for something that happened on a day and was known at an instant."""
    cause = Cause("pos.ShiftOpened", UUID(int=number), 1, known)
    legs = postings.cash_picked_up("Assets:Cash:Drawer:SHOP:T1", Money(yuan * 100, "CNY"))
    entry_id = log.execute(lambda tx: book(tx, cause, "J16b", on, legs).id).result
    return log.load(Entry, entry_id)


def safe(log: EventLog, **bounds) -> str:
    return Ledger(log).trial_balance(AsOf(**bounds)).closing(SAFE, "CNY").amount


def test_what_is_learned_after_the_close_counts_for_the_first_open_day_and_keeps_its_own_date(
    log: EventLog, now: SettableClock
):
    pay_in(log, 1, MAY_31, JUNE_5 - timedelta(days=4))
    Ledger(log).close(MAY_31, WANG)
    late = pay_in(log, 2, MAY_31, JUNE_5 + timedelta(days=2))
    assert (late.effective_on, late.dimensions["original_date"]) == (JUNE_1, "2026-05-31")
    in_june = pay_in(log, 3, JUNE_1, JUNE_5 + timedelta(days=2))
    assert (in_june.effective_on, dict(in_june.dimensions)) == (JUNE_1, {})
    assert (safe(log, effective=MAY_31), safe(log)) == ("100.00", "300.00")


def test_what_was_known_before_the_close_counts_for_its_day_however_late_it_is_posted(log: EventLog):
    Ledger(log).close(MAY_31, WANG)
    assert pay_in(log, 1, MAY_31, JUNE_5 - timedelta(hours=1)).effective_on == MAY_31


def test_an_entry_posted_before_the_close_is_met_again_after_it(log: EventLog, now: SettableClock):
    lines = postings.cash_picked_up("Assets:Cash:Drawer:SHOP:T1", Money(100, "CNY"))
    first = Ledger(log).post(UUID(int=1), MAY_31, lines, "Found behind the till").result
    now.move_to(JUNE_5 + timedelta(hours=1))
    Ledger(log).close(MAY_31, WANG)
    now.move_to(JUNE_5 + timedelta(hours=2))
    assert Ledger(log).post(UUID(int=1), MAY_31, lines, "Found behind the till").result == first
    undone = log.load(Entry, Ledger(log).reverse(first, MAY_31, "It was not").result)
    assert (undone.effective_on, undone.dimensions["original_date"]) == (JUNE_1, "2026-05-31")


def test_only_days_that_are_over_are_closed_and_only_forward(log: EventLog):
    ledger = Ledger(log)
    with pytest.raises(DayNotOver, match="2026-06-05 is not over"):
        ledger.close(JUNE_5.date(), WANG)
    ledger.close(MAY_31, WANG)
    head = log.head()
    ledger.close(MAY_31, LI)
    assert log.head() == head
    with pytest.raises(BooksClosedAlready, match="closed through 2026-05-31 already"):
        ledger.close(date(2026, 4, 30), WANG)
    assert log.head() == head


def test_one_asks_to_reopen_and_another_approves(log: EventLog, now: SettableClock):
    ledger = Ledger(log)
    with pytest.raises(NothingToReopen):
        ledger.ask_to_reopen(None, "a bill was lost", WANG)
    ledger.close(MAY_31, WANG)
    with pytest.raises(ReopeningNotAsked):
        ledger.reopen(LI)
    ledger.ask_to_reopen(date(2026, 4, 30), "a bill was lost", WANG)
    with pytest.raises(SecondPersonNeeded):
        ledger.reopen(WANG)
    now.move_to(JUNE_5 + timedelta(hours=1))
    ledger.reopen(LI)
    with pytest.raises(ReopeningNotAsked):
        ledger.reopen(LI)
    assert [(closing.through, closing.by, closing.reason) for closing in ledger.closings()] == [
        (MAY_31, WANG, ""),
        (date(2026, 4, 30), LI, "a bill was lost"),
    ]
    later = JUNE_5 + timedelta(hours=2)
    assert pay_in(log, 1, MAY_31, later).effective_on == MAY_31
    assert pay_in(log, 2, date(2026, 4, 30), later).effective_on == date(2026, 5, 1)


DAYS = st.dates(date(2026, 5, 1), date(2026, 6, 30))


@settings(max_examples=30)
@given(before=st.lists(DAYS, max_size=8), after=st.lists(DAYS, max_size=8), through=DAYS)
def test_nothing_that_is_learned_after_a_close_changes_a_balance_of_a_closed_day(before, after, through):
    now = SettableClock(datetime(2026, 7, 1, tzinfo=UTC))
    with clock.using(now):
        log = EventLog.open("sqlite://")
        for number, day in enumerate(before):
            pay_in(log, number, day, now(), yuan=number + 1)
        now.move_to(now() + timedelta(minutes=1))
        Ledger(log).close(through, WANG)
        (closing,) = Ledger(log).closings()
        froze = Ledger(log).trial_balance(AsOf(effective=through)).canonical()
        for number, day in enumerate(after):
            now.move_to(now() + timedelta(days=1))
            pay_in(log, 100 + number, day, now(), yuan=number + 1)
        assert Ledger(log).trial_balance(AsOf(effective=through)).canonical() == froze
        as_closed = Ledger(log).trial_balance(AsOf(effective=through, known=closing.since))
        assert as_closed.rows == Ledger(log).trial_balance(AsOf(effective=through)).rows
        log.close()


def test_books_replay_to_what_they_were():
    with clock.using(SettableClock(JUNE_5)):
        books = Books.begin()
        books.close(MAY_31, WANG, JUNE_5.date())
        books.ask_to_reopen(None, "again", WANG)
        books.reopen(LI)
        again = None
        for recorded in books.collect_events():
            again = recorded.mutate(again)
        assert isinstance(again, Books)
        assert (again.closings, again.closed_through, again.asked) == (books.closings, None, None)
