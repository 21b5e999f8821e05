"""What happens in the shop stands in the books: each event once, by its rule, on its own day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from souvenir.eventlog import EventLog, Followers
from souvenir.kernel import clock
from souvenir.kernel.aggregate import Aggregate
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.money import Money
from souvenir.ledger.application import Ledger
from souvenir.ledger.journal import Entry
from souvenir.ledger.replay import AsOf
from souvenir.licensing.accrual import Accrual, Counted, Figures
from souvenir.licensing.licence import Grant, Licence
from souvenir.licensing.terms import flat
from souvenir.processes.keep_books import KeepBooks
from souvenir.sales.order import Channel, Order, OrderLine
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.form import ClaimLine, Form, TravellerFacts
from souvenir.taxrefund.guarantee import Guarantee

NOW = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
SHOP, TRAVELLER = UUID(int=1), UUID(int=2)
JULY_1, JULY_5, JULY_29 = date(2026, 7, 1), date(2026, 7, 5), date(2026, 7, 29)


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


class Shop:
    """A log whose events are made by hand, and its books."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.followers = Followers(log, (KeepBooks(),), ())

    def record(self, *aggregates: Aggregate) -> None:
        self.log.execute(lambda tx: tx.save(*aggregates))

    def entries(self) -> list[Entry.Posted]:
        self.followers.catch_up()
        return [r.event for r in self.log.events(topics=("ledger.EntryPosted",)) if isinstance(r.event, Entry.Posted)]

    def rules(self) -> list[str]:
        return [entry.rule for entry in self.entries()]

    def balances(self, as_of: AsOf = AsOf()) -> dict[str, str]:
        self.followers.catch_up()
        return {row.account: row.closing.amount for row in Ledger(self.log).trial_balance(as_of).rows if row.closing}


@pytest.fixture
def shop() -> Iterator[Shop]:
    log = EventLog.open("sqlite://")
    with clock.using(SettableClock(NOW)):
        yield Shop(log)
    log.close()


def line(line_no: int, gross: str, vat: str, cost: str, quantity: int = 1, **more: Any) -> OrderLine:
    return OrderLine(
        line_no=line_no,
        product_id=UUID(int=100 + line_no),
        sku=f"SKU-{line_no}",
        name={"en": "Enamel vase"},
        category="enamel",
        quantity=quantity,
        unit_price=cny(gross),
        gross=cny(gross),
        vat_rate=Decimal("0.13"),
        vat=cny(vat),
        cost=cny(cost),
        **more,
    )


def order(*lines: OrderLine, till: str | None = "01", on: date = JULY_1) -> Order:
    return Order.place(
        UUID(int=50),
        order_no="260701-A",
        outlet_id=SHOP,
        channel=Channel.SHOP if till else Channel.ONLINE,
        till=till,
        lines=lines,
        currency="CNY",
        on=on,
    )


Listed = tuple[str, str, str, int]
"""A line of a form: gross, refund, fee, quantity."""
PUBLISHED_INSTANT: Listed = ("1494.00", "164.34", "29.88", 1)
PUBLISHED_ORDINARY: Listed = ("502.00", "55.22", "10.04", 1)


def claim(*listed: Listed, mode: str = "instant_centralised", on: date = JULY_1) -> Claim:
    """A form of these lines; the published instant case if none are given."""
    form = Form(
        claim_no="CN-1",
        order_ids=(UUID(int=50),),
        outlet_id=SHOP,
        jurisdiction="CN",
        region="CN-BJ",
        mode=mode,
        traveller=TRAVELLER,
        document_hash="",
        facts=TravellerFacts(document_kind="passport", nationality_class="foreign", last_entry=on, stay_days=0),
        purchased_on=on,
        issued_on=on,
        lines=tuple(
            ClaimLine(
                line_no=line_no,
                gross=cny(gross),
                vat_rate=Decimal("0.13"),
                refund=cny(refund),
                fee=cny(fee),
                quantity=quantity,
            )
            for line_no, (gross, refund, fee, quantity) in enumerate(listed or (PUBLISHED_INSTANT,), start=1)
        ),
        cash_allowed=True,
        last_departure_on=date(on.year, on.month + 2, 28),
        confirmation="by_quantity",
        rule_versions=("CN-2026-07",),
    )
    return Claim.open(form)


