"""Count an edition: what became of every number, when it is sealed and whenever that changes afterwards."""

from uuid import UUID

from souvenir.editions.counts import FinalCount
from souvenir.editions.edition import Edition
from souvenir.editions.registers import shelf
from souvenir.editions.terms import SPACES
from souvenir.eventlog import Transaction
from souvenir.kernel import clock


def final_counts(tx: Transaction, edition: Edition) -> tuple[tuple[FinalCount, ...], int]:
    """What became of each run, and how many pieces may still move: held, leased or being returned.

    Nobody else's sale falls between this count and its publication: until then the edition is locked.
    """
    shelf.lock(tx.session, edition.id)
    counts, moving = [], 0
    for space in SPACES:
        made, authorised = shelf.count_rows(tx.session, edition.id, space, clock.now()), edition.last_number(space)
        moving += made["held"] + made["leased"] + made["returned"]
        if authorised:
            sold, retired = made["sold"], made["retired"]
            unsold = authorised - sold - retired
            counts.append(FinalCount(space=space, authorised=authorised, sold=sold, retired=retired, unsold=unsold))
    return tuple(counts), moving


def recount(tx: Transaction, edition_id: UUID, because: str) -> None:
    """Correct the published counts of an edition, if it is sealed, after something became of a piece."""
    if tx.look(Edition, edition_id).closed_because is None:
        return
    shelf.lock(tx.session, edition_id)
    edition = tx.get(Edition, edition_id)
    if edition.sealed:
        counts, _ = final_counts(tx, edition)
        for one in (edition, *parts_of(tx, edition)):
            one.recount(counts, because)
            tx.save(one)


def parts_of(tx: Transaction, edition: Edition) -> list[Edition]:
    """The editions of a matched set; none of any other."""
    return [tx.get(Edition, part) for part in edition.parts]
