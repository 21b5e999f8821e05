"""Transfer: one order to the bank to pay somebody, wanted before the bank is asked, executed at most once."""

from datetime import date
from typing import Literal, Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money

TransferState = Literal["requested", "sent", "executed", "rejected"]


class Transfer(Aggregate):
    """One payment by bank transfer. Payees stand here by the shop's own name of them, never by their account."""

    TOPIC = "payments.Transfer"

    class Requested(Created):
        """`about` is what is paid for, such as a statement; a second attempt follows a rejection."""

        TOPIC = "payments.TransferRequested"
        about: UUID
        attempt: int
        bank: str
        payee: str
        amount: Money
        text: str
        due_on: date
        requested_on: date

    class Sent(Aggregate.Event):
        """The bank has the order, or the file it will be sent with."""

        TOPIC = "payments.TransferSent"
        reference: str

    class Executed(Aggregate.Event):
        TOPIC = "payments.TransferExecuted"
        reference: str
        executed_on: date

    class Rejected(Aggregate.Event):
        """The bank did not pay, or the money came back: it is still owed."""

        TOPIC = "payments.TransferRejected"
        reason: str
        rejected_on: date
        had_executed: bool = False

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def request(
        cls, about: UUID, attempt: int, bank: str, payee: str, amount: Money, text: str, due_on: date, on: date
    ) -> Self:
        """Decide to pay; asking for the same attempt again meets the first."""
        return cls._create(
            cls.Requested,
            id=transfer_id(about, attempt),
            about=about,
            attempt=attempt,
            bank=bank,
            payee=payee,
            amount=amount,
            text=text,
            due_on=due_on,
            requested_on=on,
        )

    def send(self, reference: str) -> None:
        """The bank has the order."""
        if self.state == "requested":
            self._sent(reference=reference)

    def execute(self, reference: str, on: date) -> None:
        """The bank has paid."""
        if self.state in ("requested", "sent"):
            self._executed(reference=reference, executed_on=on)

    def reject(self, reason: str, on: date) -> None:
        """The bank did not pay; or it did, and the payee's bank sent the money back."""
        if self.state != "rejected":
            self._rejected(reason=reason, rejected_on=on, had_executed=self.state == "executed")

    # Evolve: assigns only.

    @event(Requested)
    def __init__(
        self,
        about: UUID,
        attempt: int,
        bank: str,
        payee: str,
        amount: Money,
        text: str,
        due_on: date,
        requested_on: date,
    ) -> None:
        self.about, self.attempt, self.bank, self.payee = about, attempt, bank, payee
        self.amount, self.text, self.due_on, self.requested_on = amount, text, due_on, requested_on
        self.state: TransferState = "requested"
        self.reference = self.reason = ""
        self.executed_on: date | None = None

    @event(Sent)
    def _sent(self, reference: str) -> None:
        self.state, self.reference = "sent", reference

    @event(Executed)
    def _executed(self, reference: str, executed_on: date) -> None:
        self.state, self.reference, self.executed_on = "executed", reference, executed_on

    @event(Rejected)
    def _rejected(self, reason: str, rejected_on: date, had_executed: bool) -> None:
        self.state, self.reason = "rejected", reason


def transfer_id(about: UUID, attempt: int = 1) -> UUID:
    """The id of an attempt to pay for something."""
    return derived_id("transfer", about, attempt)
