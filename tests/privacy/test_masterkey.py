"""The master key is made once, for its owner only, and refused when it is malformed or exposed."""

import base64
from pathlib import Path

import pytest

from souvenir.privacy.masterkey import (
    MalformedMasterKey,
    MasterKeyExposed,
    master_key_from_file,
    master_key_from_setting,
)


def test_the_file_is_made_once_and_read_again(tmp_path: Path):
    file = tmp_path / "keys" / "master.key"
    key = master_key_from_file(file)
    assert len(key) == 32
    assert master_key_from_file(file) == key
    assert file.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in file.parent.iterdir()] == ["master.key"]


def test_a_file_others_can_read_is_refused(tmp_path: Path):
    file = tmp_path / "master.key"
    master_key_from_file(file)
    file.chmod(0o644)
    with pytest.raises(MasterKeyExposed, match="chmod 600"):
        master_key_from_file(file)


def test_a_setting_is_read_with_or_without_padding():
    text = base64.urlsafe_b64encode(bytes(range(32))).decode()
    assert master_key_from_setting(text) == master_key_from_setting(text.rstrip("=") + "\n") == bytes(range(32))


@pytest.mark.parametrize("text", ["", "short", "A" * 42, "A" * 44, "!" * 43, "é" * 43])
def test_a_malformed_setting_is_refused_without_being_shown(text: str):
    with pytest.raises(MalformedMasterKey) as refusal:
        master_key_from_setting(text)
    assert not text or text not in str(refusal.value)


def test_a_malformed_file_is_refused(tmp_path: Path):
    file = tmp_path / "master.key"
    file.touch(mode=0o600)
    with pytest.raises(MalformedMasterKey):
        master_key_from_file(file)
    assert file.read_bytes() == b""
