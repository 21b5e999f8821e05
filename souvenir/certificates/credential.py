"""A certificate as a W3C Verifiable Credential 2.0, with Data Integrity eddsa-jcs-2022 or as a JWT: any wallet can check it."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from souvenir.certificates.certificate import ForeignCertificate, ForgedCertificate, MalformedCertificate, Seal
from souvenir.certificates.jose import jwt_of
from souvenir.certificates.signing import PublicKeys, SigningKeys
from souvenir.certificates.status import Listed
from souvenir.kernel.localized import LocalizedText

CONTEXT: Final = ("https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/undefined-terms/v2")
KIND: Final = "SouvenirCertificate"

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519: Final = b"\xed\x01"
"""Says that an Ed25519 public key follows (multicodec)."""
_LONGEST: Final = 20_000


def render_credential(seal: Seal, keys: SigningKeys, signed_at: datetime, listed: Listed | None = None) -> str:
    """What a sealed certificate states, as a credential in canonical JSON; the same input gives the same text.

    It says that the piece is genuine, not that its certificate still stands: `listed` says where to ask for that. The
    key that signs today signs it, whichever key once sealed the certificate.
    """
    return proven(credential_of(seal, keys, listed), keys, signed_at)


def credential_jwt(seal: Seal, keys: SigningKeys, listed: Listed | None = None) -> str:
    """The same credential as a JWT (application/vc+jwt)."""
    return jwt_of(credential_of(seal, keys, listed), keys, "vc+jwt")


def credential_of(seal: Seal, keys: SigningKeys, listed: Listed | None = None) -> dict[str, Any]:
    """The credential before it is secured."""
    stated, method = seal.statement.stated, verification_method(keys.public[keys.key_id])
    link = seal.link.partition("?")[0]
    piece = {name: fact for name, fact in stated.items() if name not in {"issuer", "title", "key_id", "issued_on"}}
    credential: dict[str, Any] = {
        "@context": list(CONTEXT),
        "id": link,
        "type": ["VerifiableCredential", KIND],
        "issuer": {"id": method.partition("#")[0], "name": _in_languages(seal.statement.issuer)},
        "name": _in_languages(seal.statement.title),
        "validFrom": f"{seal.statement.issued_on.isoformat()}T00:00:00Z",
        "credentialSubject": {"id": link, **piece},
    }
    if listed is not None:
        credential["credentialStatus"] = listed.entries
    return credential


def proven(credential: dict[str, Any], keys: SigningKeys, signed_at: datetime) -> str:
    """A credential with its proof, in canonical JSON."""
    method = verification_method(keys.public[keys.key_id])
    proof: dict[str, Any] = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": signed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
        "@context": credential["@context"],
    }
    signature = "z" + base58(keys.private.sign(signed_bytes(credential, proof)))
    return rfc8785.dumps({**credential, "proof": {**proof, "proofValue": signature}}).decode("utf-8")


def verify_credential(text: str, keys: PublicKeys) -> dict[str, Any]:
    """Check a credential offline against the issuer's public keys; what it states, without its proof.

    Raises MalformedCertificate, ForeignCertificate (a key that is not the issuer's) or ForgedCertificate (any bit
    changed). Whether the certificate was revoked since is not answered.
    """
    if len(text) > _LONGEST:
        raise MalformedCertificate(reason="it is too long")
    try:
        credential = json.loads(text)
        proof = credential.pop("proof")
        signature, method = str(proof.pop("proofValue")), str(proof["verificationMethod"])
        issuer, serial = str(credential["issuer"]["id"]), str(credential["credentialSubject"]["serial"])
        signed = signed_bytes(credential, proof)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, rfc8785.CanonicalizationError):
        raise MalformedCertificate(reason="it cannot be read as a secured credential") from None
    purpose = tuple(proof.get(name) for name in ("type", "cryptosuite", "proofPurpose"))
    if purpose != ("DataIntegrityProof", "eddsa-jcs-2022", "assertionMethod"):
        raise MalformedCertificate(reason="its proof is not eddsa-jcs-2022")
    public = next((key for key in keys.values() if verification_method(key) == method), None)
    if public is None or issuer != method.partition("#")[0]:
        raise ForeignCertificate(key_id=method[:120])
    if not _signed_by(public, signed, signature):
        raise ForgedCertificate(serial=serial[:20])
    facts: dict[str, Any] = credential
    return facts


def signed_bytes(credential: Mapping[str, Any], proof: Mapping[str, Any]) -> bytes:
    """What eddsa-jcs-2022 signs: SHA-256 of the canonical proof options, then of the canonical credential.

    Source: W3C Data Integrity EdDSA Cryptosuites v1.0, section 3.3.
    """
    return b"".join(hashlib.sha256(rfc8785.dumps(dict(part))).digest() for part in (proof, credential))


def verification_method(public: bytes) -> str:
    """The did:key of a raw Ed25519 public key, with its one verification method."""
    key = "z" + base58(_ED25519 + public)
    return f"did:key:{key}#{key}"


def base58(data: bytes) -> str:
    """Bytes in the base58 alphabet of Bitcoin, as multibase `z` wants them."""
    number, digits = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = _BASE58[digit] + digits
    return "1" * (len(data) - len(data.lstrip(b"\x00"))) + digits


def _signed_by(public: bytes, signed: bytes, signature: str) -> bool:
    number = 0
    for letter in signature[1:90]:
        if letter not in _BASE58:
            return False
        number = number * 58 + _BASE58.index(letter)
    if number.bit_length() > 512:
        return False
    raw = number.to_bytes(64, "big")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(raw, signed)
    except InvalidSignature:
        return False
    return "z" + base58(raw) == signature


def _in_languages(words: LocalizedText) -> list[dict[str, str]]:
    return [{"@value": text, "@language": language} for language, text in sorted(words.items())]
