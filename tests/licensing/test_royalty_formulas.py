"""Formulas of the royalty engine that need no vector of their own, each with the figures that show it."""

from datetime import date
from decimal import Decimal

import pytest

from souvenir.kernel.money import Money, total
from souvenir.licensing.periods import contract_year, period_of
from souvenir.licensing.royalty import limits, net_sales, recoupment, shared_rates, tiers, withholding
from souvenir.licensing.terms import Method, RoyaltyTerms, Tier, flat


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


LADDER = (Tier(up_to=Decimal(1000), rate=Decimal("0.06")), Tier(up_to=None, rate=Decimal("0.08")))


def test_a_credit_mirrors_its_debit_where_a_fen_is_halved() -> None:
    """Ties are rounded away from zero: 0.125 and -0.125."""
    assert cny("1.25").at_rate(Decimal("0.1")) == cny("0.13")
    assert cny("-1.25").at_rate(Decimal("0.1")) == cny("-0.13")


def test_prospective_tiers_charge_a_period_at_the_rate_reached_before_it() -> None:
    terms = RoyaltyTerms(currency="CNY", tiers=LADDER, method="prospective", measure="units")
    assert tiers.prospective(terms, 1000, cny("20000.00"), cny("5000.00")) == cny("300.00")
    assert tiers.prospective(terms, 1001, cny("20020.00"), cny("5000.00")) == cny("400.00")


def test_a_yen_has_no_fraction() -> None:
    assert Money.of("12345", "JPY").at_rate(Decimal("0.07")) == Money.of("864", "JPY")


def test_a_converted_base_takes_the_decimals_of_its_currency() -> None:
    assert net_sales.converted(Money.of("10000", "JPY"), Decimal("0.0478"), "CNY") == cny("478.00")
    assert net_sales.converted(cny("478.00"), Decimal("20.92"), "JPY") == Money.of("10000", "JPY")


def test_a_bundle_is_shared_by_what_its_articles_sell_for_alone() -> None:
    shares = net_sales.bundle_shares(cny("100.00"), [cny("60.00"), cny("60.00"), cny("30.00")])
    assert shares == [cny("40.00"), cny("40.00"), cny("20.00")]


def test_an_import_by_the_buyer_bears_its_own_rate_on_its_own_price() -> None:
    """FOB: the price is lower, so the contract names a higher rate for it; each is its own statement line."""
    domestic, fob = cny("50000.00").at_rate(Decimal("0.08")), cny("30000.00").at_rate(Decimal("0.12"))
    assert (domestic, fob, domestic + fob) == (cny("4000.00"), cny("3600.00"), cny("7600.00"))


def test_licences_without_a_cap_are_simply_stacked() -> None:
    assert shared_rates.stacked(cny("1000.00"), [Decimal("0.08"), Decimal("0.05")]) == [cny("80.00"), cny("50.00")]


def test_late_interest_is_simple_or_compounds_by_the_month() -> None:
    assert withholding.simple_interest(cny("10000.00"), Decimal("0.12"), 45) == cny("147.95")
    assert withholding.monthly_interest(cny("10000.00"), Decimal("0.015"), 2) == cny("302.25")


def test_labels_nobody_can_show_are_deemed_sold() -> None:
    assert limits.unaccounted_labels(issued=5000, sold=4200, on_hand=500, destroyed=100, returned=150) == 50
    assert limits.unaccounted_labels(issued=5000, sold=4400, on_hand=600, destroyed=0, returned=0) == 0


def test_an_audit_exactly_at_the_threshold_shifts_no_cost() -> None:
    found = limits.audited(cny("100.00"), cny("105.00"), Decimal("0.05"), cny("30.00"), "reported")
    assert (found.underpaid, found.due) == (cny("5.00"), cny("5.00"))


def test_the_allowance_of_free_goods_is_in_whole_units_rounded_down() -> None:
    assert net_sales.deemed_sold(sold=90, free=5, allowance=Decimal("0.02")) == 4
    assert net_sales.deemed_sold(sold=90, free=1, allowance=Decimal("0.02")) == 0


def test_a_cap_leaves_units_within_it_alone() -> None:
    capped = limits.unit_capped(1000, 1000, cny("50.00"), Decimal("0.08"), Decimal(3))
    assert (capped.over_cap_units, capped.over_cap_charge, capped.alert) == (0, cny("0.00"), None)


def test_the_greater_of_percentage_and_floor_is_the_percentage_when_they_are_equal() -> None:
    assert net_sales.greater_of(cny("100.00"), Decimal("0.06"), cny("2.00"), 3) == (cny("6.00"), "percentage")


