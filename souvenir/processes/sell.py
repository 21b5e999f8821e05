"""Sell: from a basket to a paid order online, or over the counter in one step; pieces, licences and order together."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final, TypeVar, cast
from uuid import UUID

from souvenir.catalogue.product import Product
from souvenir.editions.application import release_hold, take_next, take_number
from souvenir.editions.application.limits import identify
from souvenir.editions.edition import Edition
from souvenir.editions.purchase import Evidence
from souvenir.editions.terms import Space, Visit
from souvenir.eventlog import Busy, Committed, Contended, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.aggregate import Aggregate
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id, new_id
from souvenir.kernel.money import Money
from souvenir.licensing.application import give_units_back
from souvenir.payments.application import carry_out_refund
from souvenir.payments.payment import Payment, Tender
from souvenir.payments.provider import IN_FLIGHT, Answer, CounterProvider, Outcome, Providers, ProviderSilent, ask
from souvenir.payments.registers import oldest_open, oldest_refunds, open_at_counter
from souvenir.pos.application import business_date_at
from souvenir.processes.make_order import Item, NotThatWay, agree, next_number, sell_pieces
from souvenir.processes.park_sale import finish_parked
from souvenir.processes.split_tender import Part, as_paid, check_part, give_part_back, put_to_order, take_parts
from souvenir.processes.trading_day import shop_with, trading_day
from souvenir.processes.watch_deadlines import trying
from souvenir.sales.basket import Basket, PieceOfBasket
from souvenir.sales.order import Channel, Order, PaymentDiffersFromOrder
from souvenir.sites.outlet import Outlet

T = TypeVar("T")

ABANDONED_AFTER: Final = timedelta(hours=24)
"""How long a customer may take to complete a payment in their browser; then it is called off."""

LEFT_AFTER: Final = timedelta(minutes=10)
"""How long a device on the counter asks for a card, with the cashier gone or the till broken."""


class PaymentStillOpen(SouvenirError):
    message = "Payment {payment_id} of order {order_no} is still open. Ask what became of it, or call it off, first."
    payment_id: UUID
    order_no: str


class PaymentDeclined(SouvenirError):
    message = "The payment was declined: {reason}. Try another card or another way to pay."
    payment_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Begun:
    """A payment the customer completes by themselves: the provider's reference, and the secret for their browser."""

    payment_id: UUID
    reference: str
    secret: str


@dataclass(frozen=True, slots=True)
class Left(Committed[T]):
    """A command with what it left behind, for whoever tells of it next; nothing where it had been carried out before."""

    behind: Aggregate | None = None


