"""The master key: 32 bytes from a setting, or made once in a file that only its owner may read."""

import base64
import binascii
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from souvenir.kernel.errors import SouvenirError

LENGTH: Final = 32


class MalformedMasterKey(SouvenirError):
    message = "The master key from {origin} is not 32 bytes in base64url. Restore it: without it nothing sealed opens."
    origin: str


class MasterKeyExposed(SouvenirError):
    message = "The master key file {file} can be read by others. Let only its owner: run `chmod 600 {file}`."
    file: str


def master_key_from_setting(text: str) -> bytes:
    """The master key written as base64url, with or without padding. The text never appears in a message."""
    return _decoded(text, origin="the setting")


def master_key_from_file(path: Path) -> bytes:
    """The master key in a file; a new random one is made there if the file does not exist yet."""
    if not path.exists():
        _make(path)
    return _read(path)


def _make(path: Path) -> None:
    """Write the whole file aside and link it into place, so that whoever comes first wins and none reads half a key."""
    aside = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(base64.urlsafe_b64encode(os.urandom(LENGTH)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(aside, path)
    aside.unlink()


def _read(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise MasterKeyExposed(file=str(path))
    return _decoded(path.read_text(encoding="ascii", errors="replace"), origin=str(path))


def _decoded(text: str, origin: str) -> bytes:
    bare = text.strip().rstrip("=")
    try:
        key = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise MalformedMasterKey(origin=origin) from None
    if len(key) != LENGTH:
        raise MalformedMasterKey(origin=origin)
    return key
