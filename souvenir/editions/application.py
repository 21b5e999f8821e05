"""What staff, the API and sales may ask of editions: declare, allot, release; hold, sell and take back a piece."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from souvenir.editions.certificate import (
    Certificate,
    CertificateNotRevoked,
    Statement,
    certificate_id,
    new_serial,
    seal,
)
from souvenir.editions.edition import (
    Edition,
    EditionAlreadyDeclared,
    NotAllottedHere,
    Proofs,
    ReturnPolicy,
)
from souvenir.editions.piece import Piece, PieceNotHeld, PieceNotSold, piece_id
from souvenir.editions.registers import pieces
from souvenir.editions.signing import SigningKeys
from souvenir.editions.terms import Numbering, Space, Terms
from souvenir.eventlog import Committed, EventLog, Session, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import NotFound, SouvenirError
from souvenir.kernel.identifiers import checked_gtin, new_id
from souvenir.kernel.localized import LocalizedText

T = TypeVar("T")


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
    message = "{space} number {number} of edition {edition_id} is reserved and not for sale. Choose another."
    edition_id: UUID
    space: str
    number: int


class NumbersTaken(SouvenirError):
    message = "{taken} of the {space} numbers {first} to {last} of edition {edition_id} are sold, held or retired. Move others."
    edition_id: UUID
    space: str
    first: int
    last: int
    taken: int


class Editions:
    """The editions of one shop group, and the pieces in them."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def declare(
        self,
        *,
        product_id: UUID,
        gtin: str,
        title: LocalizedText,
        size: int,
        proofs: Proofs | None = None,
        reserved: tuple[int, ...] = (),
        numbering: Numbering = "choice",
        approval_required: bool = False,
        returns: ReturnPolicy = "back_on_sale",
        longest_hold_minutes: int = 120,
        predecessor: UUID | None = None,
        edition_id: UUID | None = None,
    ) -> Committed[UUID]:
        """Declare an edition; its id is given back. With an `edition_id`, asking twice records nothing new."""
        edition = Edition.declare(
            edition_id or new_id(),
            product_id=product_id,
            gtin=checked_gtin(gtin),
            title=title,
            size=size,
            proofs=proofs or Proofs(),
            reserved=reserved,
            numbering=numbering,
            approval_required=approval_required,
            returns=returns,
            longest_hold_minutes=longest_hold_minutes,
            predecessor=predecessor,
        )
        return self._log.execute(lambda tx: enter_edition(tx, edition))

    def reduce(self, edition_id: UUID, size: int, reason: str) -> Committed[None]:
        """Make the edition smaller than declared, publicly."""
        return self._decide(edition_id, lambda edition: edition.reduce_to(size, reason))

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
            taken = pieces.taken_between(tx.session, edition_id, space, first, last, clock.now())
            if edition.pending_events and taken:
                raise NumbersTaken(edition_id=edition_id, space=space, first=first, last=last, taken=taken)
            for lapsed in pieces.lapsed_between(tx.session, edition_id, space, first, last, clock.now()):
                piece = tx.get(Piece, piece_id(edition_id, space, lapsed))
                piece.let_lapse(clock.now())
                tx.save(piece)
            tx.save(edition)

        return self._log.execute(decide)

    def release(self, edition_id: UUID, on_sale_from: datetime | None = None) -> Committed[None]:
        """Put the edition on sale: at an instant, or now. Released already, "now" changes nothing."""
        return self._decide(edition_id, lambda edition: edition.release(on_sale_from, clock.now()))

    def pause(self, edition_id: UUID, reason: str) -> Committed[None]:
        """Stop new holds and direct sales for a while."""
        return self._decide(edition_id, lambda edition: edition.pause(reason))

    def resume(self, edition_id: UUID) -> Committed[None]:
        """Go on selling after a pause."""
        return self._decide(edition_id, lambda edition: edition.resume())

    def close(self, edition_id: UUID, reason: str, closed_on: date) -> Committed[None]:
        """End the edition for good."""
        return self._decide(edition_id, lambda edition: edition.close(reason, closed_on))

    def hold(
        self,
        edition_id: UUID,
        outlet_id: UUID,
        holder: UUID,
        until: datetime,
        number: int | None = None,
        space: Space = "numbered",
    ) -> Committed[Piece]:
        """Hold the number the buyer chose, or the next one."""
        if number is None:
            return self._log.execute(lambda tx: take_next(tx, edition_id, outlet_id, holder, until, space))
        return self._log.execute(lambda tx: take_number(tx, edition_id, outlet_id, number, holder, until, space))

    def release_hold(self, edition_id: UUID, number: int, holder: UUID, space: Space = "numbered") -> Committed[None]:
        """Let a held piece go before its deadline."""
        return self._log.execute(lambda tx: release_hold(tx, edition_id, space, number, holder))

    def put_back(self, edition_id: UUID, number: int, space: Space = "numbered") -> Committed[None]:
        """Free a returned piece after inspection."""
        return self._log.execute(lambda tx: put_back(tx, edition_id, space, number))

    def retire(
        self,
        edition_id: UUID,
        number: int,
        reason: str,
        evidence: str,
        retired_on: date,
        space: Space = "numbered",
    ) -> Committed[None]:
        """Take a number out for ever; `evidence` names the record that shows why."""

        def decide(tx: Transaction) -> None:
            piece = _piece(tx, tx.get(Edition, edition_id), space, number)
            _must_have_no_certificate(tx, piece)
            piece.retire(reason, evidence, retired_on, clock.now())
            tx.save(piece)

        return self._log.execute(decide)

    def why_none(self, edition_id: UUID, outlet_id: UUID, space: Space = "numbered") -> tuple[SouvenirError, ...]:
        """What stands in the way of taking the next piece at an outlet right now; nothing when one can be had."""
        now, edition = clock.now(), self._log.load(Edition, edition_id)
        try:
            edition.terms.must_be_on_sale(space, now)
            edition.terms.must_be_for_anyone()
        except SouvenirError as refusal:
            return (refusal,)
        with self._log.reading() as session:
            if pieces.any_free(session, edition_id, space, outlet_id, now):
                return ()
            return (_why_none(session, edition, space, outlet_id, now),)

    def _decide(self, edition_id: UUID, decide: Callable[[Edition], None]) -> Committed[None]:
        def command(tx: Transaction) -> None:
            edition = tx.get(Edition, edition_id)
            decide(edition)
            tx.save(edition)

        return self._log.execute(command)


