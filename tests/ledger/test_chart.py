"""The chart of accounts: which accounts there are, and what is refused."""

import pytest

from souvenir.ledger import chart
from souvenir.ledger.chart import Kind, MalformedAccountPart, Side, UnknownAccount


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
    assert chart.drawer("01") == "Assets:Cash:Drawer-01"
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


@pytest.mark.parametrize("till", ["", "till 1", "*", "一号", "-1", "A" * 65])
def test_a_till_that_cannot_stand_in_a_name_is_refused(till: str) -> None:
    with pytest.raises(MalformedAccountPart):
        chart.drawer(till)


def test_no_two_lines_of_the_chart_share_a_name() -> None:
    names = [account.name for account in chart.CHART]
    assert len(names) == len(set(names)) == 46
