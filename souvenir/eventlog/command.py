"""A command's key, and the record that it was carried out: the same key never acts twice."""

import json
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id


class IdempotencyConflict(SouvenirError):
    message = "This idempotency key was used before with other content. Use a new key for a new command."
    fingerprint: str
    """Of the first command, so that the caller can find out which it was."""


@dataclass(frozen=True, slots=True)
class CommandKey:
    """Who asks, under which key, and a fingerprint of what is asked.

    The key itself is not kept: only an id derived from it. The fingerprint must not be a plain hash of personal data.
    """

    actor: str
    key: str
    fingerprint: str

    @property
    def stream(self) -> UUID:
        return derived_id("command", self.actor, self.key)


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
        text = json.dumps(result, separators=(",", ":"), sort_keys=True)
        return cls._create(cls.Handled, id=key.stream, actor=key.actor, fingerprint=key.fingerprint, result=text)

    def result_for(self, key: CommandKey) -> Any:
        """The first result, for a command that is the same; other content under the same key is refused."""
        if self.fingerprint != key.fingerprint:
            raise IdempotencyConflict(fingerprint=self.fingerprint)
        return json.loads(self._result)
