"""Papers as tills and desks print them: PDF and text of a claim's form, agreement and receipts, and of an order's receipt."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

import strawberry

from souvenir.api import claims
from souvenir.api.authentication import NotAtThisOutlet
from souvenir.api.claims import Claim
from souvenir.api.desk import Desk, desk
from souvenir.api.grounds import Grounds
from souvenir.api.identity import read_id
from souvenir.api.refusals import question
from souvenir.api.staff import refund_desk
from souvenir.api.types import Info, LocalizedText, Money, described, visit
from souvenir.documents.columns import personal
from souvenir.documents.receipt import Receipt, print_receipt, receipt_pdf
from souvenir.documents.refund_agreement import print_refund_agreement, refund_agreement_pdf
from souvenir.documents.refund_form import FormLine, RefundForm, print_refund_form, refund_form_pdf
from souvenir.documents.refund_receipt import print_refund_receipt, refund_receipt_pdf
from souvenir.kernel.errors import MalformedInput, NotFound
from souvenir.kernel.sealing import Redacted
from souvenir.processes.write_papers import ClaimPapers as Written
from souvenir.sales.order import Order as Sale
from souvenir.sales.order import OrderNotPaid

Said = TypeVar("Said")

LONGEST_TAG: Final = 35
"""Characters a language tag may need (RFC 5646, section 4.4.1)."""

PRINTING: Final[Grounds] = (MalformedInput, NotFound)
"""Why no paper is given."""


@strawberry.type(
    description="One paper in Chinese and English: the same bytes while nothing happens to what it is about."
)
class Paper:
    name: str = strawberry.field(description="To save it under; names nobody.")
    media_type: str = "application/pdf"
    text: str = strawberry.field(description="As it is printed in columns.")
    write: strawberry.Private[Callable[[], bytes]]

    @described
    def content(self) -> str:
        """The PDF in base64, with the number as barcode and QR code."""
        return b64encode(self.write()).decode()


@strawberry.type(description="Who the traveller is, opened for these papers alone.")
class PaperTraveller:
    erased: bool = strawberry.field(description="Whether the person was forgotten: the papers say so in place of them.")
    name: str
    nationality: str = strawberry.field(description="Or the class of travellers, where the counter was not told it.")
    document_kind: str
    document_number: str
    last_entry: date | None


@strawberry.type(description="Goods of one line, as the form lists them.")
class PaperLine:
    quantity: int
    gross: Money = strawberry.field(description="Including VAT.")
    vat_rate: Decimal
    refund_rate: Decimal | None
    refund: Money = strawberry.field(description="Before the fee.")
    confirmed: int | None = strawberry.field(description="Units customs saw; null before it answered.")
    names: strawberry.Private[Mapping[str, str]]

    @strawberry.field
    def name(self, info: Info) -> LocalizedText:
        return LocalizedText.of(self.names, visit(info).languages)


@strawberry.type(description="All that is printed of a claim.")
class ClaimPapers:
    traveller: PaperTraveller
    taxpayer_no: str = strawberry.field(description="The store's; empty until it was stated.")
    phone: str
    lines: list[PaperLine]
    rule_versions: list[str]
    form: Paper
    agreement: Paper | None = strawberry.field(description="Once the traveller agreed to leave by a day.")
    receipts: list[Paper] = strawberry.field(description="One for each time the claim paid.")
    names: strawberry.Private[Mapping[str, str]]
    key: strawberry.Private[UUID]

    @strawberry.field
    def store(self, info: Info) -> LocalizedText:
        return LocalizedText.of(self.names, visit(info).languages)

    @described
    def claim(self, info: Info) -> Claim:
        """The claim they are of, with its amounts and days."""
        return claims.claim(desk(info), self.key)


@strawberry.type(description="The receipt of a sale, or of what came back of one.")
class SalesReceipt:
    order_no: str
    return_no: str = strawberry.field(description="Of the return it is for; empty for a sale.")
    taxpayer_no: str = strawberry.field(description="The seller's; empty until it was stated.")
    paper: Paper = strawberry.field(description="Its text fits 42 columns, as a till prints them.")
    links: list[str] = strawberry.field(description="Where each numbered piece is verified, once it is certified.")
    names: strawberry.Private[Mapping[str, str]]

    @strawberry.field
    def seller(self, info: Info) -> LocalizedText:
        return LocalizedText.of(self.names, visit(info).languages)


@strawberry.type
class TillPaperQuery:
    @question(*PRINTING, NotAtThisOutlet)
    def claim_papers(self, info: Info, claim_id: strawberry.ID, language: str = "en") -> ClaimPapers:
        """The papers of a claim of this outlet, or that this refund point pays, in the country's language and another."""
        at = desk(info)
        found = claims.claim(at, read_id("Claim", claim_id, "claimId"))
        form = found.read(info)
        at.require_here("claim", form.outlet_id, form.point_id)
        return _of_claim(found.key, at.shop.write_papers.of_claim(found.key, language[:LONGEST_TAG]))

    @question(*PRINTING, NotAtThisOutlet, OrderNotPaid)
    def receipt(self, info: Info, order_id: strawberry.ID, is_copy: bool = False) -> SalesReceipt:
        """The receipt of a paid order of this outlet; a reprint says that it is a copy."""
        at, order = desk(info), read_id("Order", order_id, "orderId")
        at.require_here("order", at.shop.log.load(Sale, order).outlet_id)
        _await_certificates(at)
        return _of_sale(at.shop.write_papers.of_sale(order, is_copy=is_copy))

    @question(*PRINTING, NotAtThisOutlet)
    def return_receipt(
        self, info: Info, order_id: strawberry.ID, return_id: strawberry.ID, is_copy: bool = False
    ) -> SalesReceipt:
        """The receipt of goods that came back to this outlet; a reprint says that it is a copy."""
        at, order = desk(info), read_id("Order", order_id, "orderId")
        at.require_here("order", at.shop.log.load(Sale, order).outlet_id)
        return _of_return(at, order, return_id, is_copy)


