"""`souvenir replay`: the same bytes from a copied file, down to the event, in files; and no shop made by a typing error."""

import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from shops import MORNING, TILL, open_small_shop

from souvenir.cli import main
from souvenir.payments.payment import Tender
from souvenir.processes.make_order import Item
from souvenir.testing import clock_at

DRAWER = "Assets:Cash:Drawer:COUNTER:T1"


@pytest.fixture
def traded(tmp_path: Path) -> Path:
    """The directory of a shop that sold two mugs and took one back; its followers never ran."""
    with clock_at(MORNING):
        small = open_small_shop(f"sqlite:///{tmp_path / 'shop.db'}", secrets=str(tmp_path / "secrets"))
        order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 2)], Tender.CASH).result
        small.shop.take_back.take_back(order, {1: 1}, "cash", till=TILL)
        small.shop.close()
    return tmp_path


def replay(capfdbinary: pytest.CaptureFixture[bytes], directory: Path, *options: str) -> str:
    assert main(["replay", "--db", f"sqlite:///{directory / 'shop.db'}", *options]) == 0
    return capfdbinary.readouterr().out.decode()


def test_a_copied_file_replays_to_the_same_bytes_and_needs_no_secrets(traded: Path, tmp_path: Path, capfdbinary):
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(traded / "shop.db", copy)
    bounds = ("--as-of", "2026-07-10", "--known-at", "2026-07-10T23:00:00Z")
    assert replay(capfdbinary, copy, *bounds) == replay(capfdbinary, traded, *bounds)
    assert [path.name for path in copy.iterdir() if path.is_dir()] == []


def test_from_a_balance_to_the_event(traded: Path, capfdbinary):
    legs = replay(capfdbinary, traded, "--account", DRAWER).splitlines()
    assert [line.split()[1:4] for line in legs[2:]] == [["J01", "226.00", "226.00"], ["J13", "-113.00", "113.00"]]
    entry = replay(capfdbinary, traded, "--entry", legs[2].split()[5])
    assert "事件 Event sales.OrderPaid" in entry
    assert '"tender": "cash"' in entry


def test_the_books_as_files(traded: Path, tmp_path: Path, capfdbinary):
    assert f"{DRAWER},CNY,0.00,226.00,113.00,113.00" in replay(capfdbinary, traded, "--form", "csv")
    assert "open Assets:Cash:Drawer:COUNTER:T1" in replay(capfdbinary, traded, "--form", "beancount")
    out = tmp_path / "books.json"
    assert replay(capfdbinary, traded, "--form", "json", "--out", str(out)) == ""
    assert len(sha256(out.read_bytes()).hexdigest()) == 64


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path, capfd):
    url = f"sqlite:///{tmp_path / 'shpo.db'}"
    for command in (["replay"], ["check"], ["rebuild", "all"], ["keys"]):
        assert main([*command, "--db", url]) == 1
        assert capfd.readouterr().err.startswith(f"souvenir: There is no shop at {url}.")
    assert list(tmp_path.iterdir()) == []


def test_an_account_that_is_none_is_refused(traded: Path, capfd):
    assert main(["replay", "--db", f"sqlite:///{traded / 'shop.db'}", "--account", "Assets:Nonsense"]) == 1
    assert "'Assets:Nonsense' is not in the chart of accounts" in capfd.readouterr().err


def test_serving_without_a_server_installed_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("souvenir.cli.find_spec", lambda name: None)
    assert main(["serve", "--db", f"sqlite:///{tmp_path / 'shop.db'}"]) == 1
    assert "pip install 'souvenir[serve]'" in capsys.readouterr().err
    assert not (tmp_path / "shop.db").exists()


def test_a_form_the_legs_do_not_have_is_refused_and_a_period_does_not_end_before_it_begins(traded: Path, capfd):
    database = f"sqlite:///{traded / 'shop.db'}"
    assert main(["replay", "--db", database, "--account", DRAWER, "--form", "xlsx"]) == 1
    assert capfd.readouterr().err == "souvenir: The value 'xlsx' is not a valid form of this: txt or csv.\n"
    assert main(["replay", "--db", database, "--as-of", "2026-07-10", "--since", "2026-08-01"]) == 1
    assert "day from which to replay up to 2026-07-10" in capfd.readouterr().err
