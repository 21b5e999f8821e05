"""Sites and outlets as every audience sees them."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

import strawberry

from souvenir.api.connections import Connection, page
from souvenir.api.desk import Desk, desk
from souvenir.api.identity import Node, global_id, global_id_if
from souvenir.api.scalars import CurrencyCode
from souvenir.api.types import Info, LocalizedText, Translation, described, visit
from souvenir.kernel.errors import NotFound
from souvenir.sites.outlet import Outlet as Place
from souvenir.sites.views import OutletOnMap, SiteOnMap


@strawberry.type(description="A place people come to see, whose story its souvenirs carry home.")
class Site(Node):
    code: str
    kind: str
    region: str
    time_zone: str
    names: strawberry.Private[Mapping[str, str]]
    stories: strawberry.Private[Mapping[str, str]]

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


@strawberry.type(description="An outlet's entry in the register of tax-refund stores.")
class TaxRefundStore:
    jurisdiction: str
    instant: bool = strawberry.field(description="Whether refunds are paid at purchase.")
    refund_point_id: strawberry.ID | None = strawberry.field(
        description="The centralised refund point that pays instant refunds for this store."
    )


@strawberry.type(description="Who sells at an outlet before the law: refund papers and receipts name them.")
class Seller:
    taxpayer_no: str
    phone: str
    names: strawberry.Private[Mapping[str, str]]

    @strawberry.field
    def legal_name(self, info: Info) -> LocalizedText:
        return LocalizedText.of(self.names, visit(info).languages)


@strawberry.type(description="A shop with tills, an online storefront, or a refund point.")
class Outlet(Node):
    code: str
    kind: str
    region: str
    time_zone: str
    currency: CurrencyCode
    tills: list[str]
    tax_refund: TaxRefundStore | None
    closed_on: date | None
    names: strawberry.Private[Mapping[str, str]]
    site_id: strawberry.Private[UUID | None]
    key: strawberry.Private[UUID]

    @strawberry.field
    def name(self, info: Info) -> LocalizedText:
        return LocalizedText.of(self.names, visit(info).languages)

    @described
    def seller(self, info: Info) -> Seller | None:
        """Who sells here; null until it was stated."""
        found = desk(info).shop.log.load(Place, self.key).seller
        if found is None:
            return None
        return Seller(taxpayer_no=found.taxpayer_no, phone=found.phone, names=found.legal_name)

    @described
    def rounds_cash(self, info: Info) -> bool:
        """Whether its tills round what is paid in cash to the smallest coin."""
        return desk(info).shop.log.load(Place, self.key).rounds_cash

    @strawberry.field
    def site(self, info: Info) -> Site | None:
        return None if self.site_id is None else site(desk(info), self.site_id)


def site(at: Desk, id: UUID) -> Site:
    """The site with this id. Raises NotFound."""
    with at.reading(at.shop.views.site_map) as session:
        found = at.shop.views.site_map.site(session, id)
    if found is None:
        raise NotFound(kind="Site", id=str(id))
    return _site(found)


def sites(at: Desk, first: int, after: str | None) -> Connection[Site]:
    """Sites by code."""
    view = at.shop.views.site_map
    with at.reading(view) as session:
        return page(
            lambda start, limit: view.sites(session, start, limit),
            key=lambda row: (row.code,),
            node=_site,
            first=first,
            after=after,
            sort="site code",
        )


def outlet(at: Desk, id: UUID) -> Outlet:
    """The outlet with this id. Raises NotFound."""
    with at.reading(at.shop.views.site_map) as session:
        found = at.shop.views.site_map.outlet(session, id)
    if found is None:
        raise NotFound(kind="Outlet", id=str(id))
    return _outlet(found)


def outlets(at: Desk, first: int, after: str | None) -> Connection[Outlet]:
    """Outlets by code."""
    view = at.shop.views.site_map
    with at.reading(view) as session:
        return page(
            lambda start, limit: view.outlets(session, start, limit),
            key=lambda row: (row.code,),
            node=_outlet,
            first=first,
            after=after,
            sort="outlet code",
        )


def _site(row: SiteOnMap) -> Site:
    return Site(
        id=global_id("Site", row.id),
        code=row.code,
        kind=row.kind,
        region=row.region,
        time_zone=row.time_zone,
        names=row.name,
        stories=row.story,
    )


def _outlet(row: OutletOnMap) -> Outlet:
    standing = row.tax_refund_jurisdiction and TaxRefundStore(
        jurisdiction=row.tax_refund_jurisdiction,
        instant=row.tax_refund_instant,
        refund_point_id=global_id_if("Outlet", row.refund_point_id),
    )
    return Outlet(
        id=global_id("Outlet", row.id),
        code=row.code,
        kind=row.kind,
        region=row.region,
        time_zone=row.time_zone,
        currency=CurrencyCode(row.currency),
        tills=list(row.tills),
        tax_refund=standing or None,
        closed_on=row.closed_on,
        names=row.name,
        site_id=row.site_id,
        key=row.id,
    )
