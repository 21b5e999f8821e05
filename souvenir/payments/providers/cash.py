"""Cash: the cashier counted it, so every answer is final at once."""

from souvenir.kernel.money import Money
from souvenir.payments.provider import Answer, HoldsNothing, Outcome


class Cash(HoldsNothing):
    """Money over the counter."""

    name = "cash"
    no_holds = "cash cannot be reserved: take a card or a deposit"

    def at_counter(self, source: str) -> bool:
        return True

    def begin(self, key: str, amount: Money) -> Answer:
        return self.query(key)

    def charge(self, key: str, amount: Money, source: str) -> Answer:
        return self.query(key)

    def refund(self, key: str, charge: str, amount: Money) -> Answer:
        return self.query(key)

    def refunded(self, key: str, charge: str) -> Answer:
        return self.query(key)

    def query(self, key: str) -> Answer:
        """It was counted."""
        return Answer(Outcome.APPROVED, reference=f"cash:{key}")

    def reverse(self, key: str) -> Answer:
        return self.query(key)
