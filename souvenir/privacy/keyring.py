"""The key ring: seals personal data under one key per person and purpose, and destroys that key on request.

The master key wraps each data key (AES key wrap, RFC 3394); a data key seals a field (AES-256-GCM, 96-bit nonce). The
nonce is random and hedged: derived from the random bytes, the key, the text and its place, so that a machine that was
cloned, and draws the same bytes twice, still never uses one nonce for two texts. What the field is, whose it is, why it is kept and which key sealed it are bound in, so that a ciphertext opens
in its own place only. The log keeps ciphertext; keys live apart and can die.
"""

import base64
import hmac
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.sealing import Redacted, Sealed, WrappedKey
from souvenir.privacy.subject import checked_purposes

KEY_LENGTH: Final = 32
NONCE_LENGTH: Final = 12
SCHEME: Final = "gcm1"
"""Names the algorithm and the layout of the bound data; the first part of every key id."""

MOST_KEPT: Final = 10_000
KEPT_SECONDS: Final = 30.0
"""Unwrapped keys kept at hand, and for how long: the longest another process may read on after an erasure."""

_THE_SHOP = "shop"


class WrongMasterKey(SouvenirError):
    message = "The key store was made with another master key. Restore that one: nothing sealed opens with this."


class PersonForgotten(SouvenirError):
    message = "Subject {subject} was forgotten for {purpose}: nothing more is kept under that id. Register a new one."
    subject: UUID
    purpose: str


class SealBroken(SouvenirError):
    message = "A sealed field of subject {subject}, kept for {purpose}, was changed or moved, so it was not opened."
    subject: UUID
    purpose: str


class KeyStore(Protocol):
    """Where wrapped keys, destroyed key ids and the blind index are kept, apart from the log."""

    def current(self, subject: str, purpose: str) -> WrappedKey | None: ...
    def find(self, ids: Sequence[str]) -> dict[str, WrappedKey]: ...
    def add(self, key: WrappedKey) -> WrappedKey | None: ...
    def is_forgotten(self, subject: str, purpose: str) -> bool: ...
    def destroy(self, subject: str, purposes: Sequence[str]) -> tuple[str, ...]: ...
    def rewrap(self, wrap_anew: Callable[[bytes], bytes]) -> int: ...
    def index(self, purpose: str, hash: str, subject: str) -> bool: ...
    def name(self, purpose: str, proposed: Mapping[str, str]) -> dict[str, str]: ...
    def indexed(self, purpose: str, hash: str) -> tuple[str, ...]: ...
    def admit(self, hash: str, key: WrappedKey) -> str: ...


def place_of(event_topic: str, stream: UUID, field: str) -> str:
    """The context a field is bound to: which event of which aggregate, and which field of it."""
    return f"{event_topic}/{stream}/{field}"


