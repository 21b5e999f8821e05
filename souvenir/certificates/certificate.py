"""A certificate: what the issuer states about one piece, signed so that anyone can check it without asking us."""

import json
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, Self
from uuid import UUID

import rfc8785
from pydantic import Field

from souvenir.certificates.signing import PublicKeys, SigningKeys, verifies
from souvenir.kernel.aggregate import Aggregate, Created, Value, event
from souvenir.kernel.errors import MalformedInput, SouvenirError
from souvenir.kernel.identifiers import Gtin, derived_id
from souvenir.kernel.localized import LocalizedText

SERIAL_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Base 32 without 0, 1, I and O, which people misread. No zero, so an RFID tag cannot lose a leading one."""

SERIAL_LENGTH: Final = 12
"""60 random bits; GS1 allows 20 characters in AI (21)."""

_SEALED: Final = b"souvenir-certificate-v1"
_LINKED: Final = b"souvenir-certificate-link-v1"
_LONGEST: Final = 10_000
_PSEUDONYM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHORT: Final = ("gtin", "serial", "space", "number", "size", "issued_on", "replacement")
_LINK = re.compile(
    r"(?P<signed>https?://[!-~]{1,200}?/01/(?P<gtin>[0-9]{14})/21/(?P<serial>[2-9A-HJ-NP-Z]{12})"
    r"\?n=(?P<number>[1-9][0-9]{0,6})&of=(?P<size>[1-9][0-9]{0,6})&kind=(?P<space>numbered|AP|PP|HC)(?:&r=(?P<replacement>[1-9][0-9]{0,2}))?"
    r"&on=(?P<issued_on>[0-9]{4}-[0-9]{2}-[0-9]{2})&k=(?P<key_id>[A-Za-z0-9_-]{12}))&s=(?P<signature>[A-Za-z0-9_-]{86})"
)


class MalformedCertificate(SouvenirError):
    message = "This is not a certificate: {reason}. Scan the code again, or paste the whole text."
    reason: str


class ForeignCertificate(SouvenirError):
    message = "The certificate was signed with key {key_id}, which is not one of this issuer's keys."
    key_id: str


class WithdrawnKey(SouvenirError):
    message = "The issuer withdrew key {key_id}: what is signed with it proves nothing any more. Ask the issuer."
    key_id: str


class ForgedCertificate(SouvenirError):
    message = "The signature does not fit the certificate for serial {serial}: it was altered or forged."
    serial: str


class CertificateNotRevoked(SouvenirError):
    message = (
        "Number {number} ({space}) of edition {edition_id} cannot be sold again before its certificate is revoked."
    )
    edition_id: UUID
    space: str
    number: int


class CertificateNotStanding(SouvenirError):
    message = "The certificate of number {number} ({space}) is {standing}: only an active one is passed on."
    space: str
    number: int
    standing: str


Space = Literal["numbered", "AP", "PP", "HC"]
"""The run a number is of: the numbered pieces, artist's proofs, printer's proofs, hors commerce."""


class Proofs(Value):
    """How many pieces were made outside the numbered run, by kind."""

    artists: int = Field(default=0, ge=0)
    printers: int = Field(default=0, ge=0)
    hors_commerce: int = Field(default=0, ge=0)


class Licensed(Value):
    """A licence the piece was made under: whose, and for which property."""

    contract_no: str
    licensor: str
    property_name: LocalizedText


class GiftMark(Value):
    """A mark the piece may carry, and the certificate that says so."""

    certificate_no: str
    name: LocalizedText


class Statement(Value):
    """What the issuer states. Signed as canonical JSON (RFC 8785)."""

    issuer: LocalizedText
    edition_id: UUID
    title: LocalizedText
    space: Space
    number: int
    size: int
    """Of the piece's own space: the run, or the count of that kind of proof."""
    run: int
    """The declared size of the numbered run."""
    proofs: Proofs
    gtin: Gtin
    serial: str
    issued_on: date
    key_id: str
    replacement: int = 0
    """Which re-made copy of the number this is; 0 for the piece first made."""
    place: LocalizedText | None = None
    """Where it was made."""
    licences: tuple[Licensed, ...] = ()
    mark: GiftMark | None = None
    parts: tuple[LocalizedText, ...] = ()
    """Of a matched set, what it consists of: each of them with this number."""

    @property
    def stated(self) -> dict[str, Any]:
        """What is signed, ready for canonical JSON: without the facts a piece has none of, which older ones never had."""
        absent = {name for name in ("replacement", "place", "licences", "mark", "parts") if not getattr(self, name)}
        return self.model_dump(mode="json", exclude=absent)


