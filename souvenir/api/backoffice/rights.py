"""The back office records rights: licences and what was paid on them, and certificates of gift marks."""

from datetime import date
from decimal import Decimal
from typing import Literal, cast
from uuid import UUID

import strawberry

from souvenir.api import rights
from souvenir.api.desk import EVERY_MUTATION, desk
from souvenir.api.grounds import MONEY
from souvenir.api.identity import global_id, read_id
from souvenir.api.refusals import at as about
from souvenir.api.refusals import mutation
from souvenir.api.rights import Licence
from souvenir.api.scalars import CurrencyCode
from souvenir.api.staff import manager
from souvenir.api.types import Info, MoneyInput, TranslationInput, values, words
from souvenir.catalogue.product import checked_sku, product_id
from souvenir.licensing.authorisation import CertificateAlreadyRecorded, CertificateUnsound
from souvenir.licensing.grant import STAGES, ApprovalRules, GrantsOverlap, Stage
from souvenir.licensing.licence import (
    AdvanceAlreadyRecorded,
    AdvanceExceedsAgreed,
    AdvanceUnsound,
    Grant,
    LicenceAlreadyGranted,
)
from souvenir.licensing.terms import Instalment, RateOutOfRange, RoyaltyTerms, TermUnsound, Tier, TiersUnsound


@strawberry.input(description="Which stages the licensor approves before a product is sold, and how long it has.")
class ApprovalRulesInput:
    stages: list[str] = strawberry.field(default_factory=lambda: list(STAGES))
    answer_days: int = strawberry.field(default=10, description="Business days.")
    silence_consents: bool = False


@strawberry.input(description="What is granted. Territories are ISO 3166: CN covers CN-BJ; channels: shop, online.")
class GrantInput:
    categories: list[str]
    territories: list[str]
    channels: list[str]
    starts: date
    ends: date = strawberry.field(description="The last day of the term.")
    sell_off_days: int = 0
    time_zone: str = "Asia/Shanghai"
    exclusive: bool = False
    agent: str | None = strawberry.field(default=None, description="Who acts for the licensor.")
    agent_commission: Decimal = strawberry.field(
        default=Decimal(0), description="The agent's part of the royalty, paid by the licensor."
    )
    head_contract_no: str | None = strawberry.field(default=None, description="What a sub-licence derives from.")
    sub_licensing: bool = False
    approval: ApprovalRulesInput | None = strawberry.field(default=None, description="Without it, none is asked for.")


@strawberry.input(description="A rate up to a limit of the year's sales; the last tier has no limit.")
class RoyaltyTierInput:
    rate: Decimal = strawberry.field(description="A fraction: 0.08 for 8 %.")
    up_to: Decimal | None = None


@strawberry.input(
    description="A further amount that is guaranteed by a day, royalties and earlier guarantees credited."
)
class InstalmentInput:
    due: date
    amount: MoneyInput


@strawberry.input
class RoyaltyTermsInput:
    currency: CurrencyCode
    tiers: list[RoyaltyTierInput] = strawberry.field(description="A flat rate is one tier without a limit.")
    method: str = strawberry.field(default="marginal", description="marginal, whole or prospective.")
    measure: str = strawberry.field(default="net", description="What tiers count: net or units.")
    advance: MoneyInput | None = None
    marketing_fund_rate: Decimal = Decimal(0)
    price_share: Decimal = strawberry.field(
        default=Decimal(1), description="The part of the price without VAT that is the base."
    )
    period_months: int = 3
    unit_cap: int | None = strawberry.field(default=None, description="Units in all; more cost more, or are refused.")
    refuse_over_cap: bool = False
    withholding_rate: Decimal = Decimal(0)
    due_days: int = strawberry.field(default=30, description="From the end of a period to payment.")
    tax_borne_by: str = strawberry.field(default="licensor", description="licensor, or licensee: then it is on top.")
    recoup_in_sell_off: bool = True
    over_cap_multiplier: Decimal = strawberry.field(
        default=Decimal(1), description="Of the rate, for units over the cap."
    )
    stacking_cap: Decimal | None = strawberry.field(
        default=None, description="Bounds the combined rate of all licences on one piece."
    )
    guarantees: list[InstalmentInput] = strawberry.field(default_factory=list, description="Besides the advance.")
    shared_account: str | None = strawberry.field(
        default=None, description="Contracts of one licensor that name the same are cross-collateralised."
    )
    discount_cap: Decimal | None = strawberry.field(
        default=None, description="The part of the list price up to which discounts lower the base; null is all."
    )
    discount_cap_tested: str = strawberry.field(default="year", description="Over the contract year, or the period.")
    reserve_rate: Decimal = strawberry.field(default=Decimal(0), description="Held of each period against returns.")
    reserve_periods: int = strawberry.field(default=0, description="After how many periods it is released.")
    sublicence_share: Decimal = strawberry.field(default=Decimal(0), description="Of what sub-licensees pay.")
    sublicence_rate: Decimal = strawberry.field(
        default=Decimal(0), description="On what they sell; the greater is owed."
    )
    unit_floor: MoneyInput | None = strawberry.field(
        default=None, description="The least a unit bears, by article; with a rate of 0, a royalty per unit."
    )
    free_goods_allowance: Decimal | None = strawberry.field(
        default=None, description="Of units sold: more free goods than that count as sold; null charges none."
    )
    labels_deemed_sold: bool = strawberry.field(default=False, description="Labels nobody can show are charged.")
    late_interest_rate: Decimal = strawberry.field(default=Decimal(0), description="On what is paid after it was due.")
    late_interest: str = strawberry.field(default="daily", description="A year, counted daily; or a month, monthly.")
    guarantee_years: str = strawberry.field(
        default="crossed",
        description="crossed; or separate: each contract year is set against its own guarantee alone.",
    )


