"""What a sale asks of its licences, within its own transaction: permission, units under a cap, royalty and its reversal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from souvenir.eventlog import Transaction
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money
from souvenir.licensing.accrual import Accrual, Counted, Details, Figures
from souvenir.licensing.approval import ProductNotApproved
from souvenir.licensing.authorisation import Authorisation
from souvenir.licensing.breach import Breach
from souvenir.licensing.cap_use import CapUse, UnitCapReached
from souvenir.licensing.contract import WHOLE, Contract, Standing
from souvenir.licensing.conversion import Conversion
from souvenir.licensing.periods import contract_year, period_of
from souvenir.licensing.position import (
    Change,
    Key,
    Priced,
    Totals,
    Year,
    base_under_cap,
    mirrored,
    move,
)
from souvenir.licensing.registers.positions import totals_of, year_of
from souvenir.licensing.registers.rights import cap_used, contract_and_approval, stock_left
from souvenir.licensing.royalty.net_sales import converted
from souvenir.licensing.sell_off_stock import SellOffStockSoldOut
from souvenir.licensing.terms import Agreed

NOBODY: Final = UUID(int=0)
"""No product: for a question that is about none."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One licence's yes to a sale."""

    contract: Contract
    standing: Standing
    on: date
    product_id: UUID | None = None


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
    at: datetime | None = None,
) -> tuple[Permission, ...]:
    """Every licence's permission for a sale, or the first refusal: LicenceLapsed, TerritoryNotGranted and their like.

    With a `product_id`, its approval is asked for where the contract wants one. One statement a licence reads both.
    `at` is the instant, where it is known: then it is the licence's own calendar that says which day it is.
    """
    permissions, business_date = [], on
    for licence_id in licence_ids:
        contract, approved_on = contract_and_approval(tx.session, licence_id, product_id or NOBODY)
        on = business_date if at is None else contract.grant.day(at)
        standing = contract.permits(category, territory, channel, on, made_on)
        if currency is not None:
            contract.counts_in(currency, on)
        if product_id is not None:
            require_approval(contract, approved_on, product_id, on)
        permissions.append(Permission(contract, standing, on, product_id))
    return tuple(permissions)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a release puts goods on sale: a territory of ISO 3166, and a channel."""

    territory: str
    channel: str


def check_release(
    tx: Transaction, licence_ids: Iterable[UUID], category: str, places: Sequence[Place], at: datetime, product_id: UUID
) -> None:
    """Refuse to put goods on sale that a licence does not permit, in its own time zone, or whose approval is missing."""
    for licence_id in licence_ids:
        contract, approved_on = contract_and_approval(tx.session, licence_id, product_id)
        day = contract.grant.day(at)
        contract.standing(day)
        for place in places:
            contract.permits(category, place.territory, place.channel, day)
        require_approval(contract, approved_on, product_id, day)


def require_approval(contract: Contract, approved_on: date | None, product_id: UUID, on: date) -> None:
    """Refuse a product whose last stage the licensor had not approved by a day, where the contract asks for it."""
    rules = contract.grant.approval
    if rules is not None and (approved_on is None or approved_on > on):
        raise ProductNotApproved(contract_no=contract.contract_no, product_id=product_id, stage=rules.stages[-1], on=on)


def check_mark(tx: Transaction, mark_id: UUID, product_id: UUID, on: date) -> Authorisation:
    """The certificate under which a product carries its mark on a day, or a refusal."""
    mark = tx.look(Authorisation, mark_id)
    mark.permits(product_id, on)
    return mark


class LicensedSale(NamedTuple):
    """One paid order line that bears a licensor's property; `net` is its price without VAT, after discounts.

    `gross` is the same before discounts. Without a `territory` the grant of one is not checked. `licence_ids` are all
    the licences on the piece, `shares` the parts of the price that bear them where that is not all of it: then `net` and
    `gross` are such a part. `placed_on` is the day of the sale by the licence's calendar.
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
    gtin: str | None = None
    shares: Mapping[UUID, Decimal] = MappingProxyType({})


