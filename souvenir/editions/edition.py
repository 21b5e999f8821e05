"""An edition: so many numbered pieces and no more, the proofs beside them, where they may be sold and since when."""

import secrets
from datetime import date, datetime, timedelta
from typing import Literal, NotRequired, Self, TypedDict, Unpack
from uuid import UUID

from pydantic import AwareDatetime

from souvenir.editions import matched_set
from souvenir.editions.allotment import AlreadyAllotted, NotAllottedHere, NumberOutsideRun, Range, TooManyAllotments
from souvenir.editions.counts import (
    LARGEST_SIZE,
    EditionNotClosed,
    EditionStillMoving,
    FinalCount,
    Proofs,
    SizeCannotGrow,
)
from souvenir.editions.matched_set import NotFitForSet, PartOfSet
from souvenir.editions.purchase import Limits
from souvenir.editions.terms import EditionAlreadyReleased, EditionNotApproved, Numbering, Space, Terms
from souvenir.editions.window import BLOCK, SizeNotFixed, SoldAtOneOutlet, Window
from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import Gtin
from souvenir.kernel.localized import LocalizedText

ReturnPolicy = Literal["back_on_sale", "inspect", "retire"]
"""What becomes of a returned piece once its certificate is revoked: sold again, looked at by staff first, or never sold."""

MOST_ALLOTMENTS = 1_000


class EditionAlreadyDeclared(SouvenirError):
    message = (
        "Edition {edition_id} is already declared with other facts. What was declared stays; declare a new edition."
    )
    edition_id: UUID


class MalformedEdition(SouvenirError):
    message = "An edition of {size} cannot be declared: {reason}."
    size: int
    reason: str


class Declaration(TypedDict):
    """What is said of an edition when it is declared; what is not, is as `Edition.Declared` says."""

    product_id: UUID
    gtin: str
    title: LocalizedText
    size: int
    proofs: NotRequired[Proofs]
    reserved: NotRequired[tuple[int, ...]]
    """Numbers kept back from every sale."""
    numbering: NotRequired[Numbering]
    approval_required: NotRequired[bool]
    returns: NotRequired[ReturnPolicy]
    longest_hold_minutes: NotRequired[int]
    predecessor: NotRequired[UUID | None]
    window: NotRequired[Window | None]
    """It is timed: its size is 0 until `fix_size`, its numbering sequential, its outlet one."""
    visitors_only: NotRequired[bool]
    parts: NotRequired[tuple[UUID, ...]]
    """It is a matched set: number 17 of it is number 17 of each of these editions, sold together only."""


