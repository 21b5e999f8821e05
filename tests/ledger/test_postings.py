"""Every case of the journal: the rule, given its inputs, writes exactly those legs."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from souvenir.kernel.money import Money
from souvenir.ledger import chart, postings
from souvenir.ledger.journal import check_balance
from souvenir.ledger.postings import Goods, Legs, guarantee_held, guarantee_over

JOURNAL = json.loads((Path(__file__).parents[1] / "vectors" / "journal.json").read_text("utf-8"))["entries"]
SHARE = Decimal("0.7")
LICENCE = "LIC-A"


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


def goods(gross: str, vat: str) -> list[Goods]:
    return [Goods(cny(gross), cny(vat))]


PIECE = goods("1130.00", "130.00")
REFUND, FEE, NET = cny("124.30"), cny("22.60"), cny("101.70")
DRAWER = postings.tender_account("cash", "Assets:Cash:Drawer-01")
CARD = postings.tender_account("card")
WALLET = postings.tender_account("wallet")

CASES: dict[str, Callable[[], Legs]] = {
    "J01": lambda: postings.sale({CARD: cny("1130.00")}, PIECE),
    "J02": lambda: postings.cost_of_goods(cny("400.00"), chart.EDITION_STOCK),
    "J03a": lambda: postings.royalty_accrued(LICENCE, cny("80.00"), cny("0"), cny("0")),
    "J03b": lambda: postings.royalty_accrued(LICENCE, cny("0"), cny("80.00"), cny("0")),
    "J03c": lambda: postings.royalty_accrued(LICENCE, cny("0"), cny("0"), cny("20.00")),
    "J04": lambda: postings.advance_paid(LICENCE, cny("10000.00"), withheld=cny("1000.00")),
    "J05": lambda: postings.deposit_taken(WALLET, cny("300.00")),
    "J06": lambda: postings.sale({chart.DEPOSITS: cny("300.00"), CARD: cny("830.00")}, PIECE),
    "J07": lambda: postings.deposit_forfeited(cny("300.00")),
    "J08": lambda: postings.refund_advanced(DRAWER, REFUND, FEE) + guarantee_held(NET),
    "J09": lambda: postings.customs_verified(REFUND, FEE, SHARE) + guarantee_over(NET),
    "J10": lambda: postings.agency_settled(cny("108.48"), cny("15.82")),
    "J11": lambda: postings.guarantee_captured(CARD, REFUND, FEE) + guarantee_over(NET),
    "J12a": lambda: postings.advance_recoverable(REFUND, FEE) + guarantee_over(NET),
    "J12b": lambda: postings.advance_written_off(NET),
    "J13": lambda: postings.goods_returned_before_customs(CARD, PIECE, REFUND, FEE) + guarantee_over(NET),
    "J13b": lambda: (
        postings.stock_returned(cny("400.00"), chart.EDITION_STOCK)
        + postings.royalty_reversed(LICENCE, cny("0"), cny("80.00"), cny("0"))
    ),
    "J14": lambda: postings.goods_returned_after_settlement(CARD, PIECE, NET),
    "J15a": lambda: postings.gift_card_sold(WALLET, cny("500.00")),
    "J15b": lambda: postings.sale({chart.GIFT_CARDS: cny("300.00")}, goods("300.00", "34.51")),
    "J15c": lambda: postings.gift_card_expired(cny("200.00")),
    "J16a": lambda: postings.float_issued(DRAWER, cny("500.00")),
    "J16b": lambda: postings.cash_picked_up(DRAWER, cny("1500.00")),
    "J16c": lambda: postings.drawer_counted(DRAWER, expected=cny("2345.60"), counted=cny("2343.10")),
    "J16d": lambda: postings.drawer_counted(DRAWER, expected=cny("2345.60"), counted=cny("2350.60")),
    "J17": lambda: postings.sale({DRAWER: cny("12.90")}, goods("12.91", "1.49"), rounding=cny("0.01")),
    "J18a": lambda: postings.sale_parked(cny("1130.00")),
    "J18b": lambda: postings.parked_sale_paid(WALLET, PIECE),
    "J19": lambda: postings.acquirer_paid_out(CARD, cny("1130.00"), cny("16.95")),
    "J20": lambda: postings.guarantee_shortfall(LICENCE, cny("5000.00")),
    "J21": lambda: postings.advance_impaired(LICENCE, cny("2700.00")),
    "J22": lambda: postings.dispute_opened(cny("101.70"), fee=cny("25.00")),
    "J23": lambda: postings.goods_exchanged(
        {CARD: cny("113.00")}, back=goods("565.00", "65.00"), out=goods("678.00", "78.00")
    ),
    "J24": lambda: postings.piece_destroyed(cny("400.00")),
}


@pytest.mark.parametrize("case", JOURNAL, ids=lambda case: case["id"])
def test_every_journal_case_is_written_leg_by_leg(case: dict) -> None:
    expected = [(leg["account"], leg["side"], leg["amount"]) for leg in [*case["lines"], *case.get("memo", [])]]

    legs = CASES[case["id"]]()

    written = [(leg.account, "Dr" if leg.minor > 0 else "Cr", leg.money.amount.lstrip("-")) for leg in legs]
    assert written == expected
    check_balance(case["id"], legs)
    assert all(chart.account_of(leg.account) for leg in legs)


def test_the_journal_and_the_rules_name_the_same_cases() -> None:
    assert [case["id"] for case in JOURNAL] == list(CASES)


def test_the_published_instant_refund_is_advanced_as_134_46() -> None:
    legs = postings.refund_advanced(DRAWER, refund=cny("164.34"), fee=cny("29.88"))

    assert [(leg.account, leg.money.amount) for leg in legs] == [
        ("Assets:RefundAdvance:PendingCustoms", "164.34"),
        ("Assets:Cash:Drawer-01", "-134.46"),
        ("Liabilities:UnearnedRefundFee", "-29.88"),
    ]


def test_the_published_ordinary_refund_is_paid_as_45_18() -> None:
    legs = postings.ordinary_refund_paid(DRAWER, refund=cny("55.22"), fee=cny("10.04"), agency_share=SHARE)

    assert [(leg.account, leg.money.amount) for leg in legs] == [
        ("Assets:Receivable:RefundAgency", "55.22"),
        ("Assets:Cash:Drawer-01", "-45.18"),
        ("Liabilities:AgencyFee", "-7.03"),
        ("Income:RefundCommission", "-3.01"),
    ]


def test_a_return_and_the_repaid_advance_apart_come_to_the_same_as_together() -> None:
    together = postings.goods_returned_before_customs(CARD, PIECE, REFUND, FEE)
    apart = (
        postings.goods_returned({CARD: cny("1130.00")}, PIECE)
        + postings.advance_recoverable(REFUND, FEE)
        + postings.recoverable_repaid(CARD, NET)
    )

    assert {account: minor for account, minor in net(apart).items() if minor} == net(together)


def test_a_reversal_negates_the_legs_that_were_posted() -> None:
    legs = postings.sale({CARD: cny("1130.00")}, PIECE)

    assert [leg.money.amount for leg in postings.reversal(legs)] == ["-1130.00", "1000.00", "130.00"]
    assert not any(net(legs + postings.reversal(legs)).values())


def test_a_drawer_that_counts_right_moves_nothing() -> None:
    assert postings.drawer_counted(DRAWER, expected=cny("100.00"), counted=cny("100.00")) == ()


def test_an_exchange_for_something_cheaper_pays_back() -> None:
    legs = postings.goods_exchanged({CARD: cny("-113.00")}, back=goods("678.00", "78.00"), out=goods("565.00", "65.00"))

    assert ("Assets:Clearing:Card", "-113.00") in [(leg.account, leg.money.amount) for leg in legs]


def test_an_unknown_tender_is_refused_with_the_tenders_there_are() -> None:
    with pytest.raises(postings.UnknownTender, match=r"'cheque' is not a tender .* cash, card, wallet"):
        postings.tender_account("cheque")


def net(legs: Legs) -> dict[str, int]:
    balances: dict[str, int] = {}
    for leg in legs:
        balances[leg.account] = balances.get(leg.account, 0) + leg.minor
    return balances
