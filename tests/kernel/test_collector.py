"""While a block rests the collector, what is made in it counts as old afterwards, and nothing is left frozen."""

import gc
from collections.abc import Iterator

import pytest

from souvenir.kernel.collector import at_rest


@pytest.fixture(autouse=True)
def nothing_frozen() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()
    gc.enable()


def test_no_round_runs_within_the_block_and_none_looks_through_its_objects_after_it() -> None:
    rounds: list[int] = []
    gc.callbacks.append(lambda phase, about: rounds.append(about["generation"]))
    try:
        with at_rest():
            made = [[] for _ in range(10_000)]
        assert rounds == []
    finally:
        gc.callbacks.pop()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    assert any(thing is made for thing in gc.get_objects(generation=2))


def test_what_the_program_froze_stays_frozen() -> None:
    gc.freeze()
    frozen = gc.get_freeze_count()
    with at_rest():
        pass
    assert gc.get_freeze_count() == frozen


def test_a_program_without_a_collector_gets_none() -> None:
    gc.disable()
    with at_rest():
        pass
    assert not gc.isenabled()