@strawberry.input
class GrantLicenceInput:
    idempotency_key: strawberry.ID
    contract_no: str
    licensor: str
    property_name: list[TranslationInput]
    grant: GrantInput
    terms: RoyaltyTermsInput


@strawberry.input
class RecordAdvanceInput:
    idempotency_key: strawberry.ID
    licence_id: strawberry.ID
    reference: str = strawberry.field(description="The bank's, so that one payment counts once.")
    amount: MoneyInput = strawberry.field(description="Gross of the tax withheld from it.")
    paid_on: date
    withheld: MoneyInput | None = None


@strawberry.input
class CertifyMarkInput:
    idempotency_key: strawberry.ID
    certificate_no: str
    mark: list[TranslationInput]
    certifier: str
    product_skus: list[str] = strawberry.field(description="The products it covers; they may be listed afterwards.")
    valid_from: date
    valid_until: date
    review_due: date | None = None


@strawberry.input
class PassMarkReviewInput:
    idempotency_key: strawberry.ID
    mark_id: strawberry.ID
    reviewed_on: date
    next_due: date = strawberry.field(description="The last day by which it must be reviewed again.")


@strawberry.type
class LicenceChange:
    replayed: bool
    key: strawberry.Private[UUID]

    @strawberry.field
    def licence(self, info: Info) -> Licence:
        return rights.licence(desk(info), self.key)


@strawberry.type
class GrantLicencePayload(LicenceChange): ...


@strawberry.type
class RecordAdvancePayload(LicenceChange): ...


@strawberry.type
class CertifyMarkPayload:
    mark_id: strawberry.ID
    certificate_no: str
    replayed: bool


@strawberry.type
class PassMarkReviewPayload:
    mark_id: strawberry.ID
    replayed: bool


