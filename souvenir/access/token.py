"""Tokens: random words that open one door. The shop keeps only their hashes, so a copy of the log opens nothing."""

import hashlib
import hmac
import secrets
from typing import Final, Literal

from souvenir.kernel.errors import MalformedInput

Audience = Literal["storefront", "pos", "finance", "backoffice"]
AUDIENCES: Final[tuple[Audience, ...]] = ("storefront", "pos", "finance", "backoffice")
"""The four doors. A token of one never opens another."""

RANDOM_BYTES: Final = 32
"""256 bits: too many to guess, so a plain SHA-256 of the token needs neither salt nor slowness."""

LONGEST_TOKEN: Final = 512
_PREFIX: Final = "svn"


def new_token(audience: Audience) -> str:
    """A fresh token, such as "svn_finance_7Vn…"; shown once to whom it is for, and kept nowhere."""
    return f"{_PREFIX}_{audience}_{secrets.token_urlsafe(RANDOM_BYTES)}"


def is_for(audience: str, token: str) -> bool:
    """Whether the token says it is for this door."""
    return len(token) <= LONGEST_TOKEN and token.startswith(f"{_PREFIX}_{audience}_")


def token_hash(token: str) -> str:
    """What is kept of a token: its SHA-256, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def same(left: str, right: str) -> bool:
    """Whether two hashes are the same, in a time that does not tell how much of them is."""
    return hmac.compare_digest(left.encode(), right.encode())


def checked_audience(text: str) -> Audience:
    """One of the four doors."""
    for audience in AUDIENCES:
        if text == audience:
            return audience
    raise MalformedInput(expected=f"audience ({', '.join(AUDIENCES)})", value=text[:40])
