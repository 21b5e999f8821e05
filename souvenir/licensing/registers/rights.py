"""What every sale is checked against: contracts as they stand, approvals that were given, and the use of unit caps."""

import json
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from souvenir.eventlog import Register, Session, when
from souvenir.kernel.clock import stamp
from souvenir.kernel.errors import NotFound
from souvenir.licensing.approval import Approval
from souvenir.licensing.cap_use import CapUse
from souvenir.licensing.contract import Contract
from souvenir.licensing.grant import Scope
from souvenir.licensing.licence import Licence
from souvenir.licensing.sell_off_stock import SellOffStock


class Rights(Register):
    """One row per licence with its contract, which one statement reads; one per approval, per stage that waits for an
    answer, per granted scope, per product counted for a sell-off; and one per property, which whoever grants it must hold
    until the commit.
    """

    name = "licence_rights"
    tables = (
        "licence_contracts",
        "licence_scopes",
        "licence_cap_uses",
        "cap_uses_open",
        "licence_approvals",
        "approvals_open",
        "licensed_properties",
        "sell_off_stock",
    )
    ddl = (
        "CREATE TABLE IF NOT EXISTS licence_contracts (licence_id TEXT PRIMARY KEY, contract TEXT NOT NULL)",
        """CREATE TABLE IF NOT EXISTS licence_scopes (
            licence_id TEXT PRIMARY KEY, starts TEXT NOT NULL, ends TEXT NOT NULL, scope TEXT NOT NULL)""",
        "CREATE TABLE IF NOT EXISTS licence_cap_uses (licence_id TEXT PRIMARY KEY, units BIGINT NOT NULL)",
        """CREATE TABLE IF NOT EXISTS cap_uses_open (
            use_id TEXT PRIMARY KEY, order_id TEXT NOT NULL, taken_at TEXT NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS licence_approvals (
            licence_id TEXT NOT NULL, product_id TEXT NOT NULL, approval_id TEXT NOT NULL UNIQUE, last_stage TEXT NOT NULL,
            approved_on TEXT, PRIMARY KEY (licence_id, product_id))""",
        """CREATE TABLE IF NOT EXISTS approvals_open (
            approval_id TEXT NOT NULL, stage TEXT NOT NULL, answer_due TEXT NOT NULL, PRIMARY KEY (approval_id, stage))""",
        "CREATE TABLE IF NOT EXISTS licensed_properties (name TEXT PRIMARY KEY, grants BIGINT NOT NULL)",
        """CREATE TABLE IF NOT EXISTS sell_off_stock (
            licence_id TEXT NOT NULL, product_id TEXT NOT NULL, units BIGINT NOT NULL, counted_on TEXT NOT NULL,
            PRIMARY KEY (licence_id, product_id))""",
    )

    @when(Licence.Granted)
    def _granted(self, session: Session, event: Licence.Granted) -> None:
        key = str(event.originator_id)
        session.run("INSERT INTO licence_contracts VALUES (?, ?)", key, signed(event).model_dump_json())
        session.run(
            "INSERT INTO licence_scopes VALUES (?, ?, ?, ?)",
            key,
            event.grant.starts.isoformat(),
            event.grant.ends.isoformat(),
            _written(scope := Scope.of(event.contract_no, event.property_name, event.grant)),
        )
        _hold_property(session, scope)

    @when(Licence.Renewed, Licence.Terminated, Licence.RateAgreed, Licence.Amended)
    def _changed(
        self, session: Session, event: Licence.Renewed | Licence.Terminated | Licence.RateAgreed | Licence.Amended
    ) -> None:
        key, contract = str(event.originator_id), contract_of(session, event.originator_id)
        match event:
            case Licence.Renewed():
                contract = contract.renewed(event.ends)
            case Licence.Terminated():
                contract = contract.terminated(event.ends, event.sell_off_days)
            case Licence.RateAgreed():
                contract = contract.converting(event.conversion)
            case Licence.Amended():
                contract = contract.amended(event.effective_from, event.terms)
        written = contract.model_dump_json()
        session.run("UPDATE licence_contracts SET contract = ? WHERE licence_id = ?", written, key)
        if isinstance(event, Licence.Renewed | Licence.Terminated):
            ends = event.ends.isoformat()
            session.run("UPDATE licence_scopes SET ends = ? WHERE licence_id = ?", ends, key)
        if isinstance(event, Licence.Renewed):
            row = session.row("SELECT scope FROM licence_scopes WHERE licence_id = ?", key)
            assert row is not None, "what is renewed was granted"
            _hold_property(session, Scope.model_validate_json(row[0]))

    @when(Approval.Opened)
    def _opened(self, session: Session, event: Approval.Opened) -> None:
        session.run(
            "INSERT INTO licence_approvals VALUES (?, ?, ?, ?, NULL)",
            str(event.licence_id),
            str(event.product_id),
            str(event.originator_id),
            event.rules.stages[-1],
        )

    @when(Approval.Submitted)
    def _submitted(self, session: Session, event: Approval.Submitted) -> None:
        due = event.answer_due.isoformat()
        session.run("INSERT INTO approvals_open VALUES (?, ?, ?)", str(event.originator_id), event.stage, due)

    @when(Approval.Answered)
    def _answered(self, session: Session, event: Approval.Answered) -> None:
        _settle(session, event.originator_id, event.stage, event.outcome != "rejected", event.answered_on)

    @when(Approval.SilenceCounted)
    def _silence_counted(self, session: Session, event: Approval.SilenceCounted) -> None:
        _settle(session, event.originator_id, event.stage, event.outcome != "rejected", event.on)

    @when(CapUse.Taken)
    def _cap_used(self, session: Session, event: CapUse.Taken) -> None:
        _use(session, event, event.units)
        session.run(
            "INSERT INTO cap_uses_open VALUES (?, ?, ?)",
            str(event.originator_id),
            str(event.order_id),
            stamp(event.timestamp),
        )

    @when(CapUse.Kept)
    def _cap_kept(self, session: Session, event: CapUse.Kept) -> None:
        session.run("DELETE FROM cap_uses_open WHERE use_id = ?", str(event.originator_id))

    @when(CapUse.GivenBack)
    def _cap_given_back(self, session: Session, event: CapUse.GivenBack) -> None:
        _use(session, event, -event.units)
        session.run("DELETE FROM cap_uses_open WHERE use_id = ?", str(event.originator_id))

    @when(SellOffStock.Counted, SellOffStock.Recounted)
    def _stock_counted(self, session: Session, event: SellOffStock.Counted | SellOffStock.Recounted) -> None:
        session.run(
            "INSERT INTO sell_off_stock VALUES (?, ?, ?, ?) ON CONFLICT (licence_id, product_id) "
            "DO UPDATE SET units = excluded.units, counted_on = excluded.counted_on",
            str(event.licence_id),
            str(event.product_id),
            event.units,
            event.counted_on.isoformat(),
        )


