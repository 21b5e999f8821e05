"""Goods come back: at the till where they were sold, or as a parcel to the web shop, which the back office opens."""

from collections.abc import Iterable
from datetime import date
from typing import Final

import strawberry

from souvenir.api import orders
from souvenir.api.authentication import NotAtThisOutlet
from souvenir.api.desk import EVERY_MUTATION, Desk
from souvenir.api.grounds import Grounds
from souvenir.api.identity import global_id, read_id
from souvenir.api.orders import OrderChange, Tender
from souvenir.api.refusals import mutation
from souvenir.api.staff import refund_desk
from souvenir.api.types import Info
from souvenir.editions.piece import PieceCameBack, PieceNotSold
from souvenir.kernel.errors import MalformedInput
from souvenir.payments.hold import HoldNotHeld
from souvenir.payments.payment import PaymentNotApproved, RefundExceedsPayment
from souvenir.payments.provider import UnknownProvider
from souvenir.processes.take_back import AdvanceExceedsReturn, RefundNotGivenBack, TenderNotOfOrder
from souvenir.sales.order import Channel, NotReturnable, OrderIsEmpty, OrderNotPaid
from souvenir.sales.order import Order as Sale
from souvenir.taxrefund.refusals import (
    ClaimHasAnotherState,
    GoodsUnderCustomsControl,
    GuaranteeAlreadyResolved,
    RecoveryExceedsAdvance,
    RefundIsFinal,
)

TAKING_BACK: Final[Grounds] = (
    NotAtThisOutlet,
    OrderNotPaid,
    OrderIsEmpty,
    NotReturnable,
    RefundIsFinal,
    GoodsUnderCustomsControl,
    AdvanceExceedsReturn,
    RefundNotGivenBack,
    TenderNotOfOrder,
    ClaimHasAnotherState,
    GuaranteeAlreadyResolved,
    RecoveryExceedsAdvance,
    HoldNotHeld,
    UnknownProvider,
    PaymentNotApproved,
    RefundExceedsPayment,
    PieceNotSold,
    PieceCameBack,
)
"""Why goods are not taken back."""


@strawberry.input
class ReturnedLineInput:
    line_no: int
    quantity: int = 1


@strawberry.input
class TakeBackInput:
    idempotency_key: strawberry.ID
    order_id: strawberry.ID
    lines: list[ReturnedLineInput]
    tender: Tender | None = strawberry.field(
        default=None, description="By what the money goes back first; without one, as it came, to the card before cash."
    )
    on: date | None = None


@strawberry.type
class TakeBackPayload(OrderChange):
    return_id: strawberry.ID


@strawberry.type
class ReturnsMutation:
    @mutation(*EVERY_MUTATION, *TAKING_BACK)
    def take_back(self, info: Info, input: TakeBackInput) -> TakeBackPayload:
        """Take back what was bought online and give its money back; what was sold at a till goes back there."""
        at = refund_desk(info)
        if at.shop.log.load(Sale, read_id("Order", input.order_id, "input", "orderId")).channel is not Channel.ONLINE:
            raise NotAtThisOutlet(kind="order")
        return taken_back(at, input)


def quantities(lines: Iterable[ReturnedLineInput]) -> dict[int, int]:
    """How many of each line; one that is named twice comes back twice."""
    sums: dict[int, int] = {}
    for line in lines:
        if line.quantity < 1:
            raise MalformedInput(expected="quantity of at least 1", value=str(line.quantity)).at("input", "lines")
        sums[line.line_no] = sums.get(line.line_no, 0) + line.quantity
    return sums


def taken_back(at: Desk, input: TakeBackInput, till: str | None = None) -> TakeBackPayload:
    """Goods as they came back, at a till or by post."""
    order_id = read_id("Order", input.order_id, "input", "orderId")
    back = (
        order_id,
        quantities(input.lines),
        input.tender and input.tender.value,
        input.on,
        till,
    )
    done = at.carry_out(input, lambda: at.shop.take_back.take_back(*back))
    return TakeBackPayload(
        return_id=global_id("Return", done.result), order=orders.order(at, order_id), replayed=done.replayed
    )
