"""Refund and fee formulas: the few ways in which the world turns a purchase into a refund, chosen by rule data."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo

from souvenir.kernel.aggregate import Value
from souvenir.kernel.money import Money, Rounding


def _in_currency_of_file(text: Any, info: ValidationInfo) -> Any:
    if isinstance(text, Money):
        return text
    if not isinstance(text, str):
        raise ValueError('write amounts as text, such as "200.00"')
    return Money.of(text, (info.context or {})["currency"])


def _from_text(text: Any) -> Any:
    if isinstance(text, float | int):
        raise ValueError('write rates as text, such as "0.11"')
    return text


Amount = Annotated[Money, BeforeValidator(_in_currency_of_file)]
Rate = Annotated[Decimal, BeforeValidator(_from_text), Field(ge=0, le=1)]


@dataclass(frozen=True, slots=True)
class Taxed:
    """What one VAT rate has of a form: the sum of its lines, VAT included."""

    gross: Money
    vat_rate: Decimal


class OutsideTiers(Exception):
    """An amount for which the operator's table has no row."""


class RateOnGross(Value):
    """A rate of the VAT-inclusive amount: China, 11% of the invoice for goods taxed at 13%."""

    model: Literal["rate_on_gross"]
    rate: Rate

    def exact(self, parts: Sequence[Taxed], tax_rounding: Rounding) -> Decimal:
        """The refund in minor units, before rounding."""
        return sum((part.gross.minor * self.rate for part in parts), Decimal(0))


class ShareOfVat(Value):
    """A share of the VAT inside the amount, the VAT of each rate rounded first: Japan, Taiwan, the Emirates."""

    model: Literal["share_of_vat"]
    share: Rate

    def exact(self, parts: Sequence[Taxed], tax_rounding: Rounding) -> Decimal:
        """The refund in minor units, before rounding."""
        taxes = (part.gross.tax_within(part.vat_rate, tax_rounding) for part in parts)
        return sum((tax.minor * self.share for tax in taxes), Decimal(0))


class Tier(Value):
    """One row of an operator's table: purchases from `at_least` to `at_most` get `refund`."""

    at_least: Amount
    at_most: Amount
    refund: Amount


class TierTable(Value):
    """An operator's table of refunds by purchase amount: Korea. It is not a percentage; gaps are refused."""

    model: Literal["tier_table"]
    tiers: tuple[Tier, ...]

    def exact(self, parts: Sequence[Taxed], tax_rounding: Rounding) -> Decimal:
        """The refund in minor units."""
        spent = sum(part.gross.minor for part in parts)
        for tier in self.tiers:
            if tier.at_least.minor <= spent <= tier.at_most.minor:
                return Decimal(tier.refund.minor)
        raise OutsideTiers


class FeeOnGross(Value):
    """A rate of the VAT-inclusive amount, deducted: 2% in China."""

    model: Literal["rate_on_gross"]
    rate: Rate

    def exact(self, gross: Money, refund: Money) -> Decimal:
        """The fee in minor units, before rounding."""
        return gross.minor * self.rate


class FeeOnRefund(Value):
    """A share of the refund, deducted: 14% in Taiwan's on-site refund."""

    model: Literal["share_of_refund"]
    share: Rate

    def exact(self, gross: Money, refund: Money) -> Decimal:
        """The fee in minor units, before rounding."""
        return refund.minor * self.share


class FixedFee(Value):
    """An amount per form, deducted, never more than the refund: 4.80 AED in the Emirates, zero where it is free."""

    model: Literal["fixed_fee"]
    amount: Amount

    def exact(self, gross: Money, refund: Money) -> Decimal:
        """The fee in minor units."""
        return Decimal(min(self.amount.minor, refund.minor))


RefundFormula = Annotated[RateOnGross | ShareOfVat | TierTable, Field(discriminator="model")]
FeeFormula = Annotated[FeeOnGross | FeeOnRefund | FixedFee, Field(discriminator="model")]

_WHOLE = Decimal(1)


def rounded(minor: Decimal, currency: str, rounding: Rounding) -> Money:
    """An exact number of minor units as money, by a named rounding."""
    return Money(int(minor.quantize(_WHOLE, rounding.value)), currency)


def shares(amount: Money, weights: Sequence[int]) -> list[Money]:
    """An amount, not negative, shared by weight so that the parts add up; all zero if there is nothing to share by.

    Largest remainder, ties in the order given, as `Money.split`; in whole numbers, since every decision shares twice.
    """
    whole, minor = sum(weights), amount.minor
    if not whole:
        return [Money.zero(amount.currency)] * len(weights)
    parts = [minor * weight // whole for weight in weights]
    missing = minor - sum(parts)
    if missing:
        by_remainder = sorted(range(len(parts)), key=lambda at: (-(minor * weights[at] % whole), at))
        for at in by_remainder[:missing]:
            parts[at] += 1
    return [Money(part, amount.currency) for part in parts]
