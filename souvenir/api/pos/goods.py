"""What is rung up at a till: open goods, numbered pieces, and the parts in which they are paid."""

from typing import Final, Protocol

import strawberry

from souvenir.api.desk import Desk
from souvenir.api.editions import Space, space_name
from souvenir.api.identity import read_id
from souvenir.api.orders import Tender
from souvenir.api.refusals import at as about
from souvenir.api.types import MoneyInput
from souvenir.editions.edition import Edition
from souvenir.kernel.errors import MalformedInput
from souvenir.processes.make_order import Item
from souvenir.processes.split_tender import Part
from souvenir.sales.basket import MOST_LINES, MOST_OF_ONE_PRODUCT, BasketFull

MOST_PARTS: Final = 20


@strawberry.input(description="Open goods.")
class GoodsInput:
    product_id: strawberry.ID
    quantity: int = 1


@strawberry.input(description="A numbered piece.")
class PieceInput:
    edition_id: strawberry.ID
    number: int | None = strawberry.field(default=None, description="Without one, the next.")
    space: Space = Space.NUMBERED


@strawberry.input(description="A part of a sale, paid in another tender.")
class PartInput:
    tender: Tender
    amount: MoneyInput
    reference: str = strawberry.field(default="", description="The card terminal's or wallet's; empty for cash.")


class RungUp(Protocol):
    """An input that says what is rung up."""

    goods: list[GoodsInput]
    pieces: list[PieceInput]


def items(at: Desk, input: RungUp) -> list[Item]:
    """What is sold, within the bounds of any basket."""
    if len(input.goods) + len(input.pieces) > MOST_LINES:
        raise BasketFull(lines=MOST_LINES, quantity=MOST_OF_ONE_PRODUCT)
    return [_goods(line) for line in input.goods] + [_numbered(at, line) for line in input.pieces]


def in_parts(given: list[PartInput]) -> list[Part]:
    """What is paid first, in other tenders."""
    if len(given) > MOST_PARTS:
        raise MalformedInput(expected=f"at most {MOST_PARTS} parts", value=str(len(given))).at("input", "parts")
    with about("input", "parts"):
        return [Part(part.tender.paid_with, part.amount.money(), part.reference) for part in given]


def _goods(line: GoodsInput) -> Item:
    if line.quantity < 1:
        raise MalformedInput(expected="quantity of at least 1", value=str(line.quantity)).at("input", "goods")
    if line.quantity > MOST_OF_ONE_PRODUCT:
        raise BasketFull(lines=MOST_LINES, quantity=MOST_OF_ONE_PRODUCT).at("input", "goods")
    return Item(read_id("Product", line.product_id, "input", "goods"), line.quantity)


def _numbered(at: Desk, line: PieceInput) -> Item:
    edition_id = read_id("Edition", line.edition_id, "input", "pieces")
    product_id = at.shop.log.load(Edition, edition_id).product_id
    return Item(product_id, 1, edition_id, space_name(line.space), line.number)
