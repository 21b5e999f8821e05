"""A bank to practise with: it pays on the day, and misbehaves when told to."""

from collections import deque
from datetime import date
from uuid import UUID

from souvenir.kernel import clock
from souvenir.kernel.money import Money
from souvenir.payments.bank import BankAnswer, TransferOrder
from souvenir.payments.provider import Outcome
from souvenir.payments.providers.sandbox import Fault


class BankSimulator:
    """Keeps every order by its key: the same key again is answered, not carried out."""

    name = "bank"

    def __init__(self, rejects: dict[str, str] | None = None) -> None:
        self.rejects = rejects or {}
        """Payees it will not pay, and why."""
        self.faults: deque[Fault] = deque()
        self.orders: dict[UUID, TransferOrder] = {}
        self.returned: dict[UUID, str] = {}
        """What the payee's bank sent back, and why."""

    @property
    def paid(self) -> list[Money]:
        """What left the account and did not come back."""
        return [self.orders[key].amount for key in self.orders if self._standing(key).outcome is Outcome.APPROVED]

    def send(self, order: TransferOrder) -> BankAnswer:
        fault = self.faults.popleft() if self.faults else Fault.NONE
        if fault in (Fault.REQUEST_LOST, Fault.REQUEST_LATE):
            return BankAnswer(Outcome.UNKNOWN)
        self.orders.setdefault(order.key, order)
        return BankAnswer(Outcome.UNKNOWN) if fault is Fault.ANSWER_LOST else self._standing(order.key)

    def query(self, key: UUID) -> BankAnswer:
        if self.faults and self.faults.popleft() is not Fault.NONE:
            return BankAnswer(Outcome.UNKNOWN)
        return self._standing(key) if key in self.orders else BankAnswer(Outcome.NEVER_RECEIVED)

    def _standing(self, key: UUID) -> BankAnswer:
        order, today = self.orders[key], clock.now().date()
        reference, why = f"bank:{key}", self.rejects.get(order.payee) or self.returned.get(key)
        if why:
            return BankAnswer(Outcome.DECLINED, reference, why, today)
        outcome = Outcome.APPROVED if order.due_on <= today else Outcome.PENDING
        return BankAnswer(outcome, reference, on=max(order.due_on, date.min))
