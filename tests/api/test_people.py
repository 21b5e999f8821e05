"""A person who asks is told what is held on them, and is forgotten purpose by purpose, as far as the law lets go."""

from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

import pytest
from trading import TODAY, Group

from souvenir.api.identity import read_id
from souvenir.kernel.money import Money
from souvenir.kernel.sealing import Redacted
from souvenir.processes.answer_person import Person
from souvenir.taxrefund.claim import Claim
from souvenir.testing import clock_at

ADA = {
    "kind": "passport",
    "number": "X1234567",
    "name": "ADA LOVELACE",
    "lastEntry": "2025-05-01",
    "nationality": "GBR",
}
SHOWN = {"documentNumber": "x 1234567"}
BY_PASSPORT = {"shown": SHOWN}
OVER = datetime(2036, 1, 1, tzinfo=UTC)
"""Ten years after the end of 2025, when Chinese tax documents may go."""


@pytest.fixture
def claim(group: Group) -> str:
    """A form for two mugs, by a traveller who also bought a piece of a limited edition."""
    group.office.do("limitEdition", editionId=group.edition, perPerson=1)
    piece = {"editionId": group.edition, "number": 1}
    group.till.do("sellAtTill", pieces=[piece], tender="CASH", buyer=SHOWN)
    order = group.bought(goods=[{"productId": group.mug, "quantity": 2}])["id"]
    form = {"orderIds": [order], "mode": "INSTANT_CENTRALISED", "document": ADA}
    opened = str(group.point.do("openClaim", **form)["claim"]["id"])
    group.shop.followers.catch_up()
    return opened


def held(group: Group, **person: Any) -> dict[str, Any]:
    """What is held on somebody, by purpose."""
    answer = group.office.ask("personalData", person=person)
    return {one["purpose"]: one for one in answer["held"]}


def forget(group: Group, *purposes: str, **more: Any) -> Any:
    asked = {"person": BY_PASSPORT, "purposes": purposes, "reason": "asked", "requestedOn": TODAY}
    return group.office.try_to("forgetTraveller", **(asked | more))


def name_on(group: Group, claim: str) -> str | Redacted:
    return group.shop.refund_tax.traveller_of(read_id("Claim", claim, "id"))[0]


def test_who_asks_is_told_what_is_held_why_and_until_when(group: Group, claim: str):
    found = held(group, **BY_PASSPORT)
    assert sorted(found) == ["IDENTITY", "TAX"]
    tax, identity = found["TAX"], found["IDENTITY"]
    assert (tax["dueOn"], tax["duty"]) == (
        "2036-01-01", {"reason": "refund forms are tax documents", "until": "2036-01-01"},
    )  # fmt: skip
    assert (identity["dueOn"], identity["duty"]) == ("2028-05-15", None)
    (form,), (bought,) = tax["records"], identity["records"]
    assert (form["kind"], form["aboutId"], form["on"]) == ("refund_form", claim, TODAY)
    assert {fact["name"]: fact["value"] for fact in form["facts"]} == {
        "name": "ADA LOVELACE", "document kind": "passport", "document number": "X1234567", "nationality": "GBR",
        "last entry": "2025-05-01",
    }  # fmt: skip
    assert (bought["kind"], bought["aboutId"], bought["facts"]) == (
        "purchase_evidence", group.edition, [{"name": "pieces", "value": "1"}],
    )  # fmt: skip


def test_a_stranger_is_told_that_nothing_is_held_and_asking_leaves_no_trace(group: Group, claim: str):
    before = group.shop.log.head()
    assert held(group, shown={"documentNumber": "Y7654321"}) == {}
    assert group.office.ask("personalData", person={})["code"] == "MALFORMED_INPUT"
    assert group.shop.log.head() == before


def test_an_address_tells_nobody_what_others_of_the_household_bought(group: Group, claim: str):
    home = {"address": "17 rue des Grenouilles"}
    piece = {"editionId": group.edition, "number": 2}
    group.till.do("sellAtTill", pieces=[piece], tender="CASH", buyer={"documentNumber": "B0B0B0B", **home})
    group.shop.followers.catch_up()
    assert held(group, shown=home) == {}
    assert list(held(group, shown=home | SHOWN)) == ["TAX", "IDENTITY"]
    assert len(held(group, shown=home | SHOWN)["IDENTITY"]["records"]) == 1


