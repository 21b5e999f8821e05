"""The rule book: what is refused when it is read, and that the right rule is found for place, route and day."""

from datetime import date

import pytest

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money
from souvenir.taxrefund.rulebook import (
    RuleBook,
    RuleDatesOverlap,
    RuleFileRefused,
    RuleWithoutSource,
    UnknownJurisdiction,
    Window,
    open_rule_book,
)
from souvenir.taxrefund.working_days import working_days_after

BOOK = open_rule_book()

NOWHERE = """
jurisdiction = "ZZ"
name = { en = "Nowhere" }
currency = "EUR"
time_zone = "Europe/Paris"
[sources]
LAW = "The law of Nowhere"
[[rule]]
rule = "minimum_purchase"
value = { amount = "50.00" }
from = 2020-01-01
to = 2020-12-31
source = ["LAW"]
confidence = "high"
[[rule]]
rule = "minimum_purchase"
value = { amount = "75.00" }
from = 2021-01-01
source = ["LAW"]
confidence = "low"
[[port]]
code = "ZZZ"
name = { en = "The pier" }
region = "ZZ-A"
source = ["LAW"]
"""


def read(text: str) -> RuleBook:
    return RuleBook.read({"nowhere.toml": text})


def value(region: str, mode: str, rule: str, on: date) -> object:
    found = BOOK.regime(region[:2], region, mode, on).find(rule)
    return None if found is None else found.value


def test_every_rule_in_the_book_has_a_source_and_a_name_of_its_own() -> None:
    union = "AT BE CZ DE DK EE ES FI FR GR HR HU IE IT LV LU MT NL PL PT RO SE SI SK"
    assert set(BOOK.jurisdictions) == {
        *union.split(),
        *["AE", "CH", "CN", "GB", "IS", "JP", "KR", "NO", "SA", "SG", "TH", "TR", "TW"],
    }
    rules = [rule for jurisdiction in BOOK.jurisdictions.values() for rule in jurisdiction.rules]
    assert all(rule.sources for rule in rules)
    assert len({rule.version for rule in rules}) == len(rules)


def test_every_weak_number_says_what_is_weak_about_it_or_that_nobody_checked_it() -> None:
    rules = [rule for jurisdiction in BOOK.jurisdictions.values() for rule in jurisdiction.rules]
    weak = [rule for rule in rules if rule.confidence == "low"]
    assert len(weak) > 30
    assert [rule.version for rule in weak if not rule.note and not any("not checked" in s for s in rule.sources)] == [
        "KR/rounding@2016-01-01",
        "TR/scheme@2023-07-10",
    ]


def test_a_union_is_one_file_and_its_members_share_its_rules() -> None:
    on = date(2026, 3, 2)
    for member, least in (("DE", "50.01 EUR"), ("HU", "70001.00 HUF"), ("ES", "0.00 EUR")):
        regime = BOOK.regime(member, member, "departure", on)
        window, minimum = regime.find("departure_window"), regime.find("minimum_purchase")
        assert window is not None
        assert minimum is not None
        assert (window.value.last_day(on), str(minimum.value.amount)) == (date(2026, 6, 30), least)
        assert "MXP" in {port.code for port in regime.ports}, "the last member on the way out confirms"


def test_a_country_stands_in_one_file() -> None:
    with pytest.raises(RuleFileRefused, match="another file has this jurisdiction"):
        RuleBook.read({"nowhere.toml": NOWHERE, "again.toml": NOWHERE})


def test_adding_a_country_is_adding_a_file() -> None:
    rule = read(NOWHERE).regime("ZZ", "ZZ-A", "departure", date(2021, 5, 1)).find("minimum_purchase")
    assert rule is not None
    assert rule.value.amount == Money.of("75.00", "EUR")
    assert (rule.version, rule.sources) == ("ZZ/minimum_purchase@2021-01-01", ("The law of Nowhere",))


def test_days_before_the_first_rule_have_none() -> None:
    assert read(NOWHERE).regime("ZZ", "ZZ", "departure", date(2019, 12, 31)).find("minimum_purchase") is None


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (("to = 2020-12-31", "to = 2021-01-01"), RuleDatesOverlap),
        (("to = 2020-12-31\n", ""), RuleDatesOverlap),
        (('source = ["LAW"]\nconfidence = "low"', 'confidence = "low"'), RuleWithoutSource),
        (('source = ["LAW"]\nconfidence = "low"', 'source = ["RUMOUR"]\nconfidence = "low"'), RuleWithoutSource),
        (('to = 2020-12-31', "to = 2019-12-31"), RuleFileRefused),
        (('"75.00"', "75.0"), RuleFileRefused),
        (('"75.00"', '"75.001"'), RuleFileRefused),
        (('rule = "minimum_purchase"', 'rule = "minimum_purchese"'), RuleFileRefused),
        (('confidence = "low"', 'confidence = "certain"'), RuleFileRefused),
        (('currency = "EUR"', 'currency = "XYZ"'), RuleFileRefused),
        (('region = "ZZ-A"\nsource = ["LAW"]', 'region = "ZZ-A"\nsource = []'), RuleFileRefused),
        (("jurisdiction", "jurisdiction ="), RuleFileRefused),
        (('time_zone = "Europe/Paris"', ""), RuleFileRefused),
    ],
)  # fmt: skip
def test_a_file_that_is_not_right_is_refused_whole(change: tuple[str, str], refusal: type[SouvenirError]) -> None:
    text = NOWHERE.replace(*change)
    assert text != NOWHERE
    with pytest.raises(refusal):
        read(text)


