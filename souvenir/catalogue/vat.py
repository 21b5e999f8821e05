"""Value-added tax rates as dated data: which rate a category of goods bore on a day. Prices include the tax."""

from datetime import date
from decimal import Decimal
from typing import Final

from souvenir.kernel.errors import SouvenirError

Steps = tuple[tuple[date, Decimal], ...]

RATES: Final[dict[tuple[str, str], Steps]] = {
    # China. Standard rate: Provisional Regulations on VAT (1994); 财税〔2018〕32号 from 2018-05-01;
    # joint announcement 2019 No. 39 from 2019-04-01; kept by the VAT Law in force since 2026-01-01.
    ("CN", "standard"): (
        (date(1994, 1, 1), Decimal("0.17")),
        (date(2018, 5, 1), Decimal("0.16")),
        (date(2019, 4, 1), Decimal("0.13")),
    ),
    # Reduced rate (books, farm produce, edible oil and salt): the same sources, and 财税〔2017〕37号 from 2017-07-01.
    ("CN", "reduced"): (
        (date(1994, 1, 1), Decimal("0.13")),
        (date(2017, 7, 1), Decimal("0.11")),
        (date(2018, 5, 1), Decimal("0.10")),
        (date(2019, 4, 1), Decimal("0.09")),
    ),
    # Workshops, visits and other services: 财税〔2016〕36号 from 2016-05-01.
    ("CN", "services"): ((date(2016, 5, 1), Decimal("0.06")),),
    ("CN", "exempt"): ((date(1994, 1, 1), Decimal("0")),),
}
"""By jurisdiction and category: each rate with the day it took effect, oldest first."""


class NoVatRate(SouvenirError):
    message = "There is no VAT rate for category {vat_category!r} in {jurisdiction} on {on}."
    vat_category: str
    jurisdiction: str
    on: date


def vat_rate(vat_category: str, on: date, jurisdiction: str = "CN") -> Decimal:
    """The rate in force on a day of supply, such as Decimal("0.13")."""
    steps = RATES.get((jurisdiction, vat_category), ())
    for effective_from, rate in reversed(steps):
        if effective_from <= on:
            return rate
    raise NoVatRate(vat_category=vat_category[:40], jurisdiction=jurisdiction[:10], on=on)
