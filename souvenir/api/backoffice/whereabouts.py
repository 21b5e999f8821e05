"""Where the pieces of an edition are, for staff: sold, held, leased to which till, kept for a draw, taken out."""

from datetime import datetime
from functools import partial
from uuid import UUID

import strawberry

from souvenir.api.desk import Desk
from souvenir.api.editions import Space, space_name
from souvenir.api.identity import global_id, global_id_if, read_id
from souvenir.api.places import Outlet, outlets_with
from souvenir.api.showcase import Later, Together
from souvenir.api.staff import manager
from souvenir.api.types import Info, described
from souvenir.editions import views
from souvenir.editions.edition import Edition
from souvenir.editions.lease import Lease
from souvenir.kernel import clock
from souvenir.pos.device import Device


@strawberry.type(description="How many pieces of one outlet's allotment are where.")
class OutletPieces:
    outlet_id: strawberry.ID | None = strawberry.field(
        description="Null for pieces taken out before they were allotted."
    )
    free: int
    kept_for_draw: int = strawberry.field(description="Free, but only for those a draw chooses.")
    held: int
    sold: int
    returned: int = strawberry.field(description="Came back, and not yet on sale again.")
    reserved: int
    leased: int
    retired: int
    outlet_of_it: strawberry.Private[Later[Outlet]]

    @described
    def outlet(self) -> Outlet | None:
        """The outlet itself."""
        return self.outlet_of_it()


@strawberry.type(description="Numbers a till has to itself.")
class TillLease:
    lease_id: strawberry.ID
    outlet_id: strawberry.ID
    till: str
    numbers: int = strawberry.field(description="Those it has not sold, as far as it reported.")
    back_at: datetime


@strawberry.type(description="Where the pieces of one run are. Authorised is unallotted and all the rest together.")
class Whereabouts:
    authorised: int
    unallotted: int
    outlets: list[OutletPieces]
    leases: list[TillLease] = strawberry.field(description="At most a hundred, those that end first first.")


@strawberry.type
class WhereaboutsQuery:
    @described
    def whereabouts(self, info: Info, edition_id: strawberry.ID, space: Space = Space.NUMBERED) -> Whereabouts:
        """Where the pieces of an edition are, and why no more can be sold."""
        at = manager(info)
        edition = at.shop.log.load(Edition, read_id("Edition", edition_id, "editionId"))
        run, now, drawn = space_name(space), clock.now(), edition.numbering == "draw"
        authorised = 0 if edition.size_open else edition.last_number(run)
        with at.shop.log.reading() as session:
            found = views.availability(session, edition.id, authorised, now, run)
            leased = views.leased(session, edition.id, now, run)
        outlets = Together(partial(outlets_with, at))
        return Whereabouts(
            authorised=found.authorised,
            unallotted=found.unallotted,
            outlets=[_pieces(counts, drawn, outlets) for counts in found.outlets],
            leases=[_lease(at, lease, numbers) for lease, numbers in leased],
        )


def _pieces(counts: views.OutletCounts, drawn: bool, outlets: Together[UUID, Outlet]) -> OutletPieces:
    return OutletPieces(
        outlet_id=global_id_if("Outlet", counts.outlet_id),
        free=0 if drawn else counts.free,
        kept_for_draw=counts.free if drawn else 0,
        held=counts.held,
        sold=counts.sold,
        returned=counts.returned,
        reserved=counts.reserved,
        leased=counts.leased,
        retired=counts.retired,
        outlet_of_it=outlets.later(counts.outlet_id),
    )


def _lease(at: Desk, lease_id: UUID, numbers: int) -> TillLease:
    lease = at.shop.log.load(Lease, lease_id)
    return TillLease(
        lease_id=global_id("Lease", lease.id),
        outlet_id=global_id("Outlet", lease.outlet_id),
        till=at.shop.log.load(Device, lease.device_id).till,
        numbers=numbers,
        back_at=lease.back_at,
    )
