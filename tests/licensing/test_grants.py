"""Grants over their life: exclusive ones that overlap, renewal, termination, unit caps, stacked rates, other currencies."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from souvenir.documents.statement import print_statement
from souvenir.eventlog import Transaction
from souvenir.eventlog.rebuild import differences
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money, UnknownCurrency
from souvenir.licensing.accrual import Accrual
from souvenir.licensing.application import check_grants, give_units_back, take_units
from souvenir.licensing.cap_use import CapUse, UnitCapReached
from souvenir.licensing.contract import LicenceLapsed, NoConversionRate, TerritoryNotGranted
from souvenir.licensing.grant import Grant, GrantsOverlap
from souvenir.licensing.licence import AlreadyTerminated, ConversionUnsound, Licence
from souvenir.licensing.registers.rights import cap_used, orders_with_units
from souvenir.licensing.terms import RateOutOfRange, TermUnsound, flat

NAME = {"zh-Hans": "云龙", "en": "Cloud dragon"}
SPRING, SUMMER = date(2026, 3, 1), date(2026, 7, 1)
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


def sign(shop: Any, grant: Grant, contract_no: str = "LIC-A", name: Any = NAME, **terms: Any) -> UUID:
    rate = terms.pop("rate", "0.08")
    licence: UUID = shop.licensing.grant(contract_no, "Palace Studio", name, grant, flat(rate, "CNY", **terms)).result
    return licence


def changed(grant: Grant, **changes: Any) -> Grant:
    return grant.model_copy(update=changes)


@pytest.mark.parametrize(
    "other",
    [
        {"exclusive": True},
        {"territories": ("CN-BJ", "US")},
        {"categories": ("enamel", "silk"), "channels": ("online",)},
        {"starts": date(2026, 12, 31), "ends": date(2027, 12, 31)},
    ],
)
def test_an_exclusive_grant_bears_no_second_one(small_shop: Any, grant: Grant, other: dict[str, Any]) -> None:
    sign(small_shop, changed(grant, exclusive=True))
    head = small_shop.log.head()
    with pytest.raises(GrantsOverlap):
        sign(small_shop, changed(grant, **other), "LIC-B", {"en": "CLOUD  dragon"})
    assert small_shop.log.head() == head


@pytest.mark.parametrize(
    "other",
    [
        {"territories": ("US",)},
        {"categories": ("silk",)},
        {"channels": ("duty_free",)},
        {"starts": date(2027, 1, 1), "ends": date(2027, 12, 31)},
    ],
)
def test_grants_that_do_not_meet_stand_side_by_side(small_shop: Any, grant: Grant, other: dict[str, Any]) -> None:
    sign(small_shop, changed(grant, exclusive=True))
    sign(small_shop, changed(grant, **other), "LIC-B")
    sign(small_shop, grant, "LIC-C", {"en": "Crane"})


def test_shared_grants_of_one_property_stand_side_by_side(shop: Any, grant: Grant) -> None:
    sign(shop, grant)
    sign(shop, grant, "LIC-B")
    with pytest.raises(GrantsOverlap):
        sign(shop, changed(grant, exclusive=True), "LIC-C")


def test_a_renewal_into_an_exclusive_grant_is_refused(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant)
    sign(small_shop, changed(grant, exclusive=True, starts=date(2027, 1, 1), ends=date(2027, 12, 31)), "LIC-B")
    with pytest.raises(GrantsOverlap):
        small_shop.licensing.renew(licence, date(2027, 6, 30), SUMMER)
    assert small_shop.log.load(Licence, licence).grant.ends == date(2026, 12, 31)


def test_a_renewed_licence_sells_on_and_asking_twice_records_nothing_new(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant)
    small_shop.licensing.renew(licence, date(2027, 12, 31), SUMMER)
    head = small_shop.log.head()
    small_shop.licensing.renew(licence, date(2027, 12, 31), SUMMER)
    assert sign(small_shop, grant) == licence, "the contract as it was signed is still the same contract"
    assert small_shop.log.head() == head
    assert small_shop.log.load(Licence, licence).contract.standing(date(2027, 7, 1)) == "term"
    with pytest.raises(TermUnsound):
        small_shop.licensing.renew(licence, date(2027, 6, 30), SUMMER)


def test_a_terminated_licence_ends_with_its_sell_off(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, changed(grant, exclusive=True))
    for _ in range(2):
        small_shop.licensing.terminate(licence, date(2026, 6, 30), 30, "samples never approved")
    found = small_shop.log.load(Licence, licence)
    assert (found.contract.standing(date(2026, 7, 30)), found.version) == ("sell_off", 2)
    with pytest.raises(LicenceLapsed):
        found.contract.standing(date(2026, 7, 31))
    with pytest.raises(AlreadyTerminated):
        small_shop.licensing.renew(licence, date(2027, 12, 31), SUMMER)
    with pytest.raises(AlreadyTerminated):
        small_shop.licensing.terminate(licence, date(2026, 5, 31), 0, "again")
    sign(small_shop, changed(grant, starts=date(2026, 7, 1)), "LIC-B")
    assert [line for register in small_shop.log.registers for line in differences(small_shop.log, register)] == []


def test_a_termination_outside_the_term_is_refused(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant)
    for ends, days in ((date(2027, 1, 1), 0), (SPRING, 400)):
        with pytest.raises(TermUnsound):
            small_shop.licensing.terminate(licence, ends, days, "never")


def test_agents_and_head_contracts_are_kept_and_checked(small_shop: Any, grant: Grant) -> None:
    facts = {"agent": "Brand House", "agent_commission": Decimal("0.15"), "head_contract_no": "HEAD-1"}
    found = small_shop.log.load(Licence, sign(small_shop, changed(grant, **facts))).grant
    assert (found.agent, found.agent_commission, found.head_contract_no) == ("Brand House", Decimal("0.15"), "HEAD-1")
    with pytest.raises(RateOutOfRange):
        sign(small_shop, changed(grant, agent_commission=Decimal("1.5")), "LIC-B")


def test_the_territory_of_a_sale_is_checked_when_it_is_accrued(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant)
    small_shop.sell("1130.00", licence, on=SPRING, territory="JP")
    small_shop.sell("1130.00", licence, on=SPRING, territory="HK")
    small_shop.sell("1130.00", licence, on=SPRING, territory=None)
    with small_shop.log.reading() as session:
        assert [b.code for b in small_shop.royalties.breaches(session, licence)] == ["TERRITORY_NOT_GRANTED"]
        assert small_shop.royalties.position(session, licence).earned == cny("160.00")
    with pytest.raises(TerritoryNotGranted):
        small_shop.log.execute(lambda tx: check_grants(tx, (licence,), "enamel", "JP", "shop", SPRING))


# Unit caps at the moment of sale.


def take(shop: Any, licence: UUID, order: int, units: int) -> None:
    def decide(tx: Transaction) -> None:
        permissions = check_grants(tx, (licence,), "enamel", "CN", "shop", SPRING)
        take_units(tx, permissions, UUID(int=order), 1, units)

    shop.log.execute(decide)


def test_the_last_unit_under_a_cap_is_sold_once_on_every_store(shop: Any, grant: Grant) -> None:
    licence = sign(shop, grant, unit_cap=5, refuse_over_cap=True)
    take(shop, licence, 1, 4)
    take(shop, licence, 1, 4)
    with pytest.raises(UnitCapReached) as refusal:
        take(shop, licence, 2, 2)
    assert refusal.value.facts == {"contract_no": "LIC-A", "cap": 5, "left": 1, "units": 2}
    take(shop, licence, 2, 1)
    with pytest.raises(UnitCapReached):
        take(shop, licence, 3, 1)
    assert [line for register in shop.log.registers for line in differences(shop.log, register)] == []


def test_an_order_that_is_not_kept_gives_its_units_back_once(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, unit_cap=5, refuse_over_cap=True)
    take(small_shop, licence, 1, 5)
    for _ in range(2):
        small_shop.log.execute(lambda tx: give_units_back(tx, (licence,), UUID(int=1), 1))
    take(small_shop, licence, 2, 5)
    assert small_shop.log.load(CapUse, CapUse.id_of(UUID(int=1), 1, licence)).version == 2


def test_returned_goods_give_their_units_back(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, unit_cap=5, refuse_over_cap=True)
    take(small_shop, licence, 1, 5)
    order = small_shop.sell("1130.00", licence, on=SPRING, units=5)
    assert order == UUID(int=1)
    small_shop.take_back(order, 2, on=SPRING)
    take(small_shop, licence, 2, 2)
    with pytest.raises(UnitCapReached):
        take(small_shop, licence, 3, 1)


def test_a_cap_that_only_costs_more_takes_nothing(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, unit_cap=1)
    head = small_shop.log.head()
    take(small_shop, licence, 1, 5)
    assert small_shop.log.head() == head


# Several licences on one piece.


def test_a_stacking_cap_lowers_what_every_licence_earns(small_shop: Any, grant: Grant) -> None:
    one = sign(small_shop, grant, rate="0.08", stacking_cap="0.10")
    two = sign(small_shop, grant, "LIC-B", rate="0.05")
    order = small_shop.sell("2260.00", one, two, on=SPRING, units=2)
    earned = [small_shop.log.load(Accrual, Accrual.id_of(order, 1, each)).royalty for each in (one, two)]
    assert earned == [cny("123.08"), cny("76.92")]
    for number in (1, 2):
        small_shop.take_back(order, 1, on=SPRING, return_no=number)
    left = [small_shop.log.load(Accrual, Accrual.id_of(order, 1, each)).royalty_left for each in (one, two)]
    assert left == [cny("0.00"), cny("0.00")]


def test_rates_below_the_stacking_cap_stay_as_they_are(small_shop: Any, grant: Grant) -> None:
    one = sign(small_shop, grant, rate="0.05", stacking_cap="0.10")
    two = sign(small_shop, grant, "LIC-B", rate="0.05")
    order = small_shop.sell("1130.00", one, two, on=SPRING)
    alone = small_shop.sell("1130.00", one, on=SPRING)
    assert [small_shop.log.load(Accrual, Accrual.id_of(o, 1, one)).royalty for o in (order, alone)] == [
        cny("50.00")
    ] * 2


# Other currencies.


def in_dollars(shop: Any, grant: Grant) -> UUID:
    licence: UUID = shop.licensing.grant("LIC-US", "Studio", NAME, grant, flat("0.10", "USD")).result
    return licence


def test_a_sale_in_another_currency_counts_by_the_rate_of_its_day(small_shop: Any, grant: Grant) -> None:
    licence = in_dollars(small_shop, grant)
    rates = small_shop.licensing.agree_rate
    for _ in range(2):
        rates(licence, "CNY", Decimal("0.14"), "PBOC mid-rate of 31 March", date(2026, 1, 1), date(2026, 3, 31))
    rates(licence, "CNY", Decimal("0.15"), "PBOC mid-rate of 30 June", date(2026, 4, 1), date(2026, 6, 30))
    order = small_shop.sell("2260.00", licence, on=SPRING, units=2)
    accrual = small_shop.log.load(Accrual, Accrual.id_of(order, 1, licence))
    assert (accrual.base, accrual.royalty) == (Money.of("280.00", "USD"), Money.of("28.00", "USD"))
    assert accrual.details.conversion.source == "PBOC mid-rate of 31 March"
    stated = small_shop.licensing.draft_statement(licence, "2026-Q1", date(2026, 4, 10)).sheet
    assert [each.source for each in stated.header.conversions] == ["PBOC mid-rate of 31 March"]
    assert "0.14 USD, PBOC mid-rate of 31 March" in print_statement(stated, stated.digest)
    small_shop.take_back(order, 1, on=date(2026, 5, 1))
    found = small_shop.log.load(Accrual, accrual.id)
    assert (found.base_left, found.gross_left) == (Money.of("140.00", "USD"), Money.of("140.00", "USD"))
    assert small_shop.log.load(Licence, licence).version == 3
    with pytest.raises(NoConversionRate):
        small_shop.log.execute(
            lambda tx: check_grants(tx, (licence,), "enamel", "CN", "shop", SUMMER, "CNY"),
        )


def test_an_order_paid_when_no_rate_is_agreed_counts_by_that_of_the_day_it_was_placed(
    small_shop: Any, grant: Grant
) -> None:
    licence, last_day = in_dollars(small_shop, grant), date(2026, 6, 30)
    small_shop.licensing.agree_rate(licence, "CNY", Decimal("0.15"), "PBOC", date(2026, 4, 1), last_day)
    order = small_shop.sell("1130.00", licence, placed_on=last_day, on=date(2026, 7, 1))
    accrual = small_shop.log.load(Accrual, Accrual.id_of(order, 1, licence))
    assert (accrual.royalty, accrual.counted.period) == (Money.of("15.00", "USD"), "2026-Q3")


@pytest.mark.parametrize(
    ("rate", "refusal"),
    [
        (("CNY", Decimal("0.14"), " ", *YEAR), ConversionUnsound),
        (("CNY", Decimal(0), "PBOC", *YEAR), ConversionUnsound),
        (("USD", Decimal(1), "PBOC", *YEAR), ConversionUnsound),
        (("CNY", Decimal("0.14"), "PBOC", *reversed(YEAR)), ConversionUnsound),
        (("ZZZ", Decimal("0.14"), "PBOC", *YEAR), UnknownCurrency),
    ],
)
def test_rates_nobody_could_trace_are_refused(
    small_shop: Any, grant: Grant, rate: Any, refusal: type[SouvenirError]
) -> None:
    licence = in_dollars(small_shop, grant)
    with pytest.raises(refusal):
        small_shop.licensing.agree_rate(licence, *rate)


def test_units_sold_offline_beyond_a_cap_are_counted_charged_flagged_and_reported(shop: Any, grant: Grant) -> None:
    terms = flat("0.08", "CNY", unit_cap=3, refuse_over_cap=True)
    licence_id = shop.licensing.grant("LIC-A", "Palace Studio", NAME, grant, terms).result
    shop.sell("2260.00", licence_id, on=SPRING, units=2)
    beyond = shop.sell("2260.00", licence_id, on=SPRING, units=2)
    shop.followers.catch_up()
    with shop.log.reading() as session:
        assert cap_used(session, licence_id) == 4
        assert orders_with_units(session, datetime.now(UTC) + timedelta(days=1), 9) == []

    draft = shop.licensing.draft_statement(licence_id, "2026-Q1", date(2026, 4, 10))
    (breach,) = draft.sheet.breaches
    assert (breach.code, breach.units, breach.base) == ("UNIT_CAP_REACHED", 1, cny("1000.00"))
    assert {flag.code for flag in draft.flags} == {"BREACHES", "UNIT_CAP_EXCEEDED"}
    account = draft.sheet.header.account
    assert (account.earned, account.outside) == (cny("240.00"), cny("80.00"))

    shop.take_back(beyond, 2, on=SPRING)
    with shop.log.reading() as session:
        assert cap_used(session, licence_id) == 2
    assert [line for register in shop.log.registers for line in differences(shop.log, register)] == []


def test_what_no_licence_permitted_takes_nothing_of_its_cap(small_shop: Any, grant: Grant) -> None:
    terms = flat("0.08", "CNY", unit_cap=3, refuse_over_cap=True)
    licence_id = small_shop.licensing.grant("LIC-A", "Palace Studio", NAME, grant, terms).result
    small_shop.sell("1130.00", licence_id, on=SPRING, territory="JP")
    with small_shop.log.reading() as session:
        assert cap_used(session, licence_id) == 0
