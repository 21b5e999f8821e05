"""Certificates: issued to the order that bought a piece, suspended, passed on, revoked."""

from datetime import date
from uuid import UUID

from souvenir.editions.certificate import (
    Certificate,
    Statement,
    certificate_id,
    new_serial,
    seal,
)
from souvenir.editions.edition import (
    Edition,
)
from souvenir.editions.piece import piece_id
from souvenir.editions.signing import SigningKeys
from souvenir.editions.terms import Space
from souvenir.eventlog import Transaction
from souvenir.kernel.localized import LocalizedText


def issue_certificate(
    tx: Transaction,
    edition_id: UUID,
    space: Space,
    number: int,
    order_id: UUID,
    issued_on: date,
    *,
    keys: SigningKeys,
    issuer: LocalizedText,
    resolver: str,
) -> Certificate:
    """Issue the certificate of a piece for an order; asking twice gives the first one."""
    known = tx.find(Certificate, certificate_id(piece_id(edition_id, space, number), order_id))
    if known is not None:
        return known
    edition = tx.get(Edition, edition_id)
    statement = Statement(
        issuer=issuer,
        edition_id=edition_id,
        title=edition.title,
        space=space,
        number=number,
        size=edition.last_number(space),
        run=edition.size,
        proofs=edition.proofs,
        gtin=edition.gtin,
        serial=new_serial(),
        issued_on=issued_on,
        key_id=keys.key_id,
    )
    certificate = Certificate.issue(piece_id(edition_id, space, number), order_id, seal(statement, keys, resolver))
    tx.save(certificate)
    return certificate
