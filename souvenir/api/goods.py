"""Products as every audience sees them."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import strawberry

from souvenir.api.connections import Connection, page
from souvenir.api.desk import Desk
from souvenir.api.editions import Edition, editions_of
from souvenir.api.identity import Node, global_id, global_id_if
from souvenir.api.places import Site, sites_with
from souvenir.api.showcase import Later, Together, looking
from souvenir.api.types import LocalizedText, Money, Translation, described
from souvenir.catalogue.views import Shelf, ShelfItem
from souvenir.kernel.errors import NotFound
from souvenir.kernel.identifiers import checked_gtin


@strawberry.type(description="A line of goods, with the place it comes from.")
class Product(Node):
    sku: str
    gtin: str | None
    category: str
    price: Money = strawberry.field(description="Including VAT.")
    vat_category: str
    vat_rate: Decimal = strawberry.field(description="At its listing; each sale uses the rate of its own day.")
    has_edition: bool = strawberry.field(description="Whether it is sold piece by piece, by number.")
    refundable: bool = strawberry.field(description="Whether an overseas traveller may claim its tax back.")
    withdrawn_on: date | None
    licence_ids: list[strawberry.ID]
    mark_id: strawberry.ID | None
    name: LocalizedText
    story: LocalizedText
    names: strawberry.Private[Mapping[str, str]]
    origin_of_it: strawberry.Private[Later[Site]]
    editions_of_it: strawberry.Private[Later[list[Edition]]]
    key: strawberry.Private[UUID]

    @described
    def name_translations(self) -> list[Translation]:
        """The name in every language it is kept in."""
        return Translation.all(self.names)

    @described
    def origin(self) -> Site | None:
        """The place it comes from."""
        return self.origin_of_it()

    @strawberry.field
    def editions(self) -> list[Edition]:
        return self.editions_of_it() or []


def product(at: Desk, id: UUID) -> Product:
    """The product with this id. Raises NotFound."""
    return _found(at, str(id), lambda shelf, session: shelf.by_id(session, id))


def product_by_sku(at: Desk, sku: str) -> Product:
    """The product with this SKU. Raises NotFound."""
    return _found(at, sku, lambda shelf, session: shelf.by_sku(session, sku))


def product_by_gtin(at: Desk, gtin: str) -> Product:
    """The product with this GTIN. Raises NotFound or MalformedGtin."""
    code = checked_gtin(gtin)
    return _found(at, gtin, lambda shelf, session: shelf.by_gtin(session, code))


def products_with(at: Desk, ids: Collection[UUID]) -> dict[UUID, Product]:
    """The products with these ids; those that are none are missing."""
    view = at.shop.views.shelf
    with looking(at, view) as session:
        found = view.with_ids(session, ids)
    shown = _products(at)
    return {row.id: shown(row) for row in found}


def products(at: Desk, first: int, after: str | None, withdrawn: bool = False) -> Connection[Product]:
    """Products by SKU."""
    view = at.shop.views.shelf
    with looking(at, view) as session:
        return page(
            lambda start, limit: view.page(session, start, limit, withdrawn),
            key=lambda row: (row.sku,),
            node=_products(at),
            first=first,
            after=after,
            sort="sku",
        )


def _found(at: Desk, wanted: str, find: Callable[[Shelf, Any], ShelfItem | None]) -> Product:
    view = at.shop.views.shelf
    with looking(at, view) as session:
        row = find(view, session)
    if row is None:
        raise NotFound(kind="Product", id=wanted[:40])
    return _products(at)(row)


def _products(at: Desk) -> Callable[[ShelfItem], Product]:
    """Shows products; where they come from, and their editions, are found together."""
    origins, editions = Together(partial(sites_with, at)), Together(partial(editions_of, at))

    def shown(row: ShelfItem) -> Product:
        return Product(
            id=global_id("Product", row.id),
            sku=row.sku,
            gtin=row.gtin,
            category=row.category,
            price=Money.of(row.price),
            vat_category=row.vat_category,
            vat_rate=row.vat_rate,
            has_edition=row.has_edition,
            refundable=row.refundable,
            withdrawn_on=row.withdrawn_on,
            licence_ids=[global_id("Licence", id) for id in row.licence_ids],
            mark_id=global_id_if("Mark", row.mark_id),
            name=LocalizedText.of(row.name, at.languages),
            story=LocalizedText.of(row.story, at.languages),
            names=row.name,
            origin_of_it=origins.later(row.origin_site_id),
            editions_of_it=editions.later(row.id if row.has_edition else None),
            key=row.id,
        )

    return shown
