"""Invoice numbers are kept in one way, whatever way they were typed or scanned."""

import pytest

from souvenir.taxrefund.invoice import InvoiceMalformed, TooManyInvoices, invoice_no, invoice_nos


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("25112000000000001234", "25112000000000001234"),
        (" 2511 2000 0000 0000 1234 ", "25112000000000001234"),
        ("1100154320-01234567", "1100154320-01234567"),
        ("110015432001234567", "1100154320-01234567"),
        ("011001900111-12345678", "011001900111-12345678"),
    ],
)
def test_a_digital_and_an_older_number(text: str, kept: str) -> None:
    assert invoice_no(text) == kept


@pytest.mark.parametrize("text", ["", "1234", "2511200000000000123", "251120000000000012345", "２５１１２０００００００００００１２３４", "25112-000000000001234", "x" * 20])  # fmt: skip
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvoiceMalformed):
        invoice_no(text)


def test_a_form_takes_each_invoice_once_and_not_too_many() -> None:
    assert invoice_nos(("25112000000000001234", "2511 2000000000001234")) == ("25112000000000001234",)
    with pytest.raises(TooManyInvoices):
        invoice_nos(tuple(f"{number:020d}" for number in range(21)))
