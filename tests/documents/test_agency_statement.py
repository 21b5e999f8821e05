"""The agency's statement as a workbook: written and read alike with the CSV, and refused where it is too much."""

import io
import zipfile
from datetime import date, datetime

import openpyxl
import pytest

from souvenir.documents import agency_statement
from souvenir.documents.agency_statement import read_statement_file, statement_workbook
from souvenir.kernel.money import Money
from souvenir.taxrefund.settlement import (
    COLUMNS,
    Statement,
    StatementLine,
    StatementUnreadable,
    read_statement,
    write_statement,
)

CSV = (
    "statement,form_no,final_on,currency,refund,fee,amount\r\n"
    "S1,2026080700000000017,2026-08-07,CNY,124.30,22.60,108.48\r\n"
    "S1,2026080800000000018,2026-08-08,CNY,11.00,2.00,9.60\r\n"
    "S1,TOTAL,,CNY,135.30,24.60,118.08\r\n"
)


def workbook(*rows, sheets: int = 1) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    for _ in range(sheets - 1):
        book.create_sheet()
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_workbook_is_read_as_the_csv_it_stands_for():
    statement = read_statement(CSV)
    data = statement_workbook(statement)
    assert read_statement_file(data) == statement == read_statement_file(CSV.encode())
    assert write_statement(read_statement_file(data)) == CSV


def test_whoever_opens_it_finds_numbers_a_sum_and_nothing_that_runs():
    evil = Statement("=HYPERLINK(1)", (StatementLine("=1+1", date(2026, 8, 7), *(Money.parse("1.10 CNY"),) * 3),))
    page = openpyxl.load_workbook(io.BytesIO(statement_workbook(evil)))["Settlement"]
    assert [cell.value for cell in page[2]] == ["=HYPERLINK(1)", "=1+1", "2026-08-07", "CNY", 1.1, 1.1, 1.1]
    assert [cell.data_type for cell in page[2]] == ["s", "s", "s", "s", "n", "n", "n"]
    assert page["G3"].value == "=SUM(G2:G2)"
    assert page.freeze_panes == "A2"


def test_yen_have_no_decimals():
    yen = Statement("J1", (StatementLine("17", date(2026, 12, 1), *(Money.parse("1000 JPY"),) * 3),))
    assert read_statement_file(statement_workbook(yen)) == yen


def test_an_agencys_own_workbook_may_have_real_days_and_empty_rows():
    data = workbook(
        COLUMNS,
        ("S1", "17", datetime(2026, 8, 7), "CNY", 124.3, "22.60", 108.48),  # noqa: DTZ001 - as a workbook has it
        (),
        ("S1", "18", date(2026, 8, 8), "CNY", 11, 2, 9.6),
        ("S1", "TOTAL", None, "CNY", 135.3, 24.6, 118.08),
    )
    assert read_statement_file(data).amount == Money.parse("118.08 CNY")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (workbook(("a", "b")), "the columns are"),
        (workbook((*COLUMNS, "more")), "the columns are"),
        (
            workbook(COLUMNS, ("S1", "17", "2026-08-07", "CNY", 1.005, 0, 1.005), ("S1", "TOTAL", "", "CNY", 1, 0, 1)),
            "decimals",
        ),
        (workbook(COLUMNS, ("S1", 17, "soon", "CNY", 1, 0, 1)), "isoformat"),
        (workbook(COLUMNS, ("S1", "17", "2026-08-07", "CNY", True, 0, 1)), "True"),
        (b"PK\x03\x04 and then nothing", "damaged"),
        (b"\xff\xfe\x00", "neither CSV"),
        (b"", "the columns are"),
    ],
)
def test_what_is_no_statement_is_refused_whole(data: bytes, problem: str):
    with pytest.raises(StatementUnreadable, match=problem):
        read_statement_file(data)


def test_a_file_that_is_not_a_workbook_inside_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as parts:
        parts.writestr("hello.txt", "hello")
    with pytest.raises(StatementUnreadable, match="damaged"):
        read_statement_file(file.getvalue())


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as parts:
        for part in range(3):
            parts.writestr(f"xl/worksheets/sheet{part}.xml", b"0" * 40_000_000)
    assert len(file.getvalue()) < 200_000
    monkeypatch.setattr(openpyxl, "load_workbook", lambda *_, **__: pytest.fail("it was unpacked"))
    with pytest.raises(StatementUnreadable, match="unpacks to more"):
        read_statement_file(file.getvalue())
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as parts:
        for part in range(201):
            parts.writestr(str(part), b"")
    with pytest.raises(StatementUnreadable, match="unpacks to more"):
        read_statement_file(many.getvalue())


def test_a_part_that_lies_about_its_size_is_not_read_beyond_it():
    honest = workbook(COLUMNS)
    with zipfile.ZipFile(io.BytesIO(honest)) as parts:
        size = parts.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = honest.replace(size.to_bytes(4, "little"), (size // 2).to_bytes(4, "little"))
    assert lying != honest
    with pytest.raises(StatementUnreadable, match="damaged"):
        read_statement_file(lying)


def test_entities_that_multiply_are_not_expanded():
    bomb = '<!DOCTYPE x [<!ENTITY a "' + "a" * 1000 + '">'
    bomb += "".join(
        f'<!ENTITY {name} "{("&" + before + ";") * 50}">' for before, name in zip("abcd", "bcde", strict=True)
    )
    bomb += "]><worksheet><sheetData><row r='1'><c t='str' r='A1'><v>&e;</v></c></row></sheetData></worksheet>"
    file, honest = io.BytesIO(), zipfile.ZipFile(io.BytesIO(workbook(COLUMNS)))
    with zipfile.ZipFile(file, "w") as parts:
        for part in honest.infolist():
            text = bomb if part.filename == "xl/worksheets/sheet1.xml" else honest.read(part)
            parts.writestr(part.filename, text)
    honest.close()
    with pytest.raises(StatementUnreadable):
        read_statement_file(file.getvalue())


def test_rows_without_end_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(agency_statement, "MOST_EMPTY_ROWS", 3)
    with pytest.raises(StatementUnreadable, match="too many rows"):
        read_statement_file(workbook(COLUMNS, (), (), (), (), ("S1",)))


def test_a_file_that_is_too_long_is_not_looked_into(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(agency_statement, "MOST_BYTES", 10)
    with pytest.raises(StatementUnreadable, match="longer than 10 bytes"):
        read_statement_file(CSV.encode())
