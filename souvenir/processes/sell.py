"""Sell: from a basket to a paid order online, or over the counter in one step; pieces, licences and order together."""

from base64 import b32encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final, cast
from uuid import UUID

from souvenir.catalogue.product import Product
from souvenir.editions.application import release_hold, sell_piece, take_next, take_number
from souvenir.editions.edition import Edition
from souvenir.editions.piece import HoldExpired, PieceNotHeld
from souvenir.editions.terms import Space
from souvenir.eventlog import Busy, Committed, Contended, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id, new_id
from souvenir.licensing.application import check_grants, check_mark
from souvenir.payments.payment import Payment, Tender
from souvenir.payments.provider import Answer, Outcome, Providers, ask
from souvenir.payments.registers import oldest_open
from souvenir.sales.basket import Basket, PieceOfBasket
from souvenir.sales.order import Channel, Order, OrderCancelled, OrderLine
from souvenir.sites.outlet import Outlet

HOLD_LASTS: Final = timedelta(minutes=15)
"""How long a piece is kept for a basket."""


class NotThatWay(SouvenirError):
    message = "{sku} is sold by number: hold a piece of its edition instead of asking for a quantity."
    sku: str


class PaymentDeclined(SouvenirError):
    message = "The payment was declined: {reason}. Try another card or another way to pay."
    payment_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing sold over the counter: a product and how many, or a numbered piece of an edition."""

    product_id: UUID
    quantity: int = 1
    edition_id: UUID | None = None
    space: Space = "numbered"
    number: int | None = None


class Sell:
    """What a shop does all day. Methods that call a payment provider do so between two commits, never inside one."""

    def __init__(self, log: EventLog, providers: Providers) -> None:
        self._log = log
        self._providers = providers

    # Online.

    def open_basket(self, outlet_id: UUID, holder: str) -> Committed[UUID]:
        """A new basket at an outlet, for one session."""
        basket_id = new_id()

        def command(tx: Transaction) -> UUID:
            tx.get(Outlet, outlet_id)
            tx.save(Basket.open(basket_id, outlet_id, holder))
            return basket_id

        return self._log.execute(command)

    def set_quantity(self, basket_id: UUID, holder: str, product_id: UUID, quantity: int) -> Committed[None]:
        """Want so many of an open product; none takes it out of the basket."""

        def command(tx: Transaction) -> None:
            basket = _basket(tx, basket_id, holder)
            product = tx.get(Product, product_id)
            product.require_for_sale()
            if product.has_edition:
                raise NotThatWay(sku=product.sku)
            basket.set_quantity(product_id, quantity)
            tx.save(basket)

        return self._log.execute(command)

    def hold_piece(
        self, basket_id: UUID, holder: str, edition_id: UUID, number: int | None = None, space: Space = "numbered"
    ) -> Committed[int]:
        """Hold the number the buyer chose, or the next one, and put it in the basket; answers the number."""

        def command(tx: Transaction) -> int:
            basket = _basket(tx, basket_id, holder)
            until = clock.now() + HOLD_LASTS
            where = (tx, edition_id, basket.outlet_id)
            piece = (
                take_next(*where, basket_id, until, space)
                if number is None
                else take_number(*where, number, basket_id, until, space)
            )
            product_id = tx.get(Edition, edition_id).product_id
            tx.get(Product, product_id).require_for_sale()
            basket.add_piece(
                PieceOfBasket(product_id=product_id, edition_id=edition_id, space=space, number=piece.number)
            )
            tx.save(basket)
            return piece.number

        return self._log.execute(command)

    def let_go(
        self, basket_id: UUID, holder: str, edition_id: UUID, number: int, space: Space = "numbered"
    ) -> Committed[None]:
        """Take a piece out of the basket and end its hold."""

        def command(tx: Transaction) -> None:
            basket = _basket(tx, basket_id, holder)
            for piece in basket.pieces:
                if (piece.edition_id, piece.space, piece.number) == (edition_id, space, number):
                    basket.remove_piece(piece)
                    release_hold(tx, edition_id, space, number, basket_id)
            tx.save(basket)

        return self._log.execute(command)

    def place_order(self, basket_id: UUID, holder: str, buyer: UUID | None = None) -> Committed[UUID]:
        """Turn a basket into an order at today's prices, within the licences; its pieces stay held a little longer."""

        def command(tx: Transaction) -> UUID:
            basket = _basket(tx, basket_id, holder)
            outlet = tx.get(Outlet, basket.outlet_id)
            items = [Item(product_id, quantity) for product_id, quantity in basket.quantities.items()]
            for piece in basket.pieces:
                items.append(
                    Item(piece.product_id, 1, edition_id=piece.edition_id, space=_space(piece), number=piece.number)
                )
                until = clock.now() + HOLD_LASTS
                take_number(tx, piece.edition_id, outlet.id, piece.number, basket_id, until, _space(piece))
            order_id = derived_id("order", basket_id)
            today = clock.today(outlet.time_zone)
            order = _agree(tx, order_id, outlet, Channel.ONLINE, None, items, today, buyer, basket_id)
            basket.check_out(order_id)
            tx.save(order, basket)
            return order_id

        return self._log.execute(command)

    def pay(self, order_id: UUID, tender: Tender, provider: str, source: str) -> Committed[UUID]:
        """Pay an order through a provider; answers the payment's id.

        Raises PaymentDeclined. An answer that stays unknown leaves the payment open: `settle` asks again later.
        """
        self._providers.named(provider)
        payment_id = new_id()

        def request(tx: Transaction) -> UUID:
            order = tx.get(Order, order_id)
            order.check_payable(order.due)
            tx.save(Payment.request(payment_id, order_id, order.due, tender, provider))
            return payment_id

        requested = self._log.execute(request).result
        payment = self._log.load(Payment, requested)
        gateway = self._providers.named(payment.provider)
        key = str(requested)
        answer = ask(gateway, key, gateway.charge(key, payment.amount, source))
        return self._conclude(requested, answer)

    def settle(self, payment_id: UUID) -> Committed[UUID]:
        """Ask the provider what became of a payment, and act on it; a payment that is settled stays as it is."""
        payment = self._log.load(Payment, payment_id)
        answer = self._providers.named(payment.provider).query(str(payment_id))
        return self._conclude(payment_id, answer)

    def settle_open(self) -> int:
        """Ask about every payment that was left open, as after a crash; answers how many are settled now."""
        with self._log.reading() as session:
            waiting = oldest_open(session)
        for payment_id in waiting:
            with suppress(PaymentDeclined, OrderCancelled):
                self.settle(payment_id)
        return sum(self._log.load(Payment, payment_id).settled for payment_id in waiting)

    def _conclude(self, payment_id: UUID, answer: Answer) -> Committed[UUID]:
        """Record a provider's answer, and with it everything that follows from being paid.

        Money that arrives for an order that can no longer be kept, because its hold has ended and the piece is gone,
        is given back: the order is cancelled, never half kept.
        """
        try:
            committed = self._log.execute(lambda tx: _record(tx, payment_id, answer, _keep_order))
        except (Busy, Contended):
            raise
        except SouvenirError as refusal:
            reason = str(refusal)
            committed = self._log.execute(lambda tx: _record(tx, payment_id, answer, partial(_cancel_order, reason)))
        payment = self._log.load(Payment, payment_id)
        if payment.declined is not None:
            raise PaymentDeclined(payment_id=payment_id, reason=payment.declined)
        order = self._log.load(Order, payment.order_id)
        if order.cancelled is not None:
            self._give_back(payment)
            raise OrderCancelled(order_no=order.order_no, reason=order.cancelled)
        return committed

    def _give_back(self, payment: Payment) -> None:
        """Refund a payment whose order could not be kept. The key makes a repeat harmless."""
        if payment.reference is None or payment.refunds:
            return
        refund_id = derived_id("refund", payment.id)
        gateway = self._providers.named(payment.provider)
        answer = ask(gateway, str(refund_id), gateway.refund(str(refund_id), payment.reference, payment.amount))
        if answer.outcome is Outcome.APPROVED:
            on = clock.now().date()

            def command(tx: Transaction) -> None:
                paid = tx.get(Payment, payment.id)
                paid.refund(refund_id, paid.amount, answer.reference, on)
                tx.save(paid)

            self._log.execute(command)

    # Over the counter.

    def at_till(
        self,
        outlet_id: UUID,
        till: str,
        items: Sequence[Item],
        tender: Tender,
        reference: str = "",
        on: date | None = None,
    ) -> Committed[UUID]:
        """Sell over the counter, paid on the spot: order, payment, pieces and licences in one commit.

        `reference` is the card terminal's or wallet's own, empty for cash. `on` is the shift's business date.
        """
        order_id = new_id()

        def command(tx: Transaction) -> UUID:
            outlet = tx.get(Outlet, outlet_id)
            outlet.require_till(till)
            day = on or clock.today(outlet.time_zone)
            order = _agree(tx, order_id, outlet, Channel.SHOP, till, items, day, None)
            payment = Payment.request(derived_id("payment", order_id), order_id, order.due, tender, "counter")
            payment.approve(reference or f"counter:{order.order_no}")
            tx.save(order, payment)
            _sell_pieces(tx, order, day)
            order.pay(payment.id, tender, order.due, day)
            tx.save(order)
            return order_id

        return self._log.execute(command)


