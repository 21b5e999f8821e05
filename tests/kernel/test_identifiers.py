"""Ids that follow from something else are name-based UUIDs as RFC 9562 has them."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from souvenir.kernel.identifiers import NAMESPACE, derived_id


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_a_derived_id_is_the_name_based_uuid_of_its_parts(parts: list[str]) -> None:
    assert derived_id(*parts) == uuid5(NAMESPACE, "\x1f".join(parts))


def test_derived_ids_stay_what_they_were() -> None:
    assert derived_id("accrual", UUID(int=7), 1) == UUID("fcdfbcde-54bb-564a-b176-7ea5fb3bbf92")
