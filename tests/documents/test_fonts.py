"""A font is cut to what a document says, has every character of it, and is the same file wherever it is made."""

import hashlib
import subprocess
import sys
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont

from souvenir.documents import fonts
from souvenir.documents.fonts import BOLD, LIGHT, REGULAR, Metrics, cut, web_font

CUT = "import hashlib\nfrom souvenir.documents.fonts import cut\nprint(hashlib.sha256(cut(frozenset('云鹤Vase 17'), 'zh-Hans')[400]).hexdigest())"


def characters_of(truetype: bytes) -> set[str]:
    return {chr(code) for code in TTFont(BytesIO(truetype)).getBestCmap()}


def test_a_font_holds_the_characters_asked_for_and_no_others():
    made = cut(frozenset("珐琅瓶 17/500 Cloisonné"), "zh-Hans")
    assert set(made) == {LIGHT, REGULAR, BOLD}
    for truetype in made.values():
        assert characters_of(truetype) == set("珐琅瓶 17/500 Cloisonné")
        assert len(truetype) < 20_000


@pytest.mark.parametrize("language", ["zh-Hant", "ja", "ko", "fr"])
def test_what_a_language_lacks_comes_from_the_others(language: str):
    said = set("云鹤 雲鶴 七宝の壺 작품 Émail Œuvre")
    for truetype in cut(frozenset(said), language).values():
        assert characters_of(truetype) == said


def test_a_language_has_its_own_shapes():
    first = TTFont(BytesIO(cut(frozenset("骨"), "zh-Hans")[REGULAR]))
    second = TTFont(BytesIO(cut(frozenset("骨"), "ja")[REGULAR]))
    assert first["glyf"][first.getBestCmap()[ord("骨")]] != second["glyf"][second.getBestCmap()[ord("骨")]]


def test_bold_is_wider_than_light_and_a_chinese_character_is_as_wide_as_high():
    metrics = Metrics(cut(frozenset("Vase瓶"), "en"))
    assert metrics.thousandths("Vase", LIGHT) < metrics.thousandths("Vase", BOLD)
    assert metrics.thousandths("瓶瓶", REGULAR) == 2000


@pytest.mark.parametrize("seed", ["7"])
def test_the_same_characters_give_the_same_file_in_any_process(seed: str):
    made = subprocess.run(
        [sys.executable, "-c", CUT], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
    )
    here = hashlib.sha256(cut(frozenset("云鹤Vase 17"), "zh-Hans")[REGULAR]).hexdigest()
    assert made.stdout.strip() == here


def test_pages_carry_it_compressed():
    truetype = cut(frozenset("珐琅瓶"), "zh-Hans")[REGULAR]
    assert web_font(truetype)[:4] == b"wOFF"
    assert characters_of(web_font(truetype)) == set("珐琅瓶")


def test_without_the_extra_nothing_is_embedded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fonts, "_PACKAGE", "a_package_nobody_installed")
    assert not fonts.can_embed()
