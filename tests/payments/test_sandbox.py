"""The sandbox keeps its own books, answers the same key the same way, and misbehaves only when told to."""

from datetime import UTC, datetime, timedelta

import pytest

from souvenir.kernel.money import Money
from souvenir.payments.provider import Answer, HoldStrength, NoticeKind, Outcome, Providers, UnknownProvider, ask
from souvenir.payments.providers.cash import Cash
from souvenir.payments.providers.sandbox import Fault, Sandbox
from souvenir.testing import clock_at

NOON = datetime(2026, 7, 10, 12, tzinfo=UTC)
TEN, FOUR = Money.of("10.00", "CNY"), Money.of("4.00", "CNY")


@pytest.fixture
def now():
    with clock_at(NOON) as standing:
        yield standing


@pytest.fixture
def sandbox(now):
    return Sandbox()


def moved(sandbox: Sandbox) -> list[tuple[str, str]]:
    return [(movement.kind, str(movement.amount)) for movement in sandbox.movements.values()]


def test_a_charge_is_carried_out_once_however_often_it_is_asked_for(sandbox):
    first = sandbox.charge("k1", TEN, "approve")
    assert sandbox.charge("k1", TEN, "approve") == first == sandbox.query("k1")
    assert (first.outcome, first.reference, first.amount) == (Outcome.APPROVED, "sandbox:k1", TEN)
    assert moved(sandbox) == [("charge", "10.00 CNY")]


def test_a_declined_charge_takes_nothing_and_stays_declined(sandbox):
    assert sandbox.charge("k1", TEN, "decline").reason == "insufficient funds"
    assert sandbox.charge("k1", TEN, "decline").outcome is Outcome.DECLINED
    assert moved(sandbox) == []


def test_a_lost_answer_is_found_by_asking_again(sandbox):
    assert sandbox.charge("k1", TEN, "unknown").outcome is Outcome.UNKNOWN
    assert sandbox.query("k1").outcome is Outcome.APPROVED
    assert moved(sandbox) == [("charge", "10.00 CNY")]


def test_a_lost_request_was_never_received(sandbox):
    assert sandbox.charge("k1", TEN, "lost").outcome is Outcome.UNKNOWN
    assert sandbox.query("k1").outcome is Outcome.NEVER_RECEIVED
    assert sandbox.charge("k1", TEN, "lost").outcome is Outcome.APPROVED
    assert moved(sandbox) == [("charge", "10.00 CNY")]


def test_faults_strike_whatever_is_asked_next(sandbox):
    sandbox.faults.extend([Fault.ANSWER_LOST, Fault.NONE, Fault.REQUEST_LOST])
    outcomes = [sandbox.charge(key, TEN, "approve").outcome for key in ("k1", "k1", "k2", "k2")]
    assert outcomes == [Outcome.UNKNOWN, Outcome.APPROVED, Outcome.UNKNOWN, Outcome.APPROVED]
    assert moved(sandbox) == [("charge", "10.00 CNY"), ("charge", "10.00 CNY")]


def test_a_payment_the_customer_completes_waits_for_their_bank(sandbox):
    begun = sandbox.begin("k1", TEN)
    assert (begun.outcome, begun.secret) == (Outcome.PENDING, "sandbox:k1:secret")
    assert sandbox.begin("k1", TEN) == begun
    assert moved(sandbox) == []
    sandbox.bank_answers("k1")
    sandbox.bank_answers("k1", approved=False)
    assert sandbox.query("k1").outcome is Outcome.APPROVED
    assert moved(sandbox) == [("charge", "10.00 CNY")]


def test_part_of_a_charge_goes_back_but_never_more_than_was_taken(sandbox):
    sandbox.charge("k1", TEN, "approve")
    assert sandbox.refund("r1", "sandbox:k1", FOUR).amount == FOUR
    assert sandbox.refund("r1", "sandbox:k1", FOUR).outcome is Outcome.APPROVED
    assert sandbox.refund("r2", "sandbox:k1", TEN).reason == "more than was taken"
    assert sandbox.refund("r3", "sandbox:k9", FOUR).reason == "no such charge"
    assert sandbox.balance == {"CNY": Money.of("6.00", "CNY")}


