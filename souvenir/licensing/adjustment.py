"""An adjustment: what an amendment signed later, a report or a count adds to the royalty of a period or takes off."""

from datetime import date
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money


class Adjustment(Aggregate):
    """One amendment's effect on the sales of one royalty period within one contract year; or what is charged besides sales."""

    TOPIC = "licensing.Adjustment"

    class Made(Created):
        """`period` is that of the sales; `base` is what was sold in it by the day of signing, which keeps its amount.

        Amounts are differences, new less old, and may be negative. `royalty` is `recouped` + `payable`; `outside` is the
        part of it that may not recoup. Of a sub-licence, `amendment_no` names the sub-licensee and `base` is what it sold; of
        free goods, missing labels and late payment it says which, and `units` how many there were.
        `period_rate` is the period's prospective rate from now on.
        """

        TOPIC = "licensing.RoyaltyAdjusted"
        licence_id: UUID
        amendment_no: str
        contract_year: int
        period: str
        period_rate: Decimal
        base: Money
        rate_before: str
        rate: str
        royalty: Money
        marketing_fund: Money
        recouped: Money
        payable: Money
        outside: Money
        business_date: date
        guaranteed: Money | None = None
        units: int | None = None

    @event(Made)
    def __init__(
        self, licence_id: UUID, amendment_no: str, period: str, base: Money, royalty: Money, units: int | None = None
    ) -> None:
        self.licence_id = licence_id
        self.amendment_no = amendment_no
        self.period = period
        self.base = base
        self.royalty = royalty
        self.units = units

    @staticmethod
    def id_of(licence_id: UUID, amendment_no: str, contract_year: int, period: str) -> UUID:
        return derived_id("adjustment", licence_id, amendment_no, contract_year, period)

    @classmethod
    def make(cls, licence_id: UUID, amendment_no: str, contract_year: int, period: str, **facts: Any) -> Self:
        """Record the difference, with the other facts of the event; one amendment adjusts one period of a contract year once."""
        id = cls.id_of(licence_id, amendment_no, contract_year, period)
        of = {"licence_id": licence_id, "amendment_no": amendment_no, "contract_year": contract_year, "period": period}
        return cls._create(cls.Made, id=id, **of, **facts)
