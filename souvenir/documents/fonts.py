"""Noto Sans for Chinese, Japanese, Korean and Latin, cut down to what a document says and put into it: readable anywhere.

The fonts come with the extra `souvenir[fonts]` (SIL Open Font Licence). Without it a PDF names a font every reader has.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from io import BytesIO
from typing import Any, Final

LIGHT: Final = 300
REGULAR: Final = 400
BOLD: Final = 700
WEIGHTS: Final = (LIGHT, REGULAR, BOLD)

FILES: Final = {
    "zh-Hant": "notosanstc/NotoSansTC[wght].ttf",
    "ja": "notosansjp/NotoSansJP[wght].ttf",
    "ko": "notosanskr/NotoSansKR[wght].ttf",
    "zh-Hans": "notosanssc/NotoSansSC[wght].ttf",
}
"""The same character is written differently in each of these; the last serves every other language."""

STANDARD_FONT: Final = "STSong-Light"
"""What PDF readers bring for simplified Chinese: named in a file where no font can be put into it."""

_PACKAGE: Final = "justmytype_intl_cjk"
_NOT_NEEDED: Final = ("GSUB", "GPOS", "GDEF", "BASE", "STAT", "HVAR", "vhea", "vmtx")
"""Parts that lay out vertical lines and alternates, or say again what the outlines say."""
_one_document: Final = threading.RLock()


def can_embed() -> bool:
    """Whether the fonts are installed."""
    return all(find_spec(package) is not None for package in (_PACKAGE, "fontTools"))


def can_draw(language: str) -> bool:
    """Whether a PDF can be written in a language: no font here has Thai or Arabic, and what readers bring is no Japanese."""
    spoken = language.split("-")[0]
    if can_embed():
        return spoken not in ("ar", "th")
    return spoken not in ("ar", "th", "ja", "ko", "ru") and language != "zh-Hant"


@lru_cache(maxsize=32)
def cut(characters: frozenset[str], language: str, weights: tuple[int, ...] = WEIGHTS) -> Mapping[int, bytes]:
    """The font of a language with these characters only, as one TrueType file for each weight; same in, same out."""
    parts = _parts(characters, language)
    return {weight: _joined([_at_weight(part, weight) for part in parts]) for weight in weights}


def web_font(truetype: bytes) -> bytes:
    """The same font compressed, as pages and drawings carry it (WOFF)."""
    font = _opened(BytesIO(truetype))
    font.flavor = "woff"
    return _saved(font)


@contextmanager
def embedded(characters: frozenset[str], language: str) -> Iterator[None]:
    """While it lasts, reportlab knows the fonts `name_of` names. One document at a time: its register is global."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    with _one_document:
        for weight, truetype in cut(characters, language).items():
            pdfmetrics.registerFont(TTFont(name_of(weight), BytesIO(truetype)))
        try:
            yield
        finally:
            for weight in WEIGHTS:
                font = pdfmetrics._fonts.pop(name_of(weight))  # type: ignore[attr-defined]
                pdfmetrics._dynFaceNames.pop(font.face.name)  # type: ignore[attr-defined]


def name_of(weight: int) -> str:
    """What a weight is called inside a PDF under way."""
    return f"souvenir-{weight}"


class Metrics:
    """How wide words are in a weight of the font that `cut` made."""

    def __init__(self, fonts: Mapping[int, bytes]) -> None:
        self._widths: dict[int, dict[int, int]] = {}
        self._em = 1000
        for weight, truetype in fonts.items():
            font = _opened(BytesIO(truetype))
            advances, self._em = font["hmtx"].metrics, font["head"].unitsPerEm
            self._widths[weight] = {code: advances[glyph][0] for code, glyph in font.getBestCmap().items()}

    def thousandths(self, words: str, weight: int) -> int:
        """The width of words in thousandths of their size."""
        widths = self._widths[weight]
        total = sum(widths.get(ord(character), self._em) for character in words)
        return total * 1000 // self._em


def _parts(characters: frozenset[str], language: str) -> list[bytes]:
    """The language's own font with what it has of the characters, and the others with what it lacks."""
    own = next((tag for tag in FILES if language == tag or language.split("-")[0] == tag), "zh-Hans")
    parts: list[bytes] = []
    left = {ord(character) for character in characters}
    for tag in (own, *(tag for tag in reversed(FILES) if tag != own)):
        with _opened(files(_PACKAGE).joinpath("fonts", "ofl", *FILES[tag].split("/"))) as font:
            here = left & font.getBestCmap().keys()
            if here or not parts:
                parts.append(_subset(font, here))
        left -= here
        if not left:
            break
    return parts


def _subset(font: Any, codes: set[int]) -> bytes:
    from fontTools.subset import Options, Subsetter

    wanted = Options()
    wanted.layout_features, wanted.hinting, wanted.notdef_outline = [], False, True
    for table in _NOT_NEEDED:
        if table in font:
            del font[table]
    subsetter = Subsetter(wanted)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    return _saved(font)


def _joined(parts: list[Any]) -> bytes:
    """The first font with the characters of the others added to it."""
    from fontTools.pens.recordingPen import DecomposingRecordingPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    font, *others = parts
    for other in others:
        shapes = other.getGlyphSet()
        for code, glyph in other.getBestCmap().items():
            drawn, pen = DecomposingRecordingPen(shapes), TTGlyphPen(None)
            shapes[glyph].draw(drawn)
            drawn.replay(pen)
            name = f"uni{code:04X}.added"
            font["glyf"][name], font["hmtx"][name] = pen.glyph(), other["hmtx"][glyph]
            for table in font["cmap"].tables:
                if table.isUnicode() and (code <= 0xFFFF or table.format == 12):
                    table.cmap[code] = name
    return _saved(font)


def _at_weight(variable: bytes, weight: int) -> Any:
    from fontTools.varLib.instancer import instantiateVariableFont

    font = instantiateVariableFont(_opened(BytesIO(variable)), {"wght": weight})
    font["name"].names = []
    for name_id, name in ((1, "Noto Sans"), (2, str(weight)), (6, f"NotoSans-{weight}")):
        font["name"].setName(name, name_id, 3, 1, 0x409)
    return font


def _opened(file: Any) -> Any:
    from fontTools.ttLib import TTFont

    return TTFont(file, lazy=True, recalcTimestamp=False)


def _saved(font: Any) -> bytes:
    out = BytesIO()
    font.save(out)
    return out.getvalue()
