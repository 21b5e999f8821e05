"""What commands of one batch will ask for, read for all of them at once."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Self

from souvenir.eventlog.stores.store import Session


class Ahead(ABC):
    """Something a command is going to read. A hint: without it, or once it is out of date, the command reads by itself."""

    @classmethod
    @abstractmethod
    def fetch(cls, session: Session, wanted: Sequence[Self]) -> None:
        """Read what all of them want, and put it into `session.ahead`, for whoever reads to take out.

        Whoever changes such a thing in the same transaction takes it out too.
        """


def fetch_all(session: Session, wanted: Iterable[Ahead]) -> None:
    """Read everything that is wanted, each kind together."""
    kinds: dict[type[Ahead], list[Ahead]] = {}
    for one in wanted:
        kinds.setdefault(type(one), []).append(one)
    for kind, alike in kinds.items():
        kind.fetch(session, alike)
