"""VAT rates are dated: the day of supply decides."""

from datetime import date
from decimal import Decimal

import pytest

from souvenir.catalogue.vat import NoVatRate, rates, vat_rate
from souvenir.taxrefund.rulebook import open_rule_book


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


@pytest.mark.parametrize(
    ("jurisdiction", "category", "on", "rate"),
    [
        ("JP", "standard", date(2019, 9, 30), "0.08"),
        ("JP", "standard", date(2019, 10, 1), "0.10"),
        ("JP", "reduced", date(2026, 11, 1), "0.08"),
        ("SG", "standard", date(2023, 12, 31), "0.08"),
        ("DE", "standard", date(2020, 7, 1), "0.16"),
        ("DE", "standard", date(2021, 1, 1), "0.19"),
        ("FR", "exempt", date(2026, 1, 1), "0"),
    ],
)
def test_a_shop_elsewhere_has_the_rates_of_its_place(jurisdiction: str, category: str, on: date, rate: str):
    assert vat_rate(category, on, jurisdiction) == Decimal(rate)


def test_wherever_the_rule_book_knows_a_scheme_the_standard_rate_is_known_with_its_source():
    known = {jurisdiction for jurisdiction, category in rates() if category == "standard"}
    assert set(open_rule_book().jurisdictions) - {"XI"} <= known
    assert all(list(one.steps) == sorted(one.steps) for one in rates().values())
