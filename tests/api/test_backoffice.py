"""In the back office: each role does its own work, and what cannot be is refused where it stands in the input."""

from datetime import date

import pytest
from trading import BEIJING, TODAY, Counterpart, Group, cny, words

from souvenir.api.identity import read_id

MANAGERS_WORK = (
    ("registerSite", {"code": "X", "kind": "museum", "name": words("X", "某"), "story": words("X", "某"), **BEIJING}),
    ("openOutlet", {"code": "X", "kind": "shop", "name": words("X", "某"), "currency": "CNY", **BEIJING}),
    ("engageStaff", {"badge": "X1", "roles": ["manager"]}),
    (
        "certifyMark",
        {"certificateNo": "X", "mark": words("X", "某"), "certifier": "X", "productSkus": ["X"],
         "validFrom": TODAY, "validUntil": TODAY},
    ),
)  # fmt: skip


@pytest.mark.parametrize(("operation", "input"), MANAGERS_WORK)
def test_only_a_manager_sets_up_the_shop(group: Group, operation: str, input: dict):
    response = group.desk.send(operation, input={"idempotencyKey": "1", **input})
    assert response.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert response.json()["errors"][0]["extensions"]["refusal"]["facts"] == {"role": "manager"}
    assert group.office.do(operation, **input)["replayed"] is False


def test_the_refund_desk_sees_claims_and_no_licences(group: Group):
    assert group.desk.ask("claims") == {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    response = group.desk.send("royaltyPosition", licenceId=group.licence)
    assert response.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_who_left_can_do_nothing_any_more(group: Group):
    staff = group.office.do("engageStaff", badge="M2", roles=["manager"])["staffId"]
    token = group.office.ask("giveStaffToken", input={"staffId": staff, "audience": "backoffice"})["token"]
    colleague = Counterpart(group.app, "backoffice", token)
    assert colleague.ask("sites")["edges"]
    group.office.do("staffLeaves", staffId=staff, leftOn=TODAY)
    assert colleague.send("sites").status_code == 401
    refused = group.office.ask("giveStaffToken", input={"staffId": staff, "audience": "backoffice"})
    assert refused["code"] == "STAFF_LEFT"


def test_a_token_is_given_only_for_a_door_the_roles_open(group: Group):
    clerk = group.office.do("engageStaff", badge="F2", roles=["finance"])["staffId"]
    refused = group.office.ask("giveStaffToken", input={"staffId": clerk, "audience": "backoffice"})
    assert refused["code"] == "ROLES_OPEN_NO_SUCH_DOOR"
    assert group.office.ask("giveStaffToken", input={"staffId": clerk, "audience": "pos"})["code"] != ""


GOOD = {
    "sku": "NEW", "name": words("New", "新"), "story": words("S", "故事"), "price": cny("10.00"),
    "vatCategory": "standard", "category": "toys", "listedOn": TODAY,
}  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "code", "path"),
    [
        ({"sku": "MUG"}, "SKU_TAKEN", ["sku"]),
        ({"sku": "new"}, "MALFORMED_INPUT", []),
        ({"gtin": "6901234567892"}, "GTIN_TAKEN", ["gtin"]),
        ({"gtin": "6901234567893"}, "MALFORMED_GTIN", []),
        ({"price": cny("1.001")}, "MALFORMED_MONEY", ["input", "price"]),
        ({"price": {"amount": "1.00", "currency": "XYZ"}}, "UNKNOWN_CURRENCY", ["input", "price"]),
        ({"price": cny("0.00")}, "PRICE_NOT_POSITIVE", []),
        ({"cost": {"amount": "1.00", "currency": "EUR"}}, "PRICE_IN_OTHER_CURRENCY", []),
        ({"vatCategory": "none"}, "NO_VAT_RATE", []),
        ({"name": []}, "MALFORMED_INPUT", []),
        ({"originSiteId": "x"}, "MALFORMED_INPUT", ["input", "originSiteId"]),
        ({"licenceIds": ["x"]}, "MALFORMED_INPUT", ["input", "licenceIds"]),
    ],
)
def test_a_product_that_makes_no_sense_is_refused(group: Group, wrong: dict, code: str, path: list[str]):
    refused = group.office.try_to("listProduct", **{"originSiteId": group.site, **GOOD, **wrong})
    assert (refused["code"], refused["path"]) == (code, path)
    assert "NEW" not in [edge["node"]["sku"] for edge in group.visitor.ask("products")["edges"]]


