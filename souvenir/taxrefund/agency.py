"""Refund agency: the port to who advances or pays refunds, reviews what customs confirmed, and settles by the month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from souvenir.kernel.money import Money
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.form import Advancer, ClaimLine
from souvenir.taxrefund.settlement import Statement


class AgencyOutcome(StrEnum):
    """What became of an advance the agency was asked to pay; the last two are not final."""

    PAID = "paid"
    DECLINED = "declined"
    NEVER_RECEIVED = "never_received"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AgencyAnswer:
    """The agency's word on one advance."""

    outcome: AgencyOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ForReview:
    """A form as customs confirmed it."""

    form_no: str
    port: str
    on: date
    lines: tuple[ClaimLine, ...]
    confirmed: Mapping[int, int]
    advanced_by: Advancer
    agency_share: Decimal


@dataclass(frozen=True, slots=True)
class Review:
    """Units the agency approves, by line. A line it does not name is rejected; `reason` names nobody."""

    on: date
    approved: Mapping[int, int]
    reason: str = ""


class RefundAgency(Protocol):
    """One agency, by whatever line it is reached. Keys are ours: the same key is the same payment."""

    def advance(self, key: str, form_no: str, amount: Money, tender: str) -> AgencyAnswer:
        """Pay an advance to the traveller, once per key."""
        ...

    def query(self, key: str) -> AgencyAnswer:
        """What became of an advance, for who lost the answer."""
        ...

    def review(self, form: ForReview) -> Review | None:
        """Its review of a form; None while it has not looked. Once given, it stays."""
        ...

    def statement(self, month: date) -> Statement | None:
        """Its settlement of a month, due by the rule book's day of the next; None until it is there."""
        ...


def for_review(claim: Claim) -> ForReview:
    """A claim that customs confirmed, as the agency is asked about it."""
    assert claim.customs is not None, "customs answers before the agency does"
    on, port, seen = claim.customs
    confirmed = {line.line_no: line.quantity for line in seen}
    return ForReview(claim.claim_no, port, on, claim.lines, confirmed, claim.advanced_by, claim.agency_share)
