"""Tax refunds through the API: both published cases come out exactly, and whatever stands in the way is said, with facts."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from trading import Group

from souvenir.api.identity import read_id
from souvenir.kernel.money import Money
from souvenir.processes.take_back import RefundNotGivenBack
from souvenir.processes.watch_deadlines import Stalled
from souvenir.taxrefund.simulators.agency import SimulatedAgency
from souvenir.taxrefund.simulators.tax_office import SimulatedTaxOffice

DOCUMENT = {"kind": "passport", "number": "X1234567", "name": "Ada Lovelace", "lastEntry": "2025-05-01"}


def two_mugs(group: Group) -> str:
    """1,494.00, as in the case published on 26 May 2025."""
    return str(group.bought(goods=[{"productId": group.mug, "quantity": 2}])["id"])


def assess(group: Group, order: str, **changed):
    asked = {"mode": "INSTANT_CENTRALISED", "documentKind": "passport", "lastEntry": "2025-05-01"}
    return group.point.ask("assessRefund", input={"orderIds": [order], **asked, **changed})


def opened(group: Group, order: str) -> str:
    claim = group.point.do("openClaim", orderIds=[order], mode="INSTANT_CENTRALISED", document=DOCUMENT)["claim"]
    return str(claim["id"])


def advanced(group: Group) -> str:
    """A claim whose net refund is in the traveller's hands."""
    claim = opened(group, two_mugs(group))
    group.point.do("agreeClaim", claimId=claim)
    group.point.do("guaranteeClaim", claimId=claim, provider="sandbox", source="tok")
    group.point.do("advanceClaim", claimId=claim, tender="CASH")
    return claim


def test_the_instant_case_advances_134_46_and_releases_the_guarantee(group: Group):
    order = two_mugs(group)
    found = assess(group, order)
    assert found["problems"] == []
    assert (found["quote"]["refund"]["amount"], found["quote"]["fee"]["amount"]) == ("164.34", "29.88")
    claim = opened(group, order)
    agreed = group.point.do("agreeClaim", claimId=claim)["claim"]
    assert (agreed["promisedBy"], agreed["ports"]) == ("2025-06-01", ["PEK", "PKX"])
    held = group.point.do("guaranteeClaim", claimId=claim, provider="sandbox", source="tok")["claim"]
    assert (held["guaranteeState"], held["held"]["amount"]) == ("held", "134.46")
    paid = group.point.do("advanceClaim", claimId=claim, tender="CASH")["claim"]
    assert (paid["state"], paid["advanced"]["amount"]) == ("advanced", "134.46")
    seen = group.desk.do("confirmCustoms", claimId=claim, port="PEK", lines=[{"lineNo": 1, "quantity": 2}])["claim"]
    assert (seen["state"], seen["guaranteeState"], seen["outstanding"]["amount"]) == ("completed", "released", "0.00")


def test_the_ordinary_case_pays_45_18_at_departure(group: Group):
    order = group.bought(goods=[{"productId": group.pen}], on="2015-07-01")
    document = DOCUMENT | {"lastEntry": "2015-06-20"}
    form = {"orderIds": [order["id"]], "mode": "DEPARTURE", "document": document, "issuedOn": "2015-07-01"}
    claim = group.till.do("openClaim", **form)["claim"]
    assert (claim["gross"]["amount"], claim["net"]["amount"]) == ("502.00", "45.18")
    unseen = group.desk.try_to("payAtDeparture", claimId=claim["id"], tender="CASH", on="2015-07-05")
    assert unseen["code"] == "CUSTOMS_NOT_CONFIRMED"
    group.desk.do(
        "confirmCustoms", claimId=claim["id"], port="PEK", on="2015-07-05", lines=[{"lineNo": 1, "quantity": 1}]
    )
    paid = group.desk.do("payAtDeparture", claimId=claim["id"], tender="CASH", on="2015-07-05")["claim"]
    assert (paid["state"], paid["net"]["amount"]) == ("paid", "45.18")