@dataclass(frozen=True, slots=True)
class Seal:
    """A statement with its two signatures: over the whole statement, and over the short link that fits a QR code."""

    statement: Statement
    signature: str
    link: str

    @property
    def text(self) -> str:
        """The certificate as one line of canonical JSON, to keep or to verify."""
        content: dict[str, Any] = {"certificate": self.statement.stated, "signature": self.signature}
        return rfc8785.dumps(content).decode("utf-8")


Standing = Literal["active", "suspended", "retired", "revoked"]
"""Revoked when the piece came back or was re-made; retired when it is gone for good."""


@dataclass(frozen=True, slots=True)
class StatusList:
    """Which certificates were revoked, as of an instant: without one, nobody can tell a revoked certificate."""

    as_of: datetime
    revoked: frozenset[tuple[str, str]]
    """(GTIN, serial) pairs."""
    suspended: frozenset[tuple[str, str]] = frozenset()
    """Those that are in doubt for now, as when a piece was reported stolen."""
    retired: frozenset[tuple[str, str]] = frozenset()
    """Those whose piece is gone for good, as when it was destroyed in its owner's hands."""

    def standing(self, gtin: str, serial: str) -> "Standing":
        """Where a certificate stands by this list."""
        key = (gtin, serial)
        lists: tuple[tuple[Standing, frozenset[tuple[str, str]]], ...] = (
            ("revoked", self.revoked),
            ("retired", self.retired),
            ("suspended", self.suspended),
        )
        return next((standing for standing, listed in lists if key in listed), "active")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found, and which of the two questions it answered.

    Authenticity (the issuer made this statement) is always answered; a verdict exists only if it is yes. Freshness
    (it still stands) is answered only with a status list, and only as of that list.
    """

    gtin: str
    serial: str
    space: Space
    number: int
    size: int
    issued_on: date
    key_id: str
    freshness: Literal["not checked"] | Standing
    as_of: datetime | None
    statement: Statement | None
    """The whole statement, when the whole text was verified and not only its link."""
    replacement: int = 0

    @property
    def checked(self) -> tuple[str, ...]:
        """The questions that were answered."""
        return ("authenticity",) if self.as_of is None else ("authenticity", "freshness")


class Certificate(Aggregate):
    """The certificate of one piece for one sale. Once revoked it stays so; the next owner gets another."""

    TOPIC = "editions.Certificate"

    class Issued(Created):
        TOPIC = "editions.CertificateIssued"
        piece_id: UUID
        order_id: UUID
        statement: Statement
        signature: str
        link: str

    class Revoked(Aggregate.Event):
        TOPIC = "editions.CertificateRevoked"
        reason: str
        revoked_on: date

    class Suspended(Aggregate.Event):
        TOPIC = "editions.CertificateSuspended"
        reason: str
        suspended_on: date

    class Reinstated(Aggregate.Event):
        TOPIC = "editions.CertificateReinstated"
        reinstated_on: date

    class Retired(Aggregate.Event):
        TOPIC = "editions.CertificateRetired"
        reason: str
        retired_on: date

    class SealedAnew(Aggregate.Event):
        TOPIC = "editions.CertificateSealedAnew"
        statement: Statement
        signature: str
        link: str

    class Transferred(Aggregate.Event):
        TOPIC = "editions.CertificateTransferred"
        owner: str
        transferred_on: date

    @event(Issued)
    def __init__(self, piece_id: UUID, order_id: UUID, statement: Statement, signature: str, link: str) -> None:
        self.piece_id, self.order_id = piece_id, order_id
        self.seal = Seal(statement, signature, link)
        self.revoked_on: date | None = None
        self.suspended_because: str | None = None
        self.retired_on: date | None = None
        self.transferred_on: date | None = None
        self.owners: tuple[str, ...] = ()

    # Decide.

    @classmethod
    def issue(cls, piece_id: UUID, order_id: UUID, seal: Seal) -> Self:
        """Issue the certificate of a piece to the order that bought it."""
        return cls._create(
            cls.Issued,
            id=certificate_id(piece_id, order_id, seal.statement.replacement),
            piece_id=piece_id,
            order_id=order_id,
            statement=seal.statement,
            signature=seal.signature,
            link=seal.link,
        )

    def revoke(self, reason: str, revoked_on: date) -> None:
        """Withdraw the certificate for good; a second time records nothing new."""
        if self.revoked_on is None:
            self._revoked(reason=reason, revoked_on=revoked_on)

    def suspend(self, reason: str, suspended_on: date) -> None:
        """Put the certificate in doubt for now: stolen, disputed. What is revoked stays revoked."""
        if self.standing == "active":
            self._suspended(reason=reason, suspended_on=suspended_on)

    def reinstate(self, reinstated_on: date) -> None:
        """The doubt is gone."""
        if self.standing == "suspended":
            self._reinstated(reinstated_on=reinstated_on)

    def retire(self, reason: str, retired_on: date) -> None:
        """End the certificate because its piece is gone for good: burnt, lost at sea. What is revoked stays revoked."""
        if self.revoked_on is None and self.retired_on is None:
            self._retired(reason=reason, retired_on=retired_on)

    def transfer(self, owner: str, transferred_on: date) -> None:
        """Note a new owner by a pseudonym; nobody here knows who that is. Only an active certificate is passed on."""
        if not _PSEUDONYM.fullmatch(owner):
            raise MalformedInput(expected="pseudonym: 1 to 64 letters, digits, dots or dashes", value="…")
        if self.owners[-1:] == (owner,):
            return
        if self.standing != "active":
            facts = self.seal.statement
            raise CertificateNotStanding(space=facts.space, number=facts.number, standing=self.standing)
        self._transferred(owner=owner, transferred_on=transferred_on)

    def seal_anew(self, withdrawn: str, keys: SigningKeys) -> None:
        """Sign the same facts with today's key if one that was withdrawn signed them; the serial stays."""
        stated = self.seal.statement
        if stated.key_id != withdrawn or self.standing in ("revoked", "retired"):
            return
        resolver = self.seal.link.partition("/01/")[0]
        anew = seal(stated.model_copy(update={"key_id": keys.key_id}), keys, resolver)
        self._sealed_anew(statement=anew.statement, signature=anew.signature, link=anew.link)

    @property
    def standing(self) -> Standing:
        if self.revoked_on is not None:
            return "revoked"
        if self.retired_on is not None:
            return "retired"
        return "active" if self.suspended_because is None else "suspended"

    # Evolve.

    @event(SealedAnew)
    def _sealed_anew(self, statement: Statement, signature: str, link: str) -> None:
        self.seal = Seal(statement, signature, link)

    @event(Suspended)
    def _suspended(self, reason: str, suspended_on: date) -> None:
        self.suspended_because = reason

    @event(Reinstated)
    def _reinstated(self, reinstated_on: date) -> None:
        self.suspended_because = None

    @event(Transferred)
    def _transferred(self, owner: str, transferred_on: date) -> None:
        self.owners += (owner,)
        self.transferred_on = transferred_on

    @event(Retired)
    def _retired(self, reason: str, retired_on: date) -> None:
        self.retired_on = retired_on

    @event(Revoked)
    def _revoked(self, reason: str, revoked_on: date) -> None:
        self.revoked_on = revoked_on


