"""The refund receipt 收款回执单: what the traveller was paid under which form, signed when the money changes hands."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from souvenir.documents.columns import across, centred, field_lines, personal, priced
from souvenir.documents.languages import Bilingual
from souvenir.kernel.money import Money
from souvenir.kernel.sealing import Redacted

COLUMNS = 78


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
    languages: tuple[str, ...] = ("zh-Hans", "en")
    """The country's, and beside it the traveller's."""


def print_refund_receipt(receipt: RefundReceipt) -> str:
    """The receipt as text; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _lines(receipt))


def refund_receipt_pdf(receipt: RefundReceipt) -> bytes:
    """The receipt on paper."""
    from souvenir.documents.pdf import Sheet

    both = Bilingual.on_paper(receipt.languages)
    sheet = Sheet(both.say("receipt"), receipt.receipt_no, both.tags[0])
    sheet.fields([(both.say(key), value) for key, value in _facts(receipt, both)])
    sheet.totals([(both.say(key), value) for key, value in _amounts(receipt, both)])
    sheet.signatures([both.say("signature"), both.say("agency_stamp")])
    return sheet.pdf()


def _facts(receipt: RefundReceipt, both: Bilingual) -> list[tuple[str, str]]:
    return [
        ("receipt_no", receipt.receipt_no),
        ("form_no", receipt.form_no),
        ("applied_on", receipt.applied_on.isoformat()),
        ("paid_on", receipt.paid_on.isoformat()),
        ("agency", receipt.agency),
        ("telephone", receipt.phone or "-"),
        ("traveller", personal(receipt.traveller)),
        ("paid_by", both.word("tenders", receipt.tender)),
    ]


def _amounts(receipt: RefundReceipt, both: Bilingual) -> list[tuple[str, str]]:
    confirmed = priced(receipt.confirmed) if receipt.confirmed is not None else both.label("awaiting")
    return [
        ("applied", priced(receipt.applied)),
        ("customs_refund", confirmed),
        ("fee", priced(-receipt.fee)),
        ("paid", priced(receipt.paid)),
    ]


def _lines(receipt: RefundReceipt) -> Iterator[str]:
    both = Bilingual(receipt.languages)
    yield from (centred(name, COLUMNS) for name in both.say("receipt") if name)
    yield "=" * COLUMNS
    for key, value in _facts(receipt, both):
        yield from field_lines(both.label(key), value)
    yield "=" * COLUMNS
    for key, value in _amounts(receipt, both):
        yield from across(both.label(key), value, COLUMNS)
    yield "=" * COLUMNS
    yield f"{both.label('signature')}: ______________"