class KeyRing:
    """Seals, opens and forgets. Safe to share between threads."""

    def __init__(self, store: KeyStore, master_key: bytes) -> None:
        """Raises WrongMasterKey if the store was made with another."""
        assert len(master_key) == KEY_LENGTH, "a master key is 32 bytes"
        self._store = store
        self._master_key = master_key
        self._kept: OrderedDict[str, tuple[float, AESGCM]] = OrderedDict()
        self._erasures = 0
        self._lock = threading.Lock()
        self._pepper = self._unwrapped(self._key(_THE_SHOP, "pepper"))

    def seal(self, subject: UUID, purpose: str, text: str, context: str) -> Sealed:
        """Encrypt one field of a person's data for a purpose; `context` says where it will stand (`place_of`).

        Makes the person's key for that purpose if there is none yet, durably, so call it before the command that
        records the field. Raises PersonForgotten.
        """
        checked_purposes([purpose])
        key = self._key(str(subject), purpose)
        data_key = self._unwrapped(key)
        bound = _bound(context, str(subject), purpose, key.id)
        nonce = hmac.digest(data_key, os.urandom(KEY_LENGTH) + bound + text.encode(), "sha256")[:NONCE_LENGTH]
        sealed = AESGCM(data_key).encrypt(nonce, text.encode(), bound)
        return Sealed(subject=subject, purpose=purpose, key=key.id, nonce=_text(nonce), ciphertext=_text(sealed))

    def open(self, sealed: Sealed, context: str) -> str | Redacted:
        """Read a sealed field where it stands, or Redacted once its key is gone. Raises SealBroken."""
        (opened,) = self.open_all([(sealed, context)])
        return opened

    def open_all(self, fields: Sequence[tuple[Sealed, str]]) -> list[str | Redacted]:
        """Read many sealed fields, each with its context, asking the key store once."""
        keys = self._ciphers({sealed.key for sealed, _ in fields})
        return [self._opened(keys.get(sealed.key), sealed, context) for sealed, context in fields]

    def forget(self, subject: UUID, purposes: Sequence[str]) -> tuple[str, ...]:
        """Destroy a person's keys and index entries for some purposes; names the keys destroyed by this call."""
        gone = self._store.destroy(str(subject), checked_purposes(purposes))
        with self._lock:
            self._erasures += 1
            self._kept.clear()
        return gone

    def is_forgotten(self, subject: UUID, purpose: str) -> bool:
        """Whether a person's keys for a purpose were destroyed for good: none is there, and none will be made."""
        return self._store.is_forgotten(str(subject), purpose)

    def agrees_on(self, erasures: int) -> bool:
        """Whether this key store has been held against a log with so many erasures: one from a backup has not."""
        return self._store.is_forgotten(_THE_SHOP, _agreement(erasures))

    def agree_on(self, erasures: int) -> None:
        """Note that everyone in a log with so many erasures is forgotten here."""
        self._store.destroy(_THE_SHOP, [_agreement(erasures)])

    def renew(self, subject: UUID, purpose: str) -> None:
        """Seal what comes from now on under a new key; what was sealed before still opens."""
        checked_purposes([purpose])
        self._made(str(subject), purpose, version=self._key(str(subject), purpose).version + 1)

    def rotate(self, new_master_key: bytes) -> int:
        """Wrap every key under a new master key; events are untouched. Returns how many keys."""
        assert len(new_master_key) == KEY_LENGTH, "a master key is 32 bytes"
        old = self._master_key
        count = self._store.rewrap(lambda wrapped: aes_key_wrap(new_master_key, aes_key_unwrap(old, wrapped)))
        self._master_key = new_master_key
        return count

    def keyed_hash(self, purpose: str, text: str) -> str:
        """A name for a value that only this shop can compute: HMAC-SHA-256 under a secret pepper, per purpose.

        The text is matched as given, apart from case and surrounding or inner spaces.
        """
        normalised = "".join(text.split()).upper()
        return hmac.digest(self._pepper, _bound("keyed hash", purpose, normalised), "sha256").hex()

    def index(self, subject: UUID, purpose: str, text: str) -> str:
        """Note that a value, such as a document number, belongs to a person; gone when the person is forgotten."""
        hash = self.keyed_hash(purpose, text)
        checked_purposes([purpose])
        if not self._store.index(purpose, hash, str(subject)):
            raise PersonForgotten(subject=subject, purpose=purpose)
        return hash

    def person_with(self, purpose: str, text: str) -> UUID:
        """The person a value was noted for first, or a new one with a key of their own: one durable write, or none."""
        checked_purposes([purpose])
        known = self.people_with(purpose, text)
        if known:
            return known[0]
        key = self._new_key(str(uuid4()), purpose, version=1)
        return UUID(self._store.admit(self.keyed_hash(purpose, text), key))

    def pseudonyms(self, purpose: str, texts: Sequence[str]) -> tuple[UUID, ...]:
        """What each value goes by in the log: whom it was noted for first, or somebody new. One durable write, or none.

        Once that somebody is forgotten nothing leads from the value to them: it goes by another name.
        """
        checked_purposes([purpose])
        known = {text: self.people_with(purpose, text) for text in texts}
        new = {self.keyed_hash(purpose, text): str(uuid4()) for text, people in known.items() if not people}
        named = self._store.name(purpose, new) if new else {}
        return tuple(
            people[0] if (people := known[text]) else UUID(named[self.keyed_hash(purpose, text)]) for text in texts
        )

    def people_with(self, purpose: str, text: str) -> tuple[UUID, ...]:
        """The people a value was noted for, oldest first, at most 100."""
        return tuple(UUID(subject) for subject in self._store.indexed(purpose, self.keyed_hash(purpose, text)))

    # Keys.

    def _key(self, subject: str, purpose: str) -> WrappedKey:
        return self._store.current(subject, purpose) or self._made(subject, purpose, version=1)

    def _made(self, subject: str, purpose: str, version: int) -> WrappedKey:
        key = self._store.add(self._new_key(subject, purpose, version))
        if key is None:
            raise PersonForgotten(subject=UUID(subject), purpose=purpose)
        return key

    def _new_key(self, subject: str, purpose: str, version: int) -> WrappedKey:
        wrapped = aes_key_wrap(self._master_key, os.urandom(KEY_LENGTH))
        return WrappedKey(f"{SCHEME}-{uuid4().hex}", subject, purpose, version, wrapped)

    def _unwrapped(self, key: WrappedKey) -> bytes:
        try:
            return aes_key_unwrap(self._master_key, key.wrapped)
        except InvalidUnwrap:
            raise WrongMasterKey from None

    def _ciphers(self, ids: set[str]) -> dict[str, AESGCM]:
        now = time.monotonic()
        with self._lock:
            found = {id: self._kept[id][1] for id in ids if id in self._kept and self._kept[id][0] > now}
            erasures = self._erasures
        stored = self._store.find([id for id in ids if id not in found])
        fresh = {id: AESGCM(self._unwrapped(key)) for id, key in stored.items()}
        with self._lock:
            if erasures == self._erasures:
                self._kept.update((id, (now + KEPT_SECONDS, cipher)) for id, cipher in fresh.items())
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return found | fresh

    def _opened(self, cipher: AESGCM | None, sealed: Sealed, context: str) -> str | Redacted:
        if cipher is None:
            forgotten = self._store.is_forgotten(str(sealed.subject), sealed.purpose)
            return Redacted(sealed.subject, sealed.purpose, "erased" if forgotten else "key missing")
        bound = _bound(context, str(sealed.subject), sealed.purpose, sealed.key)
        try:
            return cipher.decrypt(_bytes(sealed.nonce), _bytes(sealed.ciphertext), bound).decode()
        except (InvalidTag, ValueError):
            raise SealBroken(subject=sealed.subject, purpose=sealed.purpose) from None


def _agreement(erasures: int) -> str:
    return f"all of {erasures} erasures"


def _bound(*parts: str) -> bytes:
    """Parts joined so that no two different lists give the same bytes."""
    encoded = [part.encode() for part in (SCHEME, *parts)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
