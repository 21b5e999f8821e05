"""The certificate of a numbered piece, for its owner: a sheet to frame, as PDF and SVG, and a text; its code verifies offline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from souvenir.documents.certificate_words import language_of, words_in
from souvenir.documents.columns import across, centred, width, wrapped
from souvenir.documents.drawing import Box, Code, Drawing, Words
from souvenir.documents.fonts import BOLD, LIGHT
from souvenir.documents.rosette import rosette
from souvenir.kernel.localized import serve

COLUMNS: Final = 42
WIDTH, HEIGHT = 297, 210
"""Millimetres: A4, lying."""

IVORY, GOLD, PALE_GOLD, SLATE, VERMILION = "#fdfaf3", "#93712f", "#cdb684", "#5f6872", "#b3261e"
LEFT, RIGHT, EDGE = 78.0, 146.0, 273.0
"""The middle of the number's side, and both edges of the other one."""
SHOWN_LARGE: Final = ("kind", "issuer", "serial")
"""Facts of the text that stand on the sheet in places of their own."""


@dataclass(frozen=True, slots=True)
class CertificateSheet:
    """What stands on a certificate. `size` is of the piece's own run, `run` of the numbered one."""

    issuer: Mapping[str, str]
    title: Mapping[str, str]
    space: str
    number: int
    size: int
    run: int
    proofs: Mapping[str, int]
    """Pieces made outside the run, by kind: {"AP": 20, "PP": 0, "HC": 3}."""
    gtin: str
    serial: str
    issued_on: date
    key_id: str
    link: str
    replacement: int = 0
    """Which re-made copy of the number this is; 0 for the piece first made."""
    place: Mapping[str, str] | None = None
    """Where it was made."""
    story: Mapping[str, str] | None = None
    """What the place tells about itself: the only words here that are not signed."""
    licences: Sequence[tuple[str, Mapping[str, str]]] = ()
    """Licensor and property of each licence it was made under."""
    mark: Mapping[str, str] | None = None
    """The gift mark it may carry."""
    parts: Sequence[Mapping[str, str]] = ()
    """Of a matched set: the titles of what is in it."""

    @property
    def numbered(self) -> str:
        """17/500; a re-made piece says so: 17/500 R1."""
        return f"{self.number}/{self.size}" + (f" R{self.replacement}" if self.replacement else "")


def print_certificate(sheet: CertificateSheet, language: str) -> str:
    """The certificate as text in the owner's language, with its link; ends with a line break."""
    words = words_in(language)
    lines = [centred(words["heading"], COLUMNS)]
    lines += [centred(line, COLUMNS) for line in wrapped(serve(sheet.title, language).text, COLUMNS)]
    lines.append("-" * COLUMNS)
    for name, value in [(words["number"], sheet.numbered), *facts_of(sheet, words, language)]:
        lines += across(name, value, COLUMNS)
    lines.append("-" * COLUMNS)
    lines += wrapped(words["verify"], COLUMNS)
    lines.append(sheet.link)
    return "".join(line.rstrip() + "\n" for line in lines)


def certificate_pdf(sheet: CertificateSheet, language: str) -> bytes:
    """The sheet as PDF; the same certificate in the same language is always the same file."""
    from souvenir.documents.paper import pdf_of

    return pdf_of(draw_certificate(sheet, language))


def certificate_svg(sheet: CertificateSheet, language: str) -> str:
    """The sheet as SVG."""
    return draw_certificate(sheet, language).svg()


def draw_certificate(sheet: CertificateSheet, language: str) -> Drawing:
    """The sheet in the owner's language: the number in its rosette at the left, what is certified at the right."""
    words = words_in(language)
    told = [serve(text, language).text for text in (sheet.issuer, sheet.title, sheet.story or sheet.title)]
    facts = [fact for fact in facts_of(sheet, words, language) if fact[0] not in {words[name] for name in SHOWN_LARGE}]
    letters = "".join(
        [*words.values(), *told, *(value for _, value in facts), *sheet.issuer.values(), sheet.numbered, sheet.serial]
    )
    title = f"{words['heading']} {sheet.numbered} {sheet.serial}"
    drawing = Drawing(WIDTH, HEIGHT, title, language_of(language), letters)
    _frame(drawing)
    _number(drawing, sheet, words)
    _piece(drawing, sheet, words, language)
    _facts_below(drawing, facts)
    _code(drawing, sheet, words)
    _seal(drawing, sheet.issuer)
    return drawing


def _frame(drawing: Drawing) -> None:
    drawing.add(Box(0, 0, WIDTH, HEIGHT, fill=IVORY))
    for inset, line, colour in ((9, 0.7, GOLD), (11, 0.15, GOLD)):
        drawing.add(Box(inset, inset, WIDTH - 2 * inset, HEIGHT - 2 * inset, outline=colour, line=line))
    for x in (11.0, WIDTH - 16.0):
        for y in (11.0, HEIGHT - 16.0):
            drawing.add(Box(x, y, 5, 5, outline=GOLD, line=0.15), Box(x + 1.5, y + 1.5, 2, 2, fill=GOLD))


