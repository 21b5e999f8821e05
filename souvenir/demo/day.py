"""What happens: two published refunds of years ago, then one trading day with its buyers, travellers and finance desk."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from souvenir.demo.desk import Desk
from souvenir.demo.world import World, yuan
from souvenir.kernel.clock import SettableClock

BEIJING = ZoneInfo("Asia/Shanghai")
FIRST_REFUND = date(2015, 7, 1)
FIRST_INSTANT = date(2025, 5, 15)
NOTES = ("100.00", "50.00", "20.00", "10.00", "5.00", "1.00", "0.50", "0.10", "0.01")


def morning(day: date) -> datetime:
    """Ten o'clock in Beijing."""
    return datetime.combine(day, time(10), BEIJING).astimezone(UTC)


@dataclass
class Day:
    """The clock that the story moves, and what came of each line of it."""

    world: World
    clock: SettableClock
    today: date
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def promised_by(self) -> date:
        return date.fromisoformat(self.told["late traveller"]["promisedBy"])

    # The two published cases.

    def first_refund_of_2015(self) -> None:
        """Goods of 502.00 with 17 % VAT, the ordinary route: 45.18 paid."""
        self._open_shifts("T1")
        order = self._sell("T1", goods=[{"productId": self.world.ids["PANDA"], "quantity": 1}])
        self._cash_up("T1")
        claim = self._open("T1", order, "DEPARTURE", self._passport("A LI", "K7700001", FIRST_REFUND))
        self._confirm(claim, FIRST_REFUND, port="PEK")
        self.told["2015"] = self._pay_out(claim, FIRST_REFUND)

    def first_instant_refund_of_2025(self) -> None:
        """Goods of 1,494.00 at a centralised point: 134.46 advanced, and the guarantee released after customs."""
        self._open_shifts("T1", "R1")
        order = self._sell("T1", goods=[{"productId": self.world.ids["SILK"], "quantity": 1}])
        claim = self._open("R1", order, "INSTANT_CENTRALISED", self._passport("B SMITH", "K7700002", FIRST_INSTANT))
        self.told["2025 advanced"] = self._advance("R1", claim)
        self._cash_up("T1", "R1")
        leaving = FIRST_INSTANT + timedelta(days=5)
        self.clock.move_to(morning(leaving))
        self.told["2025"] = self._confirm(claim, leaving, port="PEK")

    # Story line 3.

    def online(self) -> None:
        """A visitor holds number 288, pays, and gets order, number and certificate."""
        visitor = Desk(self.world.wire, "storefront")
        visitor.token = visitor.ask("openGuestSession")["token"]
        basket = visitor.do("openBasket", outletId=self.world.ids["STOREFRONT"])["basket"]["id"]
        visitor.do("holdPiece", basketId=basket, editionId=self.world.ids["EDITION"], number=288)
        order = visitor.do("placeOrder", basketId=basket)["order"]["id"]
        visitor.do("pay", orderId=order, tender="CARD", provider="sandbox", source="tok_visa")
        self.told["online"] = visitor.ask("order", id=order)
        self.told["keys"] = visitor.ask("certificateKeys")
        self.told["explained"] = visitor.ask("explainRefund", input=self._what_if("1494.00"))
        self.told["edition"] = visitor.ask(
            "edition", id=self.world.ids["EDITION"], outletId=self.world.ids["STOREFRONT"]
        )

    # Story line 4.

    def at_the_tills(self) -> None:
        """A cash sale, a numbered piece by scan, licensed scarves and one of them back; numbers go to an evening market."""
        ids = self.world.ids
        self._open_shifts("T1", "T2", "P1")
        mug = self.world.tills["T1"].ask("scan", code="6901234000016")["product"]["id"]
        self.told["cash sale"] = self._sell("T1", goods=[{"productId": mug, "quantity": 2}])
        self.told["cash receipt"] = self._receipt("T1", self.told["cash sale"])
        piece = self.world.tills["T2"].ask("scan", code="(01)06901234000047(21)88")["piece"]
        numbered = {"editionId": piece["editionId"], "number": piece["number"]}
        self.told["piece sale"] = self._sell("T2", tender="CARD", reference="terminal 7-0042", pieces=[numbered])
        self.told["piece receipt"] = self._receipt("T2", self.told["piece sale"])
        scarves = self._sell("T1", goods=[{"productId": ids["SCARF"], "quantity": 3}])
        self.told["scarf sale"] = scarves
        self.told["return"] = self.world.tills["T1"].do(
            "takeBack", orderId=scarves["id"], tender="CASH", lines=[{"lineNo": 1, "quantity": 1}]
        )["order"]
        until = (morning(self.today) + timedelta(hours=12)).isoformat()
        self.world.tills["T2"].do("leaseNumbers", editionId=ids["EDITION"], numbers=20, until=until)
        self.told["whereabouts"] = self.world.office.ask("whereabouts", editionId=ids["EDITION"])

    # Story line 5.

    def travellers_shop(self) -> None:
        """Three travellers: one will leave in time, one will not, one takes the ordinary route."""
        goods = [
            {"productId": self.world.ids["TEA-SET"], "quantity": 1},
            {"productId": self.world.ids["MUG"], "quantity": 2},
        ]
        first = self._sell("T1", goods=goods)
        passport = self._passport("CARLA ROSSI", "YA1234567", self.today - timedelta(days=6)) | {"nationality": "ITA"}
        self.told["assessment"] = self.world.tills["T1"].ask(
            "assessRefund",
            input={"orderIds": [first["id"]], "mode": "INSTANT_STORE", "documentKind": "passport", "lastEntry": passport["lastEntry"]},
        )  # fmt: skip
        claim = self._open("T1", first, "INSTANT_STORE", passport)
        self.told["in time"] = self._advance("T1", claim)
        late = self._open(
            "T1", self._sell("T1", goods=goods), "INSTANT_STORE",
            self._passport("DMITRI ORLOV", "752233441", self.today - timedelta(days=20)),
        )  # fmt: skip
        self.told["late traveller"] = self._advance("T1", late)
        self.told["ordinary"] = self._open(
            "P1", self._sell("P1", goods=goods), "DEPARTURE",
            self._passport("EMI SATO", "TR9988776", self.today - timedelta(days=2)),
        )  # fmt: skip
        self._cash_up("T1", "T2", "P1")

    def travellers_leave(self) -> None:
        """Customs confirm the first in time; the third is paid at departure; the second misses the promised date."""
        sixth = self.today + timedelta(days=6)
        self.clock.move_to(morning(sixth))
        self.told["in time"] = self._confirm(self.told["in time"], sixth, port="PKX")
        self.told["papers"] = self.world.tills["T1"].ask("claimPapers", claimId=self.told["in time"]["id"])
        self._confirm(self.told["ordinary"], sixth, port="PEK")
        self.told["ordinary"] = self._pay_out(self.told["ordinary"], sixth)
        after = self.promised_by + timedelta(days=1)
        self.clock.move_to(morning(after))
        self.told["late traveller"] = self.world.office.do(
            "missPromise", claimId=self.told["late traveller"]["id"], on=after.isoformat()
        )["claim"]

    # Story lines 6 and 7.

    def finance_looks(self) -> None:
        """The licence's position, and the books: as of now, as of the evening of the day, and down to an event."""
        finance = self.world.finance
        self.told["royalty"] = finance.ask("royaltyPosition", licenceId=self.world.ids["LICENCE"])
        self.told["balance"] = finance.ask("trialBalance")
        self.told["balance that evening"] = finance.ask("trialBalance", asOf={"effective": self.today.isoformat()})
        self.told["statement"] = finance.ask(
            "accountStatement", account="Assets:RefundAdvance:PendingCustoms", currency="CNY", first=20
        )
        entry = self.told["statement"]["lines"]["edges"][-1]["node"]["entryId"]
        self.told["entry"] = finance.ask("entry", id=entry)

    # Steps.

    def _open_shifts(self, *tills: str) -> None:
        """Count 500.00 into each drawer, for the day on the clock."""
        day = self.clock().astimezone(BEIJING).date().isoformat()
        for till in tills:
            self.world.tills[till].do(
                "openShift", badge="cashier-1", businessDate=day, openingFloat=yuan("500.00"), blindCount=False
            )

    def _cash_up(self, *tills: str) -> None:
        """Count each drawer, which holds what it should, and close its shift."""
        for till in tills:
            rest, counts = Decimal(self.world.tills[till].ask("shiftReport")["expected"]["amount"]), []
            for note in NOTES:
                count, rest = divmod(rest, Decimal(note))
                counts.append({"value": yuan(note), "count": int(count)})
            closed = self.world.tills[till].do("closeShift", badge="cashier-1", counts=counts)
            self.told[f"Z report of {till}"] = closed["report"]

    def _sell(self, till: str, tender: str = "CASH", **what: Any) -> Any:
        return self.world.tills[till].do("sellAtTill", tender=tender, **what)["order"]

    def _receipt(self, till: str, order: Any) -> Any:
        return self.world.tills[till].ask("receipt", orderId=order["id"])

    def _open(self, till: str, order: Any, mode: str, document: dict[str, str]) -> Any:
        opened = self.world.tills[till].do("openClaim", orderIds=[order["id"]], mode=mode, document=document)
        return opened["claim"]

    def _advance(self, till: str, claim: Any) -> Any:
        desk = self.world.tills[till]
        desk.do("agreeClaim", claimId=claim["id"])
        desk.do("guaranteeClaim", claimId=claim["id"], provider="sandbox", source="tok_visa")
        return desk.do("advanceClaim", claimId=claim["id"], tender="CASH")["claim"]

    def _confirm(self, claim: Any, on: date, port: str) -> Any:
        seen = [{"lineNo": line["lineNo"], "quantity": line["quantity"]} for line in claim["lines"]]
        return self.world.office.do(
            "confirmCustoms", claimId=claim["id"], port=port, lines=seen, on=on.isoformat()
        )["claim"]  # fmt: skip

    def _pay_out(self, claim: Any, on: date) -> Any:
        return self.world.office.do("payAtDeparture", claimId=claim["id"], tender="CASH", on=on.isoformat())["claim"]

    def _what_if(self, price: str) -> dict[str, Any]:
        """Goods of a price, bought on the day of the published instant case by someone who entered two weeks before."""
        entered = FIRST_INSTANT - timedelta(days=14)
        goods = [{"gross": yuan(price), "vatRate": "0.13"}]
        return {"place": "CN-BJ", "on": FIRST_INSTANT.isoformat(), "lastEntry": entered.isoformat(), "goods": goods}

    def _passport(self, name: str, number: str, entered: date) -> dict[str, str]:
        return {"kind": "passport", "name": name, "number": number, "lastEntry": entered.isoformat()}
