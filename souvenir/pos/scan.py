"""What a scanned code means: goods, a certificate, or a receipt. A code that cannot be trusted is refused loudly.

Reads EAN-8, EAN-13, UPC-A, UPC-E, ITF-14, GS1 element strings (GS1-128, DataMatrix) and GS1 Digital Link, with or
without the symbology identifier (ISO/IEC 15424) in front, as GS1 General Specifications describe them.
"""

import re
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Final
from urllib.parse import parse_qs, urlsplit

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import MalformedGtin, checked_gtin

LONGEST_CODE: Final = 1000

_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9]")
_ORDER_NO = re.compile(r"[0-9]{6}-[A-Z2-7]{8}")
_RECEIPT_LINK = re.compile(r"https?://[^/?#]+/r/(?P<order_no>[0-9]{6}-[A-Z2-7]{8})")
_GTIN_LENGTHS: Final = (8, 12, 13, 14)


class UnreadableScan(SouvenirError):
    message = "The code {scanned!r} is neither goods, nor a certificate, nor a receipt of ours. Scan it again."
    scanned: str


@dataclass(frozen=True, slots=True)
class ScannedGoods:
    """A product by its GTIN of 14 digits, and one item of it if the code carries a serial."""

    gtin: str
    serial: str | None = None


@dataclass(frozen=True, slots=True)
class ScannedCertificate:
    """A signed certificate link. Nothing is verified yet: verify the link before trusting a word of it."""

    link: str
    gtin: str
    serial: str


@dataclass(frozen=True, slots=True)
class ScannedReceipt:
    """A receipt of ours, by its order number."""

    order_no: str


Scanned = ScannedGoods | ScannedCertificate | ScannedReceipt


def resolve_scan(code: str, symbology: str | None = None) -> Scanned:
    """What a code read by a scanner means; `symbology` is its identifier, such as "]E0", if sent apart.

    Raises MalformedGtin for a wrong check digit, UnreadableScan for anything else that is not ours to read.
    """
    if len(code) > LONGEST_CODE:
        raise UnreadableScan(scanned=code[:40])
    prefix, text = _split(code.strip(" \t\r\n"), symbology)
    receipt = _RECEIPT_LINK.fullmatch(text)
    if receipt is not None:
        return ScannedReceipt(receipt["order_no"])
    if _ORDER_NO.fullmatch(text):
        return ScannedReceipt(text)
    if text.isascii() and text.isdigit() and len(text) in _GTIN_LENGTHS:
        return ScannedGoods(_gtin_in_digits(text, prefix))
    found = gs1().goods_in(text)
    if found is None:
        raise UnreadableScan(scanned=code[:40])
    gtin, serial = checked_gtin(found[0]), found[1]
    if serial is not None and "://" in text[:10] and {"k", "s"} <= parse_qs(urlsplit(text).query).keys():
        return ScannedCertificate(text, gtin, serial)
    return ScannedGoods(gtin, serial)


def _split(code: str, symbology: str | None) -> tuple[str, str]:
    match = _SYMBOLOGY.match(code)
    return (match[0], code[match.end() :]) if match else (symbology or "", code)


def _gtin_in_digits(digits: str, prefix: str) -> str:
    """EAN, UPC or ITF digits. Eight digits that begin with 0 are a UPC-E, unless the scanner says EAN-8 (]E4)."""
    if len(digits) == 8 and digits[0] == "0" and prefix != "]E4":
        upc_a = gs1().upc_a(digits)
        if upc_a is None:
            raise MalformedGtin(gtin=digits)
        return checked_gtin(upc_a)
    return checked_gtin(digits)


def gs1() -> ModuleType:
    """The reader of GS1's syntax. Loaded when the first such code is scanned: the tables behind it are large."""
    return import_module("souvenir.pos.gs1")
