"""Settle payments: whatever is open at a provider is looked at again until it is finished, told by notices or not."""

from contextlib import suppress
from typing import Final, TypeVar
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel.errors import NotFound
from souvenir.payments.application import id_in, keep_notice, note_dispute, note_payout, recheck_refund
from souvenir.payments.collection import Collection, collection_id
from souvenir.payments.hold import Hold
from souvenir.payments.notice import Notice
from souvenir.payments.payment import Payment
from souvenir.payments.payout import Payout
from souvenir.payments.provider import (
    NoticeKind,
    NotifyingProvider,
    PayoutFacts,
    ProviderNotice,
    Providers,
    SettlingProvider,
    UnknownProvider,
)
from souvenir.payments.registers import open_notices, payment_of_refund
from souvenir.processes.collect_debts import CollectDebts
from souvenir.processes.refund_tax import RefundTax
from souvenir.processes.sell import PaymentDeclined, Sell
from souvenir.processes.watch_deadlines import trying
from souvenir.sales.order import OrderAlreadyPaid, OrderCancelled, PaymentDiffersFromOrder

A = TypeVar("A", Payment, Hold, Collection)

NOT_OURS: Final = "it is about nothing that this shop asked for"


class SettlePayments:
    """Notices come late, twice, in any order, or never: each only says where to look. Everything may be repeated."""

    def __init__(
        self, log: EventLog, providers: Providers, sell: Sell, refund_tax: RefundTax, collect_debts: CollectDebts
    ) -> None:
        self._log = log
        self._providers = providers
        self._sell = sell
        self._refund_tax = refund_tax
        self._collect_debts = collect_debts

    def receive(self, provider: str, body: bytes, signature: str) -> Committed[UUID]:
        """Check and store a provider's notice; `work_off` acts on it. Raises UnknownProvider or NoticeRefused."""
        notifying = self._providers.named(provider)
        if not isinstance(notifying, NotifyingProvider):
            raise UnknownProvider(provider=provider, known="those that send notices")
        return self.keep(provider, notifying.read_notice(body, signature))

    def keep(self, provider: str, notice: ProviderNotice) -> Committed[UUID]:
        """Store a notice that is known to be the provider's; one that was stored before stays as it is."""
        return keep_notice(self._log, provider, notice)

    def work_off(self, notice_id: UUID) -> None:
        """Read anew what a notice is about, and act on that; a notice is worked off once."""
        notice = self._log.load(Notice, notice_id)
        if notice.worked_off:
            return
        puzzle = self._act_on(notice)

        def record(tx: Transaction) -> None:
            kept = tx.get(Notice, notice_id)
            if puzzle:
                kept.puzzle_over(puzzle)
            else:
                kept.handle()
            tx.save(kept)

        self._log.commit(record)

    def settle_open(self) -> None:
        """Work off every notice, then look at every payment, refund and hold that is still open."""
        with self._log.reading() as session:
            waiting = open_notices(session)
        for notice_id in waiting:
            with trying("notice", notice_id):
                self.work_off(notice_id)
        self._sell.settle_open()
        self._refund_tax.settle_open()

    def _act_on(self, notice: Notice) -> str:
        """What could not be made of a notice; nothing if it was acted on, or asks for nothing."""
        if notice.kind in (NoticeKind.DISPUTE, NoticeKind.PAYOUT):
            return self._settlement(notice)
        if notice.kind is NoticeKind.OTHER:
            return ""
        provider, key = self._providers.named(notice.provider), notice.key
        if not key and isinstance(provider, NotifyingProvider):
            key = provider.key_of(notice.reference)
        about = id_in(key)
        return NOT_OURS if about is None else self._look_at(notice, about)

    def _look_at(self, notice: Notice, about: UUID) -> str:
        """Read anew what became of a refund, a payment, a hold or a debt."""
        with self._log.reading() as session:
            refunded = payment_of_refund(session, about)
        if refunded is None:
            return self._settle_payment(notice, about)
        recheck_refund(self._log, self._providers, refunded, about)
        return ""

    def _settlement(self, notice: Notice) -> str:
        """Disputes and payouts: what became of money after it was taken."""
        provider = self._providers.named(notice.provider)
        if not isinstance(provider, SettlingProvider):
            return "its provider does not tell of disputes and payouts"
        if notice.kind is NoticeKind.DISPUTE:
            return self._dispute(notice, provider, notice.reference)
        facts = provider.payout(notice.reference)
        self._news_in(facts, notice, provider)
        payout = note_payout(self._log, facts, notice.provider).result
        return "; ".join(self._log.load(Payout, payout).puzzles)

    def _news_in(self, facts: PayoutFacts, notice: Notice, provider: SettlingProvider) -> None:
        """Disputes, and refunds that bounced: their own notices may be late, or never come."""
        for disputed in sorted({moved.dispute for moved in facts.movements if moved.dispute}):
            self._dispute(notice, provider, disputed)
        for moved in facts.movements:
            bounced = moved.kind == "refund" and moved.amount.minor > 0
            if bounced and (about := id_in(moved.key)) is not None:
                self._look_at(notice, about)

    def _dispute(self, notice: Notice, provider: SettlingProvider, reference: str) -> str:
        facts = provider.dispute(reference)
        if facts.state != "asked":
            note_dispute(self._log, facts, notice.provider, notice.happened_at.date())
        return "" if facts.key else "what is disputed was not taken by this shop"

    def _settle_payment(self, notice: Notice, payment_id: UUID) -> str:
        payment = self._found(Payment, payment_id)
        if payment is None:
            return self._settle_hold(notice, payment_id)
        if payment.provider != notice.provider:
            return NOT_OURS
        if notice.kind is NoticeKind.PAYMENT and payment.reference not in (None, notice.reference):
            return "it is about another payment under the same key"
        with suppress(PaymentDeclined, OrderCancelled, OrderAlreadyPaid, PaymentDiffersFromOrder):
            self._sell.settle(payment_id)
        return ""

    def _settle_hold(self, notice: Notice, hold_id: UUID) -> str:
        """The key is of a hold, which may have left a debt; or of what goes back of a debt."""
        hold = self._found(Hold, hold_id)
        debt = self._found(Collection, hold_id if hold is None else collection_id(hold_id))
        about = hold or debt
        if about is None or about.provider != notice.provider:
            return NOT_OURS
        if hold is not None:
            self._refund_tax.settle_hold(hold.id)
        if debt is not None:
            self._collect_debts.look(debt.id)
        return ""

    def _found(self, cls: type[A], id: UUID) -> A | None:
        try:
            return self._log.find(cls, id)
        except NotFound:  # the id is of something else
            return None