def test_a_deadline_that_could_not_be_acted_on_is_shown_with_its_reason(group: Group):
    claim = advanced(group)
    since = datetime(2025, 6, 2, tzinfo=UTC)
    why = "The agency has not answered."
    group.shop.deadlines.stalled = (Stalled("agency", read_id("Claim", claim), since, "AGENCY_SILENT", why),)
    shown = {"kind": "agency", "about": claim, "since": since.isoformat(), "code": "AGENCY_SILENT", "message": why}
    for who in (group.finance, group.office, group.desk):
        assert who.ask("stalledDeadlines") == [shown]


def test_a_missed_promise_is_taken_from_the_card(group: Group):
    claim = advanced(group)
    group.shop.followers.catch_up()
    assert group.desk.try_to("missPromise", claimId=claim, on="2025-06-01")["code"] == "PROMISE_STILL_OPEN"
    assert [one["id"] for one in group.desk.ask("overdueClaims", on="2025-06-02")] == [claim]
    missed = group.desk.do("missPromise", claimId=claim, on="2025-06-02")["claim"]
    assert (missed["state"], missed["guaranteeState"]) == ("recovered", "captured")
    assert [move.amount.amount for move in group.sandbox.movements.values() if move.kind == "capture"] == ["134.46"]


@pytest.mark.parametrize(
    ("changed", "problem", "facts"),
    [
        ({"documentKind": "library_card"}, "DOCUMENT_NOT_ACCEPTED", "library_card"),
        ({"lastEntry": "2024-11-12"}, "STAY_TOO_LONG", "stayed 184 days"),
        ({"lastEntry": "2025-05-16"}, "INVOICE_BEFORE_ENTRY", "2025-05-16"),
        ({"lastEntry": None}, "LAST_ENTRY_UNKNOWN", "183 days"),
    ],
)
def test_what_stands_in_the_way_is_listed_before_and_refused_at_the_attempt(group: Group, changed, problem, facts):
    order = two_mugs(group)
    found = assess(group, order, **changed)
    assert found["quote"] is None
    assert [one["code"] for one in found["problems"]] == [problem]
    assert facts in found["problems"][0]["message"]
    document = {
        **DOCUMENT,
        **{{"documentKind": "kind"}.get(name, name): value for name, value in changed.items()},
    }
    head = group.shop.log.head()
    refused = group.point.try_to("openClaim", orderIds=[order], mode="INSTANT_CENTRALISED", document=document)
    assert refused["code"] == problem
    assert group.shop.log.head() == head


def test_several_problems_are_listed_together(group: Group):
    order = group.bought(goods=[{"productId": group.scarf}])["id"]
    found = assess(group, order, lastEntry="2024-01-01")
    assert [one["code"] for one in found["problems"]] == ["STAY_TOO_LONG", "BELOW_MINIMUM_PURCHASE"]


def test_a_total_one_fen_below_the_threshold_brings_nothing(group: Group):
    short = group.product("SHORT", "199.99")
    order = group.bought(goods=[{"productId": short}])["id"]
    assert [one["code"] for one in assess(group, order)["problems"]] == ["BELOW_MINIMUM_PURCHASE"]


def test_goods_that_are_not_refundable_bring_nothing(group: Group):
    antique = group.product("ANTIQUE", "900.00", refundable=False)
    found = assess(group, group.bought(goods=[{"productId": antique}])["id"])
    assert [one["code"] for one in found["problems"]] == ["GOODS_NOT_REFUNDABLE"]
    assert [(line["lineNo"], line["reason"]) for line in found["excluded"]] == [(1, "excluded_goods")]


def test_one_order_is_on_one_form(group: Group):
    order = two_mugs(group)
    opened(group, order)
    again = group.point.try_to("openClaim", orderIds=[order], mode="INSTANT_CENTRALISED", document=DOCUMENT)
    assert again["code"] == "ORDER_ALREADY_CLAIMED"


