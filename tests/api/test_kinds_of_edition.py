"""Editions that are sold another way, through the published operations: timed, for visitors only, and in matched sets."""

import json
from datetime import date, timedelta

import pytest
from trading import MORNING, TODAY, Group, words

from souvenir.kernel.clock import SettableClock

NOON, EVENING = MORNING + timedelta(hours=3), MORNING + timedelta(hours=10)


def declared(group: Group, outlet: str, sku: str = "PLATE", first: int = 1, last: int = 20, **facts) -> str:
    """An edition on sale at an outlet."""
    plate = group.product(sku, "100.00", hasEdition=True, gtin="4006381333948")
    made = group.office.do("declareEdition", productId=plate, title=words("Plate", "盘"), **facts)["edition"]
    group.office.do("allotEdition", editionId=made["id"], outletId=outlet, first=first, last=last)
    group.office.do("releaseEdition", editionId=made["id"])
    return str(made["id"])


def held(group: Group, edition: str, **more):
    return group.guest.try_to("holdPiece", basketId=group.basket(), editionId=edition, **more)


def bought(group: Group, edition: str) -> int:
    basket = group.basket()
    number = group.guest.do("holdPiece", basketId=basket, editionId=edition)["number"]
    order = group.guest.do("placeOrder", basketId=basket)["order"]["id"]
    group.guest.do("pay", orderId=order, tender="CARD", provider="sandbox", source="tok")
    return int(number)


# Timed.


def timed(group: Group, outlet: str, **facts) -> str:
    window = {"closesAt": NOON.isoformat(), "fixedFrom": EVENING.isoformat()}
    return declared(group, outlet, size=0, numbering="sequential", window=window, last=2, **facts)


def test_a_timed_edition_has_no_ceiling_until_its_window_closes_and_is_counted_once_nobody_can_cancel(
    group: Group, time: SettableClock
):
    edition = timed(group, group.web)
    seen = group.visitor.ask("edition", id=edition, outletId=group.web)
    assert (seen["size"], seen["closesAt"], seen["sizeFixedFrom"]) == (0, NOON.isoformat(), EVENING.isoformat())
    assert [bought(group, edition) for _ in range(3)] == [1, 2, 3]
    assert group.visitor.ask("edition", id=edition, outletId=group.web)["availability"]["available"] is True
    time.move_to(NOON)
    assert held(group, edition)["code"] == "EDITION_CLOSED"
    count = {"editionId": edition, "fixedOn": TODAY}
    assert group.office.try_to("fixEditionSize", **count)["code"] == "SIZE_NOT_FIXED"
    assert group.office.try_to("sealEdition", editionId=edition, sealedOn=TODAY)["code"] == "EDITION_NOT_CLOSED"
    time.move_to(EVENING)
    first, again = (group.office.do("fixEditionSize", idempotencyKey="f", **count) for _ in range(2))
    assert (first["edition"]["size"], first["replayed"], again["replayed"]) == (3, False, True)
    (numbered,) = group.office.do("sealEdition", editionId=edition, sealedOn=TODAY)["edition"]["finalCounts"]
    assert (numbered["authorised"], numbered["sold"]) == (3, 3)


def test_while_it_is_not_counted_it_is_neither_sealed_nor_spread_over_outlets(group: Group):
    edition = timed(group, group.web)
    other = {"editionId": edition, "first": 1, "last": 2}
    moved = {**other, "fromOutletId": group.web, "toOutletId": group.counter}
    assert group.office.try_to("moveAllotment", **moved)["code"] == "SOLD_AT_ONE_OUTLET"
    back = {"editionId": edition, "fromOutletId": group.web, "toOutletId": group.counter}
    assert group.office.try_to("flowBack", **back)["code"] == "SOLD_AT_ONE_OUTLET"
    given = {"editionId": edition, "outletId": group.counter, "first": 3, "last": 4}
    assert group.office.try_to("allotEdition", **given)["code"] == "SOLD_AT_ONE_OUTLET"
    group.office.do("closeEdition", editionId=edition, reason="withdrawn", closedOn=TODAY)
    assert group.office.try_to("sealEdition", editionId=edition, sealedOn=TODAY)["code"] == "SIZE_NOT_FIXED"


