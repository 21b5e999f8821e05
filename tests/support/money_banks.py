"""The banks of the world in which everything goes wrong: sandbox, Stripe's stand-in, and a terminal on the counter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol
from uuid import UUID

from stripe_server import Fault as StripeFault
from stripe_server import StripeServer

from souvenir.kernel.clock import now
from souvenir.kernel.money import Money, total
from souvenir.payments.batch import Totals
from souvenir.payments.collection import Collection
from souvenir.payments.payment import Payment
from souvenir.payments.providers.sandbox import Fault, Sandbox
from souvenir.payments.providers.terminal import Slip
from souvenir.processes.collect_debts import key_of
from souvenir.shop import Shop

LATER_DECLINED = "pm_card_chargeDeclinedLater"
NONE = Money.zero("CNY")


class Bank(Protocol):
    """What the other side of the wire knows and does."""

    name: str
    poor: str
    """A card that is good for a hold, and declined when it is charged."""

    def source(self, chance: Random) -> str: ...
    def device(self) -> str: ...
    def wallet(self, chance: Random) -> str: ...
    def misbehave(self, chance: Random) -> None: ...
    def behave(self) -> None: ...
    def customers_act(self, chance: Random) -> None: ...
    def holder_pays(self, debt: Collection) -> None: ...
    def tell(self, shop: Shop, chance: Random, copies: int) -> list[Callable[[], None]]: ...
    def kept_of(self, payment: Payment) -> Money: ...
    def balance(self) -> Money: ...
    def reserved(self) -> dict[str, Money]: ...


class SandboxBank:
    """The sandbox, with every fault it knows."""

    name, poor = "sandbox", "approve"

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self._told, self._seen = sandbox, 0, 0

    def source(self, chance: Random) -> str:
        return chance.choice(["approve", "approve", "approve", "decline", "unknown", "lost", "pending"])

    def device(self) -> str:
        return "pending"

    def wallet(self, chance: Random) -> str:
        return chance.choice(["wallet", "wallet", "wallet unknown", "wallet decline"])

    def misbehave(self, chance: Random) -> None:
        faults = {Fault.NONE: 4, Fault.REQUEST_LOST: 1, Fault.REQUEST_LATE: 1, Fault.ANSWER_LOST: 1}
        self.sandbox.refusals = chance.randrange(5)
        self.sandbox.faults.extend(chance.choices(list(faults), list(faults.values()), k=chance.randrange(8)))

    def behave(self) -> None:
        self.sandbox.faults.clear()
        self.sandbox.late_arrive()

    def customers_act(self, chance: Random) -> None:
        if chance.random() < 0.2:
            self.sandbox.late_arrive()
        for notice in self.sandbox.notices[self._seen :]:
            if chance.random() < 0.8:
                self.sandbox.bank_answers(notice.key, approved=chance.random() < 0.8)
        self._seen = len(self.sandbox.notices)

    def holder_pays(self, debt: Collection) -> None:
        self.sandbox.holder_pays(key_of(debt))

    def tell(self, shop: Shop, chance: Random, copies: int) -> list[Callable[[], None]]:
        new, self._told = self.sandbox.notices[self._told :] * copies, len(self.sandbox.notices)
        return [lambda notice=notice: _worked_off(shop, shop.settle_payments.keep(self.name, notice)) for notice in new]

    def kept_of(self, payment: Payment) -> Money:
        return self._sum(f"sandbox:{payment.id}")

    def balance(self) -> Money:
        return self.sandbox.balance.get("CNY", Money.zero("CNY"))

    def reserved(self) -> dict[str, Money]:
        held = [m for m in self.sandbox.movements.values() if m.kind == "hold" and m.open]
        return {hold.reference: hold.amount for hold in held if hold.until is None or hold.until > now()}

    def _sum(self, reference: str) -> Money:
        moved = [m for m in self.sandbox.movements.values() if reference in (m.reference, m.of)]
        return total((movement.amount for movement in moved), "CNY")


class StripeBank:
    """The stand-in for Stripe, with faults on the wire."""

    name, poor = "stripe", LATER_DECLINED

    def __init__(self, server: StripeServer) -> None:
        self.server, self.books = server, server.books
        self.reader = server.books.add_reader("Counter")
        self._confirmed: set[str] = set()

    def source(self, chance: Random) -> str:
        good = ["pm_card_visa", "pm_card_mastercard", "pm_card_amex", LATER_DECLINED]
        return chance.choice([*good, *good, "pm_card_chargeDeclined", "pm_card_authenticationRequired"])

    def device(self) -> str:
        return str(self.reader["id"])

    def wallet(self, chance: Random) -> str:
        return chance.choice(["alipay", "wechat_pay"])

    def misbehave(self, chance: Random) -> None:
        faults = [f for f in StripeFault if f is not StripeFault.SLOW]
        weights = [8 if f is StripeFault.NONE else 1 for f in faults]
        self.server.faults.extend(chance.choices(faults, weights, k=chance.randrange(6)))
        self.reader |= {"status": chance.choice(["online"] * 5 + ["offline"]), "deaf": chance.random() < 0.2}

    def behave(self) -> None:
        self.server.faults.clear()
        self.reader |= {"status": "online", "deaf": False}

    def customers_act(self, chance: Random) -> None:
        with self.server.mutex:
            self._act(chance)

    def _act(self, chance: Random) -> None:
        self._at_reader(chance)
        if chance.random() < 0.5:
            self.books.finish_refunds()
        for intent in self.books.all("payment_intent"):
            if intent["next_action"] and chance.random() < 0.7:
                self.books.wallet_answers(intent, pays=chance.random() < 0.8)
            if intent["payment_method_types"]:
                continue
            open_ = intent["status"] in ("requires_action", "requires_payment_method") and not intent["customer"]
            if open_ and intent["id"] not in self._confirmed:
                self._confirmed.add(intent["id"])
                chosen = {} if intent["payment_method"] else {"payment_method": "pm_card_visa"}
                if chance.random() < 0.8 and intent["last_payment_error"] is None:
                    self.books.confirm_payment_intent(intent, chosen | {"authenticated": True})

    def _at_reader(self, chance: Random) -> None:
        if chance.random() < 0.2:
            self.books.walk_away(self.reader)
        elif chance.random() < 0.5:
            self.books.authorise_slowly(self.reader)
        if chance.random() < 0.7:
            card = chance.choice(["pm_card_visa", "pm_card_visa", "pm_card_chargeDeclined"])
            self.books.bank_answers(self.reader, card, heard=chance.random() < 0.8)

    def holder_pays(self, debt: Collection) -> None:
        for intent in self.books.all("payment_intent"):
            owed = (
                intent["metadata"].get("souvenir_key") == key_of(debt) and intent["metadata"]["souvenir_role"] == "debt"
            )
            if owed and intent["status"].startswith("requires_"):
                saved = self.books.objects[self.books.objects[debt.reference]["payment_method"]]["id"]
                self.books.confirm_payment_intent(intent, {"payment_method": saved, "authenticated": True})

    def tell(self, shop: Shop, chance: Random, copies: int) -> list[Callable[[], None]]:
        new = self.server.webhooks(chance, copies)
        receive = shop.settle_payments.receive
        return [lambda body=b, signed=s: _worked_off(shop, receive(self.name, body, signed)) for b, s in new]

    def kept_of(self, payment: Payment) -> Money:
        intents = [i for i in self.books.all("payment_intent") if i["metadata"].get("souvenir_key") == str(payment.id)]
        given = [r["amount"] for r in self.books.all("refund") if r["payment_intent"] in [i["id"] for i in intents]]
        return Money(sum(intent["amount_received"] for intent in intents) - sum(given), "CNY")

    def balance(self) -> Money:
        return Money(sum(moved["amount"] for moved in self.books.all("balance_transaction")), "CNY")

    def reserved(self) -> dict[str, Money]:
        self.books.expire()
        intents = self.books.all("payment_intent")
        held = {i["id"]: Money(i["amount"], "CNY") for i in intents if i["status"] == "requires_capture"}
        saved = [m["id"] for m in self.books.all("payment_method") if m["customer"]]
        behind = {s["id"]: s for s in self.books.all("setup_intent") if s["payment_method"] in saved}
        by_customer = {i["customer"] for i in intents if i["status"] == "requires_capture"}
        return held | {id: Money.zero("CNY") for id, s in behind.items() if s["customer"] not in by_customer}


def _worked_off(shop: Shop, kept: Any) -> None:
    shop.settle_payments.work_off(kept.result)


@dataclass
class Terminal:
    """A bank's terminal on the counter: what it charged and gave back, batch by batch, whatever the cashier keys in."""

    batch: int = 1
    charged: dict[UUID, Money] = field(default_factory=dict)
    given: dict[UUID, Money] = field(default_factory=dict)
    balance: Money = NONE

    def slip(self, about: UUID) -> Slip:
        return Slip("T7", str(self.batch), about.hex[-12:])

    def charge(self, payment: UUID, amount: Money) -> Slip:
        self.charged[payment], self.balance = amount, self.balance + amount
        return self.slip(payment)

    def give(self, refund: UUID, amount: Money) -> Slip:
        self.given[refund], self.balance = amount, self.balance - amount
        return self.slip(refund)

    def totals(self) -> Totals:
        sales, refunds = total(self.charged.values(), "CNY"), total(self.given.values(), "CNY")
        return Totals(sales=sales, sales_count=len(self.charged), refunds=refunds, refunds_count=len(self.given))