def advanced(shop: Shop, a: Claim, by: Any = "shop", secured_until: datetime | None = None) -> Guarantee:
    """The agreement, the guarantee and the advance, as the counter records them."""
    promised_by = a.issued_on + timedelta(days=28)
    a.agree(on=a.issued_on, promised_by=promised_by, capture_by=promised_by, ports=("PEK",), by=by)
    hold = Guarantee.hold(
        claim_id=a.id,
        amount=a.net,
        reference="pi_1",
        strength="card_hold" if secured_until else "saved_card",
        secured_until=secured_until,
        on=a.issued_on,
    )
    a.advance("cash", a.issued_on, hold.guaranteed)
    shop.record(a, hold)
    return hold


# Sales.


def test_a_cash_sale_moves_drawer_sales_tax_and_stock(shop: Shop) -> None:
    sold = order(line(1, "1130.00", "130.00", "400.00"), line(2, "113.00", "13.00", "30.00", edition_id=UUID(int=7)))
    sold.pay(UUID(int=60), "cash", cny("1243.00"), JULY_1)
    shop.record(sold)

    assert shop.balances() == {
        "Assets:Cash:Drawer-01": "1243.00",
        "Assets:Inventory:Edition": "-30.00",
        "Assets:Inventory:Goods": "-400.00",
        "Expenses:COGS": "430.00",
        "Income:Sales": "-1100.00",
        "Liabilities:VAT:Output": "-143.00",
    }
    sale, cost = shop.entries()
    assert (sale.rule, cost.rule, sale.text) == ("J01", "J02", "Sale")
    assert (sale.cause_topic, sale.cause_id, sale.cause_version) == ("sales.OrderPaid", sold.id, 2)
    assert (sale.effective_on, sale.known_at) == (JULY_1, NOW)
    assert sale.dimensions == {
        "order": str(sold.id),
        "outlet": str(SHOP),
        "channel": "shop",
        "till": "01",
    }
    assert [dict(leg.dimensions).get("sku") for leg in sale.lines] == [None, "SKU-1", "SKU-1", "SKU-2", "SKU-2"]


def test_returns_in_parts_give_back_exactly_what_was_booked(shop: Shop) -> None:
    sold = order(line(1, "100.00", "11.50", "10.00", quantity=3), till=None)
    sold.pay(UUID(int=60), "card", cny("100.00"), JULY_1)
    sold.take_back(UUID(int=70), {1: 1}, "card", JULY_5)
    sold.take_back(UUID(int=71), {1: 1}, "card", JULY_5)
    sold.take_back(UUID(int=72), {1: 1}, "card", JULY_5)
    shop.record(sold)

    assert shop.balances() == {"Income:SalesReturns": "88.50", "Income:Sales": "-88.50"}
    assert shop.rules() == ["J01", "J02", "J13", "J13b", "J13", "J13b", "J13", "J13b"]
    stock = [entry.lines[0].money.amount for entry in shop.entries() if entry.rule == "J13b"]
    assert stock == ["3.33", "3.34", "3.33"]


def test_an_order_placed_but_not_paid_is_not_in_the_books(shop: Shop) -> None:
    shop.record(order(line(1, "1130.00", "130.00", "400.00")))

    assert shop.entries() == []


# Licences.


def test_a_royalty_eats_the_advance_before_it_is_owed_and_a_return_gives_its_share_back(shop: Shop) -> None:
    licence = licence_with_advance("LIC-A")
    accrual = Accrual.accrue(
        licence_id=licence.id,
        order_id=UUID(int=50),
        line_no=1,
        product_id=UUID(int=101),
        sku="SKU-1",
        standing="term",
        figures=EARNED,
        counted=COUNTED,
        business_date=JULY_1,
    )
    shop.record(licence, accrual)
    assert shop.balances() == {
        "Assets:Bank": "-90.00",
        "Assets:PrepaidRoyalty:LIC-A": "40.00",
        "Expenses:MarketingFund": "20.00",
        "Expenses:Royalty": "80.00",
        "Liabilities:MarketingFund:LIC-A": "-20.00",
        "Liabilities:Royalty:LIC-A": "-20.00",
        "Liabilities:WHT": "-10.00",
    }

    accrual.reverse(UUID(int=70), EARNED, COUNTED, JULY_5, "2026-Q3")
    shop.record(accrual)

    assert shop.balances() == {
        "Assets:Bank": "-90.00",
        "Assets:PrepaidRoyalty:LIC-A": "100.00",
        "Liabilities:WHT": "-10.00",
    }
    assert shop.rules() == ["J04", "J03", "J13c"]


