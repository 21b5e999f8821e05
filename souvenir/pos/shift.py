"""A shift: one till's drawer from its counted float to its count at the end; it gives every sale its business date."""

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, Value, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money, total

Movement = Literal["float", "drop", "pay_in", "pay_out"]
"""float: change from the safe; drop: takings to the safe; pay_out and pay_in: petty cash, and what is brought back of it."""
INTO_DRAWER: Final = frozenset({"float", "pay_in"})

MOST_MOVEMENTS: Final = 200
MOST_DENOMINATIONS: Final = 50


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


class CountedTwice(SouvenirError):
    message = "The denomination {denomination} is counted twice, or is none. Count each once."
    denomination: Money


class NothingMoved(SouvenirError):
    message = "Into or out of the drawer went {amount}: give an amount above nothing."
    amount: Money


class ReasonMissing(SouvenirError):
    message = "A drawer is opened without a sale for a reason. Say which."


class TooManyMovements(SouvenirError):
    message = "A shift takes at most {most} cash movements, and a count at most {denominations} denominations."
    most: int
    denominations: int


class Denomination(Value):
    """So many notes or coins of one value."""

    value: Money
    count: int

    @property
    def amount(self) -> Money:
        return Money(self.value.minor * self.count, self.value.currency)


class Taking(Value):
    """What a shift took, or gave back, in one tender."""

    kind: Literal["sale", "given_back", "return", "tax_refund", "set_off"]
    """given_back: a tender of a sale that was not completed. set_off: of a return, what a traveller still held of an advance."""
    tender: str
    count: int
    amount: Money

    @property
    def into_drawer(self) -> Money:
        """What of it is in the drawer: cash, and what was paid out counts below zero."""
        if self.tender != "cash":
            return Money.zero(self.amount.currency)
        return self.amount if self.kind in ("sale", "set_off") else -self.amount


class Unfinished(Value):
    """What a shift leaves to the next: no sale yet, but somebody's goods or money."""

    kind: Literal["parked", "part_paid", "payment_open"]
    """A parked sale; an order of which a part is paid; a payment whose answer nobody knows yet."""
    id: UUID
    amount: Money | None = None
    """What is paid of it, or asked for; of a parked sale nothing is."""


