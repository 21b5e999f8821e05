"""The doors of the API: tokens the shop knows, and at the till's door the pairing code of a device that is expected."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from souvenir.api.audience import Audience
from souvenir.api.authentication import Caller

if TYPE_CHECKING:
    from souvenir.shop import Shop

EXPECTED_DEVICE: Final = "expected_device"
"""The role of who shows a pairing code: it allows enrolment, and nothing else."""


@dataclass(frozen=True, slots=True)
class ExpectedDevice:
    """A device at the till's door, with the code it was given."""

    code: str
    id: UUID
    audience: str = Audience.POS.value
    roles: tuple[str, ...] = (EXPECTED_DEVICE,)
    outlet_id: UUID | None = None
    till: str | None = None


class Doors:
    """Tells who is behind a token. A pairing code is one too: good for one device, at one door, for minutes."""

    def __init__(self, shop: "Shop") -> None:
        self._shop = shop

    def authenticate(self, audience: str, token: str) -> Caller | None:
        """Who it is; None where the token opens nothing here."""
        caller: Caller | None = self._shop.access.authenticate(audience, token)
        if caller is None and audience == Audience.POS:
            device_id = self._shop.tills.expected(token)
            return None if device_id is None else ExpectedDevice(token, device_id)
        return caller
