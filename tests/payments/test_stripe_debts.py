"""A debt at Stripe is one payment intent: tried again while the holder is away, or completed by them; paid once."""

from datetime import date, timedelta

import pytest
from shops import TILL, TODAY, open_small_shop
from stripe_server import Fault

from souvenir.kernel.money import Money
from souvenir.payments.payment import Tender
from souvenir.payments.provider import CollectingProvider, Outcome
from souvenir.payments.providers.sandbox import Sandbox
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.taxrefund.application import latest_guarantee

TEN, FOUR = Money.of("10.00", "CNY"), Money.of("4.00", "CNY")
APPROVED, DECLINED, UNKNOWN, PENDING = Outcome.APPROVED, Outcome.DECLINED, Outcome.UNKNOWN, Outcome.PENDING
KEY = "capture:h1"


@pytest.fixture
def owed(stripe, server, now):
    """A card saved in July that declines in August; answers its hold's reference."""

    def saved(card: str = "pm_card_chargeDeclinedLater") -> str:
        reference = stripe.hold("h1", TEN, card, date(2026, 8, 7)).reference
        now.move_to(now() + timedelta(days=29))
        return str(reference)

    return saved


def debt(server):
    (only,) = [i for i in server.books.all("payment_intent") if i["metadata"]["souvenir_role"] == "debt"]
    return only


def balance(server) -> int:
    return sum(moved["amount"] for moved in server.books.all("balance_transaction"))


def in_funds(server, now_good: bool = True) -> None:
    """The holder has money again: their card is another test card from now on."""
    for method in server.books.all("payment_method"):
        if method["test_card"] == "pm_card_chargeDeclinedLater":
            method["test_card"] = "pm_card_amex"


def saved(server) -> bool:
    return any(method["customer"] for method in server.books.all("payment_method"))


def test_both_providers_collect(stripe):
    assert isinstance(stripe, CollectingProvider)
    assert isinstance(Sandbox(), CollectingProvider)


def test_a_declined_capture_keeps_the_card_and_asking_again_is_the_same_attempt(stripe, server, owed):
    hold = owed()
    for _ in range(2):
        declined = stripe.capture(KEY, hold, TEN)
        assert (declined.outcome, declined.reason) == (DECLINED, "insufficient funds")
    assert saved(server)
    assert stripe.collected(KEY, hold).outcome is PENDING
    assert debt(server)["status"] == "requires_payment_method"


def test_a_later_attempt_charges_the_same_payment_intent(stripe, server, owed, now):
    hold = owed()
    stripe.capture(KEY, hold, TEN)
    now.move_to(now() + timedelta(days=1))
    assert stripe.collect(KEY, hold, TEN, 2).reason == "insufficient funds"
    in_funds(server)
    now.move_to(now() + timedelta(days=2))
    paid = stripe.collect(KEY, hold, TEN, 3)
    assert (paid.outcome, paid.amount) == (APPROVED, TEN)
    for attempt in (3, 4):
        assert stripe.collect(KEY, hold, TEN, attempt).outcome is APPROVED
    assert stripe.collected(KEY, hold).outcome is APPROVED
    assert (balance(server), debt(server)["status"]) == (1000, "succeeded")


@pytest.mark.parametrize(
    ("card", "reason"),
    [("pm_card_lostLater", "lost card"), ("pm_card_authenticationLater", "authentication required")],
)
def test_the_reason_says_whether_another_attempt_makes_sense(stripe, owed, card, reason):
    hold = owed(card)
    assert stripe.capture(KEY, hold, TEN).reason == reason
    assert stripe.collect(KEY, hold, TEN, 2).reason == reason


def test_the_holder_pays_what_is_left_of_it_with_the_same_payment_intent(stripe, server, owed):
    hold = owed("pm_card_authenticationLater")
    stripe.capture(KEY, hold, TEN)
    offered = stripe.offer(KEY, hold, FOUR)
    assert (offered.outcome, offered.reference, bool(offered.secret)) == (PENDING, debt(server)["id"], True)
    server.books.confirm_payment_intent(debt(server), {"payment_method": "pm_card_visa"})
    paid = stripe.collected(KEY, hold)
    assert (paid.outcome, paid.amount) == (APPROVED, FOUR)
    assert stripe.collect(KEY, hold, TEN, 2).amount == FOUR
    assert stripe.offer(KEY, hold, TEN).outcome is APPROVED
    assert balance(server) == 400


