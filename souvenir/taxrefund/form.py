"""Form: what a refund application form lists, and what of it customs saw."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import Field

from souvenir.kernel.aggregate import Value
from souvenir.kernel.money import Money, total
from souvenir.kernel.sealing import Sealed

Advancer = Literal["shop", "agency"]
Tender = Literal["cash", "wallet", "card", "bank_transfer"]
Outcome = Literal["full", "partial", "refused"]
Confirmation = Literal["by_quantity", "all_or_nothing_receipt"]
Missed = Literal["late", "other_port", "refused_by_customs"]


class ClaimLine(Value):
    """One line of the form. Its refund and fee are shares of the form's, so that the lines add up to it."""

    line_no: int
    gross: Money
    """Including VAT: the base of the refund."""
    vat_rate: Decimal
    refund: Money
    fee: Money
    quantity: int
    refund_rate: Decimal | None = None
    """The rate of the gross, as the form prints it for customs; None where the refund is not such a rate."""
    order_id: UUID | None = None
    order_line_no: int | None = None


class ConfirmedLine(Value):
    """How many units of one line customs saw."""

    line_no: int
    quantity: int


class TravellerFacts(Value):
    """What made the traveller eligible, as facts; who it is stays sealed, under the purpose "tax"."""

    document_kind: str
    nationality_class: str
    """A class such as "foreign" or "hk_macao", never the nationality itself."""
    last_entry: date | None
    """None only where the scheme does not ask for it."""
    stay_days: int
    """Days from the last entry to the purchase."""
    name: Sealed | None = None
    document_number: Sealed | None = None


class Form(Value):
    """All that a form states when it is issued. Its totals are not here: they are the sums of the lines."""

    claim_no: str
    order_ids: tuple[UUID, ...]
    outlet_id: UUID
    point_id: UUID | None = None
    jurisdiction: str
    region: str
    mode: str
    agency: str = ""
    traveller: UUID
    document_hash: str
    facts: TravellerFacts
    purchased_on: date
    issued_on: date
    lines: tuple[ClaimLine, ...] = Field(min_length=1)
    cash_allowed: bool
    last_departure_on: date
    confirmation: Confirmation
    rule_versions: tuple[str, ...]
    invoices: tuple[str, ...] = ()


def seen_lines(lines: Sequence[ClaimLine], quantities: Mapping[int, int]) -> tuple[ConfirmedLine, ...]:
    """What customs saw of every line of a form; a line it did not name, it did not see."""
    return tuple(ConfirmedLine(line_no=line.line_no, quantity=quantities.get(line.line_no, 0)) for line in lines)


def confirmed_amounts(
    lines: Sequence[ClaimLine], seen: Sequence[ConfirmedLine], confirmation: Confirmation
) -> tuple[Money, Money, Outcome]:
    """Refund and fee of the units seen: each line's own amounts shared by units, so that no rule is asked anew."""
    pairs = list(zip(lines, seen, strict=True))
    currency = lines[0].gross.currency
    if all(one.quantity == line.quantity for line, one in pairs):
        return total((line.refund for line in lines), currency), total((line.fee for line in lines), currency), "full"
    if confirmation == "all_or_nothing_receipt" or not any(one.quantity for one in seen):
        return Money.zero(currency), Money.zero(currency), "refused"
    weights = [(one.quantity, line.quantity - one.quantity) for line, one in pairs]
    refunds = (line.refund.split(weight)[0] for line, weight in zip(lines, weights, strict=True))
    fees = (line.fee.split(weight)[0] for line, weight in zip(lines, weights, strict=True))
    return total(refunds, currency), total(fees, currency), "partial"
