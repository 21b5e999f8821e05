"""The stock of a sell-off: how much of a product was left when the term ended. No more of it is sold after."""

from datetime import date
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.licensing.contract import Contract


class StockCountUnsound(SouvenirError):
    message = "The stock of contract {contract_no} cannot be counted: {reason}."
    contract_no: str
    reason: str


class SellOffStockSoldOut(SouvenirError):
    message = "Of what was left when licence {contract_no} ended, {left} units are unsold: {units} cannot be sold."
    contract_no: str
    left: int
    units: int


class SellOffStock(Aggregate):
    """What is left of one product under one licence that has ended, as it was last counted."""

    TOPIC = "licensing.SellOffStock"

    class Counted(Created):
        """So many were there at the end of a day; who sells after that day takes of them."""

        TOPIC = "licensing.SellOffStockCounted"
        licence_id: UUID
        product_id: UUID
        units: int
        counted_on: date

    class Recounted(Aggregate.Event):
        TOPIC = "licensing.SellOffStockRecounted"
        licence_id: UUID
        product_id: UUID
        units: int
        counted_on: date

    @event(Counted)
    def __init__(self, licence_id: UUID, product_id: UUID, units: int, counted_on: date) -> None:
        self.licence_id = licence_id
        self.product_id = product_id
        self.last = (units, counted_on)

    @staticmethod
    def id_of(licence_id: UUID, product_id: UUID) -> UUID:
        return derived_id("sell-off-stock", licence_id, product_id)

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def count(cls, contract: Contract, product_id: UUID, units: int, on: date) -> Self:
        """Count a product for the first time. Refuses a day before the last of the term, or after that of the sell-off."""
        _refuse_unsound(contract, units, on)
        id, about = cls.id_of(contract.id, product_id), {"licence_id": contract.id, "product_id": product_id}
        return cls._create(cls.Counted, id=id, **about, units=units, counted_on=on)

    def count_again(self, contract: Contract, units: int, on: date) -> None:
        """Count it on a later day, or put the count right; the same twice records nothing new."""
        if self.last == (units, on):
            return
        _refuse_unsound(contract, units, on)
        if on < self.last[1]:
            reason = f"it was counted on {self.last[1]} already, after {on}"
            raise StockCountUnsound(contract_no=contract.contract_no, reason=reason)
        self._recounted(licence_id=self.licence_id, product_id=self.product_id, units=units, counted_on=on)

    # Evolve: assigns only, because it also replays history.

    @event(Recounted)
    def _recounted(self, licence_id: UUID, product_id: UUID, units: int, counted_on: date) -> None:
        self.last = (units, counted_on)


def _refuse_unsound(contract: Contract, units: int, on: date) -> None:
    grant = contract.grant
    if units < 0:
        raise StockCountUnsound(contract_no=contract.contract_no, reason="fewer than none")
    if not grant.ends <= on <= grant.last_day:
        reason = f"{on} is not from the last day of the term, {grant.ends}, to that of the sell-off, {grant.last_day}"
        raise StockCountUnsound(contract_no=contract.contract_no, reason=reason)
