"""The real Stripe client against a stand-in of the documented semantics: nothing is lost or doubled, whatever fails."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from stripe_server import API_KEY, Fault

from souvenir.kernel.money import Money
from souvenir.payments.provider import HoldStrength, NotifyingProvider, Outcome, PaymentProvider, UnknownProvider, ask
from souvenir.payments.providers import set_up
from souvenir.payments.providers.stripe import Stripe, StripeNotSetUp
from souvenir.payments.providers.stripe import account as provider

NOON = datetime(2026, 7, 10, 12, tzinfo=UTC)
TEN, FOUR = Money.of("10.00", "CNY"), Money.of("4.00", "CNY")
APPROVED, DECLINED, UNKNOWN, PENDING = Outcome.APPROVED, Outcome.DECLINED, Outcome.UNKNOWN, Outcome.PENDING
IN_FOUR_WEEKS = date(2026, 8, 7)


def intents(server) -> list[tuple[str, int, str]]:
    return [(intent["status"], intent["amount"], intent["currency"]) for intent in server.books.all("payment_intent")]


def balance(server) -> int:
    return sum(moved["amount"] for moved in server.books.all("balance_transaction"))


def test_it_is_a_provider_that_calls_back(stripe):
    as_port: PaymentProvider = stripe
    assert as_port.name == "stripe"
    assert isinstance(stripe, NotifyingProvider)


def test_a_charge_takes_the_money_once(stripe, server):
    first = stripe.charge("k1", TEN, "pm_card_visa")
    assert (first.outcome, first.amount) == (APPROVED, TEN)
    assert stripe.charge("k1", TEN, "pm_card_visa") == first == stripe.query("k1")
    assert intents(server) == [("succeeded", 1000, "cny")]


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ("pm_card_chargeDeclined", "generic decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired card"),
        ("pm_nonsense", "resource_missing"),
    ],
)
def test_a_declined_card_says_why_and_stays_declined(stripe, server, card, reason):
    for _ in range(2):
        answer = stripe.charge("k1", TEN, card)
        assert (answer.outcome, answer.reason) == (DECLINED, reason)
    if card != "pm_nonsense":
        assert (stripe.query("k1").outcome, stripe.query("k1").reason) == (DECLINED, reason)
    assert balance(server) == 0


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.FAILS_RETRY, Fault.KEY_IN_USE])
def test_a_broken_connection_is_tried_again_by_itself(stripe, server, fault):
    server.faults.append(fault)
    assert stripe.charge("k1", TEN, "pm_card_visa").outcome is APPROVED
    assert intents(server) == [("succeeded", 1000, "cny")]


def test_an_error_that_forbids_a_retry_leaves_the_answer_unknown_until_it_is_asked_for(stripe, server):
    server.faults.append(Fault.FAILS)
    assert stripe.charge("k1", TEN, "pm_card_visa").outcome is UNKNOWN
    assert stripe.charge("k1", TEN, "pm_card_visa").outcome is UNKNOWN, "Stripe repeats even its failures"
    assert stripe.query("k1").outcome is APPROVED
    assert ask(lambda: stripe.charge("k1", TEN, "pm_card_visa"), lambda: stripe.query("k1")).outcome is APPROVED
    assert intents(server) == [("succeeded", 1000, "cny")]


def test_a_server_that_stays_silent_is_given_up_after_a_bounded_number_of_retries(stripe, server):
    server.faults.extend([Fault.ANSWER_LOST] * 3)
    assert stripe.charge("k1", TEN, "pm_card_visa").outcome is UNKNOWN
    assert len(server.posts) == 3
    assert stripe.query("k1").outcome is APPROVED
    assert intents(server) == [("succeeded", 1000, "cny")]


def test_a_slow_answer_is_not_waited_for(server, monkeypatch):
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0.01)
    monkeypatch.setattr(provider, "ANSWER_SECONDS", 0.2)
    server.faults.extend([Fault.SLOW] * 3)
    server.slow_seconds = 0.5
    impatient = Stripe(API_KEY, address=server.url)
    assert impatient.charge("k1", TEN, "pm_card_visa").outcome is UNKNOWN
    assert impatient.query("k1").outcome is APPROVED
    impatient.close()


def test_the_longest_a_request_may_take_is_less_than_it_may_be_in_flight():
    longest = (provider.CONNECT_SECONDS + provider.ANSWER_SECONDS) * (1 + provider.RETRIES) + 2 * 5
    assert 4 * longest < 300


def test_the_same_key_with_another_card_is_the_first_request(stripe, server):
    stripe.charge("k1", TEN, "pm_card_visa")
    assert stripe.charge("k1", TEN, "pm_card_mastercard").outcome is UNKNOWN
    assert stripe.query("k1").outcome is APPROVED
    assert intents(server) == [("succeeded", 1000, "cny")]


def test_what_was_never_received_is_said_so(stripe):
    assert stripe.query("k1").outcome is Outcome.NEVER_RECEIVED


@pytest.mark.parametrize("later", [timedelta(seconds=1), timedelta(minutes=30), timedelta(days=3)])
def test_a_charge_is_found_by_our_key_now_and_later(stripe, server, now, later):
    """At first by listing, since search lags behind; later by search, when Stripe has long forgotten the key."""
    server.faults.append(Fault.FAILS)
    stripe.charge("k1", TEN, "pm_card_visa")
    now.move_to(NOON + later)
    assert stripe.query("k1").outcome is APPROVED


def test_wrong_credentials_decide_nothing(server):
    stranger = Stripe("sk_test_wrong", address=server.url)
    assert stranger.charge("k1", TEN, "pm_card_visa").outcome is UNKNOWN
    stranger.close()


def test_a_payment_in_the_customers_browser_waits_for_them(stripe, server):
    begun = stripe.begin("k1", TEN)
    assert (begun.outcome, begun.secret) == (PENDING, f"{begun.reference}_secret")
    assert stripe.query("k1").outcome is PENDING
    intent = server.books.get("payment_intent", begun.reference)
    server.books.confirm_payment_intent(intent, {"payment_method": "pm_card_visa"})
    assert (stripe.query("k1").outcome, stripe.query("k1").amount) == (APPROVED, TEN)


def test_a_card_that_wants_its_holder_waits_for_them(stripe, server):
    waiting = stripe.charge("k1", TEN, "pm_card_authenticationRequired")
    assert (waiting.outcome, bool(waiting.secret)) == (PENDING, True)
    intent = server.books.get("payment_intent", waiting.reference)
    server.books.confirm_payment_intent(intent, {"authenticated": True})
    assert stripe.query("k1").outcome is APPROVED


def test_money_goes_back_once_even_after_stripe_has_forgotten_the_key(stripe, server, now):
    charge = stripe.charge("k1", TEN, "pm_card_visa").reference
    first = stripe.refund("r1", charge, FOUR)
    now.move_to(NOON + timedelta(days=2))
    assert stripe.refund("r1", charge, FOUR) == first
    assert (first.outcome, first.amount) == (APPROVED, FOUR)
    assert stripe.refund("r2", charge, TEN).reason == "amount_too_large"
    assert balance(server) == 600


def test_money_that_bounces_while_it_is_awaited_is_sent_five_times_and_then_left_to_people(stripe, server):
    charge = stripe.charge("k1", TEN, "pm_card_visa").reference
    for _ in range(7):
        told = stripe.refund("r1", charge, FOUR)
        for refund in server.books.all("refund"):
            if refund["status"] == "succeeded":
                server.books.fail_refund(refund)
    assert (told.outcome, told.reason) == (DECLINED, "lost_or_stolen_card")
    assert (len(server.books.all("refund")), balance(server)) == (5, 1000)


def test_currencies_without_decimals_are_sent_as_stripe_wants_them(stripe, server):
    stripe.charge("k1", Money(500, "JPY"), "pm_card_visa")
    stripe.charge("k2", Money(500, "TWD"), "pm_card_visa")
    assert sorted(intents(server)) == [("succeeded", 500, "jpy"), ("succeeded", 50000, "twd")]
    assert stripe.query("k2").amount == Money(500, "TWD")


# Holds.


def test_a_short_guarantee_is_a_card_hold_until_the_network_says(stripe, server):
    held = stripe.hold("h1", TEN, "pm_card_visa")
    assert (held.outcome, held.strength, held.amount) == (APPROVED, HoldStrength.CARD_HOLD, TEN)
    assert held.secured_until == NOON + timedelta(days=29, hours=18)
    assert held.mandate.startswith("mandate_")
    assert intents(server) == [("requires_capture", 1000, "cny")]
    assert stripe.query("h1") == held


def test_an_extended_hold_serves_where_it_outlives_the_capture_by_two_days(stripe, server):
    """Visa's ends on 9 August at six: that is two days after the 7th, but not after the 8th."""
    assert stripe.hold("h1", TEN, "pm_card_visa", date(2026, 8, 7)).strength is HoldStrength.CARD_HOLD
    assert stripe.hold("h2", TEN, "pm_card_visa", date(2026, 8, 8)).strength is HoldStrength.SAVED_CARD