class Positions:
    """Where licences stand, as one transaction moves them: read from the register once, then counted on in memory.

    Whoever accrues and reverses in a transaction does so through the same positions. Sales are accrued in the order of the
    log: after one that is new, all are.
    """

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.all_new = False
        self._contracts: dict[tuple[UUID, UUID], tuple[Contract, date | None]] = {}
        self._agreed: dict[UUID, Agreed] = {}
        self._totals: dict[UUID, Totals] = {}
        self._accounts: dict[UUID | tuple[UUID, int], Totals] = {}
        self._years: dict[tuple[UUID, int], Year] = {}
        self._earned: dict[tuple[UUID, int], tuple[int, int]] = {}

    def contract(self, licence_id: UUID, product_id: UUID) -> tuple[Contract, date | None]:
        """A licence's contract, and since when a product is approved under it."""
        known = self._contracts.get((licence_id, product_id))
        if known is None:
            known = contract_and_approval(self.tx.session, licence_id, product_id)
            self._contracts[licence_id, product_id] = known
        return known

    def year(self, contract: Contract, number: int) -> Year:
        """What tiers and caps of one contract year have counted."""
        known = self._years.get((contract.id, number))
        if known is None:
            known = self._years[contract.id, number] = year_of(self.tx.session, contract.id, number, contract.terms)
        return known

    def base_under_cap(self, contract: Contract, number: int, key: Key, goods: Priced) -> Money:
        """What goods add to the base where discounts are capped; they are counted with it."""
        base, self._years[contract.id, number] = base_under_cap(
            contract.agreed, self.year(contract, number), key, goods
        )
        return base

    def move(self, contract: Contract, number: int, change: Change) -> tuple[Figures, Counted]:
        """What a sale or a return does to the royalty; the position is then where that leaves it."""
        key, year = (contract.id, number), self.year(contract, number)
        agreed = self._agreed.get(contract.id)
        if agreed is None:
            agreed = self._agreed[contract.id] = contract.agreed
        moved = move(agreed, self._totals_of(contract, number), year, change, self._earned.get(key))
        self._years[key], self._earned[key] = moved.year, moved.earned
        self._totals[contract.id] = moved.totals
        if contract.terms.years_apart:
            self._accounts[key] = moved.totals
        elif contract.terms.shared_account is not None:
            self._accounts[contract.account_id] = moved.totals
        return moved.figures, moved.counted

    def _totals_of(self, contract: Contract, number: int) -> Totals:
        totals = self._totals.get(contract.id)
        if contract.terms.years_apart:
            year = self._accounts.get((contract.id, number)) or totals_of(self.tx.session, contract, number)
            return (totals or year).sharing(year)
        totals = totals or totals_of(self.tx.session, contract)
        if contract.terms.shared_account is None:
            return totals
        return totals.sharing(self._accounts.get(contract.account_id, totals))


