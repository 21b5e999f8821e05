"""A day at one till on every store: sales, a return, a refund in cash, the agency's statement, and the count at the end."""

from datetime import date
from uuid import UUID

from shops import MORNING, TILL, TODAY, open_small_shop

from souvenir.kernel.money import Money
from souvenir.payments.payment import Tender
from souvenir.pos.shift import Denomination
from souvenir.processes.enrol_device import enrol_device, expect_device
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.taxrefund.form import Counter
from souvenir.taxrefund.simulators.agency import SimulatedAgency
from souvenir.taxrefund.simulators.tax_office import SimulatedTaxOffice
from souvenir.testing import clock_at

JANE = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
WANG = UUID(int=7)


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


def test_what_a_till_took_is_what_its_drawer_should_hold(store_url: str, tmp_path):
    with clock_at(MORNING):
        small = open_small_shop(store_url, secrets=str(tmp_path), office=SimulatedTaxOffice(), agency=SimulatedAgency())
        shop = small.shop
        device = enrol_device(shop.log, expect_device(shop.log, small.counter, TILL).result.code).result.device_id
        shift = shop.cash_up.open(device, WANG, TODAY, cny("500.00")).result

        sold = shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH).result
        shop.sell.at_till(small.counter, TILL, [Item(small.mug, 1)], Tender.CARD)
        back = shop.sell.at_till(small.counter, TILL, [Item(small.mug, 2)], Tender.CASH).result
        shop.take_back.take_back(back, {1: 1}, "cash", TODAY)
        claim = shop.refund_tax.open_claim([sold], "instant_store", JANE, issued_on=TODAY).result
        shop.refund_tax.agree(claim, TODAY)
        shop.refund_tax.guarantee(claim, "sandbox", "a card", TODAY)
        shop.refund_tax.advance(claim, "cash", TODAY, Counter(outlet_id=small.counter, till=TILL))
        shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, TODAY)
        shop.tills.move_cash(device, UUID(int=1), "drop", cny("1000.00"), "full", WANG)

        report = shop.cash_up.report(shift, to_cashier=False)
        assert [(one.kind, one.tender, one.count, one.amount.amount) for one in report.takings] == [
            ("return", "cash", 1, "113.00"),
            ("sale", "card", 1, "113.00"),
            ("sale", "cash", 2, "1356.00"),
            ("tax_refund", "cash", 1, "101.70"),
        ]
        assert report.due == cny("641.30")
        shop.cash_up.close(device, [Denomination(value=cny("0.10"), count=6413)], WANG)
        assert shop.cash_up.report(shift).shift.difference == cny("0.00")

        shop.followers.catch_up()
        received = shop.settle_agency.fetch(TODAY, TODAY)
        assert received is not None
        assert shop.settle_agency.received("AG-2026-07").discrepancies == ()
        shop.followers.catch_up()
        with shop.log.reading() as session:
            assert [row.settled for row in shop.views.agency_statements.page(session)] == [1]
        rows = {row.account: row.closing.amount for row in shop.ledger.trial_balance().rows}
        assert rows["Assets:Cash:Drawer:COUNTER:T1"] == "0.00"
        assert rows["Assets:Receivable:RefundAgency"] == "0.00"
        assert shop.differences() == []
        shop.close()


def test_what_is_unfinished_is_in_the_report_until_it_is_finished(store_url: str, tmp_path):
    with clock_at(MORNING):
        small = open_small_shop(store_url, secrets=str(tmp_path))
        shop = small.shop
        device = enrol_device(shop.log, expect_device(shop.log, small.counter, TILL).result.code).result.device_id
        shift = shop.cash_up.open(device, WANG, TODAY, cny("500.00")).result
        parked = shop.park_sale.park(small.counter, TILL, [Item(small.vase, 1, small.edition)]).result
        order = shop.pay_at_till.place(small.counter, TILL, [Item(small.mug, 1)]).result
        shop.pay_at_till.take(order, Tender.CARD, "sandbox", "tok", TILL, cny("100.00"))
        shop.cash_up.close(device, [Denomination(value=cny("100.00"), count=5)], WANG)
        left = shop.cash_up.report(shift).unfinished
        assert [(one.kind, one.id, one.amount) for one in left] == [
            ("parked", parked, None), ("part_paid", order, cny("100.00")),
        ]  # fmt: skip
        shop.cash_up.open(device, WANG, TODAY, cny("500.00"))
        shop.park_sale.drop(parked, TILL)
        shop.pay_at_till.take(order, Tender.CASH, "cash", "drawer", TILL)
        shop.exchange.exchange(order, {1: 1}, [Item(small.vase, 1, small.edition, number=1)], TILL, Tender.CASH)
        report = shop.cash_up.report(shop.tills.last_shift(small.counter, TILL), to_cashier=False)
        assert (report.unfinished, report.due) == ((), cny("1530.00"))
        shop.followers.catch_up()
        rows = {row.account: row.closing.amount for row in shop.ledger.trial_balance().rows}
        assert rows["Assets:Cash:Drawer:COUNTER:T1"] == "1530.00"
        assert rows["Liabilities:PendingSales"] == "0.00"
        assert shop.differences() == []
        shop.close()
