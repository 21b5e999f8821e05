"""What staff, API and processes may ask of licences: sign, pay an advance, certify a mark, check a sale, accrue, reverse."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.localized import LocalizedText
from souvenir.kernel.money import Money
from souvenir.licensing.accrual import Accrual, Counted, Details, Figures
from souvenir.licensing.amending import adjusted, restated
from souvenir.licensing.authorisation import Authorisation
from souvenir.licensing.breach import Breach
from souvenir.licensing.cap_use import CapUse, UnitCapReached
from souvenir.licensing.conversion import Conversion
from souvenir.licensing.drafting import Draft, already_stated, drafts, periods_over, refuse_period, stated_by
from souvenir.licensing.licence import Grant, Licence, Standing
from souvenir.licensing.position import Change, figures_of, mirrored
from souvenir.licensing.reading import ACCRUED, REVERSED, TOPICS, Reading, Source, sources
from souvenir.licensing.registers import cap_used, contract_years, last_stated, licences, meeting, totals_of, year_of
from souvenir.licensing.royalty.net_sales import converted
from souvenir.licensing.royalty.tiers import rate_reached_at
from souvenir.licensing.sheet import Header, Sheet, Stated
from souvenir.licensing.statement import NotStated, Statement, StatementOvertaken
from souvenir.licensing.terms import RoyaltyTerms, contract_year, period_of

PAGE: Final = 5000
"""Stored entries read at a time."""

MOST_SOURCES: Final = 200


class Licensing:
    """The licences and gift marks of one shop group."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def grant(
        self, contract_no: str, licensor: str, property_name: LocalizedText, grant: Grant, terms: RoyaltyTerms
    ) -> Committed[UUID]:
        """Record a signed contract and give the licence's id; the same contract again records nothing new."""
        licence = Licence.sign(contract_no, licensor, property_name, grant, terms)

        def decide(tx: Transaction) -> UUID:
            known = tx.find(Licence, licence.id)
            if known is None:
                _refuse_overlap(tx, licence)
                tx.save(licence)
            else:
                known.signed_again(licensor, property_name, grant, terms)
            return licence.id

        return self._log.execute(decide)

    def record_advance(
        self, licence_id: UUID, reference: str, amount: Money, withheld: Money, paid_on: date
    ) -> Committed[None]:
        """Record a payment of the advance; `reference` is the bank's, so that one payment counts once."""

        return self._decide(licence_id, lambda licence: licence.pay_advance(reference, amount, withheld, paid_on))

    def certify_mark(
        self,
        certificate_no: str,
        mark: LocalizedText,
        certifier: str,
        products: tuple[UUID, ...],
        valid_from: date,
        valid_until: date,
        review_due: date | None = None,
        rules: LocalizedText | None = None,
    ) -> Committed[UUID]:
        """Record a gift-mark certificate and give its id; the same certificate again records nothing new."""
        issued = Authorisation.certify(
            certificate_no, mark, certifier, products, valid_from, valid_until, review_due, rules
        )

        def decide(tx: Transaction) -> UUID:
            known = tx.find(Authorisation, issued.id)
            if known is None:
                tx.save(issued)
            else:
                known.certified_again(issued)
            return issued.id

        return self._log.execute(decide)

    def pass_review(self, mark_id: UUID, on: date, next_due: date) -> Committed[None]:
        """Record that a gift mark passed its annual review."""

        def decide(tx: Transaction) -> None:
            mark = tx.get(Authorisation, mark_id)
            mark.pass_review(on, next_due)
            tx.save(mark)

        return self._log.execute(decide)

    def renew(self, licence_id: UUID, ends: date, signed_on: date) -> Committed[None]:
        """Extend a licence's term to a later last day."""

        def decide(tx: Transaction) -> None:
            licence = tx.get(Licence, licence_id)
            licence.renew(ends, signed_on)
            _refuse_overlap(tx, licence)
            tx.save(licence)

        return self._log.execute(decide)

    def terminate(self, licence_id: UUID, ends: date, sell_off_days: int, reason: str) -> Committed[None]:
        """End a licence's term early; what is left may be sold off for so many days after."""
        return self._decide(licence_id, lambda licence: licence.terminate(ends, sell_off_days, reason))

    def agree_rate(
        self, licence_id: UUID, currency: str, rate: Decimal, source: str, valid_from: date, valid_until: date
    ) -> Committed[None]:
        """Agree the rate by which sales in another currency count, and whose rate it is."""
        days = {"valid_from": valid_from, "valid_until": valid_until}
        conversion = Conversion(currency=currency, rate=rate, source=source, **days)
        return self._decide(licence_id, lambda licence: licence.agree_rate(conversion))

    def _decide(self, licence_id: UUID, decision: Callable[[Licence], None]) -> Committed[None]:
        def decide(tx: Transaction) -> None:
            licence = tx.get(Licence, licence_id)
            decision(licence)
            tx.save(licence)

        return self._log.execute(decide)

    def amend(
        self, licence_id: UUID, amendment_no: str, terms: RoyaltyTerms, effective_from: date, signed_on: date
    ) -> Committed[None]:
        """Record an amendment of rates, tiers or marketing fund, signed on one day and effective from another.

        Statements that were issued stay as they are: what changes for their sales is adjusted on the next ones.
        """

        def decide(tx: Transaction) -> None:
            licence = tx.get(Licence, licence_id)
            before = licence.agreed
            licence.amend(amendment_no, terms, effective_from, signed_on)
            tx.save(licence)
            if licence.agreed == before:
                return
            for number in contract_years(tx.session, licence_id):
                year = year_of(tx.session, licence_id, number, licence.terms)
                for change in restated(before, licence.agreed, year):
                    totals = totals_of(tx.session, licence_id, licence.terms)
                    tx.save(adjusted(licence, totals, amendment_no, number, change, signed_on))

        return self._log.execute(decide)

    # Statements.

    def draft_statement(self, licence_id: UUID, period: str, on: date) -> Draft:
        """A statement as it would be issued on a day, with what someone should look at before. Records nothing."""
        licence = self._log.load(Licence, licence_id)
        known = self._log.find(Statement, Statement.id_of(licence_id, period))
        last = self._last_stated(licence_id)
        refuse_period(licence, period, known.header if known else None, last, on)
        return next(self._drafts([(licence, [period], last)], on))

    def issue_statement(self, licence_id: UUID, period: str, on: date) -> Committed[UUID]:
        """Issue a licence's statement of a period that is over; what comes later goes on the next one."""
        return self._issue(self.draft_statement(licence_id, period, on))

    def issue_statements(self, on: date) -> list[UUID]:
        """Issue every statement that is due to be drawn up on a day, nil ones too, from one pass over the log."""
        with self._log.reading() as session:
            known = licences(session)
        loaded = [(self._log.load(Licence, licence_id), self._last_stated(licence_id)) for licence_id in known]
        due = [(licence, periods_over(licence, last, on), last) for licence, last in loaded]
        return [self._issue(draft).result for draft in self._drafts([each for each in due if each[1]], on)]

    def statement(self, licence_id: UUID, period: str) -> Sheet:
        """An issued statement, made again from the log. Raises NotStated, or StatementDiffers if the log was changed."""
        issued = self._log.find(Statement, Statement.id_of(licence_id, period))
        if issued is None:
            raise NotStated(licence_id=licence_id, period=period)
        header, span, key = issued.header, issued.header.span, str(licence_id)
        reading = self._read({key: header.stated_before}, span.after, span.until)
        return issued.made_again(reading.gathered(key, span.stated_to, period, header.currency))

    def statement_sources(
        self, licence_id: UUID, period: str, line_number: int, after: int = 0, first: int = 50
    ) -> list[Source]:
        """The sales, then the returns, behind a line of an issued statement, in the order of the log; at most 200.

        `after` is how many were seen before.
        """
        sheet = self.statement(licence_id, period)
        line, span = sheet.line(line_number), sheet.header.span
        stated, wanted = sheet.header.stated_before, after + max(1, min(first, MOST_SOURCES))
        found: list[Source] = []
        for topic, rows in self._pages(span.after, span.until):
            if topic in (ACCRUED, REVERSED) and len(found) < wanted:
                found += sources(line, str(licence_id), stated, topic, rows)
        return found[after:wanted]

    def _last_stated(self, licence_id: UUID) -> Header | None:
        with self._log.reading() as session:
            period = last_stated(session, licence_id)
        return self._log.load(Statement, Statement.id_of(licence_id, period)).header if period else None

    def _drafts(self, due: Sequence[tuple[Licence, Sequence[str], Header | None]], on: date) -> Iterator[Draft]:
        """The statements of some periods each of several licences, from one pass over what is not stated yet."""
        until = self._log.head()
        with self._log.reading() as session:
            totals = {licence.id: totals_of(session, licence.id, licence.terms) for licence, _, _ in due}
        settled = until == self._log.head()
        starts = [last.span.carried if last else 0 for _, _, last in due]
        stated = {str(licence.id): stated_by(licence, last) for licence, _, last in due}
        reading = self._read(stated, min(starts, default=0), until)
        for licence, periods, last in due:
            yield from drafts(licence, periods, last, reading, on, until, totals[licence.id] if settled else None)

    def _issue(self, draft: Draft) -> Committed[UUID]:
        header = draft.sheet.header

        def decide(tx: Transaction) -> UUID:
            known = tx.find(Statement, Statement.id_of(header.licence_id, header.period))
            if known is not None:
                raise already_stated(known.header)
            if last_stated(tx.session, header.licence_id) != header.span.stated_to:
                raise StatementOvertaken(contract_no=header.contract_no, period=header.period)
            statement = Statement.issue(draft.sheet, tuple(flag.code for flag in draft.flags))
            tx.save(statement)
            return statement.id

        return self._log.execute(decide)

    def _pages(self, after: int, until: int) -> Iterator[tuple[str, list[tuple[int, bytes]]]]:
        """Stored entries of a range by topic, a page at a time."""
        for topic in TOPICS:
            at = after
            while rows := self._log.store.states(at, until, PAGE, topic):
                yield topic, rows
                at = rows[-1][0]

    def _read(self, stated: Mapping[str, Stated], after: int, until: int) -> Reading:
        reading = Reading(stated)
        for topic, rows in self._pages(after, until):
            reading.take(topic, rows)
        return reading


