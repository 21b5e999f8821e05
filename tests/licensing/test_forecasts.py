"""Whether a guarantee will be met, and what a statement asks to be paid."""

from datetime import date
from typing import Any

import pytest

from souvenir.kernel.money import Money
from souvenir.licensing.forecasting import forecast
from souvenir.licensing.licence import Grant
from souvenir.licensing.statement import NotStated, Statement
from souvenir.licensing.terms import flat

NAME = {"en": "Cloud dragon"}
FEBRUARY, CUT = date(2026, 2, 10), date(2026, 4, 10)


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


def test_a_pace_too_slow_for_the_guarantee_is_forecast(sign: Any, grant: Grant) -> None:
    year = grant.model_copy(update={"sell_off_days": 0})
    found = forecast(sign(grant=year), cny("900.00"), date(2026, 3, 31))
    assert (found.days_gone, found.days_left) == (90, 275)
    assert (found.projected, found.shortfall, found.needed_daily) == (cny("3650.00"), cny("6350.00"), cny("33.09"))


def test_a_guarantee_that_is_earned_is_not_short(sign: Any) -> None:
    found = forecast(sign(), cny("12000.00"), date(2026, 12, 1))
    assert (found.shortfall, found.needed_daily) == (cny("0.00"), cny("0.00"))


def test_before_the_first_day_and_after_the_last(sign: Any) -> None:
    before, after = (forecast(sign(), cny("0.00"), day) for day in (date(2025, 12, 1), date(2028, 1, 1)))
    assert (before.days_gone, before.days_left, before.shortfall) == (0, 455, cny("10000.00"))
    assert (after.days_left, after.shortfall, after.needed_daily) == (0, cny("10000.00"), cny("10000.00"))


def test_the_days_of_a_sell_off_kept_apart_do_not_count(sign: Any) -> None:
    apart = sign(terms=flat("0.08", "CNY", advance=cny("100.00"), recoup_in_sell_off=False))
    assert forecast(apart, cny("1.00"), date(2026, 12, 31)).days_left == 0


def test_a_forecast_reads_what_is_known_now(small_shop: Any, grant: Grant) -> None:
    licence = small_shop.licensing.grant(
        "LIC-A", "Studio", NAME, grant, flat("0.08", "CNY", advance=cny("500.00"))
    ).result
    small_shop.sell("1130.00", licence, on=FEBRUARY)
    assert small_shop.licensing.forecast(licence, date(2026, 2, 14)).earned == cny("80.00")


def test_a_statement_is_paid_by_one_instruction(small_shop: Any, grant: Grant) -> None:
    licensing = small_shop.licensing
    licence = licensing.grant("LIC-A", "Studio", NAME, grant, flat("0.08", "CNY", withholding_rate="0.10")).result
    small_shop.sell("1130.00", licence, on=FEBRUARY)
    with pytest.raises(NotStated):
        licensing.payout(licence, "2026-Q1")
    licensing.issue_statement(licence, "2026-Q1", CUT)
    licensing.issue_statement(licence, "2026-Q2", date(2026, 7, 10))
    payout = licensing.payout(licence, "2026-Q1")
    assert (payout.key, payout.payee, payout.text) == (Statement.id_of(licence, "2026-Q1"), "Studio", "LIC-A 2026-Q1")
    assert (payout.amount, payout.tax, payout.due_on) == (cny("72.00"), cny("8.00"), date(2026, 4, 30))
    assert payout.statement_digest == licensing.statement(licence, "2026-Q1").digest
    assert licensing.payout(licence, "2026-Q2") is None
    assert [(each.period, each.due) for each in licensing.statements(licence)] == [
        ("2026-Q2", cny("0.00")),
        ("2026-Q1", cny("72.00")),
    ]
