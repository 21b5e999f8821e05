"""How events are stored and read: small JSON by topic, validated, old versions brought up to date, unknown ones named."""

from typing import ClassVar
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jars import Jar

from souvenir.eventlog.mapper import UnknownTopic, to_event, to_stored
from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.money import Money


class Shelf(Aggregate):
    """A shelf whose event has changed twice since the first one was stored."""

    TOPIC = "testing.Shelf"

    class Built(Created):
        TOPIC = "testing.ShelfBuilt"
        class_version: ClassVar[int] = 3
        width_mm: int
        colour: str

        @staticmethod
        def upcast_v1_v2(state) -> None:
            state["width_mm"] = state.pop("width_cm") * 10

        @staticmethod
        def upcast_v2_v3(state) -> None:
            state["colour"] = "unpainted"

    @event(Built)
    def __init__(self, width_mm: int, colour: str) -> None:
        self.width_mm, self.colour = width_mm, colour


HEAD = b'"timestamp":"2026-01-01T00:00:00Z","originator_topic":"testing.Shelf"'


@pytest.mark.parametrize(
    ("stored", "width", "colour"),
    [
        (b'{"width_cm":90,' + HEAD + b"}", 900, "unpainted"),
        (b'{"class_version":2,"width_mm":900,' + HEAD + b"}", 900, "unpainted"),
        (b'{"class_version":3,"width_mm":900,"colour":"red",' + HEAD + b"}", 900, "red"),
    ],
)
def test_every_version_ever_stored_is_read_as_the_newest(stored, width, colour):
    built = to_event(uuid4(), 1, "testing.ShelfBuilt", stored)
    assert (built.width_mm, built.colour) == (width, colour)


def test_the_newest_version_says_so_in_the_log():
    (built,) = Shelf(width_mm=900, colour="red").collect_events()
    stored = to_stored(built)
    assert stored.state.startswith(b'{"class_version":3,')
    assert to_event(*stored) == built


def test_a_topic_nobody_knows_is_named():
    with pytest.raises(UnknownTopic, match=r"testing\.Nonsense"):
        to_event(uuid4(), 1, "testing.Nonsense", b"{}")


def test_a_stored_state_that_does_not_fit_is_not_accepted():
    with pytest.raises(ValueError, match="room"):
        to_event(uuid4(), 1, "testing.JarOpened", b'{"room":"many",' + HEAD + b"}")


@given(st.lists(st.integers(-(10**15), 10**15), max_size=20), st.integers(0, 100))
def test_every_event_reads_back_as_it_was_made(values, room):
    jar = Jar.open(uuid4(), room + len(values))
    for value in values:
        jar.put(Money(value, "CNY"))
    made = jar.collect_events()
    assert [to_event(*to_stored(one)) for one in made] == made
