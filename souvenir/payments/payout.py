"""Payout: what a provider paid to the bank, explained movement by movement, with what could not be explained."""

from collections.abc import Iterable
from datetime import date
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money, total
from souvenir.payments.provider import PayoutFacts


class Payout(Aggregate):
    """One payout, recorded once, when the provider says that its list of movements is final."""

    TOPIC = "payments.Payout"

    class Reconciled(Created):
        """`gross` less `fee` came to the bank. `puzzles` say which movements the shop knows otherwise, or not at all."""

        TOPIC = "payments.PayoutReconciled"
        provider: str
        reference: str
        amount: Money
        gross: Money
        fee: Money
        movements: int
        puzzles: tuple[str, ...]
        arrived_on: date
        wallet: Money | None = None
        """The part of `gross` that wallets paid, or were given back; cards paid the rest."""

    @event(Reconciled)
    def __init__(
        self,
        provider: str,
        reference: str,
        amount: Money,
        gross: Money,
        fee: Money,
        movements: int,
        puzzles: tuple[str, ...],
        arrived_on: date,
        wallet: Money | None,
    ) -> None:
        self.provider, self.reference, self.arrived_on = provider, reference, arrived_on
        self.amount, self.gross, self.fee = amount, gross, fee
        self.movements, self.puzzles, self.wallet = movements, puzzles, wallet

    @classmethod
    def reconcile(cls, provider: str, facts: PayoutFacts, puzzles: Iterable[str], wallet: Money) -> Self:
        """Explain a payout, `wallet` of it from wallets. A dispute's fee was booked with the dispute, so it is not one of the payout's."""
        currency = facts.amount.currency
        fee = total((movement.fee for movement in facts.movements if movement.kind != "dispute"), currency)
        moved = total((movement.amount - movement.fee for movement in facts.movements), currency)
        wrong = (f"the movements add up to {moved}, not to {facts.amount}",) if moved != facts.amount else ()
        return cls._create(
            cls.Reconciled,
            id=payout_id(provider, facts.reference),
            provider=provider,
            reference=facts.reference,
            amount=facts.amount,
            gross=facts.amount + fee,
            fee=fee,
            movements=len(facts.movements),
            puzzles=(*puzzles, *wrong),
            arrived_on=facts.arrived_on,
            wallet=wallet,
        )


def payout_id(provider: str, reference: str) -> UUID:
    """The id under which a provider's payout is kept."""
    return derived_id("payout", provider, reference)
