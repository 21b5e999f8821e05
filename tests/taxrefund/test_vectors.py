"""Every published or derived case of the tax-refund vectors, each asserting exactly what its source can carry."""

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from souvenir.kernel.money import Money
from souvenir.taxrefund.assessment import Assessment, Purchase, PurchaseLine, Store, Traveller, assess, sampling
from souvenir.taxrefund.eligibility import BelowMinimumPurchase, SchemeWithdrawn
from souvenir.taxrefund.rulebook import open_rule_book

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "vectors" / "tax-refund.json").read_text())
BY_ID = {vector["id"]: vector for vector in VECTORS}
BOOK = open_rule_book()
REGIONS = {
    "CN-INST-SH-CAP-NEW": "CN-SH",
    "CN-INST-SH-CAP-OLD": "CN-SH",
    "CN-DATE-17D-INSTANT-OLD": "CN-SH",
    "CN-DEP-MIXED-ZJ": "CN-ZJ",
    "CN-DEP-SZ-FORMULA": "CN-SZ",
    "CN-INST-GZ-300-NEWS": "CN-GD",
}
"""Where the case was; the others of China are Beijing's."""
MODES = {"instant_centralized_point": "instant_centralised"}
REASONS = {
    "below_minimum_purchase": BelowMinimumPurchase,
    "scheme_withdrawn_great_britain": SchemeWithdrawn,
}
DECIDED = [
    vector["id"]
    for vector in VECTORS
    if vector["lines"] and vector["kind"] not in ("policy_probe", "inspection_rule", "workflow_rule")
]


def store_of(vector: dict[str, Any]) -> Store:
    country = vector["jurisdiction"]
    return Store(country, REGIONS.get(vector["id"], "CN-BJ" if country == "CN" else country))


def purchase_of(vector: dict[str, Any]) -> Purchase:
    on = date.fromisoformat((vector["date"] + "-01-01")[:10])
    return Purchase(
        store=store_of(vector),
        mode=MODES.get(vector["mode"], vector["mode"]),
        traveller=Traveller("passport", on - timedelta(days=3)),
        lines=tuple(
            PurchaseLine(
                line_no=number,
                gross=Money.of(line["gross"], vector["currency"]),
                vat_rate=Decimal(line["vat_rate"]),
                exempt=line.get("vat_exempt", False),
            )
            for number, line in enumerate(vector["lines"], 1)
        ),
        purchased_on=on,
    )


def assessed(vector: dict[str, Any]) -> Assessment:
    return assess(BOOK, purchase_of(vector))


def any_goods(vector: dict[str, Any]) -> dict[str, Any]:
    """The same case with something in the basket, for vectors that only state dates."""
    return {**vector, "currency": "CNY", "lines": [{"gross": "1494.00", "vat_rate": "0.13"}]}


@pytest.mark.parametrize("name", DECIDED)
def test_the_case_comes_out_exactly(name: str) -> None:
    vector = BY_ID[name]
    expected, found = vector["expected"], assessed(vector)
    if "eligible_gross" in expected:
        assert found.eligible_gross.amount == expected["eligible_gross"]
    if "reason" in expected:
        assert [type(problem) for problem in found.problems] == [REASONS[expected["reason"]]]
        assert found.quote is None
        return
    quote = found.require()
    refund_of = {"refund_before_fee": quote.refund, "tax_not_charged": quote.refund, "consumption_tax": quote.refund}
    amounts = {**refund_of, "fee": quote.fee, "net": quote.net, "amount_charged": quote.charged}
    stated = {key: text for key, text in expected.items() if key in amounts and text != "operator-defined"}
    assert stated, "the vector states an amount"
    assert {key: amounts[key].amount for key in stated} == stated
    if expected.get("fee") == "operator-defined":
        assert not quote.fee_known
    if "cash_allowed" in expected:
        assert quote.cash_allowed is expected["cash_allowed"]
    if "allowed_methods" in expected:
        assert list(quote.tenders) == expected["allowed_methods"]
    if expected.get("instant_eligible"):
        assert quote.promised_by is not None


def test_refund_and_fee_are_rounded_each_and_then_subtracted_not_the_net_rate_once() -> None:
    probe = BY_ID["CN-ROUNDING-PROBE"]
    quote = assessed(probe).require()
    chosen = probe["expected"]["by_policy"]["refund_and_fee_rounded_then_subtracted"]
    assert (quote.refund.amount, quote.fee.amount, quote.net.amount) == ("55.01", "10.00", "45.01")
    assert chosen == {"refund_before_fee": "55.01", "fee": "10.00", "net": "45.01"}
    assert quote.net.amount != probe["expected"]["by_policy"]["net_rate_once"]["net"]


