"""Where each licence stands: written with every accrual, return and advance, and read before the next is computed."""

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from souvenir.eventlog import Register, Session, when
from souvenir.kernel.money import Money
from souvenir.licensing.accrual import Accrual, OverCap
from souvenir.licensing.adjustment import Adjustment
from souvenir.licensing.approval import Approval
from souvenir.licensing.cap_use import CapUse
from souvenir.licensing.grant import Scope
from souvenir.licensing.licence import Licence
from souvenir.licensing.position import Count, Totals, Year
from souvenir.licensing.statement import Statement
from souvenir.licensing.terms import RoyaltyTerms


class RoyaltyPositions(Register):
    """One row per licence with its totals, one per contract year and period of sale with what tiers count, one per
    statement, so that a period is stated once and the next statement knows where to begin.
    """

    name = "royalty_positions"
    tables = (
        "royalty_positions",
        "royalty_counts",
        "royalty_statements",
        "licence_scopes",
        "licence_cap_uses",
        "approvals_open",
    )
    ddl = (
        """CREATE TABLE IF NOT EXISTS royalty_positions (
            licence_id TEXT PRIMARY KEY, currency TEXT NOT NULL, advance_paid BIGINT NOT NULL, withheld BIGINT NOT NULL,
            units BIGINT NOT NULL, earned BIGINT NOT NULL, outside BIGINT NOT NULL, marketing_fund BIGINT NOT NULL,
            cash BIGINT NOT NULL, settled BIGINT NOT NULL, period TEXT NOT NULL,
            over_units BIGINT NOT NULL, over_base BIGINT NOT NULL, over_charge BIGINT NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS royalty_counts (
            licence_id TEXT NOT NULL, contract_year INTEGER NOT NULL, period TEXT NOT NULL,
            units BIGINT NOT NULL, base BIGINT NOT NULL, rate TEXT NOT NULL,
            PRIMARY KEY (licence_id, contract_year, period))""",
        """CREATE TABLE IF NOT EXISTS royalty_statements (
            licence_id TEXT NOT NULL, period TEXT NOT NULL, contract_no TEXT NOT NULL, issued_on TEXT NOT NULL,
            currency TEXT NOT NULL, amount BIGINT NOT NULL, due_on TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (licence_id, period))""",
        """CREATE TABLE IF NOT EXISTS licence_scopes (
            licence_id TEXT PRIMARY KEY, starts TEXT NOT NULL, ends TEXT NOT NULL, scope TEXT NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS approvals_open (
            approval_id TEXT NOT NULL, stage TEXT NOT NULL, answer_due TEXT NOT NULL, PRIMARY KEY (approval_id, stage))""",
        """CREATE TABLE IF NOT EXISTS licence_cap_uses (licence_id TEXT PRIMARY KEY, units BIGINT NOT NULL)""",
    )

    @when(Licence.Granted)
    def _granted(self, session: Session, event: Licence.Granted) -> None:
        session.run(
            "INSERT INTO licence_scopes VALUES (?, ?, ?, ?)",
            str(event.originator_id),
            event.grant.starts.isoformat(),
            event.grant.ends.isoformat(),
            _written(Scope.of(event.contract_no, event.property_name, event.grant)),
        )
        advance = event.terms.agreed_advance
        session.run(
            "INSERT INTO royalty_positions VALUES (?, ?, 0, 0, 0, 0, 0, 0, ?, ?, '', 0, 0, 0)",
            str(event.originator_id),
            advance.currency,
            advance.minor,
            advance.minor,
        )

    @when(Licence.Renewed, Licence.Terminated)
    def _ends(self, session: Session, event: Licence.Renewed | Licence.Terminated) -> None:
        session.run(
            "UPDATE licence_scopes SET ends = ? WHERE licence_id = ?", event.ends.isoformat(), str(event.originator_id)
        )

    @when(Approval.Submitted)
    def _submitted(self, session: Session, event: Approval.Submitted) -> None:
        session.run(
            "INSERT INTO approvals_open VALUES (?, ?, ?)",
            str(event.originator_id),
            event.stage,
            event.answer_due.isoformat(),
        )

    @when(Approval.Answered, Approval.SilenceCounted)
    def _answered(self, session: Session, event: Approval.Answered | Approval.SilenceCounted) -> None:
        session.run(
            "DELETE FROM approvals_open WHERE approval_id = ? AND stage = ?", str(event.originator_id), event.stage
        )

    @when(CapUse.Taken)
    def _cap_used(self, session: Session, event: CapUse.Taken) -> None:
        _use_cap(session, event.licence_id, event.units)

    @when(CapUse.GivenBack)
    def _cap_given_back(self, session: Session, event: CapUse.GivenBack) -> None:
        _use_cap(session, event.licence_id, -event.units)

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
        session.run(
            "UPDATE royalty_positions SET settled = CASE WHEN period < ? THEN cash ELSE settled END, "
            "period = CASE WHEN period < ? THEN ? ELSE period END, earned = earned + ?, outside = outside + ?, "
            "marketing_fund = marketing_fund + ?, cash = cash + ? WHERE licence_id = ?",
            event.period,
            event.period,
            event.period,
            (event.royalty - event.outside).minor,
            event.outside.minor,
            event.marketing_fund.minor,
            (event.payable - event.outside).minor,
            str(event.licence_id),
        )
        session.run(
            "UPDATE royalty_counts SET rate = ? WHERE licence_id = ? AND contract_year = ? AND period = ?",
            str(event.period_rate),
            str(event.licence_id),
            event.contract_year,
            event.period,
        )

    @when(Statement.Issued)
    def _issued(self, session: Session, event: Statement.Issued) -> None:
        """What a statement asked to be paid is settled: a late return is credited, and takes nothing back."""
        header = event.header
        cash = header.account.cash_to_date.minor
        session.run(
            "UPDATE royalty_positions SET settled = CASE WHEN settled < ? THEN ? ELSE settled END WHERE licence_id = ?",
            cash,
            cash,
            str(header.licence_id),
        )
        session.run(
            "INSERT INTO royalty_statements VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            str(header.licence_id),
            header.period,
            header.contract_no,
            header.issued_on.isoformat(),
            header.currency,
            header.due.amount.minor,
            header.due.on.isoformat(),
            event.digest,
        )


