"""Who is calling, once a token was recognised: through which door, as whom, and allowed what."""

from dataclasses import dataclass
from uuid import UUID

from souvenir.access.token import Audience


@dataclass(frozen=True, slots=True)
class Caller:
    """A recognised caller. `id` is the member of staff, the device, the customer or the guest session."""

    audience: Audience
    id: UUID
    roles: tuple[str, ...]
    outlet_id: UUID | None = None
    """Where a device stands."""
    till: str | None = None
