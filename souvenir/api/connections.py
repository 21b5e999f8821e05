"""Pages of a list by keyset: a cursor is the last row's sort key, so rows that come or go never shift a page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

import orjson
import strawberry

from souvenir.api.faults import BAD_USER_INPUT, coded
from souvenir.api.limits import LARGEST_PAGE

Row = TypeVar("Row")
Item = TypeVar("Item")
Key = tuple[str | int, ...]
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
    rows: Callable[[Key | None, int], Sequence[Row]],
    *,
    key: Callable[[Row], Key],
    node: Callable[[Row], Item],
    first: int,
    after: str | None,
    sort: str,
) -> Connection[Item]:
    """One page. `rows(after, limit)` gives rows in order of their key, beyond `after`; `sort` names that order.

    A cursor of another order, or one that was tampered with, is the caller's mistake, as is a page beyond the limit.
    """
    if not 1 <= first <= LARGEST_PAGE:
        raise coded(f"first must be 1 to {LARGEST_PAGE}.", BAD_USER_INPUT)
    start = _key(after, sort) if after is not None else None
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


def _key(cursor: str, sort: str) -> Key:
    try:
        assert len(cursor) <= LONGEST_CURSOR
        found_sort, *key = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        assert found_sort == sort
        assert key
        assert all(type(part) in (str, int) for part in key)
    except (ValueError, TypeError, AssertionError):
        raise coded(
            "after is not a cursor of this list: use the endCursor of its page before.", BAD_USER_INPUT
        ) from None
    return tuple(key)
