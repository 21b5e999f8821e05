"""What a sale asks of its licences, within its own transaction: permission, units under a cap, royalty and its reversal."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from souvenir.eventlog import Transaction
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money
from souvenir.licensing.accrual import Accrual, Counted, Details, Figures
from souvenir.licensing.approval import Approval, ProductNotApproved
from souvenir.licensing.authorisation import Authorisation
from souvenir.licensing.breach import Breach
from souvenir.licensing.cap_use import CapUse, UnitCapReached
from souvenir.licensing.conversion import Conversion
from souvenir.licensing.licence import Licence, Standing
from souvenir.licensing.position import Change, Totals, Year, counted_in, figures_of, mirrored, moved
from souvenir.licensing.registers import (
    cap_used,
    totals_of,
    year_of,
)
from souvenir.licensing.royalty.net_sales import converted
from souvenir.licensing.royalty.tiers import rate_reached_at
from souvenir.licensing.terms import contract_year, period_of


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
    product_id: UUID | None = None,
) -> tuple[Permission, ...]:
    """Every licence's permission for a sale, or the first refusal: LicenceLapsed, TerritoryNotGranted and their like.

    With a `product_id`, its approval is asked for where the contract wants one.
    """
    permissions = []
    for licence_id in licence_ids:
        licence = tx.get(Licence, licence_id)
        standing = licence.permits(category, territory, channel, on, made_on)
        if currency is not None:
            licence.counts_in(currency, on)
        if product_id is not None:
            require_approval(tx, licence, product_id, on)
        permissions.append(Permission(licence_id, licence.contract_no, standing))
    return tuple(permissions)


def require_approval(tx: Transaction, licence: Licence, product_id: UUID, on: date) -> None:
    """Refuse a product whose last stage the licensor has not approved, where the contract asks for it."""
    rules = licence.grant.approval
    if rules is None:
        return
    approval = tx.find(Approval, Approval.id_of(licence.id, product_id))
    if approval is None:
        facts = {"contract_no": licence.contract_no, "product_id": product_id}
        raise ProductNotApproved(**facts, stage=rules.stages[-1], on=on)
    approval.require(on)


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


class Positions:
    """Where licences stand, as one transaction moves them: read from the register once, then counted on in memory.

    Whoever accrues and reverses in a transaction does so through the same positions.
    """

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self._totals: dict[UUID, Totals] = {}
        self._years: dict[tuple[UUID, int], Year] = {}

    def year(self, licence: Licence, number: int) -> Year:
        """What the tiers of one contract year have counted."""
        known = self._years.get((licence.id, number))
        if known is None:
            known = self._years[licence.id, number] = year_of(self.tx.session, licence.id, number, licence.terms)
        return known

    def move(self, licence: Licence, number: int, change: Change) -> tuple[Figures, Counted]:
        """What a sale or a return does to the royalty; the position is then where that leaves it."""
        totals, year = self._totals.get(licence.id), self.year(licence, number)
        if totals is None:
            totals = totals_of(self.tx.session, licence.id, licence.terms)
        figures, counted = figures_of(licence.agreed, totals, year, change)
        self._totals[licence.id] = moved(totals, figures, change.period)
        self._years[licence.id, number] = counted_in(year, licence.agreed, figures, change.sold_in)
        return figures, counted


def accrue(positions: Positions, licence_id: UUID, sale: LicensedSale) -> None:
    """Accrue a sale's royalty, once; a sale the licence did not permit is reported as a breach instead."""
    tx = positions.tx
    accrual_id = Accrual.id_of(sale.order_id, sale.line_no, licence_id)
    if tx.find(Accrual, accrual_id) or tx.find(Breach, Breach.id_of(sale.order_id, sale.line_no, licence_id)):
        return
    licence = tx.get(Licence, licence_id)
    try:
        standing = licence.permits(sale.category, sale.territory, sale.channel, sale.placed_on)
        require_approval(tx, licence, sale.product_id, sale.placed_on)
        conversion = licence.counts_in(sale.net.currency, sale.paid_on)
    except SouvenirError as refusal:
        tx.save(_breach(licence_id, sale, sale.net.at_rate(licence.terms.price_share), refusal))
        return
    share = licence.terms.price_share * _share_under_cap(positions, licence, sale)
    period = period_of(sale.paid_on, licence.terms.period_months)
    number = contract_year(licence.grant.starts, sale.paid_on)
    change = Change(sale.units, _into(sale.net, conversion, licence).at_rate(share), standing, period, period)
    figures, counted = positions.move(licence, number, change)
    gross = _into(sale.gross or sale.net, conversion, licence)
    place = {"channel": sale.channel, "territory": sale.territory}
    details = Details(**place, gross=gross, share=share, conversion=conversion)
    line = (licence_id, sale.order_id, sale.line_no, sale.product_id, sale.sku)
    tx.save(Accrual.accrue(*line, standing, figures, counted, sale.paid_on, details))


def reverse(
    positions: Positions,
    licence_id: UUID,
    order_id: UUID,
    line_no: int,
    return_id: UUID,
    units: int,
    net: Money,
    on: date,
) -> None:
    """Take back what returned goods had earned, in the contract year they were sold in; a breach earned nothing.

    `net` is the price given back, without VAT.
    """
    tx = positions.tx
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
    figures, counted = positions.move(licence, sold.contract_year, change)
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


def _share_under_cap(positions: Positions, licence: Licence, sale: LicensedSale) -> Decimal:
    """The part of the price that bears this licence's rate, where the rates of all licences on the piece are capped.

    share_j = rate_j / Σ rate · cap: every licence's base shrinks by cap / Σ rate, so that less is earned by each.
    """
    if len(sale.licence_ids) < 2:
        return Decimal(1)
    all_of_them = [positions.tx.get(Licence, licence_id) for licence_id in sale.licence_ids]
    caps = [each.terms.stacking_cap for each in all_of_them if each.terms.stacking_cap is not None]
    if not caps:
        return Decimal(1)
    combined = sum((_rate_now(positions, each, sale.paid_on) for each in all_of_them), Decimal(0))
    return min(caps) / combined if combined > min(caps) else Decimal(1)


def _rate_now(positions: Positions, licence: Licence, on: date) -> Decimal:
    """The rate the next sale of a day begins at."""
    year = positions.year(licence, contract_year(licence.grant.starts, on))
    terms = licence.agreed.at(period_of(on, licence.terms.period_months))
    return rate_reached_at(terms, year.units, year.base)


def _into(amount: Money, conversion: Conversion | None, licence: Licence) -> Money:
    """An amount in the licence's currency."""
    return amount if conversion is None else converted(amount, conversion.rate, licence.terms.currency)


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
