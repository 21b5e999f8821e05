"""What Stripe pays out, and what cardholders dispute: every movement is explained, and the books end at the bank."""

from random import Random

import pytest
from shops import MORNING, TILL, TODAY, open_small_shop
from stripe_server import API_KEY, WEBHOOK_SECRET, stripe_standing_in

from souvenir.payments.dispute import Dispute, dispute_id
from souvenir.payments.payment import Payment, Tender
from souvenir.payments.payout import Payout, payout_id
from souvenir.payments.provider import ProviderSilent
from souvenir.payments.providers.stripe import Stripe
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.testing import clock_at

ME = "guest:me"


class SettledShop:
    """A shop paid through Stripe."""

    def __init__(self, server, stripe) -> None:
        self.server, self.books = server, server.books
        self.small = open_small_shop("sqlite://", more=(stripe,))
        self.shop = self.small.shop

    def sold(self, mugs: int, card: str = "pm_card_visa"):
        basket = self.shop.sell.open_basket(self.small.web, ME).result
        self.shop.sell.set_quantity(basket, ME, self.small.mug, mugs)
        order = self.shop.sell.place_order(basket, ME).result
        return order, self.shop.sell.pay(order, Tender.CARD, "stripe", card).result

    def forfeited(self) -> None:
        """An advance of 101.70 that customs refuse: the saved card is charged."""
        desk = self.shop.refund_tax
        items = [Item(self.small.mug, 10)]
        order = self.shop.sell.at_till(self.small.counter, TILL, items, Tender.CASH, on=TODAY).result
        document = TravelDocument("passport", "E12345678", "JANE DOE", TODAY)
        claim = desk.open_claim([order], "instant_store", document, issued_on=TODAY).result
        desk.agree(claim, TODAY)
        desk.guarantee(claim, "stripe", "pm_card_amex", TODAY)
        desk.advance(claim, "cash", TODAY)
        desk.confirm_customs(claim, "PEK", {1: 0}, TODAY, reason="used")

    def hear(self, copies: int = 1) -> None:
        for body, signature in self.server.webhooks(Random(3), copies):
            self.shop.settle_payments.work_off(self.shop.settle_payments.receive("stripe", body, signature).result)

    def balances(self) -> dict[str, str]:
        self.shop.followers.catch_up()
        rows = self.shop.ledger.trial_balance().rows
        wanted = ("Assets:Clearing:Card", "Assets:Bank", "Assets:Receivable:Disputes", "Expenses:PaymentFees")
        return {row.account: row.closing.amount for row in rows if row.account in wanted and row.closing}

    def payout(self) -> Payout:
        (paid,) = self.books.all("payout")
        return self.shop.log.load(Payout, payout_id("stripe", paid["id"]))


@pytest.fixture
def settled(monkeypatch):
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0.01)
    with clock_at(MORNING), stripe_standing_in() as server:
        stripe = Stripe(API_KEY, [WEBHOOK_SECRET], address=server.url)
        shop = SettledShop(server, stripe)
        yield shop
        shop.shop.close()
        stripe.close()


def test_a_payout_is_explained_movement_by_movement_and_ends_at_the_bank(settled):
    """Taken 113.00 + 226.00 + 101.70, given back 113.00; Stripe keeps 3.58 + 6.85 + 3.25."""
    settled.sold(1)
    order, _ = settled.sold(2)
    settled.shop.take_back.take_back(order, {1: 1}, "card")
    settled.forfeited()
    assert settled.balances() == {"Assets:Clearing:Card": "327.70"}
    settled.books.pay_out("cny")
    settled.hear(copies=2)
    payout = settled.payout()
    assert (str(payout.amount), str(payout.gross), str(payout.fee)) == ("314.02 CNY", "327.70 CNY", "13.68 CNY")
    assert (payout.movements, payout.puzzles) == (4, ())
    assert settled.balances() == {"Assets:Bank": "314.02", "Expenses:PaymentFees": "13.68"}


def test_a_refund_that_came_back_is_explained_too(settled):
    order, _ = settled.sold(1)
    settled.shop.take_back.take_back(order, {1: 1}, "card")
    settled.books.fail_refund(settled.books.all("refund")[0])
    settled.books.pay_out("cny")
    settled.hear()
    assert settled.payout().puzzles == ()


def test_a_refund_that_came_back_unheard_is_found_in_the_payout_and_owed_again(settled):
    order, _ = settled.sold(1)
    settled.shop.take_back.take_back(order, {1: 1}, "card")
    settled.books.fail_refund(settled.books.all("refund")[0])
    settled.server.webhooks()
    settled.books.pay_out("cny")
    settled.hear()
    (owed,) = settled.shop.pay_back.owed()
    assert (str(owed.amount), owed.reason, owed.order_id) == ("113.00 CNY", "lost_or_stolen_card", order)


