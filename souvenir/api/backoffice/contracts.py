"""The back office keeps contracts over their life: amend, renew, end, agree rates; and has products approved, stage by stage."""

from datetime import date
from decimal import Decimal
from typing import cast, get_args
from uuid import UUID

import strawberry

from souvenir.api.backoffice.rights import LicenceChange, RoyaltyTierInput
from souvenir.api.desk import EVERY_MUTATION, Desk, desk
from souvenir.api.grounds import MONEY
from souvenir.api.identity import global_id, read_id
from souvenir.api.refusals import mutation
from souvenir.api.scalars import CurrencyCode
from souvenir.api.staff import manager
from souvenir.api.types import Info, MoneyInput, described, values
from souvenir.catalogue.product import Product
from souvenir.kernel.errors import MalformedInput, NotFound
from souvenir.kernel.money import UnknownCurrency
from souvenir.licensing import approval as approving
from souvenir.licensing.approval import EarlierStageOpen, Outcome, StageNotAsked, StageNotOpen, StageSettled
from souvenir.licensing.deemed import FreeGoodsUnsound
from souvenir.licensing.grant import STAGES, GrantsOverlap, Stage
from souvenir.licensing.label_stock import LabelCount, LabelsUnsound
from souvenir.licensing.licence import (
    AlreadyTerminated,
    AmendmentAlreadyRecorded,
    AmendmentUnsound,
    ConversionUnsound,
    Licence,
)
from souvenir.licensing.sell_off_stock import StockCountUnsound
from souvenir.licensing.sublicensing import SublicenceAlreadyReported, SublicenceUnsound, SublicensingNotGranted
from souvenir.licensing.terms import Measure, Method, RateOutOfRange, TermUnsound, Tier, TiersUnsound

OUTCOMES = get_args(Outcome)


@strawberry.input
class AmendLicenceInput:
    idempotency_key: strawberry.ID
    licence_id: strawberry.ID
    amendment_no: str
    tiers: list[RoyaltyTierInput]
    effective_from: date = strawberry.field(description="The first day of a royalty period; it may lie in the past.")
    signed_on: date
    method: str | None = strawberry.field(default=None, description="Without it, as the contract has it.")
    measure: str | None = None
    marketing_fund_rate: Decimal | None = None


@strawberry.input
class RenewLicenceInput:
    idempotency_key: strawberry.ID
    licence_id: strawberry.ID
    ends: date = strawberry.field(description="The new last day of the term.")
    signed_on: date


@strawberry.input
class TerminateLicenceInput:
    idempotency_key: strawberry.ID
    licence_id: strawberry.ID
    ends: date = strawberry.field(description="The last day of the term.")
    reason: str
    sell_off_days: int = 0


@strawberry.input
class AgreeConversionRateInput:
    idempotency_key: strawberry.ID
    licence_id: strawberry.ID
    currency: CurrencyCode = strawberry.field(description="Of the sales that are converted.")
    rate: Decimal
    source: str = strawberry.field(description="Whose rate it is.")
    valid_from: date
    valid_until: date


@strawberry.input
class ReportSublicenceInput:
    idempotency_key: strawberry.ID
    licence_id: strawberry.ID
    sublicensee: str
    period: str = strawberry.field(description="A royalty period of the contract that is over.")
    receipts: MoneyInput = strawberry.field(description="What the sub-licensee paid.")
    net_sales: MoneyInput = strawberry.field(description="What it sold.")
    on: date


@strawberry.input
class ReportFreeGoodsInput:
    idempotency_key: strawberry.ID
    licence_id: strawberry.ID
    period: str = strawberry.field(description="A royalty period of the contract that is over.")
    units: int
    on: date


@strawberry.input
class CountSellOffStockInput:
    idempotency_key: strawberry.ID
    licence_id: strawberry.ID
    product_id: strawberry.ID
    units: int
    on: date = strawberry.field(description="At the end of it: what is sold after takes of them.")


