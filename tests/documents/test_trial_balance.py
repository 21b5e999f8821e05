"""The trial balance, line for line."""

from dataclasses import replace
from datetime import UTC, date, datetime

from souvenir.documents.trial_balance import AccountTotals, TrialBalance, print_trial_balance
from souvenir.kernel.money import Money


def row(account: str, debit: str, credit: str, currency: str = "CNY") -> AccountTotals:
    return AccountTotals(account, Money.of(debit, currency), Money.of(credit, currency))


BOOKS = TrialBalance(
    effective=date(2025, 5, 31),
    known_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    entries=2,
    rows=(
        row("Liabilities:UnearnedRefundFee", "0.00", "29.88"),
        row("Assets:RefundAdvance:PendingCustoms", "164.34", "0.00"),
        row("Assets:Cash:Drawer-01", "1300.00", "1434.46"),
        row("Liabilities:RefundFee", "5.00", "5.00"),
    ),
)


def test_accounts_in_order_with_turnover_and_balance_on_the_right_side() -> None:
    assert (
        print_trial_balance(BOOKS)
        == """\
试算平衡表 Trial balance to 2025-05-31, as known at 2026-11-22T12:00:00+00:00
凭证 Entries: 2

科目 Account (CNY)                   借方 Debit  贷方 Credit  借余 Balance Dr  贷余 Balance Cr
-----------------------------------  ----------  -----------  ---------------  ---------------
Assets:Cash:Drawer-01                  1,300.00     1,434.46                            134.46
Assets:RefundAdvance:PendingCustoms      164.34         0.00           164.34
Liabilities:RefundFee                      5.00         5.00
Liabilities:UnearnedRefundFee              0.00        29.88                             29.88
-----------------------------------  ----------  -----------  ---------------  ---------------
合计 Total                             1,469.34     1,469.34           164.34           164.34
借贷平衡 It foots: debits equal credits.
"""
    )


def test_books_that_do_not_foot_are_not_hidden() -> None:
    text = print_trial_balance(replace(BOOKS, rows=BOOKS.rows[:2]))
    assert text.endswith("不平 DOES NOT FOOT: debits and credits differ by 134.46 CNY.\n")


def test_each_currency_foots_by_itself() -> None:
    euro = (row("Assets:Bank", "10.00", "0.00", "EUR"), row("Income:Sales", "0.00", "10.00", "EUR"))
    text = print_trial_balance(replace(BOOKS, rows=BOOKS.rows + euro))
    assert text.count("It foots") == 2
    assert text.index("科目 Account (CNY)") < text.index("科目 Account (EUR)")


def test_empty_books_say_so() -> None:
    assert print_trial_balance(TrialBalance(effective=None, rows=())) == (
        "试算平衡表 Trial balance\n\n没有凭证 No entries.\n"
    )


def test_a_period_opens_with_what_stood_before_it() -> None:
    period = TrialBalance(
        effective=date(2025, 6, 30),
        since=date(2025, 6, 1),
        rows=(
            replace(row("Assets:Bank", "50.00", "0.00"), opening=Money.of("100.00", "CNY")),
            replace(row("Income:Sales", "0.00", "50.00"), opening=Money.of("-100.00", "CNY")),
        ),
    )
    assert (
        print_trial_balance(period)
        == """\
试算平衡表 Trial balance from 2025-06-01 to 2025-06-30

科目 Account (CNY)  期初 Opening  借方 Debit  贷方 Credit  借余 Balance Dr  贷余 Balance Cr
------------------  ------------  ----------  -----------  ---------------  ---------------
Assets:Bank               100.00       50.00         0.00           150.00
Income:Sales             -100.00        0.00        50.00                            150.00
------------------  ------------  ----------  -----------  ---------------  ---------------
合计 Total                             50.00        50.00           150.00           150.00
借贷平衡 It foots: debits equal credits.
"""
    )
