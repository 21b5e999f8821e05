"""A world in which everything goes wrong at random: a shop that crashes, a bank that is silent, notices out of order.

After each round the dust settles, and three books must agree to the last fen: the bank's, the log, and the ledger.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from crashes import Crash, Tripwire, Watched
from money_banks import NONE, Bank, Terminal
from shops import TILL, SmallShop

from souvenir.kernel.clock import SettableClock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money, total
from souvenir.payments.batch import Batch
from souvenir.payments.collection import Collection
from souvenir.payments.hold import Hold
from souvenir.payments.payment import Payment, Tender
from souvenir.payments.provider import HoldStrength, Providers
from souvenir.payments.providers.cash import Cash
from souvenir.payments.providers.terminal import BankTerminal
from souvenir.payments.registers import oldest_refunds
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.sales.order import Order
from souvenir.shop import Shop
from souvenir.taxrefund.application import latest_guarantee
from souvenir.taxrefund.claim import Claim

ME = "guest:me"


@dataclass
class World:
    """One shop group, one bank, one clock, and chance."""

    small: SmallShop
    provider: Any
    bank: Bank
    clock: SettableClock
    chance: Random
    tripwire: Tripwire = field(default_factory=Tripwire)
    orders: list[UUID] = field(default_factory=list)
    claims: list[UUID] = field(default_factory=list)
    restarts: int = 0
    terminal: Terminal = field(default_factory=Terminal)

    def __post_init__(self) -> None:
        self.log, self.secrets = self.small.shop.log, self.small.shop.secrets
        self.log.commit = self.tripwire.around(self.log.commit)  # type: ignore[method-assign]
        self.shop = self._opened()

    # A round.

    def play(self, steps: int) -> None:
        """So many things happen; then everybody gets around to finishing what they began."""
        actions = [
            self.pay_online, self.pay_online, self.pay_twice, self.pay_in_browser, self.race_for_a_piece,
            self.take_back, self.refund, self.refund, self.leave, self.overstay, self.hear, self.sweep, self.wait,
            self.pay_at_reader, self.pay_at_reader, self.pay_in_parts, self.pay_in_parts, self.exchange, self.pay_at_terminal, self.deposit, self.ask_for_debt, self.owe,
        ]  # fmt: skip
        for _ in range(steps):
            self.bank.misbehave(self.chance)
            self.bank.customers_act(self.chance)
            self.tripwire.steps = self.chance.choice([-1, -1, self.chance.randrange(1, 40)])
            self.attempt(self.chance.choice(actions))
        self.settle()

    def attempt(self, action: Callable[[], object]) -> None:
        """Refusals are answers; after a crash the shop is opened anew, and sometimes the sweep comes at once."""
        try:
            action()
        except SouvenirError:
            pass
        except Crash:
            self.restarts += 1
            self.shop = self._opened()
            if self.chance.random() < 0.5:
                self.attempt(self.sweep)

    def settle(self) -> None:
        """The dust settles: no more faults, a day goes by, every notice comes, the sweeps run."""
        self.tripwire.steps = -1
        for passing in (timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)):
            if passing > timedelta(minutes=10) or self.chance.random() < 0.5:
                self.bank.behave()
            self.clock.move_to(self.clock() + passing)
            self.attempt(self.hear)
            self.sweep()
        self.close_terminal()
        for _ in range(2):
            self.bank.customers_act(Random(0))
            self.sweep()

    def _opened(self) -> Shop:
        providers = Providers(Cash(), BankTerminal(), Watched(self.provider, self.tripwire))
        shop = Shop(self.log, self.secrets, providers, issuer={"en": "Shop"}, resolver="https://id.example.org")
        return shop

    # What may happen.

    def order(self) -> UUID:
        shop = self.shop
        basket = shop.sell.open_basket(self.small.web, ME).result
        shop.sell.set_quantity(basket, ME, self.small.mug, self.chance.randint(1, 3))
        self.orders.append(shop.sell.place_order(basket, ME).result)
        return self.orders[-1]

    def pay(self, order: UUID) -> None:
        self.shop.sell.pay(order, Tender.CARD, self.bank.name, self.bank.source(self.chance))

    def pay_online(self) -> None:
        order = self.order()
        self.pay(order)

    def pay_twice(self) -> None:
        order = self.order()
        self.attempt(lambda: self.pay(order))
        self.pay(order)

    def pay_in_browser(self) -> None:
        order = self.order()
        begun = [self.shop.sell.begin_payment(order, Tender.CARD, self.bank.name).result for _ in range(2)]
        self.bank.customers_act(self.chance)
        self.shop.sell.settle(self.chance.choice(begun).payment_id)

    def on_counter(self) -> UUID:
        mugs = [Item(self.small.mug, self.chance.randint(1, 3))]
        self.orders.append(self.shop.pay_at_till.place(self.small.counter, TILL, mugs, self.today).result)
        return self.orders[-1]

    def pay_at_reader(self) -> None:
        """A card at a reader, checked or called off before or after the customer has presented one; perhaps a second."""
        order = self.on_counter()
        for _ in range(self.chance.randint(1, 2)):
            self.attempt(lambda: self.at_reader(order))

    def at_reader(self, order: UUID) -> None:
        payment = self.shop.pay_at_till.take(order, Tender.CARD, self.bank.name, self.bank.device()).result
        self.bank.customers_act(self.chance)
        then = self.chance.choice([self.shop.sell.settle, self.shop.sell.settle, self.shop.pay_at_till.call_off])
        then(payment)

    def pay_in_parts(self) -> None:
        """Card after card, and cash; some declined, some given back, and sometimes the customer walks away."""
        order = self.on_counter()
        for _ in range(self.chance.randint(2, 4)):
            self.attempt(lambda: self.pay_part(order))
        if self.chance.random() < 0.3:
            self.shop.pay_at_till.give_up(order, TILL)

    def pay_part(self, order: UUID) -> None:
        left = self.log.load(Order, order).remaining
        part = self.chance.choice([None, left.split((1, 2))[0], left.split((1, 2))[1]])
        till = self.shop.pay_at_till
        if self.chance.random() < 0.3:
            payment = till.take(order, Tender.CASH, "cash", "drawer", TILL, part).result
        else:
            payment = till.take(order, Tender.CARD, self.bank.name, self.bank.device(), TILL, part).result
            self.bank.customers_act(self.chance)
            self.attempt(lambda: self.chance.choice([self.shop.sell.settle, till.call_off])(payment))
        if self.chance.random() < 0.2:
            till.give_back(payment, TILL)

    def exchange(self) -> None:
        """Mugs for more mugs or fewer, perhaps of what was taken in exchange before."""
        order_id = self.chance.choice(self.orders or [self.on_counter()])
        back = {1: self.chance.randint(1, self.log.load(Order, order_id).lines[0].quantity)}
        out = [Item(self.small.mug, self.chance.randint(1, 3))]
        done = self.shop.exchange.exchange(order_id, back, out, TILL, Tender.CASH, on=self.today)
        self.orders.append(done.result[0])

    def pay_at_terminal(self) -> None:
        """The terminal says yes or no; the cashier keys it in, once or twice, wrongly, or not at all."""
        payment = self.shop.pay_at_till.take(self.on_counter(), Tender.CARD, "terminal", "T7").result
        if self.chance.random() < 0.7:
            slip = self.terminal.charge(payment, self.log.load(Payment, payment).amount)
            if self.chance.random() < 0.6:
                for _ in range(self.chance.randint(1, 2)):
                    self.attempt(lambda: self.shop.pay_at_till.key_in(payment, slip))
        if self.chance.random() < 0.3:
            self.shop.pay_at_till.key_in_refusal(payment, "no paper")

    def close_terminal(self) -> None:
        """At the end of the day: refunds are given and keyed in, totals compared, and doubts cleared by the journal."""
        till = self.shop.pay_at_till
        for _ in range(2):
            with self.log.reading() as session:
                open_ = oldest_refunds(session)
            for payment_id, refund_id in open_:
                payment = self.log.load(Payment, payment_id)
                if payment.provider == "terminal":
                    slip = self.terminal.give(refund_id, payment.refunds_asked[refund_id][0])
                    till.key_in_refund(payment_id, refund_id, slip)
            batch = till.close_batch("T7", str(self.terminal.batch), self.terminal.totals(), self.today).result
            if self.log.load(Batch, batch).agrees:
                break
        for payment_id in self.terminal.charged:
            self.attempt(lambda id=payment_id: till.key_in(id, self.terminal.slip(id)))
        for payment_id in self.log.load(Batch, batch).undecided:
            if payment_id not in self.terminal.charged:
                self.attempt(lambda id=payment_id: till.key_in_refusal(id, "not in the journal"))
        self.terminal.batch, self.terminal.charged, self.terminal.given = self.terminal.batch + 1, {}, {}

    def race_for_a_piece(self) -> None:
        """Somebody pays late for a number that somebody else has got by then."""
        placed = []
        for holder in (ME, "guest:you"):
            basket = self.shop.sell.open_basket(self.small.web, holder).result
            number = self.shop.sell.hold_piece(basket, holder, self.small.edition, *placed[1:2]).result
            placed = [self.shop.sell.place_order(basket, holder).result, number]
            self.orders.append(placed[0])
            self.clock.move_to(self.clock() + timedelta(hours=1))
        self.attempt(lambda: self.pay(self.orders[-1]))
        self.pay(self.orders[-2])

    def take_back(self) -> None:
        order_id = self.chance.choice(self.orders or [self.order()])
        order = self.log.load(Order, order_id)
        line = self.chance.choice(order.lines)
        asked = self.chance.choice(["card", None])
        self.shop.take_back.take_back(order_id, {line.line_no: self.chance.randint(1, line.quantity)}, asked)

    def refund(self) -> None:
        """A traveller at the counter, from the form to the cash, as far as it goes."""
        claim, today = self.claim(), self.today
        for _ in range(2):
            self.attempt(
                lambda: self.shop.refund_tax.guarantee(claim, self.bank.name, self.bank.source(self.chance), today)
            )
        if self.chance.random() < 0.8:
            self.shop.refund_tax.advance(claim, "cash", today)

    def claim(self) -> UUID:
        today = self.today
        sold = self.shop.sell.at_till(self.small.counter, TILL, [Item(self.small.mug, 10)], Tender.CASH, on=today)
        document = TravelDocument("passport", uuid4().hex[:9].upper(), "JANE DOE", today - timedelta(days=3))
        claim = self.shop.refund_tax.open_claim([sold.result], "instant_store", document, issued_on=today).result
        self.claims.append(claim)
        self.shop.refund_tax.agree(claim, today)
        return claim

    def deposit(self) -> None:
        """The same with a wallet, which its owner pays from in time, late, or never."""
        claim = self.claim()
        begin = self.shop.refund_tax.begin_deposit
        hold = begin(claim, self.bank.name, self.bank.wallet(self.chance), self.today).result.hold_id
        self.bank.customers_act(self.chance)
        if self.chance.random() < 0.7:
            self.shop.refund_tax.settle_hold(hold)
        if self.chance.random() < 0.8:
            self.shop.refund_tax.advance(claim, "cash", self.today)

    def owe(self) -> None:
        """A traveller stays too long, with a card that is in no funds by then."""
        claim = self.claim()
        self.shop.refund_tax.guarantee(claim, self.bank.name, self.bank.poor, self.today)
        self.shop.refund_tax.advance(claim, "cash", self.today)
        self.clock.move_to(self.clock() + timedelta(days=29))
        self.sweep()
        self.ask_for_debt()

    def ask_for_debt(self) -> None:
        """Somebody who owes is sent a link, and pays by it, or at the counter, or both at once."""
        for claim in self.chance.sample(self.claims, len(self.claims)):
            guarantee = latest_guarantee(self.log, claim)
            if guarantee is not None and guarantee.state == "recoverable":
                link = self.shop.collect_debts.link_for(claim, self.today).result
                offer = self.shop.collect_debts.begin(link).result
                if self.chance.random() < 0.3:
                    part = guarantee.recoverable.split((1, 2))[self.chance.randint(0, 1)]
                    self.attempt(lambda: self.shop.refund_tax.repay(claim, uuid4(), part, "cash", self.today))  # noqa: B023
                self.bank.holder_pays(self.log.load(Collection, offer.collection_id))
                return

    def leave(self) -> None:
        """Customs see all, some or none of the goods."""
        if not self.claims:
            self.refund()
        claim = self.chance.choice(self.claims)
        seen = self.chance.choice([10, 10, 4, 0])
        self.shop.refund_tax.confirm_customs(claim, "PEK", {1: seen}, self.today, reason="" if seen == 10 else "used")

    def overstay(self) -> None:
        self.clock.move_to(self.clock() + timedelta(days=self.chance.choice([1, 5, 29])))
        self.shop.followers.catch_up()
        self.shop.refund_tax.act_on_deadlines(self.today)

    def hear(self) -> None:
        """Notices arrive: late, in any order, one to three times."""
        for call in self.bank.tell(self.shop, self.chance, self.chance.randint(1, 3)):
            self.attempt(call)

    def sweep(self) -> None:
        self.shop.settle_payments.settle_open()
        self.shop.collect_debts.act_on_schedule(self.today)
        self.shop.followers.catch_up()
        self.shop.refund_tax.act_on_deadlines(self.today)

    def wait(self) -> None:
        self.clock.move_to(self.clock() + self.chance.choice([timedelta(minutes=6), timedelta(hours=2)]))

    @property
    def today(self) -> date:
        return self.clock().date()

    # What must be true.

    def check(self) -> None:
        """The bank's books, the log and the ledger agree; nothing is open that should not be."""
        payments = self._all("payments.PaymentRequested", Payment)
        holds = self._all("payments.HoldRequested", Hold)
        self._check_orders([payment for payment in payments if payment.provider == self.bank.name])
        self._check_holds(holds)
        taken = total((p.amount for p in payments if p.reference and p.provider == self.bank.name), "CNY")
        given = total((m for p in payments if p.provider == self.bank.name for m in p.refunds.values()), "CNY")
        captured = total((h.wanted for h in holds if h.state == "captured" and h.wanted is not None), "CNY")
        debts = self._all("payments.CollectionOpened", Collection)
        captured += total((debt.received for debt in debts), "CNY")
        deposits = [h for h in holds if h.strength is HoldStrength.DEPOSIT and h.state == "engaged"]
        deposited = total((h.amount for h in deposits), "CNY")
        in_log = taken - given + captured + deposited
        assert self.bank.balance() == in_log, "bank and log"
        self.shop.followers.catch_up()
        rows = {row.account: row.closing for row in self.shop.ledger.trial_balance().rows}
        booked = rows.get("Assets:Clearing:Card", NONE) + rows.get("Assets:Clearing:Wallet", NONE)
        assert booked == in_log + self.terminal.balance, "log, terminal and ledger"
        orders: list[Order] = self._all("sales.OrderPlaced", Order)
        rounded = total((one.rounding_left for one in orders), "CNY")
        assert rows.get("Expenses:CashRounding", NONE) == rounded, "rounding in log and ledger"
        parts = [one.part_paid for one in orders if one.paid_by is None]
        assert rows.get("Liabilities:PendingSales", NONE) == -total(parts, "CNY"), "parts in log and ledger"
        assert rows.get("Liabilities:Deposits:Guarantee", NONE) == -deposited, "deposits in log and ledger"
        secured = total((h.amount for h in holds if h.state == "engaged" and h not in deposits), "CNY")
        assert rows.get("Memo:Guarantee:Held", Money.zero("CNY")) == secured, "guarantees in log and ledger"
        with self.log.reading() as session:
            assert session.rows("SELECT id FROM open_payments") == []
            assert session.rows("SELECT refund_id FROM payment_refunds WHERE open = 1") == []
            assert session.rows("SELECT id FROM open_notices") == []

    def _check_orders(self, payments: list[Payment]) -> None:
        """What the bank kept of each payment is what it pays for still: its own order, or one taken in exchange."""
        owed: dict[UUID, Money] = {}
        for order in self._all("sales.OrderPlaced", Order):
            left = order.left_by_tender()
            assert not (left and order.cancelled), f"order {order.order_no} is cancelled, and {left} was kept"
            if order.paid_by is not None:
                came = total((one.amount for one in left), "CNY") + order.rounding_left
                assert came == order.not_back, f"order {order.order_no}: {came} is left for {order.not_back}"
            for one in left:
                owed[one.payment_id] = owed.get(one.payment_id, NONE) + one.amount
        for payment in payments:
            kept, due = self.bank.kept_of(payment), owed.get(payment.id, NONE)
            assert kept == due, f"payment {payment.id}: the bank kept {kept}, not {due}"

    def _check_holds(self, holds: list[Hold]) -> None:
        owing = {d.reference for d in self._all("payments.CollectionOpened", Collection) if d.state != "closed"}
        engaged = {hold.reference for hold in holds if hold.state == "engaged"} | owing
        assert {hold.state for hold in holds} <= {"engaged", "captured", "failed", "released", "declined"}
        unwanted = set(self.bank.reserved()) - engaged
        states = {hold.reference or str(hold.id): hold.state for hold in holds}
        assert not unwanted, f"the bank reserves what nobody wants: {unwanted} of {states}"
        for claim_id in self.claims:
            claim, guarantee = self.log.load(Claim, claim_id), latest_guarantee(self.log, claim_id)
            held = guarantee is not None and guarantee.state == "held"
            assert held == (claim.state == "advanced"), f"claim {claim.claim_no} is {claim.state}, guarantee {held}"

    def _all(self, topic: str, cls: Any) -> list[Any]:
        return [self.log.load(cls, recorded.event.originator_id) for recorded in self.log.events(topics=(topic,))]
