"""The certificate of a numbered piece, for its owner: as text, and as a card with a QR code that verifies offline."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape

import segno

from souvenir.documents.columns import across, centred, wrapped
from souvenir.kernel.localized import serve

COLUMNS = 42
WIDTH, HEIGHT, QR = 856, 540, 270
"""The card in tenths of a millimetre: 85.6 × 54.0 mm, as ISO/IEC 7810 ID-1; the QR code is 27 mm wide."""

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh-Hans": {
        "heading": "收藏证书",
        "number": "编号",
        "kind": "类别",
        "numbered": "限量编号",
        "AP": "艺术家试作 AP",
        "PP": "印制者试作 PP",
        "HC": "非卖品 HC",
        "size": "限量数",
        "proofs": "编号之外",
        "issuer": "发行方",
        "issued_on": "签发日期",
        "gtin": "商品条码 GTIN",
        "serial": "序列号",
        "key": "签名密钥",
        "verify": "扫码可离线验真；是否仍有效须联网查询。",
    },
    "en": {
        "heading": "Certificate of authenticity",
        "number": "Number",
        "kind": "Kind",
        "numbered": "numbered",
        "AP": "artist's proof",
        "PP": "printer's proof",
        "HC": "hors commerce",
        "size": "Edition size",
        "proofs": "Outside the run",
        "issuer": "Issuer",
        "issued_on": "Issued",
        "gtin": "GTIN",
        "serial": "Serial",
        "key": "Signing key",
        "verify": "Scan to verify, also offline; ask online whether it still stands.",
    },
}


@dataclass(frozen=True, slots=True)
class CertificateCard:
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

    @property
    def numbered(self) -> str:
        """17/500; a re-made piece says so: 17/500 R1."""
        return f"{self.number}/{self.size}" + (f" R{self.replacement}" if self.replacement else "")


def print_certificate(card: CertificateCard, language: str) -> str:
    """The certificate as text in the owner's language, with its link; ends with a line break."""
    words = words_in(language)
    lines = [centred(words["heading"], COLUMNS)]
    lines += [centred(line, COLUMNS) for line in wrapped(serve(card.title, language).text, COLUMNS)]
    lines.append("-" * COLUMNS)
    for name, value in _facts(card, words, language):
        lines += across(name, value, COLUMNS)
    lines.append("-" * COLUMNS)
    lines += wrapped(words["verify"], COLUMNS)
    lines.append(card.link)
    return "".join(line.rstrip() + "\n" for line in lines)


def draw_certificate(card: CertificateCard, language: str) -> str:
    """The certificate as an SVG card of 85.6 × 54 mm in the owner's language, its link as a QR code."""
    words = words_in(language)
    title = _text(40, 128, 34, _shortened(serve(card.title, language).text, 40), weight="bold")
    number = card.numbered if card.space == "numbered" else f"{card.space} {card.numbered}"
    rows = []
    for place, (name, value) in enumerate(_facts(card, words, language)[1:]):
        rows += [
            _text(40, 258 + 30 * place, 18, name, colour="#5c6b7a"),
            _text(205, 258 + 30 * place, 18, _shortened(value, 30)),
        ]
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="85.6mm" height="54mm" '
        f'lang="{escape(language)}" font-family="Noto Sans CJK SC, Noto Sans SC, Noto Sans, sans-serif" fill="#1b2a41">',
        f"<title>{escape(words['heading'])}: {escape(number)}</title>",
        f'<rect x="8" y="8" width="{WIDTH - 16}" height="{HEIGHT - 16}" rx="24" fill="#fffdf7" stroke="#8c6a2f" '
        'stroke-width="4"/>',
        _text(40, 76, 24, words["heading"], colour="#8c6a2f"),
        title,
        _text(40, 205, 56, number, weight="bold"),
        *rows,
        _qr(card.link, WIDTH - QR - 40, HEIGHT - QR - 90),
        _text(40, HEIGHT - 34, 17, words["verify"], colour="#5c6b7a"),
        "</svg>",
    )
    return "\n".join(parts) + "\n"


def words_in(language: str) -> Mapping[str, str]:
    """The printed words: Chinese for any Chinese, English for everybody else."""
    return WORDS["zh-Hans" if language.split("-")[0].lower() == "zh" else "en"]


def _facts(card: CertificateCard, words: Mapping[str, str], language: str) -> list[tuple[str, str]]:
    """Name and value of each fact, in the order in which they are printed."""
    made = [f"{kind} {count}" for kind, count in card.proofs.items() if count]
    return [
        (words["number"], card.numbered),
        (words["kind"], words[card.space]),
        (words["size"], str(card.run)),
        *([(words["proofs"], ", ".join(made))] if made else []),
        (words["issuer"], serve(card.issuer, language).text),
        (words["issued_on"], card.issued_on.isoformat()),
        (words["gtin"], card.gtin),
        (words["serial"], card.serial),
        (words["key"], card.key_id),
    ]


def _qr(link: str, x: int, y: int) -> str:
    """The link as a QR code `QR` units wide: error correction M and the quiet zone of four modules of ISO/IEC 18004."""
    drawn = BytesIO()
    code = segno.make_qr(link, error="m")
    code.save(drawn, kind="svg", xmldecl=False, svgns=False, nl=False, border=4, light="white", omitsize=True)
    return drawn.getvalue().decode("ascii").replace("<svg ", f'<svg x="{x}" y="{y}" width="{QR}" height="{QR}" ', 1)


def _text(x: int, y: int, size: int, words: str, *, weight: str = "normal", colour: str = "") -> str:
    fill = f' fill="{colour}"' if colour else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}"{fill}>{escape(words)}</text>'


def _shortened(words: str, columns: int) -> str:
    """As much as fits on the card's line."""
    return next(wrapped(words, columns), "")
