"""An edition is declared once, never grows, is allotted without overlap, and is released only when approved."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from souvenir.editions.allotment import AlreadyAllotted, NotAllottedHere, NumberOutsideRun
from souvenir.editions.counts import SizeCannotGrow, UnknownSpace, space_named
from souvenir.editions.edition import Edition, MalformedEdition
from souvenir.editions.terms import (
    EditionAlreadyReleased,
    EditionClosed,
    EditionNotApproved,
    EditionNotReleased,
    EditionPaused,
    HoldTooLong,
    NotForSale,
    NumberNotForChoosing,
)
from souvenir.kernel.errors import SouvenirError

NOON = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
SHOP, ONLINE = UUID(int=0x5A0), UUID(int=0xE0B)
NewEdition = Callable[..., Edition]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"size": 0, "reserved": ()}, "the size must be from 1 to 1000000"),
        ({"size": 1_000_001}, "the size must be from 1 to 1000000"),
        ({"reserved": (501,)}, "reserved numbers must lie within the run"),
        ({"longest_hold_minutes": 0}, "a hold must last at least one minute"),
    ],
)
def test_an_edition_nobody_could_make_is_refused(edition: NewEdition, changes: dict[str, object], reason: str):
    with pytest.raises(MalformedEdition, match=reason):
        edition(**changes)


def test_the_size_can_shrink_but_never_grow(edition: NewEdition):
    vase = edition()
    vase.reduce_to(400, "kiln accident")
    assert (vase.size, vase.reserved) == (400, (1,))
    with pytest.raises(SizeCannotGrow) as refusal:
        vase.reduce_to(401, "demand")
    assert refusal.value.facts == {"edition_id": vase.id, "size": 400, "asked": 401}


def test_numbers_that_were_allotted_are_not_cut_off(edition: NewEdition):
    vase = edition()
    vase.allot(SHOP, "numbered", 390, 410)
    with pytest.raises(AlreadyAllotted):
        vase.reduce_to(400, "kiln accident")
    vase.reduce_to(410, "kiln accident")
    assert vase.size == 410


def test_an_allotment_names_the_reserved_numbers_in_it(edition: NewEdition):
    vase = edition()
    vase.allot(SHOP, "numbered", 1, 300)
    (allotted,) = vase.collect_events()
    assert isinstance(allotted, Edition.Allotted)
    assert (allotted.first, allotted.last, allotted.reserved) == (1, 300, (1,))


def test_a_number_is_allotted_once(edition: NewEdition):
    vase = edition()
    vase.allot(SHOP, "numbered", 1, 300)
    with pytest.raises(AlreadyAllotted) as refusal:
        vase.allot(ONLINE, "numbered", 300, 500)
    assert (refusal.value.facts["first"], refusal.value.facts["last"]) == (1, 300)
    vase.allot(ONLINE, "AP", 1, 20)
    vase.allot(ONLINE, "numbered", 301, 500)


@pytest.mark.parametrize(
    ("space", "first", "last", "number", "highest"),
    [("numbered", 0, 10, 0, 500), ("numbered", 490, 501, 501, 500), ("AP", 1, 21, 21, 20), ("PP", 1, 1, 1, 0)],
)
def test_only_declared_numbers_are_allotted(
    edition: NewEdition, space: str, first: int, last: int, number: int, highest: int
):
    with pytest.raises(NumberOutsideRun) as refusal:
        edition().allot(SHOP, space_named(space), first, last)
    assert (refusal.value.facts["number"], refusal.value.facts["last"]) == (number, highest)


def test_a_range_that_runs_backwards_is_refused(edition: NewEdition):
    with pytest.raises(NumberOutsideRun):
        edition().allot(SHOP, "numbered", 20, 10)


def test_numbers_move_from_one_outlet_to_another_and_leave_the_rest(edition: NewEdition):
    vase = edition()
    vase.allot(SHOP, "numbered", 1, 300)
    vase.move("numbered", 101, 200, SHOP, ONLINE)
    ranges = sorted((mine.first, mine.last, mine.outlet_id) for mine in vase.allotments)
    assert ranges == [(1, 100, SHOP), (101, 200, ONLINE), (201, 300, SHOP)]


def test_only_what_an_outlet_has_can_be_moved_from_it(edition: NewEdition):
    vase = edition()
    vase.allot(SHOP, "numbered", 1, 300)
    with pytest.raises(NotAllottedHere):
        vase.move("numbered", 299, 301, SHOP, ONLINE)


def test_an_edition_that_needs_approval_is_not_released_without(edition: NewEdition):
    vase = edition(approval_required=True)
    with pytest.raises(EditionNotApproved):
        vase.release(NOON, NOON)
    vase.approve("FINAL-SAMPLE-7", date(2026, 9, 1))
    vase.release(NOON, NOON)
    assert vase.on_sale_from == NOON


def test_the_release_is_one_instant_and_stays(edition: NewEdition):
    vase = edition()
    vase.release(NOON, NOON)
    with pytest.raises(EditionAlreadyReleased):
        vase.release(NOON.replace(hour=13), NOON)


def test_a_piece_is_for_sale_from_the_instant_of_release_until_the_pause_and_the_close(edition: NewEdition):
    vase = edition()
    before = NOON.replace(hour=11, minute=59, second=59)
    with pytest.raises(EditionNotReleased) as never:
        vase.terms.must_be_on_sale("numbered", NOON)
    assert never.value.facts["on_sale_from"] is None
    vase.release(NOON, before)
    with pytest.raises(EditionNotReleased) as early:
        vase.terms.must_be_on_sale("numbered", before)
    assert early.value.facts["on_sale_from"] == NOON
    vase.terms.must_be_on_sale("numbered", NOON)
    with pytest.raises(NotForSale):
        vase.terms.must_be_on_sale("HC", NOON)
    vase.pause("price under review")
    with pytest.raises(EditionPaused, match="price under review"):
        vase.terms.must_be_on_sale("numbered", NOON)
    vase.resume()
    vase.terms.must_be_on_sale("numbered", NOON)
    vase.close("window over", date(2026, 10, 2))
    with pytest.raises(EditionClosed, match="window over"):
        vase.terms.must_be_on_sale("numbered", NOON)


@pytest.mark.parametrize(
    "decide",
    [
        lambda vase: vase.reduce_to(10, "less"),
        lambda vase: vase.approve("X", date(2026, 1, 1)),
        lambda vase: vase.allot(SHOP, "numbered", 1, 2),
        lambda vase: vase.move("numbered", 1, 2, SHOP, ONLINE),
        lambda vase: vase.release(NOON, NOON),
        lambda vase: vase.pause("why"),
        lambda vase: vase.resume(),
    ],
)
def test_a_closed_edition_never_changes_again(edition: NewEdition, decide: Callable[[Edition], None]):
    vase = edition()
    vase.close("withdrawn", date(2026, 10, 2))
    vase.collect_events()
    with pytest.raises(EditionClosed):
        decide(vase)
    assert vase.collect_events() == []


def test_asking_twice_records_nothing_new(edition: NewEdition):
    vase = edition()
    vase.allot(SHOP, "numbered", 1, 300)
    decisions: list[Callable[[], None]] = [
        lambda: vase.reduce_to(490, "kiln accident"),
        lambda: vase.approve("FINAL-SAMPLE-7", date(2026, 9, 1)),
        lambda: vase.allot(ONLINE, "numbered", 301, 400),
        lambda: vase.move("numbered", 301, 400, ONLINE, SHOP),
        lambda: vase.release(NOON, NOON),
        lambda: vase.pause("price under review"),
        lambda: vase.resume(),
        lambda: vase.close("sold out", date(2026, 10, 2)),
    ]
    vase.collect_events()
    for decide in decisions:
        decide()
        assert len(vase.collect_events()) == 1
        decide()
        assert vase.collect_events() == []


def test_a_hold_lasts_no_longer_than_the_edition_allows(edition: NewEdition):
    vase = edition(longest_hold_minutes=15)
    vase.terms.must_allow_hold(NOON, NOON.replace(minute=15))
    with pytest.raises(HoldTooLong) as refusal:
        vase.terms.must_allow_hold(NOON, NOON.replace(minute=15, second=1))
    assert refusal.value.facts["minutes"] == 15


def test_numbers_are_chosen_only_where_the_edition_says_so(edition: NewEdition):
    edition().terms.must_let_choose()
    with pytest.raises(NumberNotForChoosing, match="sequential"):
        edition(numbering="sequential").terms.must_let_choose()


def test_a_run_of_numbers_has_one_of_four_names():
    assert [space_named(name) for name in ("numbered", "AP", "PP", "HC")] == ["numbered", "AP", "PP", "HC"]
    with pytest.raises(UnknownSpace) as refusal:
        space_named("ap")
    assert isinstance(refusal.value, SouvenirError)
