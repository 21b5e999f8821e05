"""Orders and baskets as every audience sees them."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Self
from uuid import UUID

import strawberry

from souvenir.api.certificates import Certificate, certificates_of
from souvenir.api.connections import Connection, page
from souvenir.api.desk import Desk, desk
from souvenir.api.editions import Space
from souvenir.api.goods import Product, products_with
from souvenir.api.identity import Node, global_id, global_id_if
from souvenir.api.places import Outlet, outlet
from souvenir.api.scalars import CurrencyCode
from souvenir.api.showcase import Later, Together
from souvenir.api.types import Info, LocalizedText, Money, described, visit
from souvenir.kernel import money
from souvenir.payments.payment import Tender as PaidWith
from souvenir.sales import basket as sales_basket
from souvenir.sales import line as sales_line
from souvenir.sales import order as sales_order
from souvenir.sales.tender import Tendered
from souvenir.sales.views import OrderRow


@strawberry.enum(description="What is paid with.")
class Tender(StrEnum):
    CASH = "cash"
    CARD = "card"
    WALLET = "wallet"

    @property
    def paid_with(self) -> PaidWith:
        return PaidWith(self.value)


@strawberry.type(description="One line as it was sold.")
class OrderLine:
    line_no: int
    product_id: strawberry.ID
    sku: str
    quantity: int
    unit_price: Money = strawberry.field(description="Including VAT.")
    gross: Money = strawberry.field(description="Including VAT, after discounts.")
    vat_rate: Decimal
    vat: Money
    edition_id: strawberry.ID | None
    space: Space | None
    number: int | None = strawberry.field(description="Of a numbered piece.")
    returned_quantity: int
    names: strawberry.Private[Mapping[str, str]]

    @strawberry.field
    def name(self, info: Info) -> LocalizedText:
        return LocalizedText.of(self.names, visit(info).languages)


@strawberry.type(description="So much by one payment.")
class OrderTender:
    payment_id: strawberry.ID
    tender: str
    amount: Money

    @classmethod
    def all(cls, found: Iterable[Tendered]) -> list[Self]:
        return [
            cls(payment_id=global_id("Payment", one.payment_id), tender=one.tender, amount=Money.of(one.amount))
            for one in found
        ]


@strawberry.type(description="Goods that came back.")
class Return:
    id: strawberry.ID
    amount: Money = strawberry.field(description="The price of the goods.")
    exchanged_for: strawberry.ID | None = strawberry.field(description="The order whose goods went out for these.")
    given_by: strawberry.Private[tuple[Tendered, ...]]
    carried_over: strawberry.Private[tuple[Tendered, ...]]

    @described
    def tenders(self) -> list[OrderTender]:
        """By what their price went back, with what was kept of it for an advance."""
        return OrderTender.all(self.given_by)

    @described
    def carried(self) -> list[OrderTender]:
        """What had been paid for them and pays for what went out in exchange."""
        return OrderTender.all(self.carried_over)


@strawberry.type(description="What one buyer agreed to at one moment.")
class Order(Node):
    order_no: str
    state: str = strawberry.field(description="placed, paid, cancelled or returned (in part or whole).")
    channel: str
    till: str | None
    placed_on: date
    currency: CurrencyCode
    total: Money = strawberry.field(description="What the buyer pays, VAT included.")
    vat: Money
    tender: str | None = strawberry.field(description="By which it was paid, the last if by several.")
    cancelled_because: str | None
    lines: list[OrderLine]
    returns: list[Return]
    outlet_key: strawberry.Private[UUID]
    key: strawberry.Private[UUID]
    found: strawberry.Private[sales_order.Order]

    @strawberry.field
    def outlet(self, info: Info) -> Outlet:
        return outlet(desk(info), self.outlet_key)

    @described
    def tenders(self) -> list[OrderTender]:
        """By what it was paid, or is in part."""
        return OrderTender.all(self.found.tenders.values())

    @described
    def in_exchange_for(self) -> strawberry.ID | None:
        """The order whose goods came back for these."""
        exchange = self.found.exchange
        return global_id("Order", exchange.order_id) if exchange else None

    @described
    def rounding(self) -> Money:
        """What the smallest coin left unpaid of a rest in cash; below zero, what was paid beyond it."""
        return Money.of(self.found.rounding)

    @described
    def remaining(self) -> Money:
        """What is left to be paid, before the smallest coin rounds it."""
        settled = self.found.paid_by is not None or self.found.cancelled is not None
        return Money.of(money.Money.zero(self.found.currency) if settled else self.found.remaining)

    @described
    def certificates(self, info: Info) -> list[Certificate]:
        """Of its numbered pieces, once it is paid."""
        return list(certificates_of(desk(info), self.key)) if any(line.number for line in self.lines) else []


@strawberry.type(description="An order as it stands in the order book.")
class OrderSummary:
    order_id: strawberry.ID
    order_no: str
    state: str
    channel: str
    till: str | None
    placed_on: date
    total: Money
    returned: Money


@strawberry.type(description="Open goods someone means to buy.")
class BasketItem:
    quantity: int
    product_of_it: strawberry.Private[Later[Product]]

    @strawberry.field
    def product(self) -> Product:
        found = self.product_of_it()
        assert found is not None, "what is in a basket was found on the shelf"
        return found


@strawberry.type(description="A numbered piece that is held for a basket.")
class HeldPiece:
    edition_id: strawberry.ID
    product_id: strawberry.ID
    space: Space
    number: int


@strawberry.type(description="What one session means to buy. Holds no price and promises none.")
class Basket(Node):
    items: list[BasketItem]
    pieces: list[HeldPiece]
    order_id: strawberry.ID | None = strawberry.field(description="The order it became.")
    outlet_key: strawberry.Private[UUID]

    @strawberry.field
    def outlet(self, info: Info) -> Outlet:
        return outlet(desk(info), self.outlet_key)


@strawberry.type
class OrderChange:
    order: Order
    replayed: bool


@strawberry.type
class BasketChange:
    replayed: bool
    basket_key: strawberry.Private[UUID]

    @strawberry.field
    def basket(self, info: Info) -> Basket:
        return basket(desk(info), self.basket_key)


def order(at: Desk, id: UUID) -> Order:
    """The order with this id as it stands now. Raises NotFound."""
    return shown(at.found(sales_order.Order, id))


def orders(at: Desk, outlet_id: UUID | None, first: int, after: str | None) -> Connection[OrderSummary]:
    """The order book by day, of one outlet or of all."""
    view = at.shop.views.orders
    with at.reading(view) as session:
        return page(
            lambda start, limit: view.page(session, outlet_id, start, limit),
            key=lambda row: (row.placed_on.isoformat(), str(row.id)),
            node=_summary,
            first=first,
            after=after,
            sort="day",
            read=lambda day, id: (date.fromisoformat(day), UUID(id)),
        )


def order_with_number(at: Desk, order_no: str) -> UUID:
    """The id of the order with this number. Raises NotFound."""
    view = at.shop.views.orders
    with at.reading(view) as session:
        return view.by_number(session, order_no).id


def basket(at: Desk, id: UUID) -> Basket:
    """The caller's own basket. Raises NotYourBasket or NotFound."""
    found = at.found(sales_basket.Basket, id)
    found.check_holder(at.session_id())
    goods = Together(partial(products_with, at))
    return Basket(
        id=global_id("Basket", id),
        items=[
            BasketItem(quantity=quantity, product_of_it=goods.later(key)) for key, quantity in found.quantities.items()
        ],
        pieces=[
            HeldPiece(
                edition_id=global_id("Edition", piece.edition_id),
                product_id=global_id("Product", piece.product_id),
                space=Space(piece.space),
                number=piece.number,
            )
            for piece in found.pieces
        ],
        order_id=global_id_if("Order", found.order_id),
        outlet_key=found.outlet_id,
    )


