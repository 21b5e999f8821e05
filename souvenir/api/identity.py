"""Opaque global ids: clients pass them on and never read them; `Order:0193…` in base64 is our business."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

import strawberry

from souvenir.kernel.errors import MalformedInput


@strawberry.interface(description="Anything that can be found again by its id.")
class Node:
    id: strawberry.ID


def global_id(kind: str, id: UUID) -> strawberry.ID:
    """The id of a thing of a kind, as the outside sees it."""
    return strawberry.ID(urlsafe_b64encode(f"{kind}:{id}".encode()).rstrip(b"=").decode())


def global_id_if(kind: str, id: UUID | None) -> strawberry.ID | None:
    """The id of a thing that may not be there."""
    return None if id is None else global_id(kind, id)


def read_id(kind: str, text: str, *path: str) -> UUID:
    """The UUID in a global id of this kind; anything else is refused, also an id of another kind."""
    found, id = any_id(text) or ("", UUID(int=0))
    if found != kind:
        error = MalformedInput(expected=f"{kind} id", value=text[:80])
        error.path = path
        raise error
    return id


def any_id(text: str) -> tuple[str, UUID] | None:
    """The kind and UUID in a global id; None when it is not one of ours."""
    if len(text) > 120:
        return None
    try:
        kind, _, key = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
        return kind, UUID(key)
    except (binascii.Error, ValueError):
        return None
