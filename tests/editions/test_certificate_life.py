"""A certificate is doubted, cleared, passed on and replaced; a verifier with a status list knows which."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

import pytest

from souvenir.certificates.application import Certificates
from souvenir.certificates.certificate import (
    Certificate,
    CertificateNotRevoked,
    CertificateNotStanding,
    ForgedCertificate,
    MalformedCertificate,
    verify_certificate,
)
from souvenir.certificates.registers import CertificateRegister
from souvenir.certificates.signing import SigningKeys
from souvenir.certificates.views import status_list
from souvenir.editions.application import (
    Editions,
    return_piece,
    sell_piece,
)
from souvenir.editions.piece import PieceNotReplaceable
from souvenir.editions.registers import PieceRegister
from souvenir.eventlog import EventLog
from souvenir.eventlog.rebuild import differences
from souvenir.kernel.errors import MalformedInput
from souvenir.processes.certify import issue_certificate
from souvenir.processes.clear_piece import put_back
from souvenir.processes.remake_piece import replace_piece

EDITION, SHOP = UUID("00000000-0000-0000-0000-00000000ed01"), UUID(int=0x5A0)
ORDER, GTIN = UUID(int=1), "06901234567892"
TODAY = date(2026, 10, 1)
KEYS = SigningKeys.generate()
FACTS = {"keys": KEYS, "issuer": {"en": "Kiln"}, "resolver": "https://id.example.cn"}


@pytest.fixture
def certificate(log: EventLog, editions: Editions) -> Certificate:
    """Of number 17, sold."""
    log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", 17, ORDER, TODAY, outlet_id=SHOP))
    return issued(log)


def issued(log: EventLog) -> Certificate:
    return log.execute(lambda tx: issue_certificate(tx, EDITION, "numbered", 17, ORDER, TODAY, **FACTS)).result


def freshness(log: EventLog, text: str, at: datetime) -> str:
    with log.reading() as session:
        return verify_certificate(text, KEYS.public, status_list(session, GTIN, at)).freshness


def test_a_certificate_in_doubt_is_neither_good_nor_revoked(
    log: EventLog, certificate: Certificate, in_minutes: Callable[[float], datetime]
):
    certificates, link, head = Certificates(log), certificate.seal.link, log.head()
    for _ in range(2):
        certificates.suspend(certificate.id, "reported stolen", TODAY)
    assert freshness(log, link, in_minutes(1)) == "suspended"
    with pytest.raises(CertificateNotStanding):
        certificates.transfer(certificate.id, "owner-2", TODAY)
    for _ in range(2):
        certificates.reinstate(certificate.id, TODAY)
    assert freshness(log, link, in_minutes(1)) == "active"
    assert log.head() == head + 2
    assert differences(log, CertificateRegister()) == []


def test_the_certificate_of_a_piece_that_is_gone_is_retired_for_good(
    log: EventLog, certificate: Certificate, in_minutes: Callable[[float], datetime]
):
    certificates = Certificates(log)
    certificates.suspend(certificate.id, "reported stolen", TODAY)
    head = log.head()
    for _ in range(2):
        certificates.retire(certificate.id, "burnt with the house", TODAY)
    certificates.reinstate(certificate.id, TODAY)
    assert log.head() == head + 1
    assert freshness(log, certificate.seal.link, in_minutes(1)) == "retired"
    with pytest.raises(CertificateNotStanding):
        certificates.transfer(certificate.id, "owner-2", TODAY)
    log.execute(lambda tx: replace_piece(tx, EDITION, "numbered", 17, 1, "burnt", "QC-118", TODAY))
    assert issued(log).standing == "active"
    assert freshness(log, certificate.seal.link, in_minutes(1)) == "revoked"
    assert differences(log, CertificateRegister()) == []


def test_a_certificate_is_passed_on_by_pseudonym(log: EventLog, certificate: Certificate):
    for _ in range(2):
        Certificates(log).transfer(certificate.id, "owner-2", TODAY)
    assert log.load(Certificate, certificate.id).owners == ("owner-2",)


def test_a_replacement_has_the_same_number_a_new_serial_and_a_mark(
    log: EventLog, certificate: Certificate, in_minutes: Callable[[float], datetime]
):
    replace = ("kiln-fire", "QC-118", TODAY)
    for _ in range(2):
        log.execute(lambda tx: replace_piece(tx, EDITION, "numbered", 17, 1, *replace))
    assert freshness(log, certificate.seal.link, in_minutes(1)) == "revoked"
    anew = issued(log)
    first, second = certificate.seal.statement, anew.seal.statement
    assert (second.number, second.replacement, first.replacement) == (17, 1, 0)
    assert first.serial != second.serial
    for text in (anew.seal.link, anew.seal.text):
        assert verify_certificate(text, KEYS.public).replacement == 1
    assert '"replacement"' not in certificate.seal.text
    with pytest.raises(ForgedCertificate):
        verify_certificate(anew.seal.link.replace("&r=1", ""), KEYS.public)
    with pytest.raises(MalformedCertificate):
        verify_certificate(anew.seal.link.replace("&r=1", "&r=0"), KEYS.public)
    assert differences(log, PieceRegister()) == []


def test_a_returned_replacement_is_not_sold_again_while_its_certificate_stands(log: EventLog, certificate: Certificate):
    log.execute(lambda tx: replace_piece(tx, EDITION, "numbered", 17, 1, "lost", "QC-118", TODAY))
    anew = issued(log)
    log.execute(lambda tx: return_piece(tx, EDITION, "numbered", 17, ORDER, UUID(int=99), TODAY))
    with pytest.raises(CertificateNotRevoked):
        log.execute(lambda tx: put_back(tx, EDITION, "numbered", 17))

    def free(tx) -> None:
        standing = tx.get(Certificate, anew.id)
        standing.revoke("returned", TODAY)
        tx.save(standing)
        put_back(tx, EDITION, "numbered", 17)

    log.execute(free)


@pytest.mark.parametrize("copy", [0, 2])
def test_only_the_next_copy_of_a_sold_piece_is_made(log: EventLog, certificate: Certificate, copy: int):
    head = log.head()
    with pytest.raises(PieceNotReplaceable):
        log.execute(lambda tx: replace_piece(tx, EDITION, "numbered", 17, copy, "lost", "QC-118", TODAY))
    assert log.head() == head


def test_a_certificate_is_sealed_anew_under_its_serial_once(log: EventLog, certificate: Certificate):
    keys = KEYS.rotated()
    certificate.seal_anew("another key", keys)
    for _ in range(2):
        certificate.seal_anew(KEYS.key_id, keys)
    (sealed,) = certificate.collect_events()
    assert isinstance(sealed, Certificate.SealedAnew)
    first, second = log.load(Certificate, certificate.id).seal.statement, certificate.seal.statement
    assert (second.serial, second.issued_on, second.key_id) == (first.serial, first.issued_on, keys.key_id)
    assert verify_certificate(certificate.seal.link, keys.without(KEYS.key_id).public).number == 17


def test_what_no_longer_stands_is_not_sealed_anew(certificate: Certificate):
    certificate.retire("burnt with the house", TODAY)
    certificate.collect_events()
    certificate.seal_anew(KEYS.key_id, KEYS.rotated())
    assert not certificate.collect_events()


@pytest.mark.parametrize("owner", ["", "张伟", "Li Wei", "x" * 65])
def test_an_owner_is_a_pseudonym_and_the_refusal_does_not_repeat_what_was_said(certificate: Certificate, owner: str):
    with pytest.raises(MalformedInput) as refusal:
        certificate.transfer(owner, TODAY)
    assert owner == "" or owner not in str(refusal.value)
