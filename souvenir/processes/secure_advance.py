"""Secure advance: a provider's hold behind a claim's guarantee; wanted steps are recorded before anyone is asked."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, cast
from uuid import UUID

from souvenir.eventlog import EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.identifiers import new_id
from souvenir.kernel.money import Money
from souvenir.payments.collection import Collection, collection_id
from souvenir.payments.hold import OVER, Hold
from souvenir.payments.provider import (
    IN_FLIGHT,
    Answer,
    CollectingProvider,
    HoldStrength,
    Outcome,
    Providers,
    ProviderSilent,
    ask,
)
from souvenir.payments.registers import hold_of, unfinished_holds
from souvenir.payments.schedule import known_schedules, schedule_on
from souvenir.processes.watch_deadlines import trying
from souvenir.sites.outlet import Outlet
from souvenir.taxrefund import application as refunds
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.guarantee import Guarantee, Strength
from souvenir.taxrefund.refusals import GuaranteeAlreadyHeld

UNUSED_AFTER: Final = timedelta(minutes=30)
"""How long a hold waits for its advance. Then the counter has given up, or crashed, and the card is let go."""


AWAITED: Final = timedelta(minutes=30)
"""How long a traveller may take to pay a deposit with their phone. Then it is called off."""


@dataclass(frozen=True, slots=True)
class BegunDeposit:
    """A deposit the traveller pays on their phone: what to show them there, if the provider says so at once."""

    hold_id: UUID
    amount: Money
    link: str
    secret: str


class SecureAdvance:
    """Holds and the guarantees they make. Providers are asked between commits; any step may be repeated."""

    def __init__(self, log: EventLog, providers: Providers) -> None:
        self._log = log
        self._providers = providers

    def place(
        self, claim_id: UUID, provider: str, source: str, on: date, *, awaited: bool = False
    ) -> tuple[Hold, Answer]:
        """Have a provider secure what a claim must be guaranteed by; answers the hold as it then is, and what the provider said.

        Where the traveller is `awaited`, they complete it, and `settle` finds that out.
        """
        hold_id = new_id()

        def request(tx: Transaction) -> UUID:
            claim = tx.get(Claim, claim_id)
            claim.must_want_guarantee()
            until = claim.capture_by if claim.promise else None
            tx.save(Hold.request(hold_id, claim_id, claim.guarantee, provider, until, awaited=awaited))
            return hold_id

        requested = self._log.execute(request)
        hold = self._log.load(Hold, requested.result)
        answer = Answer(Outcome.UNKNOWN)
        if hold.state == "requested":
            gateway, key = self._providers.named(hold.provider), str(hold.id)
            answer = ask(
                lambda: gateway.hold(key, hold.amount, source, hold.until),
                lambda: gateway.query(key),
                asked_before=requested.replayed,
            )
            self._record_placing(hold.id, answer, on, wanted=True)
        return self._log.load(Hold, hold.id), answer

    def resolve(self, claim_id: UUID, on: date) -> None:
        """Release or capture what the guarantee of a decided claim still holds. Asking again changes nothing."""

        def decide(tx: Transaction) -> UUID | None:
            claim, guarantee = tx.get(Claim, claim_id), refunds.latest_guarantee(tx, claim_id)
            over = claim.completed_on is not None or claim.missed is not None or claim.state == "voided"
            if guarantee is None or guarantee.state != "held" or not over:
                return None
            hold = _hold_behind(tx, guarantee)
            if hold.state in ("held", "engaged"):
                if claim.outstanding:
                    hold.request_capture(claim.outstanding, on)
                else:
                    hold.request_release(on)
            tx.save(hold)
            return hold.id

        hold_id = self._log.commit(decide).result
        if hold_id is not None:
            self._finish(hold_id)

    def close_lapsed(self, claim_id: UUID, on: date) -> None:
        """Close a guarantee that died before the claim was decided: what is owed is collected, where that can be done."""

        def close(tx: Transaction) -> None:
            guarantee = refunds.close_lapsed(tx, claim_id, on)
            if guarantee is not None and guarantee.state == "recoverable" and guarantee.hold_id is not None:
                hold = tx.get(Hold, guarantee.hold_id)
                if isinstance(self._providers.named(hold.provider), CollectingProvider):
                    _collect(tx, hold, guarantee.recoverable, on)

        self._log.commit(close)

    def settle_open(self) -> int:
        """Look at every hold that waits for something; answers how many have ended since, one way or another."""
        with self._log.reading() as session:
            waiting = unfinished_holds(session, clock.now())
        for hold_id in waiting:
            with trying("hold", hold_id):
                self.settle(hold_id)
                self._require_answer(hold_id)
        return sum(self._log.load(Hold, hold_id).state in OVER for hold_id in waiting)

    def _require_answer(self, hold_id: UUID) -> None:
        """Raises ProviderSilent while nobody has said what became of the end that was asked for."""
        hold = self._log.load(Hold, hold_id)
        if hold.state in ("capturing", "releasing"):
            raise ProviderSilent(provider=hold.provider)

    def settle(self, hold_id: UUID) -> None:
        """Take one hold on from wherever a crash, a lost answer or an expiry left it; one given up may yet have come."""
        hold = self._log.load(Hold, hold_id)
        waited, today = clock.now() - hold.modified_on, local_day(self._log, hold.secures)
        patience = AWAITED if hold.awaited else IN_FLIGHT
        unplaced = hold.state == "declined" or (hold.state == "requested" and waited >= patience)
        if hold.state == "requested" and hold.awaited and not unplaced:
            self._record_placing(hold_id, self._providers.named(hold.provider).query(str(hold_id)), today, wanted=True)
        elif unplaced:
            self._record_placing(hold_id, self._what_became_of(hold), today, wanted=False)
        elif hold.state == "held" and waited >= UNUSED_AFTER:
            self._log.commit(lambda tx: _let_go(tx, hold_id, today))
        elif hold.state == "engaged" and hold.secured_until is not None and hold.secured_until <= clock.now():
            gateway = self._providers.named(hold.provider)
            if gateway.query(str(hold_id)).outcome is Outcome.DECLINED:
                self._log.commit(lambda tx: _lapse(tx, hold_id, today))
        elif hold.strength is HoldStrength.DEPOSIT and hold.state in ("released", "captured") and hold.bounced is None:
            self._look_after(hold, today)
        self._finish(hold_id)

    def _look_after(self, hold: Hold, on: date) -> None:
        """A wallet may send back what it had taken: it is sent again, a bounded number of times, by the same keys."""
        gateway, key = self._providers.named(hold.provider), hold.id
        if hold.state == "released":
            answer = gateway.release(f"release:{key}", hold.reference)
        else:
            answer = gateway.capture(f"capture:{key}", hold.reference, hold.wanted or hold.amount)
        if answer.bounced is not None:
            self._log.commit(lambda tx: _bounced(tx, key, answer, on))

    def _what_became_of(self, hold: Hold) -> Answer:
        """A hold nobody waits for any more: found, or called off."""
        gateway, key = self._providers.named(hold.provider), str(hold.id)
        answer = gateway.query(key)
        if answer.outcome is Outcome.NEVER_RECEIVED:
            return Answer(Outcome.DECLINED, reason="the provider never received it")
        if answer.outcome is Outcome.PENDING and gateway.reverse(key).outcome is Outcome.APPROVED:
            return Answer(Outcome.DECLINED, reason="called off: the cardholder did not complete it")
        if hold.state == "declined" and answer.outcome in (Outcome.UNKNOWN, Outcome.PENDING):
            raise ProviderSilent(provider=hold.provider)  # no sweep asks again: whoever was told must keep asking
        return answer

    def _record_placing(self, hold_id: UUID, answer: Answer, on: date, *, wanted: bool) -> None:
        """Record a provider's answer; a hold as it was asked for becomes the claim's guarantee, any other is let go."""

        def record(tx: Transaction) -> None:
            hold = tx.get(Hold, hold_id)
            if answer.outcome is Outcome.APPROVED:
                assert answer.strength is not None, "a provider that holds says how strongly"
                hold.place(answer.reference, answer.strength, answer.secured_until, answer.mandate)
                as_asked = answer.amount in (None, hold.amount)
                if hold.state == "held" and not (wanted and as_asked and _guarantees(tx, hold, on)):
                    hold.request_release(on)
            elif answer.outcome is Outcome.DECLINED:
                hold.decline(answer.reason)
            tx.save(hold)

        self._log.commit(record)
        self._finish(hold_id)

    def _finish(self, hold_id: UUID) -> None:
        """Ask for the end that was decided, if one was, and record it on hold, guarantee and claim together."""
        hold = self._log.load(Hold, hold_id)
        gateway, on = self._providers.named(hold.provider), hold.ends_on
        if hold.state == "capturing" and hold.wanted is not None and on is not None:
            wanted = hold.wanted
            answer = ask(lambda: gateway.capture(f"capture:{hold.id}", hold.reference, wanted))
            if answer.outcome is Outcome.APPROVED:
                self._log.commit(lambda tx: _captured(tx, hold_id, answer, on))
            elif answer.outcome is Outcome.DECLINED:
                collects = isinstance(gateway, CollectingProvider)
                self._log.commit(lambda tx: _not_captured(tx, hold_id, answer.reason, on, collects=collects))
        elif hold.state == "releasing" and on is not None:
            answer = ask(lambda: gateway.release(f"release:{hold.id}", hold.reference))
            if answer.outcome is Outcome.APPROVED:
                self._log.commit(lambda tx: _released(tx, hold_id, answer, on))


def local_day(log: EventLog, claim_id: UUID) -> date:
    """Today, where a claim's goods were sold."""
    return clock.today(log.load(Outlet, log.load(Claim, claim_id).outlet_id).time_zone)


