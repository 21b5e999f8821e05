"""`souvenir statement`: what was issued is written again, in every form, to a file or to the standard output."""

from datetime import date
from pathlib import Path

import pytest

from souvenir import Shop
from souvenir.cli import main
from souvenir.licensing.licence import Grant
from souvenir.licensing.terms import flat


@pytest.fixture
def database(tmp_path: Path) -> list[str]:
    """The options that name a shop in which LIC-A is stated, nil, for the first quarter of 2026."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    grant = Grant(
        categories=("enamel",),
        territories=("CN",),
        channels=("shop",),
        starts=date(2026, 1, 1),
        ends=date(2026, 12, 31),
    )
    with Shop.open(url) as shop:
        licence = shop.licensing.grant("LIC-A", "Palace Studio", {"en": "Dragon"}, grant, flat("0.08", "CNY")).result
        shop.licensing.issue_statement(licence, "2026-Q1", date(2026, 4, 10))
    return ["--db", url]


def test_a_statement_is_printed(database: list[str], capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["statement", "LIC-A", "2026-Q1", *database]) == 0
    assert capfdbinary.readouterr().out.startswith("版税结算单 Royalty statement  LIC-A  2026-Q1  CNY\n".encode())


@pytest.mark.parametrize(("form", "begins"), [("pdf", b"%PDF-"), ("xlsx", b"PK"), ("json", b'{"adjustments":[]')])
def test_a_statement_is_written_to_a_file(database: list[str], tmp_path: Path, form: str, begins: bytes) -> None:
    file = tmp_path / f"statement.{form}"
    assert main(["statement", "LIC-A", "2026-Q1", "--form", form, "--out", str(file), *database]) == 0
    assert file.read_bytes().startswith(begins)


def test_a_period_that_is_not_stated_is_refused(database: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["statement", "LIC-A", "2026-Q2", *database]) == 1
    assert "has no statement for 2026-Q2 yet" in capsys.readouterr().err
