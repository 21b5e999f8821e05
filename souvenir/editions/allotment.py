"""An allotment: a range of numbers that one outlet may sell, and nobody else."""

from uuid import UUID

from souvenir.editions.terms import Space
from souvenir.kernel.aggregate import Value
from souvenir.kernel.errors import SouvenirError


class AlreadyAllotted(SouvenirError):
    message = "Numbers {first} to {last} ({space}) of edition {edition_id} are allotted already."
    edition_id: UUID
    space: str
    first: int
    last: int


class NumberOutsideRun(SouvenirError):
    message = "Edition {edition_id} has no number {number} ({space}): the run is 1 to {last}."
    edition_id: UUID
    space: str
    number: int
    last: int


class NotAllottedHere(SouvenirError):
    message = "Edition {edition_id} is not allotted to outlet {outlet_id} (number asked for: {number})."
    edition_id: UUID
    outlet_id: UUID
    number: int | None


class TooManyAllotments(SouvenirError):
    message = "Edition {edition_id} has {limit} allotments already, the most an edition can have. Allot longer ranges."
    edition_id: UUID
    limit: int


class Range(Value):
    """Numbers first to last of one space, allotted to one outlet."""

    outlet_id: UUID
    space: Space
    first: int
    last: int

    def overlaps(self, space: Space, first: int, last: int) -> bool:
        return self.space == space and self.first <= last and first <= self.last

    def without(self, first: int, last: int) -> tuple["Range", ...]:
        """What is left of this range once first to last are taken out of it."""
        left = (
            self.model_copy(update={"last": min(self.last, first - 1)}),
            self.model_copy(update={"first": max(self.first, last + 1)}),
        )
        return tuple(part for part in left if part.first <= part.last)
