"""A claim's life, step by step: what each decision records, what it refuses, and that asking twice records nothing."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from refund_forms import cny, form

from souvenir.kernel.errors import SouvenirError
from souvenir.taxrefund import refusals as no
from souvenir.taxrefund.claim import Claim, claim_id
from souvenir.taxrefund.form import ClaimLine

HOLD = UUID(int=77)
ZERO = cny("0.00")
Step = Callable[[Claim], None]


def agree(claim: Claim) -> None:
    claim.agree(
        on=date(2025, 5, 15), promised_by=date(2025, 6, 1), capture_by=date(2025, 6, 5), ports=("PEK", "PKX"), by="shop"
    )


def advance(claim: Claim) -> None:
    claim.advance("cash", date(2025, 5, 15), guaranteed=cny("134.46"))


def seen(quantity: int = 2, on: date = date(2025, 5, 20), port: str = "PEK") -> Step:
    return lambda claim: claim.confirm_customs(on, port, {1: quantity})


def complete(claim: Claim) -> None:
    claim.complete(date(2025, 5, 20))


def miss(claim: Claim) -> None:
    claim.miss_promise(date(2025, 6, 2))


def recover(claim: Claim) -> None:
    claim.recover(HOLD, claim.outstanding or cny("134.46"), date(2025, 6, 4))


def pay(claim: Claim) -> None:
    claim.pay("wallet", date(2025, 6, 10))


def settle(claim: Claim) -> None:
    claim.settle(cny("134.46"), date(2025, 7, 15), "2025-06")


def void(claim: Claim) -> None:
    claim.void("returned", date(2025, 5, 16), UUID(int=9))


def opened(*steps: Step, **changes: Any) -> Claim:
    claim = Claim.open(form(**changes))
    for step in steps:
        step(claim)
    return claim


def recorded(claim: Claim) -> list[str]:
    return [type(event).__name__ for event in claim.pending_events]


def last(claim: Claim) -> dict[str, Any]:
    ours = {"originator_id", "originator_version", "timestamp", "originator_topic"}
    return {name: value for name, value in dict(claim.pending_events[-1]).items() if name not in ours}


def test_a_form_states_the_sums_of_its_lines_and_its_number_is_its_identity() -> None:
    claim = opened()
    assert (claim.gross, claim.refund, claim.fee, claim.net) == (
        cny("1494.00"),
        cny("164.34"),
        cny("29.88"),
        cny("134.46"),
    )
    assert claim.id == claim_id("1100202505150000017") == opened().id


def test_a_form_without_lines_is_no_form() -> None:
    with pytest.raises(ValidationError):
        form(lines=())


def test_the_instant_route_from_the_agreement_to_the_settlement() -> None:
    claim = opened(agree, advance, seen(), complete, settle)
    assert recorded(claim) == ["Opened", "Agreed", "Advanced", "CustomsConfirmed", "Completed", "Settled"]
    assert (claim.state, claim.outstanding, claim.received) == ("settled", ZERO, cny("134.46"))


def test_the_ordinary_route() -> None:
    claim = opened(seen(), pay, settle, mode="departure")
    assert recorded(claim) == ["Opened", "CustomsConfirmed", "Paid", "Settled"]
    assert claim.received == cny("134.46")


def test_a_missed_promise_is_recovered_and_the_ordinary_route_pays_after_all() -> None:
    claim = opened(agree, advance, miss, recover)
    assert (claim.state, claim.missed, claim.received) == ("recovered", "late", ZERO)
    seen(on=date(2025, 8, 13))(claim)
    pay(claim)
    assert claim.received == cny("134.46")


def test_the_advance_carries_what_the_books_need() -> None:
    assert last(opened(agree, advance)) == {
        "amount": cny("134.46"),
        "refund": cny("164.34"),
        "fee": cny("29.88"),
        "tender": "cash",
        "advanced_on": date(2025, 5, 15),
        "by": "shop",
        "paid_at": None,
    }


def test_fewer_units_leave_each_amount_its_share_and_the_rest_to_recover() -> None:
    claim = opened(agree, advance, seen(1), complete)
    assert last(claim) == {
        "on": date(2025, 5, 20),
        "refund": cny("82.17"),
        "fee": cny("14.94"),
        "net": cny("67.23"),
        "advanced": cny("134.46"),
        "to_recover": cny("67.23"),
        "by": "shop",
    }
    assert claim.outstanding == cny("67.23")
    recover(claim)
    assert (claim.state, claim.outstanding, claim.received) == ("completed", ZERO, cny("67.23"))


def test_a_partial_answer_is_shared_by_line_not_by_total() -> None:
    lines = (
        ClaimLine(
            line_no=1, gross=cny("800.00"), vat_rate=Decimal("0.13"), refund=cny("88.00"), fee=cny("16.00"), quantity=1
        ),
        ClaimLine(
            line_no=2, gross=cny("300.00"), vat_rate=Decimal("0.09"), refund=cny("24.00"), fee=cny("6.00"), quantity=3
        ),
    )
    claim = opened(lambda claim: claim.confirm_customs(date(2025, 6, 1), "PEK", {2: 1}), lines=lines, mode="departure")
    assert (claim.due_refund, claim.due_fee, claim.due_net) == (cny("8.00"), cny("2.00"), cny("6.00"))
    assert claim.customs_outcome == "partial"


def test_where_one_missing_item_voids_the_receipt_a_partial_answer_is_a_refusal() -> None:
    claim = opened(seen(1), confirmation="all_or_nothing_receipt", mode="departure")
    assert (claim.customs_outcome, claim.due_net) == ("refused", ZERO)


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ((agree, advance, miss), "late"),
        ((agree, advance, seen(on=date(2025, 6, 2)), miss), "late"),
        ((agree, advance, seen(port="PVG"), miss), "other_port"),
        ((agree, advance, seen(0), miss), "refused_by_customs"),
    ],
)
def test_a_promise_is_broken_by_time_by_port_or_by_customs(steps: tuple[Step, ...], reason: str) -> None:
    claim = opened(*steps)
    assert last(claim) == {
        "on": date(2025, 6, 2),
        "reason": reason,
        "refund": cny("164.34"),
        "fee": cny("29.88"),
        "advanced": cny("134.46"),
        "capture_by": date(2025, 6, 5),
        "by": "shop",
    }


def test_the_promised_day_itself_still_counts() -> None:
    claim = opened(agree, advance)
    with pytest.raises(no.PromiseStillOpen):
        claim.miss_promise(date(2025, 6, 1))
    assert opened(agree, advance, seen(on=date(2025, 6, 1)), complete).state == "completed"


def test_a_customs_answer_that_arrives_late_but_was_in_time_completes_what_was_not_captured_yet() -> None:
    assert opened(agree, advance, miss, seen(on=date(2025, 6, 1)), complete).state == "completed"


def test_what_was_captured_by_then_is_paid_again_the_ordinary_way_instead() -> None:
    claim = opened(agree, advance, miss, recover, seen(on=date(2025, 6, 1)))
    with pytest.raises(no.ClaimHasAnotherState):
        complete(claim)
    pay(claim)
    assert claim.received == cny("134.46")


def test_goods_returned_after_the_advance_say_what_the_traveller_still_holds() -> None:
    assert last(opened(agree, advance, void)) == {
        "reason": "returned",
        "on": date(2025, 5, 16),
        "return_id": UUID(int=9),
        "refund": cny("164.34"),
        "fee": cny("29.88"),
        "net": cny("134.46"),
        "owed": cny("134.46"),
        "by": "shop",
    }
    assert last(opened(agree, void))["owed"] == ZERO


@pytest.mark.parametrize(
    "steps",
    [
        (agree,),
        (agree, advance),
        (seen(),),
        (agree, advance, seen(), complete),
        (agree, advance, miss),
        (agree, advance, miss, recover),
        (seen(), pay),
        (seen(), pay, settle),
        (agree, void),
    ],
)
def test_asking_twice_records_nothing_new(steps: tuple[Step, ...]) -> None:
    claim = opened(*steps)
    before = recorded(claim)
    for step in steps[-1:]:
        step(claim)
    assert recorded(claim) == before


@pytest.mark.parametrize(
    ("steps", "then", "refusal"),
    [
        ((), advance, no.ClaimHasAnotherState),
        ((), complete, no.ClaimHasAnotherState),
        ((), miss, no.ClaimHasAnotherState),
        ((), pay, no.CustomsNotConfirmed),
        ((), settle, no.ClaimHasAnotherState),
        ((), recover, no.RecoveryExceedsAdvance),
        ((agree,), lambda claim: claim.advance("cash", date(2025, 6, 2), cny("134.46")), no.PromisedDateTooLate),
        ((agree,), lambda claim: claim.advance("cash", date(2025, 5, 15), cny("134.45")), no.GuaranteeTooSmall),
        ((agree, advance), pay, no.AdvanceNotRecovered),
        ((agree, advance, seen()), pay, no.AdvanceNotRecovered),
        ((agree, advance, miss), pay, no.AdvanceNotRecovered),
        ((agree, advance, miss, recover), pay, no.CustomsNotConfirmed),
        ((agree, advance, seen(), complete), pay, no.ClaimHasAnotherState),
        ((agree, advance, seen(port="PVG")), complete, no.PromiseNotKept),
        ((agree, advance, seen(0)), complete, no.PromiseNotKept),
        ((agree, seen()), advance, no.ClaimHasAnotherState),
        ((agree, seen()), complete, no.ClaimHasAnotherState),
        ((seen(),), seen(1), no.CustomsAlreadyAnswered),
        ((seen(),), void, no.GoodsUnderCustomsControl),
        ((seen(0),), pay, no.CustomsNotConfirmed),
        ((seen(), pay), void, no.RefundIsFinal),
        ((agree, advance, seen(), complete), void, no.RefundIsFinal),
        ((agree, advance, seen(), complete, settle), void, no.RefundIsFinal),
        ((void,), agree, no.ClaimHasAnotherState),
        ((void,), seen(), no.ClaimHasAnotherState),
        ((void,), pay, no.ClaimHasAnotherState),
        ((), seen(3), no.MoreUnitsThanListed),
        ((), seen(-1), no.MoreUnitsThanListed),
        ((), lambda claim: claim.confirm_customs(date(2025, 5, 20), "PEK", {2: 1}), no.UnknownClaimLine),
        ((), seen(on=date(2025, 8, 14)), no.DepartureTooLate),
        ((agree, advance), lambda claim: claim.recover(HOLD, cny("134.47"), date(2025, 6, 4)), no.RecoveryExceedsAdvance),
        ((agree, advance), lambda claim: claim.recover(HOLD, ZERO, date(2025, 6, 4)), no.RecoveryExceedsAdvance),
    ],
)  # fmt: skip
def test_what_is_refused_records_nothing(steps: tuple[Step, ...], then: Step, refusal: type[SouvenirError]) -> None:
    claim = opened(*steps)
    before = recorded(claim)
    with pytest.raises(refusal):
        then(claim)
    assert recorded(claim) == before


def test_the_ordinary_route_has_no_advance_to_agree_on() -> None:
    with pytest.raises(no.ClaimNotInstant):
        opened(agree, mode="departure")


def test_nobody_promises_to_leave_after_the_last_day_of_the_claim() -> None:
    with pytest.raises(no.PromisedDateTooLate):
        opened(agree, last_departure_on=date(2025, 5, 31))


def test_above_the_ceiling_cash_is_refused_and_a_wallet_is_not() -> None:
    claim = opened(agree, cash_allowed=False)
    with pytest.raises(no.CashNotAllowed):
        advance(claim)
    claim.advance("wallet", date(2025, 5, 15), guaranteed=cny("134.46"))
    assert claim.state == "advanced"
