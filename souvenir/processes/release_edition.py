"""Release an edition: only where every licence and gift mark on its product lets it be sold on that day, outlet by outlet."""

from datetime import datetime
from uuid import UUID

from souvenir.catalogue.product import Product
from souvenir.editions.edition import Edition
from souvenir.eventlog import Transaction
from souvenir.kernel.errors import SouvenirError
from souvenir.licensing.application import Place, check_mark, check_release
from souvenir.sales.order import Channel
from souvenir.sites.outlet import Outlet


class SetLacksLicence(SouvenirError):
    message = "The set {sku} is not under licence {licence_id}, though its part {part} is. List it under all of them."
    sku: str
    part: str
    licence_id: UUID


def may_release(tx: Transaction, edition: Edition, on_sale_from: datetime) -> None:
    """Refuse a release the licensors or certifiers would not have; the sale asks again, of whatever changed since.

    A set owes royalties under its own product's licences, so those must be all that its parts are under.
    """
    product = tx.find(Product, edition.product_id)
    if product is None:
        return
    for part in (tx.get(Product, tx.look(Edition, id).product_id) for id in edition.parts):
        for licence_id in part.licence_ids:
            if licence_id not in product.licence_ids:
                raise SetLacksLicence(sku=product.sku, part=part.sku, licence_id=licence_id)
    outlets = [tx.get(Outlet, outlet_id) for outlet_id in dict.fromkeys(r.outlet_id for r in edition.allotments)]
    places = [Place(outlet.region, Channel.SHOP if outlet.kind == "shop" else Channel.ONLINE) for outlet in outlets]
    check_release(tx, product.licence_ids, product.category, places, on_sale_from, product.id)
    if product.mark_id is not None:
        check_mark(tx, product.mark_id, product.id, on_sale_from.date())
