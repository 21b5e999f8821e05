"""Shifts as finance sees them: by till, what was over or short, and the report of each, with nothing hidden."""

from datetime import date

import strawberry

from souvenir.api import shifts
from souvenir.api.identity import global_id, read_id
from souvenir.api.shifts import ShiftReport
from souvenir.api.staff import bookkeeper
from souvenir.api.types import Info, Money, described


@strawberry.type(description="One shift in the till book; counts are null while it is open.")
class ShiftInBook:
    id: strawberry.ID
    shift_no: int
    business_date: date
    counted: Money | None
    difference: Money | None


@strawberry.type
class ShiftBookQuery:
    @described
    def shifts(
        self, info: Info, outlet_id: strawberry.ID, till: str, first: int = 20, after: int = 0
    ) -> list[ShiftInBook]:
        """The shifts of a till by number, after one; at most 100."""
        at, outlet = bookkeeper(info), read_id("Outlet", outlet_id, "outletId")
        view = at.shop.views.tills
        with at.reading(view) as session:
            found = view.shifts(session, outlet, till, after, first)
        return [
            ShiftInBook(
                id=global_id("Shift", row.id),
                shift_no=row.shift_no,
                business_date=row.business_date,
                counted=Money.of(row.counted) if row.counted is not None else None,
                difference=Money.of(row.difference) if row.difference is not None else None,
            )
            for row in found
        ]

    @described
    def shift_report(self, info: Info, id: strawberry.ID) -> ShiftReport:
        """The report of a shift, cash included."""
        return shifts.report(bookkeeper(info), read_id("Shift", id, "id"), to_cashier=False)
