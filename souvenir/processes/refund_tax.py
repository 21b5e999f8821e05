"""Refund tax: from paid orders to a traveller's refund, with a card behind every advance; deadlines act by themselves."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Final, Self
from uuid import UUID, uuid4

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money
from souvenir.kernel.sealing import Redacted
from souvenir.payments.hold import HoldNotHeld
from souvenir.payments.provider import Providers
from souvenir.privacy.application import registered
from souvenir.privacy.keyring import KeyRing, PersonForgotten, place_of
from souvenir.processes.secure_advance import SecureAdvance, engage
from souvenir.sales.order import Order, OrderNotPaid
from souvenir.sites.outlet import Outlet
from souvenir.taxrefund import application as refunds
from souvenir.taxrefund.application import Opening, Refunds
from souvenir.taxrefund.assessment import Assessment, Purchase, PurchaseLine, Store, Traveller
from souvenir.taxrefund.claim import Claim, claim_id
from souvenir.taxrefund.customs import CustomsOffice
from souvenir.taxrefund.document import DocumentReader, read_zone
from souvenir.taxrefund.form import Advancer, Tender
from souvenir.taxrefund.guarantee import Guarantee, RepaymentTender
from souvenir.taxrefund.invoice import invoice_nos
from souvenir.taxrefund.refusals import ClaimHasAnotherState, GuaranteeTooSmall, PromiseNotKept, PromiseStillOpen
from souvenir.taxrefund.rulebook import RuleBook
from souvenir.taxrefund.views import ClaimList

PURPOSE: Final = "tax"
"""Personal data on a refund form is sealed for this purpose alone: it is kept as long as tax law says, no longer."""

EASTERNMOST: Final = timedelta(hours=14)
"""How far the first calendar day on earth is ahead of UTC: no claim's day is past anywhere before it is past there."""

MOST_ORDERS: Final = 20
"""Orders on one form."""


class OrdersDoNotBelongTogether(SouvenirError):
    message = "One form is for one store and one day. Order {order_no} was placed elsewhere or on another day."
    order_no: str


class NoOrdersToRefund(SouvenirError):
    message = "A refund form covers between 1 and {most} orders."
    most: int


class GuaranteeDeclined(SouvenirError):
    message = "The card was not accepted as a guarantee: {reason}. Try another card, or refund at departure instead."
    reason: str


class ElsewhereRefundPoint(SouvenirError):
    message = "This store's instant refunds are paid at another refund point."
    refund_point_id: UUID | None


@dataclass(frozen=True, slots=True)
class TravelDocument:
    """What the traveller shows. Name and number are sealed before they reach the log."""

    kind: str
    number: str = field(repr=False)
    name: str = field(repr=False)
    last_entry: date | None
    born_on: date | None = field(default=None, repr=False)
    """Asked only where a scheme has a least age; it is never recorded."""

    def age_on(self, day: date) -> int | None:
        """Full years on a day, if the date of birth is known."""
        if self.born_on is None:
            return None
        return day.year - self.born_on.year - ((day.month, day.day) < (self.born_on.month, self.born_on.day))

    def holder_on(self, day: date) -> Traveller:
        """What eligibility asks about the holder on the day of a purchase."""
        return Traveller(self.kind, self.last_entry, self.age_on(day))

    @classmethod
    def read(cls, reader: DocumentReader, last_entry: date | None, on: date) -> Self:
        """Take it from a document reader; the last entry is a stamp, or asked of the border, not in the zone."""
        zone = read_zone(reader.read(), on)
        return cls(zone.kind, zone.number, zone.name, last_entry, zone.born_on)


