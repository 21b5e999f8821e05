"""A till that goes offline takes numbers along, reports what it sold of them, and hands in the rest."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import strawberry

from souvenir.api import orders
from souvenir.api.authentication import NotAtThisOutlet
from souvenir.api.buyers import BuyerInput, evidence
from souvenir.api.desk import EVERY_MUTATION, Desk, desk
from souvenir.api.editions import WHY_NONE, Space, space_name
from souvenir.api.grounds import MONEY
from souvenir.api.identity import global_id, read_id
from souvenir.api.orders import Order, Tender
from souvenir.api.refusals import at as about
from souvenir.api.refusals import mutation
from souvenir.api.types import Info, MoneyInput, described
from souvenir.catalogue.vat import NoVatRate
from souvenir.editions import lease as leasing
from souvenir.editions.lease import HolderRevoked, LeaseRefused, NumberNotLeased
from souvenir.editions.purchase import MalformedEvidence
from souvenir.editions.terms import ProofOfVisitMissing
from souvenir.kernel.errors import MalformedInput
from souvenir.processes.make_order import Item, NotThatWay
from souvenir.processes.sell_offline import LeaseOfAnotherDevice
from souvenir.sales.basket import MOST_LINES, MOST_OF_ONE_PRODUCT, BasketFull
from souvenir.sales.order import Order as Sale
from souvenir.sales.order import OrderIsEmpty


@strawberry.type(description="A number that was sold offline and is somebody else's by now: a case for people.")
class DisputedSale:
    number: int
    order_id: strawberry.ID


@strawberry.type(description="Numbers that one device alone may sell, online or not, until an instant.")
class Lease:
    id: strawberry.ID
    edition_id: strawberry.ID
    space: Space
    numbers: list[int]
    until: datetime
    back_at: datetime = strawberry.field(description="When unsold numbers come back: report every sale before.")
    ended: str | None = strawberry.field(description="handed in or expired; null while it runs.")
    disputed: list[DisputedSale]


@strawberry.input
class LeaseNumbersInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID
    numbers: int = strawberry.field(description="How many; fewer are leased if fewer are left.")
    until: datetime = strawberry.field(description="When the device stops selling them.")
    back_at: datetime | None = strawberry.field(default=None, description="When unsold ones come back; or at `until`.")
    space: Space = Space.NUMBERED


@strawberry.input
class ReportOfflineSaleInput:
    idempotency_key: strawberry.ID
    lease_id: strawberry.ID
    number: int
    tender: Tender
    sold_on: date
    reference: str = strawberry.field(default="", description="The card terminal's or wallet's; empty for cash.")
    price: MoneyInput | None = strawberry.field(default=None, description="What was charged; without it, the price.")
    buyer: BuyerInput | None = strawberry.field(default=None, description="Where an edition is sold so many a person.")


@strawberry.input(description="Open goods as they were sold.")
class OfflineGoodsInput:
    product_id: strawberry.ID
    quantity: int = 1
    price: MoneyInput | None = strawberry.field(default=None, description="Charged for one; without it, the price.")


@strawberry.input
class ReportOfflineGoodsInput:
    idempotency_key: strawberry.ID
    goods: list[OfflineGoodsInput]
    tender: Tender
    sold_on: date
    reference: str = strawberry.field(default="", description="The card terminal's or wallet's; empty for cash.")


@strawberry.input
class ReturnNumbersInput:
    idempotency_key: strawberry.ID
    lease_id: strawberry.ID


@strawberry.type
class LeaseChange:
    replayed: bool
    lease_key: strawberry.Private[UUID]

    @strawberry.field
    def lease(self, info: Info) -> Lease:
        return lease(desk(info), self.lease_key)


@strawberry.type
class LeaseNumbersPayload(LeaseChange): ...


@strawberry.type
class ReturnNumbersPayload(LeaseChange): ...


@strawberry.type
class ReportOfflineSalePayload(LeaseChange):
    order: Order
    disputed: bool = strawberry.field(description="Somebody else has the number: settle with the buyer.")
    after_count: bool = strawberry.field(
        description="Its shift was counted before: cash is booked against what the count found over."
    )


@strawberry.type
class ReportOfflineGoodsPayload:
    order: Order
    after_count: bool = strawberry.field(
        description="Its shift was counted before: cash is booked against what the count found over."
    )
    replayed: bool


@strawberry.type
class LeaseQuery:
    @described
    def lease(self, info: Info, id: strawberry.ID) -> Lease:
        """A lease of this outlet."""
        return lease(desk(info), read_id("Lease", id, "id"))


@strawberry.type
class LeaseMutation:
    @mutation(*EVERY_MUTATION, *WHY_NONE, ProofOfVisitMissing, LeaseRefused, HolderRevoked)
    def lease_numbers(self, info: Info, input: LeaseNumbersInput) -> LeaseNumbersPayload:
        """Take the next free numbers along, to sell them while offline."""
        at, edition = desk(info), read_id("Edition", input.edition_id, "input", "editionId")
        block = (_device(at), edition, input.numbers, input.until, input.back_at, space_name(input.space))
        done = at.carry_out(input, lambda: at.shop.sell_offline.lease(*block))
        return LeaseNumbersPayload(replayed=done.replayed, lease_key=done.result)

    @mutation(*EVERY_MUTATION, *MONEY, MalformedEvidence, NumberNotLeased, LeaseOfAnotherDevice, NoVatRate)
    def report_offline_sale(self, info: Info, input: ReportOfflineSaleInput) -> ReportOfflineSalePayload:
        """Record a sale this device made from its lease. It happened, so it is never refused for what came after."""
        at, lease_id = desk(info), read_id("Lease", input.lease_id, "input", "leaseId")
        with about("input", "price"):
            price = input.price.money() if input.price else None
        buyer = evidence(at, input.buyer) if input.buyer else None
        sale = (_device(at), lease_id, input.number, input.tender.paid_with, input.sold_on, input.reference, price)
        done = at.carry_out(input, lambda: at.shop.sell_offline.report(*sale, buyer))
        order = orders.order(at, done.result)
        disputed = order.lines[0].number is None
        late = at.found(Sale, done.result).paid_after_count
        return ReportOfflineSalePayload(
            replayed=done.replayed, lease_key=lease_id, order=order, disputed=disputed, after_count=late
        )

    @mutation(*EVERY_MUTATION, *MONEY, BasketFull, OrderIsEmpty, NotThatWay, NoVatRate)
    def report_offline_goods(self, info: Info, input: ReportOfflineGoodsInput) -> ReportOfflineGoodsPayload:
        """Record open goods this device sold without a network, at the prices it charged."""
        at = desk(info)
        device, goods = _device(at), _goods(input.goods)
        sale = (device, goods, input.tender.paid_with, input.sold_on, input.reference)
        done = at.carry_out(input, lambda: at.shop.sell_offline.report_goods(*sale))
        late = at.found(Sale, done.result).paid_after_count
        return ReportOfflineGoodsPayload(order=orders.order(at, done.result), after_count=late, replayed=done.replayed)

    @mutation(*EVERY_MUTATION, LeaseOfAnotherDevice)
    def return_numbers(self, info: Info, input: ReturnNumbersInput) -> ReturnNumbersPayload:
        """Hand a lease in, once every sale of it is reported: what is left comes back at once."""
        at, lease_id = desk(info), read_id("Lease", input.lease_id, "input", "leaseId")
        device = _device(at)
        done = at.carry_out(input, lambda: at.shop.sell_offline.hand_in(device, lease_id))
        return ReturnNumbersPayload(replayed=done.replayed, lease_key=lease_id)


def lease(at: Desk, id: UUID) -> Lease:
    """A lease of the outlet where the device stands. Raises NotFound or NotAtThisOutlet."""
    found = at.shop.log.load(leasing.Lease, id)
    if at.device()[0] != found.outlet_id:
        raise NotAtThisOutlet(kind="lease")
    return Lease(
        id=global_id("Lease", id),
        edition_id=global_id("Edition", found.edition_id),
        space=Space(found.space),
        numbers=list(found.numbers),
        until=found.until,
        back_at=found.back_at,
        ended=found.ended,
        disputed=[DisputedSale(number=n, order_id=global_id("Order", order)) for n, order in found.disputed],
    )


def _goods(given: Sequence[OfflineGoodsInput]) -> list[Item]:
    if len(given) > MOST_LINES or any(one.quantity > MOST_OF_ONE_PRODUCT for one in given):
        raise BasketFull(lines=MOST_LINES, quantity=MOST_OF_ONE_PRODUCT).at("input", "goods")
    with about("input", "goods"):
        goods = [
            Item(
                read_id("Product", one.product_id, "input", "goods"),
                one.quantity,
                price=one.price.money() if one.price else None,
            )
            for one in given
        ]
    for one in goods:
        if one.quantity < 1 or (one.price is not None and one.price.minor < 0):
            raise MalformedInput(
                expected="quantity of at least 1 at a price", value=f"{one.quantity} at {one.price}"
            ).at("input", "goods")
    return goods


def _device(at: Desk) -> UUID:
    device = at.require("device").id
    assert isinstance(device, UUID)
    return device
