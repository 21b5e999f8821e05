"""A matched set: number 17 of several editions, sold together as one piece and never apart.

The set is an edition like any other. The editions in it have no pieces of their own: their number 17 is wherever number
17 of the set is. So a set is held, sold and returned whole because there is nothing else that could be.
"""

from typing import Final
from uuid import UUID

from souvenir.kernel.errors import SouvenirError

FEWEST_PARTS: Final = 2
MOST_PARTS: Final = 50


class PartOfSet(SouvenirError):
    message = "Edition {edition_id} is sold only as part of set {set_id}, number by number. Ask for the set."
    edition_id: UUID
    set_id: UUID


class NotFitForSet(SouvenirError):
    message = "Edition {edition_id} cannot be part of set {set_id}: {reason}."
    edition_id: UUID
    set_id: UUID
    reason: str


def contradiction(set_id: UUID, parts: tuple[UUID, ...], *, timed: bool) -> str | None:
    """What cannot be declared of a set; nothing, too, if there are no parts and it is none."""
    if parts and not FEWEST_PARTS <= len(parts) <= MOST_PARTS:
        return f"a set has {FEWEST_PARTS} to {MOST_PARTS} parts"
    if len(set(parts)) < len(parts) or set_id in parts:
        return "the parts of a set are different editions, and none is the set"
    if parts and timed:
        return "a set is not timed: its parts have the same size"
    return None
