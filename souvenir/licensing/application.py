"""What staff, API and processes may ask of licences: sign, pay an advance, certify a mark, check a sale, accrue, reverse."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.localized import LocalizedText
from souvenir.kernel.money import Money
from souvenir.licensing.accrual import Accrual, Details
from souvenir.licensing.authorisation import Authorisation
from souvenir.licensing.breach import Breach
from souvenir.licensing.licence import Grant, Licence, Standing
from souvenir.licensing.position import Change, figures_of, mirrored
from souvenir.licensing.registers import totals_of, year_of
from souvenir.licensing.terms import RoyaltyTerms, contract_year, period_of


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
                tx.save(licence)
            else:
                known.signed_again(licensor, property_name, grant, terms)
            return licence.id

        return self._log.execute(decide)

    def record_advance(
        self, licence_id: UUID, reference: str, amount: Money, withheld: Money, paid_on: date
    ) -> Committed[None]:
        """Record a payment of the advance; `reference` is the bank's, so that one payment counts once."""

        def decide(tx: Transaction) -> None:
            licence = tx.get(Licence, licence_id)
            licence.pay_advance(reference, amount, withheld, paid_on)
            tx.save(licence)

        return self._log.execute(decide)

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
            licence.counts_in(currency)
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

    `gross` is the same before discounts. Without a `territory` the grant of one is not checked.
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


def accrue(tx: Transaction, licence_id: UUID, sale: LicensedSale) -> None:
    """Accrue a sale's royalty, once; a sale the licence did not permit is reported as a breach instead."""
    accrual_id = Accrual.id_of(sale.order_id, sale.line_no, licence_id)
    if tx.find(Accrual, accrual_id) or tx.find(Breach, Breach.id_of(sale.order_id, sale.line_no, licence_id)):
        return
    licence = tx.get(Licence, licence_id)
    base = sale.net.at_rate(licence.terms.price_share)
    try:
        standing = licence.permits(sale.category, sale.territory, sale.channel, sale.placed_on)
        licence.counts_in(base.currency)
    except SouvenirError as refusal:
        tx.save(_breach(licence_id, sale, base, refusal))
        return
    terms = licence.terms
    period = period_of(sale.paid_on, terms.period_months)
    year = year_of(tx.session, licence_id, contract_year(licence.grant.starts, sale.paid_on), terms)
    change = Change(sale.units, base, standing, sold_in=period, period=period)
    figures, counted = figures_of(terms, totals_of(tx.session, licence_id, terms), year, change)
    details = Details(channel=sale.channel, territory=sale.territory, gross=sale.gross or sale.net)
    line = (licence_id, sale.order_id, sale.line_no, sale.product_id, sale.sku)
    tx.save(Accrual.accrue(*line, standing, figures, counted, sale.paid_on, details))


def reverse(
    tx: Transaction, licence_id: UUID, order_id: UUID, line_no: int, return_id: UUID, units: int, net: Money, on: date
) -> None:
    """Take back what returned goods had earned, in the contract year they were sold in; a breach earned nothing.

    `net` is the price given back, without VAT.
    """
    accrual = tx.find(Accrual, Accrual.id_of(order_id, line_no, licence_id))
    if accrual is None or return_id in accrual.returns:
        return
    terms = tx.get(Licence, licence_id).terms
    base = accrual.base_back(units, net.at_rate(terms.price_share))
    sold, period = accrual.counted, period_of(on, terms.period_months)
    change = Change(-units, -base, accrual.standing, sold_in=sold.period, period=period)
    year = year_of(tx.session, licence_id, sold.contract_year, terms)
    figures, counted = figures_of(terms, totals_of(tx.session, licence_id, terms), year, change)
    accrual.reverse(return_id, mirrored(figures), counted, on, period)
    tx.save(accrual)


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
