"""What staff, API and processes may ask of the catalogue: list, reprice, translate, withdraw, find by code."""

from datetime import date
from uuid import UUID

from souvenir.catalogue.product import GtinTaken, Product, SkuTaken
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel.localized import LocalizedText
from souvenir.kernel.money import Money


class Catalogue:
    """The products of one shop group."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def list_product(
        self,
        *,
        sku: str,
        name: LocalizedText,
        story: LocalizedText,
        origin_site_id: UUID,
        price: Money,
        vat_category: str,
        category: str,
        listed_on: date,
        gtin: str | None = None,
        licence_ids: tuple[UUID, ...] = (),
        mark_id: UUID | None = None,
        has_edition: bool = False,
        cost: Money | None = None,
        jurisdiction: str = "CN",
        refundable: bool = True,
    ) -> Committed[UUID]:
        """List a product and give its id; the same listing again gives the same id and records nothing."""

        def decide(tx: Transaction) -> UUID:
            product = Product.list_new(
                sku=sku,
                name=name,
                story=story,
                origin_site_id=origin_site_id,
                price=price,
                vat_category=vat_category,
                category=category,
                listed_on=listed_on,
                gtin=gtin,
                licence_ids=licence_ids,
                mark_id=mark_id,
                has_edition=has_edition,
                cost=cost,
                jurisdiction=jurisdiction,
                refundable=refundable,
            )
            return enter_product(tx, product)

        return self._log.execute(decide)

    def reprice(self, product_id: UUID, price: Money, repriced_on: date) -> Committed[None]:
        """Ask another price from now on."""

        def decide(tx: Transaction) -> None:
            product = tx.get(Product, product_id)
            product.reprice(price, repriced_on)
            tx.save(product)

        return self._log.execute(decide)

    def translate(self, product_id: UUID, name: LocalizedText, story: LocalizedText) -> Committed[None]:
        """Give name and story in other words or more languages."""

        def decide(tx: Transaction) -> None:
            product = tx.get(Product, product_id)
            product.translate(name, story)
            tx.save(product)

        return self._log.execute(decide)

    def withdraw(self, product_id: UUID, withdrawn_on: date, reason: str) -> Committed[None]:
        """Take a product off sale for good."""

        def decide(tx: Transaction) -> None:
            product = tx.get(Product, product_id)
            product.withdraw(withdrawn_on, reason)
            tx.save(product)

        return self._log.execute(decide)


def enter_product(tx: Transaction, product: Product) -> UUID:
    """Record a new product inside a transaction, unless it or one of its codes is already known."""
    known = tx.find(Product, product.id)
    if known is not None:
        if known.listed_as != product.listed_as:
            raise SkuTaken(sku=product.sku, product_id=known.id).at("sku")
        return known.id
    if product.gtin is not None:
        row = tx.session.row("SELECT sku FROM product_codes WHERE kind = 'gtin' AND code = ?", product.gtin)
        if row is not None:
            raise GtinTaken(gtin=product.gtin, sku=row[0]).at("gtin")
    tx.save(product)
    return product.id
