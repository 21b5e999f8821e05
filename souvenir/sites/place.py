"""Where something is: a region, a time zone and a currency, each checked before it is recorded."""

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from souvenir.kernel.errors import MalformedInput

_REGION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")


def checked_region(text: str) -> str:
    """A country or its subdivision in the form of ISO 3166-2, such as "CN-BJ"; the form is checked, not the register."""
    if not _REGION.fullmatch(text):
        raise MalformedInput(expected="region (ISO 3166-2, such as CN-BJ)", value=text[:40])
    return text


def checked_time_zone(text: str) -> str:
    """An IANA time zone such as "Asia/Shanghai"."""
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MalformedInput(expected="time zone (IANA, such as Asia/Shanghai)", value=text[:40]) from None


def checked_code(text: str) -> str:
    """A short code that staff give a place or a till: up to 32 letters, digits, dots, dashes."""
    if not _CODE.fullmatch(text):
        raise MalformedInput(expected="code of 1 to 32 letters, digits, dots or dashes", value=text[:40])
    return text
