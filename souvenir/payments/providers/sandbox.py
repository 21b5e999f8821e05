"""A provider to practise with: it keeps its own books, and misbehaves when told to.

The `source` decides the answer: "approve" (or anything else) is approved, "decline" declined. "unknown" is carried out
but its answer lost on the way; "lost" does not arrive at all the first time; "pending" waits for the customer's bank,
which answers when told to (`bank_answers`). `faults` does the same to whatever is asked next, whatever its source.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from threading import RLock
from typing import Final

from souvenir.kernel import clock
from souvenir.kernel.money import Money, total
from souvenir.payments.provider import Answer, HoldStrength, NoticeKind, Outcome, ProviderNotice

WALLET: Final = "wallet"
"""A source that begins so is a wallet, which holds nothing: a deposit is taken, once its bank has answered."""

HOLD_LASTS: Final = timedelta(days=30)
"""As an extended card authorisation; real networks differ, so the answer always says until when."""


class Fault(StrEnum):
    """What may happen to a request on its way."""

    NONE = "none"
    REQUEST_LOST = "request_lost"
    REQUEST_LATE = "request_late"
    """It arrives when nobody expects it any more: see `late_arrive`."""
    ANSWER_LOST = "answer_lost"


_FAULT_OF_SOURCE: Final = {"unknown": Fault.ANSWER_LOST, "lost": Fault.REQUEST_LOST}


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the sandbox's own books: money taken (positive) or given back (negative), or a hold."""

    kind: str
    reference: str
    amount: Money
    open: bool = False
    of: str = ""
    """For a refund or a capture: the charge or the hold it belongs to."""
    until: datetime | None = None


