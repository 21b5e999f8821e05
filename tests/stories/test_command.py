"""What goes wrong at the `souvenir` command is said in one sentence, and nothing that was there is touched."""

import socket
from pathlib import Path

import pytest
from shops import MORNING, TILL, open_small_shop

from souvenir.certificates.certificate import Certificate
from souvenir.certificates.views import certificates_of
from souvenir.cli import main
from souvenir.payments.payment import Tender
from souvenir.processes.make_order import Item
from souvenir.testing import clock_at


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    return said.err.removeprefix("souvenir: ").strip()


def test_a_directory_is_no_shop(tmp_path: Path, capsys):
    assert refused(capsys, "check", "--db", f"sqlite:///{tmp_path}").startswith("There is no shop at sqlite:///")


def test_a_path_needs_its_third_slash(capsys):
    assert "Use sqlite:///path/shop.db" in refused(capsys, "serve", "--db", "sqlite://shop.db")


def test_a_server_that_does_not_answer_has_lost_nothing(capsys):
    said = refused(capsys, "check", "--db", "postgresql://shop@127.0.0.1:1/museum")
    assert said.startswith("the database museum could not be opened: connection failed:")
    assert "backup" not in said


def test_a_port_in_use_is_told_before_anything_is_opened(tmp_path: Path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refused(capsys, "serve", "--db", f"sqlite:///{tmp_path / 'shop.db'}", "--port", str(port))
    place = f"127.0.0.1:{port}"
    assert said == f"Nothing can be served at {place}: Address already in use. Choose another place: --port, --host."
    assert list(tmp_path.iterdir()) == []


def test_a_copy_without_its_keys_is_not_given_new_ones(tmp_path: Path, capsys):
    database = ("--db", f"sqlite:///{tmp_path / 'shop.db'}")
    engage = ("engage", "M1", "--role", "manager", "--door", "backoffice", *database)
    assert main(engage) == 0
    capsys.readouterr()
    (tmp_path / "secrets").rename(tmp_path / "elsewhere")
    assert refused(capsys, *engage).startswith("This shop has a history, but its keys are not at")
    assert not (tmp_path / "secrets").exists()
    assert main((*engage, "--secrets", str(tmp_path / "elsewhere"))) == 0


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, capsys):
    database = ("--db", f"sqlite:///{tmp_path / 'shop.db'}")
    assert main(["engage", "M1", "--role", "manager", "--door", "backoffice", *database]) == 0
    capsys.readouterr()
    out = tmp_path / "no" / "books.csv"
    assert refused(capsys, "replay", *database, "--out", str(out)) == f"{out}: No such file or directory"


def test_the_demo_removes_nothing_but_a_demo(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SOUVENIR_DEMO_EXIT", "1")
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    said = refused(capsys, "demo", "--directory", str(tmp_path))
    assert said.endswith(
        "holds something else than a demo, so it was left as it is. Name an empty directory: --directory."
    )
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--as-of", "yesterday", "a day such as 2026-05-31, not 'yesterday'"),
        ("--known-at", "noon", "an instant such as 2026-06-05T12:00:00+08:00, not 'noon'"),
    ],
)
def test_days_and_instants_are_asked_for_by_example(option: str, value: str, said: str, capsys):
    with pytest.raises(SystemExit):
        main(["replay", option, value])
    assert said in capsys.readouterr().err


def test_a_licence_is_named_by_its_contract(tmp_path: Path, capsys):
    database = ("--db", f"sqlite:///{tmp_path / 'shop.db'}")
    assert main(["engage", "M1", "--role", "manager", "--door", "backoffice", *database]) == 0
    capsys.readouterr()
    said = refused(capsys, "statement", "LIC-2026-99", "2026-Q4", *database)
    assert said == "There is no licence under the contract number LIC-2026-99."


def test_a_certificate_is_verified_in_words_and_one_that_was_revoked_is_told_by_the_exit_status(tmp_path: Path, capsys):
    with clock_at(MORNING):
        small = open_small_shop(f"sqlite:///{tmp_path / 'shop.db'}", secrets=str(tmp_path / "secrets"))
        order = small.shop.sell.at_till(
            small.counter, TILL, [Item(small.vase, 1, edition_id=small.edition, number=2)], Tender.CASH
        ).result
        small.shop.followers.catch_up()
        with small.shop.log.reading() as session:
            (certificate,) = certificates_of(session, order)
        link = small.shop.log.load(Certificate, certificate).seal.link
        verify = ("verify", link, "--db", f"sqlite:///{tmp_path / 'shop.db'}")
        assert main(verify) == 0
        said = capsys.readouterr().out
        assert said.startswith("Genuine: number 2 of 4 (numbered), GTIN ")
        assert said.endswith(f"It stands, as of {MORNING:%F %H:%M} UTC.\n")
        small.shop.take_back.take_back(order, {1: 1}, "cash", till=TILL)
        small.shop.followers.catch_up()
        small.shop.close()
        assert main(verify) == 1
        assert "It does NOT stand: revoked" in capsys.readouterr().out


def test_nobody_is_engaged_for_a_door_that_their_roles_do_not_open(tmp_path: Path, capsys):
    database = ("--door", "finance", "--db", f"sqlite:///{tmp_path / 'shop.db'}")
    said = refused(capsys, "engage", "B3", "--role", "licensor_readonly", *database)
    assert said == "None of the roles of B3 opens finance. Give a role that does first."
    assert main(["engage", "B3", "--role", "finance", *database]) == 0


def test_a_shop_that_is_begun_is_told_once_and_the_token_stands_alone_on_the_output(tmp_path: Path, capsys):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    engage = ("engage", "M1", "--role", "manager", "--door", "backoffice", "--db", url)
    assert main(engage) == 0
    said = capsys.readouterr()
    assert said.out.startswith("svn_backoffice_")
    assert said.err == f"A new shop is begun at {url}.\n"
    assert main(engage) == 0
    assert capsys.readouterr().err == ""
