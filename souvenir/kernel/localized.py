"""Text in several languages: what was written, and the language it is finally read in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

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
    primary = language.split("-")[0].lower()
    for tag, words in text.items():
        if tag.split("-")[0].lower() == primary:
            return Served(words, tag, False)
    tag, words = next(iter(text.items()))
    return Served(words, tag, True)