def engage(tx: Transaction, claim_id: UUID) -> None:
    """Keep the hold behind a claim's guarantee: the advance is being paid. Raises HoldNotHeld."""
    guarantee = refunds.latest_guarantee(tx, claim_id)
    if guarantee is not None and guarantee.state == "held":
        hold = _hold_behind(tx, guarantee)
        hold.engage()
        tx.save(hold)


def _guarantees(tx: Transaction, hold: Hold, on: date) -> bool:
    """Make a hold its claim's guarantee; not if another is by now."""
    strength = cast(Strength, str(hold.strength))
    try:
        held = (hold.amount, hold.reference, strength, hold.secured_until, on, hold.provider, hold.id)
        refunds.record_hold(tx, hold.secures, *held)
    except GuaranteeAlreadyHeld:
        return False
    return True


def _hold_behind(tx: Transaction, guarantee: Guarantee) -> Hold:
    """The hold that makes a guarantee; one that is known only as a guarantee is taken over."""
    hold_id = hold_of(tx.session, guarantee.claim_id, guarantee.reference)
    if hold_id is not None:
        return tx.get(Hold, hold_id)
    hold = Hold.request(new_id(), guarantee.claim_id, guarantee.amount, guarantee.provider, None)
    hold.place(guarantee.reference, HoldStrength(guarantee.strength), guarantee.secured_until)
    return hold


