"""A sheet of paper: titles, fields, tables and signatures in two languages, with a barcode and a QR code, as PDF."""

import re
from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO
from typing import Any, Final, Literal

from reportlab.graphics.barcode.code128 import Code128
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors as colours
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from souvenir.documents.fonts import BOLD, REGULAR, STANDARD_FONT, can_embed, embedded, name_of

MARGIN: Final = 18 * mm
WIDTH: Final = A4[0] - 2 * MARGIN
CODE: Final = 68 * mm
QUIET: Final = 6.35 * mm
"""What a barcode's column takes, and what stays white at either side of the bars."""
FAINT: Final = "#c9ced4"
SHADE: Final = "#f3f5f7"
SLATE: Final = "#59636e"
INK: Final = "#000000"

LATIN_FONT: Final = "Helvetica"
"""Letters that every reader draws well; the Chinese font spaces accented ones as if they were characters."""

LEFT: Final = 0
CENTRE: Final = 1
RIGHT: Final = 2
Alignment = Literal[0, 1, 2]

LATIN_OR_NOT: Final = re.compile("[\\x00-\\xff]+|[^\\x00-\\xff]+")

Words = tuple[str, str]
"""The same in the country's language and in another; nothing for the second where there is only one."""


class Sheet:
    """A document under way. Its metadata holds its kind and number, never who it is about."""

    def __init__(self, kind: Words, number: str, language: str = "zh-Hans") -> None:
        self._title, self._language = " ".join(part for part in (*kind, number) if part), language
        self._letters = set(f"{self._title} ·0123456789")
        self._font, self._bold = _fonts()
        self._flow: list[Flowable] = []
        self._text = self._style("text", 9.5)
        self._small = self._style("small", 7.8)
        self._right = self._style("right", 9.5, alignment=RIGHT)
        codes = Table(
            [[_qr(number), self._names(kind), self._barcode(number)]],
            colWidths=[24 * mm, WIDTH - 24 * mm - CODE, CODE],
        )
        codes.setStyle(
            TableStyle(
                [
                    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                    ("LEFTPADDING", (0, 0), (0, 0), 0),
                    ("ALIGN", (2, 0), (2, 0), "CENTRE"),
                ]
            )
        )
        self._flow += [codes, Spacer(0, 3 * mm)]

    def fields(self, rows: Iterable[tuple[Words, str]]) -> None:
        """Labels and what they say, two pairs in a row."""
        cells: list[Any] = [
            cell for label, value in rows for cell in (self._label(label), self._paragraph(value, self._text))
        ]
        cells += [""] * (-len(cells) % 4)
        lines = [cells[at : at + 4] for at in range(0, len(cells), 4)]
        self._table(lines, [27 * mm, WIDTH / 2 - 27 * mm] * 2, last_alone=bool(lines) and not lines[-1][2])

    def statements(self, rows: Iterable[tuple[Words, str]]) -> None:
        """Labels and what they say, one pair in a row: for what is long."""
        lines = [[self._label(label), self._paragraph(value, self._text)] for label, value in rows]
        if lines:
            self._table(lines, [42 * mm, WIDTH - 42 * mm])

    def goods(self, headings: Sequence[Words], rows: Sequence[Sequence[str]]) -> None:
        """A table whose first column takes what room there is; the others hold numbers, at the right."""
        narrow = 21 * mm
        widths = [WIDTH - narrow * (len(headings) - 1), *[narrow] * (len(headings) - 1)]
        lines = [self._headings(headings, 1)]
        for first, *others in rows:
            lines.append([self._paragraph(first, self._text), *(self._paragraph(text, self._right) for text in others)])
        self._table(lines, widths, heading_rows=1)

    def columns(
        self,
        headings: Sequence[Words],
        widths: Sequence[float],
        rows: Sequence[Sequence[str]],
        foot: Sequence[str] = (),
        words: int = 1,
    ) -> None:
        """A table with many columns in small print: `words` of them at the left, then numbers; widths are shares."""
        narrow = self._style("narrow", 7.4)
        number = self._style("number", 7.4, alignment=RIGHT)
        sum_of = self._style("sum", 7.4, alignment=RIGHT, bold=True)
        lines = [self._headings(headings, words)]
        for row in rows:
            lines.append([self._paragraph(text, narrow if at < words else number) for at, text in enumerate(row)])
        if foot:
            lines.append([self._paragraph(text, sum_of) for text in foot])
        self._table(lines, [WIDTH * share / sum(widths) for share in widths], heading_rows=1)

    def links(self, rows: Iterable[tuple[Words, str]]) -> None:
        """Labels and where they lead, each as a QR code beside the address."""
        lines = [[self._label(label), _qr(link), self._paragraph(link, self._small)] for label, link in rows]
        if lines:
            self._table(lines, [27 * mm, 24 * mm, WIDTH - 51 * mm])

    def heading(self, words: Words) -> None:
        """The name of what comes next, and never alone at the foot of a page."""
        style = self._style("heading", 10.5, bold=True)
        self._flow += [CondPageBreak(30 * mm), self._paragraph("  ".join(words), style), Spacer(0, 1.5 * mm)]

    def totals(self, rows: Iterable[tuple[Words, str]], comes_to: int = -1) -> None:
        """Sums, at the right edge; one of them, by its place, is what it comes to."""
        rows = list(rows)
        styles = [self._right] * len(rows)
        styles[comes_to] = self._style("sum", 11, alignment=RIGHT, bold=True)
        lines = [
            [self._label(label), self._paragraph(value, how)] for (label, value), how in zip(rows, styles, strict=True)
        ]
        self._table(lines, [WIDTH - 42 * mm, 42 * mm])

    def clauses(self, clauses: Iterable[Words]) -> None:
        """Numbered paragraphs, each in both languages."""
        for number, (chinese, english) in enumerate(clauses, 1):
            both = [self._paragraph(f"{number}. {chinese}", self._text)]
            if english:
                both.append(self._paragraph(english, self._small))
            self._flow.append(KeepTogether([*both, Spacer(0, 1.6 * mm)]))
        self._flow.append(Spacer(0, 2 * mm))

    def signatures(self, labels: Sequence[Words]) -> None:
        """Room to sign or stamp, side by side."""
        lines = [[self._label(label) for label in labels]]
        table = Table(lines, colWidths=[WIDTH / len(labels)] * len(labels), rowHeights=[22 * mm])
        table.setStyle(TableStyle([("BOX", (0, 0), (-1, -1), 0.5, FAINT), ("INNERGRID", (0, 0), (-1, -1), 0.5, FAINT), ("VALIGN", (0, 0), (-1, -1), "TOP")]))  # fmt: skip
        self._flow.append(KeepTogether([table]))

    def pdf(self) -> bytes:
        """The finished file; the same content gives the same bytes."""
        if not can_embed():
            return self._built()
        with embedded(frozenset(self._letters), self._language):
            return self._built()

    def _built(self) -> bytes:
        out = BytesIO()
        paper = SimpleDocTemplate(
            out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=14 * mm, bottomMargin=16 * mm,
            title=self._title, author="", subject="", creator="souvenir", invariant=1,
        )  # fmt: skip
        paper.build(self._flow, onFirstPage=self._foot, onLaterPages=self._foot)
        return out.getvalue()

    def _foot(self, canvas: object, paper: object) -> None:
        canvas.setFont(self._font, 7.5)  # type: ignore[attr-defined]
        number = canvas.getPageNumber()  # type: ignore[attr-defined]
        canvas.drawCentredString(A4[0] / 2, 9 * mm, f"{self._title} · {number}")  # type: ignore[attr-defined]

    def _names(self, kind: Words) -> list[Flowable]:
        chinese = self._style("chinese", 17, leading=22, alignment=CENTRE)
        english = self._style("english", 8.5, alignment=CENTRE)
        return [self._paragraph(kind[0], chinese), self._paragraph(kind[1], english)]

    def _label(self, words: Words, alignment: Alignment = LEFT) -> list[Flowable]:
        chinese = self._style("label", 8.5, alignment=alignment)
        english = self._style("en", 6.6, alignment=alignment, colour=SLATE)
        official: list[Flowable] = [self._paragraph(words[0], chinese)]
        return [*official, self._paragraph(words[1], english)] if words[1] else official

    def _headings(self, headings: Sequence[Words], words: int) -> list[Any]:
        """The heads of columns: over words at the left, over numbers at the right."""
        return [self._label(heading, LEFT if at < words else RIGHT) for at, heading in enumerate(headings)]

    def _barcode(self, number: str) -> list[Flowable]:
        """Bars of 0.32 mm, thinner where the number is long: they and the quiet zones stay within the column."""
        bars, room = 0.32 * mm, CODE - 12  # a cell's padding
        code = Code128(number, barHeight=11 * mm, barWidth=bars)
        if code.width > room:
            thinner = bars * (room - 2 * QUIET) / (code.width - 2 * QUIET)
            code = Code128(number, barHeight=11 * mm, barWidth=thinner)
        return [code, Spacer(0, 1 * mm), self._paragraph(number, self._style("number", 8, alignment=CENTRE))]

    def _paragraph(self, text: str, style: ParagraphStyle) -> Paragraph:
        self._letters.update(text)
        if self._font != STANDARD_FONT:
            return Paragraph(escape(text), style)
        runs = (
            f'<font name="{LATIN_FONT}">{escape(run)}</font>' if run[0] <= "\u00ff" else escape(run)
            for run in LATIN_OR_NOT.findall(text)
        )
        return Paragraph("".join(runs), style)

    def _style(
        self,
        name: str,
        size: float,
        leading: float | None = None,
        alignment: Alignment = LEFT,
        bold: bool = False,
        colour: str = INK,
    ) -> ParagraphStyle:
        return ParagraphStyle(
            name,
            fontName=self._bold if bold else self._font,
            fontSize=size,
            leading=leading or size * 1.3,
            wordWrap="CJK",
            alignment=alignment,
            textColor=colours.HexColor(colour),
        )

    def _table(
        self, lines: Sequence[list[Any]], widths: Sequence[float], heading_rows: int = 0, last_alone: bool = False
    ) -> None:
        table = Table(lines, colWidths=widths, repeatRows=heading_rows)
        if last_alone:
            table.setStyle(TableStyle([("SPAN", (1, -1), (3, -1))]))
        if heading_rows:
            table.setStyle(TableStyle([("BACKGROUND", (0, 0), (-1, heading_rows - 1), SHADE)]))
        table.setStyle(
            TableStyle(
                [
                    ("GRID", (0, 0), (-1, -1), 0.5, FAINT),
                    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                    ("TOPPADDING", (0, 0), (-1, -1), 1.5 * mm),
                    ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5 * mm),
                ]
            )
        )
        self._flow += [table, Spacer(0, 3 * mm)]


def _fonts() -> tuple[str, str]:
    """The names of the plain and the bold font: embedded where they can be had, else the one readers bring."""
    if can_embed():
        for weight in (REGULAR, BOLD):
            pdfmetrics.registerFontFamily(name_of(weight))
        return name_of(REGULAR), name_of(BOLD)
    if STANDARD_FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(STANDARD_FONT))
    return STANDARD_FONT, STANDARD_FONT


def _qr(text: str) -> Drawing:
    code = QrCodeWidget(text, barLevel="M")
    left, bottom, right, top = code.getBounds()
    side = 20 * mm
    drawing = Drawing(side, side, transform=[side / (right - left), 0, 0, side / (top - bottom), 0, 0])
    drawing.add(code)
    return drawing