@strawberry.type
class RightsMutation:
    @mutation(*EVERY_MUTATION, *MONEY, TermUnsound, TiersUnsound, RateOutOfRange, LicenceAlreadyGranted, GrantsOverlap)
    def grant_licence(self, info: Info, input: GrantLicenceInput) -> GrantLicencePayload:
        """Record a signed licence contract."""
        at = manager(info)
        contract = (input.contract_no, input.licensor, words(input.property_name))
        grant, terms = _grant(input.grant), _terms(input.terms)
        done = at.carry_out(input, lambda: at.shop.licensing.grant(*contract, grant, terms))
        return GrantLicencePayload(replayed=done.replayed, key=done.result)

    @mutation(*EVERY_MUTATION, *MONEY, AdvanceExceedsAgreed, AdvanceUnsound, AdvanceAlreadyRecorded)
    def record_advance(self, info: Info, input: RecordAdvanceInput) -> RecordAdvancePayload:
        """Record a payment of a licence's advance."""
        at, licence = manager(info), read_id("Licence", input.licence_id, "input", "licenceId")
        with about("input", "amount"):
            amount = input.amount.money()
        with about("input", "withheld"):
            withheld = input.withheld.money() if input.withheld else amount * 0
        payment = (licence, input.reference, amount, withheld, input.paid_on)
        done = at.carry_out(input, lambda: at.shop.licensing.record_advance(*payment))
        return RecordAdvancePayload(replayed=done.replayed, key=licence)

    @mutation(*EVERY_MUTATION, CertificateUnsound, CertificateAlreadyRecorded)
    def certify_mark(self, info: Info, input: CertifyMarkInput) -> CertifyMarkPayload:
        """Record a certificate under which products carry a gift mark."""
        at = manager(info)
        with about("input", "productSkus"):
            products = tuple(product_id(checked_sku(sku)) for sku in input.product_skus)
        mark = words(input.mark)
        span = (input.valid_from, input.valid_until, input.review_due)
        done = at.carry_out(
            input,
            lambda: at.shop.licensing.certify_mark(input.certificate_no, mark, input.certifier, products, *span),
        )
        mark_id = global_id("Mark", done.result)
        return CertifyMarkPayload(mark_id=mark_id, certificate_no=input.certificate_no, replayed=done.replayed)

    @mutation(*EVERY_MUTATION, CertificateUnsound)
    def pass_mark_review(self, info: Info, input: PassMarkReviewInput) -> PassMarkReviewPayload:
        """Record that a gift mark passed its annual review: until the next one its products may be sold."""
        at, mark = manager(info), read_id("Mark", input.mark_id, "input", "markId")
        review = (mark, input.reviewed_on, input.next_due)
        done = at.carry_out(input, lambda: at.shop.licensing.pass_review(*review))
        return PassMarkReviewPayload(mark_id=input.mark_id, replayed=done.replayed)


def _grant(input: GrantInput) -> Grant:
    with values("grant"):
        return Grant(
            categories=tuple(input.categories),
            territories=tuple(input.territories),
            channels=tuple(input.channels),
            starts=input.starts,
            ends=input.ends,
            sell_off_days=input.sell_off_days,
            time_zone=input.time_zone,
            exclusive=input.exclusive,
            agent=input.agent,
            agent_commission=input.agent_commission,
            head_contract_no=input.head_contract_no,
            sub_licensing=input.sub_licensing,
            approval=_approval(input.approval) if input.approval else None,
        )


def _approval(input: ApprovalRulesInput) -> ApprovalRules:
    return ApprovalRules(
        stages=cast(tuple[Stage, ...], tuple(input.stages)),
        answer_days=input.answer_days,
        silence_consents=input.silence_consents,
    )


def _terms(input: RoyaltyTermsInput) -> RoyaltyTerms:
    with values("terms"), about("input", "terms"):
        return RoyaltyTerms(
            currency=input.currency,
            tiers=tuple(Tier(up_to=tier.up_to, rate=tier.rate) for tier in input.tiers),
            method=cast(Literal["marginal", "whole", "prospective"], input.method),
            measure=cast(Literal["net", "units"], input.measure),
            advance=input.advance.money() if input.advance else None,
            marketing_fund_rate=input.marketing_fund_rate,
            price_share=input.price_share,
            period_months=cast(Literal[1, 3, 6, 12], input.period_months),
            unit_cap=input.unit_cap,
            refuse_over_cap=input.refuse_over_cap,
            withholding_rate=input.withholding_rate,
            due_days=input.due_days,
            tax_borne_by=cast(Literal["licensor", "licensee"], input.tax_borne_by),
            recoup_in_sell_off=input.recoup_in_sell_off,
            over_cap_multiplier=input.over_cap_multiplier,
            stacking_cap=input.stacking_cap,
            guarantees=tuple(Instalment(due=each.due, amount=each.amount.money()) for each in input.guarantees),
            shared_account=input.shared_account,
            discount_cap=input.discount_cap,
            discount_cap_tested=cast(Literal["year", "period"], input.discount_cap_tested),
            reserve_rate=input.reserve_rate,
            reserve_periods=input.reserve_periods,
            sublicence_share=input.sublicence_share,
            sublicence_rate=input.sublicence_rate,
            unit_floor=input.unit_floor.money() if input.unit_floor else None,
            free_goods_allowance=input.free_goods_allowance,
            labels_deemed_sold=input.labels_deemed_sold,
            late_interest_rate=input.late_interest_rate,
            late_interest=cast(Literal["daily", "monthly"], input.late_interest),
            guarantee_years=cast(Literal["crossed", "separate"], input.guarantee_years),
        )
