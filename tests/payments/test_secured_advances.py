"""Between a card's hold and the advance it secures anything may happen; no card stays reserved for nothing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from crashes import Crash, Tripwire, Watched
from shops import MORNING, TILL, TODAY, open_small_shop

from souvenir.kernel.money import Money
from souvenir.payments.payment import Payment, Tender
from souvenir.payments.provider import Providers, ProviderSilent
from souvenir.payments.providers.cash import Cash
from souvenir.payments.providers.sandbox import Fault
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import GuaranteeDeclined, TravelDocument
from souvenir.sales.order import Order
from souvenir.shop import Shop
from souvenir.taxrefund.application import Opening, Refunds, latest_guarantee
from souvenir.taxrefund.assessment import Purchase, PurchaseLine, Store, Traveller
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.refusals import GuaranteeTooSmall
from souvenir.testing import clock_at

MINUTES, DAYS = timedelta(minutes=1), timedelta(days=1)
NOTHING: list[str] = []


class Desk:
    """A refund desk that can crash, and the bank behind it."""

    def __init__(self, now) -> None:
        self.now, self.tripwire = now, Tripwire()
        self.small = open_small_shop("sqlite://")
        self.bank = self.small.sandbox
        self.log = self.small.shop.log
        self.log.commit = self.tripwire.around(self.log.commit)
        self.reopen()

    def reopen(self) -> None:
        providers = Providers(Cash(), Watched(self.bank, self.tripwire))
        self.shop = Shop(self.log, self.small.shop.secrets, providers, issuer={"en": "Shop"}, resolver="")

    def agreed(self):
        items = [Item(self.small.mug, 10)]
        order = self.shop.sell.at_till(self.small.counter, TILL, items, Tender.CASH, on=TODAY).result
        document = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
        claim = self.shop.refund_tax.open_claim([order], "instant_store", document, issued_on=TODAY).result
        self.shop.refund_tax.agree(claim, TODAY)
        return claim

    def guarantee(self, claim, source: str = "approve") -> None:
        self.shop.refund_tax.guarantee(claim, "sandbox", source, TODAY)

    def advance(self, claim) -> None:
        self.shop.refund_tax.advance(claim, "cash", TODAY)

    def advanced(self):
        claim = self.agreed()
        self.guarantee(claim)
        self.advance(claim)
        return claim

    def later(self, passing: timedelta) -> None:
        self.now.move_to(self.now() + passing)
        self.shop.settle_payments.settle_open()

    def state(self, claim) -> str | None:
        found = latest_guarantee(self.log, claim)
        return found and found.state

    def reserved(self) -> list[str]:
        return [str(m.amount) for m in self.bank.movements.values() if m.kind == "hold" and m.open]

    def captured(self) -> list[str]:
        return [str(m.amount) for m in self.bank.movements.values() if m.kind == "capture"]


@pytest.fixture
def desk():
    with clock_at(MORNING) as now:
        yield Desk(now)


STEPS_OF_A_GUARANTEE = 6
"""Before and after: the request is recorded, the bank is asked, the answer is recorded."""


@pytest.mark.parametrize("step", range(1, STEPS_OF_A_GUARANTEE + 1))
def test_a_crash_between_hold_and_advance_ends_in_release(desk, step):
    claim = desk.agreed()
    desk.tripwire.steps = step
    with pytest.raises(Crash):
        desk.guarantee(claim)
    desk.reopen()
    desk.later(31 * MINUTES)
    assert desk.reserved() == NOTHING
    assert desk.state(claim) in (None, "released")
    desk.guarantee(claim, "tok_again")
    desk.advance(claim)
    assert desk.reserved() == ["101.70 CNY"]


def test_a_guarantee_nobody_advances_on_is_let_go_after_half_an_hour(desk):
    claim = desk.agreed()
    desk.guarantee(claim)
    desk.later(29 * MINUTES)
    assert (desk.state(claim), desk.reserved()) == ("held", ["101.70 CNY"])
    desk.later(1 * MINUTES)
    assert (desk.state(claim), desk.reserved()) == ("released", NOTHING)
    with pytest.raises(GuaranteeTooSmall):
        desk.advance(claim)


def test_no_advance_is_paid_on_a_hold_that_is_being_let_go(desk):
    claim = desk.agreed()
    desk.guarantee(claim)
    desk.bank.faults.extend([Fault.REQUEST_LOST] * 4)
    desk.later(30 * MINUTES)
    assert (desk.state(claim), desk.reserved()) == ("held", ["101.70 CNY"])
    with pytest.raises(GuaranteeTooSmall) as refusal:
        desk.advance(claim)
    assert str(refusal.value.guaranteed) == "0.00 CNY"
    assert desk.log.load(Claim, claim).advanced is None
    desk.later(1 * MINUTES)
    assert (desk.state(claim), desk.reserved()) == ("released", NOTHING)


@pytest.mark.parametrize("amount", ["101.69 CNY", "101 JPY"])
def test_a_hold_of_another_amount_than_was_asked_guarantees_nothing_and_is_let_go(desk, amount, monkeypatch):
    claim, hold = desk.agreed(), desk.bank.hold
    other = Money.parse(amount)
    monkeypatch.setattr(desk.bank, "hold", lambda *asked: replace(hold(*asked), amount=other))
    with pytest.raises(GuaranteeDeclined):
        desk.guarantee(claim)
    assert (desk.state(claim), desk.reserved()) == (None, NOTHING)


def test_an_advance_keeps_its_hold_until_something_is_decided(desk):
    claim = desk.advanced()
    desk.later(20 * DAYS)
    assert (desk.state(claim), desk.reserved()) == ("held", ["101.70 CNY"])


def test_a_hold_that_dies_leaves_the_guarantee_lapsed_and_moves_no_money(desk):
    claim = desk.advanced()
    desk.later(30 * DAYS)
    assert (desk.state(claim), desk.captured()) == ("lapsed", NOTHING)


def test_what_is_owed_after_a_hold_died_is_collected_from_its_holder_and_given_up_in_the_end(desk):
    claim = desk.advanced()
    desk.later(30 * DAYS)
    desk.shop.refund_tax.miss_promise(claim, date(2026, 8, 8))
    assert desk.state(claim) == "recoverable"
    link = desk.shop.collect_debts.link_for(claim).result
    offer = desk.shop.collect_debts.begin(link).result
    assert str(offer.amount) == "101.70 CNY"
    desk.shop.collect_debts.act_on_schedule(date(2026, 8, 9))
    assert (desk.state(claim), desk.captured()) == ("recoverable", NOTHING)
    desk.shop.collect_debts.act_on_schedule(date(2026, 12, 31))
    assert desk.state(claim) == "written_off"


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST])
@pytest.mark.parametrize(("seen", "state", "captured"), [(10, "released", NOTHING), (4, "captured", ["61.02 CNY"])])
def test_an_unanswered_end_is_asked_for_until_it_is_answered(desk, fault, seen, state, captured):
    claim = desk.advanced()
    desk.bank.faults.extend([fault] * 4)
    desk.shop.refund_tax.confirm_customs(claim, "PEK", {1: seen}, TODAY, reason="used")
    assert desk.state(claim) == "held"
    desk.later(1 * MINUTES)
    assert (desk.state(claim), desk.reserved(), desk.captured()) == (state, NOTHING, captured)


def test_a_card_that_waits_for_its_holder_is_no_guarantee_and_is_called_off(desk):
    claim = desk.agreed()
    with pytest.raises(GuaranteeDeclined):
        desk.guarantee(claim, "pending")
    desk.later(5 * MINUTES)
    desk.bank.bank_answers(desk.bank.notices[-1].key)
    assert (desk.state(claim), desk.reserved()) == (None, NOTHING)


def test_a_hold_that_arrives_after_it_was_given_up_is_let_go(desk):
    claim = desk.agreed()
    desk.bank.faults.extend([Fault.REQUEST_LATE, Fault.NONE, Fault.REQUEST_LOST, Fault.REQUEST_LOST])
    with pytest.raises(GuaranteeDeclined):
        desk.guarantee(claim)
    desk.later(5 * MINUTES)
    desk.bank.late_arrive()
    assert desk.reserved() == ["101.70 CNY"]
    for notice in desk.bank.notices:
        desk.shop.settle_payments.keep("sandbox", notice)
    desk.later(1 * MINUTES)
    assert (desk.state(claim), desk.reserved()) == (None, NOTHING)


def test_two_cards_at_once_end_as_one_guarantee(desk):
    claim = desk.agreed()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda card: desk.guarantee(claim, card), ["tok_1", "tok_2", "tok_3", "tok_4"]))
    desk.advance(claim)
    desk.later(31 * MINUTES)
    assert (desk.state(claim), desk.reserved()) == ("held", ["101.70 CNY"])


def test_everybody_who_asks_about_a_payment_at_once_is_told_the_same(desk):
    """The customer comes back, the notice arrives in three copies, the sweep runs: one payment, one paid order."""
    basket = desk.shop.sell.open_basket(desk.small.web, "me").result
    desk.shop.sell.set_quantity(basket, "me", desk.small.mug, 1)
    order = desk.shop.sell.place_order(basket, "me").result
    begun = desk.shop.sell.begin_payment(order, Tender.CARD, "sandbox").result
    desk.bank.bank_answers(str(begun.payment_id))
    kept = [desk.shop.settle_payments.keep("sandbox", notice).result for notice in desk.bank.notices]
    calls = [lambda: desk.shop.sell.settle(begun.payment_id), desk.shop.settle_payments.settle_open]
    calls += [lambda id=id: desk.shop.settle_payments.work_off(id) for id in kept * 3]
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(call) for call in calls * 2]:
            done.result()
    told = [r.event.TOPIC for r in desk.log.events(topics=("payments.PaymentApproved", "sales.OrderPaid"))]
    assert sorted(told) == ["payments.PaymentApproved", "sales.OrderPaid"]


def test_a_notice_about_a_payment_given_up_is_kept_open_until_the_bank_can_be_asked(desk):
    """The request arrived late, the customer was charged, and the bank was silent just when its notice came."""
    basket = desk.shop.sell.open_basket(desk.small.web, "me").result
    desk.shop.sell.set_quantity(basket, "me", desk.small.mug, 1)
    order = desk.shop.sell.place_order(basket, "me").result
    desk.bank.faults.extend([Fault.REQUEST_LATE, Fault.NONE, Fault.REQUEST_LOST, Fault.REQUEST_LOST])
    payment = desk.shop.sell.pay(order, Tender.CARD, "sandbox", "approve").result
    desk.later(5 * MINUTES)
    assert desk.log.load(Payment, payment).declined == "the provider never received it"
    desk.bank.late_arrive()
    (notice,) = desk.bank.notices
    kept = desk.shop.settle_payments.keep("sandbox", notice).result
    desk.bank.faults.append(Fault.REQUEST_LOST)
    with pytest.raises(ProviderSilent):
        desk.shop.settle_payments.work_off(kept)
    desk.later(1 * MINUTES)
    assert desk.log.load(Payment, payment).reference == f"sandbox:{payment}"
    assert desk.log.load(Order, order).paid_by == payment


def test_the_card_is_asked_for_the_deposit_where_that_is_more_than_the_refund(desk):
    day = date(2026, 7, 20)
    taipei = Purchase(
        store=Store("TW", "TW"),
        mode="downtown",
        traveller=Traveller("passport", day),
        lines=(PurchaseLine(1, Money(21_000, "TWD"), Decimal("0.05")),),
        purchased_on=day,
    )
    form = {"claim_no": "TW1", "outlet_id": desk.small.counter, "traveller": desk.small.mug}
    claim = Refunds(desk.log).open(Opening(purchase=taipei, **form)).result
    desk.shop.refund_tax.agree(claim, day, "shop")
    desk.guarantee(claim)
    desk.advance(claim)
    assert desk.reserved() == ["1470 TWD"]
    desk.shop.refund_tax.miss_promise(claim, date(2026, 8, 22))
    assert (desk.captured(), desk.reserved()) == (["860 TWD"], NOTHING)