class Shift(Aggregate):
    """One opening of one till's drawer. Sales are not kept here, only what they come to when it closes."""

    TOPIC = "pos.Shift"

    class Opened(Created):
        """The float was counted into the drawer. `blind`: what should be in it is not shown before it is counted."""

        TOPIC = "pos.ShiftOpened"
        outlet_id: UUID
        till: str
        shift_no: int
        device_id: UUID
        cashier: UUID
        business_date: date
        opening_float: Money
        blind: bool = True

    class CashMoved(Aggregate.Event):
        """Cash went into the drawer or out of it, without a sale."""

        TOPIC = "pos.ShiftCashMoved"
        movement_id: UUID
        movement: Movement
        amount: Money
        reason: str
        moved_by: UUID

    class DrawerOpened(Aggregate.Event):
        """The drawer was opened and nothing was to go in or out: change for a customer, a look. A no-sale."""

        TOPIC = "pos.ShiftDrawerOpened"
        opening_id: UUID
        reason: str
        opened_by: UUID

    class Closed(Aggregate.Event):
        """The drawer was counted; `difference` is what was counted above (or, negative, below) what was due.

        `takings` are what makes `due`, with the float and what was moved: the Z report reads from here for ever.
        """

        TOPIC = "pos.ShiftClosed"
        outlet_id: UUID
        till: str
        business_date: date
        counted: Money
        due: Money
        difference: Money
        closed_by: UUID
        counts: tuple[Denomination, ...] = ()
        takings: tuple[Taking, ...] = ()
        unfinished: tuple[Unfinished, ...] = ()
        reason: str = ""
        """What whoever counted says of a difference."""

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
        blind: bool = True,
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
            blind=blind,
        )

    def move_cash(self, movement_id: UUID, movement: Movement, amount: Money, reason: str, by: UUID) -> None:
        """Record cash that went in or out; the same movement again records nothing."""
        if movement_id in self.movements:
            return
        self.require_open()
        if (amount + Money.zero(self.opening_float.currency)).minor <= 0:
            raise NothingMoved(amount=amount)
        self._require_room()
        self._cash_moved(movement_id=movement_id, movement=movement, amount=amount, reason=reason, moved_by=by)

    def open_drawer(self, opening_id: UUID, reason: str, by: UUID) -> None:
        """Record that the drawer was opened without a sale; the same opening again records nothing."""
        if opening_id in self.no_sales:
            return
        self.require_open()
        if not reason.strip():
            raise ReasonMissing()
        self._require_room()
        self._drawer_opened(opening_id=opening_id, reason=reason.strip(), opened_by=by)

    def close(
        self,
        counts: Sequence[Denomination],
        takings: Sequence[Taking],
        closed_by: UUID,
        unfinished: Sequence[Unfinished] = (),
        reason: str = "",
    ) -> None:
        """Close with the notes and coins counted, against the float, what was moved and what the till took.

        The same count again records nothing; another one is refused.
        """
        counted = self._counted(counts)
        if self.counted is not None:
            if self.counted != counted:
                raise ShiftClosed(till=self.till, shift_no=self.shift_no, counted=self.counted)
            return
        due = self.due(takings)
        self._closed(
            outlet_id=self.outlet_id,
            till=self.till,
            business_date=self.business_date,
            counted=counted,
            due=due,
            difference=counted - due,
            closed_by=closed_by,
            counts=tuple(counts),
            takings=tuple(takings),
            unfinished=tuple(unfinished),
            reason=reason,
        )

    # Answer.

    def due(self, takings: Sequence[Taking]) -> Money:
        """What the drawer should hold."""
        return self.moved + total((taking.into_drawer for taking in takings), self.opening_float.currency)

    @property
    def moved(self) -> Money:
        """The float, and what went in or out besides."""
        signed = (amount if movement in INTO_DRAWER else -amount for movement, amount in self.movements.values())
        return self.opening_float + total(signed, self.opening_float.currency)

    def require_open(self) -> None:
        """Refuse what belongs to a shift once it is closed."""
        if self.counted is not None:
            raise ShiftClosed(till=self.till, shift_no=self.shift_no, counted=self.counted)

    def _require_room(self) -> None:
        if len(self.movements) + len(self.no_sales) >= MOST_MOVEMENTS:
            raise TooManyMovements(most=MOST_MOVEMENTS, denominations=MOST_DENOMINATIONS)

    def _counted(self, counts: Sequence[Denomination]) -> Money:
        if len(counts) > MOST_DENOMINATIONS:
            raise TooManyMovements(most=MOST_MOVEMENTS, denominations=MOST_DENOMINATIONS)
        values: set[Money] = set()
        for one in counts:
            if one.count < 0:
                raise CountBelowZero(amount=one.amount)
            if one.value in values or one.value.minor <= 0:
                raise CountedTwice(denomination=one.value)
            values.add(one.value)
        return total((one.amount for one in counts), self.opening_float.currency)

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
        blind: bool,
    ) -> None:
        self.outlet_id, self.till, self.shift_no, self.device_id = outlet_id, till, shift_no, device_id
        self.cashier, self.business_date, self.opening_float = cashier, business_date, opening_float
        self.opened_as = (device_id, cashier, business_date, opening_float, blind)
        self.blind = blind
        self.movements: dict[UUID, tuple[Movement, Money]] = {}
        self.no_sales: dict[UUID, str] = {}
        self.reason = ""
        self.counted: Money | None = None
        self.difference: Money | None = None
        self.counts: tuple[Denomination, ...] = ()
        self.takings: tuple[Taking, ...] = ()
        self.unfinished: tuple[Unfinished, ...] = ()

    @event(CashMoved)
    def _cash_moved(self, movement_id: UUID, movement: Movement, amount: Money, reason: str, moved_by: UUID) -> None:
        self.movements[movement_id] = (movement, amount)

    @event(DrawerOpened)
    def _drawer_opened(self, opening_id: UUID, reason: str, opened_by: UUID) -> None:
        self.no_sales[opening_id] = reason

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
        counts: tuple[Denomination, ...],
        takings: tuple[Taking, ...],
        unfinished: tuple[Unfinished, ...],
        reason: str,
    ) -> None:
        self.counted, self.difference, self.counts, self.takings = counted, difference, counts, takings
        self.unfinished, self.reason = unfinished, reason


def shift_id(outlet_id: UUID, till: str, shift_no: int) -> UUID:
    """The id of a till's shift by its number."""
    return derived_id("shift", outlet_id, till, shift_no)
