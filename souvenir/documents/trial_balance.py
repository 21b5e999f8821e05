"""The trial balance on paper and in files: every account's opening, debits, credits and closing, and that they foot."""

import csv
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from souvenir.documents.columns import amount, table
from souvenir.kernel.money import Money, exponent_of, total
from souvenir.ledger.replay import Balance, TrialBalance

FORMS: Final = ("txt", "csv", "json", "xlsx")
COLUMNS: Final = ("account", "currency", "opening", "debit", "credit", "closing")


def write_trial_balance(balance: TrialBalance, form: str) -> bytes:
    """The trial balance as a file. The JSON is what its digest is the SHA-256 of. XLSX needs the extra `documents`."""
    match form:
        case "csv":
            return _csv(balance).encode()
        case "json":
            return balance.canonical()
        case "xlsx":
            return _workbook(balance)
        case _:
            return print_trial_balance(balance).encode()


def print_trial_balance(balance: TrialBalance) -> str:
    """The trial balance as text, one table for each currency; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _lines(balance))


def _lines(balance: TrialBalance) -> Iterator[str]:
    bounds = balance.as_of
    since = f" from {bounds.since}" if bounds.since else ""
    until = f" to {bounds.effective}" if bounds.effective else ""
    learned = f", learned after {bounds.known_after.isoformat(timespec='seconds')}" if bounds.known_after else ""
    known = f", as known at {bounds.known.isoformat(timespec='seconds')}" if bounds.known else ""
    yield f"试算平衡表 Trial balance{since}{until}{learned}{known}"
    yield f"凭证 Entries: {balance.entries:,}{', those of the opening among them' if bounds.since else ''}"
    for currency in sorted({row.currency for row in balance.rows}):
        yield ""
        yield from _one_currency(currency, [row for row in balance.rows if row.currency == currency])
    if not balance.rows:
        yield ""
        yield "没有凭证 No entries."


def _one_currency(currency: str, rows: Sequence[Balance]) -> Iterator[str]:
    zero = Money.zero(currency)
    headings = [f"科目 Account ({currency})", "借方 Debit", "贷方 Credit", "借余 Balance Dr", "贷余 Balance Cr"]
    lines = [[row.account, amount(row.debit), amount(row.credit), *_sides(row.closing)] for row in rows]
    sums = [
        total((row.debit for row in rows), currency),
        total((row.credit for row in rows), currency),
        total((row.closing for row in rows if row.closing > zero), currency),
        total((-row.closing for row in rows if row.closing < zero), currency),
    ]
    foot = ["合计 Total", *map(amount, sums)]
    if any(row.opening for row in rows):
        openings = [amount(row.opening) for row in rows]
        for line, opening in zip([headings, *lines, foot], ["期初 Opening", *openings, ""], strict=True):
            line.insert(1, opening)
    yield from table(headings, lines, [foot])
    if difference := sums[0] - sums[1]:
        yield f"不平 DOES NOT FOOT: debits and credits differ by {amount(difference)} {currency}."
    else:
        yield "借贷平衡 It foots: debits equal credits."


def _sides(balance: Money) -> tuple[str, str]:
    if balance > Money.zero(balance.currency):
        return amount(balance), ""
    return "", amount(-balance) if balance else ""


def _amounts(row: Balance) -> tuple[Money, Money, Money, Money]:
    return row.opening, row.debit, row.credit, row.closing


def _csv(balance: TrialBalance) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in balance.rows:
        writer.writerow((row.account, row.currency, *(money.amount for money in _amounts(row))))
    return out.getvalue()


def _workbook(balance: TrialBalance) -> bytes:
    """A sheet for each currency, its sums and closing balances as formulas."""
    import xlsxwriter  # type: ignore[import-untyped]

    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False}) as book:
        bold = book.add_format({"bold": True})
        for currency in sorted({row.currency for row in balance.rows}) or ["-"]:
            rows = [row for row in balance.rows if row.currency == currency]
            decimals = exponent_of(currency) if rows else 0
            money = book.add_format({"num_format": "#,##0" + ("." + "0" * decimals if decimals else "")})
            page = book.add_worksheet(currency)
            page.freeze_panes(1, 1)
            page.set_column(0, 0, 44)
            page.set_column(1, len(COLUMNS) - 1, 18)
            page.write_row(0, 0, COLUMNS, bold)
            for number, row in enumerate(rows, start=1):
                page.write_row(number, 0, (row.account, currency))
                for column, part in enumerate(_amounts(row)[:3], start=2):
                    page.write_number(number, column, Decimal(part.amount), money)
                closing = f"=C{number + 1}+D{number + 1}-E{number + 1}"
                page.write_formula(number, 5, closing, money, Decimal(row.closing.amount))
            for column, letter in enumerate("CDEF", start=2):
                summed = total((_amounts(row)[column - 2] for row in rows), currency) if rows else None
                value = Decimal(summed.amount) if summed else 0
                page.write_formula(len(rows) + 1, column, f"=SUM({letter}2:{letter}{len(rows) + 1})", money, value)
    return file.getvalue()
