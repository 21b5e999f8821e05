"""Invoices as refunds name them: a fully digital one by its 20 digits, an older one by its code and number."""

import re
from typing import Final

from souvenir.kernel.errors import SouvenirError

DIGITAL: Final = re.compile(r"\d{20}")
"""数电票: two digits of the year, two of the province, one of how it was issued, fifteen of its sequence."""

OLDER: Final = re.compile(r"(\d{10}|\d{12})-?(\d{8})")
"""增值税普通发票: a code of 10 or 12 digits, and a number of 8. Twenty digits in one piece are a digital invoice."""

MOST_INVOICES: Final = 20
"""Invoices on one form."""


class InvoiceMalformed(SouvenirError):
    message = "{invoice!r} is no invoice number: a digital one has 20 digits, an older one a code and 8 digits."
    invoice: str


class TooManyInvoices(SouvenirError):
    message = "A form takes at most {most} invoices."
    most: int


def invoice_no(text: str) -> str:
    """An invoice's number in the one way it is kept, so that the same invoice cannot stand on two forms."""
    plain = "".join(text.split())
    if not plain.isascii():
        raise InvoiceMalformed(invoice=plain[:40])
    if DIGITAL.fullmatch(plain):
        return plain
    older = OLDER.fullmatch(plain)
    if older is None:
        raise InvoiceMalformed(invoice=plain[:40])
    return f"{older[1]}-{older[2]}"


def invoice_nos(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The numbers of a form's invoices, each once."""
    if len(texts) > MOST_INVOICES:
        raise TooManyInvoices(most=MOST_INVOICES)
    return tuple(dict.fromkeys(map(invoice_no, texts)))
