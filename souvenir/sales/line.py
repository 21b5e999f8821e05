"""Lines of an order: what was sold, and what came back of it, with everything that is ever asked of them later."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from souvenir.kernel.aggregate import Value
from souvenir.kernel.localized import LocalizedText
from souvenir.kernel.money import Money


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
