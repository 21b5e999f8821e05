"""A draw from its announcement to its waiting list, in one shop; and what is published verifies without the shop."""

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from shops import MORNING, TODAY, SmallShop, open_small_shop

from souvenir.draws.beacon import QUICKNET, round_after, round_at
from souvenir.draws.draw import (
    BeaconDoesNotFit,
    BeaconTooSoon,
    Draw,
    DrawNotOpen,
    DrawNotReady,
    ListTooLate,
    MalformedDraw,
    Rules,
    SecretDoesNotFit,
    SecretStillDue,
)
from souvenir.draws.entry import Entry, EntryNotValid, NoLiveOffer
from souvenir.draws.ranking import commitment_to, is_included, list_root
from souvenir.draws.registers import InLine, listed, next_in_line
from souvenir.draws.verify import faults, main
from souvenir.editions.counts import Proofs
from souvenir.editions.terms import OnlyByDraw
from souvenir.kernel.clock import SettableClock
from souvenir.payments.payment import Tender
from souvenir.processes.draw import ListTooSoon, NotADraw
from souvenir.sales.order import Order
from souvenir.shop import Shop
from souvenir.testing import clock_at

SECRET = bytes(range(32))
SIGNATURE = bytes(48)
BEACON = hashlib.sha256(SIGNATURE).hexdigest()
OPENS = MORNING + timedelta(hours=1)
CLOSES = OPENS + timedelta(hours=2)
ROUND = round_after(CLOSES + timedelta(minutes=10))


@dataclass
class Stage:
    """A shop with three pieces of an edition that are given by draw."""

    small: SmallShop
    clock: SettableClock
    edition: UUID
    draw: UUID

    def at(self, instant: datetime) -> None:
        self.clock.move_to(instant)

    def enter(self, count: int) -> list[UUID]:
        self.at(OPENS)
        return [self.small.shop.draws.enter(self.draw, f"hash-of-passport-{n}").result for n in range(count)]

    def drawn(self, count: int) -> list[UUID]:
        """So many entered; the list is frozen, the secret revealed: the entries by rank."""
        self.enter(count)
        self.at(CLOSES + timedelta(minutes=1))
        self.small.shop.draws.freeze(self.draw)
        self.at(round_at(ROUND))
        self.small.shop.draws.draw(self.draw, SECRET.hex(), BEACON, SIGNATURE.hex())
        return [UUID(id) for id in self.small.shop.draws.published(self.draw)["ranking"]]

    def standing(self, entry: UUID) -> str:
        return self.small.shop.log.load(Entry, entry).standing

    def buy(self, entry: UUID) -> UUID:
        shop = self.small.shop
        basket = shop.sell.open_basket(self.small.web, "session").result
        shop.draws.take_up(entry, basket, "session")
        order = shop.sell.place_order(basket, "session").result
        shop.sell.pay(order, Tender.CARD, "sandbox", "a card")
        return order


def rules(edition: UUID, **changes: object) -> Rules:
    facts: dict[str, object] = {
        "text": "One entry a passport. Collect in person.", "edition_id": edition, "pieces": 3, "opens_at": OPENS,
        "closes_at": CLOSES, "commitment": commitment_to(SECRET), "reveal_by": round_at(ROUND) + timedelta(hours=1),
        "beacon_chain": QUICKNET, "beacon_round": ROUND, "beacon_at": round_at(ROUND), "offer_minutes": 60,
    }  # fmt: skip
    return Rules.model_validate({**facts, **changes})


@pytest.fixture
def stage(sqlite_url: str, tmp_path: Path) -> Iterator[Stage]:
    with staged(sqlite_url, tmp_path) as stage:
        yield stage


@pytest.fixture
def stage_anywhere(store_url: str, tmp_path: Path) -> Iterator[Stage]:
    """The same, once on every kind of store."""
    with staged(store_url, tmp_path) as stage:
        yield stage


@contextmanager
def staged(url: str, secrets: Path, size: int = 3) -> Iterator[Stage]:
    with clock_at(MORNING) as now:
        small = open_small_shop(url, secrets=str(secrets / "secrets"))
        shop = small.shop
        edition = shop.editions.declare(
            product_id=small.vase, gtin="6901234567892", title={"en": "Crane vase, gold"}, size=size, numbering="draw"
        ).result
        shop.editions.allot(edition, small.web, 1, size)
        shop.editions.release(edition)
        yield Stage(small, now, edition, shop.draws.announce(rules(edition), small.web).result)
        shop.close()


