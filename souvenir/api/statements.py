"""Royalty statements as finance and licensors read them: what is due and why, down to each sale, and sealed by a digest."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

import strawberry

from souvenir.api.connections import Connection, page
from souvenir.api.desk import Desk
from souvenir.api.grounds import Grounds
from souvenir.api.identity import global_id
from souvenir.api.rights import licence
from souvenir.api.scalars import CurrencyCode
from souvenir.api.types import Info, LocalizedText, Money, described, shown, visit
from souvenir.documents.statement import MEDIA_TYPES, print_statement, write_statement
from souvenir.kernel.errors import MalformedInput, NotFound
from souvenir.licensing import sheet as paper
from souvenir.licensing.account import Account
from souvenir.licensing.drafting import Draft
from souvenir.licensing.reading import Source
from souvenir.licensing.sheet import NoSuchLine
from souvenir.licensing.statement import (
    EarlierPeriodNotStated,
    NotStated,
    PeriodAlreadyStated,
    PeriodNotOver,
    PeriodOutsideLicence,
    StatementDiffers,
)
from souvenir.licensing.statement import Statement as Sealed

READING: Final[Grounds] = (MalformedInput, NotFound, NotStated, StatementDiffers)
"""Why a statement cannot be read."""

DRILLING: Final[Grounds] = (*READING, NoSuchLine)
"""Why nothing is shown behind a line."""

STATING: Final[Grounds] = (PeriodAlreadyStated, PeriodNotOver, EarlierPeriodNotStated, PeriodOutsideLicence)
"""Why a period cannot be stated."""


@strawberry.type(description="The licensor's account over one statement, and where it leaves it.")
class StatementAccount:
    guarantee: Money
    paid_ahead: Money
    opening_unrecouped: Money
    earned: Money
    recouped: Money
    closing_unrecouped: Money
    outside: Money = strawberry.field(description="Royalty that may not recoup, as of a sell-off.")
    payable: Money
    marketing_fund: Money
    shortfall: Money = strawberry.field(description="What is made up to the guarantee beyond what is earned.")
    years: list["StatementYear"] = strawberry.field(description="One by one, where guarantee years stand alone.")


@strawberry.type(description="One contract year of an account whose guarantee years stand alone.")
class StatementYear:
    contract_year: int
    guarantee: Money
    earned: Money
    recouped: Money
    payable: Money = strawberry.field(description="Less than nothing where what had been paid for came back: a credit.")
    shortfall: Money
    closing_unrecouped: Money
    earned_to_date: Money
    cash_to_date: Money = strawberry.field(description="The greater of guarantee and earnings.")


@strawberry.type(description="What is held of the royalty against returns, and released periods later.")
class StatementReserve:
    rate: Decimal
    opening: Money
    closing: Money
    opening_net: Money = strawberry.field(description="Of net sales.")
    closing_net: Money


@strawberry.type(description="Holograms: issued is sold, on hand, destroyed, returned and unaccounted for, together.")
class StatementLabels:
    issued: int
    sold: int
    on_hand: int
    destroyed: int
    returned: int
    unaccounted: int = strawberry.field(description="Deemed sold; settled apart, unless they are charged.")
    counted_on: date
    charged: int | None = strawberry.field(description="How many of those are charged as sold, by contract.")


@strawberry.type(description="One unit of a currency is so much of the licence's, on these days, by a named source.")
class StatementConversion:
    currency: CurrencyCode
    rate: Decimal
    source: str
    valid_from: date
    valid_until: date


@strawberry.enum(description="How a royalty statement is written.")
class RoyaltyStatementFormat(StrEnum):
    PDF = "pdf"
    XLSX = "xlsx"
    JSON = "json"
    TEXT = "txt"


@strawberry.type(description="A royalty statement as a file, the same bytes each time.")
class RoyaltyStatementFile:
    name: str
    media_type: str
    content: str = strawberry.field(description="In base64.")


@strawberry.type(description="What a statement asks to be paid.")
class StatementDue:
    royalty: Money = strawberry.field(description="Gross of tax, after credits.")
    tax_rate: Decimal
    tax_borne_by: str
    tax: Money
    marketing_fund: Money
    amount: Money = strawberry.field(description="What the licensor gets.")
    on: date


@strawberry.type(description="What one product earned in one place, channel and period, at one rate.")
class RoyaltyStatementLine:
    number: int
    period: str = strawberry.field(description="Earlier than the statement's for what came too late for its own.")
    sku: str
    product_id: strawberry.ID
    territory: str | None
    channel: str | None
    rate: str
    sold: int
    returned: int
    gross: Money
    deductions: Money
    net: Money
    royalty: Money
    marketing_fund: Money
    gtin: str | None


@strawberry.type(description="What an amendment changed for sales already accrued, or what is charged besides sales.")
class StatementAdjustment:
    amendment_no: str
    period: str
    base: Money
    rate_before: str
    rate: str
    royalty: Money
    marketing_fund: Money


@strawberry.type(description="What was sold outside the licence: settled apart, no part of the royalty.")
class StatementBreach:
    code: str
    sku: str
    units: int
    base: Money


@strawberry.type(description="One royalty statement, complete.")
class RoyaltyStatement:
    licence_id: strawberry.ID
    contract_no: str
    licensor: str
    period: str
    currency: CurrencyCode
    issued_on: date
    account: StatementAccount
    due: StatementDue
    net: Money
    royalty: Money
    is_nil: bool
    lines: list[RoyaltyStatementLine]
    adjustments: list[StatementAdjustment]
    breaches: list[StatementBreach]
    entries: int = strawberry.field(description="Stored entries it is made of.")
    digest: str = strawberry.field(description="SHA-256 of the canonical JSON, in hex: the seal of the statement.")
    shared_account: str | None = strawberry.field(description="Names the account that contracts share, if they do.")
    reserve: StatementReserve | None
    labels: StatementLabels | None
    conversions: list[StatementConversion] = strawberry.field(description="Of sales in other currencies.")
    names: strawberry.Private[Mapping[str, str]]
    sheet: strawberry.Private[paper.Sheet]

    @strawberry.field
    def property_name(self, info: Info) -> LocalizedText:
        return LocalizedText.of(self.names, visit(info).languages)

    @described
    def file(self, format: RoyaltyStatementFormat) -> RoyaltyStatementFile:
        """The statement to keep and to check: paper, a workbook, the sealed JSON or plain text."""
        header, written = self.sheet.header, write_statement(self.sheet, format.value)
        return RoyaltyStatementFile(
            name=f"{header.contract_no}-{header.period}.{format.value}",
            media_type=MEDIA_TYPES[format.value],
            content=b64encode(written).decode(),
        )

    @described
    def json(self) -> str:
        """The statement as canonical JSON (RFC 8785): these bytes are what the digest seals."""
        return self.sheet.canonical().decode()

    @described
    def text(self) -> str:
        """The statement as it is printed."""
        return print_statement(self.sheet, self.digest)


@strawberry.type(description="What someone should look at before a statement goes out.")
class StatementFlag:
    code: str
    text: str


@strawberry.type(description="A statement as it would be issued. Nothing is recorded.")
class StatementDraft:
    statement: RoyaltyStatement
    flags: list[StatementFlag]


@strawberry.type(description="One statement in the list of them.")
class StatementIssued:
    period: str
    issued_on: date
    due: Money
    due_on: date
    digest: str


@strawberry.type(description="One sale or return behind a line; a return's amounts are negative.")
class StatementSource:
    order_id: strawberry.ID
    line_no: int
    is_return: bool
    business_date: date
    units: int
    net: Money
    royalty: Money
    position: int = strawberry.field(description="Of the entry in the log.")


@strawberry.type(description="What is behind a line, in the order of the log.")
class StatementSources:
    sources: list[StatementSource]


@strawberry.type(description="Whether the guarantee will be earned back, at the pace so far.")
class GuaranteeForecast:
    as_of: date
    days_gone: int
    days_left: int
    guarantee: Money
    earned: Money
    projected: Money
    shortfall: Money
    needed_daily: Money
    contract_year: int | None = strawberry.field(
        description="The one all this is of, where guarantee years stand alone."
    )


def issued(at: Desk, licence_id: UUID, first: int, after: str | None) -> Connection[StatementIssued]:
    """The statements of a licence, the latest first. Raises NotFound."""
    licence(at, licence_id)
    return page(
        lambda start, limit: at.shop.licensing.statements(licence_id, start, limit),
        key=lambda row: (row.period,),
        node=lambda row: shown(StatementIssued, row),
        first=first,
        after=after,
        sort="royalty statement",
    )


def statement(at: Desk, licence_id: UUID, period: str) -> RoyaltyStatement:
    """An issued statement, made again from the log. Raises NotStated or StatementDiffers."""
    return _statement(at.shop.licensing.statement(licence_id, period))


def draft(at: Desk, licence_id: UUID, period: str, on: date) -> StatementDraft:
    """A statement as it would be issued on a day."""
    at.settle()
    found: Draft = at.shop.licensing.draft_statement(licence_id, period, on)
    return StatementDraft(
        statement=_statement(found.sheet),
        flags=[shown(StatementFlag, flag) for flag in found.flags],
    )


def stated(at: Desk, statement_id: UUID) -> RoyaltyStatement:
    """The statement that was issued under an id."""
    header = at.shop.log.load(Sealed, statement_id).header
    return statement(at, header.licence_id, header.period)


def sources(at: Desk, licence_id: UUID, period: str, line: int, first: int, after: int) -> StatementSources:
    """The sales and returns behind a line. Raises NoSuchLine."""
    found = at.shop.licensing.statement_sources(licence_id, period, line, max(0, after), first)
    return StatementSources(sources=[_source(one) for one in found])


def forecast(at: Desk, licence_id: UUID, on: date) -> GuaranteeForecast:
    """Whether a licence's guarantee will be earned back."""
    return shown(GuaranteeForecast, at.shop.licensing.forecast(licence_id, on))


