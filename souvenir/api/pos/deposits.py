"""A deposit behind an advance, from a wallet that can hold nothing: shown to the traveller's phone, then settled."""

from datetime import date

import strawberry

from souvenir.api.claims import ClaimStep
from souvenir.api.desk import EVERY_MUTATION, desk
from souvenir.api.grounds import CLAIM
from souvenir.api.identity import global_id, read_id
from souvenir.api.refusals import mutation
from souvenir.api.types import Info, Money
from souvenir.payments.hold import Hold, HoldNotHeld
from souvenir.payments.provider import ProviderSilent, UnknownProvider
from souvenir.processes.refund_tax import GuaranteeDeclined
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.refusals import ClaimNotInstant, GuaranteeAlreadyHeld


@strawberry.input
class BeginDepositInput:
    idempotency_key: strawberry.ID
    claim_id: strawberry.ID
    provider: str
    wallet: str = strawberry.field(description="As the provider calls it: alipay, wechat_pay.")
    on: date | None = None


@strawberry.input
class SettleDepositInput:
    idempotency_key: strawberry.ID
    hold_id: strawberry.ID


@strawberry.type
class BeginDepositPayload:
    hold_id: strawberry.ID
    amount: Money
    link: str = strawberry.field(description="A page to open on the traveller's phone, or the code of a QR to scan.")
    client_secret: str = strawberry.field(description="For the provider's own library instead. Never stored here.")
    replayed: bool


@strawberry.type
class SettleDepositPayload(ClaimStep):
    state: str = strawberry.field(description="requested while the traveller has not paid; held once they have.")


@strawberry.type
class DepositMutation:
    @mutation(
        *EVERY_MUTATION, *CLAIM, ClaimNotInstant, UnknownProvider, GuaranteeDeclined, GuaranteeAlreadyHeld, HoldNotHeld
    )
    def begin_deposit(self, info: Info, input: BeginDepositInput) -> BeginDepositPayload:
        """Ask the traveller's wallet for the net refund as a deposit. It goes back when customs has confirmed."""
        at, claim = desk(info), read_id("Claim", input.claim_id, "input", "claimId")
        form = at.shop.log.load(Claim, claim)
        at.require_here("claim", form.outlet_id, form.point_id)
        asked = (claim, input.provider, input.wallet, input.on)
        done = at.carry_out(input, lambda: at.shop.refund_tax.begin_deposit(*asked))
        begun = done.result
        return BeginDepositPayload(
            hold_id=global_id("Hold", begun.hold_id),
            amount=Money.of(begun.amount),
            link=begun.link,
            client_secret=begun.secret,
            replayed=done.replayed,
        )

    @mutation(*EVERY_MUTATION, *CLAIM, UnknownProvider, ProviderSilent, HoldNotHeld)
    def settle_deposit(self, info: Info, input: SettleDepositInput) -> SettleDepositPayload:
        """Ask whether the traveller has paid; the guarantee is held from then on."""
        at, hold_id = desk(info), read_id("Hold", input.hold_id, "input", "holdId")
        claim = at.shop.log.load(Hold, hold_id).secures
        form = at.shop.log.load(Claim, claim)
        at.require_here("claim", form.outlet_id, form.point_id)
        done = at.carry_out(input, lambda: at.shop.refund_tax.settle_hold(hold_id))
        state = at.shop.log.load(Hold, hold_id).state
        return SettleDepositPayload(replayed=done.replayed, claim_key=claim, state=state)
