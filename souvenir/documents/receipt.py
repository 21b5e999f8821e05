"""The receipt of a sale or a return, in Chinese and English: for a till's 42-column printer, and as PDF."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from souvenir.documents.columns import across, amount, centred, percent, wrapped
from souvenir.kernel.money import Money, total

COLUMNS = 42
"""Characters on a line of 80 mm paper in the printer's first font."""

TENDERS = {
    "cash": "现金 Cash",
    "card": "银行卡 Card",
    "wallet": "电子钱包 Wallet",
    "exchange": "换货抵付 Exchange",
    "sandbox": "测试支付 Sandbox",
}


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One line as it was sold or came back; `gross` includes VAT and is what the buyer paid or got."""

    name: Mapping[str, str]
    quantity: int
    unit_price: Money
    gross: Money
    vat_rate: Decimal
    vat: Money
    number: str | None = None
    """The piece's number within its edition, such as "17/500"."""
    link: str | None = None
    """Where the piece's certificate is verified, once it is issued."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the buyer takes home. A return names the order it reverses; a reprint says that it is a copy."""

    seller: Mapping[str, str]
    order_no: str
    sold_on: date
    lines: Sequence[ReceiptLine]
    tender: str
    taxpayer_no: str | None = None
    till: str | None = None
    tendered: Money | None = None
    paid: Sequence[tuple[str, Money]] = ()
    """What was paid by each tender, where it was not all by one."""
    rounding: Money | None = None
    """What the smallest coin left unpaid; below zero, what was paid beyond the total."""
    return_no: str = ""
    """Of the return this receipt is for, if it is for one: a credit note against the order."""
    kept: Money | None = None
    """Of the price of what came back, what stays: the buyer had it as a tax refund advance."""
    voided_forms: Sequence[str] = ()
    """The refund forms that are void since."""
    red_letters: Sequence[str] = ()
    """The tax office's negative invoices for it."""
    is_copy: bool = False