def test_a_piece_of_it_is_not_made_again_before_it_has_a_size(group: Group):
    edition = timed(group, group.web)
    again = {"editionId": edition, "number": bought(group, edition), "copy": 1, "reason": "fire", "evidence": "report"}
    assert group.office.try_to("remakePiece", **again, on=TODAY)["code"] == "SIZE_NOT_FIXED"


def test_a_till_gives_the_next_number_of_a_timed_edition_and_lets_nobody_choose(group: Group):
    edition = timed(group, group.counter)
    chosen = group.till.try_to("sellAtTill", tender="CASH", pieces=[{"editionId": edition, "number": 2}])
    assert chosen["code"] == "NUMBER_NOT_FOR_CHOOSING"
    two = group.till.do("sellAtTill", tender="CASH", pieces=[{"editionId": edition}, {"editionId": edition}])["order"]
    assert [line["number"] for line in two["lines"]] == [1, 2]
    assert group.shop.differences() == []


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"size": 100}, "MALFORMED_EDITION"),
        ({"size": 0, "numbering": "choice"}, "MALFORMED_EDITION"),
        ({"size": 0, "reserved": [1]}, "MALFORMED_EDITION"),
    ],
)
def test_a_window_contradicts_a_size_a_choice_and_reserved_numbers(group: Group, facts, code):
    window = {"closesAt": NOON.isoformat(), "fixedFrom": EVENING.isoformat()}
    edition = {"productId": group.vase, "title": words("Plate", "盘"), "numbering": "sequential", "window": window}
    assert group.office.try_to("declareEdition", **edition | facts)["code"] == code


# For visitors only.


class Gate:
    """A ticket office that sold two tickets, one of which was used."""

    def visited_on(self, kind: str, reference: str) -> date | None:
        return date(2025, 5, 14) if (kind, reference) == ("ticket", "T-42") else None


USED, UNUSED = {"kind": "TICKET", "reference": "T-42"}, {"kind": "TICKET", "reference": "T-43"}


@pytest.fixture
def visitors(group: Group) -> str:
    group.shop.tickets = Gate()
    return declared(group, group.web, size=10, visitorsOnly=True, last=10)


def test_online_a_piece_is_held_for_who_gives_a_ticket_that_was_used(group: Group, visitors: str):
    assert group.visitor.ask("edition", id=visitors, outletId=group.web)["visitorsOnly"] is True
    assert held(group, visitors)["code"] == "PROOF_OF_VISIT_MISSING"
    assert held(group, visitors, visit=UNUSED)["code"] == "PROOF_OF_VISIT_UNKNOWN"
    assert held(group, visitors, visit={"kind": "TOUR", "reference": ""})["code"] == "MALFORMED_INPUT"
    assert held(group, visitors, visit=USED)["number"] == 1


def test_who_let_a_hold_end_shows_the_ticket_again_at_checkout(group: Group, visitors: str, time: SettableClock):
    basket = group.basket()
    group.guest.do("holdPiece", basketId=basket, editionId=visitors, visit=USED)
    time.move_to(MORNING + timedelta(minutes=15))
    assert group.guest.try_to("placeOrder", basketId=basket)["code"] == "PROOF_OF_VISIT_MISSING"
    assert group.guest.do("placeOrder", basketId=basket, visit=USED)["order"]["state"] == "placed"


def test_a_shop_that_can_ask_nobody_accepts_no_ticket_online(group: Group, visitors: str):
    group.shop.tickets = None
    assert held(group, visitors, visit=USED)["code"] == "PROOF_OF_VISIT_UNKNOWN"


def test_at_the_till_the_cashier_looks_at_the_ticket(group: Group):
    edition = declared(group, group.counter, size=10, visitorsOnly=True, last=10)
    sale = {"tender": "CASH", "pieces": [{"editionId": edition, "number": 7}]}
    assert group.till.try_to("sellAtTill", **sale)["code"] == "PROOF_OF_VISIT_MISSING"
    assert group.till.do("sellAtTill", **sale, visit={"kind": "TOUR", "reference": "B-7"})["order"]["state"] == "paid"
    lease = {"editionId": edition, "numbers": 2, "until": EVENING.isoformat()}
    assert group.till.try_to("leaseNumbers", **lease)["code"] == "PROOF_OF_VISIT_MISSING"


