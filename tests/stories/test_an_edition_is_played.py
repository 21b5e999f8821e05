"""One edition from its release to its sealing: web, tills, an offline till, returns, moves; a plain model says what is where."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from trading import MORNING, TODAY, Counterpart, Group, words

from souvenir.kernel.clock import SettableClock
from souvenir.testing import clock_at

SIZE, ALLOTTED = 24, 20


@pytest.fixture
def time() -> Iterator[SettableClock]:
    with clock_at(MORNING) as now:
        yield now


class Player:
    """Does what people do, at random, and keeps a dictionary of where every number should be."""

    def __init__(self, seed: int, time: SettableClock) -> None:
        self.dice, self.time = random.Random(seed), time
        self.group = group = Group()
        self.office, self.web, self.counter = group.office, group.web, group.counter
        declared = self.office.do("declareEdition", productId=group.vase, title=words("Vase", "瓶"), size=SIZE)
        self.edition = declared["edition"]["id"]
        for outlet, first, last in ((self.counter, 1, 10), (self.web, 11, ALLOTTED)):
            self.office.do("allotEdition", editionId=self.edition, outletId=outlet, first=first, last=last)
        self.office.do("releaseEdition", editionId=self.edition)
        self.tills = [group.till, group.device(self.counter, "T2")]
        self.place = {n: self.counter if n <= 10 else self.web for n in range(1, ALLOTTED + 1)}
        self.status = dict.fromkeys(self.place, "free")
        self.until: dict[int, Any] = {}
        self.baskets: dict[int, tuple[Counterpart, str]] = {}
        self.orders: dict[int, str] = {}
        self.online: set[int] = set()
        """Numbers that were last sold online."""
        self.copies: dict[int, int] = {}
        self.retired_unallotted: set[int] = set()
        self.leases: list[dict[str, Any]] = []
        self.leased_in: dict[int, str] = {}

    # What people do. Each says beforehand whether it must succeed.

    def step(self) -> None:
        self.pass_time()
        doing = (
            self.hold, self.hold, self.buy_online, self.let_go, self.sell_at_till, self.sell_at_till, self.lease,
            self.report, self.hand_in, self.bring_back, self.retire, self.move, self.flow_back, self.remake,
        )  # fmt: skip
        self.dice.choice(doing)()
        self.group.shop.followers.catch_up()
        self.compare()

    def pass_time(self) -> None:
        self.time.move_to(self.time() + timedelta(minutes=self.dice.choice((0, 1, 7))))
        self.notice()

    def notice(self) -> None:
        for number, until in list(self.until.items()):
            if until <= self.time():
                self.status[number] = "free"
                del self.until[number]

    def any(self, *statuses: str, at: str | None = None) -> int | None:
        found = [n for n, status in self.status.items() if status in statuses and at in (None, self.place[n])]
        return self.dice.choice(found) if found else None

    def expect(self, caller: Counterpart, operation: str, allowed: bool, **input: Any) -> Any:
        answer = caller.try_to(operation, **input)
        assert answer["__typename"].endswith("Payload") == allowed, (operation, input, answer)
        return answer if allowed else None

    def hold(self, number: int | None = None) -> None:
        number = number or self.dice.randint(1, SIZE)
        guest = self.group.session()
        basket = self.group.basket(guest)
        allowed = self.status.get(number) == "free" and self.place[number] == self.web
        if self.expect(guest, "holdPiece", allowed, basketId=basket, editionId=self.edition, number=number):
            self.status[number], self.until[number] = "held", self.time() + timedelta(minutes=15)
            self.baskets[number] = (guest, basket)

    def buy_online(self) -> None:
        if (number := self.any("held")) is not None:
            guest, basket = self.baskets[number]
            order = guest.do("placeOrder", basketId=basket)["order"]["id"]
            self.until[number] = max(self.until[number], self.time() + timedelta(minutes=15))
            late = self.dice.random() < 0.3
            if late:  # the hold is over, and perhaps somebody else has the number by then
                self.time.move_to(self.until[number])
                self.notice()
                if self.dice.random() < 0.5:
                    self.hold(number)
            free = not late or self.status[number] == "free"
            if self.expect(guest, "pay", free, orderId=order, tender="CARD", provider="sandbox", source="tok"):
                self.sold(number, order, online=True)

    def let_go(self) -> None:
        if (number := self.any("held")) is not None and number in self.baskets:
            guest, basket = self.baskets.pop(number)
            if guest.do("letGo", basketId=basket, editionId=self.edition, number=number):
                self.status[number] = "free"
                del self.until[number]

    def sell_at_till(self) -> None:
        number = self.dice.randint(1, SIZE)
        allowed = self.status.get(number) == "free" and self.place[number] == self.counter
        piece = [{"editionId": self.edition, "number": number}]
        if sale := self.expect(self.dice.choice(self.tills), "sellAtTill", allowed, tender="CASH", pieces=piece):
            self.sold(number, sale["order"]["id"])

    def sold(self, number: int, order: str, online: bool = False) -> None:
        self.status[number], self.orders[number] = "sold", order
        (self.online.add if online else self.online.discard)(number)
        self.until.pop(number, None)
        self.baskets.pop(number, None)

    def lease(self) -> None:
        free = sorted(n for n, status in self.status.items() if status == "free" and self.place[n] == self.counter)
        until = self.time() + timedelta(minutes=self.dice.choice((10, 60)))
        wanted = self.dice.randint(1, 3)
        asked = {"editionId": self.edition, "numbers": wanted, "until": until.isoformat()}
        if taken := self.expect(self.tills[1], "leaseNumbers", bool(free), **asked):
            assert taken["lease"]["numbers"] == free[:wanted]
            for number in free[:wanted]:
                self.status[number], self.until[number] = "leased", until
                self.leased_in[number] = taken["lease"]["id"]
            self.leases.append(taken["lease"] | {"reported": {}})

    def report(self) -> None:
        if self.leases:
            lease = self.dice.choice(self.leases)
            number = self.dice.choice(lease["numbers"])
            theirs = self.status[number] == "leased" and self.leased_in[number] == lease["id"]
            again = number in lease["reported"]
            counts = again or theirs or self.status[number] == "free"
            report = {"leaseId": lease["id"], "number": number, "tender": "CASH", "soldOn": TODAY}
            done = self.tills[1].do("reportOfflineSale", **report)
            order = lease["reported"].setdefault(number, done["order"]["id"])
            assert done["order"]["id"] == order
            if not again:
                assert done["disputed"] != counts
                if counts:
                    self.sold(number, order)

    def hand_in(self) -> None:
        if self.leases:
            lease = self.dice.choice(self.leases)
            self.tills[1].do("returnNumbers", leaseId=lease["id"])
            for number in lease["numbers"]:
                if self.status[number] == "leased" and self.leased_in[number] == lease["id"]:
                    self.status[number] = "free"
                    del self.until[number]

    def bring_back(self) -> None:
        if (number := self.any("sold")) is not None:
            desk, order = self.desk(number), self.orders.pop(number)
            desk.do("takeBack", orderId=order, lines=[{"lineNo": 1, "quantity": 1}])
            self.status[number] = "free"

    def retire(self) -> None:
        if self.dice.random() < 0.8:
            return
        number = self.dice.randint(1, SIZE)
        allowed = self.status.get(number, "free") in ("free", "retired")
        broken = {"editionId": self.edition, "number": number, "reason": "broken", "evidence": "QC", "retiredOn": TODAY}
        if self.expect(self.office, "retirePiece", allowed, **broken):
            if number in self.status:
                self.status[number] = "retired"
            else:
                self.retired_unallotted.add(number)

    def move(self) -> None:
        first = self.dice.randint(1, ALLOTTED - 1)
        source, taker = self.dice.sample([self.counter, self.web], 2)
        numbers = (first, first + 1)
        there = all(self.place[n] == taker for n in numbers)
        allowed = there or all(self.place[n] == source and self.status[n] == "free" for n in numbers)
        asked = {"editionId": self.edition, "fromOutletId": source, "toOutletId": taker}
        if self.expect(self.office, "moveAllotment", allowed, **asked, first=first, last=first + 1):
            self.place |= dict.fromkeys(numbers, taker)

    def flow_back(self) -> None:
        if self.dice.random() < 0.7:
            return
        source, taker = self.dice.sample([self.counter, self.web], 2)
        back = [n for n, status in self.status.items() if status == "free" and self.place[n] == source]
        asked = {"editionId": self.edition, "fromOutletId": source, "toOutletId": taker}
        assert self.office.do("flowBack", **asked)["moved"] == len(back)
        self.place |= dict.fromkeys(back, taker)

    def remake(self) -> None:
        if (number := self.any("sold")) is not None and self.dice.random() < 0.3:
            (before,) = self.certificates(number)
            made = {"editionId": self.edition, "number": number, "reason": "fire", "evidence": "QC", "on": TODAY}
            copy = self.copies[number] = self.copies.get(number, 0) + 1
            anew = self.office.do("remakePiece", **made, copy=copy)["certificate"]
            assert (anew["replacement"], anew["serial"] != before["serial"]) == (copy, True)
            verdict = self.group.visitor.ask("verifyCertificate", textOrLink=before["link"])
            assert (verdict["stands"], verdict["freshness"]) == (False, "revoked")

    # What everybody sees.

    def desk(self, number: int) -> Counterpart:
        """Where an order is served: at the counter, or in the back office, where parcels come back."""
        return self.office if number in self.online else self.tills[0]

    def certificates(self, number: int) -> list[dict[str, Any]]:
        order = self.desk(number).ask("order", id=self.orders[number])
        return [one for one in order["certificates"] if one["number"] == number and one["standing"] == "active"]

    def compare(self) -> None:
        seen = self.office.ask("whereabouts", editionId=self.edition)
        outlets = {one["outletId"]: one for one in seen["outlets"]}
        for outlet in (self.counter, self.web):
            here = [status for n, status in self.status.items() if self.place[n] == outlet]
            for status in ("free", "held", "leased", "sold", "retired"):
                assert outlets.get(outlet, {}).get(status, 0) == here.count(status), (outlet, status, seen)
        assert seen["unallotted"] == SIZE - ALLOTTED - len(self.retired_unallotted)
        for number in self.orders:
            assert len(self.certificates(number)) == 1

    def counted(self) -> tuple[int, int, int]:
        sold = list(self.status.values()).count("sold")
        retired = list(self.status.values()).count("retired") + len(self.retired_unallotted)
        return sold, retired, SIZE - sold - retired

    def published(self) -> tuple[int, int, int]:
        (count,) = self.group.visitor.ask("edition", id=self.edition, outletId=self.web)["finalCounts"]
        return count["sold"], count["retired"], count["unsold"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_happens_everything_is_where_the_model_says_and_the_sealed_counts_are_true(seed, time):
    player = Player(seed, time)
    player.lease()
    for _ in range(90):
        player.step()
    player.office.do("closeEdition", editionId=player.edition, reason="season over", closedOn=TODAY)
    time.move_to(time() + timedelta(hours=1))
    player.notice()
    player.office.do("sealEdition", editionId=player.edition, sealedOn=TODAY)
    assert player.published() == player.counted()
    for _ in range(6):
        player.report()
        player.bring_back()
        player.group.shop.followers.catch_up()
        assert player.published() == player.counted()
    player.compare()
    assert player.group.shop.differences() == []
    player.group.shop.close()
