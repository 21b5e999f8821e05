"""The point of sale: a device sells, takes back and refunds tax at the one outlet and till where it stands."""

from collections.abc import Callable
from datetime import date
from typing import Final
from uuid import UUID

import strawberry

from souvenir.api import certificates, editions, goods, orders, places
from souvenir.api.authentication import NotAtThisOutlet, NotPermitted
from souvenir.api.buyers import BuyerInput, evidence
from souvenir.api.certificates import NOT_GENUINE, CertificateVerdict
from souvenir.api.claims import Claim
from souvenir.api.connections import After, Connection, First
from souvenir.api.desk import EVERY_MUTATION, Desk, desk, lookup
from souvenir.api.doors import EXPECTED_DEVICE, ExpectedDevice
from souvenir.api.editions import Edition
from souvenir.api.explanations import ExplanationQuery
from souvenir.api.goods import Product
from souvenir.api.grounds import AGREEING, AT_TILL, IN_PARTS, LIMITED, TRADING_DAY
from souvenir.api.identity import Node, global_id, read_id
from souvenir.api.orders import Order, OrderSummary, Tender
from souvenir.api.papers import TillPaperQuery
from souvenir.api.places import Outlet
from souvenir.api.pos.deposits import DepositMutation
from souvenir.api.pos.exchange import ExchangeMutation
from souvenir.api.pos.goods import GoodsInput, PartInput, PieceInput, in_parts, items
from souvenir.api.pos.leases import LeaseMutation, LeaseQuery
from souvenir.api.pos.parked import TAKING_UP, ParkedMutation, ParkedQuery, resumed_from
from souvenir.api.pos.payments import CounterPaymentMutation, CounterPaymentQuery
from souvenir.api.pos.refunds import RefundMutation, RefundQuery, own_claim
from souvenir.api.pos.shifts import ShiftMutation, ShiftQuery
from souvenir.api.refusals import mutation, question
from souvenir.api.returns import TAKING_BACK, TakeBackInput, TakeBackPayload, taken_back
from souvenir.api.scalars import schema_config
from souvenir.api.types import Info, described
from souvenir.api.visits import ProofOfVisitInput, looked_at
from souvenir.editions.views import piece_status
from souvenir.kernel import clock
from souvenir.kernel.errors import MalformedInput, NotFound
from souvenir.kernel.identifiers import MalformedGtin
from souvenir.pos.device import DeviceRevoked, PairingCodeExpired, PairingCodeUnknown, TillHasDevice
from souvenir.pos.scan import ScannedCertificate as Link
from souvenir.pos.scan import ScannedGoods, ScannedReceipt, UnreadableScan, resolve_scan
from souvenir.processes.enrol_device import enrol_device
from souvenir.sales.basket import BasketFull
from souvenir.sales.order import Order as Sale
from souvenir.sites.outlet import Outlet as OpenOutlet

LONGEST_PRINTED_NUMBER = 7
"""Digits of a serial that is a piece's number, as printed on its label; certificates have longer serials."""


@strawberry.type(description="Where the calling device stands.")
class Till:
    till: str
    outlet: Outlet
    trades_without_shift: bool = strawberry.field(description="Whether it may sell with no shift open.")


@strawberry.type(description="A numbered piece, by the label on it.")
class ScannedPiece:
    edition_id: strawberry.ID
    number: int
    status: str | None = strawberry.field(description="free, held, sold, returned, reserved; null if not allotted.")


@strawberry.type(description="The code names goods.")
class ScannedProduct:
    product: Product
    piece: ScannedPiece | None


@strawberry.type(description="The code is a genuine certificate.")
class ScannedCertificate:
    verdict: CertificateVerdict


@strawberry.type(description="The code is a receipt of this outlet.")
class ScannedOrder:
    order: Order


