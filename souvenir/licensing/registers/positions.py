"""Where each licence stands: written with every accrual, return and advance, and read before the next is computed."""

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final
from uuid import UUID

from souvenir.eventlog import Register, Session, when
from souvenir.kernel.money import Money
from souvenir.licensing.accrual import Accrual, OverCap
from souvenir.licensing.adjustment import Adjustment
from souvenir.licensing.licence import Licence
from souvenir.licensing.position import Count, Totals, Year
from souvenir.licensing.registers.rights import signed
from souvenir.licensing.statement import Statement
from souvenir.licensing.terms import RoyaltyTerms, Schedule

LARGEST_PAGE: Final = 201


class RoyaltyPositions(Register):
    """One row per licence with its totals, one per account with what is due, one per contract year and period of sale
    with what tiers and caps count, one per statement, so that a period is stated once and the next knows where to begin.
    """

    name = "royalty_positions"
    tables = ("royalty_positions", "royalty_accounts", "royalty_counts", "royalty_statements")
    ddl = (
        """CREATE TABLE IF NOT EXISTS royalty_positions (
            licence_id TEXT PRIMARY KEY, account_id TEXT NOT NULL, advance_paid BIGINT NOT NULL, withheld BIGINT NOT NULL,
            units BIGINT NOT NULL, earned BIGINT NOT NULL, outside BIGINT NOT NULL, marketing_fund BIGINT NOT NULL,
            over_units BIGINT NOT NULL, over_base BIGINT NOT NULL, over_charge BIGINT NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS royalty_accounts (
            account_id TEXT PRIMARY KEY, currency TEXT NOT NULL, period_months INTEGER NOT NULL, schedule TEXT NOT NULL,
            earned BIGINT NOT NULL, cash BIGINT NOT NULL, settled BIGINT NOT NULL, period TEXT NOT NULL,
            stated TEXT NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS royalty_counts (
            licence_id TEXT NOT NULL, contract_year INTEGER NOT NULL, period TEXT NOT NULL,
            units BIGINT NOT NULL, base BIGINT NOT NULL, rate TEXT NOT NULL, gross BIGINT NOT NULL,
            discounts BIGINT NOT NULL, returned BIGINT NOT NULL, PRIMARY KEY (licence_id, contract_year, period))""",
        """CREATE TABLE IF NOT EXISTS royalty_statements (
            licence_id TEXT NOT NULL, period TEXT NOT NULL, contract_no TEXT NOT NULL, issued_on TEXT NOT NULL,
            currency TEXT NOT NULL, amount BIGINT NOT NULL, due_on TEXT NOT NULL, digest TEXT NOT NULL,
            PRIMARY KEY (licence_id, period))""",
    )

    @when(Licence.Granted)
    def _granted(self, session: Session, event: Licence.Granted) -> None:
        """Open the licence's account, or join the one it shares: its advance is due, and paid, at signing."""
        account, terms = str(signed(event).account_id), event.terms
        advance = terms.agreed_advance.minor
        session.run(
            "INSERT INTO royalty_positions VALUES (?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0)", str(event.originator_id), account
        )
        known = session.row("SELECT schedule FROM royalty_accounts WHERE account_id = ?", account)
        schedule = terms.schedule.joined(_schedule(known[0])) if known else terms.schedule
        session.run(
            "INSERT INTO royalty_accounts VALUES (?, ?, ?, ?, 0, ?, ?, '', '') ON CONFLICT (account_id) "
            "DO UPDATE SET schedule = excluded.schedule, cash = royalty_accounts.cash + excluded.cash, "
            "settled = royalty_accounts.settled + excluded.settled",
            account,
            terms.currency,
            terms.period_months,
            json.dumps(schedule.dues),
            advance,
            advance,
        )

    @when(Licence.AdvancePaid)
    def _advance_paid(self, session: Session, event: Licence.AdvancePaid) -> None:
        session.run(
            "UPDATE royalty_positions SET advance_paid = advance_paid + ?, withheld = withheld + ? WHERE licence_id = ?",
            event.amount.minor,
            event.withheld.minor,
            str(event.originator_id),
        )

    @when(Accrual.Accrued)
    def _accrued(self, session: Session, event: Accrual.Accrued) -> None:
        _move(session, event, event.counted.period, sign=1)

    @when(Accrual.Reversed)
    def _reversed(self, session: Session, event: Accrual.Reversed) -> None:
        _move(session, event, event.period, sign=-1)

    @when(Adjustment.Made)
    def _adjusted(self, session: Session, event: Adjustment.Made) -> None:
        recoupable, licence = (event.royalty - event.outside).minor, str(event.licence_id)
        session.run(
            "UPDATE royalty_positions SET earned = earned + ?, outside = outside + ?, marketing_fund = marketing_fund + ? "
            "WHERE licence_id = ?",
            recoupable,
            event.outside.minor,
            event.marketing_fund.minor,
            licence,
        )
        payable = (event.payable - event.outside).minor
        _move_account(session, event.period, event.guaranteed, recoupable, payable, licence)
        if not event.period_rate:
            return
        session.run(
            "UPDATE royalty_counts SET rate = ? WHERE licence_id = ? AND contract_year = ? AND period = ?",
            str(event.period_rate),
            licence,
            event.contract_year,
            event.period,
        )

    @when(Statement.Issued)
    def _issued(self, session: Session, event: Statement.Issued) -> None:
        """What a statement asked to be paid is settled: a late return is credited, and takes nothing back."""
        header = event.header
        cash, licence = header.account.cash_to_date.minor, str(header.licence_id)
        session.run(
            "UPDATE royalty_accounts SET stated = ?, cash = CASE WHEN cash < ? THEN ? ELSE cash END, "
            "settled = CASE WHEN settled < ? THEN ? ELSE settled END "
            "WHERE account_id = (SELECT account_id FROM royalty_positions WHERE licence_id = ?)",
            str(event.originator_id),
            cash,
            cash,
            cash,
            cash,
            licence,
        )
        session.run(
            "INSERT INTO royalty_statements VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            licence,
            header.period,
            header.contract_no,
            header.issued_on.isoformat(),
            header.currency,
            header.due.amount.minor,
            header.due.on.isoformat(),
            event.digest,
        )


