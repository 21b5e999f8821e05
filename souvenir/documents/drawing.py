"""A drawing in millimetres: words, strokes, boxes and QR codes, as an SVG or a PDF that look the same anywhere."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import pairwise
from typing import Final, Literal

from souvenir.documents.columns import width
from souvenir.documents.fonts import REGULAR, Metrics, can_embed, cut, web_font

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

INK: Final = "#1f2630"


@dataclass(frozen=True, slots=True)
class Words:
    """One line of words; `y` is its baseline, `size` its height in millimetres, `spacing` the part of it between letters."""

    x: float
    y: float
    size: float
    text: str
    weight: int = REGULAR
    colour: str = INK
    anchor: Anchor = "start"
    spacing: float = 0


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points: straight, or as a closed smooth curve."""

    points: Sequence[Point]
    width: float
    colour: str
    smooth: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with its corners rounded by `radius`; filled, outlined or both."""

    x: float
    y: float
    width: float
    height: float
    fill: str | None = None
    outline: str | None = None
    line: float = 0.2
    radius: float = 0


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code of error correction M with the quiet zone of ISO/IEC 18004 inside its side."""

    x: float
    y: float
    side: float
    text: str
    colour: str = INK

    def rows(self) -> Iterable[tuple[int, int, int, int]]:
        """The dark runs as column, row, length and the modules of a side."""
        import segno

        matrix = segno.make_qr(self.text, error="m").matrix
        modules = len(matrix) + 8
        for row, line in enumerate(matrix):
            start = None
            for column, dark in enumerate([*line, 0]):
                if dark and start is None:
                    start = column
                elif not dark and start is not None:
                    yield start + 4, row + 4, column - start, modules
                    start = None


Mark = Words | Stroke | Box | Code


class Drawing:
    """A page under way, `width` by `height` millimetres, and what is drawn on it from the back to the front."""

    def __init__(self, width: float, height: float, title: str, language: str, letters: str) -> None:
        """`letters` are all the characters that may be drawn: the font is cut to them, and measured."""
        self.width, self.height, self.title, self.language = width, height, title, language
        self.marks: list[Mark] = []
        self._letters = frozenset(letters) | frozenset(" …")

    def add(self, *marks: Mark) -> None:
        self.marks += marks

    def measure(self, words: str, size: float, weight: int = REGULAR, spacing: float = 0) -> float:
        """How many millimetres words take."""
        em = width(words) / 2 if self._metrics is None else self._metrics.thousandths(words, weight) / 1000
        return (em + spacing * len(words)) * size

    def lines(self, words: str, size: float, room: float, most: int, weight: int = REGULAR) -> list[str]:
        """The words broken into lines that fit the room; the last of too many ends in an ellipsis."""
        found = [""]
        for piece in _breakable(words):
            if self.measure((found[-1] + piece).rstrip(), size, weight) <= room or not found[-1]:
                found[-1] += piece
            else:
                found.append(piece)
        found = [line.strip() for line in found]
        if len(found) > most:
            last = found[most - 1]
            while last and self.measure(last + "…", size, weight) > room:
                last = last[:-1]
            found = [*found[: most - 1], last.rstrip() + "…"]
        return found

    def fitted(
        self, words: str, size: float, room: float, weight: int = REGULAR, spacing: float = 0
    ) -> tuple[str, float]:
        """The words and their size on one line: smaller if they need it, cut if even two thirds are too large."""
        size *= max(2 / 3, min(1, room / self.measure(words, size, weight, spacing)))
        return self.lines(words, size, room / (1 + 2 * spacing), 1, weight)[0], size

    @cached_property
    def _metrics(self) -> Metrics | None:
        return Metrics(cut(self._letters, self.language)) if can_embed() else None

    @property
    def letters(self) -> frozenset[str]:
        """Every character the font inside must have."""
        return self._letters

    def svg(self) -> str:
        """The drawing as SVG, with its font inside if one can be had."""
        used = sorted({mark.weight for mark in self.marks if isinstance(mark, Words)})
        face = ""
        if can_embed():
            fonts = cut(self._letters, self.language)
            face = "".join(
                f"@font-face{{font-family:Certificate;font-weight:{weight};"
                f"src:url(data:font/woff;base64,{b64encode(web_font(fonts[weight])).decode()})}}"
                for weight in used
            )
        family = "Certificate,'Noto Sans SC','PingFang SC','Microsoft YaHei',sans-serif"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(self.width)} {_n(self.height)}" '
            f'width="{_n(self.width)}mm" height="{_n(self.height)}mm" lang="{escape(self.language)}" role="img" '
            f'aria-labelledby="title">\n<title id="title">{escape(self.title)}</title>\n'
            f"<style>{face}text{{font-family:{family};white-space:pre}}</style>\n"
            + "".join(f"{_svg(mark)}\n" for mark in self.marks)
            + "</svg>\n"
        )


