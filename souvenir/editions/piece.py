"""One piece of an edition: 17 of 500, from its first hold through its sale and return to its retirement."""

from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime

from souvenir.editions.terms import Space, Visit
from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id

Standing = Literal["free", "held", "sold", "returned", "retired"]


class PieceAlreadySold(SouvenirError):
    message = "Number {number} ({space}) of edition {edition_id} is sold already."
    edition_id: UUID
    space: str
    number: int


class PieceHeldBySomeoneElse(SouvenirError):
    message = "Number {number} ({space}) of edition {edition_id} is held by someone else until {until}."
    edition_id: UUID
    space: str
    number: int
    until: datetime


class HoldExpired(SouvenirError):
    message = (
        "The hold on number {number} ({space}) of edition {edition_id} expired at {expired_at}. Take a piece again."
    )
    edition_id: UUID
    space: str
    number: int
    expired_at: datetime


class PieceNotHeld(SouvenirError):
    message = "Number {number} ({space}) of edition {edition_id} is not held by {holder}. Hold it first."
    edition_id: UUID
    space: str
    number: int
    holder: UUID


class PieceNotSold(SouvenirError):
    message = (
        "Number {number} ({space}) of edition {edition_id} was not sold to order {order_id}, so it cannot come back."
    )
    edition_id: UUID
    space: str
    number: int
    order_id: UUID


class PieceNotReturned(SouvenirError):
    message = (
        "Number {number} ({space}) of edition {edition_id} is {standing}, not returned: it cannot be put back on sale."
    )
    edition_id: UUID
    space: str
    number: int
    standing: str


class PieceReturned(SouvenirError):
    message = "Number {number} ({space}) of edition {edition_id} came back and is not yet on sale again."
    edition_id: UUID
    space: str
    number: int


class PieceCameBack(SouvenirError):
    message = (
        "Number {number} ({space}) of edition {edition_id} came back from order {order_id}. Sell it on a new order."
    )
    edition_id: UUID
    space: str
    number: int
    order_id: UUID


class PieceRetired(SouvenirError):
    message = "Number {number} ({space}) of edition {edition_id} was retired; its number is never used again."
    edition_id: UUID
    space: str
    number: int


class PieceNotReplaceable(SouvenirError):
    message = (
        "Number {number} ({space}) of edition {edition_id} is {standing} and was re-made {copies} times: only a sold "
        "piece is re-made, one copy after the other."
    )
    edition_id: UUID
    space: str
    number: int
    standing: str
    copies: int


def piece_id(edition_id: UUID, space: Space, number: int) -> UUID:
    """The id of a piece follows from its number, so that two takers of one number meet on one stream.

    The ids of a run differ in their last 32 bits only (RFC 9562, version 8): what is sold together lies together in the
    log's index, and a commit writes a few of its pages instead of one for every piece.
    """
    if not 0 < number < 1 << 32:
        return derived_id("no piece", edition_id, space, number)  # nothing has this id
    return UUID(int=_run(edition_id, space) | number)


def number_from(piece_id: UUID) -> int:
    """The number of the piece that has this id."""
    return piece_id.int & 0xFFFF_FFFF


@lru_cache(maxsize=1024)
def _run(edition_id: UUID, space: Space) -> int:
    """The bits that the ids of a run share."""
    return derived_id("pieces", edition_id, space).int & ~((0xF << 76) | 0xFFFF_FFFF) | 8 << 76


