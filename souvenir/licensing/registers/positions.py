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
from souvenir.licensing.accrual import Accrual
from souvenir.licensing.adjustment import Adjustment
from souvenir.licensing.contract import Contract
from souvenir.licensing.licence import Licence
from souvenir.licensing.position import Count, Over, Totals, Year
from souvenir.licensing.registers.rights import signed
from souvenir.licensing.statement import Statement
from souvenir.licensing.terms import RoyaltyTerms, Schedule

LARGEST_PAGE: Final = 201


class RoyaltyPositions(Register):
    """One row per licence with its totals, one per account with what is due, one per contract year and period of sale
    with what tiers and caps count, one per statement, so that a period is stated once and the next knows where to begin.

    Where a contract's guarantee years stand alone, what is due of it is in one row per year: the first since signing.
    """

    name = "royalty_positions"
    tables = ("royalty_positions", "royalty_accounts", "royalty_years", "royalty_counts", "royalty_statements")
    ddl = (
        """CREATE TABLE IF NOT EXISTS royalty_positions (
            licence_id TEXT PRIMARY KEY, account_id TEXT NOT NULL, advance_paid BIGINT NOT NULL, withheld BIGINT NOT NULL,
            units BIGINT NOT NULL, earned BIGINT NOT NULL, over_units BIGINT NOT NULL, over_base BIGINT NOT NULL,
            over_charge BIGINT NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS royalty_accounts (
            account_id TEXT PRIMARY KEY, currency TEXT NOT NULL, period_months INTEGER NOT NULL, schedule TEXT NOT NULL,
            earned BIGINT NOT NULL, cash BIGINT NOT NULL, settled BIGINT NOT NULL, period TEXT NOT NULL,
            stated TEXT NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS royalty_years (
            licence_id TEXT NOT NULL, contract_year INTEGER NOT NULL, earned BIGINT NOT NULL, cash BIGINT NOT NULL,
            guaranteed BIGINT NOT NULL, PRIMARY KEY (licence_id, contract_year))""",
        """CREATE TABLE IF NOT EXISTS royalty_counts (
            licence_id TEXT NOT NULL, contract_year INTEGER NOT NULL, period TEXT NOT NULL, article TEXT NOT NULL,
            units BIGINT NOT NULL, base BIGINT NOT NULL, rate TEXT NOT NULL, gross BIGINT NOT NULL,
            discounts BIGINT NOT NULL, returned BIGINT NOT NULL,
            PRIMARY KEY (licence_id, contract_year, period, article))""",
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
            "INSERT INTO royalty_positions VALUES (?, ?, 0, 0, 0, 0, 0, 0, 0)", str(event.originator_id), account
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
        if terms.years_apart:
            first = (str(event.originator_id), 1, 0, advance, advance)
            session.run("INSERT INTO royalty_years VALUES (?, ?, ?, ?, ?)", *first)

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
        session.run("UPDATE royalty_positions SET earned = earned + ? WHERE licence_id = ?", recoupable, licence)
        payable = (event.payable - event.outside).minor
        closing = _closing(event.period, event.guaranteed)
        session.run(_MOVE_ACCOUNT, *closing, payable, event.period, event.period, recoupable, licence)
        if event.guaranteed is not None:
            _move_year(session, licence, event.contract_year, recoupable, payable, event.guaranteed.minor)
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
        for year in header.account.years or ():
            _move_year(session, licence, year.contract_year, 0, 0, year.guarantee.minor)
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


def contracts_of(session: Session, account_id: UUID) -> list[UUID]:
    """The licences that are kept in an account."""
    rows = session.rows("SELECT licence_id FROM royalty_positions WHERE account_id = ?", str(account_id))
    return [UUID(row[0]) for row in rows]


def totals_of(session: Session, contract: Contract, number: int = 1) -> Totals:
    """Where a licence, and the account it is kept in, stand now; where years stand apart, the account of one of them."""
    totals = _totals_of(session, contract.id, contract.terms)
    if not contract.terms.years_apart:
        return totals
    year = Totals.of_year(contract.schedule_of(number))
    row = session.row(
        "SELECT earned, cash, guaranteed FROM royalty_years WHERE licence_id = ? AND contract_year = ?",
        str(contract.id),
        number,
    )
    if row is not None:
        year = year._replace(earned=row[0], cash=row[1], settled=row[2])
    return totals.sharing(year)


def _totals_of(session: Session, licence_id: UUID, terms: RoyaltyTerms) -> Totals:
    row = session.row(
        "SELECT l.units, a.earned, a.cash, a.settled, a.period, l.over_units, l.over_base, l.over_charge, a.schedule "
        "FROM royalty_positions l JOIN royalty_accounts a ON a.account_id = l.account_id WHERE l.licence_id = ?",
        str(licence_id),
    )
    if row is None:
        return Totals.opening(terms)
    units, earned, cash, settled, period, *over, schedule = row
    return Totals(units, earned, cash, settled, period, Over(*over), _schedule(schedule))


def own_earned(session: Session, licence_id: UUID, currency: str) -> Money:
    """What one licence has earned that may recoup, whoever it shares an account with."""
    row = session.row("SELECT earned FROM royalty_positions WHERE licence_id = ?", str(licence_id))
    return Money(row[0] if row else 0, currency)


def year_of(session: Session, licence_id: UUID, number: int, terms: RoyaltyTerms) -> Year:
    """What tiers and caps of one contract year have counted, by period of sale."""
    rows = session.rows(
        "SELECT period, article, units, base, rate, gross, discounts, returned FROM royalty_counts "
        "WHERE licence_id = ? AND contract_year = ?",
        str(licence_id),
        number,
    )
    return Year(number, terms.currency).of(
        Count(period, article, units, base, Decimal(rate), *capped)
        for period, article, units, base, rate, *capped in rows
    )


def _move(session: Session, event: Accrual.Accrued | Accrual.Reversed, period: str, sign: int) -> None:
    """Add a sale, or subtract a return. The first change of a new period settles the ones before it."""
    counted, details, licence = event.counted, event.details, str(event.licence_id)
    recoupable = sign * (event.royalty.minor - event.outside.minor)
    payable = sign * (event.payable.minor - event.outside.minor)
    over = event.over_cap
    over_units, over_base, over_charge = (over.units, over.base.minor, over.charge.minor) if over else (0, 0, 0)
    gross = details.gross.minor if details else 0
    discount = details.discount.minor if details and details.discount else 0
    session.gather(
        _MOVE_POSITION,
        sign * event.units,
        recoupable,
        sign * over_units,
        sign * over_base,
        sign * over_charge,
        licence,
    )
    session.gather(_MOVE_ACCOUNT, *_closing(period, counted.guaranteed), payable, period, period, recoupable, licence)
    if counted.guaranteed is not None:
        _move_year(session, licence, counted.contract_year, recoupable, payable, counted.guaranteed.minor)
    session.gather(
        _COUNT,
        licence,
        counted.contract_year,
        counted.period,
        counted.article,
        sign * (event.units - over_units),
        sign * (event.base.minor - over_base),
        str(counted.period_rate),
        gross if sign > 0 else 0,
        sign * discount,
        0 if sign > 0 else gross,
    )


_MOVE_POSITION: Final = (
    "UPDATE royalty_positions SET units = units + ?, earned = earned + ?, over_units = over_units + ?, "
    "over_base = over_base + ?, over_charge = over_charge + ? WHERE licence_id = ?"
)
_MOVE_ACCOUNT: Final = (
    "UPDATE royalty_accounts SET "
    "settled = CASE WHEN period >= ? THEN settled WHEN cash < ? THEN ? ELSE cash END, "
    "cash = CASE WHEN period < ? AND cash < ? THEN ? ELSE cash END + ?, "
    "period = CASE WHEN period < ? THEN ? ELSE period END, earned = earned + ? "
    "WHERE account_id = (SELECT account_id FROM royalty_positions WHERE licence_id = ?)"
)
"""Closes what came before a new period, with what it guaranteed; then adds what is due and earned."""
_MOVE_YEAR: Final = (
    "INSERT INTO royalty_years SELECT licence_id, ?, ?, ?, ? FROM royalty_years "
    "WHERE licence_id = ? AND contract_year = 1 ON CONFLICT (licence_id, contract_year) DO UPDATE SET "
    "earned = royalty_years.earned + excluded.earned, "
    "cash = CASE WHEN royalty_years.cash < excluded.guaranteed THEN excluded.guaranteed ELSE royalty_years.cash END "
    "+ excluded.cash - excluded.guaranteed, "
    "guaranteed = CASE WHEN royalty_years.guaranteed < excluded.guaranteed THEN excluded.guaranteed "
    "ELSE royalty_years.guaranteed END"
)
"""Makes what is guaranteed for a year due, then adds what is due and earned; does nothing where years are crossed."""
_COUNT: Final = (
    "INSERT INTO royalty_counts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (licence_id, contract_year, period, article) DO UPDATE SET "
    "units = royalty_counts.units + excluded.units, base = royalty_counts.base + excluded.base, "
    "gross = royalty_counts.gross + excluded.gross, discounts = royalty_counts.discounts + excluded.discounts, "
    "returned = royalty_counts.returned + excluded.returned"
)


def _move_year(session: Session, licence: str, number: int, earned: int, payable: int, guaranteed: int) -> None:
    session.gather(_MOVE_YEAR, number, earned, guaranteed + payable, guaranteed, licence)


def _closing(period: str, guaranteed: Money | None) -> tuple[str, int, int, str, int, int]:
    floor = guaranteed.minor if guaranteed else 0
    return period, floor, floor, period, floor, floor


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


def last_moved(session: Session, account_id: UUID) -> str:
    """The last period in which an account moved; empty if none."""
    row = session.row("SELECT period FROM royalty_accounts WHERE account_id = ?", str(account_id))
    return row[0] if row else ""


def licences(session: Session) -> list[UUID]:
    """Every licence, in order of id."""
    return [UUID(row[0]) for row in session.rows("SELECT licence_id FROM royalty_positions ORDER BY licence_id")]
