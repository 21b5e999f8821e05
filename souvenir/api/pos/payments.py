"""Paying at a device on the counter: started, pending, and final; found again after a till broke down; keyed in by hand."""

from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import strawberry

from souvenir.api import orders
from souvenir.api.authentication import NotAtThisOutlet
from souvenir.api.desk import EVERY_MUTATION, Desk, desk
from souvenir.api.grounds import IN_PARTS, LIMITED, MONEY, TRADING_DAY, Grounds
from souvenir.api.identity import global_id, read_id
from souvenir.api.orders import Order, Tender
from souvenir.api.refusals import at as about
from souvenir.api.refusals import mutation
from souvenir.api.types import Info, Money, MoneyInput, described
from souvenir.payments.batch import Batch, BatchAlreadyClosed, Totals
from souvenir.payments.payment import NothingToGiveBack, Payment, RefundExceedsPayment, SlipAlreadyKeyedIn
from souvenir.payments.provider import ProviderSilent, UnknownProvider
from souvenir.payments.providers.terminal import Slip
from souvenir.payments.registers import open_at_devices
from souvenir.pos.shift import NoOpenShift
from souvenir.processes.pay_at_till import NotAtATerminal, OrderOfAnotherTill
from souvenir.processes.sell import PaymentDeclined, PaymentStillOpen
from souvenir.sales.order import Order as Sale
from souvenir.sales.order import OrderAlreadyPaid, OrderCancelled, PaymentDiffersFromOrder

LONGEST_DEVICE: Final = 64

PAYING_HERE: Final[Grounds] = (
    NotAtThisOutlet,
    UnknownProvider,
    ProviderSilent,
    PaymentDeclined,
    PaymentStillOpen,
    OrderAlreadyPaid,
    OrderCancelled,
    PaymentDiffersFromOrder,
    *LIMITED,
)
"""Why an order is not paid, or its money was given back."""


GIVING_CASH_BACK: Final[Grounds] = (OrderOfAnotherTill, *TRADING_DAY)
"""Why cash cannot go back to who paid it: its drawer is another one, or not open."""


@strawberry.enum(description="How far a payment has come.")
class PaymentState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    DECLINED = "declined"
    MISMATCHED = "mismatched"


@strawberry.type(description="Money that was decided to be given back, and is not known to have been.")
class OpenRefund:
    id: strawberry.ID
    amount: Money


@strawberry.type(description="One attempt to be paid for an order.")
class CounterPayment:
    id: strawberry.ID
    order_id: strawberry.ID
    amount: Money
    tender: Tender
    provider: str
    device: str = strawberry.field(description="The reader or terminal that asks for the money.")
    state: PaymentState
    reason: str | None = strawberry.field(description="Why it was declined.")
    reference: str | None = strawberry.field(description="The provider's, once it took the money.")
    open_refunds: list[OpenRefund]

    @classmethod
    def of(cls, found: Payment) -> "CounterPayment":
        refunds = [
            OpenRefund(id=global_id("Refund", id), amount=Money.of(a)) for id, (a, _) in found.refunds_asked.items()
        ]
        return cls(
            id=global_id("Payment", found.id),
            order_id=global_id("Order", found.order_id),
            amount=Money.of(found.amount),
            tender=Tender(found.tender.value),
            provider=found.provider,
            device=found.device,
            state=_state(found),
            reason=found.declined,
            reference=found.reference,
            open_refunds=refunds,
        )


@strawberry.input
class TakePaymentInput:
    idempotency_key: strawberry.ID
    order_id: strawberry.ID
    tender: Tender
    provider: str = strawberry.field(description="stripe, terminal, cash, sandbox, …")
    device: str = strawberry.field(description="The reader's id at its provider, the terminal's number, or the drawer.")
    amount: MoneyInput | None = strawberry.field(
        default=None, description="A part of what is left; without one, all of it, in cash rounded to the coin."
    )


@strawberry.input
class PaymentInput:
    idempotency_key: strawberry.ID
    payment_id: strawberry.ID


@strawberry.input
class GiveUpOrderInput:
    idempotency_key: strawberry.ID
    order_id: strawberry.ID


@strawberry.input(description="What a terminal that is not connected prints for one transaction.")
class SlipInput:
    terminal: str
    batch: str
    approval: str

    def slip(self) -> Slip:
        with about("input", "slip"):
            return Slip(self.terminal, self.batch, self.approval)


@strawberry.input
class KeyInApprovalInput:
    idempotency_key: strawberry.ID
    payment_id: strawberry.ID
    slip: SlipInput
    amount: MoneyInput | None = strawberry.field(default=None, description="If the slip shows another than was asked.")


@strawberry.input
class KeyInRefusalInput:
    idempotency_key: strawberry.ID
    payment_id: strawberry.ID
    reason: str = ""


