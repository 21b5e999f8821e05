"""Keys are rotated and withdrawn while a shop runs; every process that shares them sees it, and the log says why."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from souvenir.certificates.application import CertificateKeys
from souvenir.certificates.certificate import Certificate, Proofs, Statement, seal
from souvenir.certificates.key import IssuerKey
from souvenir.certificates.signing import KeyCabinet, KeyStillSigns, NoSuchKey
from souvenir.cli import main
from souvenir.eventlog import EventLog
from souvenir.processes.change_keys import ChangeKeys
from souvenir.shop import Shop

TODAY = date(2026, 10, 1)
STATEMENT: dict[str, Any] = {
    "issuer": {"en": "Enamel works"},
    "edition_id": UUID(int=1),
    "title": {"en": "Enamel vase"},
    "space": "numbered",
    "size": 500,
    "run": 500,
    "proofs": Proofs(),
    "gtin": "6901234567892",
    "issued_on": TODAY,
}


@pytest.fixture(params=["kept", "in memory"])
def cabinet(request: pytest.FixtureRequest, tmp_path: Path) -> KeyCabinet:
    return KeyCabinet(tmp_path / "signing" if request.param == "kept" else None)


def rotated(cabinet: KeyCabinet) -> tuple[str, str]:
    """The key that signed, and the one that signs now."""
    old = cabinet.now.key_id
    new = cabinet.after(old).key_id
    cabinet.begin(new)
    return old, new


def test_a_rotated_key_no_longer_signs_but_still_verifies(cabinet: KeyCabinet):
    old, new = rotated(cabinet)
    assert new != old
    assert (cabinet.now.key_id, set(cabinet.now.public)) == (new, {old, new})
    assert cabinet.after(old).key_id == new


def test_a_key_that_is_ready_signs_nothing_until_it_is_said(cabinet: KeyCabinet):
    old = cabinet.now.key_id
    ready = cabinet.after(old).key_id
    assert cabinet.after(old).key_id == ready
    cabinet.begin("another key")
    assert (cabinet.now.key_id, set(cabinet.now.public)) == (old, {old})
    for _ in range(2):
        cabinet.begin(ready)
    assert cabinet.now.key_id == ready


def test_a_withdrawn_key_verifies_nothing_and_stays_known_as_such(cabinet: KeyCabinet):
    with pytest.raises(KeyStillSigns):
        cabinet.withdraw(cabinet.now.key_id)
    old, new = rotated(cabinet)
    for _ in range(2):
        cabinet.withdraw(old)
    assert set(cabinet.now.public) == {new}
    assert cabinet.now.withdrawn == {old}
    for ask in (cabinet.withdraw, cabinet.after, cabinet.public_half):
        with pytest.raises(NoSuchKey):
            ask("nobody's-key")


def test_another_process_sees_what_changed(tmp_path: Path):
    first, second = KeyCabinet(tmp_path / "signing"), KeyCabinet(tmp_path / "signing")
    old, new = rotated(first)
    assert second.now.key_id == new
    assert second.after(old).key_id == new
    public = second.public_half(old)
    second.withdraw(old)
    assert first.now.withdrawn == {old}
    assert KeyCabinet(tmp_path / "signing").public_half(old) == public


def test_the_private_half_of_a_withdrawn_key_is_gone(tmp_path: Path):
    cabinet = KeyCabinet(tmp_path / "signing")
    old, _ = rotated(cabinet)
    cabinet.withdraw(old)
    kept = {path.name: path.read_text() for path in (tmp_path / "signing").iterdir()}
    assert sorted(kept) == ["certificate-key-0002.pem", f"withdrawn-{old}.pem"]
    assert "PRIVATE" not in kept[f"withdrawn-{old}.pem"]


def test_a_key_whose_withdrawal_was_cut_off_between_its_two_files_is_trusted_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    cabinet = KeyCabinet(tmp_path / "signing")
    old, new = rotated(cabinet)
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        cabinet.withdraw(old)
    monkeypatch.undo()
    again = KeyCabinet(tmp_path / "signing")
    assert (set(again.now.public), again.now.withdrawn) == ({new}, {old})
    assert len(again.public_half(old)) == 32
    kept = sorted(path.name for path in (tmp_path / "signing").iterdir())
    assert kept == ["certificate-key-0002.pem", f"withdrawn-{old}.pem"]


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


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop.open(f"sqlite:///{tmp_path / 'shop.db'}")
    yield shop
    shop.close()


def test_a_change_that_was_cut_off_after_the_log_said_so_is_finished(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    cabinet, keys, old = shop.secrets.signing, shop.certificate_keys, shop.secrets.signing.now.key_id
    for cut_off in ("begin", "withdraw"):
        monkeypatch.setattr(cabinet, cut_off, lambda _: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            keys.rotate(old, TODAY) if cut_off == "begin" else keys.withdraw(old, "laptop stolen", TODAY)
        monkeypatch.undo()
        shop.followers.catch_up()
    assert cabinet.now.withdrawn == {old}
    assert shop.log.load(IssuerKey, IssuerKey.id_of(cabinet.now.key_id)).introduced_on == TODAY
    assert len(shop.log.load(IssuerKey, IssuerKey.id_of(old)).public) == 64


def test_what_a_withdrawn_key_signed_and_stands_is_sealed_anew_batch_after_batch(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ChangeKeys, "certificates_at_once", 2)
    old = shop.secrets.signing.now

    def issue(number: int) -> UUID:
        facts = {**STATEMENT, "number": number, "serial": f"G52HL64DRE{number:02}".replace("0", "X").replace("1", "Y")}
        sealed = seal(Statement(**facts, key_id=old.key_id), old, "https://id.example.cn")
        certificate = Certificate.issue(UUID(int=number), UUID(int=99), sealed)
        shop.log.execute(lambda tx: tx.save(certificate))
        return certificate.id

    issued = [issue(number) for number in range(1, 8)]
    shop.log.execute(lambda tx: tx.save(*_revoked(tx.get(Certificate, issued[0]))))
    shop.certificates.suspend(issued[1], "reported stolen", TODAY)
    shop.certificate_keys.rotate(old.key_id, TODAY)
    shop.certificate_keys.withdraw(old.key_id, "laptop stolen", TODAY)
    shop.followers.catch_up()
    new, head = shop.secrets.signing.now.key_id, shop.log.head()
    signed = [shop.log.load(Certificate, one).seal.statement.key_id for one in issued]
    assert signed == [old.key_id, *[new] * 6]
    assert shop.log.load(Certificate, issued[1]).standing == "suspended"
    shop.certificate_keys.withdraw(old.key_id, "laptop stolen", TODAY)
    shop.followers.catch_up()
    assert shop.log.head() == head


def _revoked(certificate: Certificate) -> tuple[Certificate]:
    certificate.revoke("returned", TODAY)
    return (certificate,)


def test_the_command_lists_rotates_and_withdraws(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    def keys(*more: str) -> list[list[str]]:
        assert main(["keys", "--db", f"sqlite:///{tmp_path / 'shop.db'}", *more]) == 0
        return [[line.split()[0], line.split()[-1]] for line in capsys.readouterr().out.splitlines()]

    Shop.open(f"sqlite:///{tmp_path / 'shop.db'}").close()
    ((first, does),) = keys()
    assert does == "signs"
    (_, verifies), (second, signs) = keys("--rotate")
    assert (verifies, signs) == ("verifies", "signs")
    assert keys(f"--withdraw={first}") == [[second, "signs"], [first, "withdrawn"]]
