"""What is not finished at a provider: payments, refunds, holds and notices that are looked at again until they are."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from souvenir.eventlog import Register, Session, when
from souvenir.kernel.clock import stamp
from souvenir.payments.batch import Batch
from souvenir.payments.collection import Collection
from souvenir.payments.hold import Hold
from souvenir.payments.notice import Notice
from souvenir.payments.payment import Payment
from souvenir.payments.providers.terminal import SLIP

PAGE: Final = 1_000
"""Open things looked at in one sweep."""


class OpenPayments(Register):
    """One row for every payment between its request and its provider's final answer, and every refund likewise."""

    name = "open_payments"
    tables = ("open_payments", "payment_refunds")
    ddl = (
        "CREATE TABLE IF NOT EXISTS open_payments (id TEXT PRIMARY KEY, requested_at TEXT NOT NULL)",
        """CREATE TABLE IF NOT EXISTS payment_refunds (
            refund_id TEXT PRIMARY KEY, payment_id TEXT NOT NULL, open INTEGER NOT NULL, requested_at TEXT NOT NULL)""",
        "CREATE INDEX IF NOT EXISTS payment_refunds_open ON payment_refunds (open, requested_at)",
    )

    @when(Payment.Requested)
    def _requested(self, session: Session, event: Payment.Requested) -> None:
        session.run("INSERT INTO open_payments VALUES (?, ?)", str(event.originator_id), stamp(event.timestamp))

    @when(Payment.Approved, Payment.Declined, Payment.ApprovedAfterAll, Payment.Mismatched)
    def _settled(
        self,
        session: Session,
        event: Payment.Approved | Payment.Declined | Payment.ApprovedAfterAll | Payment.Mismatched,
    ) -> None:
        session.run("DELETE FROM open_payments WHERE id = ?", str(event.originator_id))

    @when(Payment.RefundRequested)
    def _refund_requested(self, session: Session, event: Payment.RefundRequested) -> None:
        session.run("DELETE FROM payment_refunds WHERE refund_id = ?", str(event.refund_id))
        row = (str(event.refund_id), str(event.originator_id), stamp(event.timestamp))
        session.run("INSERT INTO payment_refunds VALUES (?, ?, 1, ?)", *row)

    @when(Payment.Refunded, Payment.RefundDeclined)
    def _refunded(self, session: Session, event: Payment.Refunded | Payment.RefundDeclined) -> None:
        session.run("UPDATE payment_refunds SET open = 0 WHERE refund_id = ?", str(event.refund_id))


class CounterPayments(Register):
    """One row for every payment asked for at a device on the counter, and one for every slip of a terminal keyed in.

    An order is open at one device at a time. When a terminal's batch is closed, its finished payments are done with.
    """

    name = "counter_payments"
    tables = ("counter_payments", "terminal_slips")
    ddl = (
        """CREATE TABLE IF NOT EXISTS counter_payments (
            id TEXT PRIMARY KEY, order_id TEXT NOT NULL, provider TEXT NOT NULL, device TEXT NOT NULL,
            open INTEGER NOT NULL, requested_at TEXT NOT NULL)""",
        "CREATE UNIQUE INDEX IF NOT EXISTS counter_payments_of_order ON counter_payments (order_id) WHERE open = 1",
        "CREATE INDEX IF NOT EXISTS counter_payments_by_device ON counter_payments (open, provider, device)",
        "CREATE TABLE IF NOT EXISTS terminal_slips (slip TEXT PRIMARY KEY, payment_id TEXT NOT NULL, refund_id TEXT)",
    )

    @when(Payment.Requested)
    def _requested(self, session: Session, event: Payment.Requested) -> None:
        if event.device:
            row = (str(event.originator_id), str(event.order_id), event.provider, event.device)
            session.run("INSERT INTO counter_payments VALUES (?, ?, ?, ?, 1, ?)", *row, stamp(event.timestamp))

    @when(Payment.Approved, Payment.ApprovedAfterAll, Payment.Mismatched)
    def _taken(self, session: Session, event: Payment.Approved | Payment.ApprovedAfterAll | Payment.Mismatched) -> None:
        self._over(session, event.originator_id)
        self._slip(session, event.reference, event.originator_id)

    @when(Payment.Taken)
    def _taken_at_once(self, session: Session, event: Payment.Taken) -> None:
        self._slip(session, event.reference, event.originator_id)

    @when(Payment.Declined)
    def _declined(self, session: Session, event: Payment.Declined) -> None:
        self._over(session, event.originator_id)

    @when(Payment.Refunded)
    def _refunded(self, session: Session, event: Payment.Refunded) -> None:
        self._slip(session, event.reference, event.originator_id, str(event.refund_id))

    @when(Batch.Closed)
    def _closed(self, session: Session, event: Batch.Closed) -> None:
        session.run("DELETE FROM counter_payments WHERE device = ? AND open = 0", event.terminal)

    def _over(self, session: Session, id: UUID) -> None:
        session.run("UPDATE counter_payments SET open = 0 WHERE id = ?", str(id))

    def _slip(self, session: Session, reference: str, payment_id: UUID, refund_id: str | None = None) -> None:
        if reference.startswith(SLIP):
            session.run("INSERT INTO terminal_slips VALUES (?, ?, ?)", reference, str(payment_id), refund_id)