COUNTED = Counted(period="2026-Q3", contract_year=1, period_rate="0.08", units_before=0, base_before=cny("0"))


EARNED = Figures(
    units=1,
    base=cny("1000.00"),
    royalty=cny("80.00"),
    marketing_fund=cny("20.00"),
    recouped=cny("60.00"),
    payable=cny("20.00"),
    outside=cny("0"),
    rate="0.08",
)


def licence_with_advance(contract_no: str) -> Licence:
    """A licence of this number with an advance of 100.00 paid, 10.00 of it withheld."""
    licence = Licence.sign(
        contract_no,
        "Palace Museum Press",
        {"en": "Blue dragon"},
        Grant(categories=("enamel",), territories=("CN",), channels=("shop",), starts=JULY_1, ends=date(2027, 6, 30)),
        flat("0.08", "CNY", advance=cny("100.00")),
    )
    licence.pay_advance("wire-1", cny("100.00"), cny("10.00"), JULY_1)
    return licence


def test_a_contract_number_that_cannot_stand_in_an_account_gives_way_to_the_licence_id(shop: Shop) -> None:
    licence = licence_with_advance("故宫/2026")
    shop.record(licence)

    assert f"Assets:PrepaidRoyalty:{str(licence.id).upper()}" in shop.balances()


# Refund claims.


def test_the_published_instant_refund_stands_in_the_books_as_134_46(shop: Shop) -> None:
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


def test_the_published_ordinary_refund_stands_in_the_books_as_45_18(shop: Shop) -> None:
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


def test_a_refund_the_agency_pays_moves_none_of_our_money_until_its_statement(shop: Shop) -> None:
    ordinary = claim(PUBLISHED_ORDINARY, mode="departure")
    ordinary.confirm_customs(JULY_5, "PEK", {1: 1})
    ordinary.pay("cash", JULY_5, by="agency")
    shop.record(ordinary)
    assert shop.balances() == {"Memo:Refunds:ByAgency": "45.18", "Memo:Refunds:Contra": "-45.18"}

    ordinary.settle(cny("0.00"), JULY_29)
    shop.record(ordinary)

    assert shop.balances() == {}
    assert shop.rules() == ["J08a", "J10a"]


def test_a_kept_promise_earns_the_fee_and_the_agency_settles(shop: Shop) -> None:
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


def test_what_the_agency_paid_too_little_stays_receivable(shop: Shop) -> None:
    refund = claim()
    hold = advanced(shop, refund)
    refund.confirm_customs(JULY_5, "PEK", {1: 1})
    refund.complete(JULY_5)
    hold.release(JULY_5)
    refund.settle(cny("140.00"), date(2026, 8, 15))
    shop.record(refund, hold)

    assert shop.balances()["Assets:Receivable:RefundAgency"] == "3.42"
    assert "Liabilities:AgencyFee" not in shop.balances()


def test_an_agency_that_pays_in_full_is_still_owed_its_fee(shop: Shop) -> None:
    refund = claim()
    hold = advanced(shop, refund)
    refund.confirm_customs(JULY_5, "PEK", {1: 1})
    refund.complete(JULY_5)
    hold.release(JULY_5)
    refund.settle(cny("164.34"), date(2026, 8, 15))
    shop.record(refund, hold)

    assert shop.balances()["Liabilities:AgencyFee"] == "-20.92"
    assert "Assets:Receivable:RefundAgency" not in shop.balances()


def test_a_broken_promise_is_charged_to_the_card_and_earns_no_fee(shop: Shop) -> None:
    refund = claim()
    hold = advanced(shop, refund)
    refund.miss_promise(date(2026, 7, 30))
    hold.capture(cny("134.46"), date(2026, 7, 30))
    refund.recover(hold.id, cny("134.46"), date(2026, 7, 30))
    shop.record(hold, refund)

    assert shop.balances() == {"Assets:Cash:Safe": "-134.46", "Assets:Clearing:Card": "134.46"}
    assert shop.rules() == ["J08", "J08m", "J11"]


def test_what_customs_did_not_see_is_charged_and_the_rest_refunded(shop: Shop) -> None:
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


