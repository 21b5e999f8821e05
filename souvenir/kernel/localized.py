"""Text in several languages: what was written, and the language it is finally read in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator

from souvenir.kernel.errors import MalformedInput


def _some_text(text: Mapping[str, str]) -> Mapping[str, str]:
    if not text or not all(tag and words.strip() for tag, words in text.items()):
        raise MalformedInput(expected="text: give at least one language and some words in each", value=str(text)[:40])
    return dict(text)


LocalizedText = Annotated[Mapping[str, str], AfterValidator(_some_text)]
"""Words by BCP 47 language tag: {"zh-Hans": "珐琅瓶", "en": "Enamel vase"}. The first language is the original."""


@dataclass(frozen=True, slots=True)
class Served:
    """Words as they are served: in which language, and whether that is a fallback from the one asked for."""

    text: str
    language: str
    is_fallback: bool


def serve(text: Mapping[str, str], language: str) -> Served:
    """The words in `language`, else in the same language of another script or region, else in the original."""
    if language in text:
        return Served(text[language], language, False)
    tag = nearest(language, text)
    served = tag or next(iter(text))
    return Served(text[served], served, tag is None)


WRITTEN_IN_TRADITIONAL: Final = frozenset({"hk", "mo", "tw"})
"""Regions whose Chinese is Hant where a tag does not say (CLDR, likely subtags)."""


def nearest(asked: str, known: Iterable[str]) -> str | None:
    """The tag among the known ones that serves who asked: in the same language, and in the same script if there is one.

    zh-TW is served by zh-Hant, fr-CA by fr, and by nothing if there is no French.
    """
    language, script = _language_and_script(asked)
    of_language = [tag for tag in known if _language_and_script(tag)[0] == language]
    of_script = [tag for tag in of_language if _language_and_script(tag)[1] == script]
    return next(iter(of_script or of_language), None)


def _language_and_script(tag: str) -> tuple[str, str]:
    language, *rest = tag.lower().replace("_", "-").split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), "")
    if language == "zh" and not script:
        script = "hans" if WRITTEN_IN_TRADITIONAL.isdisjoint(rest) else "hant"
    return language, script
