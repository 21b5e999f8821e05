"""Draw: entries, a frozen list, a ranking anyone can redo, and offers that go down it; returns go to the waiting list."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from souvenir.draws import registers as draws
from souvenir.draws.draw import Draw, MalformedDraw, Rules
from souvenir.draws.entry import Entry, Reason, entry_id
from souvenir.draws.ranking import inclusion_proof, list_root
from souvenir.editions.application import EditionSoldOut, NoneLeftHere, OnlyReservedLeft, hand_over, take_next
from souvenir.editions.counts import space_named
from souvenir.editions.edition import Edition
from souvenir.editions.piece import Piece, number_from, piece_id
from souvenir.editions.terms import NOT_FOR_SALE, Space
from souvenir.eventlog import Committed, EventLog, Process, Transaction, when
from souvenir.kernel import clock
from souvenir.kernel.errors import NotFound, SouvenirError
from souvenir.kernel.identifiers import new_id
from souvenir.processes.watch_deadlines import trying
from souvenir.sales.basket import Basket, PieceOfBasket
from souvenir.sales.order import Order

OFFERS_AT_ONCE: Final = 200
"""Offers settled and made in one commit; ask again for more."""

LISTING_WAITS: Final = timedelta(minutes=1)
"""How long after the close a list is frozen: by then every entry that was taken in time is on record."""


class NotADraw(SouvenirError):
    message = "Edition {edition_id} gives its numbers by {numbering}, not by draw. Declare it with numbering draw."
    edition_id: UUID
    numbering: str


class ListTooSoon(SouvenirError):
    message = "The list of draw {draw_id} is frozen from {frozen_from} on, when every entry taken in time is on record."
    draw_id: UUID
    frozen_from: datetime


@dataclass(frozen=True, slots=True)
class Inclusion:
    """What shows an entrant that they are on the frozen list: `ranking.is_included` checks it."""

    entry_id: str
    position: int
    count: int
    proof: tuple[str, ...]
    root: str


class Draws:
    """Draws for pieces of editions whose numbering is "draw"."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def announce(self, rules: Rules, outlet_id: UUID, draw_id: UUID | None = None) -> Committed[UUID]:
        """Announce a draw. With a `draw_id`, asking twice records nothing new.

        Raises NotADraw, MalformedDraw, and HoldTooLong for offers that last longer than the edition allows a hold to.
        """
        id = draw_id or new_id()

        def command(tx: Transaction) -> UUID:
            known = tx.find(Draw, id)
            if known is not None and known.rules_hash != rules.hash:
                raise MalformedDraw(reason="another draw was announced under this id")
            if known is None:
                edition, now, run = tx.get(Edition, rules.edition_id), clock.now(), space_named(rules.space)
                if edition.numbering != "draw":
                    raise NotADraw(edition_id=edition.id, numbering=edition.numbering)
                if run in NOT_FOR_SALE or rules.pieces > edition.last_number(run):
                    raise MalformedDraw(reason=f"the edition has fewer than {rules.pieces} pieces ({run}) for sale")
                edition.terms.must_allow_hold(now, now + timedelta(minutes=rules.offer_minutes))
                tx.save(Draw.announce(id, rules, outlet_id, now))
            return id

        return self._log.execute(command)

    def postpone(self, draw_id: UUID, beacon_round: int, beacon_at: datetime, reason: str) -> Committed[None]:
        """Name a later beacon round, publicly, before the list is frozen."""
        return self._decide(draw_id, lambda draw: draw.postpone(beacon_round, beacon_at, reason, clock.now()))

    def enter(self, draw_id: UUID, entrant: str) -> Committed[UUID]:
        """Enter a draw; answers the entry's public id. `entrant` is a keyed hash of a verified identity.

        Who withdrew, or was rejected, does not enter again: EntryNotValid.
        """

        def command(tx: Transaction) -> UUID:
            id = entry_id(draw_id, entrant)
            draw, known = tx.get(Draw, draw_id), tx.find(Entry, id)
            if known is None:
                draw.must_take_entries(clock.now())
                tx.save(Entry.submit(draw_id, entrant))
            else:
                known.must_count()
            return id

        return self._log.execute(command)

    def withdraw(self, entry: UUID) -> Committed[None]:
        """Take one's own entry back while the draw is open."""

        def command(tx: Transaction) -> None:
            mine = tx.get(Entry, entry)
            tx.get(Draw, mine.draw_id).must_take_entries(clock.now())
            mine.withdraw()
            tx.save(mine)

        return self._log.execute(command)

    def reject(self, entry: UUID, reason: Reason) -> Committed[None]:
        """Take an entry off before the list is frozen; the reason is kept for audit."""

        def command(tx: Transaction) -> None:
            rejected = tx.get(Entry, entry)
            draws.lock(tx.session, rejected.draw_id)  # it is either on the list that is frozen, or off it
            tx.get(Draw, rejected.draw_id).must_be_unlisted(clock.now())
            rejected.reject(reason)
            tx.save(rejected)

        return self._log.execute(command)

    def freeze(self, draw_id: UUID) -> Committed[str]:
        """Freeze the list of entries; answers its root, in hex, to be published before the beacon is out."""

        def command(tx: Transaction) -> str:
            draws.lock(tx.session, draw_id)
            draw, now = tx.get(Draw, draw_id), clock.now()
            if draw.state(now) == "closed" and now < draw.rules.closes_at + LISTING_WAITS:
                raise ListTooSoon(draw_id=draw_id, frozen_from=draw.rules.closes_at + LISTING_WAITS)
            if not draw.root:
                ids = draws.listed(tx.session, draw_id)
                draw.freeze(len(ids), list_root(ids).hex(), now)
                tx.save(draw)
            return draw.root

        return self._log.execute(command)

    def draw(self, draw_id: UUID, secret: str | None, beacon: str, beacon_signature: str) -> Committed[None]:
        """Draw with the revealed secret; or, once it is overdue, without it. All values in hex."""
        return self._decide(draw_id, lambda draw: draw.draw(secret, beacon, beacon_signature, clock.now()))

    def make_offers(self, draw_id: UUID) -> Committed[int]:
        """End the offers that are over, then offer what is free down the ranking; answers how much was done.

        At most 200 at once: ask again until nothing is. Whatever was returned or declined goes to the next in line.
        """
        return self._log.execute(lambda tx: make_offers(tx, draw_id))

    def go_on(self) -> int:
        """Where offers were made, end those that are over and offer what is free to the next; answers how many.

        So the ranking is followed without anybody asking. The first offers are made by who holds the draw.
        """
        with self._log.reading() as session:
            waiting = draws.unsettled(session, clock.now())
        made = 0
        for draw_id in waiting:
            with trying("draw", draw_id):
                made += self.make_offers(draw_id).result
        return made

    def decline(self, entry: UUID) -> Committed[None]:
        """Turn an offer down; its number is free for the next in line."""

        def command(tx: Transaction) -> None:
            declined = tx.get(Entry, entry)
            was_offered = declined.standing == "offered"
            declined.decline(clock.now())
            tx.save(declined)
            if was_offered:
                _release(tx, declined)

        return self._log.execute(command)

    def disqualify(self, entry: UUID, reason: Reason) -> Committed[None]:
        """After the draw: the entry loses its turn, the next rank has it, and nobody else's place changes."""

        def command(tx: Transaction) -> None:
            breached = tx.get(Entry, entry)
            tx.get(Draw, breached.draw_id).must_be_drawn(clock.now())
            was_offered = breached.standing == "offered"
            breached.disqualify(reason)
            tx.save(breached)
            if was_offered:
                _release(tx, breached)

        return self._log.execute(command)

    def take_up(self, entry: UUID, basket_id: UUID, holder: str) -> Committed[int]:
        """Put the offered number into the entrant's basket, to be bought there before the offer ends."""

        def command(tx: Transaction) -> int:
            offered, basket = tx.get(Entry, entry), tx.get(Basket, basket_id)
            basket.check_holder(holder)
            again = offered.basket_id == basket_id
            offered.take_up(basket_id, clock.now())
            draw = tx.get(Draw, offered.draw_id)
            edition = tx.get(Edition, draw.rules.edition_id)
            assert offered.number is not None
            if not again:
                hand_over(tx, edition.id, _run(draw), offered.number, entry, basket_id)
            basket.add_piece(
                PieceOfBasket(
                    product_id=edition.product_id, edition_id=edition.id, space=draw.space, number=offered.number
                )
            )
            tx.save(offered, basket)
            return offered.number

        return self._log.execute(command)

    # What anybody may ask.

    def inclusion(self, entry: UUID) -> Inclusion:
        """The proof that an entry is on the frozen list. Raises NotFound for one that is not."""
        draw = self._log.load(Draw, self._log.load(Entry, entry).draw_id)
        with self._log.reading() as session:
            ids = sorted(draws.ranked(session, draw.id)) or draws.listed(session, draw.id)
        if not draw.root or str(entry) not in ids:
            raise NotFound(kind="Entry on the frozen list", id=str(entry))
        position = ids.index(str(entry))
        return Inclusion(str(entry), position, len(ids), tuple(inclusion_proof(ids, position)), draw.root)

    def published(self, draw_id: UUID) -> dict[str, Any]:
        """The whole draw as it is published: `python -m souvenir.draws.verify` checks it."""
        draw = self._log.load(Draw, draw_id)
        draw.must_be_drawn(clock.now())
        with self._log.reading() as session:
            order = draws.ranked(session, draw_id)
        return draw.published(sorted(order), order)

    def _decide(self, draw_id: UUID, decide: Callable[[Draw], None]) -> Committed[None]:
        def command(tx: Transaction) -> None:
            draw = tx.get(Draw, draw_id)
            decide(draw)
            tx.save(draw)

        return self._log.execute(command)