def test_no_advance_without_a_card_behind_it(group: Group):
    claim = opened(group, two_mugs(group))
    group.point.do("agreeClaim", claimId=claim)
    assert group.point.try_to("advanceClaim", claimId=claim, tender="CASH")["code"] == "GUARANTEE_TOO_SMALL"
    declined = group.point.try_to("guaranteeClaim", claimId=claim, provider="sandbox", source="decline")
    assert declined["code"] == "GUARANTEE_DECLINED"


def test_customs_confirms_no_more_than_the_form_lists(group: Group):
    claim = advanced(group)
    more = group.desk.try_to("confirmCustoms", claimId=claim, port="PEK", lines=[{"lineNo": 1, "quantity": 3}])
    assert more["code"] == "MORE_UNITS_THAN_LISTED"
    other = group.desk.try_to("confirmCustoms", claimId=claim, port="PEK", lines=[{"lineNo": 9, "quantity": 1}])
    assert other["code"] == "UNKNOWN_CLAIM_LINE"


def test_a_claim_is_served_where_its_goods_were_bought_or_at_the_point_that_pays_it(group: Group):
    order, park = two_mugs(group), group.device(group.park, "T1")
    form = {"orderIds": [order], "document": DOCUMENT}
    assert park.try_to("openClaim", mode="DEPARTURE", **form)["code"] == "NOT_AT_THIS_OUTLET"
    assert park.try_to("openClaim", mode="INSTANT_CENTRALISED", **form)["code"] == "NOT_AT_THIS_OUTLET"
    assert group.point.try_to("openClaim", mode="DEPARTURE", **form)["code"] == "NOT_AT_THIS_OUTLET"
    claim = opened(group, order)
    for operation, more in (
        ("agreeClaim", {}),
        ("guaranteeClaim", {"provider": "sandbox", "source": "tok"}),
        ("advanceClaim", {"tender": "CASH"}),
    ):
        assert park.try_to(operation, claimId=claim, **more)["code"] == "NOT_AT_THIS_OUTLET"
    assert group.till.ask("claim", id=claim)["state"] == "issued"


def test_no_answer_repeats_a_name_or_a_document_number(group: Group):
    order = group.bought(goods=[{"productId": group.scarf}])["id"]
    form = {"idempotencyKey": "1", "orderIds": [order], "mode": "INSTANT_CENTRALISED", "document": DOCUMENT}
    attempts = [
        form,
        form | {"orderIds": ["nonsense"]},
        form | {"mode": "NONSENSE"},
        form | {"document": DOCUMENT | {"lastEntry": "soon"}},
        form | {"document": DOCUMENT | {"unknown": "field"}},
        form | {"document": DOCUMENT | {"number": [DOCUMENT["number"]]}},
        {"document": DOCUMENT},
        form | {"idempotencyKey": {"a": DOCUMENT}},
    ]
    for attempt in attempts:
        answer = group.point.send("openClaim", input=attempt).text
        assert "code" in answer
        assert DOCUMENT["number"] not in answer
        assert DOCUMENT["name"] not in answer


def test_the_log_holds_neither_name_nor_document_number(group: Group):
    opened(group, two_mugs(group))
    stored = b"".join(bytes(row.state) for row in group.shop.log.stored())
    assert DOCUMENT["name"].encode() not in stored
    assert DOCUMENT["number"].encode() not in stored


def test_a_passport_of_the_country_itself_brings_no_refund_and_its_nationality_is_not_kept(group: Group):
    order = two_mugs(group)
    own = {"document": {**DOCUMENT, "kind": "passport", "nationality": "chn"}, "mode": "INSTANT_STORE"}
    assert group.till.try_to("openClaim", orderIds=[order], **own)["code"] == "OWN_NATIONALS_EXCLUDED"
    foreign = {"document": {**DOCUMENT, "kind": "passport", "nationality": "UTO"}, "mode": "INSTANT_STORE"}
    assert group.till.do("openClaim", orderIds=[order], **foreign)["claim"]["state"] == "issued"
    assert b"UTO" not in b"".join(bytes(row.state) for row in group.shop.log.stored())


