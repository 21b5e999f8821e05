"""Notice: one call from a provider, kept once by the provider's own id before it is answered, and worked off later."""

from datetime import datetime
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.identifiers import derived_id
from souvenir.payments.provider import NoticeKind, ProviderNotice


class Notice(Aggregate):
    """What a provider said happened. Nothing of its content is kept but what it is about: that is read anew."""

    TOPIC = "payments.Notice"

    class Received(Created):
        TOPIC = "payments.NoticeReceived"
        provider: str
        event_id: str
        topic: str
        kind: NoticeKind
        reference: str
        key: str
        happened_at: datetime

    class Handled(Aggregate.Event):
        TOPIC = "payments.NoticeHandled"

    class Puzzled(Aggregate.Event):
        """It is about nothing this shop knows, or contradicts what it knows: people must look at it."""

        TOPIC = "payments.NoticePuzzled"
        reason: str

    @event(Received)
    def __init__(
        self,
        provider: str,
        event_id: str,
        topic: str,
        kind: NoticeKind,
        reference: str,
        key: str,
        happened_at: datetime,
    ) -> None:
        self.provider, self.event_id, self.topic, self.kind = provider, event_id, topic, kind
        self.reference, self.key, self.happened_at = reference, key, happened_at
        self.worked_off = False
        self.puzzle = ""

    @classmethod
    def receive(cls, provider: str, notice: ProviderNotice) -> Self:
        """Keep a notice. Its id derives from the provider's: the same one again meets the first."""
        return cls._create(
            cls.Received,
            id=notice_id(provider, notice.event_id),
            provider=provider,
            event_id=notice.event_id,
            topic=notice.topic,
            kind=notice.kind,
            reference=notice.reference,
            key=notice.key,
            happened_at=notice.happened_at,
        )

    # Decide.

    def handle(self) -> None:
        """What it was about has been read anew and acted on."""
        if not self.worked_off:
            self._handled()

    def puzzle_over(self, reason: str) -> None:
        """Nothing could be made of it."""
        if not self.worked_off:
            self._puzzled(reason=reason)

    # Evolve.

    @event(Handled)
    def _handled(self) -> None:
        self.worked_off = True

    @event(Puzzled)
    def _puzzled(self, reason: str) -> None:
        self.worked_off, self.puzzle = True, reason


def notice_id(provider: str, event_id: str) -> UUID:
    """The id under which a provider's notice is kept."""
    return derived_id("notice", provider, event_id)
