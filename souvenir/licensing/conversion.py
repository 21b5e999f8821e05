"""A conversion: the rate by which sales in another currency count under a licence, and whose rate it is."""

from datetime import date
from decimal import Decimal

from souvenir.kernel.aggregate import Value


class Conversion(Value):
    """One unit of `currency` is `rate` of the licence's, on these days, by the source the contract names."""

    currency: str
    rate: Decimal
    source: str
    valid_from: date
    valid_until: date

    def holds(self, on: date) -> bool:
        """Whether this is the rate of a day."""
        return self.valid_from <= on <= self.valid_until
