"""Country by country: what a purchase gets back, by when, and what each scheme asks that the others do not."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money
from souvenir.taxrefund import eligibility as why
from souvenir.taxrefund.assessment import Excluded, Purchase, PurchaseLine, Store, Traveller, assess
from souvenir.taxrefund.explanation import explain
from souvenir.taxrefund.languages import languages
from souvenir.taxrefund.rulebook import RuleBook, open_rule_book

BOOK = open_rule_book()


def bought(country: str, amount: str, vat: str, mode: str = "departure", on: date = date(2026, 3, 2)) -> Purchase:
    return Purchase(
        store=Store(country, country),
        mode=mode,
        traveller=Traveller("passport", on),
        lines=(PurchaseLine(1, Money.parse(amount), Decimal(vat)),),
        purchased_on=on,
    )


def problems(purchase: Purchase) -> list[type[SouvenirError]]:
    return [type(problem) for problem in assess(BOOK, purchase).problems]


@pytest.mark.parametrize(
    ("purchase", "refund", "leave_by"),
    [
        (bought("SG", "109.00 SGD", "0.09"), "9.00 SGD", date(2026, 5, 2)),
        (bought("TH", "2140.00 THB", "0.07"), "140.00 THB", date(2026, 4, 30)),
        (bought("SA", "575.00 SAR", "0.15"), "75.00 SAR", date(2026, 5, 31)),
        (bought("CH", "1081.00 CHF", "0.081"), "81.00 CHF", date(2026, 5, 31)),
        (bought("DE", "119.00 EUR", "0.19"), "19.00 EUR", date(2026, 6, 30)),
        (bought("FR", "120.00 EUR", "0.20"), "20.00 EUR", date(2026, 6, 30)),
        (bought("FI", "125.50 EUR", "0.255"), "25.50 EUR", date(2026, 6, 30)),
        (bought("HU", "127000.00 HUF", "0.27"), "27000.00 HUF", date(2026, 6, 30)),
        (bought("ES", "1.21 EUR", "0.21"), "0.21 EUR", date(2026, 6, 30)),
        (bought("TR", "1200.00 TRY", "0.20"), "200.00 TRY", date(2026, 6, 2)),
        (bought("NO", "500.00 NOK", "0.25"), "100.00 NOK", date(2026, 4, 2)),
        (bought("IS", "12400 ISK", "0.24"), "2400 ISK", date(2026, 6, 2)),
        (bought("AE", "1050.00 AED", "0.05"), "43.50 AED", date(2026, 5, 31)),
    ],
    ids=lambda value: value.store.region if isinstance(value, Purchase) else "",
)
def test_a_purchase_on_2_march_2026(purchase: Purchase, refund: str, leave_by: date) -> None:
    quote = assess(BOOK, purchase).require()
    assert (str(quote.refund), quote.last_departure_on) == (refund, leave_by)
    assert quote.fee_known == (purchase.store.jurisdiction == "AE")


@pytest.mark.parametrize(
    "too_small",
    [
        bought("SG", "99.99 SGD", "0.09"),
        bought("TH", "1999.99 THB", "0.07"),
        bought("SA", "499.99 SAR", "0.15"),
        bought("CH", "299.99 CHF", "0.081"),
        bought("DE", "50.00 EUR", "0.19"),
        bought("PT", "61.48 EUR", "0.23"),
        bought("TR", "1199.98 TRY", "0.20"),
    ],
    ids=lambda purchase: purchase.store.region,
)
def test_a_cent_less_than_the_least_is_refused(too_small: Purchase) -> None:
    assert problems(too_small) == [why.BelowMinimumPurchase]


@pytest.mark.parametrize(
    ("on", "least"), [(date(2024, 1, 31), "154.95 EUR"), (date(2024, 2, 1), "70.01 EUR")]
)  # fmt: skip
def test_italys_minimum_fell_in_2024(on: date, least: str) -> None:
    (problem,) = assess(BOOK, bought("IT", "70.00 EUR", "0.22", on=on)).problems
    assert str(problem.facts["minimum"]) == least


@pytest.mark.parametrize(("on", "days"), [(date(2020, 7, 31), 30), (date(2020, 8, 1), 90)])
def test_switzerland_gave_more_time_in_2020(on: date, days: int) -> None:
    quote = assess(BOOK, bought("CH", "1077.00 CHF", "0.077", on=on)).require()
    assert (quote.last_departure_on - on).days == days


def test_saudi_arabia_and_japans_new_rules_have_a_first_day() -> None:
    assert problems(bought("SA", "575.00 SAR", "0.15", on=date(2025, 7, 31))) == [why.SchemeNotInForce]
    assert problems(bought("SA", "575.00 SAR", "0.15", on=date(2025, 8, 1))) == []


def test_a_child_is_told_the_age_and_nobody_is_asked_in_vain() -> None:
    child = replace(bought("SG", "109.00 SGD", "0.09"), traveller=Traveller("passport", date(2026, 3, 1), age=15))
    assert problems(child) == [why.TravellerTooYoung]
    assert problems(replace(child, traveller=Traveller("passport", date(2026, 3, 1), age=16))) == []


def test_singapore_adds_up_three_receipts_and_not_four() -> None:
    def receipts(count: int) -> Purchase:
        price, rate = Money.parse("50.00 SGD"), Decimal("0.09")
        lines = tuple(PurchaseLine(n, price, rate, order_id=UUID(int=n)) for n in range(1, count + 1))
        return replace(bought("SG", "1.00 SGD", "0.09"), lines=lines)

    assert problems(receipts(3)) == []
    assert problems(receipts(4)) == [why.TooManyReceipts]


def test_goods_without_tax_in_their_price_get_none_back() -> None:
    free = PurchaseLine(2, Money.parse("10.00 EUR"), Decimal("0"))
    bread = bought("IE", "123.00 EUR", "0.23")
    found = assess(BOOK, replace(bread, lines=(*bread.lines, free)))
    assert found.excluded == (Excluded(2, "no_refund_at_this_vat_rate"),)


def test_koreas_trip_is_five_million_won_on_the_immediate_route() -> None:
    trip = bought("KR", "20000 KRW", "0.1", "immediate")
    assert problems(replace(trip, earlier_this_trip=Money.parse("4980000 KRW"))) == []
    assert problems(replace(trip, earlier_this_trip=Money.parse("4980001 KRW"))) == [why.AboveTripLimit]


@pytest.mark.parametrize(
    ("mode", "spent", "refund"),
    [
        ("immediate", "15000", "1000 KRW"),
        ("immediate", "999999", "68000 KRW"),
        ("downtown", "1000000", "75000 KRW"),
        ("downtown", "5999999", "480000 KRW"),
        ("departure", "2450000", "177000 KRW"),
    ],
)
def test_korea_pays_by_an_operators_table_and_says_that_it_is_weak(mode: str, spent: str, refund: str) -> None:
    quote = assess(BOOK, bought("KR", f"{spent} KRW", "0.1", mode)).require()
    assert str(quote.net) == refund
    assert any("refund" in version for version in quote.uncertain)


def test_an_amount_beyond_the_table_is_refused_and_downtown_ends_at_six_million() -> None:
    assert problems(bought("KR", "6000000 KRW", "0.1", "departure")) == [why.AmountOutsideTiers]
    assert problems(bought("KR", "6000000 KRW", "0.1", "downtown")) == [why.AboveInstantCap]


def test_downtown_pays_before_departure_against_a_card_and_a_day_to_leave_by() -> None:
    korea = assess(BOOK, bought("KR", "110000 KRW", "0.1", "downtown", date(2026, 8, 1))).require()
    assert (korea.payout, korea.promised_by, korea.ports) == ("advance", date(2026, 9, 1), ("ICN", "GMP", "PUS", "CJU"))
    taiwan = bought("TW", "21000 TWD", "0.05", "downtown", date(2026, 8, 1))
    quote = assess(BOOK, taiwan).require()
    assert (quote.promised_by, str(quote.net)) == (date(2026, 8, 21), "860 TWD")
    assert (str(quote.guarantee), korea.guarantee) == ("1470 TWD", korea.net)
    said = [one for one in explain(BOOK, taiwan).terms if one.says == "deposit"]
    assert [(one.read(languages()["en"]), one.rule and one.rule.confidence) for one in said] == [
        ("A deposit of 1,470\u00a0TWD is asked of the card meanwhile.", "low")
    ]


@pytest.mark.parametrize(
    ("country", "amount", "vat", "document", "nationality", "why_not"),
    [
        ("CN", "1494.00 CNY", "0.13", "passport", "CHN", [why.OwnNationalsExcluded]),
        ("CN", "1494.00 CNY", "0.13", "passport", "FRA", []),
        ("CN", "1494.00 CNY", "0.13", "passport", "", []),
        ("CN", "1494.00 CNY", "0.13", "hk_macao_permit", "CHN", []),
        ("TH", "2140.00 THB", "0.07", "passport", "THA", [why.OwnNationalsExcluded]),
        ("TH", "2140.00 THB", "0.07", "passport", "CHN", []),
    ],
)
def test_a_scheme_may_leave_its_own_nationals_out(country, amount, vat, document, nationality, why_not) -> None:
    shown = Traveller(document, date(2026, 3, 2), nationality=nationality)
    place = "CN-BJ" if country == "CN" else country
    asked = replace(bought(country, amount, vat), store=Store(country, place), traveller=shown)
    assert problems(asked) == why_not


def test_time_to_claim_is_told_beside_time_to_validate() -> None:
    spain = explain(BOOK, bought("ES", "121.00 EUR", "0.21"))
    assert [one.read(languages()["en"]) for one in spain.terms if one.says == "claim_within"] == [
        "Once validated, the refund is to be claimed within: 48 months."
    ]
    assert "Срок обращения за возвратом после подтверждения: 2 месяца." in [
        one.read(languages()["ru"]) for one in explain(BOOK, bought("SG", "109.00 SGD", "0.09")).terms
    ]


def test_taiwan_counts_the_trip_and_the_year() -> None:
    onsite = bought("TW", "21000 TWD", "0.05", "onsite_small_amount")
    assert str(assess(BOOK, onsite).require().net) == "860 TWD"
    earlier = replace(onsite, earlier_this_trip=Money.parse("99001 TWD"), earlier_this_year=Money.parse("219001 TWD"))
    assert problems(earlier) == [why.AboveTripLimit, why.AboveYearLimit]
    assert problems(replace(earlier, mode="departure")) == []


def in_old_japan(net: int, goods: str) -> Purchase:
    sold = bought("JP", "1 JPY", "0.10", "tax_free_at_till", date(2026, 10, 1))
    return replace(sold, lines=(PurchaseLine(1, Money(net * 11 // 10, "JPY"), Decimal("0.10"), goods=goods),))


def test_japans_consumables_left_in_thirty_days_and_stopped_at_half_a_million() -> None:
    assert assess(BOOK, in_old_japan(10_000, "consumables")).require().last_departure_on == date(2026, 10, 31)
    assert assess(BOOK, in_old_japan(10_000, "general")).require().last_departure_on == date(2027, 4, 1)
    assert problems(in_old_japan(500_000, "consumables")) == []
    assert problems(in_old_japan(500_010, "consumables")) == [why.AboveGoodsMaximum]
    assert problems(in_old_japan(500_010, "general")) == []


def test_japan_has_no_classes_any_more_but_keeps_coins_out() -> None:
    after = replace(in_old_japan(600_000, "consumables"), mode="refund_after_customs", purchased_on=date(2026, 11, 1))
    assert problems(after) == []
    coins = replace(after.lines[0], line_no=2, goods="gold_coins")
    assert assess(BOOK, replace(after, lines=(*after.lines, coins))).excluded == (Excluded(2, "excluded_goods"),)


def test_a_weak_number_is_named_when_it_is_used() -> None:
    assert "TR/minimum_purchase@2023-07-10" in assess(BOOK, bought("TR", "1200.00 TRY", "0.20")).require().uncertain
    assert "EE/standard_vat@2025-07-01" not in assess(BOOK, bought("EE", "124.00 EUR", "0.24")).require().uncertain


ATLANTIS = """
jurisdiction = "XA"
name = { en = "Atlantis" }
currency = "EUR"
time_zone = "Atlantic/Azores"
[sources]
TIDE = "The Tide Table, chapter 7"
[[rule]]
rule = "scheme"
value = "open"
from = 2026-01-01
source = ["TIDE"]
confidence = "high"
[[rule]]
rule = "payout"
value = "after_customs"
from = 2026-01-01
source = ["TIDE"]
confidence = "high"
[[rule]]
rule = "document"
value = "foreign"
for = ["passport"]
from = 2026-01-01
source = ["TIDE"]
confidence = "high"
[[rule]]
rule = "refund"
value = { model = "share_of_vat", share = "0.90" }
from = 2026-01-01
source = ["TIDE"]
confidence = "low"
[[rule]]
rule = "departure_window"
value = { days = 40 }
from = 2026-01-01
source = ["TIDE"]
confidence = "high"
"""


def test_a_new_country_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "atlantis.toml").write_text(ATLANTIS, encoding="utf-8")
    book = RuleBook.read({file.name: file.read_text(encoding="utf-8") for file in tmp_path.glob("*.toml")})
    quote = assess(book, bought("XA", "120.00 EUR", "0.20")).require()
    assert (str(quote.net), quote.last_departure_on) == ("18.00 EUR", date(2026, 4, 11))
    assert quote.uncertain == ("XA/refund@2026-01-01",)
