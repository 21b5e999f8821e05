"""A draw for the right to buy: announced with its rules and a committed secret, listed, drawn by a beacon nobody rules."""

import hashlib
from datetime import datetime
from typing import Any, Final, Literal, Self
from uuid import UUID

import rfc8785
from pydantic import AwareDatetime, Field

from souvenir.draws.beacon import QUICKNET, round_at
from souvenir.draws.ranking import PROTOCOL, commitment_to
from souvenir.kernel.aggregate import Aggregate, Created, Value, event
from souvenir.kernel.errors import SouvenirError

State = Literal["announced", "open", "closed", "listed", "drawn"]

MOST_PIECES: Final = 100_000


class MalformedDraw(SouvenirError):
    message = "This draw cannot be announced: {reason}."
    reason: str


class DrawNotOpen(SouvenirError):
    message = "Draw {draw_id} takes entries from {opens_at} to {closes_at}; it is {state} now."
    draw_id: UUID
    state: str
    opens_at: datetime
    closes_at: datetime


class DrawNotReady(SouvenirError):
    message = "Draw {draw_id} is {state}; this is done when it is {wanted}."
    draw_id: UUID
    state: str
    wanted: str


class ListTooLate(SouvenirError):
    message = (
        "The list of draw {draw_id} had to be frozen before its beacon round at {beacon_at}. Name a later round first."
    )
    draw_id: UUID
    beacon_at: datetime


class BeaconTooSoon(SouvenirError):
    message = "The beacon of draw {draw_id} is not out before {beacon_at}."
    draw_id: UUID
    beacon_at: datetime


class SecretDoesNotFit(SouvenirError):
    message = "This is not the secret draw {draw_id} committed to when it was announced."
    draw_id: UUID


class SecretStillDue(SouvenirError):
    message = "The secret of draw {draw_id} may be revealed until {reveal_by}; only after that is it withheld."
    draw_id: UUID
    reveal_by: datetime


class BeaconDoesNotFit(SouvenirError):
    message = "The randomness is not the SHA-256 of the beacon's signature: this is not what the beacon published."
    draw_id: UUID


class Rules(Value):
    """What is published when a draw is announced, whole: the hash of these rules is what everybody is held to."""

    protocol: str = PROTOCOL
    text: str = Field(min_length=1, max_length=10_000)
    """The rules in words: who may enter, what a breach is, what is done with a piece that comes back."""
    edition_id: UUID
    space: str = "numbered"
    """Which run of the edition's numbers is drawn for."""
    pieces: int = Field(ge=1, le=MOST_PIECES)
    opens_at: AwareDatetime
    closes_at: AwareDatetime
    commitment: str
    reveal_by: AwareDatetime
    """A secret not revealed by then is withheld, and the draw runs on the list and the beacon alone."""
    beacon_chain: str
    beacon_round: int = Field(ge=1)
    beacon_at: AwareDatetime
    """When that round comes out; the list must be frozen before."""
    offer_minutes: int = Field(ge=1)

    @property
    def published(self) -> dict[str, Any]:
        """What is hashed. The numbered run goes without saying, as it did before there were draws for others."""
        return self.model_dump(mode="json", exclude={"space"} if self.space == "numbered" else None)

    @property
    def hash(self) -> str:
        """SHA-256 over the canonical JSON (RFC 8785) of the rules, in hex."""
        return hashlib.sha256(rfc8785.dumps(self.published)).hexdigest()