@dataclass(frozen=True, slots=True)
class AccountKept:
    """One account: what it is kept in, what is guaranteed, and the statement that last brought it forward, if any."""

    currency: str
    period_months: int
    schedule: Schedule
    stated: UUID | None


def account_kept(session: Session, account_id: UUID) -> AccountKept | None:
    """An account that was opened; None before the first of its contracts is signed."""
    row = session.row(
        "SELECT currency, period_months, schedule, stated FROM royalty_accounts WHERE account_id = ?", str(account_id)
    )
    if row is None:
        return None
    currency, months, schedule, stated = row
    return AccountKept(currency, months, _schedule(schedule), UUID(stated) if stated else None)


def totals_of(session: Session, licence_id: UUID, terms: RoyaltyTerms) -> Totals:
    """Where a licence, and the account it is kept in, stand now."""
    row = session.row(
        "SELECT l.units, a.earned, l.outside, l.marketing_fund, a.cash, a.settled, a.period, l.over_units, l.over_base, "
        "l.over_charge, a.schedule FROM royalty_positions l JOIN royalty_accounts a ON a.account_id = l.account_id "
        "WHERE l.licence_id = ?",
        str(licence_id),
    )
    if row is None:
        return Totals.opening(terms)
    units, earned, outside, fund, cash, settled, period, over_units, over_base, over_charge, schedule = row

    def money(minor: int) -> Money:
        return Money(minor, terms.currency)

    over = OverCap(units=over_units, base=money(over_base), charge=money(over_charge))
    sums = (money(earned), money(outside), money(fund), money(cash), money(settled))
    return Totals(units, *sums, period, over, _schedule(schedule))


def own_earned(session: Session, licence_id: UUID, currency: str) -> Money:
    """What one licence has earned that may recoup, whoever it shares an account with."""
    row = session.row("SELECT earned FROM royalty_positions WHERE licence_id = ?", str(licence_id))
    return Money(row[0] if row else 0, currency)


def year_of(session: Session, licence_id: UUID, number: int, terms: RoyaltyTerms) -> Year:
    """What tiers and caps of one contract year have counted, by period of sale."""
    rows = session.rows(
        "SELECT period, units, base, rate, gross, discounts, returned FROM royalty_counts "
        "WHERE licence_id = ? AND contract_year = ? ORDER BY period",
        str(licence_id),
        number,
    )
    counts = tuple(
        Count(period, units, Money(base, terms.currency), Decimal(rate), *capped)
        for period, units, base, rate, *capped in rows
    )
    return Year(number, terms.currency, counts)


