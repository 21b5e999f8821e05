"""Verify a published draw without trusting whoever published it: one file, and nothing of souvenir's.

Run it: python -m souvenir.draws.verify published.json [the rules hash as it was announced]

All but one check needs the standard library only. That the beacon signed the round needs py_ecc as well; the last line
says whether that was checked.
"""

import hashlib
import hmac
import json
import sys
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import Any

FIELDS = {
    "protocol",
    "rules",
    "rules_hash",
    "entries",
    "root",
    "secret",
    "withheld",
    "postponed",
    "beacon",
    "beacon_signature",
    "ranking",
}


CHAINS = {
    "drand-quicknet": (
        datetime(2023, 8, 23, 15, 9, 27, tzinfo=UTC),
        timedelta(seconds=3),
        "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
        "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
    )
}
"""Beacons that are known here: the first round, the time between two, and the public key (https://docs.drand.love)."""

SCHEME = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
"""How quicknet signs, "bls-unchained-g1-rfc9380": BLS12-381, the signature on G1, the key on G2."""


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
    closes, rounds = datetime.fromisoformat(rules["closes_at"]), [rules, *published["postponed"]]
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
        "every round was put off to a later one, and all came out after the close": all(
            one["beacon_round"] < later["beacon_round"] for one, later in pairwise(rounds)
        )
        and all(closes < comes_out(rules["beacon_chain"], one) == date_of(one) for one in rounds),
        "the ranking follows": shuffled(ids, key) == published["ranking"],
        "nothing else is said": set(published) == FIELDS,
    }
    return [what for what, holds in checks.items() if holds is not True]


def date_of(announced: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(announced["beacon_at"])


def comes_out(chain: str, announced: dict[str, Any]) -> datetime:
    """When a round comes out: known of a known beacon, else taken as it was said."""
    if chain not in CHAINS:
        return date_of(announced)
    began, period, _ = CHAINS[chain]
    return began + int(announced["beacon_round"] - 1) * period


def round_of(published: dict[str, Any]) -> int:
    """The beacon's round that decided: the announced one, or the last one it was put off to."""
    return int([published["rules"], *published["postponed"]][-1]["beacon_round"])


def is_signed(round: int, signature: bytes, key: bytes) -> bool:
    """Whether a beacon of the quicknet scheme signed a round. Raises ImportError without py_ecc."""
    from py_ecc.bls.hash_to_curve import hash_to_G1
    from py_ecc.bls.point_compression import decompress_G1, decompress_G2
    from py_ecc.bls.typing import G1Compressed, G2Compressed
    from py_ecc.optimized_bls12_381.optimized_curve import G2, curve_order, is_inf, multiply
    from py_ecc.optimized_bls12_381.optimized_pairing import pairing

    half = len(key) // 2
    try:
        signed = decompress_G1(G1Compressed(int.from_bytes(signature, "big")))
    except ValueError:
        return False
    signer = decompress_G2(G2Compressed((int.from_bytes(key[:half], "big"), int.from_bytes(key[half:], "big"))))
    message = hash_to_G1(sha256(round.to_bytes(8, "big")), SCHEME, hashlib.sha256)  # type: ignore[arg-type]
    in_group = is_inf(multiply(signed, curve_order)) and not is_inf(signed)
    return in_group and pairing(G2, signed) == pairing(signer, message)


def beacon_says(published: dict[str, Any]) -> tuple[bool, str]:
    """Whether nothing speaks against the beacon, and in words what was checked of it."""
    chain, round = published["rules"]["beacon_chain"], round_of(published)
    what = f"that round {round} of {chain} signed it"
    if chain not in CHAINS:
        return True, f"NOT CHECKED: {what}. The key of that beacon is not known here."
    try:
        signed = is_signed(round, bytes.fromhex(published["beacon_signature"]), bytes.fromhex(CHAINS[chain][2]))
    except ImportError:
        return True, f"NOT CHECKED: {what}. For that, install py_ecc."
    return signed, f"Checked: {what}." if signed else f"NOT TRUE: {what}"


def main(path: str, announced: str | None = None) -> int:
    with open(path, "rb") as file:
        content = file.read()
    try:
        published = json.loads(content)
        found = faults(published, announced)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        found = [f"it can be read as a published draw ({type(error).__name__})"]
    if found:
        sys.stdout.write("".join(f"NOT TRUE: {what}\n" for what in found))
        return 1
    holds, told = beacon_says(published)
    sys.stdout.write(f"The draw holds: {len(published['ranking'])} ranked.\n{told}\n" if holds else f"{told}\n")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