def test_money_that_went_back_because_nobody_wanted_it_is_explained(settled):
    """Two browsers paid one order: the second payment goes back, and both movements are known."""
    basket = settled.shop.sell.open_basket(settled.small.web, ME).result
    settled.shop.sell.set_quantity(basket, ME, settled.small.mug, 1)
    order = settled.shop.sell.place_order(basket, ME).result
    for begun in [settled.shop.sell.begin_payment(order, Tender.CARD, "stripe").result for _ in range(2)]:
        intent = settled.books.get("payment_intent", begun.reference)
        settled.books.confirm_payment_intent(intent, {"payment_method": "pm_card_visa"})
    settled.hear()
    settled.books.pay_out("cny")
    settled.hear()
    assert (settled.payout().movements, settled.payout().puzzles) == (3, ())
    assert settled.balances() == {"Assets:Bank": "105.84", "Expenses:PaymentFees": "7.16"}


def test_a_dispute_is_booked_with_its_fee_and_comes_back_if_won(settled):
    _, payment = settled.sold(1, "pm_card_createDispute")
    settled.hear(copies=2)
    assert settled.balances() == {
        "Assets:Clearing:Card": "-15.00",
        "Assets:Receivable:Disputes": "113.00",
        "Expenses:PaymentFees": "15.00",
    }
    (told,) = settled.books.all("dispute")
    dispute = settled.shop.log.load(Dispute, dispute_id("stripe", told["id"]))
    assert (dispute.about, dispute.reason, dispute.state) == (payment, "fraudulent", "open")
    settled.books.close_dispute(told, won=True)
    settled.hear(copies=2)
    assert settled.balances() == {"Assets:Clearing:Card": "98.00", "Expenses:PaymentFees": "15.00"}
    settled.books.pay_out("cny")
    settled.hear()
    assert settled.payout().puzzles == ()
    assert settled.balances() == {"Assets:Bank": "94.42", "Expenses:PaymentFees": "18.58"}


def test_a_lost_dispute_stays_receivable_until_the_finance_desk_writes_it_off(settled):
    settled.sold(1, "pm_card_createDispute")
    settled.books.close_dispute(settled.books.all("dispute")[0], won=False)
    settled.hear()
    (told,) = settled.books.all("dispute")
    assert settled.shop.log.load(Dispute, dispute_id("stripe", told["id"])).state == "lost"
    assert settled.balances()["Assets:Receivable:Disputes"] == "113.00"


def test_a_question_of_the_cardholders_bank_that_takes_no_money_is_not_booked(settled):
    """An inquiry (Stripe documentation, "Disputes"): the network took nothing yet, and may never do."""
    settled.sold(1)
    (charge,) = settled.books.all("charge")
    asked = settled.books.inquire(charge)
    settled.hear(copies=2)
    assert settled.balances() == {"Assets:Clearing:Card": "113.00"}
    settled.books.escalate(asked)
    settled.hear()
    assert settled.balances() == {
        "Assets:Clearing:Card": "-15.00",
        "Assets:Receivable:Disputes": "113.00",
        "Expenses:PaymentFees": "15.00",
    }


def test_a_dispute_nobody_told_of_is_found_in_the_payout_it_was_taken_from(settled):
    settled.sold(1)
    settled.sold(2, "pm_card_createDispute")
    settled.server.webhooks()
    settled.books.pay_out("cny")
    settled.hear()
    assert settled.payout().puzzles == ()
    assert settled.balances() == {
        "Assets:Bank": "87.57",
        "Assets:Receivable:Disputes": "226.00",
        "Expenses:PaymentFees": "25.43",
    }


def test_a_payout_waits_for_a_stripe_that_answers(settled):
    settled.sold(1)
    settled.hear()
    settled.books.pay_out("cny")
    ((body, signature),) = settled.server.webhooks()
    notice = settled.shop.settle_payments.receive("stripe", body, signature).result
    settled.server.silent = True
    with pytest.raises(ProviderSilent):
        settled.shop.settle_payments.work_off(notice)
    settled.server.silent = False
    settled.shop.settle_payments.settle_open()
    assert settled.payout().puzzles == ()


def test_what_moved_without_the_shops_knowledge_is_a_puzzle(settled):
    _, payment = settled.sold(1)
    reference = settled.shop.log.load(Payment, payment).reference
    settled.books.create_refund({"payment_intent": reference, "amount": "5000"})
    settled.books.pay_out("cny")
    settled.hear()
    (puzzle,) = settled.payout().puzzles
    assert puzzle.endswith(": -50.00 CNY that this shop did not ask for")
    assert settled.balances()["Assets:Clearing:Card"] == "50.00"
