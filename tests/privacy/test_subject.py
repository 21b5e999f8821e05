"""A person is forgotten purpose by purpose, never while the law holds the data, and replays to the same state."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from souvenir.kernel.errors import MalformedInput, SouvenirError
from souvenir.privacy.subject import PURPOSES, AlreadyErased, Duty, LegalHold, Subject, Term

SOMEONE = UUID("00000000-0000-0000-0000-000000000001")
TODAY = date(2026, 5, 1)


def test_erasing_twice_records_once():
    subject = Subject.register(SOMEONE)
    subject.erase(["marketing", "identity"], "on request", TODAY, TODAY)
    subject.erase(["identity"], "on request", TODAY, TODAY)
    assert subject.version == 2
    assert subject.erased == ("identity", "marketing")


def test_erasing_more_records_only_what_is_new():
    subject = Subject.register(SOMEONE)
    subject.erase(["marketing"], "on request", TODAY, TODAY)
    subject.erase(["marketing", "provenance"], "on request", TODAY, TODAY)
    erased = [event for event in subject.collect_events() if isinstance(event, Subject.Erased)]
    assert [event.purposes for event in erased] == [("marketing",), ("provenance",)]


def test_a_legal_hold_blocks_erasure_of_its_purpose_until_its_day():
    subject = Subject.register(SOMEONE)
    subject.hold("tax", "refund vouchers are kept", date(2056, 1, 1))
    with pytest.raises(LegalHold, match="tax cannot be erased before 2056-01-01: refund vouchers are kept"):
        subject.erase(["identity", "tax"], "on request", TODAY, TODAY)
    assert subject.erased == ()
    subject.erase(["tax"], "kept long enough", TODAY, date(2056, 1, 1))
    assert subject.erased == ("tax",)


TAX_LAW = Term("refund forms are tax documents", date(2036, 1, 1), by_law=True)


def test_a_rule_of_the_schedule_holds_until_its_day_and_a_longer_one_extends_it():
    subject = Subject.register(SOMEONE)
    subject.keep("tax", "CN/refund_form", TAX_LAW)
    subject.keep("tax", "CN/refund_form", TAX_LAW)
    subject.keep("tax", "CN/refund_form", replace(TAX_LAW, until=date(2035, 1, 1)))
    assert subject.version == 2
    subject.keep("tax", "CN/refund_form", replace(TAX_LAW, until=date(2037, 1, 1)))
    with pytest.raises(LegalHold, match="cannot be erased before 2037-01-01: refund forms are tax documents"):
        subject.erase(["tax"], "on request", TODAY, date(2036, 12, 31))
    subject.erase(["tax"], "on request", TODAY, date(2037, 1, 1))
    assert subject.erased == ("tax",)


def test_a_term_that_is_only_promised_does_not_keep_what_somebody_asks_to_be_gone():
    subject = Subject.register(SOMEONE)
    subject.keep("identity", "*/purchase_evidence", Term("limits", date(2029, 5, 1), by_law=False))
    subject.erase(["identity"], "on request", TODAY, TODAY)
    assert (subject.erased, subject.terms_for("identity")) == (("identity",), [])


def test_a_hold_for_a_dispute_and_its_end_leave_what_the_law_orders():
    subject = Subject.register(SOMEONE)
    subject.keep("tax", "CN/refund_form", TAX_LAW)
    subject.hold("tax", "a dispute is open", date(2027, 1, 1))
    assert subject.duty("tax") == Duty("refund forms are tax documents", date(2036, 1, 1))
    subject.hold("tax", "a long dispute is open", date(2040, 1, 1))
    assert subject.duty("tax") == Duty("a long dispute is open", date(2040, 1, 1))
    subject.lift_hold("tax")
    assert subject.duty("tax") == Duty("refund forms are tax documents", date(2036, 1, 1))


def test_the_law_of_one_purpose_keeps_no_other():
    subject = Subject.register(SOMEONE)
    subject.keep("tax", "CN/refund_form", TAX_LAW)
    subject.erase(["identity", "marketing"], "on request", TODAY, TODAY)
    assert subject.erased == ("identity", "marketing")
    assert subject.duty("tax") is not None


def test_nothing_is_kept_of_what_was_erased():
    subject = Subject.register(SOMEONE)
    subject.erase(["tax"], "on request", TODAY, TODAY)
    subject.keep("tax", "CN/refund_form", TAX_LAW)
    assert (subject.duty("tax"), subject.version) == (None, 2)


def test_a_request_of_a_day_to_come_is_refused():
    subject = Subject.register(SOMEONE)
    with pytest.raises(MalformedInput):
        subject.erase(["tax"], "on request", date(2026, 5, 3), TODAY)
    subject.erase(["tax"], "on request, where it is tomorrow", date(2026, 5, 2), TODAY)


def test_the_same_hold_again_and_lifting_none_record_nothing():
    subject = Subject.register(SOMEONE)
    subject.hold("tax", "refund vouchers are kept", date(2056, 1, 1))
    subject.hold("tax", "refund vouchers are kept", date(2056, 1, 1))
    subject.lift_hold("identity")
    assert subject.version == 2
    subject.lift_hold("tax")
    subject.lift_hold("tax")
    assert subject.version == 3
    assert subject.holds == {}


def test_what_was_erased_cannot_be_held():
    subject = Subject.register(SOMEONE)
    subject.erase(["tax"], "on request", TODAY, TODAY)
    with pytest.raises(AlreadyErased):
        subject.hold("tax", "too late", date(2056, 1, 1))


@pytest.mark.parametrize("purposes", [["gossip"], [], ["tax", "gossip"]])
def test_unknown_purposes_are_refused(purposes: list[str]):
    subject = Subject.register(SOMEONE)
    with pytest.raises(MalformedInput):
        subject.erase(purposes, "on request", TODAY, TODAY)
    assert subject.version == 1


class AnyLife(RuleBasedStateMachine):
    """Whatever is asked in whatever order, erased data stays erased and history replays to the same person."""

    def __init__(self) -> None:
        super().__init__()
        self.subject = Subject.register(SOMEONE)
        self.history = list(self.subject.collect_events())
        self.holds: dict[str, Duty] = {}
        self.erased: set[str] = set()

    @rule(purpose=st.sampled_from(PURPOSES), until=st.dates(date(2026, 1, 1), date(2026, 12, 31)))
    def hold(self, purpose: str, until: date) -> None:
        try:
            self.subject.hold(purpose, "vouchers", until)
        except SouvenirError:
            assert purpose in self.erased
        else:
            self.holds[purpose] = Duty("vouchers", until)

    @rule(purpose=st.sampled_from(PURPOSES))
    def lift(self, purpose: str) -> None:
        self.subject.lift_hold(purpose)
        self.holds.pop(purpose, None)

    @rule(purposes=st.lists(st.sampled_from(PURPOSES), min_size=1), on=st.dates(date(2026, 1, 1), date(2026, 12, 31)))
    def erase(self, purposes: list[str], on: date) -> None:
        blocked = {purpose for purpose, hold in self.holds.items() if on < hold.until} - self.erased
        try:
            self.subject.erase(purposes, "on request", on, on)
        except LegalHold:
            assert blocked & set(purposes)
        else:
            assert not blocked & set(purposes)
            self.erased |= set(purposes)
            for purpose in purposes:
                self.holds.pop(purpose, None)

    @invariant()
    def history_replays_to_the_same_person(self) -> None:
        self.history += self.subject.collect_events()
        copy = None
        for happened in self.history:
            copy = happened.mutate(copy)
        assert copy is not None
        assert (set(copy.erased), copy.holds) == (self.erased, self.holds)
        assert len(copy.erased) == len(self.erased)


TestAnyLife = AnyLife.TestCase
