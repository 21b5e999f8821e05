"""Products as every audience sees them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

import strawberry

from souvenir.api.connections import Connection, page
from souvenir.api.desk import Desk, desk
from souvenir.api.editions import Edition, editions_of
from souvenir.api.identity import Node, global_id, global_id_if
from souvenir.api.places import Site, site
from souvenir.api.types import Info, LocalizedText, Money, Translation, described, visit
from souvenir.catalogue.views import ShelfItem
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
    names: strawberry.Private[Mapping[str, str]]
    stories: strawberry.Private[Mapping[str, str]]
    origin_id: strawberry.Private[UUID]
    key: strawberry.Private[UUID]

    @strawberry.field
    def name(self, info: Info) -> LocalizedText:
        return LocalizedText.of(self.names, visit(info).languages)

    @strawberry.field
    def story(self, info: Info) -> LocalizedText:
        return LocalizedText.of(self.stories, visit(info).languages)

    @described
    def name_translations(self) -> list[Translation]:
        """The name in every language it is kept in."""
        return Translation.all(self.names)

    @described
    def origin(self, info: Info) -> Site | None:
        """The place it comes from."""
        try:
            return site(desk(info), self.origin_id)
        except NotFound:
            return None

    @strawberry.field
    def editions(self, info: Info) -> list[Edition]:
        return editions_of(desk(info), self.key) if self.has_edition else []


def product(at: Desk, id: UUID) -> Product:
    """The product with this id. Raises NotFound."""
    with at.reading(at.shop.views.shelf) as session:
        return _found(at.shop.views.shelf.by_id(session, id), str(id))


def product_by_sku(at: Desk, sku: str) -> Product:
    """The product with this SKU. Raises NotFound."""
    with at.reading(at.shop.views.shelf) as session:
        return _found(at.shop.views.shelf.by_sku(session, sku), sku[:40])


def product_by_gtin(at: Desk, gtin: str) -> Product:
    """The product with this GTIN. Raises NotFound or MalformedGtin."""
    with at.reading(at.shop.views.shelf) as session:
        return _found(at.shop.views.shelf.by_gtin(session, checked_gtin(gtin)), gtin[:40])


def products(at: Desk, first: int, after: str | None, withdrawn: bool = False) -> Connection[Product]:
    """Products by SKU."""
    view = at.shop.views.shelf
    with at.reading(view) as session:
        return page(
            lambda start, limit: view.page(session, start, limit, withdrawn),
            key=lambda row: (row.sku,),
            node=_product,
            first=first,
            after=after,
            sort="sku",
        )


def _found(row: ShelfItem | None, wanted: str) -> Product:
    if row is None:
        raise NotFound(kind="Product", id=wanted)
    return _product(row)


def _product(row: ShelfItem) -> Product:
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
        names=row.name,
        stories=row.story,
        origin_id=row.origin_site_id,
        key=row.id,
    )
