"""A visitor pays an order of their own: with a token at once, or in their browser, completed there and settled here."""

from enum import StrEnum
from typing import Final
from uuid import UUID

import strawberry

from souvenir.api import orders
from souvenir.api.buyers import require_identified
from souvenir.api.desk import EVERY_MUTATION, Desk, desk
from souvenir.api.grounds import LIMITED, OWN_BASKET, Grounds
from souvenir.api.identity import global_id, read_id
from souvenir.api.orders import Order, OrderChange
from souvenir.api.refusals import mutation
from souvenir.api.types import Info, Money
from souvenir.kernel.errors import MalformedInput, NotFound
from souvenir.payments.collection import CollectionOver
from souvenir.payments.payment import Payment
from souvenir.payments.payment import Tender as PaidWith
from souvenir.payments.provider import ProviderSilent, UnknownProvider
from souvenir.processes.collect_debts import LinkNotGenuine
from souvenir.processes.sell import PaymentDeclined
from souvenir.sales.basket import Basket
from souvenir.sales.order import Order as Sale
from souvenir.sales.order import OrderAlreadyPaid, OrderCancelled, PaymentDiffersFromOrder

PAYING: Final[Grounds] = (
    *OWN_BASKET,
    UnknownProvider,
    ProviderSilent,
    PaymentDeclined,
    OrderAlreadyPaid,
    OrderCancelled,
    PaymentDiffersFromOrder,
    *LIMITED,
)
"""Why an order is not paid, or its money was given back."""


@strawberry.enum(description="What can be paid with from afar.")
class OnlineTender(StrEnum):
    CARD = "card"
    WALLET = "wallet"


@strawberry.input
class PayInput:
    idempotency_key: strawberry.ID
    order_id: strawberry.ID
    tender: OnlineTender
    provider: str
    source: str = strawberry.field(description="The provider's token for the card or wallet; never its number.")


@strawberry.input
class BeginPaymentInput:
    idempotency_key: strawberry.ID
    order_id: strawberry.ID
    tender: OnlineTender
    provider: str


@strawberry.input
class SettlePaymentInput:
    idempotency_key: strawberry.ID
    payment_id: strawberry.ID


@strawberry.type
class PayPayload(OrderChange):
    payment_id: strawberry.ID


@strawberry.type
class BeginPaymentPayload:
    payment_id: strawberry.ID
    reference: str = strawberry.field(description="The provider's, for its own library in the browser.")
    client_secret: str = strawberry.field(description="What the browser needs to complete it. Never stored here.")
    replayed: bool


@strawberry.type
class SettlePaymentPayload(OrderChange):
    payment_id: strawberry.ID


@strawberry.input
class BeginRepaymentInput:
    idempotency_key: strawberry.ID
    link: str = strawberry.field(description="What the shop sent.")


@strawberry.input
class SettleRepaymentInput:
    idempotency_key: strawberry.ID
    link: str


@strawberry.type
class BeginRepaymentPayload:
    amount: Money = strawberry.field(description="What is still owed of a tax refund advance.")
    provider: str
    reference: str = strawberry.field(description="The provider's, for its own library in the browser.")
    client_secret: str = strawberry.field(description="What the browser needs to complete it. Never stored here.")
    replayed: bool


@strawberry.type
class SettleRepaymentPayload:
    paid: bool = strawberry.field(description="Whether the money came. What was too much of it goes back by itself.")
    replayed: bool


@strawberry.type
class PaymentMutation:
    @mutation(*EVERY_MUTATION, *PAYING)
    def pay(self, info: Info, input: PayInput) -> PayPayload:
        """Pay an order of your own."""
        at, order_id = desk(info), read_id("Order", input.order_id, "input", "orderId")
        _require_payable_from_afar(at, own_sale(at, order_id), input.provider, input.source)
        how = (PaidWith(input.tender.value), input.provider, input.source)
        done = at.carry_out(input, lambda: at.shop.sell.pay(order_id, *how))
        return PayPayload(
            order=orders.order(at, order_id), payment_id=global_id("Payment", done.result), replayed=done.replayed
        )

    @mutation(*EVERY_MUTATION, *PAYING)
    def begin_payment(self, info: Info, input: BeginPaymentInput) -> BeginPaymentPayload:
        """Prepare a payment of an order of your own, which you complete in your browser. Then settle it."""
        at, order_id = desk(info), read_id("Order", input.order_id, "input", "orderId")
        _require_payable_from_afar(at, own_sale(at, order_id), input.provider)
        how = (PaidWith(input.tender.value), input.provider)
        done = at.carry_out(input, lambda: at.shop.sell.begin_payment(order_id, *how))
        begun = done.result
        return BeginPaymentPayload(
            payment_id=global_id("Payment", begun.payment_id),
            reference=begun.reference,
            client_secret=begun.secret,
            replayed=done.replayed,
        )

    @mutation(*EVERY_MUTATION, *PAYING)
    def settle_payment(self, info: Info, input: SettlePaymentInput) -> SettlePaymentPayload:
        """Back from the browser: ask what became of a payment. The order stays placed while the bank is still busy."""
        at, payment_id = desk(info), read_id("Payment", input.payment_id, "input", "paymentId")
        order_id = at.shop.log.load(Payment, payment_id).order_id
        own_sale(at, order_id)
        done = at.carry_out(input, lambda: at.shop.sell.settle(payment_id))
        return SettlePaymentPayload(
            order=orders.order(at, order_id), payment_id=input.payment_id, replayed=done.replayed
        )

    @mutation(*EVERY_MUTATION, LinkNotGenuine, CollectionOver, ProviderSilent, UnknownProvider)
    def begin_repayment(self, info: Info, input: BeginRepaymentInput) -> BeginRepaymentPayload:
        """Pay back a tax refund advance by the link you were sent: complete it in your browser. Then settle it."""
        at = desk(info)
        done = at.carry_out(input, lambda: at.shop.collect_debts.begin(input.link))
        offer = done.result
        return BeginRepaymentPayload(
            amount=Money.of(offer.amount),
            provider=offer.provider,
            reference=offer.reference,
            client_secret=offer.secret,
            replayed=done.replayed,
        )

    @mutation(*EVERY_MUTATION, LinkNotGenuine, ProviderSilent, UnknownProvider)
    def settle_repayment(self, info: Info, input: SettleRepaymentInput) -> SettleRepaymentPayload:
        """Back from the browser: ask whether the money came."""
        at = desk(info)
        done = at.carry_out(input, lambda: at.shop.collect_debts.settle(input.link))
        return SettleRepaymentPayload(paid=done.result, replayed=done.replayed)


def own_order(at: Desk, order_id: UUID) -> Order:
    """An order of the caller's own session, as it is shown."""
    return orders.shown(own_sale(at, order_id))


def own_sale(at: Desk, order_id: UUID) -> Sale:
    """An order of the caller's own session. Raises NotYourBasket for another's, and NotFound for one of a till."""
    holder = at.session_id()
    found = at.shop.log.load(Sale, order_id)
    if found.basket_id is None:
        raise NotFound(kind="Order", id=str(order_id))
    at.shop.log.load(Basket, found.basket_id).check_holder(holder)
    return found


def _require_payable_from_afar(at: Desk, order: Sale, provider: str, source: str = "") -> None:
    """Refuse to begin what could not be kept: a device that needs a counter, a buyer who must be known first."""
    if at.shop.sell.needs_a_counter(provider, source):
        expected = "payment provider for paying online"
        raise MalformedInput(expected=expected, value=provider).at("input", "provider")
    require_identified(at, order)
