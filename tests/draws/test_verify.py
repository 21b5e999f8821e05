"""Whoever doubts a draw learns whether the beacon really signed its round, and is told plainly where that was not checked."""

import builtins
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from souvenir.draws import beacon, verify
from souvenir.draws.ranking import commitment_to, list_root, ranking

ROUND, SIGNATURE = (
    657413,
    "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b",
)
"""Published by drand's quicknet on 15 September 2023, 11:00:03 UTC."""

RANDOMNESS = "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587"
SECRET = bytes(range(32))
ENTRIES = [f"entry-{n:04}" for n in range(1, 11)]


def published(**changes: Any) -> dict[str, Any]:
    """A draw on that beacon; `rules` and anything else can be changed, and the hashes follow."""
    rules = {
        "closes_at": "2023-09-15T10:50:00Z",
        "commitment": commitment_to(SECRET),
        "beacon_chain": "drand-quicknet",
        "beacon_round": ROUND,
        "beacon_at": "2023-09-15T11:00:03Z",
        **changes.pop("rules", {}),
    }
    text = json.dumps(rules, sort_keys=True, separators=(",", ":")).encode()
    root = list_root(ENTRIES)
    return {
        "protocol": "souvenir-draw-v1",
        "rules": rules,
        "rules_hash": verify.sha256(text).hex(),
        "entries": ENTRIES,
        "root": root.hex(),
        "secret": SECRET.hex(),
        "withheld": False,
        "postponed": [],
        "beacon": RANDOMNESS,
        "beacon_signature": SIGNATURE,
        "ranking": ranking(ENTRIES, root, SECRET, bytes.fromhex(RANDOMNESS)),
        **changes,
    }


@pytest.fixture
def verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """The verifier's exit status and what it says of a published draw."""

    def verified(**changes: Any) -> tuple[int, str]:
        file = tmp_path / "published.json"
        file.write_text(json.dumps(published(**changes)))
        return verify.main(str(file)), capsys.readouterr().out

    return verified


def test_a_draw_whose_round_the_beacon_signed_holds(verified):
    assert verified() == (
        0,
        "The draw holds: 10 ranked.\nChecked: that round 657413 of drand-quicknet signed it.\n",
    )


def test_a_random_number_that_the_beacon_never_signed_is_found(verified):
    made_up = bytes(48)
    number = verify.sha256(made_up)
    order = ranking(ENTRIES, list_root(ENTRIES), SECRET, number)
    claimed = {"beacon": number.hex(), "beacon_signature": made_up.hex(), "ranking": order}
    assert verified(**claimed) == (1, "NOT TRUE: that round 657413 of drand-quicknet signed it\n")


def test_a_signature_of_another_round_is_found(verified):
    other = {"beacon_round": ROUND + 1, "beacon_at": "2023-09-15T11:00:06Z"}
    assert verified(rules=other) == (1, "NOT TRUE: that round 657414 of drand-quicknet signed it\n")


def test_a_round_that_was_put_off_to_publicly_is_the_one_that_counts(verified):
    first = {"beacon_round": ROUND - 20, "beacon_at": "2023-09-15T10:59:03Z"}
    later = {"beacon_round": ROUND, "beacon_at": "2023-09-15T11:00:03Z", "reason": "the list was late"}
    status, said = verified(rules=first, postponed=[later])
    assert (status, said.splitlines()[-1]) == (0, "Checked: that round 657413 of drand-quicknet signed it.")


@pytest.mark.parametrize(
    "changes",
    [
        {"rules": {"closes_at": "2023-09-15T11:00:03Z"}},
        {"rules": {"beacon_at": "2023-09-15T11:00:06Z"}},
        {"postponed": [{"beacon_round": ROUND - 1, "beacon_at": "2023-09-15T11:00:00Z", "reason": "luck"}]},
    ],
)
def test_a_round_from_before_the_close_wrongly_dated_or_put_forward_is_found(verified, changes):
    assert verified(**changes) == (
        1,
        "NOT TRUE: every round was put off to a later one, and all came out after the close\n",
    )


def test_without_the_library_it_says_that_the_signature_was_not_checked(verified, monkeypatch):
    plain = builtins.__import__

    def without(name: str, *more: Any, **others: Any) -> Any:
        if name.startswith("py_ecc"):
            raise ImportError(name)
        return plain(name, *more, **others)

    monkeypatch.setattr(builtins, "__import__", without)
    status, said = verified()
    assert (status, said.splitlines()[-1]) == (
        0,
        "NOT CHECKED: that round 657413 of drand-quicknet signed it. For that, install py_ecc.",
    )


def test_of_a_beacon_nobody_knows_here_it_says_so(verified):
    status, said = verified(rules={"beacon_chain": "our-own-dice"})
    assert (status, said.splitlines()[-1]) == (
        0,
        "NOT CHECKED: that round 657413 of our-own-dice signed it. The key of that beacon is not known here.",
    )


def test_the_shop_and_the_verifier_date_rounds_alike():
    assert beacon.round_at(ROUND) == datetime(2023, 9, 15, 11, 0, 3, tzinfo=UTC)
    chain = verify.CHAINS[beacon.QUICKNET]
    assert verify.comes_out(beacon.QUICKNET, {"beacon_round": ROUND}) == beacon.round_at(ROUND)
    assert beacon.round_after(datetime(2023, 9, 15, 11, 0, tzinfo=UTC)) == ROUND
    assert len(chain[2]) == 2 * 96
