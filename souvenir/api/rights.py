"""Licences and their royalty positions as finance and the back office see them."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

import strawberry

from souvenir.api.connections import Connection, page
from souvenir.api.desk import Desk, desk
from souvenir.api.identity import Node, global_id
from souvenir.api.types import Info, LocalizedText, Money, described, shown, visit
from souvenir.kernel.errors import NotFound
from souvenir.licensing import views
from souvenir.licensing.licence import Licence as Contract


@strawberry.type(description="A contract under which goods bear a licensor's property.")
class Licence(Node):
    contract_no: str
    licensor: str
    categories: list[str]
    territories: list[str]
    channels: list[str]
    starts: date
    ends: date
    agreed_advance: Money
    advance_paid: Money
    names: strawberry.Private[Mapping[str, str]]

    @described
    def property_name(self, info: Info) -> LocalizedText:
        """The property the goods bear."""
        return LocalizedText.of(self.names, visit(info).languages)


@strawberry.type(description="What one royalty period added; returns count in the period in which they came back.")
class RoyaltyPeriod:
    period: str
    sold: int
    returned: int
    base: Money
    earned: Money
    recouped: Money
    payable: Money
    marketing_fund: Money


@strawberry.type(description="What one product has earned its licensor.")
class RoyaltyProduct:
    product_id: strawberry.ID
    sku: str
    sold: int
    returned: int
    base: Money
    earned: Money
    recouped: Money
    payable: Money


@strawberry.type(description="One sale or return behind a position; a return's amounts are negative.")
class RoyaltyLine:
    order_id: strawberry.ID
    line_no: int
    sku: str
    business_date: date
    period: str
    units: int
    rate: str
    base: Money
    earned: Money
    recouped: Money
    payable: Money
    marketing_fund: Money


@strawberry.type(description="One sale made outside a licence; it bears no royalty and is settled apart.")
class RoyaltyBreach:
    order_id: strawberry.ID
    line_no: int
    sku: str
    business_date: date
    units: int
    base: Money
    code: str = strawberry.field(description="Of the refusal it would have met: LICENCE_LAPSED.")


@strawberry.type(description="Where one licence stands. Earned is recouped and payable; the marketing fund is besides.")
class RoyaltyPosition:
    licence_id: strawberry.ID
    contract_no: str
    licensor: str
    advance_agreed: Money
    advance_paid: Money
    withheld: Money
    base: Money
    earned: Money
    recouped: Money
    unrecouped: Money = strawberry.field(
        description="The part of the advance that later royalties will absorb; where guarantee years stand alone, its own."
    )
    payable: Money
    marketing_fund: Money
    breaches: int = strawberry.field(description="Sales made outside the licence.")
    periods: list[RoyaltyPeriod]
    products: list[RoyaltyProduct]
    names: strawberry.Private[Mapping[str, str]]
    key: strawberry.Private[UUID]

    @strawberry.field
    def property_name(self, info: Info) -> LocalizedText:
        return LocalizedText.of(self.names, visit(info).languages)

    @described
    def breach_lines(self, info: Info, first: int = 50) -> list[RoyaltyBreach]:
        """Those sales, in order of their day; at most 200."""
        at, view = desk(info), desk(info).shop.views.royalties
        with at.reading(view) as session:
            found = view.breaches(session, self.key, first)
        return [shown(RoyaltyBreach, row, order_id=global_id("Order", row.order_id)) for row in found]

    @described
    def lines(
        self, info: Info, period: str | None = None, first: int = 20, after: str | None = None
    ) -> Connection[RoyaltyLine]:
        """The sales and returns behind it, in order of their day."""
        at = desk(info)
        view = at.shop.views.royalties
        with at.reading(view) as session:
            return page(
                lambda start, limit: view.accruals(session, self.key, period, start or "", limit),
                key=lambda row: (row.seq,),
                node=lambda row: shown(RoyaltyLine, row, order_id=global_id("Order", row.order_id)),
                first=first,
                after=after,
                sort="royalty line",
            )


def licence(at: Desk, id: UUID) -> Licence:
    """The licence with this id. Raises NotFound."""
    found = at.shop.log.load(Contract, id)
    return Licence(
        id=global_id("Licence", id),
        contract_no=found.contract_no,
        licensor=found.licensor,
        categories=list(found.grant.categories),
        territories=list(found.grant.territories),
        channels=list(found.grant.channels),
        starts=found.grant.starts,
        ends=found.grant.ends,
        agreed_advance=Money.of(found.terms.agreed_advance),
        advance_paid=Money.of(found.advance_paid),
        names=found.property_name,
    )


def royalty_position(at: Desk, licence_id: UUID, as_of: date | None = None) -> RoyaltyPosition:
    """Where a licence stands at the end of a day; without a day, with everything known. Raises NotFound."""
    with at.reading(at.shop.views.royalties) as session:
        found = at.shop.views.royalties.position(session, licence_id, as_of)
    if found is None:
        raise NotFound(kind="Licence", id=str(licence_id))
    return _position(found)


def royalty_positions(at: Desk, as_of: date | None = None) -> list[RoyaltyPosition]:
    """Where every licence stands, by contract number."""
    view = at.shop.views.royalties
    with at.reading(view) as session:
        found = [view.position(session, id, as_of) for id in view.licence_ids(session)]
    return [_position(position) for position in found if position is not None]


def _position(found: views.Position) -> RoyaltyPosition:
    return shown(
        RoyaltyPosition,
        found,
        licence_id=global_id("Licence", found.licence_id),
        periods=[shown(RoyaltyPeriod, period) for period in found.periods],
        products=[
            shown(RoyaltyProduct, row, product_id=global_id("Product", row.product_id)) for row in found.products
        ],
        names=found.property_name,
        key=found.licence_id,
    )