@dataclass(frozen=True, slots=True)
class Permission:
    """One licence's yes to a sale."""

    licence_id: UUID
    contract_no: str
    standing: Standing


def check_grants(
    tx: Transaction,
    licence_ids: Iterable[UUID],
    category: str,
    territory: str,
    channel: str,
    on: date,
    currency: str | None = None,
    made_on: date | None = None,
) -> tuple[Permission, ...]:
    """Every licence's permission for a sale, or the first refusal: LicenceLapsed, TerritoryNotGranted and their like."""
    permissions = []
    for licence_id in licence_ids:
        licence = tx.get(Licence, licence_id)
        standing = licence.permits(category, territory, channel, on, made_on)
        if currency is not None:
            licence.counts_in(currency, on)
        permissions.append(Permission(licence_id, licence.contract_no, standing))
    return tuple(permissions)


def check_mark(tx: Transaction, mark_id: UUID, product_id: UUID, on: date) -> Authorisation:
    """The certificate under which a product carries its mark on a day, or a refusal."""
    mark = tx.get(Authorisation, mark_id)
    mark.permits(product_id, on)
    return mark


@dataclass(frozen=True, slots=True)
class LicensedSale:
    """One paid order line that bears a licensor's property; `net` is its price without VAT, after discounts.

    `gross` is the same before discounts. Without a `territory` the grant of one is not checked. `licence_ids` are all
    the licences on the piece.
    """

    order_id: UUID
    line_no: int
    product_id: UUID
    sku: str
    category: str
    channel: str
    units: int
    net: Money
    placed_on: date
    paid_on: date
    gross: Money | None = None
    territory: str | None = None
    licence_ids: tuple[UUID, ...] = ()


