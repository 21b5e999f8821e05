"""Scalars that lose nothing on the way: whole numbers of any size, exact decimals, instants with a zone."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, NewType

import strawberry
from strawberry.schema.config import StrawberryConfig

BigInt = NewType("BigInt", int)
"""A whole number as a string: GraphQL's Int ends at 2,147,483,647, which is 21 million yuan in fen."""

CurrencyCode = NewType("CurrencyCode", str)
"""ISO 4217, such as CNY."""

_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_PLAIN: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?")


def _text(value: object, wanted: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"Give {wanted} as a string.")
    return value


def _big_int(value: object) -> int:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value, "a whole number")
    if not _WHOLE.fullmatch(text):
        raise ValueError("A whole number has at most 18 digits.")
    return int(text)


def _decimal(value: object) -> Decimal:
    text = _text(value, "a decimal number")
    if not _PLAIN.fullmatch(text):
        raise ValueError('Write a decimal number like "0.085".')
    return Decimal(text)


def _date(value: object) -> date:
    text = _text(value, "a date")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise ValueError('Write a date like "2025-05-15".')
    return date.fromisoformat(text)


def _instant(value: object) -> datetime:
    instant = datetime.fromisoformat(_text(value, "an instant"))
    if instant.tzinfo is None:
        raise ValueError('Write an instant with its zone, like "2025-05-15T10:00:00Z".')
    try:
        instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("An instant lies in the years 1 to 9999, in UTC too.") from None
    return instant


def _currency(value: object) -> str:
    text = _text(value, "a currency")
    if not re.fullmatch("[A-Z]{3}", text):
        raise ValueError('Write a currency by its ISO 4217 code, like "CNY".')
    return text


SCALARS: Final[dict[object, Any]] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number of any size, as a string: “4518”.",
        serialize=str,
        parse_value=_big_int,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        description="An ISO 4217 currency code: “CNY”.",
        specified_by_url="https://www.iso.org/iso-4217-currency-codes.html",
        serialize=str,
        parse_value=_currency,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description="An exact decimal number, as a string: “0.085”.",
        serialize=lambda value: format(value, "f"),
        parse_value=_decimal,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A calendar day (ISO 8601): “2025-05-15”. Business dates have no zone: they are the shop's day.",
        serialize=lambda value: value.isoformat(),
        parse_value=_date,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant with its zone (RFC 3339): “2025-05-15T10:00:00+00:00”.",
        serialize=lambda value: value.isoformat(),
        parse_value=_instant,
    ),
}


def schema_config() -> StrawberryConfig:
    """The configuration every schema shares."""
    return StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True)
