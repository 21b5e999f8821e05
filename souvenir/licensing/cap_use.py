"""The use of what is scarce under a licence, a unit cap or the stock of a sell-off: taken by an order, given back with it."""

from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id


class UnitCapReached(SouvenirError):
    message = "Licence {contract_no} allows {cap} units in all, and {left} are left: {units} cannot be sold."
    contract_no: str
    cap: int
    left: int
    units: int


class CapUse(Aggregate):
    """What one order line takes of one licence's unit cap, and, in a sell-off, of the counted stock of its product."""

    TOPIC = "licensing.CapUse"

    class Taken(Created):
        TOPIC = "licensing.CapUnitsTaken"
        licence_id: UUID
        order_id: UUID
        line_no: int
        units: int
        stock_of: UUID | None = None

    class Kept(Aggregate.Event):
        """The order was paid: the units are sold, and come back only with the goods."""

        TOPIC = "licensing.CapUnitsKept"

    class GivenBack(Aggregate.Event):
        """Goods came back, or the order was never paid; `cause` is the return, or the order."""

        TOPIC = "licensing.CapUnitsGivenBack"
        licence_id: UUID
        cause: UUID
        units: int
        stock_of: UUID | None = None

    @event(Taken)
    def __init__(self, licence_id: UUID, units: int, stock_of: UUID | None) -> None:
        self.licence_id = licence_id
        self.stock_of = stock_of
        self.units = units
        self.kept = False
        self.causes: frozenset[UUID] = frozenset()

    @staticmethod
    def id_of(order_id: UUID, line_no: int, licence_id: UUID) -> UUID:
        return derived_id("cap-use", order_id, line_no, licence_id, near=order_id)

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def take(
        cls,
        licence_id: UUID,
        order_id: UUID,
        line_no: int,
        units: int,
        kept: bool = False,
        stock_of: UUID | None = None,
    ) -> Self:
        """Take units, and keep them where the order is paid already. Whether so many are left, the register knows."""
        line = {"licence_id": licence_id, "order_id": order_id, "line_no": line_no}
        id = cls.id_of(order_id, line_no, licence_id)
        use = cls._create(cls.Taken, id=id, **line, units=units, stock_of=stock_of)
        if kept:
            use.keep()
        return use

    def keep(self) -> None:
        """The order was paid; twice records nothing new."""
        if not self.kept:
            self._kept()

    def give_back(self, cause: UUID, units: int | None = None) -> None:
        """Give units back, or all that are left; for one cause once."""
        back = self.units if units is None else min(units, self.units)
        if cause not in self.causes and back > 0:
            licence = {"licence_id": self.licence_id, "stock_of": self.stock_of}
            self.trigger_event(self.GivenBack, **licence, cause=cause, units=back)

    # Evolve: assigns only, because it also replays history.

    @event(Kept)
    def _kept(self) -> None:
        self.kept = True

    @event(GivenBack)
    def _given_back(self, cause: UUID, units: int) -> None:
        self.units -= units
        self.causes = self.causes | {cause}