@strawberry.type
class Query(RefundQuery, TillPaperQuery, LeaseQuery, CounterPaymentQuery, ExplanationQuery, ShiftQuery, ParkedQuery):
    @described
    def node(self, info: Info, id: strawberry.ID) -> Node | None:
        """Goods, or what belongs to this outlet, by its id."""
        at = desk(info)
        at.device()
        return lookup(at, id, _KINDS)

    @described
    def till(self, info: Info) -> Till:
        """Where this device stands."""
        at = desk(info)
        outlet, till = at.device()
        free = at.shop.log.load(OpenOutlet, outlet).trades_without_shift
        return Till(till=till, outlet=places.outlet(at, outlet), trades_without_shift=free)

    @described
    def products(self, info: Info, first: First = 20, after: After = None) -> Connection[Product]:
        """What is on sale, by SKU."""
        at = desk(info)
        at.device()
        return goods.products(at, first, after)

    @described
    def edition(self, info: Info, id: strawberry.ID) -> Edition:
        """An edition, and what is left of it."""
        at = desk(info)
        at.device()
        return editions.edition(at, read_id("Edition", id, "id"))

    @described
    def order(self, info: Info, id: strawberry.ID) -> Order:
        """An order of this outlet."""
        return _own_order(desk(info), read_id("Order", id, "id"))

    @described
    def orders(self, info: Info, first: First = 20, after: After = None) -> Connection[OrderSummary]:
        """The orders of this outlet, by day."""
        at = desk(info)
        return orders.orders(at, at.device()[0], first, after)

    @question(
        MalformedInput,
        NotFound,
        NotAtThisOutlet,
        UnreadableScan,
        MalformedGtin,
        *NOT_GENUINE,
    )
    def scan(
        self, info: Info, code: str, symbology: str | None = None
    ) -> ScannedProduct | ScannedCertificate | ScannedOrder:
        """What a scanned code means: goods (and the piece its label names), a certificate, or a receipt."""
        at = desk(info)
        at.device()
        match resolve_scan(code, symbology):
            case Link(link=link):
                return ScannedCertificate(verdict=certificates.verify(at, link))
            case ScannedReceipt(order_no=order_no):
                return ScannedOrder(order=_own_order(at, orders.order_with_number(at, order_no)))
            case ScannedGoods(gtin=gtin, serial=serial):
                product = goods.product_by_gtin(at, gtin)
                return ScannedProduct(product=product, piece=_piece(at, product, serial))


@strawberry.input
class SellAtTillInput:
    idempotency_key: strawberry.ID
    tender: Tender = strawberry.field(description="What pays it, or the rest of it; cash is rounded to the coin.")
    goods: list[GoodsInput] = strawberry.field(default_factory=list)
    pieces: list[PieceInput] = strawberry.field(default_factory=list)
    reference: str = strawberry.field(default="", description="The card terminal's or wallet's; empty for cash.")
    on: date | None = strawberry.field(
        default=None, description="The business date; needed only where a shop trades without shifts."
    )
    buyer: BuyerInput | None = strawberry.field(default=None, description="Where an edition is sold so many a person.")
    visit: ProofOfVisitInput | None = strawberry.field(default=None, description="Where one is for visitors only.")
    parts: list[PartInput] = strawberry.field(
        default_factory=list, description="What is paid in other tenders first: card, then the rest in cash."
    )
    resumed: strawberry.ID | None = strawberry.field(default=None, description="The parked sale it was taken up from.")


@strawberry.input(description="As a sale at the till, but for how it is paid.")
class PlaceAtTillInput:
    idempotency_key: strawberry.ID
    goods: list[GoodsInput] = strawberry.field(default_factory=list)
    pieces: list[PieceInput] = strawberry.field(default_factory=list)
    on: date | None = None
    buyer: BuyerInput | None = None
    visit: ProofOfVisitInput | None = None
    resumed: strawberry.ID | None = strawberry.field(default=None, description="The parked sale it was taken up from.")


@strawberry.type
class EnrolDevicePayload:
    device_id: strawberry.ID
    outlet_id: strawberry.ID
    till: str
    token: str = strawberry.field(description="Shown once: the device keeps it.")


@strawberry.type
class SellAtTillPayload:
    order: Order
    replayed: bool


@strawberry.type
class PlaceAtTillPayload:
    order: Order
    replayed: bool


