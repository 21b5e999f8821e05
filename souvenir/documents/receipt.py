"""The receipt of a sale or a return, in Chinese and English, for a till's 42-column printer."""

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
    is_return: bool = False
    is_copy: bool = False


def print_receipt(receipt: Receipt) -> str:
    """The receipt as text, no line wider than `COLUMNS`; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _lines(receipt))


def _lines(receipt: Receipt) -> Iterator[str]:
    rule = "-" * COLUMNS
    for words in _both(receipt.seller):
        yield from (centred(line, COLUMNS) for line in wrapped(words, COLUMNS))
    if receipt.is_return:
        yield centred("退货 RETURN", COLUMNS)
    if receipt.is_copy:
        yield centred("副本 COPY", COLUMNS)
    yield rule
    if receipt.taxpayer_no:
        yield from across("税号 Taxpayer", receipt.taxpayer_no, COLUMNS)
    yield from across("单号 Order", receipt.order_no, COLUMNS)
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
    yield from across(f"  {line.quantity} × {amount(line.unit_price)}", amount(line.gross), COLUMNS)


def _money(receipt: Receipt) -> Iterator[str]:
    currency = receipt.lines[0].gross.currency
    due = total((line.gross for line in receipt.lines), currency)
    yield from across(f"{'退款' if receipt.is_return else '合计'} Total {currency}", amount(due), COLUMNS)
    for rate in sorted({line.vat_rate for line in receipt.lines}, reverse=True):
        vat = total((line.vat for line in receipt.lines if line.vat_rate == rate), currency)
        yield from across(f"  含增值税 incl. VAT {percent(rate)}", amount(vat), COLUMNS)
    yield from across(TENDERS.get(receipt.tender, receipt.tender), amount(receipt.tendered or due), COLUMNS)
    if receipt.tendered is not None and receipt.tendered != due:
        yield from across("找零 Change", amount(receipt.tendered - due), COLUMNS)


def _both(words: Mapping[str, str]) -> list[str]:
    """The words in Chinese and in English where there are both, else in the language they were written in."""
    found = [words[tag] for tag in ("zh-Hans", "en") if tag in words]
    return found or list(words.values())[:1]
