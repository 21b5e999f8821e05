"""What staff, API and processes may ask of the catalogue: list, reprice, translate, withdraw, find by code."""

from collections.abc import Callable
from datetime import date
from typing import Unpack
from uuid import UUID

from souvenir.catalogue.product import GtinTaken, Listing, Product, SkuTaken
from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel.localized import LocalizedText
from souvenir.kernel.money import Money


class Catalogue:
    """The products of one shop group."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def list_product(self, **listing: Unpack[Listing]) -> Committed[UUID]:
        """List a product and give its id; the same listing again gives the same id and records nothing."""
        return self._log.execute(lambda tx: enter_product(tx, Product.list_new(**listing)))

    def reprice(self, product_id: UUID, price: Money, repriced_on: date) -> Committed[None]:
        """Ask another price from now on."""
        return self._decide(product_id, lambda product: product.reprice(price, repriced_on))

    def translate(self, product_id: UUID, name: LocalizedText, story: LocalizedText) -> Committed[None]:
        """Give name and story in other words or more languages."""
        return self._decide(product_id, lambda product: product.translate(name, story))

    def withdraw(self, product_id: UUID, withdrawn_on: date, reason: str) -> Committed[None]:
        """Take a product off sale for good."""
        return self._decide(product_id, lambda product: product.withdraw(withdrawn_on, reason))

    def _decide(self, product_id: UUID, decide: Callable[[Product], None]) -> Committed[None]:
        def command(tx: Transaction) -> None:
            product = tx.get(Product, product_id)
            decide(product)
            tx.save(product)

        return self._log.execute(command)


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