def test_offers_go_down_the_ranking_as_they_lapse_are_declined_or_breach(stage: Stage):
    ranked = stage.drawn(8)
    draws = stage.small.shop.draws
    assert (draws.make_offers(stage.draw).result, draws.make_offers(stage.draw).result) == (3, 0)
    assert [stage.standing(entry) for entry in ranked] == ["offered"] * 3 + ["valid"] * 5
    draws.decline(ranked[0])
    draws.decline(ranked[0])
    draws.disqualify(ranked[3], "household")
    assert draws.make_offers(stage.draw).result == 1
    assert stage.standing(ranked[4]) == "offered"
    stage.buy(ranked[1])
    stage.at(round_at(ROUND) + timedelta(minutes=60))
    assert draws.make_offers(stage.draw).result == 2
    expected = ["declined", "paid", "lapsed", "disqualified", "lapsed", "offered", "offered", "valid"]
    assert [stage.standing(entry) for entry in ranked] == expected
    assert stage.small.shop.differences() == []


def test_once_offers_were_made_they_go_down_the_ranking_without_anybody_asking(stage_anywhere: Stage):
    stage, draws = stage_anywhere, stage_anywhere.small.shop.draws
    first, second, third, fourth, fifth, _ = stage.drawn(6)
    assert draws.go_on() == 0
    assert stage.standing(first) == "valid"
    draws.make_offers(stage.draw)
    stage.buy(first)
    stage.at(round_at(ROUND) + timedelta(minutes=59))
    assert draws.go_on() == 0
    draws.decline(third)
    assert (draws.go_on(), stage.standing(fourth)) == (1, "offered")
    stage.at(round_at(ROUND) + timedelta(minutes=60))
    assert (draws.go_on(), stage.standing(second), stage.standing(fifth)) == (1, "lapsed", "offered")
    assert stage.standing(first) == "paid"
    head = stage.small.shop.log.head()
    assert (draws.go_on(), stage.small.shop.log.head()) == (0, head)


def test_a_draw_that_cannot_go_on_holds_up_no_other_and_no_deadline(stage: Stage):
    draws, editions = stage.small.shop.draws, stage.small.shop.editions
    stage.drawn(6)
    draws.make_offers(stage.draw)
    stage.at(round_at(ROUND) + timedelta(minutes=60))
    editions.pause(stage.edition, "recount")
    assert (draws.go_on(), stage.small.shop.deadlines.look()) == (0, 0)
    editions.resume(stage.edition)
    assert stage.small.shop.deadlines.look() == 0
    assert draws.go_on() == 0


def test_a_returned_number_goes_to_the_next_on_the_waiting_list(stage: Stage):
    ranked = stage.drawn(5)
    shop = stage.small.shop
    shop.draws.make_offers(stage.draw)
    orders = [stage.buy(entry) for entry in ranked[:3]]
    shop.draws.make_offers(stage.draw)
    shop.followers.catch_up()
    assert [stage.standing(entry) for entry in ranked] == ["paid"] * 3 + ["valid"] * 2
    shop.take_back.take_back(orders[1], {1: 1}, "card", TODAY)
    shop.followers.catch_up()
    assert shop.draws.make_offers(stage.draw).result == 1
    assert [stage.standing(entry) for entry in ranked] == ["paid", "gave back", "paid", "offered", "valid"]
    given_back, offered = (shop.log.load(Entry, ranked[n]) for n in (1, 3))
    assert offered.number == given_back.number


def test_who_bought_is_told_so_and_who_buys_the_number_next_is_not_taken_for_them(stage: Stage):
    ranked = stage.drawn(5)
    shop = stage.small.shop
    shop.draws.make_offers(stage.draw)
    order = stage.buy(ranked[0])
    number = shop.log.load(Entry, ranked[0]).number
    shop.take_back.take_back(order, {1: 1}, "card", TODAY)
    shop.followers.catch_up()
    assert stage.standing(ranked[0]) == "gave back"
    shop.draws.make_offers(stage.draw)
    assert shop.log.load(Entry, ranked[3]).number == number
    again = stage.buy(ranked[3])
    shop.followers.catch_up()
    shop.draws.make_offers(stage.draw)
    entries = [shop.log.load(Entry, entry) for entry in ranked]
    assert [entry.standing for entry in entries] == ["gave back", "offered", "offered", "paid", "valid"]
    assert (entries[0].order_id, entries[3].order_id) == (order, again)


