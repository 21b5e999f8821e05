"""Pieces are held, sold, returned and counted through one log; a refusal says why and leaves nothing behind."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

import pytest

from souvenir.certificates.certificate import CertificateNotRevoked
from souvenir.certificates.registers import CertificateRegister
from souvenir.editions.allotment import NotAllottedHere, NumberOutsideRun
from souvenir.editions.application import (
    Editions,
    EditionSoldOut,
    NoneLeftHere,
    NumberReserved,
    NumbersTaken,
    OnlyReservedLeft,
    return_piece,
    sell_piece,
    take_next,
    take_number,
)
from souvenir.editions.counts import Proofs
from souvenir.editions.edition import EditionAlreadyDeclared
from souvenir.editions.piece import HoldExpired, Piece, PieceAlreadySold, PieceHeldBySomeoneElse, PieceReturned
from souvenir.editions.registers import PieceRegister
from souvenir.editions.terms import (
    EditionClosed,
    EditionNotReleased,
    EditionPaused,
    HoldTooLong,
    NumberNotForChoosing,
)
from souvenir.editions.views import EditionList, availability, piece_status
from souvenir.eventlog import EventLog, Followers
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.errors import NotFound, SouvenirError
from souvenir.kernel.identifiers import MalformedGtin
from souvenir.processes.clear_piece import ClearPiece, put_back

EDITION = UUID("00000000-0000-0000-0000-00000000ed01")
SHOP, ONLINE, PARK = UUID(int=0x5A0), UUID(int=0xE0B), UUID(int=0x9A)
ANNA, BO = UUID(int=0xA), UUID(int=0xB)
ORDER, OTHER_ORDER, RETURN = UUID(int=1), UUID(int=2), UUID(int=99)
TODAY = date(2026, 10, 1)
InMinutes = Callable[[float], datetime]
Declare = Callable[..., UUID]


def sell(log: EventLog, number: int, order_id: UUID = ORDER, holder: UUID | None = None) -> None:
    outlet = SHOP if number <= 300 else ONLINE
    log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", number, order_id, TODAY, holder, outlet_id=outlet))


def status_of(log: EventLog, number: int, at: datetime) -> str | None:
    with log.reading() as session:
        return piece_status(session, EDITION, number, at)


def small_edition(log: EventLog, declare: Declare, **changes: object) -> Editions:
    """Three pieces at the shop and one online."""
    editions = Editions(log)
    declare(editions, size=4, **changes)
    editions.allot(EDITION, SHOP, 1, 3)
    editions.allot(EDITION, ONLINE, 4, 4)
    editions.release(EDITION)
    return editions


def test_the_next_piece_is_the_lowest_free_number_of_the_outlet(editions: Editions, in_minutes: InMinutes):
    first = editions.hold(EDITION, SHOP, ANNA, in_minutes(15)).result
    second = editions.hold(EDITION, SHOP, BO, in_minutes(15)).result
    web = editions.hold(EDITION, ONLINE, BO, in_minutes(15)).result
    assert (first.number, second.number, web.number) == (2, 3, 301)


def test_a_chosen_number_is_held_for_one(editions: Editions, in_minutes: InMinutes):
    editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=17)
    with pytest.raises(PieceHeldBySomeoneElse) as refusal:
        editions.hold(EDITION, SHOP, BO, in_minutes(15), number=17)
    assert refusal.value.facts["until"] == in_minutes(15)


def test_a_hold_past_its_deadline_counts_as_free_without_any_job(
    log: EventLog, declare: Declare, at_noon: SettableClock, in_minutes: InMinutes
):
    editions = small_edition(log, declare)
    for holder in range(3):
        editions.hold(EDITION, SHOP, UUID(int=holder), in_minutes(10 + holder))
    at_noon.move_to(in_minutes(11))
    assert status_of(log, 1, in_minutes(11)) == "free"
    assert editions.hold(EDITION, SHOP, ANNA, in_minutes(30)).result.number == 1
    assert editions.hold(EDITION, SHOP, ANNA, in_minutes(30)).result.number == 2
    with pytest.raises(OnlyReservedLeft) as refusal:
        editions.hold(EDITION, SHOP, BO, in_minutes(30))
    assert refusal.value.facts == {"edition_id": EDITION, "outlet_id": SHOP, "back_in_minutes": 1}


def test_a_released_hold_frees_the_number(editions: Editions, in_minutes: InMinutes):
    editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=17)
    editions.release_hold(EDITION, 17, ANNA)
    editions.release_hold(EDITION, 17, ANNA)
    assert editions.hold(EDITION, SHOP, BO, in_minutes(15), number=17).result.holder == BO


def test_releasing_what_nobody_touched_records_nothing(log: EventLog, editions: Editions):
    before = log.head()
    editions.release_hold(EDITION, 40, ANNA)
    assert log.head() == before


def test_a_held_number_is_sold_to_its_holder(log: EventLog, editions: Editions, in_minutes: InMinutes):
    editions.hold(EDITION, ONLINE, ANNA, in_minutes(15), number=317)
    sell(log, 317, holder=ANNA)
    sell(log, 317, holder=ANNA)
    assert status_of(log, 317, in_minutes(60)) == "sold"
    with pytest.raises(PieceAlreadySold):
        editions.hold(EDITION, ONLINE, BO, in_minutes(15), number=317)


def test_a_payment_after_the_deadline_is_refused_and_the_number_is_free(
    log: EventLog, editions: Editions, at_noon: SettableClock, in_minutes: InMinutes
):
    editions.hold(EDITION, ONLINE, ANNA, in_minutes(15), number=317)
    at_noon.move_to(in_minutes(15))
    with pytest.raises(HoldExpired):
        sell(log, 317, holder=ANNA)
    assert status_of(log, 317, in_minutes(15)) == "free"


def test_the_till_sells_directly_what_is_free_and_allotted_to_it(log: EventLog, editions: Editions):
    sell(log, 88)
    with pytest.raises(PieceAlreadySold):
        sell(log, 88, OTHER_ORDER)
    with pytest.raises(NotAllottedHere) as refusal:
        log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", 317, ORDER, TODAY, outlet_id=SHOP))
    assert refusal.value.facts == {"edition_id": EDITION, "outlet_id": SHOP, "number": 317}


def test_a_reserved_number_is_not_given_away(log: EventLog, editions: Editions, in_minutes: InMinutes):
    with pytest.raises(NumberReserved):
        editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=1)
    with pytest.raises(NumberReserved):
        sell(log, 500)


def test_sold_out_says_whether_it_is_here_held_or_everywhere(
    log: EventLog, declare: Declare, at_noon: SettableClock, in_minutes: InMinutes
):
    editions = small_edition(log, declare)
    for number in (1, 2, 3):
        sell(log, number, UUID(int=number))
    with pytest.raises(NoneLeftHere):
        editions.hold(EDITION, SHOP, ANNA, in_minutes(15))
    editions.hold(EDITION, ONLINE, BO, in_minutes(12))
    with pytest.raises(OnlyReservedLeft) as held:
        editions.hold(EDITION, ONLINE, ANNA, in_minutes(15))
    assert held.value.facts["back_in_minutes"] == 12
    log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", 4, ORDER, TODAY, BO, outlet_id=ONLINE))
    with pytest.raises(EditionSoldOut) as gone:
        editions.hold(EDITION, SHOP, ANNA, in_minutes(15))
    assert gone.value.facts == {"edition_id": EDITION, "size": 4}


REFUSED: list[tuple[type[SouvenirError], Callable[[Editions, InMinutes], object]]] = [
    (NumberOutsideRun, lambda e, at: e.hold(EDITION, SHOP, ANNA, at(15), number=501)),
    (NumberOutsideRun, lambda e, at: e.hold(EDITION, SHOP, ANNA, at(15), number=0)),
    (NumberOutsideRun, lambda e, at: e.release_hold(EDITION, 501, ANNA)),
    (NotAllottedHere, lambda e, at: e.hold(EDITION, SHOP, ANNA, at(15), number=301)),
    (NotAllottedHere, lambda e, at: e.hold(EDITION, PARK, ANNA, at(15))),
    (NotAllottedHere, lambda e, at: e.hold(EDITION, SHOP, ANNA, at(15), number=5, space="AP")),
    (HoldTooLong, lambda e, at: e.hold(EDITION, SHOP, ANNA, at(120.1), number=17)),
    (NotFound, lambda e, at: e.hold(UUID(int=404), SHOP, ANNA, at(15))),
    (EditionAlreadyDeclared, lambda e, at: e.declare(
        edition_id=EDITION, product_id=UUID(int=5), gtin="6901234567892", title={"en": "Vase"}, size=501)),
    (MalformedGtin, lambda e, at: e.declare(
        product_id=UUID(int=5), gtin="6901234567893", title={"en": "Vase"}, size=500)),
    (NumbersTaken, lambda e, at: (e.hold(EDITION, SHOP, BO, at(15), number=250), e.move(
        EDITION, SHOP, ONLINE, 240, 260))),
]  # fmt: skip


@pytest.mark.parametrize(("refusal", "ask"), REFUSED)
def test_a_refusal_is_typed_and_records_nothing(
    log: EventLog,
    editions: Editions,
    in_minutes: InMinutes,
    refusal: type[SouvenirError],
    ask: Callable[[Editions, InMinutes], object],
):
    with log.reading() as session:
        before = session.rows("SELECT * FROM pieces WHERE status = 'free' ORDER BY edition_id, space, number")
    heads = log.head()
    with pytest.raises(refusal):
        ask(editions, in_minutes)
    if refusal is NumbersTaken:  # the hold before it stands
        assert log.head() == heads + 2
        return
    assert log.head() == heads
    with log.reading() as session:
        assert before == session.rows("SELECT * FROM pieces WHERE status = 'free' ORDER BY edition_id, space, number")


def test_a_pause_and_a_close_stop_new_holds_but_honour_live_ones(
    log: EventLog, editions: Editions, in_minutes: InMinutes
):
    editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=17)
    editions.pause(EDITION, "price under review")
    with pytest.raises(EditionPaused):
        editions.hold(EDITION, SHOP, BO, in_minutes(15))
    assert editions.hold(EDITION, SHOP, ANNA, in_minutes(20), number=17).result.held_until == in_minutes(20)
    editions.close(EDITION, "window over", TODAY)
    with pytest.raises(EditionClosed):
        sell(log, 18)
    sell(log, 17, holder=ANNA)
    assert status_of(log, 17, in_minutes(1)) == "sold"


def test_nothing_is_sold_before_the_release(
    log: EventLog, declare: Declare, at_noon: SettableClock, in_minutes: InMinutes
):
    editions = Editions(log)
    declare(editions)
    editions.allot(EDITION, SHOP, 1, 10)
    editions.release(EDITION, in_minutes(60))
    with pytest.raises(EditionNotReleased) as refusal:
        editions.hold(EDITION, SHOP, ANNA, in_minutes(70))
    assert refusal.value.facts["on_sale_from"] == in_minutes(60)
    at_noon.move_to(in_minutes(60))
    assert editions.hold(EDITION, SHOP, ANNA, in_minutes(70)).result.number == 1


def test_numbers_given_in_order_are_not_chosen_but_may_be_held_longer(
    log: EventLog, declare: Declare, in_minutes: InMinutes
):
    editions = small_edition(log, declare, numbering="sequential")
    with pytest.raises(NumberNotForChoosing):
        editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=3)
    assert editions.hold(EDITION, SHOP, ANNA, in_minutes(15)).result.number == 1
    assert editions.hold(EDITION, SHOP, ANNA, in_minutes(20), number=1).result.held_until == in_minutes(20)


def test_a_hold_is_extended_up_to_the_ceiling_counted_from_its_beginning(
    editions: Editions, at_noon: SettableClock, in_minutes: InMinutes
):
    editions.hold(EDITION, SHOP, ANNA, in_minutes(90), number=17)
    at_noon.move_to(in_minutes(60))
    editions.hold(EDITION, SHOP, ANNA, in_minutes(120), number=17)
    with pytest.raises(HoldTooLong):
        editions.hold(EDITION, SHOP, ANNA, in_minutes(121), number=17)


def test_random_numbers_come_from_the_free_ones_until_all_are_gone(
    log: EventLog, declare: Declare, in_minutes: InMinutes
):
    editions = small_edition(log, declare, numbering="random")
    given = {editions.hold(EDITION, SHOP, ANNA, in_minutes(15)).result.number for _ in range(3)}
    assert given == {1, 2, 3}
    with pytest.raises(OnlyReservedLeft):
        editions.hold(EDITION, SHOP, BO, in_minutes(15))


def test_proofs_are_a_run_of_their_own(log: EventLog, editions: Editions, in_minutes: InMinutes):
    editions.allot(EDITION, SHOP, 1, 20, space="AP")
    proof = editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=17, space="AP").result
    piece = editions.hold(EDITION, SHOP, BO, in_minutes(15), number=17).result
    assert (proof.space, piece.space, proof.id != piece.id) == ("AP", "numbered", True)


def test_numbers_nobody_has_move_to_another_outlet(log: EventLog, editions: Editions, in_minutes: InMinutes):
    editions.move(EDITION, SHOP, ONLINE, 201, 300)
    assert editions.hold(EDITION, ONLINE, ANNA, in_minutes(15)).result.number == 201
    editions.move(EDITION, SHOP, ONLINE, 201, 300)
    with pytest.raises(NotAllottedHere):
        editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=250)


def test_two_pieces_are_held_in_one_transaction(log: EventLog, editions: Editions, in_minutes: InMinutes):
    def both(tx):
        take_number(tx, EDITION, SHOP, 3, ANNA, in_minutes(15))
        return [take_next(tx, EDITION, SHOP, ANNA, in_minutes(15)).number for _ in range(2)]

    assert log.execute(both).result == [2, 4]


def test_a_returned_piece_waits_for_its_certificate_to_be_revoked(
    log: EventLog, editions: Editions, in_minutes: InMinutes
):
    sell(log, 88)
    for _ in range(2):
        log.execute(lambda tx: return_piece(tx, EDITION, "numbered", 88, ORDER, RETURN, TODAY))
    assert status_of(log, 88, in_minutes(1)) == "returned"
    with pytest.raises(PieceReturned):
        sell(log, 88, OTHER_ORDER)
    with pytest.raises(CertificateNotRevoked):
        log.execute(lambda tx: put_back(tx, EDITION, "numbered", 88))


def test_a_broken_number_is_gone_for_ever(log: EventLog, editions: Editions, in_minutes: InMinutes):
    with pytest.raises(NumberOutsideRun):
        ClearPiece(log).retire(EDITION, -1, "broken", "QC-1", TODAY)
    for _ in range(2):
        ClearPiece(log).retire(EDITION, 2, "broken in the kiln", "QC-118", TODAY)
    assert editions.hold(EDITION, SHOP, ANNA, in_minutes(15)).result.number == 3


def test_the_counts_of_a_run_add_up_and_explain_what_is_left(
    log: EventLog, declare: Declare, at_noon: SettableClock, in_minutes: InMinutes
):
    editions = Editions(log)
    declare(editions, size=10, reserved=(1,), proofs=Proofs())
    ClearPiece(log).retire(EDITION, 10, "broken in the kiln", "QC-118", TODAY)
    editions.allot(EDITION, SHOP, 1, 5)
    editions.allot(EDITION, ONLINE, 6, 7)
    editions.release(EDITION)
    sell(log, 2)
    editions.hold(EDITION, SHOP, ANNA, in_minutes(5))
    editions.hold(EDITION, SHOP, ANNA, in_minutes(15))
    at_noon.move_to(in_minutes(6))
    with log.reading() as session:
        left = availability(session, EDITION, 10, in_minutes(6))
    by_outlet = {counts.outlet_id: counts for counts in left.outlets}
    shop, web, factory = by_outlet[SHOP], by_outlet[ONLINE], by_outlet[None]
    assert (shop.free, shop.held, shop.sold, shop.reserved) == (2, 1, 1, 1)
    assert (web.free, factory.retired, left.unallotted) == (2, 1, 2)
    assert left.authorised == left.unallotted + sum(counts.allotted for counts in left.outlets)


def test_editions_are_listed_as_they_stand(log: EventLog, editions: Editions, declare: Declare, in_minutes: InMinutes):
    list_ = EditionList()
    followers = Followers(log, (), (list_,))
    followers.catch_up()
    with log.reading() as session:
        row = list_.edition(session, EDITION)
        assert (row.title["en"], row.size, row.proofs.artists, row.approved) == ("Enamel vase, autumn", 500, 20, True)
        assert (row.state(in_minutes(-1)), row.state(in_minutes(0))) == ("not released", "on sale")
        assert [found.edition_id for found in list_.page(session)] == [EDITION]
        assert list_.page(session, after=EDITION) == []
        assert list_.of_products(session, [UUID(int=4)]) == []
    editions.pause(EDITION, "price under review")
    followers.catch_up()
    with log.reading() as session:
        assert list_.edition(session, EDITION).state(in_minutes(0)) == "paused"
    editions.resume(EDITION)
    editions.close(EDITION, "window over", TODAY)
    followers.catch_up()
    with log.reading() as session:
        assert list_.edition(session, EDITION).state(in_minutes(0)) == "closed"
        with pytest.raises(NotFound):
            list_.edition(session, UUID(int=404))


def test_the_registers_can_be_rebuilt_from_the_log(
    log: EventLog, editions: Editions, at_noon: SettableClock, in_minutes: InMinutes
):
    editions.move(EDITION, SHOP, ONLINE, 201, 300)
    editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=17)
    editions.hold(EDITION, SHOP, BO, in_minutes(5))
    sell(log, 88)
    at_noon.move_to(in_minutes(6))
    editions.hold(EDITION, SHOP, BO, in_minutes(20), number=2)
    ClearPiece(log).retire(EDITION, 3, "broken in the kiln", "QC-118", TODAY)
    log.execute(lambda tx: return_piece(tx, EDITION, "numbered", 88, ORDER, RETURN, TODAY))
    fresh = EventLog.open("sqlite://", registers=(PieceRegister(), CertificateRegister()))
    rows = "SELECT * FROM pieces ORDER BY edition_id, space, number"
    with fresh.store.writing() as rebuilt, log.reading() as live:
        for recorded in log.events():
            for register in fresh.registers:
                register.apply(rebuilt, recorded.event)
        assert rebuilt.rows(rows) == live.rows(rows)
        assert len(rebuilt.rows(rows)) == 500
    fresh.close()


def test_a_number_is_chosen_by_an_index_and_not_by_reading_the_run():
    log = EventLog.open("sqlite://", registers=(PieceRegister(),))
    with log.reading() as session:
        for status in ("status = 'free' ORDER BY place", "status = 'held' AND held_until <= '' ORDER BY held_until"):
            plan = session.rows(
                "EXPLAIN QUERY PLAN SELECT number FROM pieces "
                f"WHERE edition_id = '' AND space = '' AND outlet_id = '' AND {status} LIMIT 1"
            )
            assert [step[3].split(" (")[0] for step in plan] == [f"SEARCH pieces USING INDEX pieces_{status[10:14]}"]
    log.close()


def test_the_same_piece_in_the_log_and_in_the_register(log: EventLog, editions: Editions, in_minutes: InMinutes):
    held = editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=17).result
    again = log.load(Piece, held.id)
    assert (again.standing, again.holder, again.held_until) == ("held", ANNA, in_minutes(15))
