"""A bank's card terminal that no line leads to: the cashier types the amount in, and keys its answer in here.

So the cashier is the wire. Asked over it, the terminal is PENDING until a slip is keyed in, or until the totals it
prints at the end of its batch say what it has done: see `souvenir.payments.batch`.
"""

import re
from dataclasses import dataclass
from typing import Final

from souvenir.kernel.errors import MalformedInput
from souvenir.kernel.money import Money
from souvenir.payments.provider import Answer, HoldsNothing, Outcome

SLIP: Final = "terminal:"
"""How the reference of every slip begins."""


@dataclass(frozen=True, slots=True)
class Slip:
    """What a terminal prints for one transaction: which terminal, which batch, and the bank's approval code."""

    terminal: str
    batch: str
    approval: str

    def __post_init__(self) -> None:
        for part in (self.terminal, self.batch, self.approval):
            if not re.fullmatch(r"[A-Za-z0-9-]{1,20}", part):
                raise MalformedInput(expected="slip: up to 20 letters, digits and hyphens each", value=part[:40])

    @property
    def reference(self) -> str:
        return f"{batch_reference(self.terminal, self.batch)}{self.approval.upper()}"


def batch_reference(terminal: str, batch: str) -> str:
    """How the references of all slips of a terminal's batch begin."""
    return f"{SLIP}{terminal}:{batch}:"


class BankTerminal(HoldsNothing):
    """Any number of terminals; which one is asked is the source of a charge."""

    name = "terminal"
    no_holds = "a terminal that is not connected holds nothing: take a card online, or a deposit"

    def at_counter(self, source: str) -> bool:
        return True

    def begin(self, key: str, amount: Money) -> Answer:
        return Answer(Outcome.DECLINED, reason="a terminal stands at a counter")

    def charge(self, key: str, amount: Money, source: str) -> Answer:
        return Answer(Outcome.PENDING)

    def refund(self, key: str, charge: str, amount: Money) -> Answer:
        return Answer(Outcome.PENDING)

    def refunded(self, key: str, charge: str) -> Answer:
        return Answer(Outcome.PENDING)

    def query(self, key: str) -> Answer:
        return Answer(Outcome.PENDING)

    def reverse(self, key: str) -> Answer:
        """The cashier voids it at the terminal, and keys that in."""
        return Answer(Outcome.PENDING)