@strawberry.type
class DeskPaperQuery:
    @question(*PRINTING)
    def return_receipt(
        self, info: Info, order_id: strawberry.ID, return_id: strawberry.ID, is_copy: bool = False
    ) -> SalesReceipt:
        """The receipt of any goods that came back, as by parcel; a reprint says that it is a copy."""
        at, order = refund_desk(info), read_id("Order", order_id, "orderId")
        return _of_return(at, order, return_id, is_copy)

    @question(*PRINTING)
    def claim_papers(self, info: Info, claim_id: strawberry.ID, language: str = "en") -> ClaimPapers:
        """The papers of any claim, for the refund desk, in the country's language and another."""
        at, claim = refund_desk(info), read_id("Claim", claim_id, "claimId")
        return _of_claim(claim, at.shop.write_papers.of_claim(claim, language[:LONGEST_TAG]))


def _await_certificates(at: Desk) -> None:
    """Certificates are issued once an order is paid: wait for those of what this caller has just sold."""
    if written := at.writes.of(at.actor):
        at.shop.caught_up(at.shop.certify, written)


def _of_claim(claim_id: UUID, written: Written) -> ClaimPapers:
    form, agreement = written.form, written.agreement
    return ClaimPapers(
        traveller=_traveller(form),
        taxpayer_no=form.taxpayer_no,
        phone=form.phone,
        lines=[_line(line) for line in form.lines],
        rule_versions=list(form.rule_versions),
        form=_paper(f"form-{form.form_no}", form, print_refund_form, refund_form_pdf),
        agreement=_paper(f"agreement-{form.form_no}", agreement, print_refund_agreement, refund_agreement_pdf)
        if agreement
        else None,
        receipts=[
            _paper(f"receipt-{one.receipt_no}", one, print_refund_receipt, refund_receipt_pdf)
            for one in written.receipts
        ],
        names=form.store,
        key=claim_id,
    )


def _of_return(at: Desk, order: UUID, return_id: str, is_copy: bool) -> SalesReceipt:
    written = at.writes.of(at.actor)
    at.shop.caught_up(at.shop.views.claims, written)
    at.shop.caught_up(at.shop.views.filings, written)
    back = read_id("Return", return_id, "returnId")
    return _of_sale(at.shop.write_papers.of_return(order, back, is_copy=is_copy))


def _of_sale(receipt: Receipt) -> SalesReceipt:
    return SalesReceipt(
        order_no=receipt.order_no,
        return_no=receipt.return_no,
        taxpayer_no=receipt.taxpayer_no or "",
        paper=_paper(f"receipt-{receipt.return_no or receipt.order_no}", receipt, print_receipt, receipt_pdf),
        links=[line.link for line in receipt.lines if line.link],
        names=receipt.seller,
    )


def _paper(name: str, said: Said, printed: Callable[[Said], str], pdf: Callable[[Said], bytes]) -> Paper:
    return Paper(name=f"{name}.pdf", text=printed(said), write=partial(pdf, said))


def _traveller(form: RefundForm) -> PaperTraveller:
    who = form.traveller
    return PaperTraveller(
        erased=isinstance(who.name, Redacted),
        name=personal(who.name),
        nationality=personal(who.nationality),
        document_kind=who.document_type,
        document_number=personal(who.document_number),
        last_entry=who.last_entry,
    )


def _line(line: FormLine) -> PaperLine:
    return PaperLine(
        quantity=line.quantity,
        gross=Money.of(line.gross),
        vat_rate=line.vat_rate,
        refund_rate=line.refund_rate,
        refund=Money.of(line.refund),
        confirmed=line.confirmed,
        names=line.name,
    )
