"""Certify: a numbered piece that is paid for gets its certificate; one that comes back loses it before it is sold again."""

from uuid import UUID

from souvenir.editions.application import issue_certificate, put_back, return_piece
from souvenir.editions.certificate import Certificate, certificate_id
from souvenir.editions.edition import Edition, space_named
from souvenir.editions.piece import Piece, piece_id
from souvenir.editions.signing import SigningKeys
from souvenir.editions.terms import Space
from souvenir.eventlog import Process, Transaction, when
from souvenir.kernel.localized import LocalizedText
from souvenir.sales.order import Order


class Certify(Process):
    """Follows sales and keeps one active certificate per sold piece, never two per number.

    The order of things that guarantees it: a return makes the piece `returned`, not free, in the sale's own
    transaction. Only `put_back` frees it, and refuses until its certificate is revoked. This process sees Paid before
    Returned, so the certificate exists by then; it revokes it and frees the piece in one commit. A piece whose edition
    wants inspection is left `returned` for staff, with its certificate revoked.
    """

    name = "certify"

    def __init__(self, keys: SigningKeys, issuer: LocalizedText, resolver: str) -> None:
        self._keys, self._issuer, self._resolver = keys, issuer, resolver

    @when(Order.Paid)
    def _paid(self, tx: Transaction, event: Order.Paid) -> None:
        order = tx.get(Order, event.originator_id)
        for line in order.lines:
            if line.edition_id is not None and line.number is not None:
                issue_certificate(
                    tx,
                    line.edition_id,
                    space_named(line.space),
                    line.number,
                    order.id,
                    event.paid_on,
                    keys=self._keys,
                    issuer=self._issuer,
                    resolver=self._resolver,
                )

    @when(Order.Returned)
    def _returned(self, tx: Transaction, event: Order.Returned) -> None:
        order = tx.get(Order, event.originator_id)
        for returned in event.lines:
            line = order.line(returned.line_no)
            if line is not None and line.edition_id is not None and line.number is not None:
                self._take_out(tx, line.edition_id, space_named(line.space), line.number, event)

    def _take_out(self, tx: Transaction, edition_id: UUID, space: Space, number: int, event: Order.Returned) -> None:
        """Revoke, then free: in one commit, and in this order."""
        order_id = event.originator_id
        return_piece(tx, edition_id, space, number, order_id, event.return_id, event.returned_on)
        piece = tx.get(Piece, piece_id(edition_id, space, number))
        certificate = tx.get(Certificate, certificate_id(piece.id, order_id, piece.replacement))
        certificate.revoke("returned", event.returned_on)
        tx.save(certificate)
        if tx.get(Edition, edition_id).returns == "back_on_sale":
            put_back(tx, edition_id, space, number)
