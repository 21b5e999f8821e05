"""A refund explained: every line with its reason and its law, and what another day would change."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from souvenir.documents.refund_explanation import print_differences, print_explanation
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money
from souvenir.taxrefund import eligibility
from souvenir.taxrefund.assessment import Purchase, PurchaseLine, Store, Traveller
from souvenir.taxrefund.explanation import GROUNDS, Statement, differences, explain
from souvenir.taxrefund.languages import facts_of, languages
from souvenir.taxrefund.rulebook import open_rule_book

BOOK = open_rule_book()
REASONS = [
    kind
    for kind in vars(eligibility).values()
    if isinstance(kind, type) and issubclass(kind, SouvenirError) and kind is not SouvenirError
]
ENAMEL = Purchase(
    store=Store("CN", "CN-BJ"),
    mode="instant_store",
    traveller=Traveller("passport", date(2026, 5, 1)),
    lines=(
        PurchaseLine(1, Money.parse("1494.00 CNY"), Decimal("0.13")),
        PurchaseLine(2, Money.parse("200.00 CNY"), Decimal("0.09")),
        PurchaseLine(3, Money.parse("50.00 CNY"), Decimal("0.06")),
        PurchaseLine(4, Money.parse("30.00 CNY"), Decimal("0.13"), exempt=True),
        PurchaseLine(5, Money.parse("30.00 CNY"), Decimal("0.13"), refundable=False),
    ),
    purchased_on=date(2026, 5, 20),
)


SPOKEN = languages()


def said(statements: Iterable[Statement], language: str = "en") -> list[str]:
    return [statement.read(SPOKEN[language]).replace("\u00a0", " ") for statement in statements]


def test_every_reason_against_a_refund_rests_on_a_rule_and_is_said_with_facts_it_has() -> None:
    assert set(GROUNDS) == set(REASONS)
    for reason in REASONS:
        assert facts_of(SPOKEN["en"].sentences[reason.__name__]) <= set(reason.fact_types()), reason


def test_every_line_says_what_comes_back_and_why_or_why_not() -> None:
    lines = explain(BOOK, ENAMEL).lines
    assert [(line.line_no, str(line.refund), said([line.why])[0]) for line in lines] == [
        (1, "164.34 CNY", "refundable: 11% of the price with tax, as its VAT rate is 13%"),
        (2, "16.00 CNY", "refundable: 8% of the price with tax, as its VAT rate is 9%"),
        (3, "None", "not refundable: no refund is set for goods taxed at 6%"),
        (4, "None", "not refundable: sold without VAT, so there is none to give back"),
        (5, "None", "not refundable: the law keeps these goods out: named in the store's list"),
    ]
    assert said([lines[0].why], "zh-Hans")[0] == "可退：增值税税率13%，按含税价的11%退税"
    assert lines[0].why.rule is not None
    assert lines[0].why.rule.sources[0].startswith("MoF, STA and GAC Announcement 2019 No. 39")


def test_the_terms_say_what_is_promised_and_what_happens_otherwise() -> None:
    texts = said(explain(BOOK, ENAMEL).terms)
    assert texts[0] == "The traveller gets 146.46 CNY: refund 180.34 CNY less fee 33.88 CNY."
    assert texts[1] == (
        "It is advanced now, against a card as guarantee. Promise: leave by 6 June 2026 through PEK, PKX or TSN; "
        "otherwise the card is charged by 10 June 2026."
    )


def test_what_rests_on_weak_sources_says_so() -> None:
    found = explain(BOOK, ENAMEL)
    assert [rule.version for rule in found.uncertain] == [
        "CN-BJ/instant_window@2020-09-01",
        "CN-BJ/recognised_regions@2025-10-28",
    ]
    assert "[CN-BJ/instant_window@2020-09-01] low  (待核实 uncertain)" in print_explanation(found)


@pytest.mark.parametrize(
    ("change", "english", "rule"),
    [
        (
            {"traveller": Traveller("passport", date(2025, 10, 1))},
            "Stay so far: 231 days; a refund is for stays of at most 183 days.",
            "CN/stay_limit@2015-07-01",
        ),
        (
            {"lines": ENAMEL.lines[1:2], "purchased_on": date(2025, 4, 26), "mode": "departure"},
            "Refundable purchases in this store on this day come to 200.00 CNY; the least is 500.00 CNY.",
            "CN/minimum_purchase@2015-07-01",
        ),
        (
            {"traveller": Traveller("library_card", date(2026, 5, 1))},
            "Chinese mainland: a document of this kind does not entitle to a refund: library_card.",
            None,
        ),
    ],
)
def test_a_reason_against_it_names_its_rule(change: dict[str, object], english: str, rule: str | None) -> None:
    traveller = Traveller("passport", date(2025, 4, 1))
    found = explain(BOOK, replace(ENAMEL, **({"traveller": traveller} | change)))  # type: ignore[arg-type]
    problem = found.problems[0]
    assert said([problem]) == [english]
    assert (problem.rule.version if problem.rule else None) == rule
    assert found.terms == ()


def test_excluded_goods_say_what_they_are_and_conditions_are_told() -> None:
    coins = PurchaseLine(2, Money(110_000, "JPY"), Decimal("0.10"), goods="gold_coins")
    tokyo = replace(
        ENAMEL,
        store=Store("JP", "JP"),
        mode="refund_after_customs",
        lines=(PurchaseLine(1, Money(11_000, "JPY"), Decimal("0.10")), coins),
        purchased_on=date(2026, 11, 1),
    )
    found = explain(BOOK, tokyo)
    coins_out = found.lines[1].why
    assert said([coins_out]) == ["not refundable: the law keeps these goods out: Coins of gold or platinum"]
    assert said([coins_out], "zh-Hans") == ["不可退：法规排除的商品：金币、铂金币"]
    assert said([coins_out], "ja") == ["対象外：法令により除かれる物品：金貨・白金貨"]
    assert [condition.rule.applies_to for condition in found.conditions if condition.rule] == ["kiosk"]


def test_another_date_shows_which_rules_changed() -> None:
    before = explain(BOOK, replace(ENAMEL, mode="departure", purchased_on=date(2026, 6, 30)))
    after = explain(BOOK, replace(ENAMEL, mode="departure", purchased_on=date(2026, 7, 1)))
    assert differences(before, after) == ()
    april = replace(ENAMEL, mode="departure", traveller=Traveller("passport", date(2025, 4, 1)))
    old = explain(BOOK, replace(april, purchased_on=date(2025, 4, 26)))
    new = explain(BOOK, replace(april, purchased_on=date(2025, 4, 27)))
    assert [(a.version, b.version) for a, b in differences(old, new) if a and b] == [
        ("CN/minimum_purchase@2015-07-01", "CN/minimum_purchase@2025-04-27"),
        ("CN/cash_ceiling@2015-07-01", "CN/cash_ceiling@2025-04-27"),
    ]
    assert "[CN/minimum_purchase@2015-07-01] -> [CN/minimum_purchase@2025-04-27]" in print_differences(old, new)


def test_the_page_speaks_one_language_where_one_is_asked_for() -> None:
    chinese, english = (print_explanation(explain(BOOK, ENAMEL), [tag]) for tag in ("zh-Hans", "en"))
    assert "旅客可得146.46 CNY：退税180.34 CNY，扣手续费33.88 CNY。" in chinese
    assert "The traveller gets" not in chinese
    assert "可退" not in english
