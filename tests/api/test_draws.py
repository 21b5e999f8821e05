"""A draw through the published operations: announced, entered by customers, listed, drawn, offered, bought, verified."""

import hashlib
import json
from datetime import timedelta

import pytest
from trading import MORNING, Counterpart, Group, words

from souvenir.draws.beacon import round_after, round_at
from souvenir.draws.ranking import commitment_to, is_included
from souvenir.draws.verify import faults
from souvenir.kernel.clock import SettableClock

SECRET = bytes(range(32))
SIGNATURE = bytes(48)
BEACON = hashlib.sha256(SIGNATURE).hexdigest()
OPENS = MORNING + timedelta(hours=1)
CLOSES = OPENS + timedelta(hours=2)
ROUND = round_after(CLOSES + timedelta(minutes=10))


class Lottery:
    """Two pieces given by draw, online."""

    def __init__(self, group: Group, time: SettableClock) -> None:
        self.group, self.time = group, time
        office = group.office
        bowl = group.product("BOWL", "800.00", hasEdition=True, gtin="4006381333955")
        self.edition = office.do(
            "declareEdition", productId=bowl, title=words("Bowl", "碗"), size=2, numbering="draw"
        )["edition"]["id"]  # fmt: skip
        office.do("allotEdition", editionId=self.edition, outletId=group.web, first=1, last=2)
        office.do("releaseEdition", editionId=self.edition)
        self.announcement = {
            "editionId": self.edition, "outletId": group.web, "text": "One entry a person.", "pieces": 2,
            "opensAt": OPENS.isoformat(), "closesAt": CLOSES.isoformat(), "commitment": commitment_to(SECRET),
            "beaconRound": ROUND, "revealBy": (round_at(ROUND) + timedelta(days=1)).isoformat(), "offerMinutes": 60,
        }  # fmt: skip

    def announce(self) -> str:
        return str(self.group.office.do("announceDraw", **self.announcement)["draw"]["id"])

    def customer(self, number: int) -> Counterpart:
        token = self.group.office.ask("openCustomerSession", input={})["token"]
        return Counterpart(self.group.app, "storefront", token)

    def frozen(self, draw: str, customers: int) -> list[Counterpart]:
        """So many have entered, and the list is frozen."""
        self.time.move_to(OPENS)
        entered = [self.customer(number) for number in range(1, customers + 1)]
        for one in entered:
            one.do("enterDraw", drawId=draw)
        self.time.move_to(CLOSES + timedelta(minutes=1))
        self.group.office.do("freezeDraw", drawId=draw)
        return entered

    def drawn(self, draw: str, customers: int) -> list[Counterpart]:
        """Those who entered, by rank."""
        entered = self.frozen(draw, customers)
        self.time.move_to(round_at(ROUND))
        self.group.office.do(
            "revealDraw", drawId=draw, secret=SECRET.hex(), beacon=BEACON, beaconSignature=SIGNATURE.hex()
        )
        ranking = json.loads(self.group.visitor.ask("draw", id=draw)["published"])["ranking"]
        return sorted(entered, key=lambda one: ranking.index(one.ask("myEntry", drawId=draw)["publicId"]))


@pytest.fixture
def lottery(group: Group, time: SettableClock) -> Lottery:
    return Lottery(group, time)


def test_a_draw_from_its_announcement_to_the_till_is_verified_by_anyone(lottery: Lottery):
    group, draw = lottery.group, lottery.announce()
    first, second, third = lottery.drawn(draw, 3)
    assert group.office.do("makeOffers", drawId=draw)["done"] == 2
    assert [one.ask("myEntry", drawId=draw)["standing"] for one in (first, second, third)] == [
        "offered", "offered", "valid",
    ]  # fmt: skip
    basket = first.do("openBasket", outletId=group.web)["basket"]["id"]
    taken = first.do("takeUpOffer", drawId=draw, basketId=basket)
    assert [piece["number"] for piece in taken["basket"]["pieces"]] == [taken["number"]]
    order = first.do("placeOrder", basketId=basket)["order"]["id"]
    first.do("pay", orderId=order, tender="CARD", provider="sandbox", source="tok")
    second.do("declineOffer", drawId=draw)
    group.office.do("makeOffers", drawId=draw)
    assert first.ask("myEntry", drawId=draw)["standing"] == "paid"
    assert third.ask("myEntry", drawId=draw)["standing"] == "offered"
    published = json.loads(group.visitor.ask("draw", id=draw)["published"])
    assert faults(published) == []


def test_the_draws_of_an_edition_are_listed_for_buyers_and_managers(lottery: Lottery):
    first, second = lottery.announce(), lottery.announce()
    asked = {"editionId": lottery.edition}
    assert {draw["id"] for draw in lottery.group.visitor.ask("draws", **asked)} == {first, second}
    assert [draw["state"] for draw in lottery.group.office.ask("draws", **asked)] == ["announced", "announced"]
    assert lottery.group.visitor.ask("draws", editionId=lottery.group.edition) == []


