"""A licence, the quarters of its year, and what is sold and stated in them: with the vectors' figures."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from souvenir.kernel.money import Money
from souvenir.licensing.licence import Grant
from souvenir.licensing.sheet import Header
from souvenir.licensing.terms import flat

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "royalty.json").read_text("utf-8"))["vectors"]
BY_ID = {vector["id"]: vector for vector in VECTORS}
QUARTERS = ("2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4")
IN_QUARTER = (date(2026, 2, 1), date(2026, 5, 1), date(2026, 8, 1), date(2026, 11, 1))
STATED_ON = (date(2026, 4, 10), date(2026, 7, 10), date(2026, 10, 10), date(2027, 1, 10))


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


def sign(shop: Any, grant: Grant, rate: str, number: str = "LIC-A", **terms: Any) -> UUID:
    names = {"en": f"Property of {number}"}
    licence: UUID = shop.licensing.grant(number, "Palace Studio", names, grant, flat(rate, "CNY", **terms)).result
    return licence


def with_vat(net: str) -> str:
    """The price at the till of goods at so much without 13 % VAT."""
    return (Decimal(net) * Decimal("1.13")).quantize(Decimal("0.01")).to_eng_string()


def sell(shop: Any, licence: UUID, on: date, net: str, discount: str = "0.00", units: int = 1) -> UUID:
    """Goods whose list price was higher by the discount; both without VAT."""
    listed = cny(with_vat(str(Decimal(net) + Decimal(discount))))
    order: UUID = shop.sell(with_vat(net), licence, on=on, units=units, unit_price=Money(listed.minor // units, "CNY"))
    return order


def state(shop: Any, licence: UUID, quarter: int) -> Header:
    shop.licensing.issue_statement(licence, QUARTERS[quarter], STATED_ON[quarter])
    header: Header = shop.licensing.statement(licence, QUARTERS[quarter]).header
    return header


def stated(shop: Any, licence: UUID, quarter: int) -> tuple[str, str]:
    """Net sales and royalty of one quarter's statement."""
    header = state(shop, licence, quarter)
    sheet = shop.licensing.statement(licence, QUARTERS[quarter])
    return sheet.net.amount, header.account.earned.amount
