"""A matched set is one piece of several editions: whatever is tried, number 3 of its parts is where number 3 of it is."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from souvenir.editions.application import (
    Editions,
    Leases,
    put_back,
    release_hold,
    retire_piece,
    return_piece,
    sell_piece,
    take_next,
    take_number,
)
from souvenir.editions.counts import Proofs
from souvenir.editions.edition import Edition, MalformedEdition
from souvenir.editions.matched_set import NotFitForSet, PartOfSet
from souvenir.editions.piece import Piece, piece_id
from souvenir.editions.registers import PieceRegister
from souvenir.editions.views import availability, piece_status
from souvenir.eventlog import EventLog
from souvenir.eventlog.rebuild import differences
from souvenir.kernel import clock
from souvenir.kernel.errors import NotFound, SouvenirError

NOON, TODAY = datetime(2026, 10, 1, 12, 0, tzinfo=UTC), date(2026, 10, 1)
SPRING, AUTUMN, SEASONS, SHOP = UUID(int=0x51), UUID(int=0x52), UUID(int=0x5E7), UUID(int=0x5A0)
PARTS, SIZE = (SPRING, AUTUMN), 4


def declare(editions: Editions, edition: UUID, **facts: object) -> UUID:
    made = {"product_id": UUID(int=9), "gtin": "6901234567892", "title": {"en": "Vase"}, "size": SIZE}
    return editions.declare(edition_id=edition, **{**made, **facts}).result  # type: ignore[arg-type]


@pytest.fixture
def seasons(log: EventLog) -> Editions:
    """Spring and autumn, four of each, on sale together."""
    editions = Editions(log)
    for part in PARTS:
        declare(editions, part)
    declare(editions, SEASONS, parts=PARTS)
    editions.allot(SEASONS, SHOP, 1, SIZE)
    editions.release(SEASONS)
    return editions


def test_number_three_of_each_part_is_where_number_three_of_the_set_is(log: EventLog, seasons: Editions):
    seasons.hold(SEASONS, SHOP, UUID(int=1), NOON + timedelta(minutes=15), number=3)
    with log.reading() as session:
        assert [piece_status(session, part, 3, NOON) for part in (*PARTS, SEASONS)] == ["held"] * 3
        left = availability(session, SPRING, SIZE, NOON)
    assert (left.count("held"), left.count("free"), left.unallotted) == (1, 3, 0)
    assert differences(log, PieceRegister()) == []


def test_parts_and_a_predecessor_were_declared_before(log: EventLog, seasons: Editions):
    head = log.head()
    for facts in ({"parts": (UUID(int=404), UUID(int=405))}, {"predecessor": UUID(int=404)}):
        with pytest.raises(NotFound):
            declare(seasons, UUID(int=0x5E8), **facts)
    assert log.head() == head
    second = declare(seasons, UUID(int=0x5E8), predecessor=SEASONS)
    assert log.load(Edition, second).predecessor == SEASONS


@pytest.mark.parametrize(
    "attempt",
    [
        lambda e, log: e.allot(SPRING, SHOP, 1, SIZE),
        lambda e, log: e.release(SPRING),
        lambda e, log: e.reduce(SPRING, 3, "mould broke"),
        lambda e, log: e.close(SPRING, "enough", TODAY),
        lambda e, log: e.seal(SPRING, TODAY),
        lambda e, log: e.hold(SPRING, SHOP, UUID(int=1), NOON + timedelta(minutes=5)),
        lambda e, log: e.hold(SPRING, SHOP, UUID(int=1), NOON + timedelta(minutes=5), number=2),
        lambda e, log: Leases(log).grant(
            SPRING, SHOP, UUID(int=1), 2, NOON + timedelta(hours=1), device_is_revoked=False
        ),
        lambda e, log: log.execute(lambda tx: retire_piece(tx, SPRING, "numbered", 2, "chipped", "photo", TODAY)),
    ],
)
def test_a_part_is_neither_sold_nor_changed_alone(log: EventLog, seasons: Editions, attempt):
    head = log.head()
    with pytest.raises(PartOfSet) as refusal:
        attempt(seasons, log)
    assert refusal.value.facts == {"edition_id": SPRING, "set_id": SEASONS}
    assert log.head() == head
    assert [type(why) for why in seasons.why_none(SPRING, SHOP)] == [PartOfSet]


def test_the_parts_shrink_close_and_are_counted_with_their_set(log: EventLog, seasons: Editions):
    declare(seasons, UUID(int=1), size=6)
    declare(seasons, UUID(int=2), size=6)
    pair = declare(seasons, UUID(int=3), size=6, parts=(UUID(int=1), UUID(int=2)))
    seasons.allot(pair, SHOP, 1, 4)
    seasons.reduce(pair, 5, "one broke in the kiln")
    seasons.close(pair, "season over", TODAY)
    seasons.seal(pair, TODAY)
    whole, part = log.load(Edition, pair), log.load(Edition, UUID(int=2))
    assert (part.size, part.closed_because, part.sealed) == (5, "season over", whole.sealed)
    head = log.head()
    seasons.close(pair, "season over", TODAY)
    assert log.head() == head


def test_declaring_a_set_again_records_nothing_new(log: EventLog, seasons: Editions):
    head = log.head()
    declare(seasons, SEASONS, parts=PARTS)
    assert log.head() == head


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"parts": (SPRING,)}, "2 to 50 parts"),
        ({"parts": (SPRING, SPRING)}, "different editions"),
        ({"parts": (SPRING, UUID(int=77))}, "none is the set"),
    ],
)
def test_a_set_of_one_of_doubles_or_of_itself_is_refused(log: EventLog, facts, reason):
    editions = Editions(log)
    declare(editions, SPRING)
    head = log.head()
    with pytest.raises(MalformedEdition, match=reason):
        declare(editions, UUID(int=77), **facts)
    assert log.head() == head


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"size": 5}, "same size"),
        ({"proofs": Proofs(artists=1)}, "as many proofs"),
    ],
)
def test_parts_that_do_not_match_are_refused_and_the_first_stays_free(log: EventLog, other, reason):
    editions = Editions(log)
    declare(editions, SPRING)
    declare(editions, AUTUMN, **other)
    head = log.head()
    with pytest.raises(NotFitForSet, match=reason):
        declare(editions, SEASONS, parts=PARTS)
    assert (log.head(), log.load(Edition, SPRING).set_id) == (head, None)


def test_what_is_sold_alone_or_in_another_set_joins_none(log: EventLog, seasons: Editions):
    declare(seasons, UUID(int=1))
    for taken, reason in ((SPRING, "another set"), (SEASONS, "a set itself")):
        with pytest.raises(NotFitForSet, match=reason):
            declare(seasons, UUID(int=2), parts=(UUID(int=1), taken))
    seasons.allot(UUID(int=1), SHOP, 1, 1)
    declare(seasons, UUID(int=4))
    with pytest.raises(NotFitForSet, match="were allotted"):
        declare(seasons, UUID(int=2), parts=(UUID(int=4), UUID(int=1)))


numbers, holders = st.integers(1, SIZE), st.integers(1, 2).map(lambda n: UUID(int=n))
editions_of_all = st.sampled_from([SPRING, AUTUMN, SEASONS])


class NeverBroken(RuleBasedStateMachine):
    """Anything is tried with the set and its parts alike; a refusal is an answer, a broken set is not."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = clock.SettableClock(NOON)
        self.previous = clock.use(self.clock)
        self.log = EventLog.open("sqlite://", registers=(PieceRegister(),))
        self.editions = Editions(self.log)
        for part in PARTS:
            declare(self.editions, part)
        declare(self.editions, SEASONS, parts=PARTS)
        self.editions.allot(SEASONS, SHOP, 1, SIZE - 1)
        self.editions.release(SEASONS)
        self.orders = 0

    def teardown(self) -> None:
        self.log.close()
        clock.use(self.previous)

    def attempt(self, command) -> None:
        try:
            self.log.execute(command)
        except SouvenirError:
            return

    @rule(edition=editions_of_all, holder=holders, number=st.none() | numbers)
    def hold(self, edition: UUID, holder: UUID, number: int | None) -> None:
        until = self.clock() + timedelta(minutes=10)
        if number is None:
            self.attempt(lambda tx: take_next(tx, edition, SHOP, holder, until).number)
        else:
            self.attempt(lambda tx: take_number(tx, edition, SHOP, number, holder, until).number)

    @rule(edition=editions_of_all, holder=holders, number=numbers)
    def let_go(self, edition: UUID, holder: UUID, number: int) -> None:
        self.attempt(lambda tx: release_hold(tx, edition, "numbered", number, holder))

    @rule(edition=editions_of_all, holder=st.none() | holders, number=numbers)
    def sell(self, edition: UUID, holder: UUID | None, number: int) -> None:
        self.orders += 1
        order = UUID(int=1000 + self.orders)
        self.attempt(
            lambda tx: sell_piece(tx, edition, "numbered", number, order, TODAY, holder, outlet_id=SHOP).number
        )

    @rule(edition=editions_of_all, number=numbers)
    def bring_back(self, edition: UUID, number: int) -> None:
        def command(tx) -> None:
            piece = tx.find(Piece, piece_id(edition, "numbered", number))
            order = piece.order_id if piece and piece.order_id else UUID(int=1)
            return_piece(tx, edition, "numbered", number, order, UUID(int=self.orders), TODAY)

        self.attempt(command)

    @rule(edition=editions_of_all, number=numbers)
    def free(self, edition: UUID, number: int) -> None:
        self.attempt(lambda tx: put_back(tx, edition, "numbered", number))

    @rule(edition=editions_of_all, number=numbers)
    def retire(self, edition: UUID, number: int) -> None:
        self.attempt(lambda tx: retire_piece(tx, edition, "numbered", number, "chipped", "photo", TODAY))

    @rule(edition=editions_of_all)
    def allot_the_last(self, edition: UUID) -> None:
        try:
            self.editions.allot(edition, SHOP, SIZE, SIZE)
        except SouvenirError:
            return

    @rule(minutes=st.integers(1, 15))
    def time_passes(self, minutes: int) -> None:
        self.clock.move_to(self.clock() + timedelta(minutes=minutes))

    @invariant()
    def no_set_is_broken(self) -> None:
        with self.log.reading() as session:
            for number in range(1, SIZE + 1):
                where = {piece_status(session, edition, number, self.clock()) for edition in (*PARTS, SEASONS)}
                assert len(where) == 1, f"number {number} is {where}"
            counts = {str(availability(session, edition, SIZE, self.clock()).outlets) for edition in (*PARTS, SEASONS)}
            assert len(counts) == 1
            alone = session.rows("SELECT 1 FROM pieces WHERE edition_id IN (?, ?)", str(SPRING), str(AUTUMN))
        assert alone == []


NeverBroken.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestNeverBroken = NeverBroken.TestCase
