"""What tills may ask: move cash, which shift is open; and, within a pairing, which device is meant."""

from datetime import date, datetime
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel.money import Money
from souvenir.pos.device import Device, PairingCodeUnknown, TillHasDevice, code_hash
from souvenir.pos.shift import BusinessDateBehind, Movement, NoOpenShift, Shift, ShiftAlreadyOpen

_LAST_SHIFT = "SELECT shift_id FROM till_shifts WHERE outlet_id = ? AND till = ?"


class Tills:
    """The tills of one shop group and their drawers."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def move_cash(
        self, device_id: UUID, movement_id: UUID, movement: Movement, amount: Money, reason: str, by: UUID
    ) -> Committed[UUID]:
        """Record cash that went into the drawer at the device's till or out of it; answers the shift's id."""

        def decide(tx: Transaction) -> UUID:
            device = tx.get(Device, device_id)
            shift = last_shift_at(tx, device.outlet_id, device.till)
            shift.move_cash(movement_id, movement, amount, reason, by)
            tx.save(shift)
            return shift.id

        return self._log.execute(decide)

    def open_drawer(self, device_id: UUID, opening_id: UUID, reason: str, by: UUID) -> Committed[UUID]:
        """Record that the drawer at the device's till was opened without a sale; answers the shift's id."""

        def decide(tx: Transaction) -> UUID:
            device = tx.get(Device, device_id)
            shift = last_shift_at(tx, device.outlet_id, device.till)
            shift.open_drawer(opening_id, reason, by)
            tx.save(shift)
            return shift.id

        return self._log.execute(decide)

    def last_shift(self, outlet_id: UUID, till: str) -> UUID:
        """The till's shift, open or closed last. Raises NoOpenShift where there never was one."""
        row = self._log.row(_LAST_SHIFT, str(outlet_id), till)
        if row is None:
            raise NoOpenShift(till=till[:40])
        return UUID(row[0])

    def expected(self, code: str) -> UUID | None:
        """The device that is expected to show this pairing code, whether or not it is still in time."""
        row = self._log.row("SELECT device_id FROM pairing_codes WHERE code_hash = ?", code_hash(code))
        return None if row is None else UUID(row[0])


def open_shift(
    tx: Transaction, device: Device, cashier: UUID, business_date: date, opening_float: Money, blind: bool
) -> UUID:
    """Open the next shift at a device's till inside a transaction; the same opening again records nothing."""
    device.require_enrolled()
    shift_no = 1
    last = _last_shift(tx, device.outlet_id, device.till)
    if last is not None:
        if last.counted is None:
            if last.opened_as == (device.id, cashier, business_date, opening_float, blind):
                return last.id
            raise ShiftAlreadyOpen(till=device.till, shift_no=last.shift_no, business_date=last.business_date)
        if business_date < last.business_date:
            raise BusinessDateBehind(till=device.till, business_date=business_date, latest=last.business_date)
        shift_no = last.shift_no + 1
    shift = Shift.open(
        outlet_id=device.outlet_id,
        till=device.till,
        shift_no=shift_no,
        device_id=device.id,
        cashier=cashier,
        business_date=business_date,
        opening_float=opening_float,
        blind=blind,
    )
    tx.save(shift)
    return shift.id


def last_shift_at(tx: Transaction, outlet_id: UUID, till: str) -> Shift:
    """The till's shift, open or just closed. Raises NoOpenShift where there never was one."""
    shift = _last_shift(tx, outlet_id, till)
    if shift is None:
        raise NoOpenShift(till=till[:40])
    return shift


def business_date_at(tx: Transaction, outlet_id: UUID, till: str) -> date | None:
    """The business date of the shift that is open at a till; None without one."""
    row = tx.session.row(
        "SELECT business_date FROM till_shifts WHERE outlet_id = ? AND till = ? AND is_open = 1", str(outlet_id), till
    )
    return None if row is None else date.fromisoformat(row[0])


def counted_before(tx: Transaction, outlet_id: UUID, till: str, on: date) -> bool:
    """Whether the till's shift of a day was counted by now; not where the till knows no shifts."""
    row = tx.session.row(
        "SELECT is_open, business_date FROM till_shifts WHERE outlet_id = ? AND till = ?", str(outlet_id), till
    )
    return row is not None and (not row[0] or on < date.fromisoformat(row[1]))


def expected_device(tx: Transaction, code: str, at: datetime) -> Device:
    """The device that may still pair with this code at this instant, at a till no other device stands at."""
    row = tx.session.row("SELECT device_id FROM pairing_codes WHERE code_hash = ?", code_hash(code))
    if row is None:
        raise PairingCodeUnknown
    device = tx.get(Device, UUID(row[0]))
    device.require_pairable(at)
    require_free_till(tx, device.outlet_id, device.till)
    return device


def require_free_till(tx: Transaction, outlet_id: UUID, till: str) -> None:
    """Refuse if a device already stands at this till."""
    row = tx.session.row("SELECT device_id FROM till_devices WHERE outlet_id = ? AND till = ?", str(outlet_id), till)
    if row is not None:
        raise TillHasDevice(till=till, device_id=UUID(row[0]))


def _last_shift(tx: Transaction, outlet_id: UUID, till: str) -> Shift | None:
    row = tx.session.row(_LAST_SHIFT, str(outlet_id), till)
    return None if row is None else tx.get(Shift, UUID(row[0]))
