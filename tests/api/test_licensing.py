"""Licences over their life through the published operations: statements to the cent, amendments, approvals, the licensor."""

import base64
import hashlib
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from licences import VECTORS
from trading import TODAY, Group, words

from souvenir.api.identity import global_id, read_id
from souvenir.kernel.money import Money
from souvenir.licensing.breach import Breach

JULY = "2025-07-05"


def scarves(group: Group, count: int = 1) -> str:
    """Scarves at 113.00, 100.00 without VAT, under 8 %."""
    return str(group.bought(goods=[{"productId": group.scarf, "quantity": count}])["id"])


def state(group: Group, period: str, on: str = JULY, **more):
    return group.finance.try_to("issueStatement", licenceId=group.licence, period=period, on=on, **more)


def read(group: Group, period: str):
    found = group.finance.ask("statement", licenceId=group.licence, period=period)
    found.pop("__typename")
    return found


# Statements.


def test_a_statement_says_what_was_earned_and_leads_down_to_the_sale(group: Group):
    order = scarves(group, 5)
    assert state(group, "2025-Q1")["statement"]["isNil"] is True
    issued = state(group, "2025-Q2")["statement"]
    (line,) = issued["lines"]
    assert (line["sku"], line["sold"], line["net"]["amount"], line["royalty"]["amount"]) == (
        "SCARF", 5, "500.00", "40.00",
    )  # fmt: skip
    assert (issued["account"]["recouped"]["amount"], issued["due"]["amount"]["amount"]) == ("40.00", "0.00")
    asked = {"licenceId": group.licence, "period": "2025-Q2", "line": 1}
    (source,) = group.finance.ask("statementSources", **asked)["sources"]
    assert (source["orderId"], source["royalty"]["amount"]) == (order, "40.00")
    assert group.finance.ask("statementSources", **asked | {"line": 2})["code"] == "NO_SUCH_LINE"


def test_an_issued_statement_comes_out_again_as_the_bytes_its_digest_seals(group: Group):
    scarves(group)
    state(group, "2025-Q1")
    issued = state(group, "2025-Q2")["statement"]
    scarves(group, 3)
    again = read(group, "2025-Q2")
    assert again == issued
    assert hashlib.sha256(again["json"].encode()).hexdigest() == again["digest"]


def test_statements_are_listed_page_by_page_the_latest_first(group: Group):
    for quarter in ("2025-Q1", "2025-Q2"):
        state(group, quarter)
    first = group.finance.ask("statements", licenceId=group.licence, first=1)
    assert [edge["node"]["period"] for edge in first["edges"]] == ["2025-Q2"]
    assert first["pageInfo"]["hasNextPage"]
    rest = group.finance.ask("statements", licenceId=group.licence, after=first["pageInfo"]["endCursor"])
    assert [edge["node"]["period"] for edge in rest["edges"]] == ["2025-Q1"]
    assert not rest["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize(
    ("form", "begins", "name"),
    [
        ("PDF", b"%PDF-", "LIC-A-2025-Q2.pdf"),
        ("XLSX", b"PK", "LIC-A-2025-Q2.xlsx"),
        ("JSON", b'{"adjustments":[]', "LIC-A-2025-Q2.json"),
        ("TEXT", "版税结算单".encode(), "LIC-A-2025-Q2.txt"),
    ],
)
def test_finance_and_the_licensor_get_the_same_file(group: Group, form, begins, name):
    scarves(group, 2)
    for quarter in ("2025-Q1", "2025-Q2"):
        state(group, quarter)
    asked = {"licenceId": group.licence, "period": "2025-Q2", "format": form}
    palace = licensor(group)
    group.shop.followers.catch_up()
    found, theirs = (who.ask("statementFile", **asked) for who in (group.finance, palace))
    content = base64.b64decode(found["file"]["content"])
    assert (content.startswith(begins), found["file"]["name"]) == (True, name)
    assert theirs == found
    if form == "JSON":
        assert hashlib.sha256(content).hexdigest() == found["digest"]