def _statement(found: paper.Sheet) -> RoyaltyStatement:
    header = found.header
    return shown(
        RoyaltyStatement,
        found,
        licence_id=global_id("Licence", header.licence_id),
        contract_no=header.contract_no,
        licensor=header.licensor,
        period=header.period,
        currency=CurrencyCode(header.currency),
        issued_on=header.issued_on,
        account=_account(header.account),
        due=shown(StatementDue, header.due),
        lines=[
            shown(RoyaltyStatementLine, line, product_id=global_id("Product", UUID(line.product_id)))
            for line in found.lines
        ],
        adjustments=[shown(StatementAdjustment, line) for line in found.adjustments],
        breaches=[shown(StatementBreach, line) for line in found.breaches],
        entries=header.span.entries,
        shared_account=header.shared_account,
        reserve=_reserve(header.reserve) if header.reserve else None,
        labels=shown(StatementLabels, header.labels) if header.labels else None,
        conversions=[shown(StatementConversion, each) for each in header.conversions or ()],
        names=header.property_name,
        sheet=found,
    )


def _account(found: Account) -> StatementAccount:
    shortfall = Money.of(found.shortfall or found.payable * 0)
    return shown(
        StatementAccount, found, shortfall=shortfall, years=[shown(StatementYear, year) for year in found.years or ()]
    )


def _reserve(found: paper.Reserve) -> StatementReserve:
    return shown(
        StatementReserve, found, opening=Money.of(found.opening_royalty), closing=Money.of(found.closing_royalty)
    )


def _source(found: Source) -> StatementSource:
    return shown(
        StatementSource,
        found,
        order_id=global_id("Order", UUID(found.order_id)),
        is_return=found.return_id is not None,
        business_date=date.fromisoformat(found.business_date),
    )