class FollowDraws(Process):
    """Follows sales and returns: an offer that was taken up is paid; a number that came back goes to the next in line."""

    name = "draws"

    @when(Piece.Sold)
    def _sold(self, tx: Transaction, event: Piece.Sold) -> None:
        if event.holder is None:
            return
        found = draws.offered_in(tx.session, event.holder, number_from(event.originator_id))
        for entry in _drawn_for(tx, found, event):
            entry.pay(event.order_id)
            tx.save(entry)

    @when(Piece.Returned)
    def _returned(self, tx: Transaction, event: Piece.Returned) -> None:
        found = draws.paid_with(tx.session, event.order_id, number_from(event.originator_id))
        for entry in _drawn_for(tx, found, event):
            entry.give_back(event.order_id)
            tx.save(entry)


def _drawn_for(tx: Transaction, found: Iterable[UUID], event: Piece.Sold | Piece.Returned) -> Iterator[Entry]:
    """Of entries that have a piece's number, the one whose draw was for it: other editions have that number too."""
    for entry in (tx.get(Entry, id) for id in found):
        draw = tx.look(Draw, entry.draw_id)
        if piece_id(draw.rules.edition_id, _run(draw), number_from(event.originator_id)) == event.originator_id:
            yield entry


def make_offers(tx: Transaction, draw_id: UUID) -> int:
    """Settle the offers there are, then make new ones as long as a place and a piece are free; answers how many."""
    draws.lock(tx.session, draw_id)  # two who count the free places at once would both fill them
    draw, now = tx.get(Draw, draw_id), clock.now()
    draw.must_be_drawn(now)
    waiting = draws.on_offer(tx.session, draw_id, OFFERS_AT_ONCE)
    for offered in waiting:
        _settle(tx, draw, tx.get(Entry, offered.entry_id), now)
    over = sum(offered.expires_at is not None and offered.expires_at <= now for offered in waiting)
    if over == OFFERS_AT_ONCE:  # there may be more that are over: nothing is offered twice before all are settled
        return over
    free = min(draw.rules.pieces - draws.places_taken(tx.session, draw_id), OFFERS_AT_ONCE)
    until = now + timedelta(minutes=draw.rules.offer_minutes)
    made = 0
    for first in draws.next_in_line(tx.session, draw_id, max(free, 0)):
        entry = tx.get(Entry, first.entry_id)
        where = (tx, draw.rules.edition_id, draw.outlet_id, entry.id, until, _run(draw))
        try:
            piece = take_next(*where, by_draw=True)
        except (EditionSoldOut, NoneLeftHere, OnlyReservedLeft):
            break
        assert first.rank is not None
        entry.offer(first.rank, piece.number, until)
        tx.save(entry)
        made += 1
    return made


def _settle(tx: Transaction, draw: Draw, entry: Entry, now: datetime) -> None:
    """An offer is over at its deadline; unless its number is in an order by then, whose payment has a while longer."""
    assert entry.number is not None
    piece = tx.get(Piece, piece_id(draw.rules.edition_id, _run(draw), entry.number))
    if piece.order_id is not None and tx.get(Order, piece.order_id).basket_id == entry.basket_id is not None:
        entry.pay(piece.order_id)
    elif not (piece.is_held(now) and piece.holder == entry.basket_id):
        entry.lapse(now)
    tx.save(entry)


def _release(tx: Transaction, entry: Entry) -> None:
    """Let the number of an offer go that ended before its time."""
    draw, now = tx.get(Draw, entry.draw_id), clock.now()
    assert entry.number is not None
    piece = tx.get(Piece, piece_id(draw.rules.edition_id, _run(draw), entry.number))
    holder = entry.basket_id or entry.id
    if piece.holder == holder and piece.is_held(now):
        piece.release_hold(holder, now)
        tx.save(piece)


def _run(draw: Draw) -> Space:
    """The run of numbers a draw is for; it was announced for one there is."""
    return cast(Space, draw.space)