class Edition(Aggregate):
    """A declared edition: its size, its proofs, its allotments, and whether it is on sale."""

    TOPIC = "editions.Edition"

    class Declared(Created):
        TOPIC = "editions.EditionDeclared"
        product_id: UUID
        gtin: Gtin
        title: LocalizedText
        size: int
        proofs: Proofs = Proofs()
        reserved: tuple[int, ...] = ()
        numbering: Numbering = "choice"
        approval_required: bool = False
        returns: ReturnPolicy = "back_on_sale"
        longest_hold_minutes: int = 120
        predecessor: UUID | None = None
        window: Window | None = None
        visitors_only: bool = False
        parts: tuple[UUID, ...] = ()

    class JoinedSet(Aggregate.Event):
        TOPIC = "editions.EditionJoinedSet"
        set_id: UUID

    class SizeReduced(Aggregate.Event):
        TOPIC = "editions.EditionSizeReduced"
        size: int
        reason: str

    class SizeFixed(Aggregate.Event):
        TOPIC = "editions.EditionSizeFixed"
        size: int
        fixed_on: date

    class Approved(Aggregate.Event):
        TOPIC = "editions.EditionApproved"
        approval_ref: str
        approved_on: date
        licence_id: UUID | None = None

    class Allotted(Aggregate.Event):
        TOPIC = "editions.EditionAllotted"
        outlet_id: UUID
        space: Space
        first: int
        last: int
        reserved: tuple[int, ...] = ()
        shuffle: str = ""
        """Where numbers are random: the key, in hex, that says in which order they are given."""

    class Moved(Aggregate.Event):
        TOPIC = "editions.EditionMoved"
        space: Space
        first: int
        last: int
        from_outlet: UUID
        to_outlet: UUID

    class Limited(Aggregate.Event):
        TOPIC = "editions.EditionLimited"
        limits: Limits

    class Released(Aggregate.Event):
        TOPIC = "editions.EditionReleased"
        on_sale_from: AwareDatetime

    class Paused(Aggregate.Event):
        TOPIC = "editions.EditionPaused"
        reason: str

    class Resumed(Aggregate.Event):
        TOPIC = "editions.EditionResumed"

    class Closed(Aggregate.Event):
        TOPIC = "editions.EditionClosed"
        reason: str
        closed_on: date

    class Sealed(Aggregate.Event):
        TOPIC = "editions.EditionSealed"
        counts: tuple[FinalCount, ...]
        sealed_on: date

    class Recounted(Aggregate.Event):
        TOPIC = "editions.EditionRecounted"
        counts: tuple[FinalCount, ...]
        because: str

    @event(Declared)
    def __init__(
        self,
        product_id: UUID,
        gtin: str,
        title: LocalizedText,
        size: int,
        proofs: Proofs,
        reserved: tuple[int, ...],
        numbering: Numbering,
        approval_required: bool,
        returns: ReturnPolicy,
        longest_hold_minutes: int,
        predecessor: UUID | None,
        window: Window | None,
        visitors_only: bool,
        parts: tuple[UUID, ...],
    ) -> None:
        made = (product_id, gtin, dict(title), size, proofs, reserved)
        self.declared_as = (*made, numbering, approval_required, returns, window, visitors_only, parts)
        self.parts = parts
        self.set_id: UUID | None = None
        self.window, self.visitors_only = window, visitors_only
        self.fixed_on: date | None = None
        self.product_id, self.gtin, self.title = product_id, gtin, title
        self.size, self.proofs, self.reserved, self.numbering = size, proofs, reserved, numbering
        self.approval_required, self.returns, self.predecessor = approval_required, returns, predecessor
        self.longest_hold = timedelta(minutes=longest_hold_minutes)
        self.approval_ref: str | None = None
        self.allotments: tuple[Range, ...] = ()
        self.limits = Limits()
        self.on_sale_from: datetime | None = None
        self.paused_because: str | None = None
        self.closed_because: str | None = None
        self.sealed: tuple[FinalCount, ...] = ()
        self.recounts: tuple[str, ...] = ()

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def declare(cls, edition_id: UUID, **declared: Unpack[Declaration]) -> Self:
        """Freeze an edition's size and its proofs. The parts of a set must join it."""
        if reason := _contradiction(edition_id, declared):
            raise MalformedEdition(size=declared["size"], reason=reason)
        reserved = tuple(sorted(set(declared.get("reserved", ()))))
        return cls._create(cls.Declared, id=edition_id, **{**declared, "reserved": reserved})

    def join_set(self, whole: "Edition") -> None:
        """Become part of a matched set, for ever: from then on it is allotted, sold and counted as the set is."""
        if self.set_id == whole.id:
            return
        reasons = {
            "it belongs to another set": self.set_id is not None,
            "it is a set itself": bool(self.parts),
            "it is timed": self.window is not None,
            "it is not of the same size, with as many proofs": (self.size, self.proofs) != (whole.size, whole.proofs),
            "numbers of it were allotted, or it was released or closed": bool(
                self.allotments or self.on_sale_from or self.closed_because
            ),
        }
        for reason, holds in reasons.items():
            if holds:
                raise NotFitForSet(edition_id=self.id, set_id=whole.id, reason=reason)
        self._joined_set(set_id=whole.id)

    def reduce_to(self, size: int, reason: str, set_id: UUID | None = None) -> None:
        """Make fewer than declared. A size never grows, and numbers that were allotted are never cut off."""
        self._must_be_open(set_id)
        if size == self.size:
            return
        if not 1 <= size < self.size:
            raise SizeCannotGrow(edition_id=self.id, size=self.size, asked=size)
        self._must_be_unallotted("numbered", size + 1, self.size)
        self._reduced(size=size, reason=reason)

    def approve(self, approval_ref: str, approved_on: date, licence_id: UUID | None = None) -> None:
        """Record the licensor's approval of the final sample."""
        self.terms.must_be_open()
        if self.approval_ref != approval_ref:
            self._approved(approval_ref=approval_ref, approved_on=approved_on, licence_id=licence_id)

    def allot(self, outlet_id: UUID, space: Space, first: int, last: int) -> None:
        """Give numbers first to last to an outlet; nobody else can sell them from then on."""
        self._must_be_open()
        self.must_contain(space, first)
        self.must_contain(space, last)
        if Range(outlet_id=outlet_id, space=space, first=first, last=last) in self.allotments:
            return
        if first > last:
            raise NumberOutsideRun(edition_id=self.id, space=space, number=first, last=last)
        if self.size_open and any(r.outlet_id != outlet_id for r in self.allotments if r.space == space == "numbered"):
            raise SoldAtOneOutlet(edition_id=self.id)
        self._must_be_unallotted(space, first, last)
        self._must_have_room_for_allotments()
        reserved = tuple(n for n in self.reserved if first <= n <= last) if space == "numbered" else ()
        shuffle = secrets.token_hex(16) if self.numbering == "random" else ""
        self._allotted(outlet_id=outlet_id, space=space, first=first, last=last, reserved=reserved, shuffle=shuffle)

    def move(self, space: Space, first: int, last: int, from_outlet: UUID, to_outlet: UUID) -> None:
        """Move numbers from one outlet's allotment to another's."""
        self._must_be_open()
        self.must_contain(space, first)
        self.must_contain(space, last)
        if first > last:
            raise NumberOutsideRun(edition_id=self.id, space=space, number=first, last=last)
        if from_outlet == to_outlet or self._owned(to_outlet, space, first, last):
            return
        if self.size_open and space == "numbered":
            raise SoldAtOneOutlet(edition_id=self.id)
        if not self._owned(from_outlet, space, first, last):
            raise NotAllottedHere(edition_id=self.id, outlet_id=from_outlet, number=first)
        self._must_have_room_for_allotments()
        self._moved(space=space, first=first, last=last, from_outlet=from_outlet, to_outlet=to_outlet)

    def limit(self, limits: Limits) -> None:
        """Say how many pieces one buyer may have, from now on."""
        self._must_be_open()
        if self.limits != limits:
            self._limited(limits=limits)

    def release(self, on_sale_from: datetime | None, now: datetime) -> None:
        """Put the edition on sale from an instant that is the same for every channel; None means now."""
        self._must_be_open()
        if self.on_sale_from is not None:
            if on_sale_from in (None, self.on_sale_from):
                return
            raise EditionAlreadyReleased(edition_id=self.id, on_sale_from=self.on_sale_from)
        if self.approval_required and self.approval_ref is None:
            raise EditionNotApproved(edition_id=self.id)
        self._released(on_sale_from=on_sale_from or now)

    def pause(self, reason: str) -> None:
        """Stop taking new holds and direct sales; what is held can still be bought."""
        self._must_be_open()
        if self.paused_because is None:
            self._paused(reason=reason)

    def resume(self) -> None:
        self._must_be_open()
        if self.paused_because is not None:
            self._resumed()

    def close(self, reason: str, closed_on: date, set_id: UUID | None = None) -> None:
        """End the edition: sold out, window over, or withdrawn. It never opens again."""
        self.must_stand_alone(set_id)
        if self.closed_because is None:
            self._closed(reason=reason, closed_on=closed_on)

    def open_more(self, outlet_id: UUID) -> bool:
        """Give the outlet of a timed edition its next numbers: there is no ceiling while the window is open."""
        if not self.opens_more(outlet_id, "numbered"):
            return False
        last = max(r.last for r in self.allotments if r.space == "numbered")
        self.allot(outlet_id, "numbered", last + 1, min(last + BLOCK, LARGEST_SIZE))
        return True

    def fix_size(self, size: int, moving: int, fixed_on: date, now: datetime) -> None:
        """Say for ever how many a timed edition is: its highest number sold, once nobody can cancel any more."""
        if not self.size_open:
            return
        self.must_have_size(now)
        if moving:
            raise EditionStillMoving(edition_id=self.id, moving=moving)
        self._size_fixed(size=size, fixed_on=fixed_on)
        self.close("window over", fixed_on)

    def seal(self, counts: tuple[FinalCount, ...], moving: int, sealed_on: date, set_id: UUID | None = None) -> None:
        """Publish the final counts of a closed edition, once nothing in it moves any more. They are published once."""
        self.must_stand_alone(set_id)
        if self.sealed:
            return
        if self.closed_because is None:
            raise EditionNotClosed(edition_id=self.id)
        self.must_have_size()
        if moving:
            raise EditionStillMoving(edition_id=self.id, moving=moving)
        self._sealed(counts=counts, sealed_on=sealed_on)

    def recount(self, counts: tuple[FinalCount, ...], because: str) -> None:
        """Publish other counts than those that were sealed; the same ones record nothing new."""
        if self.sealed not in ((), counts):
            self._recounted(counts=counts, because=because)

    # What others ask before they take a piece.

    def must_stand_alone(self, set_id: UUID | None = None) -> None:
        """Refuse what is done to a part of a set, unless the set asks."""
        if self.set_id is not None and self.set_id != set_id:
            raise PartOfSet(edition_id=self.id, set_id=self.set_id)

    @property
    def size_open(self) -> bool:
        """Whether this is a timed edition that was not counted yet."""
        return self.window is not None and self.fixed_on is None

    def opens_more(self, outlet_id: UUID, space: Space) -> bool:
        """Whether an outlet that has no number left is given more: the one at which a timed edition is sold."""
        last = max((r.last for r in self.allotments if (r.outlet_id, r.space) == (outlet_id, space)), default=0)
        return self.size_open and space == "numbered" and 0 < last < LARGEST_SIZE

    def must_have_size(self, now: datetime | None = None) -> None:
        """Refuse what needs the size of an edition that has none yet; or, at an instant, that cannot have one yet."""
        if self.window is not None and self.size_open and (now is None or now < self.window.fixed_from):
            raise SizeNotFixed(edition_id=self.id, fixed_from=self.window.fixed_from)

    def last_number(self, space: Space) -> int:
        """The highest number of a space: the size of the run, or the count of that kind of proof."""
        if space == "numbered" and self.size_open:
            return LARGEST_SIZE
        return self.size if space == "numbered" else self.proofs.of(space)

    def must_contain(self, space: Space, number: int) -> None:
        """Refuse a number that was never declared."""
        if not 1 <= number <= self.last_number(space):
            raise NumberOutsideRun(edition_id=self.id, space=space, number=number, last=self.last_number(space))

    @property
    def terms(self) -> Terms:
        """What selling a piece must know."""
        return Terms(
            edition_id=self.id,
            product_id=self.product_id,
            numbering=self.numbering,
            longest_hold=self.longest_hold,
            on_sale_from=self.on_sale_from,
            paused_because=self.paused_because,
            closed_because=self.closed_because,
            limited=bool(self.limits.by_kind),
            closes_at=self.window.closes_at if self.window else None,
            visitors_only=self.visitors_only,
            set_id=self.set_id,
        )

    def _must_be_open(self, set_id: UUID | None = None) -> None:
        self.must_stand_alone(set_id)
        self.terms.must_be_open()

    def _must_be_unallotted(self, space: Space, first: int, last: int) -> None:
        taken = next((r for r in self.allotments if r.overlaps(space, first, last)), None)
        if taken is not None:
            raise AlreadyAllotted(edition_id=self.id, space=space, first=taken.first, last=taken.last)

    def _must_have_room_for_allotments(self) -> None:
        if len(self.allotments) >= MOST_ALLOTMENTS:
            raise TooManyAllotments(edition_id=self.id, limit=MOST_ALLOTMENTS)

    def _owned(self, outlet_id: UUID, space: Space, first: int, last: int) -> bool:
        mine = (r for r in self.allotments if r.outlet_id == outlet_id and r.overlaps(space, first, last))
        return sum(min(r.last, last) - max(r.first, first) + 1 for r in mine) == last - first + 1

    # Evolve: assigns only, because it also replays history.

    @event(JoinedSet)
    def _joined_set(self, set_id: UUID) -> None:
        self.set_id = set_id

    @event(SizeReduced)
    def _reduced(self, size: int, reason: str) -> None:
        self.size = size
        self.reserved = tuple(number for number in self.reserved if number <= size)

    @event(SizeFixed)
    def _size_fixed(self, size: int, fixed_on: date) -> None:
        self.size, self.fixed_on = size, fixed_on
        kept = (r.without(size + 1, LARGEST_SIZE) if r.space == "numbered" else (r,) for r in self.allotments)
        self.allotments = tuple(part for parts in kept for part in parts)

    @event(Approved)
    def _approved(self, approval_ref: str, approved_on: date, licence_id: UUID | None) -> None:
        self.approval_ref = approval_ref

    @event(Allotted)
    def _allotted(
        self, outlet_id: UUID, space: Space, first: int, last: int, reserved: tuple[int, ...], shuffle: str
    ) -> None:
        self.allotments += (Range(outlet_id=outlet_id, space=space, first=first, last=last),)

    @event(Moved)
    def _moved(self, space: Space, first: int, last: int, from_outlet: UUID, to_outlet: UUID) -> None:
        kept = (r.without(first, last) if r.overlaps(space, first, last) else (r,) for r in self.allotments)
        moved = Range(outlet_id=to_outlet, space=space, first=first, last=last)
        self.allotments = (*(part for parts in kept for part in parts), moved)

    @event(Limited)
    def _limited(self, limits: Limits) -> None:
        self.limits = limits

    @event(Released)
    def _released(self, on_sale_from: datetime) -> None:
        self.on_sale_from = on_sale_from

    @event(Paused)
    def _paused(self, reason: str) -> None:
        self.paused_because = reason

    @event(Resumed)
    def _resumed(self) -> None:
        self.paused_because = None

    @event(Closed)
    def _closed(self, reason: str, closed_on: date) -> None:
        self.closed_because = reason

    @event(Sealed)
    def _sealed(self, counts: tuple[FinalCount, ...], sealed_on: date) -> None:
        self.sealed = counts

    @event(Recounted)
    def _recounted(self, counts: tuple[FinalCount, ...], because: str) -> None:
        self.sealed = counts
        self.recounts += (because,)


def _contradiction(edition_id: UUID, declared: Declaration) -> str | None:
    """What cannot be declared so."""
    size, window, reserved = declared["size"], declared.get("window"), declared.get("reserved", ())
    numbering = declared.get("numbering", "choice")
    if window is not None and (reason := window.contradiction(size, numbering, reserved)):
        return reason
    if window is None and not 1 <= size <= LARGEST_SIZE:
        return f"the size must be from 1 to {LARGEST_SIZE}"
    if not all(1 <= number <= size for number in reserved):
        return "reserved numbers must lie within the run"
    if declared.get("visitors_only") and numbering == "draw":
        return "a draw chooses its buyers without asking whether they came"
    if declared.get("longest_hold_minutes", 1) < 1:
        return "a hold must last at least one minute"
    return matched_set.contradiction(edition_id, declared.get("parts", ()), timed=window is not None)