def test_an_instalment_that_is_due_is_cash_even_when_nothing_was_earned() -> None:
    nothing = cny("0.00")
    first, second = recoupment.settle([nothing, nothing], [cny("100.00"), cny("200.00")], opening=nothing)
    assert (first.payable, second.payable, second.unrecouped) == (cny("100.00"), cny("100.00"), cny("200.00"))


def test_a_statement_shows_what_each_rate_was_charged_on() -> None:
    terms = RoyaltyTerms(currency="CNY", tiers=LADDER)
    assert tiers.buckets(terms, 0, cny("1500.00")) == [
        tiers.Bucket(Decimal("0.06"), cny("1000.00"), cny("60.00")),
        tiers.Bucket(Decimal("0.08"), cny("500.00"), cny("40.00")),
    ]
    assert tiers.buckets(terms, 0, cny("-10.00")) == [
        tiers.Bucket(Decimal("0.06"), cny("-10.00"), cny("-0.60")),
    ]
    assert tiers.buckets(flat("0.05", "CNY"), 0, cny("0.00")) == []


def test_a_contract_that_tests_its_cap_over_the_year_lets_late_deductions_find_room() -> None:
    first = net_sales.net_sales(cny("100000.00"), cny("2000.00"), Decimal("0.10"), cny("0.00"))
    both = net_sales.net_sales(cny("120000.00"), cny("11000.00"), Decimal("0.10"), cny("0.00"))
    assert list(net_sales.differences([first, both], cny("0.00"))) == [cny("98000.00"), cny("11000.00")]
    assert total([first, both - first], "CNY") == both


@pytest.mark.parametrize(
    ("on", "months", "period"),
    [
        (date(2026, 3, 31), 1, "2026-03"),
        (date(2026, 3, 31), 3, "2026-Q1"),
        (date(2026, 4, 1), 3, "2026-Q2"),
        (date(2026, 12, 31), 3, "2026-Q4"),
        (date(2026, 6, 30), 6, "2026-H1"),
        (date(2026, 7, 1), 6, "2026-H2"),
        (date(2026, 7, 1), 12, "2026"),
    ],
)
def test_royalty_periods_follow_the_calendar(on: date, months: int, period: str) -> None:
    assert period_of(on, months) == period


@pytest.mark.parametrize(
    ("on", "year"),
    [
        (date(2026, 5, 15), 1),
        (date(2027, 5, 14), 1),
        (date(2027, 5, 15), 2),
        (date(2028, 1, 1), 2),
    ],
)
def test_contract_years_are_counted_from_the_start(on: date, year: int) -> None:
    assert contract_year(date(2026, 5, 15), on) == year


def test_a_sale_recorded_before_its_statement_is_no_prior_period_line() -> None:
    rates, issued = {"2026-Q3": Decimal("0.08")}, {"2026-Q3": date(2026, 10, 20)}
    line = limits.stated(cny("400.00"), date(2026, 9, 30), date(2026, 10, 19), issued, rates)
    assert (line.statement, line.prior_period, line.royalty) == ("2026-Q3", None, cny("32.00"))


def test_a_sale_recorded_on_the_day_of_its_statement_goes_on_the_next_one() -> None:
    rates, issued = {"2026-Q3": Decimal("0.08")}, {"2026-Q3": date(2026, 10, 20)}
    line = limits.stated(cny("400.00"), date(2026, 9, 30), date(2026, 10, 20), issued, rates)
    assert (line.statement, line.prior_period) == ("2026-Q4", "2026-Q3")


# What a mutant could once change without a test to notice.

STEPPED = RoyaltyTerms(
    currency="CNY",
    tiers=(LADDER[0], Tier(up_to=Decimal(5000), rate=Decimal("0.08")), Tier(up_to=None, rate=Decimal("0.10"))),
)


@pytest.mark.parametrize(
    ("method", "from_net", "to_net", "rates"),
    [
        ("marginal", "0.00", "1000.00", ["0.06"]),
        ("marginal", "1000.00", "1100.00", ["0.08"]),
        ("marginal", "900.00", "1100.00", ["0.06", "0.08"]),
        ("marginal", "1100.00", "900.00", ["0.06", "0.08"]),
        ("marginal", "0.00", "-10.00", ["0.06"]),
        ("marginal", "1100.00", "1200.00", ["0.08"]),
        ("marginal", "5000.00", "5000.00", ["0.08"]),
        ("whole", "900.00", "1100.00", ["0.08"]),
        ("whole", "900.00", "1000.00", ["0.06"]),
    ],
)
def test_a_line_names_the_rates_it_was_charged_at(method: Method, from_net: str, to_net: str, rates: list[str]) -> None:
    terms = STEPPED.model_copy(update={"method": method})
    found = tiers.rates_between(terms, (1, cny(from_net)), (2, cny(to_net)))
    assert found == [Decimal(rate) for rate in rates]


