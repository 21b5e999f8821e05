"""A guarantee resolves once: released, captured, or lapsed and owed."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from refund_forms import cny

from souvenir.kernel.errors import SouvenirError
from souvenir.taxrefund import refusals as no
from souvenir.taxrefund.guarantee import Guarantee, Strength, guarantee_id

CLAIM = UUID(int=5)
ON = date(2025, 6, 4)
UNTIL = datetime(2025, 6, 14, tzinfo=UTC)
Step = Callable[[Guarantee], None]


def release(guarantee: Guarantee) -> None:
    guarantee.release(ON)


def capture(guarantee: Guarantee) -> None:
    guarantee.capture(cny("134.46"), ON)


def lapse(guarantee: Guarantee) -> None:
    guarantee.lapse(UNTIL, date(2025, 6, 14))


def owe(guarantee: Guarantee) -> None:
    guarantee.declare_recoverable(cny("134.46"), ON)


def write_off(guarantee: Guarantee) -> None:
    guarantee.write_off(ON)


def repay(guarantee: Guarantee) -> None:
    guarantee.repay(UUID(int=8), cny("134.46"), "card", ON)


def repay_some(guarantee: Guarantee) -> None:
    guarantee.repay(UUID(int=9), cny("100.00"), "cash", ON)


def held(*steps: Step, strength: Strength = "card_hold", secured_until: datetime | None = UNTIL) -> Guarantee:
    guarantee = Guarantee.hold(
        claim_id=CLAIM,
        amount=cny("134.46"),
        reference="pi_1",
        strength=strength,
        secured_until=secured_until,
        on=date(2025, 5, 15),
    )
    for step in steps:
        step(guarantee)
    return guarantee


def recorded(guarantee: Guarantee) -> list[str]:
    return [type(event).__name__ for event in guarantee.pending_events]


@pytest.mark.parametrize(
    ("steps", "events", "state"),
    [
        ((release,), ["Released"], "released"),
        ((capture,), ["Captured"], "captured"),
        ((lapse, release), ["Lapsed", "Discharged"], "discharged"),
        ((lapse, owe, write_off), ["Lapsed", "DeclaredRecoverable", "WrittenOff"], "written_off"),
        ((owe, write_off), ["DeclaredRecoverable", "WrittenOff"], "written_off"),
        ((owe, repay), ["DeclaredRecoverable", "Repaid"], "repaid"),
        ((owe, repay_some), ["DeclaredRecoverable", "Repaid"], "recoverable"),
        ((owe, repay_some, write_off), ["DeclaredRecoverable", "Repaid", "WrittenOff"], "written_off"),
    ],
)
def test_the_ways_a_guarantee_ends(steps: tuple[Step, ...], events: list[str], state: str) -> None:
    guarantee = held(*steps)
    assert recorded(guarantee) == ["Held", *events]
    assert guarantee.state == state
    assert guarantee.guaranteed == cny("0.00")


def test_its_id_follows_from_the_claim_and_the_attempt() -> None:
    assert held().id == guarantee_id(CLAIM) != guarantee_id(CLAIM, 2)


def test_a_partial_capture_gives_the_rest_back() -> None:
    guarantee = held(lambda guarantee: guarantee.capture(cny("67.23"), ON))
    captured = guarantee.pending_events[-1]
    assert isinstance(captured, Guarantee.Captured)
    assert (captured.amount, captured.released) == (cny("67.23"), cny("67.23"))


def test_only_what_is_still_owed_is_written_off() -> None:
    written_off = held(owe, repay_some, write_off).pending_events[-1]
    assert isinstance(written_off, Guarantee.WrittenOff)
    assert written_off.amount == cny("34.46")


@pytest.mark.parametrize(("steps", "was_held"), [((owe,), True), ((lapse, owe), False)])
def test_what_is_owed_says_whether_a_hold_ended_with_it(steps: tuple[Step, ...], was_held: bool) -> None:
    declared = held(*steps).pending_events[-1]
    assert isinstance(declared, Guarantee.DeclaredRecoverable)
    assert declared.was_held is was_held


@pytest.mark.parametrize(
    "steps",
    [(release,), (capture,), (lapse,), (lapse, release), (owe,), (owe, write_off), (owe, repay), (owe, repay_some)],
)
def test_asking_twice_records_nothing_new(steps: tuple[Step, ...]) -> None:
    guarantee = held(*steps)
    before = recorded(guarantee)
    steps[-1](guarantee)
    assert recorded(guarantee) == before


@pytest.mark.parametrize(
    ("steps", "then", "refusal"),
    [
        ((release,), capture, no.GuaranteeAlreadyResolved),
        ((release,), owe, no.GuaranteeAlreadyResolved),
        ((release,), lapse, no.GuaranteeAlreadyResolved),
        ((capture,), release, no.GuaranteeAlreadyResolved),
        ((capture,), lambda it: it.capture(cny("1.00"), ON), no.GuaranteeAlreadyResolved),
        ((capture,), owe, no.GuaranteeAlreadyResolved),
        ((lapse,), capture, no.GuaranteeAlreadyResolved),
        ((owe,), release, no.GuaranteeAlreadyResolved),
        ((), write_off, no.NothingRecoverable),
        ((), repay, no.NothingRecoverable),
        ((owe, repay), write_off, no.NothingRecoverable),
        ((owe, write_off), repay, no.NothingRecoverable),
        ((owe, repay_some), repay, no.RepaymentExceedsDebt),
        ((), lambda it: it.capture(cny("134.47"), ON), no.CaptureExceedsGuarantee),
        ((), lambda it: it.capture(cny("0.00"), ON), no.CaptureExceedsGuarantee),
        ((), lambda it: it.declare_recoverable(cny("134.47"), ON), no.CaptureExceedsGuarantee),
        ((), lambda it: it.lapse(datetime(2025, 6, 13, 23, 59, tzinfo=UTC), ON), no.GuaranteeStillSecured),
    ],
)
def test_what_is_refused_records_nothing(steps: tuple[Step, ...], then: Step, refusal: type[SouvenirError]) -> None:
    guarantee = held(*steps)
    before = recorded(guarantee)
    with pytest.raises(refusal):
        then(guarantee)
    assert recorded(guarantee) == before


@pytest.mark.parametrize("strength", ["saved_card", "deposit"])
def test_a_guarantee_without_an_end_never_lapses(strength: Strength) -> None:
    with pytest.raises(no.GuaranteeStillSecured):
        held(lapse, strength=strength, secured_until=None)
