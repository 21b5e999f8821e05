"""Everything that can go wrong with an instant refund, row by row, through the whole shop: who has the money at the end."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop

from souvenir.kernel.money import Money
from souvenir.payments.payment import Tender
from souvenir.privacy.keyring import PersonForgotten
from souvenir.processes.forget_person import forget_person
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import GuaranteeDeclined, TravelDocument
from souvenir.sales.order import Order
from souvenir.taxrefund.application import latest_guarantee
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.eligibility import BelowMinimumPurchase
from souvenir.taxrefund.refusals import (
    AdvanceNotRecovered,
    ClaimHasAnotherState,
    NothingRecoverable,
    RepaymentExceedsDebt,
)
from souvenir.testing import clock_at

JANE = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
PROMISED = date(2026, 8, 7)
LATE = date(2026, 8, 8)
OWED = "Assets:RefundAdvance:TouristRecoverable"


@pytest.fixture
def small(tmp_path):
    with clock_at(MORNING):
        small = open_small_shop("sqlite://", secrets=str(tmp_path / "secrets"))
        yield small
        small.shop.close()


def issued(small: SmallShop, mode: str = "instant_store") -> UUID:
    """Ten mugs, 1,130.00: refund 124.30, fee 22.60, net 101.70."""
    order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    return small.shop.refund_tax.open_claim([order], mode, JANE, issued_on=TODAY).result


def advanced(small: SmallShop) -> UUID:
    claim = issued(small)
    small.shop.refund_tax.agree(claim, TODAY)
    small.shop.refund_tax.guarantee(claim, "sandbox", "a card", TODAY)
    small.shop.refund_tax.advance(claim, "cash", TODAY)
    return claim


def of(small: SmallShop, claim: UUID) -> tuple[str, str, str]:
    """The claim's state, its guarantee's, and what the traveller has of it in the end."""
    loaded, guarantee = small.shop.log.load(Claim, claim), latest_guarantee(small.shop.log, claim)
    return loaded.state, guarantee.state if guarantee else "none", loaded.received.amount


def movements(small: SmallShop, kind: str) -> list[str]:
    return [m.amount.amount for m in small.sandbox.movements.values() if m.kind == kind]


def books(small: SmallShop) -> dict[str, str]:
    """The accounts of refunds that are not even, and what the traveller owes."""
    small.shop.followers.catch_up()
    accounts = ("Refund", "Guarantee", "BadDebt")
    rows = small.shop.ledger.trial_balance().rows
    return {row.account: row.closing.amount for row in rows if row.closing and any(a in row.account for a in accounts)}


def block_card(small: SmallShop) -> None:
    """The cardholder's bank lets no hold stand any more."""
    for reference, movement in small.sandbox.movements.items():
        small.sandbox.movements[reference] = replace(movement, open=False)


def deadline_passes(small: SmallShop) -> None:
    small.shop.followers.catch_up()
    small.shop.refund_tax.act_on_deadlines(LATE)


def test_late_the_advance_is_captured_and_the_ordinary_route_stays_open(small):
    claim = advanced(small)
    deadline_passes(small)
    assert of(small, claim) == ("recovered", "captured", "0.00")
    assert movements(small, "capture") == ["101.70"]
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, LATE)
    small.shop.refund_tax.pay_at_departure(claim, "cash", LATE)
    assert of(small, claim) == ("paid", "captured", "101.70")


def test_late_the_capture_is_decided_within_three_working_days(small):
    claim = advanced(small)
    assert small.shop.log.load(Claim, claim).capture_by == date(2026, 8, 12)
    deadline_passes(small)
    guarantee = latest_guarantee(small.shop.log, claim)
    assert guarantee is not None
    assert movements(small, "capture") == ["101.70"]
    assert date(2026, 8, 12) >= LATE


def test_another_port_that_is_not_recognised_captures_the_advance(small):
    claim = advanced(small)
    small.shop.refund_tax.confirm_customs(claim, "XXX", {1: 10}, PROMISED)
    assert of(small, claim) == ("recovered", "captured", "0.00")
    assert small.shop.log.load(Claim, claim).missed == "other_port"
    small.shop.refund_tax.pay_at_departure(claim, "cash", PROMISED)
    assert of(small, claim) == ("paid", "captured", "101.70")


def test_another_region_that_is_recognised_completes_it(small):
    claim = advanced(small)
    small.shop.refund_tax.confirm_customs(claim, "PVG", {1: 10}, PROMISED)
    assert of(small, claim) == ("completed", "released", "101.70")


@pytest.mark.parametrize("reason", ["goods_used", "other_traveller", "goods_differ"])
def test_customs_refuses_and_the_whole_advance_is_captured(small, reason):
    claim = advanced(small)
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 0}, PROMISED, reason)
    assert of(small, claim) == ("recovered", "captured", "0.00")
    assert movements(small, "capture") == ["101.70"]
    assert books(small) == {}


def test_fewer_units_are_captured_in_part_and_the_rest_released(small):
    claim = advanced(small)
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 4}, PROMISED)
    assert of(small, claim) == ("completed", "captured", "40.68")
    assert movements(small, "capture") == ["61.02"]


def test_a_return_after_the_advance_keeps_it_back_and_voids_form_and_invoice(small):
    claim = advanced(small)
    small.shop.take_back.take_back(small.shop.log.load(Claim, claim).order_ids[0], {1: 10}, "cash", TODAY)
    assert of(small, claim) == ("voided", "released", "0.00")
    assert movements(small, "capture") == []
    assert books(small) == {}


