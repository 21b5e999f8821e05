"""Sell offline: a till leases a block of numbers, reports afterwards what it sold, and hands in the rest."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from souvenir.catalogue.product import Product
from souvenir.editions.application import Leases, grant_lease, sell_leased
from souvenir.editions.application.limits import identify
from souvenir.editions.edition import Edition
from souvenir.editions.lease import Lease
from souvenir.editions.purchase import Evidence
from souvenir.editions.terms import Space
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id, new_id
from souvenir.kernel.money import Money
from souvenir.payments.payment import Payment, Tender
from souvenir.pos.application import counted_before
from souvenir.pos.device import Device
from souvenir.processes.make_order import Item, NotThatWay, line_of, order_of
from souvenir.processes.split_tender import as_paid, put_to_order
from souvenir.sales.order import Channel, Order
from souvenir.sites.outlet import Outlet


class LeaseOfAnotherDevice(SouvenirError):
    message = "Lease {lease_id} belongs to another device. A device reports and hands in its own."
    lease_id: UUID


class SellOffline:
    """What a till does before, during and after its offline hours. The sale happened: it is recorded, not refused."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def lease(
        self,
        device_id: UUID,
        edition_id: UUID,
        numbers: int,
        until: datetime,
        back_at: datetime | None = None,
        space: Space = "numbered",
    ) -> Committed[UUID]:
        """Lease the next free numbers of the device's outlet to it; answers the lease's id."""
        lease_id = new_id()

        def command(tx: Transaction) -> UUID:
            device = tx.get(Device, device_id)
            asked = (lease_id, edition_id, device.outlet_id, device_id, numbers, until, back_at or until, space)
            return grant_lease(tx, *asked, device_is_revoked=device.revoked is not None).id

        return self._log.execute(command)

    def report(
        self,
        device_id: UUID,
        lease_id: UUID,
        number: int,
        tender: Tender,
        sold_on: date,
        reference: str = "",
        price: Money | None = None,
        evidence: Evidence | None = None,
    ) -> Committed[UUID]:
        """Record a sale the device made from its lease, at the price it charged; answers the order's id.

        A number that somebody else has by now is not on the order: the money is, and the lease notes the dispute, for
        people to settle with the buyer. The same number reported twice is one sale, unless it was paid twice: with
        another `reference`. `evidence` says who bought, where an edition is sold so many a person.
        """

        def command(tx: Transaction) -> UUID:
            lease = _own(tx, lease_id, device_id)
            lease.must_contain(number)
            order_id = derived_id("offline-sale", lease_id, number)
            told = tx.find(Order, order_id)
            paid = told and told.paid_by and tx.find(Payment, told.paid_by)
            if paid and reference not in ("", paid.reference):
                order_id = derived_id("offline-sale", lease_id, number, reference)
            if tx.find(Order, order_id) is None:
                if evidence is not None:
                    identify(tx, order_id, evidence)
                sold = sell_leased(tx, lease_id, number, order_id, sold_on)
                edition_id, named = (lease.edition_id, number) if sold else (None, None)
                product_id = tx.look(Edition, lease.edition_id).product_id
                item = Item(product_id, 1, edition_id, lease.space, named, price)
                _record(tx, order_id, tx.get(Device, device_id), [item], sold_on, lease.edition_id)
                _pay(tx, order_id, tender, reference, sold_on)
            return order_id

        return self._log.execute(command)

    def report_goods(
        self, device_id: UUID, goods: Sequence[Item], tender: Tender, sold_on: date, reference: str = ""
    ) -> Committed[UUID]:
        """Record open goods the device sold, at the prices it charged; answers the order's id.

        It happened: goods that were withdrawn or dearer by now do not matter. Raises NotThatWay for a product that is sold
        by number, which takes a lease.
        """
        order_id = new_id()

        def command(tx: Transaction) -> UUID:
            for item in goods:
                product = tx.look(Product, item.product_id)
                if product.has_edition:
                    raise NotThatWay(sku=product.sku)
            _record(tx, order_id, tx.get(Device, device_id), goods, sold_on)
            _pay(tx, order_id, tender, reference, sold_on)
            return order_id

        return self._log.execute(command)

    def hand_in(self, device_id: UUID, lease_id: UUID) -> Committed[None]:
        """End the device's lease once it has reported every sale: what is left comes back at once."""
        _own(self._log, lease_id, device_id)
        return Leases(self._log).hand_in(lease_id)


def _own(tx: Transaction | EventLog, lease_id: UUID, device_id: UUID) -> Lease:
    lease = tx.load(Lease, lease_id) if isinstance(tx, EventLog) else tx.get(Lease, lease_id)
    if lease.device_id != device_id:
        raise LeaseOfAnotherDevice(lease_id=lease_id)
    return lease


def _record(
    tx: Transaction, order_id: UUID, device: Device, items: Sequence[Item], on: date, set_of: UUID | None = None
) -> None:
    """The order as it was sold. What the licences say of it is told by the accrual, which reports breaches apart."""
    outlet = tx.look(Outlet, device.outlet_id)
    lines = []
    for line_no, item in enumerate(items, start=1):
        product = tx.look(Product, item.product_id)
        days = dict.fromkeys(product.licence_ids, on)
        lines.append(line_of(tx, product, outlet, line_no, item, on, days, set_of))
    tx.save(order_of(order_id, outlet, Channel.SHOP, device.till, lines, on))


def _pay(tx: Transaction, order_id: UUID, tender: Tender, reference: str, on: date) -> None:
    order = tx.get(Order, order_id)
    outlet = tx.look(Outlet, order.outlet_id)
    amount = as_paid(outlet, order.remaining, tender, on)
    payment = Payment.take(order_id, amount, tender, reference or f"counter:{order.order_no}")
    late = order.till is not None and counted_before(tx, order.outlet_id, order.till, on)
    put_to_order(outlet, order, payment, on, after_count=late)
    tx.save(order, payment)
