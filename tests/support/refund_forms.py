"""Forms for tests: an instant refund of the published 1,494.00, and whatever a test changes of it."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from souvenir.kernel.money import Money
from souvenir.taxrefund.form import ClaimLine, Form, TravellerFacts


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


def form(**changes: Any) -> Form:
    """The case published on 26 May 2025 in Beijing, as two vases of the same price."""
    facts: dict[str, Any] = {
        "claim_no": "1100202505150000017",
        "order_ids": (UUID(int=1),),
        "outlet_id": UUID(int=2),
        "point_id": UUID(int=3),
        "jurisdiction": "CN",
        "region": "CN-BJ",
        "mode": "instant_centralised",
        "traveller": UUID(int=4),
        "facts": TravellerFacts(
            document_kind="passport", nationality_class="foreign", last_entry=date(2025, 5, 1), stay_days=14
        ),
        "purchased_on": date(2025, 5, 15),
        "issued_on": date(2025, 5, 15),
        "lines": (
            ClaimLine(
                line_no=1,
                gross=cny("1494.00"),
                vat_rate=Decimal("0.13"),
                refund=cny("164.34"),
                fee=cny("29.88"),
                quantity=2,
            ),
        ),
        "cash_allowed": True,
        "last_departure_on": date(2025, 8, 13),
        "confirmation": "by_quantity",
        "rule_versions": ("CN/refund/0.13@2019-04-01",),
    }
    return Form(**(facts | changes))
