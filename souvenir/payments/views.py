"""What finance asks about money that a provider keeps: payouts with what they leave unexplained, and disputes."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from souvenir.eventlog import Session, View, when
from souvenir.kernel.money import Money
from souvenir.payments.dispute import Dispute
from souvenir.payments.payout import Payout

LARGEST_PAGE: Final = 101


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """One payout as it is listed."""

    id: UUID
    provider: str
    reference: str
    amount: Money
    gross: Money
    fee: Money
    movements: int
    puzzles: tuple[str, ...]
    arrived_on: date


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """One dispute as it stands."""

    id: UUID
    provider: str
    reference: str
    about: UUID | None
    amount: Money
    fee: Money
    reason: str
    opened_on: date
    state: str
    closed_on: date | None


class Settlements(View):
    """Payouts and disputes by their day."""

    name = "settlements"
    tables = ("payouts", "disputes")
    ddl = (
        """CREATE TABLE IF NOT EXISTS payouts (
            id TEXT PRIMARY KEY, provider TEXT NOT NULL, reference TEXT NOT NULL, currency TEXT NOT NULL,
            amount BIGINT NOT NULL, gross BIGINT NOT NULL, fee BIGINT NOT NULL, movements INTEGER NOT NULL,
            puzzles TEXT NOT NULL, arrived_on TEXT NOT NULL)""",
        "CREATE INDEX IF NOT EXISTS payouts_by_day ON payouts (arrived_on, id)",
        """CREATE TABLE IF NOT EXISTS disputes (
            id TEXT PRIMARY KEY, provider TEXT NOT NULL, reference TEXT NOT NULL, about TEXT, currency TEXT NOT NULL,
            amount BIGINT NOT NULL, fee BIGINT NOT NULL, reason TEXT NOT NULL, opened_on TEXT NOT NULL,
            state TEXT NOT NULL, closed_on TEXT)""",
        "CREATE INDEX IF NOT EXISTS disputes_by_day ON disputes (opened_on, id)",
    )

    @when(Payout.Reconciled)
    def _paid_out(self, session: Session, event: Payout.Reconciled) -> None:
        session.run(
            "INSERT INTO payouts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            str(event.originator_id),
            event.provider,
            event.reference,
            event.amount.currency,
            event.amount.minor,
            event.gross.minor,
            event.fee.minor,
            event.movements,
            json.dumps(event.puzzles, ensure_ascii=False),
            event.arrived_on.isoformat(),
        )

    @when(Dispute.Opened)
    def _disputed(self, session: Session, event: Dispute.Opened) -> None:
        session.run(
            "INSERT INTO disputes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', NULL)",
            str(event.originator_id),
            event.provider,
            event.reference,
            str(event.about) if event.about else None,
            event.amount.currency,
            event.amount.minor,
            event.fee.minor,
            event.reason,
            event.opened_on.isoformat(),
        )

    @when(Dispute.Won)
    def _won(self, session: Session, event: Dispute.Won) -> None:
        self._closed(session, event.originator_id, "won", event.closed_on)

    @when(Dispute.Lost)
    def _lost(self, session: Session, event: Dispute.Lost) -> None:
        self._closed(session, event.originator_id, "lost", event.closed_on)

    def _closed(self, session: Session, dispute: UUID, state: str, on: date) -> None:
        session.run("UPDATE disputes SET state = ?, closed_on = ? WHERE id = ?", state, on.isoformat(), str(dispute))

    def payouts(self, session: Session, after: tuple[str, str] | None, limit: int) -> list[PayoutRow]:
        """Payouts from the first day on, beyond one of them (its day and id)."""
        rows = session.rows(
            "SELECT id, provider, reference, currency, amount, gross, fee, movements, puzzles, arrived_on FROM payouts "
            "WHERE (arrived_on, id) > (?, ?) ORDER BY arrived_on, id LIMIT ?",
            *(after or ("", "")),
            min(limit, LARGEST_PAGE),
        )
        return [
            PayoutRow(
                UUID(id), provider, reference, Money(amount, currency), Money(gross, currency), Money(fee, currency),
                movements, tuple(json.loads(puzzles)), date.fromisoformat(arrived_on),
            )
            for id, provider, reference, currency, amount, gross, fee, movements, puzzles, arrived_on in rows
        ]  # fmt: skip

    def disputes(self, session: Session, after: tuple[str, str] | None, limit: int) -> list[DisputeRow]:
        """Disputes from the first day on, beyond one of them (its day and id)."""
        rows = session.rows(
            "SELECT id, provider, reference, about, currency, amount, fee, reason, opened_on, state, closed_on "
            "FROM disputes WHERE (opened_on, id) > (?, ?) ORDER BY opened_on, id LIMIT ?",
            *(after or ("", "")),
            min(limit, LARGEST_PAGE),
        )
        return [
            DisputeRow(
                UUID(id), provider, reference, UUID(about) if about else None, Money(amount, currency),
                Money(fee, currency), reason, date.fromisoformat(opened_on), state,
                date.fromisoformat(closed_on) if closed_on else None,
            )
            for id, provider, reference, about, currency, amount, fee, reason, opened_on, state, closed_on in rows
        ]  # fmt: skip