@strawberry.type
class Mutation(
    RefundMutation,
    LeaseMutation,
    CounterPaymentMutation,
    DepositMutation,
    ShiftMutation,
    ExchangeMutation,
    ParkedMutation,
):
    @mutation(MalformedInput, NotFound, PairingCodeUnknown, PairingCodeExpired, DeviceRevoked, TillHasDevice)
    def enrol_device(self, info: Info) -> EnrolDevicePayload:
        """Pair this device with its till. Send the pairing code as the Bearer token; it is good once."""
        at = desk(info)
        if not isinstance(at.caller, ExpectedDevice):
            raise NotPermitted(role=EXPECTED_DEVICE)
        enrolled = enrol_device(at.shop.log, at.caller.code).result
        return EnrolDevicePayload(
            device_id=global_id("Device", enrolled.device_id),
            outlet_id=global_id("Outlet", enrolled.outlet_id),
            till=enrolled.till,
            token=enrolled.token,
        )

    @mutation(*EVERY_MUTATION, *AT_TILL, BasketFull, *AGREEING, *LIMITED, *IN_PARTS, *TAKING_UP)
    def sell_at_till(self, info: Info, input: SellAtTillInput) -> SellAtTillPayload:
        """Sell over the counter, paid on the spot."""
        at = desk(info)
        outlet, till = at.device()
        sale = (outlet, till, items(at, input), input.tender.paid_with, input.reference, input.on)
        buyer = evidence(at, input.buyer) if input.buyer else None
        visit, parts = looked_at(at, input.visit), in_parts(input.parts)
        resumed = resumed_from(input.resumed)
        done = at.carry_out(input, lambda: at.shop.sell.at_till(*sale, buyer, visit, parts, resumed))
        return SellAtTillPayload(order=orders.order(at, done.result), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, *AT_TILL, BasketFull, *AGREEING, *LIMITED, *TAKING_UP)
    def place_at_till(self, info: Info, input: PlaceAtTillInput) -> PlaceAtTillPayload:
        """An order on the counter, to be paid at a device: its pieces are held meanwhile. Then take its payment."""
        at = desk(info)
        outlet, till = at.device()
        buyer = evidence(at, input.buyer) if input.buyer else None
        resumed = resumed_from(input.resumed)
        placed = (outlet, till, items(at, input), input.on, buyer, looked_at(at, input.visit), resumed)
        done = at.carry_out(input, lambda: at.shop.pay_at_till.place(*placed))
        return PlaceAtTillPayload(order=orders.order(at, done.result), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, *TRADING_DAY, *TAKING_BACK)
    def take_back(self, info: Info, input: TakeBackInput) -> TakeBackPayload:
        """Take goods back and give their money back. A refund form they are on is voided."""
        at = desk(info)
        _own_order(at, read_id("Order", input.order_id, "input", "orderId"))
        return taken_back(at, input, at.device()[1])


def _own_order(at: Desk, order_id: UUID) -> Order:
    """An order of the outlet where the device stands. Raises NotAtThisOutlet."""
    found = at.shop.log.load(Sale, order_id)
    at.require_here("order", found.outlet_id)
    return orders.shown(found)


def _piece(at: Desk, product: Product, serial: str | None) -> ScannedPiece | None:
    """The numbered piece whose label this is: its number stands where the serial does."""
    if serial is None or not serial.isdecimal() or len(serial) > LONGEST_PRINTED_NUMBER or not product.has_edition:
        return None
    found = product.editions_of_it() or []
    if len(found) != 1:
        return None
    with at.shop.log.reading() as session:
        status = piece_status(session, found[0].key, int(serial), clock.now())
    return ScannedPiece(edition_id=found[0].id, number=int(serial), status=status)


_KINDS: Final[dict[str, Callable[[Desk, UUID], Node]]] = {
    "Product": goods.product,
    "Edition": editions.edition,
    "Outlet": places.outlet,
    "Order": _own_order,
    "Claim": own_claim,
}

schema = strawberry.Schema(
    query=Query, mutation=Mutation, types=[Product, Edition, Outlet, Order, Claim], config=schema_config()
)
