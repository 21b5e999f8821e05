"""The use of a unit cap: units taken from it when an order is made, and given back when goods or the order come back."""

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
    """What one order line takes of one licence's unit cap."""

    TOPIC = "licensing.CapUse"

    class Taken(Created):
        TOPIC = "licensing.CapUnitsTaken"
        licence_id: UUID
        order_id: UUID
        line_no: int
        units: int

    class Kept(Aggregate.Event):
        """The order was paid: the units are sold, and come back only with the goods."""

        TOPIC = "licensing.CapUnitsKept"

    class GivenBack(Aggregate.Event):
        """Goods came back, or the order was never paid; `cause` is the return, or the order."""

        TOPIC = "licensing.CapUnitsGivenBack"
        licence_id: UUID
        cause: UUID
        units: int

    @event(Taken)
    def __init__(self, licence_id: UUID, order_id: UUID, line_no: int, units: int) -> None:
        self.licence_id = licence_id
        self.units = units
        self.kept = False
        self.causes: frozenset[UUID] = frozenset()

    @staticmethod
    def id_of(order_id: UUID, line_no: int, licence_id: UUID) -> UUID:
        return derived_id("cap-use", order_id, line_no, licence_id, near=order_id)

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def take(cls, licence_id: UUID, order_id: UUID, line_no: int, units: int, kept: bool = False) -> Self:
        """Take units from the cap, and keep them where the order is paid already. Whether so many are left, the register knows."""
        use_id = cls.id_of(order_id, line_no, licence_id)
        use = cls._create(cls.Taken, id=use_id, licence_id=licence_id, order_id=order_id, line_no=line_no, units=units)
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
            self._given_back(licence_id=self.licence_id, cause=cause, units=back)

    # Evolve: assigns only, because it also replays history.

    @event(Kept)
    def _kept(self) -> None:
        self.kept = True

    @event(GivenBack)
    def _given_back(self, licence_id: UUID, cause: UUID, units: int) -> None:
        self.units -= units
        self.causes = self.causes | {cause}
