"""Keys are rotated and withdrawn while a shop runs; every process that shares them sees it, and the log says why."""

from datetime import date
from pathlib import Path

import pytest

from souvenir.certificates.application import CertificateKeys
from souvenir.certificates.key import IssuerKey
from souvenir.certificates.signing import KeyCabinet, KeyStillSigns, NoSuchKey
from souvenir.cli import main
from souvenir.eventlog import EventLog

TODAY = date(2026, 10, 1)


@pytest.fixture(params=["kept", "in memory"])
def cabinet(request: pytest.FixtureRequest, tmp_path: Path) -> KeyCabinet:
    return KeyCabinet(tmp_path / "signing" if request.param == "kept" else None)


def test_a_rotated_key_no_longer_signs_but_still_verifies(cabinet: KeyCabinet):
    old = cabinet.now.key_id
    new = cabinet.rotate(old).key_id
    assert new != old
    assert set(cabinet.now.public) == {old, new}
    assert cabinet.rotate(old).key_id == new


def test_a_withdrawn_key_verifies_nothing_and_stays_known_as_such(cabinet: KeyCabinet):
    old = cabinet.now.key_id
    with pytest.raises(KeyStillSigns):
        cabinet.withdraw(old)
    new = cabinet.rotate(old).key_id
    for _ in range(2):
        cabinet.withdraw(old)
    assert set(cabinet.now.public) == {new}
    assert cabinet.now.withdrawn == {old}
    for ask in (cabinet.withdraw, cabinet.rotate):
        with pytest.raises(NoSuchKey):
            ask("nobody's-key")


def test_another_process_sees_what_changed(tmp_path: Path):
    first, second = KeyCabinet(tmp_path / "signing"), KeyCabinet(tmp_path / "signing")
    old = first.now.key_id
    new = first.rotate(old).key_id
    assert second.now.key_id == new
    assert second.rotate(old).key_id == new
    second.withdraw(old)
    assert first.now.withdrawn == {old}
    assert KeyCabinet(tmp_path / "signing").now.withdrawn == {old}


def test_the_private_half_of_a_withdrawn_key_is_gone(tmp_path: Path):
    cabinet = KeyCabinet(tmp_path / "signing")
    old = cabinet.now.key_id
    cabinet.rotate(old)
    cabinet.withdraw(old)
    kept = {path.name: path.read_text() for path in (tmp_path / "signing").iterdir()}
    assert sorted(kept) == ["certificate-key-0002.pem", f"withdrawn-{old}.pem"]
    assert "PRIVATE" not in kept[f"withdrawn-{old}.pem"]


def test_the_log_says_when_a_key_began_to_sign_and_why_it_is_trusted_no_more(cabinet: KeyCabinet):
    log = EventLog.open("sqlite://")
    keys, old = CertificateKeys(log, cabinet), cabinet.now.key_id
    new = keys.rotate(old, TODAY).result
    head = log.head()
    assert keys.rotate(old, TODAY).result == new
    assert log.head() == head
    for _ in range(2):
        keys.withdraw(old, "laptop stolen", TODAY)
    assert log.load(IssuerKey, IssuerKey.id_of(new)).introduced_on == TODAY
    assert log.load(IssuerKey, IssuerKey.id_of(old)).withdrawn_on == TODAY
    assert log.head() == head + 2
    log.close()


def test_the_command_lists_rotates_and_withdraws(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    def keys(*more: str) -> list[list[str]]:
        assert main(["keys", "--db", f"sqlite:///{tmp_path / 'shop.db'}", *more]) == 0
        return [[line.split()[0], line.split()[-1]] for line in capsys.readouterr().out.splitlines()]

    ((first, does),) = keys()
    assert does == "signs"
    (_, verifies), (second, signs) = keys("--rotate")
    assert (verifies, signs) == ("verifies", "signs")
    assert keys(f"--withdraw={first}") == [[second, "signs"], [first, "withdrawn"]]
