"""Deposits from Alipay and WeChat Pay through Stripe: taken on a phone, kept in part, given back, each once."""

from datetime import date, timedelta

import pytest
from shops import TILL, TODAY, open_small_shop
from stripe_server import API_KEY, Fault

from souvenir.kernel.money import Money
from souvenir.payments.payment import Tender
from souvenir.payments.provider import HoldStrength, Outcome
from souvenir.payments.providers.stripe import Stripe
from souvenir.processes.refund_tax import TravelDocument
from souvenir.processes.sell import Item

TEN, FOUR = Money.of("10.00", "CNY"), Money.of("4.00", "CNY")
APPROVED, DECLINED, PENDING = Outcome.APPROVED, Outcome.DECLINED, Outcome.PENDING


@pytest.fixture(params=["alipay", "wechat_pay"])
def wallet(request):
    return request.param


def balance(server) -> int:
    return sum(moved["amount"] for moved in server.books.all("balance_transaction"))


def intent(server):
    (only,) = server.books.all("payment_intent")
    return only


def deposited(stripe, server, wallet) -> str:
    stripe.hold("h1", TEN, wallet)
    server.books.wallet_answers(intent(server))
    return str(stripe.query("h1").reference)


def test_a_deposit_waits_for_the_phone_and_shows_what_to_open_there(stripe, server, wallet):
    asked = stripe.hold("h1", TEN, wallet)
    assert (asked.outcome, bool(asked.secret)) == (PENDING, True)
    assert asked.link == {"alipay": "https://pay.test/a", "wechat_pay": "weixin://pay"}[wallet]
    assert stripe.query("h1").outcome is PENDING
    server.books.wallet_answers(intent(server))
    paid = stripe.query("h1")
    assert (paid.outcome, paid.strength, paid.amount) == (APPROVED, HoldStrength.DEPOSIT, TEN)
    assert stripe.hold("h1", TEN, wallet).reference == paid.reference
    assert balance(server) == 1000


def test_who_turns_away_has_deposited_nothing(stripe, server, wallet):
    stripe.hold("h1", TEN, wallet)
    server.books.wallet_answers(intent(server), pays=False)
    assert stripe.query("h1").outcome is DECLINED
    assert stripe.reverse("h1").outcome is APPROVED
    assert intent(server)["status"] == "canceled"


def test_a_part_is_kept_and_the_rest_is_back_before_it_is_called_done(stripe, server, wallet):
    hold = deposited(stripe, server, wallet)
    assert stripe.capture("capture:h1", hold, FOUR).outcome is PENDING
    server.books.finish_refunds()
    for _ in range(2):
        kept = stripe.capture("capture:h1", hold, FOUR)
        assert (kept.outcome, kept.amount) == (APPROVED, FOUR)
    assert (balance(server), len(server.books.all("refund"))) == (400, 1)


def test_the_whole_is_kept_at_once(stripe, server, wallet):
    hold = deposited(stripe, server, wallet)
    assert stripe.capture("capture:h1", hold, TEN).outcome is APPROVED
    assert stripe.capture("capture:h1", hold, Money.of("10.01", "CNY")).outcome is DECLINED
    assert balance(server) == 1000


def test_a_released_deposit_is_back_once_even_after_stripe_forgot_the_key(stripe, server, wallet, now):
    hold = deposited(stripe, server, wallet)
    assert stripe.release("release:h1", hold).outcome is PENDING
    now.move_to(now() + timedelta(days=2))
    server.books.finish_refunds()
    assert stripe.release("release:h1", hold).outcome is APPROVED
    assert (balance(server), len(server.books.all("refund"))) == (0, 1)


def test_a_deposit_that_bounces_is_sent_back_again_a_bounded_number_of_times(stripe, server, wallet):
    hold = deposited(stripe, server, wallet)
    for _ in range(8):
        stripe.release("release:h1", hold)
        for refund in server.books.all("refund"):
            if refund["status"] == "pending":
                server.books.fail_refund(refund)
    assert stripe.release("release:h1", hold).outcome is DECLINED
    assert len(server.books.all("refund")) == 5


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.FAILS])
def test_an_answer_lost_on_the_way_back_gives_it_back_once(stripe, server, wallet, fault):
    hold = deposited(stripe, server, wallet)
    server.faults.extend([fault] * (1 if fault is Fault.FAILS else 3))
    stripe.release("release:h1", hold)
    stripe.release("release:h1", hold)
    server.books.finish_refunds()
    assert stripe.release("release:h1", hold).outcome is APPROVED
    assert balance(server) == 0


def test_a_deposit_that_is_called_off_goes_back_completely(stripe, server, wallet):
    deposited(stripe, server, wallet)
    for _ in range(2):
        assert stripe.reverse("h1").outcome is APPROVED
    assert (balance(server), stripe.query("h1").outcome) == (0, DECLINED)


def test_a_wallet_needs_an_address_to_return_to(server, wallet):
    lacking = Stripe(API_KEY, address=server.url)
    refused = lacking.hold("h1", TEN, wallet)
    assert (refused.outcome, "SOUVENIR_STRIPE_RETURN_URL" in refused.reason) == (DECLINED, True)
    assert server.books.all("payment_intent") == []
    lacking.close()


# Through a shop.


def test_a_payout_explains_a_deposit_and_what_went_back_of_it_and_clears_the_wallets_account(stripe, server, now):
    small = open_small_shop("sqlite://", more=(stripe,))
    shop, refund_tax = small.shop, small.shop.refund_tax
    sold = shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    jane = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
    claim = refund_tax.open_claim([sold], "instant_store", jane, issued_on=TODAY).result
    refund_tax.agree(claim, TODAY)
    hold = refund_tax.begin_deposit(claim, "stripe", "alipay", TODAY).result.hold_id
    server.books.wallet_answers(intent(server))
    refund_tax.settle_hold(hold)
    refund_tax.advance(claim, "cash", TODAY)
    refund_tax.confirm_customs(claim, "PEK", {1: 4}, date(2026, 7, 20), "used")
    server.books.finish_refunds()
    shop.settle_payments.settle_open()
    server.books.pay_out("cny")
    shop.settle_payments.work_off(shop.settle_payments.receive("stripe", *server.webhooks()[-1]).result)
    (told,) = [r.event for r in shop.log.events(topics=("payments.PayoutReconciled",))]
    assert (told.puzzles, str(told.wallet), str(told.gross)) == ((), "61.02 CNY", "61.02 CNY")
    shop.followers.catch_up()
    rows = {row.account: row.closing.amount for row in shop.ledger.trial_balance().rows}
    assert rows["Assets:Clearing:Wallet"] == rows["Liabilities:Deposits:Guarantee"] == "0.00"
