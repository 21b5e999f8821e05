"""A device: the tablet or terminal at one till, paired once with a short code, revoked when lost or replaced."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError

CODE_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, 1, I and O, which people misread."""

CODE_LENGTH: Final = 8
"""40 bits, for one use within minutes."""

CODE_LASTS: Final = timedelta(minutes=15)


class PairingCodeUnknown(SouvenirError):
    message = "This pairing code is not known: it was used, withdrawn or misread. Ask the back office for a new one."


class PairingCodeExpired(SouvenirError):
    message = "This pairing code ended at {valid_until}. Ask the back office for a new one."
    valid_until: datetime


class DeviceRevoked(SouvenirError):
    message = "Device {device_id} was revoked: {reason}. Pair it anew if it may sell again."
    device_id: UUID
    reason: str


class DeviceNotEnrolled(SouvenirError):
    message = "Device {device_id} has not shown its pairing code yet. Pair it first."
    device_id: UUID


class TillHasDevice(SouvenirError):
    message = "Till {till} already has device {device_id}. Revoke that one first: two devices would share one drawer."
    till: str
    device_id: UUID


class Device(Aggregate):
    """One device, from the moment the back office expects it at a till."""

    TOPIC = "pos.Device"

    class Expected(Created):
        TOPIC = "pos.DeviceExpected"
        outlet_id: UUID
        till: str
        code_hash: str
        valid_until: datetime

    class Enrolled(Aggregate.Event):
        """The device showed its code and was given a token; `credential_id` names that token, and is not it."""

        TOPIC = "pos.DeviceEnrolled"
        outlet_id: UUID
        till: str
        credential_id: UUID

    class Revoked(Aggregate.Event):
        TOPIC = "pos.DeviceRevoked"
        reason: str

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def expect(cls, id: UUID, outlet_id: UUID, till: str, code_hash: str, valid_until: datetime) -> "Device":
        """Expect a device at a till; whoever shows the code in time is that device."""
        return cls._create(
            cls.Expected, id=id, outlet_id=outlet_id, till=till, code_hash=code_hash, valid_until=valid_until
        )

    def require_pairable(self, at: datetime) -> None:
        """Refuse unless the code may still be used at this instant."""
        self.require_trusted()
        if self.credential_id is not None:
            raise PairingCodeUnknown
        if at >= self.valid_until:
            raise PairingCodeExpired(valid_until=self.valid_until)

    def enrol(self, credential_id: UUID, at: datetime) -> None:
        """Pair the device with the token it was given; the same pairing again records nothing."""
        if self.credential_id == credential_id and self.revoked is None:
            return
        self.require_pairable(at)
        self._enrolled(outlet_id=self.outlet_id, till=self.till, credential_id=credential_id)

    def revoke(self, reason: str) -> None:
        """Trust the device, or whoever holds its code, no more; asking twice records nothing new."""
        if self.revoked is None:
            self._revoked(reason=reason)

    def require_trusted(self) -> None:
        """Refuse if the device was revoked."""
        if self.revoked is not None:
            raise DeviceRevoked(device_id=self.id, reason=self.revoked)

    def require_enrolled(self) -> None:
        """Refuse unless the device was paired, and is still trusted."""
        self.require_trusted()
        if self.credential_id is None:
            raise DeviceNotEnrolled(device_id=self.id)

    # Evolve: assigns only.

    @event(Expected)
    def __init__(self, outlet_id: UUID, till: str, code_hash: str, valid_until: datetime) -> None:
        self.outlet_id, self.till, self.code_hash, self.valid_until = outlet_id, till, code_hash, valid_until
        self.credential_id: UUID | None = None
        self.revoked: str | None = None

    @event(Enrolled)
    def _enrolled(self, outlet_id: UUID, till: str, credential_id: UUID) -> None:
        self.credential_id = credential_id

    @event(Revoked)
    def _revoked(self, reason: str) -> None:
        self.revoked = reason


def new_code() -> str:
    """A fresh pairing code as it is read out, such as "K7QM-2XHT"."""
    code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
    return f"{code[:4]}-{code[4:]}"


def code_hash(code: str) -> str:
    """What is kept of a pairing code; spaces, dashes and case do not matter."""
    return hashlib.sha256("".join(filter(str.isalnum, code.upper())).encode()).hexdigest()
