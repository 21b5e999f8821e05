"""The agency's settlement statement as a workbook (XLSX), out and in, beside the CSV; whatever comes in is bounded."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from souvenir.kernel.money import Money, exponent_of, total
from souvenir.taxrefund.settlement import (
    COLUMNS,
    MOST_LINES,
    SUM,
    Statement,
    StatementUnreadable,
    read_statement,
)

MOST_BYTES: Final = 10_000_000
MOST_UNPACKED: Final = 100_000_000
"""Of all parts of a workbook together, as they declare it: no reader unpacks more than a part declares."""
MOST_PARTS: Final = 200
MOST_EMPTY_ROWS: Final = 1_000


def statement_workbook(statement: Statement) -> bytes:
    """The statement on one sheet: amounts as numbers, the sums as formulas with their values beside them.

    Needs the extra `documents`.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    file, currency = io.BytesIO(), statement.lines[0].amount.currency if statement.lines else "CNY"
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False}) as book:
        decimals = exponent_of(currency)
        money = book.add_format({"num_format": "#,##0" + ("." + "0" * decimals if decimals else "")})
        page = book.add_worksheet("Settlement")
        page.freeze_panes(1, 0)
        page.set_column(0, len(COLUMNS) - 1, 22)
        page.write_row(0, 0, COLUMNS, book.add_format({"bold": True}))
        for row, line in enumerate(statement.lines, start=1):
            for column, text in enumerate((statement.number, line.form_no, line.final_on.isoformat(), currency)):
                page.write_string(row, column, text)
            for column, amount in enumerate((line.refund, line.fee, line.amount), start=4):
                page.write_number(row, column, Decimal(amount.amount), money)
        end = len(statement.lines) + 1
        for column, text in enumerate((statement.number, SUM, "", currency)):
            page.write_string(end, column, text)
        for column, name in enumerate(("refund", "fee", "amount"), start=4):
            sum_of: Money = total((getattr(line, name) for line in statement.lines), currency)
            letter = "ABCDEFG"[column]
            page.write_formula(end, column, f"=SUM({letter}2:{letter}{end})", money, Decimal(sum_of.amount))
    return file.getvalue()


def read_statement_file(data: bytes) -> Statement:
    """Read a statement, CSV in UTF-8 or XLSX, whole or not at all. Raises StatementUnreadable.

    Workbooks need the extra `documents`.
    """
    if len(data) > MOST_BYTES:
        raise StatementUnreadable(line=1, problem=f"it is longer than {MOST_BYTES} bytes")
    if data[:2] == b"PK":
        return read_statement(_as_csv(data))
    try:
        return read_statement(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise StatementUnreadable(line=1, problem="it is neither CSV in UTF-8 nor a workbook") from None


def _as_csv(data: bytes) -> str:
    """The first sheet's rows as the CSV has them, so that both are read and checked alike."""
    out = io.StringIO()
    writer = csv.writer(out)
    try:
        for row in _rows(data):
            writer.writerow(map(_text, row))
    except StatementUnreadable:
        raise
    except Exception as error:  # a damaged file breaks the reader in ways of its own
        raise StatementUnreadable(line=1, problem=f"the workbook is damaged ({type(error).__name__})") from None
    return out.getvalue()


def _rows(data: bytes) -> Iterator[tuple[Any, ...]]:
    _check_size(data)
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        empty = 0
        for found, row in enumerate(book.worksheets[0].iter_rows(max_col=len(COLUMNS) + 1, values_only=True), start=1):
            filled = row if row[-1] is not None else row[:-1]
            empty += all(cell is None for cell in row)
            if empty > MOST_EMPTY_ROWS or found > MOST_LINES + MOST_EMPTY_ROWS:
                raise StatementUnreadable(line=found, problem="it has too many rows")
            if any(cell is not None for cell in row):
                yield filled
    finally:
        book.close()


def _check_size(data: bytes) -> None:
    """Refuse what would unpack to more than a statement ever is."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        sizes = [part.file_size for part in parts.infolist()]
    if len(sizes) > MOST_PARTS or sum(sizes) > MOST_UNPACKED:
        raise StatementUnreadable(line=1, problem="the workbook unpacks to more than a statement ever is")


def _text(cell: object) -> str:
    """A cell as the CSV has it: numbers by their shortest decimals, days in ISO order."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)
    return repr(cell) if not isinstance(cell, str) else cell
