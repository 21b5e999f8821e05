"""The desk's list of claims: how far each has come, what is still out, and until when it is secured."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from souvenir.eventlog import Session, View, when
from souvenir.kernel.clock import stamp
from souvenir.kernel.money import Money
from souvenir.taxrefund.agency_payment import AgencyPayment
from souvenir.taxrefund.agency_statement import AgencyStatement
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.clawback import Clawback, clawback_id
from souvenir.taxrefund.guarantee import Guarantee

LARGEST_PAGE: Final = 100

_COLUMNS: Final = (
    "claim_id, claim_no, order_ids, outlet_id, region, mode, traveller, state, currency, gross, refund, fee, net, "
    "advanced, outstanding, purchased_on, issued_on, last_departure_on, promised_by, capture_by, "
    "guarantee_state, secured_until, held"
)


@dataclass(frozen=True, slots=True)
class ClaimOnList:
    """One claim as the desk sees it. `refund`, `fee` and `net` are those of the units customs confirmed, once it has."""

    id: UUID
    claim_no: str
    order_ids: tuple[UUID, ...]
    outlet_id: UUID
    region: str
    mode: str
    traveller: UUID
    state: str
    gross: Money
    refund: Money
    fee: Money
    net: Money
    advanced: Money
    outstanding: Money
    """Of the advance, what is neither earned nor recovered."""
    purchased_on: date
    issued_on: date
    last_departure_on: date
    promised_by: date | None
    capture_by: date | None
    guarantee_state: str | None
    secured_until: datetime | None
    held: Money
    """What a guarantee holds now; compare with `outstanding`."""


class ClaimList(View):
    """Every claim with its latest guarantee."""

    name = "refund_claims"
    tables = ("refund_claims", "refund_claim_orders")
    ddl = (
        """CREATE TABLE IF NOT EXISTS refund_claims (
            claim_id TEXT PRIMARY KEY, claim_no TEXT NOT NULL, order_ids TEXT NOT NULL, outlet_id TEXT NOT NULL,
            region TEXT NOT NULL, mode TEXT NOT NULL, traveller TEXT NOT NULL, state TEXT NOT NULL,
            currency TEXT NOT NULL, gross BIGINT NOT NULL, refund BIGINT NOT NULL, fee BIGINT NOT NULL,
            net BIGINT NOT NULL, advanced BIGINT NOT NULL, outstanding BIGINT NOT NULL, purchased_on TEXT NOT NULL,
            issued_on TEXT NOT NULL, last_departure_on TEXT NOT NULL, promised_by TEXT, capture_by TEXT,
            guarantee_id TEXT, guarantee_state TEXT, secured_until TEXT, held BIGINT NOT NULL)""",
        "CREATE UNIQUE INDEX IF NOT EXISTS refund_claims_by_no ON refund_claims (claim_no)",
        "CREATE INDEX IF NOT EXISTS refund_claims_by_state ON refund_claims (state, promised_by)",
        "CREATE INDEX IF NOT EXISTS refund_claims_by_guarantee ON refund_claims (guarantee_id)",
        """CREATE TABLE IF NOT EXISTS refund_claim_orders (
            order_id TEXT NOT NULL, claim_id TEXT NOT NULL, PRIMARY KEY (order_id, claim_id))""",
    )

    @when(Claim.Opened)
    def _opened(self, session: Session, event: Claim.Opened) -> None:
        claim = str(event.originator_id)
        session.run(
            "INSERT INTO refund_claims (claim_id, claim_no, order_ids, outlet_id, region, mode, traveller, state, "
            "currency, gross, refund, fee, net, advanced, outstanding, purchased_on, issued_on, last_departure_on, held) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 'issued', ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, 0)",
            claim,
            event.claim_no,
            json.dumps([str(order_id) for order_id in event.order_ids]),
            str(event.outlet_id),
            event.region,
            event.mode,
            str(event.traveller),
            event.gross.currency,
            event.gross.minor,
            event.refund.minor,
            event.fee.minor,
            event.net.minor,
            event.purchased_on.isoformat(),
            event.issued_on.isoformat(),
            event.last_departure_on.isoformat(),
        )
        for order_id in event.order_ids:
            session.run("INSERT INTO refund_claim_orders (order_id, claim_id) VALUES (?, ?)", str(order_id), claim)

    @when(Claim.Agreed)
    def _agreed(self, session: Session, event: Claim.Agreed) -> None:
        session.run(
            "UPDATE refund_claims SET state = 'agreed', promised_by = ?, capture_by = ? WHERE claim_id = ?",
            event.promised_by.isoformat(),
            event.capture_by.isoformat(),
            str(event.originator_id),
        )

    @when(Claim.Advanced)
    def _advanced(self, session: Session, event: Claim.Advanced) -> None:
        session.run(
            "UPDATE refund_claims SET state = 'advanced', advanced = ?, outstanding = ? WHERE claim_id = ?",
            event.amount.minor,
            event.amount.minor,
            str(event.originator_id),
        )

    @when(Claim.CustomsConfirmed)
    def _customs_confirmed(self, session: Session, event: Claim.CustomsConfirmed) -> None:
        session.run(
            "UPDATE refund_claims SET state = ?, refund = ?, fee = ?, net = ? WHERE claim_id = ?",
            "refused" if event.outcome == "refused" else "confirmed",
            event.refund.minor,
            event.fee.minor,
            event.net.minor,
            str(event.originator_id),
        )

    @when(Claim.AdvanceRequested, Claim.AdvanceDeclined)
    def _advancing(self, session: Session, event: Claim.AdvanceRequested | Claim.AdvanceDeclined) -> None:
        state = "advancing" if isinstance(event, Claim.AdvanceRequested) else "agreed"
        session.run("UPDATE refund_claims SET state = ? WHERE claim_id = ?", state, str(event.originator_id))

    @when(Claim.Reviewed)
    def _reviewed(self, session: Session, event: Claim.Reviewed) -> None:
        session.run(
            "UPDATE refund_claims SET state = ?, refund = ?, fee = ?, net = ? WHERE claim_id = ?",
            "rejected" if event.outcome == "refused" else "approved",
            event.refund.minor,
            event.fee.minor,
            event.net.minor,
            str(event.originator_id),
        )

    @when(Claim.Completed)
    def _completed(self, session: Session, event: Claim.Completed) -> None:
        session.run(
            "UPDATE refund_claims SET state = 'completed', outstanding = ? WHERE claim_id = ?",
            event.to_recover.minor,
            str(event.originator_id),
        )

    @when(Claim.AdvanceRecovered)
    def _advance_recovered(self, session: Session, event: Claim.AdvanceRecovered) -> None:
        session.run(
            "UPDATE refund_claims SET outstanding = outstanding - ?, "
            "state = CASE WHEN state = 'missed' AND outstanding = ? THEN 'recovered' ELSE state END WHERE claim_id = ?",
            event.amount.minor,
            event.amount.minor,
            str(event.originator_id),
        )

    @when(Claim.PromiseMissed, Claim.Paid, Claim.Settled, Claim.Voided)
    def _moved_on(
        self, session: Session, event: Claim.PromiseMissed | Claim.Paid | Claim.Settled | Claim.Voided
    ) -> None:
        state = {Claim.PromiseMissed: "missed", Claim.Paid: "paid", Claim.Settled: "settled", Claim.Voided: "voided"}
        session.run(
            "UPDATE refund_claims SET state = ? WHERE claim_id = ?", state[type(event)], str(event.originator_id)
        )

    @when(Guarantee.Held)
    def _held(self, session: Session, event: Guarantee.Held) -> None:
        session.run(
            "UPDATE refund_claims SET guarantee_id = ?, guarantee_state = 'held', secured_until = ?, held = ? "
            "WHERE claim_id = ?",
            str(event.originator_id),
            stamp(event.secured_until) if event.secured_until else None,
            event.amount.minor,
            str(event.claim_id),
        )

    @when(
        Guarantee.Released,
        Guarantee.Captured,
        Guarantee.Lapsed,
        Guarantee.Discharged,
        Guarantee.DeclaredRecoverable,
        Guarantee.WrittenOff,
    )
    def _resolved(self, session: Session, event: Any) -> None:
        states: dict[Any, str] = {
            Guarantee.Released: "released",
            Guarantee.Captured: "captured",
            Guarantee.Lapsed: "lapsed",
            Guarantee.Discharged: "discharged",
            Guarantee.DeclaredRecoverable: "recoverable",
            Guarantee.WrittenOff: "written_off",
        }
        session.run(
            "UPDATE refund_claims SET guarantee_state = ?, secured_until = NULL, held = 0 WHERE guarantee_id = ?",
            states[type(event)],
            str(event.originator_id),
        )

    @when(Guarantee.Repaid)
    def _repaid(self, session: Session, event: Guarantee.Repaid) -> None:
        session.run(
            "UPDATE refund_claims SET guarantee_state = ? WHERE guarantee_id = ?",
            "recoverable" if event.still_owed else "repaid",
            str(event.originator_id),
        )

    # Answer.

    def by_id(self, session: Session, claim_id: UUID) -> ClaimOnList | None:
        """One claim."""
        return _first(session.rows(f"SELECT {_COLUMNS} FROM refund_claims WHERE claim_id = ?", str(claim_id)))

    def by_no(self, session: Session, claim_no: str) -> ClaimOnList | None:
        """The claim with this form number."""
        return _first(session.rows(f"SELECT {_COLUMNS} FROM refund_claims WHERE claim_no = ?", claim_no))

    def of_order(self, session: Session, order_id: UUID) -> list[ClaimOnList]:
        """Every claim an order was ever on, voided ones too, by form number."""
        rows = session.rows(
            f"SELECT {_COLUMNS} FROM refund_claims WHERE claim_id IN "
            "(SELECT claim_id FROM refund_claim_orders WHERE order_id = ?) ORDER BY claim_no",
            str(order_id),
        )
        return [_claim(row) for row in rows]

    def page(
        self, session: Session, state: str | None = None, after: str = "", size: int = LARGEST_PAGE
    ) -> list[ClaimOnList]:
        """Claims by form number, after one, in a state or in any; at most a hundred at a time."""
        chosen, params = ("state = ? AND ", [state]) if state is not None else ("", [])
        rows = session.rows(
            f"SELECT {_COLUMNS} FROM refund_claims WHERE {chosen}claim_no > ? ORDER BY claim_no LIMIT ?",
            *params,
            after,
            min(size, LARGEST_PAGE),
        )
        return [_claim(row) for row in rows]

    def overdue(
        self, session: Session, on: date, size: int = LARGEST_PAGE, after: ClaimOnList | None = None
    ) -> list[ClaimOnList]:
        """Advances whose promised day is past without an answer that keeps them: the first to capture first, after one."""
        beyond = (after.capture_by.isoformat(), after.claim_no) if after and after.capture_by else ("", "")
        rows = session.rows(
            f"SELECT {_COLUMNS} FROM refund_claims WHERE outstanding > 0 "
            "AND ((state = 'advanced' AND promised_by < ?) OR state IN ('refused', 'rejected')) "
            "AND (capture_by, claim_no) > (?, ?) ORDER BY capture_by, claim_no LIMIT ?",
            on.isoformat(),
            *beyond,
            min(size, LARGEST_PAGE),
        )
        return [_claim(row) for row in rows]

    def unresolved(self, session: Session, after: str = "", size: int = LARGEST_PAGE) -> list[ClaimOnList]:
        """Claims that are decided while their guarantee is not: it is yet to be released, captured or given up."""
        rows = session.rows(
            f"SELECT {_COLUMNS} FROM refund_claims WHERE guarantee_state IN ('held', 'lapsed') AND claim_no > ? "
            "AND state IN ('completed', 'settled', 'missed', 'voided') ORDER BY claim_no LIMIT ?",
            after,
            min(size, LARGEST_PAGE),
        )
        return [_claim(row) for row in rows]

    def unsecured(self, session: Session, at: datetime, size: int = LARGEST_PAGE) -> list[ClaimOnList]:
        """Advances that nothing holds at an instant, or never held."""
        rows = session.rows(
            f"SELECT {_COLUMNS} FROM refund_claims WHERE outstanding > 0 AND state <> 'voided' "
            "AND (held = 0 OR (secured_until IS NOT NULL AND secured_until <= ?)) ORDER BY claim_no LIMIT ?",
            stamp(at),
            min(size, LARGEST_PAGE),
        )
        return [_claim(row) for row in rows]


@dataclass(frozen=True, slots=True)
class StatementOnList:
    """One settlement statement of an agency, as it was received."""

    id: UUID
    number: str
    month: date
    received_on: date
    lines: int
    settled: int
    differences: int
    amount: Money


class ReceivedStatements(View):
    """Settlement statements, by month."""

    name = "agency_statements"
    tables = ("agency_statements",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS agency_statements (
            statement_id TEXT PRIMARY KEY, number TEXT NOT NULL, month TEXT NOT NULL, received_on TEXT NOT NULL,
            lines BIGINT NOT NULL, settled BIGINT NOT NULL, differences BIGINT NOT NULL, amount BIGINT NOT NULL,
            currency TEXT NOT NULL)""",
    )

    @when(AgencyStatement.Received)
    def _received(self, session: Session, event: AgencyStatement.Received) -> None:
        session.run(
            "INSERT INTO agency_statements (statement_id, number, month, received_on, lines, settled, differences, "
            "amount, currency) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            str(event.originator_id),
            event.number,
            event.month.isoformat(),
            event.received_on.isoformat(),
            event.lines,
            event.settled,
            len(event.discrepancies) + event.more,
            event.amount.minor,
            event.amount.currency,
        )

    def page(
        self, session: Session, after: tuple[str, str] = ("", ""), size: int = LARGEST_PAGE
    ) -> list[StatementOnList]:
        """Statements by month and number, after one; at most a hundred at a time."""
        rows = session.rows(
            "SELECT statement_id, number, month, received_on, lines, settled, differences, amount, currency "
            "FROM agency_statements WHERE (month, number) > (?, ?) ORDER BY month, number LIMIT ?",
            *after,
            min(size, LARGEST_PAGE),
        )
        return [
            StatementOnList(
                UUID(id), number, date.fromisoformat(month), date.fromisoformat(on), lines, settled, differences,
                Money(amount, currency),
            )
            for id, number, month, on, lines, settled, differences, amount, currency in rows
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwedForm:
    """What came back of an agency's advance on one form, and is not on its way to it."""

    claim_id: UUID
    claim_no: str
    agency: str
    amount: Money
    came_back_on: date
    """The last of it, if it came in parts."""


class AgencyAccount(View):
    """What came back of advances that an agency paid, form by form, and what was paid to it of that."""

    name = "agency_account"
    tables = ("agency_account", "agency_payments")
    ddl = (
        """CREATE TABLE IF NOT EXISTS agency_account (
            claim_id TEXT PRIMARY KEY, claim_no TEXT NOT NULL, agency TEXT NOT NULL, currency TEXT NOT NULL,
            owed BIGINT NOT NULL, came_back_on TEXT NOT NULL, clawback_id TEXT NOT NULL)""",
        "CREATE INDEX IF NOT EXISTS agency_account_by_clawback ON agency_account (clawback_id)",
        "CREATE INDEX IF NOT EXISTS agency_account_owed ON agency_account (came_back_on, claim_id) WHERE owed > 0",
        "CREATE TABLE IF NOT EXISTS agency_payments (payment_id TEXT PRIMARY KEY, ordered_on TEXT NOT NULL)",
    )

    @when(Claim.Opened)
    def _opened(self, session: Session, event: Claim.Opened) -> None:
        claim, back = str(event.originator_id), str(clawback_id(event.originator_id))
        row = (claim, event.claim_no, event.agency, event.net.currency, back)
        session.run("INSERT INTO agency_account VALUES (?, ?, ?, ?, 0, '', ?)", *row)

    @when(Claim.Advanced)
    def _advanced(self, session: Session, event: Claim.Advanced) -> None:
        """What the shop advanced itself is owed to nobody."""
        if event.by == "shop":
            session.run("DELETE FROM agency_account WHERE claim_id = ?", str(event.originator_id))

    @when(Claim.AdvanceRecovered)
    def _came_back(self, session: Session, event: Claim.AdvanceRecovered) -> None:
        session.run(
            "UPDATE agency_account SET owed = owed + ?, came_back_on = ? WHERE claim_id = ?",
            event.amount.minor,
            event.on.isoformat(),
            str(event.originator_id),
        )

    @when(Clawback.Ordered, Clawback.OwedAgain)
    def _paid(self, session: Session, event: Clawback.Ordered | Clawback.OwedAgain) -> None:
        owed = event.amount.minor if isinstance(event, Clawback.OwedAgain) else -event.amount.minor
        session.run("UPDATE agency_account SET owed = owed + ? WHERE clawback_id = ?", owed, str(event.originator_id))

    @when(AgencyPayment.Ordered)
    def _ordered(self, session: Session, event: AgencyPayment.Ordered) -> None:
        row = (str(event.originator_id), event.ordered_on.isoformat())
        session.run("INSERT INTO agency_payments VALUES (?, ?)", *row)

    # Answer.

    def owed(
        self, session: Session, agency: str | None = None, currency: str | None = None,
        after: tuple[str, str] = ("", ""), size: int = LARGEST_PAGE,
    ) -> list[OwedForm]:  # fmt: skip
        """What is owed, to an agency or to any: the longest owed first, beyond one (its day and claim)."""
        of = {"agency": agency, "currency": currency}
        chosen = {name: value for name, value in of.items() if value is not None}
        where = "".join(f"AND {name} = ? " for name in chosen)
        rows = session.rows(
            "SELECT claim_id, claim_no, agency, owed, currency, came_back_on FROM agency_account WHERE owed > 0 "
            f"{where}AND (came_back_on, claim_id) > (?, ?) ORDER BY came_back_on, claim_id LIMIT ?",
            *chosen.values(), *after, size,
        )  # fmt: skip
        return [
            OwedForm(UUID(id), number, whose, Money(owed, currency), date.fromisoformat(on))
            for id, number, whose, owed, currency, on in rows
        ]

    def payments(
        self, session: Session, after: tuple[str, str] = ("", ""), size: int = LARGEST_PAGE
    ) -> list[tuple[str, UUID]]:
        """Payments to agencies by their day, beyond one (its day and id)."""
        rows = session.rows(
            "SELECT ordered_on, payment_id FROM agency_payments WHERE (ordered_on, payment_id) > (?, ?) "
            "ORDER BY ordered_on, payment_id LIMIT ?",
            *after, size,
        )  # fmt: skip
        return [(on, UUID(id)) for on, id in rows]


def _first(rows: list[tuple[Any, ...]]) -> ClaimOnList | None:
    return _claim(rows[0]) if rows else None


def _claim(row: tuple[Any, ...]) -> ClaimOnList:
    (
        claim_id, claim_no, order_ids, outlet_id, region, mode, traveller, state, currency, gross, refund, fee, net,
        advanced, outstanding, purchased_on, issued_on, last_departure_on, promised_by, capture_by,
        guarantee_state, secured_until, held,
    ) = row  # fmt: skip
    return ClaimOnList(
        id=UUID(claim_id),
        claim_no=claim_no,
        order_ids=tuple(UUID(order_id) for order_id in json.loads(order_ids)),
        outlet_id=UUID(outlet_id),
        region=region,
        mode=mode,
        traveller=UUID(traveller),
        state=state,
        gross=Money(gross, currency),
        refund=Money(refund, currency),
        fee=Money(fee, currency),
        net=Money(net, currency),
        advanced=Money(advanced, currency),
        outstanding=Money(outstanding, currency),
        purchased_on=date.fromisoformat(purchased_on),
        issued_on=date.fromisoformat(issued_on),
        last_departure_on=date.fromisoformat(last_departure_on),
        promised_by=date.fromisoformat(promised_by) if promised_by else None,
        capture_by=date.fromisoformat(capture_by) if capture_by else None,
        guarantee_state=guarantee_state,
        secured_until=datetime.fromisoformat(secured_until) if secured_until else None,
        held=Money(held, currency),
    )
