"""A certificate is a W3C credential too: it verifies with the shop's public key, and with one flipped bit it does not."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from souvenir.certificates.certificate import (
    ForeignCertificate,
    ForgedCertificate,
    MalformedCertificate,
    Proofs,
    Statement,
    seal,
)
from souvenir.certificates.credential import (
    base58,
    render_credential,
    signed_bytes,
    verification_method,
    verify_credential,
)
from souvenir.certificates.signing import SigningKeys

KEYS = SigningKeys.generate()
SIGNED_AT = datetime(2026, 10, 2, 9, 30, tzinfo=UTC)
SEAL = seal(
    Statement(
        issuer={"zh-Hans": "景泰蓝厂", "en": "Enamel Factory"},
        edition_id=UUID(int=0xED),
        title={"zh-Hans": "珐琅瓶·秋", "en": "Enamel vase, autumn"},
        space="numbered",
        number=17,
        size=500,
        run=500,
        proofs=Proofs(artists=20, hors_commerce=3),
        gtin="6901234567892",
        serial="G52HL64DRE68",
        issued_on=date(2026, 10, 1),
        key_id=KEYS.key_id,
    ),
    KEYS,
    "https://id.example.cn",
)
TEXT = render_credential(SEAL, KEYS, SIGNED_AT)


def test_the_credential_says_what_the_certificate_says():
    facts = verify_credential(TEXT, KEYS.public)
    assert facts["@context"][0] == "https://www.w3.org/ns/credentials/v2"
    assert facts["type"] == ["VerifiableCredential", "SouvenirCertificate"]
    assert facts["id"] == "https://id.example.cn/01/06901234567892/21/G52HL64DRE68"
    assert facts["validFrom"] == "2026-10-01T00:00:00Z"
    assert facts["name"][0] == {"@value": "Enamel vase, autumn", "@language": "en"}
    subject = facts["credentialSubject"]
    assert (subject["number"], subject["size"], subject["space"]) == (17, 500, "numbered")
    assert subject["proofs"] == {"artists": 20, "printers": 0, "hors_commerce": 3}
    assert "key_id" not in subject


def test_the_proof_names_the_key_as_a_did():
    proof = json.loads(TEXT)["proof"]
    assert (proof["type"], proof["cryptosuite"]) == ("DataIntegrityProof", "eddsa-jcs-2022")
    assert proof["created"] == "2026-10-02T09:30:00Z"
    assert proof["verificationMethod"].startswith("did:key:z6Mk")


def test_the_same_certificate_at_the_same_time_gives_the_same_text():
    assert render_credential(SEAL, KEYS, SIGNED_AT) == TEXT


@given(st.data())
def test_with_one_flipped_bit_it_is_refused(data: st.DataObject):
    raw = bytearray(TEXT.encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((MalformedCertificate, ForeignCertificate, ForgedCertificate)):
        verify_credential(raw.decode("utf-8", errors="replace"), KEYS.public)


def test_another_number_is_a_forgery():
    with pytest.raises(ForgedCertificate):
        verify_credential(TEXT.replace('"number":17', '"number":18'), KEYS.public)


def test_another_shop_s_credential_is_foreign():
    with pytest.raises(ForeignCertificate):
        verify_credential(TEXT, SigningKeys.generate().public)


def test_an_issuer_who_is_not_the_key_s_owner_is_foreign():
    stolen = json.loads(TEXT)
    stolen["issuer"]["id"] = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
    with pytest.raises(ForeignCertificate):
        verify_credential(json.dumps(stolen), KEYS.public)


@pytest.mark.parametrize("text", ["", "[]", "7", "{}", '{"proof":{}}', "{" * 500, "x" * 30_000])
def test_what_is_no_credential_is_malformed(text: str):
    with pytest.raises(MalformedCertificate):
        verify_credential(text, KEYS.public)


def test_after_the_keys_were_rotated_old_and_new_credentials_verify():
    rotated = KEYS.rotated()
    assert verify_credential(TEXT, rotated.public)["credentialSubject"]["number"] == 17
    again = render_credential(SEAL, rotated, SIGNED_AT)
    assert verify_credential(again, rotated.public)["credentialSubject"]["number"] == 17
    with pytest.raises(ForeignCertificate):
        verify_credential(again, KEYS.public)


# The published example: W3C Data Integrity EdDSA Cryptosuites v1.0, appendix B.2.

CONTEXT = ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"]
MULTIKEY = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
ALUMNI: dict[str, Any] = {
    "@context": CONTEXT,
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
ALUMNI_PROOF: dict[str, Any] = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "created": "2023-02-24T23:36:38Z",
    "verificationMethod": f"did:key:{MULTIKEY}#{MULTIKEY}",
    "proofPurpose": "assertionMethod",
    "@context": CONTEXT,
}
SIGNATURE = bytes.fromhex(
    "407cd12654b33d718ecbb99179a1506daaa849450bf3fc523cce3e1c96f8b803"
    "51da3f253d725c6f00b07c9e5448d50b3ef78012b9ab54255116d069c6dd2808"
)


def test_the_published_example_is_hashed_signed_and_spelt_alike():
    signed = signed_bytes(ALUMNI, ALUMNI_PROOF)
    assert signed.hex() == (
        "66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db"
        "59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19"
    )
    assert (
        "z" + base58(SIGNATURE)
        == "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"
    )


def test_the_published_key_is_named_as_published_and_verifies():
    number = 0
    for letter in MULTIKEY[1:]:
        number = number * 58 + "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".index(letter)
    public = number.to_bytes(34, "big")[2:]
    assert verification_method(public) == ALUMNI_PROOF["verificationMethod"]
    Ed25519PublicKey.from_public_bytes(public).verify(SIGNATURE, signed_bytes(ALUMNI, ALUMNI_PROOF))
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public).verify(SIGNATURE, signed_bytes(ALUMNI, {**ALUMNI_PROOF, "x": 1}))
