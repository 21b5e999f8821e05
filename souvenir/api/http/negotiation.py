"""Which media type and which languages the caller reads best (RFC 9110, 12.5)."""

from functools import lru_cache
from typing import Final

JSON: Final = "application/json"
RESPONSE: Final = "application/graphql-response+json"
HTML: Final = "text/html"

MOST_RANGES: Final = 32
"""Ranges read from one header; the rest is ignored."""

LONGEST_HEADER: Final = 1_000
"""Characters read of one header; the rest is ignored. So what is remembered of headers stays small."""


def media_type(accept: str | None, offers: tuple[str, ...] = (JSON, RESPONSE)) -> str | None:
    """The offer the Accept header likes best; the first offer where it has no preference; None where it likes none."""
    return _media_type((accept or "").strip()[:LONGEST_HEADER], offers)


def languages(accept_language: str | None) -> tuple[str, ...]:
    """The languages of an Accept-Language header, best first; empty when it has none or likes any."""
    return _languages((accept_language or "")[:LONGEST_HEADER])


@lru_cache(256)
def _media_type(accept: str, offers: tuple[str, ...]) -> str | None:
    if not accept:
        return offers[0]
    ranges = _ranges(accept)
    best: tuple[float, int, int] = (0.0, 0, 0)
    chosen = None
    for offer in offers:
        found = _liking(offer, ranges)
        if found is not None and found[0] > 0 and (chosen is None or found > best):
            best, chosen = found, offer
    return chosen


@lru_cache(256)
def _languages(accept_language: str) -> tuple[str, ...]:
    wanted = [(quality, -place, tag) for place, (tag, quality) in enumerate(_ranges(accept_language))]
    wanted.sort(reverse=True)
    return tuple(tag for quality, _, tag in wanted if quality > 0 and tag != "*")


def _liking(offer: str, ranges: list[tuple[str, float]]) -> tuple[float, int, int] | None:
    """Quality, how precisely the offer is named, and how early; the most precise range decides the quality."""
    kind = offer.partition("/")[0]
    precision = {"*/*": 1, f"{kind}/*": 2, offer: 3}
    liked = None
    for place, (name, quality) in enumerate(ranges):
        precise = precision.get(name.lower())
        if precise and (liked is None or precise > liked[1]):
            # A wildcard has no favourite among our offers, so its place in the header must not make one.
            liked = (quality, precise, -place if precise == 3 else 0)
    return liked


def _ranges(header: str) -> list[tuple[str, float]]:
    """The ranges of a header with their quality; one that cannot be read counts as unwanted."""
    ranges = []
    for item in header.split(",", MOST_RANGES)[:MOST_RANGES]:
        name, *parameters = item.split(";")
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                quality = _quality(value)
        if name.strip():
            ranges.append((name.strip(), quality))
    return ranges


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
