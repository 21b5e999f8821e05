"""Refusals: what the shop says when it will not do something, with the facts of why, and nothing recorded."""

import re
from typing import Any, ClassVar, get_type_hints


class SouvenirError(Exception):
    """A typed refusal: a class with annotated facts and one sentence that uses them.

    Subclasses annotate their facts and set `message`, a `str.format` template over them:

        class EditionSoldOut(SouvenirError):
            message = "Edition {edition_id} is sold out: all {size} pieces are taken."
            edition_id: UUID
            size: int

    The refusal travels unchanged from the aggregate that raised it to the GraphQL union.
    """

    message: ClassVar[str]
    code: ClassVar[str] = "SOUVENIR_ERROR"
    path: tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.code = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__).upper()

    def __init__(self, **facts: Any) -> None:
        expected = set(self.fact_types())
        assert set(facts) == expected, f"{type(self).__name__} states {sorted(expected)}, got {sorted(facts)}"
        self.__dict__.update(facts)
        super().__init__(self.message.format(**facts))

    def at(self, *path: str) -> "SouvenirError":
        """The same refusal, pointing at the input field it is about."""
        self.path = path
        return self

    @property
    def facts(self) -> dict[str, Any]:
        """The facts by name, as they were stated."""
        return {name: self.__dict__[name] for name in self.fact_types()}

    @classmethod
    def fact_types(cls) -> dict[str, Any]:
        """The facts a refusal of this class states, and their types."""
        hints = get_type_hints(cls)
        return {name: hint for name, hint in hints.items() if name not in _NOT_FACTS}


_NOT_FACTS = {"message", "code", "path"}


class NotFound(SouvenirError):
    message = "There is no {kind} with id {id}. Check the id; ids are never reused."
    kind: str
    id: str


class MalformedInput(SouvenirError):
    message = "The value {value!r} is not a valid {expected}."
    expected: str
    value: str
