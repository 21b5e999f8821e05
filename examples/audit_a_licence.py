"""A licensor audits a statement: from one of its lines to the sales behind it, and from a sale to its till receipt.

Run it: python examples/audit_a_licence.py
"""

from datetime import date
from uuid import UUID

from souvenir import Money, Shop
from souvenir.documents.receipt import Receipt, ReceiptLine, print_receipt
from souvenir.documents.statement import print_statement
from souvenir.licensing.licence import Grant
from souvenir.licensing.terms import flat
from souvenir.payments.payment import Tender
from souvenir.processes.make_order import Item
from souvenir.sales.order import Order

SHOP_NAME = {"zh-Hans": "燕山礼品店", "en": "Yanshan Gift Shop"}


def main() -> None:
    with Shop.in_memory() as shop:
        licence = sign_contract(shop)
        outlet, vase = stock_shop(shop, licence)
        trade(shop, outlet, vase)
        amend(shop, licence)

        print(print_statement(sheet := shop.licensing.statement(licence, "2026-Q2"), sheet.digest))
        print("The workbook and the JSON say the same; SHA-256 of the JSON:", sheet.digest)
        audit(shop, licence)


def sign_contract(shop: Shop) -> UUID:
    """8 % of net sales and 2 % for the marketing fund, an advance of 500.00, exclusive in China."""
    licence = shop.licensing.grant(
        "LIC-2026-01",
        "Palace Studio",
        {"zh-Hans": "云龙", "en": "Cloud dragon"},
        Grant(
            categories=("enamel",),
            territories=("CN",),
            channels=("shop", "online"),
            starts=date(2026, 1, 1),
            ends=date(2026, 12, 31),
            exclusive=True,
        ),
        flat("0.08", "CNY", advance=Money.parse("500.00 CNY"), marketing_fund_rate="0.02", withholding_rate="0.10"),
    ).result
    shop.licensing.record_advance(
        licence, "bank-1", Money.parse("500.00 CNY"), Money.parse("50.00 CNY"), date(2026, 1, 5)
    )
    return licence


def stock_shop(shop: Shop, licence: UUID) -> tuple[UUID, UUID]:
    """A gift shop with a till, and a vase that bears the dragon."""
    place = {"region": "CN-BJ", "time_zone": "Asia/Shanghai"}
    works = shop.sites.register_site(
        code="YANSHAN",
        kind="factory",
        name={"zh-Hans": "燕山珐琅厂"},
        story={"zh-Hans": "1956年建厂，师傅仍以手工掐丝。"},
        **place,
    ).result
    outlet = shop.sites.open_outlet(
        code="YS-SHOP", kind="shop", name=SHOP_NAME, site_id=works, currency="CNY", trades_without_shift=True, **place
    ).result
    shop.sites.install_till(outlet, "till-1")
    vase = shop.catalogue.list_product(
        sku="VASE-DRAGON",
        name={"zh-Hans": "云龙瓶", "en": "Dragon vase"},
        story={"zh-Hans": "三十二道工序。"},
        origin_site_id=works,
        price=Money.parse("1130.00 CNY"),
        vat_category="standard",
        category="enamel",
        listed_on=date(2026, 1, 1),
        licence_ids=(licence,),
    ).result
    return outlet, vase


def trade(shop: Shop, outlet: UUID, vase: UUID) -> None:
    """Sales in two quarters, the first of them stated in April; one vase comes back in May."""

    def sell(on: date, quantity: int = 1) -> UUID:
        return shop.sell.at_till(outlet, "till-1", [Item(vase, quantity)], Tender.CARD, "terminal-7", on=on).result

    sell(date(2026, 2, 10), 3)
    second = sell(date(2026, 3, 20), 4)
    shop.followers.catch_up()
    shop.licensing.issue_statements(date(2026, 4, 10))
    sell(date(2026, 5, 2), 2)
    shop.take_back.take_back(second, {1: 1}, Tender.CARD, on=date(2026, 5, 4))
    sell(date(2026, 3, 31))  # an offline till that came back to the network after the statement
    shop.followers.catch_up()


def amend(shop: Shop, licence: UUID) -> None:
    """In June the parties agree on 10 %, effective since January: the first statement stays, the second one adjusts it."""
    terms = flat("0.10", "CNY", advance=Money.parse("500.00 CNY"), marketing_fund_rate="0.02", withholding_rate="0.10")
    before = shop.licensing.statement(licence, "2026-Q1").canonical()
    shop.licensing.amend(licence, "A1", terms, effective_from=date(2026, 1, 1), signed_on=date(2026, 6, 15))
    assert shop.licensing.statement(licence, "2026-Q1").canonical() == before
    for flag in shop.licensing.draft_statement(licence, "2026-Q2", date(2026, 7, 10)).flags:
        print("To look at before it is issued:", flag.code, "-", flag.text)
    shop.licensing.issue_statement(licence, "2026-Q2", date(2026, 7, 10))


def audit(shop: Shop, licence: UUID) -> None:
    """Every sale behind the first line, which is a late one, and the receipt of the first of them."""
    sales = shop.licensing.statement_sources(licence, "2026-Q2", 1)
    for sale in sales:
        print(f"Line 1: order {sale.order_id}, {sale.business_date}: {sale.units} sold, {sale.net}, {sale.royalty}")
    order = shop.log.load(Order, UUID(sales[0].order_id))
    lines = [
        ReceiptLine(line.name, line.quantity, line.unit_price, line.gross, line.vat_rate, line.vat)
        for line in order.lines
    ]
    assert order.tender is not None
    print(
        print_receipt(
            Receipt(SHOP_NAME, order.order_no, order.placed_on, lines, order.tender, till=order.till, is_copy=True)
        )
    )
    assert order.lines[0].net == sales[0].net, "the statement's net sale is the receipt's price without VAT"
    payout = shop.licensing.payout(licence, "2026-Q2")
    assert payout is not None
    print(f"Pay {payout.amount} to {payout.payee} by {payout.due_on} for {payout.text}, and {payout.tax} in tax")


if __name__ == "__main__":
    main()