def test_a_draft_records_nothing_and_names_what_to_look_at(group: Group):
    order = scarves(group, 2)
    group.till.do("takeBack", orderId=order, lines=[{"lineNo": 1, "quantity": 1}], tender="CASH")
    state(group, "2025-Q1")
    head = group.shop.log.head()
    draft = group.finance.ask("draftStatement", licenceId=group.licence, period="2025-Q2", on=JULY)
    assert [flag["code"] for flag in draft["flags"]] == ["MANY_RETURNS"]
    assert draft["statement"]["royalty"]["amount"] == "8.00"
    assert group.shop.log.head() == head


@pytest.mark.parametrize(
    ("period", "on", "code"),
    [
        ("2025-Q2", "2025-06-30", "PERIOD_NOT_OVER"),
        ("2025-Q2", JULY, "EARLIER_PERIOD_NOT_STATED"),
        ("2025-05", JULY, "PERIOD_OUTSIDE_LICENCE"),
        ("soon", JULY, "MALFORMED_INPUT"),
    ],
)
def test_a_period_that_cannot_be_stated_is_refused(group: Group, period, on, code):
    assert state(group, period, on)["code"] == code
    assert group.finance.ask("draftStatement", licenceId=group.licence, period=period, on=on)["code"] == code


def test_a_statement_is_issued_once_and_a_repeated_request_gets_the_same(group: Group):
    first, again = state(group, "2025-Q1", idempotencyKey="s"), state(group, "2025-Q1", idempotencyKey="s")
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["statement"] == first["statement"]
    assert state(group, "2025-Q1")["code"] == "PERIOD_ALREADY_STATED"
    assert read(group, "2025-Q2")["code"] == "NOT_STATED"


def test_the_guarantee_is_forecast(group: Group):
    scarves(group, 5)
    group.finance.ask("trialBalance")
    found = group.finance.ask("guaranteeForecast", licenceId=group.licence, on=TODAY)
    assert (found["earned"]["amount"], found["guarantee"]["amount"]) == ("40.00", "1000.00")
    assert found["shortfall"]["amount"] == "891.85"


# Contracts.


def test_an_amendment_signed_late_leaves_the_statement_and_adjusts_the_next(group: Group):
    scarves(group, 5)
    state(group, "2025-Q1")
    issued = state(group, "2025-Q2")["statement"]
    change = {
        "licenceId": group.licence, "amendmentNo": "A1", "tiers": [{"rate": "0.10"}], "effectiveFrom": "2025-04-01",
        "signedOn": "2025-08-01",
    }  # fmt: skip
    group.office.do("amendLicence", **change)
    assert read(group, "2025-Q2") == issued
    third = state(group, "2025-Q3", "2025-10-05")["statement"]
    (adjusted,) = third["adjustments"]
    assert (adjusted["rateBefore"], adjusted["rate"], adjusted["royalty"]["amount"]) == ("0.08", "0.10", "10.00")
    other = group.office.try_to("amendLicence", **change | {"tiers": [{"rate": "0.12"}]})
    assert other["code"] == "AMENDMENT_ALREADY_RECORDED"
    late = group.office.try_to("amendLicence", **change | {"amendmentNo": "A2", "effectiveFrom": "2025-04-02"})
    assert late["code"] == "AMENDMENT_UNSOUND"


def test_a_licence_is_renewed_and_ended(group: Group):
    renew = {"licenceId": group.licence, "signedOn": TODAY}
    assert group.office.do("renewLicence", ends="2026-12-31", **renew)["licence"]["ends"] == "2026-12-31"
    assert group.office.try_to("renewLicence", ends="2026-06-30", **renew)["code"] == "TERM_UNSOUND"
    end = {"licenceId": group.licence, "ends": "2025-05-14", "reason": "breach"}
    assert group.office.do("terminateLicence", **end)["licence"]["ends"] == "2025-05-14"
    refused = group.till.try_to("sellAtTill", tender="CASH", goods=[{"productId": group.scarf}])
    assert refused["code"] == "LICENCE_LAPSED"
    assert group.office.try_to("renewLicence", ends="2027-12-31", **renew)["code"] == "ALREADY_TERMINATED"


def test_a_mark_is_reviewed_every_year(group: Group):
    review = {"markId": group.mark, "reviewedOn": TODAY}
    assert group.office.do("passMarkReview", **review, nextDue="2025-05-31")["markId"] == group.mark
    assert group.office.try_to("passMarkReview", **review, nextDue="2025-05-30")["code"] == "CERTIFICATE_UNSOUND"
    group.office.do("passMarkReview", **review, nextDue="2026-05-31")


