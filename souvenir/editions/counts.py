"""How many: the proofs beside a run of numbers, and at the end what became of each run."""

from typing import cast, get_args
from uuid import UUID

from pydantic import Field

from souvenir.editions.terms import Space
from souvenir.kernel.aggregate import Value
from souvenir.kernel.errors import SouvenirError

LARGEST_SIZE = 1_000_000


class UnknownSpace(SouvenirError):
    message = "{space!r} is not a run of numbers. Use numbered, AP, PP or HC."
    space: str


class SizeCannotGrow(SouvenirError):
    message = (
        "Edition {edition_id} was declared as {size}; it can be made smaller, never {asked}. Declare a second edition."
    )
    edition_id: UUID
    size: int
    asked: int


class EditionNotClosed(SouvenirError):
    message = "Edition {edition_id} is sealed with its final counts once it is closed, not before."
    edition_id: UUID


class EditionStillMoving(SouvenirError):
    message = "Edition {edition_id} cannot be counted while {moving} of its pieces are held, leased or being returned."
    edition_id: UUID
    moving: int


class Proofs(Value):
    """How many pieces were made outside the numbered run, by kind. Published together with the size."""

    artists: int = Field(default=0, ge=0, le=LARGEST_SIZE)
    printers: int = Field(default=0, ge=0, le=LARGEST_SIZE)
    hors_commerce: int = Field(default=0, ge=0, le=LARGEST_SIZE)

    def of(self, space: Space) -> int:
        """The count of one kind of proof."""
        return {"AP": self.artists, "PP": self.printers, "HC": self.hors_commerce}[space]


class FinalCount(Value):
    """What became of one run of a sealed edition. What came back from its buyer is unsold."""

    space: Space
    authorised: int
    sold: int
    retired: int
    unsold: int


def space_named(text: str) -> Space:
    """The run of numbers that goes by this name."""
    for space in get_args(Space):
        if space == text:
            return cast(Space, space)
    raise UnknownSpace(space=text[:40])
