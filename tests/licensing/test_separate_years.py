"""Guarantee years that stand alone: neither a surplus nor what is left unrecouped crosses from one to another."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from licences import BY_ID, cny, sell, sign

from souvenir.documents.statement import print_statement
from souvenir.eventlog.rebuild import differences
from souvenir.kernel.money import Money, total
from souvenir.licensing.licence import Grant
from souvenir.licensing.periods import year_begins
from souvenir.licensing.registers import RoyaltyPositions
from souvenir.licensing.royalty import recoupment
from souvenir.licensing.sheet import Header
from souvenir.licensing.terms import Instalment, TermUnsound, flat

END = {2026: date(2026, 12, 31), 2027: date(2027, 12, 31)}
SPRING = {2026: date(2026, 5, 1), 2027: date(2027, 5, 1)}


@pytest.fixture
def two_years(grant: Grant) -> Grant:
    return grant.model_copy(update={"ends": END[2027], "sell_off_days": 0})


def guaranteed(*amounts: str) -> tuple[Instalment, ...]:
    return tuple(Instalment(due=END[year], amount=cny(amount)) for year, amount in zip(END, amounts, strict=False))


def apart(shop: Any, grant: Grant, **terms: Any) -> UUID:
    """10 % by the year, each year alone; 20,000.00 guaranteed for each where nothing else is said."""
    terms = {"guarantees": guaranteed("20000.00", "20000.00"), "period_months": 12} | terms
    return sign(shop, grant, "0.10", guarantee_years="separate", **terms)


def state(shop: Any, licence: UUID, period: str, on: date) -> Header:
    shop.licensing.issue_statement(licence, period, on)
    header: Header = shop.licensing.statement(licence, period).header
    return header


def stated(shop: Any, licence: UUID, *periods: str) -> list[Header]:
    shop.licensing.issue_statements(date(2028, 6, 1))
    return [shop.licensing.statement(licence, period).header for period in periods]


def flags_of(shop: Any, licence: UUID, period: str, on: date) -> list[str]:
    return [flag.code for flag in shop.licensing.draft_statement(licence, period, on).flags]


def test_two_guaranteed_years_stand_alone(small_shop: Any, two_years: Grant) -> None:
    vector = BY_ID["R20"]
    inputs, expected = vector["inputs"]["years"], vector["expected"]
    licence = apart(small_shop, two_years, guarantees=guaranteed(*(each["mg"] for each in inputs)))
    for year, each in zip(END, inputs, strict=True):
        sell(small_shop, licence, SPRING[year], str(Decimal(each["earned"]) * 10))
    first, second = stated(small_shop, licence, "2026", "2027")
    assert [(header.due.royalty.amount, header.account.shortfall) for header in (first, second)] == [
        ("26000.00", cny("0.00")),
        ("20000.00", cny("5000.00")),
    ]
    assert second.account.cash_to_date.amount == expected["separate_total"]
    assert second.account.cash_to_date.amount != expected["crossed_total"]
    assert [(year.contract_year, year.cash_to_date) for year in second.account.years or ()] == [
        (1, cny("26000.00")),
        (2, cny("20000.00")),
    ]


def test_what_the_first_year_left_unrecouped_does_not_lower_the_second(shop: Any, two_years: Grant) -> None:
    licence = apart(shop, two_years, advance=cny("10000.00"), guarantees=())
    sell(shop, licence, SPRING[2026], "30000.00")
    first = state(shop, licence, "2026", date(2027, 1, 10))
    assert (first.due.royalty, first.account.closing_unrecouped) == (cny("0.00"), cny("7000.00"))
    sell(shop, licence, SPRING[2027], "40000.00")
    with shop.log.reading() as session:
        periods = shop.royalties.position(session, licence).periods
    assert [(each.recouped, each.payable) for each in periods] == [
        (cny("3000.00"), cny("0.00")),
        (cny("0.00"), cny("4000.00")),
    ]
    assert flags_of(shop, licence, "2027", date(2028, 1, 10)) == ["ADVANCE_UNPAID"]
    second = state(shop, licence, "2027", date(2028, 1, 10))
    assert second.due.royalty == cny("4000.00")
    assert [each.closing_unrecouped for each in second.account.years or ()] == [cny("7000.00"), cny("0.00")]
    assert differences(shop.log, RoyaltyPositions()) == []


def test_a_shortfall_is_due_at_the_end_of_its_year_and_earned_back_within_it_only(shop: Any, two_years: Grant) -> None:
    licence = apart(shop, two_years, period_months=3)
    sell(shop, licence, SPRING[2026], "150000.00")
    sell(shop, licence, SPRING[2027], "260000.00")
    headers = stated(shop, licence, "2026-Q2", "2026-Q4", "2027-Q1", "2027-Q2", "2027-Q4")
    assert [header.due.royalty.amount for header in headers] == ["15000.00", "5000.00", "0.00", "26000.00", "0.00"]
    assert headers[-1].account.cash_to_date == cny("46000.00")


def test_what_a_guarantee_made_up_to_is_recouped_before_it_is_stated(shop: Any, two_years: Grant) -> None:
    first = Instalment(due=date(2026, 3, 31), amount=cny("100.00"))
    licence = apart(shop, two_years, guarantees=(first,), period_months=3)
    sell(shop, licence, date(2026, 2, 1), "400.00")
    sell(shop, licence, SPRING[2026], "700.00")
    with shop.log.reading() as session:
        (_, spring) = shop.royalties.position(session, licence).periods
    assert (spring.recouped, spring.payable) == (cny("60.00"), cny("10.00"))
    assert [header.due.royalty.amount for header in stated(shop, licence, "2026-Q1", "2026-Q2")] == ["100.00", "10.00"]


def test_a_return_counts_in_the_year_of_its_sale_and_is_credited(shop: Any, two_years: Grant) -> None:
    licence = apart(shop, two_years)
    order = sell(shop, licence, SPRING[2026], "260000.00", units=26)
    state(shop, licence, "2026", date(2027, 1, 10))
    sell(shop, licence, SPRING[2027], "230000.00")
    shop.take_back(order, 2, on=SPRING[2027])
    assert flags_of(shop, licence, "2027", date(2028, 1, 10)) == ["MANY_RETURNS"]
    second = state(shop, licence, "2027", date(2028, 1, 10))
    assert second.due.royalty == cny("21000.00")
    assert [(each.earned, each.payable, each.recouped) for each in second.account.years or ()] == [
        (cny("-2000.00"), cny("-2000.00"), cny("0.00")),
        (cny("23000.00"), cny("23000.00"), cny("0.00")),
    ]
    assert differences(shop.log, RoyaltyPositions()) == []


def test_a_return_below_the_guarantee_of_its_year_takes_nothing_off_another(shop: Any, two_years: Grant) -> None:
    licence = apart(shop, two_years)
    order = sell(shop, licence, SPRING[2026], "210000.00", units=21)
    state(shop, licence, "2026", date(2027, 1, 10))
    sell(shop, licence, SPRING[2027], "230000.00")
    shop.take_back(order, 3, on=SPRING[2027])
    second = state(shop, licence, "2027", date(2028, 1, 10))
    assert second.due.royalty == cny("22000.00")
    assert second.account.cash_to_date == cny("43000.00")
    assert [each.closing_unrecouped for each in second.account.years or ()] == [cny("2000.00"), cny("0.00")]


def test_an_amendment_adjusts_the_year_of_the_sales(shop: Any, two_years: Grant) -> None:
    licence = apart(shop, two_years)
    sell(shop, licence, SPRING[2026], "150000.00")
    state(shop, licence, "2026", date(2027, 1, 10))
    sell(shop, licence, SPRING[2027], "260000.00")
    terms = {"guarantees": guaranteed("20000.00", "20000.00"), "period_months": 12, "guarantee_years": "separate"}
    shop.licensing.amend(licence, "A1", flat("0.12", "CNY", **terms), date(2026, 1, 1), signed_on=date(2027, 6, 1))
    assert flags_of(shop, licence, "2027", date(2028, 1, 10)) == []
    second = state(shop, licence, "2027", date(2028, 1, 10))
    assert [(each.earned_to_date, each.cash_to_date) for each in second.account.years or ()] == [
        (cny("18000.00"), cny("20000.00")),
        (cny("31200.00"), cny("31200.00")),
    ]
    assert second.due.royalty == cny("31200.00")
    assert differences(shop.log, RoyaltyPositions()) == []


def test_a_year_that_turns_within_a_quarter_is_told_by_the_day(small_shop: Any, grant: Grant) -> None:
    dates = {"starts": date(2026, 2, 15), "ends": date(2028, 2, 14), "sell_off_days": 0}
    ends = (date(2027, 2, 14), date(2028, 2, 14))
    dues = tuple(Instalment(due=each, amount=cny("100.00")) for each in ends)
    licence = apart(small_shop, grant.model_copy(update=dates), guarantees=dues, period_months=3)
    sell(small_shop, licence, date(2027, 2, 14), "700.00")
    sell(small_shop, licence, date(2027, 2, 15), "1500.00")
    (turning,) = stated(small_shop, licence, "2027-Q1")
    assert [(each.earned, each.shortfall) for each in turning.account.years or ()] == [
        (cny("70.00"), cny("30.00")),
        (cny("150.00"), cny("0.00")),
    ]


def test_a_reserve_is_released_to_the_year_it_was_held_of(small_shop: Any, two_years: Grant) -> None:
    licence = apart(small_shop, two_years, reserve_rate="0.10", reserve_periods=1)
    sell(small_shop, licence, SPRING[2026], "300000.00")
    sell(small_shop, licence, SPRING[2027], "300000.00")
    small_shop.licensing.issue_statements(date(2029, 6, 1))
    headers = [small_shop.licensing.statement(licence, period).header for period in ("2026", "2027", "2028")]
    assert [header.due.royalty for header in headers] == [cny("27000.00"), cny("30000.00"), cny("3000.00")]
    assert [each.earned_to_date for each in headers[2].account.years or ()] == [cny("30000.00"), cny("30000.00")]


def test_sales_of_two_years_in_one_batch_find_their_own_account(shop: Any, two_years: Grant) -> None:
    licence = apart(shop, two_years, advance=cny("100.00"), guarantees=())
    shop.following = False
    for year in (2026, 2027, 2026, 2027):
        sell(shop, licence, SPRING[year], "700.00")
    shop.followers.catch_up()
    with shop.log.reading() as session:
        periods = shop.royalties.position(session, licence).periods
    assert [(each.recouped, each.payable) for each in periods] == [
        (cny("100.00"), cny("40.00")),
        (cny("0.00"), cny("140.00")),
    ]
    assert differences(shop.log, RoyaltyPositions()) == []


def test_the_forecast_is_of_the_year_of_the_day(small_shop: Any, two_years: Grant) -> None:
    licence = apart(small_shop, two_years)
    sell(small_shop, licence, date(2026, 1, 1), "500000.00")
    sell(small_shop, licence, date(2027, 1, 1), "73000.00")
    ahead = small_shop.licensing.forecast(licence, date(2027, 3, 14))
    assert (ahead.contract_year, ahead.days_gone, ahead.days_left) == (2, 73, 292)
    assert (ahead.guarantee, ahead.earned, ahead.shortfall) == (cny("20000.00"), cny("7300.00"), cny("0.00"))
    assert small_shop.licensing.forecast(licence, date(2030, 1, 1)).contract_year == 2


def test_the_statement_shows_each_year(small_shop: Any, two_years: Grant) -> None:
    licence = apart(small_shop, two_years)
    sell(small_shop, licence, SPRING[2026], "150000.00")
    small_shop.licensing.issue_statement(licence, "2026", date(2027, 1, 10))
    sheet = small_shop.licensing.statement(licence, "2026")
    assert "第1合同年 Contract year 1: 未抵扣 unrecouped" in print_statement(sheet, sheet.digest)
    assert b'"contract_year":1' in sheet.canonical()


def test_contracts_that_say_nothing_of_it_are_crossed_and_their_statements_do_not_speak_of_years(
    small_shop: Any, two_years: Grant
) -> None:
    licence = sign(small_shop, two_years, "0.10", guarantees=guaranteed("20000.00", "20000.00"), period_months=12)
    sell(small_shop, licence, SPRING[2026], "260000.00")
    assert state(small_shop, licence, "2026", date(2027, 1, 10)).account.years is None
    assert b"years" not in small_shop.licensing.statement(licence, "2026").canonical()
    with small_shop.log.reading() as session:
        assert session.rows("SELECT * FROM royalty_years") == []


def test_an_account_that_contracts_share_has_no_years_apart(small_shop: Any, two_years: Grant) -> None:
    with pytest.raises(TermUnsound):
        apart(small_shop, two_years, shared_account="PALACE")


@pytest.mark.parametrize("due", [date(2025, 12, 31), date(2028, 1, 1)])
def test_a_guarantee_of_no_year_is_refused(small_shop: Any, two_years: Grant, due: date) -> None:
    with pytest.raises(TermUnsound):
        apart(small_shop, two_years, guarantees=(Instalment(due=due, amount=cny("1.00")),))


def test_a_contract_of_29_february_has_years_that_begin_in_march() -> None:
    assert [year_begins(date(2024, 2, 29), number) for number in (1, 2, 5)] == [
        date(2024, 2, 29),
        date(2025, 3, 1),
        date(2028, 2, 29),
    ]


# Whatever is sold and comes back: in the end each year has cost the greater of its guarantee and its royalties.

DAYS = [date(year, month, 15) for year in (2026, 2027) for month in range(1, 13)]
MONTHS = st.lists(
    st.tuples(st.sampled_from(DAYS), st.integers(1, 40), st.one_of(st.none(), st.sampled_from(DAYS))), max_size=8
)


def quarters() -> Iterator[tuple[str, date, date]]:
    """Each quarter of the two years, its first day and that on which it is stated."""
    for at in range(8):
        year, month = 2026 + at // 4, at % 4 * 3 + 1
        after = date(year + (month == 10), (month + 3) % 12, 10)
        yield f"{year}-Q{at % 4 + 1}", date(year, month, 1), after


@settings(max_examples=40, deadline=None)
@given(sales=MONTHS, mg=st.tuples(st.integers(1, 30), st.integers(1, 30)), advance=st.integers(0, 20))
def test_what_is_paid_is_what_the_engine_says_of_separate_years(
    new_shop: Callable[[], Any], sales: list[tuple[date, int, date | None]], mg: tuple[int, int], advance: int
) -> None:
    shop = new_shop()
    grant = Grant(
        categories=("enamel",), territories=("CN",), channels=("shop",), starts=date(2026, 1, 1), ends=END[2027]
    )
    later = guaranteed(*(f"{100 * each}.00" for each in mg))
    licence = apart(shop, grant, guarantees=later, advance=cny(f"{100 * advance}.00"), period_months=3)
    earned, back = {2026: 0, 2027: 0}, []
    paid, headers = [], []
    for period, first, stated_on in quarters():
        for sold_on, units, returned_on in sales:
            if first <= sold_on < stated_on.replace(day=1):
                order = sell(shop, licence, sold_on, f"{100 * units}.00", units=units)
                earned[sold_on.year] += units * 10_00
                if returned_on is not None and returned_on >= sold_on:
                    back.append((order, units, sold_on, returned_on))
        for number, (order, units, sold_on, returned_on) in enumerate(back):
            if first <= returned_on < stated_on.replace(day=1):
                shop.take_back(order, units, on=returned_on, return_no=number + 1)
                earned[sold_on.year] -= units * 10_00
        found = shop.licensing.draft_statement(licence, period, stated_on).flags
        assert not {flag.code for flag in found} & {"PAYABLE_DIFFERS", "REGISTER_DIFFERS"}
        headers.append(state(shop, licence, period, stated_on))
        paid.append(headers[-1].due.royalty)
    guarantees = (Money((mg[0] + advance) * 100_00, "CNY"), Money(mg[1] * 100_00, "CNY"))
    whole = recoupment.separate_years(
        [(due, Money(earned[year], "CNY")) for due, year in zip(guarantees, earned, strict=True)], "CNY"
    )
    account = headers[-1].account
    assert account.cash_to_date == whole
    assert total(paid, "CNY") + cny(f"{100 * advance}.00") == whole + account.royalty_credit
    assert differences(shop.log, RoyaltyPositions()) == []
    shop.log.close()
