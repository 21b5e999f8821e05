"""Certificates: issued to the order that bought a piece, suspended, passed on, revoked."""

from collections.abc import Callable
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
from souvenir.editions.piece import Piece, piece_id
from souvenir.editions.signing import SigningKeys
from souvenir.editions.terms import Space
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel.localized import LocalizedText


class Certificates:
    """What becomes of a certificate once it is issued."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def suspend(self, certificate: UUID, reason: str, suspended_on: date) -> Committed[None]:
        """Put a certificate in doubt, as when its piece was reported stolen."""
        return self._decide(certificate, lambda one: one.suspend(reason, suspended_on))

    def reinstate(self, certificate: UUID, reinstated_on: date) -> Committed[None]:
        """The doubt is gone."""
        return self._decide(certificate, lambda one: one.reinstate(reinstated_on))

    def transfer(self, certificate: UUID, owner: str, transferred_on: date) -> Committed[None]:
        """Note a new owner, by a pseudonym."""
        return self._decide(certificate, lambda one: one.transfer(owner, transferred_on))

    def _decide(self, certificate: UUID, decide: Callable[[Certificate], None]) -> Committed[None]:
        def command(tx: Transaction) -> None:
            one = tx.get(Certificate, certificate)
            decide(one)
            tx.save(one)

        return self._log.execute(command)


def replace_piece(
    tx: Transaction,
    edition_id: UUID,
    space: Space,
    number: int,
    replacement: int,
    reason: str,
    evidence: str,
    replaced_on: date,
) -> Piece:
    """Re-make a destroyed piece under its number: the old serial is voided first, in the same commit.

    Its new certificate, with a new serial and the copy's mark, is issued by `issue_certificate`.
    """
    piece = tx.get(Piece, piece_id(edition_id, space, number))
    if piece.replacement != replacement and piece.order_id is not None:
        old = tx.find(Certificate, certificate_id(piece.id, piece.order_id, piece.replacement))
        if old is not None:
            old.revoke("replaced", replaced_on)
            tx.save(old)
    piece.replace(replacement, reason, evidence, replaced_on)
    tx.save(piece)
    return piece


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
    """Issue the certificate of a piece for an order; asking twice gives the first one. A timed edition has none before its size is fixed."""
    piece = tx.get(Piece, piece_id(edition_id, space, number))
    known = tx.find(Certificate, certificate_id(piece.id, order_id, piece.replacement))
    if known is not None:
        return known
    edition = tx.get(Edition, edition_id)
    edition.must_have_size()
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
        issued_on=max(issued_on, edition.fixed_on or issued_on),
        key_id=keys.key_id,
        replacement=piece.replacement,
    )
    certificate = Certificate.issue(piece.id, order_id, seal(statement, keys, resolver))
    tx.save(certificate)
    return certificate
