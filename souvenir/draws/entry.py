"""An entry in a draw: one per entrant, valid until a reason says otherwise; ranked once, offered a piece when its turn comes."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id

Reason = Literal["duplicate", "limit", "identity", "automated", "payment", "household", "breach"]
"""Why an entry does not count; every rejection states one, so that fairness can be audited."""

Standing = Literal[
    "valid", "rejected", "withdrawn", "offered", "paid", "lapsed", "declined", "disqualified", "gave back"
]


class EntryNotValid(SouvenirError):
    message = "Entry {entry_id} is {standing}: this is not done with it any more."
    entry_id: UUID
    standing: str


class NoLiveOffer(SouvenirError):
    message = "Entry {entry_id} has no live offer (it is {standing}). Offers are made in the order of the ranking."
    entry_id: UUID
    standing: str


def entry_id(draw_id: UUID, entrant: str) -> UUID:
    """One entrant has one entry in a draw. `entrant` is a keyed hash of a verified identity, never the identity."""
    return derived_id("draw-entry", draw_id, entrant)


class Entry(Aggregate):
    """One entrant's entry. An offer ends once: paid, lapsed or declined; then the next rank has its turn."""

    TOPIC = "editions.Entry"

    class Submitted(Created):
        TOPIC = "editions.EntrySubmitted"
        draw_id: UUID
        entrant: str

    class Rejected(Aggregate.Event):
        TOPIC = "editions.EntryRejected"
        reason: Reason

    class Withdrawn(Aggregate.Event):
        TOPIC = "editions.EntryWithdrawn"

    class Offered(Aggregate.Event):
        TOPIC = "editions.EntryOffered"
        rank: int
        number: int
        expires_at: AwareDatetime

    class TakenUp(Aggregate.Event):
        TOPIC = "editions.EntryTakenUp"
        basket_id: UUID

    class Paid(Aggregate.Event):
        TOPIC = "editions.EntryPaid"
        order_id: UUID

    class Lapsed(Aggregate.Event):
        TOPIC = "editions.EntryLapsed"
        lapsed_at: AwareDatetime

    class Declined(Aggregate.Event):
        TOPIC = "editions.EntryDeclined"

    class Disqualified(Aggregate.Event):
        TOPIC = "editions.EntryDisqualified"
        reason: Reason

    class GaveBack(Aggregate.Event):
        TOPIC = "editions.EntryGaveBack"
        order_id: UUID

    @event(Submitted)
    def __init__(self, draw_id: UUID, entrant: str) -> None:
        self.draw_id, self.entrant = draw_id, entrant
        self.standing: Standing = "valid"
        self.number: int | None = None
        self.expires_at: datetime | None = None
        self.basket_id: UUID | None = None
        self.order_id: UUID | None = None

    # Decide.

    @classmethod
    def submit(cls, draw_id: UUID, entrant: str) -> Self:
        """Enter a draw."""
        return cls._create(cls.Submitted, id=entry_id(draw_id, entrant), draw_id=draw_id, entrant=entrant)

    def reject(self, reason: Reason) -> None:
        """Take the entry off before the list is frozen, for a stated reason."""
        if self.standing != "rejected":
            self._must_be("valid")
            self._rejected(reason=reason)

    def withdraw(self) -> None:
        """Take one's own entry back before the draw closes."""
        if self.standing != "withdrawn":
            self._must_be("valid")
            self._withdrawn()

    def must_count(self) -> None:
        """Refuse who enters again after their entry was withdrawn or rejected."""
        if self.standing in ("withdrawn", "rejected"):
            raise EntryNotValid(**self._facts)

    def offer(self, rank: int, number: int, expires_at: datetime) -> None:
        """Offer the right to buy a number until an instant. An entry has one offer in its life."""
        if self.standing == "offered" and self.number == number:
            return
        self._must_be("valid")
        self._offered(rank=rank, number=number, expires_at=expires_at)

    def take_up(self, basket_id: UUID, now: datetime) -> None:
        """Put the offered number into a basket; the offer runs on until it is paid or expires."""
        if self.basket_id == basket_id and self.is_offered(now):
            return
        if not self.is_offered(now) or self.basket_id is not None:
            raise NoLiveOffer(entry_id=self.id, standing=self.standing if self.basket_id is None else "taken up")
        self._taken_up(basket_id=basket_id)

    def pay(self, order_id: UUID) -> None:
        """The offered number was bought."""
        if self.standing == "paid" and self.order_id == order_id:
            return
        self._must_be("offered")
        self._paid(order_id=order_id)

    def lapse(self, now: datetime) -> None:
        """Note that the offer has expired, if it has."""
        if self.standing == "offered" and self.expires_at is not None and now >= self.expires_at:
            self._lapsed(lapsed_at=self.expires_at)

    def decline(self, now: datetime) -> None:
        """Turn the offer down before it expires."""
        if self.standing == "declined":
            return
        if not self.is_offered(now):
            raise NoLiveOffer(entry_id=self.id, standing=self.standing)
        self._declined()

    def disqualify(self, reason: Reason) -> None:
        """After the draw: this entry loses its turn and the next rank has it. Nobody else's rank changes."""
        if self.standing != "disqualified":
            self._must_be("valid", "offered")
            self._disqualified(reason=reason)

    def give_back(self, order_id: UUID) -> None:
        """The bought number was returned: its place goes to the next on the waiting list."""
        if self.standing == "paid" and self.order_id == order_id:
            self._gave_back(order_id=order_id)

    def is_offered(self, now: datetime) -> bool:
        """Whether an offer is live. At its deadline it is over."""
        return self.standing == "offered" and self.expires_at is not None and now < self.expires_at

    def _must_be(self, *standings: Standing) -> None:
        if self.standing not in standings:
            raise EntryNotValid(**self._facts)

    @property
    def _facts(self) -> dict[str, Any]:
        return {"entry_id": self.id, "standing": self.standing}

    # Evolve.

    @event(Rejected)
    def _rejected(self, reason: Reason) -> None:
        self.standing = "rejected"

    @event(Withdrawn)
    def _withdrawn(self) -> None:
        self.standing = "withdrawn"

    @event(Offered)
    def _offered(self, rank: int, number: int, expires_at: datetime) -> None:
        self.standing, self.number, self.expires_at = "offered", number, expires_at

    @event(TakenUp)
    def _taken_up(self, basket_id: UUID) -> None:
        self.basket_id = basket_id

    @event(Paid)
    def _paid(self, order_id: UUID) -> None:
        self.standing, self.order_id = "paid", order_id

    @event(Lapsed)
    def _lapsed(self, lapsed_at: datetime) -> None:
        self.standing = "lapsed"

    @event(Declined)
    def _declined(self) -> None:
        self.standing = "declined"

    @event(Disqualified)
    def _disqualified(self, reason: Reason) -> None:
        self.standing = "disqualified"

    @event(GaveBack)
    def _gave_back(self, order_id: UUID) -> None:
        self.standing = "gave back"
