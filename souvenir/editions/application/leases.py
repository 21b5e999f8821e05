"""Leases: a device takes a block of numbers for its offline hours, reports what it sold, and hands in the rest."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from souvenir.editions.application.counting import recount
from souvenir.editions.application.limits import count_purchase
from souvenir.editions.application.taking import (
    NumberLeased,
    end_lease,
    end_leases,
    number_of,
    number_to_take,
    registered,
    why_none,
)
from souvenir.editions.edition import Edition
from souvenir.editions.lease import Lease, check_lease
from souvenir.editions.purchase import Bought
from souvenir.editions.registers import shelf
from souvenir.editions.terms import Space
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import new_id

AT_ONCE: Final = 20
"""Leases that are ended in one commit."""


class Leases:
    """Blocks of numbers at tills."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def grant(
        self,
        edition_id: UUID,
        outlet_id: UUID,
        device_id: UUID,
        numbers: int,
        until: datetime,
        *,
        device_is_revoked: bool,
        back_at: datetime | None = None,
        space: Space = "numbered",
        lease_id: UUID | None = None,
    ) -> Committed[Lease]:
        """Lease the next free numbers to a device, fewer if fewer are left; asked again with its id, answers the same.

        Unsold numbers come back at `back_at`, by default when the lease is over: give an offline till time to report.
        """
        id = lease_id or new_id()
        asked = (id, edition_id, outlet_id, device_id, numbers, until, back_at or until, space)
        return self._log.execute(lambda tx: grant_lease(tx, *asked, device_is_revoked=device_is_revoked))

    def hand_in(self, lease_id: UUID) -> Committed[None]:
        """End a lease: its device has reported every sale it made, and what is left comes back at once."""

        def command(tx: Transaction) -> None:
            lease = tx.get(Lease, lease_id)
            if lease.ended is None:
                end_lease(tx, lease, clock.now())

        return self._log.execute(command)

    def let_end(self) -> int:
        """End the leases that are over by the clock, so that their numbers are back on the shelf; answers how many.

        Nothing waits for this: a number whose lease is over can be had at once.
        """

        def command(tx: Transaction) -> int:
            over = shelf.leases_over_anywhere(tx.session, clock.now(), AT_ONCE)
            for lease_id in over:
                end_lease(tx, tx.get(Lease, lease_id), clock.now())
            return len(over)

        return self._log.execute(command).result


def grant_lease(
    tx: Transaction,
    id: UUID,
    edition_id: UUID,
    outlet_id: UUID,
    device_id: UUID,
    numbers: int,
    until: datetime,
    back_at: datetime,
    space: Space = "numbered",
    *,
    device_is_revoked: bool,
) -> Lease:
    """Lease the next free numbers of an outlet to a device, fewer if fewer are left; asked again, the same lease."""
    known, now = tx.find(Lease, id), clock.now()
    if known is not None:
        return known
    check_lease(device_id, numbers, until, back_at, now, revoked=device_is_revoked)
    edition = tx.get(Edition, edition_id)
    edition.terms.must_be_on_sale(space, now)
    edition.terms.must_be_for_anyone()
    edition.terms.must_be_visited(None)
    end_leases(tx, edition_id, space, outlet_id, now)
    free = shelf.free_numbers(tx.session, edition_id, space, outlet_id, numbers)
    if not free:
        raise why_none(tx.session, edition, space, outlet_id, now)
    granted = Lease.grant(id, edition_id, outlet_id, device_id, space, free, until, back_at)
    tx.save(granted)
    return granted


def sell_leased(tx: Transaction, lease_id: UUID, number: int, order_id: UUID, sold_on: date) -> bool:
    """Record a sale a device made from its lease, perhaps while offline; False if the number is somebody else's by now.

    The sale happened: it is recorded whenever the number is still to be had, even after the lease ended. Where it is
    not, the lease notes the dispute, for people to settle with the buyer.
    """
    lease, now = tx.get(Lease, lease_id), clock.now()
    lease.must_contain(number)
    try:
        piece_at = (tx, lease.edition_id, lease.space, number)
        terms, row = number_of(*piece_at)
        own = row is not None and row.status == "leased" and row.holder == lease_id
        if not own:
            terms, row = number_to_take(*piece_at, now)
        assert row is not None, "what was leased is allotted"
        assert row.outlet_id is not None, "to the outlet that leased it, or another since"
        piece = registered(tx, terms, lease.space, row, now)
        if row.status == "leased" and not own:
            raise NumberLeased(edition_id=terms.edition_id, space=lease.space, number=number, until=row.held_until)
        piece.sell(order_id, sold_on, row.outlet_id, now, lease_id=lease_id if own else None)
    except SouvenirError as refusal:
        lease.dispute(number, order_id, str(refusal))
        tx.save(lease)
        return False
    tx.save(piece)
    if terms.limited:
        bought = Bought(edition_id=terms.edition_id, space=lease.space, number=number, on=sold_on)
        count_purchase(tx, order_id, bought, happened=True)
    recount(tx, lease.edition_id, f"the sale of number {number} ({lease.space}) was reported late")
    return True
