"""A status list is a bit for each certificate, as the W3C's Bitstring Status List has them."""

import gzip
from base64 import urlsafe_b64decode

import pytest

from souvenir.certificates.status import LENGTH, Listed, encoded, list_link


def bits(text: str) -> bytes:
    assert text[0] == "u"
    return gzip.decompress(urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4)))


def test_an_empty_list_is_the_one_published_in_the_standard():
    """The example of section 3.1, uncompressed: 16 KB of zeros."""
    assert bits(encoded([])) == bytes(16_384)
    assert bits("uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA") == bytes(16_384)


def test_the_first_certificate_is_the_leftmost_bit_and_the_last_the_rightmost():
    assert bits(encoded([0]))[0] == 0b1000_0000
    assert bits(encoded([9]))[1] == 0b0100_0000
    assert bits(encoded([LENGTH - 1]))[-1] == 1


def test_the_same_list_is_always_the_same_text():
    assert encoded([3, 77]) == encoded([77, 3])


@pytest.mark.parametrize(("place", "part", "index"), [(0, 0, "0"), (131_071, 0, "131071"), (131_072, 1, "0")])
def test_a_certificate_beyond_the_first_list_is_in_the_next(place: int, part: int, index: str):
    first, second = Listed("https://id.example.cn/", "06901234567892", place).entries
    assert first["statusListCredential"] == f"https://id.example.cn/status/06901234567892/{part}/revocation"
    assert (first["statusListIndex"], second["statusListIndex"]) == (index, index)
    assert second["statusListCredential"] == list_link("https://id.example.cn", "06901234567892", part, "suspension")
