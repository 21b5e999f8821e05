"""What came back of an agency's advances, at the finance desk: what is owed to it, form by form, and what was paid."""

from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

import strawberry

from souvenir.api.connections import After, Connection, First, page
from souvenir.api.desk import EVERY_MUTATION, Desk
from souvenir.api.identity import global_id, read_id
from souvenir.api.refusals import mutation
from souvenir.api.scalars import CurrencyCode
from souvenir.api.staff import bookkeeper
from souvenir.api.types import Info, Money, described
from souvenir.banking.bank import NoBank
from souvenir.kernel.errors import MalformedInput
from souvenir.processes.pay_out import PaymentNotKnown
from souvenir.taxrefund import agency_payment as paid
from souvenir.taxrefund.agency_payment import MOST_FORMS, NothingOwedToAgency, NotPaidToAgencyByHand
from souvenir.taxrefund.views import OwedForm

MOST_TEXT: Final = 200
"""Of a reference or a reason, in characters."""


@strawberry.type(description="What came back of an agency's advance on one form, and is not on its way to it.")
class OwedToAgency:
    claim_id: strawberry.ID
    claim_no: str
    agency: str
    amount: Money
    came_back_on: date = strawberry.field(description="The last of it, if it came in parts.")


@strawberry.enum(description="By an order to the bank, by hand, or kept out of the agency's statement by itself.")
class AgencyPaymentWay(StrEnum):
    BANK = "bank"
    HAND = "hand"
    STATEMENT = "statement"


@strawberry.enum(description="What failed was not paid, or came back: all of it is owed again.")
class AgencyPaymentState(StrEnum):
    ORDERED = "ordered"
    PAID = "paid"
    FAILED = "failed"


@strawberry.type
class AgencyPaymentLine:
    claim_id: strawberry.ID
    claim_no: str
    amount: Money


@strawberry.type(description="A payment to an agency of what came back of its advances.")
class AgencyPayment:
    id: strawberry.ID
    agency: str
    amount: Money
    way: AgencyPaymentWay
    state: AgencyPaymentState
    ordered_on: date
    paid_on: date | None
    reference: str = strawberry.field(description="The bank's, or the number of the agency's statement.")
    reason: str = strawberry.field(description="Why it failed.")
    lines: list[AgencyPaymentLine]


@strawberry.input
class PayAgencyInput:
    idempotency_key: strawberry.ID
    agency: str
    currency: CurrencyCode
    claim_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Without any, all that is owed, the longest first; at most 400 forms."
    )
    on: date | None = None


@strawberry.input
class RecordAgencyPaidInput:
    idempotency_key: strawberry.ID
    agency: str
    currency: CurrencyCode
    claim_ids: list[strawberry.ID] | None = None
    paid_on: date
    reference: str = strawberry.field(description="The bank's, as on the account statement.")


@strawberry.input
class WithdrawAgencyPaidInput:
    idempotency_key: strawberry.ID
    id: strawberry.ID = strawberry.field(description="Of the payment.")
    reason: str
    on: date


@strawberry.type
class PayAgencyPayload:
    payment: AgencyPayment
    replayed: bool


@strawberry.type
class RecordAgencyPaidPayload:
    payment: AgencyPayment
    replayed: bool


@strawberry.type
class WithdrawAgencyPaidPayload:
    payment: AgencyPayment
    replayed: bool


@strawberry.type
class AgencyPaymentQuery:
    @described
    def owed_to_agency(
        self, info: Info, agency: str | None = None, first: First = 20, after: After = None
    ) -> Connection[OwedToAgency]:
        """What came back of advances that agencies paid, and is owed to them: the longest owed first."""
        at = bookkeeper(info)
        view = at.shop.views.agency_account
        with at.reading(view) as session:
            return page(
                lambda start, limit: view.owed(session, agency, None, start or ("", ""), limit),
                key=lambda row: (row.came_back_on.isoformat(), str(row.claim_id)),
                node=_owed,
                first=first,
                after=after,
                sort="owed to agency",
                read=lambda on, id: (on, id),
            )

    @described
    def agency_payments(self, info: Info, first: First = 20, after: After = None) -> Connection[AgencyPayment]:
        """What agencies were paid of it, by day."""
        at = bookkeeper(info)
        view = at.shop.views.agency_account
        with at.reading(view) as session:
            return page(
                lambda start, limit: view.payments(session, start or ("", ""), limit),
                key=lambda row: (row[0], str(row[1])),
                node=lambda row: _shown(at, row[1]),
                first=first,
                after=after,
                sort="agency payment",
                read=lambda on, id: (on, id),
            )


