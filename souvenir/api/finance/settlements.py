"""What finance sees of money after it was taken: payouts explained, disputes, and advances that nothing secures."""

from datetime import date, datetime
from typing import Final

import strawberry

from souvenir.api import claims
from souvenir.api.claim_steps import RESOLVING
from souvenir.api.claims import Claim, ClaimStep, PayoutTender
from souvenir.api.connections import After, Connection, First, page
from souvenir.api.desk import EVERY_MUTATION
from souvenir.api.grounds import MONEY
from souvenir.api.identity import global_id, read_id
from souvenir.api.refusals import at as about
from souvenir.api.refusals import mutation
from souvenir.api.staff import bookkeeper
from souvenir.api.types import Info, Money, MoneyInput, described
from souvenir.kernel import clock
from souvenir.kernel.identifiers import derived_id
from souvenir.payments.collection import CollectionOver
from souvenir.payments.hold import NothingToPayBack
from souvenir.payments.payment import NothingToGiveBack, RefundExceedsPayment
from souvenir.payments.views import DisputeRow, PayoutRow
from souvenir.processes.pay_back import NothingToReturn, Owed
from souvenir.taxrefund.refusals import NothingRecoverable, RepaymentExceedsDebt

MOST_REFERENCE: Final = 100


@strawberry.type(description="What a provider paid to the bank.")
class Payout:
    id: strawberry.ID
    provider: str
    reference: str
    amount: Money = strawberry.field(description="Gross less fee.")
    gross: Money
    fee: Money
    movements: int
    puzzles: list[str] = strawberry.field(description="Movements the shop knows otherwise, or not at all.")
    arrived_on: date


@strawberry.type(description="A cardholder asked their bank for the money back.")
class Dispute:
    id: strawberry.ID
    provider: str
    reference: str
    amount: Money
    fee: Money
    reason: str
    opened_on: date
    state: str = strawberry.field(description="open, won or lost.")
    closed_on: date | None


@strawberry.type(description="What a provider could not give back: pay it another way, and say so.")
class MoneyToReturn:
    id: strawberry.ID
    amount: Money
    provider: str
    reason: str
    since: datetime
    claim_id: strawberry.ID | None = strawberry.field(description="Whose deposit it is of, if it is of one.")
    order_id: strawberry.ID | None = strawberry.field(description="Whose payment it is of, if it is of one.")


@strawberry.input
class PayBackInput:
    idempotency_key: strawberry.ID
    id: strawberry.ID = strawberry.field(description="Of the money to return.")
    tender: PayoutTender
    reference: str = strawberry.field(description="The bank's or the till's.")
    on: date | None = strawberry.field(default=None, description="Without one, today.")


@strawberry.type
class PayBackPayload:
    id: strawberry.ID
    replayed: bool


@strawberry.input
class RecordRepaymentInput:
    idempotency_key: strawberry.ID
    claim_id: strawberry.ID
    reference: str = strawberry.field(description="The bank's or the till's, so that one repayment counts once.")
    amount: MoneyInput
    tender: PayoutTender
    on: date | None = strawberry.field(default=None, description="Without one, today.")


@strawberry.input
class WriteOffDebtInput:
    idempotency_key: strawberry.ID
    claim_id: strawberry.ID
    on: date | None = None


@strawberry.input
class AskForDebtInput:
    idempotency_key: strawberry.ID
    claim_id: strawberry.ID
    on: date | None = None


@strawberry.type
class AskForDebtPayload(ClaimStep):
    link: str = strawberry.field(description="The secret end of an address at your website: send it to the traveller.")


@strawberry.type
class RecordRepaymentPayload(ClaimStep): ...


@strawberry.type
class WriteOffDebtPayload(ClaimStep): ...


