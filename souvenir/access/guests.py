"""Guest sessions: a signed word that says "the same visitor as before", with an end; nothing is recorded for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from itsdangerous import BadSignature, TimestampSigner

from souvenir.access.token import is_for, same
from souvenir.kernel import clock
from souvenir.kernel.identifiers import new_id

LASTS: Final = timedelta(days=30)
"""How long a guest's basket can be found again."""

SHORTEST_SECRET: Final = 32
_PREFIX: Final = "svn_storefront_guest."


@dataclass(frozen=True, slots=True)
class GuestSession:
    """A guest's token, the id it carries, and when it ends."""

    token: str
    guest_id: UUID
    expires_at: datetime


class _Signer(TimestampSigner):
    """Signs with the shop's own clock."""

    def get_timestamp(self) -> int:
        return int(clock.now().timestamp())


class GuestSessions:
    """Opens and recognises guest sessions with one secret of at least 32 bytes."""

    def __init__(self, secret: bytes | str) -> None:
        assert len(secret) >= SHORTEST_SECRET, "a signing secret is at least 32 bytes long"
        self._signer = _Signer(secret, salt=b"souvenir guest session", key_derivation="hmac", digest_method=sha256)

    def open(self) -> GuestSession:
        """A session for a visitor who has none yet."""
        guest_id = new_id()
        token = _PREFIX + self._signer.sign(guest_id.hex).decode()
        return GuestSession(token, guest_id, clock.now() + LASTS)

    def read(self, token: str) -> UUID | None:
        """The guest behind a token; None if it is not ours, was changed, or has ended."""
        if not is_for("storefront", token) or not token.startswith(_PREFIX):
            return None
        word = token[len(_PREFIX) :]
        signed, _, signature = word.rpartition(".")
        if not same(signature, self._signer.get_signature(signed).decode()):
            return None  # also a spelling that only decodes to the same signature: a session has one token
        try:
            return UUID(hex=self._signer.unsign(word, max_age=int(LASTS.total_seconds())).decode())
        except (BadSignature, ValueError):
            return None