# Inside somebody else's transaction.


def enter_edition(tx: Transaction, edition: Edition) -> UUID:
    """Record a newly declared edition, unless the same one is known already."""
    known = tx.find(Edition, edition.id)
    if known is None:
        tx.save(edition)
    elif known.declared_as != edition.declared_as:
        raise EditionAlreadyDeclared(edition_id=edition.id)
    return edition.id


def take_next(
    tx: Transaction,
    edition_id: UUID,
    outlet_id: UUID,
    holder: UUID,
    until: datetime,
    space: Space = "numbered",
    *,
    by_draw: bool = False,
) -> Piece:
    """Hold the next piece nobody has at an outlet. A hold past its deadline no longer counts.

    Refusals: EditionClosed, EditionNotReleased, EditionPaused, NotForSale, OnlyByDraw (unless `by_draw`), then
    NotAllottedHere, OnlyReservedLeft, NoneLeftHere or EditionSoldOut, then HoldTooLong.
    """
    now = clock.now()
    terms, row = _known(edition_id, pieces.find_next(tx.session, edition_id, space, outlet_id, now))
    terms.must_be_on_sale(space, now)
    if not by_draw:
        terms.must_be_for_anyone()
    if row is None:
        raise _why_none(tx.session, tx.get(Edition, edition_id), space, outlet_id, now)
    return _hold(tx, terms, _registered(tx, terms, space, row, now), outlet_id, holder, until, now)


