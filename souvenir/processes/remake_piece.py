"""Remake a piece: one that was destroyed is made again under its number, and its new certificate says so, in one commit."""

from datetime import date
from uuid import UUID

from souvenir.certificates.certificate import Certificate, certificate_id
from souvenir.certificates.signing import Keys
from souvenir.editions.piece import Piece, piece_id
from souvenir.editions.terms import Space
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel.localized import LocalizedText
from souvenir.processes.certify import issue_certificate


class RemakePiece:
    """What becomes of a number whose piece is gone: the old serial is void before the new one exists."""

    def __init__(self, log: EventLog, keys: Keys, issuer: LocalizedText, resolver: str) -> None:
        self._log = log
        self._keys, self._issuer, self._resolver = keys, issuer, resolver

    def remake(
        self, edition_id: UUID, space: Space, number: int, copy: int, reason: str, evidence: str, on: date
    ) -> Committed[UUID]:
        """Make a sold number again; `copy` says which one this is, from 1. Answers the new certificate's id."""

        def command(tx: Transaction) -> UUID:
            piece = replace_piece(tx, edition_id, space, number, copy, reason, evidence, on)
            assert piece.order_id is not None, "only a sold piece is made again"
            sold_to = (tx, edition_id, space, number, piece.order_id, on)
            issued = issue_certificate(*sold_to, keys=self._keys, issuer=self._issuer, resolver=self._resolver)
            return issued.id

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