def test_an_edition_never_grows_and_no_number_is_given_twice(group: Group):
    def code(operation: str, **input):
        return group.office.try_to(operation, editionId=group.edition, **input)["code"]

    park = group.park
    assert code("allotEdition", outletId=park, first=100, last=120) == "ALREADY_ALLOTTED"
    assert code("allotEdition", outletId=park, first=400, last=501) == "NUMBER_OUTSIDE_RUN"
    assert code("allotEdition", outletId=group.site, first=400, last=401) == "MALFORMED_INPUT"
    assert code("releaseEdition", onSaleFrom="2025-06-01T00:00:00Z") == "EDITION_ALREADY_RELEASED"
    declared = {"productId": group.vase, "title": words("Vase", "瓶")}
    assert group.office.try_to("declareEdition", size=0, **declared)["code"] == "MALFORMED_EDITION"
    assert group.office.try_to("declareEdition", size=9, numbering="lucky", **declared)["path"] == [
        "input",
        "numbering",
    ]
    negative = group.office.try_to("declareEdition", size=9, proofs={"artists": -1}, **declared)
    assert (negative["code"], negative["path"]) == ("MALFORMED_INPUT", ["input", "proofs"])
    unapproved = group.office.do("declareEdition", size=9, approvalRequired=True, **declared)["edition"]["id"]
    assert group.office.try_to("releaseEdition", editionId=unapproved)["code"] == "EDITION_NOT_APPROVED"


def test_terms_that_cannot_be_counted_are_refused(group: Group):
    def code(**terms):
        grant = {
            "categories": ["toys"], "territories": ["CN"], "channels": ["shop"], "starts": TODAY, "ends": TODAY,
        }  # fmt: skip
        contract = {"contractNo": "LIC-B", "licensor": "L", "propertyName": words("P", "名")}
        terms = {"currency": "CNY", "tiers": [{"rate": "0.08"}], **terms}
        return group.office.try_to("grantLicence", **contract, grant=grant, terms=terms).get("code")

    assert code(tiers=[{"rate": "1.2"}]) == "RATE_OUT_OF_RANGE"
    assert code(tiers=[]) == "TIERS_UNSOUND"
    assert code(method="guess") == "MALFORMED_INPUT"
    assert code(periodMonths=5) == "MALFORMED_INPUT"
    assert code(advance=cny("x")) == "MALFORMED_MONEY"
    assert code() is None


def test_an_advance_beyond_what_was_agreed_is_refused(group: Group):
    more = {"licenceId": group.licence, "reference": "B2", "amount": cny("0.01"), "paidOn": TODAY}
    assert group.office.try_to("recordAdvance", **more)["code"] == "ADVANCE_EXCEEDS_AGREED"
    again = {"licenceId": group.licence, "reference": "B1", "amount": cny("9.00"), "paidOn": TODAY}
    assert group.office.try_to("recordAdvance", **again)["code"] == "ADVANCE_ALREADY_RECORDED"


def test_a_till_stands_in_a_shop_or_at_a_refund_point(group: Group):
    assert group.office.try_to("installTill", outletId=group.web, till="T9")["code"] == "TILLS_NOT_FOR_THIS_OUTLET"
    missing = group.office.ask("expectDevice", input={"outletId": group.park, "till": "T9"})
    assert missing["code"] == "TILL_NOT_INSTALLED"


def test_devices_are_listed_by_till(group: Group):
    (device,) = group.office.ask("devices", outletId=group.counter)
    assert (device["till"], device["state"]) == ("T1", "enrolled")


def test_an_outlet_leaves_the_refund_register_and_closes_for_good(group: Group):
    struck = {"outletId": group.counter, "struckOffOn": "2025-05-16", "reason": "moved"}
    assert group.office.do("strikeOffTaxRefund", **struck)["outlet"]["taxRefund"] is None
    early = struck | {"struckOffOn": "2015-01-01"}
    group.office.do("registerForTaxRefund", outletId=group.counter, jurisdiction="CN", agency="Bank", storeNo="S2",
                    instant=False, registeredOn="2025-06-01")  # fmt: skip
    assert group.office.try_to("strikeOffTaxRefund", **early)["code"] == "NOT_A_TAX_REFUND_STORE"
    closed = group.office.do("closeOutlet", outletId=group.counter, closedOn="2025-05-15")["outlet"]
    assert closed["closedOn"] == "2025-05-15"
    refused = group.till.try_to("sellAtTill", tender="CASH", goods=[{"productId": group.mug}])
    assert refused["code"] == "OUTLET_CLOSED"
    assert (
        group.office.try_to("setShiftRule", outletId=group.counter, tradesWithoutShift=False)["code"] == "OUTLET_CLOSED"
    )


def test_a_customer_whom_the_website_knows_gets_sessions_under_one_pseudonym_until_they_are_forgotten(group: Group):
    first = group.office.ask("openCustomerSession", input={})
    again = group.office.ask("openCustomerSession", input={"customerId": first["customerId"]})
    assert (again["customerId"], again["token"] != first["token"]) == (first["customerId"], True)
    assert group.office.ask("openCustomerSession", input={})["customerId"] != first["customerId"]
    customer = read_id("Customer", first["customerId"])
    group.shop.privacy.erase(customer, ["identity"], "asked", date(2025, 5, 15))
    refused = group.office.ask("openCustomerSession", input={"customerId": first["customerId"]})
    assert refused["code"] == "PERSON_FORGOTTEN"
    nobody = group.office.ask("openCustomerSession", input={"customerId": group.site})
    assert nobody["code"] == "MALFORMED_INPUT"
