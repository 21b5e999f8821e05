"""Take back: goods return, the money goes back, the piece leaves its buyer, and a refund form for them is voided."""

from collections.abc import Mapping
from datetime import date
from typing import cast
from uuid import UUID

from souvenir.editions.application import return_piece
from souvenir.editions.terms import Space
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id, new_id
from souvenir.kernel.money import Money
from souvenir.payments.application import carry_out_refund
from souvenir.payments.payment import Payment
from souvenir.payments.provider import Providers
from souvenir.processes.refund_tax import RefundTax
from souvenir.processes.trading_day import trading_day
from souvenir.sales.order import Order
from souvenir.sites.outlet import Outlet
from souvenir.taxrefund.application import set_off
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.registers import form_of_order

COUNTER = "counter"
"""The provider name of payments that were taken over the counter: there is nobody to ask for the refund."""


class AdvanceExceedsReturn(SouvenirError):
    message = "The traveller still owes {owed} of a tax refund advance, more than the {back} these goods bring back."
    owed: Money
    back: Money


class RefundNotGivenBack(SouvenirError):
    message = "The goods are back, but the provider has not given the money back yet: {reason}. Ask again."
    return_id: UUID
    reason: str


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
        tender: str,
        on: date | None = None,
        till: str | None = None,
    ) -> Committed[UUID]:
        """Take goods back, by line number; answers the return's id.

        A refund form on the order is voided with it; a refund that is final refuses the return (RefundIsFinal), as do
        goods under customs control. What the traveller still holds of an advance is kept back from the money returned.
        """
        return_id = new_id()

        def command(tx: Transaction) -> tuple[UUID, UUID | None]:
            order = tx.get(Order, order_id)
            outlet = tx.look(Outlet, order.outlet_id)
            day = trading_day(tx, outlet, till, on) if till else on or clock.today(outlet.time_zone)
            order.take_back(return_id, dict(quantities), tender, day, till)
            for returned in order.returns[return_id]:
                line = order.line(returned.line_no)
                if line is not None and line.edition_id is not None and line.number is not None:
                    return_piece(tx, line.edition_id, cast(Space, line.space), line.number, order.id, return_id, day)
            tx.save(order)
            claim_id = _void_form(tx, order, return_id, day)
            _decide_refund(tx, order, return_id, claim_id, day)
            return return_id, claim_id

        committed = self._log.execute(command)
        recorded_id, claim_id = committed.result
        order = self._log.load(Order, order_id)
        if claim_id is not None:
            self._refund_tax.resolve_guarantee(claim_id, order.return_days[recorded_id])
        self._give_back(order, recorded_id)
        return Committed(recorded_id, committed.position, committed.replayed)

    def _give_back(self, order: Order, return_id: UUID) -> None:
        refund_id = _refund_of(return_id)
        payment = carry_out_refund(self._log, self._providers, cast(UUID, order.paid_by), refund_id)
        if refund_id in payment.refunds_asked or refund_id in payment.refunds_declined:
            reason = payment.refunds_declined.get(refund_id, "no answer")
            raise RefundNotGivenBack(return_id=return_id, reason=reason)


def _refund_of(return_id: UUID) -> UUID:
    return derived_id("refund", return_id, near=return_id)


def _decide_refund(tx: Transaction, order: Order, return_id: UUID, claim_id: UUID | None, on: date) -> None:
    """What the goods bring, less what is kept back of an advance: given over the counter, or asked of the provider."""
    amount = order.given_back(return_id)
    if claim_id is not None:
        amount -= tx.get(Claim, claim_id).recoveries.get(return_id, Money.zero(order.currency))
    if not amount:
        return
    payment = tx.get(Payment, cast(UUID, order.paid_by))
    if payment.provider == COUNTER:
        payment.refund(_refund_of(return_id), amount, f"{COUNTER}:{return_id}", on)
    else:
        payment.request_refund(_refund_of(return_id), amount, on, "goods returned")
    tx.save(payment)


def _void_form(tx: Transaction, order: Order, return_id: UUID, on: date) -> UUID | None:
    """Void the form the order stands on, if any; what is owed of an advance is set off against the return."""
    found = form_of_order(tx.session, order.id)
    if found is None:
        return None
    claim = tx.get(Claim, found[0])
    owed, back = claim.outstanding, order.given_back(return_id)
    if owed > back:
        raise AdvanceExceedsReturn(owed=owed, back=back)
    claim.void("goods returned", on, return_id)
    if owed:
        set_off(tx, claim, return_id, owed, on)
    tx.save(claim)
    return claim.id
