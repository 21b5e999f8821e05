"""The whole race, through HTTP and the published operations: every number is sold once, and all books say so."""

from pathlib import Path

import pytest

from souvenir.testing import drop


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def shared_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


def test_five_hundred_pieces_survive_five_thousand_attempts_and_a_killed_server(shared_url: str, tmp_path: Path):
    result = drop(shared_url, str(tmp_path / "secrets"), size=500, buyers=64, attempts=5_000, servers=3)
    assert result.killed
    assert result.answers.total() == 5_000
    assert (result.sold, result.sold_twice) == (500, [])
    assert result.disagreements == ()


def test_servers_that_look_first_and_write_later_sell_numbers_twice(shared_url: str, tmp_path: Path):
    result = drop(shared_url, str(tmp_path / "secrets"), size=40, attempts=240, servers=2, guarded=False)
    assert result.sold_twice != []
    assert result.sold > 40
