"""Basket: what a visitor means to buy, before anything is agreed. Holds no price and promises none."""

from typing import Final, Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, Value, event
from souvenir.kernel.errors import SouvenirError

MOST_LINES: Final = 100
MOST_OF_ONE_PRODUCT: Final = 999


class BasketClosed(SouvenirError):
    message = "Basket {basket_id} has become order {order_id}. Open a new basket."
    basket_id: UUID
    order_id: UUID


class BasketFull(SouvenirError):
    message = "A basket holds at most {lines} lines of at most {quantity} each."
    lines: int
    quantity: int


class NotYourBasket(SouvenirError):
    message = "Basket {basket_id} belongs to another session."
    basket_id: UUID


class PieceOfBasket(Value):
    """A numbered piece that is held for this basket."""

    product_id: UUID
    edition_id: UUID
    space: str
    number: int


class Basket(Aggregate):
    """What one session means to buy at one outlet: open goods by quantity, pieces by number."""

    TOPIC = "sales.Basket"

    class Opened(Created):
        TOPIC = "sales.BasketOpened"
        outlet_id: UUID
        holder: str
        """The session it belongs to; names nobody."""

    class QuantitySet(Aggregate.Event):
        TOPIC = "sales.BasketQuantitySet"
        product_id: UUID
        quantity: int

    class PieceAdded(Aggregate.Event):
        TOPIC = "sales.BasketPieceAdded"
        piece: PieceOfBasket

    class PieceRemoved(Aggregate.Event):
        TOPIC = "sales.BasketPieceRemoved"
        piece: PieceOfBasket

    class CheckedOut(Aggregate.Event):
        TOPIC = "sales.BasketCheckedOut"
        order_id: UUID

    @event(Opened)
    def __init__(self, outlet_id: UUID, holder: str) -> None:
        self.outlet_id = outlet_id
        self.holder = holder
        self.quantities: dict[UUID, int] = {}
        self.pieces: tuple[PieceOfBasket, ...] = ()
        self.order_id: UUID | None = None

    @classmethod
    def open(cls, id: UUID, outlet_id: UUID, holder: str) -> Self:
        """A new, empty basket."""
        return cls._create(cls.Opened, id=id, outlet_id=outlet_id, holder=holder)

    # Decide.

    def check_holder(self, holder: str) -> None:
        """Refuse anyone but the session that opened it."""
        if holder != self.holder:
            raise NotYourBasket(basket_id=self.id)

    def set_quantity(self, product_id: UUID, quantity: int) -> None:
        """Want so many of a product; none takes it out. Wanting what is wanted already records nothing new."""
        self._check_open()
        wanted = max(quantity, 0)
        if self.quantities.get(product_id, 0) == wanted:
            return
        if wanted > MOST_OF_ONE_PRODUCT or (product_id not in self.quantities and self._lines >= MOST_LINES):
            raise BasketFull(lines=MOST_LINES, quantity=MOST_OF_ONE_PRODUCT)
        self._quantity_set(product_id=product_id, quantity=wanted)

    def add_piece(self, piece: PieceOfBasket) -> None:
        """Add a piece that is held for this basket."""
        self._check_open()
        if piece in self.pieces:
            return
        if self._lines >= MOST_LINES:
            raise BasketFull(lines=MOST_LINES, quantity=MOST_OF_ONE_PRODUCT)
        self._piece_added(piece=piece)

    def remove_piece(self, piece: PieceOfBasket) -> None:
        """Take a piece out again."""
        self._check_open()
        if piece in self.pieces:
            self._piece_removed(piece=piece)

    def check_out(self, order_id: UUID) -> None:
        """The basket became an order; nothing changes in it any more."""
        if self.order_id == order_id:
            return
        self._check_open()
        self._checked_out(order_id=order_id)

    @property
    def _lines(self) -> int:
        return len(self.quantities) + len(self.pieces)

    def _check_open(self) -> None:
        if self.order_id is not None:
            raise BasketClosed(basket_id=self.id, order_id=self.order_id)

    # Evolve.

    @event(QuantitySet)
    def _quantity_set(self, product_id: UUID, quantity: int) -> None:
        self.quantities[product_id] = quantity
        if not quantity:
            del self.quantities[product_id]

    @event(PieceAdded)
    def _piece_added(self, piece: PieceOfBasket) -> None:
        self.pieces = (*self.pieces, piece)

    @event(PieceRemoved)
    def _piece_removed(self, piece: PieceOfBasket) -> None:
        self.pieces = tuple(other for other in self.pieces if other != piece)

    @event(CheckedOut)
    def _checked_out(self, order_id: UUID) -> None:
        self.order_id = order_id
