"""What is printed on a certificate's sheet, in the languages it is laid out for."""

from collections.abc import Mapping
from typing import Final

from souvenir.documents.languages import LAST_RESORT, spoken
from souvenir.kernel.localized import nearest

LAID_OUT: Final = ("zh-Hans", "zh-Hant", "en", "ja", "ko")
"""The page behind the code speaks more: a sheet to frame has room for short words only."""


def language_of(language: str) -> str:
    """The language of a sheet that serves a reader best: English where there is no nearer one."""
    return nearest(language, LAID_OUT) or LAST_RESORT


def words_in(language: str) -> Mapping[str, str]:
    """The printed words in that language."""
    return spoken()[language_of(language)]["certificate"]
