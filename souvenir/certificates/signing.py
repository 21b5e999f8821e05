"""The keys certificates are signed with: one that signs today, and the public half of every key that ever did."""

import hashlib
import os
import re
import tempfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from souvenir.kernel.errors import SouvenirError

PublicKeys = Mapping[str, bytes]
"""Raw Ed25519 public keys (32 bytes) by key id: all that is needed to verify, so it may be published."""

_KEY_FILE = re.compile(r"certificate-key-([0-9]{4})\.pem")
_NEXT = "certificate-key-next.pem"
"""A key that is ready, and signs nothing yet."""


class UnusableSigningKey(SouvenirError):
    message = "{file} holds no Ed25519 private key this shop can sign with. Restore it from a backup, or remove it."
    file: str


class NoSuchKey(SouvenirError):
    message = "There is no key {key_id} here that could be withdrawn."
    key_id: str


class KeyStillSigns(SouvenirError):
    message = "Key {key_id} signs certificates today: rotate the keys first, then withdraw it."
    key_id: str


class Keys(Protocol):
    """Where signing keys are had from, as they are at the moment."""

    @property
    def now(self) -> "SigningKeys": ...


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The private key that signs now, its id, and the public keys of it and its predecessors."""

    key_id: str
    private: Ed25519PrivateKey = field(repr=False)
    public: PublicKeys
    withdrawn: frozenset[str] = frozenset()
    """Ids of keys that fell into wrong hands: what they signed proves nothing."""

    @property
    def now(self) -> Self:
        """The keys as they are now."""
        return self

    @classmethod
    def generate(cls) -> Self:
        """Fresh keys that live in memory only."""
        return cls._of([Ed25519PrivateKey.generate()])

    @classmethod
    def _of(cls, keys: list[Ed25519PrivateKey], withdrawn: Iterable[str] = ()) -> Self:
        public = {key_id_of(raw_public(key)): raw_public(key) for key in keys}
        return cls(key_id_of(raw_public(keys[-1])), keys[-1], public, frozenset(withdrawn))

    def followed_by(self, private: Ed25519PrivateKey) -> Self:
        """Another key signs; what the old one signed still verifies."""
        public = raw_public(private)
        return type(self)(key_id_of(public), private, {**self.public, key_id_of(public): public}, self.withdrawn)

    def rotated(self) -> Self:
        """A new key signs."""
        return self.followed_by(Ed25519PrivateKey.generate())

    def without(self, key_id: str) -> Self:
        """The same keys with one withdrawn: it no longer verifies anything. The key that signs is rotated first."""
        if key_id not in self.public:
            raise NoSuchKey(key_id=key_id[:40])
        if key_id == self.key_id:
            raise KeyStillSigns(key_id=key_id)
        kept = {name: raw for name, raw in self.public.items() if name != key_id}
        return type(self)(self.key_id, self.private, kept, self.withdrawn | {key_id})

    def sign(self, purpose: bytes, content: bytes) -> str:
        """The Ed25519 signature (RFC 8032) over content for one purpose, in base64url without padding."""
        return to_base64url(self.private.sign(purpose + b"\x00" + content))


class KeyCabinet:
    """The keys of a shop while it runs: read again whenever somebody, in whichever process, added or withdrew one.

    Without a directory they live in memory only.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory, self._lock = directory, Lock()
        self._next: Ed25519PrivateKey | None = None
        self._keys = open_signing_keys(directory) if directory else SigningKeys.generate()
        self._seen = self._state()

    @property
    def now(self) -> SigningKeys:
        if self._state() != self._seen:
            with self._lock:
                self._seen = self._state()
                assert self._directory is not None
                self._keys = open_signing_keys(self._directory)
        return self._keys

    def after(self, expected: str) -> SigningKeys:
        """The keys as they are to be: with a new one that signs, ready and kept, if `expected` signs now.

        Asking twice makes one new key; it signs once somebody says `begin`. Raises NoSuchKey.
        """
        keys = self.now
        if expected not in {*keys.public, *keys.withdrawn}:
            raise NoSuchKey(key_id=expected[:40])
        if keys.key_id != expected:
            return keys
        with self._lock:
            if self._directory:
                _add_key(self._directory, _NEXT)
                return keys.followed_by(_load(self._directory / _NEXT))
            self._next = self._next or Ed25519PrivateKey.generate()
            return keys.followed_by(self._next)

    def begin(self, key_id: str) -> None:
        """Sign with the key that was made ready; nothing if it is not ready here, or signs already."""
        with self._lock, suppress(FileNotFoundError):  # another process was first
            ready = _load(self._directory / _NEXT) if self._directory else self._next
            if ready is None or key_id_of(raw_public(ready)) != key_id:
                return
            if self._directory:
                number = int(_key_files(self._directory)[-1].stem[-4:]) + 1
                os.rename(self._directory / _NEXT, self._directory / f"certificate-key-{number:04}.pem")
            else:
                self._keys, self._next = self._keys.followed_by(ready), None

    def public_half(self, key_id: str) -> bytes:
        """Of a key that can be withdrawn, or was. Raises NoSuchKey or KeyStillSigns."""
        keys = self.now
        if key_id not in keys.withdrawn:
            keys.without(key_id)
            return keys.public[key_id]
        return _load_public(self._directory / f"withdrawn-{key_id}.pem") if self._directory else b""

    def withdraw(self, key_id: str) -> None:
        """Trust a key no more; its private half is destroyed. Raises NoSuchKey or KeyStillSigns."""
        keys = self.now
        with self._lock:
            if key_id in keys.withdrawn:
                return
            self._keys = keys.without(key_id)
            if self._directory:
                _withdraw(self._directory, key_id)
                self._seen = self._state()

    def _state(self) -> tuple[str, ...]:
        """The names in the directory: a key is never changed, only added or withdrawn."""
        return tuple(sorted(os.listdir(self._directory))) if self._directory else ()


