"""The back office lists goods, and takes an edition from its declaration to its release."""

from datetime import date, datetime
from enum import StrEnum
from typing import cast, get_args
from uuid import UUID

import strawberry

from souvenir.api import goods
from souvenir.api.desk import EVERY_MUTATION, desk
from souvenir.api.editions import EditionChange, Space, space_name
from souvenir.api.goods import Product
from souvenir.api.grounds import LICENSED, MONEY
from souvenir.api.identity import read_id
from souvenir.api.refusals import at as about
from souvenir.api.refusals import mutation
from souvenir.api.staff import manager
from souvenir.api.types import Info, MoneyInput, TranslationInput, values, words
from souvenir.catalogue.product import (
    GtinTaken,
    PriceInOtherCurrency,
    PriceNotPositive,
    ProductWithdrawn,
    SkuTaken,
)
from souvenir.catalogue.product import Product as Listed
from souvenir.catalogue.vat import NoVatRate
from souvenir.editions.allotment import AlreadyAllotted, NumberOutsideRun, TooManyAllotments
from souvenir.editions.counts import Proofs
from souvenir.editions.edition import EditionAlreadyDeclared, MalformedEdition
from souvenir.editions.matched_set import NotFitForSet, PartOfSet
from souvenir.editions.terms import EditionAlreadyReleased, EditionClosed, EditionNotApproved, Numbering
from souvenir.editions.window import SoldAtOneOutlet, Window
from souvenir.kernel.errors import MalformedInput
from souvenir.kernel.identifiers import MalformedGtin
from souvenir.processes.release_edition import SetLacksLicence
from souvenir.sites.outlet import Outlet as Place

NUMBERINGS = get_args(Numbering)


@strawberry.input
class ListProductInput:
    idempotency_key: strawberry.ID
    sku: str
    name: list[TranslationInput]
    story: list[TranslationInput]
    origin_site_id: strawberry.ID = strawberry.field(description="The place it comes from.")
    price: MoneyInput = strawberry.field(description="Including VAT.")
    vat_category: str = strawberry.field(description="standard, reduced, services or exempt.")
    category: str = strawberry.field(description="Lower-case words joined by underscores; licences name categories.")
    listed_on: date
    gtin: str | None = None
    licence_ids: list[strawberry.ID] = strawberry.field(default_factory=list)
    mark_id: strawberry.ID | None = None
    has_edition: bool = strawberry.field(default=False, description="Whether it is sold piece by piece, by number.")
    cost: MoneyInput | None = None
    refundable: bool = True


@strawberry.input
class RepriceInput:
    idempotency_key: strawberry.ID
    product_id: strawberry.ID
    price: MoneyInput
    repriced_on: date


@strawberry.input
class WithdrawProductInput:
    idempotency_key: strawberry.ID
    product_id: strawberry.ID
    withdrawn_on: date
    reason: str


@strawberry.input
class ProofsInput:
    artists: int = 0
    printers: int = 0
    hors_commerce: int = 0


@strawberry.input(description="When a timed edition stops taking orders, and from when on nobody can cancel any more.")
class EditionWindowInput:
    closes_at: datetime
    fixed_from: datetime = strawberry.field(description="Not before it closes: from then on its size can be fixed.")


@strawberry.enum(
    description="Once its certificate is revoked a returned piece is sold again, looked at, or never sold."
)
class ReturnPolicy(StrEnum):
    BACK_ON_SALE = "back_on_sale"
    INSPECT = "inspect"
    RETIRE = "retire"


@strawberry.input
class DeclareEditionInput:
    idempotency_key: strawberry.ID
    product_id: strawberry.ID
    title: list[TranslationInput]
    size: int = strawberry.field(description="Of a timed edition 0: it is counted when its window is over.")
    gtin: str | None = strawberry.field(default=None, description="Without one, the product's.")
    proofs: ProofsInput | None = None
    reserved: list[int] = strawberry.field(default_factory=list, description="Numbers kept back from every sale.")
    numbering: str = strawberry.field(default="choice", description="choice, sequential, random or draw.")
    approval_required: bool = False
    returns: ReturnPolicy = strawberry.field(
        default=ReturnPolicy.BACK_ON_SALE, description="What becomes of a returned piece."
    )
    longest_hold_minutes: int = strawberry.field(default=120, description="How long a piece can be kept for a buyer.")
    predecessor_id: strawberry.ID | None = strawberry.field(
        default=None, description="The edition this is the second, or a later one, of."
    )
    window: EditionWindowInput | None = strawberry.field(default=None, description="Makes it a timed edition.")
    visitors_only: bool = strawberry.field(default=False, description="Whether it is for who can prove a visit.")
    parts: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Makes it a matched set of these editions, which are sold in it only."
    )


