"""A scanned code is goods, a certificate or a receipt, whatever symbol carried it; a wrong check digit is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from souvenir.kernel.identifiers import MalformedGtin
from souvenir.pos.scan import ScannedCertificate, ScannedGoods, ScannedReceipt, UnreadableScan, resolve_scan

VASE = "06901234567892"
CERTIFICATE = (
    "https://id.example.cn/01/06901234567892/21/7KQM2XHTABCD?n=17&of=500&kind=numbered&on=2026-05-01"
    "&k=abcdefghijkl&s=" + "A" * 86
)


@pytest.mark.parametrize(
    ("code", "gtin", "serial"),
    [
        ("6901234567892", VASE, None),
        (" 6901234567892\r\n", VASE, None),
        ("]E06901234567892", VASE, None),
        ("06901234567892", VASE, None),
        ("012345678905", "00012345678905", None),
        ("96385074", "00000096385074", None),
        ("]E496385074", "00000096385074", None),
        ("04252614", "00042100005264", None),
        ("16901234567899", "16901234567899", None),
        ("0106901234567892", VASE, None),
        ("010690123456789221ABC17", VASE, "ABC17"),
        ("]d2010690123456789221ABC17\x1d10LOT9", VASE, "ABC17"),
        ("]C10106901234567892", VASE, None),
        ("(01)06901234567892(21)ABC17", VASE, "ABC17"),
        ("https://id.gs1.org/01/06901234567892", VASE, None),
        ("]Q1https://id.example.cn/01/06901234567892/21/ABC17?lang=zh", VASE, "ABC17"),
    ],
)
def test_goods_are_read_from_every_symbol(code: str, gtin: str, serial: str | None):
    assert resolve_scan(code) == ScannedGoods(gtin, serial)


def test_a_symbology_sent_apart_counts_like_one_in_front():
    assert resolve_scan("6901234567892", "]E0") == ScannedGoods(VASE)
    with pytest.raises(MalformedGtin):
        resolve_scan("04252614", "]E4")


@pytest.mark.parametrize(
    "code",
    [
        "6901234567893",
        "]E06901234567893",
        "012345678906",
        "96385075",
        "04252615",
        "010690123456789321ABC17",
        "(01)06901234567893",
        "https://id.example.cn/01/06901234567893/21/17",
    ],
)
def test_a_wrong_check_digit_is_refused_loudly(code: str):
    with pytest.raises(MalformedGtin, match="is not a GTIN"):
        resolve_scan(code)


def test_a_signed_link_is_a_certificate():
    assert resolve_scan(CERTIFICATE) == ScannedCertificate(CERTIFICATE, VASE, "7KQM2XHTABCD")


@pytest.mark.parametrize("code", ["260501-ABCDE234", "https://shop.example.cn/r/260501-ABCDE234"])
def test_a_receipt_is_read_by_its_order_number(code: str):
    assert resolve_scan(code) == ScannedReceipt("260501-ABCDE234")


@pytest.mark.parametrize(
    "code",
    [
        "",
        "hello",
        "12345",
        "690123456789",
        "6901234567892x",
        "６９０１２３４５６７８９２",
        "(10)LOT9",
        "https://example.org/",
        "https://[/01/06901234567892",
        "wifi:S:factory;;",
        "]E0",
        "x" * 5000,
        "0" * 1001,
    ],
)
def test_what_is_not_ours_is_refused(code: str):
    with pytest.raises((UnreadableScan, MalformedGtin)):
        resolve_scan(code)


@given(st.text(max_size=60) | st.from_regex(r"\A(https?://[!-~]{0,20}|\]d2|\(01\)|01[0-9]{14})[!-~\x1d]{0,20}\Z"))
def test_no_code_whatever_breaks_the_till(code: str):
    with suppress(UnreadableScan, MalformedGtin):
        resolve_scan(code)
