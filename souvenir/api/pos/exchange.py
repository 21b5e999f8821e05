"""An exchange at the till: what comes back, what goes out for it, and how the difference is paid."""

from datetime import date

import strawberry

from souvenir.api import orders
from souvenir.api.buyers import BuyerInput, evidence
from souvenir.api.desk import EVERY_MUTATION, desk
from souvenir.api.grounds import AGREEING, AT_TILL, IN_PARTS, LIMITED
from souvenir.api.identity import global_id, read_id
from souvenir.api.orders import Order, Tender
from souvenir.api.pos.goods import GoodsInput, PartInput, PieceInput, in_parts, items
from souvenir.api.refusals import mutation
from souvenir.api.returns import TAKING_BACK, ReturnedLineInput, quantities
from souvenir.api.types import Info
from souvenir.api.visits import ProofOfVisitInput, looked_at
from souvenir.sales.basket import BasketFull
from souvenir.sales.order import Order as Sale


@strawberry.input
class ExchangeInput:
    idempotency_key: strawberry.ID
    order_id: strawberry.ID
    lines: list[ReturnedLineInput] = strawberry.field(description="What comes back.")
    tender: Tender = strawberry.field(
        description="What pays the difference, if there is one to pay, or the rest of it."
    )
    goods: list[GoodsInput] = strawberry.field(default_factory=list, description="What goes out.")
    pieces: list[PieceInput] = strawberry.field(default_factory=list)
    parts: list[PartInput] = strawberry.field(
        default_factory=list, description="What of the difference is paid in other tenders first."
    )
    reference: str = strawberry.field(default="", description="The card terminal's or wallet's; empty for cash.")
    on: date | None = None
    buyer: BuyerInput | None = None
    visit: ProofOfVisitInput | None = None


@strawberry.type
class ExchangePayload:
    return_id: strawberry.ID
    returned: Order = strawberry.field(description="The order whose goods came back, and what was given back of it.")
    order: Order = strawberry.field(description="The order of what went out, and by what it was paid.")
    replayed: bool


@strawberry.type
class ExchangeMutation:
    @mutation(*EVERY_MUTATION, *AT_TILL, *TAKING_BACK, BasketFull, *AGREEING, *LIMITED, *IN_PARTS)
    def exchange(self, info: Info, input: ExchangeInput) -> ExchangePayload:
        """Take goods back and sell others for them: only the difference is paid, or given back the way it came.

        A refund form the goods are on is voided, as by a return; what went out may go on a new one.
        """
        at, order_id = desk(info), read_id("Order", input.order_id, "input", "orderId")
        till = at.device()[1]
        at.require_here("order", at.shop.log.load(Sale, order_id).outlet_id)
        back = (order_id, quantities(input.lines), items(at, input), till)
        paid = (input.tender.paid_with, input.reference, input.on)
        buyer = evidence(at, input.buyer) if input.buyer else None
        visit, parts = looked_at(at, input.visit), in_parts(input.parts)
        done = at.carry_out(input, lambda: at.shop.exchange.exchange(*back, *paid, buyer, visit, parts))
        new_order, return_id = done.result
        return ExchangePayload(
            return_id=global_id("Return", return_id),
            returned=orders.order(at, order_id),
            order=orders.order(at, new_order),
            replayed=done.replayed,
        )
