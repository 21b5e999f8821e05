"""A drawing on paper: one page of PDF. The same drawing gives the same bytes, and nothing says who made it when."""

from io import BytesIO
from typing import Final

from reportlab.lib import colors as colours
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from souvenir.documents.drawing import Box, Code, Drawing, Mark, Stroke, Words, smooth
from souvenir.documents.fonts import STANDARD_FONT, can_embed, embedded, name_of

MM: Final = 72 / 25.4


def pdf_of(drawing: Drawing) -> bytes:
    """The drawing as a PDF, with its font inside if one can be had."""
    if not can_embed():
        return _Page(drawing, embedded_fonts=False).finished()
    with embedded(drawing.letters, drawing.language):
        return _Page(drawing, embedded_fonts=True).finished()


class _Page:
    def __init__(self, drawing: Drawing, *, embedded_fonts: bool) -> None:
        self._height, self._out, self._embedded = drawing.height, BytesIO(), embedded_fonts
        size = (drawing.width * MM, drawing.height * MM)
        self._canvas = Canvas(self._out, size, invariant=1, lang=drawing.language)
        self._canvas.setTitle(drawing.title)
        self._canvas.setAuthor("")
        self._canvas.setCreator("souvenir")
        if not embedded_fonts and STANDARD_FONT not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(UnicodeCIDFont(STANDARD_FONT))
        for mark in drawing.marks:
            self._draw(mark)

    def _draw(self, mark: Mark) -> None:
        if isinstance(mark, Words):
            self._words(mark)
        elif isinstance(mark, Stroke):
            self._stroke(mark)
        elif isinstance(mark, Box):
            self._box(mark)
        else:
            self._code(mark)

    def finished(self) -> bytes:
        self._canvas.showPage()
        self._canvas.save()
        return self._out.getvalue()

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return x * MM, (self._height - y) * MM

    def _words(self, mark: Words) -> None:
        font, size = name_of(mark.weight) if self._embedded else STANDARD_FONT, mark.size * MM
        self._canvas.setFont(font, size)
        self._canvas.setFillColor(colours.HexColor(mark.colour))
        wide = pdfmetrics.stringWidth(mark.text, font, size) + mark.spacing * size * len(mark.text)
        x, y = self._at(mark.x, mark.y)
        x -= wide * {"start": 0, "middle": 0.5, "end": 1}[mark.anchor]
        self._canvas.drawString(x, y, mark.text, charSpace=mark.spacing * size)

    def _stroke(self, mark: Stroke) -> None:
        self._canvas.setStrokeColor(colours.HexColor(mark.colour))
        self._canvas.setLineWidth(mark.width * MM)
        path = self._canvas.beginPath()
        path.moveTo(*self._at(*mark.points[0]))
        if mark.smooth:
            for curve in smooth(mark.points):
                path.curveTo(*(part for point in curve for part in self._at(*point)))
            path.close()
        else:
            for point in mark.points[1:]:
                path.lineTo(*self._at(*point))
        self._canvas.drawPath(path)

    def _box(self, mark: Box) -> None:
        if mark.fill:
            self._canvas.setFillColor(colours.HexColor(mark.fill))
        if mark.outline:
            self._canvas.setStrokeColor(colours.HexColor(mark.outline))
            self._canvas.setLineWidth(mark.line * MM)
        x, y = self._at(mark.x, mark.y + mark.height)
        self._canvas.roundRect(
            x, y, mark.width * MM, mark.height * MM, mark.radius * MM,
            stroke=int(mark.outline is not None), fill=int(mark.fill is not None),
        )  # fmt: skip

    def _code(self, mark: Code) -> None:
        self._box(Box(mark.x, mark.y, mark.side, mark.side, fill="#ffffff"))
        self._canvas.setFillColor(colours.HexColor(mark.colour))
        path = self._canvas.beginPath()
        for column, row, length, modules in mark.rows():
            module = mark.side / modules
            x, y = self._at(mark.x + column * module, mark.y + (row + 1) * module)
            path.rect(x, y, length * module * MM, module * MM)
        self._canvas.drawPath(path, stroke=0, fill=1)
