"""Net sales, the base of a royalty: what the invoice says without VAT, less what the contract lets you deduct."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Literal

from souvenir.kernel.money import Money, exponent_of, total


def without_vat(gross: Money, vat_rate: Decimal) -> Money:
    """A VAT-inclusive price without its VAT. A traveller's refund changes the tax, not the price: it is no deduction."""
    return gross - gross.tax_within(vat_rate)


def net_sales(gross: Money, capped: Money, cap: Decimal, uncapped: Money) -> Money:
    """base = gross - min(capped deductions, cap · gross) - uncapped deductions.

    The cap is a rate on gross; on net it would be circular. What the contract does not let you deduct, such as co-op
    advertising, commissions or bad debts, is simply not passed in. Amounts are cumulative over the span in which the
    contract tests the cap: the year as a rule, so that deductions which come late still find room.
    """
    return gross - min(capped, gross.at_rate(cap)) - uncapped


def differences(cumulative: Iterable[Money], opening: Money) -> Iterator[Money]:
    """Each period's amount from the cumulative ones: x_t = X(t) - X(t-1)."""
    before = opening
    for amount in cumulative:
        yield amount - before
        before = amount


def per_unit(amount: Money, sold: int, returned: int = 0) -> Money:
    """A fixed amount per unit kept by its buyer: amount · (sold - returned)."""
    return amount * (sold - returned)


def deemed_wholesale(retail: Money, share: Decimal) -> Money:
    """The base of an own-shop sale whose contract deems a wholesale price: share · retail price without VAT."""
    return retail.at_rate(share)


def greater_of(net: Money, rate: Decimal, floor: Money, units: int) -> tuple[Money, Literal["percentage", "floor"]]:
    """max(rate · net, floor · units), tested for one product at a time; equal amounts count as the percentage."""
    percentage, minimum = net.at_rate(rate), floor * units
    return (percentage, "percentage") if percentage >= minimum else (minimum, "floor")


def deemed_sold(sold: int, free: int, allowance: Decimal) -> int:
    """Free goods beyond the allowance, a rate on units sold, count as sold: max(0, free - ⌊allowance · sold⌋)."""
    exempt = int((sold * allowance).to_integral_value(ROUND_FLOOR))
    return max(0, free - exempt)


def at_average(net: Money, sold: int, units: int) -> Money:
    """The base of units deemed sold at the average net price: net · units / sold; nothing where nothing was sold."""
    if sold <= 0:
        return Money.zero(net.currency)
    exact = Decimal(net.minor * units) / sold
    return Money(int(exact.quantize(Decimal(1), ROUND_HALF_UP)), net.currency)


def bundle_shares(net: Money, selling_prices: Sequence[Money]) -> list[Money]:
    """The share of each article in a bundle's price: net · price_i / Σ price, by the prices they sell at alone."""
    return net.split([price.minor for price in selling_prices])


def converted(amount: Money, rate: Decimal, currency: str) -> Money:
    """A base in another currency, rounded before any royalty rate: the contract names the rate's source and day."""
    shift = exponent_of(currency) - exponent_of(amount.currency)
    exact = (amount.minor * rate).scaleb(shift)
    return Money(int(exact.quantize(Decimal(1), ROUND_HALF_UP)), currency)


@dataclass(frozen=True, slots=True)
class Reserved:
    """A period's base once part of it is held against returns: `released` came out of an earlier period's reserve."""

    base: Money
    released: Money
    reserve_close: Money


def with_reserve(nets: Sequence[Money], returns: Sequence[Money], rate: Decimal, hold: int) -> list[Reserved]:
    """base_t = net_t - reserve_t + (reserve_(t-n) - returns charged to it), with reserve_t = rate · net_t, n = hold.

    `returns[t]` came back of what was sold in period t, known by the time its reserve is released.
    """
    reserves = [net.at_rate(rate) for net in nets]
    nothing = Money.zero(nets[0].currency)
    result, held = [], nothing
    for t, net in enumerate(nets):
        due = reserves[t - hold] if t >= hold else nothing
        released = due - returns[t - hold] if t >= hold else nothing
        held = held + reserves[t] - due
        result.append(Reserved(net - reserves[t] + released, released, held))
    return result


def held_back(sold: Money, returned: Money, rate: Decimal) -> Money:
    """What is still held of one period's reserve, once goods came back of it: max(0, rate · sold - returned).

    Σ net - Σ held, differenced, is what `with_reserve` computes from the periods as a whole; returns beyond the reserve
    count at once.
    """
    return max(Money.zero(sold.currency), sold.at_rate(rate) - returned)


class PieceKind(StrEnum):
    """What an edition's piece was made for. Only pieces that can be sold bear a royalty."""

    NUMBERED = "NUMBERED"
    ARTISTS_PROOF = "AP"
    HORS_COMMERCE = "HC"
    LICENSOR_COPY = "LICENSOR_COPY"

    @property
    def bears_royalty(self) -> bool:
        return self in (PieceKind.NUMBERED, PieceKind.ARTISTS_PROOF)


@dataclass(frozen=True, slots=True)
class PiecesSold:
    """So many pieces of one kind at one net price each."""

    kind: PieceKind
    count: int
    net_each: Money


def pieces_base(pieces: Sequence[PiecesSold], currency: str) -> tuple[Money, int]:
    """Base and units of an edition's pieces that bear royalty; hors commerce and the licensor's copies do not."""
    bearing = [entry for entry in pieces if entry.kind.bears_royalty]
    return total((e.net_each * e.count for e in bearing), currency), sum(entry.count for entry in bearing)