def test_a_claim_and_a_pseudonym_lead_to_the_same_answer(group: Group, claim: str):
    (by_claim,) = held(group, claimId=claim).values()
    assert by_claim["records"][0]["aboutId"] == claim
    assert list(held(group, pseudonym=by_claim["pseudonym"]).values()) == [by_claim]
    both = {"claimId": claim, "pseudonym": by_claim["pseudonym"]}
    assert group.office.ask("personalData", person=both)["code"] == "MALFORMED_INPUT"


def test_the_tax_file_is_held_by_law_with_its_date_and_nothing_is_erased(group: Group, claim: str):
    before = group.shop.log.head()
    refused = forget(group, "IDENTITY", "TAX")
    assert {key: refused[key] for key in ("code", "purpose", "reason", "until")} == {
        "code": "LEGAL_HOLD", "purpose": "tax", "reason": "refund forms are tax documents", "until": "2036-01-01",
    }  # fmt: skip
    assert group.shop.log.head() == before
    assert name_on(group, claim) == "ADA LOVELACE"


def test_what_identifies_a_buyer_goes_and_the_tax_file_stays(group: Group, claim: str):
    (certificate,) = forget(group, "IDENTITY")["certificates"]
    assert [(gone["purpose"], gone["destroyed"]) for gone in certificate["erased"]] == [("IDENTITY", True)]
    assert list(held(group, **BY_PASSPORT)) == ["TAX"]
    assert name_on(group, claim) == "ADA LOVELACE"
    again = {"editionId": group.edition, "number": 2}
    assert group.till.do("sellAtTill", pieces=[again], tender="CASH", buyer=SHOWN)


def test_once_the_law_lets_go_the_tax_file_goes_and_the_claim_stands(group: Group, claim: str):
    key = read_id("Claim", claim, "id")
    traveller = group.shop.log.load(Claim, key).traveller
    with clock_at(OVER):
        group.shop.answer_person.forget(Person(known_as=traveller), ["tax"], "asked", OVER.date())
    assert isinstance(name_on(group, claim), Redacted)
    assert group.shop.log.load(Claim, key).net == Money.parse("134.46 CNY")
    (tax,) = held(group, claimId=claim).values()
    assert (tax["duty"], tax["erasedAt"]) == (None, "2036-01-01T00:00:00+00:00")
    assert {fact["name"]: fact["value"] for fact in tax["records"][0]["facts"]}["name"] == "〔已删除 erased〕"


def test_asking_twice_is_asking_once_and_a_certificate_can_be_had_again(group: Group, claim: str):
    first, again = (forget(group, "IDENTITY", idempotencyKey="k") for _ in range(2))
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["certificates"] == first["certificates"]
    assert forget(group, "IDENTITY")["certificates"] == []
    assert forget(group, "TAX", idempotencyKey="k")["code"] == "IDEMPOTENCY_CONFLICT"
    (certificate,) = first["certificates"]
    later = group.office.ask("erasureCertificate", pseudonym=certificate["pseudonym"])
    assert later["erased"] == certificate["erased"]
    assert b64decode(later["content"]).startswith(b"%PDF")


def test_a_replayed_request_does_not_forget_who_came_back_since(group: Group, claim: str):
    forget(group, "IDENTITY", idempotencyKey="k")
    again = {"editionId": group.edition, "number": 2}
    group.till.do("sellAtTill", pieces=[again], tender="CASH", buyer=SHOWN)
    assert forget(group, "IDENTITY", idempotencyKey="k")["replayed"]
    assert len(held(group, **BY_PASSPORT)["IDENTITY"]["records"]) == 1


def test_a_customers_account_ends_with_their_identity(group: Group):
    customer = group.office.ask("openCustomerSession", input={})["customerId"]
    (certificate,) = forget(group, "IDENTITY", person={"customerId": customer})["certificates"]
    assert [gone["purpose"] for gone in certificate["erased"]] == ["IDENTITY"]
    refused = group.office.ask("openCustomerSession", input={"customerId": customer})
    assert refused["code"] == "PERSON_FORGOTTEN"


