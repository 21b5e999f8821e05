"""The fair ranking of a draw: a pure function of the frozen list, the revealed secret and the beacon; anyone can redo it.

Protocol `souvenir-draw-v1`. Hashes are SHA-256; the list root is the Merkle tree head of RFC 6962 over the sorted ids.
"""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import Final

PROTOCOL: Final = "souvenir-draw-v1"
_TAG: Final = b"souvenir-draw-v1\x00"
_COMMIT: Final = b"souvenir-draw-commit-v1\x00"
_WHOLE: Final = 2**256


def commitment_to(secret: bytes) -> str:
    """What is published before the draw: it binds the secret without showing it."""
    return hashlib.sha256(_COMMIT + secret).hexdigest()


def list_root(ids: Sequence[str]) -> bytes:
    """The Merkle tree head (RFC 6962, section 2.1) of the ids in their order."""
    if not ids:
        return hashlib.sha256(b"").digest()
    level = [_leaf(id) for id in ids]
    while len(level) > 1:
        paired = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = paired if len(level) % 2 == 0 else [*paired, level[-1]]
    return level[0]


def inclusion_proof(ids: Sequence[str], position: int) -> list[str]:
    """The audit path (RFC 6962, section 2.1.1) that shows an entrant their place in the frozen list, in hex."""
    if len(ids) == 1:
        return []
    half = _largest_power_below(len(ids))
    if position < half:
        return [*inclusion_proof(ids[:half], position), list_root(ids[half:]).hex()]
    return [*inclusion_proof(ids[half:], position - half), list_root(ids[:half]).hex()]


def is_included(id: str, position: int, count: int, proof: Sequence[str], root: bytes) -> bool:
    """Whether a proof leads from an id at a position in a list of `count` to the root."""
    if not 0 <= position < count:
        return False
    head, last = _leaf(id), count - 1
    for step in proof:
        if last == 0:
            return False
        sibling = bytes.fromhex(step)
        if position % 2 or position == last:
            head = _node(sibling, head)
            while position % 2 == 0 and position:
                position, last = position // 2, last // 2
        else:
            head = _node(head, sibling)
        position, last = position // 2, last // 2
    return last == 0 and hmac.compare_digest(head, root)


def ranking(ids: Sequence[str], root: bytes, secret: bytes, beacon: bytes) -> list[str]:
    """Every id, in the order in which offers are made. A secret that was withheld counts as no bytes at all.

    Fisher-Yates over the sorted ids; each step takes the next number of an HMAC counter stream that is below the
    largest multiple of the count, so no id is favoured by a remainder.
    """
    order = sorted(ids)
    blocks = _stream(hmac.digest(secret, _TAG + root + beacon, "sha256"))
    for place in range(len(order) - 1):
        remaining = len(order) - place
        fair = _WHOLE - _WHOLE % remaining
        other = place + next(number for number in blocks if number < fair) % remaining
        order[place], order[other] = order[other], order[place]
    return order


def _stream(key: bytes) -> Iterator[int]:
    counter = 0
    while True:
        yield int.from_bytes(hmac.digest(key, counter.to_bytes(8, "big"), "sha256"), "big")
        counter += 1


def _leaf(id: str) -> bytes:
    return hashlib.sha256(b"\x00" + id.encode()).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _largest_power_below(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1
