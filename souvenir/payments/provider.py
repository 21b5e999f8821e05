"""The payment provider port: what every way of paying must be able to do, and to tell afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, Protocol, runtime_checkable

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money

ASKED_AGAIN: Final = 3
"""How often an unclear answer is asked for again at once; after that it waits for a later look."""

IN_FLIGHT: Final = timedelta(minutes=5)
"""How long a request may still be on its way. Every provider's time-outs and retries must add up to less."""


class Outcome(StrEnum):
    """A provider's answer. UNKNOWN is an answer too: ask again with the same key, never with a new one."""

    APPROVED = "approved"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    """No answer was heard; the request may or may not have been carried out."""
    PENDING = "pending"
    """The customer, or their bank, has still to act: ask later, or wait for the provider's notice."""
    NEVER_RECEIVED = "never_received"
    """The provider knows no such request; final once it can no longer be on its way (IN_FLIGHT)."""


class HoldStrength(StrEnum):
    """How a guarantee is secured."""

    CARD_HOLD = "card_hold"
    """Money reserved on a card until an instant."""
    SAVED_CARD = "saved_card"
    """A saved card that may be charged later under a mandate, without money reserved."""
    DEPOSIT = "deposit"
    """Money already taken."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request: the provider's own reference if approved, its reason if declined."""

    outcome: Outcome
    reference: str = ""
    reason: str = ""
    amount: Money | None = None
    """What the provider says was taken, reserved or given back, where it says so."""
    strength: HoldStrength | None = None
    secured_until: datetime | None = None
    """For a hold: until when the card network keeps the money reserved."""
    mandate: str = ""
    """For a saved card: the provider's evidence that the cardholder agreed to be charged later."""
    secret: str = ""
    """For a payment the customer completes: what their browser needs to do so. Never stored."""
    bounced: Money | None = None
    """Of a deposit, what was sent back and came back for good: its owner must be paid another way."""
    link: str = ""
    """For a payment the customer completes on their phone: a page to open, or the code of a picture to scan."""


class NoticeKind(StrEnum):
    """What a provider's notice is about."""

    PAYMENT = "payment"
    HOLD = "hold"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT = "payout"
    """One whose list of movements will not change any more."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ProviderNotice:
    """A provider says that something changed. Only a hint: what it is about is read again before anything follows."""

    event_id: str
    topic: str
    """The provider's own word for what happened."""
    kind: NoticeKind
    reference: str
    """The provider's object it is about."""
    key: str
    """Our key, as the provider kept it with that object; empty if it kept none."""
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """A dispute as the provider tells it now."""

    reference: str
    key: str
    """Our key of what is disputed; empty if it carries none."""
    amount: Money
    fee: Money
    reason: str
    state: Literal["asked", "open", "won", "lost"]
    """The cardholder's bank only asks, until it takes the money."""
    opened_on: date


@dataclass(frozen=True, slots=True)
class SettledMovement:
    """One line of a payout: `amount` before the provider's `fee`; given back is negative."""

    reference: str
    kind: Literal["charge", "refund", "dispute", "other"]
    amount: Money
    fee: Money
    key: str
    dispute: str = ""
    """The provider's dispute it is of."""


@dataclass(frozen=True, slots=True)
class PayoutFacts:
    """A payout as the provider tells it, its movements complete."""

    reference: str
    amount: Money
    arrived_on: date
    movements: tuple[SettledMovement, ...]


class ProviderSilent(SouvenirError):
    message = "The payment provider {provider!r} did not answer. Ask again."
    provider: str


class UnknownProvider(SouvenirError):
    message = "No payment provider named {provider!r} is set up. Known: {known}."
    provider: str
    known: str


class NoticeRefused(SouvenirError):
    message = "This notice is not accepted: {reason}"
    reason: str


