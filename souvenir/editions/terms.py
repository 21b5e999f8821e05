"""What selling a piece must know of its edition: whether it is on sale, how numbers are given, how long a hold lasts."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, get_args
from uuid import UUID

from pydantic import Field

from souvenir.editions.matched_set import PartOfSet
from souvenir.kernel.aggregate import Value
from souvenir.kernel.errors import SouvenirError

Space = Literal["numbered", "AP", "PP", "HC"]
"""A run of numbers of its own: the numbered pieces, artist's proofs, printer's proofs, hors commerce."""

Numbering = Literal["choice", "sequential", "random", "draw"]
"""How a number is given: the buyer may choose one, the lowest free one, any free one with equal chance, or to
those a draw chose, in the order of their ranks."""

SPACES: tuple[Space, ...] = get_args(Space)
NOT_FOR_SALE: frozenset[Space] = frozenset({"HC"})

USUAL_HOLD: Final = timedelta(minutes=15)
"""How long a piece is kept for a buyer at a time, where its edition allows as much."""


class EditionNotReleased(SouvenirError):
    message = "Edition {edition_id} is not on sale yet (on sale from: {on_sale_from})."
    edition_id: UUID
    on_sale_from: datetime | None


class EditionNotApproved(SouvenirError):
    message = "Edition {edition_id} needs its licensor's approval before it is released."
    edition_id: UUID


class EditionAlreadyReleased(SouvenirError):
    message = "Edition {edition_id} is released already, on sale from {on_sale_from}."
    edition_id: UUID
    on_sale_from: datetime


class EditionPaused(SouvenirError):
    message = "Edition {edition_id} is paused: {reason}. Pieces already held can still be bought."
    edition_id: UUID
    reason: str


class EditionClosed(SouvenirError):
    message = "Edition {edition_id} is closed: {reason}."
    edition_id: UUID
    reason: str


class NotForSale(SouvenirError):
    message = "{space} pieces of edition {edition_id} are hors commerce: samples that are never sold."
    edition_id: UUID
    space: str


class NumberNotForChoosing(SouvenirError):
    message = "Numbers of edition {edition_id} are given in {numbering} order, not chosen. Ask for the next piece."
    edition_id: UUID
    numbering: str


class OnlyByDraw(SouvenirError):
    message = "Pieces of edition {edition_id} are sold to those a draw chose, and to nobody else."
    edition_id: UUID


class ProofOfVisitMissing(SouvenirError):
    message = "Edition {edition_id} is for visitors only: show the ticket or the tour booking of your visit first."
    edition_id: UUID


class HoldTooLong(SouvenirError):
    message = "A piece of edition {edition_id} can be held for {minutes} minutes at most."
    edition_id: UUID
    minutes: int


VisitKind = Literal["ticket", "tour"]


class Visit(Value):
    """A proof of visit that was checked by whoever passes it in. The reference is a number, never a name."""

    kind: VisitKind
    reference: str = Field(min_length=1, max_length=64)
    visited_on: date


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of sale of one edition at one moment: a few facts, so that a sale need not replay the edition."""

    edition_id: UUID
    product_id: UUID
    numbering: Numbering
    longest_hold: timedelta
    on_sale_from: datetime | None
    paused_because: str | None
    closed_because: str | None
    limited: bool = False
    """Whether one buyer may have only so many."""
    closes_at: datetime | None = None
    """When the window of a timed edition closes."""
    visitors_only: bool = False
    """Whether a piece is only for who can prove a visit."""
    set_id: UUID | None = None
    """The matched set it is a part of: then nothing of it is sold alone."""

    def must_be_open(self) -> None:
        """Refuse what a closed edition does not do any more."""
        if self.closed_because is not None:
            raise EditionClosed(edition_id=self.edition_id, reason=self.closed_because)

    def must_be_on_sale(self, space: Space, now: datetime) -> None:
        """Refuse to take a piece: part of a set, closed, its window over, then not released, then paused, then a space that is never sold."""
        if self.set_id is not None:
            raise PartOfSet(edition_id=self.edition_id, set_id=self.set_id)
        self.must_be_open()
        if self.closes_at is not None and now >= self.closes_at:
            raise EditionClosed(edition_id=self.edition_id, reason="window over")
        if self.on_sale_from is None or now < self.on_sale_from:
            raise EditionNotReleased(edition_id=self.edition_id, on_sale_from=self.on_sale_from)
        if self.paused_because is not None:
            raise EditionPaused(edition_id=self.edition_id, reason=self.paused_because)
        if space in NOT_FOR_SALE:
            raise NotForSale(edition_id=self.edition_id, space=space)

    def must_be_for_anyone(self) -> None:
        """Refuse who was not chosen, where a draw chooses the buyers."""
        if self.numbering == "draw":
            raise OnlyByDraw(edition_id=self.edition_id)

    def must_be_visited(self, visit: Visit | None) -> None:
        """Refuse who cannot prove a visit, where pieces are for visitors only."""
        if self.visitors_only and visit is None:
            raise ProofOfVisitMissing(edition_id=self.edition_id)

    def must_let_choose(self) -> None:
        """Refuse a buyer's choice of number when numbers are given in another order."""
        if self.numbering != "choice":
            raise NumberNotForChoosing(edition_id=self.edition_id, numbering=self.numbering)

    def must_allow_hold(self, since: datetime, until: datetime) -> None:
        """Refuse a hold that lasts longer than this edition allows."""
        if until - since > self.longest_hold:
            raise HoldTooLong(edition_id=self.edition_id, minutes=int(self.longest_hold.total_seconds() // 60))
