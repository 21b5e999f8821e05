"""VAT rates are dated: the day of supply decides."""

from datetime import date
from decimal import Decimal

import pytest

from souvenir.catalogue.vat import NoVatRate, vat_rate


@pytest.mark.parametrize(
    ("category", "on", "rate"),
    [
        ("standard", date(2015, 7, 1), "0.17"),
        ("standard", date(2018, 4, 30), "0.17"),
        ("standard", date(2018, 5, 1), "0.16"),
        ("standard", date(2019, 3, 31), "0.16"),
        ("standard", date(2019, 4, 1), "0.13"),
        ("standard", date(2025, 5, 15), "0.13"),
        ("reduced", date(2017, 6, 30), "0.13"),
        ("reduced", date(2017, 7, 1), "0.11"),
        ("reduced", date(2026, 1, 1), "0.09"),
        ("services", date(2026, 1, 1), "0.06"),
        ("exempt", date(2026, 1, 1), "0"),
    ],
)
def test_the_rate_of_the_day_applies(category: str, on: date, rate: str):
    assert vat_rate(category, on) == Decimal(rate)


@pytest.mark.parametrize(
    ("category", "on", "jurisdiction"),
    [("luxury", date(2025, 1, 1), "CN"), ("services", date(2016, 4, 30), "CN"), ("standard", date(2025, 1, 1), "XX")],
)
def test_a_day_or_category_without_a_rate_is_refused(category: str, on: date, jurisdiction: str):
    with pytest.raises(NoVatRate):
        vat_rate(category, on, jurisdiction)
