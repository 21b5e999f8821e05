"""Settlement with the refund agency: the month's statement out, the agency's in, and what does not agree, by kind."""

from base64 import b64decode, b64encode
from datetime import date
from enum import StrEnum
from uuid import UUID

import strawberry

from souvenir.api.connections import After, Connection, First, page
from souvenir.api.desk import EVERY_MUTATION, Desk, desk
from souvenir.api.identity import global_id
from souvenir.api.refusals import at as about
from souvenir.api.refusals import mutation, question
from souvenir.api.scalars import CurrencyCode
from souvenir.api.staff import bookkeeper
from souvenir.api.types import Info, Money, described
from souvenir.documents.agency_statement import read_statement_file, statement_workbook
from souvenir.kernel.errors import MalformedInput, NotFound
from souvenir.taxrefund.agency_statement import AgencyStatement as Received
from souvenir.taxrefund.agency_statement import StatementChanged, statement_id
from souvenir.taxrefund.rulebook import UnknownJurisdiction
from souvenir.taxrefund.settlement import NoSettlementDay, StatementUnreadable, settled_by, write_statement

LONGEST_NUMBER = 64


@strawberry.enum(description="How a statement is written.")
class StatementFormat(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


@strawberry.type(description="A file, in base64.")
class StatementFile:
    name: str
    content: str
    lines: int
    due_by: date = strawberry.field(description="The last day to file it, by the rule book.")


@strawberry.enum(description="Why a form and the statement do not agree.")
class StatementDifference(StrEnum):
    MISSING = "missing"
    AMOUNT_DIFFERS = "amount_differs"
    UNKNOWN_FORM = "unknown_form"
    NOT_FINAL = "not_final"
    SETTLED_BEFORE = "settled_before"


@strawberry.type(description="One form to look into. Nothing was booked for it.")
class StatementDiscrepancy:
    form_no: str
    difference: StatementDifference
    expected: Money | None = strawberry.field(description="What our books have; null where they have nothing.")
    stated: Money | None = strawberry.field(description="What the statement says; null where it says nothing.")


@strawberry.type(description="A settlement statement of an agency, as it was received.")
class AgencyStatement:
    id: strawberry.ID
    number: str
    month: date = strawberry.field(description="Its first day.")
    received_on: date
    agency: str = strawberry.field(description="Whose it is, where the shop has several.")
    amount: Money = strawberry.field(description="What it pays in all; less than nothing, if the shop pays.")
    lines: int
    settled: int = strawberry.field(description="Lines that agree: these forms are settled.")
    differences: int
    key: strawberry.Private[UUID]

    @described
    def discrepancies(self, info: Info, difference: StatementDifference | None = None) -> list[StatementDiscrepancy]:
        """What does not agree, of a kind or of any; at most a thousand of one statement are kept."""
        found = desk(info).shop.log.load(Received, self.key).discrepancies
        return [
            StatementDiscrepancy(
                form_no=one.form_no,
                difference=StatementDifference(one.difference),
                expected=Money.of(one.expected) if one.expected else None,
                stated=Money.of(one.stated) if one.stated else None,
            )
            for one in found
            if difference is None or one.difference == difference.value
        ]


@strawberry.input
class ImportAgencyStatementInput:
    idempotency_key: strawberry.ID
    file: str = strawberry.field(description="CSV in UTF-8 or XLSX, in base64.")
    on: date = strawberry.field(description="The day it is booked.")
    month: date | None = strawberry.field(
        default=None, description="The one it covers; else that of its latest refund."
    )
    agency: str | None = strawberry.field(default=None, description="Whose it is, where the shop has several.")


@strawberry.input
class FetchAgencyStatementInput:
    idempotency_key: strawberry.ID
    month: date
    on: date
    agency: str | None = None


@strawberry.type
class ImportAgencyStatementPayload:
    statement: AgencyStatement
    replayed: bool = strawberry.field(description="The same statement, in any format, was taken in before.")


@strawberry.type
class FetchAgencyStatementPayload:
    statement: AgencyStatement
    replayed: bool


@strawberry.type
class AgencyStatementQuery:
    @question(MalformedInput, NoSettlementDay, UnknownJurisdiction)
    def agency_statement_file(
        self,
        info: Info,
        number: str,
        month: date,
        currency: CurrencyCode = CurrencyCode("CNY"),
        format: StatementFormat = StatementFormat.CSV,
        region: str = "CN-BJ",
        agency: str | None = None,
        earlier: bool = False,
    ) -> StatementFile:
        """The month's settlement as the shop asks it of its agency: every refund that became final and is not settled.

        What came back of the agency's advances, and is its own, has lines below nothing. With `earlier`, what is left of
        the months before is on it too, as when it was learned of late.
        """
        at = _caught_up(info)
        if not 0 < len(number) <= LONGEST_NUMBER:
            raise MalformedInput(expected=f"number of 1 to {LONGEST_NUMBER} characters", value=number[:40]).at("number")
        if month >= date.max.replace(day=1):
            raise MalformedInput(expected="month that another one follows", value=month.isoformat()).at("month")
        statement = at.shop.settle_agency.statement(number, month, currency, agency, earlier=earlier)
        xlsx = format is StatementFormat.XLSX
        data = statement_workbook(statement) if xlsx else write_statement(statement).encode()
        return StatementFile(
            name=f"settlement-{month:%Y-%m}.{format.value}",
            content=b64encode(data).decode(),
            lines=len(statement.lines),
            due_by=settled_by(at.shop.rules, region.split("-")[0], region, month),
        )

    @described
    def agency_statement(self, info: Info, number: str) -> AgencyStatement:
        """A statement that was taken in, by its number."""
        return statement(bookkeeper(info), statement_id(number))

    @described
    def agency_statements(self, info: Info, first: First = 20, after: After = None) -> Connection[AgencyStatement]:
        """Statements that were taken in, by month."""
        at = bookkeeper(info)
        view = at.shop.views.agency_statements
        with at.reading(view) as session:
            return page(
                lambda start, limit: view.page(session, start or ("", ""), limit),
                key=lambda row: (row.month.isoformat(), row.number),
                node=lambda row: statement(at, row.id),
                first=first,
                after=after,
                sort="agency statement",
                read=lambda month, number: (month, number),
            )


@strawberry.type
class AgencyStatementMutation:
    @mutation(*EVERY_MUTATION, StatementUnreadable, StatementChanged)
    def import_agency_statement(self, info: Info, input: ImportAgencyStatementInput) -> ImportAgencyStatementPayload:
        """Take an agency's statement in: forms that agree are settled, once, and what does not is listed by kind."""
        at = _caught_up(info)
        with about("input", "file"):
            read = read_statement_file(_file(input.file))
        done = at.carry_out(input, lambda: at.shop.settle_agency.take_in(read, input.on, input.month, input.agency))
        return ImportAgencyStatementPayload(statement=statement(at, done.result), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, StatementChanged)
    def fetch_agency_statement(self, info: Info, input: FetchAgencyStatementInput) -> FetchAgencyStatementPayload:
        """Ask the connected agency for its statement of a month, and take it in."""
        at = _caught_up(info)
        fetched = at.shop.settle_agency.stated(input.month)
        if fetched is None:
            raise NotFound(kind="AgencyStatement", id=f"{input.month:%Y-%m}")
        done = at.carry_out(input, lambda: at.shop.settle_agency.take_in(fetched, input.on, input.month, input.agency))
        return FetchAgencyStatementPayload(statement=statement(at, done.result), replayed=done.replayed)


def statement(at: Desk, id: UUID) -> AgencyStatement:
    """A statement that was taken in. Raises NotFound."""
    found = at.shop.log.load(Received, id)
    return AgencyStatement(
        id=global_id("AgencyStatement", id),
        number=found.number,
        month=found.month,
        received_on=found.received_on,
        agency=found.agency,
        amount=Money.of(found.amount),
        lines=found.lines,
        settled=found.settled,
        differences=len(found.discrepancies) + found.more,
        key=id,
    )


def _file(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise MalformedInput(expected="file in base64", value=text[:40]) from None


def _caught_up(info: Info) -> Desk:
    """The finance desk, once the list of claims has everything that was recorded."""
    at = bookkeeper(info)
    at.settle()
    head = at.shop.log.head()
    at.shop.caught_up(at.shop.views.claims, head)
    at.shop.caught_up(at.shop.views.agency_account, head)
    return at
