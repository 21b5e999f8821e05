"""Identifiers: ours (UUIDs, some derived so that a retry meets itself) and the trade's (GTIN)."""

import hashlib
import secrets
from functools import lru_cache
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator
from stdnum import ean
from stdnum.exceptions import ValidationError

from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError

NAMESPACE = UUID("5f1d2a6e-0c1b-5e57-9a3e-7a0e5b1e50fe")
_BEGUN = hashlib.sha1(NAMESPACE.bytes, usedforsecurity=False)


class MalformedGtin(SouvenirError):
    message = "{gtin!r} is not a GTIN: give 8, 12, 13 or 14 digits whose last is the GS1 check digit."
    gtin: str


def new_id() -> UUID:
    """A fresh id that sorts by the time it was made (RFC 9562, version 7)."""
    milliseconds = int(clock.now().timestamp() * 1000) & (1 << 48) - 1
    random = secrets.randbits(74)
    value = milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return UUID(int=value)


def derived_id(purpose: str, *parts: object) -> UUID:
    """The id of something that follows from something else: the same parts always give the same id.

    It is the name-based UUID of RFC 9562, version 5: `uuid5(NAMESPACE, …)` in half the time.
    """
    digest = _BEGUN.copy()
    digest.update("\x1f".join((purpose, *map(str, parts))).encode())
    value = int.from_bytes(digest.digest()[:16], "big")
    return UUID(int=value & ~(0xF << 76 | 0b11 << 62) | 5 << 76 | 0b10 << 62)


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
