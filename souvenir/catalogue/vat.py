"""Value-added tax rates as dated data: which rate a category of goods bore on a day. Prices include the tax."""

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Annotated, Final

from pydantic import Field, TypeAdapter

from souvenir.kernel.aggregate import Value
from souvenir.kernel.errors import SouvenirError

EXEMPT: Final = "exempt"


class NoVatRate(SouvenirError):
    message = "There is no VAT rate for category {vat_category!r} in {jurisdiction} on {on}."
    vat_category: str
    jurisdiction: str
    on: date


class Rates(Value):
    """The rates of one category in one place, each with the day it took effect."""

    jurisdiction: str
    category: str
    source: Annotated[str, Field(min_length=1)]
    steps: Mapping[date, Annotated[Decimal, Field(ge=0, lt=1)]]


@cache
def rates() -> Mapping[tuple[str, str], Rates]:
    """Every rate known, by jurisdiction and category."""
    file = tomllib.loads(resources.files(__package__).joinpath("vat.toml").read_text("utf-8"))
    listed = TypeAdapter(list[Rates]).validate_python(file["rate"])
    return {(one.jurisdiction, one.category): one for one in listed}


def vat_rate(vat_category: str, on: date, jurisdiction: str = "CN") -> Decimal:
    """The rate in force on a day of supply, such as Decimal("0.13"); none on what is exempt. Raises NoVatRate."""
    of_what = "standard" if vat_category == EXEMPT else vat_category
    found = rates().get((jurisdiction, of_what))
    begun = [day for day in found.steps if day <= on] if found else []
    if found is None or not begun:
        raise NoVatRate(vat_category=vat_category[:40], jurisdiction=jurisdiction[:10], on=on)
    return Decimal(0) if vat_category == EXEMPT else found.steps[max(begun)]