def test_a_guarantee_that_outlives_a_hold_is_a_saved_card_with_nothing_reserved(stripe, server):
    saved = stripe.hold("h1", TEN, "pm_card_amex", IN_FOUR_WEEKS)
    assert (saved.outcome, saved.strength, saved.secured_until) == (APPROVED, HoldStrength.SAVED_CARD, None)
    assert saved.reference.startswith("seti_")
    assert intents(server) == [("canceled", 1000, "cny")]
    assert stripe.query("h1") == saved


def test_a_hold_is_captured_in_part_and_the_rest_let_go(stripe, server):
    held = stripe.hold("h1", TEN, "pm_card_visa").reference
    assert stripe.capture("capture:h1", held, FOUR).amount == FOUR
    assert stripe.capture("capture:h1", held, FOUR).outcome is APPROVED
    assert stripe.capture("capture:other", held, FOUR).reason == "captured already"
    assert stripe.release("release:h1", held).reason == "captured already"
    assert balance(server) == 400


def test_more_than_is_held_is_not_captured(stripe, server):
    held = stripe.hold("h1", FOUR, "pm_card_visa").reference
    assert stripe.capture("capture:h1", held, TEN).reason == "amount_too_large"
    assert balance(server) == 0


def test_a_released_hold_forgets_the_card_and_may_be_released_again(stripe, server):
    for card in ("pm_card_visa", "pm_card_amex"):
        held = stripe.hold(f"h:{card}", TEN, card, IN_FOUR_WEEKS).reference
        for _ in range(2):
            assert stripe.release(f"release:{card}", held).outcome is APPROVED
    assert {intent["status"] for intent in server.books.all("payment_intent")} == {"canceled"}
    assert {method["customer"] for method in server.books.all("payment_method")} == {None}


