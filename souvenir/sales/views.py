"""What shops and buyers ask about orders: by number, by day, and whether they are paid."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from souvenir.eventlog import Session, View, when
from souvenir.kernel.errors import NotFound
from souvenir.kernel.money import Money
from souvenir.sales.order import Order

LARGEST_PAGE: Final = 101
"""Rows at once: a page of a hundred, and the row that says there is a next."""
_COLUMNS = "id, order_no, outlet_id, channel, till, placed_on, currency, gross, returned, state"


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One line of the order book."""

    id: UUID
    order_no: str
    outlet_id: UUID
    channel: str
    till: str | None
    placed_on: date
    gross: Money
    returned: Money
    state: str
    """placed, paid, cancelled or returned (in part or whole)."""


class OrderBook(View):
    """Every order, one row each."""

    name = "order_book"
    tables = ("order_book",)
    ddl = (
        "CREATE TABLE IF NOT EXISTS order_book (id TEXT PRIMARY KEY, order_no TEXT NOT NULL, outlet_id TEXT NOT NULL, "
        "channel TEXT NOT NULL, till TEXT, placed_on TEXT NOT NULL, currency TEXT NOT NULL, gross BIGINT NOT NULL, "
        "returned BIGINT NOT NULL, state TEXT NOT NULL)",
        "CREATE INDEX IF NOT EXISTS order_book_by_no ON order_book (order_no)",
        "CREATE INDEX IF NOT EXISTS order_book_by_day ON order_book (placed_on, id)",
    )

    @when(Order.Placed)
    def _placed(self, session: Session, event: Order.Placed) -> None:
        session.run(
            f"INSERT INTO order_book ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 'placed')",
            str(event.originator_id),
            event.order_no,
            str(event.outlet_id),
            str(event.channel),
            event.till,
            event.placed_on.isoformat(),
            event.currency,
            sum(line.gross.minor for line in event.lines),
        )

    @when(Order.Paid)
    def _paid(self, session: Session, event: Order.Paid) -> None:
        session.run("UPDATE order_book SET state = 'paid' WHERE id = ?", str(event.originator_id))

    @when(Order.Cancelled)
    def _cancelled(self, session: Session, event: Order.Cancelled) -> None:
        session.run("UPDATE order_book SET state = 'cancelled' WHERE id = ?", str(event.originator_id))

    @when(Order.Returned)
    def _returned(self, session: Session, event: Order.Returned) -> None:
        session.run(
            "UPDATE order_book SET state = 'returned', returned = returned + ? WHERE id = ?",
            event.amount.minor,
            str(event.originator_id),
        )

    def by_number(self, session: Session, order_no: str) -> OrderRow:
        """The order with this number. Raises NotFound."""
        found = session.row(f"SELECT {_COLUMNS} FROM order_book WHERE order_no = ?", order_no)
        if found is None:
            raise NotFound(kind="Order", id=order_no[:40])
        return _order(found)

    def page(
        self, session: Session, outlet_id: UUID | None = None, after: tuple[date, UUID] | None = None, first: int = 20
    ) -> list[OrderRow]:
        """Orders by day and id, at most a page, after a given one; of one outlet or of all."""
        day, id = (after[0].isoformat(), str(after[1])) if after else ("", "")
        of_outlet, params = ("AND outlet_id = ?", (str(outlet_id),)) if outlet_id else ("", ())
        rows = session.rows(
            f"SELECT {_COLUMNS} FROM order_book WHERE (placed_on > ? OR (placed_on = ? AND id > ?)) {of_outlet} "
            "ORDER BY placed_on, id LIMIT ?",
            day,
            day,
            id,
            *params,
            max(1, min(first, LARGEST_PAGE)),
        )
        return [_order(row) for row in rows]


def _order(row: tuple[Any, ...]) -> OrderRow:
    id, order_no, outlet_id, channel, till, placed_on, currency, gross, returned, state = row
    return OrderRow(
        UUID(id), order_no, UUID(outlet_id), channel, till, date.fromisoformat(placed_on),
        Money(gross, currency), Money(returned, currency), state,
    )  # fmt: skip
