"""What may be asked at the door: let this token in, engage staff, give and take back tokens, open sessions.

What hands out a token uses `commit` and never a command key: the answer to a keyed command is kept in the log.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from souvenir.access.caller import Caller
from souvenir.access.credential import Credential, HolderKind
from souvenir.access.guests import GuestSession, GuestSessions
from souvenir.access.staff import BadgeTaken, Staff, opens
from souvenir.access.token import Audience, checked_audience, is_for, new_token, same, token_hash
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock

STAFF_TOKEN_LASTS: Final = timedelta(days=90)
CUSTOMER_SESSION_LASTS: Final = timedelta(days=30)

_FOUND = (
    "SELECT c.token_hash, c.kind, c.holder, c.outlet_id, c.till, c.expires_at, s.roles FROM credentials c"
    " LEFT JOIN staff_roll s ON s.staff_id = c.holder"
    " WHERE c.token_hash = ? AND c.audience = ? AND c.revoked = 0"
)


@dataclass(frozen=True, slots=True)
class GivenToken:
    """A token as its holder gets to see it, once."""

    token: str
    credential_id: UUID
    expires_at: datetime | None


class Access:
    """The four doors of one shop group."""

    def __init__(self, log: EventLog, guest_secret: bytes | str) -> None:
        self._log = log
        self._guests = GuestSessions(guest_secret)

    def authenticate(self, audience: str, token: str) -> Caller | None:
        """Who is at this door; None for a token that is unknown, ended, revoked, or for another door."""
        door = checked_audience(audience)
        if not is_for(door, token):
            return None
        if door == "storefront" and (guest := self._guests.read(token)) is not None:
            return Caller(door, guest, ("guest",))
        hash = token_hash(token)
        row = self._log.row(_FOUND, hash, door)
        return None if row is None or not same(row[0], hash) else _caller(door, *row[1:])

    def open_guest_session(self) -> GuestSession:
        """A session for a visitor without an account; nothing is recorded."""
        return self._guests.open()

    def open_customer_session(self, subject_id: UUID) -> Committed[GivenToken]:
        """A session for a known customer, for 30 days. Its token is shown here and nowhere else."""
        expires_at = clock.now() + CUSTOMER_SESSION_LASTS
        return self._log.commit(lambda tx: give_token(tx, "storefront", "customer", subject_id, expires_at=expires_at))

    def engage(self, badge: str, roles: Sequence[str]) -> Committed[UUID]:
        """Take someone on and give their id; the same badge with the same roles again records nothing."""

        def decide(tx: Transaction) -> UUID:
            new = Staff.engage(badge, roles)
            known = tx.find(Staff, new.id)
            if known is None:
                tx.save(new)
            elif known.roles != new.roles or known.left_on is not None:
                raise BadgeTaken(badge=badge, staff_id=known.id).at("badge")
            return new.id

        return self._log.execute(decide)

    def change_roles(self, staff_id: UUID, roles: Sequence[str]) -> Committed[None]:
        """Allow someone other things; their tokens follow at once."""
        return self._decide(staff_id, lambda staff: staff.change_roles(roles))

    def act_for(self, staff_id: UUID, licensor: str) -> Committed[None]:
        """Say for which licensor someone works; they see its licences and no other's."""
        return self._decide(staff_id, lambda staff: staff.act_for(licensor))

    def leave(self, staff_id: UUID, left_on: date) -> Committed[None]:
        """Note that someone left; their tokens stop at once."""
        return self._decide(staff_id, lambda staff: staff.leave(left_on))

    def give_staff_token(self, staff_id: UUID, audience: str) -> Committed[GivenToken]:
        """A token for one door that the roles open, for 90 days. It is shown here and nowhere else."""
        door = checked_audience(audience)
        expires_at = clock.now() + STAFF_TOKEN_LASTS

        def decide(tx: Transaction) -> GivenToken:
            tx.get(Staff, staff_id).require_door(door)
            return give_token(tx, door, "staff", staff_id, expires_at=expires_at)

        return self._log.commit(decide)

    def revoke(self, credential_id: UUID, reason: str) -> Committed[None]:
        """Take a token back."""
        return self._log.execute(lambda tx: revoke_token(tx, credential_id, reason))

    def _decide(self, staff_id: UUID, decide: Callable[[Staff], None]) -> Committed[None]:
        def command(tx: Transaction) -> None:
            staff = tx.get(Staff, staff_id)
            decide(staff)
            tx.save(staff)

        return self._log.execute(command)


def give_token(
    tx: Transaction,
    audience: Audience,
    kind: HolderKind,
    holder: UUID,
    *,
    outlet_id: UUID | None = None,
    till: str | None = None,
    expires_at: datetime | None = None,
) -> GivenToken:
    """Make a token inside a transaction; only its hash is recorded."""
    token = new_token(audience)
    credential = Credential.issue(
        audience=audience,
        token_hash=token_hash(token),
        kind=kind,
        holder=holder,
        outlet_id=outlet_id,
        till=till,
        expires_at=expires_at,
    )
    tx.save(credential)
    return GivenToken(token, credential.id, expires_at)


def revoke_token(tx: Transaction, credential_id: UUID, reason: str) -> None:
    """Take a token back inside a transaction."""
    credential = tx.get(Credential, credential_id)
    credential.revoke(reason)
    tx.save(credential)


def has_credentials(tx: Transaction, holder: UUID) -> bool:
    """Whether anybody was ever given a token under this id: then it is an account, of a customer or of staff."""
    return tx.session.row("SELECT 1 FROM credentials WHERE holder = ? LIMIT 1", str(holder)) is not None


def revoke_all_of(tx: Transaction, holder: UUID, reason: str) -> int:
    """Take back every token of a holder inside a transaction; returns how many still opened something."""
    rows = tx.session.rows("SELECT credential_id FROM credentials WHERE holder = ? AND revoked = 0", str(holder))
    for (credential_id,) in rows:
        revoke_token(tx, UUID(credential_id), reason)
    return len(rows)


def _caller(
    door: Audience,
    kind: str,
    holder: str,
    outlet_id: str | None,
    till: str | None,
    expires_at: str | None,
    staff_roles: str | None,
) -> Caller | None:
    if expires_at is not None and datetime.fromisoformat(expires_at) <= clock.now():
        return None
    if kind != "staff":
        return Caller(door, UUID(holder), (kind,), None if outlet_id is None else UUID(outlet_id), till)
    roles = tuple((staff_roles or "").split())
    return Caller(door, UUID(holder), roles) if opens(roles, door) else None