def test_a_partial_return_voids_the_form_and_a_new_one_is_issued_for_the_rest(small):
    claim = advanced(small)
    order = small.shop.log.load(Claim, claim).order_ids[0]
    small.shop.take_back.take_back(order, {1: 4}, "cash", TODAY)
    assert of(small, claim) == ("voided", "released", "0.00")
    again = small.shop.refund_tax.reissue(claim).result
    rest = small.shop.log.load(Claim, again)
    assert (rest.lines[0].quantity, rest.gross.amount, rest.net.amount) == (6, "678.00", "61.02")
    assert small.shop.log.load(Order, order).returned_of(1)[0] == 4


def test_a_form_is_issued_anew_only_for_a_rest_that_is_enough_and_a_traveller_still_known(small):
    claim = advanced(small)
    with pytest.raises(ClaimHasAnotherState):
        small.shop.refund_tax.reissue(claim)
    order = small.shop.log.load(Claim, claim).order_ids[0]
    small.shop.take_back.take_back(order, {1: 9}, "cash", TODAY)
    with pytest.raises(BelowMinimumPurchase):
        small.shop.refund_tax.reissue(claim)
    traveller = small.shop.log.load(Claim, claim).traveller
    with clock_at(datetime(2037, 1, 1, tzinfo=UTC)):  # no law keeps it any longer
        forget_person(small.shop.log, small.shop.secrets.keyring, traveller, ["tax"], "asked by the traveller", TODAY)
    with pytest.raises(PersonForgotten):
        small.shop.refund_tax.reissue(claim)


def test_a_declined_card_leaves_another_card_or_the_ordinary_route(small):
    claim = issued(small)
    small.shop.refund_tax.agree(claim, TODAY)
    with pytest.raises(GuaranteeDeclined):
        small.shop.refund_tax.guarantee(claim, "sandbox", "decline", TODAY)
    assert of(small, claim) == ("agreed", "none", "0.00")
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, PROMISED)
    small.shop.refund_tax.pay_at_departure(claim, "cash", PROMISED)
    assert of(small, claim) == ("paid", "none", "101.70")


def owing(small: SmallShop) -> UUID:
    claim = advanced(small)
    block_card(small)
    deadline_passes(small)
    return claim


def test_a_capture_that_fails_makes_the_traveller_owe_and_the_loss_is_written_off(small):
    claim = owing(small)
    assert of(small, claim) == ("missed", "recoverable", "101.70")
    assert books(small) == {OWED: "101.70"}
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, LATE)
    with pytest.raises(AdvanceNotRecovered):
        small.shop.refund_tax.pay_at_departure(claim, "cash", LATE)
    small.shop.refund_tax.write_off(claim, date(2027, 1, 4))
    small.shop.refund_tax.write_off(claim, date(2027, 1, 4))
    assert of(small, claim)[1] == "written_off"
    assert books(small) == {"Expenses:BadDebt:RefundAdvance": "101.70"}


def test_who_pays_back_in_two_parts_owes_nothing_and_may_claim_the_ordinary_way(small):
    claim, first, second = owing(small), uuid4(), uuid4()
    repay = small.shop.refund_tax.repay
    repay(claim, first, Money.parse("60.00 CNY"), "card", LATE)
    repay(claim, first, Money.parse("60.00 CNY"), "card", LATE)
    assert books(small)[OWED] == "41.70"
    with pytest.raises(RepaymentExceedsDebt):
        repay(claim, second, Money.parse("41.71 CNY"), "cash", LATE)
    repay(claim, second, Money.parse("41.70 CNY"), "cash", LATE)
    assert of(small, claim) == ("recovered", "repaid", "0.00")
    assert books(small) == {}
    with pytest.raises(NothingRecoverable):
        small.shop.refund_tax.write_off(claim, LATE)
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, LATE)
    small.shop.refund_tax.pay_at_departure(claim, "cash", LATE)
    assert of(small, claim) == ("paid", "repaid", "101.70")


def test_goods_returned_by_who_owes_settle_the_debt_once(small):
    claim = owing(small)
    order = small.shop.log.load(Claim, claim).order_ids[0]
    small.shop.take_back.take_back(order, {1: 10}, "cash", LATE)
    assert of(small, claim) == ("voided", "repaid", "0.00")
    assert books(small) == {}


def test_a_hold_that_died_before_the_deadline_is_recorded_and_the_traveller_owes(small):
    claim = advanced(small)
    guarantee = latest_guarantee(small.shop.log, claim)
    assert guarantee is not None
    with clock_at(MORNING + timedelta(days=31)):
        block_card(small)
        small.shop.followers.catch_up()
        small.shop.refund_tax.act_on_deadlines()
    assert of(small, claim) == ("missed", "recoverable", "101.70")
    assert books(small) == {OWED: "101.70"}


def test_a_hold_that_lapsed_owes_nothing_if_the_promise_was_kept(small):
    claim = advanced(small)
    small.shop.refund_tax._refunds.lapse(claim, MORNING + timedelta(days=40), TODAY)
    assert of(small, claim) == ("advanced", "lapsed", "101.70")
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, PROMISED)
    assert of(small, claim) == ("completed", "discharged", "101.70")
    assert "Memo:Guarantee:Held" not in books(small)


def test_a_hold_that_lapsed_makes_the_traveller_owe_if_the_promise_was_not_kept(small):
    claim = advanced(small)
    small.shop.refund_tax._refunds.lapse(claim, MORNING + timedelta(days=40), TODAY)
    deadline_passes(small)
    assert of(small, claim) == ("missed", "recoverable", "101.70")
    assert books(small) == {OWED: "101.70"}
