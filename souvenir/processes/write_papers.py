"""Write papers: a claim's form, agreement and receipts, and an order's receipt, as the log has them; who it is about is opened for the paper alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from souvenir.certificates.certificate import Certificate
from souvenir.certificates.views import certificates_of
from souvenir.documents.languages import language_of, official_language, side_by_side
from souvenir.documents.receipt import Receipt, ReceiptLine
from souvenir.documents.refund_agreement import RefundAgreement
from souvenir.documents.refund_form import FormLine, RefundForm, Traveller
from souvenir.documents.refund_receipt import RefundReceipt
from souvenir.editions.edition import Edition
from souvenir.editions.piece import piece_id
from souvenir.editions.terms import Space
from souvenir.eventlog import EventLog
from souvenir.kernel.errors import NotFound
from souvenir.kernel.money import Money, total
from souvenir.processes.issue_form import IssueForm
from souvenir.sales.line import OrderLine, ReturnedLine
from souvenir.sales.order import Order, OrderNotPaid
from souvenir.sites.outlet import Outlet, Seller
from souvenir.taxrefund.application import latest_guarantee
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.filing import Filing
from souvenir.taxrefund.form import ClaimLine, Tender
from souvenir.taxrefund.views import ClaimList, FilingList


@dataclass(frozen=True, slots=True)
class ClaimPapers:
    """All that is printed of a claim: no agreement before it was agreed, and a receipt for each time it paid."""

    form: RefundForm
    agreement: RefundAgreement | None
    receipts: tuple[RefundReceipt, ...]


class WritePapers:
    """Papers are never kept: the same log writes the same paper again, without the person once they were forgotten."""

    def __init__(self, log: EventLog, forms: IssueForm) -> None:
        self._log = log
        self._forms = forms
        self._claims, self._filings = ClaimList(), FilingList()

    def of_claim(self, claim_id: UUID, language: str = "en") -> ClaimPapers:
        """The papers of a claim as it stands now, in the country's language and the traveller's, or the nearest to it.

        Whoever asks must be entitled to see who the traveller is.
        """
        claim = self._log.load(Claim, claim_id)
        outlet = self._log.load(Outlet, claim.outlet_id)
        languages = side_by_side(official_language(claim.jurisdiction), language_of(language))
        form = replace(self._form(claim, outlet), languages=languages)
        return ClaimPapers(form, self._agreement(claim, outlet, form), _receipts(claim, outlet, form))

    def of_sale(self, order_id: UUID, *, is_copy: bool = False) -> Receipt:
        """The receipt of a paid order, with the link that verifies each piece whose certificate is there. Raises OrderNotPaid."""
        order = self._log.load(Order, order_id)
        if order.tender is None:
            raise OrderNotPaid(order_no=order.order_no)
        seller = _seller(self._log.load(Outlet, order.outlet_id))
        links = self._links(order_id) if any(line.number is not None for line in order.lines) else {}
        return Receipt(
            seller=seller.legal_name,
            order_no=order.order_no,
            sold_on=order.placed_on,
            lines=[self._sold(line, links) for line in order.lines],
            tender=order.tender,
            taxpayer_no=seller.taxpayer_no or None,
            till=order.till,
            is_copy=is_copy,
            paid=_paid(order),
            rounding=order.rounding or None,
        )

    def of_return(self, order_id: UUID, return_id: UUID, *, is_copy: bool = False) -> Receipt:
        """The receipt of goods that came back: what for, which form is void since, and what was kept. Raises NotFound."""
        order = self._log.load(Order, order_id)
        if return_id not in order.returns:
            raise NotFound(kind="Return", id=str(return_id))
        with self._log.reading() as session:
            claims = [self._log.load(Claim, one.id) for one in self._claims.of_order(session, order_id)]
        voided = [claim for claim in claims if claim.voided_with == return_id]
        nothing = Money.zero(order.currency)
        kept = total((claim.recoveries.get(return_id, nothing) for claim in claims), order.currency)
        back = total((amount for _, amount in _given(order, return_id, kept)), order.currency) + kept
        seller = _seller(self._log.load(Outlet, order.outlet_id))
        return Receipt(
            seller=seller.legal_name,
            order_no=order.order_no,
            return_no=f"{order.order_no}-R{list(order.returns).index(return_id) + 1}",
            sold_on=order.return_days[return_id],
            lines=[self._came_back(order, back) for back in order.returns[return_id]],
            tender=order.return_tenders[return_id],
            taxpayer_no=seller.taxpayer_no or None,
            till=order.return_tills[return_id],
            is_copy=is_copy,
            paid=_given(order, return_id, kept),
            rounding=order.given_back(return_id) - back or None,
            kept=kept or None,
            voided_forms=[claim.claim_no for claim in voided],
            red_letters=[number for claim in voided for number in self._red_letters(claim.id)],
        )

    def _form(self, claim: Claim, outlet: Outlet) -> RefundForm:
        name, number = self._forms.traveller_of(claim.id)
        facts, seller = claim.facts, _seller(outlet)
        nationality = self._forms.nationality_of(claim.id) or facts.nationality_class
        customs_on, customs_port, seen = claim.customs or (None, None, ())
        orders = {order_id: self._log.load(Order, order_id) for order_id in claim.order_ids}
        confirmed = {line.line_no: line.quantity for line in seen}
        return RefundForm(
            form_no=claim.claim_no,
            issued_on=claim.issued_on,
            purchased_on=claim.purchased_on,
            store=seller.legal_name,
            taxpayer_no=seller.taxpayer_no,
            phone=seller.phone,
            mode=claim.mode,
            traveller=Traveller(name, nationality, facts.document_kind, number, facts.last_entry),
            lines=[_listed(line, orders, confirmed.get(line.line_no)) for line in claim.lines],
            gross=claim.gross,
            refund=claim.refund,
            fee=claim.fee,
            net=claim.net,
            promised_by=claim.promised_by if claim.promise else None,
            ports=claim.ports,
            advanced=claim.advanced,
            customs_port=customs_port,
            customs_on=customs_on,
            rule_versions=claim.rule_versions,
            invoices=claim.invoices,
            voided=claim.state == "voided",
        )

    def _agreement(self, claim: Claim, outlet: Outlet, form: RefundForm) -> RefundAgreement | None:
        if claim.agreed_on is None:
            return None
        held = latest_guarantee(self._log, claim.id)
        until = held.secured_until if held else None
        return RefundAgreement(
            form_no=claim.claim_no,
            agreed_on=claim.agreed_on,
            store=form.store,
            agency=claim.agency,
            traveller=form.traveller.name,
            gross=claim.gross,
            advance=claim.net,
            advanced_by=claim.advanced_by,
            strength=held.strength if held else "",
            promised_by=claim.promised_by,
            capture_by=claim.capture_by,
            ports=claim.ports,
            last_departure_on=claim.last_departure_on,
            guarantee=held.amount if held else claim.guarantee,
            secured_until=until.astimezone(ZoneInfo(outlet.time_zone)).date() if until else None,
            languages=form.languages,
        )

    def _sold(self, line: OrderLine, links: Mapping[UUID, str]) -> ReceiptLine:
        number = link = None
        if line.number is not None and line.edition_id is not None:
            space = cast(Space, line.space)
            edition = self._log.load(Edition, line.edition_id)
            of = "" if space == "numbered" and edition.size_open else f"/{edition.last_number(space)}"
            number, link = f"{line.number}{of}", links.get(piece_id(edition.id, space, line.number))
        return ReceiptLine(
            name=line.name,
            quantity=line.quantity,
            unit_price=line.unit_price,
            gross=line.gross,
            vat_rate=line.vat_rate,
            vat=line.vat,
            number=number,
            link=link,
        )

    def _red_letters(self, claim_id: UUID) -> tuple[str, ...]:
        """The negative invoices the tax office wrote when a claim's form was voided."""
        with self._log.reading() as session:
            filing = self._filings.of_claim(session, claim_id)
        return self._log.load(Filing, filing).red_letters if filing else ()

    def _came_back(self, order: Order, back: ReturnedLine) -> ReceiptLine:
        line = order.line(back.line_no)
        assert line is not None, "what came back was sold"
        return replace(self._sold(line, {}), quantity=back.quantity, gross=back.gross, vat=back.vat)

    def _links(self, order_id: UUID) -> dict[UUID, str]:
        """Where each piece of an order is verified; a certificate that was revoked leads nowhere."""
        with self._log.reading() as session:
            issued = [self._log.load(Certificate, id) for id in certificates_of(session, order_id)]
        return {one.piece_id: one.seal.link for one in issued if one.revoked_on is None}


