"""A certificate verifies offline from its text or its link; one changed bit, a forged or a foreign one does not."""

import json
import stat
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from hypothesis import given
from hypothesis import strategies as st

from souvenir.certificates.certificate import (
    SERIAL_ALPHABET,
    Certificate,
    ForeignCertificate,
    ForgedCertificate,
    MalformedCertificate,
    Proofs,
    Seal,
    Statement,
    StatusList,
    new_serial,
    seal,
    verify_certificate,
)
from souvenir.certificates.signing import (
    SigningKeys,
    UnusableSigningKey,
    open_signing_keys,
)

KEYS = SigningKeys.generate()
REFUSED = (MalformedCertificate, ForeignCertificate, ForgedCertificate)


def sealed(keys: SigningKeys = KEYS, **changes: object) -> Seal:
    facts = {
        "issuer": {"zh-Hans": "景泰蓝厂", "en": "Enamel Factory"},
        "edition_id": UUID(int=0xED),
        "title": {"zh-Hans": "珐琅瓶·秋", "en": "Enamel vase, autumn"},
        "space": "numbered",
        "number": 17,
        "size": 500,
        "run": 500,
        "proofs": Proofs(artists=20, hors_commerce=3),
        "gtin": "6901234567892",
        "serial": "G52HL64DRE68",
        "issued_on": date(2026, 10, 1),
        "key_id": keys.key_id,
    }
    return seal(Statement.model_validate({**facts, **changes}), keys, "https://id.example.cn/")


SEALED = sealed()


def test_the_link_is_a_gs1_digital_link_with_the_gtin_and_the_serial():
    link = GS1DigitalLinkURI.parse(SEALED.link)
    assert [(element.ai.ai, element.value) for element in link.element_strings] == [
        ("01", "06901234567892"),
        ("21", "G52HL64DRE68"),
    ]
    assert SEALED.link.startswith(
        "https://id.example.cn/01/06901234567892/21/G52HL64DRE68?n=17&of=500&kind=numbered&on=2026-10-01&k="
    )


def test_the_link_alone_verifies_offline_and_says_that_freshness_was_not_checked():
    verdict = verify_certificate(SEALED.link, KEYS.public)
    assert (verdict.number, verdict.size, verdict.space, verdict.issued_on) == (17, 500, "numbered", date(2026, 10, 1))
    assert (verdict.checked, verdict.freshness, verdict.as_of) == (("authenticity",), "not checked", None)


def test_the_text_verifies_and_gives_the_whole_statement():
    verdict = verify_certificate(SEALED.text, KEYS.public)
    assert verdict.statement == SEALED.statement
    assert verdict.statement is not None
    assert verdict.statement.title["zh-Hans"] == "珐琅瓶·秋"


def test_with_a_status_list_freshness_is_answered_as_of_that_list():
    noon = datetime(2026, 10, 2, 12, tzinfo=UTC)
    other = StatusList(noon, frozenset({("06901234567892", "ABCDEFGHJKLM")}))
    revoked = StatusList(noon, frozenset({("06901234567892", "G52HL64DRE68")}))
    for text in (SEALED.text, SEALED.link):
        assert verify_certificate(text, KEYS.public, other).freshness == "active"
        verdict = verify_certificate(text, KEYS.public, revoked)
        assert (verdict.freshness, verdict.checked, verdict.as_of) == ("revoked", ("authenticity", "freshness"), noon)


@pytest.mark.parametrize("whole", [SEALED.link, SEALED.text], ids=["link", "text"])
def test_any_single_flipped_bit_is_refused(whole: str):
    data = whole.encode("utf-8")
    for place in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises(REFUSED):
            verify_certificate(flipped.decode("utf-8", errors="replace"), KEYS.public)


@given(st.text() | st.text(alphabet='{}[]":,certifasgnu0123456789', max_size=60).map(lambda text: "{" + text))
def test_whatever_is_scanned_is_answered_with_a_refusal(text: str):
    with pytest.raises(MalformedCertificate):
        verify_certificate(text, KEYS.public)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "{" * 9_000,
        '{"certificate":' + "[" * 4_000,
        "x" * 10_001,
        SEALED.link + "\n",
        " " + SEALED.text,
        SEALED.text.replace(":", ": ", 1),
        '{"certificate":{"number":NaN},"signature":""}',
        json.dumps({"certificate": None, "signature": None}, separators=(",", ":")),
        '{"certificate":{},"signature":1' + "0" * 400 + "}",
    ],
)
def test_what_is_not_a_certificate_is_refused_as_such(text: str):
    with pytest.raises(MalformedCertificate):
        verify_certificate(text, KEYS.public)


def test_a_certificate_of_another_issuer_is_foreign():
    stranger = SigningKeys.generate()
    for text in (sealed(stranger).link, sealed(stranger).text):
        with pytest.raises(ForeignCertificate) as refusal:
            verify_certificate(text, KEYS.public)
        assert refusal.value.facts == {"key_id": stranger.key_id}


def test_a_forger_who_names_our_key_is_found_out():
    forger = SigningKeys(KEYS.key_id, SigningKeys.generate().private, KEYS.public)
    for text in (sealed(forger).link, sealed(forger).text):
        with pytest.raises(ForgedCertificate) as refusal:
            verify_certificate(text, KEYS.public)
        assert refusal.value.facts == {"serial": "G52HL64DRE68"}


def test_a_signature_over_the_text_is_not_one_over_the_link():
    mixed = SEALED.link[: -len(SEALED.signature)] + SEALED.signature
    with pytest.raises(ForgedCertificate):
        verify_certificate(mixed, KEYS.public)


def test_a_serial_has_twelve_characters_nobody_misreads():
    serials = {new_serial() for _ in range(1_000)}
    assert len(serials) == 1_000
    assert all(len(serial) == 12 and set(serial) <= set(SERIAL_ALPHABET) for serial in serials)
    assert not set(SERIAL_ALPHABET) & set("01IO")
    assert len(SERIAL_ALPHABET) == 32


def test_after_a_rotation_old_certificates_still_verify():
    rotated = KEYS.rotated()
    assert rotated.key_id != KEYS.key_id
    assert verify_certificate(SEALED.link, rotated.public).number == 17
    assert verify_certificate(sealed(rotated).link, rotated.public).key_id == rotated.key_id
    with pytest.raises(ForeignCertificate):
        verify_certificate(sealed(rotated).link, KEYS.public)


def test_keys_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path):
    made = open_signing_keys(tmp_path / "keys")
    assert open_signing_keys(tmp_path / "keys").key_id == made.key_id
    (file,) = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "PRIVATE" not in repr(made)


def test_a_damaged_key_file_is_refused_and_kept(tmp_path: Path):
    open_signing_keys(tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"not a key")
    with pytest.raises(UnusableSigningKey):
        open_signing_keys(tmp_path)
    assert file.read_bytes() == b"not a key"


def test_a_certificate_is_revoked_once():
    certificate = Certificate.issue(UUID(int=1), UUID(int=2), SEALED)
    certificate.collect_events()
    certificate.revoke("returned", date(2026, 10, 3))
    certificate.revoke("returned again", date(2026, 10, 4))
    assert len(certificate.collect_events()) == 1
    assert certificate.revoked_on == date(2026, 10, 3)


def test_the_tenth_copy_of_a_piece_is_still_verified_by_its_code():
    assert verify_certificate(sealed(replacement=10).link, KEYS.public).replacement == 10
