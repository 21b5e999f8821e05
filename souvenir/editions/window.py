"""A timed edition: as many as are ordered while its window is open, counted once nobody can cancel any more."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import AwareDatetime

from souvenir.editions.terms import Numbering
from souvenir.kernel.aggregate import Value
from souvenir.kernel.errors import SouvenirError

BLOCK: Final = 1_000
"""Numbers that are opened at a time, while the window is open."""


class SizeNotFixed(SouvenirError):
    message = "Edition {edition_id} is timed: how many it is can be said from {fixed_from}, not before."
    edition_id: UUID
    fixed_from: datetime


class SoldAtOneOutlet(SouvenirError):
    message = "Edition {edition_id} is timed and sold at one outlet only, so that its numbers have no gaps."
    edition_id: UUID


class Window(Value):
    """When a timed edition stops taking orders, and from when on its size can be fixed: published in advance."""

    closes_at: AwareDatetime
    fixed_from: AwareDatetime
    """The end of the time in which buyers may cancel."""

    def contradiction(self, size: int, numbering: Numbering, reserved: tuple[int, ...]) -> str | None:
        """What cannot be declared together with a window."""
        if size != 0:
            return "a timed edition has no size before it is counted: declare 0"
        if numbering != "sequential" or reserved:
            return "the numbers of a timed edition are given in sequence, and none is reserved"
        if self.fixed_from < self.closes_at:
            return "its size cannot be fixed before its window closes"
        return None