def test_a_saved_card_is_charged_once_when_the_day_comes(stripe, server, now):
    saved = stripe.hold("h1", TEN, "pm_card_amex", IN_FOUR_WEEKS).reference
    now.move_to(NOON + timedelta(days=29))
    server.faults.extend([Fault.FAILS])
    assert stripe.capture("capture:h1", saved, FOUR).outcome is UNKNOWN
    now.move_to(NOON + timedelta(days=31))
    assert stripe.capture("capture:h1", saved, FOUR).amount == FOUR
    assert balance(server) == 400


@pytest.mark.parametrize(
    ("card", "reason"),
    [("pm_card_chargeDeclinedInsufficientFunds", "insufficient funds"), ("pm_x", "resource_missing")],
)
def test_a_card_that_cannot_secure_is_declined_and_not_kept(stripe, server, card, reason):
    assert stripe.hold("h1", TEN, card, IN_FOUR_WEEKS).reason == reason
    assert {method["customer"] for method in server.books.all("payment_method")} <= {None}


def test_a_card_that_saves_but_cannot_be_charged_is_declined_and_forgotten(stripe, server):
    assert stripe.hold("h1", TEN, "pm_card_chargeCustomerFail", IN_FOUR_WEEKS).outcome is DECLINED
    assert {method["customer"] for method in server.books.all("payment_method")} == {None}


