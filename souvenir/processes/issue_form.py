"""Issue form: paid orders of one store and day, and a traveller's document, become a refund form; data of persons is sealed."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Final, Self
from uuid import UUID

from souvenir.eventlog import Busy, Committed, Contended, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import total
from souvenir.kernel.sealing import Redacted
from souvenir.privacy.application import registered
from souvenir.privacy.keyring import KeyRing, PersonForgotten, place_of
from souvenir.privacy.retention import RetentionSchedule, open_schedule
from souvenir.processes.file_form import FileForm, issued
from souvenir.processes.keep_by_law import keep_tax_file
from souvenir.sales.order import Order, OrderNotPaid
from souvenir.sites.outlet import Outlet, TaxRefundStanding
from souvenir.taxrefund import application as refunds
from souvenir.taxrefund.application import Opening, Refunds
from souvenir.taxrefund.assessment import Assessment, Purchase, PurchaseLine, Store, Traveller
from souvenir.taxrefund.claim import Claim, claim_id
from souvenir.taxrefund.document import DocumentReader, read_zone
from souvenir.taxrefund.invoice import invoice_nos
from souvenir.taxrefund.refusals import ClaimHasAnotherState
from souvenir.taxrefund.rulebook import RuleBook
from souvenir.taxrefund.tax_office import FormWanted, Sold, TaxOffice

PURPOSE: Final = "tax"
"""Personal data on a refund form is sealed for this purpose alone: it is kept as long as tax law says, no longer."""

MOST_ORDERS: Final = 20
"""Orders on one form."""


class OrdersDoNotBelongTogether(SouvenirError):
    message = "One form is for one store and one day. Order {order_no} was placed elsewhere or on another day."
    order_no: str


class NoOrdersToRefund(SouvenirError):
    message = "A refund form covers between 1 and {most} orders."
    most: int


class ElsewhereRefundPoint(SouvenirError):
    message = "This store's instant refunds are paid at another refund point."
    refund_point_id: UUID | None


@dataclass(frozen=True, slots=True)
class TravelDocument:
    """What the traveller shows. Name, number and nationality are sealed before they reach the log."""

    kind: str
    number: str = field(repr=False)
    name: str = field(repr=False)
    last_entry: date | None
    born_on: date | None = field(default=None, repr=False)
    """Asked only where a scheme has a least age; it is never recorded."""
    nationality: str = field(default="", repr=False)
    """As in a passport's zone: the form prints it, and some schemes leave their own nationals out."""

    def age_on(self, day: date) -> int | None:
        """Full years on a day, if the date of birth is known."""
        if self.born_on is None:
            return None
        return day.year - self.born_on.year - ((day.month, day.day) < (self.born_on.month, self.born_on.day))

    def holder_on(self, day: date) -> Traveller:
        """What eligibility asks about the holder on the day of a purchase."""
        return Traveller(self.kind, self.last_entry, self.age_on(day), self.nationality)

    @classmethod
    def read(cls, reader: DocumentReader, last_entry: date | None, on: date) -> Self:
        """Take it from a document reader; the last entry is a stamp, or asked of the border, not in the zone."""
        zone = read_zone(reader.read(), on)
        return cls(zone.kind, zone.number, zone.name, last_entry, zone.born_on, zone.nationality)


