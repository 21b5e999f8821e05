"""Collect debts: a declined capture is tried again by schedule, or paid by the card's holder; then written off."""

import hmac
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money
from souvenir.payments.collection import Collection, CollectionOver
from souvenir.payments.provider import Answer, CollectingProvider, Outcome, Providers, ProviderSilent, UnknownProvider
from souvenir.payments.registers import collection_of_claim, open_collections
from souvenir.payments.schedule import known_schedules, schedule_on
from souvenir.privacy.keyring import KeyRing
from souvenir.processes.secure_advance import local_day
from souvenir.processes.watch_deadlines import trying
from souvenir.taxrefund import application as refunds

LINKS: Final = "collection"
"""The purpose of the keyed hash in a link: who was not sent it cannot make it up."""
LINK_DIGITS: Final = 32


class LinkNotGenuine(SouvenirError):
    message = "This link is not one that the shop sent, or it was cut off. Copy the whole of it."


@dataclass(frozen=True, slots=True)
class DebtOffer:
    """A debt that its holder may pay now: with whom, how much, and the secret for their browser."""

    collection_id: UUID
    provider: str
    amount: Money
    reference: str
    secret: str


class CollectDebts:
    """Every debt is one request at its provider, whoever pays it and however often it is tried: it is paid once."""

    def __init__(self, log: EventLog, providers: Providers, keyring: KeyRing) -> None:
        self._log = log
        self._providers = providers
        self._keyring = keyring

    # By itself.

    def act_on_schedule(self, on: date | None = None) -> int:
        """Take every debt on that something is due of; answers how many it looked into. Safe to repeat."""
        today = on or clock.now().date()
        with self._log.reading() as session:
            due = open_collections(session, today)
        for id in due:
            with trying("debt", id):
                self.look(id, on)
        return len(due)

    def look(self, id: UUID, on: date | None = None) -> Collection:
        """Take one debt on from wherever it is; answers it as it then is. Raises ProviderSilent."""
        debt = self._log.load(Collection, id)
        today = on or local_day(self._log, debt.secures)
        gateway = self._gateway(debt)
        if debt.state in ("open", "trying", "giving_up"):
            answer = gateway.collected(key_of(debt), debt.reference)
            if answer.outcome is Outcome.UNKNOWN:
                raise ProviderSilent(provider=debt.provider)
            if answer.outcome is Outcome.APPROVED:
                self._receive(id, answer, today)
            else:
                self._decide(id, today)
                self._carry_out(id, gateway, today)
        return self._finish(id, gateway, today)

    def _decide(self, id: UUID, on: date) -> None:
        """What is to be done today, recorded before it is."""

        def decide(tx: Transaction) -> None:
            debt = tx.get(Collection, id)
            owed = _owed(tx, debt)
            if not owed:
                debt.give_up("repaid", on)
            elif debt.gives_up_on <= on:
                debt.give_up("not_paid", on)
            elif debt.state == "open" and debt.next_try is not None and debt.next_try <= on:
                debt.try_again(owed, on)
            tx.save(debt)

        self._log.commit(decide)

    def _carry_out(self, id: UUID, gateway: CollectingProvider, on: date) -> None:
        """Ask for what was decided."""
        debt = self._log.load(Collection, id)
        key = key_of(debt)
        if debt.state == "trying":
            answer = gateway.collect(key, debt.reference, debt.asked, debt.attempt)
            if answer.outcome is Outcome.APPROVED:
                self._receive(id, answer, on)
            elif answer.outcome is Outcome.DECLINED:
                self._declined(id, answer.reason)
        elif debt.state == "giving_up":
            answer = gateway.forgive(key, debt.reference)
            if answer.outcome is Outcome.APPROVED:
                self._close(id, on)
            elif (
                answer.outcome is Outcome.DECLINED
                and (paid := gateway.collected(key, debt.reference)).outcome is Outcome.APPROVED
            ):
                self._receive(id, paid, on)

    def _finish(self, id: UUID, gateway: CollectingProvider, on: date) -> Collection:
        """After the money came: give back what was too much of it, or have it listed, and forget the card."""
        debt = self._log.load(Collection, id)
        if debt.state == "received":
            back = gateway.refund(str(id), debt.taken_by, debt.excess) if debt.excess else Answer(Outcome.APPROVED)
            forgotten = gateway.forgive(key_of(debt), debt.reference)
            if back.outcome is Outcome.DECLINED:
                self._bounced(id, back.reason, on)
            settled = back.outcome in (Outcome.APPROVED, Outcome.DECLINED)
            if settled and forgotten.outcome in (Outcome.APPROVED, Outcome.DECLINED):
                self._close(id, on)
        return self._log.load(Collection, id)

    def _receive(self, id: UUID, answer: Answer, on: date) -> None:
        def record(tx: Transaction) -> None:
            debt = tx.get(Collection, id)
            if debt.state in ("received", "closed"):
                return
            amount = answer.amount or debt.asked
            owed = min(_owed(tx, debt), amount)
            debt.receive(amount, owed, answer.reference, on)
            tx.save(debt)
            if owed:
                refunds.repay(tx, debt.secures, id, owed, "card", on)

        self._log.commit(record)

    def _declined(self, id: UUID, reason: str) -> None:
        def record(tx: Transaction) -> None:
            debt = tx.get(Collection, id)
            debt.decline(reason, last=schedule_on(debt.schedule, known_schedules()).ends_trying(reason))
            tx.save(debt)

        self._log.commit(record)

    def _bounced(self, id: UUID, reason: str, on: date) -> None:
        """What was too much cannot go back: people pay it another way (see `PayBack`)."""

        def record(tx: Transaction) -> None:
            debt = tx.get(Collection, id)
            debt.bounce_excess(reason, on)
            tx.save(debt)

        self._log.commit(record)

    def _close(self, id: UUID, on: date) -> None:
        """The end: what was given up unpaid is written off with it."""

        def record(tx: Transaction) -> None:
            debt = tx.get(Collection, id)
            debt.return_excess(on)
            debt.close(on)
            tx.save(debt)
            if debt.why == "not_paid" and _owed(tx, debt):
                guarantee = refunds.latest_guarantee(tx, debt.secures)
                assert guarantee is not None, "who owes had a guarantee"
                guarantee.write_off(on)
                tx.save(guarantee)

        self._log.commit(record)

    # By its holder.

    def link_for(self, claim_id: UUID, on: date | None = None) -> Committed[str]:
        """What to send to the traveller who owes an advance: the secret end of an address. Raises CollectionOver."""

        def record(tx: Transaction) -> UUID:
            id = collection_of_claim(tx.session, claim_id)
            if id is None:
                raise CollectionOver()
            debt = tx.get(Collection, id)
            debt.offer(on or clock.now().date())
            tx.save(debt)
            return id

        committed = self._log.commit(record)
        return Committed(f"{committed.result.hex}{self._mac(committed.result)}", committed.position, committed.replayed)

    def behind(self, link: str) -> UUID:
        """The debt a link is for. Raises LinkNotGenuine."""
        try:
            id = UUID(link[:32])
        except ValueError:
            raise LinkNotGenuine() from None
        if not hmac.compare_digest(link[32:].encode(), self._mac(id).encode()):
            raise LinkNotGenuine()
        return id

    def settle(self, link: str) -> Committed[bool]:
        """Whether the money came, by this link or otherwise. Raises ProviderSilent."""
        debt = self.look(self.behind(link))
        return Committed(bool(debt.taken) or debt.why == "repaid", self._log.head())

    def begin(self, link: str) -> Committed[DebtOffer]:
        """Have the holder pay what is still owed, in their browser. Raises CollectionOver or ProviderSilent."""
        id = self.behind(link)
        debt = self.look(id)
        debt.must_be_open()
        owed = self._log.commit(lambda tx: _owed(tx, debt)).result
        answer = self._gateway(debt).offer(key_of(debt), debt.reference, owed)
        if answer.outcome is not Outcome.PENDING:
            self.look(id).must_be_open()
            raise ProviderSilent(provider=debt.provider)
        offer = DebtOffer(id, debt.provider, owed, answer.reference, answer.secret)
        return Committed(offer, self._log.head())

    def _mac(self, id: UUID) -> str:
        return self._keyring.keyed_hash(LINKS, id.hex)[:LINK_DIGITS]

    def _gateway(self, debt: Collection) -> CollectingProvider:
        gateway = self._providers.named(debt.provider)
        if not isinstance(gateway, CollectingProvider):
            raise UnknownProvider(provider=debt.provider, known="those that collect")
        return gateway


def key_of(debt: Collection) -> str:
    """The key under which the provider knows the debt: that of the capture it began with."""
    return f"capture:{debt.hold_id}"


def _owed(tx: Transaction, debt: Collection) -> Money:
    """What the traveller still owes of the claim."""
    guarantee = refunds.latest_guarantee(tx, debt.secures)
    owing = guarantee is not None and guarantee.state == "recoverable"
    return guarantee.recoverable if owing and guarantee is not None else Money.zero(debt.amount.currency)
