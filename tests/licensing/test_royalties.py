"""Paid orders earn royalties, returns take them back, once each, and finance reads where every licence stands."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from souvenir.eventlog.followers import Followers, FollowerStalled
from souvenir.kernel.errors import NotFound
from souvenir.kernel.money import Money
from souvenir.licensing.accrual import Accrual, Counted, Figures, ReturnExceedsSale
from souvenir.licensing.application import check_grants, check_mark
from souvenir.licensing.authorisation import CertificateAlreadyRecorded, MarkReviewOverdue
from souvenir.licensing.contract import LicenceLapsed, NoConversionRate, TerritoryNotGranted
from souvenir.licensing.licence import AdvanceExceedsAgreed, Grant, Licence, LicenceAlreadyGranted
from souvenir.licensing.registers.positions import totals_of, year_of
from souvenir.licensing.terms import RateOutOfRange, RoyaltyTerms, Tier, flat
from souvenir.licensing.views import Position
from souvenir.processes.accrue_royalties import AccrueRoyalties
from souvenir.sales.order import Channel

SPRING, SUMMER, LAPSED = date(2026, 3, 1), date(2026, 7, 1), date(2027, 4, 1)
NAME = {"zh-Hans": "云龙", "en": "Cloud dragon"}


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


@pytest.fixture
def licence(small_shop: Any, grant: Grant, terms: RoyaltyTerms) -> UUID:
    granted: UUID = small_shop.licensing.grant("LIC-A", "Palace Studio", NAME, grant, terms).result
    return granted


def position(shop: Any, licence_id: UUID, as_of: date | None = None) -> Position:
    with shop.log.reading() as session:
        found: Position | None = shop.royalties.position(session, licence_id, as_of)
    assert found is not None
    return found


def head(shop: Any) -> int:
    at: int = shop.log.head()
    return at


def test_a_sale_and_a_return_on_every_store(shop: Any, grant: Grant, terms: RoyaltyTerms) -> None:
    licence_id = shop.licensing.grant("LIC-A", "Palace Studio", NAME, grant, terms).result
    shop.licensing.record_advance(licence_id, "bank-1", cny("10000.00"), cny("1000.00"), SPRING)
    order_id = shop.sell("1130.00", licence_id, on=SPRING)
    shop.sell("2260.00", licence_id, on=SPRING, units=2)
    shop.take_back(order_id, 1, on=SUMMER)

    now = position(shop, licence_id)
    assert (now.contract_no, now.licensor, now.property_name) == ("LIC-A", "Palace Studio", NAME)
    assert (now.advance_agreed, now.advance_paid, now.withheld) == (cny("10000.00"), cny("10000.00"), cny("1000.00"))
    assert (now.base, now.earned, now.recouped, now.payable) == (
        cny("2000.00"),
        cny("160.00"),
        cny("160.00"),
        cny("0.00"),
    )
    assert (now.unrecouped, now.marketing_fund) == (cny("9840.00"), cny("40.00"))
    assert [(p.period, p.sold, p.returned, p.earned) for p in now.periods] == [
        ("2026-Q1", 3, 0, cny("240.00")),
        ("2026-Q3", 0, 1, cny("-80.00")),
    ]
    assert [(p.sku, p.sold, p.returned, p.base) for p in now.products] == [("VASE-01", 3, 1, cny("2000.00"))]

    before = position(shop, licence_id, as_of=date(2026, 6, 30))
    assert (before.earned, before.unrecouped) == (cny("240.00"), cny("9760.00"))

    with shop.log.reading() as session:
        lines = shop.royalties.accruals(session, licence_id)
        rest = shop.royalties.accruals(session, licence_id, after=lines[0].seq)
        summer = shop.royalties.accruals(session, licence_id, period="2026-Q3")
        assert shop.royalties.licence_ids(session) == [licence_id]
    assert [(line.units, line.earned) for line in lines[-1:]] == [(-1, cny("-80.00"))]
    assert (len(lines), rest, summer) == (3, lines[1:], lines[2:])


def test_the_register_agrees_with_what_the_events_say(shop: Any, grant: Grant, terms: RoyaltyTerms) -> None:
    licence_id = shop.licensing.grant("LIC-A", "Palace Studio", NAME, grant, terms).result
    order_id = shop.sell("1130.00", licence_id, on=SPRING, units=3)
    shop.take_back(order_id, 1, on=SPRING)
    contract = shop.log.load(Licence, licence_id).contract
    with shop.log.reading() as session:
        totals, year = totals_of(session, contract), year_of(session, licence_id, 1, terms)
    assert (totals.units, totals.earned, totals.cash, totals.period) == (2, 53_33, 10000_00, "2026-Q1")
    assert (year.units, year.base) == (2, 666_66)


def test_what_a_closed_period_made_payable_is_credited_and_not_paid_back(shop: Any, grant: Grant) -> None:
    licence_id = shop.licensing.grant("LIC-B", "Museum", NAME, grant, flat("0.08", "CNY")).result
    first = shop.sell("1130.00", licence_id, on=SPRING)
    shop.take_back(first, 1, on=SUMMER)
    second = shop.sell("1130.00", licence_id, on=SUMMER)
    shop.take_back(second, 1, on=SUMMER, return_no=2)
    now = position(shop, licence_id)
    assert [(p.period, p.earned, p.recouped, p.payable) for p in now.periods] == [
        ("2026-Q1", cny("80.00"), cny("0.00"), cny("80.00")),
        ("2026-Q3", cny("-80.00"), cny("-80.00"), cny("0.00")),
    ]
    assert now.unrecouped == cny("80.00")


def test_the_accrual_carries_what_its_readers_need(small_shop: Any, licence: UUID) -> None:
    small_shop.sell("1130.00", licence, on=SPRING)
    order_id = small_shop.sell("1130.00", licence, on=SUMMER)
    accrual = small_shop.log.load(Accrual, Accrual.id_of(order_id, 1, licence))
    assert (accrual.units_left, accrual.base_left, accrual.royalty_left) == (1, cny("1000.00"), cny("80.00"))
    assert (accrual.rate, accrual.standing, accrual.business_date) == ("0.08", "term", SUMMER)
    assert accrual.counted == Counted(
        period="2026-Q3",
        period_rate=Decimal("0.08"),
        contract_year=1,
        units_before=1,
        base_before=cny("1000.00"),
    )


def test_following_the_log_again_accrues_nothing_new(small_shop: Any, licence: UUID) -> None:
    small_shop.sell("1130.00", licence, on=SPRING)
    small_shop.sell("1130.00", licence, on=LAPSED)
    order_id = small_shop.sell("1130.00", licence, on=SPRING, units=2)
    small_shop.take_back(order_id, 2, on=SPRING)
    small_shop.log.execute(lambda tx: tx.session.run("DELETE FROM followers WHERE name = 'accrue_royalties'"))
    before = head(small_shop)
    Followers(small_shop.log, (AccrueRoyalties(),), ()).catch_up()
    assert head(small_shop) == before
    assert position(small_shop, licence).earned == cny("80.00")


def test_reversing_the_same_return_twice_records_nothing_new(small_shop: Any, licence: UUID) -> None:
    order_id = small_shop.sell("1130.00", licence, on=SPRING, units=2)
    accrual = small_shop.log.load(Accrual, Accrual.id_of(order_id, 1, licence))
    back = Figures(
        units=1,
        base=cny("500.00"),
        royalty=cny("40.00"),
        marketing_fund=cny("10.00"),
        recouped=cny("40.00"),
        payable=cny("0.00"),
        outside=cny("0.00"),
        rate="0.08",
    )
    for _ in range(2):
        accrual.reverse(UUID(int=7), back, accrual.counted, SPRING, "2026-Q1")
    assert (len(accrual.pending_events), accrual.units_left, accrual.royalty_left) == (1, 1, cny("40.00"))


def test_tiers_begin_anew_in_every_contract_year_and_returns_unwind_their_own(small_shop: Any, grant: Grant) -> None:
    ladder = (Tier(up_to=1000, rate="0.06"), Tier(up_to=None, rate="0.08"))
    terms = RoyaltyTerms(currency="CNY", tiers=ladder)
    two_years = grant.model_copy(update={"ends": date(2027, 12, 31)})
    licence_id = small_shop.licensing.grant("LIC-B", "Museum", NAME, two_years, terms).result
    small_shop.sell("1130.00", licence_id, on=SPRING)
    above = small_shop.sell("1130.00", licence_id, on=SUMMER)
    small_shop.sell("1130.00", licence_id, on=date(2027, 3, 1))
    second = small_shop.sell("565.00", licence_id, on=date(2027, 3, 2))
    small_shop.take_back(above, 1, on=date(2027, 4, 1))
    small_shop.take_back(second, 1, on=date(2027, 7, 1), return_no=2)
    assert [(p.period, p.earned) for p in position(small_shop, licence_id).periods] == [
        ("2026-Q1", cny("60.00")),
        ("2026-Q3", cny("80.00")),
        ("2027-Q1", cny("100.00")),
        ("2027-Q2", cny("-80.00")),
        ("2027-Q3", cny("-40.00")),
    ]


def test_goods_that_come_back_one_by_one_leave_nothing(small_shop: Any, licence: UUID) -> None:
    order_id = small_shop.sell("100.00", licence, on=SPRING, units=3)
    for number in (1, 2, 3):
        small_shop.take_back(order_id, 1, on=SPRING, return_no=number)
    now = position(small_shop, licence)
    assert (now.base, now.earned, now.recouped, now.payable, now.marketing_fund) == (cny("0.00"),) * 5


def test_a_wholesale_price_is_deemed_when_the_contract_says_so(small_shop: Any, grant: Grant) -> None:
    half = flat("0.12", "CNY", price_share="0.5")
    licence_id = small_shop.licensing.grant("LIC-B", "Museum", NAME, grant, half).result
    small_shop.sell("28250.00", licence_id, on=SPRING, units=250)
    assert position(small_shop, licence_id).payable == cny("1500.00")
    odd = small_shop.sell("0.10", licence_id, on=SPRING, units=3)
    for number in (1, 2, 3):
        small_shop.take_back(odd, 1, on=SPRING, return_no=number)
    assert (position(small_shop, licence_id).base, position(small_shop, licence_id).payable) == (
        cny("12500.00"),
        cny("1500.00"),
    )


def test_two_licences_on_one_piece_each_earn_their_own(small_shop: Any, licence: UUID, grant: Grant) -> None:
    other = small_shop.licensing.grant("LIC-B", "Artist", NAME, grant, flat("0.05", "CNY")).result
    small_shop.sell("1130.00", licence, other, on=SPRING)
    assert (position(small_shop, licence).recouped, position(small_shop, other).payable) == (
        cny("80.00"),
        cny("50.00"),
    )


def test_goods_without_a_licence_earn_nobody_anything(small_shop: Any, licence: UUID) -> None:
    small_shop.sell("1130.00", on=SPRING)
    assert position(small_shop, licence).periods == ()


@pytest.mark.parametrize(
    ("sale", "code"),
    [
        ({"on": LAPSED}, "LICENCE_LAPSED"),
        ({"on": SPRING, "category": "silk"}, "CATEGORY_NOT_GRANTED"),
        ({"on": date(2025, 12, 31)}, "LICENCE_NOT_BEGUN"),
    ],
)
def test_a_sale_outside_the_licence_is_reported_apart(
    small_shop: Any, licence: UUID, sale: dict[str, Any], code: str
) -> None:
    order_id = small_shop.sell("1130.00", licence, **sale)
    small_shop.take_back(order_id, 1, on=sale["on"])
    now = position(small_shop, licence)
    with small_shop.log.reading() as session:
        breaches = small_shop.royalties.breaches(session, licence)
    assert (now.breaches, now.earned, now.unrecouped) == (1, cny("0.00"), cny("10000.00"))
    assert [(b.order_id, b.code, b.base) for b in breaches] == [(order_id, code, cny("1000.00"))]


def test_a_channel_that_was_not_granted_is_a_breach(small_shop: Any, grant: Grant, terms: RoyaltyTerms) -> None:
    shop_only = grant.model_copy(update={"channels": ("shop",)})
    licence_id = small_shop.licensing.grant("LIC-B", "Museum", NAME, shop_only, terms).result
    small_shop.sell("1130.00", licence_id, on=SPRING, channel=Channel.ONLINE)
    assert position(small_shop, licence_id).breaches == 1


def test_an_order_placed_on_the_last_day_and_paid_the_next_is_within_the_licence(
    small_shop: Any, licence: UUID
) -> None:
    small_shop.sell("1130.00", licence, on=LAPSED, placed_on=date(2027, 3, 31))
    assert position(small_shop, licence).earned == cny("80.00")


def test_an_unknown_licence_stops_the_process_and_skips_nothing(small_shop: Any) -> None:
    with pytest.raises(FollowerStalled, match="NotFound"):
        small_shop.sell("1130.00", UUID(int=99), on=SPRING)


def test_the_sale_asks_every_licence_first(small_shop: Any, licence: UUID) -> None:
    def ask(*sale: Any) -> Any:
        return small_shop.log.execute(lambda tx: check_grants(tx, (licence,), *sale)).result

    (yes,) = ask("enamel", "CN-BJ", "shop", SPRING, "CNY")
    assert (yes.contract.id, yes.contract.contract_no, yes.standing) == (licence, "LIC-A", "term")
    with pytest.raises(TerritoryNotGranted):
        ask("enamel", "JP", "shop", SPRING)
    with pytest.raises(LicenceLapsed):
        ask("enamel", "CN", "shop", LAPSED)
    with pytest.raises(NoConversionRate):
        ask("enamel", "CN", "shop", SPRING, "EUR")
    with pytest.raises(NotFound):
        small_shop.log.execute(lambda tx: check_grants(tx, (UUID(int=9),), "enamel", "CN", "shop", SPRING))


def test_granting_twice_is_one_licence_and_other_terms_are_refused(
    small_shop: Any, licence: UUID, grant: Grant, terms: RoyaltyTerms
) -> None:
    before = head(small_shop)
    assert small_shop.licensing.grant("LIC-A", "Palace Studio", NAME, grant, terms).result == licence
    with pytest.raises(LicenceAlreadyGranted):
        small_shop.licensing.grant("LIC-A", "Palace Studio", NAME, grant, flat("0.09", "CNY"))
    with pytest.raises(RateOutOfRange):
        small_shop.licensing.grant("LIC-B", "Palace Studio", NAME, grant, flat("1.09", "CNY"))
    assert head(small_shop) == before


def test_a_payment_counts_once_and_never_beyond_the_advance(small_shop: Any, licence: UUID) -> None:
    for _ in range(2):
        small_shop.licensing.record_advance(licence, "bank-1", cny("10000.00"), cny("1000.00"), SPRING)
    before = head(small_shop)
    with pytest.raises(AdvanceExceedsAgreed):
        small_shop.licensing.record_advance(licence, "bank-2", cny("1.00"), cny("0.00"), SPRING)
    assert head(small_shop) == before
    assert len(small_shop.log.load(Licence, licence).advances) == 1


def test_a_mark_is_certified_once_and_checked_at_the_sale(small_shop: Any) -> None:
    vase = UUID("00000000-0000-0000-0000-00000000900d")

    def certify(until: date) -> UUID:
        issued: UUID = small_shop.licensing.certify_mark(
            "GIFT-2026-017",
            {"zh-Hans": "京城佳礼"},
            "City tourism association",
            (vase,),
            date(2026, 1, 1),
            until,
            review_due=date(2026, 12, 31),
        ).result
        return issued

    mark = certify(date(2028, 12, 31))
    before = head(small_shop)
    assert certify(date(2028, 12, 31)) == mark
    with pytest.raises(CertificateAlreadyRecorded):
        certify(date(2029, 12, 31))
    assert head(small_shop) == before
    ask: Callable[[date], Any] = lambda on: small_shop.log.execute(lambda tx: check_mark(tx, mark, vase, on)).result  # noqa: E731
    assert ask(SPRING).certificate_no == "GIFT-2026-017"
    with pytest.raises(MarkReviewOverdue):
        ask(date(2027, 1, 1))
    for _ in range(2):
        small_shop.licensing.pass_review(mark, date(2027, 1, 2), date(2027, 12, 31))
    assert head(small_shop) == before + 1
    assert ask(date(2027, 1, 2)).id == mark


def test_no_more_comes_back_than_was_sold(small_shop: Any, licence: UUID) -> None:
    order_id = small_shop.sell("1130.00", licence, on=SPRING, units=2)
    accrual = small_shop.log.load(Accrual, Accrual.id_of(order_id, 1, licence))
    with pytest.raises(ReturnExceedsSale):
        accrual.base_back(3, cny("1500.00"))
    with pytest.raises(ReturnExceedsSale):
        accrual.base_back(0, cny("0.00"))
