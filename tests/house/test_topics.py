"""Stored names: every aggregate and event has a topic of its own, well formed, for ever."""

import re
from collections import Counter

from everything import aggregates, stored_events

from souvenir.kernel.aggregate import Aggregate, Created

MOVED = {"banking": "payments", "certificates": "editions", "draws": "editions"}
"""Rooms whose topics were first written in another room: a topic is for ever."""

TOPIC = re.compile(r"(?P<context>[a-z]+)\.(?P<name>[A-Z][a-zA-Z]+)")

AGGREGATES = aggregates()
EVENTS = stored_events()


def test_there_are_aggregates_in_several_contexts() -> None:
    assert len(AGGREGATES) > 10
    assert len(EVENTS) > 40


def test_every_aggregate_and_every_event_has_a_topic() -> None:
    assert [aggregate.__qualname__ for aggregate in AGGREGATES if "TOPIC" not in vars(aggregate)] == []
    assert [event.__qualname__ for _, event in EVENTS if not hasattr(event, "TOPIC")] == []


def test_a_topic_is_the_context_and_a_name() -> None:
    stored = [(cls.__module__, cls.TOPIC) for cls in [*AGGREGATES, *(event for _, event in EVENTS)]]
    assert [
        topic
        for module, topic in stored
        if not (match := TOPIC.fullmatch(topic))
        or match["context"] not in (room := module.split(".")[1], MOVED.get(room))
    ] == []


def test_no_two_things_share_a_topic() -> None:
    topics = Counter([aggregate.TOPIC for aggregate in AGGREGATES] + [event.TOPIC for _, event in EVENTS])
    assert {topic: count for topic, count in topics.items() if count > 1} == {}


def test_an_aggregate_begins_in_one_way_and_only_a_payment_in_two() -> None:
    begins = Counter(aggregate.TOPIC for aggregate, event in EVENTS if issubclass(event, Created))
    others = {aggregate.TOPIC: begins[aggregate.TOPIC] for aggregate in AGGREGATES if begins[aggregate.TOPIC] != 1}
    assert others == {"payments.Payment": 2}  # asked for, or taken over the counter


def test_events_are_immutable_and_take_no_unknown_field() -> None:
    assert [
        event.__qualname__
        for _, event in EVENTS
        if not event.model_config.get("frozen") or event.model_config.get("extra") != "forbid"
    ] == []


def test_no_event_holds_a_list() -> None:
    """A list inside a frozen event could still be changed; tuples cannot."""
    assert [
        f"{event.__qualname__}.{name}"
        for _, event in EVENTS
        for name, field in event.model_fields.items()
        if str(field.annotation).startswith("list[")
    ] == []


def test_a_stored_event_is_the_class_its_aggregate_declares() -> None:
    """None that the library derived from it: a shop has to build every one of them before it opens."""
    assert [event.TOPIC for _, event in EVENTS if event.__bases__[0] not in (Aggregate.Event, Created)] == []