def signed(event: Licence.Granted) -> Contract:
    """The contract as it was signed."""
    facts = {"contract_no": event.contract_no, "licensor": event.licensor}
    return Contract(id=event.originator_id, **facts, grant=event.grant, terms=event.terms)


def contract_of(session: Session, licence_id: UUID) -> Contract:
    """A licence's contract as it stands. Raises NotFound."""
    row = session.row("SELECT contract FROM licence_contracts WHERE licence_id = ?", str(licence_id))
    if row is None:
        raise NotFound(kind="Licence", id=str(licence_id))
    return _contract(row[0])


def contract_and_approval(session: Session, licence_id: UUID, product_id: UUID) -> tuple[Contract, date | None]:
    """A licence's contract, and since when the last stage of a product is approved under it. Raises NotFound."""
    row = session.row(
        "SELECT c.contract, a.approved_on FROM licence_contracts c LEFT JOIN licence_approvals a "
        "ON a.licence_id = c.licence_id AND a.product_id = ? WHERE c.licence_id = ?",
        str(product_id),
        str(licence_id),
    )
    if row is None:
        raise NotFound(kind="Licence", id=str(licence_id))
    return _contract(row[0]), date.fromisoformat(row[1]) if row[1] else None


def meeting(session: Session, licence_id: UUID, starts: date, ends: date) -> list[Scope]:
    """What other licences grant whose term meets a span of days."""
    rows = session.rows(
        "SELECT ends, scope FROM licence_scopes WHERE licence_id <> ? AND starts <= ? AND ends >= ? ORDER BY licence_id",
        str(licence_id),
        ends.isoformat(),
        starts.isoformat(),
    )
    return [_scope(scope, date.fromisoformat(last)) for last, scope in rows]


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


