"""A certificate is printed and drawn in its owner's language, and its QR code is the link that verifies."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from xml.etree import ElementTree

import pypdfium2
import pytest
import segno

from souvenir.documents import fonts
from souvenir.documents.certificate import (
    CertificateSheet,
    certificate_pdf,
    certificate_svg,
    draw_certificate,
    print_certificate,
)
from souvenir.documents.certificate_words import LAID_OUT, language_of, words_in
from souvenir.documents.drawing import Code, Words
from souvenir.documents.rosette import rosette

LINK = "https://id.example.cn/01/06901234567892/21/G52HL64DRE68?n=17&of=500&kind=numbered&on=2026-10-01&k=K&s=S"


def sheet(**changes: object) -> CertificateSheet:
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
    return CertificateSheet(**{**facts, **changes})  # type: ignore[arg-type]


def test_the_text_in_english():
    assert print_certificate(sheet(), "en") == (
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
    lines = print_certificate(sheet(), "zh-Hans").splitlines()
    assert lines[0].strip() == "收藏证书"
    assert lines[1].strip() == "珐琅瓶·秋"
    assert "编号                                17/500" in lines
    assert "发行方                            景泰蓝厂" in lines


STORY = {
    "zh-Hans": "珐琅厂坐落在燕山脚下，匠人们以铜为胎、以丝为线、以釉为色。",
    "en": "The works stand at the foot of the Yan mountains; its craftspeople draw with wire and paint with glaze.",
}


def full(**changes: object) -> CertificateSheet:
    facts = {
        "place": {"zh-Hans": "京彩珐琅厂", "en": "Jingcai Enamel Works"},
        "story": STORY,
        "licences": [("Cloud Crane Studio", {"zh-Hans": "云鹤", "en": "Cloud Crane"})],
        "mark": {"zh-Hans": "京城好礼", "en": "Capital Gifts"},
    }
    return sheet(**{**facts, **changes})


def words_on(pdf: bytes) -> str:
    """What a reader can select, search and hear."""
    return pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range()


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", "zh-Hans"), ("zh-CN", "zh-Hans"), ("zh-TW", "zh-Hant"), ("zh-Hant-HK", "zh-Hant"), ("ja-JP", "ja"), ("ko", "ko"),
     ("en-GB", "en"), ("fr", "en"), ("", "en")],
)  # fmt: skip
def test_a_reader_gets_the_nearest_language(language: str, words: str):
    assert language_of(language) == words


def test_every_language_has_every_word():
    assert {tag: set(words_in(tag)) for tag in LAID_OUT} == {tag: set(words_in("en")) for tag in LAID_OUT}


def test_a_proof_names_its_kind_and_counts_its_own_run():
    proof = sheet(space="AP", number=5, size=20)
    assert "5/20" in print_certificate(proof, "en")
    assert "artist's proof" in print_certificate(proof, "en")
    assert [mark.text for mark in draw_certificate(proof, "en").marks if isinstance(mark, Words)][:3] == [
        "artist's proof",
        "5",
        "/ 20",
    ]


@pytest.mark.parametrize("language", LAID_OUT)
def test_the_pdf_says_everything_that_is_certified_in_words_a_reader_can_search(language: str):
    said = words_on(certificate_pdf(full(), language))
    for words in (
        words_in(language)["heading"],
        "17",
        "/ 500",
        "G52HL64DRE68",
        "06901234567892",
        "CCGXJULp7KLw",
        "2026-10-01",
    ):
        assert words in said
    story = {"zh-Hans": "燕山脚下", "zh-Hant": "燕山脚下", "en": "foot of the Yan"}.get(language, "燕山脚下")
    assert story in said
    assert {"en": "Cloud Crane", "zh-Hans": "云鹤"}.get(language, "云鹤") in said
    assert {"en": "Capital Gifts", "zh-Hans": "京城好礼"}.get(language, "京城好礼") in said


@pytest.mark.parametrize("language", LAID_OUT)
def test_the_same_certificate_is_always_the_same_file(language: str):
    assert certificate_pdf(full(), language) == certificate_pdf(full(), language)
    assert certificate_svg(full(), language) == certificate_svg(full(), language)


def test_files_made_at_once_are_those_made_one_after_the_other():
    asked = [
        (sheet(number=number, serial=f"G52HL64DRE6{number}"), tag) for number, tag in ((2, "en"), (3, "ja"), (4, "ko"))
    ]
    with ThreadPoolExecutor(3) as threads:
        at_once = list(threads.map(lambda one: certificate_pdf(*one), asked))
    assert at_once == [certificate_pdf(*one) for one in asked]


def test_its_fonts_are_inside_the_pdf_and_its_metadata_names_nobody():
    pdf = certificate_pdf(full(), "zh-Hans")
    assert len(re.findall(rb"/FontFile2", pdf)) == 3
    assert b"STSong" not in pdf
    meta = pypdfium2.PdfDocument(pdf).get_metadata_dict(skip_empty=True)
    assert meta["Title"] == "收藏证书 17/500 G52HL64DRE68"
    assert set(meta) <= {"Title", "Author", "Creator", "Producer", "CreationDate", "ModDate", "Subject", "Keywords"}
    assert meta["CreationDate"].startswith("D:20000101")
    assert (meta.get("Author"), meta["Creator"]) in {("", "souvenir"), (None, "souvenir"), ("anonymous", "souvenir")}


def test_without_fonts_the_pdf_names_one_that_readers_bring(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fonts, "_PACKAGE", "a_package_nobody_installed")
    assert b"STSong-Light" in certificate_pdf(full(), "zh-Hans")
    assert "@font-face" not in certificate_svg(full(), "zh-Hans")


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_the_svg_is_well_formed_and_its_code_is_the_link(language: str):
    drawing = ElementTree.fromstring(certificate_svg(full(), language))
    assert (drawing.get("width"), drawing.get("height"), drawing.get("lang")) == ("297mm", "210mm", language)
    (code,) = drawing.iterfind("{*}svg/{*}path[@class='code']")
    dark = {
        (int(x) + at, int(y))
        for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1", code.get("d") or "")
        for at in range(int(length))
    }
    matrix = segno.make_qr(LINK, error="m").matrix
    assert dark == {(x + 4, y + 4) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}


def test_a_module_of_the_code_is_half_a_millimetre_at_least():
    (code,) = (mark for mark in draw_certificate(full(), "en").marks if isinstance(mark, Code))
    _, _, _, modules = next(iter(code.rows()))
    assert code.side / modules >= 0.5


@pytest.mark.parametrize("language", LAID_OUT)
@pytest.mark.parametrize("long", [False, True])
def test_nothing_runs_over_the_frame(language: str, long: bool):
    many = 12 if long else 1
    drawing = draw_certificate(
        full(
            title={"zh-Hans": "云鹤限量瓶·秋" * many, "en": "Cloud Crane vase, autumn " * many},
            story={tag: text * many for tag, text in STORY.items()},
            issuer={"zh-Hans": "燕山珐琅厂" * many, "en": "Yanshan Enamel Works " * many},
            licences=[("Cloud Crane Studio", {"en": "Cloud Crane", "zh-Hans": "云鹤"})] * many,
            parts=[{"en": "Spring", "zh-Hans": "春"}, {"en": "Autumn", "zh-Hans": "秋"}] * many,
            number=999_999 if long else 17,
            size=1_000_000 if long else 500,
        ),
        language,
    )
    for mark in drawing.marks:
        if isinstance(mark, Words):
            wide = drawing.measure(mark.text, mark.size, mark.weight, mark.spacing)
            left = mark.x - wide * {"start": 0, "middle": 0.5, "end": 1}[mark.anchor]
            assert left > 11, mark
            assert left + wide < 297 - 11, mark
            assert 11 < mark.y < 210 - 11, mark


def test_words_that_look_like_markup_stay_words():
    drawing = certificate_svg(sheet(title={"en": "<b>Vase</b> & lid"}), "en")
    assert "&lt;b&gt;Vase&lt;/b&gt; &amp; lid" in drawing
    ElementTree.fromstring(drawing)


def test_every_certificate_has_a_rosette_of_its_own():
    first, again, other = (
        list(rosette(serial, 0, 0, 50, "#000")) for serial in ("G52HL64DRE68", "G52HL64DRE68", "G52HL64DRE69")
    )
    assert first == again
    assert first != other


def test_a_re_made_piece_says_so():
    made_anew = sheet(number=17, size=500, replacement=1)
    assert "17/500 R1" in print_certificate(made_anew, "en")
    assert "re-made R1" in words_on(certificate_pdf(made_anew, "en"))