# Explained, before anybody shows a passport.


def explain(counterpart, **changed):
    asked = {
        "place": "CN-BJ", "on": "2025-05-15", "lastEntry": "2025-05-01",
        "goods": [{"gross": {"amount": "1494.00", "currency": "CNY"}, "vatRate": "0.13"}],
    }  # fmt: skip
    return counterpart.ask("explainRefund", input=asked | changed)


def test_a_visitor_is_told_what_comes_back_and_by_which_law(group: Group):
    found = explain(group.visitor)
    assert (found["quote"]["refund"]["amount"], found["quote"]["fee"]["amount"]) == ("164.34", "29.88")
    assert found["lines"][0]["why"]["text"]["text"] == ("refundable: 11% of the price with tax, as its VAT rate is 13%")
    assert all(rule["sources"] for rule in found["grounds"])
    assert explain(group.till)["quote"] == found["quote"]


def test_an_explanation_is_in_the_readers_language(group: Group):
    goods = [{"gross": {"amount": "100.00", "currency": "CNY"}, "vatRate": "0.13"}]
    asked = {"place": "CN-BJ", "on": "2025-05-15", "lastEntry": "2025-05-01", "goods": goods}
    answer = group.visitor.send("explainRefund", accept_language="zh-Hans", input=asked).json()
    (problem,) = answer["data"]["explainRefund"]["problems"]
    assert problem["text"]["text"].endswith("未达到起退点200.00\u00a0CNY。")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"place": "XX"}, "UNKNOWN_JURISDICTION"),
        ({"goods": []}, "MALFORMED_INPUT"),
        ({"goods": [{"gross": {"amount": "1.001", "currency": "CNY"}, "vatRate": "0.13"}]}, "MALFORMED_MONEY"),
        ({"goods": [{"gross": {"amount": "1.00", "currency": "CNY"}, "vatRate": "13"}]}, "MALFORMED_INPUT"),
        ({"goods": [{"gross": {"amount": "500", "currency": "JPY"}, "vatRate": "0.13"}]}, "CURRENCY_MISMATCH"),
    ],
)
def test_what_cannot_be_explained_is_refused(group: Group, changed, code):
    assert explain(group.visitor, **changed)["code"] == code


def test_the_traveller_is_told_in_their_language_and_what_would_be_another_day(group: Group):
    found = explain(group.till, language="zh-Hans", whatIf={"on": "2019-03-01", "mode": "departure"})
    assert found["lines"][0]["why"]["text"]["text"].startswith("可退：增值税税率13%")
    assert found["quote"]["net"]["amount"] == "134.46"
    assert [one["text"]["text"] for one in found["whatIf"]["problems"]] == [
        "发票日期2019年3月1日早于最近入境日期2025年5月1日。"
    ]
    entered = explain(group.visitor, lastEntry="2025-04-20", on="2025-05-15", whatIf={"on": "2025-04-26"})
    (changed,) = [one for one in entered["whatIf"]["changed"] if "minimum" in one["after"]["version"]]
    assert (changed["before"]["version"], changed["after"]["version"]) == (
        "CN/minimum_purchase@2025-04-27", "CN/minimum_purchase@2015-07-01",
    )  # fmt: skip
    assert entered["whatIf"]["quote"]["net"]["amount"] == "134.46"
    assert explain(group.visitor)["whatIf"] is None