def test_a_sale_outside_its_licence_is_listed_with_the_position(group: Group):
    licence, order = read_id("Licence", group.licence), UUID(int=50)
    outside = Breach.report(
        licence, order, 1, product_id=UUID(int=9), sku="SCARF", units=2, base=Money.of("200.00", "CNY"),
        code="LICENCE_LAPSED", business_date=date(2025, 5, 12),
    )  # fmt: skip
    group.shop.log.execute(lambda tx: tx.save(outside))
    position = group.finance.ask("royaltyPosition", licenceId=group.licence)
    ((listed,), count) = position["breachLines"], position["breaches"]
    assert (listed["orderId"], listed["units"], listed["base"]["amount"], listed["code"], count) == (
        global_id("Order", order), 2, "200.00", "LICENCE_LAPSED", 1,
    )  # fmt: skip


def test_grants_that_exclude_each_other_are_refused(group: Group):
    grant = {
        "categories": ["enamelware"], "territories": ["CN"], "channels": ["shop"], "starts": "2025-06-01",
        "ends": "2025-12-31", "exclusive": True,
    }  # fmt: skip
    refused = group.office.try_to(
        "grantLicence", contractNo="LIC-B", licensor="Other", propertyName=words("Crane", "仙鹤"), grant=grant,
        terms={"currency": "CNY", "tiers": [{"rate": "0.05"}]},
    )  # fmt: skip
    assert refused["code"] == "GRANTS_OVERLAP"


def test_a_rate_from_nobody_is_not_agreed(group: Group):
    rate = {"licenceId": group.licence, "currency": "USD", "rate": "7.1", "validFrom": TODAY, "validUntil": TODAY}
    assert group.office.try_to("agreeConversionRate", source=" ", **rate)["code"] == "CONVERSION_UNSOUND"
    group.office.do("agreeConversionRate", source="Bank of China, noon fixing", **rate)


def fan(group: Group, **more) -> tuple[str, str]:
    """A licence with approvals, and a product under it."""
    licence = group.office.do(
        "grantLicence", contractNo="LIC-F", licensor="Garden Studio", propertyName=words("Lotus", "莲"),
        grant={
            "categories": ["enamelware"], "territories": ["CN"], "channels": ["shop"], "starts": "2025-01-01",
            "ends": "2025-12-31", "approval": {"stages": ["artwork", "production_sample"], "answerDays": 5},
        },
        terms={"currency": "CNY", "tiers": [{"rate": "0.05"}], **more},
    )["licence"]["id"]  # fmt: skip
    return licence, group.product("FAN", "60.00", licenceIds=[licence])


def test_what_is_not_approved_is_not_sold(group: Group):
    licence, product = fan(group)
    sale = {"tender": "CASH", "goods": [{"productId": product}]}
    assert group.till.try_to("sellAtTill", **sale)["code"] == "PRODUCT_NOT_APPROVED"
    submit = {"licenceId": licence, "productId": product, "on": "2025-05-12"}
    early = group.office.try_to("submitForApproval", stage="production_sample", evidence="a" * 64, **submit)
    assert early["code"] == "EARLIER_STAGE_OPEN"
    for stage, seen, said in (("artwork", "a", "b"), ("production_sample", "c", "d")):
        shown = group.office.do("submitForApproval", stage=stage, evidence=seen * 64, **submit)["approval"]
        assert (shown["stages"][-1]["outcome"], shown["stages"][-1]["answerDue"]) == (None, "2025-05-19")
        answer = {"approvalId": shown["id"], "stage": stage, "on": "2025-05-14", "answeredBy": "Ms Lin"}
        group.office.do("recordApprovalAnswer", outcome="approved", evidence=said * 64, **answer)
    assert group.till.do("sellAtTill", **sale)["order"]["state"] == "paid"
    found = group.office.ask("approval", licenceId=licence, productId=product)
    assert [stage["outcome"] for stage in found["stages"]] == ["approved", "approved"]


