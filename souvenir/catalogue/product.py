"""A product: one line of goods with its price including VAT, its codes, its origin, licences and mark."""

import re
from datetime import date
from decimal import Decimal
from typing import Any, Final, NotRequired, TypedDict, Unpack
from uuid import UUID

from souvenir.catalogue.vat import vat_rate
from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import MalformedInput, SouvenirError
from souvenir.kernel.identifiers import checked_gtin, derived_id
from souvenir.kernel.localized import LocalizedText
from souvenir.kernel.money import LARGEST_MINOR, Money, exponent_of

MOST_LICENCES: Final = 20
_SKU = re.compile(r"[A-Z0-9][A-Z0-9._/-]{0,39}")
_CATEGORY = re.compile(r"[a-z][a-z0-9_]{0,39}")


class SkuTaken(SouvenirError):
    message = "The SKU {sku} already names another product. Choose a new SKU: SKUs are never reused."
    sku: str
    product_id: UUID


class GtinTaken(SouvenirError):
    message = "The GTIN {gtin} already belongs to the product with SKU {sku}."
    gtin: str
    sku: str


class PriceNotPositive(SouvenirError):
    message = "The price {price} of {sku} cannot be asked: a price is above zero."
    sku: str
    price: Money


class PriceInOtherCurrency(SouvenirError):
    message = "Product {sku} is priced in {currency}; {price} is in another currency."
    sku: str
    currency: str
    price: Money


class ProductWithdrawn(SouvenirError):
    message = "Product {sku} was withdrawn from sale on {withdrawn_on}."
    sku: str
    withdrawn_on: date


class Listing(TypedDict):
    """What is said of a product when it is listed."""

    sku: str
    name: LocalizedText
    story: LocalizedText
    origin_site_id: UUID
    price: Money
    vat_category: str
    category: str
    listed_on: date
    gtin: NotRequired[str | None]
    licence_ids: NotRequired[tuple[UUID, ...]]
    mark_id: NotRequired[UUID | None]
    has_edition: NotRequired[bool]
    cost: NotRequired[Money | None]
    jurisdiction: NotRequired[str]
    refundable: NotRequired[bool]


_UNSAID: Final = {
    "gtin": None, "licence_ids": (), "mark_id": None, "has_edition": False, "cost": None, "jurisdiction": "CN",
    "refundable": True,
}  # fmt: skip
"""What holds where nothing is said."""


