"""Cash up: what a till's shift took, from every sale, return and refund paid there; and the count held against it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, cast
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Register, Session, Transaction, when
from souvenir.kernel import clock
from souvenir.kernel.money import Money
from souvenir.payments.payment import Payment
from souvenir.payments.registers import open_at_devices
from souvenir.pos.application import last_shift_at, open_shift
from souvenir.pos.device import Device
from souvenir.pos.registers import parked_at
from souvenir.pos.shift import Denomination, Shift, Taking, Unfinished
from souvenir.processes.trading_day import require_not_ahead
from souvenir.sales.order import Order
from souvenir.sites.outlet import Outlet
from souvenir.taxrefund.claim import Claim

_TAKE: Final = (
    "INSERT INTO drawer_takings (shift_id, kind, tender, times, amount) "
    "SELECT shift_id, ?, ?, 1, ? FROM drawers WHERE outlet_id = ? AND till = ? "
    "ON CONFLICT (shift_id, kind, tender) DO UPDATE SET times = drawer_takings.times + 1, "
    "amount = drawer_takings.amount + excluded.amount"
)
_LOCK: Final = "UPDATE drawers SET entries = entries + 1 WHERE outlet_id = ? AND till = ?"
"""Whoever takes money at a till, and whoever closes it, waits for the other."""


_PART_PAID: Final = (
    "INSERT INTO part_paid_orders (order_id, outlet_id, till) VALUES (?, ?, ?) ON CONFLICT (order_id) DO NOTHING"
)


class Drawers(Register):
    """What each open shift has taken so far, by kind and tender; at its close the shift itself keeps it.

    And which orders a part was paid of since the last close, whatever became of them.
    """

    name = "drawers"
    tables = ("drawers", "drawer_takings", "drawer_returns", "part_paid_orders")
    ddl = (
        """CREATE TABLE IF NOT EXISTS drawers (
            outlet_id TEXT NOT NULL, till TEXT NOT NULL, shift_id TEXT NOT NULL, entries BIGINT NOT NULL,
            PRIMARY KEY (outlet_id, till))""",
        """CREATE TABLE IF NOT EXISTS drawer_takings (
            shift_id TEXT NOT NULL, kind TEXT NOT NULL, tender TEXT NOT NULL, times BIGINT NOT NULL,
            amount BIGINT NOT NULL, PRIMARY KEY (shift_id, kind, tender))""",
        """CREATE TABLE IF NOT EXISTS drawer_returns (
            return_id TEXT PRIMARY KEY, outlet_id TEXT NOT NULL, till TEXT NOT NULL, tender TEXT NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS part_paid_orders (
            order_id TEXT PRIMARY KEY, outlet_id TEXT NOT NULL, till TEXT NOT NULL)""",
    )

    @when(Shift.Opened)
    def _opened(self, session: Session, event: Shift.Opened) -> None:
        session.run(
            "INSERT INTO drawers (outlet_id, till, shift_id, entries) VALUES (?, ?, ?, 0)",
            str(event.outlet_id),
            event.till,
            str(event.originator_id),
        )

    @when(Shift.Closed)
    def _closed(self, session: Session, event: Shift.Closed) -> None:
        till = (str(event.outlet_id), event.till)
        session.run("DELETE FROM drawer_takings WHERE shift_id = ?", str(event.originator_id))
        session.run("DELETE FROM drawer_returns WHERE outlet_id = ? AND till = ?", *till)
        session.run("DELETE FROM drawers WHERE outlet_id = ? AND till = ?", *till)
        session.run("DELETE FROM part_paid_orders WHERE outlet_id = ? AND till = ?", *till)
        for one in event.unfinished:
            if one.kind == "part_paid":
                session.run(_PART_PAID, str(one.id), *till)

    @when(Order.Paid)
    def _paid(self, session: Session, event: Order.Paid) -> None:
        if not event.after_count and (event.amount or event.exchange is None):
            self._take(session, "sale", event.tender, event.amount, event.outlet_id, event.till)

    @when(Order.TenderTaken)
    def _tender_taken(self, session: Session, event: Order.TenderTaken) -> None:
        self._take(session, "sale", event.tender, event.amount, event.outlet_id, event.till)
        if event.till is not None:
            session.run(_PART_PAID, str(event.originator_id), str(event.outlet_id), event.till)

    @when(Order.TenderGivenBack)
    def _tender_given_back(self, session: Session, event: Order.TenderGivenBack) -> None:
        self._take(session, "given_back", event.tender, event.amount, event.outlet_id, event.till)

    @when(Order.Returned)
    def _returned(self, session: Session, event: Order.Returned) -> None:
        for tender, amount in event.given:
            self._take(session, "return", tender, amount, event.outlet_id, event.till)
        if event.outlet_id is not None and event.till is not None:
            row = (str(event.return_id), str(event.outlet_id), event.till, event.tender)
            session.run("INSERT INTO drawer_returns (return_id, outlet_id, till, tender) VALUES (?, ?, ?, ?)", *row)

    @when(Claim.Advanced)
    def _advanced(self, session: Session, event: Claim.Advanced) -> None:
        if event.paid_at is not None and event.by == "shop":
            self._take(session, "tax_refund", event.tender, event.amount, event.paid_at.outlet_id, event.paid_at.till)

    @when(Claim.AdvanceRecovered)
    def _set_off(self, session: Session, event: Claim.AdvanceRecovered) -> None:
        """What was kept of the price of returned goods was not given back: it is still in the drawer."""
        row = session.row(
            "SELECT tender, outlet_id, till FROM drawer_returns WHERE return_id = ?", str(event.source_id)
        )
        if row is not None:
            self._take(session, "set_off", row[0], event.amount, UUID(row[1]), row[2])

    def _take(
        self, session: Session, kind: str, tender: str, amount: Money, outlet_id: UUID | None, till: str | None
    ) -> None:
        if outlet_id is not None and till is not None:
            session.run(_LOCK, str(outlet_id), till)
            session.run(_TAKE, kind, tender, amount.minor, str(outlet_id), till)


@dataclass(frozen=True, slots=True)
class ShiftReport:
    """An X report of an open shift, or the Z report of a closed one. `due` is None where the count is blind."""

    kind: Literal["X", "Z"]
    shift: Shift
    takings: tuple[Taking, ...]
    due: Money | None
    unfinished: tuple[Unfinished, ...] = ()


class CashUp:
    """Closing shifts, and their reports."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def open(
        self, device_id: UUID, cashier: UUID, business_date: date, opening_float: Money, blind: bool = True
    ) -> Committed[UUID]:
        """Open the next shift at the device's till and give its id; the same opening again records nothing.

        `blind`: what the drawer should hold is not shown to the till before it is counted. Raises CurrencyMismatch where
        the float is not in the outlet's currency, BusinessDateAhead for a day that is yet to come.
        """

        def decide(tx: Transaction) -> UUID:
            device = tx.get(Device, device_id)
            outlet = tx.look(Outlet, device.outlet_id)
            counted = Money.zero(outlet.currency) + opening_float  # another currency has no place in this drawer
            require_not_ahead(outlet, business_date)
            return open_shift(tx, device, cashier, business_date, counted, blind)

        return self._log.execute(decide)

    def close(
        self, device_id: UUID, counts: Sequence[Denomination], closed_by: UUID, reason: str = ""
    ) -> Committed[UUID]:
        """Close the shift at the device's till with what was counted; answers the shift's id. `reason`: of a difference.

        The same count again is the same closing. Raises NoOpenShift, or ShiftClosed for another count.
        """

        def decide(tx: Transaction) -> UUID:
            device = tx.get(Device, device_id)
            tx.session.changed(_LOCK, str(device.outlet_id), device.till)
            shift = last_shift_at(tx, device.outlet_id, device.till)
            shift.close(counts, _takings(tx.session, shift), closed_by, _unfinished(tx.session, tx.get, shift), reason)
            tx.save(shift)
            return shift.id

        return self._log.execute(decide)

    def report(self, shift_id: UUID, *, to_cashier: bool = True) -> ShiftReport:
        """How a shift stands, or stood when it closed. A cashier who counts blind is not told of cash before."""
        with self._log.reading() as session:
            shift = self._log.load(Shift, shift_id)
            is_open = shift.counted is None
            takings = _takings(session, shift) if is_open else shift.takings
            unfinished = _unfinished(session, self._log.load, shift) if is_open else shift.unfinished
        hidden = to_cashier and shift.blind and is_open
        if hidden:
            takings = tuple(taking for taking in takings if taking.tender != "cash")
        due = None if hidden else shift.due(takings)
        return ShiftReport("X" if is_open else "Z", shift, takings, due, unfinished)


