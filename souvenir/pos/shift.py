"""A shift: one till's drawer from its counted float to its count at the end; it gives every sale its business date."""

from datetime import date
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money


class NoOpenShift(SouvenirError):
    message = "Till {till} has no open shift. Count the float and open one first."
    till: str


class ShiftAlreadyOpen(SouvenirError):
    message = "Till {till} already has shift {shift_no} open, for {business_date}. Close that one first."
    till: str
    shift_no: int
    business_date: date


class ShiftClosed(SouvenirError):
    message = "Shift {shift_no} of till {till} was closed with {counted} counted. Open a new one."
    till: str
    shift_no: int
    counted: Money


class BusinessDateBehind(SouvenirError):
    message = "Till {till} already traded for {latest}; it cannot open for {business_date}, which is before that."
    till: str
    business_date: date
    latest: date


class CountBelowZero(SouvenirError):
    message = "A drawer cannot hold {amount}. Count it again."
    amount: Money


class Shift(Aggregate):
    """One opening of one till's drawer. Sales are not kept here, only what they belong to."""

    TOPIC = "pos.Shift"

    class Opened(Created):
        TOPIC = "pos.ShiftOpened"
        outlet_id: UUID
        till: str
        shift_no: int
        device_id: UUID
        cashier: UUID
        business_date: date
        opening_float: Money

    class Closed(Aggregate.Event):
        """The drawer was counted blind; `difference` is what was counted above (or, negative, below) what was due."""

        TOPIC = "pos.ShiftClosed"
        outlet_id: UUID
        till: str
        business_date: date
        counted: Money
        due: Money
        difference: Money
        closed_by: UUID

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def open(
        cls,
        *,
        outlet_id: UUID,
        till: str,
        shift_no: int,
        device_id: UUID,
        cashier: UUID,
        business_date: date,
        opening_float: Money,
    ) -> "Shift":
        """Open the till's next shift; shifts of a till are numbered without gaps."""
        if opening_float.minor < 0:
            raise CountBelowZero(amount=opening_float)
        return cls._create(
            cls.Opened,
            id=shift_id(outlet_id, till, shift_no),
            outlet_id=outlet_id,
            till=till,
            shift_no=shift_no,
            device_id=device_id,
            cashier=cashier,
            business_date=business_date,
            opening_float=opening_float,
        )

    def close(self, counted: Money, cash_taken: Money, closed_by: UUID) -> None:
        """Close with the cash counted; `cash_taken` is cash sales less cash returns since opening.

        The same count again records nothing; another one is refused.
        """
        if counted.minor < 0:
            raise CountBelowZero(amount=counted)
        if self.counted is not None:
            if self.counted != counted:
                raise ShiftClosed(till=self.till, shift_no=self.shift_no, counted=self.counted)
            return
        due = self.opening_float + cash_taken
        self._closed(
            outlet_id=self.outlet_id,
            till=self.till,
            business_date=self.business_date,
            counted=counted,
            due=due,
            difference=counted - due,
            closed_by=closed_by,
        )

    def require_open(self) -> None:
        """Refuse what belongs to a shift once it is closed."""
        if self.counted is not None:
            raise ShiftClosed(till=self.till, shift_no=self.shift_no, counted=self.counted)

    # Evolve: assigns only.

    @event(Opened)
    def __init__(
        self,
        outlet_id: UUID,
        till: str,
        shift_no: int,
        device_id: UUID,
        cashier: UUID,
        business_date: date,
        opening_float: Money,
    ) -> None:
        self.outlet_id, self.till, self.shift_no, self.device_id = outlet_id, till, shift_no, device_id
        self.cashier, self.business_date, self.opening_float = cashier, business_date, opening_float
        self.opened_as = (device_id, cashier, business_date, opening_float)
        self.counted: Money | None = None
        self.difference: Money | None = None

    @event(Closed)
    def _closed(
        self,
        outlet_id: UUID,
        till: str,
        business_date: date,
        counted: Money,
        due: Money,
        difference: Money,
        closed_by: UUID,
    ) -> None:
        self.counted, self.difference = counted, difference


def shift_id(outlet_id: UUID, till: str, shift_no: int) -> UUID:
    """The id of a till's shift by its number."""
    return derived_id("shift", outlet_id, till, shift_no)
