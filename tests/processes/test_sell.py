"""Selling, on every store: pieces, licences, order and payment agree, and money that comes too late goes back."""

from datetime import timedelta
from uuid import uuid4

import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop

from souvenir.editions.application import EditionSoldOut, NoneLeftHere, OnlyReservedLeft
from souvenir.editions.piece import Piece, PieceAlreadySold, piece_id
from souvenir.editions.terms import NumberNotForChoosing
from souvenir.kernel.money import Money, total
from souvenir.licensing.contract import LicenceLapsed
from souvenir.payments.payment import Payment, Tender
from souvenir.processes.make_order import Item, NotThatWay
from souvenir.processes.sell import PaymentDeclined
from souvenir.sales.basket import BasketClosed, NotYourBasket
from souvenir.sales.order import Order, OrderAlreadyPaid, OrderCancelled
from souvenir.testing import clock_at

ME = "guest:me"


@pytest.fixture
def now():
    with clock_at(MORNING) as standing:
        yield standing


@pytest.fixture
def small(store_url, tmp_path, now):
    small = open_small_shop(store_url, secrets=str(tmp_path / "secrets"))
    yield small
    small.shop.close()


def basket_with_piece(small: SmallShop, number: int | None = None, holder: str = ME):
    basket = small.shop.sell.open_basket(small.web, holder).result
    return basket, small.shop.sell.hold_piece(basket, holder, small.edition, number).result


def placed(small: SmallShop, number: int | None = None):
    basket, _ = basket_with_piece(small, number)
    return small.shop.sell.place_order(basket, ME).result


def pay(small: SmallShop, order, source: str = "approve"):
    return small.shop.sell.pay(order, Tender.CARD, "sandbox", source).result


def money_kept(small: SmallShop) -> Money:
    return total((m.amount for m in small.sandbox.movements.values() if m.kind != "hold"), "CNY")


def test_online_a_number_is_held_ordered_and_paid(small):
    small.shop.sell.set_quantity(basket := basket_with_piece(small, 3)[0], ME, small.mug, 2)
    order_id = small.shop.sell.place_order(basket, ME).result
    pay(small, order_id)
    order = small.shop.log.load(Order, order_id)
    assert (str(order.due), order.tender) == ("1356.00 CNY", "card")
    assert [(line.sku, line.quantity, line.number, str(line.vat)) for line in order.lines] == [
        ("MUG", 2, None, "26.00 CNY"),
        ("VASE", 1, 3, "130.00 CNY"),
    ]
    assert str(money_kept(small)) == "1356.00 CNY"


def test_at_the_till_goods_and_a_piece_are_sold_in_one_step(small):
    items = [Item(small.mug), Item(small.vase, edition_id=small.edition, number=1)]
    order = small.shop.log.load(Order, small.shop.sell.at_till(small.counter, TILL, items, Tender.CASH).result)
    assert (str(order.due), order.till, order.tender, order.placed_on) == ("1243.00 CNY", TILL, "cash", TODAY)
    with pytest.raises(PieceAlreadySold):
        small.shop.sell.at_till(small.counter, TILL, items, Tender.CASH)


def test_a_refused_sale_records_nothing(small):
    before = small.shop.log.head()
    with pytest.raises(NotThatWay):
        small.shop.sell.at_till(small.counter, TILL, [Item(small.mug), Item(small.vase)], Tender.CASH)
    assert small.shop.log.head() == before


def test_the_last_one_is_only_reserved_until_the_hold_ends(small, now):
    basket_with_piece(small)
    basket_with_piece(small)
    with pytest.raises(OnlyReservedLeft) as refusal:
        basket_with_piece(small, holder="guest:you")
    assert refusal.value.back_in_minutes == 15
    now.move_to(MORNING + timedelta(minutes=15))
    assert basket_with_piece(small, holder="guest:you")[1] in (3, 4)