def test_the_fee_of_what_customs_did_not_see_is_that_of_its_own_lines(shop: Shop) -> None:
    refund = claim(("1000.00", "110.00", "20.00", 1), ("1000.00", "80.00", "20.00", 1))
    hold = advanced(shop, refund)
    refund.confirm_customs(JULY_5, "PEK", {1: 1})
    refund.complete(JULY_5)
    hold.capture(cny("60.00"), JULY_5)
    refund.recover(hold.id, cny("60.00"), JULY_5)
    shop.record(hold, refund)

    assert shop.balances() == {
        "Assets:Cash:Safe": "-150.00",
        "Assets:Clearing:Card": "60.00",
        "Assets:Receivable:RefundAgency": "110.00",
        "Income:RefundCommission": "-6.00",
        "Liabilities:AgencyFee": "-14.00",
    }


def test_a_hold_that_died_by_itself_moves_no_money_but_secures_nothing(shop: Shop) -> None:
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


def test_a_claim_voided_after_its_promise_was_missed_moves_nothing_more(shop: Shop) -> None:
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


def test_a_capture_that_fails_leaves_the_traveller_owing_until_written_off(shop: Shop) -> None:
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


def test_goods_returned_before_customs_pay_back_the_price_less_the_advance(shop: Shop) -> None:
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


def test_goods_returned_after_a_capture_failed_settle_what_the_traveller_owed(shop: Shop) -> None:
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
        "Assets:Cash:Drawer-01": "-1359.54",
        "Assets:Cash:Safe": "-134.46",
        "Assets:Clearing:Card": "1494.00",
        "Income:Sales": "-1322.12",
        "Income:SalesReturns": "1322.12",
    }


def test_goods_returned_between_the_missed_promise_and_the_capture_settle_the_advance(shop: Shop) -> None:
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


def test_a_claim_voided_without_a_return_leaves_the_advance_to_be_captured(shop: Shop) -> None:
    refund = claim()
    hold = advanced(shop, refund)
    refund.void("invoice voided", JULY_5)
    shop.record(refund)
    assert shop.balances()["Assets:RefundAdvance:TouristRecoverable"] == "134.46"

    hold.capture(cny("134.46"), JULY_5)
    shop.record(hold)

    assert shop.balances() == {"Assets:Cash:Safe": "-134.46", "Assets:Clearing:Card": "134.46"}


def test_an_advance_of_the_agency_keeps_our_money_out_of_it(shop: Shop) -> None:
    refund = claim()
    hold = advanced(shop, refund, by="agency")
    refund.miss_promise(date(2026, 7, 30))
    hold.capture(cny("134.46"), date(2026, 7, 30))
    shop.record(refund, hold)

    assert shop.balances() == {}
    assert shop.rules() == ["J08a", "J08m", "J11"]


def test_what_a_return_keeps_back_of_the_agency_s_advance_is_owed_to_the_agency(shop: Shop) -> None:
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


# Following.


def test_books_kept_late_are_those_that_were_kept_at_once(shop: Shop) -> None:
    refund = claim()
    hold = advanced(shop, refund)
    refund.miss_promise(date(2026, 7, 30))
    hold.capture(cny("134.46"), date(2026, 7, 30))
    refund.recover(hold.id, cny("134.46"), date(2026, 7, 30))
    shop.record(hold, refund)
    refund.void("invoice voided", date(2026, 8, 1))
    shop.record(refund)

    assert shop.rules() == ["J08", "J08m", "J11"]
    assert shop.balances() == {"Assets:Cash:Safe": "-134.46", "Assets:Clearing:Card": "134.46"}


def test_books_kept_late_know_when_the_shop_knew(shop: Shop) -> None:
    advanced(shop, claim())
    with clock.using(SettableClock(NOW + timedelta(days=3))):
        advance, guarantee = shop.entries()

    assert (advance.known_at, advance.timestamp) == (NOW, NOW + timedelta(days=3))
    assert guarantee.known_at == NOW


def test_following_again_from_the_start_posts_nothing_new(shop: Shop) -> None:
    sold = order(line(1, "1130.00", "130.00", "400.00"))
    sold.pay(UUID(int=60), "cash", cny("1130.00"), JULY_1)
    shop.record(sold)
    advanced(shop, claim())
    before = shop.entries()

    shop.log.execute(lambda tx: tx.session.run("UPDATE followers SET position = 0 WHERE name = 'keep_books'"))

    assert shop.entries() == before
    assert len(before) == 4