def _number(drawing: Drawing, sheet: CertificateSheet, words: Mapping[str, str]) -> None:
    drawing.add(*rosette(sheet.serial, LEFT, 95, 53, PALE_GOLD))
    kind = words["number"] if sheet.space == "numbered" else words[sheet.space]
    number, size = drawing.fitted(str(sheet.number), 30, 60, LIGHT)
    drawing.add(Words(LEFT, 80, 3.6, kind, colour=GOLD, anchor="middle", spacing=0.14))
    drawing.add(Words(LEFT, 106, size, number, LIGHT, anchor="middle"))
    of = f"/ {sheet.size}" + (f"  ·  {words['remade']} R{sheet.replacement}" if sheet.replacement else "")
    drawing.add(Words(LEFT, 116, 5, of, colour=SLATE, anchor="middle", spacing=0.08))


def _piece(drawing: Drawing, sheet: CertificateSheet, words: Mapping[str, str], language: str) -> None:
    room = EDGE - RIGHT - 18
    issuer, size = drawing.fitted(serve(sheet.issuer, language).text, 4, room, spacing=0.15)
    drawing.add(Words(RIGHT, 35, size, issuer, colour=GOLD, spacing=0.15))
    heading, size = drawing.fitted(words["heading"], 14, room, LIGHT)
    drawing.add(Words(RIGHT, 52, size, heading, LIGHT))
    drawing.add(Box(RIGHT, 58.5, 18, 0.5, fill=VERMILION))
    lines = drawing.lines(serve(sheet.title, language).text, 7.2, room, 2, BOLD)
    room = EDGE - RIGHT
    for place, line in enumerate(lines):
        drawing.add(Words(RIGHT, 72 + 9 * place, 7.2, line, BOLD))
    if sheet.story is not None:
        top = 72 + 9 * len(lines)
        for place, line in enumerate(drawing.lines(serve(sheet.story, language).text, 3.6, room, 8 - len(lines))):
            drawing.add(Words(RIGHT, top + 5.6 * place, 3.6, line, colour=SLATE))


def _facts_below(drawing: Drawing, facts: Sequence[tuple[str, str]]) -> None:
    top, columns, room = 131.0, (RIGHT, RIGHT + 44), 41.0
    pitch = 14.2 if len(facts) <= 8 else 13.0
    for place, (name, value) in enumerate(facts):
        x, y = columns[place % 2], top + pitch * (place // 2)
        drawing.add(Words(x, y, 2.5, name, colour=GOLD, spacing=0.04))
        for number, line in enumerate(drawing.lines(value, 3.3, room, 2)):
            drawing.add(Words(x, y + 4.6 + 4.2 * number, 3.3, line))


def _code(drawing: Drawing, sheet: CertificateSheet, words: Mapping[str, str]) -> None:
    drawing.add(Code(EDGE - 38, 128.5, 38, sheet.link))
    drawing.add(Words(EDGE - 19, 171.5, 2.5, sheet.serial, colour=SLATE, anchor="middle", spacing=0.12))
    for place, line in enumerate(drawing.lines(words["verify"], 2.7, 100, 2)):
        drawing.add(Words(LEFT, 175 + 4.2 * place, 2.7, line, colour=SLATE, anchor="middle"))


def _seal(drawing: Drawing, issuer: Mapping[str, str]) -> None:
    """The issuer's first four characters as a seal in two columns, read from the right; none without characters."""
    characters = next((name[:4] for name in issuer.values() if all(width(letter) == 2 for letter in name[:4])), "")
    if len(characters) < 4:
        return
    x, y, cell = EDGE - 15.0, 31.0, 6.4
    drawing.add(
        Box(x, y, 15, 15, fill=VERMILION, radius=1.2),
        Box(x + 0.8, y + 0.8, 13.4, 13.4, outline=IVORY, line=0.25, radius=0.7),
    )
    for place, character in enumerate(characters):
        column, row = 1 - place // 2, place % 2
        middle = x + 1.1 + cell * (column + 0.5)
        drawing.add(Words(middle, y + 1.1 + cell * (row + 0.86), 5.6, character, BOLD, IVORY, "middle"))


def facts_of(sheet: CertificateSheet, words: Mapping[str, str], language: str) -> list[tuple[str, str]]:
    """Name and value of each fact, in the order in which they are printed."""
    made = [f"{kind} {count}" for kind, count in sheet.proofs.items() if count]
    rights = "; ".join(f"{serve(name, language).text} · {licensor}" for licensor, name in sheet.licences)
    facts = [
        (words["kind"], words[sheet.space]),
        (words["size"], str(sheet.run)),
        (words["proofs"], ", ".join(made)),
        (words["issuer"], serve(sheet.issuer, language).text),
        (words["place"], serve(sheet.place, language).text if sheet.place else ""),
        (words["licence"], rights),
        (words["mark"], serve(sheet.mark, language).text if sheet.mark else ""),
        (words["parts"], "; ".join(serve(part, language).text for part in sheet.parts)),
        (words["issued_on"], sheet.issued_on.isoformat()),
        (words["gtin"], sheet.gtin),
        (words["serial"], sheet.serial),
        (words["key"], sheet.key_id),
    ]
    return [(name, value) for name, value in facts if value]
