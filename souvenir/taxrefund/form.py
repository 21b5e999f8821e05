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
from souvenir.taxrefund.refusals import MoreUnitsThanListed, UnknownClaimLine

Advancer = Literal["shop", "agency"]
Tender = Literal["cash", "wallet", "card", "bank_transfer"]
Outcome = Literal["full", "partial", "refused"]
Confirmation = Literal["by_quantity", "all_or_nothing_receipt"]
ClaimState = Literal[
    "issued", "agreed", "advancing", "advanced", "confirmed", "refused", "approved", "rejected", "missed", "recovered",
    "completed", "paid", "settled", "voided",
]  # fmt: skip
Missed = Literal["late", "other_port", "refused_by_customs", "refused_by_agency"]


class Counter(Value):
    """The till or desk at which money changed hands."""

    outlet_id: UUID
    till: str


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


Lines = tuple[ConfirmedLine, ...]


class Verdict(Value):
    """What of a form stands after customs, or the agency, looked at it."""

    lines: Lines
    outcome: Outcome
    refund: Money
    fee: Money
    net: Money


class TravellerFacts(Value):
    """What made the traveller eligible, as facts; who it is stays sealed, under the purpose "tax"."""

    document_kind: str
    nationality_class: str
    """A class such as "foreign" or "hk_macao"; the nationality itself is sealed."""
    last_entry: date | None
    """None only where the scheme does not ask for it."""
    stay_days: int
    """Days from the last entry to the purchase."""
    name: Sealed | None = None
    document_number: Sealed | None = None
    nationality: Sealed | None = None
    """None where the counter was not told it."""


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
    agency_share: Decimal = Decimal(1)
    traveller: UUID
    facts: TravellerFacts
    purchased_on: date
    issued_on: date
    lines: tuple[ClaimLine, ...] = Field(min_length=1)
    guarantee: Money | None = None
    cash_allowed: bool
    last_departure_on: date
    confirmation: Confirmation
    rule_versions: tuple[str, ...]
    invoices: tuple[str, ...] = ()


def check_units(claim_no: str, listed: Sequence["ClaimLine | ConfirmedLine"], units: Mapping[int, int]) -> None:
    """Refuse units of a line that is not listed, or more of it than are."""
    most = {line.line_no: line.quantity for line in listed}
    for line_no, quantity in units.items():
        if line_no not in most:
            raise UnknownClaimLine(claim_no=claim_no, line_no=line_no)
        if not 0 <= quantity <= most[line_no]:
            raise MoreUnitsThanListed(claim_no=claim_no, line_no=line_no, listed=most[line_no], confirmed=quantity)


def seen_lines(lines: Sequence[ClaimLine], quantities: Mapping[int, int]) -> Lines:
    """What customs saw of every line of a form; a line it did not name, it did not see."""
    return tuple(ConfirmedLine(line_no=line.line_no, quantity=quantities.get(line.line_no, 0)) for line in lines)


def confirmed(lines: Sequence[ClaimLine], seen: Lines, confirmation: Confirmation) -> Verdict:
    """Refund and fee of the units seen: each line's own amounts shared by units, so that no rule is asked anew."""
    zero = Money.zero(lines[0].gross.currency)
    outcome: Outcome = "full" if all(map(_all_seen, lines, seen)) else "partial"
    if outcome == "partial" and (confirmation == "all_or_nothing_receipt" or not any(one.quantity for one in seen)):
        return Verdict(lines=seen, outcome="refused", refund=zero, fee=zero, net=zero)
    parts = [(line, (one.quantity, line.quantity - one.quantity)) for line, one in zip(lines, seen, strict=True)]
    refund = total((line.refund.split(part)[0] for line, part in parts), zero.currency)
    fee = total((line.fee.split(part)[0] for line, part in parts), zero.currency)
    return Verdict(lines=seen, outcome=outcome, refund=refund, fee=fee, net=refund - fee)


def _all_seen(line: ClaimLine, seen: ConfirmedLine) -> bool:
    return line.quantity == seen.quantity