def test_the_korean_row_is_not_the_vat_inside_the_price() -> None:
    quote = assessed(BY_ID["KR-IMM-19000"]).require()
    assert quote.net == Money(1000, "KRW")
    assert Money(19000, "KRW").tax_within(Decimal("0.1")) == Money(1727, "KRW")


def test_the_emirates_refund_is_a_share_of_the_vat_less_a_fixed_fee() -> None:
    vector = BY_ID["AE-1050"]
    quote = assessed(vector).require()
    assert vector["expected"]["vat"] == "50.00"
    assert (quote.refund.amount, quote.fee.amount, quote.net.amount) == ("43.50", "4.80", "38.70")


@pytest.mark.parametrize("name", ["CN-DATE-28D-INSTANT", "CN-DATE-17D-INSTANT-OLD"])
def test_the_last_day_to_leave_after_an_instant_refund(name: str) -> None:
    vector = BY_ID[name]
    quote = assessed(any_goods(vector)).require()
    assert quote.promised_by == date.fromisoformat(vector["expected"]["last_ok_date"])


def test_the_last_day_to_leave_by_the_ordinary_route() -> None:
    vector = BY_ID["CN-DATE-90D"]
    quote = assessed(any_goods(vector)).require()
    assert quote.last_departure_on == date.fromisoformat(vector["expected"]["last_ok_date"])
    assert quote.promised_by is None


@pytest.mark.parametrize("name", ["CN-SAMPLING-9999", "CN-SAMPLING-10000"])
def test_customs_samples_small_forms_and_sees_every_large_one(name: str) -> None:
    vector = BY_ID[name]
    purchase = purchase_of(vector)
    gross = purchase.lines[0].gross
    assert (
        sampling(BOOK, purchase.store, purchase.mode, gross, purchase.purchased_on)
        == vector["expected"]["physical_inspection"]
    )
    assert sampling(BOOK, purchase.store, purchase.mode, gross, date(2026, 6, 30)) == "every_form"


def test_a_broken_promise_is_captured_within_three_working_days_and_the_ordinary_route_stays_open() -> None:
    vector = BY_ID["CN-INST-LATE-CAPTURE"]
    expected, quote = vector["expected"], assessed(vector).require()
    assert quote.net.amount == expected["capture_amount"] == vector["events"][1]["amount"]
    assert str(quote.promised_by) == vector["events"][2]["on"] == "2026-08-07"
    assert str(quote.capture_by) == expected["capture_no_later_than"] == "2026-08-12"
    assert str(quote.last_departure_on) == expected["ordinary_last_ok_date"] == "2026-10-08"


def test_newspaper_figures_are_only_used_as_a_sanity_check() -> None:
    """The all-Beijing aggregate of five years: nearly all goods are refunded at 9% net, so the ratio is just below."""
    ratio = Decimal(BY_ID["CN-DEP-BJ-AGGREGATE"]["expected"]["implied_net_ratio"])
    mostly = assessed({**BY_ID["CN-DEP-9PCT-1000"], "lines": [{"gross": "1000.00", "vat_rate": "0.13"}]}).require()
    rarely = assessed(BY_ID["CN-DEP-9PCT-1000"]).require()
    assert rarely.net == Money.of("60.00", "CNY")
    assert mostly.net == Money.of("90.00", "CNY")
    assert Decimal("0.06") < ratio < Decimal("0.09")


def test_a_newspapers_thirty_yuan_on_three_hundred_is_about_the_refund_before_the_fee() -> None:
    vector = BY_ID["CN-INST-GZ-300-NEWS"]
    assert "around 300" in vector["expected"]["published_as"]
    quote = assessed({**vector, "date": "2025-05-15", "lines": [{"gross": "300.00", "vat_rate": "0.13"}]}).require()
    assert (quote.refund.amount, quote.net.amount) == ("33.00", "27.00")


def test_every_vector_is_used() -> None:
    special = {
        "CN-ROUNDING-PROBE", "CN-DATE-90D", "CN-DATE-28D-INSTANT", "CN-DATE-17D-INSTANT-OLD", "CN-SAMPLING-9999",
        "CN-SAMPLING-10000", "CN-INST-LATE-CAPTURE", "CN-DEP-BJ-AGGREGATE", "CN-INST-GZ-300-NEWS",
    }  # fmt: skip
    assert set(BY_ID) == special | set(DECIDED)
    assert len(VECTORS) == 29
