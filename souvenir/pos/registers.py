"""What tills share: pairing codes that wait, the device and the shift of each till, and the sales that are parked."""

from datetime import datetime
from uuid import UUID

from souvenir.eventlog import Register, Session, when
from souvenir.kernel.clock import stamp
from souvenir.pos.device import Device
from souvenir.pos.parked import ParkedSale
from souvenir.pos.shift import Shift


class TillDevices(Register):
    """One trusted device per till, and the codes of those expected; the primary keys refuse a second."""

    name = "till_devices"
    tables = ("pairing_codes", "till_devices")
    ddl = (
        "CREATE TABLE IF NOT EXISTS pairing_codes (code_hash TEXT PRIMARY KEY, device_id TEXT NOT NULL)",
        """CREATE TABLE IF NOT EXISTS till_devices (
            outlet_id TEXT NOT NULL, till TEXT NOT NULL, device_id TEXT NOT NULL, PRIMARY KEY (outlet_id, till))""",
    )

    @when(Device.Expected)
    def _expected(self, session: Session, event: Device.Expected) -> None:
        session.run(
            "INSERT INTO pairing_codes (code_hash, device_id) VALUES (?, ?)",
            event.code_hash,
            str(event.originator_id),
        )

    @when(Device.Enrolled)
    def _enrolled(self, session: Session, event: Device.Enrolled) -> None:
        session.run("DELETE FROM pairing_codes WHERE device_id = ?", str(event.originator_id))
        session.run(
            "INSERT INTO till_devices (outlet_id, till, device_id) VALUES (?, ?, ?)",
            str(event.outlet_id),
            event.till,
            str(event.originator_id),
        )

    @when(Device.Revoked)
    def _revoked(self, session: Session, event: Device.Revoked) -> None:
        session.run("DELETE FROM pairing_codes WHERE device_id = ?", str(event.originator_id))
        session.run("DELETE FROM till_devices WHERE device_id = ?", str(event.originator_id))


class TillShifts(Register):
    """The last shift of each till and whether it is open: shifts are numbered without gaps, one open at a time."""

    name = "till_shifts"
    tables = ("till_shifts",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS till_shifts (
            outlet_id TEXT NOT NULL, till TEXT NOT NULL, shift_no INTEGER NOT NULL, shift_id TEXT NOT NULL,
            business_date TEXT NOT NULL, is_open INTEGER NOT NULL, PRIMARY KEY (outlet_id, till))""",
    )

    @when(Shift.Opened)
    def _opened(self, session: Session, event: Shift.Opened) -> None:
        session.run(
            "INSERT INTO till_shifts (outlet_id, till, shift_no, shift_id, business_date, is_open)"
            " VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT (outlet_id, till) DO UPDATE SET shift_no = excluded.shift_no,"
            " shift_id = excluded.shift_id, business_date = excluded.business_date, is_open = 1",
            str(event.outlet_id),
            event.till,
            event.shift_no,
            str(event.originator_id),
            event.business_date.isoformat(),
        )

    @when(Shift.Closed)
    def _closed(self, session: Session, event: Shift.Closed) -> None:
        session.run("UPDATE till_shifts SET is_open = 0 WHERE shift_id = ?", str(event.originator_id))


class ParkedSales(Register):
    """One row for every sale that is parked and not over; what has lapsed goes when the next one is parked."""

    name = "parked_sales"
    tables = ("parked_sales",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS parked_sales (
            id TEXT PRIMARY KEY, outlet_id TEXT NOT NULL, till TEXT NOT NULL, until TEXT NOT NULL)""",
        "CREATE INDEX IF NOT EXISTS parked_sales_by_outlet ON parked_sales (outlet_id, until)",
    )

    @when(ParkedSale.Parked)
    def _parked(self, session: Session, event: ParkedSale.Parked) -> None:
        outlet = str(event.outlet_id)
        session.run("DELETE FROM parked_sales WHERE outlet_id = ? AND until <= ?", outlet, stamp(event.timestamp))
        row = (str(event.originator_id), outlet, event.till, stamp(event.until))
        session.run("INSERT INTO parked_sales (id, outlet_id, till, until) VALUES (?, ?, ?, ?)", *row)

    @when(ParkedSale.Finished, ParkedSale.Dropped)
    def _over(self, session: Session, event: ParkedSale.Finished | ParkedSale.Dropped) -> None:
        session.run("DELETE FROM parked_sales WHERE id = ?", str(event.originator_id))


def parked_at(session: Session, outlet_id: UUID, at: datetime, limit: int = 100) -> list[tuple[UUID, str]]:
    """The sales that are parked at an outlet and have not lapsed, with the till of each, the first to lapse first."""
    rows = session.rows(
        "SELECT id, till FROM parked_sales WHERE outlet_id = ? AND until > ? ORDER BY until, id LIMIT ?",
        str(outlet_id), stamp(at), limit,
    )  # fmt: skip
    return [(UUID(id), till) for id, till in rows]