def smooth(points: Sequence[Point]) -> Iterable[tuple[Point, Point, Point]]:
    """The cubic curves that pass smoothly (Catmull-Rom) through the points of a closed line."""
    count = len(points)
    for at in range(count):
        before, start, end, after = (points[(at + step) % count] for step in (-1, 0, 1, 2))
        yield (
            (start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6),
            (end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6),
            end,
        )


def _breakable(words: str) -> Iterable[str]:
    """Pieces between which a line may break: words with the blank after them, and each wide character."""
    piece = ""
    for character, following in pairwise([*words, ""]):
        piece += character
        wide = width(character) == 2
        closing = following in "，。、；：！？）」』》”’…·,.;:!?)"
        if character == " " or ((wide or (following and width(following) == 2)) and not (following and closing)):
            yield piece
            piece = ""
    if piece:
        yield piece


def _n(number: float) -> str:
    """A number as short as it can be written to a hundredth of a millimetre."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _svg(mark: Mark) -> str:
    if isinstance(mark, Words):
        return (
            f'<text x="{_n(mark.x)}" y="{_n(mark.y)}" font-size="{_n(mark.size)}" font-weight="{mark.weight}" '
            f'fill="{mark.colour}" text-anchor="{mark.anchor}"'
            + (f' letter-spacing="{_n(mark.spacing * mark.size)}"' if mark.spacing else "")
            + f">{escape(mark.text)}</text>"
        )
    if isinstance(mark, Stroke):
        (x, y), *others = mark.points
        if mark.smooth:
            curves = (" ".join(f"{_n(px)} {_n(py)}" for px, py in curve) for curve in smooth(mark.points))
            path = f"M{_n(x)} {_n(y)}" + "".join(f"C{curve}" for curve in curves) + "Z"
        else:
            path = f"M{_n(x)} {_n(y)}" + "".join(f"L{_n(px)} {_n(py)}" for px, py in others)
        return f'<path d="{path}" fill="none" stroke="{mark.colour}" stroke-width="{_n(mark.width)}"/>'
    if isinstance(mark, Box):
        outline = f' stroke="{mark.outline}" stroke-width="{_n(mark.line)}"' if mark.outline else ""
        return (
            f'<rect x="{_n(mark.x)}" y="{_n(mark.y)}" width="{_n(mark.width)}" height="{_n(mark.height)}" '
            f'rx="{_n(mark.radius)}" fill="{mark.fill or "none"}"{outline}/>'
        )
    runs = list(mark.rows())
    modules = runs[0][3]
    path = "".join(f"M{column} {row}h{length}v1h-{length}z" for column, row, length, _ in runs)
    return (
        f'<svg x="{_n(mark.x)}" y="{_n(mark.y)}" width="{_n(mark.side)}" height="{_n(mark.side)}" '
        f'viewBox="0 0 {modules} {modules}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{modules}v{modules}h-{modules}z"/><path class="code" fill="{mark.colour}" d="{path}"/></svg>'
    )
