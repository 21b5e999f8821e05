"""Draws as every audience sees them: the rules and their hash, the list under its root, the outcome anyone can verify."""

from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
import strawberry

from souvenir.api.desk import Desk, desk
from souvenir.api.editions import Space
from souvenir.api.identity import Node, global_id, global_id_if
from souvenir.api.types import Info, described
from souvenir.draws import draw as drawing
from souvenir.draws import entry as entering
from souvenir.draws import registers
from souvenir.kernel import clock
from souvenir.kernel.errors import NotFound

PURPOSE: Final = "draw entrants"
"""Under which an entrant's identity is hashed; each draw hashes it anew, so entries of one person do not match."""


@strawberry.type(description="What everybody is held to, whole; its hash is published with it.")
class DrawRules:
    text: str = strawberry.field(description="The rules in words.")
    pieces: int
    opens_at: datetime
    closes_at: datetime
    commitment: str = strawberry.field(description="SHA-256 commitment to the secret, in hex.")
    beacon_chain: str
    offer_minutes: int = strawberry.field(description="How long an offer stands.")


@strawberry.type(description="A draw for the right to buy.")
class Draw(Node):
    edition_id: strawberry.ID
    outlet_id: strawberry.ID
    space: Space
    state: str = strawberry.field(description="announced, open, closed, listed or drawn.")
    rules: DrawRules
    rules_hash: str = strawberry.field(description="SHA-256 over the canonical JSON of the rules, in hex.")
    beacon_round: int
    beacon_at: datetime = strawberry.field(description="When that round comes out; the list is frozen before.")
    reveal_by: datetime
    entries: int = strawberry.field(description="On the frozen list; 0 before.")
    root: str | None = strawberry.field(description="The Merkle root of the frozen list, in hex.")
    withheld: bool = strawberry.field(description="The secret was not revealed in time: list and beacon decided alone.")
    key: strawberry.Private[UUID]

    @described
    def published(self, info: Info) -> str | None:
        """The whole draw as JSON, once it is drawn: `python -m souvenir.draws.verify` checks the file."""
        if self.state != "drawn":
            return None
        return orjson.dumps(desk(info).shop.draws.published(self.key)).decode()


@strawberry.type(description="Shows that an entry is on the frozen list: hash it with these up to the root.")
class InclusionProof:
    position: int
    count: int
    proof: list[str]
    root: str


@strawberry.type(description="One entrant's entry, and what became of it.")
class DrawEntry(Node):
    draw_id: strawberry.ID
    public_id: str = strawberry.field(description="As it stands on the published list.")
    standing: str
    number: int | None = strawberry.field(description="The number that is or was offered.")
    expires_at: datetime | None
    order_id: strawberry.ID | None
    key: strawberry.Private[UUID]

    @described
    def inclusion(self, info: Info) -> InclusionProof | None:
        """The proof that this entry is on the list; null before it is frozen, and for one that is not on it."""
        try:
            found = desk(info).shop.draws.inclusion(self.key)
        except NotFound:
            return None
        return InclusionProof(position=found.position, count=found.count, proof=list(found.proof), root=found.root)


@strawberry.type
class DrawChange:
    replayed: bool
    key: strawberry.Private[UUID]

    @strawberry.field
    def draw(self, info: Info) -> Draw:
        return draw(desk(info), self.key)


@strawberry.type
class EntryChange:
    replayed: bool
    key: strawberry.Private[UUID]

    @strawberry.field
    def entry(self, info: Info) -> DrawEntry:
        return entry(desk(info), self.key)


def draw(at: Desk, id: UUID) -> Draw:
    """The draw with this id. Raises NotFound."""
    found = at.shop.log.load(drawing.Draw, id)
    rules = found.rules
    return Draw(
        id=global_id("Draw", id),
        edition_id=global_id("Edition", rules.edition_id),
        outlet_id=global_id("Outlet", found.outlet_id),
        space=Space(found.space),
        state=found.state(clock.now()),
        rules=DrawRules(
            text=rules.text,
            pieces=rules.pieces,
            opens_at=rules.opens_at,
            closes_at=rules.closes_at,
            commitment=rules.commitment,
            beacon_chain=rules.beacon_chain,
            offer_minutes=rules.offer_minutes,
        ),
        rules_hash=found.rules_hash,
        beacon_round=found.beacon_round,
        beacon_at=found.beacon_at,
        reveal_by=found.reveal_by,
        entries=found.count,
        root=found.root or None,
        withheld=found.withheld,
        key=id,
    )


def draws_of(at: Desk, edition_id: UUID) -> list[Draw]:
    """The draws of an edition, those that opened last first; at most a hundred."""
    with at.shop.log.reading() as session:
        ids = registers.draws_of(session, edition_id)
    return [draw(at, id) for id in ids]


def entry(at: Desk, id: UUID) -> DrawEntry:
    """The entry with this id. Raises NotFound."""
    return shown(at.shop.log.load(entering.Entry, id))


def shown(found: entering.Entry) -> DrawEntry:
    """An entry as its entrant sees it."""
    return DrawEntry(
        id=global_id("Entry", found.id),
        draw_id=global_id("Draw", found.draw_id),
        public_id=str(found.id),
        standing=found.standing,
        number=found.number,
        expires_at=found.expires_at,
        order_id=global_id_if("Order", found.order_id),
        key=found.id,
    )


def own_entry_id(at: Desk, draw_id: UUID) -> UUID:
    """The id a customer's entry in a draw has, or would have. Raises CustomerNeeded."""
    return entering.entry_id(draw_id, entrant(at, draw_id))


def entrant(at: Desk, draw_id: UUID) -> str:
    """The calling customer as a draw knows them: a keyed hash, another one for each draw. Raises CustomerNeeded."""
    return at.shop.secrets.keyring.keyed_hash(PURPOSE, f"{draw_id}:{at.require_customer()}")