def test_the_same_number_of_another_edition_in_the_basket_is_not_taken_for_the_drawn_one(stage: Stage):
    """The third rank is offered number 3, and buys number 3 of an open edition with it; only that one comes back."""
    ranked = stage.drawn(4)
    shop, small = stage.small.shop, stage.small
    shop.draws.make_offers(stage.draw)
    basket = shop.sell.open_basket(small.web, "session").result
    assert shop.draws.take_up(ranked[2], basket, "session").result == 3
    shop.sell.hold_piece(basket, "session", small.edition, 3)
    order = shop.sell.place_order(basket, "session").result
    shop.sell.pay(order, Tender.CARD, "sandbox", "a card")
    shop.followers.catch_up()
    assert stage.standing(ranked[2]) == "paid"
    (other,) = (line for line in shop.log.load(Order, order).lines if line.edition_id == small.edition)
    shop.take_back.take_back(order, {other.line_no: 1}, "card", TODAY)
    shop.followers.catch_up()
    assert stage.standing(ranked[2]) == "paid"


def test_an_offer_whose_number_is_ordered_in_time_waits_for_the_payment_and_no_longer(stage: Stage):
    ranked = stage.drawn(4)
    shop, ends = stage.small.shop, round_at(ROUND) + timedelta(minutes=60)
    shop.draws.make_offers(stage.draw)
    orders = []
    stage.at(ends - timedelta(minutes=1))
    for entry in ranked[:2]:
        basket = shop.sell.open_basket(stage.small.web, "session").result
        shop.draws.take_up(entry, basket, "session")
        orders.append(shop.sell.place_order(basket, "session").result)
    stage.at(ends)
    shop.draws.make_offers(stage.draw)
    assert [stage.standing(entry) for entry in ranked] == ["offered", "offered", "lapsed", "offered"]
    shop.sell.pay(orders[0], Tender.CARD, "sandbox", "a card")
    stage.at(ends + timedelta(minutes=14))
    shop.draws.make_offers(stage.draw)
    assert [stage.standing(entry) for entry in ranked[:2]] == ["paid", "lapsed"]


def test_nobody_else_gets_a_piece_that_is_given_by_draw(stage: Stage):
    shop, basket = stage.small.shop, stage.small.shop.sell.open_basket(stage.small.web, "session").result
    with pytest.raises(OnlyByDraw):
        shop.sell.hold_piece(basket, "session", stage.edition)
    with pytest.raises(OnlyByDraw):
        shop.editions.hold(stage.edition, stage.small.web, UUID(int=1), MORNING + timedelta(minutes=5))
    assert [type(why) for why in shop.editions.why_none(stage.edition, stage.small.web)] == [OnlyByDraw]


def test_an_offer_is_taken_up_once_and_not_after_it_ended(stage: Stage):
    ranked = stage.drawn(4)
    shop = stage.small.shop
    shop.draws.make_offers(stage.draw)
    baskets = [shop.sell.open_basket(stage.small.web, "session").result for _ in range(2)]
    first = shop.draws.take_up(ranked[0], baskets[0], "session").result
    assert shop.draws.take_up(ranked[0], baskets[0], "session").result == first
    with pytest.raises(NoLiveOffer):
        shop.draws.take_up(ranked[0], baskets[1], "session")
    with pytest.raises(NoLiveOffer):
        shop.draws.take_up(ranked[3], baskets[1], "session")
    stage.at(round_at(ROUND) + timedelta(minutes=60))
    with pytest.raises(NoLiveOffer):
        shop.draws.take_up(ranked[1], baskets[1], "session")
    with pytest.raises(NoLiveOffer):
        shop.draws.decline(ranked[1])


def test_entering_twice_is_one_entry_and_only_while_the_draw_is_open(stage: Stage):
    draws = stage.small.shop.draws
    with pytest.raises(DrawNotOpen):
        draws.enter(stage.draw, "hash")
    stage.at(OPENS)
    mine = draws.enter(stage.draw, "hash").result
    assert draws.enter(stage.draw, "hash").result == mine
    other = draws.enter(stage.draw, "another hash").result
    draws.withdraw(mine)
    draws.withdraw(mine)
    for again in (lambda: draws.reject(mine, "duplicate"), lambda: draws.enter(stage.draw, "hash")):
        with pytest.raises(EntryNotValid):
            again()
    stage.at(CLOSES)
    head = stage.small.shop.log.head()
    with pytest.raises(DrawNotOpen):
        draws.enter(stage.draw, "late")
    with pytest.raises(DrawNotOpen):
        draws.withdraw(other)
    assert stage.small.shop.log.head() == head
    draws.reject(other, "automated")
    assert stage.standing(other) == "rejected"


