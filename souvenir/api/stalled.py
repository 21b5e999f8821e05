"""What was due and could not be acted on: promises, guarantees, payments, filings, with the refusal that stood in the way."""

from datetime import datetime
from typing import Final

import strawberry

from souvenir.api.desk import desk
from souvenir.api.identity import global_id
from souvenir.api.types import Info, described
from souvenir.processes.watch_deadlines import Stalled

ABOUT: Final = {
    "agency": "Claim",
    "promise": "Claim",
    "guarantee": "Claim",
    "tax_office": "Filing",
    "hold": "Hold",
    "debt": "Debt",
    "payment": "Payment",
    "refund": "Refund",
    "notice": "Notice",
    "transfer": "Transfer",
    "statement": "AgencyStatement",
    "order": "Order",
    "draw": "Draw",
}
"""What an id is of, by the kind of deadline."""


@strawberry.type(description="Something that was due and could not be acted on. It is tried again every minute.")
class StalledDeadline:
    kind: str = strawberry.field(
        description="promise, guarantee, agency (claims); tax_office, hold, debt, payment, refund, notice, transfer, "
        "statement, order, draw; or the name of a whole round that failed, which the log of the program explains."
    )
    about: strawberry.ID | None = strawberry.field(description="Of the claim, payment and so on.")
    since: datetime = strawberry.field(description="When this server first found it so.")
    code: str = strawberry.field(description="Of the refusal, as a mutation would answer it.")
    message: str


@strawberry.type
class StalledQuery:
    @described
    def stalled_deadlines(self, info: Info) -> list[StalledDeadline]:
        """What could not be acted on in the last round, the longest stalled first; at most a thousand.

        Of the server that answers: it is empty on one that does not watch deadlines.
        """
        at = desk(info)
        at.require("finance", "manager", "refund_desk")
        return [_shown(one) for one in at.shop.deadlines.stalled]


def _shown(one: Stalled) -> StalledDeadline:
    about = None if one.about is None else global_id(ABOUT.get(one.kind, "Step"), one.about)
    return StalledDeadline(kind=one.kind, about=about, since=one.since, code=one.code, message=one.why)
