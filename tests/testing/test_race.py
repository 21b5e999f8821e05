"""The race kit: sixty-four buyers in four processes, one of them killed, sell every number once; unguarded they do not."""

import pytest

from souvenir.testing import race


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def shared_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


def test_five_hundred_pieces_are_sold_to_five_hundred_buyers(shared_url: str):
    result = race(shared_url)
    assert result.killed
    assert (result.sold, result.sold_twice) == (500, [])


def test_without_the_guard_the_same_race_sells_numbers_twice(shared_url: str):
    result = race(shared_url, size=40, buyers=16, attempts=160, processes=2, guarded=False)
    assert result.sold_twice != []
