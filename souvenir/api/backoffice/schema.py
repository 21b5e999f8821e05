"""The back office: managers run the shop here, and the refund desk answers for customs; each by their role."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Final
from uuid import UUID

import strawberry

from souvenir.access.staff import BadgeTaken, RolesOpenNoSuchDoor, StaffLeft
from souvenir.api import claims, draws, editions, goods, orders, places, rights
from souvenir.api.backoffice.certificates import CertificatesMutation
from souvenir.api.backoffice.contracts import ApprovalQuery, ContractsMutation
from souvenir.api.backoffice.draws import DrawsMutation, DrawsQuery
from souvenir.api.backoffice.editions import EditionsMutation
from souvenir.api.backoffice.goods import GoodsMutation
from souvenir.api.backoffice.licensor import LicensorQuery, licence_seen, seen
from souvenir.api.backoffice.people import PeopleMutation, PeopleQuery
from souvenir.api.backoffice.places import PlacesMutation
from souvenir.api.backoffice.rights import RightsMutation
from souvenir.api.backoffice.whereabouts import WhereaboutsQuery
from souvenir.api.claim_steps import RefundDeskMutation
from souvenir.api.claims import Claim
from souvenir.api.connections import After, Connection, First
from souvenir.api.desk import EVERY_MUTATION, Desk, desk, lookup
from souvenir.api.draws import Draw
from souvenir.api.editions import Edition
from souvenir.api.goods import Product
from souvenir.api.identity import Node, global_id, read_id
from souvenir.api.objections import ObjectionMutation, ObjectionQuery
from souvenir.api.orders import Order, OrderSummary
from souvenir.api.papers import DeskPaperQuery
from souvenir.api.places import Outlet, Site
from souvenir.api.refusals import mutation
from souvenir.api.returns import ReturnsMutation
from souvenir.api.rights import Licence, RoyaltyPosition
from souvenir.api.scalars import schema_config
from souvenir.api.staff import REFUND_DESK, anybody, manager, refund_desk
from souvenir.api.stalled import StalledQuery
from souvenir.api.types import Info, described
from souvenir.kernel.errors import MalformedInput, NotFound
from souvenir.privacy.keyring import PersonForgotten
from souvenir.privacy.subject import Subject


@strawberry.type(description="A device at a till: expected, enrolled or revoked.")
class Device:
    id: strawberry.ID
    till: str
    state: str


@strawberry.type
class Query(
    DrawsQuery,
    PeopleQuery,
    WhereaboutsQuery,
    DeskPaperQuery,
    LicensorQuery,
    ApprovalQuery,
    ObjectionQuery,
    StalledQuery,
):
    @described
    def node(self, info: Info, id: strawberry.ID) -> Node | None:
        """Anything this audience knows, by its id."""
        return lookup(anybody(info), id, _KINDS)

    @strawberry.field
    def sites(self, info: Info, first: First = 20, after: After = None) -> Connection[Site]:
        return places.sites(anybody(info), first, after)

    @strawberry.field
    def outlets(self, info: Info, first: First = 20, after: After = None) -> Connection[Outlet]:
        return places.outlets(anybody(info), first, after)

    @described
    def devices(self, info: Info, outlet_id: strawberry.ID) -> list[Device]:
        """The devices of an outlet, by till."""
        at, outlet = manager(info), read_id("Outlet", outlet_id, "outletId")
        with at.reading(at.shop.views.tills) as session:
            found = at.shop.views.tills.devices(session, outlet)
        return [Device(id=global_id("Device", row.id), till=row.till, state=row.state) for row in found]

    @described
    def products(
        self, info: Info, first: First = 20, after: After = None, withdrawn: bool = False
    ) -> Connection[Product]:
        """Every product by SKU, the withdrawn ones if asked for."""
        return goods.products(anybody(info), first, after, withdrawn)

    @strawberry.field
    def product(self, info: Info, id: strawberry.ID) -> Product:
        return goods.product(anybody(info), read_id("Product", id, "id"))

    @strawberry.field
    def editions(self, info: Info, first: First = 20, after: After = None) -> Connection[Edition]:
        return editions.editions(anybody(info), first, after)

    @strawberry.field
    def edition(self, info: Info, id: strawberry.ID) -> Edition:
        return editions.edition(anybody(info), read_id("Edition", id, "id"))

    @described
    def draw(self, info: Info, id: strawberry.ID) -> Draw:
        """A draw, as everybody sees it."""
        return draws.draw(anybody(info), read_id("Draw", id, "id"))

    @strawberry.field
    def licence(self, info: Info, id: strawberry.ID) -> Licence:
        return licence_seen(desk(info), read_id("Licence", id, "id"))

    @described
    def royalty_position(self, info: Info, licence_id: strawberry.ID, as_of: date | None = None) -> RoyaltyPosition:
        """Where a licence stands, as of a day or with everything known."""
        return rights.royalty_position(*seen(info, licence_id), as_of)

    @strawberry.field
    def order(self, info: Info, id: strawberry.ID) -> Order:
        return orders.order(refund_desk(info), read_id("Order", id, "id"))

    @described
    def orders(
        self, info: Info, outlet_id: strawberry.ID | None = None, first: First = 20, after: After = None
    ) -> Connection[OrderSummary]:
        """The order book by day, of one outlet or of all."""
        outlet = read_id("Outlet", outlet_id, "outletId") if outlet_id else None
        return orders.orders(refund_desk(info), outlet, first, after)

    @strawberry.field
    def claim(self, info: Info, id: strawberry.ID) -> Claim:
        return claims.claim(refund_desk(info), read_id("Claim", id, "id"))

    @described
    def claims(self, info: Info, state: str | None = None, first: First = 20, after: After = None) -> Connection[Claim]:
        """Claims by form number, in a state or in any."""
        return claims.claims(refund_desk(info), state, first, after)

    @described
    def overdue_claims(self, info: Info, on: date) -> list[Claim]:
        """Advances whose promised day is past: the first to capture first."""
        return claims.overdue(refund_desk(info), on)


@strawberry.input
class EngageStaffInput:
    idempotency_key: strawberry.ID
    badge: str = strawberry.field(description="A code, not a name.")
    roles: list[str] = strawberry.field(description="manager, cashier, finance, refund_desk, licensor_readonly.")


@strawberry.input
class NameLicensorInput:
    idempotency_key: strawberry.ID
    staff_id: strawberry.ID
    licensor: str = strawberry.field(description="By the name its contracts have.")


@strawberry.input
class StaffLeavesInput:
    idempotency_key: strawberry.ID
    staff_id: strawberry.ID
    left_on: date


@strawberry.input
class GiveStaffTokenInput:
    staff_id: strawberry.ID
    audience: str = strawberry.field(description="backoffice or finance.")


@strawberry.input
class OpenCustomerSessionInput:
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="As it was answered before; without one, a customer who is new here."
    )


@strawberry.type
class EngageStaffPayload:
    staff_id: strawberry.ID
    replayed: bool


@strawberry.type
class NameLicensorPayload:
    staff_id: strawberry.ID
    replayed: bool


@strawberry.type
class StaffLeavesPayload:
    staff_id: strawberry.ID
    replayed: bool


@strawberry.type
class GiveStaffTokenPayload:
    token: str = strawberry.field(description="Shown once; the shop keeps only its hash.")
    expires_at: datetime | None


@strawberry.type
class OpenCustomerSessionPayload:
    customer_id: strawberry.ID = strawberry.field(description="Keep it with their account: it is their pseudonym here.")
    token: str = strawberry.field(description="For the storefront. Shown once; the shop keeps only its hash.")
    expires_at: datetime | None


@strawberry.type
class Mutation(
    PlacesMutation,
    GoodsMutation,
    EditionsMutation,
    CertificatesMutation,
    DrawsMutation,
    RightsMutation,
    ContractsMutation,
    RefundDeskMutation,
    ReturnsMutation,
    PeopleMutation,
    ObjectionMutation,
):
    @mutation(*EVERY_MUTATION, BadgeTaken)
    def engage_staff(self, info: Info, input: EngageStaffInput) -> EngageStaffPayload:
        """Take someone on, with what they are allowed."""
        at = manager(info)
        done = at.carry_out(input, lambda: at.shop.access.engage(input.badge, input.roles))
        return EngageStaffPayload(staff_id=global_id("Staff", done.result), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, StaffLeft)
    def name_licensor(self, info: Info, input: NameLicensorInput) -> NameLicensorPayload:
        """Say for which licensor someone works: with the role licensor_readonly they see its licences only."""
        at, staff = manager(info), read_id("Staff", input.staff_id, "input", "staffId")
        done = at.carry_out(input, lambda: at.shop.access.act_for(staff, input.licensor))
        return NameLicensorPayload(staff_id=input.staff_id, replayed=done.replayed)

    @mutation(*EVERY_MUTATION)
    def staff_leaves(self, info: Info, input: StaffLeavesInput) -> StaffLeavesPayload:
        """Note that someone left; their tokens stop at once."""
        at, staff = manager(info), read_id("Staff", input.staff_id, "input", "staffId")
        done = at.carry_out(input, lambda: at.shop.access.leave(staff, input.left_on))
        return StaffLeavesPayload(staff_id=input.staff_id, replayed=done.replayed)

    @mutation(MalformedInput, NotFound, StaffLeft, RolesOpenNoSuchDoor)
    def give_staff_token(self, info: Info, input: GiveStaffTokenInput) -> GiveStaffTokenPayload:
        """A token for one door, for 90 days. A token is never repeated: ask for another one."""
        at, staff = manager(info), read_id("Staff", input.staff_id, "input", "staffId")
        given = at.shop.access.give_staff_token(staff, input.audience).result
        return GiveStaffTokenPayload(token=given.token, expires_at=given.expires_at)

    @mutation(MalformedInput, NotFound, PersonForgotten)
    def open_customer_session(self, info: Info, input: OpenCustomerSessionInput) -> OpenCustomerSessionPayload:
        """A session for a customer whom your website knows, for 30 days. A token is never repeated: ask for another."""
        at, known = manager(info), input.customer_id
        if known is None:
            customer = at.shop.privacy.register().result
        else:
            customer = read_id("Customer", known, "input", "customerId")
            if "identity" in at.shop.log.load(Subject, customer).erased:
                raise PersonForgotten(subject=customer, purpose="identity")
        given = at.shop.access.open_customer_session(customer).result
        id = global_id("Customer", customer)
        return OpenCustomerSessionPayload(customer_id=id, token=given.token, expires_at=given.expires_at)


def _at_refund_desk(find: Callable[[Desk, UUID], Node]) -> Callable[[Desk, UUID], Node]:
    def found(at: Desk, key: UUID) -> Node:
        at.require(*REFUND_DESK)
        return find(at, key)

    return found


_KINDS: Final[dict[str, Callable[[Desk, UUID], Node]]] = {
    "Product": goods.product,
    "Edition": editions.edition,
    "Draw": draws.draw,
    "Site": places.site,
    "Outlet": places.outlet,
    "Licence": licence_seen,
    "Order": _at_refund_desk(orders.order),
    "Claim": _at_refund_desk(claims.claim),
}

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    types=[Product, Edition, Draw, Site, Outlet, Licence, Order, Claim],
    config=schema_config(),
)
