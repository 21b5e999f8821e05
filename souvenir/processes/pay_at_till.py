"""Pay at the till: an order on the counter is paid at a reader, at a bank's terminal, or in cash, one tender at a time.

A sale that is paid on the spot is one step: `Sell.at_till`. Here paying takes a while, and anything may happen meanwhile.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from typing import cast
from uuid import UUID

from souvenir.editions.application import release_hold
from souvenir.editions.application.limits import identify
from souvenir.editions.purchase import Evidence
from souvenir.editions.terms import Space, Visit
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import new_id
from souvenir.kernel.money import Money, total
from souvenir.licensing.application import give_units_back
from souvenir.payments.application import keep_refund
from souvenir.payments.batch import Batch, Totals, batch_id
from souvenir.payments.payment import Payment, SlipAlreadyKeyedIn, Tender
from souvenir.payments.provider import Answer, Outcome
from souvenir.payments.providers.terminal import BankTerminal, Slip, batch_reference
from souvenir.payments.registers import (
    open_at_counter,
    slip_taken,
    slips_of_batch,
    without_slip,
)
from souvenir.processes.make_order import Item, agree, hold_on_counter
from souvenir.processes.park_sale import finish_parked
from souvenir.processes.sell import PaymentStillOpen, Sell
from souvenir.processes.split_tender import give_part_back
from souvenir.processes.trading_day import shop_with, trading_day
from souvenir.sales.order import Channel, Order
from souvenir.sites.outlet import Outlet

CALLED_OFF = "called off at the till"


class NotAtATerminal(SouvenirError):
    message = "Payment {payment_id} is with {provider!r}, which answers for itself: nothing is keyed in for it."
    payment_id: UUID
    provider: str


class OrderOfAnotherTill(SouvenirError):
    message = "Order {order_no} was placed at till {till}: cash for it belongs into the drawer there."
    order_no: str
    till: str


class PayAtTill:
    """What a till does while its customer looks for a card. A till that breaks down finds all of it again."""

    def __init__(self, log: EventLog, sell: Sell) -> None:
        self._log = log
        self._sell = sell

    def place(
        self,
        outlet_id: UUID,
        till: str,
        items: Sequence[Item],
        on: date | None = None,
        evidence: Evidence | None = None,
        visit: Visit | None = None,
        resumed: UUID | None = None,
    ) -> Committed[UUID]:
        """An order on the counter, to be paid; its pieces are held for it meanwhile. Answers its id.

        `resumed` is the parked sale this was taken up from.
        """
        order_id = new_id()

        def command(tx: Transaction) -> UUID:
            outlet = shop_with(tx, outlet_id, till)
            day = trading_day(tx, outlet, till, on)
            finish_parked(tx, resumed, outlet_id, till)
            held = [hold_on_counter(tx, outlet_id, order_id, item, visit) for item in items]
            tx.save(agree(tx, order_id, outlet, Channel.SHOP, till, held, day, None))
            if evidence is not None:
                identify(tx, order_id, evidence)
            return order_id

        return self._log.execute(command)

    def take(
        self,
        order_id: UUID,
        tender: Tender,
        provider: str,
        device: str,
        till: str | None = None,
        part: Money | None = None,
    ) -> Committed[UUID]:
        """Have an order paid at a device; answers the payment's id, which is open until `settle` says otherwise.

        It is paid all that is left of it, or a `part`. Whatever becomes of one tender, those taken before stay taken.
        Cash is taken at the till that placed the order, within its open shift: `till` says where this is, if it is known.
        Raises PaymentStillOpen while another payment of the order is undecided, and what `Sell.pay_here` raises.
        """
        if tender is Tender.CASH:
            _require_own_drawer(self._log.load(Order, order_id), till)
        return self._sell.pay_here(order_id, tender, provider, device, part)

    def call_off(self, payment_id: UUID) -> Committed[UUID]:
        """Have nothing taken. Raises PaymentDeclined once that is sure, PaymentStillOpen while it cannot be done."""
        return self._sell.call_off(payment_id, CALLED_OFF)

    def give_back(self, payment_id: UUID, till: str | None = None) -> Committed[UUID]:
        """Give one tender back before the sale is paid in full; answers the order's id.

        Raises OrderAlreadyPaid or OrderCancelled; and what `take` raises about cash, for cash.
        """
        order_id = self._log.load(Payment, payment_id).order_id

        def command(tx: Transaction) -> UUID:
            order = tx.get(Order, order_id)
            order.require_unpaid()
            if payment_id in order.parts:
                give_part_back(tx, order, payment_id, _day_to_give_back(tx, order, [payment_id], till))
                tx.save(order)
            return order_id

        done = self._log.execute(command)
        self._sell.see_refunds_through([payment_id])
        return done

    def give_up(self, order_id: UUID, till: str | None = None) -> Committed[UUID]:
        """Cancel an order nobody paid, or not in full: its pieces are free at once, and what was paid goes back.

        Raises PaymentStillOpen or OrderAlreadyPaid; and what `take` raises about cash, where cash goes back.
        """

        def command(tx: Transaction) -> tuple[UUID, ...]:
            order = tx.get(Order, order_id)
            if waiting := open_at_counter(tx.session, order_id):
                raise PaymentStillOpen(payment_id=waiting, order_no=order.order_no)
            if order.cancelled is not None:
                return ()
            order.require_unpaid()
            parts = tuple(order.parts)
            if parts:
                day = _day_to_give_back(tx, order, parts, till)
                for part in parts:
                    give_part_back(tx, order, part, day)
            order.cancel("the customer did not pay")
            for line in order.lines:
                give_units_back(tx, line.licence_ids, order.id, line.line_no)
                if line.edition_id is not None and line.number is not None:
                    release_hold(tx, line.edition_id, cast(Space, line.space), line.number, order_id)
            tx.save(order)
            return parts

        done = self._log.execute(command)
        self._sell.see_refunds_through(done.result)
        return Committed(order_id, done.position, done.replayed)

    # At a terminal that is not connected: the cashier says what it said.

    def key_in(self, payment_id: UUID, slip: Slip, amount: Money | None = None) -> Committed[UUID]:
        """The terminal approved: its slip, and the amount on it if it is another than was asked."""
        payment = self._at_terminal(payment_id)
        with self._log.reading() as session:
            keyed = slip_taken(session, slip.reference)
        if keyed is not None and keyed != payment_id:
            raise SlipAlreadyKeyedIn(payment_id=keyed)
        answer = Answer(Outcome.APPROVED, reference=slip.reference, amount=amount or payment.amount)
        return self._sell.conclude(payment_id, answer)

    def key_in_refusal(self, payment_id: UUID, reason: str) -> Committed[UUID]:
        """The terminal declined, or was never asked. Raises PaymentDeclined, as any declined payment does."""
        self._at_terminal(payment_id)
        return self._sell.conclude(payment_id, Answer(Outcome.DECLINED, reason=reason[:100] or "declined"))

    def key_in_refund(self, payment_id: UUID, refund_id: UUID, slip: Slip) -> Committed[UUID]:
        """The terminal gave back what was decided to be given back."""
        self._at_terminal(payment_id)
        return keep_refund(self._log, payment_id, refund_id, slip.reference)

    def close_batch(self, terminal: str, batch_no: str, printed: Totals, on: date) -> Committed[UUID]:
        """Compare what a terminal printed with what was keyed in, and finish the payments that this decides."""
        Slip(terminal, batch_no, "0")

        def command(tx: Transaction) -> UUID:
            known = tx.find(Batch, batch_id(terminal, batch_no))
            if known is not None:
                known.must_be(printed)
                return known.id
            open_: dict[bool, dict[UUID, Money]] = {True: {}, False: {}}
            for id, still in without_slip(tx.session, BankTerminal.name, terminal):
                open_[still][id] = tx.get(Payment, id).amount
            keyed = _keyed(tx, batch_reference(terminal, batch_no), printed.sales.currency)
            batch = Batch.close(terminal, batch_no, printed, keyed, open_[True], open_[False], on)
            tx.save(batch)
            return batch.id

        closed = self._log.execute(command)
        self.finish_batch(closed.result)
        return closed

    def finish_batch(self, id: UUID) -> None:
        """Act on what a closed batch has shown; harmless to repeat."""
        batch = self._log.load(Batch, id)
        for payment_id in batch.charged:
            payment = self._log.load(Payment, payment_id)
            reference = f"{batch_reference(batch.terminal, batch.batch_no)}total-{str(payment_id)[-12:]}"
            with suppress(SouvenirError):  # the order was paid otherwise by now: its money is to go back
                self._sell.conclude(payment_id, Answer(Outcome.APPROVED, reference=reference, amount=payment.amount))
        for payment_id in batch.not_charged:
            with suppress(SouvenirError):  # declined is what it is to be
                self._sell.conclude(payment_id, Answer(Outcome.DECLINED, reason="not in the terminal's batch"))

    def _at_terminal(self, payment_id: UUID) -> Payment:
        payment = self._log.load(Payment, payment_id)
        if payment.provider != BankTerminal.name:
            raise NotAtATerminal(payment_id=payment_id, provider=payment.provider)
        return payment


def _day_to_give_back(tx: Transaction, order: Order, parts: Iterable[UUID], till: str | None) -> date:
    """The day on which parts go back; cash goes out of the drawer it went into, within an open shift."""
    outlet = tx.look(Outlet, order.outlet_id)
    if order.till is None or all(order.parts[part].tender != Tender.CASH for part in parts):
        return clock.today(outlet.time_zone)
    _require_own_drawer(order, till)
    return trading_day(tx, outlet, order.till)


def _require_own_drawer(order: Order, till: str | None) -> None:
    if till is not None and order.till not in (None, till):
        raise OrderOfAnotherTill(order_no=order.order_no, till=order.till or "")


def _keyed(tx: Transaction, batch: str, currency: str) -> Totals:
    """What cashiers keyed in for a batch."""
    sales: list[Money] = []
    refunds: list[Money] = []
    for payment_id, refund_id in slips_of_batch(tx.session, batch):
        payment = tx.get(Payment, payment_id)
        if refund_id is None:
            sales.append(payment.received or payment.amount)
        else:
            refunds.append(payment.refunds_amounts[refund_id])
    return Totals(
        sales=total(sales, currency),
        sales_count=len(sales),
        refunds=total(refunds, currency),
        refunds_count=len(refunds),
    )
