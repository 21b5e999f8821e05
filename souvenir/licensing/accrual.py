"""The royalty of one order line under one licence: accrued when it is paid, taken back when goods return."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple, Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, Value, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money
from souvenir.licensing.contract import Standing
from souvenir.licensing.conversion import Conversion


class ReturnExceedsSale(SouvenirError):
    message = "{units} units cannot come back under order {order_id}, line {line_no}: only {left} are still sold."
    order_id: UUID
    line_no: int
    units: int
    left: int


class OverCap(Value):
    """Units sold beyond the licence's unit cap: what they would have been the base of, and what they are charged."""

    units: int
    base: Money
    charge: Money


class Figures(NamedTuple):
    """A royalty and what becomes of it. `royalty` is always `recouped` + `payable`; the marketing fund stands apart.

    `base` is what the rate applies to, net of VAT. `outside` is the part of the royalty that may not recoup the
    advance (sell-off by contract, units over the cap); it is within `payable`. `rate` is for people to read: "0.08",
    or "0.06 + 0.08" where a sale crosses the limit of a tier.
    """

    units: int
    base: Money
    royalty: Money
    marketing_fund: Money
    recouped: Money
    payable: Money
    outside: Money
    rate: str
    over_cap: OverCap | None = None


class Counted(Value):
    """Where a figure stands in the count that gave it: the period of the sale, its contract year, that year's totals.

    With these and the licence's terms anyone can compute the figure again: royalty = R(before + this) - R(before).
    `article` is the SKU where the contract charges each by itself.
    `period_rate` is the rate of the whole period where tiers are prospective, otherwise the rate reached before it.
    `guaranteed` is what had become due before the period of the change, where more than the advance is guaranteed; where
    guarantee years stand alone, of that contract year.
    """

    period: str
    period_rate: Decimal
    contract_year: int
    units_before: int
    base_before: Money
    guaranteed: Money | None = None
    article: str = ""


class Details(Value):
    """What a statement says of a sale besides its royalty. `gross` is the list price without VAT, before deductions.

    `share` is the part of the price that is the base: that of the contract, and less where the rates of all licences on
    the piece are capped. Amounts are in the licence's currency, by `conversion` where the sale was in another.
    `discount` is what the buyer paid less than `gross`, whether or not the contract allows it.
    """

    channel: str
    territory: str | None
    gross: Money
    share: Decimal = Decimal(1)
    conversion: Conversion | None = None
    discount: Money | None = None
    gtin: str | None = None


class Accrual(Aggregate):
    """What one order line owes one licensor, from the sale to its last return."""

    TOPIC = "licensing.Accrual"

    class Accrued(Created):
        """The line was paid for, and this much royalty was earned by the licensor."""

        TOPIC = "licensing.RoyaltyAccrued"
        licence_id: UUID
        order_id: UUID
        line_no: int
        product_id: UUID
        sku: str
        units: int
        base: Money
        royalty: Money
        marketing_fund: Money
        recouped: Money
        payable: Money
        outside: Money
        rate: str
        standing: Standing
        business_date: date
        counted: Counted
        over_cap: OverCap | None = None
        details: Details | None = None

    class Reversed(Aggregate.Event):
        """Goods came back. Amounts are what is taken back, positive as a rule: books mirror those of the accrual.

        `period` is that of the return; `counted` tells the period and contract year of the sale that it unwinds.
        """

        TOPIC = "licensing.RoyaltyReversed"
        return_id: UUID
        licence_id: UUID
        order_id: UUID
        line_no: int
        product_id: UUID
        sku: str
        units: int
        base: Money
        royalty: Money
        marketing_fund: Money
        recouped: Money
        payable: Money
        outside: Money
        rate: str
        business_date: date
        period: str
        counted: Counted
        over_cap: OverCap | None = None
        details: Details | None = None

    @event(Accrued)
    def __init__(
        self,
        licence_id: UUID,
        order_id: UUID,
        line_no: int,
        product_id: UUID,
        sku: str,
        units: int,
        base: Money,
        royalty: Money,
        rate: str,
        standing: Standing,
        business_date: date,
        counted: Counted,
        details: Details | None,
    ) -> None:
        self.licence_id = licence_id
        self.order_id = order_id
        self.line_no = line_no
        self.product_id = product_id
        self.sku = sku
        self.units = self.units_left = units
        self.base = self.base_left = base
        self.royalty = self.royalty_left = royalty
        self.standing = standing
        self.rate = rate
        self.business_date = business_date
        self.counted = counted
        self.details = details
        self.gross_left = details.gross if details else base
        self.returns: frozenset[UUID] = frozenset()

    @staticmethod
    def id_of(order_id: UUID, line_no: int, licence_id: UUID) -> UUID:
        """The id of the accrual of one order line under one licence, so that accruing twice meets itself."""
        return derived_id("accrual", order_id, line_no, licence_id, near=order_id)

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def accrue(
        cls,
        licence_id: UUID,
        order_id: UUID,
        line_no: int,
        product_id: UUID,
        sku: str,
        standing: Standing,
        figures: Figures,
        counted: Counted,
        business_date: date,
        details: Details | None = None,
    ) -> Self:
        """Record what a paid line earned."""
        return cls._create(
            cls.Accrued,
            id=cls.id_of(order_id, line_no, licence_id),
            licence_id=licence_id,
            order_id=order_id,
            line_no=line_no,
            product_id=product_id,
            sku=sku,
            standing=standing,
            business_date=business_date,
            counted=counted,
            details=details,
            **figures._asdict(),
        )

    def refuse_return(self, units: int) -> None:
        """Refuse more units back than are still sold."""
        if not 0 < units <= self.units_left:
            raise ReturnExceedsSale(order_id=self.order_id, line_no=self.line_no, units=units, left=self.units_left)

    def base_back(self, units: int, base: Money) -> Money:
        """The base of returned units: as computed, but the last units take whatever is left, so nothing stays behind."""
        self.refuse_return(units)
        return self.base_left if units == self.units_left else base

    def gross_back(self, units: int) -> Money:
        """The share of their list price that returned units take with them."""
        self.refuse_return(units)
        return self.gross_left.split([units, self.units_left - units])[0]

    def reverse(
        self,
        return_id: UUID,
        figures: Figures,
        counted: Counted,
        business_date: date,
        period: str,
        discount: Money | None = None,
    ) -> None:
        """Take back what returned goods had earned; the same return twice records nothing new.

        `discount` is that which was given on them.
        """
        if return_id in self.returns:
            return
        self.refuse_return(figures.units)
        self.trigger_event(
            self.Reversed,
            return_id=return_id,
            licence_id=self.licence_id,
            order_id=self.order_id,
            line_no=self.line_no,
            product_id=self.product_id,
            sku=self.sku,
            business_date=business_date,
            period=period,
            counted=counted,
            details=self.details
            and self.details.model_copy(update={"gross": self.gross_back(figures.units), "discount": discount}),
            **figures._asdict(),
        )

    # Evolve: assigns only, because it also replays history.

    @event(Reversed)
    def _reversed(
        self, return_id: UUID, units: int, base: Money, royalty: Money, details: Details | None = None
    ) -> None:
        self.units_left -= units
        self.base_left = self.base_left - base
        self.royalty_left = self.royalty_left - royalty
        self.gross_left = self.gross_left - (details.gross if details else base)
        self.returns = self.returns | {return_id}