def test_more_back_than_sold_is_taken_off_at_the_first_rate() -> None:
    terms = STEPPED.model_copy(update={"measure": "units"})
    assert tiers.royalty_to_date(terms, -1, cny("-10.00")) == cny("-0.60")
    assert tiers.royalty_to_date(terms, 0, cny("-10.00")) == cny("-0.60")


def test_a_reserve_is_released_in_every_period_after_the_first_ones() -> None:
    nets = [cny(net) for net in ("100.00", "200.00", "300.00", "400.00")]
    returns = [cny(net) for net in ("1.00", "2.00", "3.00", "0.00")]
    found = net_sales.with_reserve(nets, returns, Decimal("0.1"), hold=1)
    assert [(each.base.amount, each.released.amount, each.reserve_close.amount) for each in found] == [
        ("90.00", "0.00", "10.00"),
        ("189.00", "9.00", "20.00"),
        ("288.00", "18.00", "30.00"),
        ("387.00", "27.00", "40.00"),
    ]


def test_what_came_back_uses_up_a_reserve_and_no_more() -> None:
    held = [net_sales.held_back(cny("100.00"), cny(back), Decimal("0.15")) for back in ("0.00", "5.00", "15.01")]
    assert held == [cny("15.00"), cny("10.00"), cny("0.00")]


def test_unconditional_instalments_count_everything_paid_and_earned_before() -> None:
    instalments, earned = [cny("10.00")] * 3, [cny("25.00"), cny("1.00"), cny("9.00")]
    assert recoupment.unconditional_instalments(instalments, earned) == [cny("15.00"), cny("0.00"), cny("0.00")]
    assert recoupment.unconditional_instalments(instalments, earned[::-1]) == [
        cny("0.00"),
        cny("0.00"),
        cny("5.00"),
    ]


def test_every_period_has_its_guarantee() -> None:
    with pytest.raises(ValueError, match="shorter"):
        recoupment.settle([cny("1.00"), cny("2.00")], [cny("0.00")], cny("0.00"))


def test_a_tax_of_nothing_is_grossed_up_to_the_same_and_one_of_everything_not_at_all() -> None:
    same = withholding.grossed_up(cny("100.00"), Decimal(0))
    assert (same.gross, same.tax, same.net) == (cny("100.00"), cny("0.00"), cny("100.00"))
    for rate in ("-0.1", "1", "2"):
        with pytest.raises(AssertionError, match="takes everything"):
            withholding.grossed_up(cny("100.00"), Decimal(rate))


def test_nothing_is_less_than_nothing() -> None:
    assert [limits.units_over(5, None), limits.units_over(3, 5), limits.units_over(7, 5)] == [0, 0, 2]
    assert limits.unaccounted_labels(issued=10, sold=12, on_hand=0, destroyed=0, returned=0) == 0
    assert net_sales.deemed_sold(1000, 10, Decimal("0.02")) == 0


def test_a_flat_rate_is_one_tier() -> None:
    terms = flat("0.08", "CNY")
    assert tiers.royalty_to_date(terms, 1, cny("100.00")) == cny("8.00")
    assert tiers.rates_between(terms, (0, cny("0.00")), (1, cny("100.00"))) == [Decimal("0.08")]


def test_every_instalment_has_its_earnings() -> None:
    with pytest.raises(ValueError, match="shorter"):
        recoupment.unconditional_instalments([cny("1.00"), cny("1.00")], [cny("1.00")])


@pytest.mark.parametrize(
    ("paid", "months"),
    [(date(2026, 2, 1), 0), (date(2026, 4, 30), 0), (date(2026, 5, 1), 1), (date(2026, 5, 30), 1),
     (date(2026, 5, 31), 2), (date(2027, 4, 30), 12)],
)  # fmt: skip
def test_a_month_that_has_begun_counts(paid: date, months: int) -> None:
    assert withholding.months_begun(date(2026, 4, 30), paid) == months


@pytest.mark.parametrize(
    ("net", "sold", "units", "base"),
    [("100.00", 3, 1, "33.33"), ("100.00", 3, 2, "66.67"), ("0.05", 2, 1, "0.03"), ("0.05", 2, -1, "-0.03"),
     ("100.00", 1, 2, "200.00"), ("100.00", 0, 5, "0.00"), ("-5.00", -1, 5, "0.00")],
)  # fmt: skip
def test_units_deemed_sold_count_at_the_average_price(net: str, sold: int, units: int, base: str) -> None:
    assert net_sales.at_average(cny(net), sold, units) == cny(base)
