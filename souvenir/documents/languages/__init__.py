"""Languages of the papers: the words that stand on them, one readable file for each language, found by its name.

To add a language, copy `en.toml` to its BCP 47 tag and translate what stands in quotation marks.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from string import Formatter
from typing import Final, Self

from souvenir.documents.fonts import can_draw
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.localized import nearest
from souvenir.taxrefund.languages import languages

LAST_RESORT: Final = "en"

WITHOUT_BLANKS: Final = ("zh", "ja")
"""Languages that list with 、 and no blank."""

Tables = Mapping[str, Mapping[str, str]]
Words = tuple[str, str]
"""The same in the country's language and in the reader's; nothing for the second where both are one."""


class PaperWordsRefused(SouvenirError):
    message = "The words of papers in {file} are not usable: {problem}."
    file: str
    problem: str


def read_words(tag: str, content: str, model: Tables | None = None) -> Tables:
    """Read one file; with a model, it must say all that the model says, with the same facts. Raises PaperWordsRefused."""
    try:
        found: Tables = tomllib.loads(content)
        facts = {(table, key): _facts(text) for table, words in found.items() for key, text in words.items()}
    except (ValueError, AttributeError, TypeError) as wrong:
        raise PaperWordsRefused(file=tag, problem=f"it is not TOML with tables of words ({wrong})") from None
    for table, words in (model or {}).items():
        for key, text in words.items():
            if facts.get((table, key)) != _facts(text):
                raise PaperWordsRefused(file=tag, problem=f"{table}.{key} must be said with {sorted(_facts(text))}")
    return found


@cache
def spoken() -> Mapping[str, Tables]:
    """Every language papers speak, by its tag."""
    folder = resources.files(__package__)
    model = read_words(LAST_RESORT, folder.joinpath(f"{LAST_RESORT}.toml").read_text(encoding="utf-8"))
    tags = sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))
    return {tag: read_words(tag, folder.joinpath(f"{tag}.toml").read_text(encoding="utf-8"), model) for tag in tags}


def language_of(*asked: str) -> str:
    """The first language asked for that is spoken, or its nearest script; else English."""
    return next((found for tag in asked if (found := nearest(tag, spoken())) is not None), LAST_RESORT)


def words_in(language: str, table: str) -> Mapping[str, str]:
    """What a paper says, in the language that serves a reader best."""
    return spoken()[language_of(language)][table]


@cache
def official_language(country: str) -> str:
    """The first of a country's official languages (Unicode CLDR) that is spoken here; else English."""
    from babel.languages import get_official_languages

    return language_of(*(tag.replace("_", "-") for tag in get_official_languages(country, de_facto=True)))


class Bilingual:
    """What papers say, in the country's language and beside it in the reader's."""

    def __init__(self, tags: Sequence[str]) -> None:
        self.tags = tuple(dict.fromkeys(tags))

    @classmethod
    def on_paper(cls, tags: Sequence[str]) -> Self:
        """The same on a PDF: in English, where no font can draw a language."""
        return cls([tag if can_draw(tag) else LAST_RESORT for tag in tags])

    def say(self, key: str, table: str = "paper", **facts: str) -> Words:
        """A label or a sentence with its facts. `ports` are listed, and words of facts taken, as each language does."""
        first, *others = (self._in(tag, table, key, facts) for tag in self.tags)
        return first, others[0] if others else ""

    def label(self, key: str) -> str:
        """A label on one line."""
        return " ".join(self.say(key)).strip()

    def word(self, kind: str, code: str) -> str:
        """What a code of the rule book is called, such as a route, a document or a tender."""
        known = languages()
        names = (known[tag].words[kind].get(code, code) for tag in self.tags)
        return " ".join(dict.fromkeys(names))

    def _in(self, tag: str, table: str, key: str, facts: Mapping[str, str]) -> str:
        tables = spoken()[tag]
        said = {name: tables.get(name, {}).get(value, value) for name, value in facts.items()}
        if not tag.startswith(WITHOUT_BLANKS):
            said = {name: value.replace("、", ", ") for name, value in said.items()}
        return tables[table][key].format(**said)


def side_by_side(official: str, reader: str) -> tuple[str, ...]:
    """The two languages of a paper: the country's, and the reader's; English where they are one."""
    return tuple(dict.fromkeys((official, reader if reader != official else LAST_RESORT)))


def _facts(sentence: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(sentence) if name is not None)