@strawberry.type
class AgencyPaymentMutation:
    @mutation(*EVERY_MUTATION, NoBank, NothingOwedToAgency)
    def pay_agency(self, info: Info, input: PayAgencyInput) -> PayAgencyPayload:
        """Have the bank pay an agency what came back of its advances."""
        at, claims = _caught_up(info), _claims(input.claim_ids)
        asked = (input.agency, input.currency, claims, input.on)
        done = at.carry_out(input, lambda: at.shop.pay_agency.by_bank(*asked))
        at.shop.caught_up(at.shop.follow_agency_payments, at.shop.log.head())
        return PayAgencyPayload(payment=_shown(at, done.result), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, PaymentNotKnown, NothingOwedToAgency)
    def record_agency_paid(self, info: Info, input: RecordAgencyPaidInput) -> RecordAgencyPaidPayload:
        """Record that people paid an agency what came back of its advances, outside the bank port."""
        at, claims = _caught_up(info), _claims(input.claim_ids)
        said = (input.agency, input.currency, input.paid_on, input.reference[:MOST_TEXT], claims)
        done = at.carry_out(input, lambda: at.shop.pay_agency.record_paid(*said))
        return RecordAgencyPaidPayload(payment=_shown(at, done.result), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, NotPaidToAgencyByHand)
    def withdraw_agency_paid(self, info: Info, input: WithdrawAgencyPaidInput) -> WithdrawAgencyPaidPayload:
        """Take back the record of a payment by hand that was none, or came back: what it paid is owed again."""
        at, id = bookkeeper(info), read_id("AgencyPayment", input.id, "input", "id")
        done = at.carry_out(input, lambda: at.shop.pay_agency.withdraw(id, input.reason[:MOST_TEXT], input.on))
        return WithdrawAgencyPaidPayload(payment=_shown(at, done.result), replayed=done.replayed)


def _owed(form: OwedForm) -> OwedToAgency:
    return OwedToAgency(
        claim_id=global_id("Claim", form.claim_id),
        claim_no=form.claim_no,
        agency=form.agency,
        amount=Money.of(form.amount),
        came_back_on=form.came_back_on,
    )


def _shown(at: Desk, id: UUID) -> AgencyPayment:
    found = at.shop.log.load(paid.AgencyPayment, id)
    return AgencyPayment(
        id=global_id("AgencyPayment", id),
        agency=found.agency,
        amount=Money.of(found.amount),
        way=AgencyPaymentWay(found.way),
        state=AgencyPaymentState(found.state),
        ordered_on=found.ordered_on,
        paid_on=found.paid_on,
        reference=found.reference,
        reason=found.reason,
        lines=[
            AgencyPaymentLine(
                claim_id=global_id("Claim", line.claim_id), claim_no=line.claim_no, amount=Money.of(line.amount)
            )
            for line in found.lines
        ],
    )


def _claims(ids: list[strawberry.ID] | None) -> list[UUID]:
    """The forms that were named, each once."""
    named = list(dict.fromkeys(ids or ()))
    if len(named) > MOST_FORMS:
        raise MalformedInput(expected=f"list of at most {MOST_FORMS} claims", value=str(len(named))).at(
            "input", "claimIds"
        )
    return [read_id("Claim", id, "input", "claimIds") for id in named]


def _caught_up(info: Info) -> Desk:
    """The finance desk, once the account with the agencies has everything that was recorded."""
    at = bookkeeper(info)
    at.settle()
    at.shop.caught_up(at.shop.views.agency_account, at.shop.log.head())
    return at
