"""The agency's statement: written for a month, taken in once, form by form; what differs is told, and nothing booked."""

from dataclasses import replace
from datetime import date

import pytest
from shops import MORNING, TILL, TODAY, open_small_shop

from souvenir.kernel.money import Money
from souvenir.payments.payment import Tender
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.processes.settle_agency import SettleAgency
from souvenir.taxrefund.agency_statement import StatementChanged
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.rulebook import open_rule_book
from souvenir.taxrefund.settlement import (
    NoSettlementDay,
    Statement,
    StatementUnreadable,
    read_statement,
    settled_by,
    write_statement,
)
from souvenir.testing import clock_at

JANE = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
AUGUST, MID_SEPTEMBER = date(2026, 8, 1), date(2026, 9, 15)


@pytest.fixture
def small(tmp_path):
    with clock_at(MORNING):
        small = open_small_shop("sqlite://", secrets=str(tmp_path / "secrets"))
        yield small
        small.shop.close()


def completed(small, on=date(2026, 8, 7)):
    order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    claim = small.shop.refund_tax.open_claim([order], "instant_store", JANE, issued_on=TODAY).result
    small.shop.refund_tax.agree(claim, TODAY)
    small.shop.refund_tax.guarantee(claim, "sandbox", "a card", TODAY)
    small.shop.refund_tax.advance(claim, "cash", TODAY)
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, on)
    small.shop.followers.catch_up()
    return claim


def test_a_month_is_stated_and_settled_and_the_books_are_even(small):
    claim, agency = completed(small), SettleAgency(small.shop.log)
    statement = agency.statement("2026-08", AUGUST)
    assert [(line.refund.amount, line.fee.amount, line.amount.amount) for line in statement.lines] == [
        ("124.30", "22.60", "108.48")
    ]
    taken = agency.take_in(read_statement(write_statement(statement)), MID_SEPTEMBER)
    received = agency.received(statement.number)
    assert (taken.result, received.settled, received.discrepancies) == (received.id, 1, ())
    assert small.shop.log.load(Claim, claim).state == "settled"
    small.shop.followers.catch_up()
    rows = {row.account: row.closing for row in small.shop.ledger.trial_balance().rows}
    assert str(rows["Assets:Bank"]) == "108.48 CNY"
    assert agency.statement("2026-08", AUGUST).lines == ()


def test_the_same_statement_again_settles_nothing_new(small):
    completed(small)
    agency = SettleAgency(small.shop.log)
    statement = agency.statement("2026-08", AUGUST)
    agency.take_in(statement, MID_SEPTEMBER)
    head = small.shop.log.head()
    assert agency.take_in(statement, date(2026, 9, 20)).replayed
    assert small.shop.log.head() == head


def test_what_differs_is_told_and_nothing_is_recorded(small):
    claim, agency = completed(small), SettleAgency(small.shop.log)
    (line,) = agency.statement("2026-08", AUGUST).lines
    order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    still_open = small.shop.refund_tax.open_claim([order], "departure", JANE, issued_on=TODAY).result
    head = small.shop.log.head()
    lines = (
        replace(line, amount=Money.parse("108.47 CNY")),
        replace(line, form_no="2026081200000000000"),
        replace(line, form_no=small.shop.log.load(Claim, still_open).claim_no),
    )
    agency.take_in(Statement("X", lines), MID_SEPTEMBER)
    assert [
        (one.difference, one.stated and one.stated.amount, one.expected and one.expected.amount)
        for one in agency.received("X").discrepancies
    ] == [
        ("amount_differs", "108.47", "108.48"),
        ("unknown_form", "108.48", None),
        ("not_final", "108.48", None),
    ]
    assert small.shop.log.load(Claim, claim).state == "completed"
    assert small.shop.log.head() == head + 1


def test_what_was_final_and_is_not_stated_is_missing_also_from_an_earlier_month(small):
    completed(small)
    forgotten = completed(small, date(2026, 7, 31))
    agency = SettleAgency(small.shop.log)
    agency.take_in(agency.statement("2026-08", AUGUST), MID_SEPTEMBER)
    (missing,) = agency.received("2026-08").discrepancies
    assert (missing.difference, missing.form_no) == ("missing", small.shop.log.load(Claim, forgotten).claim_no)
    assert (missing.expected, missing.stated) == (Money.parse("108.48 CNY"), None)


