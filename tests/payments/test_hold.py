"""A hold ends in one way only, and every step towards the provider is recorded before it is taken."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from souvenir.kernel.money import Money
from souvenir.payments.hold import Hold, HoldNotHeld
from souvenir.payments.provider import HoldStrength
from souvenir.testing import given

JULY_10, AUGUST_10 = date(2026, 7, 10), date(2026, 8, 10)
UNTIL = datetime(2026, 8, 9, 1, tzinfo=UTC)
NET = Money.of("101.70", "CNY")


def hold() -> Hold:
    return Hold.request(UUID(int=1), UUID(int=2), NET, "sandbox", AUGUST_10)


def placed(hold: Hold) -> None:
    hold.place("pi_1", HoldStrength.CARD_HOLD, UNTIL)


def engaged(hold: Hold) -> None:
    hold.engage()


def capture(hold: Hold) -> None:
    hold.request_capture(NET, JULY_10)


def captured(hold: Hold) -> None:
    hold.capture("ch_1")


def capture_declined(hold: Hold) -> None:
    hold.decline_capture("expired")


def release(hold: Hold) -> None:
    hold.request_release(JULY_10)


def released(hold: Hold) -> None:
    hold.release()


def declined(hold: Hold) -> None:
    hold.decline("insufficient funds")


LIFE = [
    ((), placed, Hold.Placed),
    ((), declined, Hold.Declined),
    ((placed,), engaged, Hold.Engaged),
    ((placed,), release, Hold.ReleaseRequested),
    ((placed, engaged), release, Hold.ReleaseRequested),
    ((placed, engaged), capture, Hold.CaptureRequested),
    ((placed, engaged, capture), captured, Hold.Captured),
    ((placed, engaged, capture), capture_declined, Hold.CaptureDeclined),
    ((placed, release), released, Hold.Released),
    ((placed, engaged), released, Hold.Released),
]


@pytest.mark.parametrize(("before", "step", "recorded"), LIFE)
def test_each_step_is_recorded_once(before, step, recorded):
    given(hold(), *before).when(step).then(recorded)
    given(hold(), *before, step).when(step).then_nothing()


def test_a_hold_says_what_it_secures_how_strongly_and_until_when():
    given(hold()).when(placed).then(
        Hold.Placed, secures=UUID(int=2), reference="pi_1", strength=HoldStrength.CARD_HOLD, secured_until=UNTIL
    )


def test_an_answer_that_comes_after_the_hold_was_given_up_still_counts():
    """The card is reserved, whatever had been concluded: it must be known in order to be let go."""
    given(hold(), declined).when(placed).then(Hold.Placed, reference="pi_1")


@pytest.mark.parametrize(
    ("before", "step", "state"),
    [
        ((), engaged, "requested"),
        ((), capture, "requested"),
        ((), release, "requested"),
        ((placed, release), engaged, "releasing"),
        ((placed, release), capture, "releasing"),
        ((placed, engaged, capture), release, "capturing"),
        ((placed, engaged, capture, captured), release, "captured"),
        ((placed, engaged, capture, capture_declined), capture, "failed"),
        ((placed, release, released), capture, "released"),
        ((declined,), engaged, "declined"),
    ],
)
def test_once_one_end_is_decided_no_other_is(before, step, state):
    given(hold(), *before).when(step).then_refused(HoldNotHeld, hold_id=UUID(int=1), state=state)


def test_answers_nobody_waits_for_record_nothing():
    given(hold(), placed).when(captured).then_nothing()
    given(hold(), placed).when(capture_declined).then_nothing()
    given(hold(), placed).when(declined).then_nothing()
    given(hold()).when(released).then_nothing()
