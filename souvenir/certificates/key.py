"""A key of the issuer, as the log remembers it: since when it signed, and since when it is trusted no more."""

from datetime import date
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.identifiers import derived_id


class IssuerKey(Aggregate):
    """The public half of one key. The private half never stands in the log."""

    TOPIC = "certificates.IssuerKey"

    class Introduced(Created):
        TOPIC = "certificates.KeyIntroduced"
        key_id: str
        public: str
        introduced_on: date

    class Withdrawn(Aggregate.Event):
        TOPIC = "certificates.KeyWithdrawn"
        reason: str
        withdrawn_on: date

    class SealsRenewed(Aggregate.Event):
        """Of what it had signed, every certificate up to this one is sealed anew, by the order of their ids."""

        TOPIC = "certificates.KeySealsRenewed"
        up_to: UUID

    @event(Introduced)
    def __init__(self, key_id: str, public: str, introduced_on: date) -> None:
        self.key_id, self.public, self.introduced_on = key_id, public, introduced_on
        self.withdrawn_on: date | None = None
        self.renewed_up_to: UUID | None = None

    # Decide.

    @classmethod
    def introduce(cls, key_id: str, public: bytes, introduced_on: date) -> Self:
        """Note a key that certificates are signed with from now on."""
        return cls._create(
            cls.Introduced,
            id=cls.id_of(key_id),
            key_id=key_id,
            public=public.hex(),
            introduced_on=introduced_on,
        )

    @staticmethod
    def id_of(key_id: str) -> UUID:
        return derived_id("issuer key", key_id)

    def withdraw(self, reason: str, withdrawn_on: date) -> None:
        """Note that the key fell into wrong hands; a second time records nothing new."""
        if self.withdrawn_on is None:
            self._withdrawn(reason=reason, withdrawn_on=withdrawn_on)

    def renew_seals(self, up_to: UUID) -> None:
        """Note how far its seals are replaced."""
        self._seals_renewed(up_to=up_to)

    # Evolve.

    @event(Withdrawn)
    def _withdrawn(self, reason: str, withdrawn_on: date) -> None:
        self.withdrawn_on = withdrawn_on

    @event(SealsRenewed)
    def _seals_renewed(self, up_to: UUID) -> None:
        self.renewed_up_to = up_to
