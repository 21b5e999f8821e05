"""Agency payment: what the shop gives back to a refund agency, form by form, by bank, by hand or out of a statement."""

from datetime import date
from typing import Final, Literal, Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, Value, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money, total

MOST_FORMS: Final = 400
"""Forms one payment is for; what is beyond them waits for the next."""

Way = Literal["bank", "hand", "statement"]
"""bank: by an order through the port; hand: people paid; statement: the agency kept it out of what it paid itself."""


class PaidForm(Value):
    """What came back of one form's advance."""

    claim_id: UUID
    claim_no: str
    amount: Money


class NothingOwedToAgency(SouvenirError):
    message = "Nothing in {currency} is owed to {agency}, or it is on its way there."
    agency: str
    currency: str


class NotPaidToAgencyByHand(SouvenirError):
    message = "{agency} was not paid by hand but by {way}: only what people paid themselves is taken back."
    agency: str
    way: str


class AgencyPayment(Aggregate):
    """One payment to one agency."""

    TOPIC = "taxrefund.AgencyPayment"

    class Ordered(Created):
        """It was decided. `amount` is the sum of its lines."""

        TOPIC = "taxrefund.AgencyPaymentOrdered"
        agency: str
        amount: Money
        lines: tuple[PaidForm, ...]
        way: Way
        ordered_on: date

    class Paid(Aggregate.Event):
        """The agency has it. `reference` is the bank's, or the number of the agency's statement."""

        TOPIC = "taxrefund.AgencyPaymentPaid"
        paid_on: date
        reference: str

    class Failed(Aggregate.Event):
        """It was not paid, or came back (`was_paid`): all its lines are owed again."""

        TOPIC = "taxrefund.AgencyPaymentFailed"
        reason: str
        failed_on: date
        was_paid: bool

    # Decide: may record, never assigns.

    @classmethod
    def order(cls, id: UUID, agency: str, lines: tuple[PaidForm, ...], way: Way, on: date) -> Self:
        """Decide to give back what these forms brought back."""
        amount = total((line.amount for line in lines), lines[0].amount.currency)
        return cls._create(cls.Ordered, id=id, agency=agency, amount=amount, lines=lines, way=way, ordered_on=on)

    def pay(self, reference: str, on: date) -> None:
        """The agency has the money; a second time records nothing."""
        if self.state == "ordered":
            self._paid(paid_on=on, reference=reference)

    def fail(self, reason: str, on: date) -> None:
        """It did not arrive, or came back; a second time records nothing."""
        if self.state != "failed":
            self._failed(reason=reason, failed_on=on, was_paid=self.state == "paid")

    # Evolve: assigns only.

    @event(Ordered)
    def __init__(self, agency: str, amount: Money, lines: tuple[PaidForm, ...], way: Way, ordered_on: date) -> None:
        self.agency, self.amount, self.lines, self.way, self.ordered_on = agency, amount, lines, way, ordered_on
        self.state: Literal["ordered", "paid", "failed"] = "ordered"
        self.paid_on: date | None = None
        self.reference = self.reason = ""

    @event(Paid)
    def _paid(self, paid_on: date, reference: str) -> None:
        self.state, self.paid_on, self.reference = "paid", paid_on, reference

    @event(Failed)
    def _failed(self, reason: str, failed_on: date, was_paid: bool) -> None:
        self.state, self.reason = "failed", reason


def netted_id(statement: str, agency: str, part: int) -> UUID:
    """The id of a payment that an agency's statement keeps out of what it pays."""
    return derived_id("agency payment", statement, agency, part)
