"""Everything the package defines, found by importing all of it: modules, aggregates, stored events, refusals."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import TypeVar

import souvenir
from souvenir.kernel.aggregate import Aggregate, Event
from souvenir.kernel.errors import SouvenirError

T = TypeVar("T")

for module in pkgutil.walk_packages(souvenir.__path__, "souvenir."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)


def below(cls: type[T]) -> Iterator[type[T]]:
    """Every subclass, and theirs, that the package itself defines."""
    for subclass in cls.__subclasses__():
        if subclass.__module__.startswith("souvenir."):
            yield subclass
        yield from below(subclass)


def aggregates() -> list[type[Aggregate]]:
    """Every aggregate."""
    return sorted(set(below(Aggregate)), key=lambda aggregate: (aggregate.__qualname__, aggregate.__module__))


def stored_events() -> list[tuple[type[Aggregate], type[Event]]]:
    """Every event that may stand in a log, with the aggregate it belongs to."""
    return [
        (aggregate, event)
        for aggregate in aggregates()
        for name, event in sorted(vars(aggregate).items())
        if isinstance(event, type) and issubclass(event, Event) and name != "Event"
    ]


def refusals() -> list[type[SouvenirError]]:
    """Every refusal."""
    return sorted(set(below(SouvenirError)), key=lambda refusal: (refusal.__module__, refusal.__qualname__))
