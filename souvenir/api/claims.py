"""Tax refunds as refund desks and finance see them: what a purchase brings or why nothing, and claims on their way."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import strawberry

from souvenir.api.connections import Connection, page
from souvenir.api.desk import Desk, desk
from souvenir.api.grounds import ELIGIBILITY
from souvenir.api.identity import Node, global_id
from souvenir.api.refusals import problems, tell
from souvenir.api.types import Info, Money, described
from souvenir.taxrefund.application import latest_guarantee
from souvenir.taxrefund.assessment import Assessment, Quote, Store, sampling
from souvenir.taxrefund.claim import Claim as Form
from souvenir.taxrefund.form import ClaimLine as FormLine
from souvenir.taxrefund.form import Tender as PaidIn
from souvenir.taxrefund.views import ClaimOnList

RefundProblems = problems("RefundProblem", ELIGIBILITY)


@strawberry.enum(description="By which route a refund is paid.")
class RefundMode(StrEnum):
    DEPARTURE = "departure"
    INSTANT_STORE = "instant_store"
    INSTANT_CENTRALISED = "instant_centralised"
    DOWNTOWN = "downtown"


@strawberry.enum(description="How a refund is paid out.")
class PayoutTender(StrEnum):
    CASH = "cash"
    CARD = "card"
    WALLET = "wallet"
    BANK_TRANSFER = "bank_transfer"

    @property
    def paid_in(self) -> PaidIn:
        return self.value


@strawberry.type(description="Goods of one line that get no refund, and why.")
class ExcludedGoods:
    line_no: int
    reason: str


@strawberry.type(description="What the traveller would get, and by when they must leave.")
class RefundQuote:
    gross: Money
    refund: Money
    fee: Money
    net: Money = strawberry.field(description="What is paid or advanced.")
    guarantee: Money | None = strawberry.field(description="What must be held before an advance, where there is one.")
    last_departure_on: date
    promised_by: date | None = strawberry.field(description="For an instant refund: the promise to leave by.")
    ports: list[str]
    cash_allowed: bool
    tenders: list[str]
    stay_days: int
    rule_versions: list[str] = strawberry.field(description="The dated rules it rests on.")


@strawberry.type(description="What a purchase brings the traveller: a quote, or every reason why there is none.")
class RefundAssessment:
    problems: RefundProblems  # type: ignore[valid-type]
    excluded: list[ExcludedGoods]
    eligible_gross: Money
    quote: RefundQuote | None


@strawberry.type(description="One line of a refund form.")
class ClaimLine:
    line_no: int
    quantity: int
    gross: Money
    vat_rate: Decimal
    refund: Money
    fee: Money


@strawberry.type(description="Units of one line: how many the form lists, customs confirmed, and the agency approved.")
class SeenLine:
    line_no: int
    listed: int
    confirmed: int | None
    approved: int | None


@strawberry.type(description="What customs, and after it the agency, made of a form.")
class Verification:
    on: date
    port: str
    outcome: str = strawberry.field(description="full, partial or refused.")
    sampling: str = strawberry.field(description="every_form or random_sample, by the rules of the day of departure.")
    inspected: bool | None = strawberry.field(
        description="Whether customs looked into the bag; null if it did not say."
    )
    reviewed: str | None = strawberry.field(description="The agency's outcome; null while it has not looked.")
    lines: list[SeenLine]


@strawberry.type(description="One refund form, from its issue to the refund that is final, or voided.")
class Claim(Node):
    claim_no: str
    state: str
    mode: str
    region: str
    order_ids: list[strawberry.ID]
    outlet_id: strawberry.ID
    gross: Money
    refund: Money
    fee: Money
    net: Money = strawberry.field(description="Of the units customs confirmed, once it has.")
    advanced: Money
    outstanding: Money = strawberry.field(description="Of the advance, what is neither earned nor recovered.")
    held: Money = strawberry.field(description="What a guarantee holds now.")
    guarantee_state: str | None
    secured_until: datetime | None
    purchased_on: date
    issued_on: date
    last_departure_on: date
    promised_by: date | None
    capture_by: date | None
    key: strawberry.Private[UUID]
    form: strawberry.Private[Form | None] = None

    @strawberry.field
    def lines(self, info: Info) -> list[ClaimLine]:
        return [_line(line) for line in self.read(info).lines]

    @described
    def invoices(self, info: Info) -> list[str]:
        """The numbers of the invoices it is for: 20 digits, or the code and number of an older one."""
        return list(self.read(info).invoices)

    @described
    def verification(self, info: Info) -> Verification | None:
        """What customs confirmed, unit by unit; null before it answered."""
        return _verification(desk(info), self.read(info))

    @described
    def ports(self, info: Info) -> list[str]:
        """The ports through which the traveller promised to leave."""
        return list(self.read(info).ports)

    def read(self, info: Info) -> Form:
        """The form itself, read once for all that is asked of it."""
        if self.form is None:
            self.form = desk(info).shop.log.load(Form, self.key)
        return self.form


@strawberry.type(description="A step of a claim was taken.")
class ClaimStep:
    replayed: bool
    claim_key: strawberry.Private[UUID]

    @described
    def claim(self, info: Info) -> Claim:
        """The claim as it stands now, with what became of its guarantee."""
        return claim(desk(info), self.claim_key)


def claim(at: Desk, id: UUID) -> Claim:
    """The claim with this id as it stands now, read from the log: no list has to catch up first. Raises NotFound."""
    form, guarantee = at.shop.log.load(Form, id), latest_guarantee(at.shop.log, id)
    held = guarantee is not None and guarantee.state == "held"
    zero = form.net - form.net
    return Claim(
        id=global_id("Claim", id),
        claim_no=form.claim_no,
        state=form.state,
        mode=form.mode,
        region=form.region,
        order_ids=[global_id("Order", order) for order in form.order_ids],
        outlet_id=global_id("Outlet", form.outlet_id),
        gross=Money.of(form.gross),
        refund=Money.of(form.due_refund),
        fee=Money.of(form.due_fee),
        net=Money.of(form.due_net),
        advanced=Money.of(form.advanced or zero),
        outstanding=Money.of(form.outstanding),
        held=Money.of(guarantee.amount if guarantee is not None and held else zero),
        guarantee_state=guarantee.state if guarantee is not None else None,
        secured_until=guarantee.secured_until if guarantee is not None and held else None,
        purchased_on=form.purchased_on,
        issued_on=form.issued_on,
        last_departure_on=form.last_departure_on,
        promised_by=form.promised_by if form.promise else None,
        capture_by=form.capture_by if form.promise else None,
        key=id,
        form=form,
    )


def claims_of(at: Desk, order_id: UUID) -> list[Claim]:
    """Every claim an order was ever on."""
    with at.reading(at.shop.views.claims) as session:
        return [_claim(row) for row in at.shop.views.claims.of_order(session, order_id)]


def claims(at: Desk, state: str | None, first: int, after: str | None) -> Connection[Claim]:
    """Claims by form number, in a state or in any."""
    view = at.shop.views.claims
    with at.reading(view) as session:
        return page(
            lambda start, limit: view.page(session, state, start or "", limit),
            key=lambda row: (row.claim_no,),
            node=_claim,
            first=first,
            after=after,
            sort="form number",
        )


def overdue(at: Desk, on: date) -> list[Claim]:
    """Advances whose promised day is past: the first to capture first."""
    with at.reading(at.shop.views.claims) as session:
        return [_claim(row) for row in at.shop.views.claims.overdue(session, on)]


def unsecured(at: Desk, instant: datetime) -> list[Claim]:
    """Advances that nothing holds at an instant, by form number, at most 100."""
    with at.reading(at.shop.views.claims) as session:
        return [_claim(row) for row in at.shop.views.claims.unsecured(session, instant)]


def told(found: Assessment) -> RefundAssessment:
    """An assessment as it is shown."""
    return RefundAssessment(
        problems=[tell(problem) for problem in found.problems],
        excluded=[ExcludedGoods(line_no=line.line_no, reason=line.reason) for line in found.excluded],
        eligible_gross=Money.of(found.eligible_gross),
        quote=quoted(found.quote) if found.quote else None,
    )


def quoted(quote: Quote) -> RefundQuote:
    """A quote as it is shown."""
    return RefundQuote(
        gross=Money.of(quote.gross),
        refund=Money.of(quote.refund),
        fee=Money.of(quote.fee),
        net=Money.of(quote.net),
        guarantee=Money.of(quote.guarantee) if quote.payout == "advance" else None,
        last_departure_on=quote.last_departure_on,
        promised_by=quote.promised_by,
        ports=list(quote.ports),
        cash_allowed=quote.cash_allowed,
        tenders=list(quote.tenders),
        stay_days=quote.stay_days,
        rule_versions=list(quote.rule_versions),
    )


def _verification(at: Desk, form: Form) -> Verification | None:
    if form.customs is None:
        return None
    on, port, seen = form.customs
    store = Store(form.jurisdiction, form.region)
    confirmed = {line.line_no: line.quantity for line in seen}
    approved = {line.line_no: line.quantity for line in form.reviewed or ()}
    return Verification(
        on=on,
        port=port,
        outcome=form.customs_outcome,
        sampling=sampling(at.shop.rules, store, form.mode, form.gross, on),
        inspected=form.inspected,
        reviewed=form.review_outcome if form.reviewed is not None else None,
        lines=[
            SeenLine(
                line_no=line.line_no,
                listed=line.quantity,
                confirmed=confirmed.get(line.line_no),
                approved=approved.get(line.line_no),
            )
            for line in form.lines
        ],
    )


def _line(line: FormLine) -> ClaimLine:
    return ClaimLine(
        line_no=line.line_no,
        quantity=line.quantity,
        gross=Money.of(line.gross),
        vat_rate=line.vat_rate,
        refund=Money.of(line.refund),
        fee=Money.of(line.fee),
    )


def _claim(row: ClaimOnList) -> Claim:
    return Claim(
        id=global_id("Claim", row.id),
        claim_no=row.claim_no,
        state=row.state,
        mode=row.mode,
        region=row.region,
        order_ids=[global_id("Order", id) for id in row.order_ids],
        outlet_id=global_id("Outlet", row.outlet_id),
        gross=Money.of(row.gross),
        refund=Money.of(row.refund),
        fee=Money.of(row.fee),
        net=Money.of(row.net),
        advanced=Money.of(row.advanced),
        outstanding=Money.of(row.outstanding),
        held=Money.of(row.held),
        guarantee_state=row.guarantee_state,
        secured_until=row.secured_until,
        purchased_on=row.purchased_on,
        issued_on=row.issued_on,
        last_departure_on=row.last_departure_on,
        promised_by=row.promised_by,
        capture_by=row.capture_by,
        key=row.id,
    )