class Piece(Aggregate):
    """One piece. A hold on it is resolved once: it ends in a sale, is released, or lapses at its deadline."""

    TOPIC = "editions.Piece"

    class Opened(Created):
        TOPIC = "editions.PieceOpened"
        edition_id: UUID
        product_id: UUID
        space: Space
        number: int

    class Held(Aggregate.Event):
        TOPIC = "editions.PieceHeld"
        holder: UUID
        since: AwareDatetime
        until: AwareDatetime
        outlet_id: UUID
        visit: Visit | None = None

    class HoldExtended(Aggregate.Event):
        TOPIC = "editions.PieceHoldExtended"
        holder: UUID
        until: AwareDatetime

    class HoldReleased(Aggregate.Event):
        TOPIC = "editions.PieceHoldReleased"
        holder: UUID
        outlet_id: UUID | None = None

    class HoldLapsed(Aggregate.Event):
        TOPIC = "editions.PieceHoldLapsed"
        holder: UUID
        lapsed_at: AwareDatetime
        outlet_id: UUID | None = None

    class Sold(Aggregate.Event):
        TOPIC = "editions.PieceSold"
        order_id: UUID
        sold_on: date
        outlet_id: UUID
        holder: UUID | None = None
        lease_id: UUID | None = None
        visit: Visit | None = None

    class Returned(Aggregate.Event):
        TOPIC = "editions.PieceReturned"
        return_id: UUID
        order_id: UUID
        returned_on: date

    class PutBack(Aggregate.Event):
        TOPIC = "editions.PiecePutBack"

    class Retired(Aggregate.Event):
        TOPIC = "editions.PieceRetired"
        reason: str
        evidence: str
        retired_on: date

    class Replaced(Aggregate.Event):
        TOPIC = "editions.PieceReplaced"
        replacement: int
        reason: str
        evidence: str
        replaced_on: date

    @event(Opened)
    def __init__(self, edition_id: UUID, product_id: UUID, space: Space, number: int) -> None:
        self.edition_id, self.product_id, self.space, self.number = edition_id, product_id, space, number
        self.standing: Standing = "free"
        self.holder: UUID | None = None
        self.held_since: datetime | None = None
        self.held_until: datetime | None = None
        self.held_at: UUID | None = None
        self.order_id: UUID | None = None
        self.return_id: UUID | None = None
        self.came_back_from: frozenset[UUID] = frozenset()
        self.replacement = 0

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def open(cls, edition_id: UUID, product_id: UUID, space: Space, number: int) -> Self:
        """Begin the life of a piece, the first time anybody touches it."""
        return cls._create(
            cls.Opened,
            id=piece_id(edition_id, space, number),
            edition_id=edition_id,
            product_id=product_id,
            space=space,
            number=number,
        )

    @classmethod
    def as_registered(cls, id: UUID, version: int, modified_on: datetime, **state: Any) -> Self:
        """The piece as a row describes it, without its history: equal to the replayed one in all that decisions read."""
        piece = cls.__new__(cls)
        piece.__base_init__(id, version, modified_on)
        piece.__dict__.update(state, return_id=None, came_back_from=frozenset(), replacement=0)
        return piece

    def hold(self, holder: UUID, until: datetime, outlet_id: UUID, now: datetime, visit: Visit | None = None) -> None:
        """Keep the piece for one holder until an instant; the same holder may ask again for longer."""
        self._must_be_unsold()
        if self.is_held(now):
            if self.holder != holder:
                raise self._held_by_someone_else()
            if self.held_until is not None and until > self.held_until:
                self._hold_extended(holder=holder, until=until)
            return
        self._lapse_hold(now)
        self._held(holder=holder, since=now, until=until, outlet_id=outlet_id, visit=visit)

    def release_hold(self, holder: UUID, now: datetime) -> None:
        """Let the piece go before the deadline. A hold that ended already, however it ended, stays ended."""
        if self.holder is None or self.standing != "held":
            return
        if self.holder != holder:
            raise self._held_by_someone_else()
        if self.is_held(now):
            self._hold_released(holder=holder, outlet_id=self.held_at)
        else:
            self._lapse_hold(now)

    def sell(
        self,
        order_id: UUID,
        sold_on: date,
        outlet_id: UUID,
        now: datetime,
        holder: UUID | None = None,
        lease_id: UUID | None = None,
        visit: Visit | None = None,
    ) -> None:
        """Sell to an order: on the holder's live hold, where it was held, or directly (no holder) when it is free.

        Refusals in order: retired, sold, returned, came back from this order, held by someone else, hold expired,
        never held.
        """
        if self.standing == "sold" and self.order_id == order_id:
            return
        self._must_be_unsold()
        if order_id in self.came_back_from:
            raise PieceCameBack(**self._facts, order_id=order_id)
        if self.is_held(now) and self.holder != holder:
            raise self._held_by_someone_else()
        if holder is not None and not self.is_held(now):
            raise self._no_live_hold(holder)
        self._lapse_hold(now)
        outlet_id = self.held_at or outlet_id
        self._sold(
            order_id=order_id, sold_on=sold_on, outlet_id=outlet_id, holder=holder, lease_id=lease_id, visit=visit
        )

    def take_back(self, return_id: UUID, order_id: UUID, returned_on: date) -> None:
        """Record that the buyer brought the piece back. It is not free until it is put back."""
        if self.return_id == return_id:
            return
        if self.standing != "sold" or self.order_id != order_id:
            raise PieceNotSold(**self._facts, order_id=order_id)
        self._returned(return_id=return_id, order_id=order_id, returned_on=returned_on)

    def put_back(self) -> None:
        """Free a returned piece for sale under its own number. Its certificate must be revoked by then."""
        if self.standing == "free":
            return
        if self.standing != "returned":
            raise PieceNotReturned(**self._facts, standing=self.standing)
        self._put_back()

    def retire(self, reason: str, evidence: str, retired_on: date, now: datetime) -> None:
        """Take the number out for ever: broken, lost, destroyed. `evidence` names the record that shows it."""
        if self.standing == "retired":
            return
        if self.standing == "sold":
            raise PieceAlreadySold(**self._facts)
        if self.is_held(now):
            raise self._held_by_someone_else()
        self._lapse_hold(now)
        self._retired(reason=reason, evidence=evidence, retired_on=retired_on)

    def replace(self, replacement: int, reason: str, evidence: str, replaced_on: date) -> None:
        """Make a sold number anew because its piece was destroyed; `replacement` says which copy this is, from 1.

        The number stays sold to its order. The old serial's certificate must be revoked by then.
        """
        if 0 < replacement == self.replacement and self.standing == "sold":
            return
        if self.standing != "sold" or replacement != self.replacement + 1:
            raise PieceNotReplaceable(**self._facts, standing=self.standing, copies=self.replacement)
        self._replaced(replacement=replacement, reason=reason, evidence=evidence, replaced_on=replaced_on)

    def let_lapse(self, now: datetime) -> None:
        """Note that the hold has passed its deadline, if it has: from then on the piece is free on record too."""
        if self.standing == "held":
            self._lapse_hold(now)

    def is_held(self, now: datetime) -> bool:
        """Whether a hold is live at this instant. At its deadline a hold is over."""
        return self.standing == "held" and self.held_until is not None and now < self.held_until

    @property
    def _facts(self) -> dict[str, Any]:
        return {"edition_id": self.edition_id, "space": self.space, "number": self.number}

    def _must_be_unsold(self) -> None:
        refusals = {"retired": PieceRetired, "sold": PieceAlreadySold, "returned": PieceReturned}
        refusal = refusals.get(self.standing)
        if refusal is not None:
            raise refusal(**self._facts)

    def _lapse_hold(self, now: datetime) -> None:
        if self.holder is not None and self.held_until is not None and not self.is_held(now):
            self._hold_lapsed(holder=self.holder, lapsed_at=self.held_until, outlet_id=self.held_at)

    def _held_by_someone_else(self) -> PieceHeldBySomeoneElse:
        return PieceHeldBySomeoneElse(**self._facts, until=self.held_until)

    def _no_live_hold(self, holder: UUID) -> SouvenirError:
        if self.standing == "held" and self.holder == holder:
            return HoldExpired(**self._facts, expired_at=self.held_until)
        return PieceNotHeld(**self._facts, holder=holder)

    # Evolve: assigns only, because it also replays history.

    @event(Held)
    def _held(self, holder: UUID, since: datetime, until: datetime, outlet_id: UUID, visit: Visit | None) -> None:
        self.standing, self.holder, self.held_since, self.held_until = "held", holder, since, until
        self.held_at = outlet_id

    @event(HoldExtended)
    def _hold_extended(self, holder: UUID, until: datetime) -> None:
        self.held_until = until

    @event(HoldReleased)
    def _hold_released(self, holder: UUID, outlet_id: UUID | None) -> None:
        self.standing, self.holder, self.held_since, self.held_until, self.held_at = "free", None, None, None, None

    @event(HoldLapsed)
    def _hold_lapsed(self, holder: UUID, lapsed_at: datetime, outlet_id: UUID | None) -> None:
        self.standing, self.holder, self.held_since, self.held_until, self.held_at = "free", None, None, None, None

    @event(Sold)
    def _sold(
        self,
        order_id: UUID,
        sold_on: date,
        outlet_id: UUID,
        holder: UUID | None,
        lease_id: UUID | None,
        visit: Visit | None,
    ) -> None:
        self.standing, self.order_id = "sold", order_id
        self.holder, self.held_since, self.held_until, self.held_at = None, None, None, None

    @event(Returned)
    def _returned(self, return_id: UUID, order_id: UUID, returned_on: date) -> None:
        self.standing, self.return_id = "returned", return_id
        self.came_back_from |= {order_id}

    @event(PutBack)
    def _put_back(self) -> None:
        self.standing, self.order_id = "free", None

    @event(Replaced)
    def _replaced(self, replacement: int, reason: str, evidence: str, replaced_on: date) -> None:
        self.replacement = replacement

    @event(Retired)
    def _retired(self, reason: str, evidence: str, retired_on: date) -> None:
        self.standing = "retired"