class Sell:
    """What a shop does all day. Methods that call a payment provider do so between two commits, never inside one."""

    def __init__(self, log: EventLog, providers: Providers) -> None:
        self._log = log
        self._providers = providers

    # Online.

    def open_basket(self, outlet_id: UUID, holder: str) -> Left[UUID]:
        """A new basket at an outlet, for one session."""
        basket_id = new_id()

        def command(tx: Transaction) -> tuple[UUID, Basket]:
            tx.look(Outlet, outlet_id)
            basket = Basket.open(basket_id, outlet_id, holder)
            tx.save(basket)
            return basket_id, basket

        return self._leave(command)

    def set_quantity(self, basket_id: UUID, holder: str, product_id: UUID, quantity: int) -> Left[None]:
        """Want so many of an open product; none takes it out of the basket."""

        def command(tx: Transaction) -> tuple[None, Basket]:
            basket = _basket(tx, basket_id, holder)
            product = tx.look(Product, product_id)
            product.require_for_sale()
            if product.has_edition:
                raise NotThatWay(sku=product.sku)
            basket.set_quantity(product_id, quantity)
            tx.save(basket)
            return None, basket

        return self._leave(command)

    def hold_piece(
        self,
        basket_id: UUID,
        holder: str,
        edition_id: UUID,
        number: int | None = None,
        space: Space = "numbered",
        visit: Visit | None = None,
    ) -> Left[int]:
        """Hold the number the buyer chose, or the next one, and put it in the basket; answers the number.

        `visit` is a proof of visit that was checked, for editions that only visitors may buy.
        """

        def command(tx: Transaction) -> tuple[int, Basket]:
            basket = _basket(tx, basket_id, holder)
            where = (tx, edition_id, basket.outlet_id)
            piece = (
                take_next(*where, basket_id, space=space, visit=visit)
                if number is None
                else take_number(*where, number, basket_id, space=space, visit=visit)
            )
            product_id = tx.look(Edition, edition_id).product_id
            tx.look(Product, product_id).require_for_sale()
            basket.add_piece(
                PieceOfBasket(product_id=product_id, edition_id=edition_id, space=space, number=piece.number)
            )
            tx.save(basket)
            return piece.number, basket

        return self._leave(command)

    def let_go(
        self, basket_id: UUID, holder: str, edition_id: UUID, number: int, space: Space = "numbered"
    ) -> Left[None]:
        """Take a piece out of the basket and end its hold."""

        def command(tx: Transaction) -> tuple[None, Basket]:
            basket = _basket(tx, basket_id, holder)
            for piece in basket.pieces:
                if (piece.edition_id, piece.space, piece.number) == (edition_id, space, number):
                    basket.remove_piece(piece)
                    release_hold(tx, edition_id, space, number, basket_id)
            tx.save(basket)
            return None, basket

        return self._leave(command)

    def place_order(
        self, basket_id: UUID, holder: str, buyer: UUID | None = None, visit: Visit | None = None
    ) -> Left[UUID]:
        """Turn a basket into an order at today's prices, within the licences; its pieces stay held a little longer.

        Asked again it answers the same order. `visit` is asked for again where the hold on a piece for visitors has ended meanwhile.
        """

        def command(tx: Transaction) -> tuple[UUID, Order]:
            basket = _basket(tx, basket_id, holder)
            if basket.order_id is not None:
                return basket.order_id, tx.get(Order, basket.order_id)
            outlet = tx.look(Outlet, basket.outlet_id)
            items = [Item(product_id, quantity) for product_id, quantity in basket.quantities.items()]
            for piece in basket.pieces:
                items.append(
                    Item(piece.product_id, 1, edition_id=piece.edition_id, space=_space(piece), number=piece.number)
                )
                where = (tx, piece.edition_id, outlet.id, piece.number)
                take_number(*where, basket_id, space=_space(piece), visit=visit)
            order_id = derived_id("order", basket_id)
            today = clock.today(outlet.time_zone)
            order = agree(tx, order_id, outlet, Channel.ONLINE, None, items, today, buyer, basket_id)
            basket.check_out(order_id)
            tx.save(order, basket)
            return order_id, order

        return self._leave(command)

    def pay(self, order_id: UUID, tender: Tender, provider: str, source: str) -> Committed[UUID]:
        """Pay an order through a provider; answers the payment's id.

        Raises PaymentDeclined, and OrderAlreadyPaid or OrderCancelled once the money is on its way back. An answer that
        stays unknown, or waits for the customer's bank, leaves the payment open: `settle` asks again later.
        """
        return self._charge(self._request_payment(order_id, tender, provider), source)

    def pay_here(
        self, order_id: UUID, tender: Tender, provider: str, device: str, part: Money | None = None
    ) -> Committed[UUID]:
        """Have an order paid at a device on the counter, which no other payment of the order may be busy with.

        All that is left of it, or a part. Raises PaymentStillOpen, PaymentDiffersFromOrder or NotPayableInCash, and what
        `pay` raises. A customer is slow: the payment is open until one has `settled` it.
        """
        return self._charge(self._request_payment(order_id, tender, provider, device, part), device)

    def needs_a_counter(self, provider: str, source: str) -> bool:
        """Whether a source is a device on the counter, which nobody pays at from afar. Raises UnknownProvider."""
        gateway = self._providers.named(provider)
        return isinstance(gateway, CounterProvider) and gateway.at_counter(source)

    def _charge(self, requested: Left[UUID], source: str) -> Committed[UUID]:
        asked = requested.behind
        payment = asked if isinstance(asked, Payment) else self._log.load(Payment, requested.result)
        if payment.settled:
            return self._outcome(payment, requested)
        gateway, key = self._providers.named(payment.provider), str(payment.id)
        answer = ask(
            lambda: gateway.charge(key, payment.amount, source),
            lambda: gateway.query(key),
            asked_before=requested.replayed,
        )
        return self._conclude(payment, answer, requested)

    def begin_payment(self, order_id: UUID, tender: Tender, provider: str) -> Committed[Begun]:
        """Prepare a payment which the customer completes in their own browser; then anyone may `settle` it.

        Raises UnknownProvider, and what `pay` raises where the provider answers at once.
        """
        requested = self._request_payment(order_id, tender, provider)
        payment = self._log.load(Payment, requested.result)
        if payment.settled:  # asked again: a provider that has forgotten the key would begin another
            self._outcome(payment, requested)
            return Committed(Begun(payment.id, payment.reference or "", ""), requested.position, requested.replayed)
        gateway, key = self._providers.named(payment.provider), str(payment.id)
        answer = ask(
            lambda: gateway.begin(key, payment.amount), lambda: gateway.query(key), asked_before=requested.replayed
        )
        self._conclude(payment, answer, requested)
        return Committed(Begun(payment.id, answer.reference, answer.secret), requested.position, requested.replayed)

    def settle(self, payment_id: UUID) -> Committed[UUID]:
        """Ask the provider what became of a payment, and act on it, once.

        The customer who comes back, the provider's notice and the sweep after a crash all say this, in any order and
        as often as they like. Money that a payment has taken is never forgotten: what had been given up is reopened.
        Raises ProviderSilent where a payment that had been given up cannot be looked up now.
        """
        payment = self._log.load(Payment, payment_id)
        known = Committed(payment_id, self._log.head(), replayed=True)
        if payment.reference is not None:
            return self._outcome(payment, known)
        return self._conclude(payment, self._what_became_of(payment), known)

    def call_off(self, payment_id: UUID, reason: str) -> Committed[UUID]:
        """Have nothing taken: unless it was by now, the payment ends as declined (which is raised), for this reason.

        Raises PaymentStillOpen where the provider cannot stop it, or cannot be asked, now.
        """
        payment = self._log.load(Payment, payment_id)
        known = Committed(payment_id, self._log.head(), replayed=True)
        if payment.settled:
            return self._outcome(payment, known)
        gateway, key = self._providers.named(payment.provider), str(payment_id)
        answer = gateway.query(key)
        if answer.outcome not in (Outcome.APPROVED, Outcome.DECLINED):
            if gateway.reverse(key).outcome is not Outcome.APPROVED:
                order = self._log.load(Order, payment.order_id)
                raise PaymentStillOpen(payment_id=payment_id, order_no=order.order_no)
            answer = Answer(Outcome.DECLINED, reason=reason)
        return self._conclude(payment, answer, known)

    def conclude(self, payment_id: UUID, answer: Answer) -> Committed[UUID]:
        """Record an answer that came another way than by asking, such as a slip; it is acted on as any other is."""
        payment = self._log.load(Payment, payment_id)
        known = Committed(payment_id, self._log.head(), replayed=payment.settled)
        return self._conclude(payment, answer, known)

    def see_refunds_through(self, payment_ids: Iterable[UUID]) -> None:
        """Ask the providers for what was decided to be given back; what fails now is asked again by the sweep."""
        for payment_id in payment_ids:
            for refund_id in tuple(self._log.load(Payment, payment_id).refunds_asked):
                with suppress(SouvenirError):
                    carry_out_refund(self._log, self._providers, payment_id, refund_id)

    def settle_open(self) -> int:
        """Ask about every payment and refund left open, as after a crash; answers how many payments are settled now."""
        with self._log.reading() as session:
            waiting, refunds = oldest_open(session), oldest_refunds(session)
        for payment_id in waiting:
            with trying("payment", payment_id), suppress(PaymentDeclined):  # declined is settled
                self.settle(payment_id)
        for payment_id, refund_id in refunds:
            with trying("refund", refund_id):
                carry_out_refund(self._log, self._providers, payment_id, refund_id)
        return sum(self._log.load(Payment, payment_id).settled for payment_id in waiting)

    def _request_payment(
        self, order_id: UUID, tender: Tender, provider: str, device: str = "", part: Money | None = None
    ) -> Left[UUID]:
        self._providers.named(provider)
        payment_id = new_id()

        def request(tx: Transaction) -> tuple[UUID, Payment]:
            order = tx.get(Order, order_id)
            order.check_payable(order.remaining)
            if open_ := open_at_counter(tx.session, order_id):
                raise PaymentStillOpen(payment_id=open_, order_no=order.order_no)
            outlet = tx.look(Outlet, order.outlet_id)
            if tender is Tender.CASH and order.till is not None:
                trading_day(tx, outlet, order.till)
            today = clock.today(outlet.time_zone)
            amount = as_paid(outlet, order.remaining, tender, today)
            if part is not None and part not in (amount, order.remaining):
                check_part(outlet, order, tender, part, today)
                amount = part
            payment = Payment.request(payment_id, order_id, amount, tender, provider, device)
            tx.save(payment)
            return payment_id, payment

        return self._leave(request)

    def _what_became_of(self, payment: Payment) -> Answer:
        """The provider's word on a payment; one that never arrived, or that nobody completed, is given up in time."""
        gateway, key = self._providers.named(payment.provider), str(payment.id)
        answer, waited = gateway.query(key), clock.now() - payment.created_on
        if answer.outcome is Outcome.NEVER_RECEIVED and waited >= IN_FLIGHT:
            return Answer(Outcome.DECLINED, reason="the provider never received it")
        patience = LEFT_AFTER if payment.device else ABANDONED_AFTER
        if answer.outcome is Outcome.PENDING and (payment.declined is not None or waited >= patience):
            called_off = gateway.reverse(key).outcome is Outcome.APPROVED
            answer = Answer(Outcome.DECLINED, reason="nobody completed it") if called_off else Answer(Outcome.UNKNOWN)
        if answer.outcome is Outcome.UNKNOWN and payment.declined is not None:
            raise ProviderSilent(provider=payment.provider)  # no sweep asks again: whoever was told must keep asking
        return answer

    def _conclude(self, payment: Payment, answer: Answer, requested: Committed[UUID]) -> Committed[UUID]:
        """Record a provider's answer, and with it everything that follows from being paid.

        Money that arrives for an order that can no longer be kept, because its hold has ended and the piece is gone, or
        that is paid already, is given back: decided with the answer, in one commit, and carried out after it.
        """
        id = payment.id
        try:
            committed = self._log.commit(lambda tx: _record(tx, id, answer, _keep_order))
        except (Busy, Contended):
            raise
        except SouvenirError as refusal:
            give_back = partial(_give_back, refusal)
            committed = self._log.commit(lambda tx: _record(tx, id, answer, give_back))
        return self._outcome(committed.result, Committed(id, committed.position, requested.replayed))

    def _outcome(self, payment: Payment, concluded: Committed[UUID]) -> Committed[UUID]:
        """Finish what a payment's answer asks for, then say it: paid, open, or refused and why."""
        if payment.declined is not None:
            raise PaymentDeclined(payment_id=payment.id, reason=payment.declined)
        for refund_id in tuple(payment.refunds_asked):
            payment = carry_out_refund(self._log, self._providers, payment.id, refund_id)
        order = self._log.load(Order, payment.order_id)
        known = payment.id in order.tenders or payment.id in order.given_back_parts
        if payment.reference is None or payment.received is not None or known:
            return Left(concluded.result, concluded.position, concluded.replayed, order)
        order.check_payable(payment.amount)
        raise PaymentDiffersFromOrder(order_no=order.order_no, due=order.remaining, offered=payment.amount)

    # Over the counter.

    def at_till(
        self,
        outlet_id: UUID,
        till: str,
        items: Sequence[Item],
        tender: Tender,
        reference: str = "",
        on: date | None = None,
        evidence: Evidence | None = None,
        visit: Visit | None = None,
        parts: Sequence[Part] = (),
        resumed: UUID | None = None,
    ) -> Left[UUID]:
        """Sell over the counter, paid on the spot: order, payment, pieces and licences in one commit.

        `parts` are paid first, in other tenders; `tender` pays the rest: all of it, where there are none. `resumed` is the
        parked sale this was taken up from.
        `reference` is the card terminal's or wallet's own, empty for cash. `on` is the business date:
        without one, that of the till's open shift (see `trading_day`).
        `evidence` says who buys, where an edition is sold so many a person; `visit` that they came, where it is for visitors only.
        """
        order_id = new_id()

        def command(tx: Transaction) -> tuple[UUID, Order]:
            outlet = shop_with(tx, outlet_id, till)
            day = trading_day(tx, outlet, till, on)
            finish_parked(tx, resumed, outlet_id, till)
            numbered = [next_number(tx, outlet_id, order_id, item, visit) for item in items]
            order = agree(tx, order_id, outlet, Channel.SHOP, till, numbered, day, None)
            take_parts(tx, outlet, order, parts, day)
            amount = as_paid(outlet, order.remaining, tender, day)
            payment = Payment.take(order_id, amount, tender, reference or f"counter:{order.order_no}")
            tx.save(order, payment)
            if evidence is not None:
                identify(tx, order_id, evidence)
            given = {no for no, (asked, item) in enumerate(zip(items, numbered, strict=True), 1) if asked != item}
            sell_pieces(tx, order, day, order_id, visit, given)
            put_to_order(outlet, order, payment, day)
            tx.save(order)
            return order_id, order

        return self._leave(command)

    def _leave(self, command: Callable[[Transaction], tuple[T, Aggregate]]) -> Left[T]:
        """Carry out a command that answers its result and what it leaves behind."""
        behind: list[Aggregate] = []

        def decide(tx: Transaction) -> T:
            result, left = command(tx)
            behind[:] = [left]  # of the last attempt
            return result

        done = self._log.execute(decide)
        return Left(done.result, done.position, done.replayed, None if done.replayed else behind[0])


