"""Who is calling: a Bearer token is checked for the audience it was made for, and for no other."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from souvenir.api.audience import AUDIENCES, Audience
from souvenir.kernel.errors import SouvenirError


class NotPermitted(SouvenirError):
    message = "This needs the role {role}. Ask an administrator for it, or let a colleague who has it do this."
    role: str


class NoSession(SouvenirError):
    message = 'A basket belongs to a session: ask for one with openGuestSession, and send its token as "Bearer".'


class CustomerNeeded(SouvenirError):
    message = "This is done once a person: sign in as a customer first. A guest session is nobody in particular."


class NotAtThisOutlet(SouvenirError):
    message = "This {kind} belongs to another outlet. Serve it there, or at the refund point that acts for it."
    kind: str


class NoToken(SouvenirError):
    message = 'The {audience} endpoint needs a token: send "Authorization: Bearer <token>".'
    audience: str


class UnknownToken(SouvenirError):
    message = "This token is not known at the {audience} endpoint: it is misspelt, expired or withdrawn."
    audience: str


class TokenOfAnotherAudience(SouvenirError):
    message = "This is a {belongs_to} token; it does not open the {audience} endpoint."
    audience: str
    belongs_to: str


class Caller(Protocol):
    """Who a token belongs to, as the authenticator tells it."""

    @property
    def audience(self) -> str: ...
    @property
    def id(self) -> object: ...
    @property
    def roles(self) -> Collection[str]: ...
    @property
    def outlet_id(self) -> UUID | None: ...
    @property
    def till(self) -> str | None: ...


class Authenticator(Protocol):
    """Where tokens are known. Tokens are looked up by audience, so one of another audience is simply unknown."""

    def authenticate(self, audience: str, token: str) -> Caller | None: ...


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, as resolvers see it: for whom, by whom (None is a guest without a session), in which languages."""

    audience: Audience
    caller: Caller | None
    languages: tuple[str, ...] = ()

    def require(self, *roles: str) -> Caller:
        """The caller, who must have one of these roles."""
        if self.caller is None or not set(roles) & set(self.caller.roles):
            raise NotPermitted(role=" or ".join(roles))
        return self.caller


LONGEST_TOKEN = 512


def admit(authenticator: Authenticator, audience: Audience, authorization: str | None) -> Caller | None:
    """The caller behind an Authorization header; None for a guest where guests are welcome.

    Raises NoToken or UnknownToken (HTTP 401) and TokenOfAnotherAudience (HTTP 403). A wrong token is never a guest.
    """
    if authorization is None:
        if audience.admits_guests:
            return None
        raise NoToken(audience=audience.value)
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN:
        raise UnknownToken(audience=audience.value)
    caller = authenticator.authenticate(audience.value, token)
    if caller is not None:
        assert caller.audience == audience, "an authenticator answers for the audience it was asked for"
        return caller
    for other in AUDIENCES:
        if other is not audience and authenticator.authenticate(other.value, token) is not None:
            raise TokenOfAnotherAudience(audience=audience.value, belongs_to=other.value)
    raise UnknownToken(audience=audience.value)