def open_signing_keys(directory: Path) -> SigningKeys:
    """The keys kept in a directory, oldest first; the newest signs. Makes the first one where there is none.

    Key files are readable by their owner only. Two processes that start together end with the same key. A withdrawal
    that a crash cut off is finished.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _key_files(directory):
        _add_key(directory, "certificate-key-0001.pem")
    gone = {path.stem.removeprefix("withdrawn-") for path in directory.glob("withdrawn-*.pem")}
    for key_id in gone:
        _withdraw(directory, key_id)
    return SigningKeys._of([_load(path) for path in _key_files(directory)], gone)


def verifies(public: bytes, purpose: bytes, content: bytes, signature: str) -> bool:
    """Whether this very text is the signature; another spelling of the same bytes is refused too."""
    try:
        raw = urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        Ed25519PublicKey.from_public_bytes(public).verify(raw, purpose + b"\x00" + content)
    except (InvalidSignature, NotBase64, ValueError):
        return False
    return to_base64url(raw) == signature


def key_id_of(public: bytes) -> str:
    """The id of a key follows from the key: 12 characters of its SHA-256, so two keys never share one."""
    return to_base64url(hashlib.sha256(public).digest())[:12]


def raw_public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def to_base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _key_files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if _KEY_FILE.fullmatch(path.name))


def _add_key(directory: Path, name: str) -> None:
    """Write a whole key file under a name of its own first, then link it: the first process to link wins."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    handle, written = tempfile.mkstemp(dir=directory)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        os.link(written, directory / name)
    except FileExistsError:
        pass
    finally:
        os.unlink(written)


def _withdraw(directory: Path, key_id: str) -> None:
    """Leave the public half under the key's id, then remove the private one; nothing where that is done."""
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    with suppress(FileNotFoundError):  # another process was first
        for path in _key_files(directory):
            key = _load(path)
            if key_id_of(raw_public(key)) == key_id:
                (directory / f"withdrawn-{key_id}.pem").write_bytes(key.public_key().public_bytes(*form))
                path.unlink()


def _load_public(path: Path) -> bytes:
    key = serialization.load_pem_public_key(path.read_bytes())
    assert isinstance(key, Ed25519PublicKey), "withdrawn keys are written by us"
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _load(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        raise UnusableSigningKey(file=str(path)) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UnusableSigningKey(file=str(path))
    return key
