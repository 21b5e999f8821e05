"""A royalty statement on paper: what is due on top, then every line with its sums, and the seal an auditor checks it by."""

from collections.abc import Sequence
from decimal import Decimal

from souvenir.documents.columns import amount, percent
from souvenir.documents.pdf import Sheet as Paper
from souvenir.documents.pdf import Words
from souvenir.documents.statement import account_of, facts_of, labels_of
from souvenir.kernel.money import Money, total
from souvenir.licensing.periods import first_day_of, last_day_of
from souvenir.licensing.sheet import Header, Line, Sheet

LINES: Sequence[Words] = (
    ("产品", "Product"), ("销售地", "Where"), ("费率", "Rate"), ("售", "Sold"), ("退", "Ret."),
    ("总额", "Gross"), ("扣减", "Deducted"), ("净额", "Net sales"), ("版税", "Royalty"),
)  # fmt: skip
WIDTHS = (37, 23, 13, 12, 10, 21, 18, 21, 18)


def statement_pdf(sheet: Sheet, digest: str) -> bytes:
    """The statement as PDF, the same bytes each time; `digest` is that of its canonical JSON. Needs the extra `documents`."""
    header = sheet.header
    paper = Paper(("版税结算单", "Royalty statement"), f"{header.contract_no} {header.period}")
    paper.fields(_facts(header))
    *account, amount_due, due_on = (
        (_words(label), _said(value, header.currency)) for label, value in account_of(header)
    )
    paper.fields(account)
    paper.totals((amount_due, due_on), comes_to=0)
    if sheet.is_nil:
        paper.heading(("无销售", "Nil statement: nothing was sold, returned or adjusted"))
    _lines(paper, ("本期", f"Sales and returns of {header.period}"), sheet.current, header.currency)
    _lines(
        paper,
        ("以前期间", "Prior periods: what came too late for its own statement"),
        sheet.prior,
        header.currency,
        prior=True,
    )
    _apart(paper, sheet)
    paper.heading(("封缄", "Seal"))
    paper.statements(_seal(header, digest))
    paper.signatures([("被授权方", "Licensee"), ("授权方", "Licensor")])
    return paper.pdf()


def _facts(header: Header) -> list[tuple[Words, str]]:
    days = f"{first_day_of(header.period)} – {last_day_of(header.period)}"
    return [*((_words(label), value) for label, value in facts_of(header)), (("期间起止", "From and to"), days)]


def _lines(paper: Paper, heading: Words, lines: Sequence[Line], currency: str, prior: bool = False) -> None:
    if not lines:
        return
    rows = [
        (
            f"{line.number}  {line.sku}"
            + (f" {line.gtin}" if line.gtin else "")
            + (f" ({line.period})" if prior else ""),
            f"{line.territory or '–'} {line.channel or ''}".strip(),
            _rates(line.rate),
            f"{line.sold:,}",
            f"{line.returned:,}",
            *(amount(money) for money in (line.gross, line.deductions, line.net, line.royalty)),
        )
        for line in lines
    ]
    sums = [
        total((getattr(line, column) for line in lines), currency)
        for column in ("gross", "deductions", "net", "royalty")
    ]
    counts = (f"{sum(line.sold for line in lines):,}", f"{sum(line.returned for line in lines):,}")
    paper.heading(heading)
    paper.columns(LINES, WIDTHS, rows, ("合计 Total", "", "", *counts, *map(amount, sums)), words=2)


def _rates(text: str) -> str:
    """ "0.06 + 0.08" as people say it: "6% + 8%"."""
    return " + ".join(percent(Decimal(rate)) for rate in text.split(" + "))


def _apart(paper: Paper, sheet: Sheet) -> None:
    """What is not sold goods at a rate: adjustments, breaches, labels."""
    if sheet.adjustments:
        paper.heading(("调整", "Adjustments"))
        paper.columns(
            (("协议或分授权", "Amendment or sub-licence"), ("期间", "Period"), ("净额", "Net sales"), ("原", "Was"), ("现", "Is"), ("版税", "Royalty")),
            (40, 24, 30, 20, 20, 30),
            [
                (a.amendment_no, a.period, amount(a.base), _rates(a.rate_before), _rates(a.rate), amount(a.royalty))
                for a in sheet.adjustments
            ],
            words=2,
        )  # fmt: skip
    if sheet.breaches:
        paper.heading(("授权外销售", "Sales outside the licence, settled apart"))
        paper.columns(
            (("产品", "Product"), ("原因", "Reason"), ("数量", "Units"), ("净额", "Net sales")),
            (40, 70, 20, 40),
            [(b.sku, b.code, str(b.units), f"{amount(b.base)} {b.base.currency}") for b in sheet.breaches],
            words=2,
        )
    if sheet.header.labels is not None:
        counts = list(labels_of(sheet.header.labels))
        paper.heading(("防伪标", f"Labels, counted on {sheet.header.labels.counted_on}"))
        paper.columns([_words(label) for label, _ in counts], [1] * 6, [[f"{count:,}" for _, count in counts]], words=0)


def _seal(header: Header, digest: str) -> list[tuple[Words, str]]:
    span = header.span
    return [
        (("日志范围", "Log positions"), f"{span.after} < p ≤ {span.until}, {span.entries} entries"),
        (("日志摘要", "SHA-256 of entries"), span.digest),
        (("结算单摘要", "SHA-256 of the JSON"), digest),
    ]


def _words(label: str) -> Words:
    chinese, _, english = label.partition(" ")
    return chinese, english


def _said(value: Money | str, currency: str) -> str:
    return f"{amount(value)} {currency}" if isinstance(value, Money) else value
