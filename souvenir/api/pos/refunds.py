"""Tax refunds at the counter or the centralised point: assess, issue the form, agree, guarantee, advance."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

import strawberry

from souvenir.api import claims
from souvenir.api.claim_steps import RESOLVING
from souvenir.api.claims import Claim, ClaimStep, PayoutTender, RefundAssessment, RefundMode
from souvenir.api.desk import EVERY_MUTATION, Desk, desk
from souvenir.api.grounds import CLAIM, ELIGIBILITY, REFUNDABLE_ORDERS, Grounds
from souvenir.api.identity import read_id
from souvenir.api.refusals import mutation, question
from souvenir.api.types import Info, described
from souvenir.kernel.errors import MalformedInput, NotFound
from souvenir.payments.hold import HoldNotHeld
from souvenir.payments.provider import UnknownProvider
from souvenir.pos.shift import NoOpenShift
from souvenir.privacy.keyring import PersonForgotten
from souvenir.processes.refund_tax import MOST_ORDERS, GuaranteeDeclined, NoOrdersToRefund, TravelDocument
from souvenir.sales.order import Order as Sale
from souvenir.sites.outlet import NotATaxRefundStore
from souvenir.sites.outlet import Outlet as Place
from souvenir.taxrefund.claim import Claim as Form
from souvenir.taxrefund.form import Advancer as By
from souvenir.taxrefund.form import Counter
from souvenir.taxrefund.invoice import InvoiceMalformed, TooManyInvoices
from souvenir.taxrefund.refusals import (
    AdvancedElsewhere,
    AdvanceNotPaid,
    AgencySilent,
    CashNotAllowed,
    ClaimNotInstant,
    FormNumberTaken,
    GoodsUnderCustomsControl,
    GuaranteeAlreadyHeld,
    GuaranteeTooSmall,
    InvoiceAlreadyClaimed,
    OrderAlreadyClaimed,
    PromisedDateTooLate,
    RefundIsFinal,
)
from souvenir.taxrefund.tax_office import TaxOfficeRefused, TaxOfficeSilent

ISSUING: Final[Grounds] = (
    OrderAlreadyClaimed,
    InvoiceAlreadyClaimed,
    InvoiceMalformed,
    TooManyInvoices,
    FormNumberTaken,
    TaxOfficeRefused,
    TaxOfficeSilent,
    PersonForgotten,
)
"""Why no form is issued although the purchase would bring a refund."""


@strawberry.enum(description="Whose money an advance is.")
class Advancer(StrEnum):
    SHOP = "shop"
    AGENCY = "agency"


@strawberry.input(description="What the traveller would show; the number counts the day's earlier purchases in.")
class AssessRefundInput:
    order_ids: list[strawberry.ID]
    mode: RefundMode
    document_kind: str = strawberry.field(description="passport, hk_macao_permit, …")
    last_entry: date | None = None
    document_number: str = ""
    issued_on: date | None = None


@strawberry.input(description="What the traveller shows. Name, number and nationality are sealed before they are kept.")
class TravelDocumentInput:
    kind: str
    number: str
    name: str
    last_entry: date | None = None
    born_on: date | None = strawberry.field(default=None, description="Where a scheme has a least age. Never recorded.")
    nationality: str = strawberry.field(
        default="",
        description="As in the passport's zone: CHN, THA. The form prints it; some schemes leave their own out.",
    )


@strawberry.input
class OpenClaimInput:
    idempotency_key: strawberry.ID
    order_ids: list[strawberry.ID]
    mode: RefundMode
    document: TravelDocumentInput
    issued_on: date | None = strawberry.field(default=None, description="Without one, today.")
    invoices: list[str] = strawberry.field(
        default_factory=list,
        description="Numbers of invoices the goods are on already; else the tax office issues them.",
    )


@strawberry.input
class ReissueClaimInput:
    idempotency_key: strawberry.ID
    claim_id: strawberry.ID = strawberry.field(description="Of the form that was voided.")
    issued_on: date | None = strawberry.field(default=None, description="Without one, the old form's day.")
    invoices: list[str] = strawberry.field(default_factory=list)


@strawberry.input
class VoidClaimInput:
    idempotency_key: strawberry.ID
    claim_id: strawberry.ID
    reason: str = strawberry.field(description="Names nobody.")
    on: date | None = None


@strawberry.input
class AgreeClaimInput:
    idempotency_key: strawberry.ID
    claim_id: strawberry.ID
    advanced_by: Advancer | None = strawberry.field(
        default=None, description="Whose money it is; without it, as the store is registered."
    )
    on: date | None = None


@strawberry.input
class GuaranteeClaimInput:
    idempotency_key: strawberry.ID
    claim_id: strawberry.ID
    provider: str
    source: str = strawberry.field(description="The provider's token for the card; never its number.")
    on: date | None = None


@strawberry.input
class AdvanceClaimInput:
    idempotency_key: strawberry.ID
    claim_id: strawberry.ID
    tender: PayoutTender
    on: date | None = None


@strawberry.type
class OpenClaimPayload(ClaimStep): ...


@strawberry.type
class ReissueClaimPayload(ClaimStep): ...


@strawberry.type
class VoidClaimPayload(ClaimStep): ...


@strawberry.type
class AgreeClaimPayload(ClaimStep): ...


@strawberry.type
class GuaranteeClaimPayload(ClaimStep): ...


@strawberry.type
class AdvanceClaimPayload(ClaimStep): ...


@strawberry.type
class RefundQuery:
    @question(MalformedInput, NotFound, *REFUNDABLE_ORDERS)
    def assess_refund(self, info: Info, input: AssessRefundInput) -> RefundAssessment:
        """What orders would bring a traveller, or every reason why they bring nothing. Records nothing."""
        at = desk(info)
        order_ids = _orders(at, input.order_ids, input.mode)
        asked = (input.mode.value, input.document_kind, input.last_entry, input.document_number, input.issued_on)
        return claims.told(at.shop.refund_tax.assess(order_ids, *asked))

    @described
    def claim(self, info: Info, id: strawberry.ID) -> Claim:
        """A claim of this outlet, or that this refund point pays."""
        return own_claim(desk(info), read_id("Claim", id, "id"))

    @described
    def claims_of_order(self, info: Info, order_id: strawberry.ID) -> list[Claim]:
        """Every refund form an order of this outlet was ever on."""
        at, order = desk(info), read_id("Order", order_id, "orderId")
        at.require_here("order", at.shop.log.load(Sale, order).outlet_id)
        return claims.claims_of(at, order)


@strawberry.type
class RefundMutation:
    @mutation(*EVERY_MUTATION, *REFUNDABLE_ORDERS, *ELIGIBILITY, *ISSUING)
    def open_claim(self, info: Info, input: OpenClaimInput) -> OpenClaimPayload:
        """Issue a refund form for paid orders, or refuse with the first reason why not."""
        at = desk(info)
        order_ids = _orders(at, input.order_ids, input.mode)
        shown = input.document
        document = TravelDocument(
            shown.kind, shown.number, shown.name, shown.last_entry, shown.born_on, shown.nationality.strip().upper()
        )
        point = at.device()[0] if input.mode is RefundMode.INSTANT_CENTRALISED else None
        form = (order_ids, input.mode.value, document, point, input.issued_on, tuple(input.invoices))
        done = at.carry_out(input, lambda: at.shop.refund_tax.open_claim(*form))
        return OpenClaimPayload(replayed=done.replayed, claim_key=done.result)

    @mutation(*EVERY_MUTATION, *CLAIM, *REFUNDABLE_ORDERS, *ELIGIBILITY, *ISSUING)
    def reissue_claim(self, info: Info, input: ReissueClaimInput) -> ReissueClaimPayload:
        """After a partial return: a new form and new invoices for the goods that are left of a voided one."""
        at, claim = desk(info), _own(desk(info), input.claim_id)
        form = (claim, input.issued_on, tuple(input.invoices))
        done = at.carry_out(input, lambda: at.shop.refund_tax.reissue(*form))
        return ReissueClaimPayload(replayed=done.replayed, claim_key=done.result)

    @mutation(*EVERY_MUTATION, *CLAIM, *RESOLVING, RefundIsFinal, GoodsUnderCustomsControl)
    def void_claim(self, info: Info, input: VoidClaimInput) -> VoidClaimPayload:
        """Void a form made out wrongly, and its invoices with it. What is out of an advance is taken from the card."""
        at, claim = desk(info), _own(desk(info), input.claim_id)
        done = at.carry_out(input, lambda: at.shop.refund_tax.void(claim, input.reason, input.on))
        return VoidClaimPayload(replayed=done.replayed, claim_key=claim)

    @mutation(*EVERY_MUTATION, *CLAIM, ClaimNotInstant, PromisedDateTooLate, NotATaxRefundStore)
    def agree_claim(self, info: Info, input: AgreeClaimInput) -> AgreeClaimPayload:
        """Record the traveller's signed promise to leave in time."""
        at, claim = desk(info), _own(desk(info), input.claim_id)
        by: By | None = input.advanced_by.value if input.advanced_by else None
        done = at.carry_out(input, lambda: at.shop.refund_tax.agree(claim, input.on, by))
        return AgreeClaimPayload(replayed=done.replayed, claim_key=claim)

    @mutation(
        *EVERY_MUTATION, *CLAIM, ClaimNotInstant, UnknownProvider, GuaranteeDeclined, GuaranteeAlreadyHeld, HoldNotHeld
    )
    def guarantee_claim(self, info: Info, input: GuaranteeClaimInput) -> GuaranteeClaimPayload:
        """Have a card guarantee the net refund."""
        at, claim = desk(info), _own(desk(info), input.claim_id)
        card = (claim, input.provider, input.source, input.on)
        done = at.carry_out(input, lambda: at.shop.refund_tax.guarantee(*card))
        return GuaranteeClaimPayload(replayed=done.replayed, claim_key=claim)

    @mutation(
        *EVERY_MUTATION,
        *CLAIM,
        AdvancedElsewhere,
        GuaranteeTooSmall,
        HoldNotHeld,
        CashNotAllowed,
        PromisedDateTooLate,
        AdvanceNotPaid,
        AgencySilent,
        NoOpenShift,
    )
    def advance_claim(self, info: Info, input: AdvanceClaimInput) -> AdvanceClaimPayload:
        """Hand the net refund over, once a guarantee covers it."""
        at, claim = desk(info), _own(desk(info), input.claim_id)
        outlet, till = at.device()
        paid = (claim, input.tender.paid_in, input.on, Counter(outlet_id=outlet, till=till))
        done = at.carry_out(input, lambda: at.shop.refund_tax.advance(*paid))
        return AdvanceClaimPayload(replayed=done.replayed, claim_key=claim)