def certificate_id(piece_id: UUID, order_id: UUID, replacement: int = 0) -> UUID:
    """One copy of a piece sold to one order has one certificate, however often it is asked for."""
    return derived_id("certificate", piece_id, order_id, *([replacement] if replacement else []), near=order_id)


def new_serial() -> str:
    """A random serial for AI (21). It says nothing about the number of the piece, so it cannot be guessed from it."""
    return "".join(secrets.choice(SERIAL_ALPHABET) for _ in range(SERIAL_LENGTH))


def seal(statement: Statement, keys: SigningKeys, resolver: str) -> Seal:
    """Sign a statement and its GS1 Digital Link; `resolver` is where links point, such as "https://id.example.cn"."""
    assert statement.key_id == keys.key_id, "a statement names the key that signs it"
    unsigned = (
        f"{resolver.rstrip('/')}/01/{statement.gtin}/21/{statement.serial}?n={statement.number}&of={statement.size}"
        f"&kind={statement.space}{f'&r={statement.replacement}' if statement.replacement else ''}&on={statement.issued_on.isoformat()}&k={statement.key_id}"
    )
    link = f"{unsigned}&s={keys.sign(_LINKED, unsigned.encode('ascii'))}"
    return Seal(statement, keys.sign(_SEALED, _canonical(statement)), link)


