"""What staff, API and processes may ask about refunds: assess, issue a form, and take it through its life."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Final
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Session, Transaction
from souvenir.kernel.money import Money
from souvenir.kernel.sealing import Sealed
from souvenir.taxrefund.agency_payment import AgencyPayment, NothingOwedToAgency, PaidForm, Way
from souvenir.taxrefund.assessment import Assessment, Purchase, Quote, Store, assess, promise_of
from souvenir.taxrefund.claim import Claim, claim_id
from souvenir.taxrefund.clawback import Clawback, clawback_id, owed_to_agency
from souvenir.taxrefund.filing import Filing
from souvenir.taxrefund.form import Advancer, Counter, Form, Tender, TravellerFacts
from souvenir.taxrefund.guarantee import Guarantee, RepaymentTender, Strength, guarantee_id
from souvenir.taxrefund.refusals import (
    ClaimNotInstant,
    FormNumberTaken,
    GuaranteeAlreadyHeld,
    InvoiceAlreadyClaimed,
    NothingGuaranteed,
    OrderAlreadyClaimed,
)
from souvenir.taxrefund.registers import (
    bought_today,
    form_of_invoice,
    form_of_order,
    refunded_instantly,
    refunded_since,
    wait_for_turn,
)
from souvenir.taxrefund.rulebook import RuleBook, open_rule_book

MOST_ATTEMPTS: Final = 20
"""Guarantees one claim may have had, one after another."""


@dataclass(frozen=True, slots=True)
class Opening:
    """All that a form needs beside the rules. `claim_no` is the form's number: the key under which it opens once."""

    claim_no: str
    purchase: Purchase
    outlet_id: UUID
    traveller: UUID
    point_id: UUID | None = None
    name: Sealed | None = None
    document_number: Sealed | None = None
    nationality: Sealed | None = None
    invoices: tuple[str, ...] = ()
    agency: str = ""


class Refunds:
    """The tax refunds of one shop group, under one rule book."""

    def __init__(self, log: EventLog, book: RuleBook | None = None) -> None:
        self._log = log
        self.book = book or open_rule_book()

    def assess(self, purchase: Purchase, outlet_id: UUID, traveller: UUID | None) -> Assessment:
        """What a purchase would get back, the earlier forms of a known traveller counted; records nothing."""
        with self._log.reading() as session:
            return assess_today(session, self.book, purchase, outlet_id, traveller)

    def open(self, opening: Opening) -> Committed[UUID]:
        """Issue a form, or refuse with the first reason why not; its claim's id is given back."""
        return self._log.execute(lambda tx: open_claim(tx, self.book, opening).id)

    def agree(self, claim_id: UUID, on: date, by: Advancer) -> Committed[None]:
        """Record the traveller's signature under the promise the rules ask for."""
        return self._log.execute(lambda tx: agree(tx, self.book, claim_id, on, by))

    def record_hold(
        self,
        claim_id: UUID,
        amount: Money,
        reference: str,
        strength: Strength,
        secured_until: datetime | None,
        on: date,
    ) -> Committed[UUID]:
        """Record that a provider guarantees an amount."""
        held = (amount, reference, strength, secured_until, on)
        return self._log.execute(lambda tx: record_hold(tx, claim_id, *held).id)

    def record_advance(self, claim_id: UUID, tender: Tender, on: date) -> Committed[None]:
        """Record that the advance was handed over."""
        return self._log.execute(lambda tx: record_advance(tx, claim_id, tender, on))

    def record_customs(
        self, claim_id: UUID, on: date, port: str, quantities: Mapping[int, int], reason: str = ""
    ) -> Committed[None]:
        """Record customs' answer, by line."""
        return self._decide(claim_id, lambda claim: claim.confirm_customs(on, port, quantities, reason))

    def complete(self, claim_id: UUID, on: date) -> Committed[None]:
        """Make the advance the refund."""
        return self._decide(claim_id, lambda claim: claim.complete(on))

    def miss_promise(self, claim_id: UUID, on: date) -> Committed[None]:
        """Record that the promise was broken."""
        return self._decide(claim_id, lambda claim: claim.miss_promise(on))

    def pay_ordinary(self, claim_id: UUID, tender: Tender, on: date, by: Advancer = "agency") -> Committed[None]:
        """Record the payment at departure."""
        return self._decide(claim_id, lambda claim: claim.pay(tender, on, by))

    def settle(self, claim_id: UUID, amount: Money, on: date, statement: str = "") -> Committed[None]:
        """Record that the agency's statement covered the refund."""
        return self._decide(claim_id, lambda claim: claim.settle(amount, on, statement))

    def void(self, claim_id: UUID, reason: str, on: date, return_id: UUID | None = None) -> Committed[None]:
        """Void the form, as when its goods come back."""
        return self._decide(claim_id, lambda claim: claim.void(reason, on, return_id))

    def release(self, claim_id: UUID, on: date) -> Committed[None]:
        """Record that the guarantee was given back."""
        return self._log.execute(lambda tx: release_guarantee(tx, claim_id, on))

    def capture(self, claim_id: UUID, on: date) -> Committed[Money]:
        """Record that the guarantee paid what the claim has outstanding."""
        return self._log.execute(lambda tx: capture_guarantee(tx, claim_id, on))

    def lapse(self, claim_id: UUID, at: datetime, on: date) -> Committed[None]:
        """Record that the hold died by itself."""
        return self._resolve(claim_id, lambda guarantee: guarantee.lapse(at, on))

    def declare_recoverable(self, claim_id: UUID, on: date) -> Committed[None]:
        """Record that the traveller owes what the guarantee did not give."""
        return self._log.execute(lambda tx: declare_recoverable(tx, claim_id, on))

    def repay(
        self, claim_id: UUID, repayment_id: UUID, amount: Money, tender: RepaymentTender, on: date
    ) -> Committed[None]:
        """Record that the traveller paid back what was owed, or some of it."""
        return self._log.execute(lambda tx: repay(tx, claim_id, repayment_id, amount, tender, on))

    def write_off(self, claim_id: UUID, on: date) -> Committed[None]:
        """Give up what the traveller owes."""
        return self._resolve(claim_id, lambda guarantee: guarantee.write_off(on))

    def resolve_objection(self, filing_id: UUID, how: str, on: date) -> Committed[UUID]:
        """Record that people settled with the tax office what it would not do about a form. Raises NothingObjected."""

        def resolve(tx: Transaction) -> UUID:
            filing = tx.get(Filing, filing_id)
            filing.resolve(how, on)
            tx.save(filing)
            return filing.id

        return self._log.execute(resolve)

    def _decide(self, claim_id: UUID, decision: Callable[[Claim], None]) -> Committed[None]:
        def decide(tx: Transaction) -> None:
            claim = tx.get(Claim, claim_id)
            decision(claim)
            tx.save(claim)

        return self._log.execute(decide)

    def _resolve(self, claim_id: UUID, decision: Callable[[Guarantee], None]) -> Committed[None]:
        def decide(tx: Transaction) -> None:
            guarantee = guarantee_of(tx, tx.get(Claim, claim_id))
            decision(guarantee)
            tx.save(guarantee)

        return self._log.execute(decide)


