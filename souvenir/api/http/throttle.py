"""So many requests a minute from one address: what is public and costs something is not given away without end."""

import time
from collections import OrderedDict
from threading import Lock
from typing import Final

MOST_ADDRESSES: Final = 10_000
"""Addresses remembered; the one longest unseen is forgotten first."""


class Throttle:
    """A bucket for each address, that refills while it is left alone."""

    def __init__(self, a_minute: int, at_once: int) -> None:
        self._a_second, self._at_once = a_minute / 60, at_once
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def wait(self, address: str, cost: int = 1) -> int:
        """Take the cost out of the address's bucket. 0 if it was there; else the seconds after which it will be."""
        now = time.monotonic()
        with self._lock:
            left, seen = self._buckets.pop(address, (float(self._at_once), now))
            left = min(self._at_once, left + (now - seen) * self._a_second)
            taken = cost if left >= cost else 0
            self._buckets[address] = (left - taken, now)
            while len(self._buckets) > MOST_ADDRESSES:
                self._buckets.popitem(last=False)
        return 0 if taken else int((cost - left) / self._a_second) + 1
