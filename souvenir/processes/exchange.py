"""Exchange: goods come back and others go out at one counter, in one commit; only the difference is paid, or given back."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from souvenir.editions.application.limits import identify
from souvenir.editions.purchase import Evidence
from souvenir.editions.terms import Visit
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel.identifiers import new_id
from souvenir.kernel.money import Money, total
from souvenir.payments.payment import Payment, Tender
from souvenir.processes.make_order import Item, agree, next_number, sell_pieces
from souvenir.processes.split_tender import COUNTER, Part, take_parts
from souvenir.processes.take_back import TakeBack, bring_back, give_back, ways_back, with_kept, worth
from souvenir.processes.trading_day import shop_with, trading_day
from souvenir.sales.order import Channel, Order, PaymentDiffersFromOrder
from souvenir.sales.tender import CASH, Exchanged, Tendered, share_out
from souvenir.sites.outlet import Outlet


class Exchange:
    """A return and a sale in one. What had been paid for the one pays for the other, and goes back with it if that returns."""

    def __init__(self, log: EventLog, take_back: TakeBack) -> None:
        self._log = log
        self._take_back = take_back

    def exchange(
        self,
        order_id: UUID,
        quantities: Mapping[int, int],
        items: Sequence[Item],
        till: str,
        tender: Tender,
        reference: str = "",
        on: date | None = None,
        evidence: Evidence | None = None,
        visit: Visit | None = None,
        parts: Sequence[Part] = (),
    ) -> Committed[tuple[UUID, UUID]]:
        """Take goods of an order back, by line number, and sell others for them; answers the new order's id and the return's.

        A difference to pay is paid by `parts`, then `tender`, as in `Sell.at_till`; a difference to give back goes back the
        way it came. A refund form on the first order is voided, or refuses the exchange, as in `TakeBack.take_back`.
        """
        return_id, new_order_id = new_id(), new_id()

        def command(tx: Transaction) -> tuple[UUID, UUID, UUID | None]:
            first = tx.get(Order, order_id)
            outlet = shop_with(tx, first.outlet_id, till)
            day = trading_day(tx, outlet, till, on)
            numbered = [next_number(tx, outlet.id, new_order_id, item, visit) for item in items]
            order = agree(tx, new_order_id, outlet, Channel.SHOP, till, numbered, day, None)
            price, owed = worth(tx, first, quantities)
            nothing = Money.zero(first.currency)
            given = ways_back(tx, outlet, first, max(price - owed - order.due, nothing), day, all_back=False)
            credit = min(price - owed, order.due)
            carried = _carried(first, given, credit, all_back=price == first.not_back and not owed)
            back = with_kept(first, given, owed)
            first.take_back(
                return_id,
                quantities,
                back[0].tender if back else first.tender or CASH,
                day,
                till,
                tenders=back,
                rounding=price - _sum(first, (*back, *carried)),
                exchanged_for=new_order_id,
                carried=carried,
            )
            claim_id = bring_back(tx, first, return_id, day)
            give_back(tx, return_id, given, day)
            tx.save(order)
            if evidence is not None:
                identify(tx, new_order_id, evidence)
            held = {no for no, (asked, item) in enumerate(zip(items, numbered, strict=True), 1) if asked != item}
            sell_pieces(tx, order, day, new_order_id, visit, held)
            exchange = Exchanged(order_id=order_id, return_id=return_id, carried=tuple(carried))
            _pay_difference(tx, outlet, order, exchange, credit, [*parts, Part(tender, nothing, reference)], day)
            return new_order_id, return_id, claim_id

        done = self._log.execute(command)
        recorded_id, recorded_return, claim_id = done.result
        self._take_back.see_through(order_id, recorded_return, claim_id)
        return Committed((recorded_id, recorded_return), done.position, done.replayed)


def _carried(first: Order, given: Sequence[Tendered], credit: Money, *, all_back: bool) -> list[Tendered]:
    """What was paid that now pays for other goods: by the same payments, so that it goes back the same way.

    Where everything is exchanged it is exactly what was paid, with whatever its rounding was.
    """
    gone = {one.payment_id: one.amount for one in given}
    left = [
        one.model_copy(update={"amount": one.amount - gone.get(one.payment_id, Money.zero(first.currency))})
        for one in first.left_by_tender()
    ]
    paid = credit - first.rounding_left if all_back and not given else credit
    return share_out(min(paid, _sum(first, left)), left)


def _pay_difference(
    tx: Transaction,
    outlet: Outlet,
    order: Order,
    exchange: Exchanged,
    credit: Money,
    paid: Sequence[Part],
    day: date,
) -> None:
    """What the credit leaves is paid; the last of `paid` says how the rest is. Its cash is rounded with what was before."""
    *parts, last = paid
    difference, parted = order.due - credit, total((part.amount for part in parts), order.currency)
    if parts and parted >= difference:
        raise PaymentDiffersFromOrder(order_no=order.order_no, due=difference, offered=parted)
    take_parts(tx, outlet, order, parts, day)
    rest, open_ = difference - parted, order.remaining - _sum(order, exchange.carried)
    if rest or not exchange.carried:
        amount = outlet.in_cash(open_, day) if last.tender is Tender.CASH else rest
        payment = Payment.take(order.id, amount, last.tender, last.reference or f"{COUNTER}:{order.order_no}")
        tx.save(payment)
        payment_id, tender = payment.id, str(last.tender)
    else:
        amount, payment_id, tender = rest, exchange.carried[0].payment_id, exchange.carried[0].tender
    order.pay(payment_id, tender, amount, day, rounding=open_ - amount, exchange=exchange)
    tx.save(order)


def _sum(order: Order, tenders: Sequence[Tendered]) -> Money:
    return total((one.amount for one in tenders), order.currency)