def test_a_hold_that_expired_is_charged_to_the_saved_card(stripe, server, now):
    held = stripe.hold("h1", TEN, "pm_card_visa").reference
    now.move_to(NOON + timedelta(days=30))
    assert stripe.capture("capture:h1", held, TEN).outcome is APPROVED
    assert [status for status, _, _ in intents(server)] == ["succeeded", "canceled"]
    assert balance(server) == 1000


@pytest.mark.parametrize("faults", range(3))
def test_a_hold_cut_off_at_any_step_is_finished_by_asking_again(stripe, server, faults):
    server.faults.extend([*[Fault.NONE] * faults, *[Fault.ANSWER_LOST] * 3])
    assert stripe.hold("h1", TEN, "pm_card_visa").outcome is UNKNOWN
    assert stripe.hold("h1", TEN, "pm_card_visa").outcome is APPROVED
    assert intents(server) == [("requires_capture", 1000, "cny")]


@pytest.mark.parametrize("later", [timedelta(seconds=1), timedelta(days=2)])
@pytest.mark.parametrize("faults", range(3))
def test_a_hold_cut_off_at_any_step_is_undone_completely(stripe, server, now, faults, later):
    server.faults.extend([*[Fault.NONE] * faults, Fault.FAILS])
    stripe.hold("h1", TEN, "pm_card_visa")
    now.move_to(NOON + later)
    assert stripe.reverse("h1").outcome is APPROVED
    assert stripe.reverse("h1").outcome is APPROVED
    assert {intent["status"] for intent in server.books.all("payment_intent")} <= {"canceled"}
    assert {method["customer"] for method in server.books.all("payment_method")} <= {None}


def test_a_charge_is_undone_by_giving_everything_back(stripe, server):
    charge = stripe.charge("k1", TEN, "pm_card_visa").reference
    stripe.refund("r1", charge, FOUR)
    for _ in range(2):
        assert stripe.reverse("k1").outcome is APPROVED
    assert balance(server) == 0
    assert (stripe.query("k1").outcome, stripe.query("k1").reason) == (DECLINED, "called off")


def test_a_payment_nobody_completed_is_called_off(stripe, server):
    stripe.begin("k1", TEN)
    assert stripe.reverse("k1").outcome is APPROVED
    assert stripe.query("k1").outcome is DECLINED
    assert intents(server) == [("canceled", 1000, "cny")]


# Settings.


def test_secrets_come_from_settings_and_from_nowhere_else():
    with pytest.raises(StripeNotSetUp) as refusal:
        Stripe.from_settings({})
    assert "SOUVENIR_STRIPE_API_KEY" in str(refusal.value)
    secret = uuid4().hex
    settings = {"SOUVENIR_STRIPE_API_KEY": f"sk_test_{secret}", "SOUVENIR_STRIPE_WEBHOOK_SECRETS": "whsec_a whsec_b"}
    assert secret not in repr(Stripe.from_settings(settings))


def test_a_shop_with_a_stripe_key_takes_real_money_only():
    with_key = set_up({"SOUVENIR_STRIPE_API_KEY": "sk_test_x"})
    assert with_key.named("stripe").name == "stripe"
    with pytest.raises(UnknownProvider):
        with_key.named("sandbox")
    without = set_up({})
    assert without.named("sandbox").name == "sandbox"
    with pytest.raises(UnknownProvider):
        without.named("stripe")