class OpenHolds(Register):
    """One row for every hold that has not ended, with what it waits for."""

    name = "open_holds"
    tables = ("open_holds",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS open_holds (
            id TEXT PRIMARY KEY, secures TEXT NOT NULL, reference TEXT NOT NULL, state TEXT NOT NULL,
            since TEXT NOT NULL, secured_until TEXT)""",
        "CREATE INDEX IF NOT EXISTS open_holds_by_claim ON open_holds (secures)",
        "CREATE INDEX IF NOT EXISTS open_holds_by_reference ON open_holds (reference)",
    )

    @when(Hold.Requested)
    def _requested(self, session: Session, event: Hold.Requested) -> None:
        row = (str(event.originator_id), str(event.secures), stamp(event.timestamp))
        session.run("INSERT INTO open_holds VALUES (?, ?, '', 'requested', ?, NULL)", *row)

    @when(Hold.Placed)
    def _placed(self, session: Session, event: Hold.Placed) -> None:
        id, until = str(event.originator_id), event.secured_until and stamp(event.secured_until)
        session.run("DELETE FROM open_holds WHERE id = ?", id)
        row = (id, str(event.secures), event.reference, stamp(event.timestamp), until)
        session.run("INSERT INTO open_holds VALUES (?, ?, ?, 'held', ?, ?)", *row)

    @when(Hold.Engaged)
    def _engaged(self, session: Session, event: Hold.Engaged) -> None:
        self._becomes(session, "engaged", event.originator_id)

    @when(Hold.CaptureRequested)
    def _capturing(self, session: Session, event: Hold.CaptureRequested) -> None:
        self._becomes(session, "capturing", event.originator_id)

    @when(Hold.ReleaseRequested)
    def _releasing(self, session: Session, event: Hold.ReleaseRequested) -> None:
        self._becomes(session, "releasing", event.originator_id)

    @when(Hold.Declined, Hold.Captured, Hold.CaptureDeclined, Hold.Released)
    def _ended(
        self, session: Session, event: Hold.Declined | Hold.Captured | Hold.CaptureDeclined | Hold.Released
    ) -> None:
        session.run("DELETE FROM open_holds WHERE id = ?", str(event.originator_id))

    def _becomes(self, session: Session, state: str, id: UUID) -> None:
        session.run("UPDATE open_holds SET state = ? WHERE id = ?", state, str(id))


class MoneyToReturn(Register):
    """One row for everything that a provider could not give back: people pay it another way."""

    name = "money_to_return"
    tables = ("money_to_return",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS money_to_return (
            id TEXT PRIMARY KEY, stream TEXT NOT NULL, reason TEXT NOT NULL, since TEXT NOT NULL)""",
    )

    @when(Hold.Bounced)
    def _bounced(self, session: Session, event: Hold.Bounced) -> None:
        self._owed(session, event, event.originator_id)

    @when(Payment.RefundDeclined)
    def _declined(self, session: Session, event: Payment.RefundDeclined) -> None:
        self._owed(session, event, event.refund_id)

    @when(Collection.ExcessBounced)
    def _excess_bounced(self, session: Session, event: Collection.ExcessBounced) -> None:
        self._owed(session, event, event.originator_id)

    @when(Hold.PaidBack, Collection.PaidBack)
    def _paid_back(self, session: Session, event: Hold.PaidBack | Collection.PaidBack) -> None:
        session.run("DELETE FROM money_to_return WHERE id = ?", str(event.originator_id))

    @when(Payment.RefundRequested, Payment.Refunded, Payment.RefundPaidBack)
    def _given(
        self, session: Session, event: Payment.RefundRequested | Payment.Refunded | Payment.RefundPaidBack
    ) -> None:
        session.run("DELETE FROM money_to_return WHERE id = ?", str(event.refund_id))

    def _owed(
        self, session: Session, event: Hold.Bounced | Payment.RefundDeclined | Collection.ExcessBounced, id: UUID
    ) -> None:
        session.run("DELETE FROM money_to_return WHERE id = ?", str(id))
        row = (str(id), str(event.originator_id), event.reason, stamp(event.timestamp))
        session.run("INSERT INTO money_to_return VALUES (?, ?, ?, ?)", *row)


