"""A card reader at the till, driven through Stripe: busy, offline, deaf, slow, walked away from, and never charged twice."""

from datetime import timedelta

import pytest
from stripe_server import Fault

from souvenir.kernel.money import Money
from souvenir.payments.provider import Outcome, ask
from souvenir.payments.providers.stripe import readers

TEN, FOUR = Money.of("10.00", "CNY"), Money.of("4.00", "CNY")
APPROVED, DECLINED, UNKNOWN, PENDING = Outcome.APPROVED, Outcome.DECLINED, Outcome.UNKNOWN, Outcome.PENDING
NEVER_RECEIVED = Outcome.NEVER_RECEIVED


@pytest.fixture
def reader(server):
    return server.books.add_reader("Counter 1")


@pytest.fixture
def pay(stripe, reader):
    """Ask for ten yuan at the reader; a second time under the same key is the same request."""
    return lambda key="k1": stripe.charge(key, TEN, reader["id"])


def intents(server) -> list[tuple[str, int]]:
    return [(intent["status"], intent["amount_received"]) for intent in server.books.all("payment_intent")]


def processed(server) -> int:
    return sum(path.endswith("process_payment_intent") for path, _ in server.posts)


def test_a_card_is_asked_for_and_presented(stripe, server, reader, pay):
    assert pay().outcome is PENDING
    assert stripe.query("k1").outcome is PENDING
    server.books.present_card(reader)
    paid = stripe.query("k1")
    assert (paid.outcome, paid.amount) == (APPROVED, TEN)
    assert (pay(), processed(server)) == (paid, 1)
    assert intents(server) == [("succeeded", 1000)]


def test_a_card_declined_at_the_reader_ends_the_payment_for_good(stripe, server, reader, pay):
    pay()
    server.books.present_card(reader, "pm_card_chargeDeclinedInsufficientFunds")
    declined = stripe.query("k1")
    assert (declined.outcome, declined.reason) == (DECLINED, "insufficient funds")
    assert intents(server) == [("canceled", 0)]
    assert (pay().outcome, stripe.query("k1").outcome) == (DECLINED, DECLINED)
    assert pay("k2").outcome is PENDING


def test_who_presses_the_red_key_pays_nothing(stripe, server, reader, pay):
    pay()
    server.books.walk_away(reader)
    assert (stripe.query("k1").reason, intents(server)) == ("the customer cancelled", [("canceled", 0)])


def test_a_busy_reader_declines_the_second_payment_and_keeps_the_first(stripe, server, reader, pay):
    pay()
    second = pay("k2")
    assert (second.outcome, second.reason) == (DECLINED, "terminal reader busy")
    server.books.present_card(reader)
    assert (stripe.query("k1").outcome, stripe.query("k2").outcome) == (APPROVED, DECLINED)
    assert sorted(intents(server)) == [("canceled", 0), ("succeeded", 1000)]


@pytest.mark.parametrize(
    ("source", "reason"), [("offline", "terminal reader offline"), ("unknown", "resource missing")]
)
def test_a_reader_that_cannot_be_reached_takes_nothing(stripe, server, reader, source, reason):
    reader["status"] = "offline"
    answer = stripe.charge("k1", TEN, reader["id"] if source == "offline" else "tmr_unknown")
    assert (answer.outcome, answer.reason) == (DECLINED, reason)
    assert intents(server) == [("canceled", 0)]


