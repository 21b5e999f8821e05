"""Places and outlets are registered once each under their code, and stand on the map."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest

from souvenir.eventlog import EventLog, Followers
from souvenir.kernel.errors import NotFound
from souvenir.sites.application import Sites
from souvenir.sites.outlet import OutletCodeTaken, outlet_id
from souvenir.sites.site import SiteCodeTaken, site_id
from souvenir.sites.views import SiteMap

NOWHERE = UUID("00000000-0000-0000-0000-000000000bad")


@pytest.fixture
def log(store_url: str) -> Iterator[EventLog]:
    log = EventLog.open(store_url)
    yield log
    log.close()


def register_factory(log: EventLog, region: str = "CN-BJ") -> UUID:
    committed = Sites(log).register_site(
        code="jingfalan",
        kind="factory",
        name={"zh-Hans": "京坊珐琅厂", "en": "Jingfang Enamel Factory"},
        story={"zh-Hans": "老师傅与炉火。"},
        region=region,
        time_zone="Asia/Shanghai",
    )
    return committed.result


def open_outlet(log: EventLog, code: str, kind: str, site: UUID | None = None, currency: str = "CNY") -> UUID:
    committed = Sites(log).open_outlet(
        code=code,
        kind=kind,
        name={"zh-Hans": "礼品店", "en": "Gift shop"},
        site_id=site,
        region="CN-BJ",
        time_zone="Asia/Shanghai",
        currency=currency,
    )
    return committed.result


def test_registering_or_opening_again_meets_itself(log: EventLog):
    assert register_factory(log) == register_factory(log) == site_id("jingfalan")
    assert open_outlet(log, "BJ-01", "shop") == open_outlet(log, "BJ-01", "shop") == outlet_id("BJ-01")
    assert len(list(log.events())) == 2


def test_a_code_that_is_taken_is_refused(log: EventLog):
    register_factory(log)
    open_outlet(log, "BJ-01", "shop")
    with pytest.raises(SiteCodeTaken):
        register_factory(log, region="CN-TJ")
    with pytest.raises(OutletCodeTaken):
        open_outlet(log, "BJ-01", "online")
    assert len(list(log.events())) == 2


def test_an_outlet_at_an_unknown_site_or_with_an_unknown_refund_point_is_refused(log: EventLog):
    with pytest.raises(NotFound):
        open_outlet(log, "BJ-01", "shop", site=NOWHERE)
    shop = open_outlet(log, "BJ-01", "shop")
    with pytest.raises(NotFound):
        Sites(log).register_for_tax_refund(
            shop,
            jurisdiction="CN",
            agency="capital-refund",
            store_no="BJ110001",
            instant=True,
            refund_point_id=NOWHERE,
            registered_on=date(2025, 4, 27),
        )


def test_the_map_shows_sites_outlets_tills_and_tax_refund_standing(log: EventLog):
    sites, map_ = Sites(log), SiteMap()
    followers = Followers(log, processes=(), views=(map_,))
    factory = register_factory(log)
    point = open_outlet(log, "POINT-01", "refund_point")
    shop = open_outlet(log, "BJ-01", "shop", site=factory)
    sites.install_till(shop, "1")
    sites.install_till(shop, "2")
    sites.register_for_tax_refund(
        shop,
        jurisdiction="CN",
        agency="capital-refund",
        store_no="BJ110001",
        instant=True,
        refund_point_id=point,
        registered_on=date(2025, 4, 27),
    )
    sites.retell(factory, {"en": "The kiln was lit in 1956."})
    followers.catch_up()
    with log.reading() as session:
        shown = map_.outlet(session, shop)
        assert shown is not None
        assert shown.tills == ("1", "2")
        assert (shown.tax_refund_jurisdiction, shown.tax_refund_instant, shown.refund_point_id) == ("CN", True, point)
        assert [found.code for found in map_.outlets(session)] == ["BJ-01", "POINT-01"]
        assert [found.code for found in map_.outlets(session, after="BJ-01")] == ["POINT-01"]
        assert [found.story for found in map_.sites(session)] == [{"en": "The kiln was lit in 1956."}]
        assert map_.site(session, NOWHERE) is None
        assert map_.outlet(session, NOWHERE) is None
    sites.strike_off_tax_refund(shop, date(2026, 1, 1), "moved")
    sites.close_outlet(shop, date(2026, 2, 1))
    followers.catch_up()
    with log.reading() as session:
        shown = map_.outlet(session, shop)
        assert shown is not None
        assert (shown.tax_refund_jurisdiction, shown.tax_refund_instant) == (None, False)
        assert shown.closed_on == date(2026, 2, 1)
