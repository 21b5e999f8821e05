"""What leaves with the tax office when a royalty goes abroad, and what is owed for paying late."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from souvenir.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Remittance:
    """One payment to a licensor: `gross` is `vat` + `tax` + `net`."""

    gross: Money
    vat: Money
    tax: Money
    net: Money


def borne_by_licensor(gross: Money, rate: Decimal) -> Remittance:
    """The tax comes out of the royalty: net = gross · (1 - w)."""
    tax = gross.at_rate(rate)
    return Remittance(gross, Money.zero(gross.currency), tax, gross - tax)


def grossed_up(net: Money, rate: Decimal) -> Remittance:
    """The licensor receives the royalty in full, and the tax is on top: gross = net / (1 - w)."""
    assert 0 <= rate < 1, "a tax that takes everything cannot be grossed up"
    exact = Decimal(net.minor) / (1 - rate)
    gross = Money(int(exact.quantize(Decimal(1), ROUND_HALF_UP)), net.currency)
    return Remittance(gross, Money.zero(net.currency), gross - net, net)


def vat_inclusive(contract: Money, vat_rate: Decimal, tax_rate: Decimal) -> Remittance:
    """A contract amount that includes VAT: the VAT goes out first, income tax is on what remains."""
    vat = contract.tax_within(vat_rate)
    tax = (contract - vat).at_rate(tax_rate)
    return Remittance(contract, vat, tax, contract - vat - tax)


def simple_interest(owed: Money, yearly_rate: Decimal, days_late: int, days_of_year: int = 365) -> Money:
    """P · r · d / basis."""
    return owed.at_rate(yearly_rate * days_late / days_of_year)


def monthly_interest(owed: Money, monthly_rate: Decimal, months_or_part: int) -> Money:
    """P · ((1 + m)^k - 1), where a month begun counts as a month."""
    return owed.at_rate((1 + monthly_rate) ** months_or_part - 1)


def months_begun(due: date, paid: date) -> int:
    """The months from one day to another, one that has only begun counted as a month."""
    months = (paid.year - due.year) * 12 + paid.month - due.month
    return max(0, months + (paid.day > due.day))