def verify_certificate(
    text_or_url: str, keys: PublicKeys, status: StatusList | None = None, withdrawn: Collection[str] = ()
) -> Verdict:
    """Check a certificate's text, or the link in its QR code, offline against the issuer's public keys.

    Raises MalformedCertificate, WithdrawnKey, ForeignCertificate (a key that is not the issuer's) or ForgedCertificate
    (any bit changed). With a status list the verdict also says whether the certificate still stood when the list was made.
    """
    if len(text_or_url) > _LONGEST:
        raise MalformedCertificate(reason="it is too long")
    read = _from_text if text_or_url.startswith("{") else _from_link
    try:
        facts, statement = read(text_or_url, keys)
    except ForeignCertificate as refusal:
        if refusal.facts["key_id"] in withdrawn:
            raise WithdrawnKey(key_id=refusal.facts["key_id"]) from None
        raise
    freshness = status.standing(facts["gtin"], facts["serial"]) if status else "not checked"
    return Verdict(**facts, freshness=freshness, as_of=status.as_of if status else None, statement=statement)


def _from_link(link: str, keys: PublicKeys) -> tuple[dict[str, Any], Statement | None]:
    match = _LINK.fullmatch(link)
    if match is None:
        raise MalformedCertificate(reason="the link is not a signed GS1 Digital Link")
    parts = match.groupdict()
    signed, signature = parts.pop("signed"), parts.pop("signature")
    _check(parts, signed.encode("ascii"), signature, _LINKED, keys)
    numbers = {name: int(parts[name] or 0) for name in ("number", "size", "replacement")}
    return {**parts, **numbers, "issued_on": date.fromisoformat(parts["issued_on"])}, None


def _from_text(text: str, keys: PublicKeys) -> tuple[dict[str, Any], Statement | None]:
    """Check the signature first: only what the issuer signed is read any further."""
    try:
        content = json.loads(text)
        stated, signature = content["certificate"], content["signature"]
        named = {"key_id": str(stated["key_id"]), "serial": str(stated["serial"])}
        if set(content) != {"certificate", "signature"} or rfc8785.dumps(content).decode("utf-8") != text:
            raise MalformedCertificate(reason="its text is not in canonical form")
    except (ValueError, TypeError, KeyError, RecursionError, rfc8785.CanonicalizationError):
        raise MalformedCertificate(reason="its text cannot be read") from None
    _check(named, rfc8785.dumps(stated), str(signature), _SEALED, keys)
    statement = Statement.model_validate_json(json.dumps(stated))
    facts = {name: getattr(statement, name) for name in _SHORT}
    return {**facts, "key_id": statement.key_id}, statement


def _check(facts: Mapping[str, Any], content: bytes, signature: str, purpose: bytes, keys: PublicKeys) -> None:
    public = keys.get(facts["key_id"])
    if public is None:
        raise ForeignCertificate(key_id=facts["key_id"])
    if not verifies(public, purpose, content, signature):
        raise ForgedCertificate(serial=facts["serial"])


def _canonical(statement: Statement) -> bytes:
    return rfc8785.dumps(statement.stated)
