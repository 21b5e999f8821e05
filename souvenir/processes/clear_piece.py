"""Clear a piece: one that came back is freed, or its number taken out for ever, only once its certificate is revoked."""

from datetime import date
from uuid import UUID

from souvenir.certificates.certificate import Certificate, CertificateNotRevoked, certificate_id
from souvenir.editions.application import put_back as free_piece
from souvenir.editions.application import retire_piece
from souvenir.editions.edition import Edition
from souvenir.editions.piece import Piece, piece_id
from souvenir.editions.terms import Space
from souvenir.eventlog import Committed, EventLog, Transaction


class ClearPiece:
    """What staff decide about a piece they have in hand: it goes back on sale, or it never will."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def put_back(self, edition_id: UUID, number: int, space: Space = "numbered") -> Committed[None]:
        """Free a returned piece after inspection."""
        return self._log.execute(lambda tx: put_back(tx, edition_id, space, number))

    def retire(
        self, edition_id: UUID, number: int, reason: str, evidence: str, retired_on: date, space: Space = "numbered"
    ) -> Committed[None]:
        """Take a number out for ever; `evidence` names the record that shows why."""

        def command(tx: Transaction) -> None:
            must_have_no_certificate(tx, edition_id, space, number)
            retire_piece(tx, edition_id, space, number, reason, evidence, retired_on)

        return self._log.execute(command)


def put_back(tx: Transaction, edition_id: UUID, space: Space, number: int) -> None:
    """Free a returned piece. The one place where a sold number becomes free again, so the one that must check."""
    must_have_no_certificate(tx, edition_id, space, number)
    free_piece(tx, edition_id, space, number)


def must_have_no_certificate(tx: Transaction, edition_id: UUID, space: Space, number: int) -> None:
    """Refuse while a returned piece's certificate stands, or was not even issued yet."""
    piece = tx.find(Piece, piece_id(edition_id, space, number))
    if piece is None or piece.standing != "returned" or piece.order_id is None:
        return
    certificate = tx.find(Certificate, certificate_id(piece.id, piece.order_id, piece.replacement))
    if certificate is None and tx.look(Edition, edition_id).size_open:
        return
    if certificate is None or certificate.revoked_on is None:
        raise CertificateNotRevoked(edition_id=edition_id, space=space, number=number)
