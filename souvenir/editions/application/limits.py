"""Limits: so many per order, person, household or day, weighed in the transaction that sells, at every channel alike."""

from uuid import UUID

from souvenir.editions.edition import Edition
from souvenir.editions.purchase import (
    Bought,
    Evidence,
    IdentityNeeded,
    Kind,
    Purchase,
    PurchaseLimitReached,
    purchase_id,
)
from souvenir.editions.registers.limits import bought_by
from souvenir.editions.terms import Space
from souvenir.eventlog import Committed, EventLog, Transaction


class PurchaseLimits:
    """Who buys, as far as limits ask."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def identify(self, order_id: UUID, evidence: Evidence) -> Committed[None]:
        """Say who buys with an order; before it is paid, where its edition is limited."""
        return self._log.execute(lambda tx: identify(tx, order_id, evidence))

    def discover(self, order_id: UUID, evidence: Evidence) -> Committed[None]:
        """Learn more about who bought. Raises NotFound for an order that bought nothing limited."""

        def command(tx: Transaction) -> None:
            tx.get(Purchase, purchase_id(order_id))
            identify(tx, order_id, evidence)

        return self._log.execute(command)


def identify(tx: Transaction, order_id: UUID, evidence: Evidence) -> None:
    """Say who buys with an order; more evidence adds to what is known.

    Where a limit turns out to be exceeded by what was bought already a case is raised; the sale stands.
    """
    known = tx.find(Purchase, purchase_id(order_id))
    if known is None:
        tx.save(Purchase.identify(order_id, evidence))
        return
    known.add_evidence(evidence)
    tx.save(known)
    for bought in known.bought:
        _weigh(tx, known, bought, happened=True)
    tx.save(known)


def count_purchase(tx: Transaction, order_id: UUID, bought: Bought, *, happened: bool = False) -> None:
    """Count a piece against its edition's limits. A sale that happened already, offline, raises a case instead.

    The count is written first and read after: two sales to one buyer meet on its row. Refusals: IdentityNeeded,
    PurchaseLimitReached.
    """
    purchase = tx.find(Purchase, purchase_id(order_id))
    if purchase is None:
        if not happened:
            raise IdentityNeeded(edition_id=bought.edition_id, order_id=order_id)
        purchase = Purchase.by_somebody(order_id)
    purchase.count(bought)
    tx.save(purchase)
    _weigh(tx, purchase, bought, happened)
    tx.save(purchase)


def give_back_purchase(tx: Transaction, order_id: UUID, edition_id: UUID, space: Space, number: int) -> None:
    """A returned piece counts no more."""
    purchase = tx.find(Purchase, purchase_id(order_id))
    if purchase is not None:
        purchase.give_back(edition_id, space, number)
        tx.save(purchase)


def _weigh(tx: Transaction, purchase: Purchase, bought: Bought, happened: bool) -> None:
    edition_id = bought.edition_id
    for kind, limit in tx.look(Edition, edition_id).limits.by_kind.items():
        found = _bought(tx, purchase, kind, bought)
        if found <= limit:
            continue
        if not happened:
            raise PurchaseLimitReached(edition_id=edition_id, kind=kind, limit=limit)
        purchase.raise_case(edition_id, kind, limit, found)


def _bought(tx: Transaction, purchase: Purchase, kind: Kind, bought: Bought) -> int:
    if kind == "order":
        return sum(one.edition_id == bought.edition_id for one in purchase.bought)
    return bought_by(tx.session, bought.edition_id, kind, purchase.evidence, bought.on)
