"""A bank to practise with: it pays on the day, and misbehaves when told to."""

from collections import deque
from enum import Enum
from uuid import UUID

from souvenir.banking.bank import BankAnswer, Standing, TransferOrder
from souvenir.kernel import clock
from souvenir.kernel.money import Money


class Lost(Enum):
    """What is lost on the line, when next something is said on it."""

    NOTHING = 0
    REQUEST = 1
    ANSWER = 2


class BankSimulator:
    """Keeps every order by its key: the same key again is answered, not carried out."""

    name = "bank"

    def __init__(self, rejects: dict[str, str] | None = None) -> None:
        self.rejects = rejects or {}
        """Payees it will not pay, and why."""
        self.faults: deque[Lost] = deque()
        self.orders: dict[UUID, TransferOrder] = {}
        self.returned: dict[UUID, str] = {}
        """What the payee's bank sent back, and why."""

    @property
    def paid(self) -> list[Money]:
        """What left the account and did not come back."""
        return [self.orders[key].amount for key in self.orders if self._stands(key).standing is Standing.PAID]

    def send(self, order: TransferOrder) -> BankAnswer:
        lost = self._lost()
        if lost is not Lost.REQUEST:
            self.orders.setdefault(order.key, order)
        return self._stands(order.key) if lost is Lost.NOTHING else BankAnswer(Standing.UNHEARD)

    def query(self, key: UUID) -> BankAnswer:
        return self._stands(key) if self._lost() is Lost.NOTHING else BankAnswer(Standing.UNHEARD)

    def _lost(self) -> Lost:
        return self.faults.popleft() if self.faults else Lost.NOTHING

    def _stands(self, key: UUID) -> BankAnswer:
        order, today, reference = self.orders.get(key), clock.now().date(), f"bank:{key}"
        if order is None:
            return BankAnswer(Standing.UNKNOWN)
        if why := self.rejects.get(order.payee) or self.returned.get(key):
            return BankAnswer(Standing.REJECTED, reference, why, today)
        return BankAnswer(Standing.PAID if order.due_on <= today else Standing.IN_HAND, reference, on=order.due_on)