@strawberry.input
class ApproveEditionInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID
    approval_ref: str
    approved_on: date
    licence_id: strawberry.ID | None = None


@strawberry.input
class AllotEditionInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID
    outlet_id: strawberry.ID
    first: int
    last: int
    space: Space = Space.NUMBERED


@strawberry.input
class ReleaseEditionInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID
    on_sale_from: datetime | None = strawberry.field(default=None, description="Without one, now.")


@strawberry.input
class CloseEditionInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID
    reason: str
    closed_on: date


@strawberry.type
class ProductChange:
    replayed: bool
    key: strawberry.Private[UUID]

    @strawberry.field
    def product(self, info: Info) -> Product:
        return goods.product(desk(info), self.key)


@strawberry.type
class ListProductPayload(ProductChange): ...


@strawberry.type
class RepricePayload(ProductChange): ...


@strawberry.type
class WithdrawProductPayload(ProductChange): ...


@strawberry.type
class DeclareEditionPayload(EditionChange): ...


@strawberry.type
class ApproveEditionPayload(EditionChange): ...


@strawberry.type
class AllotEditionPayload(EditionChange): ...


@strawberry.type
class ReleaseEditionPayload(EditionChange): ...


@strawberry.type
class CloseEditionPayload(EditionChange): ...


