"""Vectors that a shop meets, sold and stated live: what the engine computes from totals, the statements come to as well."""

from datetime import date
from decimal import Decimal
from typing import Any

from licences import BY_ID, IN_QUARTER, QUARTERS, cny, sell, sign, state, with_vat

from souvenir.kernel.money import total
from souvenir.licensing.licence import Grant
from souvenir.licensing.statement import Statement
from souvenir.licensing.terms import RoyaltyTerms, Tier, flat


def ladder(inputs: dict[str, Any], **terms: Any) -> RoyaltyTerms:
    tiers = tuple(
        Tier(up_to=Decimal(str(tier["up_to_incl"])) if tier["up_to_incl"] else None, rate=Decimal(tier["rate"]))
        for tier in inputs["tiers"]
    )
    return RoyaltyTerms(currency="CNY", tiers=tiers, **terms)


def signed(shop: Any, grant: Grant, terms: RoyaltyTerms) -> Any:
    return shop.licensing.grant("LIC-T", "Museum", {"en": "Crane"}, grant, terms).result


def test_r02_a_period_that_crosses_the_limit_of_a_tier(small_shop: Any, grant: Grant) -> None:
    inputs, expected = BY_ID["R02"]["inputs"], BY_ID["R02"]["expected"]
    licence = signed(small_shop, grant, ladder(inputs, measure="units"))
    for quarter, units in enumerate((inputs["opening_cumulative_units"], inputs["units"])):
        sell(small_shop, licence, IN_QUARTER[quarter], str(units * Decimal(inputs["net_per_unit"])), units=units)
        header = state(small_shop, licence, quarter)
    assert header.account.earned.amount == expected["royalty"]


def test_r03_a_rate_reached_is_made_up_on_all(small_shop: Any, grant: Grant) -> None:
    vector = BY_ID["R03"]
    licence = signed(small_shop, grant, ladder(vector["inputs"], method="whole"))
    for quarter, (period, expected) in enumerate(
        zip(vector["inputs"]["periods"], vector["expected"]["periods"], strict=True)
    ):
        sell(small_shop, licence, IN_QUARTER[quarter], period["net"])
        assert state(small_shop, licence, quarter).account.earned.amount == expected["royalty"]


def test_r16_a_quarter_below_nothing_restores_the_advance(small_shop: Any, grant: Grant) -> None:
    """8 % of 40,000.00 and 51,250.00; then 3,125.00 come back; then 75,000.00."""
    inputs, expected = BY_ID["R16"]["inputs"], BY_ID["R16"]["expected"]["periods"]
    licence = sign(small_shop, grant, "0.08", advance=cny(inputs["advance"]))
    for quarter, (earned, after) in enumerate(zip(inputs["earned"], expected, strict=True)):
        net = Decimal(earned) / Decimal("0.08")
        if net > 0:
            order = sell(small_shop, licence, IN_QUARTER[quarter], f"{net:.2f}", units=82 if quarter == 1 else 1)
        else:
            small_shop.take_back(order, 5, on=IN_QUARTER[quarter])
        account = state(small_shop, licence, quarter).account
        assert (account.earned, account.recouped, account.payable, account.closing_unrecouped) == tuple(
            cny(after[name]) for name in ("earned", "recouped", "payable", "unrecouped_close")
        )


def test_r17_what_was_paid_is_carried_forward_and_not_paid_back(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, "0.10")
    order = sell(small_shop, licence, IN_QUARTER[0], "10000.00", units=10)
    headers = [state(small_shop, licence, 0)]
    small_shop.take_back(order, 3, on=IN_QUARTER[1])
    headers.append(state(small_shop, licence, 1))
    sell(small_shop, licence, IN_QUARTER[2], "5000.00")
    headers.append(state(small_shop, licence, 2))
    assert [(header.account.payable.amount, header.account.closing_unrecouped.amount) for header in headers] == [
        (each["payable"], each["credit_carried"]) for each in BY_ID["R17"]["expected"]["periods"]
    ]


def test_r23_a_cap_on_all_rates_lowers_what_each_earns(small_shop: Any, grant: Grant) -> None:
    inputs, expected = BY_ID["R23"]["inputs"], BY_ID["R23"]["expected"]["royalties"]
    licences = {
        each["id"]: sign(small_shop, grant, each["rate"], each["id"], stacking_cap=inputs["combined_cap"])
        for each in inputs["licences"]
    }
    small_shop.sell(with_vat(inputs["net"]), *licences.values(), on=IN_QUARTER[0])
    earned = {id: state(small_shop, licence, 0).account.earned.amount for id, licence in licences.items()}
    assert earned == expected


def test_r26_the_marketing_fund_is_owed_besides(small_shop: Any, grant: Grant) -> None:
    inputs, expected = BY_ID["R26"]["inputs"], BY_ID["R26"]["expected"]
    licence = sign(
        small_shop, grant, inputs["royalty_rate"], advance=cny(inputs["unrecouped_advance"]),
        marketing_fund_rate=inputs["cmf_rate"],
    )  # fmt: skip
    sell(small_shop, licence, IN_QUARTER[0], inputs["net"])
    header = state(small_shop, licence, 0)
    account = header.account
    assert (account.earned, account.recouped, account.payable, account.marketing_fund, header.due.amount) == tuple(
        cny(expected[name])
        for name in ("royalty_earned", "recouped", "royalty_payable", "cmf_payable", "total_payable")
    )