def totals_of(session: Session, licence_id: UUID, terms: RoyaltyTerms) -> Totals:
    """Where a licence stands now."""
    row = session.row(
        "SELECT units, earned, outside, marketing_fund, cash, settled, period, over_units, over_base, over_charge "
        "FROM royalty_positions WHERE licence_id = ?",
        str(licence_id),
    )
    if row is None:
        return Totals.opening(terms)
    units, earned, outside, fund, cash, settled, period, over_units, over_base, over_charge = row

    def money(minor: int) -> Money:
        return Money(minor, terms.currency)

    over = OverCap(units=over_units, base=money(over_base), charge=money(over_charge))
    return Totals(units, money(earned), money(outside), money(fund), money(cash), money(settled), period, over)


def year_of(session: Session, licence_id: UUID, number: int, terms: RoyaltyTerms) -> Year:
    """What the tiers of one contract year have counted, by period of sale."""
    rows = session.rows(
        "SELECT period, units, base, rate FROM royalty_counts WHERE licence_id = ? AND contract_year = ? ORDER BY period",
        str(licence_id),
        number,
    )
    counts = tuple(
        Count(period, units, Money(base, terms.currency), Decimal(rate)) for period, units, base, rate in rows
    )
    return Year(number, terms.currency, counts)


def _move(session: Session, event: Accrual.Accrued | Accrual.Reversed, period: str, sign: int) -> None:
    """Add a sale, or subtract a return. The first change of a new period settles the ones before it."""
    over, counted = event.over_cap, event.counted
    over_units, over_base, over_charge = (over.units, over.base.minor, over.charge.minor) if over else (0, 0, 0)
    session.run(
        "UPDATE royalty_positions SET settled = CASE WHEN period < ? THEN cash ELSE settled END, "
        "period = CASE WHEN period < ? THEN ? ELSE period END, units = units + ?, earned = earned + ?, "
        "outside = outside + ?, marketing_fund = marketing_fund + ?, cash = cash + ?, "
        "over_units = over_units + ?, over_base = over_base + ?, over_charge = over_charge + ? WHERE licence_id = ?",
        period,
        period,
        period,
        sign * event.units,
        sign * (event.royalty - event.outside).minor,
        sign * event.outside.minor,
        sign * event.marketing_fund.minor,
        sign * (event.payable - event.outside).minor,
        sign * over_units,
        sign * over_base,
        sign * over_charge,
        str(event.licence_id),
    )
    session.run(
        "INSERT INTO royalty_counts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (licence_id, contract_year, period) "
        "DO UPDATE SET units = royalty_counts.units + excluded.units, base = royalty_counts.base + excluded.base",
        str(event.licence_id),
        counted.contract_year,
        counted.period,
        sign * (event.units - over_units),
        sign * (event.base.minor - over_base),
        str(counted.period_rate),
    )