class Sandbox:
    """Keeps every request by its key, as real providers do: the same key again is answered, not carried out."""

    name = "sandbox"

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._answers: dict[str, Answer] = {}
        self._waiting: dict[str, Callable[[], Answer]] = {}
        self._met: set[str] = set()
        self._kinds: dict[str, NoticeKind] = {}
        self._late: list[Callable[[], Answer]] = []
        self._mutex = RLock()
        self.faults: deque[Fault] = deque(faults)
        self.movements: dict[str, Movement] = {}
        self.refusals = 0
        """How many attempts to collect a debt are declined."""
        self.offers: dict[str, Money] = {}
        self.forgiven: set[str] = set()
        self.notices: list[ProviderNotice] = []
        """What it would call back about, in order; a test delivers them as it likes."""

    @property
    def balance(self) -> dict[str, Money]:
        """What it owes the shop by currency: all that was taken less all that was given back."""
        moved = [movement.amount for movement in self.movements.values() if movement.kind != "hold"]
        return {
            currency: total((amount for amount in moved if amount.currency == currency), currency)
            for currency in {amount.currency for amount in moved}
        }

    # The port.

    def begin(self, key: str, amount: Money) -> Answer:
        return self._carry_out(key, "pending", lambda: self._book("charge", key, amount))

    def charge(self, key: str, amount: Money, source: str) -> Answer:
        return self._carry_out(key, source, lambda: self._book("charge", key, amount))

    def hold(self, key: str, amount: Money, source: str, until: date | None = None) -> Answer:
        def deposit() -> Answer:
            return replace(self._book("deposit", key, amount), strength=HoldStrength.DEPOSIT)

        def reserve() -> Answer:
            dies = clock.now() + HOLD_LASTS
            answer = self._book("hold", key, amount, open=True, until=dies)
            return replace(answer, strength=HoldStrength.CARD_HOLD, secured_until=dies)

        if source.startswith(WALLET):
            return self._carry_out(key, source.removeprefix(WALLET).strip() or "pending", deposit, NoticeKind.HOLD)
        return self._carry_out(key, source, reserve, NoticeKind.HOLD)

    def capture(self, key: str, hold: str, amount: Money) -> Answer:
        def take() -> Answer:
            if (taken := self._deposited(hold)) is not None:
                rest = self._left_of(taken) - amount
                if rest < Money.zero(amount.currency):
                    return Answer(Outcome.DECLINED, reason="more than was deposited")
                if rest:
                    self._book("refund", key, -rest, of=hold)
                return Answer(Outcome.APPROVED, reference=hold, amount=amount)
            reserved = self._reserved(hold)
            if reserved is None:
                return Answer(Outcome.DECLINED, reason="no open hold")
            if amount > reserved.amount:
                return Answer(Outcome.DECLINED, reason="more than is held")
            self.movements[hold] = replace(reserved, open=False)
            return self._book("capture", key, amount, of=hold)

        return self._carry_out(key, "approve", take, NoticeKind.HOLD)

    def collect(self, key: str, hold: str, amount: Money, attempt: int) -> Answer:
        answer = "decline" if attempt - 1 <= self.refusals or key in self.forgiven else "approve"
        asked = f"{key}:{attempt}"
        return self._carry_out(asked, answer, lambda: self._pay_debt(key, amount), NoticeKind.HOLD)

    def offer(self, key: str, hold: str, amount: Money) -> Answer:
        with self._mutex:
            if self._fault("approve") is not Fault.NONE:
                return Answer(Outcome.UNKNOWN)
            if key not in self.forgiven:
                self.offers[key] = amount
            return self._debt(key)

    def collected(self, key: str, hold: str) -> Answer:
        with self._mutex:
            return self._debt(key) if self._fault("approve") is Fault.NONE else Answer(Outcome.UNKNOWN)

    def forgive(self, key: str, hold: str) -> Answer:
        with self._mutex:
            if self._fault("approve") is not Fault.NONE:
                return Answer(Outcome.UNKNOWN)
            if _reference(f"{key}:debt") in self.movements:
                return Answer(Outcome.DECLINED, reason="paid")
            self.forgiven.add(key)
            return Answer(Outcome.APPROVED)

    def release(self, key: str, hold: str) -> Answer:
        def let_go() -> Answer:
            if (taken := self._deposited(hold)) is not None:
                self._book("refund", key, -self._left_of(taken), of=hold)
                return Answer(Outcome.APPROVED, reference=_reference(key))
            if any(movement.of == hold for movement in self.movements.values()):
                return Answer(Outcome.DECLINED, reason="captured already")
            if hold in self.movements:
                self.movements[hold] = replace(self.movements[hold], open=False)
            return Answer(Outcome.APPROVED, reference=_reference(key))

        return self._carry_out(key, "approve", let_go, NoticeKind.HOLD)

    def refund(self, key: str, charge: str, amount: Money) -> Answer:
        def give_back() -> Answer:
            taken = self.movements.get(charge)
            if taken is None or taken.kind not in ("charge", "capture"):
                return Answer(Outcome.DECLINED, reason="no such charge")
            if amount > self._left_of(taken):
                return Answer(Outcome.DECLINED, reason="more than was taken")
            return replace(self._book("refund", key, -amount, of=charge), amount=amount)

        return self._carry_out(key, "approve", give_back, NoticeKind.REFUND)

    def refunded(self, key: str, charge: str) -> Answer:
        return self.query(key)

    def query(self, key: str) -> Answer:
        with self._mutex:
            if self._fault("approve") is not Fault.NONE:
                return Answer(Outcome.UNKNOWN)
            if key in self._waiting:
                return _pending(key)
            answer = self._answers.get(key, Answer(Outcome.NEVER_RECEIVED))
            if answer.strength is HoldStrength.CARD_HOLD and self._reserved(answer.reference) is None:
                return Answer(Outcome.DECLINED, reference=answer.reference, reason="the hold has ended")
            return answer

    def reverse(self, key: str) -> Answer:
        with self._mutex:
            if self._fault("approve") is not Fault.NONE:
                return Answer(Outcome.UNKNOWN)
            self._waiting.pop(key, None)
            self._answers[key] = Answer(Outcome.DECLINED, reason="called off")
            movement = self.movements.get(_reference(key))
            if movement is not None and movement.kind == "hold":
                self.movements[movement.reference] = replace(movement, open=False)
            elif movement is not None and (left := self._left_of(movement)):
                self._book("refund", f"reverse:{key}", -left, of=movement.reference)
            return Answer(Outcome.APPROVED)

    # What a test, or a demonstration, makes happen.

    def holder_pays(self, key: str) -> None:
        """The holder of a card pays the debt they were offered, in their browser."""
        with self._mutex:
            if key in self.offers and key not in self.forgiven:
                self._pay_debt(key, self.offers[key])

    def bank_answers(self, key: str, approved: bool = True) -> None:
        """The customer's bank decides a request that was pending."""
        with self._mutex:
            if carry_out := self._waiting.pop(key, None):
                self._answers[key] = carry_out() if approved else Answer(Outcome.DECLINED, reason="insufficient funds")
                self._notify(key)

    def late_arrive(self) -> None:
        """Requests that were long on their way arrive now."""
        late, self._late = self._late, []
        for request in late:
            request()

    def _pay_debt(self, key: str, amount: Money) -> Answer:
        """A debt is paid once, whichever way comes first."""
        known = self._debt(key)
        return known if known.outcome is Outcome.APPROVED else self._book("capture", f"{key}:debt", amount)

    def _debt(self, key: str) -> Answer:
        paid = self.movements.get(_reference(f"{key}:debt"))
        if paid is not None:
            return Answer(Outcome.APPROVED, reference=paid.reference, amount=paid.amount)
        if key in self.offers:
            return Answer(Outcome.PENDING, reference=_reference(f"{key}:debt"), secret=f"{key}:secret")
        return Answer(Outcome.NEVER_RECEIVED)

    def _carry_out(
        self, key: str, source: str, carry_out: Callable[[], Answer], kind: NoticeKind = NoticeKind.PAYMENT
    ) -> Answer:
        with self._mutex:
            self._kinds.setdefault(key, kind)
            fault = self._fault(source if key not in self._met else "approve")
            if fault in (Fault.REQUEST_LOST, Fault.REQUEST_LATE):
                self._met.add(key)
                if fault is Fault.REQUEST_LATE:
                    self._late.append(partial(self._carry_out, key, source, carry_out, kind))
                return Answer(Outcome.UNKNOWN)
            if key not in self._answers and key not in self._waiting:
                self._met.add(key)
                if source == "pending":
                    self._waiting[key] = carry_out
                else:
                    declined = Answer(Outcome.DECLINED, reason="insufficient funds")
                    self._answers[key] = declined if source == "decline" else carry_out()
                self._notify(key)
            if fault is Fault.ANSWER_LOST:
                return Answer(Outcome.UNKNOWN)
            return self._answers.get(key, _pending(key))

    def _fault(self, source: str) -> Fault:
        if source in _FAULT_OF_SOURCE:
            return _FAULT_OF_SOURCE[source]
        return self.faults.popleft() if self.faults else Fault.NONE

    def _reserved(self, hold: str) -> Movement | None:
        found = self.movements.get(hold)
        if found is None or not found.open or (found.until is not None and found.until <= clock.now()):
            return None
        return found

    def _deposited(self, hold: str) -> Movement | None:
        found = self.movements.get(hold)
        return found if found is not None and found.kind == "deposit" else None

    def _left_of(self, taken: Movement) -> Money:
        back = (movement.amount for movement in self.movements.values() if movement.of == taken.reference)
        return taken.amount + total(back, taken.amount.currency)

    def _book(
        self, kind: str, key: str, amount: Money, open: bool = False, of: str = "", until: datetime | None = None
    ) -> Answer:
        reference = _reference(key)
        self.movements[reference] = Movement(kind, reference, amount, open, of, until)
        return Answer(Outcome.APPROVED, reference=reference, amount=amount)

    def _notify(self, key: str) -> None:
        event_id, kind = f"evt_{len(self.notices) + 1}", self._kinds[key]
        self.notices.append(ProviderNotice(event_id, f"sandbox.{kind}", kind, _reference(key), key, clock.now()))


def _pending(key: str) -> Answer:
    return Answer(Outcome.PENDING, reference=_reference(key), secret=f"{_reference(key)}:secret")


def _reference(key: str) -> str:
    return f"sandbox:{key}"
