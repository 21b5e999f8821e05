"""A credential: one token's hash, whose it is, which door it opens and until when; revoked once, for good."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from souvenir.access.token import Audience
from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.identifiers import derived_id

HolderKind = Literal["staff", "device", "customer"]


class Credential(Aggregate):
    """A token someone was given, known by its hash."""

    TOPIC = "access.Credential"

    class Issued(Created):
        TOPIC = "access.CredentialIssued"
        audience: Audience
        token_hash: str
        kind: HolderKind
        holder: UUID
        outlet_id: UUID | None = None
        till: str | None = None
        expires_at: datetime | None = None

    class Revoked(Aggregate.Event):
        TOPIC = "access.CredentialRevoked"
        reason: str

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def issue(
        cls,
        *,
        audience: Audience,
        token_hash: str,
        kind: HolderKind,
        holder: UUID,
        outlet_id: UUID | None = None,
        till: str | None = None,
        expires_at: datetime | None = None,
    ) -> "Credential":
        """Note that a token was given to its holder."""
        return cls._create(
            cls.Issued,
            id=derived_id("credential", token_hash),
            audience=audience,
            token_hash=token_hash,
            kind=kind,
            holder=holder,
            outlet_id=outlet_id,
            till=till,
            expires_at=expires_at,
        )

    def revoke(self, reason: str) -> None:
        """The token opens nothing any more; asking twice records nothing new."""
        if self.revoked is None:
            self._revoked(reason=reason)

    # Evolve: assigns only.

    @event(Issued)
    def __init__(
        self,
        audience: Audience,
        token_hash: str,
        kind: HolderKind,
        holder: UUID,
        outlet_id: UUID | None = None,
        till: str | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        self.audience, self.token_hash, self.kind, self.holder = audience, token_hash, kind, holder
        self.outlet_id, self.till, self.expires_at = outlet_id, till, expires_at
        self.revoked: str | None = None

    @event(Revoked)
    def _revoked(self, reason: str) -> None:
        self.revoked = reason
