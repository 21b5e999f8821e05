"""Several licences on one piece: a cap on their combined rate, and shares that add up to the cent."""

from collections.abc import Sequence
from decimal import Decimal

from souvenir.kernel.money import Money


def stacked(net: Money, rates: Sequence[Decimal], cap: Decimal | None = None) -> list[Money]:
    """Each licence's royalty on one base, in contract order: min(Σ rate, cap) · net, shared as rate_j / Σ rate.

    The total is rounded first and then split, so the parts always add up. A cap lowers what is earned, not only what
    is payable.
    """
    combined = sum(rates, Decimal(0))
    charged = combined if cap is None else min(combined, cap)
    return net.at_rate(charged).split(rates)


def sublicence(receipts: Money, share: Decimal, sublicensee_net: Money, pass_through: Decimal) -> Money:
    """The greater of a share of what the sublicensee pays us, and the royalty on what the sublicensee sells."""
    return max(receipts.at_rate(share), sublicensee_net.at_rate(pass_through))
