"""A till leases numbers for its offline hours: nobody else sells them meanwhile, what it sold counts, the rest comes back."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

import pytest

from souvenir.editions.application import (
    Editions,
    Leases,
    NumberLeased,
    NumbersTaken,
    OnlyReservedLeft,
    sell_leased,
    sell_piece,
)
from souvenir.editions.lease import HolderRevoked, Lease, LeaseRefused, NumberNotLeased
from souvenir.editions.registers import PieceRegister
from souvenir.editions.views import availability, piece_status
from souvenir.eventlog import EventLog
from souvenir.eventlog.rebuild import differences
from souvenir.kernel.clock import SettableClock
from souvenir.processes.clear_piece import ClearPiece

EDITION, SHOP, ONLINE = UUID(int=0xED01), UUID(int=0x5A0), UUID(int=0xE0B)
TILL_3, ANNA, ORDER, OTHER_ORDER = UUID(int=3), UUID(int=0xA), UUID(int=1), UUID(int=2)
TODAY = date(2026, 10, 1)
InMinutes = Callable[[float], datetime]


@pytest.fixture
def leases(log: EventLog, declare: Callable[..., UUID]) -> Leases:
    """Six numbers at one shop."""
    editions = Editions(log)
    declare(editions, edition_id=EDITION, size=6)
    editions.allot(EDITION, SHOP, 1, 6)
    editions.release(EDITION)
    return Leases(log)


def counts(log: EventLog, at: datetime) -> dict[str, int]:
    with log.reading() as session:
        left = availability(session, EDITION, 6, at)
    return {status: left.count(status) for status in ("free", "held", "sold", "leased") if left.count(status)}


def sold(log: EventLog, lease: Lease, number: int, order: UUID = ORDER) -> bool:
    return log.execute(lambda tx: sell_leased(tx, lease.id, number, order, TODAY)).result


def test_leased_numbers_are_the_tills_alone(log: EventLog, leases: Leases, in_minutes: InMinutes):
    editions = Editions(log)
    lease = leases.grant(EDITION, SHOP, TILL_3, 4, in_minutes(60), device_is_revoked=False).result
    assert lease.numbers == (1, 2, 3, 4)
    assert counts(log, in_minutes(1)) == {"free": 2, "leased": 4}
    for take in (
        lambda: editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=2),
        lambda: log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", 2, ORDER, TODAY, outlet_id=SHOP)),
        lambda: ClearPiece(log).retire(EDITION, 2, "broken", "QC-1", TODAY),
    ):
        with pytest.raises(NumberLeased):
            take()
    with pytest.raises(NumbersTaken):
        editions.move(EDITION, SHOP, ONLINE, 1, 2)
    assert [editions.hold(EDITION, SHOP, ANNA, in_minutes(15)).result.number for _ in range(2)] == [5, 6]
    with pytest.raises(OnlyReservedLeft) as refusal:
        editions.hold(EDITION, SHOP, ANNA, in_minutes(15))
    assert refusal.value.facts["back_in_minutes"] == 15


def test_what_was_sold_offline_counts_once_and_the_rest_is_handed_in(
    log: EventLog, leases: Leases, in_minutes: InMinutes
):
    lease = leases.grant(EDITION, SHOP, TILL_3, 3, in_minutes(60), device_is_revoked=False).result
    assert [sold(log, lease, 2), sold(log, lease, 2)] == [True, True]
    head = log.head()
    assert sold(log, lease, 2)
    assert log.head() == head
    with pytest.raises(NumberNotLeased):
        sold(log, lease, 6)
    for _ in range(2):
        leases.hand_in(lease.id)
    assert counts(log, in_minutes(1)) == {"free": 5, "sold": 1}
    assert differences(log, PieceRegister()) == []


def test_unsold_numbers_come_back_by_the_clock_when_they_are_needed(
    log: EventLog, leases: Leases, at_noon: SettableClock, in_minutes: InMinutes
):
    editions = Editions(log)
    lease = leases.grant(
        EDITION, SHOP, TILL_3, 6, in_minutes(60), back_at=in_minutes(90), device_is_revoked=False
    ).result
    sold(log, lease, 1)
    at_noon.move_to(in_minutes(89))
    with pytest.raises(OnlyReservedLeft):
        editions.hold(EDITION, SHOP, ANNA, in_minutes(95))
    at_noon.move_to(in_minutes(90))
    assert editions.why_none(EDITION, SHOP) == ()
    assert editions.hold(EDITION, SHOP, ANNA, in_minutes(95)).result.number == 2
    assert log.load(Lease, lease.id).ended == "expired"
    assert differences(log, PieceRegister()) == []


def test_a_late_report_counts_while_the_number_is_free_and_is_a_case_when_it_is_not(
    log: EventLog, leases: Leases, at_noon: SettableClock, in_minutes: InMinutes
):
    lease = leases.grant(EDITION, SHOP, TILL_3, 6, in_minutes(60), device_is_revoked=False).result
    at_noon.move_to(in_minutes(60))
    Editions(log).hold(EDITION, SHOP, ANNA, in_minutes(75))
    log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", 1, OTHER_ORDER, TODAY, ANNA, outlet_id=SHOP))
    assert sold(log, lease, 5)
    assert not sold(log, lease, 1)
    assert not sold(log, lease, 1)
    assert log.load(Lease, lease.id).disputed == ((1, ORDER),)
    assert counts(log, in_minutes(61)) == {"free": 4, "sold": 2}


@pytest.mark.parametrize("on_record", [False, True])
def test_what_another_lease_had_may_be_reported_or_moved_as_soon_as_that_is_over(
    log: EventLog, leases: Leases, at_noon: SettableClock, in_minutes: InMinutes, on_record: bool
):
    first = leases.grant(EDITION, SHOP, TILL_3, 6, in_minutes(60), device_is_revoked=False).result
    leases.hand_in(first.id)
    leases.grant(EDITION, SHOP, UUID(int=4), 6, in_minutes(60), device_is_revoked=False)
    at_noon.move_to(in_minutes(59))
    assert not sold(log, first, 1, UUID(int=11))
    at_noon.move_to(in_minutes(60))
    if on_record:
        leases.let_end()
    assert sold(log, first, 2, UUID(int=12))
    Editions(log).move(EDITION, SHOP, ONLINE, 3, 6)
    assert differences(log, PieceRegister()) == []


def test_a_late_report_of_a_number_that_another_outlet_has_by_now_is_counted_there(
    log: EventLog, leases: Leases, at_noon: SettableClock, in_minutes: InMinutes
):
    lease = leases.grant(EDITION, SHOP, TILL_3, 6, in_minutes(60), device_is_revoked=False).result
    leases.hand_in(lease.id)
    Editions(log).move(EDITION, SHOP, ONLINE, 5, 6)
    assert sold(log, lease, 5)
    with log.reading() as session:
        by_outlet = {one.outlet_id: one for one in availability(session, EDITION, 6, in_minutes(1)).outlets}
    assert (by_outlet[SHOP].free, by_outlet[SHOP].sold) == (4, 0)
    assert (by_outlet[ONLINE].free, by_outlet[ONLINE].sold) == (1, 1)


def test_a_lease_asked_for_twice_is_one_lease(log: EventLog, leases: Leases, in_minutes: InMinutes):
    asked = {"device_is_revoked": False, "lease_id": UUID(int=77)}
    first = leases.grant(EDITION, SHOP, TILL_3, 2, in_minutes(60), **asked).result
    head = log.head()
    assert leases.grant(EDITION, SHOP, TILL_3, 2, in_minutes(60), **asked).result.numbers == first.numbers
    assert log.head() == head


def test_a_lease_nobody_should_have_is_refused(log: EventLog, leases: Leases, in_minutes: InMinutes):
    head = log.head()
    with pytest.raises(HolderRevoked):
        leases.grant(EDITION, SHOP, TILL_3, 2, in_minutes(60), device_is_revoked=True)
    for numbers, until in ((0, 60), (501, 60), (2, 0), (2, 60 * 24 * 8)):
        with pytest.raises(LeaseRefused):
            leases.grant(EDITION, SHOP, TILL_3, numbers, in_minutes(until), device_is_revoked=False)
    with pytest.raises(LeaseRefused):
        leases.grant(EDITION, SHOP, TILL_3, 2, in_minutes(60), back_at=in_minutes(59), device_is_revoked=False)
    assert log.head() == head


def test_a_number_whose_lease_is_over_is_seen_as_free_and_may_be_chosen_at_once(
    log: EventLog, leases: Leases, at_noon: SettableClock, in_minutes: InMinutes
):
    lease = leases.grant(EDITION, SHOP, TILL_3, 4, in_minutes(60), device_is_revoked=False).result
    at_noon.move_to(in_minutes(60))
    assert counts(log, in_minutes(60)) == {"free": 6}
    with log.reading() as session:
        assert piece_status(session, EDITION, 3, in_minutes(60)) == "free"
    assert Editions(log).hold(EDITION, SHOP, ANNA, in_minutes(70), number=3).result.number == 3
    log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", 4, ORDER, TODAY, outlet_id=SHOP))
    assert log.load(Lease, lease.id).ended == "expired"
    assert counts(log, in_minutes(61)) == {"free": 4, "held": 1, "sold": 1}
    assert differences(log, PieceRegister()) == []


def test_leases_that_are_over_are_ended_without_anybody_asking_for_their_numbers(
    log: EventLog, leases: Leases, at_noon: SettableClock, in_minutes: InMinutes
):
    over = leases.grant(EDITION, SHOP, TILL_3, 2, in_minutes(60), device_is_revoked=False).result
    runs_on = leases.grant(EDITION, SHOP, TILL_3, 2, in_minutes(120), device_is_revoked=False).result
    at_noon.move_to(in_minutes(60))
    assert [leases.let_end(), leases.let_end()] == [1, 0]
    assert (log.load(Lease, over.id).ended, log.load(Lease, runs_on.id).ended) == ("expired", None)
    assert counts(log, in_minutes(60)) == {"free": 4, "leased": 2}
