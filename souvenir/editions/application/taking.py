"""Pieces are held, sold, taken back and freed, each inside the transaction of whoever asks for it."""

from datetime import date, datetime
from uuid import UUID

from souvenir.editions.allotment import NotAllottedHere
from souvenir.editions.application.counting import recount
from souvenir.editions.application.limits import count_purchase, give_back_purchase
from souvenir.editions.edition import Edition, EditionAlreadyDeclared
from souvenir.editions.lease import Lease
from souvenir.editions.piece import Piece, PieceNotHeld, PieceNotSold, piece_id
from souvenir.editions.purchase import Bought
from souvenir.editions.registers import shelf
from souvenir.editions.terms import USUAL_HOLD, Space, Terms, Visit
from souvenir.eventlog import Session, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import NotFound, SouvenirError


class EditionSoldOut(SouvenirError):
    message = "Edition {edition_id} is sold out: all {size} pieces are taken."
    edition_id: UUID
    size: int


class NoneLeftHere(SouvenirError):
    message = "Outlet {outlet_id} has no piece of edition {edition_id} left. Other outlets still have some."
    edition_id: UUID
    outlet_id: UUID


class OnlyReservedLeft(SouvenirError):
    message = (
        "Every remaining piece of edition {edition_id} is held by a buyer. One may be back in {back_in_minutes} min."
    )
    edition_id: UUID
    outlet_id: UUID
    back_in_minutes: int


class NumberReserved(SouvenirError):
    message = "Number {number} ({space}) of edition {edition_id} is reserved and not for sale. Choose another."
    edition_id: UUID
    space: str
    number: int


class NumberLeased(SouvenirError):
    message = "Number {number} ({space}) of edition {edition_id} is leased to a till until {until}. Choose another."
    edition_id: UUID
    space: str
    number: int
    until: datetime


class NumbersTaken(SouvenirError):
    message = "{taken} of the numbers {first} to {last} ({space}) of edition {edition_id} are sold, held or retired. Move others."
    edition_id: UUID
    space: str
    first: int
    last: int
    taken: int


def enter_edition(tx: Transaction, edition: Edition) -> UUID:
    """Record a newly declared edition, unless the same one is known already. The parts of a set join it.

    Raises NotFound for parts, or a predecessor, that were never declared.
    """
    known = tx.find(Edition, edition.id)
    if known is None:
        if edition.predecessor is not None:
            tx.get(Edition, edition.predecessor)
        for part in (tx.get(Edition, part) for part in edition.parts):
            part.join_set(edition)
            tx.save(part)
        tx.save(edition)
    elif known.declared_as != edition.declared_as:
        raise EditionAlreadyDeclared(edition_id=edition.id)
    return edition.id


def take_next(
    tx: Transaction,
    edition_id: UUID,
    outlet_id: UUID,
    holder: UUID,
    until: datetime | None = None,
    space: Space = "numbered",
    *,
    by_draw: bool = False,
    visit: Visit | None = None,
) -> Piece:
    """Hold the next piece nobody has at an outlet: until an instant, or as long as is usual and this edition allows.

    A hold past its deadline no longer counts.

    Refusals: EditionClosed, EditionNotReleased, EditionPaused, NotForSale, OnlyByDraw (unless `by_draw`),
    ProofOfVisitMissing, then NotAllottedHere, OnlyReservedLeft, NoneLeftHere or EditionSoldOut, then HoldTooLong.
    """
    now = clock.now()
    terms, row = _known(edition_id, shelf.find_next(tx.session, edition_id, space, outlet_id, now))
    terms.must_be_on_sale(space, now)
    if not by_draw:
        terms.must_be_for_anyone()
    terms.must_be_visited(visit)
    if row is None and end_leases(tx, edition_id, space, outlet_id, now):
        terms, row = _known(edition_id, shelf.find_next(tx.session, edition_id, space, outlet_id, now))
    if row is None and terms.closes_at is not None and space == "numbered" and _open_more(tx, edition_id, outlet_id):
        terms, row = _known(edition_id, shelf.find_next(tx.session, edition_id, space, outlet_id, now))
    if row is None:
        raise why_none(tx.session, tx.get(Edition, edition_id), space, outlet_id, now)
    return _hold(tx, terms, registered(tx, terms, space, row, now), outlet_id, holder, until, now, visit)


def take_number(
    tx: Transaction,
    edition_id: UUID,
    outlet_id: UUID,
    number: int,
    holder: UUID,
    until: datetime | None = None,
    space: Space = "numbered",
    *,
    visit: Visit | None = None,
) -> Piece:
    """Hold the number a buyer chose, or hold for longer what the holder has already, even while sales are paused.

    `until` is as for `take_next`. Who let a hold pass its deadline has nothing any more.

    Refusals: NumberOutsideRun, then those of `take_next` about the edition, then NumberNotForChoosing, NotAllottedHere,
    NumberReserved, PieceAlreadySold, PieceReturned, PieceRetired, PieceHeldBySomeoneElse.
    """
    now = clock.now()
    terms, row = number_to_take(tx, edition_id, space, number, now)
    piece = registered(tx, terms, space, row, now) if row else None
    if piece is None or piece.holder != holder or not piece.is_held(now):
        terms.must_be_on_sale(space, now)
        terms.must_be_visited(visit)
        terms.must_let_choose()
    _must_be_sold_here(row, edition_id, space, number, outlet_id)
    assert piece is not None
    return _hold(tx, terms, piece, outlet_id, holder, until, now, visit)


