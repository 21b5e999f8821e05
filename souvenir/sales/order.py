"""Order: what one buyer agreed to at one moment, how it was paid, and what came back of it."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, Value, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.localized import LocalizedText
from souvenir.kernel.money import CurrencyMismatch, Money, total


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


class NotReturnable(SouvenirError):
    message = "Line {line_no} of order {order_no} has {remaining} left to return, not {asked}."
    order_no: str
    line_no: int
    remaining: int
    asked: int


class Bearing(Value):
    """How a line bears one licence's property, where that is not the whole line or not by the order's own day.

    `net` is the part of its price without VAT, as of a set of which only some pieces bear it. `on` is the day of the sale in
    the licence's time zone.
    """

    licence_id: UUID
    net: Money | None = None
    on: date | None = None


class OrderLine(Value):
    """One line as it was sold. Carries what royalties, refunds and books will need, so none asks again later."""

    line_no: int
    product_id: UUID
    sku: str
    name: LocalizedText
    category: str
    quantity: int
    unit_price: Money
    """Including VAT."""
    gross: Money
    """Including VAT, after discounts."""
    vat_rate: Decimal
    vat: Money
    vat_exempt: bool = False
    refundable: bool = True
    """Whether an overseas traveller may claim the tax back on these goods."""
    edition_id: UUID | None = None
    space: str = "numbered"
    number: int | None = None
    licence_ids: tuple[UUID, ...] = ()
    cost: Money | None = None
    """What the goods cost the shop, for the cost of sales; None where stock is not valued."""
    gtin: str | None = None
    bearings: tuple[Bearing, ...] = ()
    """Of its licences, those that need more said than their id."""

    @property
    def net(self) -> Money:
        """The line without VAT."""
        return self.gross - self.vat

    def bearing(self, licence_id: UUID) -> Bearing:
        """How it bears one of its licences."""
        said = (each for each in self.bearings if each.licence_id == licence_id)
        return next(said, Bearing(licence_id=licence_id))


class ReturnedLine(Value):
    """What came back of one line: how many, and the share of its gross and VAT given back."""

    line_no: int
    quantity: int
    gross: Money
    vat: Money
    number: int | None = None


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

    class Paid(Aggregate.Event):
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
        self.currency = currency
        self.placed_on = placed_on
        self.buyer = buyer
        self.basket_id = basket_id
        self.territory = territory
        self.paid_by: UUID | None = None
        self.tender: str | None = None
        self.paid_after_count = False
        self.cancelled: str | None = None
        self.returns: dict[UUID, tuple[ReturnedLine, ...]] = {}
        self.return_days: dict[UUID, date] = {}
        self.return_tenders: dict[UUID, str] = {}
        self.return_tills: dict[UUID, str | None] = {}

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
    def due(self) -> Money:
        """What the buyer pays: the sum of the lines, VAT included."""
        return total((line.gross for line in self.lines), self.currency)

    def pay(self, payment_id: UUID, tender: str, amount: Money, on: date, *, after_count: bool = False) -> None:
        """Record that the order is paid in full by one payment; the same payment twice records nothing new.

        `after_count`: at a till whose shift of that day was counted before anybody told of this sale.
        """
        if self.paid_by == payment_id:
            return
        self.check_payable(amount)
        self._paid(
            payment_id=payment_id,
            tender=tender,
            amount=amount,
            paid_on=on,
            outlet_id=self.outlet_id,
            till=self.till,
            after_count=after_count,
        )

    def check_payable(self, amount: Money) -> None:
        """Refuse, before any provider is asked, what `pay` would refuse after."""
        if self.cancelled is not None:
            raise OrderCancelled(order_no=self.order_no, reason=self.cancelled)
        if self.paid_by is not None:
            raise OrderAlreadyPaid(order_no=self.order_no)
        if amount != self.due:
            raise PaymentDiffersFromOrder(order_no=self.order_no, due=self.due, offered=amount)

    def cancel(self, reason: str) -> None:
        """Give up an order that is not paid."""
        if self.cancelled is not None:
            return
        if self.paid_by is not None:
            raise OrderAlreadyPaid(order_no=self.order_no)
        self._cancelled(reason=reason)

    def take_back(
        self, return_id: UUID, quantities: dict[int, int], tender: str, on: date, till: str | None = None
    ) -> None:
        """Take goods back: quantities by line number. The money given back is each line's exact share.

        It is given back at a till of the same outlet: the one named, or that which sold.

        The last piece of a line takes what is left of its gross and VAT, so partial returns add up to the cent.
        """
        if return_id in self.returns:
            return
        if self.paid_by is None:
            raise OrderNotPaid(order_no=self.order_no)
        if not quantities:
            raise OrderIsEmpty()
        returned = tuple(self._returned_line(line_no, quantity) for line_no, quantity in sorted(quantities.items()))
        amount = total((line.gross for line in returned), self.currency)
        self.trigger_event(
            self.Returned,
            return_id=return_id,
            lines=returned,
            amount=amount,
            tender=tender,
            returned_on=on,
            outlet_id=self.outlet_id,
            till=till or self.till,
        )

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
    ) -> None:
        self.paid_by, self.tender, self.paid_after_count = payment_id, tender, after_count

    @event(Cancelled)
    def _cancelled(self, reason: str) -> None:
        self.cancelled = reason

    @event(Returned)
    def _returned(
        self, return_id: UUID, lines: tuple[ReturnedLine, ...], tender: str, returned_on: date, till: str | None
    ) -> None:
        self.returns[return_id] = lines
        self.return_days[return_id] = returned_on
        self.return_tenders[return_id], self.return_tills[return_id] = tender, till
