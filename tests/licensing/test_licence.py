"""A licence says yes or no to a sale, and counts each payment of its advance once."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from souvenir.kernel.errors import MalformedInput, SouvenirError
from souvenir.kernel.money import CurrencyMismatch, Money, UnknownCurrency
from souvenir.licensing.contract import (
    CategoryNotGranted,
    ChannelNotGranted,
    LicenceLapsed,
    LicenceNotBegun,
    NoConversionRate,
    TerritoryNotGranted,
)
from souvenir.licensing.licence import (
    AdvanceAlreadyRecorded,
    AdvanceExceedsAgreed,
    AdvanceUnsound,
    Grant,
    Licence,
    LicenceAlreadyGranted,
)
from souvenir.licensing.terms import RateOutOfRange, RoyaltyTerms, TermUnsound, Tier, TiersUnsound, flat

Sign = Callable[..., Licence]
SUMMER = date(2026, 6, 1)


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


def test_a_sale_within_the_grant_is_permitted(sign: Sign) -> None:
    assert sign().contract.permits("enamel", "CN", "shop", SUMMER) == "term"


def test_a_territory_covers_its_regions_and_no_other(sign: Sign) -> None:
    assert sign().contract.permits("enamel", "CN-BJ", "shop", SUMMER) == "term"
    with pytest.raises(TerritoryNotGranted):
        sign().contract.permits("enamel", "CNX", "shop", SUMMER)


@pytest.mark.parametrize(
    ("sale", "refusal"),
    [
        (("enamel", "JP", "online", SUMMER), TerritoryNotGranted),
        (("enamel", "CN", "marketplace", SUMMER), ChannelNotGranted),
        (("silk", "CN", "shop", SUMMER), CategoryNotGranted),
        (("enamel", "CN", "shop", date(2025, 12, 31)), LicenceNotBegun),
        (("enamel", "CN", "shop", date(2027, 4, 1)), LicenceLapsed),
        (("silk", "JP", "marketplace", date(2027, 4, 1)), LicenceLapsed),
        (("silk", "JP", "marketplace", SUMMER), TerritoryNotGranted),
        (("silk", "CN", "marketplace", SUMMER), ChannelNotGranted),
    ],
)
def test_a_sale_outside_the_grant_is_refused_in_a_stated_order(
    sign: Sign, sale: tuple[str, str, str, date], refusal: type[SouvenirError]
) -> None:
    with pytest.raises(refusal):
        sign().contract.permits(*sale)


def test_the_refusal_tells_the_facts(sign: Sign) -> None:
    with pytest.raises(LicenceLapsed) as refused:
        sign().contract.permits("enamel", "CN", "shop", date(2027, 4, 1))
    assert str(refused.value) == (
        "Licence LIC-A allowed sales until 2027-03-31, that day included: nothing can be sold on 2027-04-01."
    )


def test_the_last_day_of_term_and_of_sell_off_are_inclusive(sign: Sign) -> None:
    licence = sign()
    assert licence.contract.standing(date(2026, 12, 31)) == "term"
    assert licence.contract.standing(date(2027, 1, 1)) == "sell_off"
    assert licence.contract.standing(date(2027, 3, 31)) == "sell_off"
    with pytest.raises(LicenceLapsed):
        licence.contract.standing(date(2027, 4, 1))


def test_a_licence_that_lapsed_yesterday_refuses_today(sign: Sign, grant: Grant) -> None:
    licence = sign(grant=grant.model_copy(update={"sell_off_days": 0}))
    assert licence.contract.standing(date(2026, 12, 31)) == "term"
    with pytest.raises(LicenceLapsed):
        licence.contract.standing(date(2027, 1, 1))


def test_only_stock_made_by_the_end_of_the_term_is_sold_off(sign: Sign) -> None:
    licence = sign()
    assert licence.contract.standing(date(2027, 2, 15), made_on=date(2026, 12, 31)) == "sell_off"
    with pytest.raises(LicenceLapsed):
        licence.contract.standing(date(2027, 2, 15), made_on=date(2027, 1, 1))


def test_days_are_those_of_the_licences_time_zone(grant: Grant) -> None:
    sold_at = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)
    assert grant.day(sold_at) == date(2027, 1, 1)
    assert grant.model_copy(update={"time_zone": "Europe/Prague"}).day(sold_at) == date(2026, 12, 31)


def test_a_sale_in_a_currency_without_a_rate_is_refused(sign: Sign) -> None:
    sign().contract.counts_in("CNY")
    with pytest.raises(NoConversionRate):
        sign().contract.counts_in("EUR")


def test_signing_the_same_contract_again_is_the_same_licence(sign: Sign, grant: Grant, terms: RoyaltyTerms) -> None:
    licence = sign()
    assert licence.id == sign().id
    licence.signed_again("Palace Studio", {"zh-Hans": "云龙", "en": "Cloud dragon"}, grant, terms)
    with pytest.raises(LicenceAlreadyGranted):
        licence.signed_again("Palace Studio", {"en": "Cloud dragon"}, grant, flat("0.09", "CNY"))


def test_an_advance_is_paid_in_parts_up_to_what_was_agreed(sign: Sign) -> None:
    licence = sign()
    licence.pay_advance("bank-1", cny("6000.00"), cny("600.00"), SUMMER)
    licence.pay_advance("bank-2", cny("4000.00"), cny("400.00"), SUMMER)
    assert licence.advance_paid == cny("10000.00")
    with pytest.raises(AdvanceExceedsAgreed):
        licence.pay_advance("bank-3", cny("0.01"), cny("0.00"), SUMMER)
    assert len(licence.pending_events) == 3


def test_recording_a_payment_twice_records_nothing_new(sign: Sign) -> None:
    licence = sign()
    for _ in range(2):
        licence.pay_advance("bank-1", cny("10000.00"), cny("1000.00"), SUMMER)
    assert len(licence.pending_events) == 2
    with pytest.raises(AdvanceAlreadyRecorded):
        licence.pay_advance("bank-1", cny("9000.00"), cny("1000.00"), SUMMER)


@pytest.mark.parametrize(
    ("amount", "withheld"), [("0.00", "0.00"), ("-1.00", "0.00"), ("100.00", "-0.01"), ("100.00", "100.01")]
)
def test_an_impossible_payment_is_refused(sign: Sign, amount: str, withheld: str) -> None:
    with pytest.raises(AdvanceUnsound):
        sign().pay_advance("bank-1", cny(amount), cny(withheld), SUMMER)


def test_an_advance_in_another_currency_is_refused(sign: Sign) -> None:
    with pytest.raises(CurrencyMismatch):
        sign().pay_advance("bank-1", Money.parse("100.00 EUR"), cny("0.00"), SUMMER)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"ends": date(2025, 12, 31)}, TermUnsound),
        ({"sell_off_days": -1}, TermUnsound),
        ({"sell_off_days": 367}, TermUnsound),
        ({"categories": ()}, TermUnsound),
        ({"territories": ()}, TermUnsound),
        ({"channels": ()}, TermUnsound),
        ({"territories": ("CN", "China")}, MalformedInput),
        ({"time_zone": "Asia/Atlantis"}, MalformedInput),
    ],
)
def test_a_grant_that_could_not_be_kept_is_refused(
    sign: Sign, grant: Grant, changes: dict[str, object], refusal: type[SouvenirError]
) -> None:
    with pytest.raises(refusal):
        sign(grant=grant.model_copy(update=changes))


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"tiers": (Tier(up_to=None, rate="-0.01"),)}, RateOutOfRange),
        ({"tiers": (Tier(up_to=None, rate="1.01"),)}, RateOutOfRange),
        ({"marketing_fund_rate": "1.5"}, RateOutOfRange),
        ({"price_share": "-0.5"}, RateOutOfRange),
        ({"tiers": ()}, TiersUnsound),
        ({"tiers": (Tier(up_to="1000", rate="0.06"),)}, TiersUnsound),
        ({"tiers": (Tier(up_to=None, rate="0.06"), Tier(up_to=None, rate="0.08"))}, TiersUnsound),
        (
            {
                "tiers": (
                    Tier(up_to="1000", rate="0.06"),
                    Tier(up_to="1000", rate="0.07"),
                    Tier(up_to=None, rate="0.08"),
                )
            },
            TiersUnsound,
        ),
        ({"advance": Money(-1, "CNY")}, TermUnsound),
        ({"advance": Money(100, "EUR")}, CurrencyMismatch),
        ({"unit_cap": 0}, TermUnsound),
        ({"over_cap_multiplier": "0.5"}, TermUnsound),
        ({"currency": "XXX"}, UnknownCurrency),
    ],
)
def test_terms_that_no_statement_could_be_made_from_are_refused(
    sign: Sign, terms: RoyaltyTerms, changes: dict[str, object], refusal: type[SouvenirError]
) -> None:
    unsound = RoyaltyTerms.model_validate(dict(terms) | changes)
    with pytest.raises(refusal):
        sign(terms=unsound)


def test_a_contract_without_a_number_is_refused(sign: Sign) -> None:
    with pytest.raises(MalformedInput):
        sign(contract_no=" ")
