"""Make an order: lines at the day's prices and taxes, within the licences; and its pieces sold once it is paid."""

from base64 import b32encode
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import cast
from uuid import UUID

from souvenir.catalogue.product import Product
from souvenir.editions.application import sell_piece, take_next, take_number
from souvenir.editions.edition import Edition
from souvenir.editions.piece import HoldExpired, PieceAlreadySold, PieceNotHeld
from souvenir.editions.terms import NumberNotForChoosing, Space, Visit
from souvenir.eventlog import Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money, total
from souvenir.licensing.application import Permission, check_grants, check_mark, take_units
from souvenir.licensing.royalty.net_sales import bundle_shares
from souvenir.sales.line import Bearing, OrderLine
from souvenir.sales.order import Channel, Order
from souvenir.sites.outlet import Outlet


class NotThatWay(SouvenirError):
    message = "{sku} is sold by number: hold a piece of its edition instead of asking for a quantity."
    sku: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing sold over the counter: a product and how many, or a piece of an edition: the next, or by its number."""

    product_id: UUID
    quantity: int = 1
    edition_id: UUID | None = None
    space: Space = "numbered"
    number: int | None = None
    price: Money | None = None
    """What one was sold for, where that is known already; without it, the product's price."""


def agree(
    tx: Transaction,
    order_id: UUID,
    outlet: Outlet,
    channel: Channel,
    till: str | None,
    items: Sequence[Item],
    on: date,
    buyer: UUID | None,
    basket_id: UUID | None = None,
) -> Order:
    """An order for these items at the prices and VAT rates of the day.

    Refuses what no licence permits, a piece that is named twice, and more than one of a number.
    """
    numbers = Counter((item.edition_id, item.space, item.number) for item in items if item.edition_id and item.number)
    for (edition_id, space, number), times in numbers.items():
        if times > 1:
            raise PieceAlreadySold(edition_id=edition_id, space=space, number=number)
    agreed = [_line(tx, outlet, channel, line_no, item, on) for line_no, item in enumerate(items, start=1)]
    for line, permissions in agreed:
        take_units(tx, permissions, order_id, line.line_no, line.quantity)
    return order_of(order_id, outlet, channel, till, [line for line, _ in agreed], on, buyer, basket_id)


def order_of(
    order_id: UUID,
    outlet: Outlet,
    channel: Channel,
    till: str | None,
    lines: Sequence[OrderLine],
    on: date,
    buyer: UUID | None = None,
    basket_id: UUID | None = None,
) -> Order:
    """An order of these lines at an outlet, with the number people call it by."""
    return Order.place(
        order_id,
        order_no=f"{on:%y%m%d}-{b32encode(order_id.bytes[-5:]).decode()}",
        outlet_id=outlet.id,
        channel=channel,
        till=till,
        lines=lines,
        currency=outlet.currency,
        on=on,
        buyer=buyer,
        basket_id=basket_id,
        territory=outlet.region,
    )


def line_of(
    tx: Transaction,
    product: Product,
    outlet: Outlet,
    line_no: int,
    item: Item,
    on: date,
    days: Mapping[UUID, date],
    set_of: UUID | None = None,
) -> OrderLine:
    """One line as it is sold: everything that royalties, refunds and books will ask of it.

    `days` says what day it is by each licence's own calendar; `set_of` which edition a piece without a number was sold as.
    """
    price, rate = item.price or product.price, product.vat_rate_on(on, outlet.region)
    gross = price * item.quantity
    vat = gross.tax_within(rate)
    parts = _parts_of_set(tx, item.edition_id or set_of, product, gross - vat) if days else {}
    return OrderLine(
        line_no=line_no,
        product_id=product.id,
        sku=product.sku,
        name=product.name,
        category=product.category,
        quantity=item.quantity,
        unit_price=price,
        gross=gross,
        vat_rate=rate,
        vat=vat,
        vat_exempt=product.vat_exempt,
        refundable=product.refundable,
        edition_id=item.edition_id,
        space=item.space,
        number=item.number,
        licence_ids=product.licence_ids,
        cost=product.cost and product.cost * item.quantity,
        gtin=product.gtin,
        bearings=tuple(
            Bearing(licence_id=id, net=parts.get(id), on=None if day == on else day)
            for id, day in days.items()
            if id in parts or day != on
        ),
    )


