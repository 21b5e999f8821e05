"""What must be unique or limited across the pieces of an edition: written with the events, in one transaction."""

from souvenir.editions.registers.limits import LimitRegister
from souvenir.editions.registers.pieces import PieceRegister

__all__ = ["LimitRegister", "PieceRegister"]
