"""The royalty statement, line for line, and the workbook beside it."""

import io
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID
from xml.etree import ElementTree

import pytest
from pypdfium2 import PdfDocument

from souvenir.documents.statement import MEDIA_TYPES, print_statement, statement_workbook, write_statement
from souvenir.documents.statement_pdf import statement_pdf
from souvenir.kernel.money import Money
from souvenir.licensing.account import Account, Due, Movement
from souvenir.licensing.sheet import AdjustmentLine, BreachLine, Header, Labels, Line, Reserve, Sheet, Span
from souvenir.licensing.terms import flat


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


TERMS = flat("0.08", "CNY", advance=cny("100.00"), withholding_rate="0.10")
OPENING = Account.opening(cny("100.00"))
ACCOUNT = OPENING.after(Movement(*map(cny, ("260.00", "0.00", "60.00", "100.00", "100.00", "100.00"))))
LINES = (
    Line(1, "2026-Q1", "VASE", "p", "CN-BJ", "shop", "0.08", 1, 0, *map(cny, ("1100.00", "1000.00", "80.00", "20.00"))),
    Line(
        2, "2026-Q2", "VASE", "p", "CN-BJ", "shop", "0.08", 3, 1, *map(cny, ("2000.00", "2000.00", "160.00", "40.00"))
    ),
)
SHEET = Sheet(
    Header(
        licence_id=UUID(int=1),
        contract_no="LIC-A",
        licensor="Palace Studio",
        property_name={"zh-Hans": "云龙", "en": "Cloud dragon"},
        period="2026-Q2",
        period_months=3,
        currency="CNY",
        issued_on=date(2026, 7, 10),
        account=ACCOUNT,
        due=Due.of(TERMS, "2026-Q2", OPENING, ACCOUNT),
        span=Span(after=3, until=90, stated_to="2026-Q1", stated_until=40, carried=80, entries=5, digest="ab" * 32),
    ),
    LINES,
    (AdjustmentLine("A1", "2026-Q1", cny("1000.00"), "0.08", "0.1", cny("20.00"), cny("0.00")),),
    (BreachLine("LICENCE_LAPSED", "VASE", 1, cny("1000.00")),),
)


def test_a_statement_with_everything_on_it() -> None:
    assert (
        print_statement(SHEET, "cd" * 32)
        == """\
版税结算单 Royalty statement  LIC-A  2026-Q2  CNY
授权方 Licensor: Palace Studio
授权内容 Property: 云龙 Cloud dragon
出具 Issued: 2026-07-10

产品 Product  地区 Where  费率 Rate  售 Sold  退 Ret.  总额 Gross  扣减 Deduct.  净额 Net  版税 Royalty
------------  ----------  ---------  -------  -------  ----------  ------------  --------  ------------
2 VASE        CN-BJ shop       0.08        3        1    2,000.00          0.00  2,000.00        160.00
------------  ----------  ---------  -------  -------  ----------  ------------  --------  ------------
合计 Total                                 3        1    2,000.00          0.00  2,000.00        160.00

以前期间 Prior periods
产品 Product  地区 Where  费率 Rate  售 Sold  退 Ret.  总额 Gross  扣减 Deduct.  净额 Net  版税 Royalty
------------  ----------  ---------  -------  -------  ----------  ------------  --------  ------------
1 VASE        CN-BJ shop       0.08        1        0    1,100.00        100.00  1,000.00         80.00
------------  ----------  ---------  -------  -------  ----------  ------------  --------  ------------
合计 Total                                 1        0    1,100.00        100.00  1,000.00         80.00

调整 Adjustments
依据 By     净销售 Net sales  原 Was  现 Is  版税 Royalty
----------  ----------------  ------  -----  ------------
A1 2026-Q1          1,000.00    0.08    0.1         20.00

授权外销售 Sales outside the licence, settled apart
产品 Product     原因 Reason  数量 Units  净销售 Net sales
------------  --------------  ----------  ----------------
VASE          LICENCE_LAPSED           1      1,000.00 CNY

保底/预付 Guarantee                                                     100.00
已预付 Advance paid                                                     100.00
期初未抵扣 Unrecouped, opening                                          100.00
本期版税 Royalty earned                                                 260.00
已抵扣 Recouped                                                         100.00
期末未抵扣 Unrecouped, closing                                            0.00
应付版税 Royalty payable                                                160.00
代扣税 Tax withheld, 10%                                                 16.00
市场基金 Marketing fund                                                  60.00
应付总额 Amount due                                                     204.00
到期日 Due on                                                       2026-07-30

日志 Log: 3 < p <= 90, 5 entries, SHA-256 abababababababab
SHA-256 cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
"""
    )


