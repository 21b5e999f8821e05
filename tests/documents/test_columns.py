"""Columns stay straight whatever the script."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from souvenir.documents.columns import across, amount, fit, left, percent, right, table, width, wrapped
from souvenir.kernel.money import Money

texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs", "Mn"]), max_size=60)


@pytest.mark.parametrize(
    ("text", "columns"),
    [("vase", 4), ("珐琅瓶", 6), ("珐琅 vase", 9), ("Cloisonné", 9), ("Cloisonne\u0301", 9), ("￥１２", 6), ("", 0)],
)
def test_a_chinese_character_takes_two_columns(text: str, columns: int) -> None:
    assert width(text) == columns


def test_text_that_is_too_wide_ends_in_an_ellipsis_and_never_splits_a_character() -> None:
    assert fit("珐琅花瓶", 8) == "珐琅花瓶"
    assert fit("珐琅花瓶", 7) == "珐琅花…"
    assert fit("珐琅花瓶", 6) == "珐琅…"
    assert left("珐琅花瓶", 6) == "珐琅… "


def test_an_amount_is_never_cut() -> None:
    assert right("1,494.00", 4) == "1,494.00"


def test_a_label_and_a_value_share_a_line_only_where_both_fit() -> None:
    assert list(across("合计 Total", "9.00", 16)) == ["合计 Total  9.00"]
    assert list(across("合计 Total", "19.00", 16)) == ["合计 Total 19.00"]
    assert list(across("合计 Total", "119.00", 16)) == ["合计 Total", "          119.00"]


def test_text_is_wrapped_at_blanks_and_inside_a_word_no_line_could_hold() -> None:
    assert list(wrapped("Yanshan Enamel Works", 14)) == ["Yanshan Enamel", "Works"]
    assert list(wrapped("燕山珐琅厂礼品店", 10)) == ["燕山珐琅厂", "礼品店"]


def test_within_chinese_a_number_is_not_broken_and_no_line_begins_with_a_full_stop() -> None:
    assert list(wrapped("最迟于2026-11-05（含当日）离境", 16)) == ["最迟于2026-11-05", "（含当日）离境"]
    assert list(wrapped("口岸：PEK、PKX、TSN。", 12)) == ["口岸：PEK、", "PKX、TSN。"]
    assert list(wrapped("预付金即为退税款。", 16)) == ["预付金即为退税", "款。"]


def test_a_table_is_as_wide_as_its_widest_cells() -> None:
    assert list(table(("科目", "Dr"), [("现金", "1.00"), ("Bank", "20.00")], [("合计", "21.00")])) == [
        "科目     Dr",
        "----  -----",
        "现金   1.00",
        "Bank  20.00",
        "----  -----",
        "合计  21.00",
    ]


def test_amounts_group_thousands_and_keep_the_decimals_of_their_currency() -> None:
    assert amount(Money(149400, "CNY")) == "1,494.00"
    assert amount(Money(-2988, "CNY")) == "-29.88"
    assert amount(Money(1234567, "JPY")) == "1,234,567"
    assert amount(Money(1500, "KWD")) == "1.500"


def test_rates_are_said_in_per_cent() -> None:
    assert [percent(Decimal(rate)) for rate in ("0.13", "0.130", "0.09", "0.1", "0", "0.085")] == [
        "13%",
        "13%",
        "9%",
        "10%",
        "0%",
        "8.5%",
    ]


@given(texts, st.integers(min_value=2, max_value=40))
def test_no_wrapped_line_is_wider_than_asked_and_no_character_is_lost(text: str, columns: int) -> None:
    lines = list(wrapped(text, columns))
    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(texts, st.integers(min_value=1, max_value=40))
def test_a_field_at_the_left_is_exactly_as_wide_as_asked(text: str, columns: int) -> None:
    assert width(left(text, columns)) == columns