@pytest.mark.parametrize(
    ("preferred", "place", "served", "is_fallback"),
    [("ja", "中国本土 (CN-BJ)", "ja", False), ("zh-TW", "中國內地 (CN-BJ)", "zh-Hant", False),
     ("sw", "Chinese mainland (CN-BJ)", "en", True)],
)  # fmt: skip
def test_who_reads_a_language_nobody_wrote_is_told_in_english(group: Group, preferred, place, served, is_fallback):
    goods = [{"gross": {"amount": "300.00", "currency": "CNY"}, "vatRate": "0.13"}]
    asked = {"place": "CN-BJ", "on": "2025-05-15", "lastEntry": "2025-05-01", "goods": goods}
    answer = group.visitor.send("explainRefund", accept_language=preferred, input=asked).json()
    said = answer["data"]["explainRefund"]["place"]
    assert (said["text"], said["language"], said["isFallback"]) == (place, served, is_fallback)


def test_another_place_is_compared_by_its_own_law(group: Group):
    found = explain(
        group.visitor, mode="instant_store", on="2025-08-15", lastEntry="2025-08-01", whatIf={"place": "CN-SH"}
    )
    assert found["quote"]["promisedBy"] != found["whatIf"]["quote"]["promisedBy"]
    refused = explain(group.visitor, whatIf={"place": "XX"})
    assert (refused["code"], refused["path"]) == ("UNKNOWN_JURISDICTION", ["input", "whatIf"])


# Returns in part, invoices, and what customs saw.


@pytest.fixture
def office() -> SimulatedTaxOffice:
    return SimulatedTaxOffice()


@pytest.fixture
def connected(time, office: SimulatedTaxOffice) -> Iterator[Group]:
    group = Group(office=office, agency=SimulatedAgency())
    yield group
    group.shop.close()


def form(order: str, **more):
    return {"orderIds": [order], "mode": "DEPARTURE", "document": DOCUMENT, **more}


def test_a_partial_return_voids_form_and_invoice_and_the_rest_is_issued_anew(connected: Group, office):
    order = two_mugs(connected)
    first = connected.till.do("openClaim", **form(order))["claim"]
    assert first["invoices"] == ["25112000000000000001"]
    standing = connected.till.try_to("reissueClaim", claimId=first["id"])
    assert standing["code"] == "CLAIM_HAS_ANOTHER_STATE"
    connected.till.do("takeBack", orderId=order, lines=[{"lineNo": 1}], tender="CASH")
    second = connected.till.do("reissueClaim", claimId=first["id"])["claim"]
    assert (second["gross"]["amount"], second["invoices"]) == ("747.00", ["25112000000000000003"])
    assert [one.outcome.value for one in office.forms.values()] == ["voided", "issued"]


def test_a_return_s_receipt_names_the_red_letter_invoice_of_the_office(connected: Group, office):
    order = two_mugs(connected)
    connected.till.do("openClaim", **form(order))
    back = connected.till.do("takeBack", orderId=order, lines=[{"lineNo": 1}], tender="CASH")
    text = connected.till.ask("returnReceipt", orderId=order, returnId=back["returnId"])["paper"]["text"]
    (red_letter,) = (number for one in office.forms.values() for number in one.red_letters)
    assert f"红字发票 Red letter {red_letter}" in " ".join(text.split())


def test_what_the_office_objects_to_is_settled_by_people(connected: Group, office: SimulatedTaxOffice):
    claim = connected.till.do("openClaim", **form(two_mugs(connected)))["claim"]["id"]
    (key,) = office.forms
    office.lock(key, date(2025, 5, 4))
    connected.till.do("voidClaim", claimId=claim, reason="other name")
    connected.shop.followers.catch_up()
    (found,) = connected.desk.ask("officeObjections")["edges"]
    shown = found["node"]
    assert (shown["claimId"], shown["wanted"], shown["reason"]) == (claim, "void", "its refund is paid")
    settled = {"id": shown["id"], "how": "unlocked by telephone", "on": "2025-05-05"}
    connected.desk.do("resolveOfficeObjection", **settled)
    assert connected.desk.ask("officeObjections")["edges"] == []


