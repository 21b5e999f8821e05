"""The chart of accounts: which accounts there are, and what is refused."""

from pathlib import Path

import pytest

from souvenir.ledger import chart
from souvenir.ledger.chart import Kind, MalformedAccountPart, Side, UnknownAccount
from souvenir.ledger.postings import RULES


def test_an_account_is_of_the_kind_its_name_begins_with() -> None:
    assert chart.account_of("Assets:Bank").kind is Kind.ASSET
    assert chart.account_of("Liabilities:VAT:Output").kind is Kind.LIABILITY
    assert chart.account_of("Income:Sales").kind is Kind.INCOME
    assert chart.account_of("Expenses:COGS").kind is Kind.EXPENSE
    assert chart.account_of("Memo:Guarantee:Held").kind is Kind.MEMO


def test_returns_grow_on_the_debit_side_although_they_are_income() -> None:
    assert chart.normal_side("Income:SalesReturns") is Side.DEBIT
    assert chart.normal_side("Income:Sales") is Side.CREDIT


def test_each_licence_and_each_drawer_has_its_own_account() -> None:
    assert chart.drawer("COUNTER", "T1") == "Assets:Cash:Drawer:COUNTER:T1"
    assert chart.drawer("ys-shop", "till-1") == "Assets:Cash:Drawer:YS-SHOP:TILL-1"
    assert chart.account_of("Assets:Cash:Drawer:COUNTER:T1").holds.endswith("by outlet and till")
    assert chart.royalty_payable("LIC-A") == "Liabilities:Royalty:LIC-A"
    assert chart.prepaid_royalty("lic-a") == "Assets:PrepaidRoyalty:LIC-A"
    assert chart.account_of("Liabilities:MarketingFund:LIC-A").holds == "marketing fund payable under one licence"


@pytest.mark.parametrize(
    "name",
    [
        "Assets:Banque",
        "Bank",
        "",
        "Assets:Cash:Drawer-",
        "Assets:Cash:Drawer-*",
        "Assets:Cash:Drawer:COUNTER",
        "Assets:Cash:Drawer:COUNTER:",
        "Assets:Cash:Drawer:COUNTER:T1:T2",
        "Assets:Cash:Drawer:*:*",
        "Liabilities:Royalty:LIC:A",
        "Liabilities:Royalty:lic a",
        "Liabilities:Royalty:" + "A" * 65,
    ],
)
def test_an_account_outside_the_chart_is_refused(name: str) -> None:
    with pytest.raises(UnknownAccount):
        chart.account_of(name)


def test_the_refusal_names_the_accounts_there_are() -> None:
    with pytest.raises(UnknownAccount, match="Income:Sales, Income:RefundCommission"):
        chart.account_of("Income:Interest")


@pytest.mark.parametrize("licence", ["", "till 1", "*", "一号", "-1", "A" * 65])
def test_a_licence_that_cannot_stand_in_a_name_is_refused(licence: str) -> None:
    with pytest.raises(MalformedAccountPart):
        chart.royalty_payable(licence)


def test_tills_of_one_name_in_two_outlets_and_codes_no_account_can_hold_stay_apart() -> None:
    codes = [("A", "T1"), ("B", "T1"), ("A", "T.1"), ("A", "T_1"), ("A", "T-1"), ("A-T", "1"), ("A", "." * 32)]
    accounts = [chart.drawer(outlet, till) for outlet, till in codes]
    assert len(set(accounts)) == len(codes)
    assert all(chart.account_of(account) for account in accounts)


def test_entries_of_the_days_before_outlets_stood_in_the_name_are_read_as_they_are() -> None:
    assert chart.account_of("Assets:Cash:Drawer-T1").normal is Side.DEBIT


def test_no_two_lines_of_the_chart_share_a_name() -> None:
    names = [account.name for account in chart.CHART]
    assert len(names) == len(set(names)) == 49


def test_the_reference_lists_every_rule_and_account() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "books.md").read_text(encoding="utf-8")
    assert [code for code, title in RULES.items() if f"\n| {code} | {title} | " not in page] == []
    assert [account.name for account in chart.CHART if f"\n| `{account.name}` | {account.holds} | " not in page] == []
