"""What the tax office would not do about a form: people settle it there, and say so here."""

from datetime import date, datetime
from typing import Final

import strawberry

from souvenir.api.connections import After, Connection, First, page
from souvenir.api.desk import EVERY_MUTATION
from souvenir.api.identity import global_id, read_id
from souvenir.api.refusals import mutation
from souvenir.api.staff import refund_desk
from souvenir.api.types import Info, described
from souvenir.taxrefund.filing import NothingObjected
from souvenir.taxrefund.views import Objection

LONGEST_HOW: Final = 200


@strawberry.type(description="The tax office would not void or lock a form, as its claim asks for.")
class OfficeObjection:
    id: strawberry.ID
    claim_id: strawberry.ID
    form_no: str
    wanted: str = strawberry.field(description="void or lock.")
    reason: str = strawberry.field(description="The office's.")
    since: datetime


@strawberry.input
class ResolveOfficeObjectionInput:
    idempotency_key: strawberry.ID
    id: strawberry.ID
    how: str = strawberry.field(description="What was settled with the office; names nobody.")
    on: date


@strawberry.type
class ResolveOfficeObjectionPayload:
    id: strawberry.ID
    replayed: bool


@strawberry.type
class ObjectionQuery:
    @described
    def office_objections(self, info: Info, first: First = 20, after: After = None) -> Connection[OfficeObjection]:
        """What the tax office objected to and nobody has settled with it, the oldest first."""
        at = refund_desk(info)
        view = at.shop.views.filings
        with at.reading(view) as session:
            return page(
                lambda start, limit: view.objections(session, start or ("", ""), limit),
                key=lambda row: (row.since.isoformat(timespec="microseconds"), str(row.filing_id)),
                node=_shown,
                first=first,
                after=after,
                sort="office objection",
                read=lambda since, id: (since, id),
            )


@strawberry.type
class ObjectionMutation:
    @mutation(*EVERY_MUTATION, NothingObjected)
    def resolve_office_objection(self, info: Info, input: ResolveOfficeObjectionInput) -> ResolveOfficeObjectionPayload:
        """Record that people settled with the tax office what it objected to."""
        at, filing = refund_desk(info), read_id("Filing", input.id, "input", "id")
        settled = (filing, input.how[:LONGEST_HOW], input.on)
        done = at.carry_out(input, lambda: at.shop.refund_tax.resolve_objection(*settled))
        return ResolveOfficeObjectionPayload(id=global_id("Filing", filing), replayed=done.replayed)


def _shown(row: Objection) -> OfficeObjection:
    return OfficeObjection(
        id=global_id("Filing", row.filing_id),
        claim_id=global_id("Claim", row.claim_id),
        form_no=row.form_no,
        wanted=row.wanted,
        reason=row.reason,
        since=row.since,
    )
