"""The beacon: a public random number every three seconds, that nobody knows before it is out. drand's quicknet."""

from datetime import UTC, datetime, timedelta
from typing import Final

QUICKNET: Final = "drand-quicknet"
"""The drand chain whose rounds we can date: https://docs.drand.love, chain 52db9ba7…."""

_BEGAN: Final = datetime(2023, 8, 23, 15, 9, 27, tzinfo=UTC)
_PERIOD: Final = timedelta(seconds=3)


def round_at(beacon_round: int) -> datetime:
    """When a round of quicknet comes out."""
    return _BEGAN + (beacon_round - 1) * _PERIOD


def round_after(instant: datetime) -> int:
    """The first round of quicknet that comes out after an instant."""
    return (instant - _BEGAN) // _PERIOD + 2