def test_an_offer_before_any_attempt_is_the_debt_as_well(stripe, server, owed):
    hold = owed()
    reference = stripe.offer(KEY, hold, TEN).reference
    in_funds(server)
    assert stripe.collect(KEY, hold, TEN, 2).reference == reference
    assert balance(server) == 1000


def test_a_debt_given_up_can_not_be_paid_and_its_card_is_forgotten(stripe, server, owed):
    hold = owed()
    stripe.capture(KEY, hold, TEN)
    for _ in range(2):
        assert stripe.forgive(KEY, hold).outcome is APPROVED
    assert (debt(server)["status"], saved(server)) == ("canceled", False)
    in_funds(server)
    assert stripe.collect(KEY, hold, TEN, 2).outcome is DECLINED
    assert balance(server) == 0


def test_a_debt_paid_before_it_is_given_up_is_said_to_be(stripe, server, owed):
    hold = owed()
    stripe.capture(KEY, hold, TEN)
    in_funds(server)
    stripe.collect(KEY, hold, TEN, 2)
    assert (stripe.forgive(KEY, hold).outcome, saved(server)) == (DECLINED, False)
    assert stripe.collected(KEY, hold).outcome is APPROVED


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.REQUEST_LOST, Fault.FAILS])
def test_an_attempt_whose_answer_was_lost_is_found_and_not_made_twice(stripe, server, owed, fault, now):
    hold = owed()
    stripe.capture(KEY, hold, TEN)
    in_funds(server)
    now.move_to(now() + timedelta(days=1))
    server.faults.extend([fault] * (1 if fault is Fault.FAILS else 3))
    assert stripe.collect(KEY, hold, TEN, 2).outcome is UNKNOWN
    now.move_to(now() + timedelta(days=2))
    assert stripe.collect(KEY, hold, TEN, 2).outcome is APPROVED
    assert (balance(server), len(server.books.all("charge"))) == (1000, 2)


def test_a_debt_is_not_paid_by_what_another_hold_owes(stripe, server, owed):
    first = owed()
    stripe.capture(KEY, first, TEN)
    second = stripe.hold("h2", TEN, "pm_card_amex", date(2026, 9, 30)).reference
    assert stripe.collected("capture:h2", second).outcome is Outcome.NEVER_RECEIVED


# Through a shop.


def test_a_shop_collects_from_a_card_that_is_in_funds_again_and_forgets_it(stripe, server, now):
    small = open_small_shop("sqlite://", more=(stripe,))
    shop, refund_tax = small.shop, small.shop.refund_tax
    sold = shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    jane = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
    claim = refund_tax.open_claim([sold], "instant_store", jane, issued_on=TODAY).result
    refund_tax.agree(claim, TODAY)
    refund_tax.guarantee(claim, "stripe", "pm_card_chargeDeclinedLater", TODAY)
    refund_tax.advance(claim, "cash", TODAY)
    now.move_to(now() + timedelta(days=29))
    shop.followers.catch_up()
    refund_tax.act_on_deadlines(date(2026, 8, 8))
    assert (saved(server), balance(server)) == (True, 0)
    shop.collect_debts.act_on_schedule(date(2026, 8, 9))
    in_funds(server)
    for day in (10, 11, 12, 15):
        shop.collect_debts.act_on_schedule(date(2026, 8, day))
    guarantee = latest_guarantee(shop.log, claim)
    assert guarantee is not None
    assert (guarantee.state, balance(server), saved(server)) == ("repaid", 10170, False)
    payout = server.books.pay_out("cny")
    shop.settle_payments.work_off(shop.settle_payments.receive("stripe", *server.webhooks()[-1]).result)
    (told,) = [r.event for r in shop.log.events(topics=("payments.PayoutReconciled",))]
    assert (told.reference, told.puzzles) == (payout["id"], ())
