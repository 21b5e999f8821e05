"""Verify a published draw without trusting whoever published it: standard library only, and nothing of souvenir's.

Run it: python -m souvenir.editions.verify_draw published.json [the rules hash as it was announced]
"""

import hashlib
import hmac
import json
import sys
from itertools import count
from typing import Any

FIELDS = {
    "protocol",
    "rules",
    "rules_hash",
    "entries",
    "root",
    "secret",
    "withheld",
    "beacon",
    "beacon_signature",
    "ranking",
}


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def merkle(leaves: list[bytes]) -> bytes:
    """The tree head of RFC 6962, written as the standard defines it."""
    if len(leaves) < 2:
        return sha256(b"\x00" + leaves[0]) if leaves else sha256(b"")
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + merkle(leaves[:half]) + merkle(leaves[half:]))


def shuffled(ids: list[str], key: bytes) -> list[str]:
    """Fisher-Yates with HMAC-SHA-256(key, counter), rejecting what would favour a remainder."""
    order, counter = sorted(ids), count()
    for i in range(len(order) - 1):
        left = len(order) - i
        while True:
            number = int.from_bytes(hmac.digest(key, next(counter).to_bytes(8, "big"), "sha256"), "big")
            if number < 2**256 - 2**256 % left:
                break
        j = i + number % left
        order[i], order[j] = order[j], order[i]
    return order


def faults(published: dict[str, Any], announced: str | None = None) -> list[str]:
    """Everything that does not fit; empty for a draw that was run as announced."""
    rules, ids, secret = published["rules"], published["entries"], published["secret"]
    text = json.dumps(rules, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    root, beacon = merkle([id.encode() for id in ids]), bytes.fromhex(published["beacon"])
    key = hmac.digest(bytes.fromhex(secret or ""), b"souvenir-draw-v1\x00" + root + beacon, "sha256")
    committed = sha256(b"souvenir-draw-commit-v1\x00" + bytes.fromhex(secret or "")).hex()
    checks = {
        "the protocol is souvenir-draw-v1": published["protocol"] == "souvenir-draw-v1",
        "the rules are those that were hashed": sha256(text).hex() == published["rules_hash"],
        "the rules are those that were announced": announced in (None, published["rules_hash"]),
        "the list is sorted and names nobody twice": ids == sorted(set(ids)),
        "the list is the one whose root was published": root.hex() == published["root"],
        "the secret is the one committed to, or said to be withheld": (
            committed == rules["commitment"] and not published["withheld"]
            if secret is not None
            else published["withheld"]
        ),
        "the beacon is the hash of its signature": sha256(bytes.fromhex(published["beacon_signature"])) == beacon,
        "the ranking follows": shuffled(ids, key) == published["ranking"],
        "nothing else is said": set(published) == FIELDS,
    }
    return [what for what, holds in checks.items() if holds is not True]


def main(path: str, announced: str | None = None) -> int:
    with open(path, "rb") as file:
        content = file.read()
    try:
        published = json.loads(content)
        found = faults(published, announced)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        found = [f"it can be read as a published draw ({type(error).__name__})"]
    sys.stdout.write(
        "".join(f"NOT TRUE: {what}\n" for what in found) or f"The draw holds: {len(published['ranking'])} ranked.\n"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
