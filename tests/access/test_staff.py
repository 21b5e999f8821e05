"""Staff are engaged, change roles and leave; each is recorded once and replays to the same person."""

from datetime import date

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from souvenir.access.staff import ROLES, RolesOpenNoSuchDoor, Staff, StaffLeft, checked_roles, opens, staff_id
from souvenir.kernel.errors import MalformedInput


def test_a_badge_gives_its_id_and_roles_stand_in_their_usual_order():
    staff = Staff.engage("wang-7", ["finance", "manager", "finance"])
    assert staff.id == staff_id("wang-7")
    assert staff.roles == ("manager", "finance")


@pytest.mark.parametrize(("badge", "roles"), [("wang 7", ["manager"]), ("", ["manager"]), ("w", []), ("w", ["king"])])
def test_malformed_badges_and_roles_are_refused(badge: str, roles: list[str]):
    with pytest.raises(MalformedInput):
        Staff.engage(badge, roles)


def test_the_same_roles_and_leaving_again_record_nothing():
    staff = Staff.engage("wang-7", ["manager"])
    staff.change_roles(["manager"])
    assert staff.version == 1
    staff.leave(date(2026, 5, 1))
    staff.leave(date(2026, 5, 2))
    assert staff.version == 2
    assert staff.left_on == date(2026, 5, 1)


def test_who_left_gets_nothing_more():
    staff = Staff.engage("wang-7", ["manager"])
    staff.leave(date(2026, 5, 1))
    with pytest.raises(StaffLeft):
        staff.change_roles(["finance"])
    with pytest.raises(StaffLeft):
        staff.require_door("backoffice")


@pytest.mark.parametrize(
    ("role", "doors"),
    [
        ("manager", {"backoffice", "finance"}),
        ("finance", {"finance"}),
        ("refund_desk", {"backoffice"}),
        ("licensor_readonly", {"backoffice"}),
        ("cashier", set()),
    ],
)
def test_each_role_opens_its_doors_and_no_other(role: str, doors: set[str]):
    assert {door for door in ("storefront", "pos", "finance", "backoffice") if opens([role], door)} == doors


def test_a_door_that_no_role_opens_is_refused():
    with pytest.raises(RolesOpenNoSuchDoor, match="None of the roles of till-1 opens finance"):
        Staff.engage("till-1", ["cashier"]).require_door("finance")


class AnyCareer(RuleBasedStateMachine):
    """Whatever is asked in whatever order, who left stays gone and history replays to the same person."""

    def __init__(self) -> None:
        super().__init__()
        self.staff = Staff.engage("wang-7", ["manager"])
        self.history = list(self.staff.collect_events())
        self.roles: tuple[str, ...] = ("manager",)
        self.gone = False

    @rule(roles=st.lists(st.sampled_from(ROLES), min_size=1))
    def change_roles(self, roles: list[str]) -> None:
        try:
            self.staff.change_roles(roles)
        except StaffLeft:
            assert self.gone
        else:
            assert not self.gone
            self.roles = checked_roles(roles)

    @rule()
    def leave(self) -> None:
        self.staff.leave(date(2026, 5, 1))
        self.gone = True

    @invariant()
    def history_replays_to_the_same_person(self) -> None:
        self.history += self.staff.collect_events()
        copy = None
        for happened in self.history:
            copy = happened.mutate(copy)
        assert copy is not None
        assert (copy.roles, copy.left_on is not None) == (self.roles, self.gone)


TestAnyCareer = AnyCareer.TestCase
