"""Numbers, dates, ids and cursors cross the wire without loss, or are refused."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from calling import Client, codes
from hypothesis import given
from hypothesis import strategies as st
from kiosk import kiosk

from souvenir.api.connections import page
from souvenir.api.identity import any_id, global_id, read_id
from souvenir.api.scalars import SCALARS, BigInt, CurrencyCode
from souvenir.api.types import TranslationInput, words
from souvenir.kernel.errors import MalformedInput

client = Client(kiosk())
SHELF = """
query ($first: Int! = 20, $after: String) {
  souvenirs(first: $first, after: $after) {
    edges { cursor node { number } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


@pytest.mark.parametrize(
    ("scalar", "text", "value"),
    [
        (BigInt, "4518", 4518),
        (BigInt, "-900000000000000001", -900000000000000001),
        (BigInt, 7, 7),
        (CurrencyCode, "CNY", "CNY"),
        (Decimal, "0.085", Decimal("0.085")),
        (Decimal, "-12", Decimal(-12)),
        (date, "2025-05-15", date(2025, 5, 15)),
        (datetime, "2025-05-15T10:00:00Z", datetime(2025, 5, 15, 10, tzinfo=UTC)),
        (datetime, "2025-05-15T10:00:00+08:00", datetime(2025, 5, 15, 2, tzinfo=UTC)),
    ],
)
def test_scalars_are_read(scalar, text, value):
    assert SCALARS[scalar].parse_value(text) == value


@pytest.mark.parametrize(
    ("scalar", "text"),
    [
        (BigInt, "1.5"),
        (BigInt, "9" * 19),
        (BigInt, True),
        (BigInt, "٣"),
        (CurrencyCode, "cny"),
        (CurrencyCode, None),
        (Decimal, "NaN"),
        (Decimal, "1e9"),
        (Decimal, 0.1),
        (Decimal, "1" * 40),
        (date, "20250515"),
        (date, "2025-02-30"),
        (date, "2025-05-15T00:00:00Z"),
        (datetime, "2025-05-15T10:00:00"),
        (datetime, "yesterday"),
        (datetime, "9999-12-31T23:59:59-12:00"),
        (datetime, "0001-01-01T00:00:00+14:00"),
    ],
)
def test_scalars_that_make_no_sense_are_refused(scalar, text):
    with pytest.raises(ValueError, match=r"."):
        SCALARS[scalar].parse_value(text)


@given(st.uuids())
def test_a_global_id_is_read_back(id):
    text = global_id("Order", id)
    assert read_id("Order", text) == id
    assert "Order" not in text


@given(st.text(max_size=150))
def test_any_other_text_is_no_id(text):
    if any_id(text) is None:
        with pytest.raises(MalformedInput):
            read_id("Order", text)


def test_an_id_of_another_kind_is_refused():
    with pytest.raises(MalformedInput, match="is not a valid Order id"):
        read_id("Order", global_id("Claim", UUID(int=1)))


def numbers(**variables):
    answer = client.post(SHELF, variables=variables).json()["data"]["souvenirs"]
    return [edge["node"]["number"] for edge in answer["edges"]], answer["pageInfo"]


def test_pages_follow_each_other_to_the_end():
    seen, after = [], None
    while True:
        found, info = numbers(first=100, after=after)
        assert info["hasPreviousPage"] is (after is not None)
        seen += found
        after = info["endCursor"]
        if not info["hasNextPage"]:
            break
    assert seen == list(range(1, 251))


def test_a_page_past_the_end_is_empty():
    _, info = numbers(first=100)
    for _ in range(3):
        found, info = numbers(first=100, after=info["endCursor"] or info["startCursor"])
        if not found:
            break
    assert (found, info) == (
        [],
        {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None},
    )


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1])
def test_a_page_has_one_to_a_hundred_rows(first):
    assert codes(client.post(SHELF, variables={"first": first})) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "after",
    [
        "",
        "x",
        "é",
        "bnVsbA",
        "W10",
        "WyJudW1iZXIiXQ",
        "WyJvdGhlciIsMV0",
        "WyJudW1iZXIiLFtdXQ",
        "WyJudW1iZXIiLG51bGxd",
        "A" * 500,
    ],
)
def test_a_cursor_that_is_not_of_this_list_is_refused(after):
    assert codes(client.post(SHELF, variables={"after": after})) == ["BAD_USER_INPUT"]


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)


@given(st.lists(st.tuples(TEXTS, TEXTS), unique=True, max_size=30), st.integers(1, 7))
def test_walking_a_list_by_its_cursors_meets_every_row_once(rows, first):
    rows = sorted(rows)

    def fetch(after, limit):
        return [row for row in rows if after is None or row > after][:limit]

    met, after = [], None
    while True:
        found = page(
            fetch,
            key=lambda row: row,
            node=lambda row: row,
            first=first,
            after=after,
            sort="both",
            read=lambda *parts: parts,
        )
        met += [edge.node for edge in found.edges]
        after = found.page_info.end_cursor
        if not found.page_info.has_next_page:
            break
    assert met == rows


def test_translations_are_one_text_for_each_language():
    chinese, english = TranslationInput(language="zh-Hans", text="珐琅瓶"), TranslationInput(language="en", text="Vase")
    assert words([chinese, english]) == {"zh-Hans": "珐琅瓶", "en": "Vase"}
    for bad in ([], [english, english], [TranslationInput(language="en", text=" ")], [english] * 30):
        with pytest.raises(MalformedInput):
            words(bad)
