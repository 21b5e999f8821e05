"""A sale made outside its licence: reported apart from royalties, and never recoups an advance."""

from datetime import date
from typing import Any, Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money


class Breach(Aggregate):
    """One paid order line that its licence did not permit, such as a sale made offline after the licence had lapsed."""

    TOPIC = "licensing.Breach"

    class Reported(Created):
        """`code` is that of the refusal the sale would have met, such as LICENCE_LAPSED."""

        TOPIC = "licensing.BreachReported"
        licence_id: UUID
        order_id: UUID
        line_no: int
        product_id: UUID
        sku: str
        units: int
        base: Money
        code: str
        business_date: date

    @event(Reported)
    def __init__(self, licence_id: UUID, order_id: UUID, line_no: int, code: str) -> None:
        self.licence_id = licence_id
        self.order_id = order_id
        self.line_no = line_no
        self.code = code

    @staticmethod
    def id_of(order_id: UUID, line_no: int, licence_id: UUID) -> UUID:
        """The id of the breach of one order line under one licence, so that reporting twice meets itself."""
        return derived_id("breach", order_id, line_no, licence_id, near=order_id)

    @classmethod
    def report(cls, licence_id: UUID, order_id: UUID, line_no: int, **facts: Any) -> Self:
        """Record that a line was sold without the licence's permission; the facts are those of the event."""
        line = {"licence_id": licence_id, "order_id": order_id, "line_no": line_no}
        return cls._create(cls.Reported, id=cls.id_of(order_id, line_no, licence_id), **line, **facts)