def test_a_reader_that_heard_although_stripe_thinks_it_did_not_charges_once(stripe, server, reader, pay):
    """The acknowledgement was lost: the answer is unknown, and looking shows the reader asking for the card."""
    reader["deaf"] = True
    assert pay().outcome is UNKNOWN
    assert ask(pay, lambda: stripe.query("k1")).outcome is PENDING
    server.books.present_card(reader)
    assert stripe.query("k1").outcome is APPROVED
    assert intents(server) == [("succeeded", 1000)]


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_chargeDeclined"])
def test_a_reader_whose_line_drops_while_the_bank_decides_is_not_believed(stripe, server, reader, pay, card):
    """The reader says it failed; whether money moved is read from the payment itself."""
    pay()
    server.books.bank_answers(reader, card, heard=False)
    answer = stripe.query("k1")
    assert answer.outcome is (APPROVED if card == "pm_card_visa" else DECLINED)
    assert sum(received for _, received in intents(server)) == (1000 if card == "pm_card_visa" else 0)


def test_a_card_presented_just_while_the_payment_is_looked_up_counts(stripe, server, reader, pay, monkeypatch):
    """The payment is read first, then the reader: between the two the bank approves, and the reader's line drops."""
    pay()
    look = readers._action

    def just_then(api, intent):
        server.books.bank_answers(reader, heard=False)
        return look(api, intent)

    monkeypatch.setattr(readers, "_action", just_then)
    answer = stripe.query("k1")
    assert (answer.outcome, answer.amount) == (APPROVED, TEN)


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.FAILS_RETRY, Fault.KEY_IN_USE])
@pytest.mark.parametrize("before", [0, 1])
def test_a_line_that_breaks_at_either_step_is_mended_by_itself(stripe, server, reader, pay, fault, before):
    server.faults.extend([*[Fault.NONE] * before, fault])
    assert ask(pay, lambda: stripe.query("k1")).outcome is PENDING
    server.books.present_card(reader)
    assert stripe.query("k1").outcome is APPROVED
    assert intents(server) == [("succeeded", 1000)]


@pytest.mark.parametrize("before", [0, 1])
def test_a_payment_that_never_reached_the_reader_is_sent_when_asked_again(stripe, server, reader, pay, before):
    server.faults.extend([*[Fault.NONE] * before, *[Fault.REQUEST_LOST] * 3])
    assert pay().outcome is UNKNOWN
    assert stripe.query("k1").outcome is NEVER_RECEIVED
    assert pay().outcome is PENDING
    server.books.present_card(reader)
    assert intents(server) == [("succeeded", 1000)]


def test_a_payment_called_off_clears_the_reader(stripe, server, reader, pay):
    pay()
    for _ in range(2):
        assert stripe.reverse("k1").outcome is APPROVED
    assert (reader["action"], intents(server)) == (None, [("canceled", 0)])
    assert stripe.query("k1").outcome is DECLINED
    assert pay("k2").outcome is PENDING


def test_a_card_being_authorised_cannot_be_called_off_yet_and_is_given_back_then(stripe, server, reader, pay):
    pay()
    server.books.authorise_slowly(reader)
    assert stripe.reverse("k1").outcome is PENDING
    assert stripe.query("k1").outcome is PENDING
    server.books.bank_answers(reader)
    assert stripe.query("k1").outcome is PENDING, "some of it is left"
    assert stripe.reverse("k1").outcome is APPROVED
    assert stripe.query("k1").outcome is DECLINED
    assert sum(moved["amount"] for moved in server.books.all("balance_transaction")) == 0


def test_calling_off_one_payment_leaves_the_next_at_the_reader_alone(stripe, server, reader, pay):
    pay()
    server.books.walk_away(reader)
    stripe.query("k1")
    pay("k2")
    assert stripe.reverse("k1").outcome is APPROVED
    server.books.present_card(reader)
    assert stripe.query("k2").outcome is APPROVED


def test_money_taken_at_a_reader_is_given_back_in_part(stripe, server, reader, pay, now):
    pay()
    server.books.present_card(reader)
    reference = stripe.query("k1").reference
    now.move_to(now() + timedelta(days=3))
    assert stripe.refund("r1", reference, FOUR).amount == FOUR
    assert stripe.reverse("k1").outcome is APPROVED
    assert sum(moved["amount"] for moved in server.books.all("balance_transaction")) == 0