def shown(found: sales_order.Order) -> Order:
    """An order as it is shown."""
    state = "cancelled" if found.cancelled else "returned" if found.returns else "paid" if found.paid_by else "placed"
    return Order(
        id=global_id("Order", found.id),
        order_no=found.order_no,
        state=state,
        channel=str(found.channel),
        till=found.till,
        placed_on=found.placed_on,
        currency=CurrencyCode(found.currency),
        total=Money.of(found.due),
        vat=Money.of(money.total((line.vat for line in found.lines), found.currency)),
        tender=found.tender,
        cancelled_because=found.cancelled,
        lines=[_line(found, line) for line in found.lines],
        returns=[
            Return(
                id=global_id("Return", id),
                amount=Money.of(money.total((line.gross for line in lines), found.currency)),
                exchanged_for=global_id_if("Order", found.exchanged_for.get(id)),
                given_by=found.given_by[id],
                carried_over=found.carried_over[id],
            )
            for id, lines in found.returns.items()
        ],
        outlet_key=found.outlet_id,
        key=found.id,
        found=found,
    )


def _line(found: sales_order.Order, line: sales_line.OrderLine) -> OrderLine:
    return OrderLine(
        line_no=line.line_no,
        product_id=global_id("Product", line.product_id),
        sku=line.sku,
        quantity=line.quantity,
        unit_price=Money.of(line.unit_price),
        gross=Money.of(line.gross),
        vat_rate=line.vat_rate,
        vat=Money.of(line.vat),
        edition_id=global_id_if("Edition", line.edition_id),
        space=Space(line.space) if line.number is not None else None,
        number=line.number,
        returned_quantity=found.returned_of(line.line_no)[0],
        names=line.name,
    )


def _summary(row: OrderRow) -> OrderSummary:
    return OrderSummary(
        order_id=global_id("Order", row.id),
        order_no=row.order_no,
        state=row.state,
        channel=row.channel,
        till=row.till,
        placed_on=row.placed_on,
        total=Money.of(row.gross),
        returned=Money.of(row.returned),
    )
