"""A royalty statement as its licensor receives it: text that prints, and a workbook that can be checked sum by sum."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, Final

from souvenir.documents.columns import across, amount, percent, table
from souvenir.kernel.money import Money, exponent_of, total
from souvenir.licensing.sheet import Header, Labels, Line, Sheet

COLUMNS = 78

MEDIA_TYPES: Final = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
}
"""The forms a statement is written in, by the ending of its file."""


def write_statement(sheet: Sheet, ending: str) -> bytes:
    """The statement as a file of one of the forms, the same bytes each time. PDF and XLSX need the extra `documents`."""
    match ending:
        case "pdf":
            from souvenir.documents.statement_pdf import statement_pdf

            return statement_pdf(sheet, sheet.digest)
        case "xlsx":
            return statement_workbook(sheet, sheet.digest)
        case "json":
            return sheet.canonical()
        case _:
            return print_statement(sheet, sheet.digest).encode()


def print_statement(sheet: Sheet, digest: str) -> str:
    """The statement as text, with the digest of its canonical JSON; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _text(sheet, digest))


def statement_workbook(sheet: Sheet, digest: str) -> bytes:
    """The statement as an XLSX workbook, the same bytes each time: lines, adjustments, breaches and account.

    Needs the extra `documents`.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    header, file = sheet.header, BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        day = datetime(header.issued_on.year, header.issued_on.month, header.issued_on.day)  # noqa: DTZ001 - no zone in XLSX
        book.set_properties({"title": _title(header), "author": header.contract_no, "created": day})
        decimals = exponent_of(header.currency)
        money = book.add_format({"num_format": "#,##0" + ("." + "0" * decimals if decimals else "")})
        bold = book.add_format({"bold": True})
        for name, headings, rows in _sheets(sheet, digest):
            page = book.add_worksheet(name)
            page.write_row(0, 0, headings, bold)
            for number, row in enumerate(rows, start=1):
                for column, cell in enumerate(row):
                    _write(page, number, column, cell, money)
            page.set_column(0, len(headings) - 1, 18)
    return file.getvalue()


def _title(header: Header) -> str:
    return f"{header.contract_no} {header.period}"


def _write(page: Any, row: int, column: int, cell: object, money: Any) -> None:
    """Amounts as exact decimals, so that the workbook can add them; what is not known stays blank."""
    if isinstance(cell, Money):
        page.write_number(row, column, Decimal(cell.amount), money)
    elif isinstance(cell, int):
        page.write_number(row, column, cell)
    elif cell is not None:
        page.write_string(row, column, str(cell))


def _sheets(sheet: Sheet, digest: str) -> Iterator[tuple[str, Sequence[str], Sequence[Sequence[object]]]]:
    """The pages of the workbook: name, headings, rows."""
    headings = (
        "No.", "Period", "SKU", "Territory", "Channel", "Rate", "Sold", "Returned",
        "Gross", "Deductions", "Net sales", "Royalty", "Marketing fund", "GTIN",
    )  # fmt: skip
    lines = [
        (
            line.number, line.period, line.sku, line.territory, line.channel, line.rate, line.sold, line.returned,
            line.gross, line.deductions, line.net, line.royalty, line.marketing_fund, line.gtin,
        )
        for line in sheet.lines
    ]  # fmt: skip
    yield "Lines", headings, lines
    adjusted = [
        (a.amendment_no, a.period, a.base, a.rate_before, a.rate, a.royalty, a.marketing_fund)
        for a in sheet.adjustments
    ]
    yield (
        "Adjustments",
        ("Amendment", "Period", "Net sales", "Rate was", "Rate is", "Royalty", "Marketing fund"),
        adjusted,
    )
    yield (
        "Outside the licence",
        ("Code", "SKU", "Units", "Net sales", "Currency"),
        [(b.code, b.sku, b.units, b.base, b.base.currency) for b in sheet.breaches],
    )
    if (labels := sheet.header.labels) is not None:
        yield "Labels", [words for words, _ in labels_of(labels)], [[count for _, count in labels_of(labels)]]
    yield "Account", ("Item", "Value"), [*facts_of(sheet.header), *account_of(sheet.header), ("SHA-256", digest)]


def facts_of(header: Header) -> Iterator[tuple[str, str]]:
    """Whose statement it is, of what and when."""
    yield "合同 Contract", header.contract_no
    yield "授权方 Licensor", header.licensor
    yield "授权内容 Property", names_of(header)
    yield "期间 Period", header.period
    yield "币种 Currency", header.currency
    yield "出具 Issued on", header.issued_on.isoformat()
    yield from conversions_of(header)


def conversions_of(header: Header) -> Iterator[tuple[str, str]]:
    """By which rates sales in other currencies count, and whose they are."""
    for each in header.conversions or ():
        span = f"{each.valid_from.isoformat()} – {each.valid_until.isoformat()}"
        yield f"汇率 Rate of 1 {each.currency}", f"{each.rate:f} {header.currency}, {each.source}, {span}"


def account_of(header: Header) -> Iterator[tuple[str, Money | str]]:
    """The account line by line: labels in Chinese and English, and what they say."""
    account, due, reserve = header.account, header.due, header.reserve
    if header.shared_account is not None:
        yield "共同账户 Shared account", header.shared_account
    yield "保底/预付 Guarantee", account.guarantee
    yield "已预付 Advance paid", account.paid_ahead
    yield "期初未抵扣 Unrecouped, opening", account.opening_unrecouped
    if reserve is not None:
        yield f"期初准备金 Reserve, opening, {percent(reserve.rate)}", reserve.opening_royalty
        yield "期末准备金 Reserve, closing", reserve.closing_royalty
    yield "本期版税 Royalty earned", account.earned + account.outside
    yield "已抵扣 Recouped", account.recouped
    yield "期末未抵扣 Unrecouped, closing", account.closing_unrecouped
    if account.shortfall:
        yield "补足保底 Made up to the guarantee", account.shortfall
    if account.lapsed:
        yield "到期失效 Lapsed unrecouped", account.lapsed
    for year in account.years or ():
        of = f"第{year.contract_year}合同年 Contract year {year.contract_year}"
        yield f"{of}: 保底 guarantee", year.guarantee
        yield f"{of}: 累计版税 earned to date", year.earned_to_date
        yield f"{of}: 未抵扣 unrecouped", year.closing_unrecouped
    yield "应付版税 Royalty payable", due.royalty
    if due.tax_rate:
        borne = "on top" if due.tax_borne_by == "licensee" else "withheld"
        yield f"代扣税 Tax {borne}, {percent(due.tax_rate)}", due.tax
    yield "市场基金 Marketing fund", due.marketing_fund
    yield "应付总额 Amount due", due.amount
    yield "到期日 Due on", due.on.isoformat()


def _text(sheet: Sheet, digest: str) -> Iterator[str]:
    header = sheet.header
    yield f"版税结算单 Royalty statement  {header.contract_no}  {header.period}  {header.currency}"
    yield f"授权方 Licensor: {header.licensor}"
    yield f"授权内容 Property: {names_of(header)}"
    yield f"出具 Issued: {header.issued_on.isoformat()}"
    yield from (f"{words}: {said}" for words, said in conversions_of(header))
    yield ""
    if sheet.is_nil:
        yield "无销售 Nil statement: nothing was sold, returned or adjusted."
    if sheet.current:
        yield from _lines(sheet.current, header.currency)
    if sheet.prior:
        yield ""
        yield "以前期间 Prior periods"
        yield from _lines(sheet.prior, header.currency)
    if sheet.adjustments:
        yield ""
        yield "调整 Adjustments"
        rows = [
            (f"{a.amendment_no} {a.period}", amount(a.base), a.rate_before, a.rate, amount(a.royalty))
            for a in sheet.adjustments
        ]
        yield from table(("依据 By", "净销售 Net sales", "原 Was", "现 Is", "版税 Royalty"), rows)
    if sheet.breaches:
        yield ""
        yield "授权外销售 Sales outside the licence, settled apart"
        breaches = [(b.sku, b.code, str(b.units), f"{amount(b.base)} {b.base.currency}") for b in sheet.breaches]
        yield from table(("产品 Product", "原因 Reason", "数量 Units", "净销售 Net sales"), breaches)
    if header.labels is not None:
        yield ""
        yield f"防伪标 Labels, counted on {header.labels.counted_on.isoformat()}"
        yield from table(
            [words for words, _ in labels_of(header.labels)], [[str(count) for _, count in labels_of(header.labels)]]
        )
    yield ""
    for label, value in account_of(header):
        yield from across(label, amount(value) if isinstance(value, Money) else value, COLUMNS)
    yield ""
    span = header.span
    yield f"日志 Log: {span.after} < p <= {span.until}, {span.entries} entries, SHA-256 {span.digest[:16]}"
    yield f"SHA-256 {digest}"


def labels_of(labels: Labels) -> Iterator[tuple[str, int]]:
    """issued = sold + on hand + destroyed + returned + unaccounted for."""
    yield "发放 Issued", labels.issued
    yield "已售 Sold", labels.sold
    yield "库存 On hand", labels.on_hand
    yield "销毁 Destroyed", labels.destroyed
    yield "退回 Returned", labels.returned
    yield "不明 Unaccounted", labels.unaccounted
    if labels.charged is not None:
        yield "计费 Charged as sold", labels.charged


def _lines(lines: Sequence[Line], currency: str) -> Iterator[str]:
    headings = (
        "产品 Product", "地区 Where", "费率 Rate", "售 Sold", "退 Ret.",
        "总额 Gross", "扣减 Deduct.", "净额 Net", "版税 Royalty",
    )  # fmt: skip
    rows = [
        (
            f"{line.number} {line.sku}", f"{line.territory or '-'} {line.channel or '-'}", line.rate,
            str(line.sold), str(line.returned),
            amount(line.gross), amount(line.deductions), amount(line.net), amount(line.royalty),
        )
        for line in lines
    ]  # fmt: skip
    sums = [
        amount(total(moneys, currency))
        for moneys in (
            [line.gross for line in lines],
            [line.deductions for line in lines],
            [line.net for line in lines],
            [line.royalty for line in lines],
        )
    ]
    counts = (str(sum(line.sold for line in lines)), str(sum(line.returned for line in lines)))
    yield from table(headings, rows, [("合计 Total", "", "", *counts, *sums)])


def names_of(header: Header) -> str:
    names = [header.property_name[tag] for tag in ("zh-Hans", "en") if tag in header.property_name]
    return " ".join(names) or next(iter(header.property_name.values()))
