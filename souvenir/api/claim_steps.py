"""The steps of a claim after its advance, for whoever acts for customs, the traveller or the agency."""

from datetime import date
from typing import Final

import strawberry

from souvenir.api.claims import ClaimStep, PayoutTender
from souvenir.api.desk import EVERY_MUTATION
from souvenir.api.grounds import MONEY, Grounds
from souvenir.api.identity import read_id
from souvenir.api.refusals import at as about
from souvenir.api.refusals import mutation
from souvenir.api.staff import bookkeeper, refund_desk
from souvenir.api.types import Info, MoneyInput
from souvenir.payments.hold import HoldNotHeld
from souvenir.payments.provider import UnknownProvider
from souvenir.taxrefund.refusals import (
    AdvanceNotRecovered,
    AgencyAlreadyReviewed,
    CaptureExceedsGuarantee,
    CashNotAllowed,
    ClaimHasAnotherState,
    CustomsAlreadyAnswered,
    CustomsBeforeIssue,
    CustomsNotConfirmed,
    DepartureTooLate,
    GuaranteeAlreadyResolved,
    MoreUnitsThanListed,
    NothingGuaranteed,
    PaidOtherwise,
    PromiseNotKept,
    PromiseStillOpen,
    RecoveryExceedsAdvance,
    SettlementExceedsRefund,
    UnknownClaimLine,
)

RESOLVING: Final[Grounds] = (
    ClaimHasAnotherState,
    GuaranteeAlreadyResolved,
    CaptureExceedsGuarantee,
    RecoveryExceedsAdvance,
    NothingGuaranteed,
    HoldNotHeld,
    UnknownProvider,
)
"""Why a guarantee cannot be given back or taken."""


@strawberry.input(description="How many units of one line of the form customs saw.")
class SeenLineInput:
    line_no: int
    quantity: int


@strawberry.input
class ConfirmCustomsInput:
    idempotency_key: strawberry.ID
    claim_id: strawberry.ID
    port: str
    lines: list[SeenLineInput] = strawberry.field(description="Lines that are not named were not seen.")
    on: date | None = strawberry.field(default=None, description="Without one, today.")
    reason: str = strawberry.field(default="", description="Of a refusal. Names nobody.")
    inspected: bool | None = strawberry.field(
        default=None, description="Whether customs looked into the bag, or let it pass."
    )


@strawberry.input
class MissPromiseInput:
    idempotency_key: strawberry.ID
    claim_id: strawberry.ID
    on: date | None = None


@strawberry.input
class PayAtDepartureInput:
    idempotency_key: strawberry.ID
    claim_id: strawberry.ID
    tender: PayoutTender
    on: date | None = None


@strawberry.input
class SettleClaimInput:
    idempotency_key: strawberry.ID
    claim_id: strawberry.ID
    amount: MoneyInput
    on: date
    statement: str = ""


@strawberry.type
class ConfirmCustomsPayload(ClaimStep): ...


@strawberry.type
class MissPromisePayload(ClaimStep): ...


@strawberry.type
class PayAtDeparturePayload(ClaimStep): ...


@strawberry.type
class SettleClaimPayload(ClaimStep): ...


@strawberry.type
class RefundDeskMutation:
    @mutation(
        *EVERY_MUTATION,
        *RESOLVING,
        CustomsAlreadyAnswered,
        CustomsBeforeIssue,
        UnknownClaimLine,
        MoreUnitsThanListed,
        DepartureTooLate,
        PromiseNotKept,
        AgencyAlreadyReviewed,
    )
    def confirm_customs(self, info: Info, input: ConfirmCustomsInput) -> ConfirmCustomsPayload:
        """Record what customs saw. An advance whose promise was kept becomes final, and its guarantee is released."""
        at, claim = refund_desk(info), read_id("Claim", input.claim_id, "input", "claimId")
        seen = {line.line_no: line.quantity for line in input.lines}
        answer = (claim, input.port, seen, input.on, input.reason, input.inspected)
        done = at.carry_out(input, lambda: at.shop.refund_tax.confirm_customs(*answer))
        return ConfirmCustomsPayload(replayed=done.replayed, claim_key=claim)

    @mutation(*EVERY_MUTATION, *RESOLVING, PromiseStillOpen)
    def miss_promise(self, info: Info, input: MissPromiseInput) -> MissPromisePayload:
        """Record that a promise to leave was broken, and take the advance back from its guarantee."""
        at, claim = refund_desk(info), read_id("Claim", input.claim_id, "input", "claimId")
        done = at.carry_out(input, lambda: at.shop.refund_tax.miss_promise(claim, input.on))
        return MissPromisePayload(replayed=done.replayed, claim_key=claim)

    @mutation(
        *EVERY_MUTATION, ClaimHasAnotherState, AdvanceNotRecovered, CustomsNotConfirmed, CashNotAllowed, PaidOtherwise
    )
    def pay_at_departure(self, info: Info, input: PayAtDepartureInput) -> PayAtDeparturePayload:
        """The ordinary route: record that the refund was paid after customs."""
        at, claim = refund_desk(info), read_id("Claim", input.claim_id, "input", "claimId")
        tender = input.tender.paid_in
        done = at.carry_out(input, lambda: at.shop.refund_tax.pay_at_departure(claim, tender, input.on))
        return PayAtDeparturePayload(replayed=done.replayed, claim_key=claim)


@strawberry.type
class SettlementMutation:
    @mutation(*EVERY_MUTATION, *MONEY, ClaimHasAnotherState, SettlementExceedsRefund)
    def settle_claim(self, info: Info, input: SettleClaimInput) -> SettleClaimPayload:
        """Record that the agency's statement covered a refund."""
        at, claim = bookkeeper(info), read_id("Claim", input.claim_id, "input", "claimId")
        with about("input", "amount"):
            amount = input.amount.money()
        statement = (claim, amount, input.on, input.statement)
        done = at.carry_out(input, lambda: at.shop.refund_tax.settle(*statement))
        return SettleClaimPayload(replayed=done.replayed, claim_key=claim)