def take_number(
    tx: Transaction,
    edition_id: UUID,
    outlet_id: UUID,
    number: int,
    holder: UUID,
    until: datetime,
    space: Space = "numbered",
) -> Piece:
    """Hold the number a buyer chose, or hold for longer what the holder has already, even while sales are paused.

    Refusals: NumberOutsideRun, then those of `take_next` about the edition, then NumberNotForChoosing, NotAllottedHere,
    NumberReserved, PieceAlreadySold, PieceReturned, PieceRetired, PieceHeldBySomeoneElse.
    """
    now = clock.now()
    terms, row = _number(tx, edition_id, space, number)
    piece = _registered(tx, terms, space, row, now) if row else None
    if piece is None or piece.holder != holder or not piece.is_held(now):
        terms.must_be_on_sale(space, now)
    if piece is None or piece.holder != holder:
        terms.must_let_choose()
    _must_be_sold_here(row, edition_id, space, number, outlet_id)
    assert piece is not None
    return _hold(tx, terms, piece, outlet_id, holder, until, now)


def release_hold(tx: Transaction, edition_id: UUID, space: Space, number: int, holder: UUID) -> None:
    """Let a held piece go; nothing is recorded if the hold has ended already."""
    now = clock.now()
    terms, row = _number(tx, edition_id, space, number)
    if row is not None and row.status == "held":
        piece = _registered(tx, terms, space, row, now)
        piece.release_hold(holder, now)
        tx.save(piece)


def hand_over(tx: Transaction, edition_id: UUID, space: Space, number: int, holder: UUID, to: UUID) -> Piece:
    """Let another holder have a live hold, until the same instant: as a basket has the piece its owner was offered."""
    now = clock.now()
    terms, row = _number(tx, edition_id, space, number)
    if row is None or row.holder != holder:
        raise PieceNotHeld(edition_id=edition_id, space=space, number=number, holder=holder)
    piece = _registered(tx, terms, space, row, now)
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
) -> Piece:
    """Sell a piece to an order: on the holder's live hold, or (no holder) a free one allotted to the selling outlet.

    A hold taken in time is honoured while the edition is paused or after it closed; a direct sale is not made then.
    """
    now = clock.now()
    terms, row = _number(tx, edition_id, space, number)
    if holder is None and (row is None or row.order_id != order_id):
        terms.must_be_on_sale(space, now)
        terms.must_be_for_anyone()
        _must_be_sold_here(row, edition_id, space, number, outlet_id)
    if row is None:
        raise PieceNotHeld(edition_id=edition_id, space=space, number=number, holder=holder)
    piece = _registered(tx, terms, space, row, now)
    piece.sell(order_id, sold_on, outlet_id, now, holder)
    tx.save(piece)
    return piece


def return_piece(
    tx: Transaction, edition_id: UUID, space: Space, number: int, order_id: UUID, return_id: UUID, returned_on: date
) -> Piece:
    """Record that a sold piece came back. It is not for sale again until `put_back`, after its certificate is revoked."""
    piece = tx.find(Piece, piece_id(edition_id, space, number))
    if piece is None:
        raise PieceNotSold(edition_id=edition_id, space=space, number=number, order_id=order_id)
    piece.take_back(return_id, order_id, returned_on)
    tx.save(piece)
    return piece


def put_back(tx: Transaction, edition_id: UUID, space: Space, number: int) -> None:
    """Free a returned piece. The one place where a sold number becomes free again, so the one that must check."""
    tx.get(Edition, edition_id).must_contain(space, number)
    piece = tx.find(Piece, piece_id(edition_id, space, number))
    if piece is None:
        return
    _must_have_no_certificate(tx, piece)
    piece.put_back()
    tx.save(piece)


def issue_certificate(
    tx: Transaction,
    edition_id: UUID,
    space: Space,
    number: int,
    order_id: UUID,
    issued_on: date,
    *,
    keys: SigningKeys,
    issuer: LocalizedText,
    resolver: str,
) -> Certificate:
    """Issue the certificate of a piece for an order; asking twice gives the first one."""
    known = tx.find(Certificate, certificate_id(piece_id(edition_id, space, number), order_id))
    if known is not None:
        return known
    edition = tx.get(Edition, edition_id)
    statement = Statement(
        issuer=issuer,
        edition_id=edition_id,
        title=edition.title,
        space=space,
        number=number,
        size=edition.last_number(space),
        run=edition.size,
        proofs=edition.proofs,
        gtin=edition.gtin,
        serial=new_serial(),
        issued_on=issued_on,
        key_id=keys.key_id,
    )
    certificate = Certificate.issue(piece_id(edition_id, space, number), order_id, seal(statement, keys, resolver))
    tx.save(certificate)
    return certificate


