"""The royalty position of every licence: by period, by product, and down to the order line behind each amount."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from souvenir.eventlog import Session, View, when
from souvenir.kernel.money import Money, total
from souvenir.licensing.accrual import Accrual
from souvenir.licensing.adjustment import Adjustment
from souvenir.licensing.breach import Breach
from souvenir.licensing.licence import Licence
from souvenir.licensing.periods import last_day_of
from souvenir.licensing.statement import Statement

LARGEST_PAGE: Final = 200
MOST_LICENCES: Final = 1000


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """What one royalty period added: returns are subtracted in the period in which they came back.

    What an amendment changed counts in the period whose sales it is about.
    """

    period: str
    sold: int
    returned: int
    base: Money
    earned: Money
    recouped: Money
    payable: Money
    marketing_fund: Money


@dataclass(frozen=True, slots=True)
class ProductFigures:
    """What one product has earned its licensor, returns subtracted; adjustments by amendment are of no product."""

    product_id: UUID
    sku: str
    sold: int
    returned: int
    base: Money
    earned: Money
    recouped: Money
    payable: Money


@dataclass(frozen=True, slots=True)
class Position:
    """One licence as of a day. `earned` is `recouped` + `payable`; the marketing fund is owed besides.

    `unrecouped` is what later royalties will absorb: of the agreed advance, of what was made up to a guarantee by the last
    day of a stated period, or of a credit carried forward; no more of what has lapsed.
    """

    licence_id: UUID
    contract_no: str
    licensor: str
    property_name: Mapping[str, str]
    currency: str
    advance_agreed: Money
    advance_paid: Money
    withheld: Money
    base: Money
    earned: Money
    recouped: Money
    unrecouped: Money
    payable: Money
    marketing_fund: Money
    breaches: int
    periods: tuple[PeriodFigures, ...]
    products: tuple[ProductFigures, ...]


@dataclass(frozen=True, slots=True)
class AccrualLine:
    """One sale or return behind the position; a return's amounts are negative."""

    seq: str
    accrual_id: UUID
    return_id: UUID | None
    order_id: UUID
    line_no: int
    product_id: UUID
    sku: str
    business_date: date
    period: str
    units: int
    base: Money
    rate: str
    earned: Money
    recouped: Money
    payable: Money
    marketing_fund: Money


@dataclass(frozen=True, slots=True)
class BreachLine:
    """One sale made outside the licence; it bears no royalty here and is settled with the licensor apart."""

    order_id: UUID
    line_no: int
    sku: str
    business_date: date
    units: int
    base: Money
    code: str


