"""The storefront: visitors look around, hold a number, order and pay; each sees their own session's things only."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

import strawberry

from souvenir.api import certificates, draws, editions, goods, orders, places
from souvenir.api.buyers import BuyerInput, evidence
from souvenir.api.certificates import NOT_GENUINE, CertificateVerdict, PublicKey, StatusList
from souvenir.api.connections import After, Connection, First
from souvenir.api.desk import EVERY_MUTATION, Desk, desk, lookup
from souvenir.api.draws import Draw
from souvenir.api.editions import Edition, Space, space_name
from souvenir.api.explanations import ExplanationQuery
from souvenir.api.goods import Product
from souvenir.api.grounds import AGREEING, LIMITED, OWN_BASKET, TAKING
from souvenir.api.identity import Node, read_id
from souvenir.api.orders import Basket, BasketChange, Order, OrderChange
from souvenir.api.places import Outlet, Site
from souvenir.api.refusals import mutation, question
from souvenir.api.scalars import schema_config
from souvenir.api.storefront.draws import DrawMutation, DrawQuery
from souvenir.api.storefront.payments import PaymentMutation, own_order, own_sale
from souvenir.api.types import Info, described
from souvenir.api.visits import ProofOfVisitInput, looked_up
from souvenir.catalogue.product import ProductWithdrawn
from souvenir.editions.tickets import ProofOfVisitUnknown
from souvenir.kernel.identifiers import MalformedGtin
from souvenir.processes.make_order import NotThatWay


@strawberry.type
class Query(DrawQuery, ExplanationQuery):
    @described
    def node(self, info: Info, id: strawberry.ID) -> Node | None:
        """Anything public, or of your own session, by its id."""
        return lookup(desk(info), id, _KINDS)

    @strawberry.field
    def sites(self, info: Info, first: First = 20, after: After = None) -> Connection[Site]:
        return places.sites(desk(info), first, after)

    @strawberry.field
    def outlets(self, info: Info, first: First = 20, after: After = None) -> Connection[Outlet]:
        return places.outlets(desk(info), first, after)

    @described
    def products(self, info: Info, first: First = 20, after: After = None) -> Connection[Product]:
        """What is on sale, by SKU."""
        return goods.products(desk(info), first, after)

    @strawberry.field
    def product(self, info: Info, id: strawberry.ID) -> Product:
        return goods.product(desk(info), read_id("Product", id, "id"))

    @strawberry.field
    def product_by_sku(self, info: Info, sku: str) -> Product:
        return goods.product_by_sku(desk(info), sku)

    @strawberry.field
    def edition(self, info: Info, id: strawberry.ID) -> Edition:
        return editions.edition(desk(info), read_id("Edition", id, "id"))

    @described
    def basket(self, info: Info, id: strawberry.ID) -> Basket:
        """A basket of your own session."""
        return orders.basket(desk(info), read_id("Basket", id, "id"))

    @described
    def order(self, info: Info, id: strawberry.ID) -> Order:
        """An order of your own session."""
        return own_order(desk(info), read_id("Order", id, "id"))

    @question(*NOT_GENUINE)
    def verify_certificate(self, info: Info, text_or_link: str) -> CertificateVerdict:
        """Check a certificate by its text or by the link in its QR code."""
        return certificates.verify(desk(info), text_or_link)

    @described
    def certificate_keys(self, info: Info) -> list[PublicKey]:
        """The keys to verify certificates with, without asking us."""
        return certificates.public_keys(desk(info))

    @question(MalformedGtin)
    def certificate_status(self, info: Info, gtin: str, after: str = "") -> StatusList:
        """The certificates under a GTIN that were revoked or are in doubt, by serial: freshness, for who verifies offline."""
        return certificates.status_list(desk(info), gtin, after)


@strawberry.input
class OpenBasketInput:
    idempotency_key: strawberry.ID
    outlet_id: strawberry.ID = strawberry.field(description="The online outlet.")


@strawberry.input
class SetQuantityInput:
    idempotency_key: strawberry.ID
    basket_id: strawberry.ID
    product_id: strawberry.ID
    quantity: int = strawberry.field(description="None takes it out of the basket.")


@strawberry.input
class HoldPieceInput:
    idempotency_key: strawberry.ID
    basket_id: strawberry.ID
    edition_id: strawberry.ID
    number: int | None = strawberry.field(default=None, description="The number chosen; without one, the next.")
    space: Space = Space.NUMBERED
    visit: ProofOfVisitInput | None = strawberry.field(default=None, description="Where it is for visitors only.")


@strawberry.input
class LetGoInput:
    idempotency_key: strawberry.ID
    basket_id: strawberry.ID
    edition_id: strawberry.ID
    number: int
    space: Space = Space.NUMBERED


@strawberry.input
class PlaceOrderInput:
    idempotency_key: strawberry.ID
    basket_id: strawberry.ID
    visit: ProofOfVisitInput | None = strawberry.field(
        default=None, description="Only for a piece for visitors whose hold has ended meanwhile."
    )


@strawberry.input
class IdentifyBuyerInput:
    idempotency_key: strawberry.ID
    order_id: strawberry.ID
    buyer: BuyerInput


@strawberry.type
class OpenGuestSessionPayload:
    token: str = strawberry.field(description="Send it as “Authorization: Bearer …” from now on.")
    expires_at: datetime


@strawberry.type
class OpenBasketPayload(BasketChange): ...


@strawberry.type
class SetQuantityPayload(BasketChange): ...


@strawberry.type
class LetGoPayload(BasketChange): ...


@strawberry.type
class HoldPiecePayload(BasketChange):
    number: int = strawberry.field(description="The number that is held for you.")


@strawberry.type
class PlaceOrderPayload(OrderChange): ...


@strawberry.type
class IdentifyBuyerPayload(OrderChange): ...


@strawberry.type
class Mutation(DrawMutation, PaymentMutation):
    @described
    def open_guest_session(self, info: Info) -> OpenGuestSessionPayload:
        """A session for a visitor. Nothing is recorded: ask for another if the answer gets lost."""
        session = desk(info).shop.access.open_guest_session()
        return OpenGuestSessionPayload(token=session.token, expires_at=session.expires_at)

    @mutation(*EVERY_MUTATION, *OWN_BASKET)
    def open_basket(self, info: Info, input: OpenBasketInput) -> OpenBasketPayload:
        """Open a basket for your session."""
        at, outlet = desk(info), read_id("Outlet", input.outlet_id, "input", "outletId")
        holder = at.session_id()
        done = at.carry_out(input, lambda: at.shop.sell.open_basket(outlet, holder))
        return OpenBasketPayload(replayed=done.replayed, basket_key=done.result)

    @mutation(*EVERY_MUTATION, *OWN_BASKET, ProductWithdrawn, NotThatWay)
    def set_quantity(self, info: Info, input: SetQuantityInput) -> SetQuantityPayload:
        """Want so many of an open product."""
        at, basket = desk(info), read_id("Basket", input.basket_id, "input", "basketId")
        product = read_id("Product", input.product_id, "input", "productId")
        holder = at.session_id()
        done = at.carry_out(input, lambda: at.shop.sell.set_quantity(basket, holder, product, input.quantity))
        return SetQuantityPayload(replayed=done.replayed, basket_key=basket)

    @mutation(*EVERY_MUTATION, *OWN_BASKET, ProductWithdrawn, *TAKING, ProofOfVisitUnknown)
    def hold_piece(self, info: Info, input: HoldPieceInput) -> HoldPiecePayload:
        """Hold a numbered piece for a quarter of an hour, and put it in the basket."""
        at, basket = desk(info), read_id("Basket", input.basket_id, "input", "basketId")
        wanted = (read_id("Edition", input.edition_id, "input", "editionId"), input.number, space_name(input.space))
        holder, visit = at.session_id(), looked_up(at, input.visit)
        done = at.carry_out(input, lambda: at.shop.sell.hold_piece(basket, holder, *wanted, visit))
        return HoldPiecePayload(replayed=done.replayed, basket_key=basket, number=done.result)

    @mutation(*EVERY_MUTATION, *OWN_BASKET, *TAKING)
    def let_go(self, info: Info, input: LetGoInput) -> LetGoPayload:
        """Take a piece out of the basket and end its hold."""
        at, basket = desk(info), read_id("Basket", input.basket_id, "input", "basketId")
        piece = (read_id("Edition", input.edition_id, "input", "editionId"), input.number, space_name(input.space))
        holder = at.session_id()
        done = at.carry_out(input, lambda: at.shop.sell.let_go(basket, holder, *piece))
        return LetGoPayload(replayed=done.replayed, basket_key=basket)

    @mutation(*EVERY_MUTATION, *OWN_BASKET, *AGREEING, ProofOfVisitUnknown)
    def place_order(self, info: Info, input: PlaceOrderInput) -> PlaceOrderPayload:
        """Order what is in the basket, at today's prices."""
        at, basket = desk(info), read_id("Basket", input.basket_id, "input", "basketId")
        holder, buyer, visit = at.session_id(), at.customer(), looked_up(at, input.visit)
        done = at.carry_out(input, lambda: at.shop.sell.place_order(basket, holder, buyer, visit))
        return PlaceOrderPayload(order=orders.order(at, done.result), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, *OWN_BASKET, *LIMITED)
    def identify_buyer(self, info: Info, input: IdentifyBuyerInput) -> IdentifyBuyerPayload:
        """Say who buys with an order of your own, where an edition in it is sold so many a person."""
        at, order_id = desk(info), read_id("Order", input.order_id, "input", "orderId")
        own_sale(at, order_id)
        who = evidence(at, input.buyer)
        done = at.carry_out(input, lambda: at.shop.limits.identify(order_id, who))
        return IdentifyBuyerPayload(order=orders.order(at, order_id), replayed=done.replayed)


_KINDS: Final[dict[str, Callable[[Desk, UUID], Node]]] = {
    "Product": goods.product,
    "Edition": editions.edition,
    "Site": places.site,
    "Outlet": places.outlet,
    "Draw": draws.draw,
    "Basket": orders.basket,
    "Order": own_order,
}

schema = strawberry.Schema(
    query=Query, mutation=Mutation, types=[Product, Edition, Site, Outlet, Draw, Basket, Order], config=schema_config()
)