def _line(
    tx: Transaction, outlet: Outlet, channel: Channel, line_no: int, item: Item, on: date
) -> tuple[OrderLine, Sequence[Permission]]:
    """One line, and the permissions of its licences."""
    product = tx.look(Product, item.product_id)
    product.require_for_sale()
    if product.has_edition and (item.number is None or item.quantity != 1):
        raise NotThatWay(sku=product.sku)
    place = (outlet.region, channel, on, outlet.currency)
    at = clock.now() if product.licence_ids and on == clock.today(outlet.time_zone) else None
    permissions = check_grants(
        tx,
        product.licence_ids,
        product.category,
        *place,
        made_on=product.listed_on,  # what is listed in a sell-off is no old stock
        product_id=product.id,
        at=at,
    )
    if product.mark_id is not None:
        check_mark(tx, product.mark_id, product.id, on)
    days = {each.contract.id: each.on for each in permissions}
    return line_of(tx, product, outlet, line_no, item, on, days), permissions


def _parts_of_set(tx: Transaction, edition_id: UUID | None, product: Product, net: Money) -> Mapping[UUID, Money]:
    """What of a set's price bears each licence: that of its parts, by the prices they have, where not all bear it."""
    parts = tx.look(Edition, edition_id).parts if edition_id is not None else ()
    if not parts or not product.licence_ids:
        return {}
    products = [tx.look(Product, tx.look(Edition, part).product_id) for part in parts]
    priced = list(zip(products, bundle_shares(net, [each.price for each in products]), strict=True))
    bearing = {
        id: total((share for part, share in priced if id in part.licence_ids), net.currency)
        for id in product.licence_ids
    }
    return {id: share for id, share in bearing.items() if share and share != net}


def next_number(tx: Transaction, outlet_id: UUID, order_id: UUID, item: Item, visit: Visit | None) -> Item:
    """The item with a number: where it is of an edition and names none, the next, held for the order."""
    if item.edition_id is None or item.number is not None:
        return item
    piece = take_next(tx, item.edition_id, outlet_id, order_id, space=item.space, visit=visit)
    return replace(item, number=piece.number)


def hold_on_counter(
    tx: Transaction, outlet_id: UUID, holder: UUID, item: Item, visit: Visit | None, until: datetime | None = None
) -> Item:
    """The item, its piece held for what is on the counter; the next one where it names none."""
    if item.edition_id is None:
        return item
    if item.number is None:
        piece = take_next(tx, item.edition_id, outlet_id, holder, until, space=item.space, visit=visit)
        return replace(item, number=piece.number)
    with suppress(NumberNotForChoosing):  # it lies on the counter: nobody else can take it
        take_number(tx, item.edition_id, outlet_id, item.number, holder, until, space=item.space, visit=visit)
    return item


def sell_pieces(
    tx: Transaction,
    order: Order,
    on: date,
    holder: UUID,
    visit: Visit | None = None,
    held: Set[int] | None = None,
) -> None:
    """Sell every numbered line's piece: on the holder's hold, or, where that has ended, directly if it is still free.

    `held` says which lines the holder has anything of, if not all.
    """
    for line in order.lines:
        if line.edition_id is None or line.number is None:
            continue
        piece = (tx, line.edition_id, cast(Space, line.space), line.number, order.id, on)
        try:
            on_hold = holder if held is None or line.line_no in held else None
            sold = sell_piece(*piece, on_hold, outlet_id=order.outlet_id, visit=visit)
        except (HoldExpired, PieceNotHeld):
            sold = sell_piece(*piece, None, outlet_id=order.outlet_id, visit=visit)
        if sold.product_id != line.product_id:
            raise NotThatWay(sku=line.sku)