def test_sold_out_here_and_everywhere_are_told_apart(small):
    for _ in range(2):
        pay(small, placed(small))
    with pytest.raises(NoneLeftHere):
        basket_with_piece(small)
    for number in (1, 2):
        items = [Item(small.vase, edition_id=small.edition, number=number)]
        small.shop.sell.at_till(small.counter, TILL, items, Tender.CASH)
    with pytest.raises(EditionSoldOut) as refusal:
        basket_with_piece(small)
    assert refusal.value.size == 4


def test_somebody_elses_basket_is_closed_to_me(small):
    basket, _ = basket_with_piece(small, holder="guest:you")
    with pytest.raises(NotYourBasket):
        small.shop.sell.place_order(basket, ME)


def test_a_basket_becomes_one_order(small):
    basket, _ = basket_with_piece(small)
    small.shop.sell.place_order(basket, ME)
    with pytest.raises(BasketClosed):
        small.shop.sell.set_quantity(basket, ME, small.mug, 1)


def test_a_basket_ordered_twice_is_the_same_order_even_once_it_is_paid(small):
    basket, _ = basket_with_piece(small)
    order = small.shop.sell.place_order(basket, ME).result
    assert small.shop.sell.place_order(basket, ME).result == order
    pay(small, order)
    before = small.shop.log.head()
    assert small.shop.sell.place_order(basket, ME).result == order
    assert small.shop.log.head() == before


def piece(small: SmallShop, **changes):
    return Item(**{"product_id": small.vase, "edition_id": small.edition, "number": 1, **changes})


def test_one_number_is_on_an_order_once_in_one_copy_and_at_its_own_price(small):
    before = small.shop.log.head()
    for items, refusal in (
        ([piece(small), piece(small)], PieceAlreadySold),
        ([piece(small, quantity=3)], NotThatWay),
        ([piece(small, product_id=small.mug)], NotThatWay),
    ):
        with pytest.raises(refusal):
            small.shop.sell.at_till(small.counter, TILL, items, Tender.CASH)
    assert small.shop.log.head() == before


@pytest.mark.parametrize(("longest", "held", "kept"), [(10, 10, 10), (20, 15, 20), (120, 15, 24)])
def test_a_piece_is_kept_a_quarter_of_an_hour_or_as_long_as_its_edition_allows(small, now, longest, held, kept):
    sell, editions = small.shop.sell, small.shop.editions
    edition = editions.declare(
        product_id=small.vase, gtin="6901234567892", title={"en": "Vase"}, size=2, longest_hold_minutes=longest
    ).result
    editions.allot(edition, small.web, 1, 2)
    editions.release(edition)
    basket = sell.open_basket(small.web, ME).result
    number = sell.hold_piece(basket, ME, edition).result

    def minutes() -> float:
        until = small.shop.log.load(Piece, piece_id(edition, "numbered", number)).held_until
        return (until - MORNING).total_seconds() / 60

    assert minutes() == held
    now.move_to(MORNING + timedelta(minutes=9))
    sell.place_order(basket, ME)
    assert minutes() == kept


@pytest.mark.parametrize("on_record", [False, True])
def test_in_a_sequence_a_hold_that_lapsed_is_lost_whether_or_not_anybody_noted_it(small, now, on_record):
    sell, editions = small.shop.sell, small.shop.editions
    edition = editions.declare(
        product_id=small.vase, gtin="6901234567892", title={"en": "Vase"}, size=2, numbering="sequential"
    ).result
    editions.allot(edition, small.web, 1, 2)
    editions.release(edition)
    basket = sell.open_basket(small.web, ME).result
    sell.hold_piece(basket, ME, edition)
    now.move_to(MORNING + timedelta(minutes=15))
    if on_record:
        editions.let_lapse()
    with pytest.raises(NumberNotForChoosing):
        sell.place_order(basket, ME)
    sell.let_go(basket, ME, edition, 1)
    assert sell.hold_piece(basket, ME, edition).result == 1


def test_a_licence_that_lapsed_yesterday_refuses_the_sale(small, now):
    now.move_to(MORNING.replace(year=2027, month=1, day=1))
    with pytest.raises(LicenceLapsed):
        small.shop.sell.at_till(
            small.counter, TILL, [Item(small.vase, edition_id=small.edition, number=1)], Tender.CASH
        )


