"""GS1's own syntax: what a Digital Link, an element string or a UPC-E says. None for what is none of them."""

from biip import ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementStrings
from biip.gs1_messages import GS1Message
from biip.upc import Upc


def goods_in(text: str) -> tuple[str, str | None] | None:
    """The GTIN in a link or an element string, and the serial of one item if it carries one."""
    try:
        elements = _elements_of(text)
    except (ParseError, ValueError):  # ValueError: a link whose host is not one
        return None
    goods, serial = elements.get(ai="01"), elements.get(ai="21")
    return (goods.value, serial.value if serial else None) if goods else None


def _elements_of(text: str) -> GS1ElementStrings:
    if "://" in text[:10]:
        return GS1DigitalLinkURI.parse(text).element_strings
    return (GS1Message.parse_hri(text) if text.startswith("(") else GS1Message.parse(text)).element_strings


def upc_a(digits: str) -> str | None:
    """The UPC-A that the eight digits of a UPC-E stand for."""
    try:
        return Upc.parse(digits).as_upc_a()
    except ParseError:
        return None