class Royalties(View):
    """Every licence, every accrual and reversal, every breach, and what statements made up to guarantees."""

    name = "royalties"
    tables = (
        "licences",
        "licence_advances",
        "licence_guarantees",
        "royalty_lines",
        "royalty_adjustments",
        "licence_breaches",
    )
    ddl = (
        """CREATE TABLE IF NOT EXISTS licences (
            licence_id TEXT PRIMARY KEY, contract_no TEXT NOT NULL, licensor TEXT NOT NULL, property_name TEXT NOT NULL,
            currency TEXT NOT NULL, advance BIGINT NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS licence_advances (
            licence_id TEXT NOT NULL, reference TEXT NOT NULL, paid_on TEXT NOT NULL,
            amount BIGINT NOT NULL, withheld BIGINT NOT NULL, PRIMARY KEY (licence_id, reference))""",
        """CREATE TABLE IF NOT EXISTS licence_guarantees (
            licence_id TEXT NOT NULL, stated_to TEXT NOT NULL, made_up BIGINT NOT NULL, lapsed BIGINT NOT NULL,
            PRIMARY KEY (licence_id, stated_to))""",
        """CREATE TABLE IF NOT EXISTS royalty_lines (
            licence_id TEXT NOT NULL, seq TEXT NOT NULL, accrual_id TEXT NOT NULL, return_id TEXT,
            order_id TEXT NOT NULL, line_no INTEGER NOT NULL, product_id TEXT NOT NULL, sku TEXT NOT NULL,
            business_date TEXT NOT NULL, period TEXT NOT NULL, units BIGINT NOT NULL, base BIGINT NOT NULL,
            rate TEXT NOT NULL, earned BIGINT NOT NULL, recouped BIGINT NOT NULL, payable BIGINT NOT NULL,
            marketing_fund BIGINT NOT NULL, PRIMARY KEY (licence_id, seq))""",
        """CREATE TABLE IF NOT EXISTS royalty_adjustments (
            licence_id TEXT NOT NULL, adjustment_id TEXT PRIMARY KEY, period TEXT NOT NULL, business_date TEXT NOT NULL,
            earned BIGINT NOT NULL, recouped BIGINT NOT NULL, payable BIGINT NOT NULL, marketing_fund BIGINT NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS licence_breaches (
            licence_id TEXT NOT NULL, order_id TEXT NOT NULL, line_no INTEGER NOT NULL, sku TEXT NOT NULL,
            business_date TEXT NOT NULL, units BIGINT NOT NULL, base BIGINT NOT NULL, currency TEXT NOT NULL,
            code TEXT NOT NULL, PRIMARY KEY (licence_id, order_id, line_no))""",
    )

    @when(Licence.Granted)
    def _granted(self, session: Session, event: Licence.Granted) -> None:
        session.run(
            "INSERT INTO licences VALUES (?, ?, ?, ?, ?, ?)",
            str(event.originator_id),
            event.contract_no,
            event.licensor,
            json.dumps(dict(event.property_name), ensure_ascii=False),
            event.terms.currency,
            event.terms.agreed_advance.minor,
        )

    @when(Licence.AdvancePaid)
    def _advance_paid(self, session: Session, event: Licence.AdvancePaid) -> None:
        session.run(
            "INSERT INTO licence_advances VALUES (?, ?, ?, ?, ?)",
            str(event.originator_id),
            event.reference,
            event.paid_on.isoformat(),
            event.amount.minor,
            event.withheld.minor,
        )

    @when(Statement.Issued)
    def _stated(self, session: Session, event: Statement.Issued) -> None:
        header, account = event.header, event.header.account
        if account.shortfall or account.lapsed:
            session.run(
                "INSERT INTO licence_guarantees VALUES (?, ?, ?, ?)",
                str(header.licence_id),
                last_day_of(header.period).isoformat(),
                account.shortfall.minor if account.shortfall else 0,
                account.lapsed.minor if account.lapsed else 0,
            )

    @when(Accrual.Accrued)
    def _accrued(self, session: Session, event: Accrual.Accrued) -> None:
        _add_line(session, event, None, event.counted.period, sign=1)

    @when(Accrual.Reversed)
    def _reversed(self, session: Session, event: Accrual.Reversed) -> None:
        _add_line(session, event, str(event.return_id), event.period, sign=-1)

    @when(Adjustment.Made)
    def _adjusted(self, session: Session, event: Adjustment.Made) -> None:
        session.run(
            "INSERT INTO royalty_adjustments VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            str(event.licence_id),
            str(event.originator_id),
            event.period,
            event.business_date.isoformat(),
            event.royalty.minor,
            event.recouped.minor,
            event.payable.minor,
            event.marketing_fund.minor,
        )

    @when(Breach.Reported)
    def _breached(self, session: Session, event: Breach.Reported) -> None:
        session.run(
            "INSERT INTO licence_breaches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            str(event.licence_id),
            str(event.order_id),
            event.line_no,
            event.sku,
            event.business_date.isoformat(),
            event.units,
            event.base.minor,
            event.base.currency,
            event.code,
        )

    def licence_ids(self, session: Session) -> list[UUID]:
        """Every licence, in order of contract number, at most 1,000."""
        rows = session.rows("SELECT licence_id FROM licences ORDER BY contract_no LIMIT ?", MOST_LICENCES)
        return [UUID(row[0]) for row in rows]

    def position(self, session: Session, licence_id: UUID, as_of: date | None = None) -> Position | None:
        """Where a licence stands at the end of a day, by its business dates; without a day, everything known."""
        licence = session.row(
            "SELECT contract_no, licensor, property_name, currency, advance FROM licences WHERE licence_id = ?",
            str(licence_id),
        )
        if licence is None:
            return None
        contract_no, licensor, property_name, currency, advance = licence
        span = (str(licence_id), as_of.isoformat() if as_of else "9999-12-31")
        paid, withheld = _sums(
            session, "SUM(amount), SUM(withheld) FROM licence_advances WHERE licence_id = ? AND paid_on <= ?", span
        )
        made_up, lapsed = _sums(
            session, "SUM(made_up), SUM(lapsed) FROM licence_guarantees WHERE licence_id = ? AND stated_to <= ?", span
        )
        (breaches,) = _sums(session, "COUNT(*) FROM licence_breaches WHERE licence_id = ? AND business_date <= ?", span)
        periods = tuple(
            PeriodFigures(period, sold, returned, *(Money(minor, currency) for minor in amounts))
            for period, sold, returned, *amounts in session.rows(_BY_PERIOD, *span, *span)
        )
        products = tuple(
            ProductFigures(UUID(id), sku, sold, returned, *(Money(minor, currency) for minor in amounts))
            for id, sku, sold, returned, *amounts in session.rows(_BY_PRODUCT, *span)
        )
        agreed = Money(advance, currency)
        recouped = total((p.recouped for p in periods), currency)
        return Position(
            licence_id=licence_id,
            contract_no=contract_no,
            licensor=licensor,
            property_name=json.loads(property_name),
            currency=currency,
            advance_agreed=agreed,
            advance_paid=Money(paid, currency),
            withheld=Money(withheld, currency),
            base=total((p.base for p in periods), currency),
            earned=total((p.earned for p in periods), currency),
            recouped=recouped,
            unrecouped=max(agreed + Money(made_up - lapsed, currency) - recouped, Money.zero(currency)),
            payable=total((p.payable for p in periods), currency),
            marketing_fund=total((p.marketing_fund for p in periods), currency),
            breaches=breaches,
            periods=periods,
            products=products,
        )

    def accruals(
        self, session: Session, licence_id: UUID, period: str | None = None, after: str = "", first: int = 50
    ) -> list[AccrualLine]:
        """The sales and returns behind a position, in order of business date; `after` is the last `seq` seen."""
        rows = session.rows(
            f"{_LINES} WHERE l.licence_id = ? AND l.seq > ? AND (? = '' OR l.period = ?) ORDER BY l.seq LIMIT ?",
            str(licence_id),
            after,
            period or "",
            period or "",
            max(1, min(first, LARGEST_PAGE)),
        )
        return [_line(row) for row in rows]

    def breaches(self, session: Session, licence_id: UUID, first: int = 50) -> list[BreachLine]:
        """Sales made outside the licence, in order of business date, at most 200."""
        rows = session.rows(
            "SELECT order_id, line_no, sku, business_date, units, base, currency, code FROM licence_breaches "
            "WHERE licence_id = ? ORDER BY business_date, order_id, line_no LIMIT ?",
            str(licence_id),
            max(1, min(first, LARGEST_PAGE)),
        )
        return [
            BreachLine(UUID(order), line, sku, date.fromisoformat(day), units, Money(base, currency), code)
            for order, line, sku, day, units, base, currency, code in rows
        ]


