"""The four audiences the shop answers: each its own endpoint, schema and tokens; a token of one opens no other."""

from enum import StrEnum
from typing import Final


class Audience(StrEnum):
    """Who an endpoint is for."""

    STOREFRONT = "storefront"
    """Visitors and customers; browsing needs no token, a basket needs a session."""
    POS = "pos"
    """An enrolled till or refund desk, by its device token."""
    FINANCE = "finance"
    """Staff who keep the books."""
    BACKOFFICE = "backoffice"
    """Staff who run the shop: catalogue, licences, editions, devices."""

    @property
    def admits_guests(self) -> bool:
        return self is Audience.STOREFRONT

    @property
    def path(self) -> str:
        return f"/graphql/{self}"


AUDIENCES: Final = tuple(Audience)
