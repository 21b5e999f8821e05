"""Book settlements: what providers pay out, and what cardholders dispute, is posted as the provider tells it."""

from souvenir.eventlog import Process, Transaction, when
from souvenir.kernel.aggregate import Event
from souvenir.kernel.money import Money
from souvenir.ledger import chart, postings
from souvenir.ledger.application import book
from souvenir.ledger.journal import Cause
from souvenir.payments.dispute import Dispute
from souvenir.payments.payout import Payout


class BookSettlements(Process):
    """Follows payouts and disputes. Entry ids derive from event and rule, so a retry meets its own entry."""

    name = "book_settlements"

    @when(Payout.Reconciled)
    def _paid_out(self, tx: Transaction, event: Payout.Reconciled) -> None:
        legs = postings.acquirer_paid_out(chart.CARD, event.gross, event.fee)
        about = {"provider": event.provider, "payout": event.reference}
        if legs:
            book(tx, _cause(event), "J19", event.arrived_on, legs, dimensions=about)

    @when(Dispute.Opened)
    def _disputed(self, tx: Transaction, event: Dispute.Opened) -> None:
        about = {"provider": event.provider, "dispute": event.reference}
        legs = postings.dispute_opened(event.amount, event.fee)
        book(tx, _cause(event), "J22", event.opened_on, legs, dimensions=about)

    @when(Dispute.Won)
    def _won(self, tx: Transaction, event: Dispute.Won) -> None:
        """The amount comes back to the clearing account; the fee does not."""
        dispute = tx.get(Dispute, event.originator_id)
        about = {"provider": dispute.provider, "dispute": dispute.reference}
        legs = postings.reversal(postings.dispute_opened(event.amount, Money.zero(event.amount.currency)))
        book(tx, _cause(event), "REV", event.closed_on, legs, "dispute won", dimensions=about)


def _cause(event: Event) -> Cause:
    return Cause(event.TOPIC, event.originator_id, event.originator_version, event.timestamp)