def test_evidence_is_a_hash(group: Group):
    licence, product = fan(group)
    submit = {"licenceId": licence, "productId": product, "on": TODAY, "stage": "artwork"}
    assert group.office.try_to("submitForApproval", evidence="sketch.png", **submit)["code"] == "MALFORMED_INPUT"
    none = group.office.try_to("submitForApproval", evidence="a" * 64, **submit | {"licenceId": group.licence})
    assert none["code"] == "STAGE_NOT_ASKED"


def test_units_beyond_a_cap_are_refused_where_the_contract_says_so(group: Group):
    licence = group.office.do(
        "grantLicence", contractNo="LIC-C", licensor="Garden Studio", propertyName=words("Bamboo", "竹"),
        grant={
            "categories": ["enamelware"], "territories": ["CN"], "channels": ["shop"], "starts": "2025-01-01",
            "ends": "2025-12-31",
        },
        terms={"currency": "CNY", "tiers": [{"rate": "0.05"}], "unitCap": 2, "refuseOverCap": True},
    )["licence"]["id"]  # fmt: skip
    box = group.product("BOX", "60.00", licenceIds=[licence])
    sale = {"tender": "CASH", "goods": [{"productId": box, "quantity": 3}]}
    assert group.till.try_to("sellAtTill", **sale)["code"] == "UNIT_CAP_REACHED"


# The licensor.


def licensor(group: Group, name: str | None = "Palace Studio"):
    person = group.staff("L1", "licensor_readonly", "backoffice")
    if name:
        staff = group.office.do("engageStaff", badge="L1", roles=["licensor_readonly"])["staffId"]
        group.office.do("nameLicensor", staffId=staff, licensor=name)
    return person


def test_a_licensor_reads_their_own_licences_and_statements(group: Group):
    order = scarves(group)
    state(group, "2025-Q1")
    state(group, "2025-Q2")
    palace = licensor(group)
    group.shop.followers.catch_up()
    assert [one["contractNo"] for one in palace.ask("licences")] == ["LIC-A"]
    assert palace.ask("statement", licenceId=group.licence, period="2025-Q2")["royalty"]["amount"] == "8.00"
    asked = {"licenceId": group.licence, "period": "2025-Q2", "line": 1}
    assert [one["orderId"] for one in palace.ask("statementSources", **asked)["sources"]] == [order]
    assert palace.ask("royaltyPosition", licenceId=group.licence)["earned"]["amount"] == "8.00"


@pytest.mark.parametrize("name", ["Garden Studio", None])
def test_what_is_another_licensors_does_not_exist_for_them(group: Group, name):
    state(group, "2025-Q1")
    stranger = licensor(group, name)
    group.shop.followers.catch_up()
    assert stranger.ask("licences") == []
    refused = stranger.ask("statement", licenceId=group.licence, period="2025-Q1")
    assert refused["code"] == "NOT_FOUND"
    for operation, more in (("statements", {}), ("royaltyPosition", {})):
        body = stranger.send(operation, licenceId=group.licence, **more).json()
        assert body["errors"][0]["extensions"]["refusal"]["code"] == "NOT_FOUND"


def test_a_licensor_changes_nothing_and_reads_no_orders(group: Group):
    palace = licensor(group)
    renew = {"idempotencyKey": "1", "licenceId": group.licence, "ends": "2030-12-31", "signedOn": TODAY}
    for operation, variables in (("renewLicence", {"input": renew}), ("claims", {})):
        body = palace.send(operation, **variables).json()
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_only_finance_states(group: Group):
    body = group.desk.send("statements", licenceId=group.licence).json()
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"


# Terms.


