"""What shop processes ask of payments: a refund carried through, a provider's notice kept once."""

from uuid import UUID

from souvenir.eventlog import EventLog, Transaction
from souvenir.payments.payment import Payment
from souvenir.payments.provider import Outcome, Providers, ask


def carry_out_refund(log: EventLog, providers: Providers, payment_id: UUID, refund_id: UUID) -> Payment:
    """Ask the provider for a refund that was decided, and record its final answer; answers the payment as it then is.

    A refund that is done, or was never decided, is not asked for. The refund's id is the provider's key.
    """
    payment = log.load(Payment, payment_id)
    if refund_id not in payment.refunds_asked or payment.reference is None:
        return payment
    (amount, on), reference = payment.refunds_asked[refund_id], payment.reference
    gateway = providers.named(payment.provider)
    answer = ask(lambda: gateway.refund(str(refund_id), reference, amount))

    def record(tx: Transaction) -> None:
        paid = tx.get(Payment, payment_id)
        if answer.outcome is Outcome.APPROVED:
            paid.refund(refund_id, amount, answer.reference, on)
        elif answer.outcome is Outcome.DECLINED:
            paid.decline_refund(refund_id, answer.reason)
        tx.save(paid)

    log.commit(record)
    return log.load(Payment, payment_id)
