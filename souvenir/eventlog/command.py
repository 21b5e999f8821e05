"""A command's key, and the record that it was carried out: the same key never acts twice."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import count
from typing import Any, Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id


class IdempotencyConflict(SouvenirError):
    message = "This idempotency key was used before with other content. Use a new key for a new command."
    fingerprint: str
    """Of the first command, so that the caller can find out which it was."""


@dataclass(frozen=True)
class CommandKey:
    """Who asks, under which key, and a fingerprint of what is asked.

    The key itself is not kept: only an id derived from it. The fingerprint must not be a plain hash of personal data.
    """

    actor: str
    key: str
    fingerprint: str

    @cached_property
    def stream(self) -> UUID:
        return derived_id("command", self.actor, self.key)


_keys: ContextVar[Iterator[CommandKey] | None] = ContextVar("souvenir_command_keys", default=None)


@contextmanager
def keyed(key: CommandKey) -> Iterator[None]:
    """Carry out everything in the block under one key: its first command under the key itself, each further one under
    a key derived from it. Repeating the block repeats its answers, and goes on where it was cut off.
    """
    token = _keys.set(_numbered(key))
    try:
        yield
    finally:
        _keys.reset(token)


def next_key() -> CommandKey | None:
    """The key for the next command of the enclosing `keyed` block, if there is one."""
    keys = _keys.get()
    return next(keys) if keys is not None else None


def _numbered(key: CommandKey) -> Iterator[CommandKey]:
    yield key
    for step in count(2):
        yield CommandKey(key.actor, f"{key.key}#{step}", key.fingerprint)


class Command(Aggregate):
    """A command that was carried out, kept for ever with the events it made, in the same transaction."""

    TOPIC = "eventlog.Command"

    class Handled(Created):
        TOPIC = "eventlog.CommandHandled"
        actor: str
        fingerprint: str
        result: str

    @event(Handled)
    def __init__(self, actor: str, fingerprint: str, result: str) -> None:
        self.actor = actor
        self.fingerprint = fingerprint
        self._result = result

    @classmethod
    def handled(cls, key: CommandKey, result: Any) -> Self:
        """Record the JSON-able result of a command under its key."""
        said = {"actor": key.actor, "fingerprint": key.fingerprint, "result": _RESULT.encode(result)}
        return cls._create(cls.Handled, id=key.stream, **said)

    def result_for(self, key: CommandKey) -> Any:
        """The first result, for a command that is the same; other content under the same key is refused."""
        if self.fingerprint != key.fingerprint:
            raise IdempotencyConflict(fingerprint=self.fingerprint)
        return json.loads(self._result, object_hook=_untagged)


_TAGS: dict[str, tuple[type, Callable[[str], Any]]] = {"uuid": (UUID, UUID), "date": (date, date.fromisoformat)}


def _tagged(value: Any) -> dict[str, str]:
    """Values JSON has no word for, written as {"uuid": "…"} or {"date": "…"}."""
    for tag, (kind, _) in _TAGS.items():
        if isinstance(value, kind):
            return {tag: str(value)}
    raise TypeError(f"a keyed command cannot answer with {type(value).__name__}: return ids, dates, text or numbers")


_RESULT = json.JSONEncoder(separators=(",", ":"), sort_keys=True, default=_tagged)


def _untagged(fields: dict[str, Any]) -> Any:
    if len(fields) == 1:
        (tag, text), *_ = fields.items()
        if tag in _TAGS:
            return _TAGS[tag][1](text)
    return fields
