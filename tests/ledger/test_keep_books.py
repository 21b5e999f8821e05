"""What happens in the shop stands in the books: each event once, by its rule, on its own day."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from books import (
    JULY_1,
    JULY_5,
    NOW,
    SHOP,
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
from souvenir.licensing.accrual import Accrual, Counted, Figures
from souvenir.licensing.adjustment import Adjustment
from souvenir.licensing.licence import Grant, Licence
from souvenir.licensing.terms import flat


@pytest.fixture
def shop() -> Iterator[BookedShop]:
    log = EventLog.open("sqlite://")
    with clock.using(SettableClock(NOW)):
        yield BookedShop(log)
    log.close()


# Sales.


def test_a_cash_sale_moves_drawer_sales_tax_and_stock(shop: BookedShop) -> None:
    sold = order(line(1, "1130.00", "130.00", "400.00"), line(2, "113.00", "13.00", "30.00", edition_id=UUID(int=7)))
    sold.pay(UUID(int=60), "cash", cny("1243.00"), JULY_1)
    shop.record(sold)

    assert shop.balances() == {
        "Assets:Cash:Drawer:SHOP:01": "1243.00",
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


def test_returns_in_parts_give_back_exactly_what_was_booked(shop: BookedShop) -> None:
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


def test_an_order_placed_but_not_paid_is_not_in_the_books(shop: BookedShop) -> None:
    shop.record(order(line(1, "1130.00", "130.00", "400.00")))

    assert shop.entries() == []


# Licences.


def test_a_royalty_eats_the_advance_before_it_is_owed_and_a_return_gives_its_share_back(shop: BookedShop) -> None:
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


def test_an_amendment_that_lowers_a_rate_takes_the_difference_off_expense_and_debt(shop: BookedShop) -> None:
    licence = licence_with_advance("LIC-A")
    lower = Adjustment.make(
        licence.id, "A1", 1, "2026-Q3", period_rate=Decimal("0.06"), base=cny("1000.00"), rate_before="0.08", rate="0.06",
        royalty=cny("-20.00"), marketing_fund=cny("5.00"), recouped=cny("-20.00"), payable=cny("0"), outside=cny("0"),
        business_date=JULY_5,
    )  # fmt: skip
    shop.record(licence, lower)
    assert shop.balances() == {
        "Assets:Bank": "-90.00",
        "Assets:PrepaidRoyalty:LIC-A": "120.00",
        "Expenses:MarketingFund": "5.00",
        "Expenses:Royalty": "-20.00",
        "Liabilities:MarketingFund:LIC-A": "-5.00",
        "Liabilities:WHT": "-10.00",
    }
    assert shop.rules() == ["J04", "J03d"]


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


def licence_with_advance(
    contract_no: str, licensor: str = "Palace Museum Press", shared_account: str | None = None
) -> Licence:
    """A licence of this number with an advance of 100.00 paid, 10.00 of it withheld."""
    licence = Licence.sign(
        contract_no,
        licensor,
        {"en": "Blue dragon"},
        Grant(categories=("enamel",), territories=("CN",), channels=("shop",), starts=JULY_1, ends=date(2027, 6, 30)),
        flat("0.08", "CNY", advance=cny("100.00"), shared_account=shared_account),
    )
    licence.pay_advance("wire-1", cny("100.00"), cny("10.00"), JULY_1)
    return licence


def test_a_contract_number_that_cannot_stand_in_an_account_gives_way_to_the_licence_id(shop: BookedShop) -> None:
    licence = licence_with_advance("故宫/2026")
    shop.record(licence)

    assert f"Assets:PrepaidRoyalty:{str(licence.id).upper()}" in shop.balances()


def test_accounts_that_two_licensors_call_the_same_are_two(shop: BookedShop) -> None:
    for licensor in ("Palace", "Studio"):
        for number in (1, 2):
            shop.record(licence_with_advance(f"{licensor}-{number}", licensor, shared_account="MAIN"))

    prepaid = {name: amount for name, amount in shop.balances().items() if "PrepaidRoyalty:MAIN" in name}
    assert sorted(prepaid.values()) == ["200.00", "200.00"]


# Following.


def test_books_kept_late_are_those_that_were_kept_at_once(shop: BookedShop) -> None:
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


def test_books_kept_late_know_when_the_shop_knew(shop: BookedShop) -> None:
    advanced(shop, claim())
    with clock.using(SettableClock(NOW + timedelta(days=3))):
        advance, guarantee = shop.entries()

    assert (advance.known_at, advance.timestamp) == (NOW, NOW + timedelta(days=3))
    assert guarantee.known_at == NOW


def test_following_again_from_the_start_posts_nothing_new(shop: BookedShop) -> None:
    sold = order(line(1, "1130.00", "130.00", "400.00"))
    sold.pay(UUID(int=60), "cash", cny("1130.00"), JULY_1)
    shop.record(sold)
    advanced(shop, claim())
    before = shop.entries()

    shop.log.execute(lambda tx: tx.session.run("UPDATE followers SET position = 0 WHERE name = 'keep_books'"))

    assert shop.entries() == before
    assert len(before) == 4
