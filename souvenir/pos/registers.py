"""What tills share: which pairing codes wait, which device stands at a till, which shift is open there."""

from souvenir.eventlog import Register, Session, when
from souvenir.pos.device import Device
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
