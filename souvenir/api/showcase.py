"""What the back office sets up and everybody looks at: read without waiting, and for all rows of a page together."""

from collections.abc import Callable, Collection, Hashable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Generic, TypeVar

from souvenir.api.audience import Audience
from souvenir.api.desk import Desk

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

Later = Callable[[], T | None]
"""Gives what was asked for, or None where there is no such thing."""


def looking(at: Desk, view: Any) -> AbstractContextManager[Any]:
    """A session on goods, places or editions. Only the back office writes them: only there a reader waits for its own."""
    return at.reading(view) if at.audience is Audience.BACKOFFICE else at.shop.log.reading()


class Together(Generic[K, T]):
    """What the rows of a page lead to: noted row by row, and found in one question when the first is needed."""

    def __init__(self, find: Callable[[Collection[K]], Mapping[K, T]]) -> None:
        self._find = find
        self._wanted: list[K] = []
        self._found: dict[K, T | None] = {}

    def later(self, key: K | None) -> Later[T]:
        """Note that this is wanted; call what comes back to have it."""
        if key is None:
            return lambda: None
        self._wanted.append(key)
        return partial(self._get, key)

    def _get(self, key: K) -> T | None:
        if key not in self._found:
            wanted, self._wanted = dict.fromkeys(self._wanted), []
            found = self._find(wanted)
            self._found |= {key: found.get(key) for key in wanted}
        return self._found[key]
