"""Editions on sale through the published operations: leases, limits, pauses, numbers taken out, certificates in doubt."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from trading import MORNING, TODAY, Group

from souvenir.api.identity import read_id
from souvenir.editions.lease import HolderRevoked
from souvenir.kernel.clock import SettableClock

TITLE = [{"language": "en", "text": "Vase"}]
EVENING = (MORNING + timedelta(hours=10)).isoformat()


def leased(group: Group, numbers: int = 3):
    return group.till.do("leaseNumbers", editionId=group.edition, numbers=numbers, until=EVENING)["lease"]


def sold_offline(group: Group, lease, number: int, **more):
    report = {"leaseId": lease["id"], "number": number, "tender": "CASH", "soldOn": TODAY, **more}
    return group.till.do("reportOfflineSale", **report)


def piece(group: Group, number: int, **more):
    return group.till.try_to(
        "sellAtTill", tender="CASH", pieces=[{"editionId": group.edition, "number": number}], **more
    )


# Leases.


def test_a_till_takes_numbers_along_sells_one_and_hands_in_the_rest(group: Group):
    lease = leased(group)
    assert lease["numbers"] == [1, 2, 3]
    assert piece(group, 2)["code"] == "NUMBER_LEASED"
    done = sold_offline(group, lease, 2)
    assert (done["disputed"], done["order"]["state"], done["order"]["total"]["amount"]) == (False, "paid", "1130.00")
    assert group.till.do("returnNumbers", leaseId=lease["id"])["lease"]["ended"] == "handed in"
    assert piece(group, 2)["code"] == "PIECE_ALREADY_SOLD"
    assert piece(group, 3)["__typename"] == "SellAtTillPayload"


def test_what_was_sold_offline_is_certified_booked_and_bears_royalties(group: Group):
    sold_offline(group, leased(group), 1)
    assert group.finance.ask("royaltyPosition", licenceId=group.licence)["earned"]["amount"] == "80.00"
    certified = [row.topic for row in group.shop.log.stored() if row.topic == "editions.CertificateIssued"]
    assert len(certified) == 1
    assert group.finance.ask("trialBalance")["rows"]


def test_a_sale_reported_twice_is_one_sale(group: Group):
    lease = leased(group)
    first = sold_offline(group, lease, 1, idempotencyKey="r1")
    again, anew = sold_offline(group, lease, 1, idempotencyKey="r1"), sold_offline(group, lease, 1)
    assert (again["replayed"], anew["replayed"]) == (True, False)
    assert first["order"]["id"] == again["order"]["id"] == anew["order"]["id"]


def test_a_sale_that_is_reported_after_the_number_went_to_someone_else_is_a_case_and_no_second_piece(
    group: Group, time: SettableClock
):
    lease = leased(group)
    other = group.device(group.counter, "T2")
    time.move_to(MORNING + timedelta(hours=11))
    until = (MORNING + timedelta(hours=20)).isoformat()
    anew = other.do("leaseNumbers", editionId=group.edition, numbers=1, until=until)["lease"]
    assert anew["numbers"] == [1]
    late = sold_offline(group, lease, 1)
    assert (late["disputed"], late["order"]["state"], late["order"]["lines"][0]["number"]) == (True, "paid", None)
    assert late["lease"]["disputed"] == [{"number": 1, "orderId": late["order"]["id"]}]
    assert group.shop.differences() == []


def test_a_price_that_was_charged_offline_is_the_price(group: Group):
    paid = sold_offline(group, leased(group), 1, price={"amount": "1000.00", "currency": "CNY"})["order"]
    assert paid["total"]["amount"] == "1000.00"


def test_a_revoked_till_gets_no_numbers_at_the_door_nor_behind_it(group: Group, time: SettableClock):
    stolen = group.device(group.counter, "T2")
    (device,) = (d["id"] for d in group.office.ask("devices", outletId=group.counter) if d["till"] == "T2")
    group.office.do("revokeDevice", deviceId=device, reason="stolen")
    head = group.shop.log.head()
    wanted = {"idempotencyKey": "1", "editionId": group.edition, "numbers": 3, "until": EVENING}
    refused = stolen.send("leaseNumbers", input=wanted).json()["errors"][0]
    assert refused["extensions"]["code"] == "UNAUTHENTICATED"
    with pytest.raises(HolderRevoked):
        group.shop.sell_offline.lease(
            read_id("Device", device), read_id("Edition", group.edition), 3, time() + timedelta(hours=1)
        )
    assert group.shop.log.head() == head


def test_a_number_that_was_paid_twice_offline_is_two_sales_one_of_them_a_case(group: Group):
    lease = leased(group)
    first = sold_offline(group, lease, 2, tender="CARD", reference="slip-1")
    assert sold_offline(group, lease, 2, tender="CARD", reference="slip-1")["order"]["id"] == first["order"]["id"]
    other = sold_offline(group, lease, 2, tender="CARD", reference="slip-2")
    assert (other["disputed"], other["order"]["state"], other["order"]["lines"][0]["number"]) == (True, "paid", None)
    assert [one["orderId"] for one in other["lease"]["disputed"]] == [other["order"]["id"]]


def test_who_bought_offline_is_weighed_when_the_till_says_so_and_the_sale_stands(group: Group):
    group.office.do("limitEdition", editionId=group.edition, perPerson=1)
    lease = leased(group)
    assert piece(group, 4, buyer=PASSPORT)["__typename"] == "SellAtTillPayload"
    sold = sold_offline(group, lease, 2, buyer=PASSPORT)
    assert (sold["disputed"], sold["order"]["lines"][0]["number"]) == (False, 2)
    raised = [one.event for one in group.shop.log.events(topics=["editions.PurchaseCaseRaised"])]
    assert [(case.kind, case.limit, case.bought) for case in raised] == [("person", 1, 2)]


def test_a_lease_is_refused_for_what_cannot_be(group: Group):
    ask = {"editionId": group.edition, "until": EVENING}
    assert group.till.try_to("leaseNumbers", numbers=0, **ask)["code"] == "LEASE_REFUSED"
    assert group.till.try_to("leaseNumbers", numbers=501, **ask)["code"] == "LEASE_REFUSED"
    assert group.till.try_to("leaseNumbers", numbers=1, **ask | {"until": MORNING.isoformat()})["code"] == (
        "LEASE_REFUSED"
    )  # fmt: skip
    lease = leased(group)
    assert group.till.try_to("reportOfflineSale", leaseId=lease["id"], number=9, tender="CASH", soldOn=TODAY)[
        "code"
    ] == "NUMBER_NOT_LEASED"  # fmt: skip
    other = group.device(group.counter, "T2")
    assert other.try_to("returnNumbers", leaseId=lease["id"])["code"] == "LEASE_OF_ANOTHER_DEVICE"


# Limits.


PASSPORT = {"documentNumber": "K 9988776"}


def test_one_a_person_counts_over_the_till_and_the_web_together(group: Group):
    group.office.do("limitEdition", editionId=group.edition, perPerson=1)
    assert piece(group, 1)["code"] == "IDENTITY_NEEDED"
    assert piece(group, 1, buyer=PASSPORT)["__typename"] == "SellAtTillPayload"
    assert piece(group, 2, buyer={"documentNumber": "k9988776"})["code"] == "PURCHASE_LIMIT_REACHED"
    assert piece(group, 2, buyer={"documentNumber": "Y7654321"})["__typename"] == "SellAtTillPayload"
    order = online(group)
    pay = {"orderId": order, "tender": "CARD", "provider": "sandbox", "source": "tok"}
    assert group.guest.try_to("pay", **pay)["code"] == "IDENTITY_NEEDED"
    assert not group.sandbox.movements
    group.guest.do("identifyBuyer", orderId=order, buyer=PASSPORT)
    refused = group.guest.try_to("pay", **pay)
    assert (refused["code"], "limited to 1 per person" in refused["message"]) == ("ORDER_CANCELLED", True)


def test_what_is_found_out_later_is_a_case_and_the_sale_stands(group: Group):
    group.office.do("limitEdition", editionId=group.edition, perPerson=1)
    piece(group, 1, buyer=PASSPORT)
    second = piece(group, 2, buyer={"telephone": "+86 10 1234 5678"})["order"]["id"]
    assert group.office.do("addBuyerEvidence", orderId=second, buyer=PASSPORT)["order"]["state"] == "paid"
    raised = [row.topic for row in group.shop.log.stored() if row.topic == "editions.PurchaseCaseRaised"]
    assert len(raised) == 1


def test_nothing_typed_in_about_a_buyer_is_kept(group: Group):
    group.office.do("limitEdition", editionId=group.edition, perPerson=1)
    piece(group, 1, buyer={**PASSPORT, "address": "1 Wangfujing"})
    stored = b"".join(bytes(row.state) for row in group.shop.log.stored())
    assert b"9988776" not in stored
    assert b"Wangfujing" not in stored


def test_a_forgotten_buyer_is_led_to_by_nothing_and_the_sale_stands(group: Group):
    group.office.do("limitEdition", editionId=group.edition, perPerson=1)
    order = piece(group, 1, buyer={**PASSPORT, "telephone": "+86 10 1234"})["order"]["id"]
    forget = {"buyer": {"documentNumber": "K-9988776"}, "reason": "asked", "requestedOn": TODAY}
    first, again = (group.office.do("forgetBuyer", idempotencyKey="f", **forget) for _ in range(2))
    assert ((first["forgotten"], first["replayed"]), again["forgotten"]) == ((1, False), 1)
    assert group.office.do("forgetBuyer", **forget)["forgotten"] == 0
    assert group.till.ask("order", id=order)["state"] == "paid"
    assert piece(group, 2, buyer=PASSPORT)["__typename"] == "SellAtTillPayload"
    assert piece(group, 3, buyer={"telephone": "+86 10 1234"})["code"] == "PURCHASE_LIMIT_REACHED"
    group.shop.followers.catch_up()
    assert group.shop.differences() == []


def test_what_the_law_keeps_of_a_buyer_is_not_forgotten(group: Group):
    group.office.do("limitEdition", editionId=group.edition, perPerson=1)
    piece(group, 1, buyer=PASSPORT)
    (bought,) = [one.event for one in group.shop.log.events(topics=["editions.PurchaseIdentified"])]
    person = group.shop.privacy.register(UUID(bought.evidence.person[0])).result
    group.shop.privacy.hold(person, "identity", "a dispute is open", date(2100, 1, 1))
    forget = {"buyer": PASSPORT, "reason": "asked", "requestedOn": TODAY}
    assert group.office.try_to("forgetBuyer", **forget)["code"] == "LEGAL_HOLD"
    assert piece(group, 2, buyer=PASSPORT)["code"] == "PURCHASE_LIMIT_REACHED"


def test_a_buyer_who_says_nothing_is_not_identified(group: Group):
    group.office.do("limitEdition", editionId=group.edition, perPerson=1)
    assert piece(group, 1, buyer={"address": "1 Wangfujing"})["code"] == "MALFORMED_EVIDENCE"
    assert group.office.try_to("limitEdition", editionId=group.edition, perPerson=0)["code"] == "MALFORMED_INPUT"


def online(group: Group) -> str:
    basket = group.basket()
    group.guest.do("holdPiece", basketId=basket, editionId=group.edition)
    return str(group.guest.do("placeOrder", basketId=basket)["order"]["id"])


# The life of an edition.


def test_a_paused_edition_sells_nothing_until_it_goes_on(group: Group):
    assert group.office.do("pauseEdition", editionId=group.edition, reason="recount")["edition"]["state"] == "paused"
    refused = piece(group, 1)
    assert (refused["code"], "recount" in refused["message"]) == ("EDITION_PAUSED", True)
    assert group.office.do("resumeEdition", editionId=group.edition)["edition"]["state"] == "on sale"
    assert piece(group, 1)["__typename"] == "SellAtTillPayload"


def test_an_edition_shrinks_and_never_grows(group: Group):
    assert group.office.do("reduceEdition", editionId=group.edition, size=400, reason="mould broke")["edition"][
        "size"
    ] == 400  # fmt: skip
    grown = group.office.try_to("reduceEdition", editionId=group.edition, size=500, reason="demand")
    assert grown["code"] == "SIZE_CANNOT_GROW"
    cut = group.office.try_to("reduceEdition", editionId=group.edition, size=50, reason="mould broke")
    assert cut["code"] == "ALREADY_ALLOTTED"


def test_numbers_that_nobody_has_move_to_another_outlet(group: Group):
    move = {"editionId": group.edition, "fromOutletId": group.counter, "toOutletId": group.park}
    piece(group, 90)
    assert group.office.try_to("moveAllotment", **move, first=81, last=100)["code"] == "NUMBERS_TAKEN"
    group.office.do("moveAllotment", **move, first=91, last=100)
    assert piece(group, 95)["code"] == "NOT_ALLOTTED_HERE"
    park = group.device(group.park, "T1")
    sold = park.do("sellAtTill", tender="CASH", pieces=[{"editionId": group.edition, "number": 95}])
    assert sold["order"]["state"] == "paid"


def test_what_an_outlet_did_not_sell_flows_back_to_another(group: Group):
    piece(group, 1)
    back = {"editionId": group.edition, "fromOutletId": group.counter, "toOutletId": group.park}
    assert group.office.do("flowBack", **back)["moved"] == 99
    assert piece(group, 2)["code"] == "NOT_ALLOTTED_HERE"


def test_a_closed_edition_is_sealed_with_the_counts_everybody_can_see(group: Group):
    seal = {"editionId": group.edition, "sealedOn": TODAY}
    piece(group, 1)
    assert group.office.try_to("sealEdition", **seal)["code"] == "EDITION_NOT_CLOSED"
    held = group.basket()
    group.guest.do("holdPiece", basketId=held, editionId=group.edition, number=101)
    group.office.do("closeEdition", editionId=group.edition, reason="season over", closedOn=TODAY)
    assert group.office.try_to("sealEdition", **seal)["code"] == "EDITION_STILL_MOVING"
    group.guest.do("letGo", basketId=held, editionId=group.edition, number=101)
    first, again = (group.office.do("sealEdition", idempotencyKey="s", **seal) for _ in range(2))
    assert (first["replayed"], again["replayed"]) == (False, True)
    numbered, proofs = group.visitor.ask("edition", id=group.edition, outletId=group.web)["finalCounts"]
    assert (numbered["authorised"], numbered["sold"], numbered["unsold"]) == (500, 1, 499)
    assert (proofs["space"], proofs["authorised"], proofs["sold"]) == ("ARTISTS_PROOF", 10, 0)


def test_a_number_is_taken_out_for_ever(group: Group):
    broken = {"editionId": group.edition, "number": 5, "reason": "broken", "evidence": "photo 12", "retiredOn": TODAY}
    group.office.do("retirePiece", **broken)
    assert piece(group, 5)["code"] == "PIECE_RETIRED"
    piece(group, 6)
    assert group.office.try_to("retirePiece", **broken | {"number": 6})["code"] == "PIECE_ALREADY_SOLD"


# Certificates.


def certificate(group: Group):
    group.guest.do("pay", orderId=(order := online(group)), tender="CARD", provider="sandbox", source="tok")
    (found,) = group.guest.ask("order", id=order)["certificates"]
    return found


def test_a_certificate_in_doubt_does_not_stand_until_the_doubt_is_gone(group: Group):
    issued = certificate(group)
    group.office.do("suspendCertificate", certificateId=issued["id"], reason="stolen", on=TODAY)
    verdict = group.visitor.ask("verifyCertificate", textOrLink=issued["link"])
    assert (verdict["stands"], verdict["freshness"]) == (False, "suspended")
    listed = group.visitor.ask("certificateStatus", gtin=issued["gtin"])
    assert (listed["suspended"], listed["revoked"]) == ([issued["serial"]], [])
    passed_on = {"certificateId": issued["id"], "owner": "collector-7", "on": TODAY}
    assert group.office.try_to("transferCertificate", **passed_on)["code"] == "CERTIFICATE_NOT_STANDING"
    group.office.do("reinstateCertificate", certificateId=issued["id"], on=TODAY)
    assert group.visitor.ask("verifyCertificate", textOrLink=issued["link"])["stands"] is True
    assert group.office.do("transferCertificate", **passed_on)["certificate"]["owners"] == ["collector-7"]


def test_a_destroyed_piece_is_made_again_under_its_number_and_its_certificate_says_so(group: Group):
    old = certificate(group)
    destroyed = {"editionId": group.edition, "number": old["number"], "reason": "fire", "evidence": "report 4"}
    assert group.office.try_to("remakePiece", **destroyed, copy=2, on=TODAY)["code"] == "PIECE_NOT_REPLACEABLE"
    assert group.office.try_to("remakePiece", **destroyed, copy=0, on=TODAY)["code"] == "PIECE_NOT_REPLACEABLE"
    group.guest.do("holdPiece", basketId=group.basket(), editionId=group.edition, number=102)
    held = {**destroyed, "number": 102}
    assert group.office.try_to("remakePiece", **held, copy=0, on=TODAY)["code"] == "PIECE_NOT_REPLACEABLE"
    first, again = (
        group.office.do("remakePiece", idempotencyKey="m", **destroyed, copy=1, on=TODAY) for _ in range(2)
    )  # fmt: skip
    assert (first["replayed"], again["replayed"]) == (False, True)
    new = first["certificate"]
    assert (new["number"], new["replacement"], new["serial"] != old["serial"]) == (old["number"], 1, True)
    assert group.visitor.ask("verifyCertificate", textOrLink=old["link"])["freshness"] == "revoked"
    assert group.visitor.ask("verifyCertificate", textOrLink=new["link"])["stands"] is True


def test_a_status_list_goes_on_after_its_last_serial(group: Group, monkeypatch: pytest.MonkeyPatch):
    pieces = [{"editionId": group.edition, "number": number} for number in (1, 2)]
    issued = group.till.ask("order", id=group.bought(pieces=pieces)["id"])["certificates"]
    for one in issued:
        group.office.do("suspendCertificate", certificateId=one["id"], reason="stolen", on=TODAY)
    monkeypatch.setattr("souvenir.certificates.views.MOST_LISTED", 1)
    seen, after = [], ""
    while after is not None:
        listed = group.visitor.ask("certificateStatus", gtin=issued[0]["gtin"], after=after)
        seen, after = seen + listed["suspended"], listed["last"]
    assert seen == sorted(one["serial"] for one in issued)


def test_a_status_list_is_of_a_gtin(group: Group):
    assert group.visitor.ask("certificateStatus", gtin="123")["code"] == "MALFORMED_GTIN"


@pytest.mark.parametrize("operation", ["pauseEdition", "limitEdition", "retirePiece", "suspendCertificate"])
def test_only_a_manager_looks_after_editions(group: Group, operation):
    given = {
        "pauseEdition": {"editionId": group.edition, "reason": "x"},
        "limitEdition": {"editionId": group.edition, "perPerson": 1},
        "retirePiece": {"editionId": group.edition, "number": 1, "reason": "x", "evidence": "y", "retiredOn": TODAY},
        "suspendCertificate": {"certificateId": group.edition, "reason": "x", "on": TODAY},
    }[operation]
    response = group.desk.send(operation, input={"idempotencyKey": "1", **given})
    assert response.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


# Where they are.


def test_staff_see_where_every_piece_is_and_which_till_has_numbers(group: Group):
    lease = leased(group, 20)
    sold_offline(group, lease, 4)
    piece(group, 50)
    group.guest.do("holdPiece", basketId=group.basket(), editionId=group.edition)
    broken = {"editionId": group.edition, "number": 60, "reason": "broken", "evidence": "photo", "retiredOn": TODAY}
    group.office.do("retirePiece", **broken)
    found = group.office.ask("whereabouts", editionId=group.edition)
    at = {outlet["outletId"]: outlet for outlet in found["outlets"]}
    assert (found["authorised"], found["unallotted"]) == (500, 397)
    counter, web = at[group.counter], at[group.web]
    assert [counter[what] for what in ("free", "sold", "leased", "retired", "held")] == [78, 2, 19, 1, 0]
    assert (web["held"], web["free"], web["keptForDraw"]) == (1, 2, 0)
    (till,) = found["leases"]
    assert (till["leaseId"], till["till"], till["numbers"]) == (lease["id"], "T1", 19)
    assert group.desk.send("whereabouts", editionId=group.edition).json()["errors"][0]["extensions"]["code"] == (
        "FORBIDDEN"
    )


def test_what_is_kept_for_a_draw_is_said_to_be(group: Group):
    drawn = group.office.do("declareEdition", productId=group.vase, title=TITLE, size=5, numbering="draw")
    edition = drawn["edition"]["id"]
    group.office.do("allotEdition", editionId=edition, outletId=group.web, first=1, last=5)
    (web,) = group.office.ask("whereabouts", editionId=edition)["outlets"]
    assert (web["keptForDraw"], web["free"]) == (5, 0)
