"""Sealed personal data as it stands in the log, and what a reader gets once the key is gone."""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from pydantic import Field

from souvenir.kernel.aggregate import Value


class Sealed(Value):
    """One field of personal data, encrypted under the key of one person and one purpose.

    Binary parts are base64url without padding. The key itself is never here: `key` only names it.
    """

    subject: UUID
    purpose: str
    key: str
    nonce: str
    ciphertext: str = Field(repr=False)


@dataclass(frozen=True, slots=True)
class Redacted:
    """What is read in place of personal data whose key was destroyed."""

    subject: UUID
    purpose: str
    reason: str = "erased"


class WrappedKey(NamedTuple):
    """A data key as a key store keeps it: encrypted under the master key, and useless without it."""

    id: str
    subject: str
    purpose: str
    version: int
    wrapped: bytes
