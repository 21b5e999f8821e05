"""Certificates as every audience sees them: what is certified, on paper and as a credential, and what a verifier is told."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import strawberry

from souvenir.api.desk import Desk, desk
from souvenir.api.editions import Space
from souvenir.api.identity import Node, global_id
from souvenir.api.types import Info, LocalizedText, described, visit
from souvenir.certificates import views
from souvenir.certificates.certificate import Certificate as Issued
from souvenir.certificates.certificate import (
    ForeignCertificate,
    ForgedCertificate,
    MalformedCertificate,
    Verdict,
    WithdrawnKey,
)
from souvenir.documents.certificate_words import language_of
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import checked_gtin

NOT_GENUINE: tuple[type[SouvenirError], ...] = (
    MalformedCertificate,
    ForeignCertificate,
    ForgedCertificate,
    WithdrawnKey,
)
"""Why a certificate is not believed."""


@strawberry.enum(description="A sheet to print and frame, or to show on a screen.")
class SheetFormat(StrEnum):
    PDF = "pdf"
    SVG = "svg"


@strawberry.type(description="A licence a piece was made under.")
class CertifiedLicence:
    contract_no: str
    licensor: str
    property_name: LocalizedText


@strawberry.type(description="A certificate of one piece for one sale. Its text and its link verify offline.")
class Certificate(Node):
    space: Space
    number: int
    size: int
    serial: str
    gtin: str
    issued_on: date
    revoked_on: date | None
    standing: str = strawberry.field(description="active, suspended, retired or revoked.")
    replacement: int = strawberry.field(description="Which re-made copy of the number this is; 0 is the first made.")
    owners: list[str] = strawberry.field(description="Later owners, by their pseudonyms, the last one last.")
    text: str = strawberry.field(description="The signed statement as one line of canonical JSON.")
    link: str = strawberry.field(
        description="The signed GS1 Digital Link in its QR code; in a browser, its public page."
    )
    key_id: str = strawberry.field(description="Which of the issuer's keys signed it.")
    issued: strawberry.Private[Issued]

    @described
    def place(self, info: Info) -> LocalizedText | None:
        """Where the piece was made."""
        place = self.issued.seal.statement.place
        return LocalizedText.of(place, visit(info).languages) if place else None

    @described
    def licences(self, info: Info) -> list[CertifiedLicence]:
        """The licences it was made under."""
        return [
            CertifiedLicence(
                contract_no=one.contract_no,
                licensor=one.licensor,
                property_name=LocalizedText.of(one.property_name, visit(info).languages),
            )
            for one in self.issued.seal.statement.licences
        ]

    @described
    def mark(self, info: Info) -> LocalizedText | None:
        """The gift mark it may carry."""
        mark = self.issued.seal.statement.mark
        return LocalizedText.of(mark.name, visit(info).languages) if mark else None

    @described
    def sheet(self, info: Info, format: SheetFormat = SheetFormat.PDF, language: str | None = None) -> str:
        """Where the certificate is had as a sheet, in the language given, or the reader's own."""
        wanted = language or next(iter(visit(info).languages), "en")
        return f"{self.link}&lang={language_of(wanted[:35])}&show={format.value}"

    @described
    def credential(self, info: Info) -> str:
        """The certificate as a W3C Verifiable Credential 2.0, secured with eddsa-jcs-2022."""
        return _credential(desk(info), self.issued, "proof")

    @described
    def credential_jwt(self, info: Info) -> str:
        """The same credential as a JWT, of type vc+jwt."""
        return _credential(desk(info), self.issued, "jwt")


@strawberry.type(description="A certificate is genuine; and, as far as this shop knows, whether it still stands.")
class CertificateVerdict:
    gtin: str
    serial: str
    space: Space
    number: int
    size: int
    issued_on: date
    key_id: str
    checked: list[str] = strawberry.field(
        description="What was checked: authenticity always; freshness if this shop has records of the serial."
    )
    stands: bool = strawberry.field(description="False once it was revoked, as when the piece was returned.")
    freshness: str = strawberry.field(description="active, suspended, retired, revoked, or not checked.")
    replacement: int
    as_of: datetime | None


