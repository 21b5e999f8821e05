"""What licences must keep in step with the events: what sales are checked against, and where royalties stand."""

from souvenir.licensing.registers.positions import RoyaltyPositions
from souvenir.licensing.registers.rights import Rights

__all__ = ["Rights", "RoyaltyPositions"]
