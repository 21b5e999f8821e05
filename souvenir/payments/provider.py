"""The payment provider port: what every way of paying must be able to do, and to tell afterwards."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money


class Outcome(StrEnum):
    """A provider's answer. UNKNOWN is an answer too: ask again with the same key, never with a new one."""

    APPROVED = "approved"
    DECLINED = "declined"
    UNKNOWN = "unknown"


class HoldStrength(StrEnum):
    """How a guarantee is secured."""

    CARD_HOLD = "card_hold"
    """Money reserved on a card until an instant."""
    SAVED_CARD = "saved_card"
    """A saved card that may be charged later, without money reserved."""
    DEPOSIT = "deposit"
    """Money already taken."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request: the provider's own reference if approved, its reason if declined."""

    outcome: Outcome
    reference: str = ""
    reason: str = ""
    strength: HoldStrength | None = None
    secured_until: datetime | None = None
    """For a hold: until when the card network keeps the money reserved."""


class UnknownProvider(SouvenirError):
    message = "No payment provider named {provider!r} is set up. Known: {known}."
    provider: str
    known: str


class PaymentProvider(Protocol):
    """One way of paying. Every request carries a key; the same key again is the same request, never a second one."""

    name: str

    def charge(self, key: str, amount: Money, source: str) -> Answer:
        """Take money. `source` is the provider's token for the customer's means of payment."""

    def hold(self, key: str, amount: Money, source: str) -> Answer:
        """Reserve money without taking it."""

    def capture(self, key: str, hold: str, amount: Money) -> Answer:
        """Take all or part of what `hold` reserves; the rest is let go."""

    def release(self, key: str, hold: str) -> Answer:
        """Let a reservation go."""

    def refund(self, key: str, charge: str, amount: Money) -> Answer:
        """Give money back on a charge."""

    def query(self, key: str) -> Answer:
        """What became of the request with this key; DECLINED if the provider never saw it."""


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


def ask(provider: PaymentProvider, key: str, request: Answer) -> Answer:
    """A final answer where one can be had: an unknown one is asked for again, a bounded number of times."""
    answer = request
    for _ in range(QUERIES):
        if answer.outcome is not Outcome.UNKNOWN:
            break
        answer = provider.query(key)
    return answer


QUERIES = 3
"""How often an unknown answer is asked for again at once; after that the payment waits for a later look."""
