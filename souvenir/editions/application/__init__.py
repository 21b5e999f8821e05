"""What staff, the API and sales may ask of editions: declare, allot, release; hold, sell and take back a piece."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Final, Unpack
from uuid import UUID

from souvenir.editions.application.counting import final_counts, parts_of
from souvenir.editions.application.leases import Leases, grant_lease, sell_leased
from souvenir.editions.application.limits import PurchaseLimits
from souvenir.editions.application.taking import (
    EditionSoldOut,
    NoneLeftHere,
    NumberLeased,
    NumberReserved,
    NumbersTaken,
    OnlyReservedLeft,
    end_leases,
    enter_edition,
    hand_over,
    put_back,
    release_hold,
    retire_piece,
    return_piece,
    sell_piece,
    take_next,
    take_number,
    why_none,
)
from souvenir.editions.counts import LARGEST_SIZE, FinalCount
from souvenir.editions.edition import Declaration, Edition
from souvenir.editions.piece import Piece, piece_id
from souvenir.editions.purchase import Limits
from souvenir.editions.registers import shelf
from souvenir.editions.registers.shelf import NextPiece, Number
from souvenir.editions.terms import Space, Visit
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import new_id

AT_ONCE: Final = 1_000
"""Lapsed holds that are put on record in one commit."""

__all__ = [
    "EditionSoldOut",
    "Editions",
    "Leases",
    "NoneLeftHere",
    "NumberLeased",
    "NumberReserved",
    "NumbersTaken",
    "OnlyReservedLeft",
    "PurchaseLimits",
    "grant_lease",
    "hand_over",
    "put_back",
    "release_hold",
    "retire_piece",
    "return_piece",
    "sell_leased",
    "sell_piece",
    "take_next",
    "take_number",
]


MayRelease = Callable[[Transaction, Edition, datetime], None]
"""Refuses a release that somebody outside would not have, such as a licensor; asked within its commit."""


class Editions:
    """The editions of one shop group, and the pieces in them."""

    def __init__(self, log: EventLog, may_release: MayRelease | None = None) -> None:
        self._log = log
        self._may_release = may_release

    def declare(self, edition_id: UUID | None = None, **declared: Unpack[Declaration]) -> Committed[UUID]:
        """Declare an edition; its id is given back. With an `edition_id`, asking twice records nothing new."""
        edition = Edition.declare(edition_id or new_id(), **declared)
        return self._log.execute(lambda tx: enter_edition(tx, edition))

    def reduce(self, edition_id: UUID, size: int, reason: str) -> Committed[None]:
        """Make the edition smaller than declared, publicly."""

        def command(tx: Transaction) -> None:
            edition = tx.get(Edition, edition_id)
            edition.reduce_to(size, reason)
            tx.save(edition)
            for part in parts_of(tx, edition):
                part.reduce_to(size, reason, edition.id)
                tx.save(part)

        return self._log.execute(command)

    def approve(
        self, edition_id: UUID, approval_ref: str, approved_on: date, licence_id: UUID | None = None
    ) -> Committed[None]:
        """Record the licensor's approval of the final sample."""
        return self._decide(edition_id, lambda edition: edition.approve(approval_ref, approved_on, licence_id))

    def allot(
        self, edition_id: UUID, outlet_id: UUID, first: int, last: int, space: Space = "numbered"
    ) -> Committed[None]:
        """Give a range of numbers to an outlet."""
        return self._decide(edition_id, lambda edition: edition.allot(outlet_id, space, first, last))

    def move(
        self, edition_id: UUID, from_outlet: UUID, to_outlet: UUID, first: int, last: int, space: Space = "numbered"
    ) -> Committed[None]:
        """Move numbers that nobody has yet from one outlet to another."""

        def decide(tx: Transaction) -> None:
            edition = tx.get(Edition, edition_id)
            edition.move(space, first, last, from_outlet, to_outlet)
            end_leases(tx, edition_id, space, from_outlet, clock.now())
            taken = shelf.taken_between(tx.session, edition_id, space, first, last, clock.now())
            if edition.pending_events and taken:
                raise NumbersTaken(edition_id=edition_id, space=space, first=first, last=last, taken=taken)
            _let_lapse(tx, edition_id, space, first, last)
            tx.save(edition)

        return self._log.execute(decide)

    def limit(self, edition_id: UUID, limits: Limits) -> Committed[None]:
        """Say how many pieces one buyer may have, at every channel together."""
        return self._decide(edition_id, lambda edition: edition.limit(limits))

    def release(self, edition_id: UUID, on_sale_from: datetime | None = None) -> Committed[None]:
        """Put the edition on sale: at an instant, or now. Released already, "now" changes nothing."""

        def command(tx: Transaction) -> None:
            edition, now = tx.get(Edition, edition_id), clock.now()
            edition.release(on_sale_from, now)
            if self._may_release is not None and edition.pending_events:
                self._may_release(tx, edition, on_sale_from or now)
            tx.save(edition)

        return self._log.execute(command)

    def pause(self, edition_id: UUID, reason: str) -> Committed[None]:
        """Stop new holds and direct sales for a while."""
        return self._decide(edition_id, lambda edition: edition.pause(reason))

    def resume(self, edition_id: UUID) -> Committed[None]:
        """Go on selling after a pause."""
        return self._decide(edition_id, lambda edition: edition.resume())

    def close(self, edition_id: UUID, reason: str, closed_on: date) -> Committed[None]:
        """End the edition for good."""

        def command(tx: Transaction) -> None:
            edition = tx.get(Edition, edition_id)
            edition.close(reason, closed_on)
            tx.save(edition)
            for part in parts_of(tx, edition):
                part.close(reason, closed_on, edition.id)
                tx.save(part)

        return self._log.execute(command)

    def fix_size(self, edition_id: UUID, fixed_on: date) -> Committed[int]:
        """Count a timed edition after its window and the time to cancel; answers its size. Certificates follow."""

        def command(tx: Transaction) -> int:
            edition, now = tx.get(Edition, edition_id), clock.now()
            made, size = (
                shelf.count_rows(tx.session, edition_id, "numbered", now),
                shelf.last_sold(tx.session, edition_id),
            )
            edition.fix_size(size, made["held"] + made["leased"] + made["returned"], fixed_on, now)
            if edition.pending_events:
                _let_lapse(tx, edition_id, "numbered", size + 1, LARGEST_SIZE)
            tx.save(edition)
            return edition.size

        return self._log.execute(command)

    def seal(self, edition_id: UUID, sealed_on: date) -> Committed[tuple[FinalCount, ...]]:
        """Publish the final counts of a closed edition; asked again, it answers those that are published.

        What becomes of a piece afterwards (a sale a till reports late, a return) corrects them, publicly.
        """

        def command(tx: Transaction) -> None:
            edition = tx.get(Edition, edition_id)
            counts, moving = final_counts(tx, edition)
            edition.seal(counts, moving, sealed_on)
            tx.save(edition)
            for part in parts_of(tx, edition):
                part.seal(counts, moving, sealed_on, edition.id)
                tx.save(part)

        done = self._log.execute(command)
        return Committed(self._log.load(Edition, edition_id).sealed, done.position, done.replayed)

    def flow_back(
        self, edition_id: UUID, from_outlet: UUID, to_outlet: UUID, space: Space = "numbered"
    ) -> Committed[int]:
        """Move every number an outlet did not sell to another; answers how many. Those on hold or leased stay."""

        def command(tx: Transaction) -> int:
            edition, moved = tx.get(Edition, edition_id), 0
            end_leases(tx, edition_id, space, from_outlet, clock.now())
            _let_lapse(tx, edition_id, space, 1, LARGEST_SIZE)
            for first, last in shelf.free_ranges(tx.session, edition_id, space, from_outlet):
                edition.move(space, first, last, from_outlet, to_outlet)
                moved += last - first + 1
            tx.save(edition)
            return moved

        return self._log.execute(command)

    def hold(
        self,
        edition_id: UUID,
        outlet_id: UUID,
        holder: UUID,
        until: datetime,
        number: int | None = None,
        space: Space = "numbered",
        visit: Visit | None = None,
    ) -> Committed[Piece]:
        """Hold the number the buyer chose, or the next one; `visit` proves that they came, where it is asked for."""
        if number is None:
            return self._log.execute(
                lambda tx: take_next(tx, edition_id, outlet_id, holder, until, space, visit=visit),
                ahead=(NextPiece(edition_id, space, outlet_id),),
            )
        return self._log.execute(
            lambda tx: take_number(tx, edition_id, outlet_id, number, holder, until, space, visit=visit),
            ahead=(Number(edition_id, space, number),),
        )

    def release_hold(self, edition_id: UUID, number: int, holder: UUID, space: Space = "numbered") -> Committed[None]:
        """Let a held piece go before its deadline."""
        return self._log.execute(
            lambda tx: release_hold(tx, edition_id, space, number, holder), ahead=(Number(edition_id, space, number),)
        )

    def let_lapse(self) -> int:
        """Put on record that holds have passed their deadline, a thousand at a time; answers how many.

        Nothing waits for this: a lapsed hold counts as none at once. It keeps counting what is left cheap.
        """

        def command(tx: Transaction) -> int:
            over = shelf.lapsed_anywhere(tx.session, clock.now(), AT_ONCE)
            for lapsed in over:
                piece = tx.get(Piece, lapsed)
                piece.let_lapse(clock.now())
                tx.save(piece)
            return len(over)

        return self._log.execute(command).result

    def why_none(self, edition_id: UUID, outlet_id: UUID, space: Space = "numbered") -> tuple[SouvenirError, ...]:
        """What stands in the way of taking the next piece at an outlet right now; nothing when one can be had."""
        now, edition = clock.now(), self._log.load(Edition, edition_id)
        try:
            edition.terms.must_be_on_sale(space, now)
            edition.terms.must_be_for_anyone()
        except SouvenirError as refusal:
            return (refusal,)
        with self._log.reading() as session:
            if shelf.any_free(session, edition_id, space, outlet_id, now):
                return ()
            if shelf.leases_over(session, edition_id, space, outlet_id, now) or edition.opens_more(outlet_id, space):
                return ()
            return (why_none(session, edition, space, outlet_id, now),)

    def _decide(self, edition_id: UUID, decide: Callable[[Edition], None]) -> Committed[None]:
        def command(tx: Transaction) -> None:
            edition = tx.get(Edition, edition_id)
            decide(edition)
            tx.save(edition)

        return self._log.execute(command)


def _let_lapse(tx: Transaction, edition_id: UUID, space: Space, first: int, last: int) -> None:
    """Put on record that holds within a range have passed their deadline."""
    for lapsed in shelf.lapsed_between(tx.session, edition_id, space, first, last, clock.now()):
        piece = tx.get(Piece, piece_id(edition_id, space, lapsed))
        piece.let_lapse(clock.now())
        tx.save(piece)
