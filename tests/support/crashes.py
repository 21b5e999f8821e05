"""A shop that crashes on purpose: before or after any step that leaves the process."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Crash(BaseException):
    """The process is gone, between two instructions."""


@dataclass
class Tripwire:
    """Lets so many steps pass, then crashes once."""

    steps: int = -1
    crashes: int = 0

    def step(self) -> None:
        self.steps -= 1
        if self.steps == 0:
            self.crashes += 1
            raise Crash

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """A call before which, and after which, the process may end."""

        def stepped(*args: Any, **named: Any) -> Any:
            self.step()
            result = call(*args, **named)
            self.step()
            return result

        return stepped


class Watched:
    """A provider whose every call passes the tripwire twice."""

    def __init__(self, provider: Any, tripwire: Tripwire) -> None:
        self._provider, self._tripwire, self.name = provider, tripwire, provider.name

    def __getattr__(self, name: str) -> Any:
        return self._tripwire.around(getattr(self._provider, name))