@strawberry.input
class KeyInRefundInput:
    idempotency_key: strawberry.ID
    payment_id: strawberry.ID
    refund_id: strawberry.ID
    slip: SlipInput


@strawberry.input(description="The totals a terminal prints at its end of day.")
class CloseTerminalBatchInput:
    idempotency_key: strawberry.ID
    terminal: str
    batch: str
    sales: MoneyInput
    sales_count: int
    refunds: MoneyInput
    refunds_count: int
    on: date


@strawberry.type
class CounterPaymentStep:
    order: Order
    payment: CounterPayment
    replayed: bool


@strawberry.type
class TakePaymentPayload(CounterPaymentStep): ...


@strawberry.type
class CheckPaymentPayload(CounterPaymentStep): ...


@strawberry.type
class CallOffPaymentPayload(CounterPaymentStep): ...


@strawberry.type
class GiveTenderBackPayload(CounterPaymentStep): ...


@strawberry.type
class KeyInApprovalPayload(CounterPaymentStep): ...


@strawberry.type
class KeyInRefusalPayload(CounterPaymentStep): ...


@strawberry.type
class KeyInRefundPayload(CounterPaymentStep): ...


@strawberry.type
class GiveUpOrderPayload:
    order: Order
    replayed: bool


@strawberry.type
class CloseTerminalBatchPayload:
    agrees: bool = strawberry.field(description="Whether everything the terminal did is known here, and nothing else.")
    missing: Money = strawberry.field(description="Sales the terminal made that nobody had keyed in.")
    charged: list[strawberry.ID] = strawberry.field(description="Open payments the totals show to have been charged.")
    not_charged: list[strawberry.ID] = strawberry.field(description="And those they show not to have been.")
    undecided: list[strawberry.ID] = strawberry.field(description="Look these up in the terminal's journal.")
    replayed: bool


@strawberry.type
class CounterPaymentQuery:
    @described
    def open_payments(self, info: Info) -> list[CounterPayment]:
        """What devices of this outlet are still busy with: where a till that broke down goes on."""
        at = desk(info)
        outlet, _ = at.device()
        with at.shop.log.reading() as session:
            waiting = open_at_devices(session)
        here = [id for id, order in waiting if at.shop.log.load(Sale, order).outlet_id == outlet]
        return [CounterPayment.of(at.shop.log.load(Payment, id)) for id in here]

    @described
    def payment(self, info: Info, id: strawberry.ID) -> CounterPayment:
        """A payment of an order of this outlet, as the shop knows it now."""
        at = desk(info)
        return CounterPayment.of(_own_payment(at, id, "id"))


