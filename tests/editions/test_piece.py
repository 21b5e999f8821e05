"""A piece is held by one holder at a time, sold once, returned to its order, and retired for ever."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from souvenir.editions.piece import (
    HoldExpired,
    Piece,
    PieceAlreadySold,
    PieceCameBack,
    PieceHeldBySomeoneElse,
    PieceNotHeld,
    PieceNotReturned,
    PieceNotSold,
    PieceRetired,
    PieceReturned,
    piece_id,
)

NOON = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
TODAY = date(2026, 10, 1)
EDITION, SHOP = UUID(int=0xED), UUID(int=0x5A0)
ANNA, BO = UUID(int=0xA), UUID(int=0xB)
ORDER, OTHER_ORDER, RETURN = UUID(int=0x01), UUID(int=0x02), UUID(int=0x99)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def piece(*decisions: Callable[[Piece], None]) -> Piece:
    piece = Piece.open(EDITION, UUID(int=0x90), "numbered", 17)
    for decide in decisions:
        decide(piece)
    piece.collect_events()
    return piece


def held_by_anna(piece: Piece) -> None:
    piece.hold(ANNA, at(15), SHOP, NOON)


def sold(piece: Piece) -> None:
    piece.sell(ORDER, TODAY, SHOP, NOON)


def returned(piece: Piece) -> None:
    piece.take_back(RETURN, ORDER, TODAY)


def retired(piece: Piece) -> None:
    piece.retire("broken in the kiln", "QC-118", TODAY, NOON)


def recorded(piece: Piece) -> list[str]:
    return [type(event).__name__ for event in piece.collect_events()]


def test_two_who_want_one_number_meet_on_one_stream():
    assert Piece.open(EDITION, UUID(int=0x90), "numbered", 17).id == piece_id(EDITION, "numbered", 17)
    assert piece_id(EDITION, "numbered", 17) != piece_id(EDITION, "AP", 17)


def test_a_held_piece_is_nobody_elses_until_the_deadline():
    vase = piece(held_by_anna)
    with pytest.raises(PieceHeldBySomeoneElse) as refusal:
        vase.hold(BO, at(30), SHOP, at(14.99))
    assert refusal.value.facts == {"edition_id": EDITION, "space": "numbered", "number": 17, "until": at(15)}
    vase.hold(BO, at(30), SHOP, at(15))
    assert (recorded(vase), vase.holder) == (["HoldLapsed", "Held"], BO)


def test_a_holder_may_hold_longer_and_never_shorter():
    vase = piece(held_by_anna)
    vase.hold(ANNA, at(20), SHOP, at(5))
    assert (recorded(vase), vase.held_until, vase.held_since) == (["HoldExtended"], at(20), NOON)
    vase.hold(ANNA, at(10), SHOP, at(5))
    assert (recorded(vase), vase.held_until) == ([], at(20))


def test_a_hold_is_released_by_its_holder_only_and_ends_once():
    vase = piece(held_by_anna)
    with pytest.raises(PieceHeldBySomeoneElse):
        vase.release_hold(BO, NOON)
    vase.release_hold(ANNA, NOON)
    vase.release_hold(ANNA, NOON)
    assert (recorded(vase), vase.standing) == (["HoldReleased"], "free")


def test_a_hold_released_too_late_has_lapsed():
    vase = piece(held_by_anna)
    vase.release_hold(ANNA, at(15))
    assert recorded(vase) == ["HoldLapsed"]


def test_a_live_hold_becomes_a_sale():
    vase = piece(held_by_anna)
    vase.sell(ORDER, TODAY, SHOP, at(14), ANNA)
    assert (recorded(vase), vase.standing, vase.order_id, vase.holder) == (["Sold"], "sold", ORDER, None)


def test_a_payment_after_the_deadline_finds_the_hold_expired():
    vase = piece(held_by_anna)
    with pytest.raises(HoldExpired) as refusal:
        vase.sell(ORDER, TODAY, SHOP, at(15), ANNA)
    assert refusal.value.facts["expired_at"] == at(15)
    assert recorded(vase) == []


def test_who_never_held_a_piece_cannot_buy_it_on_a_hold():
    with pytest.raises(PieceNotHeld):
        piece().sell(ORDER, TODAY, SHOP, NOON, ANNA)


def test_a_free_piece_is_sold_directly_and_a_held_one_is_not():
    vase = piece()
    vase.sell(ORDER, TODAY, SHOP, NOON)
    assert recorded(vase) == ["Sold"]
    with pytest.raises(PieceHeldBySomeoneElse):
        piece(held_by_anna).sell(ORDER, TODAY, SHOP, at(14))
    late = piece(held_by_anna)
    late.sell(ORDER, TODAY, SHOP, at(15))
    assert recorded(late) == ["HoldLapsed", "Sold"]


def test_a_sold_piece_is_sold_to_nobody_else():
    vase = piece(sold)
    with pytest.raises(PieceAlreadySold):
        vase.sell(OTHER_ORDER, TODAY, SHOP, NOON)
    with pytest.raises(PieceAlreadySold):
        vase.hold(ANNA, at(15), SHOP, NOON)


def test_a_return_belongs_to_the_order_that_bought_the_piece():
    with pytest.raises(PieceNotSold):
        piece(sold).take_back(RETURN, OTHER_ORDER, TODAY)
    with pytest.raises(PieceNotSold):
        piece().take_back(RETURN, ORDER, TODAY)


def test_a_returned_piece_is_not_free_until_it_is_put_back():
    vase = piece(sold, returned)
    with pytest.raises(PieceReturned):
        vase.sell(OTHER_ORDER, TODAY, SHOP, NOON)
    vase.put_back()
    vase.sell(OTHER_ORDER, TODAY, SHOP, NOON)
    assert (recorded(vase), vase.order_id) == (["PutBack", "Sold"], OTHER_ORDER)


def test_a_sale_told_again_after_the_piece_came_back_does_not_sell_it_again():
    vase = piece(sold, returned, Piece.put_back)
    with pytest.raises(PieceCameBack) as refusal:
        sold(vase)
    assert (refusal.value.facts["order_id"], recorded(vase)) == (ORDER, [])


def test_only_a_returned_piece_is_put_back():
    with pytest.raises(PieceNotReturned, match="is sold, not returned"):
        piece(sold).put_back()


def test_a_retired_number_never_returns():
    vase = piece(retired)
    for decide in (held_by_anna, sold, Piece.put_back):
        with pytest.raises((PieceRetired, PieceNotReturned)):
            decide(vase)
    assert recorded(vase) == []


def test_a_sold_or_held_piece_is_not_retired():
    with pytest.raises(PieceAlreadySold):
        retired(piece(sold))
    with pytest.raises(PieceHeldBySomeoneElse):
        retired(piece(held_by_anna))


@pytest.mark.parametrize(
    ("before", "decide"),
    [
        ((), held_by_anna),
        ((held_by_anna,), lambda vase: vase.hold(ANNA, at(30), SHOP, NOON)),
        ((held_by_anna,), lambda vase: vase.release_hold(ANNA, NOON)),
        ((held_by_anna,), lambda vase: vase.sell(ORDER, TODAY, SHOP, NOON, ANNA)),
        ((), sold),
        ((sold,), returned),
        ((sold, returned), Piece.put_back),
        ((), retired),
    ],
)
def test_asking_twice_records_nothing_new(before: tuple[Any, ...], decide: Callable[[Piece], None]):
    vase = piece(*before)
    decide(vase)
    assert len(recorded(vase)) == 1
    decide(vase)
    assert recorded(vase) == []


def test_a_return_told_again_after_the_piece_was_resold_records_nothing():
    vase = piece(sold, returned, Piece.put_back, lambda vase: vase.sell(OTHER_ORDER, TODAY, SHOP, NOON))
    returned(vase)
    assert (recorded(vase), vase.standing) == ([], "sold")
