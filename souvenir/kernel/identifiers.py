"""Identifiers: ours (UUIDs, some derived so that a retry meets itself) and the trade's (GTIN)."""

import hashlib
from datetime import datetime
from functools import lru_cache
from os import urandom
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator
from stdnum import ean
from stdnum.exceptions import ValidationError

from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError

NAMESPACE = UUID("5f1d2a6e-0c1b-5e57-9a3e-7a0e5b1e50fe")
_BEGUN = hashlib.sha1(NAMESPACE.bytes, usedforsecurity=False)

_VARIANT = 0b10 << 62
_VERSION_5, _VERSION_7, _VERSION_8 = (version << 76 | _VARIANT for version in (5, 7, 8))
_FREE = (1 << 128) - 1 & ~(0xF << 76 | 0b11 << 62)
"""Every bit but those of the version and the variant."""
_TIMED = (1 << 48) - 1 << 80
"""The bits in which ids made at one time are the same."""


class MalformedGtin(SouvenirError):
    message = "{gtin!r} is not a GTIN: give 8, 12, 13 or 14 digits whose last is the GS1 check digit."
    gtin: str


def new_id(at: datetime | None = None) -> UUID:
    """A fresh id that sorts by the time it was made, now or as given (RFC 9562, version 7)."""
    milliseconds = int((at or clock.now()).timestamp() * 1000)
    random = int.from_bytes(urandom(10), "big")
    return UUID(int=(milliseconds << 80 | random) & _FREE | _VERSION_7)


def derived_id(purpose: str, *parts: object, near: UUID | None = None) -> UUID:
    """The id of something that follows from something else: the same parts always give the same id.

    It is the name-based UUID of RFC 9562, version 5: `uuid5(NAMESPACE, …)` in half the time. With `near` it begins as
    that id does (version 8), so that the store writes what follows from one thing to one place instead of many.
    """
    digest = _BEGUN.copy()
    digest.update("\x1f".join((purpose, *map(str, parts))).encode())
    value = int.from_bytes(digest.digest()[:16], "big") & _FREE
    if near is None:
        return UUID(int=value | _VERSION_5)
    return UUID(int=near.int & _TIMED | value & ~_TIMED | _VERSION_8)


@lru_cache(maxsize=4096)
def checked_gtin(text: str) -> str:
    """A GTIN (GS1 General Specifications) as 14 digits, its check digit verified."""
    digits = text.strip()
    try:
        plain = ean.validate(digits)
    except ValidationError:
        raise MalformedGtin(gtin=text[:40]) from None
    if digits != plain or not digits.isascii():  # hyphens or full-width digits would make two spellings of one code
        raise MalformedGtin(gtin=text[:40])
    return digits.rjust(14, "0")


Gtin = Annotated[str, AfterValidator(checked_gtin)]