def test_what_was_learned_of_after_its_month_was_stated_is_asked_for_with_a_later_one(small):
    agency = SettleAgency(small.shop.log)
    late = completed(small, date(2026, 7, 31))
    completed(small)
    assert len(agency.statement("2026-08", AUGUST).lines) == 1
    both = agency.statement("2026-08", AUGUST, earlier=True)
    assert both.lines[0].form_no == small.shop.log.load(Claim, late).claim_no
    agency.take_in(both, MID_SEPTEMBER, AUGUST)
    assert (agency.received("2026-08").settled, agency.received("2026-08").discrepancies) == (2, ())


def test_a_form_on_a_second_statement_is_told_and_another_content_needs_another_number(small):
    completed(small)
    agency = SettleAgency(small.shop.log)
    statement = agency.statement("S1", AUGUST)
    agency.take_in(statement, MID_SEPTEMBER)
    agency.take_in(replace(statement, number="S2"), MID_SEPTEMBER)
    assert [one.difference for one in agency.received("S2").discrepancies] == ["settled_before"]
    with pytest.raises(StatementChanged):
        agency.take_in(
            replace(statement, number="S1", lines=(replace(statement.lines[0], fee=Money.parse("1 CNY")),)),
            MID_SEPTEMBER,
        )


def test_a_crash_between_forms_and_record_is_made_good_by_the_same_statement(small):
    settled, other = completed(small), completed(small)
    agency = SettleAgency(small.shop.log)
    statement = agency.statement("S1", AUGUST)
    small.shop.refund_tax.settle(settled, Money.parse("108.48 CNY"), MID_SEPTEMBER, "S1")
    agency.take_in(statement, MID_SEPTEMBER)
    assert (agency.received("S1").settled, agency.received("S1").discrepancies) == (2, ())
    assert small.shop.log.load(Claim, other).settled_in == "S1"


def test_a_statement_is_due_by_the_fifteenth_of_the_next_month():
    book = open_rule_book()
    assert settled_by(book, "CN", "CN-BJ", date(2026, 8, 1)) == date(2026, 9, 15)
    assert settled_by(book, "CN", "CN-BJ", date(2026, 12, 31)) == date(2027, 1, 15)
    with pytest.raises(NoSettlementDay):
        settled_by(book, "JP", "JP", date(2026, 8, 1))


GOOD = (
    "statement,form_no,final_on,currency,refund,fee,amount\r\n"
    "S1,17,2026-08-07,CNY,124.30,22.60,108.48\r\n"
    "S1,18,2026-08-08,CNY,11.00,2.00,9.60\r\n"
    "S1,TOTAL,,CNY,135.30,24.60,118.08\r\n"
)


def test_a_statement_is_written_as_it_was_read():
    assert write_statement(read_statement(GOOD)) == GOOD
    assert read_statement("\ufeff" + GOOD).amount == Money.parse("118.08 CNY")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("refund,fee", "fee,refund"),
        ("118.08", "118.09"),
        ("S1,TOTAL,,CNY,135.30,24.60,118.08\r\n", ""),
        ("S1,18", "S1,17"),
        ("S1,18", "S2,18"),
        ("2026-08-08", "08.08.2026"),
        ("9.60", "9.605"),
        ("9.60", "nine"),
        (",CNY,11.00", ",XXX,11.00"),
        ("\r\nS1,18", ",more\r\nS1,18"),
        ("118.08\r\n", "118.08\r\nS1,19,2026-08-08,CNY,1.00,0.00,1.00\r\n"),
        (GOOD, ""),
    ],
)
def test_a_statement_that_is_not_right_is_refused_whole(old: str, new: str):
    text = GOOD.replace(old, new)
    assert text != GOOD
    with pytest.raises(StatementUnreadable):
        read_statement(text)
