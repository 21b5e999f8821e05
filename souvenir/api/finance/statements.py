"""The finance desk draws up royalty statements, looks at what is flagged, issues them, and follows a line to its sales."""

from datetime import date
from uuid import UUID

import strawberry

from souvenir.api import statements
from souvenir.api.connections import After, Connection, First
from souvenir.api.desk import EVERY_MUTATION, desk
from souvenir.api.identity import read_id
from souvenir.api.refusals import mutation, question
from souvenir.api.staff import bookkeeper
from souvenir.api.statements import (
    DRILLING,
    READING,
    STATING,
    GuaranteeForecast,
    RoyaltyStatement,
    StatementDraft,
    StatementIssued,
    StatementSources,
)
from souvenir.api.types import Info, Money, described, shown
from souvenir.kernel.errors import MalformedInput, NotFound
from souvenir.licensing.statement import StatementOvertaken


@strawberry.input
class IssueStatementInput:
    idempotency_key: strawberry.ID
    licence_id: strawberry.ID
    period: str = strawberry.field(description="2026-07, 2026-Q3, 2026-H2 or 2026, as the contract has it.")
    on: date


@strawberry.type
class IssueStatementPayload:
    replayed: bool
    key: strawberry.Private[UUID]

    @strawberry.field
    def statement(self, info: Info) -> RoyaltyStatement:
        return statements.stated(desk(info), self.key)


@strawberry.type(description="What an issued statement asks to be paid, once: the key says which payment it is.")
class PayoutInstruction:
    key: str
    payee: str
    amount: Money
    tax: Money
    due_on: date
    text: str
    statement_digest: str


@strawberry.type
class StatementQuery:
    @question(MalformedInput, NotFound, *STATING)
    def draft_statement(self, info: Info, licence_id: strawberry.ID, period: str, on: date) -> StatementDraft:
        """A statement as it would be issued on a day, with what someone should look at before. Records nothing."""
        return statements.draft(bookkeeper(info), read_id("Licence", licence_id, "licenceId"), period, on)

    @described
    def statements(
        self, info: Info, licence_id: strawberry.ID, first: First = 20, after: After = None
    ) -> Connection[StatementIssued]:
        """The statements of a licence, the latest first."""
        return statements.issued(bookkeeper(info), read_id("Licence", licence_id, "licenceId"), first, after)

    @question(*READING)
    def statement(self, info: Info, licence_id: strawberry.ID, period: str) -> RoyaltyStatement:
        """An issued statement, made again from the log, byte for byte."""
        return statements.statement(bookkeeper(info), read_id("Licence", licence_id, "licenceId"), period)

    @question(*DRILLING)
    def statement_sources(
        self, info: Info, licence_id: strawberry.ID, period: str, line: int, first: int = 50, after: int = 0
    ) -> StatementSources:
        """The sales, then the returns, behind a line of a statement; `after` is how many were seen before."""
        return statements.sources(
            bookkeeper(info), read_id("Licence", licence_id, "licenceId"), period, line, first, after
        )

    @described
    def guarantee_forecast(self, info: Info, licence_id: strawberry.ID, on: date) -> GuaranteeForecast:
        """Whether a licence's guarantee will be earned back, at the pace so far."""
        return statements.forecast(bookkeeper(info), read_id("Licence", licence_id, "licenceId"), on)

    @described
    def payout_instruction(self, info: Info, licence_id: strawberry.ID, period: str) -> PayoutInstruction | None:
        """What an issued statement asks to be paid; null if nothing."""
        found = bookkeeper(info).shop.licensing.payout(read_id("Licence", licence_id, "licenceId"), period)
        return shown(PayoutInstruction, found, key=str(found.key)) if found else None


@strawberry.type
class StatementMutation:
    @mutation(*EVERY_MUTATION, *STATING, StatementOvertaken)
    def issue_statement(self, info: Info, input: IssueStatementInput) -> IssueStatementPayload:
        """Issue the statement of a period that is over. It stays as it is; what comes later goes on the next one."""
        at, licence = bookkeeper(info), read_id("Licence", input.licence_id, "input", "licenceId")
        at.settle()
        done = at.carry_out(input, lambda: at.shop.licensing.issue_statement(licence, input.period, input.on))
        return IssueStatementPayload(replayed=done.replayed, key=done.result)
