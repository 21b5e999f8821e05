"""The map: sites and outlets as visitors and staff look them up."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from souvenir.eventlog import Session, View, when
from souvenir.sites.outlet import Outlet
from souvenir.sites.site import Site

LARGEST_PAGE: Final = 101
"""Rows at once: a page of a hundred, and the row that says there is a next."""


@dataclass(frozen=True, slots=True)
class SiteOnMap:
    """A site as it is shown."""

    id: UUID
    code: str
    kind: str
    name: Mapping[str, str]
    story: Mapping[str, str]
    region: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class OutletOnMap:
    """An outlet as it is shown; the tax-refund facts are those of its latest registration, if it still stands."""

    id: UUID
    code: str
    kind: str
    name: Mapping[str, str]
    site_id: UUID | None
    region: str
    time_zone: str
    currency: str
    tills: tuple[str, ...]
    tax_refund_jurisdiction: str | None
    tax_refund_instant: bool
    refund_point_id: UUID | None
    closed_on: date | None


class SiteMap(View):
    """Every site and outlet, in order of code."""

    name = "site_map"
    tables = ("map_sites", "map_outlets", "map_tills")
    ddl = (
        """CREATE TABLE IF NOT EXISTS map_sites (
            site_id TEXT PRIMARY KEY, code TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, story TEXT NOT NULL,
            region TEXT NOT NULL, time_zone TEXT NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS map_outlets (
            outlet_id TEXT PRIMARY KEY, code TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, site_id TEXT,
            region TEXT NOT NULL, time_zone TEXT NOT NULL, currency TEXT NOT NULL, tax_refund_jurisdiction TEXT,
            tax_refund_instant INTEGER NOT NULL DEFAULT 0, refund_point_id TEXT, closed_on TEXT)""",
        """CREATE TABLE IF NOT EXISTS map_tills (
            outlet_id TEXT NOT NULL, till TEXT NOT NULL, PRIMARY KEY (outlet_id, till))""",
    )

    @when(Site.Registered)
    def _site_registered(self, session: Session, event: Site.Registered) -> None:
        session.run(
            "INSERT INTO map_sites (site_id, code, kind, name, story, region, time_zone) VALUES (?, ?, ?, ?, ?, ?, ?)",
            str(event.originator_id),
            event.code,
            event.kind,
            _json(event.name),
            _json(event.story),
            event.region,
            event.time_zone,
        )

    @when(Site.StoryRetold)
    def _story_retold(self, session: Session, event: Site.StoryRetold) -> None:
        session.run("UPDATE map_sites SET story = ? WHERE site_id = ?", _json(event.story), str(event.originator_id))

    @when(Outlet.Opened)
    def _outlet_opened(self, session: Session, event: Outlet.Opened) -> None:
        session.run(
            "INSERT INTO map_outlets (outlet_id, code, kind, name, site_id, region, time_zone, currency)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            str(event.originator_id),
            event.code,
            event.kind,
            _json(event.name),
            None if event.site_id is None else str(event.site_id),
            event.region,
            event.time_zone,
            event.currency,
        )

    @when(Outlet.TillInstalled)
    def _till_installed(self, session: Session, event: Outlet.TillInstalled) -> None:
        session.run("INSERT INTO map_tills (outlet_id, till) VALUES (?, ?)", str(event.originator_id), event.till)

    @when(Outlet.RegisteredForTaxRefund)
    def _registered_for_tax_refund(self, session: Session, event: Outlet.RegisteredForTaxRefund) -> None:
        session.run(
            "UPDATE map_outlets SET tax_refund_jurisdiction = ?, tax_refund_instant = ?, refund_point_id = ?"
            " WHERE outlet_id = ?",
            event.jurisdiction,
            int(event.instant),
            None if event.refund_point_id is None else str(event.refund_point_id),
            str(event.originator_id),
        )

    @when(Outlet.StruckOffTaxRefund)
    def _struck_off_tax_refund(self, session: Session, event: Outlet.StruckOffTaxRefund) -> None:
        session.run(
            "UPDATE map_outlets SET tax_refund_jurisdiction = NULL, tax_refund_instant = 0, refund_point_id = NULL"
            " WHERE outlet_id = ?",
            str(event.originator_id),
        )

    @when(Outlet.Closed)
    def _closed(self, session: Session, event: Outlet.Closed) -> None:
        session.run(
            "UPDATE map_outlets SET closed_on = ? WHERE outlet_id = ?",
            event.closed_on.isoformat(),
            str(event.originator_id),
        )

    def site(self, session: Session, site_id: UUID) -> SiteOnMap | None:
        """The site with this id."""
        row = session.row(f"{_SITES} WHERE site_id = ?", str(site_id))
        return None if row is None else _site(row)

    def sites(self, session: Session, after: str | None = None, first: int = 20) -> list[SiteOnMap]:
        """The next sites in order of code after the one named, at most a page."""
        rows = session.rows(f"{_SITES} WHERE code > ? ORDER BY code LIMIT {_limit(first)}", after or "")
        return [_site(row) for row in rows]

    def sites_with(self, session: Session, site_ids: Collection[UUID]) -> list[SiteOnMap]:
        """The sites with these ids, in no order."""
        rows = session.rows(f"{_SITES} WHERE site_id IN ({_places(site_ids)})", *map(str, site_ids))
        return [_site(row) for row in rows]

    def outlet(self, session: Session, outlet_id: UUID) -> OutletOnMap | None:
        """The outlet with this id."""
        return next(iter(self.outlets_with(session, [outlet_id])), None)

    def outlets_with(self, session: Session, outlet_ids: Collection[UUID]) -> list[OutletOnMap]:
        """The outlets with these ids, in no order."""
        rows = session.rows(f"{_OUTLETS} WHERE outlet_id IN ({_places(outlet_ids)})", *map(str, outlet_ids))
        return _outlets(session, rows)

    def outlets(self, session: Session, after: str | None = None, first: int = 20) -> list[OutletOnMap]:
        """The next outlets in order of code after the one named, at most a page."""
        rows = session.rows(f"{_OUTLETS} WHERE code > ? ORDER BY code LIMIT {_limit(first)}", after or "")
        return _outlets(session, rows)


_SITES = "SELECT site_id, code, kind, name, story, region, time_zone FROM map_sites"
_OUTLETS = (
    "SELECT outlet_id, code, kind, name, site_id, region, time_zone, currency, tax_refund_jurisdiction,"
    " tax_refund_instant, refund_point_id, closed_on FROM map_outlets"
)


def _site(row: tuple[Any, ...]) -> SiteOnMap:
    id, code, kind, name, story, region, time_zone = row
    return SiteOnMap(UUID(id), code, kind, json.loads(name), json.loads(story), region, time_zone)


def _outlets(session: Session, rows: list[tuple[Any, ...]]) -> list[OutletOnMap]:
    """Outlets with their tills, found together."""
    ids = [row[0] for row in rows]
    tills: dict[str, list[str]] = {id: [] for id in ids}
    select = f"SELECT outlet_id, till FROM map_tills WHERE outlet_id IN ({_places(ids)}) ORDER BY outlet_id, till"
    for id, till in session.rows(select, *ids) if ids else ():
        tills[id].append(till)
    return [_outlet(row, tills[row[0]]) for row in rows]


def _outlet(row: tuple[Any, ...], tills: list[str]) -> OutletOnMap:
    id, code, kind, name, site_id, region, time_zone, currency, jurisdiction, instant, point_id, closed_on = row
    return OutletOnMap(
        id=UUID(id),
        code=code,
        kind=kind,
        name=json.loads(name),
        site_id=None if site_id is None else UUID(site_id),
        region=region,
        time_zone=time_zone,
        currency=currency,
        tills=tuple(tills),
        tax_refund_jurisdiction=jurisdiction,
        tax_refund_instant=bool(instant),
        refund_point_id=None if point_id is None else UUID(point_id),
        closed_on=None if closed_on is None else date.fromisoformat(closed_on),
    )


def _places(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))


def _limit(first: int) -> int:
    return max(1, min(first, LARGEST_PAGE))


def _json(words: Mapping[str, str]) -> str:
    return json.dumps(dict(words), ensure_ascii=False)
