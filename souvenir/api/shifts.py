"""A shift's X and Z reports: what a till took, what its drawer should hold, what was counted, and what is over or short."""

from datetime import date
from typing import Final
from uuid import UUID

import strawberry

from souvenir.api.desk import Desk
from souvenir.api.identity import global_id
from souvenir.api.types import Money
from souvenir.kernel import money
from souvenir.pos.shift import Shift
from souvenir.processes.cash_up import ShiftReport as Report


@strawberry.type(description="What was taken or given back in one tender.")
class ShiftTaking:
    kind: str = strawberry.field(
        description="sale, return, tax_refund; given_back, of a sale not completed; set_off, kept back of a return."
    )
    tender: str
    count: int
    amount: Money


@strawberry.type(description="Cash that went in or out without a sale, summed by kind.")
class ShiftMovement:
    kind: str = strawberry.field(description="float, drop, pay_in, pay_out.")
    count: int
    amount: Money


@strawberry.type(description="So many notes or coins of one value.")
class CountedDenomination:
    value: Money
    count: int


@strawberry.type(description="What stands open at a till: somebody's goods or money, but no sale yet.")
class ShiftUnfinished:
    kind: str = strawberry.field(description="parked (a sale), part_paid (an order), payment_open.")
    id: strawberry.ID
    amount: Money | None = strawberry.field(description="Paid of it, or asked for.")


@strawberry.type(description="An X report of an open shift, or the Z report of a closed one.")
class ShiftReport:
    kind: str = strawberry.field(
        description="X while the shift is open; Z once it is closed, and then for ever the same."
    )
    shift_id: strawberry.ID
    till: str
    shift_no: int
    business_date: date
    opening_float: Money
    blind: bool
    takings: list[ShiftTaking] = strawberry.field(description="Without cash while a blind count is yet to be made.")
    movements: list[ShiftMovement]
    expected: Money | None = strawberry.field(description="In the drawer; null while a blind count is yet to be made.")
    counts: list[CountedDenomination]
    counted: Money | None
    difference: Money | None = strawberry.field(description="Over above zero, short below.")
    reason: str = strawberry.field(description="What whoever counted says of a difference.")
    no_sales: list[str] = strawberry.field(description="Why the drawer was opened without a sale, each time.")
    unfinished: list[ShiftUnfinished] = strawberry.field(description="As it is now; in a Z report, as it was left.")


_UNFINISHED: Final = {"parked": "ParkedSale", "part_paid": "Order", "payment_open": "Payment"}
"""What each is an id of."""


def report(at: Desk, shift_id: UUID, *, to_cashier: bool) -> ShiftReport:
    """The report of a shift as it stands. Raises NotFound."""
    found = at.shop.cash_up.report(shift_id, to_cashier=to_cashier)
    shift = found.shift
    return ShiftReport(
        kind=found.kind,
        shift_id=global_id("Shift", shift.id),
        till=shift.till,
        shift_no=shift.shift_no,
        business_date=shift.business_date,
        opening_float=Money.of(shift.opening_float),
        blind=shift.blind,
        takings=_takings(found),
        movements=_movements(shift),
        expected=Money.of(found.due) if found.due is not None else None,
        counts=[CountedDenomination(value=Money.of(one.value), count=one.count) for one in shift.counts],
        counted=Money.of(shift.counted) if shift.counted is not None else None,
        difference=Money.of(shift.difference) if shift.difference is not None else None,
        reason=shift.reason,
        no_sales=list(shift.no_sales.values()),
        unfinished=[
            ShiftUnfinished(
                kind=one.kind,
                id=global_id(_UNFINISHED[one.kind], one.id),
                amount=Money.of(one.amount) if one.amount is not None else None,
            )
            for one in found.unfinished
        ],
    )


def _takings(found: Report) -> list[ShiftTaking]:
    return [
        ShiftTaking(kind=one.kind, tender=one.tender, count=one.count, amount=Money.of(one.amount))
        for one in found.takings
    ]


def _movements(shift: Shift) -> list[ShiftMovement]:
    by_kind: dict[str, list[money.Money]] = {}
    for kind, amount in shift.movements.values():
        by_kind.setdefault(kind, []).append(amount)
    return [
        ShiftMovement(
            kind=kind, count=len(amounts), amount=Money.of(money.total(amounts, shift.opening_float.currency))
        )
        for kind, amounts in sorted(by_kind.items())
    ]
