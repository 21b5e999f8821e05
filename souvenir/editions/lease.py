"""A lease: a block of numbers a till may sell while it is offline, until the server's clock says it is over."""

from datetime import datetime, timedelta
from typing import Final, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime

from souvenir.editions.terms import Space
from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError

MOST_LEASED: Final = 500
"""Numbers in one lease."""

LONGEST_LEASE: Final = timedelta(days=7)

End = Literal["handed in", "expired"]


class LeaseRefused(SouvenirError):
    message = "Device {device_id} cannot lease {pieces} numbers until {until}: {reason}."
    device_id: UUID
    pieces: int
    until: datetime
    reason: str


class HolderRevoked(SouvenirError):
    message = "Device {device_id} was revoked: nothing is leased to it any more."
    device_id: UUID


class NumberNotLeased(SouvenirError):
    message = "Number {number} is not in lease {lease_id}."
    lease_id: UUID
    number: int


class Lease(Aggregate):
    """Numbers that one device alone may sell until an instant. What it did not sell comes back when the lease ends.

    `until` is when the device stops selling, `back_at` when the shop takes unsold numbers back: what lies between is
    the time a device has to come online and say what it sold.
    """

    TOPIC = "editions.Lease"

    class Granted(Created):
        TOPIC = "editions.LeaseGranted"
        edition_id: UUID
        outlet_id: UUID
        device_id: UUID
        space: Space
        numbers: tuple[int, ...]
        until: AwareDatetime
        back_at: AwareDatetime

    class SaleDisputed(Aggregate.Event):
        TOPIC = "editions.LeaseSaleDisputed"
        number: int
        order_id: UUID
        reason: str

    class Ended(Aggregate.Event):
        TOPIC = "editions.LeaseEnded"
        how: End
        back: tuple[int, ...]
        ended_at: AwareDatetime

    @event(Granted)
    def __init__(
        self,
        edition_id: UUID,
        outlet_id: UUID,
        device_id: UUID,
        space: Space,
        numbers: tuple[int, ...],
        until: datetime,
        back_at: datetime,
    ) -> None:
        self.edition_id, self.outlet_id, self.device_id = edition_id, outlet_id, device_id
        self.space, self.numbers, self.until, self.back_at = space, numbers, until, back_at
        self.disputed: tuple[tuple[int, UUID], ...] = ()
        self.ended: End | None = None

    # Decide.

    @classmethod
    def grant(
        cls,
        id: UUID,
        edition_id: UUID,
        outlet_id: UUID,
        device_id: UUID,
        space: Space,
        numbers: tuple[int, ...],
        until: datetime,
        back_at: datetime,
    ) -> Self:
        """Lease these numbers; `check_lease` has been asked before they were chosen."""
        return cls._create(
            cls.Granted,
            id=id,
            edition_id=edition_id,
            outlet_id=outlet_id,
            device_id=device_id,
            space=space,
            numbers=numbers,
            until=until,
            back_at=back_at,
        )

    def must_contain(self, number: int) -> None:
        """Refuse a number the device never had."""
        if number not in self.numbers:
            raise NumberNotLeased(lease_id=self.id, number=number)

    def dispute(self, number: int, order_id: UUID, reason: str) -> None:
        """Note a sale the device reports of a number that is somebody else's by now: a case for people."""
        self.must_contain(number)
        if (number, order_id) not in self.disputed:
            self._sale_disputed(number=number, order_id=order_id, reason=reason)

    def end(self, back: tuple[int, ...], now: datetime) -> None:
        """End the lease: handed in by its device, or over by the clock. What was not sold comes back."""
        if self.ended is None:
            self._ended(how="expired" if now >= self.back_at else "handed in", back=back, ended_at=now)

    # Evolve.

    @event(SaleDisputed)
    def _sale_disputed(self, number: int, order_id: UUID, reason: str) -> None:
        self.disputed += ((number, order_id),)

    @event(Ended)
    def _ended(self, how: End, back: tuple[int, ...], ended_at: datetime) -> None:
        self.ended = how


def check_lease(
    device_id: UUID, pieces: int, until: datetime, back_at: datetime, now: datetime, *, revoked: bool
) -> None:
    """Refuse a lease to a revoked device, of too many numbers, for too long, or over before it begins."""
    if revoked:
        raise HolderRevoked(device_id=device_id)
    reason = None
    if not 1 <= pieces <= MOST_LEASED:
        reason = f"a lease is of 1 to {MOST_LEASED} numbers"
    elif not now < until <= now + LONGEST_LEASE:
        reason = f"a lease ends later than now and within {LONGEST_LEASE.days} days"
    elif not until <= back_at <= until + LONGEST_LEASE:
        reason = "unsold numbers come back when the lease is over, or up to a week later"
    if reason is not None:
        raise LeaseRefused(device_id=device_id, pieces=pieces, until=until, reason=reason)
