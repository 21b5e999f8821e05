"""Dispute: a cardholder asks their bank for the money back; the network takes it first and hears both sides later."""

from datetime import date
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money


class Dispute(Aggregate):
    """One disputed payment, or one disputed capture of a guarantee."""

    TOPIC = "payments.Dispute"

    class Opened(Created):
        """The network took `amount` back and charged its `fee`; `about` is the payment or the hold."""

        TOPIC = "payments.DisputeOpened"
        provider: str
        reference: str
        about: UUID | None
        amount: Money
        fee: Money
        reason: str
        opened_on: date

    class Won(Aggregate.Event):
        """The network gave the amount back; the fee is gone."""

        TOPIC = "payments.DisputeWon"
        amount: Money
        closed_on: date

    class Lost(Aggregate.Event):
        TOPIC = "payments.DisputeLost"
        closed_on: date

    @event(Opened)
    def __init__(
        self,
        provider: str,
        reference: str,
        about: UUID | None,
        amount: Money,
        fee: Money,
        reason: str,
        opened_on: date,
    ) -> None:
        self.provider, self.reference, self.about = provider, reference, about
        self.amount, self.fee, self.reason, self.opened_on = amount, fee, reason, opened_on
        self.state = "open"

    @classmethod
    def open(
        cls, provider: str, reference: str, about: UUID | None, amount: Money, fee: Money, reason: str, on: date
    ) -> Self:
        """Record a dispute, under an id derived from the provider's."""
        return cls._create(
            cls.Opened,
            id=dispute_id(provider, reference),
            provider=provider,
            reference=reference,
            about=about,
            amount=amount,
            fee=fee,
            reason=reason,
            opened_on=on,
        )

    # Decide.

    def win(self, on: date) -> None:
        """The bank decided for the shop. The first decision stands."""
        if self.state == "open":
            self._won(amount=self.amount, closed_on=on)

    def lose(self, on: date) -> None:
        """The bank decided for the cardholder."""
        if self.state == "open":
            self._lost(closed_on=on)

    # Evolve.

    @event(Won)
    def _won(self, amount: Money, closed_on: date) -> None:
        self.state = "won"

    @event(Lost)
    def _lost(self, closed_on: date) -> None:
        self.state = "lost"


def dispute_id(provider: str, reference: str) -> UUID:
    """The id under which a provider's dispute is kept."""
    return derived_id("dispute", provider, reference)