def test_a_list_is_frozen_once_every_entry_is_in_and_before_the_beacon(stage: Stage):
    draws, entries = stage.small.shop.draws, stage.enter(5)
    draws.reject(entries[0], "identity")
    with pytest.raises(DrawNotReady):
        draws.freeze(stage.draw)
    stage.at(CLOSES)
    with pytest.raises(ListTooSoon):
        draws.freeze(stage.draw)
    stage.at(CLOSES + timedelta(minutes=1))
    root = draws.freeze(stage.draw).result
    assert draws.freeze(stage.draw).result == root
    with pytest.raises(DrawNotReady):
        draws.reject(entries[1], "identity")
    for entry in entries[1:]:
        shown = draws.inclusion(entry)
        assert (shown.count, shown.root) == (4, root)
        assert is_included(shown.entry_id, shown.position, shown.count, shown.proof, bytes.fromhex(root))


def test_who_is_taken_off_while_the_list_is_frozen_is_off_it_or_stays(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Two servers: one freezes the list while the other takes an entry off."""
    read, other_tried = Event(), Event()

    def slowly(ids: list[str]) -> bytes:
        read.set()
        other_tried.wait(1)
        return list_root(ids)

    monkeypatch.setattr("souvenir.processes.draw.list_root", slowly)
    with (
        staged(postgres_url, tmp_path) as stage,
        Shop.open(postgres_url, secrets=tmp_path / "secrets") as other,
        ThreadPoolExecutor(1) as pool,
    ):
        entries = stage.enter(3)
        stage.at(CLOSES + timedelta(minutes=1))
        frozen = pool.submit(stage.small.shop.draws.freeze, stage.draw)
        read.wait(10)
        with suppress(DrawNotReady):
            other.draws.reject(entries[0], "identity")
        other_tried.set()
        root = frozen.result().result
        with other.log.reading() as session:
            assert list_root(listed(session, stage.draw)).hex() == root


def test_two_servers_that_make_offers_at_once_make_no_more_than_there_are_pieces(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Three pieces are drawn for; two more come into the edition and are given to nobody."""
    counted, other_tried, first = Event(), Event(), iter([True])

    def slowly(*where: Any) -> list[InLine]:
        if next(first, False):
            counted.set()
            other_tried.wait(1)
        return next_in_line(*where)

    monkeypatch.setattr("souvenir.draws.registers.next_in_line", slowly)

    with (
        staged(postgres_url, tmp_path, size=5) as stage,
        Shop.open(postgres_url, secrets=tmp_path / "secrets") as other,
        ThreadPoolExecutor(1) as pool,
    ):
        stage.drawn(8)
        making = pool.submit(stage.small.shop.draws.make_offers, stage.draw)
        counted.wait(10)
        made = other.draws.make_offers(stage.draw).result
        other_tried.set()
        assert made + making.result().result == 3


def test_a_list_that_is_too_late_needs_a_later_round(stage: Stage):
    draws = stage.small.shop.draws
    stage.enter(2)
    stage.at(round_at(ROUND))
    with pytest.raises(ListTooLate):
        draws.freeze(stage.draw)
    with pytest.raises(MalformedDraw):
        draws.postpone(stage.draw, ROUND, round_at(ROUND) + timedelta(seconds=1), "late")
    draws.postpone(stage.draw, ROUND + 100, round_at(ROUND + 100), "late")
    draws.freeze(stage.draw)


def test_the_secret_and_the_beacon_must_be_those_announced(stage: Stage):
    draws = stage.small.shop.draws
    stage.enter(3)
    stage.at(CLOSES + timedelta(minutes=1))
    with pytest.raises(DrawNotReady):
        draws.draw(stage.draw, SECRET.hex(), BEACON, SIGNATURE.hex())
    draws.freeze(stage.draw)
    with pytest.raises(BeaconTooSoon):
        draws.draw(stage.draw, SECRET.hex(), BEACON, SIGNATURE.hex())
    stage.at(round_at(ROUND))
    head = stage.small.shop.log.head()
    for secret in ("00" * 32, "not hex"):
        with pytest.raises(SecretDoesNotFit):
            draws.draw(stage.draw, secret, BEACON, SIGNATURE.hex())
    with pytest.raises(BeaconDoesNotFit):
        draws.draw(stage.draw, SECRET.hex(), "ab" * 32, SIGNATURE.hex())
    with pytest.raises(SecretStillDue):
        draws.draw(stage.draw, None, BEACON, SIGNATURE.hex())
    assert stage.small.shop.log.head() == head
    draws.draw(stage.draw, SECRET.hex(), BEACON, SIGNATURE.hex())
    after = stage.small.shop.log.head()
    draws.draw(stage.draw, SECRET.hex(), BEACON, SIGNATURE.hex())
    assert stage.small.shop.log.head() == after


def test_a_withheld_secret_does_not_stop_the_draw(stage: Stage):
    draws = stage.small.shop.draws
    stage.enter(12)
    stage.at(CLOSES + timedelta(minutes=1))
    draws.freeze(stage.draw)
    stage.at(round_at(ROUND) + timedelta(hours=1))
    draws.draw(stage.draw, None, BEACON, SIGNATURE.hex())
    published = draws.published(stage.draw)
    assert (published["secret"], published["withheld"], faults(published)) == (None, True, [])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"opens_at": datetime(2020, 1, 1, tzinfo=UTC)}, "none of it in the past"),
        ({"closes_at": OPENS}, "in that order"),
        ({"commitment": "promised"}, "a SHA-256 hash in hex"),
        ({"commitment": commitment_to(SECRET).upper()}, "in small letters"),
        ({"pieces": 4}, "fewer than 4 pieces"),
        ({"space": "HC", "pieces": 1}, "fewer than 1 pieces"),
        ({"beacon_round": ROUND + 1}, f"round {ROUND + 1} comes out at"),
    ],
)
def test_a_draw_nobody_could_hold_fair_is_refused(stage: Stage, changes: dict[str, object], reason: str):
    with pytest.raises(MalformedDraw, match=reason):
        stage.small.shop.draws.announce(rules(stage.edition, **changes), stage.small.web)