def _record(
    tx: Transaction, payment_id: UUID, answer: Answer, follow: Callable[[Transaction, Payment], None]
) -> Payment:
    payment = tx.get(Payment, payment_id)
    if answer.outcome is Outcome.DECLINED:
        payment.decline(answer.reason)
    elif answer.outcome is Outcome.APPROVED and payment.reference is None:
        if answer.amount is not None and answer.amount != payment.amount:
            payment.mismatch(answer.reference, answer.amount)
        else:
            payment.approve(answer.reference)
            follow(tx, payment)
    tx.save(payment)
    return payment


def _keep_order(tx: Transaction, payment: Payment) -> None:
    """The order is paid and its pieces are sold; at a till, on the business date of its open shift. Or a part of it is paid."""
    order = tx.get(Order, payment.order_id)
    outlet = tx.look(Outlet, order.outlet_id)
    shift_date = business_date_at(tx, order.outlet_id, order.till) if order.till else None
    today = shift_date or clock.today(outlet.time_zone)
    if put_to_order(outlet, order, payment, today):
        sell_pieces(tx, order, today, order.basket_id or order.id)
    tx.save(order)


def _give_back(refusal: SouvenirError, tx: Transaction, payment: Payment) -> None:
    """The money is to go back; an order that cannot be kept is cancelled with it, and what was paid of it goes back too."""
    order = tx.get(Order, payment.order_id)
    today = clock.today(tx.look(Outlet, order.outlet_id).time_zone)
    if order.paid_by is None and not isinstance(refusal, PaymentDiffersFromOrder):
        for part in tuple(order.parts):
            give_part_back(tx, order, part, today)
        order.cancel(str(refusal))
        tx.save(order)
        for line in order.lines:
            give_units_back(tx, line.licence_ids, order.id, line.line_no)
    payment.request_refund(derived_id("refund", payment.id, near=payment.id), payment.amount, today, str(refusal))


def _basket(tx: Transaction, basket_id: UUID, holder: str) -> Basket:
    basket = tx.get(Basket, basket_id)
    basket.check_holder(holder)
    return basket


def _space(piece: PieceOfBasket) -> Space:
    return cast(Space, piece.space)
