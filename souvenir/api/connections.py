"""Pages of a list by keyset: a cursor is the last row's sort key, so rows that come or go never shift a page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import orjson
import strawberry

from souvenir.api.http.faults import BAD_USER_INPUT, coded
from souvenir.api.http.limits import LARGEST_PAGE

Row = TypeVar("Row")
Item = TypeVar("Item")
Key = tuple[str, ...]
"""What a list is sorted by, the last part unique."""

LONGEST_CURSOR = 400

First = Annotated[int, strawberry.argument(description=f"Rows on the page, 1 to {LARGEST_PAGE}.")]
After = Annotated[str | None, strawberry.argument(description="The endCursor of the page before.")]


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[Item]):
    cursor: str
    node: Item


@strawberry.type
class Connection(Generic[Item]):
    edges: list[Edge[Item]]
    page_info: PageInfo


def page(
    rows: Callable[[Any, int], Sequence[Row]],
    *,
    key: Callable[[Row], Key],
    node: Callable[[Row], Item],
    first: int,
    after: str | None,
    sort: str,
    read: Callable[..., Any] = str,
) -> Connection[Item]:
    """One page. `rows(start, limit)` gives rows in order of their key, after `start` or, at None, from the first.

    `start` is what `read` makes of the parts of a key; `sort` names the order. A cursor of another order, or one that
    was tampered with, is the caller's mistake, as is a page beyond the limit.
    """
    if not 1 <= first <= LARGEST_PAGE:
        raise coded(f"first must be 1 to {LARGEST_PAGE}.", BAD_USER_INPUT)
    start = _start(after, sort, read) if after is not None else None
    found = list(rows(start, first + 1))
    edges = [Edge(cursor=_cursor(key(row), sort), node=node(row)) for row in found[:first]]
    return Connection(
        edges=edges,
        page_info=PageInfo(
            has_next_page=len(found) > first,
            has_previous_page=start is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )


def _cursor(key: Key, sort: str) -> str:
    return urlsafe_b64encode(orjson.dumps([sort, *key])).rstrip(b"=").decode()


def _start(cursor: str, sort: str, read: Callable[..., Any]) -> Any:
    """Where a page starts, as `read` makes it of a cursor's parts: as many texts as it takes, none with a NUL in it."""
    try:
        if len(cursor) > LONGEST_CURSOR:
            raise ValueError
        found_sort, *parts = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if found_sort != sort or not parts or not all(type(part) is str and "\0" not in part for part in parts):
            raise ValueError
        return read(*parts)
    except (ValueError, TypeError):
        raise coded(
            "after is not a cursor of this list: use the endCursor of its page before.", BAD_USER_INPUT
        ) from None
