"""Order: what one buyer agreed to at one moment, how it was paid, and what came back of it."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import CurrencyMismatch, Money, total
from souvenir.sales.line import OrderLine, ReturnedLine
from souvenir.sales.tender import Exchanged, Tendered, as_goes_back


class Channel(StrEnum):
    """Where a sale is made; licences grant channels by these names."""

    SHOP = "shop"
    ONLINE = "online"


class OrderIsEmpty(SouvenirError):
    message = "An order needs at least one line. Add a product or a piece first."


class OrderAlreadyPaid(SouvenirError):
    message = "Order {order_no} is already paid. Ask for its receipt instead of a second payment."
    order_no: str


class OrderNotPaid(SouvenirError):
    message = "Order {order_no} is not paid yet. Take the payment first."
    order_no: str


class OrderCancelled(SouvenirError):
    message = "Order {order_no} was cancelled: {reason}"
    order_no: str
    reason: str


class PaymentDiffersFromOrder(SouvenirError):
    message = "Order {order_no} comes to {due}, but {offered} was offered. Ask for exactly {due}."
    order_no: str
    due: Money
    offered: Money


class OrderPartPaid(SouvenirError):
    message = "{taken} of order {order_no} is paid already. Give that back first."
    order_no: str
    taken: Money


class NotReturnable(SouvenirError):
    message = "Line {line_no} of order {order_no} has {remaining} left to return, not {asked}."
    order_no: str
    line_no: int
    remaining: int
    asked: int


class Order(Aggregate):
    """What one buyer agreed to buy, from the moment it was placed to the last return."""

    TOPIC = "sales.Order"

    class Placed(Created):
        TOPIC = "sales.OrderPlaced"
        order_no: str
        outlet_id: UUID
        channel: Channel
        till: str | None
        lines: tuple[OrderLine, ...]
        currency: str
        placed_on: date
        buyer: UUID | None
        basket_id: UUID | None = None
        territory: str | None = None
        """Where the goods are sold, by ISO 3166, as licences grant it: "CN-BJ"."""

    class TenderTaken(Aggregate.Event):
        """A part of the price was paid; the rest is still due."""

        TOPIC = "sales.OrderTenderTaken"
        payment_id: UUID
        tender: str
        amount: Money
        taken_on: date
        outlet_id: UUID
        till: str | None

    class TenderGivenBack(Aggregate.Event):
        """A part that was paid went back before the rest was."""

        TOPIC = "sales.OrderTenderGivenBack"
        payment_id: UUID
        tender: str
        amount: Money
        given_on: date
        outlet_id: UUID
        till: str | None

    class Paid(Aggregate.Event):
        """The rest was paid, which is nearly always the whole; from now on it is a sale."""

        TOPIC = "sales.OrderPaid"
        payment_id: UUID
        tender: str
        amount: Money
        paid_on: date
        outlet_id: UUID | None = None
        till: str | None = None
        """Where it was paid over the counter, if it was: whose drawer, and whose shift."""
        after_count: bool = False
        """Told only after its shift was counted: what was paid lay in the drawer then, and was over."""
        rounding: Money | None = None
        """What the smallest coin left unpaid of a rest in cash; below zero, what was paid beyond it."""
        exchange: Exchanged | None = None

    class Cancelled(Aggregate.Event):
        """The order could not be kept: what it asked for was gone, or the buyer never paid."""

        TOPIC = "sales.OrderCancelled"
        reason: str

    class Returned(Aggregate.Event):
        TOPIC = "sales.OrderReturned"
        return_id: UUID
        lines: tuple[ReturnedLine, ...]
        amount: Money
        tender: str
        returned_on: date
        outlet_id: UUID | None = None
        till: str | None = None
        """Where the money was given back over the counter, if it was."""
        tenders: tuple[Tendered, ...] = ()
        """By what the amount was given back, less `rounding`; left out where it all was by `tender`, unrounded."""
        rounding: Money | None = None
        """Of the amount, what the smallest coin left; below zero, what was given beyond it."""
        exchanged_for: UUID | None = None
        """The order whose goods went out for these."""
        carried: tuple[Tendered, ...] = ()
        """Of what had been paid for these goods, what now pays for those."""

        @property
        def given(self) -> tuple[tuple[str, Money], ...]:
            """What went back, by tender."""
            if self.tenders or self.rounding is not None or self.exchanged_for is not None:
                return tuple((one.tender, one.amount) for one in self.tenders)
            return ((self.tender, self.amount),)

    @event(Placed)
    def __init__(
        self,
        order_no: str,
        outlet_id: UUID,
        channel: Channel,
        till: str | None,
        lines: tuple[OrderLine, ...],
        currency: str,
        placed_on: date,
        buyer: UUID | None,
        basket_id: UUID | None = None,
        territory: str | None = None,
    ) -> None:
        self.order_no = order_no
        self.outlet_id = outlet_id
        self.channel = channel
        self.till = till
        self.lines = lines
        self.due = total((line.gross for line in lines), currency)
        """What the buyer pays, VAT included."""
        self.currency = currency
        self.placed_on = placed_on
        self.buyer = buyer
        self.basket_id = basket_id
        self.territory = territory
        self.paid_by: UUID | None = None
        self.tender: str | None = None
        self.paid_last: Money | None = None
        self.parts: dict[UUID, Tendered] = {}
        self.given_back_parts: set[UUID] = set()
        self.part_paid = self.rounding = self.rounding_left = Money.zero(currency)
        self.exchange: Exchanged | None = None
        self.paid_after_count = False
        self.cancelled: str | None = None
        self.returns: dict[UUID, tuple[ReturnedLine, ...]] = {}
        self.return_days: dict[UUID, date] = {}
        self.return_tenders: dict[UUID, str] = {}
        self.return_tills: dict[UUID, str | None] = {}
        self.given_by: dict[UUID, tuple[Tendered, ...]] = {}
        self.carried_over: dict[UUID, tuple[Tendered, ...]] = {}
        self.exchanged_for: dict[UUID, UUID] = {}

    @classmethod
    def place(
        cls,
        id: UUID,
        *,
        order_no: str,
        outlet_id: UUID,
        channel: Channel,
        till: str | None,
        lines: Sequence[OrderLine],
        currency: str,
        on: date,
        buyer: UUID | None = None,
        basket_id: UUID | None = None,
        territory: str | None = None,
    ) -> Self:
        """A new order. Refuses an order without lines, and lines in another currency."""
        if not lines:
            raise OrderIsEmpty()
        for line in lines:
            if line.gross.currency != currency:
                raise CurrencyMismatch(left=str(line.gross), right=currency)
        return cls._create(
            cls.Placed,
            id=id,
            order_no=order_no,
            outlet_id=outlet_id,
            channel=channel,
            till=till,
            lines=tuple(lines),
            currency=currency,
            placed_on=on,
            buyer=buyer,
            basket_id=basket_id,
            territory=territory,
        )

    # Decide.

    @property
    def tenders(self) -> dict[UUID, Tendered]:
        """What it was paid by, by payment: its parts, what was carried over from goods that came back, and the rest."""
        carried = self.exchange.carried if self.exchange else ()
        found = {**self.parts, **{one.payment_id: one for one in carried}}
        if self.paid_by is not None and self.paid_by not in found:
            assert self.tender is not None, "who paid did so in a tender"
            assert self.paid_last is not None, "and paid an amount"
            found[self.paid_by] = Tendered(payment_id=self.paid_by, tender=self.tender, amount=self.paid_last)
        return found

    @property
    def remaining(self) -> Money:
        """What is left to be paid, before a smallest coin rounds it."""
        return self.due - self.part_paid

    def pay(
        self,
        payment_id: UUID,
        tender: str,
        amount: Money,
        on: date,
        *,
        rounding: Money | None = None,
        exchange: Exchanged | None = None,
        after_count: bool = False,
    ) -> None:
        """Record that what was left is paid; the same payment twice records nothing new.

        `rounding` is what the smallest coin left of it, `exchange` what was paid before for goods that came back.
        `after_count`: at a till whose shift of that day was counted before anybody told of this sale.
        """
        if self.paid_by == payment_id:
            return
        settled = amount + rounding if rounding else amount
        if exchange is not None:
            settled += total((one.amount for one in exchange.carried), self.currency)
        self.check_payable(settled)
        self._paid(
            payment_id=payment_id,
            tender=tender,
            amount=amount,
            paid_on=on,
            outlet_id=self.outlet_id,
            till=self.till,
            after_count=after_count,
            rounding=rounding or None,
            exchange=exchange,
        )

    def take_part(self, payment_id: UUID, tender: str, amount: Money, on: date) -> None:
        """Record that a part was paid; the rest stays due. The same payment twice records nothing new."""
        if payment_id in self.parts:
            return
        self.check_part_payable(amount)
        self._tender_taken(
            payment_id=payment_id, tender=tender, amount=amount, taken_on=on, outlet_id=self.outlet_id, till=self.till
        )

    def give_part_back(self, payment_id: UUID, on: date) -> None:
        """Record that a part goes back: the customer pays otherwise, or not at all. Asking twice records nothing new."""
        self.require_unpaid()
        taken = self.parts.get(payment_id)
        if taken is not None:
            self._tender_given_back(
                payment_id=payment_id,
                tender=taken.tender,
                amount=taken.amount,
                given_on=on,
                outlet_id=self.outlet_id,
                till=self.till,
            )

    def check_payable(self, amount: Money) -> None:
        """Refuse, before any provider is asked, what `pay` would refuse after."""
        self.require_unpaid()
        if amount != self.remaining:
            raise PaymentDiffersFromOrder(order_no=self.order_no, due=self.remaining, offered=amount)

    def check_part_payable(self, amount: Money) -> None:
        """Refuse a part that is none, or that leaves nothing to be paid."""
        self.require_unpaid()
        if not Money.zero(self.currency) < amount < self.remaining:
            raise PaymentDiffersFromOrder(order_no=self.order_no, due=self.remaining, offered=amount)

    def require_unpaid(self) -> None:
        """Refuse what only an order that waits to be paid can take."""
        if self.cancelled is not None:
            raise OrderCancelled(order_no=self.order_no, reason=self.cancelled)
        if self.paid_by is not None:
            raise OrderAlreadyPaid(order_no=self.order_no)

    def cancel(self, reason: str) -> None:
        """Give up an order that is not paid."""
        if self.cancelled is not None:
            return
        if self.paid_by is not None:
            raise OrderAlreadyPaid(order_no=self.order_no)
        if self.parts:
            raise OrderPartPaid(order_no=self.order_no, taken=self.part_paid)
        self._cancelled(reason=reason)

    def take_back(
        self,
        return_id: UUID,
        quantities: Mapping[int, int],
        tender: str,
        on: date,
        till: str | None = None,
        *,
        tenders: Sequence[Tendered] = (),
        rounding: Money | None = None,
        exchanged_for: UUID | None = None,
        carried: Sequence[Tendered] = (),
    ) -> None:
        """Take goods back: quantities by line number. The money given back is each line's exact share.

        It is given back at a till of the same outlet: the one named, or that which sold. All of it by `tender`, or as
        `tenders` say; or it is carried over to what goes out in exchange.

        The last piece of a line takes what is left of its gross and VAT, so partial returns add up to the cent.
        """
        if return_id in self.returns:
            return
        returned = self.returnable(quantities)
        amount = total((line.gross for line in returned), self.currency)
        gone = [*(one.amount for one in (*tenders, *carried)), rounding or Money.zero(self.currency)]
        assert not (tenders or carried) or total(gone, self.currency) == amount, "what goes back is the price"
        self.trigger_event(
            self.Returned,
            return_id=return_id,
            lines=returned,
            amount=amount,
            tender=tender,
            returned_on=on,
            outlet_id=self.outlet_id,
            till=till or self.till,
            tenders=tuple(tenders),
            rounding=rounding or None,
            exchanged_for=exchanged_for,
            carried=tuple(carried),
        )

    # Answer.

    def returnable(self, quantities: Mapping[int, int]) -> tuple[ReturnedLine, ...]:
        """The lines as they would come back now. Raises what `take_back` raises."""
        if self.paid_by is None:
            raise OrderNotPaid(order_no=self.order_no)
        if not quantities:
            raise OrderIsEmpty()
        return tuple(self._returned_line(line_no, quantity) for line_no, quantity in sorted(quantities.items()))

    def left_by_tender(self) -> list[Tendered]:
        """What each tender still has that did not go back, in the order in which it would."""
        gone: dict[UUID, Money] = {}
        for one in (one for ways in (*self.given_by.values(), *self.carried_over.values()) for one in ways):
            gone[one.payment_id] = gone.get(one.payment_id, Money.zero(self.currency)) + one.amount
        nothing = Money.zero(self.currency)
        return as_goes_back(
            one.model_copy(update={"amount": max(one.amount - gone.get(one.payment_id, nothing), nothing)})
            for one in self.tenders.values()
        )

    @property
    def not_back(self) -> Money:
        """The price of what has not come back."""
        return self.due - total((self.given_back(return_id) for return_id in self.returns), self.currency)

    def line(self, line_no: int) -> OrderLine | None:
        """The line of that number, if the order has it."""
        return next((line for line in self.lines if line.line_no == line_no), None)

    def returned_of(self, line_no: int) -> tuple[int, Money, Money]:
        """What has come back of a line so far: quantity, gross, VAT."""
        back = [line for lines in self.returns.values() for line in lines if line.line_no == line_no]
        return (
            sum(line.quantity for line in back),
            total((line.gross for line in back), self.currency),
            total((line.vat for line in back), self.currency),
        )

    def given_back(self, return_id: UUID) -> Money:
        """The price of what one return brought back."""
        return total((line.gross for line in self.returns.get(return_id, ())), self.currency)

    def _returned_line(self, line_no: int, quantity: int) -> ReturnedLine:
        line = self.line(line_no)
        already, gross_back, vat_back = self.returned_of(line_no)
        remaining = line.quantity - already if line else 0
        if line is None or not 0 < quantity <= remaining:
            raise NotReturnable(order_no=self.order_no, line_no=line_no, remaining=remaining, asked=quantity)
        weights = (quantity, remaining - quantity)
        gross = (line.gross - gross_back).split(weights)[0]
        vat = (line.vat - vat_back).split(weights)[0]
        return ReturnedLine(line_no=line_no, quantity=quantity, gross=gross, vat=vat, number=line.number)

    # Evolve.

    @event(TenderTaken)
    def _tender_taken(
        self, payment_id: UUID, tender: str, amount: Money, taken_on: date, outlet_id: UUID, till: str | None
    ) -> None:
        self.parts[payment_id] = Tendered(payment_id=payment_id, tender=tender, amount=amount)
        self.part_paid += amount

    @event(TenderGivenBack)
    def _tender_given_back(
        self, payment_id: UUID, tender: str, amount: Money, given_on: date, outlet_id: UUID, till: str | None
    ) -> None:
        del self.parts[payment_id]
        self.given_back_parts.add(payment_id)
        self.part_paid -= amount

    @event(Paid)
    def _paid(
        self,
        payment_id: UUID,
        tender: str,
        amount: Money,
        paid_on: date,
        outlet_id: UUID | None,
        till: str | None,
        after_count: bool,
        rounding: Money | None,
        exchange: Exchanged | None,
    ) -> None:
        self.paid_by, self.tender, self.paid_last, self.paid_after_count = payment_id, tender, amount, after_count
        self.rounding = self.rounding_left = rounding or self.rounding
        self.exchange = exchange

    @event(Cancelled)
    def _cancelled(self, reason: str) -> None:
        self.cancelled = reason

    @event(Returned)
    def _returned(
        self,
        return_id: UUID,
        lines: tuple[ReturnedLine, ...],
        amount: Money,
        tender: str,
        returned_on: date,
        till: str | None,
        tenders: tuple[Tendered, ...],
        rounding: Money | None,
        exchanged_for: UUID | None,
        carried: tuple[Tendered, ...],
    ) -> None:
        self.returns[return_id] = lines
        self.return_days[return_id] = returned_on
        self.return_tenders[return_id], self.return_tills[return_id] = tender, till
        self.rounding_left -= rounding or Money.zero(self.currency)
        if not tenders and rounding is None and exchanged_for is None and self.paid_by is not None:
            tenders = (Tendered(payment_id=self.paid_by, tender=tender, amount=amount),)
        self.given_by[return_id], self.carried_over[return_id] = tenders, carried
        if exchanged_for is not None:
            self.exchanged_for[return_id] = exchanged_for
