"""Refund claims in the books: advanced, verified, captured, owed, returned, by the shop or by the agency."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from books import (
    JULY_1,
    JULY_5,
    JULY_29,
    NOW,
    PUBLISHED_ORDINARY,
    BookedShop,
    advanced,
    claim,
    cny,
    line,
    order,
)

from souvenir.eventlog import EventLog
from souvenir.kernel import clock
from souvenir.kernel.clock import SettableClock
from souvenir.ledger.replay import AsOf


@pytest.fixture
def shop() -> Iterator[BookedShop]:
    log = EventLog.open("sqlite://")
    with clock.using(SettableClock(NOW)):
        yield BookedShop(log)
    log.close()


def test_the_published_instant_refund_stands_in_the_books_as_134_46(shop: BookedShop) -> None:
    advanced(shop, claim(on=date(2025, 5, 15)))

    assert shop.balances() == {
        "Assets:Cash:Safe": "-134.46",
        "Assets:RefundAdvance:PendingCustoms": "164.34",
        "Liabilities:UnearnedRefundFee": "-29.88",
        "Memo:Guarantee:Contra": "-134.46",
        "Memo:Guarantee:Held": "134.46",
    }
    assert shop.balances(AsOf(effective=date(2025, 5, 14))) == {}
    assert shop.balances(AsOf(effective=date(2025, 5, 15), known=datetime(2026, 6, 30, tzinfo=UTC))) == {}


def test_an_advance_in_the_store_comes_out_of_the_drawer_that_sold(shop: BookedShop) -> None:
    shop.record(order(line(1, "1494.00", "171.88", "400.00"), till="02"))
    advanced(shop, claim(mode="instant_store"))

    assert shop.balances()["Assets:Cash:Drawer:SHOP:02"] == "-134.46"


def test_the_published_ordinary_refund_stands_in_the_books_as_45_18(shop: BookedShop) -> None:
    ordinary = claim(PUBLISHED_ORDINARY, mode="departure")
    ordinary.confirm_customs(JULY_5, "PEK", {1: 1})
    ordinary.pay("cash", JULY_5, by="shop")
    shop.record(ordinary)

    assert shop.balances() == {
        "Assets:Cash:Safe": "-45.18",
        "Assets:Receivable:RefundAgency": "55.22",
        "Income:RefundCommission": "-3.01",
        "Liabilities:AgencyFee": "-7.03",
    }


def test_a_refund_the_agency_pays_moves_none_of_our_money_until_its_statement(shop: BookedShop) -> None:
    ordinary = claim(PUBLISHED_ORDINARY, mode="departure")
    ordinary.confirm_customs(JULY_5, "PEK", {1: 1})
    ordinary.pay("cash", JULY_5, by="agency")
    shop.record(ordinary)
    assert shop.balances() == {"Memo:Refunds:ByAgency": "45.18", "Memo:Refunds:Contra": "-45.18"}

    ordinary.settle(cny("0.00"), JULY_29)
    shop.record(ordinary)

    assert shop.balances() == {}
    assert shop.rules() == ["J08a", "J10a"]


def test_a_kept_promise_earns_the_fee_and_the_agency_settles(shop: BookedShop) -> None:
    refund = claim()
    hold = advanced(shop, refund)
    refund.confirm_customs(JULY_5, "PEK", {1: 1})
    refund.complete(JULY_5)
    hold.release(JULY_5)
    shop.record(refund, hold)
    assert shop.balances() == {
        "Assets:Cash:Safe": "-134.46",
        "Assets:Receivable:RefundAgency": "164.34",
        "Income:RefundCommission": "-8.96",
        "Liabilities:AgencyFee": "-20.92",
    }

    refund.settle(cny("143.42"), date(2026, 8, 15))
    shop.record(refund)

    assert shop.balances() == {
        "Assets:Bank": "143.42",
        "Assets:Cash:Safe": "-134.46",
        "Income:RefundCommission": "-8.96",
    }
    assert shop.rules() == ["J08", "J08m", "J09", "J09m", "J10"]


def test_what_the_agency_paid_too_little_stays_receivable(shop: BookedShop) -> None:
    refund = claim()
    hold = advanced(shop, refund)
    refund.confirm_customs(JULY_5, "PEK", {1: 1})
    refund.complete(JULY_5)
    hold.release(JULY_5)
    refund.settle(cny("140.00"), date(2026, 8, 15))
    shop.record(refund, hold)

    assert shop.balances()["Assets:Receivable:RefundAgency"] == "3.42"
    assert "Liabilities:AgencyFee" not in shop.balances()


def test_an_agency_that_pays_in_full_is_still_owed_its_fee(shop: BookedShop) -> None:
    refund = claim()
    hold = advanced(shop, refund)
    refund.confirm_customs(JULY_5, "PEK", {1: 1})
    refund.complete(JULY_5)
    hold.release(JULY_5)
    refund.settle(cny("164.34"), date(2026, 8, 15))
    shop.record(refund, hold)

    assert shop.balances()["Liabilities:AgencyFee"] == "-20.92"
    assert "Assets:Receivable:RefundAgency" not in shop.balances()


def test_a_broken_promise_is_charged_to_the_card_and_earns_no_fee(shop: BookedShop) -> None:
    refund = claim()
    hold = advanced(shop, refund)
    refund.miss_promise(date(2026, 7, 30))
    hold.capture(cny("134.46"), date(2026, 7, 30))
    refund.recover(hold.id, cny("134.46"), date(2026, 7, 30))
    shop.record(hold, refund)

    assert shop.balances() == {"Assets:Cash:Safe": "-134.46", "Assets:Clearing:Card": "134.46"}
    assert shop.rules() == ["J08", "J08m", "J11"]


def test_what_customs_did_not_see_is_charged_and_the_rest_refunded(shop: BookedShop) -> None:
    refund = claim(("1494.00", "164.34", "29.88", 3))
    hold = advanced(shop, refund)
    refund.confirm_customs(JULY_5, "PEK", {1: 2})
    refund.complete(JULY_5)
    hold.capture(cny("44.82"), JULY_5)
    refund.recover(hold.id, cny("44.82"), JULY_5)
    shop.record(hold, refund)

    assert shop.balances() == {
        "Assets:Cash:Safe": "-134.46",
        "Assets:Clearing:Card": "44.82",
        "Assets:Receivable:RefundAgency": "109.56",
        "Income:RefundCommission": "-5.98",
        "Liabilities:AgencyFee": "-13.94",
    }


def test_the_fee_of_what_customs_did_not_see_is_that_of_its_own_lines(shop: BookedShop) -> None:
    refund = claim(("1000.00", "110.00", "20.00", 1), ("1000.00", "80.00", "20.00", 1))
    hold = advanced(shop, refund)
    refund.confirm_customs(JULY_5, "PEK", {1: 1})
    refund.complete(JULY_5)
    hold.capture(cny("60.00"), JULY_5)
    refund.recover(hold.id, cny("60.00"), JULY_5)
    shop.record(refund, hold)

    assert shop.balances() == {
        "Assets:Cash:Safe": "-150.00",
        "Assets:Clearing:Card": "60.00",
        "Assets:Receivable:RefundAgency": "110.00",
        "Income:RefundCommission": "-6.00",
        "Liabilities:AgencyFee": "-14.00",
    }


def test_a_hold_that_died_by_itself_moves_no_money_but_secures_nothing(shop: BookedShop) -> None:
    refund = claim()
    hold = advanced(shop, refund, secured_until=NOW + timedelta(days=5))
    hold.lapse(NOW + timedelta(days=5), date(2026, 7, 6))
    refund.miss_promise(date(2026, 7, 30))
    hold.declare_recoverable(cny("134.46"), date(2026, 7, 31))
    shop.record(refund, hold)

    assert shop.balances(AsOf(effective=date(2026, 7, 6))) == {
        "Assets:Cash:Safe": "-134.46",
        "Assets:RefundAdvance:PendingCustoms": "164.34",
        "Liabilities:UnearnedRefundFee": "-29.88",
    }
    assert shop.balances() == {
        "Assets:Cash:Safe": "-134.46",
        "Assets:RefundAdvance:TouristRecoverable": "134.46",
    }
    assert shop.rules() == ["J08", "J08m", "J09m", "J12a"]


def test_a_claim_voided_after_its_promise_was_missed_moves_nothing_more(shop: BookedShop) -> None:
    refund = claim()
    hold = advanced(shop, refund)
    refund.miss_promise(date(2026, 7, 30))
    hold.declare_recoverable(cny("134.46"), date(2026, 7, 31))
    refund.void("invoice voided", date(2026, 8, 1))
    shop.record(refund, hold)

    assert shop.balances() == {
        "Assets:Cash:Safe": "-134.46",
        "Assets:RefundAdvance:TouristRecoverable": "134.46",
    }


def test_a_capture_that_fails_leaves_the_traveller_owing_until_written_off(shop: BookedShop) -> None:
    refund = claim()
    hold = advanced(shop, refund)
    refund.miss_promise(date(2026, 7, 30))
    hold.declare_recoverable(cny("134.46"), date(2026, 7, 31))
    shop.record(refund, hold)
    assert shop.balances() == {
        "Assets:Cash:Safe": "-134.46",
        "Assets:RefundAdvance:TouristRecoverable": "134.46",
    }

    hold.write_off(date(2026, 12, 31))
    shop.record(hold)

    assert shop.balances() == {"Assets:Cash:Safe": "-134.46", "Expenses:BadDebt:RefundAdvance": "134.46"}
    assert shop.rules() == ["J08", "J08m", "J12a", "J12b"]


def test_goods_returned_before_customs_pay_back_the_price_less_the_advance(shop: BookedShop) -> None:
    sold = order(line(1, "1494.00", "171.88", "400.00"))
    sold.pay(UUID(int=60), "card", cny("1494.00"), JULY_1)
    shop.record(sold)
    refund = claim()
    hold = advanced(shop, refund)
    sold.take_back(UUID(int=70), {1: 1}, "card", JULY_5)
    refund.void("goods returned", JULY_5, return_id=UUID(int=70))
    refund.recover(UUID(int=70), cny("134.46"), JULY_5)
    hold.release(JULY_5)
    shop.record(sold, refund, hold)

    assert shop.balances() == {
        "Assets:Cash:Safe": "-134.46",
        "Assets:Clearing:Card": "134.46",
        "Income:Sales": "-1322.12",
        "Income:SalesReturns": "1322.12",
    }
    assert shop.rules() == ["J01", "J02", "J08", "J08m", "J13", "J13b", "J13a", "J13s", "J09m"]


def test_goods_returned_after_a_capture_failed_settle_what_the_traveller_owed(shop: BookedShop) -> None:
    sold = order(line(1, "1494.00", "171.88", "400.00"))
    sold.pay(UUID(int=60), "card", cny("1494.00"), JULY_1)
    refund = claim()
    hold = advanced(shop, refund)
    refund.miss_promise(date(2026, 7, 30))
    hold.declare_recoverable(cny("134.46"), date(2026, 7, 31))
    shop.record(sold, refund, hold)
    sold.take_back(UUID(int=70), {1: 1}, "cash", date(2026, 8, 1))
    refund.void("goods returned", date(2026, 8, 1), return_id=UUID(int=70))
    refund.recover(UUID(int=70), cny("134.46"), date(2026, 8, 1))
    shop.record(sold, refund)

    assert shop.balances() == {
        "Assets:Cash:Drawer:SHOP:01": "-1359.54",
        "Assets:Cash:Safe": "-134.46",
        "Assets:Clearing:Card": "1494.00",
        "Income:Sales": "-1322.12",
        "Income:SalesReturns": "1322.12",
    }


def test_goods_returned_between_the_missed_promise_and_the_capture_settle_the_advance(shop: BookedShop) -> None:
    sold = order(line(1, "1494.00", "171.88", "400.00"))
    sold.pay(UUID(int=60), "card", cny("1494.00"), JULY_1)
    refund = claim()
    hold = advanced(shop, refund)
    refund.miss_promise(date(2026, 7, 30))
    shop.record(sold, refund)
    sold.take_back(UUID(int=70), {1: 1}, "card", date(2026, 7, 31))
    refund.void("goods returned", date(2026, 7, 31), return_id=UUID(int=70))
    refund.recover(UUID(int=70), cny("134.46"), date(2026, 7, 31))
    hold.release(date(2026, 7, 31))
    shop.record(sold, refund, hold)

    assert shop.balances() == {
        "Assets:Cash:Safe": "-134.46",
        "Assets:Clearing:Card": "134.46",
        "Income:Sales": "-1322.12",
        "Income:SalesReturns": "1322.12",
    }


def test_a_claim_voided_without_a_return_leaves_the_advance_to_be_captured(shop: BookedShop) -> None:
    refund = claim()
    hold = advanced(shop, refund)
    refund.void("invoice voided", JULY_5)
    shop.record(refund)
    assert shop.balances()["Assets:RefundAdvance:TouristRecoverable"] == "134.46"

    hold.capture(cny("134.46"), JULY_5)
    shop.record(hold)

    assert shop.balances() == {"Assets:Cash:Safe": "-134.46", "Assets:Clearing:Card": "134.46"}


def test_what_a_card_gives_of_the_agency_s_advance_is_owed_to_the_agency(shop: BookedShop) -> None:
    refund = claim()
    hold = advanced(shop, refund, by="agency")
    refund.miss_promise(date(2026, 7, 30))
    hold.capture(cny("134.46"), date(2026, 7, 30))
    refund.recover(hold.id, cny("134.46"), date(2026, 7, 30))
    shop.record(refund, hold)

    assert shop.balances() == {"Assets:Clearing:Card": "134.46", "Liabilities:RefundAgency:Clawback": "-134.46"}
    assert sorted(shop.rules()) == ["J08a", "J08m", "J10a", "J11"]


def test_what_a_return_keeps_back_of_the_agency_s_advance_is_owed_to_the_agency(shop: BookedShop) -> None:
    sold = order(line(1, "1494.00", "171.88", "400.00"))
    sold.pay(UUID(int=60), "card", cny("1494.00"), JULY_1)
    refund = claim()
    hold = advanced(shop, refund, by="agency")
    sold.take_back(UUID(int=70), {1: 1}, "card", JULY_5)
    refund.void("goods returned", JULY_5, return_id=UUID(int=70))
    refund.recover(UUID(int=70), cny("134.46"), JULY_5)
    hold.release(JULY_5)
    shop.record(sold, refund, hold)

    assert shop.balances() == {
        "Assets:Clearing:Card": "134.46",
        "Income:Sales": "-1322.12",
        "Income:SalesReturns": "1322.12",
        "Liabilities:RefundAgency:Clawback": "-134.46",
    }