def test_a_form_made_out_wrongly_is_voided_and_what_is_final_is_not(connected: Group):
    claim = connected.till.do("openClaim", **form(two_mugs(connected)))["claim"]["id"]
    assert connected.till.do("voidClaim", claimId=claim, reason="other name")["claim"]["state"] == "voided"
    paid = connected.till.do("openClaim", **form(two_mugs(connected)))["claim"]["id"]
    connected.desk.do("confirmCustoms", claimId=paid, port="PEK", lines=[{"lineNo": 1, "quantity": 2}])
    connected.desk.do("payAtDeparture", claimId=paid, tender="CASH")
    assert connected.till.try_to("voidClaim", claimId=paid, reason="other name")["code"] == "REFUND_IS_FINAL"


def test_what_the_office_refuses_or_does_not_answer_is_said(connected: Group, office: SimulatedTaxOffice):
    mine = {"invoices": ["25112000000000000777"]}
    connected.till.do("openClaim", **form(two_mugs(connected), **mine))
    taken = connected.till.try_to("openClaim", **form(two_mugs(connected), **mine))
    assert taken["code"] == "INVOICE_ALREADY_CLAIMED"
    assert (
        connected.till.try_to("openClaim", **form(two_mugs(connected), invoices=["17"]))["code"] == "INVOICE_MALFORMED"
    )
    order = two_mugs(connected)
    office.lose(*["after"] * 4)
    asked = form(order) | {"idempotencyKey": "again"}
    assert connected.till.try_to("openClaim", **asked)["code"] == "TAX_OFFICE_SILENT"
    assert connected.till.do("openClaim", **asked)["claim"]["state"] == "issued"
    assert len(office.forms) == 2


def test_what_customs_saw_and_the_agency_approved_stands_line_by_line(connected: Group):
    claim = connected.till.do("openClaim", **form(two_mugs(connected)))["claim"]
    assert connected.till.ask("claim", id=claim["id"])["verification"] is None
    seen = [{"lineNo": 1, "quantity": 1}]
    connected.desk.do("confirmCustoms", claimId=claim["id"], port="PEK", lines=seen, inspected=True)
    found = connected.till.ask("claim", id=claim["id"])
    assert found["state"] == "approved"
    assert found["verification"] == {
        "on": "2025-05-15", "port": "PEK", "outcome": "partial", "sampling": "every_form", "inspected": True,
        "reviewed": "partial",
        "lines": [{"lineNo": 1, "listed": 2, "confirmed": 1, "approved": 1}],
    }  # fmt: skip


def test_the_stores_registration_says_who_advances(connected: Group):
    connected.office.do(
        "registerForTaxRefund", outletId=connected.counter, jurisdiction="CN", agency="Bank", storeNo="S1",
        instant=True, registeredOn="2025-05-01", advancedBy="agency",
    )  # fmt: skip
    order = two_mugs(connected)
    claim = connected.till.do("openClaim", orderIds=[order], mode="INSTANT_STORE", document=DOCUMENT)["claim"]["id"]
    connected.till.do("agreeClaim", claimId=claim)
    connected.till.do("guaranteeClaim", claimId=claim, provider="sandbox", source="tok")
    assert connected.till.do("advanceClaim", claimId=claim, tender="WALLET")["claim"]["state"] == "advanced"
    accounts = [row["account"] for row in connected.finance.ask("trialBalance")["rows"]]
    assert "Memo:Refunds:ByAgency" in accounts
    assert "Assets:RefundAdvance:PendingCustoms" not in accounts
    wrong = {"outletId": connected.counter, "jurisdiction": "CN", "agency": "B", "storeNo": "S", "instant": True}
    refused = connected.office.try_to("registerForTaxRefund", **wrong, registeredOn="2025-05-01", advancedBy="bank")
    assert refused["code"] == "MALFORMED_INPUT"


