"""Ids that follow from something else are name-based UUIDs as RFC 9562 has them."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from souvenir.kernel import clock
from souvenir.kernel.identifiers import NAMESPACE, derived_id, new_id


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_a_derived_id_is_the_name_based_uuid_of_its_parts(parts: list[str]) -> None:
    assert derived_id(*parts) == uuid5(NAMESPACE, "\x1f".join(parts))


def test_derived_ids_stay_what_they_were() -> None:
    assert derived_id("accrual", UUID(int=7), 1) == UUID("fcdfbcde-54bb-564a-b176-7ea5fb3bbf92")


def test_what_follows_sorts_next_to_what_it_follows_from() -> None:
    source = UUID("01931a2b-3c4d-7e5f-8a6b-7c8d9e0f1a2b")
    follows = derived_id("payment", source, near=source)
    assert str(follows).startswith("01931a2b-3c4d-8")
    assert follows.version == 8
    assert follows == derived_id("payment", source, near=source) != derived_id("refund", source, near=source)


def test_a_new_id_says_when_it_was_made() -> None:
    with clock.using(clock.SettableClock(datetime(2025, 5, 15, tzinfo=UTC))):
        first, second = new_id(), new_id()
    assert first.version == second.version == 7
    assert first.int >> 80 == second.int >> 80 == 1_747_267_200_000
    assert first != second