@strawberry.type(
    description="The certificates under a GTIN that do not stand, for who verifies offline; at most 10,000 at once."
)
class StatusList:
    gtin: str
    as_of: datetime
    revoked: list[str] = strawberry.field(description="Serials.")
    suspended: list[str] = strawberry.field(description="Serials in doubt for now.")
    retired: list[str] = strawberry.field(description="Serials of pieces that are gone for good.")
    last: str | None = strawberry.field(
        description="The last serial listed, if there may be more: ask for those after it."
    )


@strawberry.type(description="A public key certificates are verified with, offline: Ed25519, raw, in hex.")
class PublicKey:
    key_id: str
    hex: str
    signs: bool = strawberry.field(description="Whether certificates are signed with it today.")


def certificate(at: Desk, id: UUID) -> Certificate:
    """The certificate with this id. Raises NotFound."""
    return shown(at.shop.log.load(Issued, id))


def status_list(at: Desk, gtin: str, after: str) -> StatusList:
    """What does not stand under a GTIN, from after a serial. Raises MalformedGtin."""
    code = checked_gtin(gtin)
    with at.shop.log.reading() as session:
        found = views.status_list(session, code, clock.now(), after)
    lists = [sorted(serial for _, serial in group) for group in (found.revoked, found.suspended, found.retired)]
    full = sum(map(len, lists)) == views.MOST_LISTED
    last = max(serial for listed in lists for serial in listed) if full else None
    return StatusList(gtin=code, as_of=found.as_of, revoked=lists[0], suspended=lists[1], retired=lists[2], last=last)


def certificates_of(at: Desk, order_id: UUID) -> Sequence[Certificate]:
    """The certificates of an order's pieces. They are issued once the order is paid: this waits for them."""
    if written := at.writes.of(at.actor):
        at.shop.caught_up(at.shop.certify, written)
    with at.shop.log.reading() as session:
        ids = views.certificates_of(session, order_id)
    return [shown(at.shop.log.load(Issued, id)) for id in ids]


def verify(at: Desk, text_or_link: str) -> CertificateVerdict:
    """Check a certificate, and whether it stands. Raises a refusal that is one of `NOT_GENUINE`."""
    return _verdict(at.shop.publication.verify(text_or_link))


def public_keys(at: Desk) -> list[PublicKey]:
    """Every key this shop's certificates were ever signed with, but those that were withdrawn."""
    keys = at.shop.secrets.signing.now
    return [PublicKey(key_id=name, hex=raw.hex(), signs=name == keys.key_id) for name, raw in keys.public.items()]


def shown(issued: Issued) -> Certificate:
    """A certificate as it is shown."""
    statement = issued.seal.statement
    return Certificate(
        id=global_id("Certificate", issued.id),
        space=Space(statement.space),
        number=statement.number,
        size=statement.size,
        serial=statement.serial,
        gtin=statement.gtin,
        issued_on=statement.issued_on,
        revoked_on=issued.revoked_on,
        standing=issued.standing,
        replacement=statement.replacement,
        owners=list(issued.owners),
        text=issued.seal.text,
        link=issued.seal.link,
        key_id=statement.key_id,
        issued=issued,
    )


def _credential(at: Desk, issued: Issued, form: str) -> str:
    shop = at.shop
    if shop.publication.listed(issued) is None:
        shop.caught_up(shop.views.status_lists, shop.log.head())
    return shop.publication.credential(issued, "jwt" if form == "jwt" else "proof")


def _verdict(verdict: Verdict) -> CertificateVerdict:
    return CertificateVerdict(
        gtin=verdict.gtin,
        serial=verdict.serial,
        space=Space(verdict.space),
        number=verdict.number,
        size=verdict.size,
        issued_on=verdict.issued_on,
        key_id=verdict.key_id,
        checked=list(verdict.checked),
        stands=verdict.freshness == "active",
        freshness=verdict.freshness,
        replacement=verdict.replacement,
        as_of=verdict.as_of,
    )
