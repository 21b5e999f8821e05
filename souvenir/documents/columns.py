"""Text in columns, where a Chinese character is as wide as two Latin letters."""

import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from souvenir.kernel.money import Money, exponent_of
from souvenir.kernel.sealing import Redacted

REDACTED = "〔已删除 erased〕"
"""What stands in place of personal data whose key was destroyed."""

OPENING: Final = "（《“【「『"
CLOSING: Final = "，。、；：！？）》”】」』"
"""Marks that never end a line, and marks that never begin one."""


def width(text: str) -> int:
    """How many columns the text takes (Unicode TR11: wide and full-width characters take two, marks none)."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def left(text: str, columns: int) -> str:
    """The text at the left of a field; text that is too wide ends in an ellipsis."""
    text = fit(text, columns)
    return text + " " * (columns - width(text))


def right(text: str, columns: int) -> str:
    """The text at the right of a field. Never cut: a cut amount would be another amount."""
    return " " * (columns - width(text)) + text


def centred(text: str, columns: int) -> str:
    """The text in the middle of a line, without blanks after it."""
    return " " * ((columns - width(text)) // 2) + text


def fit(text: str, columns: int) -> str:
    """The text if it fits, else as much as does, and an ellipsis."""
    if width(text) <= columns:
        return text
    kept = ""
    for character in text:
        if width(kept + character) > columns - 1:
            break
        kept += character
    return kept + "…"


def wrapped(text: str, columns: int) -> Iterator[str]:
    """The text over as many lines as it needs: broken at blanks, or inside a word that no line could hold.

    A Chinese sentence is such a word: it is broken between characters, never before its full stop or within a number.
    """
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if width(joined) <= columns:
            line = joined
            continue
        if line:
            yield line
        line = ""
        for part in _parts(word, columns):
            if width(line + part) > columns:
                yield line
                line = ""
            line += part
    if line:
        yield line


def _parts(word: str, columns: int) -> Iterator[str]:
    """What of a word must stand on one line: a wide character with its marks, or all letters between two of them."""
    part = ""
    for character in word:
        wide = width(character) == 2
        if part and part[-1] not in OPENING and (width(part[-1]) == 2 or wide) and character not in CLOSING:
            yield part
            part = ""
        part += character
        if width(part) > columns:
            yield part[:-1]
            part = character
    yield part


def across(label: str, value: str, columns: int) -> Iterator[str]:
    """A label at the left and a value at the right: on one line where both fit, else on two."""
    if width(label) + 1 + width(value) <= columns:
        yield label + right(value, columns - width(label))
    else:
        yield from wrapped(label, columns)
        yield right(value, columns)


def field_lines(label: str, value: str, columns: int = 78, label_columns: int = 36) -> Iterator[str]:
    """A label in its own column and a value beside it, over several lines where it is long; a long label has its own."""
    if width(label) >= label_columns:
        yield from wrapped(label, columns)
        label = ""
    for number, line in enumerate(wrapped(value, columns - label_columns)):
        yield left("" if number else label, label_columns) + line


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], feet: Sequence[Sequence[str]] = ()) -> Iterator[str]:
    """Columns as wide as their widest cell: the first at the left, all others at the right, feet under a rule."""
    lines = [headings, *rows, *feet]
    widths = [max(width(line[column]) for line in lines) for column in range(len(headings))]
    rule = "  ".join("-" * columns for columns in widths)

    def drawn(line: Sequence[str]) -> str:
        first, *others = line
        cells = [left(first, widths[0]), *map(right, others, widths[1:])]
        return "  ".join(cells).rstrip()

    yield drawn(headings)
    yield rule
    yield from map(drawn, rows)
    if feet:
        yield rule
        yield from map(drawn, feet)


def amount(money: Money) -> str:
    """The amount with thousands separated and without its currency: "1,494.00"."""
    return f"{Decimal(money.minor).scaleb(-exponent_of(money.currency)):,f}"


def priced(money: Money) -> str:
    """The amount with its currency, as papers say it: "1,494.00 CNY"."""
    return f"{amount(money)} {money.currency}"


def percent(rate: Decimal) -> str:
    """A rate as people say it: 0.13 is "13%"."""
    return f"{(rate * 100).normalize():f}%"


def personal(text: str | Redacted) -> str:
    """Personal data as it may be shown: the words, or the statement that they are gone."""
    return REDACTED if isinstance(text, Redacted) else text