@strawberry.input
class RecordLabelsInput:
    idempotency_key: strawberry.ID
    licence_id: strawberry.ID
    reference: str = strawberry.field(description="The number of the delivery note, so that a delivery counts once.")
    count: int
    on: date


@strawberry.input
class CountLabelsInput:
    idempotency_key: strawberry.ID
    licence_id: strawberry.ID
    on_hand: int
    destroyed: int = strawberry.field(description="In all, with evidence.")
    returned: int = strawberry.field(description="To the licensor, in all.")
    counted_on: date


@strawberry.input
class SubmitForApprovalInput:
    idempotency_key: strawberry.ID
    licence_id: strawberry.ID
    product_id: strawberry.ID
    stage: str = strawberry.field(description="concept, artwork, pre_production, production_sample or marketing.")
    evidence: str = strawberry.field(description="SHA-256 of what was shown, in hex.")
    on: date


@strawberry.input
class RecordApprovalAnswerInput:
    idempotency_key: strawberry.ID
    approval_id: strawberry.ID
    stage: str
    outcome: str = strawberry.field(description="approved, approved_with_changes or rejected.")
    on: date
    answered_by: str
    evidence: str = strawberry.field(description="SHA-256 of the answer as it came, in hex.")
    remarks: str = ""


@strawberry.type(description="What was shown at one stage, and what became of it.")
class ApprovalStage:
    stage: str
    evidence: str
    answer_due: date
    outcome: str | None = strawberry.field(description="Null while an answer is due.")
    settled_on: date | None


@strawberry.type(description="The approval of one product by one licensor.")
class Approval:
    id: strawberry.ID
    licence_id: strawberry.ID
    product_id: strawberry.ID
    contract_no: str
    sku: str
    asked: list[str] = strawberry.field(description="The stages the contract asks for, in their order.")
    stages: list[ApprovalStage]


@strawberry.type
class AmendLicencePayload(LicenceChange): ...


@strawberry.type
class RenewLicencePayload(LicenceChange): ...


@strawberry.type
class TerminateLicencePayload(LicenceChange): ...


@strawberry.type
class AgreeConversionRatePayload(LicenceChange): ...


@strawberry.type
class ReportSublicencePayload(LicenceChange): ...


@strawberry.type
class ReportFreeGoodsPayload(LicenceChange): ...


@strawberry.type
class CountSellOffStockPayload(LicenceChange): ...


@strawberry.type
class RecordLabelsPayload(LicenceChange): ...


@strawberry.type
class CountLabelsPayload(LicenceChange): ...


@strawberry.type
class ApprovalChange:
    replayed: bool
    key: strawberry.Private[UUID]

    @strawberry.field
    def approval(self, info: Info) -> Approval:
        return _approval(desk(info), self.key)


@strawberry.type
class SubmitForApprovalPayload(ApprovalChange): ...


@strawberry.type
class RecordApprovalAnswerPayload(ApprovalChange): ...


@strawberry.type
class ApprovalQuery:
    @described
    def approval(self, info: Info, licence_id: strawberry.ID, product_id: strawberry.ID) -> Approval | None:
        """What a licensor has said to a product so far; null before anything was shown."""
        at, licence = manager(info), read_id("Licence", licence_id, "licenceId")
        id = approving.Approval.id_of(licence, read_id("Product", product_id, "productId"))
        try:
            return _approval(at, id)
        except NotFound:
            return None