def test_what_is_open_on_a_claim_stands_in_the_books_as_of_a_day(group: Group):
    claim = advanced(group)
    ((open_claim,),) = ([edge["node"] for edge in group.finance.ask("openClaims")["edges"]],)
    assert open_claim["claimId"] == claim
    sums = ("owedToUs", "owedByUs", "atRisk", "unsecured")
    assert [open_claim[name]["amount"] for name in sums] == ["164.34", "0.00", "134.46", "0.00"]
    assert {each["account"]: each["balance"]["amount"] for each in open_claim["balances"]} == {
        "Assets:RefundAdvance:PendingCustoms": "164.34",
        "Liabilities:UnearnedRefundFee": "-29.88",
        "Memo:Guarantee:Held": "134.46",
    }
    assert group.finance.ask("openClaims", asOf={"effective": "2025-05-01"})["edges"] == []


# Advances that nothing secures.


def test_an_advance_whose_card_gave_nothing_is_owed_paid_back_and_written_off(group: Group):
    claim = advanced(group)
    assert group.finance.ask("unsecuredAdvances") == []
    (hold,) = [ref for ref, move in group.sandbox.movements.items() if move.kind == "hold"]
    group.sandbox.release("elsewhere", hold)
    group.desk.do("missPromise", claimId=claim, on="2025-06-02")
    assert [one["id"] for one in group.finance.ask("unsecuredAdvances")] == [claim]
    pay = {"claimId": claim, "tender": "CASH"}
    back = {**pay, "reference": "r1", "amount": {"amount": "100.00", "currency": "CNY"}}
    more = group.finance.try_to("recordRepayment", **back | {"amount": {"amount": "200.00", "currency": "CNY"}})
    assert more["code"] == "REPAYMENT_EXCEEDS_DEBT"
    for _ in range(2):  # by one reference, it counts once
        assert group.finance.do("recordRepayment", **back)["claim"]["outstanding"]["amount"] == "34.46"
    assert group.finance.do("writeOffDebt", claimId=claim)["claim"]["guaranteeState"] == "written_off"


def test_what_a_provider_could_not_give_back_is_listed_for_finance_and_paid_another_way(group: Group):
    group.guest.do("setQuantity", basketId=(basket := group.basket()), productId=group.mug, quantity=1)
    order = group.guest.do("placeOrder", basketId=basket)["order"]["id"]
    group.guest.do("pay", orderId=order, tender="CARD", provider="sandbox", source="approve")
    assert group.finance.ask("moneyToReturn", first=5)["edges"] == []
    (charge,) = [ref for ref, move in group.sandbox.movements.items() if move.kind == "charge"]
    group.sandbox.refund("elsewhere", charge, Money.parse("747.00 CNY"))
    with pytest.raises(RefundNotGivenBack):
        group.shop.take_back.take_back(read_id("Order", order), {1: 1}, "card")
    ((owed,),) = [[edge["node"] for edge in group.finance.ask("moneyToReturn", first=5)["edges"]]]
    assert (owed["amount"]["amount"], owed["reason"], owed["orderId"]) == ("747.00", "more than was taken", order)
    paid = {"id": owed["id"], "tender": "BANK_TRANSFER", "reference": "SWIFT-1"}
    assert group.finance.do("payBack", **paid)["id"] == owed["id"]
    assert group.finance.try_to("payBack", **paid)["code"] == "NOTHING_TO_RETURN"
    assert group.finance.ask("moneyToReturn", first=5)["edges"] == []


def test_who_owes_nothing_pays_nothing_back(group: Group):
    claim = advanced(group)
    back = {"reference": "r1", "tender": "CASH", "amount": {"amount": "1.00", "currency": "CNY"}}
    assert group.finance.try_to("recordRepayment", claimId=claim, **back)["code"] == "NOTHING_RECOVERABLE"
    assert group.finance.try_to("writeOffDebt", claimId=claim)["code"] == "NOTHING_RECOVERABLE"
