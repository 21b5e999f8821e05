"""Sites and outlets as every audience sees them."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from functools import cache, partial
from uuid import UUID

import strawberry

from souvenir.api.connections import Connection, page
from souvenir.api.desk import Desk
from souvenir.api.identity import Node, global_id, global_id_if
from souvenir.api.scalars import CurrencyCode
from souvenir.api.showcase import Later, Together, looking
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
    name: LocalizedText
    story: LocalizedText
    names: strawberry.Private[Mapping[str, str]]

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
    legal_name: LocalizedText
    taxpayer_no: str
    phone: str


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
    name: LocalizedText
    site_of_it: strawberry.Private[Later[Site]]
    opened: strawberry.Private[Callable[[], Place]]

    @described
    def seller(self, info: Info) -> Seller | None:
        """Who sells here; null until it was stated."""
        found = self.opened().seller
        if found is None:
            return None
        name = LocalizedText.of(found.legal_name, visit(info).languages)
        return Seller(legal_name=name, taxpayer_no=found.taxpayer_no, phone=found.phone)

    @described
    def rounds_cash(self) -> bool:
        """Whether its tills round what is paid in cash to the smallest coin."""
        return self.opened().cash_rule is not None

    @strawberry.field
    def site(self) -> Site | None:
        return self.site_of_it()


def site(at: Desk, id: UUID) -> Site:
    """The site with this id. Raises NotFound."""
    found = sites_with(at, [id])
    if not found:
        raise NotFound(kind="Site", id=str(id))
    return found[id]


def sites_with(at: Desk, ids: Collection[UUID]) -> dict[UUID, Site]:
    """The sites with these ids; those that are none are missing."""
    view = at.shop.views.site_map
    with looking(at, view) as session:
        return {row.id: _site(at, row) for row in view.sites_with(session, ids)}


def sites(at: Desk, first: int, after: str | None) -> Connection[Site]:
    """Sites by code."""
    view = at.shop.views.site_map
    with looking(at, view) as session:
        return page(
            lambda start, limit: view.sites(session, start, limit),
            key=lambda row: (row.code,),
            node=partial(_site, at),
            first=first,
            after=after,
            sort="site code",
        )


def outlet(at: Desk, id: UUID) -> Outlet:
    """The outlet with this id. Raises NotFound."""
    found = outlets_with(at, [id])
    if not found:
        raise NotFound(kind="Outlet", id=str(id))
    return found[id]


def outlets_with(at: Desk, ids: Collection[UUID]) -> dict[UUID, Outlet]:
    """The outlets with these ids; those that are none are missing."""
    view = at.shop.views.site_map
    with looking(at, view) as session:
        found = view.outlets_with(session, ids)
    shown = _outlets(at)
    return {row.id: shown(row) for row in found}


def outlets(at: Desk, first: int, after: str | None) -> Connection[Outlet]:
    """Outlets by code."""
    view = at.shop.views.site_map
    with looking(at, view) as session:
        return page(
            lambda start, limit: view.outlets(session, start, limit),
            key=lambda row: (row.code,),
            node=_outlets(at),
            first=first,
            after=after,
            sort="outlet code",
        )


def _site(at: Desk, row: SiteOnMap) -> Site:
    return Site(
        id=global_id("Site", row.id),
        code=row.code,
        kind=row.kind,
        region=row.region,
        time_zone=row.time_zone,
        name=LocalizedText.of(row.name, at.languages),
        story=LocalizedText.of(row.story, at.languages),
        names=row.name,
    )


def _outlets(at: Desk) -> Callable[[OutletOnMap], Outlet]:
    """Shows outlets; their sites are found together."""
    sites = Together(partial(sites_with, at))

    def shown(row: OutletOnMap) -> Outlet:
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
            name=LocalizedText.of(row.name, at.languages),
            site_of_it=sites.later(row.site_id),
            opened=cache(lambda: at.shop.log.load(Place, row.id)),
        )

    return shown