def _guarantee_of(tx: Transaction, hold: Hold) -> Guarantee | None:
    """The guarantee a hold makes, while it is unresolved."""
    guarantee = refunds.latest_guarantee(tx, hold.secures)
    made = guarantee is not None and guarantee.state == "held" and guarantee.reference == hold.reference
    return guarantee if made else None


def _let_go(tx: Transaction, hold_id: UUID, on: date) -> None:
    hold = tx.get(Hold, hold_id)
    if hold.state == "held":
        hold.request_release(on)
    tx.save(hold)


def _released(tx: Transaction, hold_id: UUID, answer: Answer, on: date) -> None:
    hold = tx.get(Hold, hold_id)
    guarantee = _guarantee_of(tx, hold)
    if answer.bounced is not None:
        hold.bounce(answer.bounced, answer.reason, on)
    hold.release()
    tx.save(hold)
    if guarantee is not None:
        guarantee.release(on)
        tx.save(guarantee)


def _bounced(tx: Transaction, hold_id: UUID, answer: Answer, on: date) -> None:
    hold = tx.get(Hold, hold_id)
    assert answer.bounced is not None
    hold.bounce(answer.bounced, answer.reason, on)
    tx.save(hold)


def _lapse(tx: Transaction, hold_id: UUID, on: date) -> None:
    """The network let the money go by itself: the advance is unsecured from now on."""
    hold = tx.get(Hold, hold_id)
    guarantee = _guarantee_of(tx, hold)
    hold.release()
    tx.save(hold)
    if guarantee is not None:
        guarantee.lapse(clock.now(), on)
        tx.save(guarantee)


def _captured(tx: Transaction, hold_id: UUID, answer: Answer, on: date) -> None:
    """The money came: guarantee and claim know it with the hold. What a return has set off meanwhile is not owed."""
    hold = tx.get(Hold, hold_id)
    guarantee, claim = _guarantee_of(tx, hold), tx.get(Claim, hold.secures)
    if answer.bounced is not None:
        hold.bounce(answer.bounced, answer.reason, on)
    hold.capture(answer.reference)
    tx.save(hold)
    if guarantee is not None and hold.wanted is not None:
        guarantee.capture(hold.wanted, on)
        if claim.outstanding:
            claim.recover(guarantee.id, min(hold.wanted, claim.outstanding), on)
        tx.save(guarantee, claim)


def _not_captured(tx: Transaction, hold_id: UUID, reason: str, on: date, *, collects: bool) -> None:
    """The money did not come: the traveller owes it, and where the provider can, it is collected by schedule."""
    hold = tx.get(Hold, hold_id)
    guarantee = _guarantee_of(tx, hold)
    hold.decline_capture(reason)
    tx.save(hold)
    if collects and hold.wanted is not None:
        _collect(tx, hold, hold.wanted, on, reason)
    if guarantee is not None:
        if tx.get(Claim, hold.secures).outstanding:
            refunds.declare_recoverable(tx, hold.secures, on)
        else:
            guarantee.release(on)
            tx.save(guarantee)


def _collect(tx: Transaction, hold: Hold, amount: Money, on: date, declined: str | None = None) -> None:
    """Begin to collect a debt: by the schedule after a decline, else at once; with no mandate, its holder is asked."""
    if tx.find(Collection, collection_id(hold.id)) is not None:
        return
    schedule = schedule_on(on, known_schedules())
    if declined is not None:
        tries_on = () if schedule.ends_trying(declined) else schedule.tries_from(on)
    else:
        tries_on = (on, *schedule.tries_from(on)) if hold.mandate else ()
    collection = Collection.open(
        hold_id=hold.id,
        secures=hold.secures,
        provider=hold.provider,
        reference=hold.reference,
        amount=amount,
        on=on,
        tries_on=tries_on,
        gives_up_on=schedule.gives_up_from(on),
        schedule=schedule.begins,
    )
    tx.save(collection)
