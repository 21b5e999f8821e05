"""Shifts at the till: open with a counted float, move cash, close with a count by denomination."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from uuid import UUID

import strawberry

from souvenir.access.staff import Staff, staff_id
from souvenir.api import shifts
from souvenir.api.desk import EVERY_MUTATION, Desk, desk
from souvenir.api.grounds import MONEY
from souvenir.api.identity import global_id
from souvenir.api.refusals import at as about
from souvenir.api.refusals import mutation, question
from souvenir.api.shifts import ShiftReport
from souvenir.api.types import Info, MoneyInput
from souvenir.kernel.errors import MalformedInput, NotFound
from souvenir.kernel.identifiers import new_id
from souvenir.pos.device import DeviceNotEnrolled, DeviceRevoked
from souvenir.pos.shift import (
    BusinessDateBehind,
    CountBelowZero,
    CountedTwice,
    Denomination,
    Movement,
    NoOpenShift,
    NothingMoved,
    ReasonMissing,
    ShiftAlreadyOpen,
    ShiftClosed,
    TooManyMovements,
    shift_id,
)
from souvenir.processes.trading_day import BusinessDateAhead

LONGEST_REASON = 200


@strawberry.enum(description="How cash goes into a drawer or out of it without a sale.")
class CashMovement(StrEnum):
    FLOAT = "float"
    DROP = "drop"
    PAY_IN = "pay_in"
    PAY_OUT = "pay_out"


@strawberry.input
class OpenShiftInput:
    idempotency_key: strawberry.ID
    badge: str = strawberry.field(description="The cashier's.")
    business_date: date
    opening_float: MoneyInput = strawberry.field(description="The cash counted into the drawer.")
    blind_count: bool = strawberry.field(
        default=True, description="Whether what the drawer should hold stays hidden until it is counted."
    )


@strawberry.input
class MoveCashInput:
    idempotency_key: strawberry.ID
    badge: str = strawberry.field(description="Of whoever moves it.")
    movement: CashMovement
    amount: MoneyInput
    reason: str = ""


@strawberry.input
class OpenDrawerInput:
    idempotency_key: strawberry.ID
    badge: str = strawberry.field(description="Of whoever opens it.")
    reason: str = strawberry.field(description="Such as change for a note.")


@strawberry.input
class DenominationInput:
    value: MoneyInput = strawberry.field(description="Of one note or coin.")
    count: int


@strawberry.input
class CloseShiftInput:
    idempotency_key: strawberry.ID
    badge: str = strawberry.field(description="Of whoever counted.")
    counts: list[DenominationInput] = strawberry.field(description="Every note and coin in the drawer, the float too.")
    reason: str = strawberry.field(default="", description="Of a difference, as far as anybody knows.")


@strawberry.type
class OpenShiftPayload:
    shift_id: strawberry.ID
    replayed: bool


@strawberry.type
class MoveCashPayload:
    report: ShiftReport
    replayed: bool


@strawberry.type
class OpenDrawerPayload:
    report: ShiftReport
    replayed: bool


@strawberry.type
class CloseShiftPayload:
    report: ShiftReport = strawberry.field(description="The Z report.")
    replayed: bool


@strawberry.type
class ShiftQuery:
    @question(MalformedInput, NotFound, NoOpenShift)
    def shift_report(self, info: Info, shift_no: int | None = None) -> ShiftReport:
        """How this till's last shift stands (X), or stood when it closed (Z); or the one with this number."""
        at = desk(info)
        outlet, till = at.device()
        asked = at.shop.tills.last_shift(outlet, till) if shift_no is None else shift_id(outlet, till, shift_no)
        return shifts.report(at, asked, to_cashier=True)


@strawberry.type
class ShiftMutation:
    @mutation(
        *EVERY_MUTATION,
        *MONEY,
        DeviceNotEnrolled,
        DeviceRevoked,
        ShiftAlreadyOpen,
        BusinessDateBehind,
        BusinessDateAhead,
        CountBelowZero,
    )
    def open_shift(self, info: Info, input: OpenShiftInput) -> OpenShiftPayload:
        """Open this till's next shift with a counted float."""
        at = desk(info)
        device = _device(at)
        with about("input", "openingFloat"):
            opening = input.opening_float.money()
        shift = (device, _staff(at, input.badge), input.business_date, opening, input.blind_count)
        done = at.carry_out(input, lambda: at.shop.cash_up.open(*shift))
        return OpenShiftPayload(shift_id=global_id("Shift", done.result), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, *MONEY, NoOpenShift, ShiftClosed, NothingMoved, TooManyMovements)
    def move_cash(self, info: Info, input: MoveCashInput) -> MoveCashPayload:
        """Record change from the safe, takings to the safe, or petty cash."""
        at = desk(info)
        device = _device(at)
        with about("input", "amount"):
            amount = input.amount.money()
        _short(input.reason)
        movement: Movement = input.movement.value
        moved = (device, new_id(), movement, amount, input.reason, _staff(at, input.badge))
        done = at.carry_out(input, lambda: at.shop.tills.move_cash(*moved))
        return MoveCashPayload(report=shifts.report(at, done.result, to_cashier=True), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, NoOpenShift, ShiftClosed, ReasonMissing, TooManyMovements)
    def open_drawer(self, info: Info, input: OpenDrawerInput) -> OpenDrawerPayload:
        """Record that the drawer was opened without a sale (a no-sale): nothing goes in or out."""
        at = desk(info)
        _short(input.reason)
        opened = (_device(at), new_id(), input.reason, _staff(at, input.badge))
        done = at.carry_out(input, lambda: at.shop.tills.open_drawer(*opened))
        return OpenDrawerPayload(report=shifts.report(at, done.result, to_cashier=True), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, *MONEY, NoOpenShift, ShiftClosed, CountBelowZero, CountedTwice, TooManyMovements)
    def close_shift(self, info: Info, input: CloseShiftInput) -> CloseShiftPayload:
        """Close this till's shift with what was counted; the books take what is over or short. Answers the Z report."""
        at = desk(info)
        device, staff = _device(at), _staff(at, input.badge)
        _short(input.reason)
        with about("input", "counts"):
            counts = _counts(input.counts)
            done = at.carry_out(input, lambda: at.shop.cash_up.close(device, counts, staff, input.reason))
        return CloseShiftPayload(report=shifts.report(at, done.result, to_cashier=True), replayed=done.replayed)


def _device(at: Desk) -> UUID:
    device = at.require("device").id
    assert isinstance(device, UUID)
    return device


def _staff(at: Desk, badge: str) -> UUID:
    return at.shop.log.load(Staff, staff_id(badge)).id


def _short(reason: str) -> None:
    if len(reason) > LONGEST_REASON:
        raise MalformedInput(expected=f"reason of at most {LONGEST_REASON} characters", value=reason[:40])


def _counts(given: Sequence[DenominationInput]) -> list[Denomination]:
    return [Denomination(value=one.value.money(), count=one.count) for one in given]
