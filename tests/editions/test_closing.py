"""What an outlet did not sell flows back; a closed edition is sealed with its final counts, once nothing moves."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

import pytest

from souvenir.editions.application import Editions, Leases, return_piece, sell_leased, sell_piece
from souvenir.editions.counts import EditionNotClosed, EditionStillMoving, FinalCount, Proofs
from souvenir.editions.edition import Edition
from souvenir.editions.lease import Lease
from souvenir.editions.registers import PieceRegister
from souvenir.editions.views import availability
from souvenir.eventlog import EventLog
from souvenir.eventlog.rebuild import differences
from souvenir.kernel.clock import SettableClock
from souvenir.processes.clear_piece import ClearPiece

EDITION, SHOP, ONLINE = UUID(int=0xED01), UUID(int=0x5A0), UUID(int=0xE0B)
ANNA, BO, TODAY = UUID(int=0xA), UUID(int=0xB), date(2026, 10, 1)
InMinutes = Callable[[float], datetime]


@pytest.fixture
def editions(log: EventLog, declare: Callable[..., UUID]) -> Editions:
    """Ten at the shop (1 reserved): 3 sold, 5 held, 8 retired; and two artist's proofs nobody was given."""
    editions = Editions(log)
    declare(editions, edition_id=EDITION, size=10, reserved=(1,), proofs=Proofs(artists=2))
    editions.allot(EDITION, SHOP, 1, 10)
    editions.release(EDITION)
    log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", 3, UUID(int=1), TODAY, outlet_id=SHOP))
    ClearPiece(log).retire(EDITION, 8, "broken", "QC-1", TODAY)
    return editions


def test_unsold_numbers_flow_back_around_those_that_are_taken(log: EventLog, editions: Editions, in_minutes: InMinutes):
    editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=5)
    assert editions.flow_back(EDITION, SHOP, ONLINE).result == 6
    head = log.head()
    assert editions.flow_back(EDITION, SHOP, ONLINE).result == 0
    assert log.head() == head
    ranges = {(mine.first, mine.last) for mine in log.load(Edition, EDITION).allotments if mine.outlet_id == ONLINE}
    assert ranges == {(2, 2), (4, 4), (6, 7), (9, 10)}
    with log.reading() as session:
        left = availability(session, EDITION, 10, in_minutes(1))
    assert (left.count("free", ONLINE), left.count("free", SHOP), left.count("held", SHOP)) == (6, 0, 1)
    assert differences(log, PieceRegister()) == []


def test_a_hold_that_lapsed_moves_and_is_taken_at_its_new_place(
    log: EventLog, editions: Editions, at_noon: SettableClock, in_minutes: InMinutes
):
    editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=5)
    at_noon.move_to(in_minutes(15))
    editions.move(EDITION, SHOP, ONLINE, 4, 6)
    assert editions.hold(EDITION, ONLINE, BO, in_minutes(30), number=5).result.held_at == ONLINE
    assert differences(log, PieceRegister()) == []


def test_final_counts_are_published_once_and_say_what_became_of_every_number(
    log: EventLog, editions: Editions, at_noon: SettableClock, in_minutes: InMinutes
):
    editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=5)
    with pytest.raises(EditionNotClosed):
        editions.seal(EDITION, TODAY)
    editions.close(EDITION, "window over", TODAY)
    head = log.head()
    with pytest.raises(EditionStillMoving) as refusal:
        editions.seal(EDITION, TODAY)
    assert (refusal.value.facts["moving"], log.head()) == (1, head)
    at_noon.move_to(in_minutes(15))
    counts = editions.seal(EDITION, TODAY).result
    assert (
        counts
        == (
            FinalCount(space="numbered", authorised=10, sold=1, retired=1, unsold=8),
            FinalCount(space="AP", authorised=2, sold=0, retired=0, unsold=2),
        )[: len(counts)]
    )
    assert editions.seal(EDITION, TODAY).result == counts
    assert log.head() == head + 1


def test_a_lease_that_is_over_by_the_clock_does_not_hold_up_the_count(
    log: EventLog, editions: Editions, at_noon: SettableClock, in_minutes: InMinutes
):
    Leases(log).grant(EDITION, SHOP, UUID(int=3), 2, in_minutes(60), device_is_revoked=False)
    editions.close(EDITION, "window over", TODAY)
    with pytest.raises(EditionStillMoving):
        editions.seal(EDITION, TODAY)
    at_noon.move_to(in_minutes(60))
    assert editions.seal(EDITION, TODAY).result[0].unsold == 8


def published(log: EventLog) -> tuple[int, int, int, tuple[str, ...]]:
    edition = log.load(Edition, EDITION)
    count = edition.sealed[0]
    assert count.authorised == 10 == count.sold + count.retired + count.unsold
    return count.sold, count.retired, count.unsold, edition.recounts


def test_what_becomes_of_a_piece_after_the_sealing_corrects_the_published_counts(
    log: EventLog, editions: Editions, at_noon: SettableClock, in_minutes: InMinutes
):
    lease: Lease = Leases(log).grant(EDITION, SHOP, UUID(int=3), 2, in_minutes(60), device_is_revoked=False).result
    at_noon.move_to(in_minutes(60))
    editions.close(EDITION, "window over", TODAY)
    editions.seal(EDITION, TODAY)
    assert published(log) == (1, 1, 8, ())

    def report() -> bool:
        return log.execute(lambda tx: sell_leased(tx, lease.id, 4, UUID(int=2), TODAY)).result

    assert report()
    late = "the sale of number 4 (numbered) was reported late"
    assert published(log) == (2, 1, 7, (late,))
    head = log.head()
    assert report()
    assert log.head() == head
    log.execute(lambda tx: return_piece(tx, EDITION, "numbered", 3, UUID(int=1), UUID(int=99), TODAY))
    assert published(log) == (1, 1, 8, (late, "number 3 (numbered) came back"))
    ClearPiece(log).retire(EDITION, 9, "broken", "QC-2", TODAY)
    assert published(log) == (1, 2, 7, (late, "number 3 (numbered) came back", "number 9 (numbered) was retired"))
    assert editions.seal(EDITION, TODAY).result == log.load(Edition, EDITION).sealed


def test_a_number_that_was_destroyed_before_anybody_had_it_is_cut_off_with_its_run(
    log: EventLog, declare: Callable[..., UUID], in_minutes: InMinutes
):
    editions = Editions(log)
    declare(editions, edition_id=EDITION, size=10)
    ClearPiece(log).retire(EDITION, 10, "broken", "QC-1", TODAY)
    editions.reduce(EDITION, 9, "the mould broke")
    with log.reading() as session:
        left = availability(session, EDITION, 9, in_minutes(1))
    assert (left.unallotted, left.count("retired")) == (9, 0)
    editions.close(EDITION, "withdrawn", TODAY)
    assert editions.seal(EDITION, TODAY).result[0] == FinalCount(
        space="numbered", authorised=9, sold=0, retired=0, unsold=9
    )
    assert differences(log, PieceRegister()) == []


def test_what_lapsed_flows_back_too_whether_or_not_anybody_noted_it(
    log: EventLog, editions: Editions, at_noon: SettableClock, in_minutes: InMinutes
):
    editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=5)
    Leases(log).grant(EDITION, SHOP, UUID(int=3), 2, in_minutes(15), device_is_revoked=False)
    at_noon.move_to(in_minutes(15))
    assert editions.flow_back(EDITION, SHOP, ONLINE).result == 7
    assert differences(log, PieceRegister()) == []