def _unfinished(session: Session, get: Callable[[type[Any], UUID], Any], shift: Shift) -> tuple[Unfinished, ...]:
    """What stands open at a till: sales parked there, orders paid in part, payments nobody knows the answer of."""
    parked = [id for id, till in parked_at(session, shift.outlet_id, clock.now()) if till == shift.till]
    rows = session.rows(
        "SELECT order_id FROM part_paid_orders WHERE outlet_id = ? AND till = ? ORDER BY order_id",
        str(shift.outlet_id),
        shift.till,
    )
    orders: list[Order] = [get(Order, UUID(id)) for (id,) in rows]
    asked = [(payment, get(Order, order)) for payment, order in open_at_devices(session)]
    return (
        *(Unfinished(kind="parked", id=id) for id in parked),
        *(
            Unfinished(kind="part_paid", id=order.id, amount=order.part_paid)
            for order in orders
            if order.paid_by is None and order.parts
        ),
        *(
            Unfinished(kind="payment_open", id=payment, amount=get(Payment, payment).amount)
            for payment, order in asked
            if (order.outlet_id, order.till) == (shift.outlet_id, shift.till)
        ),
    )


def _takings(session: Session, shift: Shift) -> tuple[Taking, ...]:
    rows = session.rows(
        "SELECT kind, tender, times, amount FROM drawer_takings WHERE shift_id = ? ORDER BY kind, tender",
        str(shift.id),
    )
    currency = shift.opening_float.currency
    return tuple(
        Taking(kind=cast(Literal["sale"], kind), tender=tender, count=times, amount=Money(int(amount), currency))
        for kind, tender, times, amount in rows
    )