def meeting(session: Session, licence_id: UUID, starts: date, ends: date) -> list[Scope]:
    """What other licences grant whose term meets a span of days."""
    rows = session.rows(
        "SELECT ends, scope FROM licence_scopes WHERE licence_id <> ? AND starts <= ? AND ends >= ? ORDER BY licence_id",
        str(licence_id),
        ends.isoformat(),
        starts.isoformat(),
    )
    return [_read(scope, date.fromisoformat(last)) for last, scope in rows]


def unanswered(session: Session, on: date, limit: int) -> list[UUID]:
    """Approvals whose answer was due before a day, the longest overdue first."""
    rows = session.rows(
        "SELECT approval_id FROM approvals_open WHERE answer_due < ? ORDER BY answer_due, approval_id LIMIT ?",
        on.isoformat(),
        limit,
    )
    return list(dict.fromkeys(UUID(row[0]) for row in rows))


def cap_used(session: Session, licence_id: UUID) -> int:
    """How many units of a licence's cap orders have taken, and not given back."""
    row = session.row("SELECT units FROM licence_cap_uses WHERE licence_id = ?", str(licence_id))
    return int(row[0]) if row else 0


@dataclass(frozen=True, slots=True)
class Issued:
    """One statement in a list of them."""

    statement_id: UUID
    period: str
    issued_on: date
    due: Money
    due_on: date
    digest: str


def issued(session: Session, licence_id: UUID) -> list[Issued]:
    """Every statement of a licence, the latest first, at most 200."""
    rows = session.rows(
        "SELECT period, issued_on, currency, amount, due_on, digest FROM royalty_statements WHERE licence_id = ? "
        "ORDER BY period DESC LIMIT 200",
        str(licence_id),
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


def _use_cap(session: Session, licence_id: UUID, units: int) -> None:
    session.run(
        "INSERT INTO licence_cap_uses VALUES (?, ?) ON CONFLICT (licence_id) "
        "DO UPDATE SET units = licence_cap_uses.units + excluded.units",
        str(licence_id),
        units,
    )


def _written(scope: Scope) -> str:
    """A scope as the register keeps it: the same text for the same scope."""
    fields = scope.model_dump(mode="json")
    return json.dumps(fields | {"property_name": sorted(scope.property_name)}, ensure_ascii=False, sort_keys=True)


def _read(text: str, ends: date) -> Scope:
    scope = Scope.model_validate_json(text)
    return scope.model_copy(update={"grant": scope.grant.model_copy(update={"ends": ends})})
