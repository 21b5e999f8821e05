"""The page behind a certificate's code, in a browser: read by anybody, at any width, on paper, with scripts or without."""

from io import BytesIO

import pypdfium2
import pytest
from chromium import Page
from scanned import Place

HEADINGS = {
    "genuine": "Genuine, and the certificate stands",
    "suspended": "A genuine signature, but the certificate is suspended",
    "retired": "A genuine signature, but the piece is gone and its certificate retired",
    "revoked": "A genuine signature, but the certificate was revoked",
    "recorded": "There is a certificate of this serial, but this link carries no signature",
    "forged": "Not genuine: it was altered or forged",
    "unknown": "There is no certificate of this serial",
}
GREEN, BROWN, RED = "rgb(29, 107, 58)", "rgb(138, 90, 0)", "rgb(179, 38, 30)"


@pytest.mark.parametrize("found", HEADINGS)
def test_it_says_what_was_found_and_asks_nobody_else(place: Place, page: Page, found: str):
    page.open(place.links[found])
    assert page.texts("h1") == [HEADINGS[found]]
    assert page.requests == [place.links[found]]
    assert [one for one in page.complaints if "status of 4" not in one] == []


@pytest.mark.parametrize(
    ("found", "colour"), [("genuine", GREEN), ("revoked", BROWN), ("suspended", BROWN), ("forged", RED)]
)
def test_its_colour_says_the_same(place: Place, page: Page, found: str, colour: str):
    page.open(place.links[found])
    assert (
        page.value("getComputedStyle(document.querySelector('.verdict')).getPropertyValue('border-left-color')")
        == colour
    )


@pytest.mark.parametrize(
    ("language", "tag", "heading"), [("en-GB", "en", HEADINGS["genuine"]), ("zh-CN", "zh-Hans", "真品证书，现行有效")]
)
def test_it_speaks_the_language_of_the_browser_and_offers_the_other(place: Place, page: Page, language, tag, heading):
    page.open(place.links["genuine"], language)
    assert page.value("document.documentElement.lang") == tag
    assert page.texts("h1") == [heading]
    other = page.value("document.querySelector('nav a').href")
    assert page.open(other, language).value("document.documentElement.lang") == {"en": "zh-Hans", "zh-Hans": "en"}[tag]


@pytest.mark.parametrize("width", [320, 768, 1280])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("found", HEADINGS)
def test_nothing_is_wider_than_the_window(place: Place, page: Page, found: str, language: str, width: int):
    assert page.open(place.links[found], language, width).overflow() == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_letters_twice_as_big_fit_too(place: Place, page: Page, language: str):
    """WCAG 2.2, resize text."""
    page.open(place.links["genuine"], language, width=640)
    small = page.value("document.querySelector('dd').offsetHeight")
    page.value("document.documentElement.style.fontSize = '200%'")
    assert page.value("document.querySelector('dd').offsetHeight") >= 2 * small
    assert page.overflow() == 0


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("found", HEADINGS)
def test_nobody_is_kept_from_reading_it(place: Place, page: Page, found: str, language: str):
    assert page.open(place.links[found], language, width=320).hurdles() == []


def test_it_is_the_same_without_scripts(place: Place, page: Page):
    link = place.links["genuine"]
    assert page.open(link, scripts=False).texts("main") == page.open(link).texts("main")


def test_its_links_are_reached_by_the_keyboard_one_after_the_other(place: Place, page: Page):
    page.open(place.links["genuine"])
    reached = []
    for _ in page.texts("a"):
        page.press("Tab")
        reached.append(page.value("document.activeElement.innerText"))
    assert reached == page.texts("a")
    assert page.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_it_is_printed_on_one_sheet_with_all_it_says(place: Place, page: Page):
    page.open(place.links["genuine"])
    printed = pypdfium2.PdfDocument(BytesIO(page.pdf()))
    assert len(printed) == 1
    text = printed[0].get_textpage().get_text_bounded().replace("\r\n", " ")
    for said in ("Genuine, and the certificate stands", "102/500", "Enamel factory"):
        assert said in text


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en", "ja", "ko"])
def test_the_sheet_is_drawn_within_its_frame_in_each_of_its_languages(place: Place, page: Page, language: str):
    page.open(f"{place.links['genuine']}&lang={language}&show=svg")
    assert page.complaints == []
    assert page.value("document.documentElement.getAttribute('lang')") == language
    outside = """(() => {
        const sheet = document.documentElement.getBoundingClientRect()
        const leaves = ({left, right, top, bottom}) =>
            left < sheet.left || right > sheet.right || top < sheet.top || bottom > sheet.bottom
        return [...document.querySelectorAll('text')].filter(text => leaves(text.getBoundingClientRect()))
            .map(text => text.textContent)
    })()"""
    assert len(page.value("[...document.querySelectorAll('text')].map(text => text.textContent)")) > 10
    assert page.value(outside) == []