def test_a_refusal_of_a_file_says_where_to_look() -> None:
    with pytest.raises(RuleFileRefused) as refused:
        read(NOWHERE.replace('"75.00"', '"75.001"'))
    assert refused.value.file == "nowhere.toml"
    assert refused.value.where == "minimum_purchase from 2021-01-01"


def test_a_jurisdiction_that_is_not_in_the_book_is_refused() -> None:
    with pytest.raises(UnknownJurisdiction):
        BOOK.jurisdiction("XX")


@pytest.mark.parametrize(
    ("on", "least"),
    [
        (date(2015, 7, 1), "500.00"),
        (date(2025, 4, 26), "500.00"),
        (date(2025, 4, 27), "200.00"),
        (date(2026, 7, 1), "200.00"),
    ],
)
def test_chinas_threshold_fell_on_27_april_2025(on: date, least: str) -> None:
    rule = BOOK.regime("CN", "CN-BJ", "departure", on).find("minimum_purchase")
    assert rule is not None
    assert rule.value.amount.amount == least


@pytest.mark.parametrize(
    ("region", "on", "most", "days"),
    [
        ("CN-BJ", date(2020, 9, 1), "50000.00", 17),
        ("CN-BJ", date(2025, 5, 14), "50000.00", 17),
        ("CN-BJ", date(2025, 5, 15), "220000.00", 17),
        ("CN-BJ", date(2026, 7, 1), "220000.00", 28),
        ("CN-SH", date(2025, 4, 26), "110000.00", 17),
        ("CN-SH", date(2025, 8, 12), "222200.00", 28),
        ("CN-HN", date(2025, 4, 8), "50000.00", 17),
        ("CN-HN", date(2026, 7, 1), "50000.00", 28),
        ("CN-GD", date(2025, 5, 1), None, 17),
        ("CN-GD", date(2026, 7, 1), None, 28),
    ],
)
def test_instant_limits_are_the_regions_own_until_the_nation_aligns_them(
    region: str, on: date, most: str | None, days: int
) -> None:
    regime = BOOK.regime("CN", region, "instant_store", on)
    maximum, window = regime.find("instant_maximum"), regime.find("instant_window")
    assert (maximum.value.amount.amount if maximum else None) == most
    assert window is not None
    assert window.value == Window(days=days)


def test_instant_refunds_were_pilots_before_they_were_national() -> None:
    assert value("CN-SH", "instant_store", "payout", date(2025, 4, 7)) == "advance"
    assert value("CN-GD", "instant_store", "payout", date(2025, 4, 7)) is None
    assert value("CN-GD", "instant_store", "payout", date(2025, 4, 8)) == "advance"


@pytest.mark.parametrize(
    ("on", "ports"),
    [
        (date(2025, 5, 15), {"PEK", "PKX"}),
        (date(2025, 11, 1), {"PEK", "PKX", "TSN"}),
        (date(2026, 7, 1), {port.code for port in BOOK.jurisdiction("CN").ports}),
    ],
)
def test_the_ports_that_close_a_beijing_refund_grow_with_recognition(on: date, ports: set[str]) -> None:
    assert {port.code for port in BOOK.regime("CN", "CN-BJ", "instant_store", on).ports} == ports


def test_a_region_without_a_rule_of_recognition_closes_at_its_own_ports() -> None:
    assert {port.code for port in BOOK.regime("CN", "CN-SH", "instant_store", date(2025, 8, 12)).ports} == {
        "PVG",
        "SHA",
    }


@pytest.mark.parametrize(
    ("day", "count", "then"),
    [
        (date(2026, 8, 7), 3, date(2026, 8, 12)),  # over a plain weekend
        (date(2026, 9, 30), 3, date(2026, 10, 10)),  # over the National Day week; Saturday the 10th is worked
        (date(2026, 2, 12), 3, date(2026, 2, 24)),  # Saturday 14 February is worked, then the Spring Festival
        (date(2026, 8, 10), 0, date(2026, 8, 10)),
    ],
)
def test_working_days_know_holidays_and_the_weekend_days_worked_for_them(day: date, count: int, then: date) -> None:
    assert working_days_after(BOOK.jurisdiction("CN").calendar, day, count) == then


@pytest.mark.parametrize(
    ("window", "start", "last"),
    [
        (Window(days=90), date(2026, 3, 1), date(2026, 5, 30)),
        (Window(days=60, first_day=1), date(2026, 1, 1), date(2026, 3, 1)),
        (Window(months=3), date(2025, 11, 30), date(2026, 2, 28)),
        (Window(months=6), date(2026, 1, 15), date(2026, 7, 15)),
        (Window(months=3, to_end_of_month=True), date(2026, 1, 15), date(2026, 4, 30)),
    ],
)
def test_windows_count_days_months_and_month_ends(window: Window, start: date, last: date) -> None:
    assert window.last_day(start) == last