def accrue(positions: Positions, licence_id: UUID, sale: LicensedSale) -> None:
    """Accrue a sale's royalty, once; a sale the licence did not permit is reported as a breach instead.

    So are, besides what they are charged, units sold offline beyond a cap that refuses more, or beyond the stock that was
    counted for a sell-off.
    """
    tx = positions.tx
    if not positions.all_new and tx.find(Accrual, Accrual.id_of(sale.order_id, sale.line_no, licence_id)):
        return
    contract, approved_on = positions.contract(licence_id, sale.product_id)
    scarce = contract.caps_units or sale.placed_on > contract.grant.ends
    counted_before = scarce and keep_units(tx, licence_id, sale.order_id, sale.line_no)
    try:
        standing = contract.permits(sale.category, sale.territory, sale.channel, sale.placed_on)
        require_approval(contract, approved_on, sale.product_id, sale.placed_on)
        conversion = contract.counts_in(sale.net.currency, sale.paid_on, sale.placed_on)
    except SouvenirError as refusal:
        if tx.find(Breach, Breach.id_of(sale.order_id, sale.line_no, licence_id)) is None:
            base = sale.net.at_rate(contract.terms.price_share)
            tx.save(_breach(licence_id, sale, sale.units, base, refusal.code))
        return
    beyond = _take_offline(tx, contract, standing, sale) if scarce and not counted_before else 0
    terms = contract.terms
    period = period_of(sale.paid_on, terms.period_months)
    number = contract_year(contract.grant.starts, sale.paid_on)
    net, gross = _into(sale.net, conversion, contract), _into(sale.gross or sale.net, conversion, contract)
    discount, under_cap = gross - net, _share_under_cap(positions, contract, sale)
    if terms.discount_cap is None:
        base = _part(net, terms.price_share * under_cap)
    else:
        goods = Priced(gross.minor, discount.minor)
        base = _part(positions.base_under_cap(contract, number, (period, terms.article_of(sale.sku)), goods), under_cap)
    figures, counted = positions.move(
        contract, number, Change(sale.units, base.minor, standing, period, period, sale.sku)
    )
    details = Details(
        channel=sale.channel,
        territory=sale.territory,
        gross=gross,
        share=terms.price_share * under_cap,
        conversion=conversion,
        discount=discount,
        gtin=sale.gtin,
    )
    line = (licence_id, sale.order_id, sale.line_no, sale.product_id, sale.sku)
    tx.save(Accrual.accrue(*line, standing, figures, counted, sale.paid_on, details))
    positions.all_new = True
    if contract.caps_units and figures.over_cap is not None:
        over = figures.over_cap
        tx.save(_breach(licence_id, sale, over.units, over.base, UnitCapReached.code))
    elif beyond:
        share = base.split([beyond, sale.units - beyond])[0]
        tx.save(_breach(licence_id, sale, beyond, share, SellOffStockSoldOut.code))


def _take_offline(tx: Transaction, contract: Contract, standing: Standing, sale: LicensedSale) -> int:
    """Take what nobody was asked for; answers how many units lie beyond the stock of a sell-off."""
    stock = _stock_left(tx, contract, standing, sale.product_id, sale.placed_on)
    if contract.caps_units or stock is not None:
        stock_of = None if stock is None else sale.product_id
        line = (contract.id, sale.order_id, sale.line_no)
        tx.save(CapUse.take(*line, sale.units, kept=True, stock_of=stock_of))
    return 0 if stock is None else max(0, min(sale.units, sale.units - stock))


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
    contract, details = positions.contract(licence_id, accrual.product_id)[0], accrual.details
    share = details.share if details else contract.terms.price_share
    credited = _into(net, details.conversion if details else None, contract)
    sold, period = accrual.counted, period_of(on, contract.terms.period_months)
    discount = accrual.gross_back(units) - credited
    if contract.terms.discount_cap is None:
        base = accrual.base_back(units, _part(credited, share))
    else:
        goods = Priced(accrual.gross_back(units).minor, discount.minor, sign=-1)
        under_cap = share / contract.terms.price_share
        base = -_part(
            positions.base_under_cap(contract, sold.contract_year, (sold.period, sold.article), goods), under_cap
        )
    change = Change(-units, -base.minor, accrual.standing, sold.period, period, accrual.sku)
    figures, counted = positions.move(contract, sold.contract_year, change)
    accrual.reverse(return_id, mirrored(figures), counted, on, period, discount)
    tx.save(accrual)


