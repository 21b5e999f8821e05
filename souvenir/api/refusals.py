"""Every refusal has a GraphQL twin with the same facts; each mutation names the ones its caller must expect."""

import functools
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import strawberry

from souvenir.api.authentication import NotPermitted
from souvenir.api.identity import global_id
from souvenir.api.types import Money
from souvenir.kernel import money
from souvenir.kernel.errors import SouvenirError

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


@strawberry.interface(description="Why the shop did not do something. Nothing was recorded.")
class UserError:
    code: str = strawberry.field(description="Stable, for programs: EDITION_SOLD_OUT.")
    message: str = strawberry.field(description="One sentence with the facts, for people.")
    path: list[str] = strawberry.field(description="The input field it is about; empty when about the whole.")


class UndeclaredRefusal(Exception):
    """A refusal its mutation does not name: a gap in the contract, so the caller sees a masked error."""


def twin(refusal: type[SouvenirError]) -> type[UserError]:
    """The GraphQL type of a refusal: the interface's fields, and its facts. One refusal has one twin."""
    if refusal not in _twins:
        facts = {name: graphql_type(hint) for name, hint in refusal.fact_types().items()}
        sentence = re.sub(r"\{(\w+)[^}]*\}", r"<\1>", refusal.message)
        body = {"__annotations__": facts, "__module__": refusal.__module__, "__doc__": sentence}
        _twins[refusal] = strawberry.type(type(refusal.__name__, (UserError,), body), description=sentence)
    return _twins[refusal]


@contextmanager
def at(*path: str) -> Iterator[None]:
    """Refusals raised within are about this input field, unless they know better."""
    try:
        yield
    except SouvenirError as error:
        error.path = error.path or path
        raise


def tell(error: SouvenirError) -> UserError:
    """A raised refusal as its twin."""
    facts = {name: served(name, value) for name, value in error.facts.items()}
    return twin(type(error))(code=error.code, message=str(error), path=list(error.path), **facts)


def graphql_type(hint: Any) -> Any:
    """The GraphQL type of a fact: ids are ID, lists stay lists, what is optional stays optional."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        inner = [part for part in parts if part is not type(None)]
        assert len(inner) == 1, f"a fact has one type, not {hint}"
        return graphql_type(inner[0]) | None if len(inner) < len(parts) else graphql_type(inner[0])
    if origin in (tuple, list, frozenset):
        return list[graphql_type(parts[0])]  # type: ignore[misc]
    if origin is typing.Literal or (isinstance(hint, type) and issubclass(hint, Enum)):
        return str
    assert hint in _FACT_TYPES, f"a fact of type {hint} has no GraphQL type"
    return _FACT_TYPES[hint]


def served(name: str, value: Any) -> Any:
    """The value of a fact as GraphQL serves it; a fact called `edition_id` is the global id of an Edition."""
    if isinstance(value, UUID):
        kind = "".join(part.capitalize() for part in name.removesuffix("_ids").removesuffix("_id").split("_"))
        return global_id(kind, value)
    if isinstance(value, money.Money):
        return Money.of(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, (tuple, list, frozenset)):
        return [served(name, item) for item in value]
    return value


def mutation(*refusals: type[SouvenirError]) -> Callable[[Callable[..., Any]], Any]:
    """A mutation field that answers its payload or one of these refusals: `union PlaceOrderResult = …`.

    The resolver returns the payload and raises the rest. A refusal that is not named is a bug and is masked.
    """

    def field(resolver: Callable[..., Any]) -> Any:
        payload = get_type_hints(resolver)["return"]
        assert payload.__name__.endswith("Payload"), f"{resolver.__name__} returns {payload.__name__}, not a …Payload"
        return _field(resolver, payload.__name__.removesuffix("Payload"), (payload,), refusals)

    return field


def question(*refusals: type[SouvenirError]) -> Callable[[Callable[..., Any]], Any]:
    """A query field that answers like a mutation: `union ScanResult = ScannedProduct | … | UnreadableScan | …`."""

    def field(resolver: Callable[..., Any]) -> Any:
        hint = get_type_hints(resolver)["return"]
        answers = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
        return _field(resolver, "".join(map(str.capitalize, resolver.__name__.split("_"))), answers, refusals)

    return field


def _field(
    resolver: Callable[..., Any], name: str, answers: Iterable[type], refusals: Iterable[type[SouvenirError]]
) -> Any:
    union = result_union(f"{name}Result", answers, refusals)
    return strawberry.field(answering(refusals, resolver), graphql_type=union, description=inspect.getdoc(resolver))


def problems(name: str, refusals: Iterable[type[SouvenirError]]) -> Any:
    """The type of a list of what would be refused, for asking before the attempt."""
    members = tuple(dict.fromkeys(map(twin, refusals)))
    return list[Annotated[Union[members], strawberry.union(name)]]  # type: ignore[valid-type]  # noqa: UP007


def result_union(name: str, answers: Iterable[type], refusals: Iterable[type[SouvenirError]]) -> Any:
    """The union of what may be answered and the twins of refusals."""
    members = (*answers, *dict.fromkeys(map(twin, refusals)))
    return Annotated[Union[members], strawberry.union(name)]  # noqa: UP007 - members are known only now


def answering(refusals: Iterable[type[SouvenirError]], resolver: Resolver) -> Resolver:
    """The resolver, answering the twin of a refusal it raises if it is among these."""
    expected = frozenset(refusals)

    @functools.wraps(resolver)
    def resolve(*args: Any, **kwargs: Any) -> Any:
        try:
            return resolver(*args, **kwargs)
        except NotPermitted:
            raise  # not an answer to this mutation, but to whoever may not ask for it
        except SouvenirError as error:
            if type(error) not in expected:
                raise UndeclaredRefusal(f"{resolver.__name__} does not name {type(error).__name__}: {error}") from error
            return tell(error)

    return typing.cast(Resolver, resolve)


_twins: dict[type[SouvenirError], type[UserError]] = {}

_FACT_TYPES: dict[Any, Any] = {
    str: str,
    int: int,
    bool: bool,
    UUID: strawberry.ID,
    Decimal: Decimal,
    date: date,
    datetime: datetime,
    money.Money: Money,
}