class IssueForm:
    """Forms as the counter issues them: numbered by the tax office where one is connected, else by the shop itself."""

    def __init__(
        self,
        log: EventLog,
        rules: RuleBook,
        keyring: KeyRing,
        office: TaxOffice | None = None,
        retention: RetentionSchedule | None = None,
    ) -> None:
        self._log = log
        self._rules = rules
        self._keyring = keyring
        self._retention = retention or open_schedule()
        self._refunds = Refunds(log, rules)
        self.filings = FileForm(log, office) if office else None

    def assess(
        self,
        order_ids: Sequence[UUID],
        mode: str,
        document_kind: str,
        last_entry: date | None,
        document_number: str = "",
        issued_on: date | None = None,
    ) -> Assessment:
        """What these orders would bring the traveller, or every reason why not; records nothing."""
        orders = [self._log.load(Order, order_id) for order_id in order_ids[: MOST_ORDERS + 1]]
        outlet = self._log.load(Outlet, _one_sale(orders).outlet_id)
        day = issued_on or clock.today(outlet.time_zone)
        purchase = _purchase(orders, outlet, mode, Traveller(document_kind, last_entry), day)
        known = self._keyring.people_with(PURPOSE, as_shown(document_kind, document_number))
        return self._refunds.assess(purchase, outlet.id, known[0] if known else None)

    def open_claim(
        self,
        order_ids: Sequence[UUID],
        mode: str,
        document: TravelDocument,
        point_id: UUID | None = None,
        issued_on: date | None = None,
        invoices: tuple[str, ...] = (),
    ) -> Committed[UUID]:
        """Issue the refund form for paid orders of one store and day; answers the claim's id.

        It is issued today, in the store's local day, unless said otherwise. Raises the first problem `assess` would
        list. An instant refund at a centralised point names that point.
        Invoices are those the goods are on: each stands on one form at a time.
        """
        numbers = invoice_nos(invoices)
        wanted = _Wanted(tuple(order_ids[: MOST_ORDERS + 1]), mode, document, point_id, issued_on)
        on = wanted.day(self._log)
        if self.filings is None:
            claim_no = f"{on:%Y%m%d}{secrets.randbelow(10**11):011d}"
            opening = self._opening(wanted, claim_no, numbers)
            return self._log.execute(lambda tx: self._opened(tx, opening(tx)))
        asked, filing_id = self._asked(wanted, on, numbers)
        claim_no, numbers = self.filings.obtain(filing_id, asked)
        opening = self._opening(wanted, claim_no, numbers)

        def command(tx: Transaction) -> UUID:
            issued(tx, filing_id, claim_no, numbers)
            return self._opened(tx, opening(tx))

        try:
            return self._log.execute(command)
        except (Busy, Contended):
            raise
        except SouvenirError:
            self.filings.give_up(filing_id, claim_no, numbers)
            raise

    def reissue(self, claim_id: UUID, issued_on: date | None = None, invoices: tuple[str, ...] = ()) -> Committed[UUID]:
        """After a partial return: a new form for what is left of a voided one, for the same traveller and route.

        Raises PersonForgotten once the traveller's data is gone, and whatever `open_claim` does: the rest may be too
        little. The old form keeps its number and stays void.
        """
        old = self._log.load(Claim, claim_id)
        if old.state != "voided":
            raise ClaimHasAnotherState(claim_no=old.claim_no, state=old.state, doing="issued anew: void it first")
        name, number = self.traveller_of(claim_id)
        if isinstance(name, Redacted) or isinstance(number, Redacted):
            raise PersonForgotten(subject=old.traveller, purpose=PURPOSE)
        if self.filings is not None:
            self.filings.require_void(old.id, old.claim_no)
        nationality = self.nationality_of(claim_id)
        assert isinstance(nationality, str), "it is under the same key as the name"
        facts = old.facts
        document = TravelDocument(facts.document_kind, number, name, facts.last_entry, nationality=nationality)
        day = issued_on or old.issued_on
        return self.open_claim(old.order_ids, old.mode, document, old.point_id, day, invoices)

    def traveller_of(self, claim_id: UUID) -> tuple[str | Redacted, str | Redacted]:
        """Name and document number as they stand on the form, or Redacted once the person was forgotten."""
        claim = self._log.load(Claim, claim_id)
        name, number = claim.facts.name, claim.facts.document_number
        assert name, "every form opened here carries the name"
        assert number, "every form opened here carries the document's number"
        return (
            self._keyring.open(name, _place(claim.claim_no, "name")),
            self._keyring.open(number, _place(claim.claim_no, "document_number")),
        )

    def nationality_of(self, claim_id: UUID) -> str | Redacted:
        """The traveller's nationality as the counter was told it, or empty; Redacted once the person was forgotten."""
        claim = self._log.load(Claim, claim_id)
        sealed = claim.facts.nationality
        return self._keyring.open(sealed, _place(claim.claim_no, "nationality")) if sealed else ""

    def _opening(self, wanted: "_Wanted", claim_no: str, invoices: tuple[str, ...]) -> Callable[[Transaction], Opening]:
        """All that a form states, once its orders are read; who the traveller is, is sealed for this form alone."""
        document = wanted.document
        traveller = self._keyring.person_with(PURPOSE, as_shown(document.kind, document.number))
        shown = {"name": document.name, "document_number": document.number, "nationality": document.nationality}
        sealed = {
            field: self._keyring.seal(traveller, PURPOSE, text, _place(claim_no, field))
            for field, text in shown.items()
            if text or field != "nationality"
        }

        def opening(tx: Transaction) -> Opening:
            orders, outlet, standing = wanted.read(tx)
            day = wanted.issued_on or clock.today(outlet.time_zone)
            registered(tx, traveller)
            return Opening(
                claim_no=claim_no,
                purchase=_purchase(orders, outlet, wanted.mode, document.holder_on(orders[0].placed_on), day),
                outlet_id=outlet.id,
                traveller=traveller,
                point_id=wanted.point_id,
                agency=standing.agency,
                invoices=invoices,
                **sealed,
            )

        return opening

    def _opened(self, tx: Transaction, opening: Opening) -> UUID:
        """Open the claim; from the same moment on the law keeps what it says of its traveller."""
        claim = refunds.open_claim(tx, self._rules, opening)
        keep_tax_file(tx, self._retention, claim.traveller, claim.jurisdiction, claim.issued_on)
        return claim.id

    def _asked(self, wanted: "_Wanted", on: date, invoices: tuple[str, ...]) -> tuple[FormWanted, UUID]:
        """What the office is asked, and the filing that says so, once nothing of our own stands against the form."""
        assert self.filings is not None
        orders, outlet, standing = wanted.read(self._log)
        opening = self._opening(wanted, "", invoices)
        filing_id = self.filings.request(
            outlet.id, wanted.order_ids, on, lambda tx: refunds.require_openable(tx, self._rules, opening(tx))
        )
        asked = FormWanted(
            key=str(filing_id),
            store_no=standing.store_no,
            region=outlet.region,
            issued_on=on,
            sold=tuple(
                Sold(order.id, total((line.gross for line in _lines([order])), order.currency)) for order in orders
            ),
            invoices=invoices,
            holder=wanted.document.name,
            document_number=wanted.document.number,
        )
        return asked, filing_id


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A form as it is asked for at the counter."""

    order_ids: tuple[UUID, ...]
    mode: str
    document: TravelDocument
    point_id: UUID | None
    issued_on: date | None

    def day(self, log: EventLog) -> date:
        """The day of the form: today in the store, unless said otherwise."""
        if self.issued_on is not None or not self.order_ids:
            return self.issued_on or clock.now().date()
        return clock.today(log.load(Outlet, log.load(Order, self.order_ids[0]).outlet_id).time_zone)

    def read(self, source: Transaction | EventLog) -> tuple[list[Order], Outlet, TaxRefundStanding]:
        """The orders, their store, and its standing on the day of the purchase."""
        get = source.load if isinstance(source, EventLog) else source.get
        orders = [get(Order, order_id) for order_id in self.order_ids]
        outlet = get(Outlet, _one_sale(orders).outlet_id)
        standing = outlet.tax_refund_on(orders[0].placed_on)
        if self.mode == "instant_centralised" and self.point_id != standing.refund_point_id:
            raise ElsewhereRefundPoint(refund_point_id=standing.refund_point_id)
        return orders, outlet, standing


def _one_sale(orders: Sequence[Order]) -> Order:
    """The first of the orders, once all are known to be paid, at one store, on one day."""
    if not 0 < len(orders) <= MOST_ORDERS:
        raise NoOrdersToRefund(most=MOST_ORDERS)
    first = orders[0]
    for order in orders:
        if order.paid_by is None:
            raise OrderNotPaid(order_no=order.order_no)
        if (order.outlet_id, order.placed_on) != (first.outlet_id, first.placed_on):
            raise OrdersDoNotBelongTogether(order_no=order.order_no)
    return first


def _purchase(orders: Sequence[Order], outlet: Outlet, mode: str, traveller: Traveller, issued_on: date) -> Purchase:
    """The orders as refunds see them: what is left of each line after returns."""
    purchased_on = orders[0].placed_on
    standing = outlet.tax_refund_on(purchased_on)
    return Purchase(
        store=Store(standing.jurisdiction, outlet.region, instant=standing.instant),
        mode=mode,
        traveller=traveller,
        lines=tuple(_lines(orders)),
        purchased_on=purchased_on,
        issued_on=issued_on,
        agency=standing.agency,
    )


def _lines(orders: Sequence[Order]) -> Iterator[PurchaseLine]:
    numbers = count(1)
    for order in orders:
        for line in order.lines:
            returned, gross_back, _ = order.returned_of(line.line_no)
            if returned < line.quantity:
                yield PurchaseLine(
                    line_no=next(numbers),
                    gross=line.gross - gross_back,
                    vat_rate=line.vat_rate,
                    quantity=line.quantity - returned,
                    exempt=line.vat_exempt,
                    refundable=line.refundable,
                    order_id=order.id,
                    order_line_no=line.line_no,
                    goods=line.category,
                )


def as_shown(document_kind: str, document_number: str) -> str:
    """What a traveller is recognised by: the key store alone leads from it to their pseudonym."""
    return f"{document_kind}:{document_number}"


def _place(claim_no: str, field: str) -> str:
    return place_of(Claim.Opened.TOPIC, claim_id(claim_no), field)
