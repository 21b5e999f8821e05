"""A shop group on the morning of 15 May 2025, for tests that trade through the API."""

from collections.abc import Iterator

import pytest
from trading import MORNING, Group

from souvenir.kernel import clock


@pytest.fixture
def time() -> Iterator[clock.SettableClock]:
    """The clock of the test's shop."""
    settable = clock.SettableClock(MORNING)
    with clock.using(settable):
        yield settable


@pytest.fixture
def group(time: clock.SettableClock) -> Iterator[Group]:
    """A shop group of the test's own."""
    group = Group()
    yield group
    group.shop.close()
