"""Editions as every audience sees them: what was declared, what is left and why not."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache, partial
from typing import Final
from uuid import UUID

import strawberry

from souvenir.api.connections import Connection, page
from souvenir.api.desk import Desk, desk
from souvenir.api.identity import Node, global_id, global_id_if, read_id
from souvenir.api.refusals import problems, tell
from souvenir.api.showcase import looking
from souvenir.api.types import Info, LocalizedText, described
from souvenir.editions import views
from souvenir.editions.allotment import NotAllottedHere
from souvenir.editions.application import EditionSoldOut, NoneLeftHere, OnlyReservedLeft
from souvenir.editions.edition import Edition as Declared
from souvenir.editions.matched_set import PartOfSet
from souvenir.editions.terms import EditionClosed, EditionNotReleased, EditionPaused, NotForSale, OnlyByDraw
from souvenir.editions.terms import Space as SpaceName
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError

WHY_NONE: Final[tuple[type[SouvenirError], ...]] = (
    PartOfSet,
    EditionClosed,
    EditionNotReleased,
    EditionPaused,
    NotForSale,
    OnlyByDraw,
    NotAllottedHere,
    OnlyReservedLeft,
    NoneLeftHere,
    EditionSoldOut,
)
"""Why an outlet has no piece to give, in the order in which it is said."""

AvailabilityProblems = problems("AvailabilityProblem", WHY_NONE)


@strawberry.enum(description="A run of numbers of its own: the numbered pieces, or one kind of proof.")
class Space(StrEnum):
    NUMBERED = "numbered"
    ARTISTS_PROOF = "AP"
    PRINTERS_PROOF = "PP"
    HORS_COMMERCE = "HC"


def space_name(space: Space) -> SpaceName:
    """The run as the shop names it."""
    name: SpaceName = space.value
    return name


@strawberry.type(description="Pieces made outside the numbered run.")
class Proofs:
    artists: int
    printers: int
    hors_commerce: int


@strawberry.type(description="What is left of a run, here and everywhere; and, if nothing can be had, why not.")
class Availability:
    available: bool = strawberry.field(description="Whether a piece can be had right now.")
    problems: AvailabilityProblems = strawberry.field(  # type: ignore[valid-type]
        description="What would be refused, and why."
    )
    free: int
    held: int
    sold: int
    reserved: int
    authorised: int = strawberry.field(description="The declared size of the run.")
    unallotted: int = strawberry.field(description="Numbers no outlet has been given.")


@strawberry.type(description="What became of one run of a sealed edition.")
class FinalCount:
    space: Space
    authorised: int
    sold: int
    retired: int
    unsold: int


@strawberry.type(description="How many pieces one buyer may have, at every channel together; null is no limit.")
class PurchaseLimits:
    per_order: int | None
    per_person: int | None
    per_household: int | None
    per_person_a_day: int | None


@strawberry.type(description="So many numbered pieces and no more.")
class Edition(Node):
    gtin: str
    size: int = strawberry.field(description="Of a timed edition 0, until it is counted.")
    proofs: Proofs
    numbering: str = strawberry.field(description="How a number is given: choice, sequential, random or draw.")
    state: str = strawberry.field(description="not released, on sale, paused or closed.")
    approved: bool
    on_sale_from: datetime | None
    closes_at: datetime | None = strawberry.field(description="When the window of a timed edition closes.")
    size_fixed_from: datetime | None = strawberry.field(description="When a timed edition may be counted.")
    visitors_only: bool = strawberry.field(description="Whether it is only for who can prove a visit.")
    parts: list[strawberry.ID] = strawberry.field(
        description="Of a matched set: the editions whose number 17 is in number 17 of it."
    )
    set_id: strawberry.ID | None = strawberry.field(description="The matched set it is sold in, and never alone.")
    product_id: strawberry.ID
    title: LocalizedText
    declared: strawberry.Private[Callable[[], Declared]]
    key: strawberry.Private[UUID]

    @described
    def predecessor_id(self) -> strawberry.ID | None:
        """The edition this is the second, or a later one, of."""
        return global_id_if("Edition", self.declared().predecessor)

    @described
    def limits(self) -> PurchaseLimits:
        """How many pieces one buyer may have."""
        return PurchaseLimits(**self.declared().limits.model_dump())

    @described
    def final_counts(self) -> list[FinalCount]:
        """The counts that were published when the edition was sealed, as corrected since; none before."""
        return [FinalCount(**count.model_dump() | {"space": Space(count.space)}) for count in self.declared().sealed]

    @described
    def recounts(self) -> list[str]:
        """What corrected the final counts after they were published, the first one first."""
        return list(self.declared().recounts)

    @described
    def availability(self, info: Info, outlet_id: strawberry.ID, space: Space = Space.NUMBERED) -> Availability:
        """What an outlet has left of a run, explained."""
        at, outlet = desk(info), read_id("Outlet", outlet_id, "outletId")
        run = space_name(space)
        found = at.shop.editions.why_none(self.key, outlet, run)
        authorised = self.size if run == "numbered" else getattr(self.proofs, _PROOFS[run])
        with at.shop.log.reading() as session:
            counts = views.availability(session, self.key, authorised, clock.now(), run)
        return Availability(
            available=not found,
            problems=[tell(refusal) for refusal in found],
            free=counts.count("free", outlet),
            held=counts.count("held", outlet),
            sold=counts.count("sold", outlet),
            reserved=counts.count("reserved", outlet),
            authorised=counts.authorised,
            unallotted=counts.unallotted,
        )

    @described
    def piece_status(self, info: Info, number: int, space: Space = Space.NUMBERED) -> str | None:
        """What anybody may know about one number: free, held, sold …; null if not allotted."""
        with desk(info).shop.log.reading() as session:
            return views.piece_status(session, self.key, number, clock.now(), space_name(space))


@strawberry.type
class EditionChange:
    replayed: bool
    key: strawberry.Private[UUID]

    @strawberry.field
    def edition(self, info: Info) -> Edition:
        return edition(desk(info), self.key)


def edition(at: Desk, id: UUID) -> Edition:
    """The edition with this id. Raises NotFound."""
    view = at.shop.views.editions
    with looking(at, view) as session:
        return _edition(at, view.edition(session, id))


def editions_of(at: Desk, product_ids: Collection[UUID]) -> dict[UUID, list[Edition]]:
    """The editions of these products, by product."""
    view = at.shop.views.editions
    found: dict[UUID, list[Edition]] = {id: [] for id in product_ids}
    with looking(at, view) as session:
        for row in view.of_products(session, product_ids):
            found[row.product_id].append(_edition(at, row))
    return found


def editions(at: Desk, first: int, after: str | None) -> Connection[Edition]:
    """Editions in the order in which they were declared."""
    view = at.shop.views.editions
    with looking(at, view) as session:
        return page(
            lambda start, limit: view.page(session, start, limit),
            key=lambda row: (str(row.edition_id),),
            node=partial(_edition, at),
            first=first,
            after=after,
            sort="edition",
            read=UUID,
        )


def _edition(at: Desk, row: views.EditionRow) -> Edition:
    proofs = row.proofs
    return Edition(
        id=global_id("Edition", row.edition_id),
        gtin=row.gtin,
        size=row.size,
        proofs=Proofs(artists=proofs.artists, printers=proofs.printers, hors_commerce=proofs.hors_commerce),
        numbering=row.numbering,
        state=row.state(clock.now()),
        approved=row.approved,
        on_sale_from=row.on_sale_from,
        closes_at=row.closes_at,
        size_fixed_from=row.fixed_from,
        visitors_only=row.visitors_only,
        parts=[global_id("Edition", part) for part in row.parts],
        set_id=global_id_if("Edition", row.set_id),
        product_id=global_id("Product", row.product_id),
        title=LocalizedText.of(row.title, at.languages),
        declared=cache(lambda: at.shop.log.load(Declared, row.edition_id)),
        key=row.edition_id,
    )


_PROOFS: Final[Mapping[str, str]] = {"AP": "artists", "PP": "printers", "HC": "hors_commerce"}
