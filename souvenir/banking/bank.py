"""The bank port: how the shop pays others by transfer, whoever carries the order there."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money


class NoBank(SouvenirError):
    message = "No bank is set up to pay from."


class Standing(StrEnum):
    """What a bank says of an order."""

    UNHEARD = "unheard"
    """No answer came; it may or may not have the order."""
    UNKNOWN = "unknown"
    """It knows no such order."""
    IN_HAND = "in_hand"
    PAID = "paid"
    REJECTED = "rejected"
    """It will not pay, or the payee's bank sent the money back."""


@dataclass(frozen=True, slots=True)
class TransferOrder:
    """What a bank is asked to pay. `key` is the order's for ever: the same key again is the same order."""

    key: UUID
    payee: str
    amount: Money
    text: str
    due_on: date


@dataclass(frozen=True, slots=True)
class BankAnswer:
    """How an order stands, and on which day that came about."""

    standing: Standing
    reference: str = ""
    reason: str = ""
    on: date | None = None


class Bank(Protocol):
    """An account to pay from."""

    name: str

    def send(self, order: TransferOrder) -> BankAnswer:
        """Have an order carried out on its day; the same one again changes nothing."""

    def query(self, key: UUID) -> BankAnswer:
        """What became of an order."""