@strawberry.type
class MoneyQuery:
    @described
    def payouts(self, info: Info, first: First = 20, after: After = None) -> Connection[Payout]:
        """What providers paid out, by day, with what could not be explained."""
        at = bookkeeper(info)
        view = at.shop.views.settlements
        with at.reading(view) as session:
            return page(
                lambda start, limit: view.payouts(session, start, limit),
                key=lambda row: (row.arrived_on.isoformat(), str(row.id)),
                node=_payout,
                first=first,
                after=after,
                sort="payout",
                read=lambda day, id: (day, id),
            )

    @described
    def disputes(self, info: Info, first: First = 20, after: After = None) -> Connection[Dispute]:
        """What cardholders dispute, by day."""
        at = bookkeeper(info)
        view = at.shop.views.settlements
        with at.reading(view) as session:
            return page(
                lambda start, limit: view.disputes(session, start, limit),
                key=lambda row: (row.opened_on.isoformat(), str(row.id)),
                node=_dispute,
                first=first,
                after=after,
                sort="dispute",
                read=lambda day, id: (day, id),
            )

    @described
    def money_to_return(self, info: Info, first: First = 20, after: After = None) -> Connection[MoneyToReturn]:
        """Refunds and deposits that a provider could not give back, the longest owed first."""
        at = bookkeeper(info)
        return page(
            lambda start, limit: at.shop.pay_back.owed(start or ("", ""), limit),
            key=lambda row: (row.since.isoformat(timespec="microseconds"), str(row.id)),
            node=_to_return,
            first=first,
            after=after,
            sort="money to return",
            read=lambda since, id: (since, id),
        )

    @described
    def unsecured_advances(self, info: Info) -> list[Claim]:
        """Refunds that were advanced and that nothing holds any more: the hold died, or was never there."""
        return claims.unsecured(bookkeeper(info), clock.now())


@strawberry.type
class DebtMutation:
    @mutation(*EVERY_MUTATION, *MONEY, *RESOLVING, NothingRecoverable, RepaymentExceedsDebt)
    def record_repayment(self, info: Info, input: RecordRepaymentInput) -> RecordRepaymentPayload:
        """Record that a traveller paid back what their guarantee did not give."""
        at, claim = bookkeeper(info), read_id("Claim", input.claim_id, "input", "claimId")
        with about("input", "amount"):
            amount = input.amount.money()
        repayment = derived_id("repayment", claim, input.reference[:MOST_REFERENCE])
        paid = (claim, repayment, amount, input.tender.paid_in, input.on)
        done = at.carry_out(input, lambda: at.shop.refund_tax.repay(*paid))
        return RecordRepaymentPayload(replayed=done.replayed, claim_key=claim)

    @mutation(*EVERY_MUTATION, NothingToReturn, NothingToGiveBack, NothingToPayBack, RefundExceedsPayment)
    def pay_back(self, info: Info, input: PayBackInput) -> PayBackPayload:
        """Record that what a provider could not give back was paid another way."""
        at, id = bookkeeper(info), read_id("MoneyToReturn", input.id, "input", "id")
        paid = (id, input.tender.paid_in, input.reference[:MOST_REFERENCE], input.on)
        done = at.carry_out(input, lambda: at.shop.pay_back.record(*paid))
        return PayBackPayload(id=global_id("MoneyToReturn", id), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, CollectionOver)
    def ask_for_debt(self, info: Info, input: AskForDebtInput) -> AskForDebtPayload:
        """A link by which the traveller pays what a declined card did not; asked for again, it is the same link."""
        at, claim = bookkeeper(info), read_id("Claim", input.claim_id, "input", "claimId")
        done = at.carry_out(input, lambda: at.shop.collect_debts.link_for(claim, input.on))
        return AskForDebtPayload(replayed=done.replayed, claim_key=claim, link=done.result)

    @mutation(*EVERY_MUTATION, *RESOLVING, NothingRecoverable)
    def write_off_debt(self, info: Info, input: WriteOffDebtInput) -> WriteOffDebtPayload:
        """Give up what a traveller owes."""
        at, claim = bookkeeper(info), read_id("Claim", input.claim_id, "input", "claimId")
        done = at.carry_out(input, lambda: at.shop.refund_tax.write_off(claim, input.on))
        return WriteOffDebtPayload(replayed=done.replayed, claim_key=claim)


def _to_return(row: Owed) -> MoneyToReturn:
    return MoneyToReturn(
        id=global_id("MoneyToReturn", row.id),
        amount=Money.of(row.amount),
        provider=row.provider,
        reason=row.reason,
        since=row.since,
        claim_id=global_id("Claim", row.claim_id) if row.claim_id else None,
        order_id=global_id("Order", row.order_id) if row.order_id else None,
    )


def _payout(row: PayoutRow) -> Payout:
    return Payout(
        id=global_id("Payout", row.id),
        provider=row.provider,
        reference=row.reference,
        amount=Money.of(row.amount),
        gross=Money.of(row.gross),
        fee=Money.of(row.fee),
        movements=row.movements,
        puzzles=list(row.puzzles),
        arrived_on=row.arrived_on,
    )


def _dispute(row: DisputeRow) -> Dispute:
    return Dispute(
        id=global_id("Dispute", row.id),
        provider=row.provider,
        reference=row.reference,
        amount=Money.of(row.amount),
        fee=Money.of(row.fee),
        reason=row.reason,
        opened_on=row.opened_on,
        state=row.state,
        closed_on=row.closed_on,
    )