_BY_PERIOD = """SELECT period,
    CAST(SUM(CASE WHEN return_id IS NULL THEN units ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN return_id IS NULL THEN 0 ELSE -units END) AS BIGINT),
    CAST(SUM(base) AS BIGINT), CAST(SUM(earned) AS BIGINT), CAST(SUM(recouped) AS BIGINT),
    CAST(SUM(payable) AS BIGINT), CAST(SUM(marketing_fund) AS BIGINT)
    FROM (
        SELECT period, return_id, units, base, earned, recouped, payable, marketing_fund
        FROM royalty_lines WHERE licence_id = ? AND business_date <= ?
        UNION ALL SELECT period, NULL, 0, 0, earned, recouped, payable, marketing_fund
        FROM royalty_adjustments WHERE licence_id = ? AND business_date <= ?
    ) AS entries GROUP BY period ORDER BY period"""
_BY_PRODUCT = """SELECT product_id, sku,
    CAST(SUM(CASE WHEN return_id IS NULL THEN units ELSE 0 END) AS BIGINT),
    CAST(SUM(CASE WHEN return_id IS NULL THEN 0 ELSE -units END) AS BIGINT),
    CAST(SUM(base) AS BIGINT), CAST(SUM(earned) AS BIGINT), CAST(SUM(recouped) AS BIGINT),
    CAST(SUM(payable) AS BIGINT)
    FROM royalty_lines WHERE licence_id = ? AND business_date <= ? GROUP BY product_id, sku ORDER BY sku"""
_LINES = (
    "SELECT l.seq, l.accrual_id, l.return_id, l.order_id, l.line_no, l.product_id, l.sku, l.business_date, l.period, "
    "l.units, l.rate, p.currency, l.base, l.earned, l.recouped, l.payable, l.marketing_fund "
    "FROM royalty_lines l JOIN licences p ON p.licence_id = l.licence_id"
)


def _sums(session: Session, question: str, span: tuple[str, str]) -> tuple[int, ...]:
    row = session.row(f"SELECT {question}", *span)
    return tuple(int(value or 0) for value in row or ())


def _add_line(
    session: Session,
    event: Accrual.Accrued | Accrual.Reversed,
    return_id: str | None,
    period: str,
    sign: int,
) -> None:
    session.run(
        "INSERT INTO royalty_lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        str(event.licence_id),
        f"{event.business_date.isoformat()}/{event.originator_id}/{event.originator_version:06}",
        str(event.originator_id),
        return_id,
        str(event.order_id),
        event.line_no,
        str(event.product_id),
        event.sku,
        event.business_date.isoformat(),
        period,
        sign * event.units,
        sign * event.base.minor,
        event.rate,
        sign * event.royalty.minor,
        sign * event.recouped.minor,
        sign * event.payable.minor,
        sign * event.marketing_fund.minor,
    )


def _line(row: tuple[Any, ...]) -> AccrualLine:
    seq, accrual, returned, order, line_no, product, sku, day, period, units, rate, currency, *amounts = row
    base, earned, recouped, payable, fund = (Money(minor, currency) for minor in amounts)
    return AccrualLine(
        seq=seq,
        accrual_id=UUID(accrual),
        return_id=UUID(returned) if returned else None,
        order_id=UUID(order),
        line_no=line_no,
        product_id=UUID(product),
        sku=sku,
        business_date=date.fromisoformat(day),
        period=period,
        units=units,
        base=base,
        rate=rate,
        earned=earned,
        recouped=recouped,
        payable=payable,
        marketing_fund=fund,
    )
