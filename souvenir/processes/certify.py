"""Certify: a numbered piece that is paid for gets its certificate; one that comes back loses it before it is sold again."""

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from souvenir.catalogue.product import Product
from souvenir.certificates.certificate import (
    Certificate,
    GiftMark,
    Licensed,
    Proofs,
    Statement,
    certificate_id,
    new_serial,
    seal,
)
from souvenir.certificates.run import Run
from souvenir.certificates.signing import Keys
from souvenir.editions.application import retire_piece, return_piece
from souvenir.editions.counts import space_named
from souvenir.editions.edition import Edition
from souvenir.editions.piece import Piece, piece_id
from souvenir.editions.registers import shelf
from souvenir.editions.terms import Space
from souvenir.eventlog import Process, Transaction, when
from souvenir.kernel.localized import LocalizedText
from souvenir.licensing.authorisation import Authorisation
from souvenir.licensing.licence import Licence
from souvenir.processes.clear_piece import put_back
from souvenir.sales.order import Order
from souvenir.sites.site import Site


class Certify(Process):
    """Follows sales and keeps one active certificate per sold piece, never two per number.

    The order of things that guarantees it: a return makes the piece `returned`, not free, in the sale's own
    transaction. Only `put_back` frees it, and refuses until its certificate is revoked. This process sees Paid before
    Returned, so the certificate exists by then; it revokes it and frees the piece in one commit, or takes it out for ever
    where its edition wants that. Where it wants inspection the piece is left `returned` for staff.

    Pieces of a timed edition get theirs when its size is fixed; until then there is none to revoke. They are issued in
    a run of batches; a piece that comes back before its turn gets the certificate that is revoked at once.
    """

    name = "certify"
    pieces_at_once: ClassVar[int] = 100
    """Certificates of a run that are issued in one commit."""

    def __init__(self, keys: Keys, issuer: LocalizedText, resolver: str) -> None:
        self._keys, self._issuer, self._resolver = keys, issuer, resolver

    @when(Order.Paid)
    def _paid(self, tx: Transaction, event: Order.Paid) -> None:
        order = tx.at_event(Order, event.originator_id)
        for line in order.lines:
            if line.edition_id is None or line.number is None or tx.look(Edition, line.edition_id).size_open:
                continue
            self._issue(tx, line.edition_id, space_named(line.space), line.number, order.id, event.paid_on)

    @when(Edition.SizeFixed)
    def _size_fixed(self, tx: Transaction, event: Edition.SizeFixed) -> None:
        tx.save(Run.begin(event.originator_id, event.fixed_on))

    @when(Run.Begun, Run.WentOn)
    def _next_batch(self, tx: Transaction, event: Run.Begun | Run.WentOn) -> None:
        """One batch in one commit; what it records brings the next one."""
        run = tx.get(Run, event.originator_id)
        after = None if isinstance(event, Run.Begun) else (event.space, event.number)
        sold = shelf.sold_to(tx.session, run.edition_id, after, self.pieces_at_once)
        for space, number, order_id in sold:
            self._issue(tx, run.edition_id, space, number, order_id, run.issued_on)
        if len(sold) == self.pieces_at_once:
            run.go_on(*sold[-1][:2])
        else:
            run.finish()
        tx.save(run)

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
        piece = tx.get(Piece, piece_id(edition_id, space, number))
        if order_id not in piece.came_back_from:
            piece = return_piece(tx, edition_id, space, number, order_id, event.return_id, event.returned_on)
        certificate = tx.find(Certificate, certificate_id(piece.id, order_id, piece.replacement))
        if certificate is None and not tx.look(Edition, edition_id).size_open:
            certificate = self._issue(tx, edition_id, space, number, order_id, event.returned_on)
        if certificate is not None:
            certificate.revoke("returned", event.returned_on)
            tx.save(certificate)
        if piece.standing != "returned" or piece.order_id != order_id:
            return
        policy = tx.look(Edition, edition_id).returns
        if policy == "back_on_sale":
            put_back(tx, edition_id, space, number)
        elif policy == "retire":
            retire_piece(tx, edition_id, space, number, "returned", f"return {event.return_id}", event.returned_on)

    def _issue(
        self, tx: Transaction, edition_id: UUID, space: Space, number: int, order_id: UUID, on: date
    ) -> Certificate:
        return issue_certificate(
            tx, edition_id, space, number, order_id, on,
            keys=self._keys, issuer=self._issuer, resolver=self._resolver,
        )  # fmt: skip


def issue_certificate(
    tx: Transaction,
    edition_id: UUID,
    space: Space,
    number: int,
    order_id: UUID,
    issued_on: date,
    *,
    keys: Keys,
    issuer: LocalizedText,
    resolver: str,
) -> Certificate:
    """Issue the certificate of a piece for an order; asking twice gives the first one. A timed edition has none before its size is fixed."""
    piece = tx.get(Piece, piece_id(edition_id, space, number))
    known = tx.find(Certificate, certificate_id(piece.id, order_id, piece.replacement))
    if known is not None:
        return known
    edition, signing = tx.look(Edition, edition_id), keys.now
    edition.must_have_size()
    statement = Statement(
        issuer=issuer,
        edition_id=edition_id,
        title=edition.title,
        space=space,
        number=number,
        size=edition.last_number(space),
        run=edition.size,
        proofs=Proofs(**edition.proofs.model_dump()),
        gtin=edition.gtin,
        serial=new_serial(),
        issued_on=max(issued_on, edition.fixed_on or issued_on),
        key_id=signing.key_id,
        replacement=piece.replacement,
        parts=tuple(tx.look(Edition, part).title for part in edition.parts),
        **_provenance(tx, edition.product_id),
    )
    certificate = Certificate.issue(piece.id, order_id, seal(statement, signing, resolver))
    tx.save(certificate)
    return certificate


def _provenance(tx: Transaction, product_id: UUID) -> dict[str, Any]:
    """Where goods come from and whose property they bear: fixed when they were listed, so the same whenever asked."""
    product = tx.find(Product, product_id)
    if product is None:
        return {}
    licences = [tx.look(Licence, licence_id) for licence_id in product.licence_ids]
    mark = tx.look(Authorisation, product.mark_id) if product.mark_id else None
    return {
        "place": tx.look(Site, product.origin_site_id).name,
        "licences": tuple(
            Licensed(contract_no=one.contract_no, licensor=one.licensor, property_name=one.property_name)
            for one in licences
        ),
        "mark": GiftMark(certificate_no=mark.certificate_no, name=mark.mark) if mark else None,
    }
