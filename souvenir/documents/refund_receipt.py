"""The refund receipt 收款回执单: what the traveller was paid under which form, signed when the money changes hands."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from souvenir.documents.columns import across, centred, left, personal, priced, wrapped
from souvenir.kernel.money import Money
from souvenir.kernel.sealing import Redacted

COLUMNS = 78

TENDERS = {
    "cash": "现金 cash",
    "wallet": "移动支付 mobile wallet",
    "card": "银行卡 card",
    "bank_transfer": "银行转账 bank transfer",
}


@dataclass(frozen=True, slots=True)
class RefundReceipt:
    """One payment: of the ordinary refund after customs, or of an advance, which customs has yet to confirm."""

    receipt_no: str
    form_no: str
    applied_on: date
    paid_on: date
    agency: str
    phone: str
    traveller: str | Redacted = field(repr=False)
    applied: Money
    """The refund on the form, before the fee."""
    confirmed: Money | None
    """The refund of the units customs confirmed; None for an advance."""
    fee: Money
    paid: Money
    tender: str


def print_refund_receipt(receipt: RefundReceipt) -> str:
    """The receipt as text; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _lines(receipt))


def refund_receipt_pdf(receipt: RefundReceipt) -> bytes:
    """The receipt on paper."""
    from souvenir.documents.pdf import Sheet

    sheet = Sheet(("收款回执单", "Refund Receipt"), receipt.receipt_no)
    sheet.fields(_facts(receipt))
    sheet.totals(_amounts(receipt))
    sheet.signatures([("旅客签名", "Traveller's signature"), ("退税代理机构签章", "Refund agency's stamp")])
    return sheet.pdf()


def _facts(receipt: RefundReceipt) -> list[tuple[tuple[str, str], str]]:
    return [
        (("回执单号", "Receipt no."), receipt.receipt_no),
        (("申请单号", "Form no."), receipt.form_no),
        (("申请日期", "Applied on"), receipt.applied_on.isoformat()),
        (("付款日期", "Paid on"), receipt.paid_on.isoformat()),
        (("退税代理机构", "Refund agency"), receipt.agency),
        (("电话", "Telephone"), receipt.phone or "-"),
        (("旅客", "Traveller"), personal(receipt.traveller)),
        (("付款方式", "Paid by"), TENDERS.get(receipt.tender, receipt.tender)),
    ]


def _amounts(receipt: RefundReceipt) -> list[tuple[tuple[str, str], str]]:
    confirmed = priced(receipt.confirmed) if receipt.confirmed is not None else "待海关验核 awaiting customs"
    return [
        (("申请退税额", "Refund applied for"), priced(receipt.applied)),
        (("海关确认退税额", "Refund confirmed by customs"), confirmed),
        (("手续费", "Agency fee"), priced(-receipt.fee)),
        (("实付金额", "Amount paid"), priced(receipt.paid)),
    ]


def _lines(receipt: RefundReceipt) -> Iterator[str]:
    yield centred("收款回执单", COLUMNS)
    yield centred("Refund Receipt", COLUMNS)
    yield "=" * COLUMNS
    for (chinese, english), value in _facts(receipt):
        for number, line in enumerate(wrapped(value, COLUMNS - 38)):
            yield left("" if number else f"{chinese} {english}", 38) + line
    yield "=" * COLUMNS
    for (chinese, english), value in _amounts(receipt):
        yield from across(f"{chinese} {english}", value, COLUMNS)
    yield "=" * COLUMNS
    yield "旅客签名 Traveller's signature: ______________"