def test_what_a_contract_may_say_reaches_its_statement(group: Group):
    grant = {
        "categories": ["fans"], "territories": ["CN"], "channels": ["shop"], "starts": "2025-01-01", "ends": "2025-12-31",
        "agent": "Agency", "agentCommission": "0.1", "headContractNo": "HEAD-1", "subLicensing": True,
    }  # fmt: skip
    terms = {
        "currency": "CNY", "tiers": [{"rate": "0.08"}], "sharedAccount": "PALACE", "reserveRate": "0.15",
        "reservePeriods": 2, "discountCap": "0.03", "discountCapTested": "period", "stackingCap": "0.12",
        "guarantees": [{"due": "2025-03-31", "amount": {"amount": "50.00", "currency": "CNY"}}],
        "taxBorneBy": "licensee", "recoupInSellOff": False, "sublicenceRate": "0.06", "overCapMultiplier": "3",
    }  # fmt: skip
    granted = group.office.do(
        "grantLicence", contractNo="LIC-T", licensor="Palace Studio",
        propertyName=[{"language": "en", "text": "Fan"}], grant=grant, terms=terms,
    )  # fmt: skip
    licence = granted["licence"]["id"]
    group.office.do("recordLabels", licenceId=licence, reference="DN-1", count=10, on="2025-01-02")
    report = {"licenceId": licence, "sublicensee": "Garden", "period": "2025-Q1", "on": "2025-04-05"}
    sold = {"receipts": {"amount": "1.00", "currency": "CNY"}, "netSales": {"amount": "100.00", "currency": "CNY"}}
    group.office.do("reportSublicence", **report, **sold)
    refused = group.office.try_to("reportSublicence", **report | {"period": "2025-Q2"}, **sold)
    assert refused["code"] == "SUBLICENCE_UNSOUND"
    counted = {"licenceId": licence, "onHand": 7, "destroyed": 1, "returned": 0, "countedOn": "2025-03-31"}
    group.office.do("countLabels", **counted)
    assert group.office.try_to("countLabels", **counted | {"onHand": -1})["code"] == "LABELS_UNSOUND"
    left = {"licenceId": licence, "productId": group.scarf, "units": 3}
    assert group.office.do("countSellOffStock", **left, on="2025-12-31")["licence"]["id"] == licence
    assert group.office.try_to("countSellOffStock", **left, on="2025-12-30")["code"] == "STOCK_COUNT_UNSOUND"
    issued = group.finance.do("issueStatement", licenceId=licence, period="2025-Q1", on="2025-04-10")["statement"]
    assert (issued["sharedAccount"], issued["account"]["shortfall"]["amount"]) == ("PALACE", "44.00")
    assert (issued["reserve"]["rate"], issued["labels"]["unaccounted"]) == ("0.15", 2)


@pytest.mark.parametrize(
    ("years", "due", "of_each"),
    [("separate", ["26000.00", "20000.00"], ["26000.00", "20000.00"]), ("crossed", ["26000.00", "15000.00"], [])],
)
def test_guarantee_years_are_separate_or_crossed_as_the_contract_says(group: Group, years, due, of_each):
    vector = next(each for each in VECTORS if each["id"] == "R20")
    grant = {
        "categories": ["fans"], "territories": ["CN"], "channels": ["shop"], "starts": "2023-01-01", "ends": "2024-12-31",
        "subLicensing": True,
    }  # fmt: skip
    guarantees = [
        {"due": f"{year}-12-31", "amount": {"amount": each["mg"], "currency": "CNY"}}
        for year, each in zip((2023, 2024), vector["inputs"]["years"], strict=True)
    ]
    terms = {
        "currency": "CNY", "tiers": [{"rate": "0"}], "sublicenceShare": "1", "periodMonths": 12,
        "guarantees": guarantees, "guaranteeYears": years,
    }  # fmt: skip
    granted = group.office.do(
        "grantLicence", contractNo="LIC-Y", licensor="Palace Studio",
        propertyName=[{"language": "en", "text": "Fan"}], grant=grant, terms=terms,
    )  # fmt: skip
    licence = {"licenceId": granted["licence"]["id"]}
    paid = []
    for period, each in zip(("2023", "2024"), vector["inputs"]["years"], strict=True):
        received = {"amount": each["earned"], "currency": "CNY"}
        report = {"sublicensee": "Garden", "period": period, "on": "2025-02-01"}
        group.office.do("reportSublicence", **licence, **report, receipts=received, netSales=received)
        issued = group.finance.do("issueStatement", **licence, period=period, on="2025-02-01")["statement"]
        paid.append(issued["due"]["royalty"]["amount"])
    assert paid == due
    assert f"{sum(map(Decimal, paid))}" == vector["expected"][f"{years}_total"]
    assert [each["cashToDate"]["amount"] for each in issued["account"]["years"]] == of_each
    ahead = group.finance.ask("guaranteeForecast", **licence, on="2024-06-30")
    assert (ahead["contractYear"], ahead["guarantee"]["amount"]) == (
        (2, "20000.00") if years == "separate" else (None, "40000.00")
    )


