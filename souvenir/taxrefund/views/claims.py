"""The desk's list of claims: how far each has come, what is still out, and until when it is secured."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from souvenir.eventlog import Session, View, when
from souvenir.kernel.clock import stamp
from souvenir.kernel.money import Money
from souvenir.taxrefund.claim import Claim
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
