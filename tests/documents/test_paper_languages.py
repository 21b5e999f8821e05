"""The words of papers: one file for each language, all of them whole; papers speak the country's language and another."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from refund_papers import AGREEMENT, FORM, RECEIPT, pages

from souvenir import documents
from souvenir.documents.columns import width
from souvenir.documents.languages import (
    Bilingual,
    PaperWordsRefused,
    language_of,
    official_language,
    read_words,
    side_by_side,
    spoken,
)
from souvenir.documents.refund_agreement import print_refund_agreement, refund_agreement_pdf
from souvenir.documents.refund_form import print_refund_form, refund_form_pdf
from souvenir.documents.refund_receipt import print_refund_receipt, refund_receipt_pdf
from souvenir.taxrefund.languages import languages

ENGLISH = (Path(documents.__file__).parent / "languages" / "en.toml").read_text(encoding="utf-8")


def test_papers_speak_every_language_that_refunds_are_explained_in() -> None:
    assert spoken().keys() == languages().keys()


@pytest.mark.parametrize("tag", sorted(spoken()))
def test_no_words_are_left_in_english(tag: str) -> None:
    alike = {"VAT", "Name"} if tag != "de" else {"Name"}
    if tag not in ("en", "fr", "es", "it", "pt", "de"):
        theirs = spoken()[tag]["paper"].values()
        assert not [text for text in theirs if text in spoken()["en"]["paper"].values() and text not in alike]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('form_no = "Form no."\n', "", "paper.form_no"),
        ("{ports}", "ports", "agreement.promise"),
        ("{advance}.", "{advance} {more}.", "agreement.advance_by_shop"),
        ("[paper]", "paper]", "not TOML"),
        ("[paper]", 'paper = "words"\n[papers]', "not TOML"),
    ],
)
def test_a_file_that_lacks_a_word_or_a_fact_is_refused_with_its_name(old: str, new: str, problem: str) -> None:
    with pytest.raises(PaperWordsRefused, match=re.escape(problem)) as refused:
        read_words("xx", ENGLISH.replace(old, new), spoken()["en"])
    assert refused.value.facts["file"] == "xx"


@pytest.mark.parametrize(
    ("country", "language"),
    [("CN", "zh-Hans"), ("TW", "zh-Hant"), ("JP", "ja"), ("KR", "ko"), ("FR", "fr"), ("TH", "th"), ("AE", "ar"),
     ("CH", "de"), ("TR", "en"), ("SG", "en")],
)  # fmt: skip
def test_a_country_s_papers_are_in_its_official_language_where_it_is_spoken_here(country: str, language: str) -> None:
    assert official_language(country) == language


def test_the_reader_s_language_is_the_nearest_and_english_where_it_is_the_country_s_own() -> None:
    assert [language_of(tag) for tag in ("zh-TW", "fr-CA", "tlh", "")] == ["zh-Hant", "fr", "en", "en"]
    assert side_by_side("zh-Hans", "de") == ("zh-Hans", "de")
    assert side_by_side("zh-Hans", "zh-Hans") == ("zh-Hans", "en")
    assert side_by_side("en", "en") == ("en",)


@pytest.mark.parametrize("tag", sorted(spoken()))
def test_papers_say_everything_in_a_language_and_keep_their_columns(tag: str) -> None:
    both = ("zh-Hans", tag)
    form = print_refund_form(replace(FORM, languages=both))
    agreement = print_refund_agreement(replace(AGREEMENT, languages=both))
    receipt = print_refund_receipt(replace(RECEIPT, languages=both))
    for text in (form, agreement, receipt):
        assert max(map(width, text.splitlines())) <= 78
        assert "{" not in text
    for word in ("form_no", "payable"):
        assert spoken()[tag]["paper"][word] in form
    assert agreement.count("2026-08-12") == 2 - (tag == "zh-Hans")
    assert spoken()[tag]["strength"]["card_hold"].split()[-1] in agreement


def test_words_of_facts_are_taken_in_each_language() -> None:
    both = Bilingual(("zh-Hans", "fr"))
    chinese, french = both.say("promise", "agreement", promised_by="2026-08-07", ports="PEK、PKX")
    assert "离境：PEK、PKX。" in chinese
    assert "points de sortie : PEK, PKX." in french
    assert both.word("tenders", "cash") == "现金 espèces"


def test_one_language_is_said_once() -> None:
    alone = print_refund_receipt(replace(RECEIPT, languages=("en",)))
    assert alone.startswith("                                Refund Receipt\n====")
    assert pages(refund_agreement_pdf(replace(AGREEMENT, languages=("en",)))) == 1


@pytest.mark.parametrize("tag", ["de", "ja", "ko", "ru", "th", "ar"])
def test_every_paper_is_drawn_and_what_no_font_draws_is_in_english(tag: str) -> None:
    both = ("zh-Hans", tag)
    assert Bilingual.on_paper(both).tags == ("zh-Hans", "en" if tag in ("th", "ar") else tag)
    for pdf in (
        refund_form_pdf(replace(FORM, languages=both)),
        refund_agreement_pdf(replace(AGREEMENT, languages=both)),
        refund_receipt_pdf(replace(RECEIPT, languages=both)),
    ):
        assert pages(pdf) in (1, 2)