def test_a_certificate_names_nobody(group: Group, claim: str):
    (certificate,) = forget(group, "IDENTITY")["certificates"]
    for said in ("ADA", "LOVELACE", "X1234567", "GBR"):
        assert said not in str(certificate)
    assert certificate["text"].splitlines()[2].startswith("代号 Pseudonym")
    assert "已删除：身份与联系信息 Erased: identity and contact" in certificate["text"]


@pytest.mark.parametrize(
    "asked",
    [
        {"reason": "Ms X1234567 asked"},
        {"reason": "  "},
        {"purposes": []},
        {"requestedOn": "2025-05-17"},
        {"person": {"pseudonym": "nobody"}},
        {"person": {"shown": {"documentNumber": " "}}},
    ],
)
def test_a_request_that_cannot_stand_is_refused_and_nothing_recorded(group: Group, claim: str, asked: dict[str, Any]):
    before = group.shop.log.head()
    refused = forget(group, "IDENTITY", **asked)
    assert refused["code"] == "MALFORMED_INPUT"
    assert "X1234567" not in str(refused)
    assert group.shop.log.head() == before


def test_a_day_to_come_does_not_outwit_the_law(group: Group, claim: str):
    assert forget(group, "TAX", requestedOn="2099-01-01")["code"] == "MALFORMED_INPUT"
    assert forget(group, "TAX", requestedOn=TODAY)["code"] == "LEGAL_HOLD"


def test_a_dispute_holds_what_the_law_would_let_go_and_lifting_it_leaves_the_laws_own(group: Group, claim: str):
    found = held(group, **BY_PASSPORT)
    dispute = {"reason": "a dispute is open", "until": "2025-12-31"}
    for one in found.values():
        group.office.do("holdPersonalData", pseudonym=one["pseudonym"], purpose=one["purpose"], **dispute)
    assert forget(group, "IDENTITY")["until"] == "2025-12-31"
    assert held(group, **BY_PASSPORT)["TAX"]["duty"]["until"] == "2036-01-01"
    for one in found.values():
        lifted = group.office.do("liftLegalHold", pseudonym=one["pseudonym"], purpose=one["purpose"])
    assert [kept["duty"]["until"] for kept in lifted["certificate"]["kept"]] in ([], ["2036-01-01"])
    assert forget(group, "TAX")["until"] == "2036-01-01"
    assert forget(group, "IDENTITY")["certificates"][0]["kept"] == []
    held_again = {"pseudonym": found["IDENTITY"]["pseudonym"], "purpose": "IDENTITY", **dispute}
    assert group.office.try_to("holdPersonalData", **held_again)["code"] == "ALREADY_ERASED"


def test_staff_can_have_erased_what_is_due_and_nothing_is_before_its_day(group: Group, claim: str):
    first, again = (group.office.do("eraseDue", idempotencyKey="due") for _ in range(2))
    assert (first["erased"], again["replayed"]) == (0, True)


def test_how_long_what_is_kept_is_told_with_its_source(group: Group):
    rules = {rule["record"]: rule for rule in group.office.ask("retentionRules", jurisdiction="CN", on="2026-01-01")}
    assert {record: rule["years"] for record, rule in rules.items()} == {
        "accounting_voucher": 30, "invoice": 5, "online_order": 3, "purchase_evidence": 3, "refund_form": 10,
    }  # fmt: skip
    form = rules["refund_form"]
    assert (form["version"], form["purpose"], form["byLaw"]) == ("CN/refund_form@2002-10-15", "TAX", True)
    assert form["source"].startswith("Implementing Rules of the Tax Collection Law")
    assert (rules["purchase_evidence"]["byLaw"], rules["invoice"]["purpose"]) == (False, None)


@pytest.mark.parametrize("operation", ["personalData", "erasureCertificate", "retentionRules"])
def test_only_a_manager_answers_for_the_shop(group: Group, operation: str):
    asked = {
        "personalData": {"person": BY_PASSPORT},
        "erasureCertificate": {"pseudonym": "x"},
        "retentionRules": {"jurisdiction": "CN"},
    }
    refused = group.desk.send(operation, **asked[operation]).json()
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