def test_a_nil_statement_says_so() -> None:
    nil = replace(SHEET, lines=(), adjustments=(), breaches=())
    assert "无销售 Nil statement: nothing was sold, returned or adjusted.\n" in print_statement(nil, "cd" * 32)


def test_the_workbook_holds_exact_amounts_and_is_the_same_each_time() -> None:
    book = statement_workbook(SHEET, "cd" * 32)
    assert book == statement_workbook(SHEET, "cd" * 32)
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        page = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
        names = parts.read("xl/workbook.xml").decode()
    cells = {cell.get("r"): cell.findtext("{*}v") for cell in page.findall(".//{*}c")}
    assert [cells[place] for place in ("I2", "J2", "K2", "L2")] == ["1100.00", "100.00", "1000.00", "80.00"]
    assert [cells[place] for place in ("G3", "H3")] == ["3", "1"]
    assert [
        name for name in ("Lines", "Adjustments", "Outside the licence", "Account") if f'"{name}"' not in names
    ] == []


def test_the_paper_is_the_same_each_time_and_says_everything() -> None:
    paper = statement_pdf(SHEET, "cd" * 32)
    assert paper == statement_pdf(SHEET, "cd" * 32)
    text = "".join(page.get_textpage().get_text_range() for page in PdfDocument(paper))
    for said in (
        "版税结算单", "Palace Studio", "204.00 CNY", "2026-07-30", "2 VASE", "CN-BJ shop", "(2026-Q1)", "A1", "LICENCE_LAPSED",
        "3 < p ≤ 90, 5 entries", "cd" * 32,
    ):  # fmt: skip
        assert said in text, said


def test_a_thousand_lines_are_paged_under_their_headings() -> None:
    lines = tuple(replace(LINES[1], number=number, gtin="06901234567892") for number in range(1, 1001))
    pages = PdfDocument(statement_pdf(replace(SHEET, lines=lines), "cd" * 32))
    assert len(pages) > 20
    assert "净额" in pages[20].get_textpage().get_text_range()


def test_what_is_held_made_up_to_shared_and_counted_stands_on_it() -> None:
    held = Reserve(
        rate=Decimal("0.15"), opening_net=cny("0.00"), closing_net=cny("100.00"), opening_royalty=cny("12.00"),
        closing_royalty=cny("24.00"), periods=(),
    )  # fmt: skip
    labels = Labels(
        issued=1000, sold=790, on_hand=150, destroyed=20, returned=5, unaccounted=35, counted_on=date(2026, 6, 30)
    )
    account = ACCOUNT.model_copy(update={"shortfall": cny("7.00")})
    more = {"reserve": held, "labels": labels, "shared_account": "PALACE", "account": account}
    text = print_statement(replace(SHEET, header=SHEET.header.model_copy(update=more)), "cd" * 32)
    assert "防伪标 Labels, counted on 2026-06-30" in text
    for said, amount in (
        ("共同账户 Shared account", "PALACE"), ("期初准备金 Reserve, opening, 15%", "12.00"),
        ("期末准备金 Reserve, closing", "24.00"), ("补足保底 Made up to the guarantee", "7.00"),
    ):  # fmt: skip
        assert any(line.startswith(said) and line.endswith(f" {amount}") for line in text.splitlines()), said


@pytest.mark.parametrize(("ending", "begins"), [("pdf", b"%PDF"), ("xlsx", b"PK"), ("json", b"{"), ("txt", b"\xe7")])
def test_a_statement_is_written_in_every_form(ending: str, begins: bytes) -> None:
    assert write_statement(SHEET, ending).startswith(begins)
    assert ending in MEDIA_TYPES


def test_the_barcode_of_a_long_contract_number_stays_within_its_column() -> None:
    from souvenir.documents.pdf import CODE, Sheet

    bars, *_ = Sheet(("版税结算单", "Royalty statement"), "x")._barcode("LIC-2026-PALACE-STUDIO-0001 2026-Q4")
    assert bars.width < CODE
