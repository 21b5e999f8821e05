"""The till book: every device and every shift, as back office and finance look them up."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from souvenir.eventlog import Session, View, when
from souvenir.kernel.money import Money
from souvenir.pos.device import Device
from souvenir.pos.shift import Shift

LARGEST_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class DeviceInBook:
    """A device as the back office sees it: "expected", "enrolled" or "revoked"."""

    id: UUID
    outlet_id: UUID
    till: str
    state: str


@dataclass(frozen=True, slots=True)
class ShiftInBook:
    """A shift with its counts; those of an open shift are not there yet."""

    id: UUID
    outlet_id: UUID
    till: str
    shift_no: int
    cashier: UUID
    business_date: date
    opening_float: Money
    counted: Money | None
    difference: Money | None


class TillBook(View):
    """Devices and shifts by till."""

    name = "till_book"
    tables = ("book_devices", "book_shifts")
    ddl = (
        """CREATE TABLE IF NOT EXISTS book_devices (
            device_id TEXT PRIMARY KEY, outlet_id TEXT NOT NULL, till TEXT NOT NULL, state TEXT NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS book_shifts (
            shift_id TEXT PRIMARY KEY, outlet_id TEXT NOT NULL, till TEXT NOT NULL, shift_no INTEGER NOT NULL,
            cashier TEXT NOT NULL, business_date TEXT NOT NULL, currency TEXT NOT NULL, opening_float BIGINT NOT NULL,
            counted BIGINT, difference BIGINT)""",
        "CREATE INDEX IF NOT EXISTS book_shifts_by_till ON book_shifts (outlet_id, till, shift_no)",
    )

    @when(Device.Expected)
    def _expected(self, session: Session, event: Device.Expected) -> None:
        session.run(
            "INSERT INTO book_devices (device_id, outlet_id, till, state) VALUES (?, ?, ?, 'expected')",
            str(event.originator_id),
            str(event.outlet_id),
            event.till,
        )

    @when(Device.Enrolled)
    def _enrolled(self, session: Session, event: Device.Enrolled) -> None:
        session.run("UPDATE book_devices SET state = 'enrolled' WHERE device_id = ?", str(event.originator_id))

    @when(Device.Revoked)
    def _revoked(self, session: Session, event: Device.Revoked) -> None:
        session.run("UPDATE book_devices SET state = 'revoked' WHERE device_id = ?", str(event.originator_id))

    @when(Shift.Opened)
    def _opened(self, session: Session, event: Shift.Opened) -> None:
        session.run(
            "INSERT INTO book_shifts (shift_id, outlet_id, till, shift_no, cashier, business_date, currency,"
            " opening_float) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            str(event.originator_id),
            str(event.outlet_id),
            event.till,
            event.shift_no,
            str(event.cashier),
            event.business_date.isoformat(),
            event.opening_float.currency,
            event.opening_float.minor,
        )

    @when(Shift.Closed)
    def _closed(self, session: Session, event: Shift.Closed) -> None:
        session.run(
            "UPDATE book_shifts SET counted = ?, difference = ? WHERE shift_id = ?",
            event.counted.minor,
            event.difference.minor,
            str(event.originator_id),
        )

    def devices(self, session: Session, outlet_id: UUID) -> list[DeviceInBook]:
        """The devices of an outlet by till, the newest first where a till had several; at most 100."""
        rows = session.rows(
            "SELECT device_id, outlet_id, till, state FROM book_devices WHERE outlet_id = ?"
            " ORDER BY till, device_id DESC LIMIT ?",
            str(outlet_id),
            LARGEST_PAGE,
        )
        return [DeviceInBook(UUID(id), UUID(outlet), till, state) for id, outlet, till, state in rows]

    def shift(self, session: Session, shift_id: UUID) -> ShiftInBook | None:
        """The shift with this id."""
        row = session.row(f"{_SHIFTS} WHERE shift_id = ?", str(shift_id))
        return None if row is None else _shift(row)

    def shifts(
        self, session: Session, outlet_id: UUID, till: str, after: int = 0, first: int = 20
    ) -> list[ShiftInBook]:
        """The next shifts of a till by number after the one named, at most 100."""
        rows = session.rows(
            f"{_SHIFTS} WHERE outlet_id = ? AND till = ? AND shift_no > ? ORDER BY shift_no LIMIT ?",
            str(outlet_id),
            till,
            after,
            max(1, min(first, LARGEST_PAGE)),
        )
        return [_shift(row) for row in rows]


_SHIFTS = (
    "SELECT shift_id, outlet_id, till, shift_no, cashier, business_date, currency, opening_float, counted, difference"
    " FROM book_shifts"
)


def _shift(row: tuple[Any, ...]) -> ShiftInBook:
    id, outlet_id, till, shift_no, cashier, business_date, currency, opening, counted, difference = row
    return ShiftInBook(
        id=UUID(id),
        outlet_id=UUID(outlet_id),
        till=till,
        shift_no=shift_no,
        cashier=UUID(cashier),
        business_date=date.fromisoformat(business_date),
        opening_float=Money(opening, currency),
        counted=None if counted is None else Money(counted, currency),
        difference=None if difference is None else Money(difference, currency),
    )
