"""Enrol a device: the back office expects it at a till, it shows its code once, and gets the token of that till.

Codes and tokens are handed out by `commit`, never under a command key: the answer to a keyed command is kept in the log.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from souvenir.access.application import give_token, revoke_all_of
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.identifiers import new_id
from souvenir.pos.application import expected_device, require_free_till
from souvenir.pos.device import CODE_LASTS, Device, code_hash, new_code
from souvenir.sites.outlet import Outlet


@dataclass(frozen=True, slots=True)
class Expectation:
    """A device the back office waits for: the code to type into it, and until when."""

    device_id: UUID
    code: str
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a newly paired device learns: who it is, where it stands, and its token, once."""

    device_id: UUID
    outlet_id: UUID
    till: str
    token: str


def expect_device(log: EventLog, outlet_id: UUID, till: str) -> Committed[Expectation]:
    """Expect a device at a till for the next 15 minutes. The code is shown here and nowhere else."""

    def decide(tx: Transaction) -> Expectation:
        tx.get(Outlet, outlet_id).require_till(till)
        require_free_till(tx, outlet_id, till)
        code, valid_until = new_code(), clock.now() + CODE_LASTS
        device = Device.expect(new_id(), outlet_id, till, code_hash(code), valid_until)
        tx.save(device)
        return Expectation(device.id, code, valid_until)

    return log.commit(decide)


def enrol_device(log: EventLog, code: str) -> Committed[Enrolment]:
    """Pair whoever shows a code that is still good; the code is good once."""

    def decide(tx: Transaction) -> Enrolment:
        now = clock.now()
        device = expected_device(tx, code, now)
        given = give_token(tx, "pos", "device", device.id, outlet_id=device.outlet_id, till=device.till)
        device.enrol(given.credential_id, now)
        tx.save(device)
        return Enrolment(device.id, device.outlet_id, device.till, given.token)

    return log.commit(decide)


def revoke_device(log: EventLog, device_id: UUID, reason: str) -> Committed[None]:
    """Trust a device no more: its token stops at once and its till is free for another."""

    def decide(tx: Transaction) -> None:
        device = tx.get(Device, device_id)
        device.revoke(reason)
        revoke_all_of(tx, device_id, reason)
        tx.save(device)

    return log.execute(decide)