def release_hold(tx: Transaction, edition_id: UUID, space: Space, number: int, holder: UUID) -> None:
    """Let a held piece go; nothing is recorded if the hold has ended already."""
    now = clock.now()
    terms, row = number_of(tx, edition_id, space, number)
    if row is not None and row.status == "held":
        piece = registered(tx, terms, space, row, now)
        piece.release_hold(holder, now)
        tx.save(piece)


def hand_over(tx: Transaction, edition_id: UUID, space: Space, number: int, holder: UUID, to: UUID) -> Piece:
    """Let another holder have a live hold, until the same instant: as a basket has the piece its owner was offered."""
    now = clock.now()
    terms, row = number_of(tx, edition_id, space, number)
    if row is None or row.holder != holder:
        raise PieceNotHeld(edition_id=edition_id, space=space, number=number, holder=holder)
    piece = registered(tx, terms, space, row, now)
    if piece.held_until is None or piece.held_at is None or not piece.is_held(now):
        raise PieceNotHeld(edition_id=edition_id, space=space, number=number, holder=holder)
    until, outlet_id = piece.held_until, piece.held_at
    piece.release_hold(holder, now)
    piece.hold(to, until, outlet_id, now)
    tx.save(piece)
    return piece


def sell_piece(
    tx: Transaction,
    edition_id: UUID,
    space: Space,
    number: int,
    order_id: UUID,
    sold_on: date,
    holder: UUID | None = None,
    *,
    outlet_id: UUID,
    visit: Visit | None = None,
) -> Piece:
    """Sell a piece to an order: on the holder's live hold, or (no holder) a free one allotted to the selling outlet.

    Where buyers are limited the order's buyer must be identified: see `PurchaseLimits`. A hold taken in time is honoured while the edition is paused or after it closed;
    a direct sale is not made then. Numbers of a timed edition are sold in their order: only on a hold.
    """
    now = clock.now()
    terms, row = number_to_take(tx, edition_id, space, number, now)
    if holder is None and (row is None or row.order_id != order_id):
        terms.must_be_on_sale(space, now)
        terms.must_be_for_anyone()
        terms.must_be_visited(visit)
        _must_be_sold_here(row, edition_id, space, number, outlet_id)
        if terms.closes_at is not None and row is not None and row.piece_id is None:
            terms.must_let_choose()
    if row is None:
        raise PieceNotHeld(edition_id=edition_id, space=space, number=number, holder=holder)
    piece = registered(tx, terms, space, row, now)
    piece.sell(order_id, sold_on, outlet_id, now, holder, visit=visit)
    tx.save(piece)
    if terms.limited:
        count_purchase(tx, order_id, Bought(edition_id=edition_id, space=space, number=number, on=sold_on))
    return piece


def end_leases(tx: Transaction, edition_id: UUID, space: Space, outlet_id: UUID, now: datetime) -> int:
    """Take back the numbers of leases that are over by the clock; answers how many."""
    over = shelf.leases_over(tx.session, edition_id, space, outlet_id, now)
    return sum(end_lease(tx, tx.get(Lease, lease_id), now) for lease_id in over)


def end_lease(tx: Transaction, lease: Lease, now: datetime) -> int:
    back = shelf.still_leased(tx.session, lease.edition_id, lease.space, lease.outlet_id, lease.id)
    lease.end(back, now)
    tx.save(lease)
    return len(back)


def return_piece(
    tx: Transaction, edition_id: UUID, space: Space, number: int, order_id: UUID, return_id: UUID, returned_on: date
) -> Piece:
    """Record that a sold piece came back. It is not for sale again until `put_back`, after its certificate is revoked."""
    piece = tx.find(Piece, piece_id(edition_id, space, number))
    if piece is None:
        raise PieceNotSold(edition_id=edition_id, space=space, number=number, order_id=order_id)
    piece.take_back(return_id, order_id, returned_on)
    tx.save(piece)
    give_back_purchase(tx, order_id, edition_id, space, number)
    recount(tx, edition_id, f"number {number} ({space}) came back")
    return piece


def put_back(tx: Transaction, edition_id: UUID, space: Space, number: int) -> None:
    """Free a returned piece. Whoever asks sees to it that its certificate was revoked: see `processes/clear_piece`."""
    tx.get(Edition, edition_id).must_contain(space, number)
    piece = tx.find(Piece, piece_id(edition_id, space, number))
    if piece is not None:
        piece.put_back()
        tx.save(piece)


