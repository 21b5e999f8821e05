"""A customer enters a draw, proves to be on its list, and takes up the offer that comes."""

from uuid import UUID

import strawberry

from souvenir.api import draws
from souvenir.api.authentication import CustomerNeeded
from souvenir.api.desk import EVERY_MUTATION, Desk, desk
from souvenir.api.draws import Draw, DrawEntry, EntryChange
from souvenir.api.grounds import OWN_BASKET, TAKING
from souvenir.api.identity import read_id
from souvenir.api.orders import BasketChange
from souvenir.api.refusals import mutation
from souvenir.api.types import Info, described
from souvenir.draws.draw import DrawNotOpen
from souvenir.draws.entry import Entry, EntryNotValid, NoLiveOffer


@strawberry.input
class EnterDrawInput:
    idempotency_key: strawberry.ID
    draw_id: strawberry.ID


@strawberry.input
class WithdrawEntryInput:
    idempotency_key: strawberry.ID
    draw_id: strawberry.ID


@strawberry.input
class DeclineOfferInput:
    idempotency_key: strawberry.ID
    draw_id: strawberry.ID


@strawberry.input
class TakeUpOfferInput:
    idempotency_key: strawberry.ID
    draw_id: strawberry.ID
    basket_id: strawberry.ID


@strawberry.type
class EnterDrawPayload(EntryChange): ...


@strawberry.type
class WithdrawEntryPayload(EntryChange): ...


@strawberry.type
class DeclineOfferPayload(EntryChange): ...


@strawberry.type
class TakeUpOfferPayload(EntryChange, BasketChange):
    number: int = strawberry.field(description="The number that is in the basket now; buy it before the offer ends.")


@strawberry.type
class DrawQuery:
    @described
    def draw(self, info: Info, id: strawberry.ID) -> Draw:
        """A draw: its rules, its list, and its result once there is one."""
        return draws.draw(desk(info), read_id("Draw", id, "id"))

    @described
    def draws(self, info: Info, edition_id: strawberry.ID) -> list[Draw]:
        """The draws of an edition, those that opened last first; at most a hundred."""
        return draws.draws_of(desk(info), read_id("Edition", edition_id, "editionId"))

    @described
    def my_entry(self, info: Info, draw_id: strawberry.ID) -> DrawEntry | None:
        """Your own entry in a draw, with the proof that it is on the list."""
        at, draw = desk(info), read_id("Draw", draw_id, "drawId")
        mine = at.shop.log.find(Entry, draws.own_entry_id(at, draw)) if at.customer() else None
        return None if mine is None else draws.shown(mine)


@strawberry.type
class DrawMutation:
    @mutation(*EVERY_MUTATION, CustomerNeeded, DrawNotOpen, EntryNotValid)
    def enter_draw(self, info: Info, input: EnterDrawInput) -> EnterDrawPayload:
        """Enter a draw; a customer has one entry, however often they ask."""
        at, draw = desk(info), read_id("Draw", input.draw_id, "input", "drawId")
        entrant = draws.entrant(at, draw)
        done = at.carry_out(input, lambda: at.shop.draws.enter(draw, entrant))
        return EnterDrawPayload(replayed=done.replayed, key=done.result)

    @mutation(*EVERY_MUTATION, CustomerNeeded, DrawNotOpen, EntryNotValid)
    def withdraw_entry(self, info: Info, input: WithdrawEntryInput) -> WithdrawEntryPayload:
        """Take your entry back while the draw is open."""
        at, entry = _own(desk(info), input.draw_id)
        done = at.carry_out(input, lambda: at.shop.draws.withdraw(entry))
        return WithdrawEntryPayload(replayed=done.replayed, key=entry)

    @mutation(*EVERY_MUTATION, CustomerNeeded, NoLiveOffer)
    def decline_offer(self, info: Info, input: DeclineOfferInput) -> DeclineOfferPayload:
        """Turn your offer down: its number goes to the next in line."""
        at, entry = _own(desk(info), input.draw_id)
        done = at.carry_out(input, lambda: at.shop.draws.decline(entry))
        return DeclineOfferPayload(replayed=done.replayed, key=entry)

    @mutation(*EVERY_MUTATION, CustomerNeeded, NoLiveOffer, *OWN_BASKET, *TAKING)
    def take_up_offer(self, info: Info, input: TakeUpOfferInput) -> TakeUpOfferPayload:
        """Put the number you were offered into your basket."""
        at, entry = _own(desk(info), input.draw_id)
        basket, holder = read_id("Basket", input.basket_id, "input", "basketId"), at.session_id()
        done = at.carry_out(input, lambda: at.shop.draws.take_up(entry, basket, holder))
        return TakeUpOfferPayload(replayed=done.replayed, key=entry, number=done.result, basket_key=basket)


def _own(at: Desk, draw_id: strawberry.ID) -> tuple[Desk, UUID]:
    """The desk, and the calling customer's entry in a draw."""
    return at, draws.own_entry_id(at, read_id("Draw", draw_id, "input", "drawId"))
