"""Cash: the cashier counted it, so every answer is final at once."""

from datetime import date
from typing import Final

from souvenir.kernel.money import Money
from souvenir.payments.provider import Answer, Outcome

NO_HOLDS: Final = "cash cannot be reserved: take a card or a deposit"


class Cash:
    """Money over the counter."""

    name = "cash"

    def at_counter(self, source: str) -> bool:
        return True

    def begin(self, key: str, amount: Money) -> Answer:
        return self._counted(key)

    def charge(self, key: str, amount: Money, source: str) -> Answer:
        return self._counted(key)

    def hold(self, key: str, amount: Money, source: str, until: date | None = None) -> Answer:
        return Answer(Outcome.DECLINED, reason=NO_HOLDS)

    def capture(self, key: str, hold: str, amount: Money) -> Answer:
        return Answer(Outcome.DECLINED, reason=NO_HOLDS)

    def release(self, key: str, hold: str) -> Answer:
        return Answer(Outcome.DECLINED, reason=NO_HOLDS)

    def refund(self, key: str, charge: str, amount: Money) -> Answer:
        return self._counted(key)

    def refunded(self, key: str, charge: str) -> Answer:
        return self._counted(key)

    def query(self, key: str) -> Answer:
        return self._counted(key)

    def reverse(self, key: str) -> Answer:
        return self._counted(key)

    def _counted(self, key: str) -> Answer:
        return Answer(Outcome.APPROVED, reference=f"cash:{key}")
