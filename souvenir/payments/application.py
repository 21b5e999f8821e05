"""What shop processes ask of payments: a refund carried through, a notice kept once, a payout explained."""

from contextlib import suppress
from datetime import date
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel.errors import NotFound
from souvenir.kernel.money import Money, total
from souvenir.payments.collection import Collection, collection_id
from souvenir.payments.dispute import Dispute, dispute_id
from souvenir.payments.hold import Hold
from souvenir.payments.notice import Notice, notice_id
from souvenir.payments.payment import NothingToGiveBack, Payment, SlipAlreadyKeyedIn, Tender
from souvenir.payments.payout import Payout, payout_id
from souvenir.payments.provider import (
    DisputeFacts,
    HoldStrength,
    Outcome,
    PayoutFacts,
    ProviderNotice,
    Providers,
    ProviderSilent,
    SettledMovement,
    ask,
)
from souvenir.payments.registers import payment_of_refund, slip_taken


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


def keep_refund(log: EventLog, payment_id: UUID, refund_id: UUID, reference: str) -> Committed[UUID]:
    """Record that a decided refund was given, as people saw it done. Raises NothingToGiveBack for any other."""

    def record(tx: Transaction) -> UUID:
        payment = tx.get(Payment, payment_id)
        if refund_id not in payment.refunds:
            if refund_id not in payment.refunds_asked:
                raise NothingToGiveBack(payment_id=payment_id)
            if (keyed := slip_taken(tx.session, reference)) is not None:
                raise SlipAlreadyKeyedIn(payment_id=keyed)
            amount, on = payment.refunds_asked[refund_id]
            payment.refund(refund_id, amount, reference, on)
            tx.save(payment)
        return payment_id

    return log.execute(record)


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
    """Look again at a refund: finish one that is open, and take note where the bank sent one back.

    Raises ProviderSilent.
    """
    payment = log.load(Payment, payment_id)
    if refund_id in payment.refunds and payment.reference is not None:
        answer = providers.named(payment.provider).refunded(str(refund_id), payment.reference)
        if answer.outcome is Outcome.UNKNOWN:
            raise ProviderSilent(provider=payment.provider)
        if answer.outcome is Outcome.DECLINED:

            def sent_back(tx: Transaction) -> None:
                paid = tx.get(Payment, payment_id)
                paid.decline_refund(refund_id, answer.reason)
                tx.save(paid)

            log.commit(sent_back)
    return carry_out_refund(log, providers, payment_id, refund_id)


def note_dispute(log: EventLog, facts: DisputeFacts, provider: str, on: date) -> Committed[UUID]:
    """Record a dispute as it stands: opened, and perhaps closed since. The same state again records nothing."""
    id = dispute_id(provider, facts.reference)

    def record(tx: Transaction) -> UUID:
        dispute = tx.find(Dispute, id) or Dispute.open(
            provider, facts.reference, id_in(facts.key), facts.amount, facts.fee, facts.reason, facts.opened_on
        )
        if facts.state == "won":
            dispute.win(on)
        elif facts.state == "lost":
            dispute.lose(on)
        tx.save(dispute)
        return id

    return log.commit(record)


def note_payout(log: EventLog, facts: PayoutFacts, provider: str) -> Committed[UUID]:
    """Record a payout, once, with every movement that the log knows otherwise, or not at all."""
    id = payout_id(provider, facts.reference)

    def record(tx: Transaction) -> UUID:
        if tx.find(Payout, id) is None:
            found = [(moved, _behind(tx, moved.key)) for moved in facts.movements]
            puzzles = [f"{moved.reference}: {why}" for moved, about in found if (why := _puzzle(tx, moved, about))]
            wallets = (moved.amount for moved, about in found if _by_wallet(about))
            tx.save(Payout.reconcile(provider, facts, puzzles, total(wallets, facts.amount.currency)))
        return id

    return log.commit(record)


def id_in(key: str) -> UUID | None:
    """The id in one of our keys: "…", or "capture:…", or "capture:…:2" for a second attempt."""
    for part in key.split(":"):
        with suppress(ValueError):
            return UUID(part)
    return None


Behind = Payment | Hold | Collection | None
"""What a movement is of, where it is of anything we know."""


def _behind(tx: Transaction, key: str) -> Behind:
    id = id_in(key)
    if id is None:
        return None
    id = payment_of_refund(tx.session, id) or id
    kinds: tuple[type[Payment | Hold | Collection], ...] = (Payment, Hold, Collection)
    for kind in kinds:
        with suppress(NotFound):  # the id is of something else
            return tx.find(kind, id)
    return None


def _puzzle(tx: Transaction, moved: SettledMovement, about: Behind) -> str:
    """What the log does not know of a movement; nothing if it knows it so. Disputes are noted by themselves."""
    if moved.kind == "dispute":
        return ""
    if moved.kind == "other" or id_in(moved.key) is None:
        return f"{moved.amount} that this shop did not ask for"
    if moved.key.startswith("reverse:"):
        return ""
    if moved.kind == "charge":
        known = {_taken(tx, about)}
    else:  # what bounced moved the same amount the other way
        back = _given_back(moved, about)
        known = {back, back and -back}
    return "" if moved.amount in known else f"{moved.amount}, which the log knows otherwise"


def _by_wallet(about: Behind) -> bool:
    """Whether a movement is of a wallet's payment or deposit."""
    if isinstance(about, Hold):
        return about.strength is HoldStrength.DEPOSIT
    return isinstance(about, Payment) and about.tender is Tender.WALLET


def _taken(tx: Transaction, about: Behind) -> Money | None:
    """What a payment took, or a deposit, or a captured hold, or what was collected of its debt."""
    if isinstance(about, Payment):
        return None if about.reference is None else about.received or about.amount
    if not isinstance(about, Hold):
        return None
    if (debt := tx.find(Collection, collection_id(about.id))) is not None:
        return debt.taken
    if about.strength is HoldStrength.DEPOSIT:
        return about.amount
    return about.wanted if about.state == "captured" else None


def _given_back(moved: SettledMovement, about: Behind) -> Money | None:
    """What a refund gave, or what went back of a deposit, all of it or the rest, or of what was collected too much."""
    if isinstance(about, Payment):
        id = id_in(moved.key)
        return None if id is None else about.refunds_amounts.get(id)
    if isinstance(about, Collection):
        return about.taken - about.owed
    if isinstance(about, Hold) and about.strength is HoldStrength.DEPOSIT:
        return about.amount - (about.wanted or Money.zero(about.amount.currency))
    return None