def retire_piece(
    tx: Transaction, edition_id: UUID, space: Space, number: int, reason: str, evidence: str, retired_on: date
) -> None:
    """Take a number out for ever; like `put_back`, only for who made sure of the certificate of a returned piece."""
    edition = tx.get(Edition, edition_id)
    edition.must_stand_alone()
    piece = piece_of(tx, edition, space, number)
    _, row = number_to_take(tx, edition_id, space, number, clock.now())
    if row is not None and row.status == "leased":
        raise NumberLeased(edition_id=edition_id, space=space, number=number, until=row.held_until)
    piece.retire(reason, evidence, retired_on, clock.now())
    tx.save(piece)
    recount(tx, edition_id, f"number {number} ({space}) was retired")


def _known(edition_id: UUID, found: shelf.Found | None) -> shelf.Found:
    if found is None:
        raise NotFound(kind="Edition", id=str(edition_id))
    return found


def number_of(tx: Transaction, edition_id: UUID, space: Space, number: int) -> shelf.Found:
    """The terms and the row of a number; no row if it was declared but not allotted. Refuses a number never declared."""
    terms, row = _known(edition_id, shelf.find_number(tx.session, edition_id, space, number))
    if row is None or row.outlet_id is None:
        tx.get(Edition, edition_id).must_contain(space, number)
    return terms, row


def number_to_take(tx: Transaction, edition_id: UUID, space: Space, number: int, now: datetime) -> shelf.Found:
    """The same for who wants to have it: a lease of it that is over by the clock is ended first."""
    terms, row = number_of(tx, edition_id, space, number)
    if row is None or row.status != "leased" or row.holder is None or row.held_until is None or row.held_until > now:
        return terms, row
    end_lease(tx, tx.get(Lease, row.holder), now)
    return number_of(tx, edition_id, space, number)


def registered(tx: Transaction, terms: Terms, space: Space, row: shelf.Row, now: datetime) -> Piece:
    """The piece a row describes, opened if nobody touched it before. One with a past is replayed from its stream."""
    if row.piece_id is None:
        return Piece.open(terms.edition_id, terms.product_id, space, row.number)
    if row.has_past:
        return tx.get(Piece, row.piece_id)
    return Piece.as_registered(
        row.piece_id,
        row.version,
        now,
        edition_id=terms.edition_id,
        product_id=terms.product_id,
        space=space,
        number=row.number,
        standing="free" if row.status in ("reserved", "leased") else row.status,
        holder=row.holder if row.status == "held" else None,
        held_since=row.held_since,
        held_until=row.held_until if row.status == "held" else None,
        held_at=row.outlet_id if row.status == "held" else None,
        order_id=row.order_id,
    )


def piece_of(tx: Transaction, edition: Edition, space: Space, number: int) -> Piece:
    """The piece, opened if nobody touched it before."""
    edition.must_contain(space, number)
    known = tx.find(Piece, piece_id(edition.id, space, number))
    return known or Piece.open(edition.id, edition.product_id, space, number)


def _hold(
    tx: Transaction,
    terms: Terms,
    piece: Piece,
    outlet_id: UUID,
    holder: UUID,
    until: datetime | None,
    now: datetime,
    visit: Visit | None,
) -> Piece:
    own = piece.is_held(now) and piece.holder == holder
    since = piece.held_since if own and piece.held_since else now
    until = until or min(now + USUAL_HOLD, since + terms.longest_hold)
    terms.must_allow_hold(since, until)
    piece.hold(holder, until, outlet_id, now, visit)
    tx.save(piece)
    return piece


def _open_more(tx: Transaction, edition_id: UUID, outlet_id: UUID) -> bool:
    edition = tx.get(Edition, edition_id)
    opened = edition.open_more(outlet_id)
    tx.save(edition)
    return opened


def _must_be_sold_here(row: shelf.Row | None, edition_id: UUID, space: Space, number: int, outlet_id: UUID) -> None:
    if row is None or row.outlet_id != outlet_id:
        raise NotAllottedHere(edition_id=edition_id, outlet_id=outlet_id, number=number)
    if row.status == "reserved":
        raise NumberReserved(edition_id=edition_id, space=space, number=number)
    if row.status == "leased":
        raise NumberLeased(edition_id=edition_id, space=space, number=number, until=row.held_until)


def why_none(session: Session, edition: Edition, space: Space, outlet_id: UUID, now: datetime) -> SouvenirError:
    """Why an outlet has no piece to give: never had any, held by buyers, gone here, or gone everywhere."""
    if not any(mine.outlet_id == outlet_id and mine.space == space for mine in edition.allotments):
        return NotAllottedHere(edition_id=edition.id, outlet_id=outlet_id, number=None)
    left = shelf.remaining(session, edition.id, space, outlet_id)
    if left.here:
        back = left.first_hold_ends
        minutes = max(1, -int((now - back).total_seconds() // 60)) if back else 1
        return OnlyReservedLeft(edition_id=edition.id, outlet_id=outlet_id, back_in_minutes=minutes)
    if left.anywhere:
        return NoneLeftHere(edition_id=edition.id, outlet_id=outlet_id)
    return EditionSoldOut(edition_id=edition.id, size=edition.last_number(space))
