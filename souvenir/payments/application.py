"""What shop processes ask of payments: a refund carried through, a provider's notice kept once."""

from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.payments.notice import Notice, notice_id
from souvenir.payments.payment import Payment
from souvenir.payments.provider import Outcome, ProviderNotice, Providers, ask


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


def keep_notice(log: EventLog, provider: str, notice: ProviderNotice) -> Committed[UUID]:
    """Store a provider's notice, once; answers its id, and whether it had been stored before."""
    id = notice_id(provider, notice.event_id)

    def receive(tx: Transaction) -> bool:
        if tx.find(Notice, id) is not None:
            return True
        tx.save(Notice.receive(provider, notice))
        return False

    committed = log.commit(receive)
    return Committed(id, committed.position, replayed=committed.result)


def recheck_refund(log: EventLog, providers: Providers, payment_id: UUID, refund_id: UUID) -> Payment:
    """Look again at a refund: finish one that is open, and take note where the bank sent one back."""
    payment = log.load(Payment, payment_id)
    if refund_id in payment.refunds and payment.reference is not None:
        answer = providers.named(payment.provider).refunded(str(refund_id), payment.reference)
        if answer.outcome is Outcome.DECLINED:

            def sent_back(tx: Transaction) -> None:
                paid = tx.get(Payment, payment_id)
                paid.decline_refund(refund_id, answer.reason)
                tx.save(paid)

            log.commit(sent_back)
    return carry_out_refund(log, providers, payment_id, refund_id)
