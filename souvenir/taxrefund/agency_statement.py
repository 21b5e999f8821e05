"""Agency statement: a settlement as it was received, once, with what of it agrees with the claims and what does not."""

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal, Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, Value, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money

MOST_LISTED: Final = 1_000
"""Discrepancies kept of one statement; how many more there were is counted."""

Difference = Literal["missing", "amount_differs", "unknown_form", "not_final", "settled_before"]
"""missing: final by our books and not on the statement; not_final: on it, but customs or agency has not confirmed."""


class StatementChanged(SouvenirError):
    message = (
        "Statement {number} was taken in before with other content. A corrected statement needs a number of its own."
    )
    number: str


class Discrepancy(Value):
    """One form about which statement and claims do not agree, for people to look into; nothing is booked for it."""

    form_no: str
    difference: Difference
    expected: Money | None = None
    stated: Money | None = None


class AgencyStatement(Aggregate):
    """One statement of one agency."""

    TOPIC = "taxrefund.AgencyStatement"

    class Received(Created):
        """The statement was taken in: so many of its lines are settled. `digest` is of its content, in any format."""

        TOPIC = "taxrefund.AgencyStatementReceived"
        number: str
        month: date
        received_on: date
        digest: str
        lines: int
        amount: Money
        settled: int
        discrepancies: tuple[Discrepancy, ...]
        more: int
        agency: str = ""
        """Whose it is, where the shop has several."""

    @classmethod
    def receive(
        cls,
        *,
        number: str,
        month: date,
        on: date,
        digest: str,
        lines: int,
        amount: Money,
        settled: int,
        discrepancies: Sequence[Discrepancy],
        agency: str = "",
    ) -> Self:
        """Record a statement and what came of it."""
        return cls._create(
            cls.Received,
            id=statement_id(number),
            number=number,
            month=month,
            received_on=on,
            digest=digest,
            lines=lines,
            amount=amount,
            settled=settled,
            discrepancies=tuple(discrepancies[:MOST_LISTED]),
            more=max(0, len(discrepancies) - MOST_LISTED),
            agency=agency,
        )

    def require_same(self, digest: str) -> None:
        """Refuse another content under the same number."""
        if digest != self.digest:
            raise StatementChanged(number=self.number)

    @event(Received)
    def __init__(
        self, number: str, month: date, lines: int, amount: Money, digest: str, settled: int,
        discrepancies: tuple[Discrepancy, ...], received_on: date, more: int, agency: str,
    ) -> None:  # fmt: skip
        self.number, self.month, self.digest, self.received_on = number, month, digest, received_on
        self.lines, self.amount, self.settled = lines, amount, settled
        self.discrepancies, self.more, self.agency = discrepancies, more, agency


def statement_id(number: str) -> UUID:
    """The id of the statement with this number."""
    return derived_id("agency statement", number)
