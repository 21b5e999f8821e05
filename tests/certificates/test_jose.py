"""A credential is a JWT too, signed with Ed25519 by a key of the published set; one changed character and it is not."""

from base64 import urlsafe_b64encode
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from souvenir.certificates.certificate import (
    ForeignCertificate,
    ForgedCertificate,
    GiftMark,
    Licensed,
    MalformedCertificate,
    Statement,
    seal,
    verify_certificate,
)
from souvenir.certificates.credential import credential_jwt, credential_of
from souvenir.certificates.jose import jwk_set, verified_jwt
from souvenir.certificates.signing import SigningKeys
from souvenir.certificates.status import Listed

KEYS = SigningKeys.generate()
SEAL = seal(
    Statement(
        issuer={"en": "Enamel Factory"},
        edition_id=UUID(int=0xED),
        title={"zh-Hans": "珐琅瓶·秋", "en": "Enamel vase, autumn"},
        space="numbered",
        number=17,
        size=500,
        run=500,
        proofs={"artists": 20},  # type: ignore[arg-type]
        gtin="6901234567892",
        serial="G52HL64DRE68",
        issued_on=date(2026, 10, 1),
        key_id=KEYS.key_id,
        place={"zh-Hans": "珐琅厂"},
        licences=(Licensed(contract_no="L-1", licensor="Studio", property_name={"en": "Crane"}),),
        mark=GiftMark(certificate_no="CG-1", name={"en": "Capital Gifts"}),
    ),
    KEYS,
    "https://id.example.cn",
)
LISTED = Listed("https://id.example.cn", "06901234567892", 16)
TOKEN = credential_jwt(SEAL, KEYS, LISTED)


def test_the_token_claims_what_the_credential_says():
    claims = verified_jwt(TOKEN, KEYS.public)
    assert claims == credential_of(SEAL, KEYS, LISTED)
    assert claims["credentialSubject"]["place"] == {"zh-Hans": "珐琅厂"}
    assert claims["credentialSubject"]["licences"][0]["licensor"] == "Studio"
    assert claims["credentialStatus"][0]["statusListIndex"] == "16"
    assert credential_jwt(SEAL, KEYS, LISTED) == TOKEN


def test_what_a_certificate_states_of_its_origin_is_signed():
    verdict = verify_certificate(SEAL.text, KEYS.public)
    assert verdict.statement is not None
    assert verdict.statement.place == {"zh-Hans": "珐琅厂"}
    with pytest.raises(ForgedCertificate):
        verify_certificate(SEAL.text.replace("Studio", "Studia"), KEYS.public)


def test_the_key_set_names_every_key_and_only_its_public_half():
    rotated = KEYS.rotated()
    keys = jwk_set(rotated.public)["keys"]
    assert [key["kid"] for key in keys] == [KEYS.key_id, rotated.key_id]
    assert {key["kty"] for key in keys} == {"OKP"}
    assert all("d" not in key for key in keys)
    assert verified_jwt(TOKEN, rotated.public)["credentialSubject"]["number"] == 17


@given(st.integers(0, len(TOKEN) - 1), st.integers(0, 6))
def test_with_one_flipped_bit_it_is_refused(at: int, bit: int):
    changed = TOKEN[:at] + chr(ord(TOKEN[at]) ^ 1 << bit) + TOKEN[at + 1 :]
    with pytest.raises((MalformedCertificate, ForeignCertificate, ForgedCertificate)):
        verified_jwt(changed, KEYS.public)


def test_another_shop_s_token_is_foreign():
    with pytest.raises(ForeignCertificate):
        verified_jwt(TOKEN, SigningKeys.generate().public)


def header(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "token",
    ["", "a.b", "a.b.c", "x" * 40_000, "é.b.c",
     header('{"alg":"none","kid":"k","typ":"vc+jwt"}') + ".e30.",
     header('{"alg":"HS256","kid":"k","typ":"vc+jwt"}') + ".e30.c2ln"],
)  # fmt: skip
def test_what_is_no_token_of_ours_is_malformed(token: str):
    with pytest.raises(MalformedCertificate):
        verified_jwt(token, KEYS.public)