def test_a_declined_payment_leaves_the_order_open_for_another(small):
    order = placed(small)
    with pytest.raises(PaymentDeclined):
        pay(small, order, "decline")
    pay(small, order)
    with pytest.raises(OrderAlreadyPaid):
        pay(small, order)
    assert str(money_kept(small)) == "1130.00 CNY"


def test_a_lost_answer_is_asked_for_and_nothing_is_taken_twice(small):
    pay(small, placed(small), "unknown")
    assert str(money_kept(small)) == "1130.00 CNY"


def test_a_payment_cut_off_by_a_crash_is_settled_later(small, monkeypatch):
    order = placed(small)
    monkeypatch.setattr(small.shop.sell, "_conclude", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        pay(small, order)
    monkeypatch.undo()
    assert small.shop.log.load(Order, order).paid_by is None
    assert small.shop.sell.settle_open() == 1
    assert small.shop.log.load(Order, order).paid_by is not None
    assert small.shop.sell.settle_open() == 0
    assert str(money_kept(small)) == "1130.00 CNY"


def test_paying_after_the_hold_is_kept_while_the_piece_is_still_there(small, now):
    order = placed(small, 3)
    now.move_to(MORNING + timedelta(hours=1))
    pay(small, order)
    assert small.shop.log.load(Order, order).paid_by is not None


def test_paying_after_the_piece_is_gone_gives_the_money_back(small, now):
    late = placed(small, 3)
    now.move_to(MORNING + timedelta(hours=1))
    pay(small, placed(small, 3))
    with pytest.raises(OrderCancelled):
        pay(small, late)
    assert str(money_kept(small)) == "1130.00 CNY"
    refunded = [m for m in small.sandbox.movements.values() if m.kind == "refund"]
    assert [str(m.amount) for m in refunded] == ["-1130.00 CNY"]


def test_the_same_command_again_is_answered_not_repeated(small):
    def sale():
        with small.shop.once("till:1", "key-1", b"two mugs"):
            return small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 2)], Tender.CASH)

    first, again = sale(), sale()
    assert (first.replayed, again.replayed) == (False, True)
    assert first.result == again.result
    assert small.shop.log.load(Payment, small.shop.log.load(Order, first.result).paid_by).order_id == first.result


def test_books_royalties_and_certificates_follow_a_sale_and_its_return(small):
    shop = small.shop
    order = shop.sell.at_till(
        small.counter, TILL, [Item(small.vase, edition_id=small.edition, number=1)], Tender.CASH
    ).result
    shop.followers.catch_up()
    with shop.log.reading() as session:
        position = shop.views.royalties.position(session, small.licence)
    assert position is not None
    assert (str(position.earned), str(position.unrecouped)) == ("80.00 CNY", "920.00 CNY")
    shop.take_back.take_back(order, {1: 1}, "cash")
    shop.followers.catch_up()
    with shop.log.reading() as session:
        position = shop.views.royalties.position(session, small.licence)
    assert position is not None
    assert (str(position.earned), str(position.unrecouped)) == ("0.00 CNY", "1000.00 CNY")
    assert {row.account: str(row.closing) for row in shop.ledger.trial_balance().rows if row.closing} == {
        "Income:Sales": "-1000.00 CNY",
        "Income:SalesReturns": "1000.00 CNY",
    }
    again = shop.sell.at_till(
        small.counter, TILL, [Item(small.vase, edition_id=small.edition, number=1)], Tender.CASH
    ).result
    assert again != order
    assert shop.differences() == []


def test_a_product_or_outlet_that_is_not_there_is_not_found(small):
    with pytest.raises(Exception, match="no Product"):
        small.shop.sell.at_till(small.counter, TILL, [Item(uuid4())], Tender.CASH)
    with pytest.raises(Exception, match="no Outlet"):
        small.shop.sell.open_basket(uuid4(), ME)