def assess_today(
    session: Session, book: RuleBook, purchase: Purchase, outlet_id: UUID, traveller: UUID | None
) -> Assessment:
    """Assess a purchase with what the traveller's standing forms of that day already count."""
    store, on = purchase.store, purchase.purchased_on
    issued_on = purchase.issued_on or on
    regime = book.regime(store.jurisdiction, store.region, purchase.mode, on)
    currency = regime.jurisdiction.currency
    maximum = regime.find("instant_maximum")
    of_store = outlet_id if maximum is not None and maximum.value.per == "traveller_store_day" else None
    entered = purchase.traveller.last_entry or on
    instantly_since = partial(refunded_since, session, traveller, store.jurisdiction, purchase.mode, currency)
    return assess(
        book,
        replace(
            purchase,
            earlier_today=bought_today(session, traveller, outlet_id, on, currency),
            earlier_instant=refunded_instantly(
                session, traveller, store.region, purchase.mode, issued_on, currency, of_store
            ),
            earlier_this_trip=instantly_since(entered) if regime.find("trip_maximum") else None,
            earlier_this_year=instantly_since(date(on.year, 1, 1)) if regime.find("year_maximum") else None,
        ),
    )


def open_claim(tx: Transaction, book: RuleBook, opening: Opening) -> Claim:
    """Issue a form if nothing stands against it. The same number again is the same form, for the same goods only."""
    order_ids = _orders_of(opening)
    known = tx.find(Claim, claim_id(opening.claim_no))
    if known is not None:
        asked = (opening.traveller, opening.outlet_id, opening.purchase.mode, order_ids, opening.invoices)
        if (known.traveller, known.outlet_id, known.mode, known.order_ids, known.invoices) != asked:
            raise FormNumberTaken(claim_no=opening.claim_no)
        return known
    quote = require_openable(tx, book, opening)
    claim = Claim.open(_form(opening, quote, order_ids))
    tx.save(claim)
    return claim


