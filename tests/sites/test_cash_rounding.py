"""Cash is rounded to the coin of its place and day: by law everywhere, by custom where the shop chose to."""

from datetime import date

import pytest

from souvenir.kernel.money import Money
from souvenir.sites.cash_rounding import rule_at, rules
from souvenir.sites.outlet import CashMustBeRounded, NoCashRounding, Outlet
from souvenir.testing import given

TODAY = date(2026, 5, 15)


def outlet(region: str, currency: str) -> Outlet:
    return Outlet.open(
        code="SHOP", kind="shop", name={"en": "Shop"}, site_id=None, region=region, time_zone="UTC", currency=currency
    )


def rounds(shop: Outlet) -> None:
    shop.set_cash_rounding(rounds_cash=True)


@pytest.mark.parametrize(
    ("country", "currency", "due", "paid"),
    [
        ("CH", "CHF", "12.92", "12.90"),
        ("CH", "CHF", "12.93", "12.95"),
        ("CH", "CHF", "12.98", "13.00"),
        ("CH", "CHF", "0.02", "0.00"),
        ("SE", "SEK", "129.49", "129.00"),
        ("SE", "SEK", "129.50", "130.00"),
        ("NO", "NOK", "129.50", "130.00"),
        ("DK", "DKK", "129.24", "129.00"),
        ("DK", "DKK", "129.25", "129.50"),
        ("DK", "DKK", "129.74", "129.50"),
        ("DK", "DKK", "129.75", "130.00"),
        ("CZ", "CZK", "129.50", "130.00"),
        ("HU", "HUF", "1292.00", "1290.00"),
        ("HU", "HUF", "1293.00", "1295.00"),
        ("FI", "EUR", "12.97", "12.95"),
        ("BE", "EUR", "12.98", "13.00"),
        ("DE", "EUR", "12.98", "12.98"),
        ("FI", "SEK", "12.98", "12.98"),
    ],
)
def test_cash_is_rounded_as_the_country_says(country: str, currency: str, due: str, paid: str):
    assert outlet(country, currency).in_cash(Money.of(due, currency), TODAY) == Money.of(paid, currency)
    assert outlet(country, currency).in_cash(-Money.of(due, currency), TODAY) == -Money.of(paid, currency)


def test_a_custom_binds_only_the_shop_that_says_so_and_favours_the_buyer_both_ways():
    shop = outlet("CN-BJ", "CNY")
    assert shop.in_cash(Money(1291, "CNY"), TODAY) == Money(1291, "CNY")
    rounds(shop)
    assert shop.in_cash(Money(1299, "CNY"), TODAY) == Money(1290, "CNY")
    assert shop.in_cash(Money(-1291, "CNY"), TODAY) == Money(-1300, "CNY")
    shop.set_cash_rounding(rounds_cash=False)
    assert shop.in_cash(Money(1299, "CNY"), TODAY) == Money(1299, "CNY")


def test_the_coin_is_that_of_the_day():
    shop = outlet("SE-AB", "SEK")
    assert [shop.in_cash(Money(12930, "SEK"), day).minor for day in (date(2010, 9, 30), date(2010, 10, 1))] == [
        12950, 12900,
    ]  # fmt: skip
    assert shop.in_cash(Money(12930, "SEK"), date(1980, 1, 1)) == Money(12930, "SEK")


def test_what_the_law_rounds_cannot_be_left_unrounded_and_what_nobody_rounds_cannot_be():
    given(outlet("CN-BJ", "CNY")).when(rounds).then(Outlet.CashRoundingSet, rounds_cash=True)
    given(outlet("CN-BJ", "CNY"), rounds).when(rounds).then_nothing()
    given(outlet("CH-ZH", "CHF")).when(rounds).then_nothing()
    given(outlet("CH-ZH", "CHF")).when(lambda shop: shop.set_cash_rounding(rounds_cash=False)).then_refused(
        CashMustBeRounded, currency="CHF"
    )
    given(outlet("DE-BE", "EUR")).when(rounds).then_refused(NoCashRounding, region="DE-BE")


def test_every_rule_names_its_source_and_a_coin():
    assert len(rules()) > 15
    for rule in rules().values():
        assert rule.source
        assert rule.coin_on(TODAY)
    assert rule_at("CN-BJ", "CNY") is rule_at("CN", "CNY")
