"""Money: a whole number of minor units in a currency. No floats, no division; `split` and named rounding only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal, InvalidOperation
from enum import Enum
from typing import Final

from souvenir.kernel.errors import SouvenirError


class MalformedMoney(SouvenirError):
    message = "{text!r} is not an amount in {currency}: write at most {exponent} decimals, such as {example}."
    text: str
    currency: str
    exponent: int
    example: str


class UnknownCurrency(SouvenirError):
    message = "{currency!r} is not a currency this shop can count in. Use an ISO 4217 code such as CNY."
    currency: str


class CurrencyMismatch(SouvenirError):
    message = "{left} and {right} cannot be added or compared. Convert first, with a stated rate."
    left: str
    right: str


class Rounding(Enum):
    """How a fraction of a minor unit is decided; each rule that rounds names one of these and its source."""

    HALF_UP = ROUND_HALF_UP
    """Ties away from zero, so a credit mirrors its debit."""
    DOWN = ROUND_DOWN
    """Towards zero: the fraction is dropped."""
    UP = ROUND_UP
    """Away from zero."""


EXPONENTS: Final[dict[str, int]] = {
    # ISO 4217, the currencies of the jurisdictions in the rule book.
    "CNY": 2, "HKD": 2, "MOP": 2, "TWD": 0, "JPY": 0, "KRW": 0, "SGD": 2, "THB": 2, "AED": 2, "SAR": 2,
    "EUR": 2, "GBP": 2, "CHF": 2, "USD": 2, "AUD": 2, "CZK": 2, "DKK": 2, "HUF": 2, "PLN": 2, "RON": 2,
    "SEK": 2, "NOK": 2, "ISK": 0, "TRY": 2, "UYU": 2, "ARS": 2, "KWD": 3,
}  # fmt: skip
"""Decimals of each currency. TWD is 2 in ISO 4217; refunds there are paid in whole dollars, and so are counted whole."""

LARGEST_MINOR: Final = 10**15
"""Amounts beyond this many minor units are refused: no till, shop or year of trade reaches it."""


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount of one currency, in minor units: `Money(4518, "CNY")` is 45.18 yuan. May be negative."""

    minor: int
    currency: str

    @classmethod
    def of(cls, text: str, currency: str) -> "Money":
        """Read a decimal string such as "1494.00"; more decimals than the currency has are refused."""
        exponent = exponent_of(currency)
        try:
            scaled = Decimal(text).scaleb(exponent)
            whole = int(scaled)
        except (InvalidOperation, ValueError, OverflowError):
            raise _malformed(text, currency) from None
        if whole != scaled or abs(whole) > LARGEST_MINOR:
            raise _malformed(text, currency)
        return cls(whole, currency)

    @classmethod
    def parse(cls, text: str) -> "Money":
        """Read Money from its own notation: "45.18 CNY"."""
        amount, _, currency = text.strip().rpartition(" ")
        return cls.of(amount.replace(",", ""), currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        return cls(0, currency)

    @property
    def amount(self) -> str:
        """The decimal string, with exactly the currency's decimals: "45.18"."""
        return f"{Decimal(self.minor).scaleb(-exponent_of(self.currency)):f}"

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.minor * times, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __gt__(self, other: "Money") -> bool:
        return other < self

    def __ge__(self, other: "Money") -> bool:
        return other <= self

    def at_rate(self, rate: Decimal, rounding: Rounding = Rounding.HALF_UP) -> "Money":
        """This amount times a rate, rounded once to the minor unit by a named rule."""
        return Money(int((self.minor * rate).quantize(Decimal(1), rounding.value)), self.currency)

    def tax_within(self, rate: Decimal, rounding: Rounding = Rounding.HALF_UP) -> "Money":
        """The tax contained in this tax-inclusive amount: 1,130.00 at 0.13 contains 130.00."""
        return Money(int((self.minor * rate / (1 + rate)).quantize(Decimal(1), rounding.value)), self.currency)

    def split(self, weights: Sequence[int | Decimal]) -> list["Money"]:
        """Share this amount by weight so that the parts add up: largest remainder, ties in the order given."""
        total = sum(weights, Decimal(0))
        assert total > 0, "nothing to split by"
        exact = [self.minor * Decimal(weight) / total for weight in weights]
        parts = [int(share.to_integral_value(ROUND_DOWN)) for share in exact]
        step = 1 if self.minor >= 0 else -1
        by_remainder = sorted(range(len(parts)), key=lambda i: (-abs(exact[i] - parts[i]), i))
        for i in by_remainder[: abs(self.minor - sum(parts))]:
            parts[i] += step
        return [Money(part, self.currency) for part in parts]

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(left=str(self), right=str(other))


def exponent_of(currency: str) -> int:
    """Decimals of a currency (ISO 4217)."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(currency=currency) from None


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts in one currency; zero for none."""
    result = Money.zero(currency)
    for amount in amounts:
        result = result + amount
    return result


def _malformed(text: str, currency: str) -> MalformedMoney:
    example = Money(123456, currency).amount
    return MalformedMoney(text=text[:40], currency=currency, exponent=exponent_of(currency), example=example)