def own_claim(at: Desk, claim_id: UUID) -> Claim:
    """A claim of the outlet where the device stands, or that is paid there. Raises NotAtThisOutlet."""
    found = at.shop.log.load(Form, claim_id)
    at.require_here("claim", found.outlet_id, found.point_id)
    return claims.claim(at, claim_id)


def _own(at: Desk, id: strawberry.ID) -> UUID:
    claim_id = read_id("Claim", id, "input", "claimId")
    found = at.shop.log.load(Form, claim_id)
    at.require_here("claim", found.outlet_id, found.point_id)
    return claim_id


def _orders(at: Desk, ids: Sequence[strawberry.ID], mode: RefundMode) -> list[UUID]:
    """The orders, which must be of this outlet, or of a store whose instant refunds this refund point pays."""
    if not 1 <= len(ids) <= MOST_ORDERS:
        raise NoOrdersToRefund(most=MOST_ORDERS)
    order_ids = [read_id("Order", id, "input", "orderIds") for id in ids]
    for order_id in order_ids:
        order = at.shop.log.load(Sale, order_id)
        here: UUID | None = order.outlet_id
        if mode is RefundMode.INSTANT_CENTRALISED:
            here = at.shop.log.load(Place, order.outlet_id).tax_refund_on(order.placed_on).refund_point_id
        at.require_here("order", here)
    return order_ids