# In matched sets.


@pytest.fixture
def seasons(group: Group) -> tuple[str, str]:
    """A set of two plates, four of each; the set, and the first of its parts."""
    parts = []
    for n, season in enumerate(("SPRING", "AUTUMN")):
        plate = group.product(season, "100.00", hasEdition=True, gtin=("4006381333955", "4006381333962")[n])
        title = words(season.title(), "盘")
        parts.append(group.office.do("declareEdition", productId=plate, title=title, size=4)["edition"]["id"])
    return declared(group, group.counter, size=4, last=4, parts=parts), parts[0]


def test_a_matched_set_is_sold_certified_and_returned_as_one_piece(group: Group, seasons: tuple[str, str]):
    whole, part = seasons
    seen = group.visitor.ask("edition", id=whole, outletId=group.counter)
    assert (part in seen["parts"], len(seen["parts"]), seen["setId"]) == (True, 2, None)
    order = group.till.do("sellAtTill", tender="CASH", pieces=[{"editionId": whole, "number": 3}])["order"]
    group.shop.followers.catch_up()
    (certified,) = (row for row in group.shop.log.stored() if row.topic == "editions.CertificateIssued")
    assert [part["en"] for part in json.loads(certified.state)["statement"]["parts"]] == ["Spring", "Autumn"]
    sold = group.visitor.ask("edition", id=part, outletId=group.counter)
    assert (sold["setId"], sold["availability"]["sold"], sold["availability"]["free"]) == (whole, 1, 3)
    back = group.till.do("takeBack", orderId=order["id"], lines=[{"lineNo": 1}], tender="CASH")["order"]
    assert (len(back["lines"]), back["lines"][0]["returnedQuantity"]) == (1, 1)
    group.shop.followers.catch_up()
    again = group.till.do("sellAtTill", tender="CASH", pieces=[{"editionId": whole, "number": 3}])["order"]
    assert again["state"] == "paid"
    assert group.shop.differences() == []


def test_a_part_of_a_set_is_not_sold_allotted_or_closed_alone(group: Group, seasons: tuple[str, str]):
    _, part = seasons
    sale = group.till.try_to("sellAtTill", tender="CASH", pieces=[{"editionId": part, "number": 2}])
    assert (sale["code"], sale["message"].endswith("number by number. Ask for the set.")) == ("PART_OF_SET", True)
    problems = group.visitor.ask("edition", id=part, outletId=group.counter)["availability"]["problems"]
    assert [problem["code"] for problem in problems] == ["PART_OF_SET"]
    one = {"editionId": part}
    given = {**one, "outletId": group.counter, "first": 1, "last": 4}
    assert group.office.try_to("allotEdition", **given)["code"] == "PART_OF_SET"
    assert group.office.try_to("releaseEdition", **one)["code"] == "PART_OF_SET"
    assert group.office.try_to("closeEdition", **one, reason="x", closedOn=TODAY)["code"] == "PART_OF_SET"
    assert group.office.try_to("pauseEdition", **one, reason="x")["code"] == "PART_OF_SET"
    assert group.office.try_to("limitEdition", **one, perPerson=1)["code"] == "PART_OF_SET"
    broken = {**one, "number": 2, "reason": "x", "evidence": "y", "retiredOn": TODAY}
    assert group.office.try_to("retirePiece", **broken)["code"] == "PART_OF_SET"


def test_editions_that_do_not_match_make_no_set(group: Group):
    title = words("Pair", "对")
    two, four = (
        group.office.do("declareEdition", productId=group.vase, title=title, size=size)["edition"]["id"]
        for size in (2, 4)
    )
    pair = {"productId": group.vase, "title": title, "size": 4}
    assert group.office.try_to("declareEdition", **pair, parts=[two, four])["code"] == "NOT_FIT_FOR_SET"
    assert group.office.try_to("declareEdition", **pair, parts=[four])["code"] == "MALFORMED_EDITION"