def _paid(order: Order) -> list[tuple[str, Money]]:
    """What each tender paid, where that needs saying; what was paid for goods that came back in exchange is one sum."""
    carried = order.exchange.carried if order.exchange else ()
    if len(order.tenders) == 1 and not order.rounding and not carried:
        return []
    before = [("exchange", total((one.amount for one in carried), order.currency))]
    new = [(one.tender, one.amount) for one in order.tenders.values() if one not in carried]
    return [(tender, amount) for tender, amount in (*before, *new) if amount]


def _given(order: Order, return_id: UUID, kept: Money) -> list[tuple[str, Money]]:
    """How the price went back, less what was kept; what pays for other goods instead is one sum."""
    first, *rest = [(one.tender, one.amount) for one in order.given_by[return_id]] or [("", kept)]
    carried = total((one.amount for one in order.carried_over[return_id]), order.currency)
    return [
        (tender, amount) for tender, amount in ((first[0], first[1] - kept), *rest, ("exchange", carried)) if amount
    ]


def _receipts(claim: Claim, outlet: Outlet, form: RefundForm) -> tuple[RefundReceipt, ...]:
    """What was paid, in order: an advance, which customs had yet to confirm, and the refund at departure."""
    paid: list[tuple[date | None, Money | None, Money, Money, Tender]] = []
    if claim.advanced is not None and claim.handed_over is not None:
        paid.append((claim.advanced_on, None, claim.fee, claim.advanced, claim.handed_over[0]))
    if claim.paid_as is not None:
        paid.append((claim.paid_on, claim.due_refund, claim.due_fee, claim.due_net, claim.paid_as[0]))
    return tuple(
        RefundReceipt(
            receipt_no=f"{claim.claim_no}-{number}",
            form_no=claim.claim_no,
            applied_on=claim.issued_on,
            paid_on=on or claim.issued_on,
            agency=claim.agency,
            phone=outlet.phone_of(claim.agency),
            traveller=form.traveller.name,
            applied=claim.refund,
            confirmed=confirmed,
            fee=fee,
            paid=amount,
            tender=tender,
            languages=form.languages,
        )
        for number, (on, confirmed, fee, amount, tender) in enumerate(paid, 1)
    )


def _listed(line: ClaimLine, orders: Mapping[UUID, Order], confirmed: int | None) -> FormLine:
    order = orders.get(line.order_id) if line.order_id else None
    sold = next((one for one in order.lines if one.line_no == line.order_line_no), None) if order else None
    return FormLine(
        name=sold.name if sold else {"en": f"Line {line.line_no}"},
        quantity=line.quantity,
        gross=line.gross,
        vat_rate=line.vat_rate,
        refund_rate=line.refund_rate,
        refund=line.refund,
        confirmed=confirmed,
    )


def _seller(outlet: Outlet) -> Seller:
    """Who sells there before the law; the outlet's own name until somebody has stated it."""
    return outlet.seller or Seller(outlet.name, "")
