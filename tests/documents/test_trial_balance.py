"""The trial balance, line for line."""

from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from io import BytesIO

from openpyxl import load_workbook

from souvenir.documents.trial_balance import print_trial_balance, write_trial_balance
from souvenir.kernel.money import Money
from souvenir.ledger.replay import AsOf, Balance, TrialBalance


def row(account: str, debit: str, credit: str, currency: str = "CNY", opening: str = "0") -> Balance:
    return Balance(account, *(Money.of(text, currency) for text in (opening, debit, credit)))


BOOKS = TrialBalance(
    AsOf(effective=date(2025, 5, 31), known=datetime(2026, 11, 22, 12, tzinfo=UTC)),
    entries=2,
    rows=(
        row("Assets:Cash:Drawer-01", "1300.00", "1434.46"),
        row("Assets:RefundAdvance:PendingCustoms", "164.34", "0.00"),
        row("Liabilities:RefundFee", "5.00", "5.00"),
        row("Liabilities:UnearnedRefundFee", "0.00", "29.88"),
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
    text = print_trial_balance(replace(BOOKS, rows=BOOKS.rows[1:]))
    assert text.endswith("不平 DOES NOT FOOT: debits and credits differ by 134.46 CNY.\n")


def test_each_currency_foots_by_itself() -> None:
    euro = (row("Assets:Bank", "10.00", "0.00", "EUR"), row("Income:Sales", "0.00", "10.00", "EUR"))
    text = print_trial_balance(replace(BOOKS, rows=BOOKS.rows + euro))
    assert text.count("It foots") == 2
    assert text.index("科目 Account (CNY)") < text.index("科目 Account (EUR)")


def test_empty_books_say_so() -> None:
    assert print_trial_balance(TrialBalance(AsOf(), 0, ())) == (
        "试算平衡表 Trial balance\n凭证 Entries: 0\n\n没有凭证 No entries.\n"
    )


def test_a_period_opens_with_what_stood_before_it() -> None:
    period = TrialBalance(
        AsOf(effective=date(2025, 6, 30), since=date(2025, 6, 1)),
        entries=2,
        rows=(
            row("Assets:Bank", "50.00", "0.00", opening="100.00"),
            row("Income:Sales", "0.00", "50.00", opening="-100.00"),
        ),
    )
    assert (
        print_trial_balance(period)
        == """\
试算平衡表 Trial balance from 2025-06-01 to 2025-06-30
凭证 Entries: 2, those of the opening among them

科目 Account (CNY)  期初 Opening  借方 Debit  贷方 Credit  借余 Balance Dr  贷余 Balance Cr
------------------  ------------  ----------  -----------  ---------------  ---------------
Assets:Bank               100.00       50.00         0.00           150.00
Income:Sales             -100.00        0.00        50.00                            150.00
------------------  ------------  ----------  -----------  ---------------  ---------------
合计 Total                             50.00        50.00           150.00           150.00
借贷平衡 It foots: debits equal credits.
"""
    )


def test_what_was_learned_in_between_says_so() -> None:
    instant = datetime(2026, 6, 1, tzinfo=UTC)
    changed = TrialBalance(AsOf(effective=date(2026, 5, 31), known_after=instant), 0, ())
    assert print_trial_balance(changed).startswith(
        "试算平衡表 Trial balance to 2026-05-31, learned after 2026-06-01T00:00:00+00:00\n"
    )


def test_the_csv_has_decimals_of_each_currency_and_no_thousands() -> None:
    yen = replace(BOOKS, rows=(row("Assets:Bank", "1000", "0", "JPY"), row("Income:Sales", "0", "1000", "JPY")))
    assert write_trial_balance(yen, "csv").decode().splitlines() == [
        "account,currency,opening,debit,credit,closing",
        "Assets:Bank,JPY,0,1000,0,1000",
        "Income:Sales,JPY,0,0,1000,-1000",
    ]


def test_the_json_is_what_the_digest_is_of() -> None:
    assert sha256(write_trial_balance(BOOKS, "json")).hexdigest() == BOOKS.digest


def test_the_workbook_adds_up_by_its_own_formulas() -> None:
    file = BytesIO(write_trial_balance(BOOKS, "xlsx"))
    page = load_workbook(file)["CNY"]
    assert [cell.value for cell in page[2]] == ["Assets:Cash:Drawer-01", "CNY", 0, 1300, 1434.46, "=C2+D2-E2"]
    assert [cell.value for cell in page[6]][2:] == ["=SUM(C2:C5)", "=SUM(D2:D5)", "=SUM(E2:E5)", "=SUM(F2:F5)"]
    assert page.freeze_panes == "B2"
