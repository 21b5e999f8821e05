"""Lapse orders: what nobody pays within a day is given up, and the units it took of a licence's cap are free again."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from souvenir.eventlog import EventLog, Transaction
from souvenir.kernel import clock
from souvenir.licensing.application import give_units_back
from souvenir.licensing.registers.rights import orders_with_units
from souvenir.processes.watch_deadlines import trying
from souvenir.sales.order import Order

UNPAID_FOR: Final = timedelta(hours=24)
"""How long an order may hold units of a cap without being paid."""

AT_ONCE: Final = 200
"""Orders looked at in one pass; the next pass takes the next ones."""


class LapseOrders:
    """Gives up orders that hold scarce units and were never paid. Money that comes later is given back."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def act_on_deadlines(self) -> int:
        """Look at the oldest ones; answers how many were given up. May be repeated at any time."""
        with self._log.reading() as session:
            waiting = orders_with_units(session, clock.now() - UNPAID_FOR, AT_ONCE)
        lapsed = 0
        for order_id in waiting:
            with trying("order", order_id):
                lapsed += self._lapse(order_id)
        return lapsed

    def _lapse(self, order_id: UUID) -> bool:
        def command(tx: Transaction) -> bool:
            order = tx.get(Order, order_id)
            if order.paid_by is not None:
                return False
            order.cancel("nobody paid it within a day")
            for line in order.lines:
                give_units_back(tx, line.licence_ids, order.id, line.line_no)
            tx.save(order)
            return True

        return self._log.commit(command).result
