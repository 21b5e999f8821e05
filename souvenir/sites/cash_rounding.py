"""Cash rounding as dated data: to which coin what is paid in cash is rounded in a place, by whose rule, and which way."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from souvenir.kernel.aggregate import Value
from souvenir.kernel.money import Money


class CashRule(Value):
    """What one country's tills do with cash in one currency."""

    country: str
    currency: str
    basis: Literal["law", "custom"]
    """law: no smaller coin circulates, or a law says so, and every till rounds. custom: the shops that choose to."""
    way: Literal["nearest", "buyer"]
    """nearest: to the nearer multiple of the coin, ties away from zero. buyer: always in the buyer's favour."""
    source: Annotated[str, Field(min_length=1)]
    steps: Mapping[date, Annotated[int, Field(gt=1)]]
    """The coin in minor units, from each day on."""

    def coin_on(self, day: date) -> int | None:
        """The smallest coin in minor units; None before there was a rule."""
        begun = [start for start in self.steps if start <= day]
        return self.steps[max(begun)] if begun else None

    def rounded(self, amount: Money, day: date) -> Money:
        """An amount as cash can pay it. What is given back is an amount below zero."""
        coin = self.coin_on(day)
        if coin is None:
            return amount
        if self.way == "buyer":
            return Money(amount.minor // coin * coin, amount.currency)
        coins = (2 * abs(amount.minor) + coin) // (2 * coin)
        return Money(coins * coin if amount.minor > 0 else -coins * coin, amount.currency)


@cache
def rules() -> Mapping[tuple[str, str], CashRule]:
    """Every rule known, by country and currency."""
    file = tomllib.loads(resources.files(__package__).joinpath("cash_rounding.toml").read_text("utf-8"))
    listed = TypeAdapter(list[CashRule]).validate_python(file["rule"])
    return {(one.country, one.currency): one for one in listed}


def rule_at(region: str, currency: str) -> CashRule | None:
    """The rule of a region's country for a currency, if there is one."""
    return rules().get((region[:2], currency))
