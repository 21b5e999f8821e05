"""What leaves by bank transfer: a royalty is paid as its statement asks, and every order shows how far it has come."""

from datetime import date
from uuid import UUID

import strawberry

from souvenir.api.connections import After, Connection, First, page
from souvenir.api.desk import EVERY_MUTATION, Desk
from souvenir.api.identity import global_id, read_id
from souvenir.api.refusals import mutation
from souvenir.api.staff import bookkeeper
from souvenir.api.types import Info, Money, described
from souvenir.banking import transfer
from souvenir.banking.bank import NoBank
from souvenir.banking.registers import transfers_from
from souvenir.licensing.statement import NotStated
from souvenir.processes.pay_out import AlreadyBeingPaid, NothingToPay, NotPaidByHand, PaymentNotKnown


@strawberry.type(description="An order to the bank to pay somebody.")
class Transfer:
    id: strawberry.ID
    payee: str = strawberry.field(description="By the shop's own name of them.")
    amount: Money
    text: str
    due_on: date
    attempt: int = strawberry.field(description="A rejected order may be given again.")
    state: str = strawberry.field(description="requested, sent, executed or rejected.")
    reference: str
    reason: str = strawberry.field(description="Why it was rejected.")
    executed_on: date | None


@strawberry.input
class PayRoyaltyInput:
    idempotency_key: strawberry.ID
    licence_id: strawberry.ID
    period: str
    on: date | None = None


@strawberry.type
class PayRoyaltyPayload:
    transfer: Transfer
    replayed: bool


@strawberry.input
class RecordRoyaltyPaidInput:
    idempotency_key: strawberry.ID
    licence_id: strawberry.ID
    period: str
    paid_on: date
    reference: str = strawberry.field(description="The bank's, as on the account statement.")


@strawberry.input
class WithdrawRoyaltyPaidInput:
    idempotency_key: strawberry.ID
    licence_id: strawberry.ID
    period: str
    reason: str
    on: date


@strawberry.type
class RecordRoyaltyPaidPayload:
    transfer: Transfer
    replayed: bool


@strawberry.type
class WithdrawRoyaltyPaidPayload:
    transfer: Transfer
    replayed: bool


@strawberry.type
class TransferQuery:
    @described
    def transfers(self, info: Info, first: First = 20, after: After = None) -> Connection[Transfer]:
        """Orders to the bank."""
        at = bookkeeper(info)
        with at.shop.log.reading() as session:
            return page(
                lambda start, limit: transfers_from(session, start or "", limit),
                key=lambda id: (str(id),),
                node=lambda id: _shown(at, id),
                first=first,
                after=after,
                sort="transfer",
            )


@strawberry.type
class TransferMutation:
    @mutation(*EVERY_MUTATION, NoBank, NotStated, NothingToPay)
    def pay_royalty(self, info: Info, input: PayRoyaltyInput) -> PayRoyaltyPayload:
        """Have the bank pay what a licence's statement asks for: once, and again only if it was rejected."""
        at, licence = bookkeeper(info), read_id("Licence", input.licence_id, "input", "licenceId")
        done = at.carry_out(input, lambda: at.shop.pay_out.royalty(licence, input.period, input.on))
        return PayRoyaltyPayload(transfer=_shown(at, done.result), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, NotStated, NothingToPay, AlreadyBeingPaid, PaymentNotKnown)
    def record_royalty_paid(self, info: Info, input: RecordRoyaltyPaidInput) -> RecordRoyaltyPaidPayload:
        """Record that what a statement asks for was paid by hand, outside the bank port; paid late, it bears interest."""
        at, licence = bookkeeper(info), read_id("Licence", input.licence_id, "input", "licenceId")
        payment = (licence, input.period, input.paid_on, input.reference)
        done = at.carry_out(input, lambda: at.shop.pay_out.record_paid(*payment))
        return RecordRoyaltyPaidPayload(transfer=_shown(at, done.result), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, NotStated, NothingToPay, NotPaidByHand)
    def withdraw_royalty_paid(self, info: Info, input: WithdrawRoyaltyPaidInput) -> WithdrawRoyaltyPaidPayload:
        """Take back the record of a payment by hand that was none, or came back: what it paid is owed again."""
        at, licence = bookkeeper(info), read_id("Licence", input.licence_id, "input", "licenceId")
        withdrawal = (licence, input.period, input.reason, input.on)
        done = at.carry_out(input, lambda: at.shop.pay_out.withdraw_paid(*withdrawal))
        return WithdrawRoyaltyPaidPayload(transfer=_shown(at, done.result), replayed=done.replayed)


def _shown(at: Desk, id: UUID) -> Transfer:
    found = at.shop.log.load(transfer.Transfer, id)
    return Transfer(
        id=global_id("Transfer", found.id),
        payee=found.payee,
        amount=Money.of(found.amount),
        text=found.text,
        due_on=found.due_on,
        attempt=found.attempt,
        state=found.state,
        reference=found.reference,
        reason=found.reason,
        executed_on=found.executed_on,
    )
