"""`souvenir refund explain`: the rule book answers on the command line, without a shop."""

import pytest

from souvenir.cli import main

BEIJING = ["--place", "CN-BJ", "--entered", "2026-07-01", "--language", "en"]


def test_a_purchase_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["refund", "explain", "1494.00@0.13", "50.00@0.13@excluded", "--on", "2026-08-01", *BEIJING]) == 0
    printed = capsys.readouterr().out
    assert "The traveller gets 134.46 CNY: refund 164.34 CNY less fee 29.88 CNY." in printed
    assert "2. 50.00 CNY -> -" in printed
    assert "[CN/refund/0.13@2019-04-01] high" in printed


def test_another_date_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["11000@0.10", "--place", "JP", "--mode", "tax_free_at_till", "--on", "2026-10-31"]
    assert main(["refund", "explain", *arguments, "--what-if-on", "2026-11-01", "--language", "en"]) == 0
    printed = capsys.readouterr().out
    assert "It is taken off at the till: 10,000 JPY is paid for the goods." in printed
    assert "1000 JPY -> -" in printed
    assert "Japan: tax-free sale at the till is not offered on 1 November 2026." in printed


@pytest.mark.parametrize(
    ("goods", "says"),
    [("1494.00", "such as 1494.00@0.13"), ("1494.001@0.13", "at most 2 decimals"), ("10@1.3", "such as 1494.00@0.13")],
)
def test_what_is_not_understood_is_refused_in_a_sentence(
    goods: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["refund", "explain", goods, "--on", "2026-08-01"]) == 1
    assert says in capsys.readouterr().err


def test_an_unknown_country_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["refund", "explain", "1@0.1", "--place", "XX", "--on", "2026-08-01"]) == 1
    assert "no jurisdiction 'XX'" in capsys.readouterr().err
