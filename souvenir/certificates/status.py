"""The status list: one bit for each certificate, so that who asks for one of them tells nobody which.

W3C Bitstring Status List v1.0.
"""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from souvenir.certificates.signing import to_base64url

Purpose = Literal["revocation", "suspension"]
PURPOSES: Final[tuple[Purpose, ...]] = ("revocation", "suspension")
"""Revoked and retired certificates never come back; suspended ones may."""

LENGTH: Final = 131_072
"""Certificates in one list: the least the standard allows, so that a certificate hides among many."""

FRESH_SECONDS: Final = 300
"""How long a list may be used before it is asked for again."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Where a certificate stands in the status lists of its GTIN: the n-th that was issued, from 0."""

    resolver: str
    gtin: str
    place: int

    @property
    def entries(self) -> list[dict[str, str]]:
        """What its credential says of it."""
        part, index = divmod(self.place, LENGTH)
        return [
            {
                "id": f"{list_link(self.resolver, self.gtin, part, purpose)}#{index}",
                "type": "BitstringStatusListEntry",
                "statusPurpose": purpose,
                "statusListIndex": str(index),
                "statusListCredential": list_link(self.resolver, self.gtin, part, purpose),
            }
            for purpose in PURPOSES
        ]


def list_link(resolver: str, gtin: str, part: int, purpose: Purpose) -> str:
    """Where a list is published."""
    return f"{resolver.rstrip('/')}/status/{gtin}/{part}/{purpose}"


def status_credential(
    link: str, issuer: str, purpose: Purpose, places: Iterable[int], valid_from: str
) -> dict[str, Any]:
    """The list as a credential, before it is secured; `places` are those within the list that do not stand."""
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": link,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "validFrom": valid_from,
        "credentialSubject": {
            "id": f"{link}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "encodedList": encoded(places),
            "ttl": FRESH_SECONDS * 1000,
        },
    }


def encoded(places: Iterable[int]) -> str:
    """The list compressed, in multibase base64url: the first certificate is the leftmost bit."""
    bits = bytearray(LENGTH // 8)
    for place in places:
        bits[place // 8] |= 0x80 >> place % 8
    return "u" + to_base64url(gzip.compress(bytes(bits), mtime=0))