def stock_left(session: Session, licence_id: UUID, product_id: UUID, on: date) -> int | None:
    """What is left on a day of a product's stock in a sell-off; None if nobody had counted it before that day."""
    row = session.row(
        "SELECT units FROM sell_off_stock WHERE licence_id = ? AND product_id = ? AND counted_on < ?",
        str(licence_id),
        str(product_id),
        on.isoformat(),
    )
    return int(row[0]) if row else None


def orders_with_units(session: Session, taken_by: datetime, limit: int) -> list[UUID]:
    """Orders that took units of a cap by an instant, and of which nobody has heard since; the oldest first."""
    rows = session.rows(
        "SELECT order_id FROM cap_uses_open WHERE taken_at <= ? ORDER BY taken_at, use_id LIMIT ?",
        stamp(taken_by),
        limit,
    )
    return list(dict.fromkeys(UUID(row[0]) for row in rows))


def _use(session: Session, event: CapUse.Taken | CapUse.GivenBack, units: int) -> None:
    licence = str(event.licence_id)
    session.run(
        "INSERT INTO licence_cap_uses VALUES (?, ?) ON CONFLICT (licence_id) "
        "DO UPDATE SET units = licence_cap_uses.units + excluded.units",
        licence,
        units,
    )
    if event.stock_of is not None:
        session.run(
            "UPDATE sell_off_stock SET units = units - ? WHERE licence_id = ? AND product_id = ?",
            units,
            licence,
            str(event.stock_of),
        )


def _hold_property(session: Session, scope: Scope) -> None:
    """Two grants of one property are decided one after the other: the second waits here until the first is committed."""
    for name in sorted(scope.property_name):
        session.run(
            "INSERT INTO licensed_properties VALUES (?, 1) "
            "ON CONFLICT (name) DO UPDATE SET grants = licensed_properties.grants + 1",
            name,
        )


def _settle(session: Session, approval_id: UUID, stage: str, passed: bool, on: date) -> None:
    key = str(approval_id)
    session.run("DELETE FROM approvals_open WHERE approval_id = ? AND stage = ?", key, stage)
    if passed:
        session.run(
            "UPDATE licence_approvals SET approved_on = ? WHERE approval_id = ? AND last_stage = ?",
            on.isoformat(),
            key,
            stage,
        )


@lru_cache(maxsize=1024)
def _contract(text: str) -> Contract:
    """Read a contract; the same text is read once, whatever changes in the meantime is another text."""
    return Contract.model_validate_json(text)


def _written(scope: Scope) -> str:
    """A scope as the register keeps it: the same text for the same scope."""
    fields = scope.model_dump(mode="json")
    return json.dumps(fields | {"property_name": sorted(scope.property_name)}, ensure_ascii=False, sort_keys=True)


def _scope(text: str, ends: date) -> Scope:
    scope = Scope.model_validate_json(text)
    return scope.model_copy(update={"grant": scope.grant.model_copy(update={"ends": ends})})