def test_a_hold_is_captured_in_part_once(sandbox):
    held = sandbox.hold("h1", TEN, "approve")
    assert (held.strength, held.secured_until) == (HoldStrength.CARD_HOLD, NOON + timedelta(days=30))
    assert sandbox.capture("c0", held.reference, TEN + FOUR).reason == "more than is held"
    assert sandbox.capture("c1", held.reference, FOUR).outcome is Outcome.APPROVED
    assert sandbox.capture("c1", held.reference, FOUR).outcome is Outcome.APPROVED
    assert sandbox.capture("c2", held.reference, FOUR).reason == "no open hold"
    assert sandbox.release("l1", held.reference).reason == "captured already"
    assert sandbox.balance == {"CNY": FOUR}


def test_a_released_hold_gives_nothing_and_may_be_released_again(sandbox):
    held = sandbox.hold("h1", TEN, "approve").reference
    assert sandbox.release("l1", held).outcome is Outcome.APPROVED
    assert sandbox.release("l2", held).outcome is Outcome.APPROVED
    assert sandbox.capture("c1", held, FOUR).reason == "no open hold"


def test_a_hold_dies_by_itself(sandbox, now):
    held = sandbox.hold("h1", TEN, "approve").reference
    now.move_to(NOON + timedelta(days=30))
    assert sandbox.query("h1").reason == "the hold has ended"
    assert sandbox.capture("c1", held, FOUR).outcome is Outcome.DECLINED
    assert sandbox.balance == {}


@pytest.mark.parametrize("ask_for", ["charge", "hold", "begin", "nothing"])
def test_whatever_became_of_a_request_is_undone(sandbox, ask_for):
    if ask_for == "begin":
        sandbox.begin("k1", TEN)
    elif ask_for != "nothing":
        getattr(sandbox, ask_for)("k1", TEN, "approve")
    assert sandbox.reverse("k1").outcome is Outcome.APPROVED
    assert sandbox.reverse("k1").outcome is Outcome.APPROVED
    assert sandbox.query("k1").outcome is Outcome.DECLINED
    assert sandbox.charge("k1", TEN, "approve").outcome is Outcome.DECLINED
    sandbox.bank_answers("k1")
    assert sandbox.balance.get("CNY", Money.zero("CNY")) == Money.zero("CNY")
    assert not any(movement.open for movement in sandbox.movements.values())


def test_it_tells_of_everything_that_changed(sandbox):
    sandbox.charge("k1", TEN, "approve")
    sandbox.hold("h1", TEN, "approve")
    sandbox.refund("r1", "sandbox:k1", FOUR)
    assert [(notice.event_id, notice.kind, notice.key) for notice in sandbox.notices] == [
        ("evt_1", NoticeKind.PAYMENT, "k1"),
        ("evt_2", NoticeKind.HOLD, "h1"),
        ("evt_3", NoticeKind.REFUND, "r1"),
    ]


def test_cash_is_counted_at_once_and_cannot_be_reserved():
    cash = Cash()
    assert cash.charge("k1", TEN, "") == Answer(Outcome.APPROVED, reference="cash:k1")
    assert cash.query("k1") == cash.refund("k1", "x", TEN) == cash.begin("k1", TEN) == cash.reverse("k1")
    for answer in (cash.hold("k1", TEN, ""), cash.capture("k1", "x", TEN), cash.release("k1", "x")):
        assert (answer.outcome, answer.reason) == (
            Outcome.DECLINED,
            "cash cannot be reserved: take a card or a deposit",
        )


def test_a_provider_nobody_set_up_is_refused_by_name():
    with pytest.raises(UnknownProvider) as refusal:
        Providers(Cash(), Sandbox()).named("paypal")
    assert refusal.value.facts == {"provider": "paypal", "known": "cash, sandbox"}


def test_an_unclear_answer_is_asked_for_again_a_bounded_number_of_times():
    asked = []

    def never_heard() -> Answer:
        asked.append(1)
        return Answer(Outcome.UNKNOWN)

    assert ask(never_heard).outcome is Outcome.UNKNOWN
    assert len(asked) == 4
    answers = [Answer(Outcome.UNKNOWN), Answer(Outcome.NEVER_RECEIVED), Answer(Outcome.DECLINED, reason="no")]
    assert ask(lambda: answers.pop(0)).reason == "no"


def test_an_answer_that_waits_for_the_customer_is_not_asked_for_again():
    answers = [Answer(Outcome.PENDING), Answer(Outcome.APPROVED)]
    assert ask(lambda: answers.pop(0)).outcome is Outcome.PENDING