@strawberry.type
class ContractsMutation:
    @mutation(*EVERY_MUTATION, AmendmentUnsound, AmendmentAlreadyRecorded, TiersUnsound, RateOutOfRange, TermUnsound)
    def amend_licence(self, info: Info, input: AmendLicenceInput) -> AmendLicencePayload:
        """Agree other rates. Statements that were issued stay; what changes for their sales is adjusted on the next."""
        at, licence = manager(info), read_id("Licence", input.licence_id, "input", "licenceId")
        before = at.shop.log.load(Licence, licence).terms
        fund = input.marketing_fund_rate
        with values("tiers"):
            terms = before.model_validate(
                before.model_dump()
                | {
                    "tiers": tuple(Tier(up_to=tier.up_to, rate=tier.rate) for tier in input.tiers),
                    "method": _one_of("method", get_args(Method), input.method or before.method),
                    "measure": _one_of("measure", get_args(Measure), input.measure or before.measure),
                    "marketing_fund_rate": before.marketing_fund_rate if fund is None else fund,
                }
            )
        amendment = (licence, input.amendment_no, terms, input.effective_from, input.signed_on)
        done = at.carry_out(input, lambda: at.shop.licensing.amend(*amendment))
        return AmendLicencePayload(replayed=done.replayed, key=licence)

    @mutation(*EVERY_MUTATION, TermUnsound, AlreadyTerminated, GrantsOverlap)
    def renew_licence(self, info: Info, input: RenewLicenceInput) -> RenewLicencePayload:
        """Extend a licence's term to a later last day."""
        at, licence = manager(info), read_id("Licence", input.licence_id, "input", "licenceId")
        done = at.carry_out(input, lambda: at.shop.licensing.renew(licence, input.ends, input.signed_on))
        return RenewLicencePayload(replayed=done.replayed, key=licence)

    @mutation(*EVERY_MUTATION, TermUnsound, AlreadyTerminated)
    def terminate_licence(self, info: Info, input: TerminateLicenceInput) -> TerminateLicencePayload:
        """End a licence's term early, with a sell-off or without."""
        at, licence = manager(info), read_id("Licence", input.licence_id, "input", "licenceId")
        end = (licence, input.ends, input.sell_off_days, input.reason)
        done = at.carry_out(input, lambda: at.shop.licensing.terminate(*end))
        return TerminateLicencePayload(replayed=done.replayed, key=licence)

    @mutation(*EVERY_MUTATION, ConversionUnsound, UnknownCurrency)
    def agree_conversion_rate(self, info: Info, input: AgreeConversionRateInput) -> AgreeConversionRatePayload:
        """Agree the rate by which sales in another currency count, and whose rate it is."""
        at, licence = manager(info), read_id("Licence", input.licence_id, "input", "licenceId")
        rate = (licence, str(input.currency), input.rate, input.source, input.valid_from, input.valid_until)
        done = at.carry_out(input, lambda: at.shop.licensing.agree_rate(*rate))
        return AgreeConversionRatePayload(replayed=done.replayed, key=licence)

    @mutation(*EVERY_MUTATION, *MONEY, SublicensingNotGranted, SublicenceUnsound, SublicenceAlreadyReported)
    def report_sublicence(self, info: Info, input: ReportSublicenceInput) -> ReportSublicencePayload:
        """Record what a sub-licensee reports; the licensor's part of it goes on the next statement."""
        at, licence = manager(info), read_id("Licence", input.licence_id, "input", "licenceId")
        amounts = (input.receipts.money(), input.net_sales.money())
        report = (licence, input.sublicensee, input.period, *amounts, input.on)
        done = at.carry_out(input, lambda: at.shop.licensing.report_sublicence(*report))
        return ReportSublicencePayload(replayed=done.replayed, key=licence)

    @mutation(*EVERY_MUTATION, FreeGoodsUnsound)
    def report_free_goods(self, info: Info, input: ReportFreeGoodsInput) -> ReportFreeGoodsPayload:
        """Record what was given away in a period; what is beyond the allowance is charged on the next statement."""
        at, licence = manager(info), read_id("Licence", input.licence_id, "input", "licenceId")
        at.settle()
        report = (licence, input.period, input.units, input.on)
        done = at.carry_out(input, lambda: at.shop.licensing.report_free_goods(*report))
        return ReportFreeGoodsPayload(replayed=done.replayed, key=licence)

    @mutation(*EVERY_MUTATION, StockCountUnsound)
    def count_sell_off_stock(self, info: Info, input: CountSellOffStockInput) -> CountSellOffStockPayload:
        """Record how much of a product was left when the term ended: no more is sold in the sell-off."""
        at, licence = manager(info), read_id("Licence", input.licence_id, "input", "licenceId")
        product = read_id("Product", input.product_id, "input", "productId")
        count = (licence, product, input.units, input.on)
        done = at.carry_out(input, lambda: at.shop.licensing.count_sell_off_stock(*count))
        return CountSellOffStockPayload(replayed=done.replayed, key=licence)

    @mutation(*EVERY_MUTATION, LabelsUnsound)
    def record_labels(self, info: Info, input: RecordLabelsInput) -> RecordLabelsPayload:
        """Record holograms the licensor delivered."""
        at, licence = manager(info), read_id("Licence", input.licence_id, "input", "licenceId")
        delivery = (licence, input.reference, input.count, input.on)
        done = at.carry_out(input, lambda: at.shop.licensing.record_labels(*delivery))
        return RecordLabelsPayload(replayed=done.replayed, key=licence)

    @mutation(*EVERY_MUTATION, LabelsUnsound)
    def count_labels(self, info: Info, input: CountLabelsInput) -> CountLabelsPayload:
        """Record what a count of the holograms found; the next statement reconciles them with what was sold."""
        at, licence = manager(info), read_id("Licence", input.licence_id, "input", "licenceId")
        found = LabelCount(
            on_hand=input.on_hand, destroyed=input.destroyed, returned=input.returned, counted_on=input.counted_on
        )
        at.settle()
        done = at.carry_out(input, lambda: at.shop.licensing.count_labels(licence, found))
        return CountLabelsPayload(replayed=done.replayed, key=licence)

    @mutation(*EVERY_MUTATION, StageNotAsked, EarlierStageOpen, StageSettled)
    def submit_for_approval(self, info: Info, input: SubmitForApprovalInput) -> SubmitForApprovalPayload:
        """Record that a licensor was shown a stage of a product."""
        at, licence = manager(info), read_id("Licence", input.licence_id, "input", "licenceId")
        product = at.shop.log.load(Product, read_id("Product", input.product_id, "input", "productId"))
        stage = cast(Stage, _one_of("stage", STAGES, input.stage))
        shown = (licence, product.id, product.sku, stage, input.evidence, input.on)
        done = at.carry_out(input, lambda: at.shop.licensing.submit_for_approval(*shown))
        return SubmitForApprovalPayload(replayed=done.replayed, key=done.result)

    @mutation(*EVERY_MUTATION, StageNotOpen)
    def record_approval_answer(self, info: Info, input: RecordApprovalAnswerInput) -> RecordApprovalAnswerPayload:
        """Record what the licensor answered."""
        at, approval = manager(info), read_id("Approval", input.approval_id, "input", "approvalId")
        stage = cast(Stage, _one_of("stage", STAGES, input.stage))
        outcome = cast(Outcome, _one_of("outcome", OUTCOMES, input.outcome))
        answer = (approval, stage, outcome, input.on, input.answered_by, input.evidence, input.remarks)
        done = at.carry_out(input, lambda: at.shop.licensing.record_answer(*answer))
        return RecordApprovalAnswerPayload(replayed=done.replayed, key=approval)


def _approval(at: Desk, id: UUID) -> Approval:
    found = at.shop.log.load(approving.Approval, id)
    return Approval(
        id=global_id("Approval", id),
        licence_id=global_id("Licence", found.licence_id),
        product_id=global_id("Product", found.product_id),
        contract_no=found.contract_no,
        sku=found.sku,
        asked=list(found.rules.stages),
        stages=[
            ApprovalStage(
                stage=one.stage,
                evidence=one.evidence,
                answer_due=one.answer_due,
                outcome=one.outcome,
                settled_on=one.settled_on,
            )
            for one in found.submissions.values()
        ],
    )


def _one_of(field: str, known: tuple[str, ...], text: str) -> str:
    if text not in known:
        raise MalformedInput(expected=f"{field} ({', '.join(known)})", value=text[:40]).at("input", field)
    return text