def test_an_entrant_can_show_to_be_on_the_frozen_list(lottery: Lottery):
    draw = lottery.announce()
    one, _, _ = lottery.frozen(draw, 3)
    mine = one.ask("myEntry", drawId=draw)
    shown, root = mine["inclusion"], lottery.group.visitor.ask("draw", id=draw)["root"]
    assert shown["root"] == root
    assert is_included(mine["publicId"], shown["position"], shown["count"], shown["proof"], bytes.fromhex(root))


def test_a_customer_has_one_entry_and_a_guest_none(lottery: Lottery):
    draw = lottery.announce()
    lottery.time.move_to(OPENS)
    customer = lottery.customer(1)
    first = customer.do("enterDraw", idempotencyKey="e", drawId=draw)
    again = customer.do("enterDraw", idempotencyKey="e", drawId=draw)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert customer.do("enterDraw", drawId=draw)["entry"]["id"] == first["entry"]["id"]
    assert lottery.group.guest.try_to("enterDraw", drawId=draw)["code"] == "CUSTOMER_NEEDED"
    assert lottery.group.guest.ask("myEntry", drawId=draw) is None


def test_nobody_enters_before_or_after_the_hours_that_were_announced(lottery: Lottery):
    draw = lottery.announce()
    assert lottery.customer(1).try_to("enterDraw", drawId=draw)["code"] == "DRAW_NOT_OPEN"
    lottery.time.move_to(CLOSES)
    assert lottery.customer(1).try_to("enterDraw", drawId=draw)["code"] == "DRAW_NOT_OPEN"


def test_what_is_drawn_is_sold_to_nobody_else(lottery: Lottery):
    lottery.announce()
    group = lottery.group
    refused = group.guest.try_to("holdPiece", basketId=group.basket(), editionId=lottery.edition)
    assert refused["code"] == "ONLY_BY_DRAW"
    assert group.till.try_to("leaseNumbers", editionId=lottery.edition, numbers=1, until=OPENS.isoformat())[
        "code"
    ] in {"ONLY_BY_DRAW"}  # fmt: skip


def test_the_list_is_kept_clean_before_it_is_frozen_and_not_after(lottery: Lottery):
    group, draw = lottery.group, lottery.announce()
    lottery.time.move_to(OPENS)
    robot = lottery.customer(9)
    entry = robot.do("enterDraw", drawId=draw)["entry"]["id"]
    assert group.office.try_to("rejectEntry", entryId=entry, reason="whim")["code"] == "MALFORMED_INPUT"
    rejected = group.office.do("rejectEntry", entryId=entry, reason="automated")["entry"]
    assert rejected["standing"] == "rejected"
    human = lottery.customer(1).do("enterDraw", drawId=draw)["entry"]["id"]
    lottery.time.move_to(CLOSES)
    assert group.office.try_to("freezeDraw", drawId=draw)["code"] == "LIST_TOO_SOON"
    lottery.time.move_to(CLOSES + timedelta(minutes=1))
    assert group.office.do("freezeDraw", drawId=draw)["draw"]["entries"] == 1
    assert group.office.try_to("rejectEntry", entryId=human, reason="automated")["code"] == "DRAW_NOT_READY"
    assert robot.ask("myEntry", drawId=draw)["inclusion"] is None


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"commitment": "no hash"}, "MALFORMED_DRAW"),
        ({"closesAt": OPENS.isoformat()}, "MALFORMED_DRAW"),
        ({"pieces": 0}, "MALFORMED_INPUT"),
        ({"beaconChain": "a friend's dice"}, "MALFORMED_INPUT"),
        ({"offerMinutes": 121}, "HOLD_TOO_LONG"),
    ],
)
def test_a_draw_that_could_not_be_held_is_not_announced(lottery: Lottery, changed, code):
    head = lottery.group.shop.log.head()
    assert lottery.group.office.try_to("announceDraw", **lottery.announcement | changed)["code"] == code
    assert lottery.group.shop.log.head() == head


def test_an_edition_that_is_sold_to_anyone_is_not_drawn(lottery: Lottery):
    other = lottery.announcement | {"editionId": lottery.group.edition}
    assert lottery.group.office.try_to("announceDraw", **other)["code"] == "NOT_A_DRAW"


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        ({"secret": bytes(32).hex(), "beacon": BEACON}, "SECRET_DOES_NOT_FIT"),
        ({"secret": SECRET.hex(), "beacon": "00" * 32}, "BEACON_DOES_NOT_FIT"),
        ({"secret": None, "beacon": BEACON}, "SECRET_STILL_DUE"),
    ],
)
def test_nobody_draws_with_other_lots_than_were_announced(lottery: Lottery, shown, code):
    draw = lottery.announce()
    lottery.frozen(draw, 1)
    lottery.time.move_to(round_at(ROUND))
    refused = lottery.group.office.try_to("revealDraw", drawId=draw, beaconSignature=SIGNATURE.hex(), **shown)
    assert refused["code"] == code


def test_the_refund_desk_holds_no_draw(lottery: Lottery):
    response = lottery.group.desk.send("announceDraw", input={"idempotencyKey": "1", **lottery.announcement})
    assert response.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
