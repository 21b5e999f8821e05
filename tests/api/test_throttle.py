"""One address may ask for so much, then waits; others are not held up, and the oldest addresses are forgotten."""

import pytest

from souvenir.api.http import throttle
from souvenir.api.http.throttle import Throttle


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds on the clock, to be moved by the test."""
    seconds = [100.0]
    monkeypatch.setattr(throttle.time, "monotonic", lambda: seconds[0])
    return seconds


def test_an_address_waits_until_its_bucket_has_refilled(now: list[float]):
    gate = Throttle(a_minute=60, at_once=3)
    assert [gate.wait("a") for _ in range(4)] == [0, 0, 0, 2]
    assert gate.wait("b") == 0
    now[0] += 1
    assert [gate.wait("a"), gate.wait("a")] == [0, 2]
    now[0] += 3600
    assert [gate.wait("a") for _ in range(4)] == [0, 0, 0, 2]


def test_what_costs_more_takes_more_and_a_refusal_takes_nothing(now: list[float]):
    gate = Throttle(a_minute=60, at_once=10)
    assert gate.wait("a", 8) == 0
    assert gate.wait("a", 8) == 7
    assert gate.wait("a", 2) == 0


def test_only_so_many_addresses_are_remembered(now: list[float], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(throttle, "MOST_ADDRESSES", 2)
    gate = Throttle(a_minute=60, at_once=1)
    assert [gate.wait(address) for address in "abc"] == [0, 0, 0]
    assert gate.wait("c") > 0
    assert gate.wait("a") == 0