def test_r32_units_beyond_the_cap_cost_more_and_never_recoup(small_shop: Any, grant: Grant) -> None:
    inputs, expected = BY_ID["R32"]["inputs"], BY_ID["R32"]["expected"]
    terms = {"unit_cap": inputs["unit_cap"], "over_cap_multiplier": inputs["over_cap_multiplier"]}
    licence = sign(small_shop, grant, inputs["rate"], advance=cny("10000.00"), **terms)
    each = Decimal(inputs["net_per_unit"])
    for on, units in ((IN_QUARTER[3], inputs["units_in_term"]), (date(2027, 2, 1), inputs["units_sell_off"])):
        sell(small_shop, licence, on, str(units * each), units=units)
    small_shop.licensing.issue_statements(date(2027, 4, 10))
    account = small_shop.licensing.statement(licence, "2027-Q1").header.account
    assert (account.earned_to_date.amount, account.outside.amount) == (expected["royalty"], expected["over_cap_charge"])
    assert account.payable == account.outside
    assert expected["alert"] in small_shop.log.load(Statement, Statement.id_of(licence, "2027-Q1")).warnings


def test_r33_a_sell_off_that_recoups_nothing_is_payable(small_shop: Any, grant: Grant) -> None:
    inputs, expected = BY_ID["R33"]["inputs"], BY_ID["R33"]["expected"]
    licence = sign(
        small_shop, grant, inputs["rate"], advance=cny(inputs["unrecouped_advance"]), recoup_in_sell_off=False
    )
    net = inputs["units"] * Decimal(inputs["net_per_unit"])
    sell(small_shop, licence, date(2027, 2, 1), str(net), units=inputs["units"])
    small_shop.licensing.issue_statements(date(2027, 4, 10))
    account = small_shop.licensing.statement(licence, "2027-Q1").header.account
    assert (account.outside, account.recouped, account.payable, account.closing_unrecouped) == tuple(
        cny(expected[name]) for name in ("earned", "recouped", "payable", "unrecouped_close")
    )


def test_r37_returns_unwind_the_tier_they_were_earned_in(small_shop: Any, grant: Grant) -> None:
    inputs, expected = BY_ID["R37"]["inputs"], BY_ID["R37"]["expected"]["periods"]
    licence = signed(small_shop, grant, ladder(inputs, measure="units"))
    order = sell(small_shop, licence, IN_QUARTER[0], "22000.00", units=1100)
    assert state(small_shop, licence, 0).account.earned.amount == expected[0]["royalty"]
    small_shop.take_back(order, 150, on=IN_QUARTER[1])
    assert state(small_shop, licence, 1).account.earned.amount == expected[1]["royalty"]


def test_r43_what_was_not_granted_is_no_royalty(small_shop: Any, grant: Grant) -> None:
    inputs, expected = BY_ID["R43"]["inputs"], BY_ID["R43"]["expected"]
    licence = sign(small_shop, grant, inputs["rate"])
    for line in inputs["lines"]:
        channel = {"FACTORY_SHOP": "shop", "ONLINE": "online"}[line["channel"]]
        on = date.fromisoformat(line["date"])
        small_shop.sell(with_vat(line["net"]), licence, on=on, channel=channel, territory=line["territory"])
    small_shop.licensing.issue_statements(date(2027, 7, 1))
    issued = reversed(small_shop.licensing.statements(licence))
    sheets = [small_shop.licensing.statement(licence, each.period) for each in issued]
    assert total((sheet.royalty for sheet in sheets), "CNY").amount == expected["royalty"]
    assert [breach.code for sheet in sheets for breach in sheet.breaches] == ["TERRITORY_NOT_GRANTED", "LICENCE_LAPSED"]
    assert grant.last_day.isoformat() == expected["sell_off_last_day"]


def test_r44_a_late_sale_has_the_rate_of_its_own_period(small_shop: Any, grant: Grant) -> None:
    inputs, expected = BY_ID["R44"]["inputs"], BY_ID["R44"]["expected"]
    licence = sign(small_shop, grant, inputs["rates"]["2026-Q3"])
    small_shop.licensing.amend(
        licence, "A1", flat(inputs["rates"]["2026-Q4"], "CNY"), date(2026, 10, 1), signed_on=date(2026, 9, 1)
    )
    late, current = inputs["lines"]
    sell(small_shop, licence, date.fromisoformat(current["sold"]), current["net"])
    for quarter in range(3):
        state(small_shop, licence, quarter)
    sell(small_shop, licence, date.fromisoformat(late["sold"]), late["net"])
    state(small_shop, licence, 3)
    lines = small_shop.licensing.statement(licence, QUARTERS[3]).lines
    assert [(line.period, line.rate, line.royalty.amount) for line in lines] == [
        (each["prior_period"] or "2026-Q4", each["rate"], each["royalty"]) for each in expected["lines"]
    ]
