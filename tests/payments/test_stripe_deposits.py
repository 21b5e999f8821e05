"""Deposits from Alipay and WeChat Pay through Stripe: taken on a phone, kept in part, given back, each once."""

from datetime import date, timedelta

import pytest
from shops import TILL, TODAY, open_small_shop
from stripe_server import API_KEY, Fault

from souvenir.kernel.money import Money
from souvenir.ledger.postings import UnknownTender
from souvenir.payments.payment import Tender
from souvenir.payments.provider import HoldStrength, Outcome
from souvenir.payments.providers.stripe import Stripe
from souvenir.processes.make_order import Item
from souvenir.processes.pay_back import NothingToReturn
from souvenir.processes.refund_tax import TravelDocument
from souvenir.taxrefund.application import latest_guarantee
from souvenir.taxrefund.claim import Claim

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


def bounce(server) -> None:
    for refund in server.books.all("refund"):
        if refund["status"] == "pending":
            server.books.fail_refund(refund)


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
        bounce(server)
    given_up = stripe.release("release:h1", hold)
    assert (given_up.outcome, given_up.bounced, given_up.reason) == (APPROVED, TEN, "lost_or_stolen_card")
    assert len(server.books.all("refund")) == 5


def test_the_part_that_is_kept_is_kept_even_where_the_rest_bounces(stripe, server, wallet):
    hold = deposited(stripe, server, wallet)
    for _ in range(6):
        kept = stripe.capture("capture:h1", hold, FOUR)
        bounce(server)
    assert (kept.outcome, kept.amount, kept.bounced) == (APPROVED, FOUR, Money.of("6.00", "CNY"))


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


@pytest.fixture
def small(stripe):
    return open_small_shop("sqlite://", more=(stripe,))


@pytest.fixture
def shop(small):
    return small.shop


@pytest.fixture
def claim(small, server):
    """Of a traveller who has deposited 101.70 by Alipay, and was advanced as much."""
    shop, refund_tax = small.shop, small.shop.refund_tax
    sold = shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    jane = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
    claim = refund_tax.open_claim([sold], "instant_store", jane, issued_on=TODAY).result
    refund_tax.agree(claim, TODAY)
    hold = refund_tax.begin_deposit(claim, "stripe", "alipay", TODAY).result.hold_id
    server.books.wallet_answers(intent(server))
    refund_tax.settle_hold(hold)
    refund_tax.advance(claim, "cash", TODAY)
    return claim


def owes(shop) -> dict[str, str]:
    shop.followers.catch_up()
    accounts = ("Assets:Clearing:Wallet", "Assets:Bank", "Liabilities:Deposits:Guarantee")
    rows = {row.account: row.closing.amount for row in shop.ledger.trial_balance().rows}
    return {account: rows.get(account, "0.00") for account in accounts}


def test_a_deposit_that_bounces_for_good_is_listed_and_paid_another_way_once(shop, claim, server):
    shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, date(2026, 7, 20))
    for _ in range(5):
        assert shop.pay_back.owed() == []
        bounce(server)
        shop.settle_payments.settle_open()
    (owed,) = shop.pay_back.owed()
    assert (str(owed.amount), owed.reason, owed.claim_id) == ("101.70 CNY", "lost_or_stolen_card", claim)
    assert latest_guarantee(shop.log, claim).state == "released"
    assert owes(shop)["Liabilities:Deposits:Guarantee"] == "-101.70"
    shop.pay_back.record(owed.id, "bank_transfer", "SWIFT-1", date(2026, 8, 1))
    assert shop.pay_back.owed() == []
    with pytest.raises(NothingToReturn):
        shop.pay_back.record(owed.id, "bank_transfer", "SWIFT-1")
    assert owes(shop) == {
        "Assets:Clearing:Wallet": "101.70",  # Stripe has it still, and pays it out
        "Assets:Bank": "-101.70",
        "Liabilities:Deposits:Guarantee": "0.00",
    }


def test_a_rest_that_bounces_leaves_no_debt_of_the_traveller_behind(shop, claim, server):
    shop.refund_tax.confirm_customs(claim, "PEK", {1: 4}, date(2026, 7, 20), "used")
    for _ in range(5):
        bounce(server)
        shop.settle_payments.settle_open()
    guarantee = latest_guarantee(shop.log, claim)
    assert (guarantee.state, str(guarantee.captured)) == ("captured", "61.02 CNY")
    assert not shop.log.load(Claim, claim).outstanding
    (owed,) = shop.pay_back.owed()
    assert str(owed.amount) == "40.68 CNY"
    assert owes(shop)["Liabilities:Deposits:Guarantee"] == "-40.68"
    shop.pay_back.record(owed.id, "cash", "PV-7")
    assert owes(shop)["Liabilities:Deposits:Guarantee"] == "0.00"


def test_a_deposit_that_comes_back_after_it_was_given_back_is_sent_again_and_listed_at_last(shop, claim, server):
    shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, date(2026, 7, 20))
    server.books.finish_refunds()
    shop.settle_payments.settle_open()
    assert owes(shop)["Liabilities:Deposits:Guarantee"] == "0.00"
    server.books.fail_refund(server.books.all("refund")[0])
    for _ in range(5):
        shop.settle_payments.work_off(shop.settle_payments.receive("stripe", *server.webhooks()[-1]).result)
        bounce(server)
    assert len(server.books.all("refund")) == 5
    (owed,) = shop.pay_back.owed()
    assert str(owed.amount) == "101.70 CNY"
    assert owes(shop)["Liabilities:Deposits:Guarantee"] == "-101.70"


def test_it_is_not_said_to_be_paid_by_what_the_books_do_not_know(shop, claim):
    with pytest.raises(UnknownTender):
        shop.pay_back.record(claim, "shells", "1")


@pytest.mark.parametrize("bounces", [0, 2])
def test_a_payout_explains_a_deposit_and_what_went_back_of_it_and_clears_the_wallets_account(
    shop, claim, server, now, bounces
):
    shop.refund_tax.confirm_customs(claim, "PEK", {1: 4}, date(2026, 7, 20), "used")
    for _ in range(bounces):
        bounce(server)
        shop.settle_payments.settle_open()
    server.books.finish_refunds()
    shop.settle_payments.settle_open()
    server.books.pay_out("cny")
    shop.settle_payments.work_off(shop.settle_payments.receive("stripe", *server.webhooks()[-1]).result)
    (told,) = [r.event for r in shop.log.events(topics=("payments.PayoutReconciled",))]
    assert (told.puzzles, str(told.wallet), str(told.gross)) == ((), "61.02 CNY", "61.02 CNY")
    shop.followers.catch_up()
    rows = {row.account: row.closing.amount for row in shop.ledger.trial_balance().rows}
    assert rows["Assets:Clearing:Wallet"] == rows["Liabilities:Deposits:Guarantee"] == "0.00"