def _agree(
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
    """An order for these items at the prices and VAT rates of the day. Refuses what no licence permits."""
    lines = [_line(tx, outlet, channel, line_no, item, on) for line_no, item in enumerate(items, start=1)]
    order_no = f"{on:%y%m%d}-{b32encode(order_id.bytes[-5:]).decode()}"
    return Order.place(
        order_id,
        order_no=order_no,
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


def _line(tx: Transaction, outlet: Outlet, channel: Channel, line_no: int, item: Item, on: date) -> OrderLine:
    product = tx.get(Product, item.product_id)
    product.require_for_sale()
    if product.has_edition and item.number is None:
        raise NotThatWay(sku=product.sku)
    check_grants(tx, product.licence_ids, product.category, outlet.region, channel, on, outlet.currency)
    if product.mark_id is not None:
        check_mark(tx, product.mark_id, product.id, on)
    gross = product.price * item.quantity
    rate = product.vat_rate_on(on)
    return OrderLine(
        line_no=line_no,
        product_id=product.id,
        sku=product.sku,
        name=product.name,
        category=product.category,
        quantity=item.quantity,
        unit_price=product.price,
        gross=gross,
        vat_rate=rate,
        vat=gross.tax_within(rate),
        vat_exempt=product.vat_exempt,
        refundable=product.refundable,
        edition_id=item.edition_id,
        space=item.space,
        number=item.number,
        licence_ids=product.licence_ids,
        cost=product.cost and product.cost * item.quantity,
    )


def _record(tx: Transaction, payment_id: UUID, answer: Answer, follow: Callable[[Transaction, Payment], None]) -> UUID:
    payment = tx.get(Payment, payment_id)
    if answer.outcome is Outcome.DECLINED:
        payment.decline(answer.reason)
    elif answer.outcome is Outcome.APPROVED and not payment.settled:
        payment.approve(answer.reference)
        follow(tx, payment)
    tx.save(payment)
    return payment_id


def _keep_order(tx: Transaction, payment: Payment) -> None:
    """The order is paid and its pieces are sold."""
    order = tx.get(Order, payment.order_id)
    today = clock.today(tx.get(Outlet, order.outlet_id).time_zone)
    order.pay(payment.id, payment.tender, payment.amount, today)
    _sell_pieces(tx, order, today)
    tx.save(order)


def _cancel_order(reason: str, tx: Transaction, payment: Payment) -> None:
    order = tx.get(Order, payment.order_id)
    if order.paid_by is None:
        order.cancel(reason)
        tx.save(order)


def _sell_pieces(tx: Transaction, order: Order, on: date) -> None:
    """Sell every numbered line's piece: on the basket's hold, or, where that has ended, directly if it is still free."""
    for line in order.lines:
        if line.edition_id is None or line.number is None:
            continue
        piece = (tx, line.edition_id, cast(Space, line.space), line.number, order.id, on)
        try:
            sell_piece(*piece, order.basket_id, outlet_id=order.outlet_id)
        except (HoldExpired, PieceNotHeld):
            sell_piece(*piece, None, outlet_id=order.outlet_id)


def _basket(tx: Transaction, basket_id: UUID, holder: str) -> Basket:
    basket = tx.get(Basket, basket_id)
    basket.check_holder(holder)
    return basket


def _space(piece: PieceOfBasket) -> Space:
    return cast(Space, piece.space)
