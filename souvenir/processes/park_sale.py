"""Park a sale: put it aside at one till, its pieces held, and take it up at any till of the shop, one at a time."""

from collections.abc import Sequence
from typing import Final, cast
from uuid import UUID

from souvenir.catalogue.product import Product
from souvenir.editions.application import release_hold
from souvenir.editions.terms import Space, Visit
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import NotFound
from souvenir.kernel.identifiers import new_id
from souvenir.pos.parked import ParkedItem, ParkedSale, parked_until
from souvenir.pos.registers import parked_at
from souvenir.processes.make_order import Item, NotThatWay, hold_on_counter
from souvenir.processes.trading_day import shop_with, trading_day

USUALLY: Final = 30
"""Minutes a sale is parked where nobody says otherwise."""


class ParkSale:
    """What a till does when a customer goes back for their purse, and others are waiting."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def park(
        self,
        outlet_id: UUID,
        till: str,
        items: Sequence[Item],
        minutes: int = USUALLY,
        visit: Visit | None = None,
        resumed: UUID | None = None,
    ) -> Committed[UUID]:
        """Park what was rung up, its pieces held meanwhile; answers the parked sale's id.

        `resumed` is the parked sale it was taken up from, if it was. Raises HoldTooLong where an edition allows less.
        """
        parked_id = new_id()

        def command(tx: Transaction) -> UUID:
            outlet = shop_with(tx, outlet_id, till)
            trading_day(tx, outlet, till)
            finish_parked(tx, resumed, outlet_id, till)
            until = parked_until(clock.now(), minutes)
            for item in items:
                product = tx.look(Product, item.product_id)
                product.require_for_sale()
                if product.has_edition and item.edition_id is None:
                    raise NotThatWay(sku=product.sku)
            held = [hold_on_counter(tx, outlet_id, parked_id, item, visit, until) for item in items]
            tx.save(ParkedSale.park(parked_id, outlet_id, till, [_parked(item) for item in held], until))
            return parked_id

        return self._log.execute(command)

    def resume(self, parked_id: UUID, till: str) -> Committed[UUID]:
        """Take a parked sale up at a till; then ring it up there. Raises AlreadyResumed or ParkedSaleOver."""

        def command(tx: Transaction) -> UUID:
            sale = tx.get(ParkedSale, parked_id)
            sale.resume(till, clock.now())
            tx.save(sale)
            return parked_id

        return self._log.execute(command)

    def drop(self, parked_id: UUID, till: str) -> Committed[UUID]:
        """Put the goods back: the pieces of a parked sale are free at once. Raises AlreadyResumed or ParkedSaleOver."""

        def command(tx: Transaction) -> UUID:
            sale = tx.get(ParkedSale, parked_id)
            sale.drop(till, clock.now())
            _let_go(tx, sale)
            tx.save(sale)
            return parked_id

        return self._log.execute(command)

    def waiting(self, outlet_id: UUID) -> list[ParkedSale]:
        """The sales that are parked at an outlet, at whichever till; those that were taken up too, until they are rung up."""
        with self._log.reading() as session:
            found = parked_at(session, outlet_id, clock.now())
        return [self._log.load(ParkedSale, id) for id, _ in found]


def finish_parked(tx: Transaction, parked_id: UUID | None, outlet_id: UUID, till: str) -> None:
    """Within whatever rings a parked sale up: it is over, and its pieces are free for that."""
    if parked_id is None:
        return
    sale = tx.get(ParkedSale, parked_id)
    if sale.outlet_id != outlet_id:
        raise NotFound(kind=ParkedSale.__name__, id=str(parked_id))
    sale.finish(till, clock.now())
    _let_go(tx, sale)
    tx.save(sale)


def _let_go(tx: Transaction, sale: ParkedSale) -> None:
    for item in sale.items:
        if item.edition_id is not None and item.number is not None:
            release_hold(tx, item.edition_id, cast(Space, item.space), item.number, sale.id)


def _parked(item: Item) -> ParkedItem:
    return ParkedItem(
        product_id=item.product_id,
        quantity=item.quantity,
        edition_id=item.edition_id,
        space=item.space,
        number=item.number,
    )
