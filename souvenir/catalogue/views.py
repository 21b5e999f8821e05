"""The shelf: products as they are shown and found, by id, by code and in pages."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson

from souvenir.catalogue.product import Product
from souvenir.eventlog import Session, View, when
from souvenir.kernel.money import Money

LARGEST_PAGE: Final = 101
"""Rows at once: a page of a hundred, and the row that says there is a next."""


@dataclass(frozen=True, slots=True)
class ShelfItem:
    """One product as a shopper or a till sees it."""

    id: UUID
    sku: str
    name: Mapping[str, str]
    story: Mapping[str, str]
    origin_site_id: UUID
    price: Money
    """Including VAT."""
    vat_category: str
    vat_rate: Decimal
    category: str
    gtin: str | None
    licence_ids: tuple[UUID, ...]
    mark_id: UUID | None
    has_edition: bool
    refundable: bool
    withdrawn_on: date | None


class Shelf(View):
    """Every product ever listed, the withdrawn ones marked."""

    name = "shelf"
    tables = ("shelf",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS shelf (
            product_id TEXT PRIMARY KEY, sku TEXT NOT NULL, gtin TEXT, name TEXT NOT NULL, story TEXT NOT NULL,
            origin_site_id TEXT NOT NULL, price_minor BIGINT NOT NULL, currency TEXT NOT NULL,
            vat_category TEXT NOT NULL, vat_rate TEXT NOT NULL, category TEXT NOT NULL, licence_ids TEXT NOT NULL,
            mark_id TEXT, has_edition INTEGER NOT NULL, refundable INTEGER NOT NULL, withdrawn_on TEXT)""",
        "CREATE INDEX IF NOT EXISTS shelf_by_sku ON shelf (sku)",
        "CREATE INDEX IF NOT EXISTS shelf_by_gtin ON shelf (gtin)",
    )

    @when(Product.Listed)
    def _listed(self, session: Session, event: Product.Listed) -> None:
        session.run(
            f"INSERT INTO shelf ({_COLUMNS}) VALUES ({', '.join('?' * 16)})",
            str(event.originator_id),
            event.sku,
            event.gtin,
            _json(event.name),
            _json(event.story),
            str(event.origin_site_id),
            event.price.minor,
            event.price.currency,
            event.vat_category,
            str(event.vat_rate),
            event.category,
            orjson.dumps([str(licence) for licence in event.licence_ids]).decode(),
            None if event.mark_id is None else str(event.mark_id),
            int(event.has_edition),
            int(event.refundable),
            None,
        )

    @when(Product.Repriced)
    def _repriced(self, session: Session, event: Product.Repriced) -> None:
        session.run(
            "UPDATE shelf SET price_minor = ? WHERE product_id = ?", event.price.minor, str(event.originator_id)
        )

    @when(Product.Translated)
    def _translated(self, session: Session, event: Product.Translated) -> None:
        session.run(
            "UPDATE shelf SET name = ?, story = ? WHERE product_id = ?",
            _json(event.name),
            _json(event.story),
            str(event.originator_id),
        )

    @when(Product.Withdrawn)
    def _withdrawn(self, session: Session, event: Product.Withdrawn) -> None:
        session.run(
            "UPDATE shelf SET withdrawn_on = ? WHERE product_id = ?",
            event.withdrawn_on.isoformat(),
            str(event.originator_id),
        )

    def by_id(self, session: Session, product_id: UUID) -> ShelfItem | None:
        """The product with this id."""
        return _one(session.row(f"{_SELECT} WHERE product_id = ?", str(product_id)))

    def with_ids(self, session: Session, product_ids: Collection[UUID]) -> list[ShelfItem]:
        """The products with these ids, in no order."""
        rows = session.rows(f"{_SELECT} WHERE product_id IN ({_places(product_ids)})", *map(str, product_ids))
        return [_item(row) for row in rows]

    def by_sku(self, session: Session, sku: str) -> ShelfItem | None:
        """The product with this SKU."""
        return _one(session.row(f"{_SELECT} WHERE sku = ?", sku))

    def by_gtin(self, session: Session, gtin: str) -> ShelfItem | None:
        """The product with this GTIN, given as 14 digits."""
        return _one(session.row(f"{_SELECT} WHERE gtin = ?", gtin))

    def page(
        self, session: Session, after: str | None = None, first: int = 20, withdrawn: bool = False
    ) -> list[ShelfItem]:
        """The next products in order of SKU after the one named, at most a page; withdrawn ones only if asked for."""
        on_sale = "" if withdrawn else " AND withdrawn_on IS NULL"
        limit = max(1, min(first, LARGEST_PAGE))
        rows = session.rows(f"{_SELECT} WHERE sku > ?{on_sale} ORDER BY sku LIMIT {limit}", after or "")
        return [_item(row) for row in rows]


_COLUMNS = (
    "product_id, sku, gtin, name, story, origin_site_id, price_minor, currency, vat_category, vat_rate, category, "
    "licence_ids, mark_id, has_edition, refundable, withdrawn_on"
)
_SELECT = f"SELECT {_COLUMNS} FROM shelf"


def _one(row: tuple[Any, ...] | None) -> ShelfItem | None:
    return None if row is None else _item(row)


def _item(row: tuple[Any, ...]) -> ShelfItem:
    (id, sku, gtin, name, story, origin, minor, currency, vat_category, rate, category, licences, mark, *flags) = row
    has_edition, refundable, withdrawn_on = flags
    return ShelfItem(
        id=UUID(id),
        sku=sku,
        name=orjson.loads(name),
        story=orjson.loads(story),
        origin_site_id=UUID(origin),
        price=Money(minor, currency),
        vat_category=vat_category,
        vat_rate=Decimal(rate),
        category=category,
        gtin=gtin,
        licence_ids=tuple(UUID(licence) for licence in orjson.loads(licences)),
        mark_id=None if mark is None else UUID(mark),
        has_edition=bool(has_edition),
        refundable=bool(refundable),
        withdrawn_on=None if withdrawn_on is None else date.fromisoformat(withdrawn_on),
    )


def _places(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))


def _json(words: Mapping[str, str]) -> str:
    return orjson.dumps(dict(words)).decode()
