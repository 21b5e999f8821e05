"""Languages: how a refund is explained to the traveller; one readable file of sentences for each, found by its name.

To add a language, copy `en.toml` to its BCP 47 tag and translate what stands in quotation marks. Numbers, dates, amounts
and the names of countries are written as the Unicode CLDR has them for the language.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from string import Formatter
from typing import TYPE_CHECKING, Any, Final, Literal

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.localized import LocalizedText, nearest, serve
from souvenir.kernel.money import Money, exponent_of

if TYPE_CHECKING:
    from babel import Locale

LAST_RESORT: Final = "en"
SENTENCES: Final = ("heading", "line", "term", "problem")
"""The tables of a file whose texts are sentences; the keys of all of them are distinct."""

DAYS: Final = frozenset({"days", "limit"})
"""Facts that are numbers of days, as `months` is of months; other numbers stand alone."""

ALTERNATIVES: Final = frozenset({"ports", "tenders"})
"""Lists of which one is enough; of others, all count."""

EVER: Final = 10**6
"""Days are not made months of, nor months years."""

ISOLATED: Final = "\u2068{}\u2069"
"""Between these an amount keeps its own direction inside a sentence that runs from right to left (Unicode UAX #9)."""


class LanguageFileRefused(SouvenirError):
    message = "The language file {file} is not usable: {problem}."
    file: str
    problem: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where: the code of the region, and how the rule book calls the country."""

    code: str
    name: LocalizedText


@dataclass(frozen=True)
class Language:
    """One language: its sentences by what they say, its words for the rule book's codes, and whole phrases of rules."""

    tag: str
    name: str
    sentences: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]
    phrases: Mapping[str, str] = field(default_factory=dict)
    """Texts of the rule book in this language, by their English."""
    formats: str = ""
    """The tag whose dates and numbers are meant, where it is not the language's own: English ones are British."""

    def say(self, key: str, facts: Mapping[str, Any]) -> str:
        """A sentence with its facts, each written as this language writes it."""
        shown = {name: self.show(name, value) for name, value in facts.items()}
        if self._locale.text_direction == "rtl":
            shown = {name: ISOLATED.format(value) for name, value in shown.items()}
        return self.sentences[key].format_map(shown)

    def text(self, words: Mapping[str, str]) -> str:
        """A text of the rule book: its own words in this language, this language's for it, or the nearest it has."""
        return words.get(self.tag) or self.phrases.get(words.get("en", "")) or serve(words, self.tag).text

    def place(self, place: Place) -> str:
        """A country as the rule book names it, or the CLDR; a region of it with its code."""
        country = place.code.split("-")[0]
        name = place.name.get(self.tag) or self._locale.territories.get(country) or serve(place.name, self.tag).text
        return name if place.code == country else f"{name} ({place.code})"

    def show(self, name: str, value: object) -> str:
        """One fact. Amounts keep the ISO code: travellers meet several dollars, and two kinds of ¥."""
        from babel import dates, lists, numbers

        match value:
            case Money():
                pattern = ("#,##0." + "0" * exponent_of(value.currency)).rstrip(".")
                return f"{numbers.format_decimal(Decimal(value.amount), pattern, self._locale)}\u00a0{value.currency}"
            case date():
                return dates.format_date(value, "long", self._locale)
            case Decimal():
                return numbers.format_percent(value, locale=self._locale, decimal_quantization=False)
            case int() if name in DAYS:
                return dates.format_timedelta(timedelta(value), "day", threshold=EVER, locale=self._locale)
            case int() if name == "months":
                return dates.format_timedelta(timedelta(30 * value), "month", threshold=EVER, locale=self._locale)
            case int():
                return numbers.format_decimal(value, locale=self._locale)
            case tuple():
                style: Literal["or", "standard"] = "or" if name in ALTERNATIVES else "standard"
                return lists.format_list([self.show(name, one) for one in value], style, self._locale)
            case Place():
                return self.place(value)
            case Mapping():
                return self.text(value)
        return self.words.get(name, {}).get(str(value), str(value))

    @property
    def _locale(self) -> "Locale":
        from babel import Locale

        return Locale.parse(self.formats or self.tag, sep="-")


def read_language(tag: str, content: str, model: Language | None = None) -> Language:
    """Read one file; with a model, it must say all that the model says, with the same facts. Raises LanguageFileRefused."""
    from babel import UnknownLocaleError

    try:
        found = tomllib.loads(content)
        sentences = {key: text for table in SENTENCES for key, text in found[table].items()}
        language = Language(
            tag, found["name"], sentences, found["words"], found.get("phrases", {}), found.get("formats", "")
        )
        said = {key: facts_of(text) for key, text in sentences.items() if text}
        _ = language._locale
    except (KeyError, ValueError, UnknownLocaleError) as wrong:
        raise LanguageFileRefused(file=tag, problem=f"it is not TOML with all its tables ({wrong})") from None
    if model is not None:
        for key, text in model.sentences.items():
            if said.get(key) != facts_of(text):
                raise LanguageFileRefused(
                    file=tag, problem=f"{key!r} must be said with {sorted(facts_of(text)) or 'no facts'}"
                )
        for table, words in model.words.items():
            if missing := words.keys() - language.words.get(table, {}).keys():
                raise LanguageFileRefused(file=tag, problem=f"it has no words for {sorted(missing)} of {table}")
    return language


def facts_of(sentence: str) -> frozenset[str]:
    """The facts a sentence names."""
    return frozenset(name for _, name, _, _ in Formatter().parse(sentence) if name is not None)


@cache
def languages() -> Mapping[str, Language]:
    """Every language this package speaks, by its tag."""
    files = {
        file.name.removesuffix(".toml"): file.read_text(encoding="utf-8")
        for file in resources.files(__package__).iterdir()
        if file.name.endswith(".toml")
    }
    return read_languages(files)


def read_languages(files: Mapping[str, str]) -> Mapping[str, Language]:
    """Languages by tag from the texts of their files. Raises LanguageFileRefused."""
    model = read_language(LAST_RESORT, files[LAST_RESORT])
    return {tag: read_language(tag, files[tag], model) for tag in sorted(files)}


def language_for(asked: Sequence[str], known: Mapping[str, Language] | None = None) -> tuple[Language, bool]:
    """The first language asked for that is spoken, or its nearest script; else English. Says whether it is a fallback."""
    spoken = known or languages()
    for tag in asked:
        if (found := nearest(tag, spoken)) is not None:
            return spoken[found], False
    return spoken[LAST_RESORT], bool(asked)
