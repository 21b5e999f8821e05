"""The back office holds a draw: announce it, keep its list clean and freeze it, draw, and offer down the ranking."""

from datetime import datetime
from typing import cast, get_args

import strawberry

from souvenir.api import draws
from souvenir.api.desk import EVERY_MUTATION
from souvenir.api.draws import Draw, DrawChange, EntryChange
from souvenir.api.editions import WHY_NONE, Space, space_name
from souvenir.api.identity import read_id
from souvenir.api.refusals import mutation
from souvenir.api.staff import manager
from souvenir.api.types import Info, described, values
from souvenir.draws.beacon import QUICKNET, round_at
from souvenir.draws.draw import (
    BeaconDoesNotFit,
    BeaconTooSoon,
    DrawNotReady,
    ListTooLate,
    MalformedDraw,
    Rules,
    SecretDoesNotFit,
    SecretStillDue,
)
from souvenir.draws.draw import Draw as Announced
from souvenir.draws.entry import EntryNotValid, Reason
from souvenir.editions.terms import HoldTooLong
from souvenir.kernel.errors import MalformedInput
from souvenir.processes.draw import ListTooSoon, NotADraw
from souvenir.sites.outlet import Outlet as Place

REASONS = get_args(Reason)


@strawberry.input
class AnnounceDrawInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID = strawberry.field(description="Declared with numbering draw.")
    outlet_id: strawberry.ID = strawberry.field(description="Whose allotment is drawn for.")
    text: str = strawberry.field(description="The rules in words, as they are published.")
    pieces: int
    opens_at: datetime
    closes_at: datetime
    commitment: str = strawberry.field(description="SHA-256 commitment to a secret of 32 bytes, in hex.")
    beacon_round: int
    reveal_by: datetime
    beacon_chain: str = QUICKNET
    beacon_at: datetime | None = strawberry.field(default=None, description="Of drand-quicknet it is known.")
    offer_minutes: int = 60
    space: Space = Space.NUMBERED


@strawberry.input
class PostponeDrawInput:
    idempotency_key: strawberry.ID
    draw_id: strawberry.ID
    beacon_round: int
    reason: str
    beacon_at: datetime | None = strawberry.field(default=None, description="Of drand-quicknet it is known.")


@strawberry.input
class FreezeDrawInput:
    idempotency_key: strawberry.ID
    draw_id: strawberry.ID


@strawberry.input
class RevealDrawInput:
    idempotency_key: strawberry.ID
    draw_id: strawberry.ID
    beacon: str = strawberry.field(description="The round's randomness, in hex.")
    beacon_signature: str = strawberry.field(description="What the randomness is the SHA-256 of, in hex.")
    secret: str | None = strawberry.field(default=None, description="In hex; without it only once it is overdue.")


@strawberry.input
class MakeOffersInput:
    idempotency_key: strawberry.ID
    draw_id: strawberry.ID


@strawberry.input
class RejectEntryInput:
    idempotency_key: strawberry.ID
    entry_id: strawberry.ID
    reason: str = strawberry.field(description="duplicate, limit, identity, automated, payment, household or breach.")


@strawberry.input
class DisqualifyEntryInput:
    idempotency_key: strawberry.ID
    entry_id: strawberry.ID
    reason: str


@strawberry.type
class AnnounceDrawPayload(DrawChange): ...


@strawberry.type
class PostponeDrawPayload(DrawChange): ...


@strawberry.type
class FreezeDrawPayload(DrawChange): ...


@strawberry.type
class RevealDrawPayload(DrawChange): ...


@strawberry.type
class MakeOffersPayload(DrawChange):
    done: int = strawberry.field(description="Offers ended or made, at most 200: ask again until nothing is.")


@strawberry.type
class RejectEntryPayload(EntryChange): ...


@strawberry.type
class DisqualifyEntryPayload(EntryChange): ...


@strawberry.type
class DrawsQuery:
    @described
    def draws(self, info: Info, edition_id: strawberry.ID) -> list[Draw]:
        """The draws of an edition, those that opened last first; at most a hundred."""
        at = manager(info)
        return draws.draws_of(at, read_id("Edition", edition_id, "editionId"))


