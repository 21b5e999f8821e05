"""A member of staff: known by the code on their badge, allowed what their roles allow, until they leave."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final, Literal
from uuid import UUID

from souvenir.access.token import Audience
from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import MalformedInput, SouvenirError
from souvenir.kernel.identifiers import derived_id

Role = Literal["manager", "cashier", "finance", "refund_desk", "licensor_readonly"]
ROLES: Final[tuple[Role, ...]] = ("manager", "cashier", "finance", "refund_desk", "licensor_readonly")

DOORS: Final[dict[Role, tuple[Audience, ...]]] = {
    "manager": ("backoffice", "finance"),
    "finance": ("finance",),
    "refund_desk": ("backoffice",),
    "licensor_readonly": ("backoffice",),
    "cashier": (),
}
"""Which doors a role opens with a token of one's own. A cashier works at a till, which has the token."""

_BADGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")


class BadgeTaken(SouvenirError):
    message = (
        "The badge {badge} already belongs to a member of staff with other roles. Change those, or choose another."
    )
    badge: str
    staff_id: UUID


class StaffLeft(SouvenirError):
    message = "{badge} left on {left_on} and can no longer be given anything."
    badge: str
    left_on: date


class RolesOpenNoSuchDoor(SouvenirError):
    message = "None of the roles of {badge} opens {audience}. Give a role that does first."
    badge: str
    audience: str


class Staff(Aggregate):
    """Someone who works here. The badge is a code, not a name: no personal data."""

    TOPIC = "access.Staff"

    class Engaged(Created):
        TOPIC = "access.StaffEngaged"
        badge: str
        roles: tuple[Role, ...]

    class RolesChanged(Aggregate.Event):
        TOPIC = "access.StaffRolesChanged"
        roles: tuple[Role, ...]

    class ActsFor(Aggregate.Event):
        """Works for a licensor, by the name its contracts have, and sees what is that licensor's."""

        TOPIC = "access.StaffActsForLicensor"
        licensor: str

    class Left(Aggregate.Event):
        TOPIC = "access.StaffLeft"
        left_on: date

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def engage(cls, badge: str, roles: Sequence[str]) -> "Staff":
        """Take someone on; the badge gives them their id, for ever."""
        if not _BADGE.fullmatch(badge):
            raise MalformedInput(expected="badge of 1 to 32 letters, digits, dots or dashes", value=badge[:40])
        return cls._create(cls.Engaged, id=staff_id(badge), badge=badge, roles=checked_roles(roles))

    def change_roles(self, roles: Sequence[str]) -> None:
        """Allow other things from now on; the same roles record nothing new."""
        self._require_here()
        if checked_roles(roles) != self.roles:
            self._roles_changed(roles=checked_roles(roles))

    def act_for(self, licensor: str) -> None:
        """Let them see a licensor's own licences; the same licensor twice records nothing new."""
        self._require_here()
        if not licensor.strip():
            raise MalformedInput(expected="licensor, by the name its contracts have", value=licensor[:40])
        if licensor != self.licensor:
            self._acts_for(licensor=licensor)

    def leave(self, left_on: date) -> None:
        """Every token of theirs stops at once; asking twice records nothing new."""
        if self.left_on is None:
            self._left(left_on=left_on)

    # Answer: what others ask before they act here.

    def require_door(self, audience: Audience) -> None:
        """Refuse unless one of the roles opens this door."""
        self._require_here()
        if not opens(self.roles, audience):
            raise RolesOpenNoSuchDoor(badge=self.badge, audience=audience)

    def _require_here(self) -> None:
        if self.left_on is not None:
            raise StaffLeft(badge=self.badge, left_on=self.left_on)

    # Evolve: assigns only.

    @event(Engaged)
    def __init__(self, badge: str, roles: tuple[Role, ...]) -> None:
        self.badge, self.roles = badge, roles
        self.licensor: str | None = None
        self.left_on: date | None = None

    @event(ActsFor)
    def _acts_for(self, licensor: str) -> None:
        self.licensor = licensor

    @event(RolesChanged)
    def _roles_changed(self, roles: tuple[Role, ...]) -> None:
        self.roles = roles

    @event(Left)
    def _left(self, left_on: date) -> None:
        self.left_on = left_on


def staff_id(badge: str) -> UUID:
    """The id of the member of staff with this badge."""
    return derived_id("staff", badge)


def opens(roles: Sequence[str], audience: str) -> bool:
    """Whether one of the roles opens this door."""
    return any(audience in DOORS[role] for role in ROLES if role in roles)


def checked_roles(roles: Sequence[str]) -> tuple[Role, ...]:
    """The roles named, once each and in their usual order; an unknown one, or none at all, is refused."""
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise MalformedInput(expected=f"role ({', '.join(ROLES)})", value=", ".join(unknown)[:40])
    return tuple(role for role in ROLES if role in roles)
