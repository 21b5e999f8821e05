"""A certificate is printed and drawn in its owner's language, and its QR code is the link that verifies."""

from datetime import date
from xml.etree import ElementTree

import pytest
import segno

from souvenir.documents.certificate import CertificateCard, draw_certificate, print_certificate

LINK = "https://id.example.cn/01/06901234567892/21/G52HL64DRE68?n=17&of=500&kind=numbered&on=2026-10-01&k=K&s=S"


def card(**changes: object) -> CertificateCard:
    facts = {
        "issuer": {"zh-Hans": "景泰蓝厂", "en": "Enamel Factory"},
        "title": {"zh-Hans": "珐琅瓶·秋", "en": "Enamel vase, autumn"},
        "space": "numbered",
        "number": 17,
        "size": 500,
        "run": 500,
        "proofs": {"AP": 20, "PP": 0, "HC": 3},
        "gtin": "06901234567892",
        "serial": "G52HL64DRE68",
        "issued_on": date(2026, 10, 1),
        "key_id": "CCGXJULp7KLw",
        "link": LINK,
    }
    return CertificateCard(**{**facts, **changes})  # type: ignore[arg-type]


def test_the_text_in_english():
    assert print_certificate(card(), "en") == (
        "       Certificate of authenticity\n"
        "           Enamel vase, autumn\n"
        "------------------------------------------\n"
        "Number                              17/500\n"
        "Kind                              numbered\n"
        "Edition size                           500\n"
        "Outside the run                AP 20, HC 3\n"
        "Issuer                      Enamel Factory\n"
        "Issued                          2026-10-01\n"
        "GTIN                        06901234567892\n"
        "Serial                        G52HL64DRE68\n"
        "Signing key                   CCGXJULp7KLw\n"
        "------------------------------------------\n"
        "Scan to verify, also offline; ask online\n"
        "whether it still stands.\n"
        f"{LINK}\n"
    )


def test_the_text_in_chinese():
    lines = print_certificate(card(), "zh-Hans").splitlines()
    assert lines[0].strip() == "收藏证书"
    assert lines[1].strip() == "珐琅瓶·秋"
    assert "编号                                17/500" in lines
    assert "发行方                            景泰蓝厂" in lines


@pytest.mark.parametrize(("language", "heading"), [("zh-Hant", "收藏证书"), ("ja", "Certificate of authenticity")])
def test_other_languages_read_the_nearer_of_the_two(language: str, heading: str):
    assert heading in print_certificate(card(), language)


def test_a_proof_names_its_kind_and_counts_its_own_run():
    proof = card(space="AP", number=5, size=20)
    assert "5/20" in print_certificate(proof, "en")
    assert "artist's proof" in print_certificate(proof, "en")
    assert "AP 5/20" in draw_certificate(proof, "en")


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_the_drawing_is_well_formed_and_its_code_is_the_link(language: str):
    drawing = ElementTree.fromstring(draw_certificate(card(), language))
    assert (drawing.get("width"), drawing.get("height")) == ("85.6mm", "54mm")
    (code,) = drawing.iterfind("{*}svg")
    (modules,) = code.iterfind("{*}path[@class='qrline']")
    expected = segno.make_qr(LINK, error="m").svg_inline(border=4, light="white", omitsize=True)
    assert modules.get("d") in expected


def test_words_that_look_like_markup_stay_words():
    drawing = draw_certificate(card(title={"en": "<b>Vase</b> & lid"}), "en")
    assert "&lt;b&gt;Vase&lt;/b&gt; &amp; lid" in drawing
    ElementTree.fromstring(drawing)


def test_a_re_made_piece_says_so():
    made_anew = card(number=17, size=500, replacement=1)
    assert "17/500 R1" in print_certificate(made_anew, "en")
    assert ">17/500 R1<" in draw_certificate(made_anew, "en")
