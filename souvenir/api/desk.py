"""The desk: one request at the shop. Who asks, under which key a mutation is carried out, and what they wrote last."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from uuid import UUID

import orjson
import strawberry

from souvenir.api.audience import Audience
from souvenir.api.authentication import Caller, CustomerNeeded, NoSession, NotAtThisOutlet, Visit
from souvenir.api.identity import Node, any_id
from souvenir.api.types import Info
from souvenir.kernel.aggregate import Aggregate
from souvenir.kernel.errors import MalformedInput, NotFound, SouvenirError
from souvenir.shop import Busy, Contended, IdempotencyConflict

if TYPE_CHECKING:
    from souvenir.shop import Shop

A = TypeVar("A", bound=Aggregate)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

EVERY_MUTATION: Final[tuple[type[SouvenirError], ...]] = (
    MalformedInput,
    NotFound,
    IdempotencyConflict,
    Contended,
    Busy,
)
"""What any mutation may answer, whatever it is about."""

REMEMBERED_CALLERS: Final = 10_000
LONGEST_KEY: Final = 200


class Done(Protocol[T_co]):
    """A command that was carried out."""

    @property
    def result(self) -> T_co: ...
    @property
    def position(self) -> int: ...
    @property
    def replayed(self) -> bool: ...


class Keyed(Protocol):
    """The input of a mutation."""

    idempotency_key: strawberry.ID


class LastWrites:
    """How far each caller has written, so that what they read next has it; forgets the least recent callers."""

    def __init__(self) -> None:
        self._positions: OrderedDict[str, int] = OrderedDict()
        self._lock = Lock()

    def note(self, actor: str, position: int) -> None:
        with self._lock:
            self._positions[actor] = max(position, self._positions.pop(actor, 0))
            while len(self._positions) > REMEMBERED_CALLERS:
                self._positions.popitem(last=False)

    def of(self, actor: str) -> int:
        return self._positions.get(actor, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk(Visit):
    """A request together with the shop that answers it."""

    shop: "Shop"
    writes: LastWrites
    left: dict[UUID, object] = field(default_factory=dict)
    """What the last mutation left behind, by its id: it is told of without loading it again."""

    @property
    def actor(self) -> str:
        """Under whose name commands are remembered: keys of one caller never meet another's."""
        return f"{self.audience}:{self.caller.id if self.caller else 'guest'}"

    def carry_out(self, input: Keyed, command: Callable[[], Done[T]]) -> Done[T]:
        """Carry out a mutation once under its key. The same input again repeats the answer; another one is refused."""
        key = str(input.idempotency_key)
        if not 0 < len(key) <= LONGEST_KEY:
            expected = f"idempotencyKey of 1 to {LONGEST_KEY} characters"
            raise MalformedInput(expected=expected, value=key[:40]).at("input", "idempotencyKey")
        self.left.clear()
        with self.shop.once(self.actor, key, content(input)):
            done = command()
        if (behind := getattr(done, "behind", None)) is not None:
            self.left[behind.id] = behind
        self.writes.note(self.actor, done.position)
        return done

    def found(self, cls: type[A], id: UUID) -> A:
        """A thing as the last mutation left it, or as it stands now. Raises NotFound."""
        left = self.left.get(id)
        return left if isinstance(left, cls) else self.shop.log.load(cls, id)

    @contextmanager
    def reading(self, view: Any) -> Iterator[Any]:
        """A session in which a view has everything this caller wrote; at the finance desk, everything recorded."""
        if self.audience is Audience.FINANCE:
            self.settle()
            self.shop.caught_up(view, self.shop.log.head())
        elif written := self.writes.of(self.actor):
            self.shop.caught_up(view, written)
        with self.shop.log.reading() as session:
            yield session

    def settle(self) -> None:
        """Wait until royalties, books and whatever else follows have answered what is recorded so far."""
        for process in self.shop.followers.processes:
            self.shop.caught_up(process, self.shop.log.head())

    def session_id(self) -> str:
        """The caller's session at the storefront."""
        if self.caller is None:
            raise NoSession
        return str(self.caller.id)

    def customer(self) -> UUID | None:
        """The caller, if they are a known customer and not a guest."""
        caller = self.caller
        return caller.id if caller and "customer" in caller.roles and isinstance(caller.id, UUID) else None

    def require_customer(self) -> UUID:
        """The caller, who must be a known customer. Raises CustomerNeeded."""
        customer = self.customer()
        if customer is None:
            raise CustomerNeeded
        return customer

    def device(self) -> tuple[UUID, str]:
        """Where the calling device stands: its outlet and its till."""
        caller: Caller = self.require("device")
        assert caller.outlet_id is not None, "a device token names its outlet"
        assert caller.till is not None, "a device token names its till"
        return caller.outlet_id, caller.till

    def require_here(self, kind: str, *outlet_ids: UUID | None) -> None:
        """Refuse a device what belongs to other outlets than these."""
        if self.device()[0] not in outlet_ids:
            raise NotAtThisOutlet(kind=kind)


def desk(info: Info) -> Desk:
    """Where this is answered."""
    context = info.context
    assert isinstance(context, Desk)
    return context


def lookup(at: Desk, id: strawberry.ID, kinds: Mapping[str, Callable[[Desk, UUID], Node]]) -> Node | None:
    """What has this id, if the audience knows its kind and it exists."""
    kind, key = any_id(id) or ("", UUID(int=0))
    try:
        return kinds[kind](at, key) if kind in kinds else None
    except NotFound:
        return None


def content(input: Any) -> bytes:
    """A mutation's input as bytes that are the same whenever the input is, for its fingerprint.

    What stands at its default is left out: a field added later does not change what was sent before it was there.
    """
    said = _said(input)
    said.pop("idempotency_key")
    return orjson.dumps([type(input).__name__, said], default=_plain, option=orjson.OPT_SORT_KEYS)


def _said(value: Any) -> Any:
    if isinstance(value, list):
        return [_said(item) for item in value]
    if not is_dataclass(value) or isinstance(value, type):
        return value
    given = [(name, getattr(value, name), default) for name, default in _defaults(type(value))]
    return {name: _said(item) for name, item, default in given if default is MISSING or item != default}


@cache
def _defaults(input_type: type[Any]) -> list[tuple[str, Any]]:
    """The fields of an input with their defaults, which nobody changes."""
    return [
        (field.name, field.default if field.default_factory is MISSING else field.default_factory())
        for field in fields(input_type)
    ]


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
