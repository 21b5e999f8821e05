"""Charged by article or by unit, for free goods, for missing labels, for paying late: live, with the vectors' figures."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from licences import BY_ID, IN_QUARTER, STATED_ON, cny, sell, sign, state, with_vat

from souvenir.eventlog.rebuild import differences
from souvenir.kernel.money import Money
from souvenir.licensing.deemed import FreeGoodsUnsound
from souvenir.licensing.label_stock import LabelCount
from souvenir.licensing.licence import Grant
from souvenir.licensing.terms import RateOutOfRange, RoyaltyTerms, TermUnsound, Tier


def of_article(shop: Any, licence: UUID, sku: str, net: str, units: int, quarter: int = 0) -> UUID:
    order: UUID = shop.sell(
        with_vat(net),
        licence,
        on=IN_QUARTER[quarter],
        units=units,
        sku=sku,
        unit_price=Money(cny(with_vat(net)).minor // units, "CNY"),
    )
    return order


def nothing_differs(shop: Any) -> bool:
    return [line for register in shop.log.registers for line in differences(shop.log, register)] == []


# The least a unit bears.


def test_a_royalty_per_unit_is_what_buyers_kept(shop: Any, grant: Grant) -> None:
    vector = BY_ID["R11"]
    licence = sign(shop, grant, "0", unit_floor=cny(vector["inputs"]["per_unit"]))
    order = of_article(shop, licence, "A", "42000.00", 420)
    shop.take_back(order, 15, on=IN_QUARTER[0])
    assert state(shop, licence, 0).account.earned.amount == vector["expected"]["royalty"]
    assert vector["expected"]["royalty"] != vector["wrong_answers"]["ignores_returns"]
    assert nothing_differs(shop)


def test_the_greater_of_rate_and_floor_is_tested_article_by_article(shop: Any, grant: Grant) -> None:
    vector = BY_ID["R12"]
    licence = sign(shop, grant, vector["inputs"]["rate"], unit_floor=cny(vector["inputs"]["floor_per_unit"]))
    for article in vector["inputs"]["skus"]:
        of_article(shop, licence, article["sku"], article["net"], article["units"])
    assert state(shop, licence, 0).account.earned.amount == vector["expected"]["royalty"] == "430.00"
    lines = shop.licensing.statement(licence, "2026-Q1").lines
    assert [(line.sku, line.royalty.amount, line.rate) for line in lines] == [
        ("A", "270.00", "0.06 or 2.00 CNY each"),
        ("B", "160.00", "0.06 or 2.00 CNY each"),
    ]


def test_the_floor_is_tested_on_an_article_s_quarter_not_on_each_sale(small_shop: Any, grant: Grant) -> None:
    """Ten dear units and ten cheap ones: 6 % of 2,000.00 is more than 20 · 2.00, though ten cheap ones bear less."""
    licence = sign(small_shop, grant, "0.06", unit_floor=cny("2.00"))
    dear, cheap = (of_article(small_shop, licence, "A", net, 10) for net in ("1900.00", "100.00"))
    assert state(small_shop, licence, 0).account.earned == cny("120.00")
    small_shop.take_back(dear, 10, on=IN_QUARTER[1], return_no=1)
    assert state(small_shop, licence, 1).account.earned == cny("-100.00"), "the cheap ones bear their floor again"
    small_shop.take_back(cheap, 10, on=IN_QUARTER[2], return_no=2)
    assert state(small_shop, licence, 2).account.earned == cny("-20.00"), "nothing is left"


def test_units_over_a_cap_bear_the_multiple_of_their_floor(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, "0", unit_floor=cny("2.00"), unit_cap=10, over_cap_multiplier="3")
    of_article(small_shop, licence, "A", "1200.00", 12)
    account = state(small_shop, licence, 0).account
    assert (account.earned, account.outside) == (cny("20.00"), cny("12.00"))


# Free goods.


def test_free_goods_beyond_the_allowance_count_as_sold_at_the_average_price(shop: Any, grant: Grant) -> None:
    vector = BY_ID["R39"]
    licence = sign(shop, grant, "0.08", free_goods_allowance=vector["inputs"]["free_allowance_pct_of_sold"])
    sell(shop, licence, IN_QUARTER[0], "50000.00", units=1000)
    for _ in range(2):
        shop.licensing.report_free_goods(licence, "2026-Q1", vector["inputs"]["free_units"], date(2026, 4, 5))
    (line,) = shop.licensing.draft_statement(licence, "2026-Q1", STATED_ON[0]).sheet.adjustments
    assert (line.amendment_no, line.base, line.royalty) == ("free goods", cny("750.00"), cny("60.00"))
    earned = state(shop, licence, 0).account.earned.amount
    assert earned == vector["expected"]["royalty"]
    assert earned not in vector["wrong_answers"].values()
    assert nothing_differs(shop)


def test_free_goods_reach_the_tier_their_number_reaches(small_shop: Any, grant: Grant) -> None:
    ladder = (Tier(up_to=Decimal(110), rate=Decimal("0.06")), Tier(up_to=None, rate=Decimal("0.08")))
    terms = RoyaltyTerms(currency="CNY", tiers=ladder, measure="units", free_goods_allowance=Decimal(0))
    licence = small_shop.licensing.grant("LIC-T", "Museum", {"en": "Crane"}, grant, terms).result
    sell(small_shop, licence, IN_QUARTER[0], "1000.00", units=100)
    small_shop.licensing.report_free_goods(licence, "2026-Q1", 20, date(2026, 4, 5))
    assert state(small_shop, licence, 0).account.earned == cny("74.00"), "110 · 10.00 · 6 % + 10 · 10.00 · 8 %"


@pytest.mark.parametrize(
    ("allowance", "period", "units"),
    [(None, "2026-Q1", 5), ("0.02", "2026-Q2", 5), ("0.02", "2025-Q4", 5), ("0.02", "2026-Q1", -1)],
)
def test_free_goods_that_cannot_be(small_shop: Any, grant: Grant, allowance: Any, period: str, units: int) -> None:
    licence = sign(small_shop, grant, "0.08", free_goods_allowance=allowance)
    head = small_shop.log.head()
    with pytest.raises(FreeGoodsUnsound):
        small_shop.licensing.report_free_goods(licence, period, units, date(2026, 4, 5))
    assert small_shop.log.head() == head


def test_free_goods_of_the_last_period_count_though_the_licence_ended_within_it(small_shop: Any, grant: Grant) -> None:
    ending = grant.model_copy(update={"ends": date(2026, 11, 15), "sell_off_days": 0})
    licence = sign(small_shop, ending, "0.10", free_goods_allowance="0")
    sell(small_shop, licence, IN_QUARTER[3], "100.00", units=10)
    with pytest.raises(FreeGoodsUnsound, match="2026-11 is not a period of the contract"):
        small_shop.licensing.report_free_goods(licence, "2026-11", 2, STATED_ON[3])
    small_shop.licensing.report_free_goods(licence, "2026-Q4", 2, STATED_ON[3])
    small_shop.licensing.issue_statements(STATED_ON[3])
    assert small_shop.licensing.statement(licence, "2026-Q4").header.account.earned == cny("12.00")


def test_free_goods_are_reported_once(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, "0.08", free_goods_allowance="0.02")
    small_shop.licensing.report_free_goods(licence, "2026-Q1", 5, date(2026, 4, 5))
    with pytest.raises(FreeGoodsUnsound, match="5 are recorded already"):
        small_shop.licensing.report_free_goods(licence, "2026-Q1", 6, date(2026, 4, 5))


# Labels.


def counted(on_hand: int, on: date) -> LabelCount:
    return LabelCount(on_hand=on_hand, destroyed=20, returned=5, counted_on=on)


def test_labels_nobody_can_show_are_charged_as_sold_where_the_contract_says_so(shop: Any, grant: Grant) -> None:
    licence = sign(shop, grant, "0.10", labels_deemed_sold=True)
    shop.licensing.record_labels(licence, "DN-1", 1000, IN_QUARTER[0])
    sell(shop, licence, IN_QUARTER[0], "79000.00", units=790)
    for _ in range(2):
        shop.licensing.count_labels(licence, counted(150, date(2026, 3, 31)))
    draft = shop.licensing.draft_statement(licence, "2026-Q1", STATED_ON[0])
    (line,) = draft.sheet.adjustments
    assert (line.amendment_no, line.base, line.royalty) == (
        "labels counted 2026-03-31",
        cny("3500.00"),
        cny("350.00"),
    )
    assert [flag.text for flag in draft.flags] == ["35 labels of 1000 cannot be shown; 35 are charged as sold."]
    assert state(shop, licence, 0).account.earned == cny("8250.00")
    assert nothing_differs(shop)


def test_labels_that_are_found_again_are_credited_and_more_missing_ones_charged(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, "0.10", labels_deemed_sold=True)
    small_shop.licensing.record_labels(licence, "DN-1", 1000, IN_QUARTER[0])
    sell(small_shop, licence, IN_QUARTER[0], "79000.00", units=790)
    for on_hand, on in ((150, date(2026, 3, 31)), (170, date(2026, 4, 30)), (165, date(2026, 5, 31))):
        small_shop.licensing.count_labels(licence, counted(on_hand, on))
    state(small_shop, licence, 0)
    state(small_shop, licence, 1)
    second = small_shop.licensing.statement(licence, "2026-Q2")
    assert [line.royalty for line in second.adjustments] == [cny("-200.00"), cny("50.00")]
    assert second.header.labels.charged == 20


def test_a_count_that_is_put_right_the_same_day_charges_the_difference(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, "0.10", labels_deemed_sold=True)
    small_shop.licensing.record_labels(licence, "DN-1", 1000, IN_QUARTER[0])
    sell(small_shop, licence, IN_QUARTER[0], "79000.00", units=790)
    for on_hand in (150, 170, 165):
        small_shop.licensing.count_labels(licence, counted(on_hand, date(2026, 3, 31)))
    draft = small_shop.licensing.draft_statement(licence, "2026-Q1", STATED_ON[0])
    assert [(line.amendment_no, line.royalty) for line in draft.sheet.adjustments] == [
        ("labels counted 2026-03-31", cny("350.00")),
        ("labels counted 2026-03-31, count 2", cny("-200.00")),
        ("labels counted 2026-03-31, count 3", cny("50.00")),
    ]


def test_labels_counted_before_a_year_s_first_sale_have_the_price_of_the_year_before(
    small_shop: Any, grant: Grant
) -> None:
    two_years = grant.model_copy(update={"ends": date(2027, 12, 31)})
    licence = sign(small_shop, two_years, "0.10", labels_deemed_sold=True, free_goods_allowance="0")
    small_shop.licensing.record_labels(licence, "DN-1", 100, IN_QUARTER[0])
    sell(small_shop, licence, IN_QUARTER[3], "500.00", units=50)
    small_shop.licensing.count_labels(
        licence, LabelCount(on_hand=40, destroyed=0, returned=0, counted_on=date(2027, 1, 5))
    )
    small_shop.licensing.report_free_goods(licence, "2027-Q1", 3, date(2027, 4, 5))
    for period in ("2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4", "2027-Q1"):
        small_shop.licensing.issue_statement(licence, period, date(2027, 4, 10))
    charged = small_shop.licensing.statement(licence, "2027-Q1").adjustments
    assert [(line.base, line.royalty) for line in charged] == [
        (cny("100.00"), cny("10.00")),
        (cny("30.00"), cny("3.00")),
    ]


def test_what_is_sold_after_a_count_does_not_hide_what_was_missing(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, "0.10")
    small_shop.licensing.record_labels(licence, "DN-1", 100, IN_QUARTER[0])
    sell(small_shop, licence, IN_QUARTER[0], "500.00", units=50)
    small_shop.licensing.count_labels(
        licence, LabelCount(on_hand=40, destroyed=0, returned=0, counted_on=date(2026, 3, 31))
    )
    sell(small_shop, licence, IN_QUARTER[1], "100.00", units=10)
    labels = state(small_shop, licence, 0).labels
    assert labels is not None
    assert (labels.sold, labels.unaccounted, labels.charged) == (50, 10, None)


# What is refused.


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        ({"unit_floor": Money(0, "CNY")}, TermUnsound),
        ({"unit_floor": Money(100, "JPY")}, TermUnsound),
        ({"free_goods_allowance": Decimal("1.01")}, RateOutOfRange),
        ({"late_interest_rate": Decimal("-0.1")}, RateOutOfRange),
        ({"price_share": Decimal(0)}, TermUnsound),
    ],
)
def test_terms_nobody_could_keep_are_refused(small_shop: Any, grant: Grant, terms: Any, refusal: Any) -> None:
    with pytest.raises(refusal):
        sign(small_shop, grant, "0.08", **terms)


def test_a_floor_goes_with_one_rate(small_shop: Any, grant: Grant) -> None:
    ladder = (Tier(up_to=Decimal(110), rate=Decimal("0.06")), Tier(up_to=None, rate=Decimal("0.08")))
    terms = RoyaltyTerms(currency="CNY", tiers=ladder, unit_floor=cny("1.00"))
    with pytest.raises(TermUnsound, match="one rate, not with tiers"):
        small_shop.licensing.grant("LIC-T", "Museum", {"en": "Crane"}, grant, terms)