def require_openable(tx: Transaction, book: RuleBook, opening: Opening) -> Quote:
    """What the form would bring, or the first reason why it cannot be issued. Nobody else's form comes between."""
    wait_for_turn(tx.session, opening.traveller)
    for order_id in _orders_of(opening):
        if taken := form_of_order(tx.session, order_id):
            raise OrderAlreadyClaimed(order_id=order_id, claim_no=taken[1])
    for invoice in opening.invoices:
        if taken := form_of_invoice(tx.session, invoice):
            raise InvoiceAlreadyClaimed(invoice=invoice, claim_no=taken[1])
    return assess_today(tx.session, book, opening.purchase, opening.outlet_id, opening.traveller).require()


def agree(tx: Transaction, book: RuleBook, claim_id: UUID, on: date, by: Advancer) -> None:
    """Record the promise that the rules of the form's day ask for: by when to leave, and through which ports."""
    claim = tx.get(Claim, claim_id)
    store = Store(claim.jurisdiction, claim.region)
    promise = promise_of(book, store, claim.mode, claim.issued_on, claim.last_departure_on)
    if promise is None:
        raise ClaimNotInstant(claim_no=claim.claim_no, mode=claim.mode)
    claim.agree(on=on, promised_by=promise.promised_by, capture_by=promise.capture_by, ports=promise.ports, by=by)
    tx.save(claim)


def record_hold(
    tx: Transaction,
    claim_id: UUID,
    amount: Money,
    reference: str,
    strength: Strength,
    secured_until: datetime | None,
    on: date,
    provider: str = "",
    hold_id: UUID | None = None,
) -> Guarantee:
    """Record what a provider guarantees; a second guarantee only once the first no longer holds."""
    current = latest_guarantee(tx, claim_id)
    if current is not None and current.reference == reference:
        return current
    if current is not None and current.state not in ("released", "lapsed", "discharged"):
        raise GuaranteeAlreadyHeld(held=current.amount)
    guarantee = Guarantee.hold(
        claim_id=claim_id,
        amount=amount,
        reference=reference,
        strength=strength,
        secured_until=secured_until,
        on=on,
        attempt=current.attempt + 1 if current else 1,
        provider=provider,
        hold_id=hold_id,
    )
    tx.save(guarantee)
    return guarantee


def record_advance(tx: Transaction, claim_id: UUID, tender: Tender, on: date, paid_at: Counter | None = None) -> None:
    """Record the advance; refused unless a guarantee holds as much."""
    claim = tx.get(Claim, claim_id)
    claim.advance(tender, on, _guaranteed(tx, claim), paid_at)
    tx.save(claim)


def request_advance(tx: Transaction, claim_id: UUID, tender: Tender, on: date) -> None:
    """Record that the agency is asked to pay the advance; refused unless a guarantee holds as much."""
    claim = tx.get(Claim, claim_id)
    claim.request_advance(tender, on, _guaranteed(tx, claim))
    tx.save(claim)


def _guaranteed(tx: Transaction, claim: Claim) -> Money:
    current = latest_guarantee(tx, claim.id)
    return current.guaranteed if current else Money.zero(claim.net.currency)


def release_guarantee(tx: Transaction, claim_id: UUID, on: date) -> None:
    """Record that the guarantee was given back whole."""
    guarantee = guarantee_of(tx, tx.get(Claim, claim_id))
    guarantee.release(on)
    tx.save(guarantee)


def capture_guarantee(tx: Transaction, claim_id: UUID, on: date) -> Money:
    """Record, on guarantee and claim together, that what is outstanding was captured; says how much."""
    claim = tx.get(Claim, claim_id)
    guarantee = guarantee_of(tx, claim)
    if guarantee.state == "captured":
        return guarantee.captured
    amount = claim.outstanding
    guarantee.capture(amount, on)
    claim.recover(guarantee.id, amount, on)
    tx.save(guarantee, claim)
    return amount


def declare_recoverable(tx: Transaction, claim_id: UUID, on: date) -> None:
    """Record that the guarantee gave nothing and the traveller owes what is outstanding."""
    claim = tx.get(Claim, claim_id)
    guarantee = guarantee_of(tx, claim)
    guarantee.declare_recoverable(claim.outstanding, on)
    tx.save(guarantee)


def close_lapsed(tx: Transaction, claim_id: UUID, on: date) -> Guarantee | None:
    """Close a guarantee that died before the claim was decided: what is owed is owed in person, else nothing is."""
    claim, guarantee = tx.get(Claim, claim_id), latest_guarantee(tx, claim_id)
    decided = claim.completed_on is not None or claim.missed is not None or claim.state == "voided"
    if guarantee is None or guarantee.state != "lapsed" or not decided:
        return None
    if claim.outstanding:
        guarantee.declare_recoverable(claim.outstanding, on)
    else:
        guarantee.release(on)
    tx.save(guarantee)
    return guarantee


