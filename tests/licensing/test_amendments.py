"""Amendments: signed today, effective last quarter; what was stated stays, and the difference is on the next statement."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from souvenir.eventlog.rebuild import differences
from souvenir.kernel.money import Money
from souvenir.licensing.adjustment import Adjustment
from souvenir.licensing.amending import restated
from souvenir.licensing.licence import AmendmentAlreadyRecorded, AmendmentUnsound, Grant, Licence
from souvenir.licensing.position import Year, earned_to_date
from souvenir.licensing.sheet import AdjustmentLine
from souvenir.licensing.terms import Agreed, RateOutOfRange, RoyaltyTerms, Tier, flat

NAME = {"zh-Hans": "云龙", "en": "Cloud dragon"}
FEBRUARY, MAY, AUGUST = date(2026, 2, 10), date(2026, 5, 5), date(2026, 8, 3)
JANUARY_1, APRIL_1, SIGNED = date(2026, 1, 1), date(2026, 4, 1), date(2026, 5, 20)


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


def sign(shop: Any, grant: Grant, terms: RoyaltyTerms | None = None) -> UUID:
    licence: UUID = shop.licensing.grant("LIC-A", "Palace Studio", NAME, grant, terms or flat("0.08", "CNY")).result
    return licence


def position(shop: Any, licence: UUID) -> Any:
    with shop.log.reading() as session:
        return shop.royalties.position(session, licence)


def test_a_rate_signed_late_leaves_the_stated_quarter_and_adjusts_the_next_on_every_store(
    shop: Any, grant: Grant
) -> None:
    licence = sign(shop, grant)
    shop.sell("1130.00", licence, on=FEBRUARY)
    shop.licensing.issue_statement(licence, "2026-Q1", date(2026, 4, 10))
    issued = shop.licensing.statement(licence, "2026-Q1").canonical()
    shop.sell("1130.00", licence, on=MAY)

    shop.licensing.amend(licence, "A1", flat("0.10", "CNY", marketing_fund_rate="0.01"), JANUARY_1, SIGNED)
    shop.followers.catch_up()
    shop.sell("1130.00", licence, on=date(2026, 6, 1))

    assert shop.licensing.statement(licence, "2026-Q1").canonical() == issued
    shop.licensing.issue_statement(licence, "2026-Q2", date(2026, 7, 10))
    second = shop.licensing.statement(licence, "2026-Q2")
    assert second.adjustments == (
        AdjustmentLine("A1", "2026-Q1", cny("1000.00"), "0.08", "0.10", cny("20.00"), cny("10.00")),
        AdjustmentLine("A1", "2026-Q2", cny("1000.00"), "0.08", "0.10", cny("20.00"), cny("10.00")),
    )
    assert [(line.rate, line.royalty) for line in second.lines] == [("0.08", cny("80.00")), ("0.10", cny("100.00"))]
    assert (second.royalty, second.header.due.amount) == (cny("220.00"), cny("250.00"))
    now = position(shop, licence)
    assert (now.earned, now.payable, now.marketing_fund) == (cny("300.00"), cny("300.00"), cny("30.00"))
    assert [(p.period, p.earned, p.sold) for p in now.periods] == [
        ("2026-Q1", cny("100.00"), 1),
        ("2026-Q2", cny("200.00"), 2),
    ]
    assert [line for register in shop.log.registers for line in differences(shop.log, register)] == []


def test_an_amendment_before_the_statement_is_on_it(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant)
    small_shop.sell("1130.00", licence, on=FEBRUARY)
    small_shop.licensing.amend(licence, "A1", flat("0.10", "CNY"), JANUARY_1, date(2026, 4, 5))
    draft = small_shop.licensing.draft_statement(licence, "2026-Q1", date(2026, 4, 10))
    assert (draft.sheet.royalty, draft.flags) == (cny("100.00"), ())


def test_a_lower_rate_is_credited_and_not_paid_back(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant)
    small_shop.sell("1130.00", licence, on=FEBRUARY)
    small_shop.licensing.issue_statement(licence, "2026-Q1", date(2026, 4, 10))
    small_shop.licensing.amend(licence, "A1", flat("0.05", "CNY"), JANUARY_1, SIGNED)
    draft = small_shop.licensing.draft_statement(licence, "2026-Q2", date(2026, 7, 10)).sheet.header
    assert (draft.account.earned, draft.account.payable, draft.account.closing_unrecouped) == (
        cny("-30.00"),
        cny("0.00"),
        cny("30.00"),
    )


def test_a_return_unwinds_the_rate_of_its_own_period(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant)
    first = small_shop.sell("1130.00", licence, on=FEBRUARY)
    second = small_shop.sell("1130.00", licence, on=MAY)
    small_shop.licensing.amend(licence, "A1", flat("0.10", "CNY"), APRIL_1, SIGNED)
    small_shop.take_back(first, 1, on=AUGUST, return_no=1)
    assert position(small_shop, licence).periods[-1].earned == cny("-80.00")
    small_shop.take_back(second, 1, on=AUGUST, return_no=2)
    assert position(small_shop, licence).earned == cny("0.00")


def test_the_amendment_signed_last_is_right(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant)
    small_shop.sell("1130.00", licence, on=MAY)
    small_shop.licensing.amend(licence, "A1", flat("0.12", "CNY"), APRIL_1, SIGNED)
    small_shop.licensing.amend(licence, "A2", flat("0.09", "CNY"), JANUARY_1, date(2026, 6, 1))
    assert position(small_shop, licence) is not None
    small_shop.followers.catch_up()
    assert position(small_shop, licence).earned == cny("90.00")


def test_asking_twice_adjusts_once(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant)
    small_shop.sell("1130.00", licence, on=FEBRUARY)
    amendment = (licence, "A1", flat("0.10", "CNY"), JANUARY_1, SIGNED)
    small_shop.licensing.amend(*amendment)
    head = small_shop.log.head()
    small_shop.licensing.amend(*amendment)
    assert small_shop.log.head() == head
    with pytest.raises(AmendmentAlreadyRecorded):
        small_shop.licensing.amend(licence, "A1", flat("0.11", "CNY"), JANUARY_1, SIGNED)


@pytest.mark.parametrize(
    ("terms", "effective", "refusal"),
    [
        (flat("0.10", "CNY"), date(2026, 2, 1), AmendmentUnsound),
        (flat("0.10", "CNY"), date(2025, 10, 1), AmendmentUnsound),
        (flat("0.10", "CNY", price_share="0.5"), APRIL_1, AmendmentUnsound),
        (flat("0.10", "USD"), APRIL_1, AmendmentUnsound),
        (flat("1.10", "CNY"), APRIL_1, RateOutOfRange),
    ],
)
def test_amendments_that_cannot_be_recorded(
    small_shop: Any, grant: Grant, terms: RoyaltyTerms, effective: date, refusal: type[Exception]
) -> None:
    licence = sign(small_shop, grant)
    with pytest.raises(refusal):
        small_shop.licensing.amend(licence, "A1", terms, effective, SIGNED)
    assert small_shop.log.load(Licence, licence).amendments == ()


def test_what_sell_off_earned_apart_is_adjusted_apart(small_shop: Any, grant: Grant) -> None:
    apart = {"advance": cny("1000.00"), "recoup_in_sell_off": False}
    licence = sign(small_shop, grant, flat("0.08", "CNY", **apart))
    small_shop.sell("1130.00", licence, on=date(2027, 1, 10))
    small_shop.licensing.amend(licence, "A1", flat("0.10", "CNY", **apart), JANUARY_1, date(2027, 2, 1))
    (made,) = [r.event for r in small_shop.log.events(topics=("licensing.RoyaltyAdjusted",))]
    assert isinstance(made, Adjustment.Made)
    assert (made.outside, made.payable, made.recouped) == (cny("20.00"), cny("20.00"), cny("0.00"))


def test_sales_of_the_quarter_in_which_the_term_ends_recoup(small_shop: Any, grant: Grant) -> None:
    apart = {"advance": cny("1000.00"), "recoup_in_sell_off": False}
    licence = sign(small_shop, grant, flat("0.08", "CNY", **apart))
    small_shop.sell("1130.00", licence, on=date(2026, 12, 10))
    small_shop.licensing.amend(licence, "A1", flat("0.10", "CNY", **apart), JANUARY_1, date(2027, 2, 1))
    (made,) = [r.event for r in small_shop.log.events(topics=("licensing.RoyaltyAdjusted",))]
    assert isinstance(made, Adjustment.Made)
    assert (made.outside, made.payable, made.recouped) == (cny("0.00"), cny("0.00"), cny("20.00"))


def test_prospective_rates_are_set_anew_and_later_sales_go_by_them(small_shop: Any, grant: Grant) -> None:
    def steps(*rates: str) -> RoyaltyTerms:
        tiers = (Tier(up_to=500, rate=rates[0]), Tier(up_to=None, rate=rates[1]))
        return RoyaltyTerms(currency="CNY", tiers=tiers, method="prospective")

    licence = sign(small_shop, grant, steps("0.05", "0.08"))
    small_shop.sell("1130.00", licence, on=FEBRUARY)
    small_shop.sell("1130.00", licence, on=MAY)
    small_shop.licensing.amend(licence, "A1", steps("0.06", "0.10"), JANUARY_1, SIGNED)
    small_shop.sell("1130.00", licence, on=date(2026, 6, 1))
    assert [p.earned for p in position(small_shop, licence).periods] == [cny("60.00"), cny("200.00")]
    assert [line for register in small_shop.log.registers for line in differences(small_shop.log, register)] == []


ladders = st.builds(
    lambda limits, rates, method, measure, fund: RoyaltyTerms(
        currency="CNY",
        tiers=tuple(Tier(up_to=limit, rate=rate) for limit, rate in zip([*sorted(limits), None], rates, strict=False)),
        method=method,
        measure=measure,
        marketing_fund_rate=fund,
    ),
    st.sets(st.integers(1, 60).map(Decimal), max_size=2),
    st.lists(st.decimals(0, 1, places=3), min_size=3, max_size=3),
    st.sampled_from(["marginal", "whole", "prospective"]),
    st.sampled_from(["net", "units"]),
    st.decimals(0, 1, places=2),
)
PERIODS = ("2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4")
sales = st.lists(st.tuples(st.sampled_from(PERIODS), st.integers(1, 9), st.integers(0, 4000)), max_size=10)


def year_of(agreed: Agreed, sold: Sequence[tuple[str, int, int]]) -> Year:
    year = Year(1, "CNY")
    for period, units, minor in sorted(sold, key=lambda sale: sale[0]):
        year = year.with_sold(agreed, (period, ""), units, minor)
    return year


@given(ladders, ladders, sales, st.sampled_from(PERIODS))
def test_what_was_earned_and_its_adjustments_are_what_the_new_terms_give(
    old: RoyaltyTerms, new: RoyaltyTerms, sold: list[tuple[str, int, int]], since: str
) -> None:
    before, after = Agreed(old), Agreed(old, ((since, new),))
    year = year_of(before, sold)
    changes = list(restated(before, after, year))
    earned, fund = earned_to_date(before, year)
    for change in changes:
        year = year.having(year.counts[change.period, ""]._replace(rate=change.period_rate))
    assert {change.period for change in changes} <= {period for period in PERIODS if period >= since}
    assert earned_to_date(after, year) == (
        earned + sum(change.royalty.minor for change in changes),
        fund + sum(change.marketing_fund.minor for change in changes),
    )