def accrue(tx: Transaction, licence_id: UUID, sale: LicensedSale) -> None:
    """Accrue a sale's royalty, once; a sale the licence did not permit is reported as a breach instead."""
    accrual_id = Accrual.id_of(sale.order_id, sale.line_no, licence_id)
    if tx.find(Accrual, accrual_id) or tx.find(Breach, Breach.id_of(sale.order_id, sale.line_no, licence_id)):
        return
    licence = tx.get(Licence, licence_id)
    try:
        standing = licence.permits(sale.category, sale.territory, sale.channel, sale.placed_on)
        conversion = licence.counts_in(sale.net.currency, sale.paid_on)
    except SouvenirError as refusal:
        tx.save(_breach(licence_id, sale, sale.net.at_rate(licence.terms.price_share), refusal))
        return
    share = licence.terms.price_share * _share_under_cap(tx, licence, sale)
    period = period_of(sale.paid_on, licence.terms.period_months)
    number = contract_year(licence.grant.starts, sale.paid_on)
    change = Change(sale.units, _into(sale.net, conversion, licence).at_rate(share), standing, period, period)
    figures, counted = _figures(tx, licence, number, change)
    gross = _into(sale.gross or sale.net, conversion, licence)
    place = {"channel": sale.channel, "territory": sale.territory}
    details = Details(**place, gross=gross, share=share, conversion=conversion)
    line = (licence_id, sale.order_id, sale.line_no, sale.product_id, sale.sku)
    tx.save(Accrual.accrue(*line, standing, figures, counted, sale.paid_on, details))