def take_units(tx: Transaction, permissions: Iterable[Permission], order_id: UUID, line_no: int, units: int) -> None:
    """Take an order line's units from the caps of licences that permit it and allow no more, and from counted stock.

    They are taken first and looked at then: two orders at once cannot both have the last ones. Raises UnitCapReached or
    SellOffStockSoldOut.
    """
    for each in permissions:
        contract, stock = each.contract, _stock_left(tx, each.contract, each.standing, each.product_id, each.on)
        if not contract.caps_units and stock is None:
            continue
        if tx.find(CapUse, CapUse.id_of(order_id, line_no, contract.id)) is not None:
            continue
        stock_of = None if stock is None else each.product_id
        tx.save(CapUse.take(contract.id, order_id, line_no, units, stock_of=stock_of))
        if contract.caps_units:
            cap = contract.terms.unit_cap or 0
            left = cap - cap_used(tx.session, contract.id)
            if left < 0:
                raise UnitCapReached(contract_no=contract.contract_no, cap=cap, left=max(0, left + units), units=units)
        left = _stock_left(tx, contract, each.standing, each.product_id, each.on) or 0
        if left < 0:
            raise SellOffStockSoldOut(contract_no=contract.contract_no, left=max(0, left + units), units=units)


def _stock_left(
    tx: Transaction, contract: Contract, standing: Standing, product_id: UUID | None, on: date
) -> int | None:
    """What is left to sell off of a product, where that was counted before the day."""
    if standing != "sell_off" or product_id is None:
        return None
    return stock_left(tx.session, contract.id, product_id, on)


def keep_units(tx: Transaction, licence_id: UUID, order_id: UUID, line_no: int) -> bool:
    """The order is paid: its units stay sold until goods come back. False if it took none, as offline sales do not."""
    use = tx.find(CapUse, CapUse.id_of(order_id, line_no, licence_id))
    if use is not None:
        use.keep()
        tx.save(use)
    return use is not None


def give_units_back(tx: Transaction, licence_ids: Iterable[UUID], order_id: UUID, line_no: int) -> None:
    """Give back what an order line took of the caps, because the order is not kept."""
    for licence_id in licence_ids:
        use = tx.find(CapUse, CapUse.id_of(order_id, line_no, licence_id))
        if use is not None:
            use.give_back(order_id)
            tx.save(use)


def _share_under_cap(positions: Positions, contract: Contract, sale: LicensedSale) -> Decimal:
    """The part of the price that bears this licence's rate, where the rates of all licences on the piece are capped.

    share_j = rate_j / Σ rate · cap: every licence's base shrinks by cap / Σ rate, so that less is earned by each.
    """
    if len(sale.licence_ids) < 2:
        return WHOLE
    all_of_them = [positions.contract(licence_id, sale.product_id)[0] for licence_id in sale.licence_ids]
    caps = [each.terms.stacking_cap for each in all_of_them if each.terms.stacking_cap is not None]
    if not caps:
        return WHOLE
    combined = sum(
        (_rate_now(positions, each, sale.paid_on) * sale.shares.get(each.id, WHOLE) for each in all_of_them), Decimal(0)
    )
    return min(caps) / combined if combined > min(caps) else WHOLE


def _rate_now(positions: Positions, contract: Contract, on: date) -> Decimal:
    """The rate the next sale of a day begins at."""
    year = positions.year(contract, contract_year(contract.grant.starts, on))
    terms = contract.agreed.at(period_of(on, contract.terms.period_months))
    return year.rate_reached(terms)


def _part(amount: Money, share: Decimal) -> Money:
    """So much of an amount."""
    return amount if share == 1 else amount.at_rate(share)


def _into(amount: Money, conversion: Conversion | None, contract: Contract) -> Money:
    """An amount in the licence's currency."""
    return amount if conversion is None else converted(amount, conversion.rate, contract.terms.currency)


def _breach(licence_id: UUID, sale: LicensedSale, units: int, base: Money, code: str) -> Breach:
    return Breach.report(
        licence_id,
        sale.order_id,
        sale.line_no,
        product_id=sale.product_id,
        sku=sale.sku,
        units=units,
        base=base,
        code=code,
        business_date=sale.paid_on,
    )
