"""Book settlements: what providers pay out, what cardholders dispute and what travellers deposit, as it moves there."""

from zoneinfo import ZoneInfo

from souvenir.eventlog import Process, Transaction, when
from souvenir.kernel.money import Money
from souvenir.ledger import chart, postings
from souvenir.ledger.application import book
from souvenir.ledger.journal import Cause
from souvenir.payments.collection import Collection
from souvenir.payments.dispute import Dispute
from souvenir.payments.hold import Hold
from souvenir.payments.payment import Payment
from souvenir.payments.payout import Payout
from souvenir.payments.provider import HoldStrength
from souvenir.sites.outlet import Outlet
from souvenir.taxrefund.claim import Claim


class BookSettlements(Process):
    """Follows payouts, disputes and deposits. Entry ids derive from event and rule, so a retry meets its own entry."""

    name = "book_settlements"

    @when(Payout.Reconciled)
    def _paid_out(self, tx: Transaction, event: Payout.Reconciled) -> None:
        wallet = event.wallet or Money.zero(event.gross.currency)
        legs = postings.acquirer_paid_out(chart.CARD, event.gross - wallet, event.fee)
        legs += postings.acquirer_paid_out(chart.WALLET, wallet, Money.zero(wallet.currency))
        about = {"provider": event.provider, "payout": event.reference}
        if legs:
            book(tx, Cause.of(event), "J19", event.arrived_on, legs, dimensions=about)

    @when(Dispute.Opened)
    def _disputed(self, tx: Transaction, event: Dispute.Opened) -> None:
        about = {"provider": event.provider, "dispute": event.reference}
        legs = postings.dispute_opened(event.amount, event.fee)
        book(tx, Cause.of(event), "J22", event.opened_on, legs, dimensions=about)

    @when(Dispute.Won)
    def _won(self, tx: Transaction, event: Dispute.Won) -> None:
        """The amount comes back to the clearing account; the fee does not."""
        dispute = tx.get(Dispute, event.originator_id)
        about = {"provider": dispute.provider, "dispute": dispute.reference}
        legs = postings.reversal(postings.dispute_opened(event.amount, Money.zero(event.amount.currency)))
        book(tx, Cause.of(event), "REV", event.closed_on, legs, "dispute won", dimensions=about)

    # Deposits: what a wallet could not hold, the shop has, and owes until it is kept for good.

    @when(Hold.Placed)
    def _deposited(self, tx: Transaction, event: Hold.Placed) -> None:
        if event.strength is HoldStrength.DEPOSIT:
            hold = tx.at_event(Hold, event.originator_id)
            outlet = tx.get(Outlet, tx.get(Claim, event.secures).outlet_id)
            day = event.timestamp.astimezone(ZoneInfo(outlet.time_zone)).date()
            legs = postings.guarantee_deposited(chart.WALLET, hold.amount)
            book(tx, Cause.of(event), "J08d", day, legs, dimensions=_hold(hold))

    @when(Hold.Released, Hold.Captured)
    def _deposit_over(self, tx: Transaction, event: Hold.Released | Hold.Captured) -> None:
        hold = tx.at_event(Hold, event.originator_id)
        if hold.strength is not HoldStrength.DEPOSIT or hold.ends_on is None or hold.bounced is not None:
            return
        kept = event.amount if isinstance(event, Hold.Captured) else Money.zero(hold.amount.currency)
        if legs := postings.deposit_given_back(chart.WALLET, hold.amount - kept):
            rule = "J11d" if kept else "J09d"
            book(tx, Cause.of(event), rule, hold.ends_on, legs, dimensions=_hold(hold))

    @when(Hold.Bounced)
    def _bounced(self, tx: Transaction, event: Hold.Bounced) -> None:
        """Booked as given back before it bounced, it is owed again; else it is owed still."""
        hold = tx.at_event(Hold, event.originator_id)
        if hold.state in ("released", "captured"):
            legs = postings.reversal(postings.deposit_given_back(chart.WALLET, event.amount))
            book(tx, Cause.of(event), "REV", event.bounced_on, legs, "deposit bounced", dimensions=_hold(hold))

    @when(Hold.PaidBack)
    def _paid_back(self, tx: Transaction, event: Hold.PaidBack) -> None:
        hold = tx.at_event(Hold, event.originator_id)
        legs = postings.deposit_given_back(postings.tender_account(event.tender), event.amount)
        book(tx, Cause.of(event), "J09d", event.paid_on, legs, dimensions=_hold(hold) | {"paid": event.reference})

    @when(Payment.RefundPaidBack)
    def _refund_paid_back(self, tx: Transaction, event: Payment.RefundPaidBack) -> None:
        """The provider still has what it did not give back: it comes with a payout."""
        payment = tx.get(Payment, event.originator_id)
        tender = postings.tender_account(payment.tender.value)
        legs = postings.paid_back_otherwise(tender, postings.tender_account(event.tender), event.amount)
        about = {"provider": payment.provider, "order": str(payment.order_id), "paid": event.reference}
        book(tx, Cause.of(event), "J13p", event.paid_on, legs, dimensions=about)

    # Debts: what came of one is booked with the guarantee's repayment, what came beyond it here, until it is back.

    @when(Collection.Received)
    def _paid_too_much(self, tx: Transaction, event: Collection.Received) -> None:
        if legs := postings.guarantee_deposited(chart.CARD, event.amount - event.owed):
            debt = tx.at_event(Collection, event.originator_id)
            book(tx, Cause.of(event), "J12d", event.received_on, legs, dimensions=_debt(debt))

    @when(Collection.ExcessReturned)
    def _excess_returned(self, tx: Transaction, event: Collection.ExcessReturned) -> None:
        debt = tx.at_event(Collection, event.originator_id)
        legs = postings.deposit_given_back(chart.CARD, event.amount)
        book(tx, Cause.of(event), "J12e", event.returned_on, legs, dimensions=_debt(debt))

    @when(Collection.PaidBack)
    def _excess_paid_back(self, tx: Transaction, event: Collection.PaidBack) -> None:
        debt = tx.at_event(Collection, event.originator_id)
        legs = postings.deposit_given_back(postings.tender_account(event.tender), event.amount)
        book(tx, Cause.of(event), "J12e", event.paid_on, legs, dimensions=_debt(debt) | {"paid": event.reference})


def _debt(debt: Collection) -> dict[str, str]:
    return {"provider": debt.provider, "hold": str(debt.hold_id), "claim": str(debt.secures)}


def _hold(hold: Hold) -> dict[str, str]:
    return {"provider": hold.provider, "hold": str(hold.id), "claim": str(hold.secures)}
