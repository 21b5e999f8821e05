"""A person is forgotten purpose by purpose, never while the law holds the data, and replays to the same state."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from souvenir.kernel.errors import MalformedInput, SouvenirError
from souvenir.privacy.subject import PURPOSES, AlreadyErased, ErasureOnHold, LegalHold, Subject

SOMEONE = UUID("00000000-0000-0000-0000-000000000001")
TODAY = date(2026, 5, 1)


def test_erasing_twice_records_once():
    subject = Subject.register(SOMEONE)
    subject.erase(["marketing", "identity"], "on request", TODAY)
    subject.erase(["identity"], "on request", TODAY)
    assert subject.version == 2
    assert subject.erased == ("identity", "marketing")


def test_erasing_more_records_only_what_is_new():
    subject = Subject.register(SOMEONE)
    subject.erase(["marketing"], "on request", TODAY)
    subject.erase(["marketing", "provenance"], "on request", TODAY)
    erased = [event for event in subject.collect_events() if isinstance(event, Subject.Erased)]
    assert [event.purposes for event in erased] == [("marketing",), ("provenance",)]


def test_a_legal_hold_blocks_erasure_of_its_purpose_until_its_day():
    subject = Subject.register(SOMEONE)
    subject.hold("tax", "refund vouchers are kept", date(2056, 1, 1))
    with pytest.raises(ErasureOnHold, match="tax cannot be erased before 2056-01-01: refund vouchers are kept"):
        subject.erase(["identity", "tax"], "on request", TODAY)
    assert subject.erased == ()
    subject.erase(["tax"], "kept long enough", date(2056, 1, 1))
    assert subject.erased == ("tax",)


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
    subject.erase(["tax"], "on request", TODAY)
    with pytest.raises(AlreadyErased):
        subject.hold("tax", "too late", date(2056, 1, 1))


@pytest.mark.parametrize("purposes", [["gossip"], [], ["tax", "gossip"]])
def test_unknown_purposes_are_refused(purposes: list[str]):
    subject = Subject.register(SOMEONE)
    with pytest.raises(MalformedInput):
        subject.erase(purposes, "on request", TODAY)
    assert subject.version == 1


class AnyLife(RuleBasedStateMachine):
    """Whatever is asked in whatever order, erased data stays erased and history replays to the same person."""

    def __init__(self) -> None:
        super().__init__()
        self.subject = Subject.register(SOMEONE)
        self.history = list(self.subject.collect_events())
        self.holds: dict[str, LegalHold] = {}
        self.erased: set[str] = set()

    @rule(purpose=st.sampled_from(PURPOSES), until=st.dates(date(2026, 1, 1), date(2026, 12, 31)))
    def hold(self, purpose: str, until: date) -> None:
        try:
            self.subject.hold(purpose, "vouchers", until)
        except SouvenirError:
            assert purpose in self.erased
        else:
            self.holds[purpose] = LegalHold("vouchers", until)

    @rule(purpose=st.sampled_from(PURPOSES))
    def lift(self, purpose: str) -> None:
        self.subject.lift_hold(purpose)
        self.holds.pop(purpose, None)

    @rule(purposes=st.lists(st.sampled_from(PURPOSES), min_size=1), on=st.dates(date(2026, 1, 1), date(2026, 12, 31)))
    def erase(self, purposes: list[str], on: date) -> None:
        blocked = {purpose for purpose, hold in self.holds.items() if on < hold.until} - self.erased
        try:
            self.subject.erase(purposes, "on request", on)
        except ErasureOnHold:
            assert blocked & set(purposes)
        else:
            assert not blocked & set(purposes)
            self.erased |= set(purposes)

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
