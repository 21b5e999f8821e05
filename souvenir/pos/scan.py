"""What a scanned code means: goods, a certificate, or a receipt. A code that cannot be trusted is refused loudly.

Reads EAN-8, EAN-13, UPC-A, UPC-E, ITF-14, GS1 element strings (GS1-128, DataMatrix) and GS1 Digital Link, with or
without the symbology identifier (ISO/IEC 15424) in front, as GS1 General Specifications describe them.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from biip import ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementStrings
from biip.gs1_messages import GS1Message
from biip.upc import Upc

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
    try:
        return _from_link(text) if "://" in text[:10] else _from_element_string(text)
    except (ParseError, ValueError):  # ValueError: a link whose host is not one
        raise UnreadableScan(scanned=code[:40]) from None


def _split(code: str, symbology: str | None) -> tuple[str, str]:
    match = _SYMBOLOGY.match(code)
    return (match[0], code[match.end() :]) if match else (symbology or "", code)


def _gtin_in_digits(digits: str, prefix: str) -> str:
    """EAN, UPC or ITF digits. Eight digits that begin with 0 are a UPC-E, unless the scanner says EAN-8 (]E4)."""
    if len(digits) == 8 and digits[0] == "0" and prefix != "]E4":
        try:
            return checked_gtin(Upc.parse(digits).as_upc_a())
        except ParseError:
            raise MalformedGtin(gtin=digits) from None
    return checked_gtin(digits)


def _from_link(text: str) -> Scanned:
    gtin, serial = _goods_in(GS1DigitalLinkURI.parse(text).element_strings, text)
    if serial is not None and {"k", "s"} <= parse_qs(urlsplit(text).query).keys():
        return ScannedCertificate(text, gtin, serial)
    return ScannedGoods(gtin, serial)


def _from_element_string(text: str) -> ScannedGoods:
    message = GS1Message.parse_hri(text) if text.startswith("(") else GS1Message.parse(text)
    return ScannedGoods(*_goods_in(message.element_strings, text))


def _goods_in(elements: GS1ElementStrings, text: str) -> tuple[str, str | None]:
    goods, serial = elements.get(ai="01"), elements.get(ai="21")
    if goods is None:
        raise UnreadableScan(scanned=text[:40])
    return checked_gtin(goods.value), None if serial is None else serial.value
