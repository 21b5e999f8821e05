"""The ranking of a draw comes out as the published protocol says, and nobody's place can be argued away."""

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from souvenir.draws.ranking import commitment_to, inclusion_proof, is_included, list_root, ranking
from souvenir.draws.verify import merkle

SECRET = bytes(range(32))
BEACON = bytes([0xAA]) * 32
IDS = [f"entry-{n:04}" for n in range(1, 11)]
FLAT_ROOT = hashlib.sha256(b"souvenir-draw-v1\x00" + "\n".join(IDS).encode()).digest()

lists = st.lists(st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=8), unique=True).map(
    sorted
)


def test_the_published_vector_comes_out():
    assert commitment_to(SECRET) == "cb9e10f0966c568484e82ddbf92596b2c2016cb64596acbcc431bbf4bdb9a71f"
    assert FLAT_ROOT.hex() == "8e6e87cbc9718fb5388770531e8f795e5e28aa7b3ed4b821a37ca9d307e06417"
    assert ranking(IDS, FLAT_ROOT, SECRET, BEACON)[:3] == ["entry-0006", "entry-0007", "entry-0008"]


def test_the_order_in_which_entries_arrived_changes_nothing():
    assert ranking(IDS[::-1], FLAT_ROOT, SECRET, BEACON) == ranking(IDS, FLAT_ROOT, SECRET, BEACON)


def test_everybody_is_ranked_once():
    assert sorted(ranking(IDS, FLAT_ROOT, SECRET, BEACON)) == IDS
    assert ranking([], FLAT_ROOT, SECRET, BEACON) == []


def test_every_entry_wins_as_often_as_any_other():
    wins = Counter[str]()
    for n in range(3000):
        wins.update(ranking(IDS, FLAT_ROOT, n.to_bytes(32, "big"), BEACON)[:3])
    assert all(820 < wins[id] < 980 for id in IDS), wins


@pytest.mark.parametrize(
    ("ids", "root"),
    [
        ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ([""], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (["", "\x00"], "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ],
)
def test_roots_are_those_of_certificate_transparency(ids: list[str], root: str):
    """The first of the well-known trees that implementations of RFC 6962 are tested with."""
    assert list_root(ids).hex() == root


@given(lists)
def test_the_root_is_the_one_the_standard_defines(ids: list[str]):
    assert list_root(ids) == merkle([id.encode() for id in ids])


@given(lists.filter(bool), st.data())
def test_a_proof_shows_an_entry_in_its_place_and_nowhere_else(ids: list[str], data: st.DataObject):
    position = data.draw(st.integers(0, len(ids) - 1))
    root, proof = list_root(ids), inclusion_proof(ids, position)
    assert is_included(ids[position], position, len(ids), proof, root)
    assert not is_included(ids[position] + "x", position, len(ids), proof, root)
    assert not is_included(ids[position], position, len(ids), [*proof, "00" * 32], root)
    assert not is_included(ids[position], len(ids), len(ids), proof, root)
    for elsewhere in range(len(ids)):
        assert elsewhere == position or not is_included(ids[position], elsewhere, len(ids), proof, root)
