"""Every royalty vector comes out to the cent, and none of the answers that naive code gives."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from souvenir.kernel.money import Money, total
from souvenir.licensing.contract import LicenceLapsed, TerritoryNotGranted
from souvenir.licensing.licence import Grant, Licence
from souvenir.licensing.royalty import limits, net_sales, recoupment, shared_rates, tiers, withholding
from souvenir.licensing.terms import RoyaltyTerms, Tier, flat

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "royalty.json").read_text("utf-8"))["vectors"]
BY_ID = {vector["id"]: vector for vector in VECTORS}

Answer = dict[str, Any]
SOLUTIONS: dict[str, Callable[[Answer], Answer]] = {}


def answers(vector_id: str) -> Callable[[Callable[[Answer], Answer]], Callable[[Answer], Answer]]:
    def keep(solution: Callable[[Answer], Answer]) -> Callable[[Answer], Answer]:
        SOLUTIONS[vector_id] = solution
        return solution

    return keep


def yuan(text: str) -> Money:
    return Money.of(text, "CNY")


def yuans(texts: list[str]) -> list[Money]:
    return [yuan(text) for text in texts]


def said(value: Any) -> Any:
    """What we computed, in the vectors' own notation."""
    match value:
        case Money():
            return value.amount
        case dict():
            return {key: said(part) for key, part in value.items()}
        case list() | tuple():
            return [said(part) for part in value]
        case _:
            return value


def tiered(inputs: Answer, **terms: Any) -> RoyaltyTerms:
    ladder = tuple(
        Tier(up_to=None if t["up_to_incl"] is None else Decimal(t["up_to_incl"]), rate=Decimal(t["rate"]))
        for t in inputs["tiers"]
    )
    return RoyaltyTerms(currency="CNY", tiers=ladder, **terms)


@answers("R01")
def returns_in_the_same_period(i: Answer) -> Answer:
    net = net_sales.per_unit(yuan(i["unit_price_ex_vat"]), i["units"], i["returned_units"])
    return {"net_sales": net, "royalty": net.at_rate(Decimal(i["rate"]))}


