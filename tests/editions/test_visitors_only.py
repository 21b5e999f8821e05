"""A visitor-only edition is held and sold to who proved a visit; whoever did not is refused, and nothing is recorded."""

import json
from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

import pytest
from pydantic import ValidationError

from souvenir.editions.application import Editions, Leases, sell_piece
from souvenir.editions.edition import MalformedEdition
from souvenir.editions.piece import Piece, piece_id
from souvenir.editions.registers import PieceRegister
from souvenir.editions.terms import ProofOfVisitMissing, Visit
from souvenir.eventlog import EventLog
from souvenir.eventlog.rebuild import differences

EDITION, SHOP = UUID(int=0xED8), UUID(int=0x5A0)
ANNA, BO, TODAY = UUID(int=0xA), UUID(int=0xB), date(2026, 10, 1)
TICKET = Visit(kind="ticket", reference="T-20261001-0042", visited_on=TODAY)
InMinutes = Callable[[float], datetime]


@pytest.fixture
def editions(log: EventLog, declare: Callable[..., UUID]) -> Editions:
    """Ten pieces for visitors, all at the factory's shop."""
    editions = Editions(log)
    declare(editions, edition_id=EDITION, size=10, visitors_only=True)
    editions.allot(EDITION, SHOP, 1, 10)
    editions.release(EDITION)
    return editions


@pytest.mark.parametrize("number", [None, 7])
def test_without_a_proof_of_visit_nothing_is_held(
    log: EventLog, editions: Editions, in_minutes: InMinutes, number: int | None
):
    head = log.head()
    with pytest.raises(ProofOfVisitMissing) as refusal:
        editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=number)
    assert refusal.value.facts == {"edition_id": EDITION}
    assert log.head() == head


@pytest.mark.parametrize(("number", "held"), [(None, 1), (7, 7)])
def test_with_a_ticket_a_piece_is_held_and_the_hold_remembers_it(
    log: EventLog, editions: Editions, in_minutes: InMinutes, number: int | None, held: int
):
    piece = editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=number, visit=TICKET).result
    assert piece.number == held
    recorded = [one.event for one in log.events() if isinstance(one.event, Piece.Held)]
    assert [event.visit for event in recorded] == [TICKET]
    assert differences(log, PieceRegister()) == []


def test_who_holds_a_piece_has_shown_the_ticket_already(log: EventLog, editions: Editions, in_minutes: InMinutes):
    editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=7, visit=TICKET)
    editions.hold(EDITION, SHOP, ANNA, in_minutes(30), number=7)
    log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", 7, UUID(int=1), TODAY, ANNA, outlet_id=SHOP))
    assert log.load(Piece, piece_id(EDITION, "numbered", 7)).standing == "sold"


def test_over_the_counter_the_ticket_is_asked_for_with_the_sale(log: EventLog, editions: Editions):
    order, head = UUID(int=1), log.head()
    with pytest.raises(ProofOfVisitMissing):
        log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", 7, order, TODAY, outlet_id=SHOP))
    assert log.head() == head

    def sell() -> None:
        log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", 7, order, TODAY, outlet_id=SHOP, visit=TICKET))

    sell()
    head = log.head()
    sell()
    assert log.head() == head


def test_a_lapsed_hold_needs_the_ticket_again(editions: Editions, at_noon, in_minutes: InMinutes):
    editions.hold(EDITION, SHOP, ANNA, in_minutes(15), number=7, visit=TICKET)
    at_noon.move_to(in_minutes(15))
    with pytest.raises(ProofOfVisitMissing):
        editions.hold(EDITION, SHOP, ANNA, in_minutes(30), number=7)


def test_a_till_gets_no_numbers_to_sell_unseen(log: EventLog, editions: Editions, in_minutes: InMinutes):
    head = log.head()
    with pytest.raises(ProofOfVisitMissing):
        Leases(log).grant(EDITION, SHOP, UUID(int=3), 5, in_minutes(60), device_is_revoked=False)
    assert log.head() == head


def test_other_editions_ask_nobody(log: EventLog, declare: Callable[..., UUID], in_minutes: InMinutes):
    editions = Editions(log)
    declare(editions, size=10)
    editions.allot(UUID(int=0xED01), SHOP, 1, 10)
    editions.release(UUID(int=0xED01))
    assert editions.hold(UUID(int=0xED01), SHOP, BO, in_minutes(15)).result.number == 1


def test_a_draw_is_not_for_visitors_only(log: EventLog, declare: Callable[..., UUID]):
    with pytest.raises(MalformedEdition, match="a draw chooses its buyers"):
        declare(Editions(log), visitors_only=True, numbering="draw")
    assert log.head() == 0


@pytest.mark.parametrize("reference", ["", "x" * 65])
def test_a_proof_has_a_reference_of_a_sensible_length(reference: str):
    with pytest.raises(ValidationError):
        Visit.model_validate_json(json.dumps({"kind": "tour", "reference": reference, "visited_on": "2026-10-01"}))
