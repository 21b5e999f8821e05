"""Parked sales: put aside at one till, seen at every till of the shop, taken up at one at a time."""

from datetime import datetime
from typing import Final
from uuid import UUID

import strawberry

from souvenir.api.authentication import NotAtThisOutlet
from souvenir.api.desk import EVERY_MUTATION, Desk, desk
from souvenir.api.editions import Space
from souvenir.api.goods import Product, product
from souvenir.api.grounds import AT_TILL, TAKING, Grounds
from souvenir.api.identity import global_id, global_id_if, read_id
from souvenir.api.pos.goods import GoodsInput, PieceInput, items
from souvenir.api.refusals import mutation
from souvenir.api.types import Info, described
from souvenir.api.visits import ProofOfVisitInput, looked_at
from souvenir.catalogue.product import ProductWithdrawn
from souvenir.pos.parked import AlreadyResumed, NothingToPark, ParkedSaleOver, ParkedTooLong
from souvenir.pos.parked import ParkedSale as Parked
from souvenir.processes.make_order import NotThatWay
from souvenir.processes.park_sale import USUALLY
from souvenir.sales.basket import BasketFull

TAKING_UP: Final[Grounds] = (AlreadyResumed, ParkedSaleOver)
"""Why a parked sale cannot be taken up here, or any more."""


@strawberry.type(description="Open goods, or one numbered piece that is held for the sale.")
class ParkedItem:
    quantity: int
    edition_id: strawberry.ID | None
    space: Space | None
    number: int | None
    key: strawberry.Private[UUID]

    @strawberry.field
    def product(self, info: Info) -> Product:
        return product(desk(info), self.key)


@strawberry.type(description="What a customer means to buy, put aside. No price is agreed and nothing is paid.")
class ParkedSale:
    id: strawberry.ID
    parked_no: str = strawberry.field(description="What people call it by.")
    till: str = strawberry.field(description="Where it was parked.")
    resumed_by: str | None = strawberry.field(description="The till that took it up last.")
    until: datetime = strawberry.field(description="Then it lapses, and its pieces are free.")
    items: list[ParkedItem]

    @classmethod
    def of(cls, found: Parked) -> "ParkedSale":
        return cls(
            id=global_id("ParkedSale", found.id),
            parked_no=found.parked_no,
            till=found.till,
            resumed_by=found.resumed_by,
            until=found.until,
            items=[
                ParkedItem(
                    quantity=item.quantity,
                    edition_id=global_id_if("Edition", item.edition_id),
                    space=Space(item.space) if item.number is not None else None,
                    number=item.number,
                    key=item.product_id,
                )
                for item in found.items
            ],
        )


@strawberry.input
class ParkSaleInput:
    idempotency_key: strawberry.ID
    goods: list[GoodsInput] = strawberry.field(default_factory=list)
    pieces: list[PieceInput] = strawberry.field(default_factory=list)
    minutes: int = strawberry.field(default=USUALLY, description="How long; an edition may allow less for its pieces.")
    visit: ProofOfVisitInput | None = None
    resumed: strawberry.ID | None = strawberry.field(default=None, description="The parked sale it was taken up from.")


@strawberry.input
class ParkedSaleInput:
    idempotency_key: strawberry.ID
    parked_sale_id: strawberry.ID


@strawberry.type
class ParkedSaleStep:
    parked_sale: ParkedSale
    replayed: bool


@strawberry.type
class ParkSalePayload(ParkedSaleStep): ...


@strawberry.type
class ResumeSalePayload(ParkedSaleStep): ...


@strawberry.type
class DropSalePayload(ParkedSaleStep): ...


@strawberry.type
class ParkedQuery:
    @described
    def parked_sales(self, info: Info) -> list[ParkedSale]:
        """The sales parked at this outlet, at whichever till, the first to lapse first; at most 100."""
        at = desk(info)
        return [ParkedSale.of(found) for found in at.shop.park_sale.waiting(at.device()[0])]


@strawberry.type
class ParkedMutation:
    @mutation(
        *EVERY_MUTATION,
        *AT_TILL,
        *TAKING,
        *TAKING_UP,
        BasketFull,
        NotThatWay,
        ProductWithdrawn,
        NothingToPark,
        ParkedTooLong,
    )
    def park_sale(self, info: Info, input: ParkSaleInput) -> ParkSalePayload:
        """Put a sale aside for any till of this outlet; its pieces are held meanwhile."""
        at = desk(info)
        outlet, till = at.device()
        parked = (
            outlet,
            till,
            items(at, input),
            input.minutes,
            looked_at(at, input.visit),
            resumed_from(input.resumed),
        )
        done = at.carry_out(input, lambda: at.shop.park_sale.park(*parked))
        return ParkSalePayload(parked_sale=_found(at, done.result), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, *TAKING_UP, NotAtThisOutlet)
    def resume_sale(self, info: Info, input: ParkedSaleInput) -> ResumeSalePayload:
        """Take a parked sale up: no other till may for five minutes. Then sell it, or park it again, as `resumed`."""
        at = desk(info)
        parked, till = _own(at, input), at.device()[1]
        done = at.carry_out(input, lambda: at.shop.park_sale.resume(parked, till))
        return ResumeSalePayload(parked_sale=_found(at, parked), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, *TAKING_UP, NotAtThisOutlet)
    def drop_sale(self, info: Info, input: ParkedSaleInput) -> DropSalePayload:
        """Put the goods of a parked sale back: its pieces are free at once."""
        at = desk(info)
        parked, till = _own(at, input), at.device()[1]
        done = at.carry_out(input, lambda: at.shop.park_sale.drop(parked, till))
        return DropSalePayload(parked_sale=_found(at, parked), replayed=done.replayed)


def resumed_from(id: strawberry.ID | None) -> UUID | None:
    """The parked sale that something is rung up from."""
    return None if id is None else read_id("ParkedSale", id, "input", "resumed")


def _own(at: Desk, input: ParkedSaleInput) -> UUID:
    """A parked sale of the outlet where the device stands. Raises NotAtThisOutlet."""
    found = at.shop.log.load(Parked, read_id("ParkedSale", input.parked_sale_id, "input", "parkedSaleId"))
    at.require_here("parked sale", found.outlet_id)
    return found.id


def _found(at: Desk, id: UUID) -> ParkedSale:
    return ParkedSale.of(at.shop.log.load(Parked, id))