class Draw(Aggregate):
    """One draw. Its entries are streams of their own; here is what all of them share."""

    TOPIC = "editions.Draw"

    class Announced(Created):
        TOPIC = "editions.DrawAnnounced"
        rules: Rules
        rules_hash: str
        outlet_id: UUID
        space: str = "numbered"

    class Postponed(Aggregate.Event):
        TOPIC = "editions.DrawPostponed"
        beacon_round: int
        beacon_at: AwareDatetime
        reveal_by: AwareDatetime
        reason: str

    class Listed(Aggregate.Event):
        TOPIC = "editions.DrawListed"
        count: int
        root: str

    class SecretWithheld(Aggregate.Event):
        TOPIC = "editions.DrawSecretWithheld"
        withheld_at: AwareDatetime

    class Drawn(Aggregate.Event):
        TOPIC = "editions.DrawDrawn"
        root: str
        secret: str | None
        beacon: str
        beacon_signature: str

    @event(Announced)
    def __init__(self, rules: Rules, rules_hash: str, outlet_id: UUID, space: str) -> None:
        self.rules, self.rules_hash, self.outlet_id, self.space = rules, rules_hash, outlet_id, space
        self.beacon_round, self.beacon_at, self.reveal_by = rules.beacon_round, rules.beacon_at, rules.reveal_by
        self.count, self.root = 0, ""
        self.withheld = False
        self.postponed: tuple[dict[str, Any], ...] = ()
        self.secret: str | None = None
        self.beacon, self.beacon_signature = "", ""

    # Decide.

    @classmethod
    def announce(cls, id: UUID, rules: Rules, outlet_id: UUID, now: datetime) -> Self:
        """Publish the rules and the commitment, before anybody can enter."""
        if not now <= rules.opens_at < rules.closes_at < rules.beacon_at < rules.reveal_by:
            raise MalformedDraw(
                reason="it must open, close, wait for the beacon and reveal in that order, none of it in the past"
            )
        committed = _bytes(rules.commitment)
        if committed is None or len(committed) != hashlib.sha256().digest_size or committed.hex() != rules.commitment:
            raise MalformedDraw(reason="the commitment must be a SHA-256 hash in hex, in small letters")
        if rules.beacon_chain == QUICKNET and rules.beacon_at != round_at(rules.beacon_round):
            raise MalformedDraw(reason=f"round {rules.beacon_round} comes out at {round_at(rules.beacon_round)}")
        return cls._create(
            cls.Announced, id=id, rules=rules, rules_hash=rules.hash, outlet_id=outlet_id, space=rules.space
        )

    def postpone(self, beacon_round: int, beacon_at: datetime, reason: str, now: datetime) -> None:
        """Name a later round, publicly, while the list is not frozen; the secret is due as long after it as before."""
        if (beacon_round, beacon_at) == (self.beacon_round, self.beacon_at):
            return
        self._must_be(now, "open", "closed", "announced")
        if beacon_at <= max(now, self.beacon_at) or beacon_round <= self.beacon_round:
            raise MalformedDraw(reason="the beacon can only be put off to a later round, yet to come")
        if self.rules.beacon_chain == QUICKNET and beacon_at != round_at(beacon_round):
            raise MalformedDraw(reason=f"round {beacon_round} comes out at {round_at(beacon_round)}")
        reveal_by = beacon_at + (self.reveal_by - self.beacon_at)
        self._postponed(beacon_round=beacon_round, beacon_at=beacon_at, reveal_by=reveal_by, reason=reason)

    def freeze(self, count: int, root: str, now: datetime) -> None:
        """Freeze the list under its root: after the close, and before the beacon could be known."""
        if self.root == root:
            return
        self._must_be(now, "closed")
        if now >= self.beacon_at:
            raise ListTooLate(draw_id=self.id, beacon_at=self.beacon_at)
        self._listed(count=count, root=root)

    def draw(self, secret: str | None, beacon: str, beacon_signature: str, now: datetime) -> None:
        """Draw with the revealed secret and the beacon; without a secret, once it is overdue: it was withheld.

        `beacon` is the round's randomness and `beacon_signature` what it is the SHA-256 of, both in hex.
        """
        if self.beacon == beacon and self.secret == secret:
            return
        self._must_be(now, "listed")
        if now < self.beacon_at:
            raise BeaconTooSoon(draw_id=self.id, beacon_at=self.beacon_at)
        raw = _bytes(beacon_signature)
        if raw is None or hashlib.sha256(raw).hexdigest() != beacon:
            raise BeaconDoesNotFit(draw_id=self.id)
        if secret is None:
            if now < self.reveal_by:
                raise SecretStillDue(draw_id=self.id, reveal_by=self.reveal_by)
            self._secret_withheld(withheld_at=now)
        elif (known := _bytes(secret)) is None or commitment_to(known) != self.rules.commitment:
            raise SecretDoesNotFit(draw_id=self.id)
        self._drawn(root=self.root, secret=secret, beacon=beacon, beacon_signature=beacon_signature)

    def state(self, now: datetime) -> State:
        """Where the draw is in its life at an instant."""
        if self.beacon:
            return "drawn"
        if self.root:
            return "listed"
        if now < self.rules.opens_at:
            return "announced"
        return "open" if now < self.rules.closes_at else "closed"

    def must_take_entries(self, now: datetime) -> None:
        """Refuse an entry, or a withdrawal, before the draw opens and after it closes."""
        if self.state(now) != "open":
            raise DrawNotOpen(
                draw_id=self.id,
                state=self.state(now),
                opens_at=self.rules.opens_at,
                closes_at=self.rules.closes_at,
            )

    def must_be_unlisted(self, now: datetime) -> None:
        """Refuse to touch who is on the list once it is frozen."""
        self._must_be(now, "announced", "open", "closed")

    def must_be_drawn(self, now: datetime) -> None:
        """Refuse to offer anything before the ranking stands."""
        self._must_be(now, "drawn")

    def published(self, entries: list[str], ranking: list[str]) -> dict[str, Any]:
        """What is published once the draw is over: all that `souvenir.draws.verify` needs."""
        return {
            "protocol": PROTOCOL,
            "rules": self.rules.published,
            "rules_hash": self.rules_hash,
            "entries": entries,
            "root": self.root,
            "secret": self.secret,
            "withheld": self.withheld,
            "postponed": list(self.postponed),
            "beacon": self.beacon,
            "beacon_signature": self.beacon_signature,
            "ranking": ranking,
        }

    def _must_be(self, now: datetime, *wanted: State) -> None:
        if self.state(now) not in wanted:
            raise DrawNotReady(draw_id=self.id, state=self.state(now), wanted=" or ".join(wanted))

    # Evolve.

    @event(Postponed)
    def _postponed(self, beacon_round: int, beacon_at: datetime, reveal_by: datetime, reason: str) -> None:
        self.beacon_round, self.beacon_at, self.reveal_by = beacon_round, beacon_at, reveal_by
        self.postponed += ({"beacon_round": beacon_round, "beacon_at": beacon_at.isoformat(), "reason": reason},)

    @event(Listed)
    def _listed(self, count: int, root: str) -> None:
        self.count, self.root = count, root

    @event(SecretWithheld)
    def _secret_withheld(self, withheld_at: datetime) -> None:
        self.withheld = True

    @event(Drawn)
    def _drawn(self, root: str, secret: str | None, beacon: str, beacon_signature: str) -> None:
        self.secret, self.beacon, self.beacon_signature = secret, beacon, beacon_signature


def _bytes(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None
