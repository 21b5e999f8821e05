"""Approvals: five stages with evidence, clocks in business days, silence that rejects, and no sale before the last."""

from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from souvenir.kernel.errors import MalformedInput
from souvenir.licensing.application import check_grants
from souvenir.licensing.approval import (
    Approval,
    EarlierStageOpen,
    ProductNotApproved,
    StageNotAsked,
    StageNotOpen,
    StageSettled,
)
from souvenir.licensing.calendar import WEEKDAYS, BusinessCalendar
from souvenir.licensing.grant import STAGES, ApprovalRules, Grant
from souvenir.licensing.terms import TermUnsound, flat
from souvenir.testing import given

VASE = UUID("00000000-0000-0000-0000-00000000900d")
LICENCE = UUID(int=7)
FRIDAY, MONDAY = date(2026, 3, 6), date(2026, 3, 9)
NAME = {"zh-Hans": "云龙", "en": "Cloud dragon"}


def file(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def opened(**rules: Any) -> Approval:
    return Approval.open(LICENCE, "LIC-A", VASE, "VASE-01", ApprovalRules(**rules))


def shown(stage: Any = "concept", text: str = "sketch", on: date = FRIDAY) -> Any:
    return lambda approval: approval.submit(stage, file(text), on, WEEKDAYS)


def answered(outcome: Any = "approved", stage: Any = "concept", text: str = "mail", on: date = MONDAY) -> Any:
    return lambda approval: approval.answer(stage, outcome, on, "Ms Lin", file(text))


def test_the_clock_of_a_stage_counts_business_days() -> None:
    given(opened(answer_days=5)).when(shown()).then(
        Approval.Submitted, stage="concept", evidence=file("sketch"), answer_due=date(2026, 3, 13)
    )


def test_holidays_stop_the_clock_and_worked_weekends_move_it() -> None:
    spring_festival = BusinessCalendar(
        holidays=frozenset(date(2026, 2, day) for day in range(15, 24)),
        worked=frozenset({date(2026, 2, 14), date(2026, 2, 28)}),
    )
    assert spring_festival.after(date(2026, 2, 13), 2) == date(2026, 2, 24)
    assert spring_festival.after(date(2026, 2, 27), 1) == date(2026, 2, 28)
    assert WEEKDAYS.after(FRIDAY, 1) == MONDAY


@pytest.mark.parametrize("outcome", ["approved", "approved_with_changes"])
def test_an_approved_stage_opens_the_next(outcome: Any) -> None:
    given(opened(), shown(), answered(outcome)).when(shown("artwork", "drawing")).then(
        Approval.Submitted, stage="artwork"
    )


def test_a_rejected_stage_may_be_shown_again_with_other_evidence() -> None:
    rejected = (shown(), answered("rejected"))
    given(opened(), *rejected).when(shown(text="second sketch")).then(Approval.Submitted, stage="concept")
    assert given(opened(), *rejected).when(shown()).events == []


def test_what_was_rejected_may_be_shown_again_unchanged_on_a_later_day() -> None:
    again, silence = date(2026, 3, 16), (shown(), lambda approval: approval.count_silence(date(2026, 3, 14)))
    rules = {"answer_days": 5}
    given(opened(**rules), *silence).when(shown(on=again)).then(Approval.Submitted, answer_due=date(2026, 3, 23))
    assert given(opened(**rules), *silence, shown(on=again)).when(shown(on=again)).events == []


def test_one_letter_may_answer_two_stages() -> None:
    before, letter = (shown(), answered(), shown("artwork", "drawing")), answered(stage="artwork")
    given(opened(), *before).when(letter).then(Approval.Answered, stage="artwork", outcome="approved")
    assert given(opened(), *before, letter).when(letter).events == []


def test_stages_come_in_order() -> None:
    outcome = given(opened()).when(shown("production_sample"))
    assert isinstance(outcome.refusal, EarlierStageOpen)
    assert isinstance(given(opened(stages=("artwork",))).when(shown("concept")).refusal, StageNotAsked)
    assert isinstance(given(opened(), shown()).when(shown(text="other")).refusal, StageSettled)
    assert isinstance(given(opened(), shown(), answered()).when(shown(text="other")).refusal, StageSettled)


def test_asking_twice_records_nothing_new() -> None:
    assert given(opened(), shown()).when(shown()).events == []
    assert given(opened(), shown(), answered()).when(answered()).events == []
    late = (opened(), shown(), lambda approval: approval.count_silence(date(2026, 12, 1)))
    assert given(*late).when(lambda approval: approval.count_silence(date(2026, 12, 2))).events == []


def test_an_answer_needs_a_question_and_evidence() -> None:
    assert isinstance(given(opened()).when(answered()).refusal, StageNotOpen)
    assert isinstance(given(opened(), shown(), answered()).when(answered(text="2nd")).refusal, StageNotOpen)
    no_hash = given(opened()).when(lambda approval: approval.submit("concept", "sketch.pdf", FRIDAY, WEEKDAYS))
    assert isinstance(no_hash.refusal, MalformedInput)


@pytest.mark.parametrize(("consents", "outcome"), [(False, "rejected"), (True, "approved")])
def test_silence_is_not_consent_unless_the_contract_says_so(consents: bool, outcome: str) -> None:
    rules = {"answer_days": 5, "silence_consents": consents}
    in_time = given(opened(**rules), shown()).when(lambda approval: approval.count_silence(date(2026, 3, 13)))
    assert in_time.events == []
    given(opened(**rules), shown()).when(lambda approval: approval.count_silence(date(2026, 3, 14))).then(
        Approval.SilenceCounted, stage="concept", outcome=outcome
    )


@pytest.fixture
def licence(small_shop: Any, grant: Grant) -> UUID:
    """A contract that wants artwork and the production sample approved, silence being consent."""
    rules = ApprovalRules(stages=("artwork", "production_sample"), silence_consents=True)
    wanted = grant.model_copy(update={"approval": rules})
    granted: UUID = small_shop.licensing.grant("LIC-A", "Studio", NAME, wanted, flat("0.08", "CNY")).result
    return granted


def submit(shop: Any, licence: UUID, stage: Any, on: date) -> UUID:
    approval: UUID = shop.licensing.submit_for_approval(licence, VASE, "VASE-01", stage, file(stage), on).result
    return approval


def check(shop: Any, licence: UUID, on: date, product: UUID | None = VASE) -> None:
    sale = ("enamel", "CN", "shop", on)
    shop.log.execute(lambda tx: check_grants(tx, (licence,), *sale, product_id=product))


def test_nothing_is_sold_before_the_last_stage_is_approved(small_shop: Any, licence: UUID) -> None:
    with pytest.raises(ProductNotApproved):
        check(small_shop, licence, FRIDAY)
    approval = submit(small_shop, licence, "artwork", FRIDAY)
    small_shop.licensing.record_answer(approval, "artwork", "approved", MONDAY, "Ms Lin", file("yes"))
    with pytest.raises(ProductNotApproved):
        check(small_shop, licence, date(2026, 12, 1))
    submit(small_shop, licence, "production_sample", MONDAY)
    small_shop.licensing.record_answer(
        approval,
        "production_sample",
        "approved_with_changes",
        date(2026, 4, 1),
        "Ms Lin",
        file("yes, but"),
        "deeper blue",
    )
    check(small_shop, licence, date(2026, 4, 1))
    with pytest.raises(ProductNotApproved):
        check(small_shop, licence, date(2026, 3, 31))


def test_what_was_sold_before_approval_is_a_breach(small_shop: Any, licence: UUID) -> None:
    small_shop.sell("1130.00", licence, on=FRIDAY)
    with small_shop.log.reading() as session:
        assert [b.code for b in small_shop.royalties.breaches(session, licence)] == ["PRODUCT_NOT_APPROVED"]


def test_the_clock_decides_what_nobody_answered(shop: Any, grant: Grant) -> None:
    rules = ApprovalRules(stages=("artwork",), silence_consents=True)
    wanted = grant.model_copy(update={"approval": rules})
    licence = shop.licensing.grant("LIC-A", "Studio", NAME, wanted, flat("0.08", "CNY")).result
    approval = submit(shop, licence, "artwork", FRIDAY)
    assert shop.licensing.count_silences(date(2026, 3, 20)) == 0
    assert shop.licensing.count_silences(date(2026, 3, 21)) == 1
    assert shop.licensing.count_silences(date(2026, 3, 22)) == 0
    assert shop.log.load(Approval, approval).submissions["artwork"].outcome == "approved"
    check(shop, licence, date(2026, 3, 21))


def test_a_contract_without_approvals_asks_for_none(small_shop: Any, grant: Grant) -> None:
    licence = small_shop.licensing.grant("LIC-B", "Studio", NAME, grant, flat("0.08", "CNY")).result
    check(small_shop, licence, FRIDAY)
    with pytest.raises(StageNotAsked):
        submit(small_shop, licence, "artwork", FRIDAY)


@pytest.mark.parametrize("rules", [{"stages": ()}, {"stages": ("marketing", "concept")}, {"answer_days": 0}])
def test_rules_nobody_could_follow_are_refused(small_shop: Any, grant: Grant, rules: dict[str, Any]) -> None:
    wanted = grant.model_copy(update={"approval": ApprovalRules(**rules)})
    with pytest.raises(TermUnsound):
        small_shop.licensing.grant("LIC-B", "Studio", NAME, wanted, flat("0.08", "CNY"))
    assert STAGES[-1] == "marketing"
