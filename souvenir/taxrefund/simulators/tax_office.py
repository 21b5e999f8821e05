"""A tax-office store system that numbers refund forms: 19 digits, the last a check digit, always the same for the same."""

from datetime import date

from stdnum import luhn

from souvenir.kernel.identifiers import derived_id


def form_no(issued_on: date, *parts: object) -> str:
    """The number of the form for these orders or invoices: asking again gives the same form, never a second one.

    The real system hands numbers out; 19 digits were seen in use. These are the day, ten derived digits and a Luhn digit.
    """
    digits = f"{issued_on:%Y%m%d}{derived_id('refund form', issued_on, *parts).int % 10**10:010d}"
    return digits + luhn.calc_check_digit(digits)