class Product(Aggregate):
    """A line of goods that can be put in a basket or scanned at a till."""

    TOPIC = "catalogue.Product"

    class Listed(Created):
        TOPIC = "catalogue.ProductListed"
        sku: str
        name: LocalizedText
        story: LocalizedText
        origin_site_id: UUID
        price: Money
        jurisdiction: str
        vat_category: str
        vat_rate: Decimal
        category: str
        gtin: str | None
        licence_ids: tuple[UUID, ...]
        mark_id: UUID | None
        has_edition: bool
        cost: Money | None
        listed_on: date
        refundable: bool = True

    class Repriced(Aggregate.Event):
        TOPIC = "catalogue.ProductRepriced"
        price: Money
        repriced_on: date

    class Translated(Aggregate.Event):
        TOPIC = "catalogue.ProductTranslated"
        name: LocalizedText
        story: LocalizedText

    class Withdrawn(Aggregate.Event):
        TOPIC = "catalogue.ProductWithdrawn"
        withdrawn_on: date
        reason: str

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def list_new(cls, **listing: Unpack[Listing]) -> "Product":
        """List a new product; its VAT rate is the one in force on `listed_on`, its SKU gives it its id."""
        facts: dict[str, Any] = {**_UNSAID, **listing}
        sku, price, licences = listing["sku"], listing["price"], facts["licence_ids"]
        gtin, cost = facts["gtin"], facts["cost"]
        if len(licences) > MOST_LICENCES or len(set(licences)) != len(licences):
            raise MalformedInput(expected=f"list of at most {MOST_LICENCES} different licences", value=sku)
        checked = {
            "sku": checked_sku(sku),
            "price": _asking_price(sku, price),
            "vat_rate": vat_rate(facts["vat_category"], facts["listed_on"], facts["jurisdiction"]),
            "category": _checked_category(facts["category"]),
            "gtin": None if gtin is None else checked_gtin(gtin),
            "cost": None if cost is None else _same_currency(sku, price.currency, cost),
        }
        return cls._create(cls.Listed, id=product_id(sku), **{**facts, **checked})

    def reprice(self, price: Money, repriced_on: date) -> None:
        """Ask another price from now on; the price already asked records nothing new."""
        self.require_for_sale()
        if price != self.price:
            _same_currency(self.sku, self.price.currency, price)
            self._repriced(price=_asking_price(self.sku, price), repriced_on=repriced_on)

    def translate(self, name: LocalizedText, story: LocalizedText) -> None:
        """Give name and story in other words or more languages; the same words record nothing new."""
        if (name, story) != (self.name, self.story):
            self._translated(name=name, story=story)

    def withdraw(self, withdrawn_on: date, reason: str) -> None:
        """Take the product off sale for good; asking twice records nothing new."""
        if self.withdrawn_on is None:
            self._withdrawn(withdrawn_on=withdrawn_on, reason=reason)

    # Answer: what others ask before they act here.

    def require_for_sale(self) -> None:
        """Refuse if the product was withdrawn."""
        if self.withdrawn_on is not None:
            raise ProductWithdrawn(sku=self.sku, withdrawn_on=self.withdrawn_on)

    def vat_rate_on(self, on: date, region: str) -> Decimal:
        """The rate this product bears when supplied on a day in a region; sales use this, not the rate at listing."""
        return vat_rate(self.vat_category, on, region.partition("-")[0])

    @property
    def vat_exempt(self) -> bool:
        """Whether these goods bear no VAT, so that no traveller can claim any back."""
        return self.vat_category == "exempt"

    # Evolve: assigns only.

    @event(Listed)
    def __init__(
        self,
        sku: str,
        name: LocalizedText,
        story: LocalizedText,
        origin_site_id: UUID,
        price: Money,
        jurisdiction: str,
        vat_category: str,
        vat_rate: Decimal,
        category: str,
        gtin: str | None,
        licence_ids: tuple[UUID, ...],
        mark_id: UUID | None,
        has_edition: bool,
        cost: Money | None,
        listed_on: date,
        refundable: bool = True,
    ) -> None:
        self.sku, self.gtin, self.category, self.name, self.story = sku, gtin, category, name, story
        self.origin_site_id, self.licence_ids, self.mark_id = origin_site_id, licence_ids, mark_id
        self.price, self.cost, self.has_edition, self.refundable = price, cost, has_edition, refundable
        self.jurisdiction, self.vat_category, self.vat_rate = jurisdiction, vat_category, vat_rate
        self.listed_on = listed_on
        self.withdrawn_on: date | None = None
        self.listed_as = (
            name, story, origin_site_id, price, jurisdiction, vat_category, category, gtin,
            licence_ids, mark_id, has_edition, cost, refundable,
        )  # fmt: skip

    @event(Repriced)
    def _repriced(self, price: Money, repriced_on: date) -> None:
        self.price = price

    @event(Translated)
    def _translated(self, name: LocalizedText, story: LocalizedText) -> None:
        self.name, self.story = name, story

    @event(Withdrawn)
    def _withdrawn(self, withdrawn_on: date, reason: str) -> None:
        self.withdrawn_on = withdrawn_on


def product_id(sku: str) -> UUID:
    """The id of the product with this SKU."""
    return derived_id("product", sku)


def checked_sku(text: str) -> str:
    """A stock-keeping unit: up to 40 capital letters, digits, dots, slashes and dashes."""
    if not _SKU.fullmatch(text):
        raise MalformedInput(
            expected="SKU of 1 to 40 capital letters, digits, dots, slashes or dashes", value=text[:40]
        )
    return text


def _checked_category(text: str) -> str:
    if not _CATEGORY.fullmatch(text):
        raise MalformedInput(expected="category of lower-case words joined by underscores", value=text[:40])
    return text


def _asking_price(sku: str, price: Money) -> Money:
    exponent_of(price.currency)
    if not 0 < price.minor <= LARGEST_MINOR:
        raise PriceNotPositive(sku=sku, price=price)
    return price


def _same_currency(sku: str, currency: str, amount: Money) -> Money:
    if amount.currency != currency:
        raise PriceInOtherCurrency(sku=sku, currency=currency, price=amount)
    return amount
