"""Take back: goods return, their money goes back the way it came, the piece leaves its buyer, a refund form is voided."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import cast
from uuid import UUID

from souvenir.editions.application import return_piece
from souvenir.editions.terms import Space
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id, new_id
from souvenir.kernel.money import Money, total
from souvenir.payments.application import carry_out_refund
from souvenir.payments.payment import Payment
from souvenir.payments.provider import Providers
from souvenir.processes.refund_tax import RefundTax
from souvenir.processes.split_tender import COUNTER
from souvenir.processes.trading_day import trading_day
from souvenir.sales.order import Order
from souvenir.sales.tender import CASH, Tendered, share_out
from souvenir.sites.outlet import Outlet
from souvenir.taxrefund.application import set_off
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.registers import form_of_order


class AdvanceExceedsReturn(SouvenirError):
    message = "The traveller still owes {owed} of a tax refund advance, more than the {back} these goods bring back."
    owed: Money
    back: Money


class RefundNotGivenBack(SouvenirError):
    message = "The goods are back, but the provider has not given the money back yet: {reason}. Ask again."
    return_id: UUID
    reason: str


class TenderNotOfOrder(SouvenirError):
    message = "Order {order_no} was paid by {tenders}: its money goes back the way it came, not by {asked}."
    order_no: str
    tenders: str
    asked: str


class TakeBack:
    """Returns. Order, pieces and refund form change in one commit; the provider is asked after it, by a fixed key."""

    def __init__(self, log: EventLog, providers: Providers, refund_tax: RefundTax) -> None:
        self._log = log
        self._providers = providers
        self._refund_tax = refund_tax

    def take_back(
        self,
        order_id: UUID,
        quantities: Mapping[int, int],
        tender: str | None = None,
        on: date | None = None,
        till: str | None = None,
    ) -> Committed[UUID]:
        """Take goods back, by line number; answers the return's id.

        Their money goes back by the tenders it came by, to the card before anybody is handed cash; `tender` names the one
        to begin with. What was taken over the counter may go back by any (else TenderNotOfOrder).

        A refund form on the order is voided with it; a refund that is final refuses the return (RefundIsFinal), as do
        goods under customs control. What the traveller still holds of an advance is kept back from the money returned.
        """
        return_id = new_id()

        def command(tx: Transaction) -> tuple[UUID, UUID | None]:
            order = tx.get(Order, order_id)
            outlet = tx.look(Outlet, order.outlet_id)
            day = trading_day(tx, outlet, till, on) if till else on or clock.today(outlet.time_zone)
            price, owed = worth(tx, order, quantities)
            ways = ways_back(tx, outlet, order, price - owed, day, tender, all_back=price == order.not_back)
            booked = with_kept(order, ways, owed)
            rounding = price - total((one.amount for one in booked), order.currency)
            plain = len(order.tenders) == 1 and not rounding
            by = booked[0].tender if booked else tender or order.tender or CASH
            tenders = () if plain else booked
            order.take_back(return_id, quantities, by, day, till, tenders=tenders, rounding=rounding)
            claim_id = bring_back(tx, order, return_id, day)
            give_back(tx, return_id, ways, day)
            return return_id, claim_id

        committed = self._log.execute(command)
        recorded_id, claim_id = committed.result
        self.see_through(order_id, recorded_id, claim_id)
        return Committed(recorded_id, committed.position, committed.replayed)

    def see_through(self, order_id: UUID, return_id: UUID, claim_id: UUID | None) -> None:
        """After the commit of a return: what secured a voided form is resolved, and providers give the money back."""
        order = self._log.load(Order, order_id)
        if claim_id is not None:
            self._refund_tax.resolve_guarantee(claim_id, order.return_days[return_id])
        open_: list[str] = []
        for nth, one in enumerate(order.given_by[return_id]):
            refund_id = _refund_of(return_id, nth)
            payment = carry_out_refund(self._log, self._providers, one.payment_id, refund_id)
            if refund_id in payment.refunds_asked or refund_id in payment.refunds_declined:
                open_.append(payment.refunds_declined.get(refund_id, "no answer"))
        if open_:
            raise RefundNotGivenBack(return_id=return_id, reason=open_[0])


def worth(tx: Transaction, order: Order, quantities: Mapping[int, int]) -> tuple[Money, Money]:
    """The price of goods that come back, and what of it is kept because the traveller still holds an advance for them."""
    price = total((line.gross for line in order.returnable(quantities)), order.currency)
    form = form_of_order(tx.session, order.id)
    owed = tx.get(Claim, form[0]).outstanding if form else Money.zero(order.currency)
    if owed > price:
        raise AdvanceExceedsReturn(owed=owed, back=price)
    return price, owed


def ways_back(
    tx: Transaction,
    outlet: Outlet,
    order: Order,
    amount: Money,
    day: date,
    asked: str | None = None,
    *,
    all_back: bool,
) -> list[Tendered]:
    """By which tenders an amount goes back: as they came, cash last and as its coins allow; or the one asked for first.

    Where everything is back, so is exactly what was paid, with whatever its rounding was.
    """
    left = order.left_by_tender()
    if asked is not None and asked not in {one.tender for one in left}:
        if any(tx.get(Payment, one.payment_id).provider != COUNTER for one in left):
            tenders = ", ".join(dict.fromkeys(one.tender for one in left))
            raise TenderNotOfOrder(order_no=order.order_no, tenders=tenders, asked=asked)
        left = [one.model_copy(update={"tender": asked}) for one in left]
    left.sort(key=lambda one: one.tender != asked)
    ways = share_out(amount, left)
    if not ways:
        return []
    bears = [one for one in ways if one.tender == CASH] or ways[-1:]
    had = [one for one in left if one.payment_id in {way.payment_id for way in bears}]
    paid = _as_paid(outlet, order, bears, had, day, all_back)
    at = ways.index(bears[0])
    return [one for one in (*ways[:at], *share_out(paid, bears), *ways[at + len(bears) :]) if one.amount]


def _as_paid(
    outlet: Outlet, order: Order, bears: Sequence[Tendered], had: Sequence[Tendered], day: date, all_back: bool
) -> Money:
    """What is handed over of the ways that bear the rounding: what had been paid, else the nearest that coins can pay."""

    def payable(amount: Money) -> Money:
        return -outlet.in_cash(-amount, day) if bears[0].tender == CASH else amount

    asked, most = (total((one.amount for one in ways), order.currency) for ways in (bears, had))
    exact = asked - order.rounding_left if all_back else asked
    return exact if exact.minor >= 0 and payable(exact) == exact else min(payable(asked), payable(most))


def with_kept(order: Order, ways: Sequence[Tendered], kept: Money) -> tuple[Tendered, ...]:
    """What goes back, and what is kept of it: it counts as given back by the first tender, and then as taken again."""
    if not kept:
        return tuple(ways)
    first, *rest = ways or [order.left_by_tender()[0].model_copy(update={"amount": Money.zero(order.currency)})]
    return (first.model_copy(update={"amount": first.amount + kept}), *rest)


def bring_back(tx: Transaction, order: Order, return_id: UUID, day: date) -> UUID | None:
    """The goods of a return leave their buyer, and a form they stand on is voided; answers its claim's id."""
    for returned in order.returns[return_id]:
        line = order.line(returned.line_no)
        if line is not None and line.edition_id is not None and line.number is not None:
            return_piece(tx, line.edition_id, cast(Space, line.space), line.number, order.id, return_id, day)
    tx.save(order)
    form = form_of_order(tx.session, order.id)
    if form is None:
        return None
    claim = tx.get(Claim, form[0])
    owed = claim.outstanding
    claim.void("goods returned", day, return_id)
    if owed:
        set_off(tx, claim, return_id, owed, day)
    tx.save(claim)
    return claim.id


def give_back(tx: Transaction, return_id: UUID, ways: Sequence[Tendered], day: date) -> None:
    """What a return brings is given over the counter, or to be asked of the provider."""
    for nth, one in enumerate(ways):
        payment, refund_id = tx.get(Payment, one.payment_id), _refund_of(return_id, nth)
        if payment.provider == COUNTER:
            amount = min(one.amount, payment.refundable())  # in other coins than it was paid in, it may be more
            payment.refund(refund_id, amount, f"{COUNTER}:{return_id}", day)
        else:
            payment.request_refund(refund_id, one.amount, day, "goods returned")
        tx.save(payment)


def _refund_of(return_id: UUID, nth: int) -> UUID:
    return derived_id("refund", return_id, *([nth] if nth else []), near=return_id)