def test_what_is_charged_besides_sales_reaches_the_statement(group: Group):
    grant = {
        "categories": ["fans"], "territories": ["CN"], "channels": ["shop"], "starts": "2025-01-01", "ends": "2025-12-31",
    }  # fmt: skip
    terms = {
        "currency": "CNY", "tiers": [{"rate": "0"}], "unitFloor": {"amount": "2.00", "currency": "CNY"},
        "freeGoodsAllowance": "0.02", "labelsDeemedSold": True, "lateInterestRate": "0.05", "lateInterest": "daily",
    }  # fmt: skip
    granted = group.office.do(
        "grantLicence", contractNo="LIC-U", licensor="Palace Studio",
        propertyName=[{"language": "en", "text": "Kite"}], grant=grant, terms=terms,
    )  # fmt: skip
    licence = {"licenceId": granted["licence"]["id"]}
    group.office.do("recordLabels", **licence, reference="DN-1", count=10, on="2025-01-02")
    group.office.do("countLabels", **licence, onHand=7, destroyed=0, returned=0, countedOn="2025-03-31")
    group.office.do("reportFreeGoods", **licence, period="2025-Q1", units=5, on="2025-04-05")
    refused = group.office.try_to("reportFreeGoods", **licence, period="2025-Q1", units=6, on="2025-04-05")
    assert (refused["code"], "5 are recorded already" in refused["message"]) == ("FREE_GOODS_UNSOUND", True)
    issued = group.finance.do("issueStatement", **licence, period="2025-Q1", on="2025-04-10")["statement"]
    assert [(line["amendmentNo"], line["royalty"]["amount"]) for line in issued["adjustments"]] == [
        ("labels counted 2025-03-31", "6.00"),
        ("free goods", "10.00"),
    ]
    assert (issued["labels"]["charged"], issued["account"]["payable"]["amount"]) == (3, "16.00")


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"lateInterest": "weekly"}, "MALFORMED_INPUT"),
        ({"unitFloor": {"amount": "1", "currency": "JPY"}}, "TERM_UNSOUND"),
        ({"discountCapTested": "month"}, "MALFORMED_INPUT"),
        ({"taxBorneBy": "nobody"}, "MALFORMED_INPUT"),
        ({"guaranteeYears": "alone"}, "MALFORMED_INPUT"),
        ({"guaranteeYears": "separate", "sharedAccount": "PALACE"}, "TERM_UNSOUND"),
        ({"reserveRate": "0.1"}, "TERM_UNSOUND"),
        ({"discountCap": "1.5"}, "RATE_OUT_OF_RANGE"),
    ],
)
def test_terms_that_cannot_be_are_refused(group: Group, terms, code):
    grant = {
        "categories": ["fans"], "territories": ["CN"], "channels": ["shop"], "starts": "2025-01-01", "ends": "2025-12-31",
    }  # fmt: skip
    refused = group.office.try_to(
        "grantLicence", contractNo="LIC-T", licensor="Palace Studio", propertyName=[{"language": "en", "text": "Fan"}],
        grant=grant, terms={"currency": "CNY", "tiers": [{"rate": "0.08"}]} | terms,
    )  # fmt: skip
    assert refused["code"] == code


def test_an_edition_its_licence_does_not_cover_is_not_released(group: Group):
    grant = {
        "categories": ["enamelware"], "territories": ["JP"], "channels": ["shop"], "starts": "2025-01-01", "ends": "2025-12-31",
    }  # fmt: skip
    licence = group.office.do(
        "grantLicence", contractNo="LIC-JP", licensor="Palace Studio", propertyName=[{"language": "en", "text": "Fan"}],
        grant=grant, terms={"currency": "CNY", "tiers": [{"rate": "0.08"}]},
    )["licence"]["id"]  # fmt: skip
    plate = group.product("PLATE", "113.00", hasEdition=True, gtin="06901234567885", licenceIds=[licence])
    edition = group.office.do("declareEdition", productId=plate, title=words("Plate", "盘"), size=5)["edition"]["id"]
    group.office.do("allotEdition", editionId=edition, outletId=group.counter, first=1, last=5)
    assert group.office.try_to("releaseEdition", editionId=edition)["code"] == "TERRITORY_NOT_GRANTED"
