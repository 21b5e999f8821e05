"""After the end of a licence: what comes late is stated all the same, and what was never earned back is charged."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from licences import cny, sell, sign

from souvenir.eventlog.followers import Followers
from souvenir.kernel.money import total
from souvenir.ledger.application import Ledger
from souvenir.ledger.replay import AsOf
from souvenir.licensing.licence import Grant
from souvenir.licensing.terms import Instalment
from souvenir.processes.keep_books import KeepBooks

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


def test_a_late_return_under_a_contract_that_shares_an_account_is_stated_at_once(
    small_shop: Any, a_year: Grant
) -> None:
    licence = sign(small_shop, a_year, "0.10", shared_account="PALACE")
    order = sell(small_shop, licence, NOVEMBER, "1000.00", units=10)
    small_shop.licensing.issue_statements(date(2027, 1, 10))
    small_shop.take_back(order, 3, on=date(2027, 8, 20))
    assert len(small_shop.licensing.issue_statements(date(2027, 10, 10))) == 3
    assert lines(small_shop, licence, "2027-Q3") == [("2027-Q3", 0, 3, "-30.00")]


def test_contracts_that_share_an_account_are_stated_as_long_as_each_has_anything(
    small_shop: Any, a_year: Grant
) -> None:
    over = sign(small_shop, a_year, "0.10", "LIC-1", shared_account="PALACE")
    longer = a_year.model_copy(update={"ends": date(2027, 12, 31)})
    going_on = sign(small_shop, longer, "0.10", "LIC-2", shared_account="PALACE")
    small_shop.licensing.issue_statements(date(2027, 1, 10))
    sell(small_shop, going_on, date(2027, 2, 1), "1000.00")
    assert len(small_shop.licensing.issue_statements(date(2027, 4, 10))) == 1
    assert small_shop.licensing.statements(over)[0].period == "2026-Q4"


# What was never earned back.


def books(shop: Any, effective: date | None = None) -> dict[str, str]:
    """The royalty accounts that stand at anything, by the last parts of their names."""
    Followers(shop.log, (KeepBooks(),), ()).catch_up()
    rows = Ledger(shop.log).trial_balance(AsOf(effective=effective)).rows
    found = {row.account: row.closing.amount for row in rows if "Royalty" in row.account and row.closing}
    return {account.replace("Expenses:", "").replace(":LIC-A", ""): amount for account, amount in found.items()}


def separate(shop: Any, grant: Grant, *guaranteed: tuple[date, str], **terms: Any) -> UUID:
    """10 % by the year, each year alone."""
    dues = tuple(Instalment(due=due, amount=cny(amount)) for due, amount in guaranteed)
    return sign(shop, grant, "0.10", guarantees=dues, guarantee_years="separate", **terms)


def test_a_guarantee_year_that_falls_short_costs_its_guarantee_on_its_last_day(shop: Any, a_year: Grant) -> None:
    two_years = a_year.model_copy(update={"ends": date(2027, 12, 31)})
    licence = separate(shop, two_years, (date(2026, 12, 31), "200.00"), period_months=12)
    sell(shop, licence, NOVEMBER, "1500.00")
    assert books(shop) == {"Royalty": "150.00", "Liabilities:Royalty": "-150.00"}
    shop.licensing.issue_statements(date(2027, 1, 20))
    on_the_last_day = {"Royalty": "150.00", "Royalty:GuaranteeShortfall": "50.00", "Liabilities:Royalty": "-200.00"}
    assert books(shop, date(2026, 12, 31)) == books(shop) == on_the_last_day

    sell(shop, licence, NOVEMBER, "100.00")
    shop.licensing.issue_statements(date(2028, 1, 20))
    header = shop.licensing.statement(licence, "2027").header
    assert (header.account.lapsed, header.account.lapsed_to_date) == (cny("-10.00"), cny("40.00"))
    assert books(shop) == on_the_last_day | {"Royalty": "160.00", "Royalty:Impairment": "-10.00"}


def test_what_was_made_up_within_a_year_is_an_advance_until_it_ends(small_shop: Any, a_year: Grant) -> None:
    licence = separate(small_shop, a_year, (date(2026, 3, 31), "100.00"))
    sell(small_shop, licence, date(2026, 2, 1), "200.00")
    small_shop.licensing.issue_statements(date(2026, 4, 10))
    assert books(small_shop, date(2026, 3, 30)) == {"Royalty": "20.00", "Liabilities:Royalty": "-20.00"}
    as_an_advance = {"Royalty": "20.00", "Assets:PrepaidRoyalty": "80.00", "Liabilities:Royalty": "-100.00"}
    assert books(small_shop, date(2026, 3, 31)) == as_an_advance
    sell(small_shop, licence, NOVEMBER, "300.00")
    small_shop.licensing.issue_statements(date(2027, 1, 10))
    lost = {"Royalty": "50.00", "Royalty:Impairment": "50.00", "Liabilities:Royalty": "-100.00"}
    assert books(small_shop) == lost


@pytest.mark.parametrize(("recoups", "period", "day"), [(True, "2027-Q1", "03-31"), (False, "2026-Q4", "12-31")])
def test_the_rest_of_an_advance_is_lost_when_nothing_can_recoup_it_any_more(
    small_shop: Any, grant: Grant, recoups: bool, period: str, day: str
) -> None:
    """The sell-off lasts until 31 March; what is sold in it recoups, or does not."""
    terms = {"advance": cny("100.00"), "recoup_in_sell_off": recoups}
    licence = sign(small_shop, grant, "0.10", **terms)
    small_shop.licensing.record_advance(licence, "bank-1", cny("100.00"), cny("0.00"), date(2026, 1, 5))
    sell(small_shop, licence, NOVEMBER, "300.00")
    small_shop.licensing.issue_statements(date(2027, 6, 1))
    for each in ("2026-Q3", "2026-Q4", "2027-Q1"):
        lapsed = small_shop.licensing.statement(licence, each).header.account.lapsed
        assert lapsed == (cny("70.00") if each == period else None)
    assert books(small_shop, date.fromisoformat(f"{period[:4]}-{day}")) == {
        "Royalty": "30.00",
        "Royalty:Impairment": "70.00",
    }


def test_an_advance_of_several_contracts_is_lost_with_the_last_of_them(small_shop: Any, a_year: Grant) -> None:
    terms = {"advance": cny("100.00"), "shared_account": "PALACE"}
    sign(small_shop, a_year, "0.10", "LIC-1", **terms)
    longer = a_year.model_copy(update={"ends": date(2027, 3, 31)})
    other = sign(small_shop, longer, "0.10", "LIC-2", **terms)
    small_shop.licensing.issue_statements(date(2027, 4, 10))
    accounts = [small_shop.licensing.statement(other, period).header.account for period in ("2026-Q4", "2027-Q1")]
    assert [account.lapsed for account in accounts] == [None, cny("200.00")]


def test_a_licence_that_is_renewed_after_all_has_its_advance_back(small_shop: Any, a_year: Grant) -> None:
    licence = sign(small_shop, a_year, "0.10", advance=cny("100.00"))
    small_shop.licensing.issue_statements(date(2027, 1, 10))
    small_shop.licensing.renew(licence, date(2027, 12, 31), date(2027, 1, 15))
    small_shop.licensing.issue_statements(date(2027, 4, 10))
    account = small_shop.licensing.statement(licence, "2027-Q1").header.account
    assert (account.lapsed, account.lapsed_to_date) == (cny("-100.00"), None)


def test_a_reserve_may_still_recoup_after_the_last_period(small_shop: Any, a_year: Grant) -> None:
    terms = {"advance": cny("100.00"), "reserve_rate": "0.5", "reserve_periods": 1}
    licence = sign(small_shop, a_year, "0.10", **terms)
    sell(small_shop, licence, NOVEMBER, "600.00")
    small_shop.licensing.issue_statements(date(2027, 6, 1))
    accounts = [small_shop.licensing.statement(licence, each).header.account for each in ("2026-Q4", "2027-Q1")]
    assert [(account.closing_unrecouped, account.lapsed) for account in accounts] == [
        (cny("70.00"), None),
        (cny("40.00"), cny("40.00")),
    ]


def test_a_position_has_what_was_made_up_to_a_guarantee_to_recoup_until_it_lapses(shop: Any, a_year: Grant) -> None:
    licence = separate(shop, a_year, (date(2026, 3, 31), "100.00"))
    sell(shop, licence, date(2026, 2, 1), "200.00")
    shop.licensing.issue_statements(date(2026, 4, 10))
    sell(shop, licence, NOVEMBER, "300.00")
    shop.licensing.issue_statements(date(2027, 1, 10))
    shop.followers.catch_up()
    days = (date(2026, 3, 30), date(2026, 3, 31), NOVEMBER, date(2026, 12, 31))
    with shop.log.reading() as session:
        left = [shop.royalties.position(session, licence, day).unrecouped for day in days]
    assert left == [cny("0.00"), cny("80.00"), cny("50.00"), cny("0.00")]


# Whatever is sold and comes back: in the end the books have charged what the statements asked for, and nothing is prepaid.

DAYS = [date(year, month, 15) for year in (2026, 2027) for month in range(1, 13)]
SALES = st.lists(
    st.tuples(st.sampled_from(DAYS), st.integers(1, 40), st.one_of(st.none(), st.sampled_from(DAYS))), max_size=8
)


@settings(max_examples=25, deadline=None)
@given(
    sales=SALES,
    guarantees=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    advance=st.integers(0, 20),
    terms=st.sampled_from(
        (
            {"guarantee_years": "separate"},
            {"guarantee_years": "crossed"},
            {"guarantee_years": "crossed", "recoup_in_sell_off": False},
            {"guarantee_years": "separate", "reserve_rate": "0.2", "reserve_periods": 2},
        )
    ),
)
def test_the_books_come_to_what_the_statements_asked_for(
    new_shop: Callable[[], Any],
    sales: list[tuple[date, int, date | None]],
    guarantees: tuple[int, int],
    advance: int,
    terms: dict[str, Any],
) -> None:
    shop = new_shop()
    grant = Grant(
        categories=("enamel",), territories=("CN",), channels=("shop",), starts=date(2026, 1, 1),
        ends=date(2027, 9, 30), sell_off_days=92,
    )  # fmt: skip
    dues = tuple(
        Instalment(due=date(year, 6, 30), amount=cny(f"{100 * each}.00"))
        for year, each in zip((2026, 2027), guarantees, strict=True)
    )
    agreed = cny(f"{100 * advance}.00")
    licence = sign(shop, grant, "0.10", guarantees=dues, advance=agreed, **terms)
    late = []
    for number, (sold_on, units, returned_on) in enumerate(sales):
        if number % 3 == 2:
            late.append((sold_on, units))
            continue
        order = sell(shop, licence, sold_on, f"{100 * units}.00", units=units)
        if returned_on is not None and returned_on >= sold_on:
            shop.take_back(order, units, on=returned_on, return_no=number + 1)
    shop.licensing.issue_statements(date(2027, 4, 10))
    for sold_on, units in late:
        sell(shop, licence, sold_on, f"{100 * units}.00", units=units)
    shop.licensing.issue_statements(date(2029, 1, 10))
    periods = [each.period for each in shop.licensing.statements(licence)]
    accounts = [shop.licensing.statement(licence, period).header.account for period in periods]
    asked = total((account.payable + (account.shortfall or agreed * 0) for account in accounts), "CNY")
    found = {name: cny(amount) for name, amount in books(shop).items()}
    nothing = cny("0.00")
    assert found.pop("Liabilities:Royalty", nothing) == -asked
    assert found.pop("Assets:PrepaidRoyalty", nothing) == -agreed, "which was never paid"
    assert total(found.values(), "CNY") == asked + agreed
    shop.log.close()