def _known(edition_id: UUID, found: pieces.Found | None) -> pieces.Found:
    if found is None:
        raise NotFound(kind="Edition", id=str(edition_id))
    return found


def _number(tx: Transaction, edition_id: UUID, space: Space, number: int) -> pieces.Found:
    """The terms and the row of a number; no row if it was declared but not allotted. Refuses a number never declared."""
    terms, row = _known(edition_id, pieces.find_number(tx.session, edition_id, space, number))
    if row is None or row.outlet_id is None:
        tx.get(Edition, edition_id).must_contain(space, number)
    return terms, row


def _registered(tx: Transaction, terms: Terms, space: Space, row: pieces.Row, now: datetime) -> Piece:
    """The piece a row describes, opened if nobody touched it before. One that came back is replayed from its stream."""
    if row.piece_id is None:
        return Piece.open(terms.edition_id, terms.product_id, space, row.number)
    if row.came_back:
        return tx.get(Piece, row.piece_id)
    return Piece.as_registered(
        row.piece_id,
        row.version,
        now,
        edition_id=terms.edition_id,
        product_id=terms.product_id,
        space=space,
        number=row.number,
        standing="free" if row.status == "reserved" else row.status,
        holder=row.holder,
        held_since=row.held_since,
        held_until=row.held_until,
        held_at=row.outlet_id if row.status == "held" else None,
        order_id=row.order_id,
    )


def _piece(tx: Transaction, edition: Edition, space: Space, number: int) -> Piece:
    """The piece, opened if nobody touched it before."""
    edition.must_contain(space, number)
    known = tx.find(Piece, piece_id(edition.id, space, number))
    return known or Piece.open(edition.id, edition.product_id, space, number)


def _hold(
    tx: Transaction, terms: Terms, piece: Piece, outlet_id: UUID, holder: UUID, until: datetime, now: datetime
) -> Piece:
    own = piece.is_held(now) and piece.holder == holder
    terms.must_allow_hold(piece.held_since if own and piece.held_since else now, until)
    piece.hold(holder, until, outlet_id, now)
    tx.save(piece)
    return piece


def _must_have_no_certificate(tx: Transaction, piece: Piece) -> None:
    """Refuse while a returned piece's certificate stands, or was not even issued yet."""
    if piece.standing == "returned" and piece.order_id is not None:
        certificate = tx.find(Certificate, certificate_id(piece.id, piece.order_id))
        if certificate is None or certificate.revoked_on is None:
            raise CertificateNotRevoked(edition_id=piece.edition_id, space=piece.space, number=piece.number)


def _must_be_sold_here(row: pieces.Row | None, edition_id: UUID, space: Space, number: int, outlet_id: UUID) -> None:
    if row is None or row.outlet_id != outlet_id:
        raise NotAllottedHere(edition_id=edition_id, outlet_id=outlet_id, number=number)
    if row.status == "reserved":
        raise NumberReserved(edition_id=edition_id, space=space, number=number)


def _why_none(session: Session, edition: Edition, space: Space, outlet_id: UUID, now: datetime) -> SouvenirError:
    """Why an outlet has no piece to give: never had any, held by buyers, gone here, or gone everywhere."""
    if not any(mine.outlet_id == outlet_id and mine.space == space for mine in edition.allotments):
        return NotAllottedHere(edition_id=edition.id, outlet_id=outlet_id, number=None)
    left = pieces.remaining(session, edition.id, space, outlet_id)
    if left.here:
        back = left.first_hold_ends
        minutes = max(1, -int((now - back).total_seconds() // 60)) if back else 1
        return OnlyReservedLeft(edition_id=edition.id, outlet_id=outlet_id, back_in_minutes=minutes)
    if left.anywhere:
        return NoneLeftHere(edition_id=edition.id, outlet_id=outlet_id)
    return EditionSoldOut(edition_id=edition.id, size=edition.last_number(space))
