"""An outlet opens, installs tills, joins and leaves the tax-refund register, and replays to itself."""

from datetime import date
from uuid import UUID

import pytest

from souvenir.kernel.errors import MalformedInput
from souvenir.kernel.money import UnknownCurrency
from souvenir.sites.outlet import (
    NotATaxRefundStore,
    Outlet,
    OutletClosed,
    Seller,
    TillNotInstalled,
    TillsNotForThisOutlet,
    outlet_id,
)

POINT = UUID("00000000-0000-0000-0000-00000000000a")


def gift_shop(**changes: object) -> Outlet:
    facts = {
        "code": "BJ-01",
        "kind": "shop",
        "name": {"zh-Hans": "珐琅厂礼品店", "en": "Enamel factory gift shop"},
        "site_id": None,
        "region": "CN-BJ",
        "time_zone": "Asia/Shanghai",
        "currency": "CNY",
    }
    return Outlet.open(**(facts | changes))


def registered(outlet: Outlet, on: date = date(2025, 4, 27), instant: bool = True) -> Outlet:
    outlet.register_for_tax_refund(
        jurisdiction="CN",
        agency="capital-refund",
        store_no="BJ110001",
        instant=instant,
        refund_point_id=POINT,
        registered_on=on,
    )
    return outlet


def replayed(aggregate: Outlet) -> Outlet:
    copy = None
    for happened in aggregate.collect_events():
        copy = happened.mutate(copy)
    assert copy is not None
    return copy


def test_an_outlet_has_the_id_of_its_code():
    assert gift_shop().id == outlet_id("BJ-01")


def test_a_till_is_installed_once():
    shop = gift_shop()
    shop.install_till("1")
    shop.install_till("2")
    shop.install_till("1")
    assert shop.tills == ("1", "2")
    assert shop.version == 3
    shop.require_till("2")
    with pytest.raises(TillNotInstalled, match="has no till 3"):
        shop.require_till("3")


def test_only_shops_have_tills():
    with pytest.raises(TillsNotForThisOutlet):
        gift_shop(kind="online").install_till("1")


def test_malformed_facts_are_refused():
    with pytest.raises(MalformedInput):
        gift_shop(kind="kiosk")
    with pytest.raises(UnknownCurrency):
        gift_shop(currency="RMB")


def test_registering_for_tax_refund_twice_records_once():
    shop = registered(registered(gift_shop()))
    assert shop.version == 2
    assert shop.tax_refund is not None
    assert shop.tax_refund.instant is True


def test_the_registration_counts_from_its_day_until_the_day_it_was_struck_off():
    shop = registered(gift_shop())
    shop.strike_off_tax_refund(date(2026, 1, 1), "moved")
    shop.strike_off_tax_refund(date(2026, 1, 1), "moved")
    assert shop.version == 3
    assert shop.tax_refund is None
    assert shop.tax_refund_on(date(2025, 4, 27)).store_no == "BJ110001"
    assert shop.tax_refund_on(date(2025, 12, 31)).refund_point_id == POINT
    for day in (date(2025, 4, 26), date(2026, 1, 1)):
        with pytest.raises(NotATaxRefundStore):
            shop.tax_refund_on(day)


def test_striking_off_before_the_registration_is_refused():
    shop = registered(gift_shop())
    with pytest.raises(NotATaxRefundStore):
        shop.strike_off_tax_refund(date(2025, 4, 26), "never was")
    assert shop.version == 2


def test_a_closed_outlet_changes_nothing_more():
    shop = gift_shop()
    shop.close(date(2026, 5, 1))
    shop.close(date(2026, 6, 1))
    assert shop.closed_on == date(2026, 5, 1)
    with pytest.raises(OutletClosed, match="2026-05-01"):
        shop.install_till("1")
    with pytest.raises(OutletClosed):
        registered(shop)


def test_history_replays_to_the_same_outlet():
    shop = registered(gift_shop())
    shop.install_till("1")
    shop.strike_off_tax_refund(date(2026, 1, 1), "moved")
    shop.close(date(2026, 5, 1))
    copy = replayed(shop)
    assert copy.tills == ("1",)
    assert copy.standings == shop.standings
    assert copy.closed_on == date(2026, 5, 1)


def test_who_sells_is_stated_once_and_may_change():
    shop = gift_shop()
    assert shop.seller is None
    for _ in range(2):
        shop.state_seller({"zh-Hans": "珐琅厂商贸有限公司"}, " 91110000ma00000001 ", "+86 10 1111 2222")
    assert shop.seller == Seller({"zh-Hans": "珐琅厂商贸有限公司"}, "91110000MA00000001", "+86 10 1111 2222")
    assert len(shop.pending_events) == 2
    shop.state_seller({"zh-Hans": "珐琅厂集团"}, "91110000MA00000001")
    assert replayed(shop).seller == Seller({"zh-Hans": "珐琅厂集团"}, "91110000MA00000001", "")


def test_a_taxpayer_number_is_a_code():
    with pytest.raises(MalformedInput):
        gift_shop().state_seller({"en": "Enamel Factory"}, "")


def test_an_agency_is_reached_as_its_latest_registration_says():
    shop = gift_shop()
    for phone in ("95588", "95599"):
        shop.register_for_tax_refund(
            jurisdiction="CN", agency="Bank", store_no="S1", instant=True, refund_point_id=None,
            registered_on=date(2026, 1, 1), agency_phone=phone,
        )  # fmt: skip
    assert (shop.phone_of("Bank"), shop.phone_of("Another")) == ("95599", "")
