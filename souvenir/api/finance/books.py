"""The books as finance sees them: balances, statements, entries, and the events that made them necessary."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import strawberry

from souvenir.api.connections import Connection, page
from souvenir.api.desk import Desk, desk
from souvenir.api.identity import Node, global_id
from souvenir.api.scalars import BigInt, CurrencyCode
from souvenir.api.types import Info, Money, described, shown
from souvenir.ledger import journal, views
from souvenir.ledger.chart import Side, account_of, kind_of, normal_side
from souvenir.ledger.replay import AsOf, Leg
from souvenir.ledger.replay import Balance as Row


@strawberry.input(description="Which entries count; without a bound, all. Bounds include their own day or instant.")
class AsOfInput:
    effective: date | None = strawberry.field(default=None, description="What counts for a day up to this one.")
    known: datetime | None = strawberry.field(default=None, description="What was known at this instant.")
    since: date | None = strawberry.field(default=None, description="Opens a period: earlier days make the opening.")
    known_after: datetime | None = strawberry.field(
        default=None, description="What was learned after this instant: with `known`, what changed in between."
    )

    def bounds(self) -> AsOf:
        return AsOf(self.effective, self.known, self.since, self.known_after)


@strawberry.type(description="One account in one currency. Opening and closing are positive in debit.")
class Balance:
    account: str
    kind: str
    currency: CurrencyCode
    opening: Money
    debit: Money
    credit: Money
    closing: Money
    unusual: bool = strawberry.field(
        description="It stands on the side on which this account does not grow: look at it."
    )


@strawberry.type(description="Debits and credits of one currency: the same, or there would be no answer.")
class Turnover:
    currency: CurrencyCode
    debit: Money
    credit: Money


@strawberry.type(description="Every account with its balances. It foots.")
class TrialBalance:
    entries: BigInt = strawberry.field(description="How many entries were folded.")
    digest: str = strawberry.field(description="SHA-256 of the balances: the same books, the same digest.")
    rows: list[Balance]
    turnovers: list[Turnover]


@strawberry.type(description="A dimension of a leg, such as claim, order or outlet.")
class Dimension:
    name: str
    value: str


@strawberry.type(description="The event that made an entry necessary.")
class Cause:
    topic: str
    stream: str
    version: BigInt
    known_at: datetime


@strawberry.type(description="One leg of an entry on an account.")
class StatementLine:
    entry_id: strawberry.ID
    effective_on: date
    rule: str
    text: str
    amount: Money = strawberry.field(description="Debit above zero, credit below.")
    dimensions: list[Dimension]
    cause: Cause


@strawberry.type(description="An account's opening and closing balance, and the legs in between: they add up.")
class AccountStatement:
    account: str
    opening: Money = strawberry.field(description="Before `asOf.since`; nothing without it.")
    closing: Money
    lines: Connection[StatementLine]


@strawberry.type(description="What one refund claim has open on one account, positive in debit.")
class OpenBalance:
    account: str
    balance: Money


@strawberry.type(description="How one refund claim stands in the books.")
class OpenClaim:
    claim_id: strawberry.ID
    owed_to_us: Money = strawberry.field(description="What traveller, customs procedure or agency still has of ours.")
    owed_by_us: Money = strawberry.field(description="To the agency: its share of the fee, and what came back to us.")
    at_risk: Money = strawberry.field(description="The cash advanced that customs has not verified.")
    unsecured: Money = strawberry.field(description="The part of it that no guarantee covers.")
    balances: list[OpenBalance]


@strawberry.type(description="One leg of an entry.")
class EntryLeg:
    account: str
    amount: Money = strawberry.field(description="Debit above zero, credit below.")
    dimensions: list[Dimension]


@strawberry.type(description="The event behind an entry, as it stands in the log.")
class CausingEvent:
    topic: str
    stream: str
    version: BigInt
    state: str = strawberry.field(description="The event as stored, in JSON. Personal data in it is sealed.")


@strawberry.type(description="One journal entry: the legs one event moved under one posting rule.")
class Entry(Node):
    effective_on: date
    known_at: datetime
    rule: str
    text: str
    legs: list[EntryLeg]
    key: strawberry.Private[UUID]

    @described
    def causing_event(self, info: Info) -> CausingEvent:
        """What happened."""
        found = desk(info).shop.ledger.cause_of(self.key)
        return CausingEvent(
            topic=found.topic,
            stream=str(found.stream),
            version=BigInt(found.version),
            state=bytes(found.state).decode(),
        )


def trial_balance(at: Desk, bounds: AsOf) -> TrialBalance:
    """The books replayed from the log, everything the shop has recorded so far kept in them first."""
    at.settle()
    found = at.shop.ledger.trial_balance(bounds)
    currencies = dict.fromkeys(row.currency for row in found.rows)
    return TrialBalance(
        entries=BigInt(found.entries),
        digest=found.digest,
        rows=[_balance(row) for row in found.rows],
        turnovers=[_turnover([row for row in found.rows if row.currency == currency]) for currency in currencies],
    )


def statement(at: Desk, account: str, currency: str, bounds: AsOf, first: int, after: str | None) -> AccountStatement:
    """An account's legs by their day. Raises UnknownAccount."""
    account_of(account)
    view = at.shop.views.ledger
    with at.reading(view) as session:
        opening = view.opening(session, account, currency, bounds)
        closing = view.balance(session, account, currency, bounds)
        lines = page(
            lambda start, limit: view.statement(session, account, currency, bounds, after=start or "", first=limit),
            key=lambda row: (row.cursor,),
            node=lambda row: _statement_line(row.leg),
            first=first,
            after=after,
            sort="statement line",
        )
    return AccountStatement(account=account, opening=Money.of(opening), closing=Money.of(closing), lines=lines)