def reverse(
    tx: Transaction, licence_id: UUID, order_id: UUID, line_no: int, return_id: UUID, units: int, net: Money, on: date
) -> None:
    """Take back what returned goods had earned, in the contract year they were sold in; a breach earned nothing.

    `net` is the price given back, without VAT.
    """
    use = tx.find(CapUse, CapUse.id_of(order_id, line_no, licence_id))
    if use is not None:
        use.give_back(return_id, units)
        tx.save(use)
    accrual = tx.find(Accrual, Accrual.id_of(order_id, line_no, licence_id))
    if accrual is None or return_id in accrual.returns:
        return
    licence, details = tx.get(Licence, licence_id), accrual.details
    share = details.share if details else licence.terms.price_share
    base = accrual.base_back(units, _into(net, details.conversion if details else None, licence).at_rate(share))
    sold, period = accrual.counted, period_of(on, licence.terms.period_months)
    change = Change(-units, -base, accrual.standing, sold_in=sold.period, period=period)
    figures, counted = _figures(tx, licence, sold.contract_year, change)
    accrual.reverse(return_id, mirrored(figures), counted, on, period)
    tx.save(accrual)


def take_units(tx: Transaction, licence_ids: Iterable[UUID], order_id: UUID, line_no: int, units: int) -> None:
    """Take an order line's units from the caps of licences that allow no more. Raises UnitCapReached.

    They are taken first and looked at then: two orders at once cannot both have the last ones.
    """
    for licence_id in licence_ids:
        licence = tx.get(Licence, licence_id)
        cap = licence.terms.unit_cap
        if cap is None or not licence.terms.refuse_over_cap:
            continue
        if tx.find(CapUse, CapUse.id_of(order_id, line_no, licence_id)) is None:
            tx.save(CapUse.take(licence_id, order_id, line_no, units))
            left = cap - cap_used(tx.session, licence_id)
            if left < 0:
                raise UnitCapReached(contract_no=licence.contract_no, cap=cap, left=left + units, units=units)


def give_units_back(tx: Transaction, licence_ids: Iterable[UUID], order_id: UUID, line_no: int) -> None:
    """Give back what an order line took of the caps, because the order is not kept."""
    for licence_id in licence_ids:
        use = tx.find(CapUse, CapUse.id_of(order_id, line_no, licence_id))
        if use is not None:
            use.give_back(order_id)
            tx.save(use)


def _figures(tx: Transaction, licence: Licence, number: int, change: Change) -> tuple[Figures, Counted]:
    totals = totals_of(tx.session, licence.id, licence.terms)
    return figures_of(licence.agreed, totals, year_of(tx.session, licence.id, number, licence.terms), change)


def _share_under_cap(tx: Transaction, licence: Licence, sale: LicensedSale) -> Decimal:
    """The part of the price that bears this licence's rate, where the rates of all licences on the piece are capped.

    share_j = rate_j / Σ rate · cap: every licence's base shrinks by cap / Σ rate, so that less is earned by each.
    """
    if len(sale.licence_ids) < 2:
        return Decimal(1)
    all_of_them = [tx.get(Licence, licence_id) for licence_id in sale.licence_ids]
    caps = [each.terms.stacking_cap for each in all_of_them if each.terms.stacking_cap is not None]
    if not caps:
        return Decimal(1)
    combined = sum((_rate_now(tx, each, sale.paid_on) for each in all_of_them), Decimal(0))
    return min(caps) / combined if combined > min(caps) else Decimal(1)


def _rate_now(tx: Transaction, licence: Licence, on: date) -> Decimal:
    """The rate the next sale of a day begins at."""
    year = year_of(tx.session, licence.id, contract_year(licence.grant.starts, on), licence.terms)
    terms = licence.agreed.at(period_of(on, licence.terms.period_months))
    return rate_reached_at(terms, year.units, year.base)


def _into(amount: Money, conversion: Conversion | None, licence: Licence) -> Money:
    """An amount in the licence's currency."""
    return amount if conversion is None else converted(amount, conversion.rate, licence.terms.currency)


def _refuse_overlap(tx: Transaction, licence: Licence) -> None:
    for other in meeting(tx.session, licence.id, licence.grant.starts, licence.grant.ends):
        licence.scope.refuse_overlap(other)


def _breach(licence_id: UUID, sale: LicensedSale, base: Money, refusal: SouvenirError) -> Breach:
    return Breach.report(
        licence_id,
        sale.order_id,
        sale.line_no,
        sale.product_id,
        sale.sku,
        sale.units,
        base,
        refusal.code,
        sale.paid_on,
    )
