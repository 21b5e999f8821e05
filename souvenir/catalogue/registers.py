"""Which codes are taken: every SKU and GTIN names one product, for ever."""

from souvenir.catalogue.product import Product
from souvenir.eventlog import Register, Session, when


class ProductCodes(Register):
    """One row per code; its primary key is what refuses a second product under the same GTIN."""

    name = "product_codes"
    tables = ("product_codes",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS product_codes (
            kind TEXT NOT NULL, code TEXT NOT NULL, sku TEXT NOT NULL, product_id TEXT NOT NULL,
            PRIMARY KEY (kind, code))""",
    )

    @when(Product.Listed)
    def _listed(self, session: Session, event: Product.Listed) -> None:
        codes = [("sku", event.sku)] + ([("gtin", event.gtin)] if event.gtin else [])
        for kind, code in codes:
            session.run(
                "INSERT INTO product_codes (kind, code, sku, product_id) VALUES (?, ?, ?, ?)",
                kind,
                code,
                event.sku,
                str(event.originator_id),
            )