def _move(session: Session, event: Accrual.Accrued | Accrual.Reversed, period: str, sign: int) -> None:
    """Add a sale, or subtract a return. The first change of a new period settles the ones before it."""
    over, counted, details = event.over_cap, event.counted, event.details
    over_units, over_base, over_charge = (over.units, over.base.minor, over.charge.minor) if over else (0, 0, 0)
    licence, recoupable = str(event.licence_id), sign * (event.royalty - event.outside).minor
    session.run(
        "UPDATE royalty_positions SET units = units + ?, earned = earned + ?, outside = outside + ?, "
        "marketing_fund = marketing_fund + ?, over_units = over_units + ?, over_base = over_base + ?, "
        "over_charge = over_charge + ? WHERE licence_id = ?",
        sign * event.units,
        recoupable,
        sign * event.outside.minor,
        sign * event.marketing_fund.minor,
        sign * over_units,
        sign * over_base,
        sign * over_charge,
        licence,
    )
    _move_account(
        session, period, counted.guaranteed, recoupable, sign * (event.payable - event.outside).minor, licence
    )
    gross = details.gross.minor if details else 0
    discount = details.discount.minor if details and details.discount else 0
    session.run(
        "INSERT INTO royalty_counts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (licence_id, contract_year, period) DO UPDATE SET "
        "units = royalty_counts.units + excluded.units, base = royalty_counts.base + excluded.base, "
        "gross = royalty_counts.gross + excluded.gross, discounts = royalty_counts.discounts + excluded.discounts, "
        "returned = royalty_counts.returned + excluded.returned",
        licence,
        counted.contract_year,
        counted.period,
        sign * (event.units - over_units),
        sign * (event.base.minor - over_base),
        str(counted.period_rate),
        gross if sign > 0 else 0,
        sign * discount,
        0 if sign > 0 else gross,
    )


def _move_account(
    session: Session, period: str, guaranteed: Money | None, earned: int, payable: int, licence: str
) -> None:
    """Close what came before a new period, with what it guaranteed; then add what is earned and due."""
    floor = guaranteed.minor if guaranteed else 0
    session.run(
        "UPDATE royalty_accounts SET "
        "settled = CASE WHEN period >= ? THEN settled WHEN cash < ? THEN ? ELSE cash END, "
        "cash = CASE WHEN period < ? AND cash < ? THEN ? ELSE cash END + ?, "
        "period = CASE WHEN period < ? THEN ? ELSE period END, earned = earned + ? "
        "WHERE account_id = (SELECT account_id FROM royalty_positions WHERE licence_id = ?)",
        period,
        floor,
        floor,
        period,
        floor,
        floor,
        payable,
        period,
        period,
        earned,
        licence,
    )


@lru_cache(maxsize=1024)
def _schedule(text: str) -> Schedule:
    return Schedule(tuple((due, minor) for due, minor in json.loads(text)))


@dataclass(frozen=True, slots=True)
class Issued:
    """One statement in a list of them."""

    statement_id: UUID
    period: str
    issued_on: date
    due: Money
    due_on: date
    digest: str


def issued(session: Session, licence_id: UUID, before: str | None = None, first: int = LARGEST_PAGE) -> list[Issued]:
    """The statements of a licence, the latest first: those of periods before one, if it is given."""
    rows = session.rows(
        "SELECT period, issued_on, currency, amount, due_on, digest FROM royalty_statements WHERE licence_id = ? "
        "AND (? = '' OR period < ?) ORDER BY period DESC LIMIT ?",
        str(licence_id),
        before or "",
        before or "",
        max(1, min(first, LARGEST_PAGE)),
    )
    return [
        Issued(
            statement_id=Statement.id_of(licence_id, period),
            period=period,
            issued_on=date.fromisoformat(issued_on),
            due=Money(int(amount), currency),
            due_on=date.fromisoformat(due_on),
            digest=digest,
        )
        for period, issued_on, currency, amount, due_on, digest in rows
    ]


def contract_years(session: Session, licence_id: UUID) -> list[int]:
    """The contract years in which anything was counted."""
    rows = session.rows(
        "SELECT DISTINCT contract_year FROM royalty_counts WHERE licence_id = ? ORDER BY contract_year", str(licence_id)
    )
    return [int(row[0]) for row in rows]


def last_stated(session: Session, licence_id: UUID) -> str:
    """The last period a licence was stated for; empty before the first statement."""
    row = session.row("SELECT MAX(period) FROM royalty_statements WHERE licence_id = ?", str(licence_id))
    return row[0] or "" if row else ""


def licences(session: Session) -> list[UUID]:
    """Every licence, in order of id."""
    return [UUID(row[0]) for row in session.rows("SELECT licence_id FROM royalty_positions ORDER BY licence_id")]