def open_claims(at: Desk, bounds: AsOf, first: int, after: str | None) -> Connection[OpenClaim]:
    """The refund claims with something open, by id."""
    view = at.shop.views.ledger
    with at.reading(view) as session:
        return page(
            lambda start, limit: view.open_claims(session, bounds, after=start or "", first=limit),
            key=lambda row: (row.claim_id,),
            node=_open_claim,
            first=first,
            after=after,
            sort="open claim",
        )


def entry(at: Desk, id: UUID) -> Entry:
    """One entry. Raises NotFound."""
    found = at.shop.ledger.entry(id)
    return Entry(
        id=global_id("Entry", id),
        effective_on=found.effective_on,
        known_at=found.known_at,
        rule=found.rule,
        text=found.text,
        legs=[_leg(found, line) for line in found.lines],
        key=id,
    )


def _open_claim(row: views.OpenClaim) -> OpenClaim:
    balances = [OpenBalance(account=account, balance=Money.of(each)) for account, each in row.balances.items()]
    return shown(OpenClaim, row, claim_id=global_id("Claim", UUID(row.claim_id)), balances=balances)


def _balance(row: Row) -> Balance:
    return Balance(
        account=row.account,
        kind=kind_of(row.account).value,
        currency=CurrencyCode(row.currency),
        opening=Money.of(row.opening),
        debit=Money.of(row.debit),
        credit=Money.of(row.credit),
        closing=Money.of(row.closing),
        unusual=bool(row.closing) and (row.closing.minor > 0) is not (normal_side(row.account) is Side.DEBIT),
    )


def _turnover(rows: list[Row]) -> Turnover:
    debit, credit = rows[0].debit, rows[0].credit
    for row in rows[1:]:
        debit, credit = debit + row.debit, credit + row.credit
    return Turnover(currency=CurrencyCode(rows[0].currency), debit=Money.of(debit), credit=Money.of(credit))


def _statement_line(leg: Leg) -> StatementLine:
    cause = leg.cause
    return StatementLine(
        entry_id=global_id("Entry", leg.entry_id),
        effective_on=leg.effective_on,
        rule=leg.rule,
        text=leg.text,
        amount=Money.of(leg.money),
        dimensions=_dimensions(leg.dimensions),
        cause=Cause(topic=cause.topic, stream=str(cause.id), version=BigInt(cause.version), known_at=cause.known_at),
    )


def _leg(found: journal.Entry, line: journal.Posting) -> EntryLeg:
    return EntryLeg(
        account=line.account,
        amount=Money.of(line.money),
        dimensions=_dimensions({**found.dimensions, **line.dimensions}),
    )


def _dimensions(given: Any) -> list[Dimension]:
    return [Dimension(name=name, value=value) for name, value in sorted(given.items())]