class RefundTax:
    """Refunds as the counter does them. Providers are asked between commits, never inside one."""

    def __init__(
        self,
        log: EventLog,
        providers: Providers,
        rules: RuleBook,
        keyring: KeyRing,
        customs: CustomsOffice | None = None,
    ) -> None:
        self._log = log
        self._providers = providers
        self._keyring = keyring
        self._refunds = Refunds(log, rules)
        self._rules = rules
        self._customs = customs
        self._claims = ClaimList()
        self._secured = SecureAdvance(log, providers)

    # At the counter.

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
        return self._refunds.assess(purchase, outlet.id, self._document_hash(document_kind, document_number))

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
        on = issued_on or clock.now().date()
        claim_no = f"{on:%Y%m%d}{secrets.randbelow(10**11):011d}"
        numbers = invoice_nos(invoices)
        document_hash = self._document_hash(document.kind, document.number)
        traveller = self._traveller(document)
        name, number = (
            self._keyring.seal(traveller, PURPOSE, text, _place(claim_no, field))
            for text, field in ((document.name, "name"), (document.number, "document_number"))
        )

        def command(tx: Transaction) -> UUID:
            orders = [tx.get(Order, order_id) for order_id in order_ids[: MOST_ORDERS + 1]]
            outlet = tx.get(Outlet, _one_sale(orders).outlet_id)
            day = issued_on or clock.today(outlet.time_zone)
            standing = outlet.tax_refund_on(orders[0].placed_on)
            if mode == "instant_centralised" and point_id != standing.refund_point_id:
                raise ElsewhereRefundPoint(refund_point_id=standing.refund_point_id)
            registered(tx, traveller)
            opening = Opening(
                claim_no=claim_no,
                purchase=_purchase(orders, outlet, mode, document.holder_on(orders[0].placed_on), day),
                outlet_id=outlet.id,
                traveller=traveller,
                document_hash=document_hash,
                point_id=point_id,
                name=name,
                document_number=number,
                agency=standing.agency,
                invoices=numbers,
            )
            return refunds.open_claim(tx, self._rules, opening).id

        return self._log.execute(command)

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
        document = TravelDocument(old.facts.document_kind, number, name, old.facts.last_entry)
        day = issued_on or old.issued_on
        return self.open_claim(old.order_ids, old.mode, document, old.point_id, day, invoices)

    def agree(self, claim_id: UUID, on: date | None = None, by: Advancer = "shop") -> Committed[UUID]:
        """Record the traveller's signature under the promise to leave; `by` says who advances the money."""
        day = on or self._day(claim_id)
        return self._told(claim_id, lambda tx: refunds.agree(tx, self._rules, claim_id, day, by))

    def guarantee(self, claim_id: UUID, provider: str, source: str, on: date | None = None) -> Committed[UUID]:
        """Have a card guarantee the net refund. Raises GuaranteeDeclined; the claim then waits for another card."""
        self._providers.named(provider)
        _, latest = self._claim(claim_id)
        day = on or self._day(claim_id)
        if latest is not None and latest.state == "held":
            return Committed(claim_id, 0, replayed=True)
        hold, reason = self._secured.place(claim_id, provider, source, day)
        _, latest = self._claim(claim_id)
        if hold.state not in ("held", "engaged") and (latest is None or latest.state != "held"):
            raise GuaranteeDeclined(reason=reason or "the card's bank has not answered")
        return Committed(claim_id, self._log.head())

    def advance(self, claim_id: UUID, tender: Tender, on: date | None = None) -> Committed[UUID]:
        """Hand the net refund over the counter. Refused unless a guarantee holds as much."""
        day = on or self._day(claim_id)

        def command(tx: Transaction) -> None:
            refunds.record_advance(tx, claim_id, tender, day)
            try:
                engage(tx, claim_id)
            except HoldNotHeld:
                claim = tx.get(Claim, claim_id)
                nothing = Money.zero(claim.net.currency)
                raise GuaranteeTooSmall(claim_no=claim.claim_no, needed=claim.net, guaranteed=nothing) from None

        return self._told(claim_id, command)

    # At the border, and after.

    def confirm_customs(
        self, claim_id: UUID, port: str, quantities: Mapping[int, int], on: date | None = None, reason: str = ""
    ) -> Committed[UUID]:
        """Record customs' answer, by line of the form. An advance whose promise was kept becomes final at once."""
        day = on or self._day(claim_id)

        def command(tx: Transaction) -> None:
            claim = tx.get(Claim, claim_id)
            claim.confirm_customs(day, port, quantities, reason)
            if claim.advanced is not None and claim.missed is None:
                try:
                    claim.complete(day)
                except PromiseNotKept:
                    claim.miss_promise(day)
            tx.save(claim)

        committed = self._told(claim_id, command)
        self.resolve_guarantee(claim_id, day)
        return committed

    def ask_customs(self, claim_id: UUID) -> bool:
        """Fetch customs' answer about a claim, as when its message was lost; says whether there is one."""
        claim = self._log.load(Claim, claim_id)
        answer = self._customs.answer_to(claim.claim_no) if self._customs else None
        if answer is None:
            return False
        self.confirm_customs(claim_id, answer.port, answer.confirmed, answer.on, answer.reason)
        return True

    def miss_promise(self, claim_id: UUID, on: date | None = None) -> Committed[UUID]:
        """Record that the promise was broken, and take the advance back from the guarantee."""
        day = on or self._day(claim_id)

        def command(tx: Transaction) -> None:
            claim = tx.get(Claim, claim_id)
            claim.miss_promise(day)
            tx.save(claim)

        committed = self._told(claim_id, command)
        self.resolve_guarantee(claim_id, day)
        return committed

    def pay_at_departure(
        self, claim_id: UUID, tender: Tender, on: date | None = None, by: Advancer = "agency"
    ) -> Committed[UUID]:
        """The ordinary route: record that the net refund was paid after customs."""
        day = on or self._day(claim_id)

        def command(tx: Transaction) -> None:
            claim = tx.get(Claim, claim_id)
            claim.pay(tender, day, by)
            tx.save(claim)

        return self._told(claim_id, command)

    def settle(self, claim_id: UUID, amount: Money, on: date, statement: str = "") -> Committed[UUID]:
        """Record that the agency's statement covered the refund."""

        def command(tx: Transaction) -> None:
            claim = tx.get(Claim, claim_id)
            claim.settle(amount, on, statement)
            tx.save(claim)

        return self._told(claim_id, command)

    def repay(
        self, claim_id: UUID, repayment_id: UUID, amount: Money, tender: RepaymentTender, on: date | None = None
    ) -> Committed[UUID]:
        """Record that the traveller paid back what the guarantee did not give; each repayment counts once."""
        day = on or self._day(claim_id)
        return self._told(claim_id, lambda tx: refunds.repay(tx, claim_id, repayment_id, amount, tender, day))

    def write_off(self, claim_id: UUID, on: date | None = None) -> Committed[UUID]:
        """Give up what the traveller owes."""
        committed = self._refunds.write_off(claim_id, on or self._day(claim_id))
        return Committed(claim_id, committed.position, committed.replayed)

    def act_on_deadlines(self, on: date | None = None) -> int:
        """Act on promises whose day has passed where the goods were sold, and finish what a crash or a lapse left.

        Safe to repeat after any downtime: at most a hundred promises a call, the first to capture first, and every
        guarantee of a decided claim that is yet unresolved. Answers how many claims it looked into.
        """
        latest = on or (clock.now() + EASTERNMOST).date()
        with self._log.reading() as session:
            overdue, unresolved = self._claims.overdue(session, latest), self._claims.unresolved(session)
        looked_into: set[UUID] = set()
        for claim in overdue:
            with suppress(PromiseStillOpen, ClaimHasAnotherState):  # the list lags behind: decided by now, or today
                if not self.ask_customs(claim.id):
                    self.miss_promise(claim.id, on)
                looked_into.add(claim.id)
        while unresolved:
            for claim in unresolved:
                self.resolve_guarantee(claim.id, on or self._day(claim.id))
                looked_into.add(claim.id)
            with self._log.reading() as session:
                unresolved = self._claims.unresolved(session, after=unresolved[-1].claim_no)
        return len(looked_into)

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

    # What follows from a decision, outside the log.

    def resolve_guarantee(self, claim_id: UUID, on: date) -> None:
        """Release or capture what the guarantee of a decided claim still holds. Asking again changes nothing."""
        self._secured.resolve(claim_id, on)
        _, guarantee = self._claim(claim_id)
        if guarantee is not None and guarantee.state == "lapsed":
            self._told(claim_id, lambda tx: refunds.close_lapsed(tx, claim_id, on))

    def settle_open(self) -> int:
        """Look again at every card hold that waits for something, as after a crash; answers how many ended."""
        return self._secured.settle_open()

    def settle_hold(self, hold_id: UUID) -> None:
        """Look again at one card hold."""
        self._secured.settle(hold_id)

    def _told(self, claim_id: UUID, command: Callable[[Transaction], object]) -> Committed[UUID]:
        """Carry out a command about a claim; its answer is the claim's id."""

        def answer(tx: Transaction) -> UUID:
            command(tx)
            return claim_id

        return self._log.execute(answer)

    def _claim(self, claim_id: UUID) -> tuple[Claim, Guarantee | None]:
        return self._log.load(Claim, claim_id), refunds.latest_guarantee(self._log, claim_id)

    def _day(self, claim_id: UUID) -> date:
        claim = self._log.load(Claim, claim_id)
        return clock.today(self._log.load(Outlet, claim.outlet_id).time_zone)

    # Personal data.

    def _document_hash(self, kind: str, number: str) -> str:
        return self._keyring.keyed_hash(PURPOSE, f"{kind}:{number}")

    def _traveller(self, document: TravelDocument) -> UUID:
        """The person who showed this document before, or a new one."""
        text = f"{document.kind}:{document.number}"
        known = self._keyring.people_with(PURPOSE, text)
        subject = known[0] if known else uuid4()
        self._keyring.index(subject, PURPOSE, text)
        return subject


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


def _place(claim_no: str, field: str) -> str:
    return place_of(Claim.Opened.TOPIC, claim_id(claim_no), field)