class PaymentProvider(Protocol):
    """One way of paying. Every request carries a key; the same key again is the same request, never a second one."""

    name: str

    def begin(self, key: str, amount: Money) -> Answer:
        """Prepare a payment which the customer completes in a browser of their own: PENDING, with its secret."""

    def charge(self, key: str, amount: Money, source: str) -> Answer:
        """Take money. `source` is the provider's token for the customer's means of payment."""

    def hold(self, key: str, amount: Money, source: str, until: date | None = None) -> Answer:
        """Secure an amount, through the day `until`: reserve it, save the card for later, or take it as a deposit."""

    def capture(self, key: str, hold: str, amount: Money) -> Answer:
        """Take all or part of what `hold` secures; APPROVED once the rest is let go, back with its owner, or bounced."""

    def release(self, key: str, hold: str) -> Answer:
        """Let a hold go; APPROVED once nothing of it is held, or what was deposited is back with its owner, or bounced."""

    def refund(self, key: str, charge: str, amount: Money) -> Answer:
        """Give money back on a charge."""

    def refunded(self, key: str, charge: str) -> Answer:
        """What became of a refund on a charge."""

    def query(self, key: str) -> Answer:
        """What became of the charge or the hold asked for with this key."""

    def reverse(self, key: str) -> Answer:
        """Undo whatever became of a charge or a hold: call it off, let it go, or give all of it back.

        APPROVED once nothing of it is left; harmless to repeat.
        """


class HoldsNothing:
    """What a way of paying says that can only take money."""

    no_holds: str
    """Why, and what to do instead."""

    def hold(self, key: str, amount: Money, source: str, until: date | None = None) -> Answer:
        return Answer(Outcome.DECLINED, reason=self.no_holds)

    def capture(self, key: str, hold: str, amount: Money) -> Answer:
        return Answer(Outcome.DECLINED, reason=self.no_holds)

    def release(self, key: str, hold: str) -> Answer:
        return Answer(Outcome.DECLINED, reason=self.no_holds)


@runtime_checkable
class CounterProvider(Protocol):
    """A provider with devices on counters: whoever is not there must not send anything to one."""

    name: str

    def at_counter(self, source: str) -> bool:
        """Whether a source is such a device."""


@runtime_checkable
class NotifyingProvider(Protocol):
    """A provider that calls back by itself when something changed."""

    name: str

    def read_notice(self, body: bytes, signature: str) -> ProviderNotice:
        """The notice in a request's body, once its signature and its age are checked. Raises NoticeRefused."""

    def key_of(self, reference: str) -> str:
        """Our key of an object that a notice names and tells nothing of; empty if it has none. Raises ProviderSilent."""


@runtime_checkable
class SettlingProvider(Protocol):
    """A provider that keeps the money for a while, and tells what became of it. Both raise ProviderSilent."""

    def dispute(self, reference: str) -> DisputeFacts:
        """One dispute as it stands."""

    def payout(self, reference: str) -> PayoutFacts:
        """One payout whose movements are final."""


@runtime_checkable
class CollectingProvider(Protocol):
    """A provider that can ask again for what a saved card did not give. A key is one debt, which is paid once."""

    name: str

    def collect(self, key: str, hold: str, amount: Money, attempt: int) -> Answer:
        """Charge the card behind a hold once more, its holder being away; attempts count from 2, after the capture."""

    def offer(self, key: str, hold: str, amount: Money) -> Answer:
        """Have the holder pay the same debt in a browser: PENDING, with its secret."""

    def collected(self, key: str, hold: str) -> Answer:
        """What became of the debt: APPROVED once it was paid, whichever way."""

    def forgive(self, key: str, hold: str) -> Answer:
        """Forget the card: APPROVED once the debt can no longer be paid, DECLINED if it was paid before that."""

    def refund(self, key: str, charge: str, amount: Money) -> Answer:
        """Give money back on a charge."""


class Providers:
    """The providers a shop has set up, by name."""

    def __init__(self, *providers: PaymentProvider) -> None:
        self._by_name = {provider.name: provider for provider in providers}

    def named(self, name: str) -> PaymentProvider:
        """Raises UnknownProvider."""
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownProvider(provider=name, known=", ".join(sorted(self._by_name))) from None


def ask(
    request: Callable[[], Answer], query: Callable[[], Answer] | None = None, *, asked_before: bool = False
) -> Answer:
    """A clear answer where one can be had, a bounded number of times.

    An unclear one is looked up with `query`; what never arrived, or cannot be looked up, is asked for again, the same
    request with the same key. What may have been asked long ago is looked up first: providers forget keys.
    """
    answer = query() if asked_before and query is not None else request()
    for _ in range(ASKED_AGAIN):
        if answer.outcome is Outcome.UNKNOWN and query is not None:
            answer = query()
        elif answer.outcome in (Outcome.UNKNOWN, Outcome.NEVER_RECEIVED):
            answer = request()
        else:
            break
    return answer
