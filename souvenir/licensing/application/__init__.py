"""What staff, API and processes may ask of licences: contracts and statements for people, checks and royalties for sales."""

from souvenir.licensing.application.contracts import Licensing
from souvenir.licensing.application.sales import (
    LicensedSale,
    Permission,
    Place,
    Positions,
    accrue,
    check_grants,
    check_mark,
    check_release,
    give_units_back,
    reverse,
    take_units,
)
from souvenir.licensing.application.statements import charge_late_payment

__all__ = [
    "LicensedSale",
    "Licensing",
    "Permission",
    "Place",
    "Positions",
    "accrue",
    "charge_late_payment",
    "check_grants",
    "check_mark",
    "check_release",
    "give_units_back",
    "reverse",
    "take_units",
]