def repay(
    tx: Transaction, claim_id: UUID, repayment_id: UUID, amount: Money, tender: RepaymentTender, on: date
) -> None:
    """Record, on guarantee and claim together, that the traveller paid back some of what was owed."""
    claim = tx.get(Claim, claim_id)
    guarantee = guarantee_of(tx, claim)
    guarantee.repay(repayment_id, amount, tender, on)
    claim.recover(repayment_id, amount, on)
    tx.save(guarantee, claim)


def set_off(tx: Transaction, claim: Claim, return_id: UUID, owed: Money, on: date) -> None:
    """Keep what the traveller owes back from the price of returned goods; a debt declared before shrinks with it."""
    claim.recover(return_id, owed, on)
    guarantee = latest_guarantee(tx, claim.id)
    if guarantee is not None and guarantee.state == "recoverable":
        guarantee.repay(return_id, min(owed, guarantee.recoverable), "set_off", on)
        tx.save(guarantee)


def owed_of(tx: Transaction, claim: Claim) -> Money:
    """What the agency is owed of an advance that came back, and is not on its way to it."""
    return owed_to_agency(claim, tx.find(Clawback, clawback_id(claim.id)))


def order_agency_payment(
    tx: Transaction, id: UUID, agency: str, currency: str, claims: Iterable[UUID], way: Way, on: date
) -> AgencyPayment:
    """Give back to an agency what came back of its advances on these forms. Raises NothingOwedToAgency."""
    lines = []
    for claim in (tx.get(Claim, id) for id in claims):
        owed = owed_of(tx, claim)
        if owed and (claim.agency, owed.currency) == (agency, currency):
            clawback = tx.find(Clawback, clawback_id(claim.id)) or Clawback.open(claim)
            clawback.order(id, owed, on)
            tx.save(clawback)
            lines.append(PaidForm(claim_id=claim.id, claim_no=claim.claim_no, amount=owed))
    if not lines:
        raise NothingOwedToAgency(agency=agency, currency=currency)
    payment = AgencyPayment.order(id, agency, tuple(lines), way, on)
    tx.save(payment)
    return payment


def fail_agency_payment(tx: Transaction, payment: AgencyPayment, reason: str, on: date) -> None:
    """Note that a payment did not arrive, or came back: what it took along is owed again."""
    payment.fail(reason, on)
    for line in payment.lines:
        clawback = tx.get(Clawback, clawback_id(line.claim_id))
        clawback.owe_again(payment.id, on)
        tx.save(clawback)
    tx.save(payment)


def latest_guarantee(tx: Transaction | EventLog, claim_id: UUID) -> Guarantee | None:
    """The claim's latest guarantee, if it ever had one."""
    latest = None
    for attempt in range(1, MOST_ATTEMPTS + 1):
        guarantee = tx.find(Guarantee, guarantee_id(claim_id, attempt))
        if guarantee is None:
            break
        latest = guarantee
    return latest


def guarantee_of(tx: Transaction, claim: Claim) -> Guarantee:
    """The claim's latest guarantee. Raises NothingGuaranteed."""
    latest = latest_guarantee(tx, claim.id)
    if latest is None:
        raise NothingGuaranteed(claim_no=claim.claim_no)
    return latest


def _orders_of(opening: Opening) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(line.order_id for line in opening.purchase.lines if line.order_id is not None))


def _form(opening: Opening, quote: Quote, order_ids: tuple[UUID, ...]) -> Form:
    purchase = opening.purchase
    return Form(
        claim_no=opening.claim_no,
        order_ids=order_ids,
        outlet_id=opening.outlet_id,
        point_id=opening.point_id,
        jurisdiction=purchase.store.jurisdiction,
        region=purchase.store.region,
        mode=purchase.mode,
        agency=opening.agency,
        agency_share=quote.agency_share,
        traveller=opening.traveller,
        facts=TravellerFacts(
            document_kind=purchase.traveller.document_kind,
            nationality_class=quote.nationality_class,
            last_entry=purchase.traveller.last_entry,
            stay_days=quote.stay_days,
            name=opening.name,
            document_number=opening.document_number,
            nationality=opening.nationality,
        ),
        purchased_on=purchase.purchased_on,
        issued_on=purchase.issued_on or purchase.purchased_on,
        lines=quote.lines,
        guarantee=quote.guarantee if quote.guarantee != quote.net else None,
        cash_allowed=quote.cash_allowed,
        last_departure_on=quote.last_departure_on,
        confirmation=quote.confirmation,
        rule_versions=quote.rule_versions,
        invoices=opening.invoices,
    )