def test_only_an_edition_given_by_draw_is_drawn(stage: Stage):
    with pytest.raises(NotADraw):
        stage.small.shop.draws.announce(rules(stage.small.edition), stage.small.web)


def test_announcing_again_records_nothing_new(stage: Stage):
    draws = stage.small.shop.draws
    head = stage.small.shop.log.head()
    assert draws.announce(rules(stage.edition), stage.small.web, draw_id=stage.draw).result == stage.draw
    with pytest.raises(MalformedDraw, match="another draw"):
        draws.announce(rules(stage.edition, text="Other rules."), stage.small.web, draw_id=stage.draw)
    assert stage.small.shop.log.head() == head


def test_a_draw_for_proofs_says_so_in_its_rules_and_their_hash(stage: Stage):
    shop = stage.small.shop
    edition = shop.editions.declare(
        product_id=stage.small.vase, gtin="6901234567892", title={"en": "Crane vase, gold"}, size=3,
        proofs=Proofs(artists=2), numbering="draw",
    ).result  # fmt: skip
    for_proofs = rules(edition, space="AP", pieces=2)
    draw = shop.log.load(Draw, shop.draws.announce(for_proofs, stage.small.web).result)
    assert (draw.space, draw.rules.published["space"]) == ("AP", "AP")
    assert draw.rules_hash != rules(edition, pieces=2).hash
    assert "space" not in rules(edition).published


def test_any_changed_byte_of_what_is_published_is_found(
    stage: Stage, tmp_path, capsys: pytest.CaptureFixture[str], monkeypatch
):
    monkeypatch.setattr("souvenir.draws.verify.CHAINS", {})  # the signature of a round that is still to come is made up
    stage.drawn(12)
    published = stage.small.shop.draws.published(stage.draw)
    text = json.dumps(published, separators=(",", ":"), ensure_ascii=False).encode()
    file = tmp_path / "published.json"
    file.write_bytes(text)
    assert main(str(file), published["rules_hash"]) == 0
    assert main(str(file), "00" * 32) == 1
    assert main(str(file)) == 0
    missed = []
    for at in range(len(text)):
        changed = bytearray(text)
        changed[at] ^= 1
        file.write_bytes(changed)
        if main(str(file)) == 0:
            missed.append(text[max(at - 20, 0) : at + 5])
    capsys.readouterr()
    assert missed == []
