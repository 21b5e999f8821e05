"""A provider to practise with: it keeps its own books, and misbehaves when told to.

The `source` decides the answer: "approve" (or anything else) is approved, "decline" declined, "unknown" is carried out
but answered UNKNOWN until it is queried, as when a reply is lost on the way.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from souvenir.kernel import clock
from souvenir.kernel.money import Money
from souvenir.payments.provider import Answer, HoldStrength, Outcome

HOLD_LASTS = timedelta(days=30)
"""As an extended card authorisation; real networks differ, so the answer always says until when."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the sandbox's own books: money taken (positive) or given back (negative), or a hold."""

    kind: str
    reference: str
    amount: Money
    open: bool = False


class Sandbox:
    """Keeps every request by its key, as real providers do: the same key again is answered, not carried out."""

    name = "sandbox"

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}
        self.movements: dict[str, Movement] = {}

    def charge(self, key: str, amount: Money, source: str) -> Answer:
        return self._once(key, source, lambda reference: self._book("charge", reference, amount))

    def hold(self, key: str, amount: Money, source: str) -> Answer:
        strength = (HoldStrength.CARD_HOLD, clock.now() + HOLD_LASTS)
        return self._once(key, source, lambda reference: self._book("hold", reference, amount, open=True), *strength)

    def capture(self, key: str, hold: str, amount: Money) -> Answer:
        return self._close(key, hold, lambda reference: self._book("capture", reference, amount), at_most=amount)

    def release(self, key: str, hold: str) -> Answer:
        return self._close(key, hold, lambda reference: None)

    def refund(self, key: str, charge: str, amount: Money) -> Answer:
        if charge not in self.movements:
            return self._declined(key, "no such charge")
        return self._once(key, "approve", lambda reference: self._book("refund", reference, -amount))

    def query(self, key: str) -> Answer:
        return self._answers.get(key, Answer(Outcome.DECLINED, reason="never received"))

    def _once(
        self,
        key: str,
        source: str,
        carry_out: Callable[[str], object],
        strength: HoldStrength | None = None,
        secured_until: datetime | None = None,
    ) -> Answer:
        if key in self._answers:
            return self._answers[key]
        if source == "decline":
            return self._declined(key, "insufficient funds")
        reference = f"sandbox:{key}"
        carry_out(reference)
        self._answers[key] = Answer(
            Outcome.APPROVED, reference=reference, strength=strength, secured_until=secured_until
        )
        return Answer(Outcome.UNKNOWN) if source == "unknown" else self._answers[key]

    def _close(self, key: str, hold: str, carry_out: Callable[[str], object], at_most: Money | None = None) -> Answer:
        if key in self._answers:
            return self._answers[key]
        reserved = self.movements.get(hold)
        if reserved is None or not reserved.open:
            return self._declined(key, "no open hold")
        if at_most is not None and at_most > reserved.amount:
            return self._declined(key, "more than is held")
        self.movements[hold] = replace(reserved, open=False)
        return self._once(key, "approve", carry_out)

    def _declined(self, key: str, reason: str) -> Answer:
        self._answers[key] = Answer(Outcome.DECLINED, reason=reason)
        return self._answers[key]

    def _book(self, kind: str, reference: str, amount: Money, open: bool = False) -> None:
        self.movements[reference] = Movement(kind, reference, amount, open)
