"""Keys and credentials as the web's signing standards spell them: JWK sets (RFC 7517) and JWTs signed with Ed25519."""

import json
from collections.abc import Mapping
from typing import Any, Final

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from souvenir.certificates.certificate import ForeignCertificate, ForgedCertificate, MalformedCertificate
from souvenir.certificates.signing import PublicKeys, SigningKeys

ALGORITHM: Final = "Ed25519"
"""The name RFC 9864 gives it; "EdDSA" leaves the curve open."""

_LONGEST: Final = 30_000


def jwk_set(keys: PublicKeys) -> dict[str, Any]:
    """The issuer's public keys, by the ids that certificates and credentials name."""
    from joserfc.jwk import OKPKey

    found = [OKPKey.import_key(Ed25519PublicKey.from_public_bytes(raw)) for raw in keys.values()]
    facts = [key.as_dict(private=False) for key in found]
    return {
        "keys": [{**fact, "kid": name, "use": "sig", "alg": ALGORITHM} for name, fact in zip(keys, facts, strict=True)]
    }


def jwt_of(claims: Mapping[str, Any], keys: SigningKeys, kind: str) -> str:
    """Claims signed with today's key; `kind` is what the token is, such as "vc+jwt". Same claims, same token."""
    from joserfc import jws
    from joserfc.jwk import OKPKey

    header = {"alg": ALGORITHM, "kid": keys.key_id, "typ": kind, "cty": "vc"}
    return jws.serialize_compact(header, rfc8785.dumps(dict(claims)), OKPKey.import_key(keys.private), [ALGORITHM])


def verified_jwt(token: str, keys: PublicKeys) -> dict[str, Any]:
    """What a credential's token claims, checked offline.

    Raises MalformedCertificate, ForeignCertificate (a key that is not the issuer's) or ForgedCertificate.
    """
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import OKPKey

    if len(token) > _LONGEST:
        raise MalformedCertificate(reason="it is too long")
    try:
        read = jws.extract_compact(token.encode("ascii"))
        header = read.headers()
        key_id, algorithm = str(header["kid"]), header["alg"]
    except (JoseError, ValueError, KeyError, TypeError):
        raise MalformedCertificate(reason="it cannot be read as a credential's token") from None
    if algorithm != ALGORITHM or header.get("typ") != "vc+jwt":
        raise MalformedCertificate(reason="it is not a credential signed with Ed25519")
    if key_id not in keys:
        raise ForeignCertificate(key_id=key_id[:120])
    try:
        key = OKPKey.import_key(Ed25519PublicKey.from_public_bytes(keys[key_id]))
        claims: dict[str, Any] = json.loads(jws.deserialize_compact(token, key, [ALGORITHM]).payload)
    except (JoseError, ValueError):
        raise ForgedCertificate(serial="?") from None
    return claims