def print_receipt(receipt: Receipt) -> str:
    """The receipt as text, no line wider than `COLUMNS`; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _lines(receipt))


def receipt_pdf(receipt: Receipt) -> bytes:
    """The receipt on paper, for who asks for a sheet."""
    from souvenir.documents.pdf import Sheet

    title = ("退货凭证", "Return Receipt (credit note)") if receipt.return_no else ("销售小票", "Sales Receipt")
    sheet = Sheet(title, receipt.return_no or receipt.order_no)
    sheet.fields(
        [
            (("销售方", "Seller"), " ".join(_both(receipt.seller))),
            (("纳税人识别号", "Taxpayer no."), receipt.taxpayer_no or "-"),
            (("日期", "Date"), receipt.sold_on.isoformat()),
            (("收银台", "Till"), receipt.till or "-"),
            *([(("原单号", "Order"), receipt.order_no)] if receipt.return_no else []),
            *([(("作废申请单", "Void forms"), " ".join(receipt.voided_forms))] if receipt.voided_forms else []),
            *([(("红字发票", "Red-letter invoices"), " ".join(receipt.red_letters))] if receipt.red_letters else []),
            *((("付款方式", "Paid by"), paid_by) for paid_by in _paid_by(receipt)),
            *([(("副本", "Copy"), "副本 COPY")] if receipt.is_copy else []),
        ]
    )
    sheet.goods(
        (("品名", "Goods"), ("数量", "Qty"), ("单价", "Unit price"), ("税率", "VAT"), ("金额", "Amount")),
        [
            (
                " ".join(_both(line.name)) + (f" 编号 No. {line.number}" if line.number else ""),
                str(line.quantity),
                amount(line.unit_price),
                percent(line.vat_rate),
                amount(line.gross),
            )
            for line in receipt.lines
        ],
    )
    currency = receipt.lines[0].gross.currency
    vat = total((line.vat for line in receipt.lines), currency)
    due = total((line.gross for line in receipt.lines), currency)
    kept = [(("抵扣预付退税款", "Tax refund advance kept"), amount(-receipt.kept))] if receipt.kept else []
    left = due - receipt.kept if receipt.kept else due
    sheet.totals([(("含增值税", "incl. VAT"), amount(vat)), *kept, ((f"合计（{currency}）", "Total"), amount(left))])
    sheet.links([(("证书验真", f"Verify no. {line.number}"), line.link) for line in receipt.lines if line.link])
    return sheet.pdf()


def _lines(receipt: Receipt) -> Iterator[str]:
    rule = "-" * COLUMNS
    for words in _both(receipt.seller):
        yield from (centred(line, COLUMNS) for line in wrapped(words, COLUMNS))
    if receipt.return_no:
        yield centred("退货 RETURN", COLUMNS)
    if receipt.is_copy:
        yield centred("副本 COPY", COLUMNS)
    yield rule
    if receipt.taxpayer_no:
        yield from across("税号 Taxpayer", receipt.taxpayer_no, COLUMNS)
    if receipt.return_no:
        yield from across("退货单号 Return", receipt.return_no, COLUMNS)
    yield from across("单号 Order", receipt.order_no, COLUMNS)
    for form_no in receipt.voided_forms:
        yield from across("作废申请单 Void form", form_no, COLUMNS)
    for invoice in receipt.red_letters:
        yield from across("红字发票 Red letter", invoice, COLUMNS)
    yield from across("日期 Date", receipt.sold_on.isoformat(), COLUMNS)
    if receipt.till:
        yield from across("收银台 Till", receipt.till, COLUMNS)
    yield rule
    for line in receipt.lines:
        yield from _sold(line)
    yield rule
    yield from _money(receipt)
    yield rule
    yield centred("请保留小票，退货须凭票", COLUMNS)
    yield centred("Keep this receipt: returns need it", COLUMNS)


def _sold(line: ReceiptLine) -> Iterator[str]:
    for words in _both(line.name):
        yield from wrapped(words, COLUMNS)
    if line.number:
        yield f"  编号 No. {line.number}"
    if line.link:
        yield from wrapped(f"  验真 Verify: {line.link}", COLUMNS)
    yield from across(f"  {line.quantity} × {amount(line.unit_price)}", amount(line.gross), COLUMNS)


def _money(receipt: Receipt) -> Iterator[str]:
    currency = receipt.lines[0].gross.currency
    due = total((line.gross for line in receipt.lines), currency)
    yield from across(f"{'退款' if receipt.return_no else '合计'} Total {currency}", amount(due), COLUMNS)
    for rate in sorted({line.vat_rate for line in receipt.lines}, reverse=True):
        vat = total((line.vat for line in receipt.lines if line.vat_rate == rate), currency)
        yield from across(f"  含增值税 incl. VAT {percent(rate)}", amount(vat), COLUMNS)
    rounded = receipt.rounding
    if rounded:
        yield from across("现金舍入 Rounding", amount(-rounded), COLUMNS)
    if receipt.kept:
        yield from across("抵扣预付退税款 Advance kept", amount(-receipt.kept), COLUMNS)
        due -= receipt.kept
    to_pay = due - rounded if rounded else due
    for tender, paid in receipt.paid or [(receipt.tender, receipt.tendered or to_pay)]:
        yield from across(TENDERS.get(tender, tender), amount(paid), COLUMNS)
    if receipt.tendered is not None and receipt.tendered != to_pay:
        yield from across("找零 Change", amount(receipt.tendered - to_pay), COLUMNS)


def _paid_by(receipt: Receipt) -> Iterator[str]:
    """Each tender; with its amount, where there are several or cash was rounded."""
    if not receipt.paid:
        yield TENDERS.get(receipt.tender, receipt.tender)
    for tender, paid in receipt.paid:
        yield f"{TENDERS.get(tender, tender)} {amount(paid)}"


def _both(words: Mapping[str, str]) -> list[str]:
    """The words in Chinese and in English where there are both, else in the language they were written in."""
    found = [words[tag] for tag in ("zh-Hans", "en") if tag in words]
    return found or list(words.values())[:1]
