"""Traveller's document: what its machine-readable zone says, with every check digit verified (ICAO Doc 9303, parts 3 to 5)."""

from dataclasses import dataclass, field
from datetime import date
from typing import Final, Protocol

from souvenir.kernel.errors import SouvenirError

LINES: Final = {"TD3": (2, 44), "TD1": (3, 30)}
"""Lines and characters a line: TD3 is a passport's page, TD1 a card such as the permits of Hong Kong, Macao and Taiwan."""

KINDS: Final = {"P": "passport", "CR": "hk_macao_permit", "CT": "taiwan_permit"}
"""The kinds of document the rule book knows, by the code the zone begins with."""

WEIGHTS: Final = (7, 3, 1)
_VALUES: Final = {character: value for value, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {"<": 0}


class DocumentUnreadable(SouvenirError):
    message = "The machine-readable zone is not that of a passport or card: {problem}. Read it again."
    problem: str


class WrongCheckDigit(SouvenirError):
    message = "The check digit of the document's {part} does not fit. Read the document again; do not type around it."
    part: str


class WrongDocumentKind(SouvenirError):
    message = "A document of the kind {document_code!r} is no traveller's document for a refund."
    document_code: str


class DocumentExpired(SouvenirError):
    message = "The document expired on {expired_on}."
    expired_on: date


@dataclass(frozen=True, slots=True)
class MachineReadable:
    """What the zone says. Who it is about stays out of logs and reprs; the last entry is not in it: ask the stamp."""

    kind: str
    issuer: str
    nationality: str
    expires_on: date
    number: str = field(repr=False)
    name: str = field(repr=False)
    born_on: date = field(repr=False)


class DocumentReader(Protocol):
    """A device, or a person, that gives the characters of a document's machine-readable zone."""

    def read(self) -> str:
        """The lines of the zone, as they stand."""
        ...


def check_digit(text: str) -> int:
    """The check digit of some characters: values times 7, 3, 1, and again, modulo ten (ICAO 9303-3, 4.9)."""
    return sum(_VALUES[character] * WEIGHTS[at % 3] for at, character in enumerate(text)) % 10


def read_zone(text: str, on: date) -> MachineReadable:
    """Read a zone, on a day that decides the century of dates and whether the document is still valid.

    Raises DocumentUnreadable, WrongCheckDigit, WrongDocumentKind or DocumentExpired; none of them states what was read.
    """
    lines = ["".join(line.split()).upper() for line in text.strip().splitlines()]
    size = next((size for size, (rows, columns) in LINES.items() if [columns] * rows == [*map(len, lines)]), None)
    if size is None:
        raise DocumentUnreadable(problem="it has neither two lines of 44 nor three lines of 30 characters")
    if not set("".join(lines)) <= set(_VALUES):
        raise DocumentUnreadable(problem="it has characters that no such zone has")
    return _passport(lines, on) if size == "TD3" else _card(lines, on)


def _passport(lines: list[str], on: date) -> MachineReadable:
    first, second = lines
    _verify("number", second[0:9], second[9])
    _verify("date of birth", second[13:19], second[19])
    _verify("date of expiry", second[21:27], second[27])
    _verify("personal number", second[28:42], second[42])
    _verify("whole zone", second[0:10] + second[13:20] + second[21:43], second[43])
    return _read(first, first[5:44], second[0:9], second[10:13], second[13:19], second[21:27], on)


def _card(lines: list[str], on: date) -> MachineReadable:
    first, second, third = lines
    number, digit = first[5:14], first[14]
    if digit == "<":  # a number of more than nine characters goes on in the optional field, its check digit last
        rest = first[15:30].split("<")[0]
        number, digit = number + rest[:-1], rest[-1:]
    _verify("number", number, digit)
    _verify("date of birth", second[0:6], second[6])
    _verify("date of expiry", second[8:14], second[14])
    _verify("whole zone", first[5:30] + second[0:7] + second[8:15] + second[18:29], second[29])
    return _read(first, third, number, second[15:18], second[0:6], second[8:14], on)


def _read(first: str, names: str, number: str, nationality: str, born: str, expires: str, on: date) -> MachineReadable:
    code = first[0:2].rstrip("<")
    kind = KINDS.get(code) or KINDS.get(code[:1]) if first[0] == "P" else KINDS.get(code)
    if kind is None:
        raise WrongDocumentKind(document_code=code)
    expires_on, born_on = _day(expires, on.year + 50), _day(born, on.year)
    if expires_on < on:
        raise DocumentExpired(expired_on=expires_on)
    surname, _, given = names.partition("<<")
    return MachineReadable(
        kind=kind,
        issuer=first[2:5].rstrip("<"),
        nationality=nationality.rstrip("<"),
        expires_on=expires_on,
        number=number.rstrip("<"),
        name=" ".join(part for part in (given.replace("<", " ").strip(), surname.replace("<", " ").strip()) if part),
        born_on=born_on,
    )


def _verify(part: str, text: str, digit: str) -> None:
    """An optional part that is empty may have a filler for its check digit."""
    if digit == "<" and not text.strip("<"):
        return
    if digit != str(check_digit(text)):
        raise WrongCheckDigit(part=part)


def _day(text: str, latest_year: int) -> date:
    """A date of six digits, in the last century of years that ends with `latest_year`."""
    try:
        year = int(text[0:2]) + 100 * (latest_year // 100)
        return date(year - 100 if year > latest_year else year, int(text[2:4]), int(text[4:6]))
    except ValueError:
        raise DocumentUnreadable(problem="a date in it is none") from None
