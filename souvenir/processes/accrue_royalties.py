"""Accrue royalties: every paid order line earns its licensors their share, and every return takes its share back."""

from decimal import Decimal
from uuid import UUID

from souvenir.eventlog import Process, Transaction, when
from souvenir.kernel.money import Money
from souvenir.licensing.application import LicensedSale, Positions, accrue, reverse
from souvenir.sales.line import OrderLine
from souvenir.sales.order import Order


class AccrueRoyalties(Process):
    """Follows the orders. The base is the line without VAT: a traveller's tax refund never touches it."""

    name = "accrue_royalties"
    _positions: Positions | None = None

    @when(Order.Paid)
    def _paid(self, tx: Transaction, event: Order.Paid) -> None:
        order = tx.at_event(Order, event.originator_id)
        for line in order.lines:
            sale = LicensedSale(
                order_id=order.id,
                line_no=line.line_no,
                product_id=line.product_id,
                sku=line.sku,
                category=line.category,
                channel=order.channel,
                units=line.quantity,
                net=line.net,
                gross=_listed(line),
                territory=order.territory,
                licence_ids=line.licence_ids,
                gtin=line.gtin,
                placed_on=order.placed_on,
                paid_on=event.paid_on,
            )
            for licence_id in line.licence_ids:
                accrue(self._at(tx), licence_id, _borne(sale, line, licence_id) if line.bearings else sale)

    @when(Order.Returned)
    def _returned(self, tx: Transaction, event: Order.Returned) -> None:
        order = tx.at_event(Order, event.originator_id)
        for returned in event.lines:
            line = order.line(returned.line_no)
            assert line is not None, "an order takes back only lines it has"
            for licence_id in line.licence_ids:
                net = line.bearing(licence_id).net or returned.gross - returned.vat
                reverse(
                    self._at(tx),
                    licence_id,
                    order.id,
                    line.line_no,
                    event.return_id,
                    returned.quantity,
                    net,
                    event.returned_on,
                )

    def _at(self, tx: Transaction) -> Positions:
        """Where licences stand in this transaction; a batch of events is answered in one."""
        if self._positions is None or self._positions.tx is not tx:
            self._positions = Positions(tx)
        return self._positions


def _borne(sale: LicensedSale, line: OrderLine, licence_id: UUID) -> LicensedSale:
    """The sale as it concerns one licence: its part of the price, its day."""
    bearing = line.bearing(licence_id)
    sale = sale._replace(placed_on=bearing.on or sale.placed_on)
    if bearing.net is None:
        return sale
    rest = line.net - bearing.net
    parts = {each.licence_id: Decimal(each.net.minor) / line.net.minor for each in line.bearings if each.net}
    return sale._replace(net=bearing.net, gross=_listed(line).split([bearing.net.minor, rest.minor])[0], shares=parts)


def _listed(line: OrderLine) -> Money:
    """The line at its list price without VAT, before any discount."""
    listed = line.unit_price * line.quantity
    return line.net if listed == line.gross else listed - listed.tax_within(line.vat_rate)