class OpenCollections(Register):
    """One row for every debt that is being collected, with the day on which something is due of it."""

    name = "open_collections"
    tables = ("open_collections",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS open_collections (
            id TEXT PRIMARY KEY, claim_id TEXT NOT NULL, busy INTEGER NOT NULL, tries_on TEXT NOT NULL,
            gives_up_on TEXT NOT NULL)""",
        "CREATE INDEX IF NOT EXISTS open_collections_by_claim ON open_collections (claim_id)",
    )

    @when(Collection.Opened)
    def _opened(self, session: Session, event: Collection.Opened) -> None:
        days = " ".join(day.isoformat() for day in event.tries_on)
        row = (str(event.originator_id), str(event.secures), days, event.gives_up_on.isoformat())
        session.run("INSERT INTO open_collections VALUES (?, ?, 0, ?, ?)", *row)

    @when(Collection.Tried)
    def _tried(self, session: Session, event: Collection.Tried) -> None:
        """The first of the days is used up; a date and a space are eleven letters."""
        session.run(
            "UPDATE open_collections SET busy = busy + 1, tries_on = SUBSTR(tries_on, 12) WHERE id = ?",
            str(event.originator_id),
        )

    @when(Collection.Declined)
    def _declined(self, session: Session, event: Collection.Declined) -> None:
        sets = "busy = busy - 1, tries_on = ''" if event.last else "busy = busy - 1"
        session.run(f"UPDATE open_collections SET {sets} WHERE id = ?", str(event.originator_id))

    @when(Collection.Offered, Collection.Received, Collection.GivingUp)
    def _busy(self, session: Session, event: Collection.Offered | Collection.Received | Collection.GivingUp) -> None:
        session.run("UPDATE open_collections SET busy = busy + 1 WHERE id = ?", str(event.originator_id))

    @when(Collection.Closed)
    def _closed(self, session: Session, event: Collection.Closed) -> None:
        session.run("DELETE FROM open_collections WHERE id = ?", str(event.originator_id))


class OpenNotices(Register):
    """One row for every provider's notice that was stored and not worked off yet."""

    name = "open_notices"
    tables = ("open_notices",)
    ddl = ("CREATE TABLE IF NOT EXISTS open_notices (id TEXT PRIMARY KEY, received_at TEXT NOT NULL)",)

    @when(Notice.Received)
    def _received(self, session: Session, event: Notice.Received) -> None:
        session.run("INSERT INTO open_notices VALUES (?, ?)", str(event.originator_id), stamp(event.timestamp))

    @when(Notice.Handled, Notice.Puzzled)
    def _worked_off(self, session: Session, event: Notice.Handled | Notice.Puzzled) -> None:
        session.run("DELETE FROM open_notices WHERE id = ?", str(event.originator_id))


@dataclass(frozen=True, slots=True)
class ToReturn:
    """Something that a provider could not give back: a refund, what was deposited for a hold, or collected too much."""

    id: UUID
    of: UUID
    reason: str
    since: str


def oldest_open(session: Session, limit: int = PAGE) -> list[UUID]:
    """The payments that have waited longest for a final answer."""
    rows = session.rows("SELECT id FROM open_payments ORDER BY requested_at, id LIMIT ?", limit)
    return [UUID(id) for (id,) in rows]


def oldest_refunds(session: Session, limit: int = PAGE) -> list[tuple[UUID, UUID]]:
    """Payment and refund ids of what is decided to be given back, but not known to have been."""
    rows = session.rows(
        "SELECT payment_id, refund_id FROM payment_refunds WHERE open = 1 ORDER BY requested_at, refund_id LIMIT ?",
        limit,
    )
    return [(UUID(payment), UUID(refund)) for payment, refund in rows]


def open_at_counter(session: Session, order_id: UUID) -> UUID | None:
    """The payment of an order that a device on the counter is still busy with."""
    row = session.row("SELECT id FROM counter_payments WHERE order_id = ? AND open = 1", str(order_id))
    return UUID(row[0]) if row else None


def open_at_devices(session: Session, limit: int = PAGE) -> list[tuple[UUID, UUID]]:
    """Payment and order ids of what any device on the counter is still busy with, the oldest first."""
    rows = session.rows(
        "SELECT id, order_id FROM counter_payments WHERE open = 1 ORDER BY requested_at, id LIMIT ?", limit
    )
    return [(UUID(payment), UUID(order)) for payment, order in rows]


def without_slip(session: Session, provider: str, terminal: str, limit: int = PAGE) -> list[tuple[UUID, bool]]:
    """The payments of a terminal's batch that no slip was keyed in for, and whether they are open still."""
    rows = session.rows(
        "SELECT id, open FROM counter_payments WHERE provider = ? AND device = ? "
        "AND id NOT IN (SELECT payment_id FROM terminal_slips) ORDER BY requested_at, id LIMIT ?",
        provider, terminal, limit,
    )  # fmt: skip
    return [(UUID(id), bool(open_)) for id, open_ in rows]


def slip_taken(session: Session, slip: str) -> UUID | None:
    """The payment that a terminal's slip was keyed in for."""
    row = session.row("SELECT payment_id FROM terminal_slips WHERE slip = ?", slip)
    return UUID(row[0]) if row else None


def slips_of_batch(session: Session, batch: str, limit: int = PAGE) -> list[tuple[UUID, UUID | None]]:
    """Payment, and refund if it is one, of every slip whose reference begins with that of a batch."""
    rows = session.rows(
        "SELECT payment_id, refund_id FROM terminal_slips WHERE slip >= ? AND slip < ? ORDER BY slip LIMIT ?",
        batch, f"{batch}\uffff", limit,
    )  # fmt: skip
    return [(UUID(payment), UUID(refund) if refund else None) for payment, refund in rows]


def payment_of_refund(session: Session, refund_id: UUID) -> UUID | None:
    """The payment that a refund was decided on."""
    row = session.row("SELECT payment_id FROM payment_refunds WHERE refund_id = ?", str(refund_id))
    return UUID(row[0]) if row else None


def money_to_return(session: Session, after: tuple[str, str] = ("", ""), limit: int = PAGE) -> list[ToReturn]:
    """What could not be given back, the longest owed first, beyond one (its instant and id)."""
    rows = session.rows(
        "SELECT id, stream, reason, since FROM money_to_return WHERE (since, id) > (?, ?) ORDER BY since, id LIMIT ?",
        *after, limit,
    )  # fmt: skip
    return [ToReturn(UUID(id), UUID(stream), reason, since) for id, stream, reason, since in rows]


def owner_to_pay(session: Session, id: UUID) -> UUID | None:
    """The payment, hold or debt that something to be returned is of."""
    row = session.row("SELECT stream FROM money_to_return WHERE id = ?", str(id))
    return UUID(row[0]) if row else None


def open_notices(session: Session, limit: int = PAGE) -> list[UUID]:
    """Notices that were received and not worked off yet, the oldest first."""
    rows = session.rows("SELECT id FROM open_notices ORDER BY received_at, id LIMIT ?", limit)
    return [UUID(id) for (id,) in rows]


def unfinished_holds(session: Session, at: datetime, limit: int = PAGE) -> list[UUID]:
    """Holds that wait for a provider, that nothing was advanced on yet, or that have run out by themselves."""
    rows = session.rows(
        "SELECT id FROM open_holds WHERE state <> 'engaged' OR secured_until <= ? ORDER BY since, id LIMIT ?",
        stamp(at), limit,
    )  # fmt: skip
    return [UUID(id) for (id,) in rows]


def open_collections(session: Session, today: date, limit: int = PAGE) -> list[UUID]:
    """The debts of which something is due, is under way, or may have been paid by their holder."""
    day = today.isoformat()
    rows = session.rows(
        "SELECT id FROM open_collections WHERE busy > 0 OR gives_up_on <= ? "
        "OR (tries_on <> '' AND SUBSTR(tries_on, 1, 10) <= ?) ORDER BY gives_up_on, id LIMIT ?",
        day, day, limit,
    )  # fmt: skip
    return [UUID(id) for (id,) in rows]


def collection_of_claim(session: Session, claim_id: UUID) -> UUID | None:
    """The debt that is being collected behind a claim."""
    row = session.row("SELECT id FROM open_collections WHERE claim_id = ?", str(claim_id))
    return UUID(row[0]) if row else None


def hold_of(session: Session, secures: UUID, reference: str) -> UUID | None:
    """The open hold of a claim with the provider's reference."""
    row = session.row("SELECT id FROM open_holds WHERE secures = ? AND reference = ?", str(secures), reference)
    return UUID(row[0]) if row else None
