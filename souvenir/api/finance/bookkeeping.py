"""What the finance desk does to the books: entries of its own, reversals, and the close of a period."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

import strawberry

from souvenir.api.connections import After, Connection, First
from souvenir.api.desk import EVERY_MUTATION, Desk, desk
from souvenir.api.finance.books import AsOfInput, Entry, OpenClaim, entry, open_claims
from souvenir.api.grounds import MONEY
from souvenir.api.identity import global_id, read_id
from souvenir.api.refusals import at as about
from souvenir.api.refusals import mutation
from souvenir.api.types import Info, MoneyInput, described
from souvenir.kernel.errors import MalformedInput
from souvenir.kernel.identifiers import new_id
from souvenir.ledger.books import (
    BooksClosedAlready,
    DayNotOver,
    NothingToReopen,
    ReopeningNotAsked,
    SecondPersonNeeded,
)
from souvenir.ledger.chart import UnknownAccount
from souvenir.ledger.journal import EntryDiffersFromPosted, EntryDoesNotBalance, EntryHasNoUsableLines, Posting
from souvenir.ledger.replay import EVERYTHING

STAFF: Final = ("finance", "manager")
LONGEST_TEXT: Final = 200


@strawberry.type(description="Since an instant the books are closed through a day, or open again.")
class Closing:
    through: date | None = strawberry.field(description="Null: no day is closed.")
    since: datetime = strawberry.field(description="As `asOf.known` with `through` it gives the balances that froze.")
    by: strawberry.ID
    reason: str = strawberry.field(description="Why they were reopened; empty for a close.")


@strawberry.input
class EntryLegInput:
    account: str
    amount: MoneyInput = strawberry.field(description="Debit above zero, credit below.")


@strawberry.input
class PostEntryInput:
    idempotency_key: strawberry.ID
    effective_on: date
    text: str
    legs: list[EntryLegInput]


@strawberry.input
class ReverseEntryInput:
    idempotency_key: strawberry.ID
    entry_id: strawberry.ID
    effective_on: date
    reason: str


@strawberry.input
class CloseBooksInput:
    idempotency_key: strawberry.ID
    through: date


@strawberry.input
class AskToReopenBooksInput:
    idempotency_key: strawberry.ID
    reason: str
    through: date | None = strawberry.field(default=None, description="The day they stay closed through, if any.")


@strawberry.input
class ReopenBooksInput:
    idempotency_key: strawberry.ID


@strawberry.type
class EntryChange:
    entry: Entry
    replayed: bool


@strawberry.type
class PostEntryPayload(EntryChange): ...


@strawberry.type
class ReverseEntryPayload(EntryChange): ...


@strawberry.type
class BooksChange:
    closings: list[Closing]
    replayed: bool


@strawberry.type
class CloseBooksPayload(BooksChange): ...


@strawberry.type
class AskToReopenBooksPayload(BooksChange): ...


@strawberry.type
class ReopenBooksPayload(BooksChange): ...


@strawberry.type
class BooksQuery:
    @described
    def closings(self, info: Info) -> list[Closing]:
        """Every close and reopening of the books, the latest last."""
        at = desk(info)
        at.require(*STAFF)
        return _closings(at)

    @described
    def open_claims(
        self, info: Info, as_of: AsOfInput | None = None, first: First = 20, after: After = None
    ) -> Connection[OpenClaim]:
        """What is still open: the refund claims the books have not settled, as of a day and as known at an instant."""
        return open_claims(_who(info)[0], as_of.bounds() if as_of else EVERYTHING, first, after)


@strawberry.type
class BooksMutation:
    @mutation(
        *EVERY_MUTATION, *MONEY, UnknownAccount, EntryHasNoUsableLines, EntryDoesNotBalance, EntryDiffersFromPosted
    )
    def post_entry(self, info: Info, input: PostEntryInput) -> PostEntryPayload:
        """Post an entry of the desk's own. For a day that is closed it counts for the first open one."""
        at, by = _who(info)
        with about("input", "legs"):
            legs = _legs(input.legs)
        facts = (new_id(), input.effective_on, legs, _text(input.text, "text"), {"by": str(by)})
        done = at.carry_out(input, lambda: at.shop.ledger.post(*facts))
        return PostEntryPayload(entry=entry(at, done.result), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, EntryDiffersFromPosted)
    def reverse_entry(self, info: Info, input: ReverseEntryInput) -> ReverseEntryPayload:
        """Undo an entry by its opposite; both stay in the books."""
        at, _ = _who(info)
        undone = read_id("Entry", input.entry_id, "input", "entryId")
        reason = _text(input.reason, "reason")
        done = at.carry_out(input, lambda: at.shop.ledger.reverse(undone, input.effective_on, reason))
        return ReverseEntryPayload(entry=entry(at, done.result), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, DayNotOver, BooksClosedAlready)
    def close_books(self, info: Info, input: CloseBooksInput) -> CloseBooksPayload:
        """Close the books through a day: what is learned of it later counts for the first open day."""
        at, by = _who(info)
        done = at.carry_out(input, lambda: at.shop.ledger.close(input.through, by))
        return CloseBooksPayload(closings=_closings(at), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, NothingToReopen)
    def ask_to_reopen_books(self, info: Info, input: AskToReopenBooksInput) -> AskToReopenBooksPayload:
        """Ask to reopen the books, with a reason. Somebody else approves it."""
        at, by = _who(info)
        reason = _text(input.reason, "reason")
        done = at.carry_out(input, lambda: at.shop.ledger.ask_to_reopen(input.through, reason, by))
        return AskToReopenBooksPayload(closings=_closings(at), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, ReopeningNotAsked, SecondPersonNeeded)
    def reopen_books(self, info: Info, input: ReopenBooksInput) -> ReopenBooksPayload:
        """Approve what somebody else asked for."""
        at, by = _who(info)
        done = at.carry_out(input, lambda: at.shop.ledger.reopen(by))
        return ReopenBooksPayload(closings=_closings(at), replayed=done.replayed)


def _who(info: Info) -> tuple[Desk, UUID]:
    at = desk(info)
    by = at.require(*STAFF).id
    assert isinstance(by, UUID)
    return at, by


def _text(text: str, field: str) -> str:
    """Words that say why, so many at most."""
    if not text.strip() or len(text) > LONGEST_TEXT:
        raise MalformedInput(expected=f"{field} of 1 to {LONGEST_TEXT} characters", value=text[:40]).at("input", field)
    return text.strip()


def _legs(given: Sequence[EntryLegInput]) -> list[Posting]:
    amounts = [leg.amount.money() for leg in given]
    return [
        Posting(account=leg.account, minor=amount.minor, currency=amount.currency)
        for leg, amount in zip(given, amounts, strict=True)
    ]


def _closings(at: Desk) -> list[Closing]:
    return [
        Closing(through=one.through, since=one.since, by=global_id("Staff", one.by), reason=one.reason)
        for one in at.shop.ledger.closings()
    ]