@answers("R02")
def marginal_tiers(i: Answer) -> Answer:
    terms, each = tiered(i, measure="units"), yuan(i["net_per_unit"])
    opening, closing = i["opening_cumulative_units"], i["opening_cumulative_units"] + i["units"]
    before = {b.rate: b for b in tiers.buckets(terms, opening, each * opening)}
    nothing = tiers.Bucket(Decimal(0), yuan("0"), yuan("0"))
    lines = []
    for bucket in tiers.buckets(terms, closing, each * closing):
        earlier = before.get(bucket.rate, nothing)
        base = bucket.base - earlier.base
        royalty = bucket.royalty - earlier.royalty
        lines.append({"rate": str(bucket.rate), "units": base.minor // each.minor, "base": base, "royalty": royalty})
    to_date = tiers.royalty_to_date(terms, closing, each * closing)
    return {"lines": lines, "royalty": to_date - tiers.royalty_to_date(terms, opening, each * opening)}


@answers("R03")
def whole_tiers_with_true_up(i: Answer) -> Answer:
    terms = tiered(i, method="whole")
    first, second = (yuan(period["net"]) for period in i["periods"])
    opening = tiers.royalty_to_date(terms, 0, first)
    closing = tiers.royalty_to_date(terms, 0, first + second)
    extra = tiers.true_up(terms, 0, first, 0, first + second)
    return {
        "periods": [
            {"id": "Q1", "royalty": opening},
            {"id": "Q2", "royalty": closing - opening, "of_which_true_up": extra},
        ],
        "cumulative": closing,
    }


@answers("R05")
def inclusive_boundary(i: Answer) -> Answer:
    terms, each = tiered(i, measure="units"), yuan(i["net_per_unit"])
    counts = [case["units"] for case in i["cases"]]
    return {"cases": [{"units": n, "royalty": tiers.royalty_to_date(terms, n, each * n)} for n in counts]}


@answers("R06")
def discount_cap(i: Answer) -> Answer:
    gross, discounts, returns = yuan(i["gross"]), yuan(i["trade_discounts"]), yuan(i["actual_returns"])
    cap = Decimal(i["rules"]["discount_cap_pct_of_gross"])
    net = net_sales.net_sales(gross, discounts, cap, returns)
    return {
        "allowed_discounts": gross - net - returns,
        "allowed_returns": returns,
        "net_sales": net,
        "royalty": net.at_rate(Decimal(i["rate"])),
    }


@answers("R08")
def cap_by_quarter_or_year(i: Answer) -> Answer:
    cap, rate, nothing = Decimal(i["cap_pct"]), Decimal(i["rate"]), yuan("0")
    gross, deductions = yuans([p["gross"] for p in i["periods"]]), yuans([p["deductions"] for p in i["periods"]])
    quarterly = [net_sales.net_sales(g, d, cap, nothing) for g, d in zip(gross, deductions, strict=True)]
    to_date = [net_sales.net_sales(total(gross[:n], "CNY"), total(deductions[:n], "CNY"), cap, nothing) for n in (1, 2)]
    yearly = list(net_sales.differences(to_date, nothing))

    def lines(nets: list[Money]) -> list[Answer]:
        return [{"id": f"Q{n}", "net": net, "royalty": net.at_rate(rate)} for n, net in enumerate(nets, 1)]

    return {"cap_per_quarter": lines(quarterly), "cap_cumulative_year": lines(yearly)}


@answers("R09")
def round_once(i: Answer) -> Answer:
    return {"royalty": net_sales.per_unit(yuan(i["unit_net"]), i["units"]).at_rate(Decimal(i["rate"]))}


@answers("R11")
def per_unit(i: Answer) -> Answer:
    return {"royalty": net_sales.per_unit(yuan(i["per_unit"]), i["units"], i["returned_units"])}


@answers("R12")
def greater_of_per_sku(i: Answer) -> Answer:
    rate, floor, lines = Decimal(i["rate"]), yuan(i["floor_per_unit"]), []
    for sku in i["skus"]:
        royalty, basis = net_sales.greater_of(yuan(sku["net"]), rate, floor, sku["units"])
        lines.append({"sku": sku["sku"], "royalty": royalty, "basis": basis})
    return {"skus": lines, "royalty": total((line["royalty"] for line in lines), "CNY")}


@answers("R14")
def own_shop(i: Answer) -> Answer:
    gross = net_sales.per_unit(yuan(i["unit_price_incl_vat"]), i["units"])
    net = net_sales.without_vat(gross, Decimal(i["vat_rate"]))
    return {
        "gross_incl_vat": gross,
        "output_vat": gross - net,
        "net_sales": net,
        "tourist_refund_paid": gross.at_rate(Decimal(i["tourist_refund_rate_of_gross"])),
        "royalty": net.at_rate(Decimal(i["rate"])),
    }


@answers("R15")
def deemed_wholesale(i: Answer) -> Answer:
    base = net_sales.deemed_wholesale(yuan(i["retail_net_ex_vat"]), Decimal(i["deemed_wholesale_pct"]))
    return {"deemed_base": base, "royalty": base.at_rate(Decimal(i["rate"]))}


@answers("R16")
def negative_quarter_restores_the_advance(i: Answer) -> Answer:
    advance = yuan(i["advance"])
    settled = recoupment.recoup(yuans(i["earned"]), advance)
    periods = [
        {
            "id": f"Q{n}",
            "earned": s.earned,
            "recouped": s.recouped,
            "payable": s.payable,
            "unrecouped_close": s.unrecouped,
        }
        for n, s in enumerate(settled, 1)
    ]
    return {"periods": periods, "total_cash_incl_advance": total((s.payable for s in settled), "CNY") + advance}


@answers("R17")
def negative_is_carried_forward(i: Answer) -> Answer:
    settled = recoupment.recoup(yuans(i["earned"]), yuan(i["advance"]))
    periods = [{"id": f"P{n}", "payable": s.payable, "credit_carried": s.unrecouped} for n, s in enumerate(settled, 1)]
    return {"periods": periods}


@answers("R18")
def annual_guarantee(i: Answer) -> Answer:
    advance, guarantee, earned = yuan(i["advance"]), yuan(i["mg_annual"]), yuans(i["earned"])
    year_end = yuan("0")
    settled = recoupment.settle([*earned, year_end], [advance] * 4 + [guarantee], opening=advance)
    return {
        "payable": [s.payable for s in settled[:4]],
        "mg_shortfall_payable": settled[4].payable,
        "total_cash_incl_advance": total((s.payable for s in settled), "CNY") + advance,
    }


@answers("R19")
def instalments(i: Answer) -> Answer:
    instalment, earned, nothing = yuan(i["instalment_per_quarter"]), yuans(i["earned"]), yuan("0")
    paid, quarters = nothing, []
    for excess in recoupment.unconditional_instalments([instalment] * 4, earned):
        paid = paid + instalment + excess
        quarters.append({"minimum_paid": instalment, "excess_payable": excess, "cumulative_paid": paid})
    credited = recoupment.settle(earned, [instalment * n for n in (1, 2, 3, 4)], opening=nothing)
    payments = [s.payable for s in credited]
    return {
        "instalments_unconditional": {"quarters": quarters, "total_paid": paid},
        "excess_credits_next_instalment": {"payments": payments, "total_paid": total(payments, "CNY")},
    }


@answers("R20")
def guarantee_years(i: Answer) -> Answer:
    years = [(yuan(year["mg"]), yuan(year["earned"])) for year in i["years"]]
    return {
        "separate_total": recoupment.separate_years(years, "CNY"),
        "crossed_total": recoupment.crossed_years(years, "CNY"),
    }


@answers("R21")
def crossed_properties(i: Answer) -> Answer:
    accounts = {p["id"]: (yuan(p["advance"]), yuan(p["earned"])) for p in i["properties"]}
    alone = {id: recoupment.recoup([earned], advance)[0] for id, (advance, earned) in accounts.items()}
    crossed = recoupment.crossed_properties(list(accounts.values()), "CNY")
    return {
        "separate": {
            "payable": total((s.payable for s in alone.values()), "CNY"),
            "unrecouped": {id: s.unrecouped for id, s in alone.items()},
        },
        "crossed": {"payable": crossed.payable, "unrecouped": crossed.unrecouped},
    }


@answers("R23")
@answers("R24")
def stacking_cap(i: Answer) -> Answer:
    rates = [Decimal(licence["rate"]) for licence in i["licences"]]
    shares = shared_rates.stacked(yuan(i["net"]), rates, Decimal(i["combined_cap"]))
    names = [licence["id"] for licence in i["licences"]]
    return {"royalties": dict(zip(names, shares, strict=True)), "royalty": total(shares, "CNY")}


@answers("R26")
def marketing_fund(i: Answer) -> Answer:
    net = yuan(i["net"])
    settled = recoupment.recoup([net.at_rate(Decimal(i["royalty_rate"]))], yuan(i["unrecouped_advance"]))[0]
    fund = net.at_rate(Decimal(i["cmf_rate"]))
    return {
        "royalty_earned": settled.earned,
        "recouped": settled.recouped,
        "royalty_payable": settled.payable,
        "cmf_payable": fund,
        "total_payable": settled.payable + fund,
    }


@answers("R27")
def currency(i: Answer) -> Answer:
    base = net_sales.converted(Money.of(i["net"], i["sales_currency"]), Decimal(i["fx"]["rate"]), i["licence_currency"])
    return {"converted_base": base, "royalty": base.at_rate(Decimal(i["rate"]))}


def _remitted(paid: withholding.Remittance) -> Answer:
    return {"gross": paid.gross, "wht": paid.tax, "net_paid": paid.net}


@answers("R29")
def withholding_tax(i: Answer) -> Answer:
    royalty, rate = yuan(i["royalty"]), Decimal(i["wht_rate"])
    return {
        "licensor_bears": _remitted(withholding.borne_by_licensor(royalty, rate)),
        "grossed_up": _remitted(withholding.grossed_up(royalty, rate)),
    }


@answers("R30")
def vat_inclusive_fee(i: Answer) -> Answer:
    contract = yuan(i["contract_amount_incl_vat"])
    paid = withholding.vat_inclusive(contract, Decimal(i["vat_rate"]), Decimal(i["wht_rate"]))
    taxable = paid.gross - paid.vat
    return {"vat_withheld": paid.vat, "taxable_base": taxable, "wht": paid.tax, "net_remitted": paid.net}


@answers("R32")
def unit_cap(i: Answer) -> Answer:
    units, each, rate = i["units_in_term"] + i["units_sell_off"], yuan(i["net_per_unit"]), Decimal(i["rate"])
    capped = limits.unit_capped(units, i["unit_cap"], each, rate, Decimal(i["over_cap_multiplier"]))
    outside = recoupment.outside_recoupment(capped.over_cap_charge, yuan("1000.00"))
    return {
        "licensed_units": capped.licensed_units,
        "over_cap_units": capped.over_cap_units,
        "royalty": capped.royalty,
        "over_cap_charge": capped.over_cap_charge,
        "over_cap_recoupable": bool(outside.recouped),
        "alert": capped.alert,
    }


@answers("R33")
def sell_off_is_not_recouped(i: Answer) -> Answer:
    earned = net_sales.per_unit(yuan(i["net_per_unit"]), i["units"]).at_rate(Decimal(i["rate"]))
    settled = recoupment.outside_recoupment(earned, yuan(i["unrecouped_advance"]))
    return {
        "earned": settled.earned,
        "recouped": settled.recouped,
        "payable": settled.payable,
        "unrecouped_close": settled.unrecouped,
    }


@answers("R35")
def audit(i: Answer) -> Answer:
    facts = (yuan(i["reported"]), yuan(i["found"]), Decimal(i["threshold"]), yuan(i["audit_cost"]))
    of_reported, of_found = limits.audited(*facts, "reported"), limits.audited(*facts, "found")
    return {
        "underpaid": of_reported.underpaid,
        "pct_of_reported": str(of_reported.percentage),
        "pct_of_found": str(of_found.percentage),
        "due_if_basis_reported": of_reported.due,
        "due_if_basis_found": of_found.due,
    }


@answers("R36")
def returns_reserve(i: Answer) -> Answer:
    nets = yuans([p["net"] for p in i["periods"]])
    returns_of_first = yuan(i["periods"][2]["returns_of_P1"])
    returns = [returns_of_first, yuan("0"), yuan("0")]
    periods = []
    for n, held in enumerate(net_sales.with_reserve(nets, returns, Decimal(i["reserve_pct"]), i["hold_periods"]), 1):
        royalty = held.base.at_rate(Decimal(i["rate"]))
        periods.append({"id": f"P{n}", "base": held.base, "royalty": royalty, "reserve_close": held.reserve_close})
        if held.released:
            periods[-1]["released"] = held.released
    return {"periods": periods}


@answers("R37")
def returns_unwind_tiers(i: Answer) -> Answer:
    terms, each = tiered(i, measure="units"), yuan(i["net_per_unit"])
    sold = i["periods"][0]["units"]
    left = sold - i["periods"][1]["returned_units_of_P1"]
    before, after = (tiers.royalty_to_date(terms, n, each * n) for n in (sold, left))
    return {
        "periods": [{"id": "P1", "royalty": before}, {"id": "P2", "royalty": after - before}],
        "cumulative": after,
    }


@answers("R38")
def sublicence(i: Answer) -> Answer:
    receipts, share = yuan(i["sublicence_receipts"]), Decimal(i["receipts_share"])
    net, rate = yuan(i["sublicensee_net_sales"]), Decimal(i["pass_through_rate"])
    return {
        "share": receipts.at_rate(share),
        "pass_through": net.at_rate(rate),
        "royalty": shared_rates.sublicence(receipts, share, net, rate),
    }


@answers("R39")
def free_goods(i: Answer) -> Answer:
    deemed = net_sales.deemed_sold(i["sold_units"], i["free_units"], Decimal(i["free_allowance_pct_of_sold"]))
    royalty = net_sales.per_unit(yuan(i["avg_net"]), i["sold_units"] + deemed).at_rate(Decimal(i["rate"]))
    return {"exempt_free_units": i["free_units"] - deemed, "deemed_units": deemed, "royalty": royalty}


@answers("R41")
def edition_pieces(i: Answer) -> Answer:
    pieces = [
        net_sales.PiecesSold(net_sales.PieceKind(p["kind"]), p["count"], yuan(p["net_each"])) for p in i["pieces"]
    ]
    base, sold = net_sales.pieces_base(pieces, "CNY")
    return {
        "royalty_base": base,
        "royalty": base.at_rate(Decimal(i["rate"])),
        "units_made": sum(entry.count for entry in pieces),
        "units_sold": sold,
    }


@answers("R42")
def prorated_guarantee(i: Answer) -> Answer:
    starts, ends = date.fromisoformat(i["term_start"]), date.fromisoformat(i["year_end"])
    days, guarantee = recoupment.prorated_guarantee(yuan(i["mg_annual"]), starts, ends)
    return {"days": days, "mg": guarantee}


@answers("R43")
def grant_check(i: Answer) -> Answer:
    starts, ends = (date.fromisoformat(day) for day in i["grant"]["term"])
    grant = Grant(
        categories=("enamel",),
        territories=tuple(i["grant"]["territory"]),
        channels=tuple(i["grant"]["channels"]),
        starts=starts,
        ends=ends,
        sell_off_days=i["grant"]["sell_off_days"],
    )
    licence = Licence.sign("LIC-A", "Palace Studio", {"en": "Cloud dragon"}, grant, flat(i["rate"], "CNY"))
    lines = []
    for line in i["lines"]:
        made_on = ends if line.get("stock_made_before_expiry") else None
        sold_on = date.fromisoformat(line["date"])
        status = _status(licence, "enamel", line["territory"], line["channel"], sold_on, made_on)
        bears = status in ("IN_GRANT", "SELL_OFF")
        royalty = yuan(line["net"]).at_rate(Decimal(i["rate"])) if bears else yuan("0")
        lines.append({"id": line["id"], "status": status, "royalty": royalty})
    return {
        "lines": lines,
        "royalty": total((line["royalty"] for line in lines), "CNY"),
        "sell_off_last_day": licence.grant.last_day.isoformat(),
    }


def _status(licence: Licence, *sale: Any) -> str:
    try:
        return {"term": "IN_GRANT", "sell_off": "SELL_OFF"}[licence.contract.permits(*sale)]
    except TerritoryNotGranted:
        return "BREACH_TERRITORY"
    except LicenceLapsed:
        return "BREACH_TERM"


@answers("R44")
def late_offline_sale(i: Answer) -> Answer:
    issued = {period: date.fromisoformat(day) for period, day in i["statement_issued"].items()}
    rates = {period: Decimal(rate) for period, rate in i["rates"].items()}
    lines = [
        limits.stated(
            yuan(line["net"]), date.fromisoformat(line["sold"]), date.fromisoformat(line["recorded"]), issued, rates
        )
        for line in i["lines"]
    ]
    assert len({line.statement for line in lines}) == 1
    return {
        "statement": lines[0].statement,
        "lines": [{"prior_period": n.prior_period, "rate": str(n.rate), "royalty": n.royalty} for n in lines],
        "royalty": total((line.royalty for line in lines), "CNY"),
    }


QUESTIONS: dict[str, str] = {
    "R03": "periods.1.royalty",
    "R05": "cases.0.royalty",
    "R16": "periods.3.payable",
    "R17": "periods.2.payable",
    "R18": "total_cash_incl_advance",
    "R19": "instalments_unconditional.total_paid",
    "R29": "grossed_up.gross",
    "R30": "wht",
    "R33": "payable",
    "R36": "periods.2.royalty",
    "R37": "periods.1.royalty",
    "R42": "mg",
}
"""Which figure each vector's wrong answers are about, where it is not simply its `royalty`."""


def figure(answer: Any, path: str) -> Any:
    for step in path.split("."):
        answer = answer[int(step)] if step.isdigit() else answer[step]
    return answer


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['id']} {v['title']}")
def test_the_vector_comes_out_exactly(vector: Answer) -> None:
    assert said(SOLUTIONS[vector["id"]](vector["inputs"])) == vector["expected"]


WRONG = [(v["id"], name, wrong) for v in VECTORS for name, wrong in v.get("wrong_answers", {}).items()]


@pytest.mark.parametrize(("vector_id", "name", "wrong"), WRONG, ids=[f"{id} {name}" for id, name, _ in WRONG])
def test_the_naive_answer_is_not_given(vector_id: str, name: str, wrong: Any) -> None:
    answer = said(SOLUTIONS[vector_id](BY_ID[vector_id]["inputs"]))
    if isinstance(wrong, dict):
        assert {key: answer[key] for key in wrong} != wrong
    else:
        assert figure(answer, QUESTIONS.get(vector_id, "royalty")) != wrong


def test_all_vectors_are_here() -> None:
    assert len(VECTORS) == 34
    assert set(SOLUTIONS) == set(BY_ID)