@strawberry.type
class DrawsMutation:
    @mutation(*EVERY_MUTATION, MalformedDraw, NotADraw, HoldTooLong)
    def announce_draw(self, info: Info, input: AnnounceDrawInput) -> AnnounceDrawPayload:
        """Publish the rules of a draw and the commitment to its secret, before anybody can enter."""
        at = manager(info)
        outlet = at.shop.log.load(Place, read_id("Outlet", input.outlet_id, "input", "outletId")).id
        edition = read_id("Edition", input.edition_id, "input", "editionId")
        with values():
            rules = Rules(
                text=input.text,
                edition_id=edition,
                space=space_name(input.space),
                pieces=input.pieces,
                opens_at=input.opens_at,
                closes_at=input.closes_at,
                commitment=input.commitment,
                reveal_by=input.reveal_by,
                beacon_chain=input.beacon_chain,
                beacon_round=input.beacon_round,
                beacon_at=_comes_out(input.beacon_chain, input.beacon_round, input.beacon_at),
                offer_minutes=input.offer_minutes,
            )
        done = at.carry_out(input, lambda: at.shop.draws.announce(rules, outlet))
        return AnnounceDrawPayload(replayed=done.replayed, key=done.result)

    @mutation(*EVERY_MUTATION, MalformedDraw, DrawNotReady)
    def postpone_draw(self, info: Info, input: PostponeDrawInput) -> PostponeDrawPayload:
        """Name a later round of the beacon, publicly, before the list is frozen."""
        at, draw = manager(info), read_id("Draw", input.draw_id, "input", "drawId")
        chain = at.shop.log.load(Announced, draw).rules.beacon_chain
        later = (input.beacon_round, _comes_out(chain, input.beacon_round, input.beacon_at), input.reason)
        done = at.carry_out(input, lambda: at.shop.draws.postpone(draw, *later))
        return PostponeDrawPayload(replayed=done.replayed, key=draw)

    @mutation(*EVERY_MUTATION, DrawNotReady, ListTooSoon, ListTooLate)
    def freeze_draw(self, info: Info, input: FreezeDrawInput) -> FreezeDrawPayload:
        """Freeze the list of entries under its root, after the close and before the beacon could be known."""
        at, draw = manager(info), read_id("Draw", input.draw_id, "input", "drawId")
        done = at.carry_out(input, lambda: at.shop.draws.freeze(draw))
        return FreezeDrawPayload(replayed=done.replayed, key=draw)

    @mutation(*EVERY_MUTATION, DrawNotReady, BeaconTooSoon, BeaconDoesNotFit, SecretDoesNotFit, SecretStillDue)
    def reveal_draw(self, info: Info, input: RevealDrawInput) -> RevealDrawPayload:
        """Draw: with the revealed secret and the beacon; or, once the secret is overdue, with list and beacon alone."""
        at, draw = manager(info), read_id("Draw", input.draw_id, "input", "drawId")
        drawn = (draw, input.secret, input.beacon, input.beacon_signature)
        done = at.carry_out(input, lambda: at.shop.draws.draw(*drawn))
        return RevealDrawPayload(replayed=done.replayed, key=draw)

    @mutation(*EVERY_MUTATION, DrawNotReady, HoldTooLong, *WHY_NONE)
    def make_offers(self, info: Info, input: MakeOffersInput) -> MakeOffersPayload:
        """End the offers that are over, and offer what is free down the ranking."""
        at, draw = manager(info), read_id("Draw", input.draw_id, "input", "drawId")
        done = at.carry_out(input, lambda: at.shop.draws.make_offers(draw))
        return MakeOffersPayload(replayed=done.replayed, key=draw, done=done.result)

    @mutation(*EVERY_MUTATION, DrawNotReady, EntryNotValid)
    def reject_entry(self, info: Info, input: RejectEntryInput) -> RejectEntryPayload:
        """Take an entry off before the list is frozen; the reason is kept for audit."""
        at, entry = manager(info), read_id("Entry", input.entry_id, "input", "entryId")
        reason = _reason(input.reason)
        done = at.carry_out(input, lambda: at.shop.draws.reject(entry, reason))
        return RejectEntryPayload(replayed=done.replayed, key=entry)

    @mutation(*EVERY_MUTATION, DrawNotReady, EntryNotValid)
    def disqualify_entry(self, info: Info, input: DisqualifyEntryInput) -> DisqualifyEntryPayload:
        """After the draw: the entry loses its turn, the next rank has it, and nobody else's place changes."""
        at, entry = manager(info), read_id("Entry", input.entry_id, "input", "entryId")
        reason = _reason(input.reason)
        done = at.carry_out(input, lambda: at.shop.draws.disqualify(entry, reason))
        return DisqualifyEntryPayload(replayed=done.replayed, key=entry)


def _comes_out(chain: str, beacon_round: int, said: datetime | None) -> datetime:
    """When a round comes out: known for the chain we can date, said for any other."""
    if said is not None:
        return said
    if chain != QUICKNET or not 1 <= beacon_round <= 10**9:
        raise MalformedInput(expected="beaconAt, unless the chain is drand-quicknet", value=chain[:40]).at(
            "input", "beaconAt"
        )
    return round_at(beacon_round)


def _reason(text: str) -> Reason:
    if text not in REASONS:
        raise MalformedInput(expected=f"reason ({', '.join(REASONS)})", value=text[:40]).at("input", "reason")
    return cast(Reason, text)