@strawberry.type
class GoodsMutation:
    @mutation(
        *EVERY_MUTATION,
        *MONEY,
        SkuTaken,
        GtinTaken,
        MalformedGtin,
        PriceNotPositive,
        PriceInOtherCurrency,
        NoVatRate,
    )
    def list_product(self, info: Info, input: ListProductInput) -> ListProductPayload:
        """List a product: open goods, an edition, licensed goods, goods that carry a mark."""
        at = manager(info)
        with about("input", "price"):
            price = input.price.money()
        with about("input", "cost"):
            cost = input.cost.money() if input.cost else None
        origin = read_id("Site", input.origin_site_id, "input", "originSiteId")
        licences = tuple(read_id("Licence", id, "input", "licenceIds") for id in input.licence_ids)
        mark = read_id("Mark", input.mark_id, "input", "markId") if input.mark_id else None
        name, story = words(input.name), words(input.story)
        done = at.carry_out(
            input,
            lambda: at.shop.catalogue.list_product(
                sku=input.sku,
                name=name,
                story=story,
                origin_site_id=origin,
                price=price,
                vat_category=input.vat_category,
                category=input.category,
                listed_on=input.listed_on,
                gtin=input.gtin,
                licence_ids=licences,
                mark_id=mark,
                has_edition=input.has_edition,
                cost=cost,
                refundable=input.refundable,
            ),
        )
        return ListProductPayload(replayed=done.replayed, key=done.result)

    @mutation(*EVERY_MUTATION, *MONEY, PriceNotPositive, PriceInOtherCurrency, ProductWithdrawn)
    def reprice(self, info: Info, input: RepriceInput) -> RepricePayload:
        """Ask another price from now on."""
        at, product = manager(info), read_id("Product", input.product_id, "input", "productId")
        with about("input", "price"):
            price = input.price.money()
        done = at.carry_out(input, lambda: at.shop.catalogue.reprice(product, price, input.repriced_on))
        return RepricePayload(replayed=done.replayed, key=product)

    @mutation(*EVERY_MUTATION)
    def withdraw_product(self, info: Info, input: WithdrawProductInput) -> WithdrawProductPayload:
        """Take a product off sale for good."""
        at, product = manager(info), read_id("Product", input.product_id, "input", "productId")
        done = at.carry_out(input, lambda: at.shop.catalogue.withdraw(product, input.withdrawn_on, input.reason))
        return WithdrawProductPayload(replayed=done.replayed, key=product)

    @mutation(*EVERY_MUTATION, MalformedEdition, EditionAlreadyDeclared, MalformedGtin, NotFitForSet)
    def declare_edition(self, info: Info, input: DeclareEditionInput) -> DeclareEditionPayload:
        """Declare an edition: so many, and no more, for ever."""
        at = manager(info)
        product = at.shop.log.load(Listed, read_id("Product", input.product_id, "input", "productId"))
        if input.numbering not in NUMBERINGS:
            expected = f"numbering ({', '.join(NUMBERINGS)})"
            raise MalformedInput(expected=expected, value=input.numbering[:40]).at("input", "numbering")
        asked = input.proofs or ProofsInput()
        with values("proofs"):
            proofs = Proofs(artists=asked.artists, printers=asked.printers, hors_commerce=asked.hors_commerce)
        with values("window"):
            timed = input.window
            window = Window(closes_at=timed.closes_at, fixed_from=timed.fixed_from) if timed else None
        parts = tuple(read_id("Edition", part, "input", "parts") for part in input.parts)
        title, gtin = words(input.title), input.gtin or product.gtin or ""
        named = input.predecessor_id
        predecessor = read_id("Edition", named, "input", "predecessorId") if named else None
        done = at.carry_out(
            input,
            lambda: at.shop.editions.declare(
                product_id=product.id,
                gtin=gtin,
                title=title,
                size=input.size,
                proofs=proofs,
                reserved=tuple(input.reserved),
                numbering=cast(Numbering, input.numbering),
                approval_required=input.approval_required,
                returns=input.returns.value,
                longest_hold_minutes=input.longest_hold_minutes,
                predecessor=predecessor,
                window=window,
                visitors_only=input.visitors_only,
                parts=parts,
            ),
        )
        return DeclareEditionPayload(replayed=done.replayed, key=done.result)

    @mutation(*EVERY_MUTATION, EditionClosed)
    def approve_edition(self, info: Info, input: ApproveEditionInput) -> ApproveEditionPayload:
        """Record the licensor's approval of the final sample."""
        at, edition = manager(info), read_id("Edition", input.edition_id, "input", "editionId")
        licence = read_id("Licence", input.licence_id, "input", "licenceId") if input.licence_id else None
        approval = (edition, input.approval_ref, input.approved_on, licence)
        done = at.carry_out(input, lambda: at.shop.editions.approve(*approval))
        return ApproveEditionPayload(replayed=done.replayed, key=edition)

    @mutation(
        *EVERY_MUTATION,
        PartOfSet,
        EditionClosed,
        NumberOutsideRun,
        AlreadyAllotted,
        TooManyAllotments,
        SoldAtOneOutlet,
    )
    def allot_edition(self, info: Info, input: AllotEditionInput) -> AllotEditionPayload:
        """Give numbers first to last to an outlet; nobody else can sell them from then on."""
        at, edition = manager(info), read_id("Edition", input.edition_id, "input", "editionId")
        outlet = at.shop.log.load(Place, read_id("Outlet", input.outlet_id, "input", "outletId")).id
        numbers = (edition, outlet, input.first, input.last, space_name(input.space))
        done = at.carry_out(input, lambda: at.shop.editions.allot(*numbers))
        return AllotEditionPayload(replayed=done.replayed, key=edition)

    @mutation(
        *EVERY_MUTATION,
        PartOfSet,
        EditionClosed,
        EditionNotApproved,
        EditionAlreadyReleased,
        SetLacksLicence,
        *LICENSED,
    )
    def release_edition(self, info: Info, input: ReleaseEditionInput) -> ReleaseEditionPayload:
        """Put an edition on sale, from an instant that is the same everywhere, if its licensors would have it."""
        at, edition = manager(info), read_id("Edition", input.edition_id, "input", "editionId")
        done = at.carry_out(input, lambda: at.shop.editions.release(edition, input.on_sale_from))
        return ReleaseEditionPayload(replayed=done.replayed, key=edition)

    @mutation(*EVERY_MUTATION, PartOfSet)
    def close_edition(self, info: Info, input: CloseEditionInput) -> CloseEditionPayload:
        """End an edition for good."""
        at, edition = manager(info), read_id("Edition", input.edition_id, "input", "editionId")
        done = at.carry_out(input, lambda: at.shop.editions.close(edition, input.reason, input.closed_on))
        return CloseEditionPayload(replayed=done.replayed, key=edition)
