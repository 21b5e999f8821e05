"""Caps on discounts, reserves, guarantees by instalments, shared accounts and labels: live, with the vectors' figures."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from licences import BY_ID, IN_QUARTER, QUARTERS, STATED_ON, cny, sell, sign, state, stated

from souvenir.eventlog.rebuild import differences
from souvenir.kernel.money import Money
from souvenir.licensing.accrual import Accrual
from souvenir.licensing.label_stock import LabelCount, LabelsUnsound
from souvenir.licensing.licence import Grant
from souvenir.licensing.royalty import net_sales
from souvenir.licensing.statement import StatementOvertaken
from souvenir.licensing.sublicensing import SublicenceAlreadyReported, SublicenceUnsound, SublicensingNotGranted
from souvenir.licensing.terms import Instalment, RateOutOfRange, TermUnsound, flat

# Discounts up to a cap.


def test_discounts_beyond_the_cap_stay_in_the_base_and_returns_leave_it(small_shop: Any, grant: Grant) -> None:
    vector = BY_ID["R06"]
    licence = sign(small_shop, grant, "0.07", discount_cap=Decimal("0.03"))
    sell(small_shop, licence, IN_QUARTER[0], "141000.00", discount="9000.00")
    back = sell(small_shop, licence, IN_QUARTER[0], "50000.00", units=100)
    small_shop.take_back(back, 13, on=IN_QUARTER[0])
    said = stated(small_shop, licence, 0)
    assert said == (vector["expected"]["net_sales"], vector["expected"]["royalty"]) == ("187500.00", "13125.00")
    assert said[1] != vector["wrong_answers"]["all_deducted"]


@pytest.mark.parametrize("tested", ["period", "year"])
def test_a_cap_is_tested_over_the_quarter_or_the_year_as_the_contract_says(
    small_shop: Any, grant: Grant, tested: str
) -> None:
    vector = BY_ID["R08"]
    licence = sign(small_shop, grant, "0.10", discount_cap=Decimal("0.10"), discount_cap_tested=tested)
    for day, sold in zip(IN_QUARTER[:2], vector["inputs"]["periods"], strict=True):
        net = Decimal(sold["gross"]) - Decimal(sold["deductions"])
        sell(small_shop, licence, day, str(net), discount=sold["deductions"])
    expected = vector["expected"]["cap_per_quarter" if tested == "period" else "cap_cumulative_year"]
    assert [stated(small_shop, licence, at) for at in (0, 1)] == [(each["net"], each["royalty"]) for each in expected]


def test_when_discounted_goods_come_back_nothing_is_left_whatever_the_order(shop: Any, grant: Grant) -> None:
    licence = sign(shop, grant, "0.10", discount_cap=Decimal("0.03"), price_share="0.5")
    first = sell(shop, licence, IN_QUARTER[0], "910.00", discount="90.00", units=3)
    second = sell(shop, licence, IN_QUARTER[0], "1000.00", units=3)
    for number, (order, units) in enumerate(((first, 1), (second, 3), (first, 2)), start=1):
        shop.take_back(order, units, on=IN_QUARTER[0], return_no=number)
    assert stated(shop, licence, 0) == ("0.00", "0.00")


def test_sales_of_one_batch_share_one_cap(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, "0.10", discount_cap=Decimal("0.03"))
    small_shop.following = False
    for _ in range(3):
        sell(small_shop, licence, IN_QUARTER[0], "910.00", discount="90.00")
    sell(small_shop, licence, IN_QUARTER[0], "1000.00")
    small_shop.followers.catch_up()
    assert stated(small_shop, licence, 0) == ("3880.00", "388.00")


def test_an_accrual_says_what_discount_was_given(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, "0.10", discount_cap=Decimal("0.03"))
    order = sell(small_shop, licence, IN_QUARTER[0], "910.00", discount="90.00")
    accrual = small_shop.log.load(Accrual, Accrual.id_of(order, 1, licence))
    assert (accrual.details.gross, accrual.details.discount, accrual.base) == (
        cny("1000.00"),
        cny("90.00"),
        cny("970.00"),
    )


# A reserve against returns.


def test_a_reserve_is_held_and_released_two_quarters_later(small_shop: Any, grant: Grant) -> None:
    vector = BY_ID["R36"]
    inputs, expected = vector["inputs"], vector["expected"]["periods"]
    licence = sign(small_shop, grant, inputs["rate"], reserve_rate=inputs["reserve_pct"], reserve_periods=2)
    first = sell(small_shop, licence, IN_QUARTER[0], inputs["periods"][0]["net"], units=20)
    headers = [state(small_shop, licence, 0)]
    sell(small_shop, licence, IN_QUARTER[1], inputs["periods"][1]["net"])
    headers.append(state(small_shop, licence, 1))
    sell(small_shop, licence, IN_QUARTER[2], inputs["periods"][2]["net"])
    small_shop.take_back(first, 1, on=IN_QUARTER[2])
    headers.append(state(small_shop, licence, 2))

    assert [header.account.earned.amount for header in headers] == [each["royalty"] for each in expected]
    assert [header.reserve.closing_net.amount for header in headers if header.reserve] == [
        each["reserve_close"] for each in expected
    ]
    assert headers[2].account.earned.amount != vector["wrong_answers"]["reserve_never_released_P3"]
    nets = [cny(each["net"]) for each in inputs["periods"]]
    engine = net_sales.with_reserve(nets, [cny("5000.00"), cny("0.00"), cny("0.00")], Decimal("0.15"), 2)
    bases = []
    for quarter, header in enumerate(headers):
        assert header.reserve is not None
        net = small_shop.licensing.statement(licence, QUARTERS[quarter]).net
        bases.append(net - header.reserve.closing_net + header.reserve.opening_net)
    assert bases == [each.base for each in engine]


def test_returns_beyond_the_reserve_count_at_once_and_the_rest_is_released_after_the_term(
    small_shop: Any, grant: Grant
) -> None:
    year = grant.model_copy(update={"sell_off_days": 0})
    licence = sign(small_shop, year, "0.10", reserve_rate="0.10", reserve_periods=1)
    order = sell(small_shop, licence, IN_QUARTER[3], "1000.00", units=5)
    small_shop.take_back(order, 1, on=IN_QUARTER[3])
    issued = small_shop.licensing.issue_statements(date(2027, 5, 1))
    headers = [small_shop.licensing.statement(licence, period).header for period in (*QUARTERS[3:], "2027-Q1")]
    assert len(issued) == 5
    assert [header.account.earned for header in headers] == [cny("80.00"), cny("0.00")]


def test_what_is_held_is_paid_in_the_end(small_shop: Any, grant: Grant) -> None:
    year = grant.model_copy(update={"sell_off_days": 0})
    licence = sign(small_shop, year, "0.10", reserve_rate="0.10", reserve_periods=2)
    sell(small_shop, licence, IN_QUARTER[3], "1000.00")
    small_shop.licensing.issue_statements(date(2027, 8, 1))
    paid = [small_shop.licensing.statement(licence, p).header.due.royalty for p in ("2026-Q4", "2027-Q1", "2027-Q2")]
    assert paid == [cny("90.00"), cny("0.00"), cny("10.00")]


# Guarantees beyond the advance.


def test_instalments_of_a_guarantee_are_made_up_to_and_credited(small_shop: Any, grant: Grant) -> None:
    vector = BY_ID["R19"]
    dues = [date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31)]
    guarantees = tuple(Instalment(due=due, amount=cny("10000.00")) for due in dues)
    licence = sign(small_shop, grant, "0.10", guarantees=guarantees)
    paid = []
    for quarter, earned in enumerate(vector["inputs"]["earned"]):
        sell(small_shop, licence, IN_QUARTER[quarter], str(Decimal(earned) * 10))
        paid.append(state(small_shop, licence, quarter).due.royalty)
    expected = vector["expected"]["excess_credits_next_instalment"]
    assert [each.amount for each in paid] == expected["payments"]
    assert sum(each.minor for each in paid) == cny(expected["total_paid"]).minor
    assert expected["total_paid"] != vector["wrong_answers"]["non_cumulative_sum_of_max"]


def test_the_shortfall_of_an_annual_guarantee_is_due_with_the_last_quarter(small_shop: Any, grant: Grant) -> None:
    vector = BY_ID["R18"]
    rest = Instalment(due=date(2026, 12, 31), amount=cny("20000.00"))
    licence = sign(
        small_shop, grant.model_copy(update={"sell_off_days": 0}), "0.10", advance=cny("10000.00"), guarantees=(rest,)
    )
    headers = []
    for quarter, earned in enumerate(vector["inputs"]["earned"]):
        sell(small_shop, licence, IN_QUARTER[quarter], str(Decimal(earned) * 10))
        headers.append(state(small_shop, licence, quarter))
    expected = vector["expected"]
    assert [header.account.payable.amount for header in headers] == expected["payable"]
    assert headers[3].account.shortfall == cny(expected["mg_shortfall_payable"])
    assert headers[3].account.cash_to_date == cny(expected["total_cash_incl_advance"])
    assert small_shop.licensing.forecast(licence, date(2026, 12, 31)).shortfall == cny("5000.00")


def test_two_guaranteed_years_of_one_contract_are_crossed(small_shop: Any, grant: Grant) -> None:
    vector = BY_ID["R20"]
    yearly = tuple(Instalment(due=date(year, 12, 31), amount=cny("20000.00")) for year in (2026, 2027))
    two_years = grant.model_copy(update={"ends": date(2027, 12, 31), "sell_off_days": 0})
    licence = sign(small_shop, two_years, "0.10", guarantees=yearly, period_months=12)
    for year, each in zip((2026, 2027), vector["inputs"]["years"], strict=True):
        sell(small_shop, licence, date(year, 5, 1), str(Decimal(each["earned"]) * 10))
    small_shop.licensing.issue_statements(date(2028, 1, 10))
    second = small_shop.licensing.statement(licence, "2027").header
    assert second.account.cash_to_date.amount == vector["expected"]["crossed_total"]


def test_what_a_guarantee_made_up_to_is_recouped_by_the_next_sale(shop: Any, grant: Grant) -> None:
    licence = sign(shop, grant, "0.10", guarantees=(Instalment(due=date(2026, 3, 31), amount=cny("100.00")),))
    sell(shop, licence, IN_QUARTER[0], "400.00")
    order = sell(shop, licence, date(2026, 4, 2), "700.00")  # before the first quarter is stated
    accrual = shop.log.load(Accrual, Accrual.id_of(order, 1, licence))
    with shop.log.reading() as session:
        (entry,) = [line for line in shop.royalties.accruals(session, licence) if line.accrual_id == accrual.id]
    assert (entry.earned, entry.recouped, entry.payable) == (cny("70.00"), cny("60.00"), cny("10.00"))
    assert state(shop, licence, 0).due.royalty == cny("100.00")
    assert shop.licensing.draft_statement(licence, "2026-Q2", STATED_ON[1]).flags == ()
    assert state(shop, licence, 1).due.royalty == cny("10.00")


# Accounts that several contracts share.


def crossed(shop: Any, grant: Grant) -> tuple[UUID, UUID]:
    one = sign(shop, grant, "0.10", "LIC-A", advance=cny("8000.00"), shared_account="PALACE")
    other = sign(shop, grant, "0.10", "LIC-B", advance=cny("5000.00"), shared_account="PALACE")
    return one, other


def test_contracts_in_one_account_are_summed_before_the_guarantee_is_set_against_them(shop: Any, grant: Grant) -> None:
    vector = BY_ID["R21"]
    one, other = crossed(shop, grant)
    shop.following = False
    for licence, of in zip((one, other), vector["inputs"]["properties"], strict=True):
        sell(shop, licence, IN_QUARTER[0], str(Decimal(of["earned"]) * 10))
    shop.followers.catch_up()
    shop.licensing.issue_statements(STATED_ON[0])
    headers = [shop.licensing.statement(licence, "2026-Q1").header for licence in (one, other)]
    last = max(headers, key=lambda header: header.account.earned_to_date.minor)
    expected = vector["expected"]["crossed"]
    assert sum(header.account.payable.minor for header in headers) == cny(expected["payable"]).minor
    assert last.account.closing_unrecouped.amount == expected["unrecouped"]
    assert vector["expected"]["separate"]["payable"] != expected["payable"]
    assert (last.shared_account, last.follows is not None) == ("PALACE", True)


def test_each_on_its_own_pays_what_is_over_its_advance(small_shop: Any, grant: Grant) -> None:
    vector = BY_ID["R21"]
    paid, left = [], {}
    for of in vector["inputs"]["properties"]:
        licence = sign(small_shop, grant, "0.10", of["id"], advance=cny(of["advance"]))
        sell(small_shop, licence, IN_QUARTER[0], str(Decimal(of["earned"]) * 10))
        account = state(small_shop, licence, 0).account
        paid.append(account.payable.minor)
        left[of["id"]] = account.closing_unrecouped.amount
    assert Money(sum(paid), "CNY").amount == vector["expected"]["separate"]["payable"]
    assert left == vector["expected"]["separate"]["unrecouped"]


def test_sales_in_a_shared_account_recoup_its_guarantee_together(small_shop: Any, grant: Grant) -> None:
    one, other = crossed(small_shop, grant)
    sell(small_shop, one, IN_QUARTER[0], "100000.00")
    order = sell(small_shop, other, IN_QUARTER[0], "40000.00")
    with small_shop.log.reading() as session:
        (line,) = small_shop.royalties.accruals(session, other)
    assert (line.order_id, line.earned, line.recouped, line.payable) == (
        order,
        cny("4000.00"),
        cny("3000.00"),
        cny("1000.00"),
    )


def test_a_contract_that_joins_an_account_brings_its_advance(small_shop: Any, grant: Grant) -> None:
    one = sign(small_shop, grant, "0.10", "LIC-A", advance=cny("100.00"), shared_account="PALACE")
    sell(small_shop, one, IN_QUARTER[0], "1500.00")
    assert state(small_shop, one, 0).account.payable == cny("50.00")
    sign(small_shop, grant, "0.10", "LIC-B", advance=cny("30.00"), shared_account="PALACE")
    sell(small_shop, one, IN_QUARTER[1], "1000.00")
    account = state(small_shop, one, 1).account
    assert (account.opening_unrecouped, account.recouped, account.payable) == (
        cny("30.00"),
        cny("30.00"),
        cny("70.00"),
    )


def test_a_draft_that_another_contract_of_the_account_overtook_is_not_issued(small_shop: Any, grant: Grant) -> None:
    one, other = crossed(small_shop, grant)
    draft = small_shop.licensing.draft_statement(one, "2026-Q1", STATED_ON[0])
    small_shop.licensing.issue_statement(other, "2026-Q1", STATED_ON[0])
    with pytest.raises(StatementOvertaken):
        small_shop.licensing._issue(draft)


def test_an_account_is_kept_in_one_currency_and_by_the_same_periods(small_shop: Any, grant: Grant) -> None:
    crossed(small_shop, grant)
    with pytest.raises(TermUnsound, match="kept in CNY, by 3 months"):
        sign(small_shop, grant, "0.10", "LIC-C", shared_account="PALACE", period_months=1)
    yen = flat("0.10", "JPY", shared_account="PALACE")
    with pytest.raises(TermUnsound, match="kept in CNY"):
        small_shop.licensing.grant("LIC-D", "Palace Studio", {"en": "Yen"}, grant, yen)
    small_shop.licensing.grant("LIC-E", "Another studio", {"en": "Yen"}, grant, yen)


# Sub-licences.


def test_a_sub_licensee_brings_the_greater_of_a_share_and_a_royalty(shop: Any, grant: Grant) -> None:
    vector = BY_ID["R38"]
    inputs, allowed = vector["inputs"], grant.model_copy(update={"sub_licensing": True})
    rates = {"sublicence_share": inputs["receipts_share"], "sublicence_rate": inputs["pass_through_rate"]}
    licence = sign(shop, allowed, "0.08", advance=cny("10000.00"), **rates)
    figures = (cny(inputs["sublicence_receipts"]), cny(inputs["sublicensee_net_sales"]), date(2026, 4, 5))
    for _ in range(2):
        shop.licensing.report_sublicence(licence, "Garden Prints", "2026-Q1", *figures)
    with pytest.raises(SublicenceAlreadyReported):
        shop.licensing.report_sublicence(licence, "Garden Prints", "2026-Q1", figures[0], cny("1.00"), figures[2])
    draft = shop.licensing.draft_statement(licence, "2026-Q1", STATED_ON[0])
    (line,) = draft.sheet.adjustments
    assert (line.amendment_no, line.rate, line.royalty.amount) == (
        "sub-licence Garden Prints",
        "0.06",
        vector["expected"]["royalty"],
    )
    account = state(shop, licence, 0).account
    assert (account.recouped, account.payable) == (cny("10000.00"), cny("20000.00"))
    assert [line for register in shop.log.registers for line in differences(shop.log, register)] == []


def test_a_share_of_what_is_paid_counts_where_it_is_greater(small_shop: Any, grant: Grant) -> None:
    allowed = grant.model_copy(update={"sub_licensing": True})
    licence = sign(small_shop, allowed, "0.08", sublicence_share="0.5", sublicence_rate="0.06")
    small_shop.licensing.report_sublicence(
        licence, "Garden Prints", "2026-Q1", cny("100.00"), cny("500.00"), date(2026, 4, 5)
    )
    sell(small_shop, licence, IN_QUARTER[0], "1000.00")
    assert state(small_shop, licence, 0).account.earned == cny("130.00")


def test_the_last_report_is_of_the_year_the_licence_ended_in(small_shop: Any, grant: Grant) -> None:
    """From 15 February to 14 February: the first quarter of 2027 begins within the contract, and ends after it."""
    days = {"starts": date(2026, 2, 15), "ends": date(2027, 2, 14), "sell_off_days": 0, "sub_licensing": True}
    licence = sign(
        small_shop, grant.model_copy(update=days), "0.08", sublicence_share="0.5", advance=cny("100.00"),
        guarantee_years="separate",
    )  # fmt: skip
    small_shop.licensing.report_sublicence(
        licence, "Garden Prints", "2027-Q1", cny("100.00"), cny("500.00"), date(2027, 4, 5)
    )
    small_shop.licensing.issue_statements(date(2027, 4, 10))
    account = small_shop.licensing.statement(licence, "2027-Q1").header.account
    assert (account.recouped, account.payable) == (cny("50.00"), cny("0.00"))


@pytest.mark.parametrize(
    ("may", "name", "period", "receipts", "refusal"),
    [
        (False, "Garden Prints", "2026-Q1", "1.00", SublicensingNotGranted),
        (True, " ", "2026-Q1", "1.00", SublicenceUnsound),
        (True, "Garden Prints", "2026-Q1", "-1.00", SublicenceUnsound),
        (True, "Garden Prints", "2026-Q2", "1.00", SublicenceUnsound),
        (True, "Garden Prints", "2025-Q4", "1.00", SublicenceUnsound),
        (True, "Garden Prints", "2026-03", "1.00", SublicenceUnsound),
    ],
)
def test_reports_that_cannot_be(
    small_shop: Any, grant: Grant, may: bool, name: str, period: str, receipts: str, refusal: Any
) -> None:
    licence = sign(small_shop, grant.model_copy(update={"sub_licensing": may}), "0.08", sublicence_share="0.5")
    head = small_shop.log.head()
    with pytest.raises(refusal):
        small_shop.licensing.report_sublicence(licence, name, period, cny(receipts), cny("1.00"), date(2026, 4, 5))
    assert small_shop.log.head() == head


# Labels.


def test_labels_nobody_can_show_stand_on_the_statement_and_are_flagged(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, "0.10")
    licensing = small_shop.licensing
    for _ in range(2):
        licensing.record_labels(licence, "DN-1", 1000, IN_QUARTER[0])
    order = sell(small_shop, licence, IN_QUARTER[0], "80000.00", units=800)
    small_shop.take_back(order, 10, on=IN_QUARTER[0])
    counted = LabelCount(on_hand=150, destroyed=20, returned=5, counted_on=date(2026, 3, 31))
    for _ in range(2):
        licensing.count_labels(licence, counted)
    draft = licensing.draft_statement(licence, "2026-Q1", STATED_ON[0])
    labels = draft.sheet.header.labels
    assert (labels.issued, labels.sold, labels.on_hand, labels.destroyed, labels.returned, labels.unaccounted) == (
        1000, 790, 150, 20, 5, 35,
    )  # fmt: skip
    assert [flag.code for flag in draft.flags] == ["LABELS_UNACCOUNTED"]
    assert state(small_shop, licence, 0).labels == labels


@pytest.mark.parametrize(("reference", "count"), [("DN-1", 7), ("DN-2", 0), (" ", 5)])
def test_deliveries_of_labels_that_cannot_be(small_shop: Any, grant: Grant, reference: str, count: int) -> None:
    licence = sign(small_shop, grant, "0.10")
    small_shop.licensing.record_labels(licence, "DN-1", 1000, IN_QUARTER[0])
    head = small_shop.log.head()
    with pytest.raises(LabelsUnsound):
        small_shop.licensing.record_labels(licence, reference, count, IN_QUARTER[0])
    with pytest.raises(LabelsUnsound):
        small_shop.licensing.count_labels(
            licence, LabelCount(on_hand=-1, destroyed=0, returned=0, counted_on=IN_QUARTER[0])
        )
    assert small_shop.log.head() == head


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        ({"discount_cap": Decimal("1.01")}, RateOutOfRange),
        ({"reserve_rate": Decimal("-0.1"), "reserve_periods": 1}, RateOutOfRange),
        ({"reserve_rate": Decimal("0.1")}, TermUnsound),
        ({"reserve_periods": 1}, TermUnsound),
        ({"reserve_rate": Decimal("0.1"), "reserve_periods": 9}, TermUnsound),
        ({"guarantees": (Instalment(due=date(2026, 3, 31), amount=Money(0, "CNY")),)}, TermUnsound),
        ({"guarantees": (Instalment(due=date(2026, 3, 31), amount=Money(1, "JPY")),)}, TermUnsound),
    ],
)
def test_terms_nobody_could_keep_are_refused(small_shop: Any, grant: Grant, terms: Any, refusal: Any) -> None:
    with pytest.raises(refusal):
        sign(small_shop, grant, "0.08", **terms)


def test_the_register_of_every_such_term_is_what_the_log_says(shop: Any, grant: Grant) -> None:
    one, other = crossed(shop, grant)
    capped = sign(
        shop, grant, "0.10", "LIC-C", discount_cap=Decimal("0.03"),
        guarantees=(Instalment(due=date(2026, 3, 31), amount=cny("100.00")),),
    )  # fmt: skip
    orders = [sell(shop, licence, IN_QUARTER[0], "910.00", "90.00", 3) for licence in (one, other, capped)]
    for number, order in enumerate(orders, start=1):
        shop.take_back(order, 1, on=IN_QUARTER[1], return_no=number)
    shop.licensing.issue_statements(STATED_ON[1])
    assert [line for register in shop.log.registers for line in differences(shop.log, register)] == []
