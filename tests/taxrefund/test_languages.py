"""A refund in the traveller's language: whole, with the language's own numbers and dates, and a file is all it takes."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib import resources

import pytest

from souvenir.documents.refund_explanation import print_explanation
from souvenir.kernel.money import Money
from souvenir.taxrefund.assessment import Purchase, PurchaseLine, Store, Traveller
from souvenir.taxrefund.explanation import IN_THE_STORES_LIST, explain
from souvenir.taxrefund.languages import (
    LanguageFileRefused,
    facts_of,
    language_for,
    languages,
    read_language,
    read_languages,
)
from souvenir.taxrefund.rulebook import open_rule_book

BOOK, SPOKEN = open_rule_book(), languages()
ENGLISH = (resources.files("souvenir.taxrefund.languages") / "en.toml").read_text(encoding="utf-8")
FAN = Purchase(
    store=Store("CN", "CN-BJ"),
    mode="instant_store",
    traveller=Traveller("passport", date(2025, 10, 1)),
    lines=(PurchaseLine(1, Money.parse("1494.00 CNY"), Decimal("0.13")),),
    purchased_on=date(2026, 5, 20),
)


def plain(text: str) -> str:
    """Without the spaces that do not break and the marks of direction, which no eye sees."""
    return text.translate({0x00A0: " ", 0x202F: " ", 0x2068: None, 0x2069: None})


def test_travellers_are_spoken_to_in_thirteen_languages() -> None:
    spoken = {"ar", "de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru", "th", "zh-Hans", "zh-Hant"}
    assert set(SPOKEN) == spoken


@pytest.mark.parametrize("tag", sorted(SPOKEN))
def test_every_language_says_every_sentence_with_the_same_facts_and_has_every_word(tag: str) -> None:
    language, english = SPOKEN[tag], SPOKEN["en"]
    assert {key: facts_of(text) for key, text in language.sentences.items()} == {
        key: facts_of(text) for key, text in english.sentences.items()
    }
    assert {table: set(words) for table, words in language.words.items()} == {
        table: set(words) for table, words in english.words.items()
    }
    assert [key for key, text in language.sentences.items() if tag != "en" and text == english.sentences[key]] == []


@pytest.mark.parametrize("tag", sorted(SPOKEN))
def test_every_text_of_the_rule_book_is_there_in_every_language(tag: str) -> None:
    rules = [rule for country in BOOK.jurisdictions.values() for rule in country.rules]
    texts = [rule.value for rule in rules if rule.name in ("condition", "excluded_goods")] + [IN_THE_STORES_LIST]
    assert {text["en"] for text in texts if tag not in text and text["en"] not in SPOKEN[tag].phrases} == set()
    assert SPOKEN[tag].phrases.keys() <= {text["en"] for text in texts}


@pytest.mark.parametrize(
    ("tag", "stay"),
    [
        ("en", "Stay so far: 231 days; a refund is for stays of at most 183 days."),
        ("ru", "Срок пребывания: 231 день; предельный срок для возврата: 183 дня."),
        ("ar", "مدة الإقامة: 231 يومًا؛ أقصى مدة تخوّل الاسترداد: 183 يومًا."),
        ("ko", "체류 기간: 231일, 환급 가능한 최장 체류 기간: 183일."),
        ("fr", "Durée du séjour : 231 jours ; séjour maximal ouvrant droit à la détaxe : 183 jours."),
    ],
)
def test_days_are_counted_as_the_language_counts_them(tag: str, stay: str) -> None:
    assert plain(explain(BOOK, FAN).problems[0].read(SPOKEN[tag])) == stay


@pytest.mark.parametrize(
    ("tag", "amount", "day", "rate"),
    [
        ("en", "123,456.78 CNY", "1 August 2026", "25.5%"),
        ("de", "123.456,78 CNY", "1. August 2026", "25,5 %"),
        ("fr", "123 456,78 CNY", "1 août 2026", "25,5 %"),
        ("ja", "123,456.78 CNY", "2026年8月1日", "25.5%"),
        ("th", "123,456.78 CNY", "1 สิงหาคม ค.ศ. 2026", "25.5%"),
    ],
)
def test_amounts_days_and_rates_are_written_as_the_language_writes_them(
    tag: str, amount: str, day: str, rate: str
) -> None:
    shown = (Money(12_345_678, "CNY"), date(2026, 8, 1), Decimal("0.255"))
    assert [plain(SPOKEN[tag].show("any", value)) for value in shown] == [amount, day, rate]


def test_a_sentence_from_right_to_left_keeps_amounts_the_right_way_round() -> None:
    assert "\u2068146.46\u00a0CNY\u2069" in SPOKEN["ar"].say(
        "net", {"net": Money(14_646, "CNY"), "refund": Money(0, "CNY"), "fee": Money(0, "CNY")}
    )


@pytest.mark.parametrize(
    ("asked", "served", "is_fallback"),
    [
        (["ja"], "ja", False),
        (["fr-CA"], "fr", False),
        (["zh-TW"], "zh-Hant", False),
        (["zh-HK"], "zh-Hant", False),
        (["zh"], "zh-Hans", False),
        (["zh-SG"], "zh-Hans", False),
        (["zh-Hant-CN"], "zh-Hant", False),
        (["sw", "de-CH"], "de", False),
        (["sw"], "en", True),
        ([], "en", False),
    ],
)
def test_the_nearest_language_serves_and_english_where_there_is_none(
    asked: list[str], served: str, is_fallback: bool
) -> None:
    language, fallback = language_for(asked)
    assert (language.tag, fallback) == (served, is_fallback)


def test_a_language_is_added_by_one_file() -> None:
    swahili = (
        ENGLISH.replace('name = "English"\nformats = "en-GB"', 'name = "Kiswahili"')
        .replace("Stay so far: {days}; a refund is for stays of at most {limit}.", "Siku: {days}; upeo: {limit}.")
        .replace('passport = "passport"', 'passport = "pasipoti"')
    )
    spoken = read_languages({"en": ENGLISH, "sw": swahili})
    language, is_fallback = language_for(["sw-KE"], spoken)
    assert (language.name, is_fallback) == ("Kiswahili", False)
    assert language.show("document_kind", "passport") == "pasipoti"
    assert plain(explain(BOOK, FAN).problems[0].read(language)) == "Siku: siku 231; upeo: siku 183."


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("{days}", "{weeks}"), "'StayTooLong' must be said with ['days', 'limit']"),
        (('stands = "', 'stays = "'), "'stands' must be said with no facts"),
        (('passport = "', 'visa = "'), "it has no words for ['passport'] of document_kind"),
        (("[words.per]", "[per]"), "it has no words for ['purchase', 'traveller_day', 'traveller_store_day'] of per"),
        (("{days}", "{days"), "it is not TOML with all its tables (unexpected '{' in field name)"),
        (('name = "', 'called = "'), "it is not TOML with all its tables ('name')"),
        (('formats = "en-GB"', 'formats = "xx-XX"'), "it is not TOML with all its tables (unknown locale 'xx_XX')"),
    ],
)
def test_a_file_that_does_not_say_everything_is_refused_with_what_it_lacks(
    change: tuple[str, str], problem: str
) -> None:
    with pytest.raises(LanguageFileRefused) as refused:
        read_language("sw", ENGLISH.replace(*change), SPOKEN["en"])
    assert refused.value.problem == problem


def test_a_place_is_named_as_the_rule_book_names_it_else_as_the_world_does() -> None:
    headings = {
        tag: print_explanation(explain(BOOK, replace(FAN, mode="departure")), [tag]).splitlines()[0]
        for tag in ("ja", "zh-TW", "ru")
    }
    assert headings == {
        "ja": "中国本土 (CN-BJ), 出国時の税金還付, 2026-05-20",
        "zh-TW": "中國內地 (CN-BJ), 離境退稅, 2026-05-20",
        "ru": "материковый Китай (CN-BJ), возврат при выезде, 2026-05-20",
    }
    tokyo = replace(
        FAN, store=Store("JP", "JP"), lines=(PurchaseLine(1, Money(11_000, "JPY"), Decimal("0.1")),), mode="departure"
    )
    assert print_explanation(explain(BOOK, tokyo), ["fr"]).splitlines()[0] == "Japon, détaxe au départ, 2026-05-20"
