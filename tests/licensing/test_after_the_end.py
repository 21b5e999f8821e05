"""After the end of a licence: what comes late is stated all the same, and what was never earned back is charged."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from licences import cny, sell, sign

from souvenir.licensing.licence import Grant

NOVEMBER = date(2026, 11, 10)
"""In the last quarter of the term."""


@pytest.fixture
def a_year(grant: Grant) -> Grant:
    """The year 2026, without a sell-off."""
    return grant.model_copy(update={"sell_off_days": 0})


def lines(shop: Any, licence: UUID, period: str) -> list[tuple[str, int, int, str]]:
    return [
        (line.period, line.sold, line.returned, line.royalty.amount)
        for line in shop.licensing.statement(licence, period).lines
    ]


def test_goods_that_come_back_after_the_last_period_are_credited_on_one_more_statement(
    shop: Any, a_year: Grant
) -> None:
    licence = sign(shop, a_year, "0.10")
    order = sell(shop, licence, NOVEMBER, "1000.00", units=10)
    assert len(shop.licensing.issue_statements(date(2027, 1, 10))) == 4
    shop.take_back(order, 3, on=date(2027, 1, 20))
    assert shop.licensing.issue_statements(date(2027, 3, 31)) == []
    assert len(shop.licensing.issue_statements(date(2027, 4, 1))) == 1
    assert lines(shop, licence, "2027-Q1") == [("2027-Q1", 0, 3, "-30.00")]
    assert shop.licensing.issue_statements(date(2028, 1, 1)) == []


def test_a_late_sale_of_the_last_period_is_stated_with_the_next_that_is_over(small_shop: Any, a_year: Grant) -> None:
    licence = sign(small_shop, a_year, "0.10")
    small_shop.licensing.issue_statements(date(2027, 1, 10))
    sell(small_shop, licence, NOVEMBER, "1000.00")
    assert len(small_shop.licensing.issue_statements(date(2027, 7, 1))) == 1
    assert lines(small_shop, licence, "2027-Q1") == [("2026-Q4", 1, 0, "100.00")]


def test_a_sale_without_a_licence_any_more_is_reported(small_shop: Any, a_year: Grant) -> None:
    licence = sign(small_shop, a_year.model_copy(update={"ends": date(2026, 6, 30)}), "0.10")
    small_shop.licensing.issue_statements(date(2026, 7, 10))
    sell(small_shop, licence, NOVEMBER, "1000.00")
    assert len(small_shop.licensing.issue_statements(date(2027, 1, 10))) == 2
    (breach,) = small_shop.licensing.statement(licence, "2026-Q4").breaches
    assert (breach.code, breach.base) == ("LICENCE_LAPSED", cny("1000.00"))


def test_contracts_that_share_an_account_are_stated_as_long_as_each_has_anything(
    small_shop: Any, a_year: Grant
) -> None:
    over = sign(small_shop, a_year, "0.10", "LIC-1", shared_account="PALACE")
    longer = a_year.model_copy(update={"ends": date(2027, 12, 31)})
    going_on = sign(small_shop, longer, "0.10", "LIC-2", shared_account="PALACE")
    small_shop.licensing.issue_statements(date(2027, 1, 10))
    sell(small_shop, going_on, date(2027, 2, 1), "1000.00")
    assert len(small_shop.licensing.issue_statements(date(2027, 4, 10))) == 1
    assert [each.period for each in small_shop.licensing.statements(over)][0] == "2026-Q4"