@strawberry.type
class CounterPaymentMutation:
    @mutation(*EVERY_MUTATION, *PAYING_HERE, *IN_PARTS, NoOpenShift, OrderOfAnotherTill)
    def take_payment(self, info: Info, input: TakePaymentInput) -> TakePaymentPayload:
        """Have an order paid at a device, whole or in part. It may be open for a while: check it until it is not.

        One that is declined leaves the others as they are: try another way. The order is paid once nothing remains.
        """
        at, order_id = desk(info), read_id("Order", input.order_id, "input", "orderId")
        at.require_here("order", at.shop.log.load(Sale, order_id).outlet_id)
        device = input.device.strip()[:LONGEST_DEVICE] or "counter"
        with about("input", "amount"):
            part = input.amount.money() if input.amount else None
        how = (order_id, input.tender.paid_with, input.provider, device, at.device()[1], part)
        done = at.carry_out(input, lambda: at.shop.pay_at_till.take(*how))
        return TakePaymentPayload(**_step(at, done.result), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, *PAYING_HERE)
    def check_payment(self, info: Info, input: PaymentInput) -> CheckPaymentPayload:
        """Ask the provider what became of a payment."""
        at = desk(info)
        payment = _own_payment(at, input.payment_id)
        done = at.carry_out(input, lambda: at.shop.sell.settle(payment.id))
        return CheckPaymentPayload(**_step(at, payment.id), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, *PAYING_HERE)
    def call_off_payment(self, info: Info, input: PaymentInput) -> CallOffPaymentPayload:
        """Stop a payment: the reader's screen is cleared. PAYMENT_DECLINED says that nothing was taken."""
        at = desk(info)
        payment = _own_payment(at, input.payment_id)
        done = at.carry_out(input, lambda: at.shop.pay_at_till.call_off(payment.id))
        return CallOffPaymentPayload(**_step(at, payment.id), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, NotAtThisOutlet, OrderAlreadyPaid, OrderCancelled, *GIVING_CASH_BACK)
    def give_tender_back(self, info: Info, input: PaymentInput) -> GiveTenderBackPayload:
        """Give back one tender of an order that is not paid in full: the customer pays otherwise."""
        at = desk(info)
        payment = _own_payment(at, input.payment_id)
        done = at.carry_out(input, lambda: at.shop.pay_at_till.give_back(payment.id, at.device()[1]))
        return GiveTenderBackPayload(**_step(at, payment.id), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, NotAtThisOutlet, PaymentStillOpen, OrderAlreadyPaid, *GIVING_CASH_BACK)
    def give_up_order(self, info: Info, input: GiveUpOrderInput) -> GiveUpOrderPayload:
        """Cancel an order that is not paid in full: its pieces are free at once, and what was paid goes back."""
        at, order_id = desk(info), read_id("Order", input.order_id, "input", "orderId")
        at.require_here("order", at.shop.log.load(Sale, order_id).outlet_id)
        done = at.carry_out(input, lambda: at.shop.pay_at_till.give_up(order_id, at.device()[1]))
        return GiveUpOrderPayload(order=orders.order(at, order_id), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, *MONEY, *PAYING_HERE, NotAtATerminal, SlipAlreadyKeyedIn)
    def key_in_approval(self, info: Info, input: KeyInApprovalInput) -> KeyInApprovalPayload:
        """A terminal that is not connected approved: key in its slip."""
        at = desk(info)
        payment, slip = _own_payment(at, input.payment_id), input.slip.slip()
        with about("input", "amount"):
            amount = input.amount.money() if input.amount else None
        done = at.carry_out(input, lambda: at.shop.pay_at_till.key_in(payment.id, slip, amount))
        return KeyInApprovalPayload(**_step(at, payment.id), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, *PAYING_HERE, NotAtATerminal)
    def key_in_refusal(self, info: Info, input: KeyInRefusalInput) -> KeyInRefusalPayload:
        """A terminal that is not connected declined; PAYMENT_DECLINED confirms it. Then try another way to pay."""
        at = desk(info)
        payment = _own_payment(at, input.payment_id)
        done = at.carry_out(input, lambda: at.shop.pay_at_till.key_in_refusal(payment.id, input.reason))
        return KeyInRefusalPayload(**_step(at, payment.id), replayed=done.replayed)

    @mutation(
        *EVERY_MUTATION, NotAtThisOutlet, NotAtATerminal, SlipAlreadyKeyedIn, NothingToGiveBack, RefundExceedsPayment
    )
    def key_in_refund(self, info: Info, input: KeyInRefundInput) -> KeyInRefundPayload:
        """A terminal that is not connected gave money back: key in its slip."""
        at = desk(info)
        payment, slip = _own_payment(at, input.payment_id), input.slip.slip()
        refund = read_id("Refund", input.refund_id, "input", "refundId")
        done = at.carry_out(input, lambda: at.shop.pay_at_till.key_in_refund(payment.id, refund, slip))
        return KeyInRefundPayload(**_step(at, payment.id), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, *MONEY, BatchAlreadyClosed)
    def close_terminal_batch(self, info: Info, input: CloseTerminalBatchInput) -> CloseTerminalBatchPayload:
        """Compare a terminal's totals with what was keyed in, and finish the open payments that this decides."""
        at = desk(info)
        at.device()
        with about("input"):
            printed = Totals(
                sales=input.sales.money(),
                sales_count=input.sales_count,
                refunds=input.refunds.money(),
                refunds_count=input.refunds_count,
            )
        totals = (input.terminal, input.batch, printed, input.on)
        done = at.carry_out(input, lambda: at.shop.pay_at_till.close_batch(*totals))
        batch = at.shop.log.load(Batch, done.result)
        return CloseTerminalBatchPayload(
            agrees=batch.agrees,
            missing=Money.of(batch.missing),
            charged=[global_id("Payment", id) for id in batch.charged],
            not_charged=[global_id("Payment", id) for id in batch.not_charged],
            undecided=[global_id("Payment", id) for id in batch.undecided],
            replayed=done.replayed,
        )


def _own_payment(at: Desk, id: strawberry.ID, *path: str) -> Payment:
    """A payment of an order of the outlet where the device stands. Raises NotAtThisOutlet."""
    found = at.shop.log.load(Payment, read_id("Payment", id, *(path or ("input", "paymentId"))))
    at.require_here("payment", at.shop.log.load(Sale, found.order_id).outlet_id)
    return found


def _step(at: Desk, payment_id: UUID) -> dict[str, Any]:
    found = at.shop.log.load(Payment, payment_id)
    return {"order": orders.order(at, found.order_id), "payment": CounterPayment.of(found)}


def _state(found: Payment) -> PaymentState:
    if found.received is not None:
        return PaymentState.MISMATCHED
    if found.reference is not None:
        return PaymentState.APPROVED
    return PaymentState.DECLINED if found.declined is not None else PaymentState.OPEN
