"""The page behind a certificate's code: whether it is genuine, whether it still stands, and which of the two was checked."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final, Literal

from souvenir.documents.certificate import CertificateSheet, facts_of
from souvenir.documents.languages import language_of, spoken, words_in
from souvenir.kernel.localized import serve
from souvenir.taxrefund.languages import languages

Outcome = Literal["genuine", "recorded", "forged", "foreign", "withdrawn", "malformed", "unknown"]
"""Genuine: the signature in the link fits. Recorded: the link has no signature, but there is a certificate of the serial."""


FIRST: Final = ("en", "zh-Hans")
RIGHT_TO_LEFT: Final = ("ar",)


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found of one code, for people to read."""

    outcome: Outcome
    sheet: CertificateSheet | None = None
    standing: str | None = None
    """active, suspended, retired or revoked; None if it was not checked."""
    as_of: datetime | None = None
    passed_on: str | None = None
    """The day of the last change of owner. Who owns it is nobody's business here."""
    links: Sequence[tuple[str, str]] = ()
    """What else the link gives: a format and where it is had."""

    @property
    def good(self) -> bool:
        return self.outcome == "genuine" and self.standing in ("active", None)


def verification_page(found: Verification, language: str, own_link: str = "") -> str:
    """The page in the reader's language; works without scripts, and loads nothing from anywhere."""
    tag = language_of(language)
    words = words_in(tag, "page")
    verdict = words[
        f"{found.outcome} {found.standing}" if found.outcome == "genuine" and found.standing else found.outcome
    ]
    kind = "good" if found.good else "doubt" if found.outcome in ("genuine", "recorded") else "bad"
    return "".join(
        (
            f'<!doctype html>\n<html lang="{tag}" dir="{"rtl" if tag in RIGHT_TO_LEFT else "ltr"}"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">',
            f"<title>{escape(words['title'])}</title><style>{STYLE}</style></head>\n<body>",
            f"<header><p>{escape(words['title'])}</p>{_other_languages(tag, own_link)}</header>\n<main>",
            f'<section class="verdict {kind}" role="status"><h1>{escape(verdict)}</h1>',
            f"<p>{escape(words[f'then {kind}'])}</p></section>\n",
            _checks(found, words),
            _certificate(found, words, tag) if found.sheet else "",
            _links(found.links, words),
            f"<p class=note>{escape(words['copies'])}</p></main></body></html>\n",
        )
    )


def _other_languages(tag: str, own_link: str) -> str:
    """The page's other languages, each by its own name: those of most shops and most visitors first."""
    if not own_link:
        return ""
    begun = f"{own_link}{'&' if '?' in own_link else '?'}lang="
    tags = dict.fromkeys((*FIRST, *spoken()))
    links = (
        f'<a lang="{other}" hreflang="{other}" href="{escape(begun + other)}">{escape(languages()[other].name)}</a>'
        for other in tags
        if other != tag
    )
    return f"<nav>{' '.join(links)}</nav>"


def _checks(found: Verification, words: Mapping[str, str]) -> str:
    authentic = {"genuine": "yes", "forged": "no", "foreign": "no", "withdrawn": "void"}
    fresh = f"stands {found.standing}" if found.standing else "not checked"
    when = f" <small>{escape(words['as of'])} {found.as_of:%Y-%m-%d %H:%M} UTC</small>" if found.as_of else ""
    passed_on = f"<dt>{escape(words['passed on'])}</dt><dd>{escape(found.passed_on)}</dd>" if found.passed_on else ""
    return (
        f"<section><h2>{escape(words['checked'])}</h2><dl><dt>{escape(words['authenticity'])}</dt>"
        f"<dd>{escape(words[authentic.get(found.outcome, 'not checked')])}</dd><dt>{escape(words['freshness'])}</dt>"
        f"<dd>{escape(words[fresh])}{when}</dd>{passed_on}</dl></section>\n"
    )


def _certificate(found: Verification, words: Mapping[str, str], language: str) -> str:
    sheet = found.sheet
    assert sheet is not None, "there is something to show"
    printed = words_in(language, "certificate")
    number = sheet.numbered if sheet.space == "numbered" else f"{sheet.space} {sheet.numbered}"
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts_of(sheet, printed, language)
    )
    story = f"<p>{escape(serve(sheet.story, language).text)}</p>" if sheet.story else ""
    return (
        f'<section class="sheet"><h2>{escape(serve(sheet.title, language).text)}</h2>'
        f'<p class="number"><span>{escape(printed["number"])}</span> {escape(number)}</p>{story}<dl>{rows}</dl>'
        "</section>\n"
    )


def _links(links: Sequence[tuple[str, str]], words: Mapping[str, str]) -> str:
    if not links:
        return ""
    items = "".join(f'<li><a href="{escape(link)}">{escape(words[name])}</a></li>' for name, link in links)
    return f"<section class=take><h2>{escape(words['take away'])}</h2><ul>{items}</ul></section>\n"


STYLE: Final = """
:root{--ink:#1f2630;--slate:#4d5660;--gold:#7a5a1e;--line:#d8c79c;--ivory:#fdfaf3}
*{box-sizing:border-box}
body{margin:0;background:var(--ivory);color:var(--ink);font:1.0625rem/1.6 "Noto Sans SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif}
header{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:baseline;gap:1rem;padding:1rem 1.25rem;border-bottom:1px solid var(--line)}
nav{display:flex;flex-wrap:wrap;gap:.35rem 1rem}nav a{min-height:1.5rem}
header p{margin:0;color:var(--gold);letter-spacing:.08em}
main{max-width:42rem;margin:0 auto;padding:1.25rem}
a{color:#0b4f7d}a:focus-visible{outline:3px solid #0b4f7d;outline-offset:2px}
h1{font-size:1.7rem;line-height:1.3;font-weight:600;margin:0}
h2{font-size:1.1rem;margin:0 0 .6rem}
section{margin:0 0 1.5rem}
.verdict{border-inline-start:8px solid;padding:1rem 1.25rem;background:#fff}
.verdict p{margin:.5rem 0 0}
.good{border-color:#1d6b3a}.good h1{color:#17552f}
.doubt{border-color:#8a5a00}.doubt h1{color:#6f4800}
.bad{border-color:#b3261e}.bad h1{color:#8f1d17}
dl{display:grid;grid-template-columns:fit-content(45%) minmax(0,1fr);gap:.35rem 1.25rem;margin:0}
dt{color:var(--slate)}dd{margin:0;overflow-wrap:anywhere}
small{color:var(--slate)}
.sheet{border:1px solid var(--line);outline:1px solid var(--line);outline-offset:4px;background:#fff;padding:1.5rem 1.25rem}
.sheet h2{font-size:1.4rem}
.number{font-size:2.4rem;font-weight:300;margin:0 0 1rem}.number span{font-size:1rem;color:var(--gold)}
.note{color:var(--slate);font-size:.95rem}
@media(max-width:30rem){dl{display:block}dd{margin-bottom:.6rem}}
@media print{body{background:none;font-size:10pt}nav,.take{display:none}section{break-inside:avoid;margin-bottom:1rem}}
"""

STYLE_HASH: Final = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
"""What a content security policy names to let exactly this style be used."""
