"""Staff at their desk: who may do what is said by role, before anything else is looked at."""

from typing import Final

from souvenir.api.desk import Desk, desk
from souvenir.api.types import Info

MANAGER: Final = ("manager",)
"""Runs the shop."""
REFUND_DESK: Final = ("manager", "refund_desk")
"""Answers for customs, and takes parcels back."""
BOOKKEEPER: Final = ("finance", "manager")
"""Keeps the books."""
ANYBODY: Final = (*REFUND_DESK, "licensor_readonly")
"""Whomever the back office admits: a licensor's guest looks at goods, not at trade."""


def manager(info: Info) -> Desk:
    """The desk, for who runs the shop. Raises NotPermitted, as all of these do."""
    return _desk_of(MANAGER, info)


def refund_desk(info: Info) -> Desk:
    """The desk, for who answers for customs or runs the shop."""
    return _desk_of(REFUND_DESK, info)


def bookkeeper(info: Info) -> Desk:
    """The desk, for who keeps the books or runs the shop."""
    return _desk_of(BOOKKEEPER, info)


def anybody(info: Info) -> Desk:
    """The desk, for anybody the back office admits."""
    return _desk_of(ANYBODY, info)


def _desk_of(roles: tuple[str, ...], info: Info) -> Desk:
    at = desk(info)
    at.require(*roles)
    return at
