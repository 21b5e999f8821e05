"""A parked sale: what a customer means to buy, put aside at one till and taken up again at any till of the shop."""

from base64 import b32encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, Value, event
from souvenir.kernel.errors import SouvenirError

LONGEST: Final = timedelta(hours=12)
"""A sale is parked within a day's trade; how long its pieces may be held is for their editions to say."""

LOCKED_FOR: Final = timedelta(minutes=5)
"""How long the till that took a sale up has it alone; then another may, in case that one broke down."""


class NothingToPark(SouvenirError):
    message = "There is nothing to park. Ring something up first."


class ParkedTooLong(SouvenirError):
    message = "A sale is parked for 1 to {most_minutes} minutes, not {minutes}."
    minutes: int
    most_minutes: int


class AlreadyResumed(SouvenirError):
    message = "Parked sale {parked_no} was taken up at till {till}. Ask there; it is free again at {free_at}."
    parked_no: str
    till: str
    free_at: datetime


class ParkedSaleOver(SouvenirError):
    message = "Parked sale {parked_no} is over: {reason}. Ring it up again."
    parked_no: str
    reason: str


class ParkedItem(Value):
    """Open goods and how many, or one numbered piece that is held for the sale."""

    product_id: UUID
    quantity: int = 1
    edition_id: UUID | None = None
    space: str = "numbered"
    number: int | None = None


class ParkedSale(Aggregate):
    """Not a sale and not an order: no price is agreed and nothing is paid."""

    TOPIC = "pos.ParkedSale"

    class Parked(Created):
        TOPIC = "pos.SaleParked"
        outlet_id: UUID
        till: str
        items: tuple[ParkedItem, ...]
        until: datetime

    class Resumed(Aggregate.Event):
        """A till took it up; the others wait a little."""

        TOPIC = "pos.ParkedSaleResumed"
        till: str
        resumed_at: datetime

    class Finished(Aggregate.Event):
        """It was rung up: sold, put on an order, or parked again; its pieces are no longer held for it."""

        TOPIC = "pos.ParkedSaleFinished"
        till: str

    class Dropped(Aggregate.Event):
        """The customer did not come back."""

        TOPIC = "pos.ParkedSaleDropped"
        till: str

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def park(cls, id: UUID, outlet_id: UUID, till: str, items: Sequence[ParkedItem], until: datetime) -> "ParkedSale":
        """Park what was rung up at a till until an instant (see `parked_until`)."""
        if not items:
            raise NothingToPark()
        return cls._create(cls.Parked, id=id, outlet_id=outlet_id, till=till, items=tuple(items), until=until)

    def resume(self, till: str, at: datetime) -> None:
        """Take it up at a till, which has it alone for a while; the same till again records nothing new."""
        self.require_open()
        if at >= self.until:
            raise ParkedSaleOver(parked_no=self.parked_no, reason=f"it was parked until {self.until.isoformat()}")
        self._require_free_for(till, at)
        if self.resumed_by != till:
            self._resumed(till=till, resumed_at=at)

    def finish(self, till: str, at: datetime) -> None:
        """It was rung up at the till that took it up, however late."""
        self.require_open()
        self._require_free_for(till, at)
        self._finished(till=till)

    def drop(self, till: str, at: datetime) -> None:
        """Nobody wants it any more; asking twice records nothing new."""
        if self.over != "it was dropped":
            self.require_open()
            self._require_free_for(till, at)
            self._dropped(till=till)

    def require_open(self) -> None:
        """Refuse what was sold, parked again or dropped."""
        if self.over is not None:
            raise ParkedSaleOver(parked_no=self.parked_no, reason=self.over)

    @property
    def parked_no(self) -> str:
        """What people call it by: "P-7QK2"."""
        return f"P-{b32encode(self.id.bytes[-5:]).decode()[:4]}"

    def _require_free_for(self, till: str, at: datetime) -> None:
        if self.resumed_by not in (None, till) and self.resumed_at is not None and at < self.resumed_at + LOCKED_FOR:
            free_at = self.resumed_at + LOCKED_FOR
            raise AlreadyResumed(parked_no=self.parked_no, till=self.resumed_by or "", free_at=free_at)

    # Evolve: assigns only.

    @event(Parked)
    def __init__(self, outlet_id: UUID, till: str, items: tuple[ParkedItem, ...], until: datetime) -> None:
        self.outlet_id, self.till, self.items, self.until = outlet_id, till, items, until
        self.resumed_by: str | None = None
        self.resumed_at: datetime | None = None
        self.over: str | None = None

    @event(Resumed)
    def _resumed(self, till: str, resumed_at: datetime) -> None:
        self.resumed_by, self.resumed_at = till, resumed_at

    @event(Finished)
    def _finished(self, till: str) -> None:
        self.over = "it was rung up"

    @event(Dropped)
    def _dropped(self, till: str) -> None:
        self.over = "it was dropped"


def parked_until(at: datetime, minutes: int) -> datetime:
    """When a sale that is parked now, for so many minutes, lapses. Raises ParkedTooLong."""
    most = LONGEST // timedelta(minutes=1)
    if not 1 <= minutes <= most:
        raise ParkedTooLong(minutes=minutes, most_minutes=most)
    return at + timedelta(minutes=minutes)
