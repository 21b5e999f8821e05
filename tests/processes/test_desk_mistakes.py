"""What a refund desk gets wrong, and what machines get wrong about it: refused, or looked into, and nothing else held up."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop

from souvenir.kernel.money import CurrencyMismatch, Money
from souvenir.payments.payment import Tender
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.customs import CustomsAnswer
from souvenir.taxrefund.form import Counter
from souvenir.taxrefund.refusals import (
    AdvancedElsewhere,
    ClaimHasAnotherState,
    ClaimNotInstant,
    CustomsBeforeIssue,
    PaidOtherwise,
    SettlementExceedsRefund,
)
from souvenir.taxrefund.simulators.tax_office import SimulatedTaxOffice
from souvenir.testing import clock_at

JANE = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
PROMISED, LATE = date(2026, 8, 7), date(2026, 8, 8)


class Customs:
    """Answers what it is told to, about forms by their number."""

    def __init__(self) -> None:
        self.answers: dict[str, CustomsAnswer] = {}

    def answer_to(self, claim_no: str) -> CustomsAnswer | None:
        return self.answers.get(claim_no)


@pytest.fixture
def customs() -> Customs:
    return Customs()


@pytest.fixture
def small(customs, tmp_path):
    with clock_at(MORNING):
        small = open_small_shop("sqlite://", secrets=str(tmp_path / "secrets"), customs=customs)
        yield small
        small.shop.close()


def issued(small: SmallShop, mode: str = "instant_store", document: TravelDocument = JANE) -> UUID:
    order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    return small.shop.refund_tax.open_claim([order], mode, document, issued_on=TODAY).result


def advanced(small: SmallShop, document: TravelDocument = JANE) -> UUID:
    claim = issued(small, document=document)
    small.shop.refund_tax.agree(claim, TODAY)
    small.shop.refund_tax.guarantee(claim, "sandbox", "a card", TODAY)
    small.shop.refund_tax.advance(claim, "cash", TODAY, Counter(outlet_id=small.counter, till=TILL))
    return claim


def state(small: SmallShop, claim: UUID) -> str:
    return small.shop.log.load(Claim, claim).state


def answered(small: SmallShop, customs: Customs, claim: UUID, units: int, on: date) -> None:
    claim_no = small.shop.log.load(Claim, claim).claim_no
    customs.answers[claim_no] = CustomsAnswer(claim_no, "PEK", on, {1: units}, inspected=False)


def deadline_passes(small: SmallShop, on: date) -> None:
    small.shop.followers.catch_up()
    small.shop.refund_tax.act_on_deadlines(on)


# Money.


def test_what_one_till_handed_over_another_does_not_hand_over_again(small):
    claim = advanced(small)
    small.shop.refund_tax.advance(claim, "cash", TODAY, Counter(outlet_id=small.counter, till=TILL))
    with pytest.raises(AdvancedElsewhere):
        small.shop.refund_tax.advance(claim, "cash", TODAY, Counter(outlet_id=small.counter, till="till-2"))
    with pytest.raises(AdvancedElsewhere):
        small.shop.refund_tax.advance(claim, "wallet", TODAY, Counter(outlet_id=small.counter, till=TILL))


def test_what_was_paid_at_departure_is_not_paid_again_otherwise(small):
    claim = issued(small, "departure")
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, PROMISED)
    small.shop.refund_tax.pay_at_departure(claim, "cash", PROMISED)
    small.shop.refund_tax.pay_at_departure(claim, "cash", PROMISED)
    with pytest.raises(PaidOtherwise):
        small.shop.refund_tax.pay_at_departure(claim, "bank_transfer", PROMISED)
    with pytest.raises(PaidOtherwise):
        small.shop.refund_tax.pay_at_departure(claim, "cash", PROMISED, by="shop")


def test_a_settlement_in_another_money_or_of_more_than_the_refund_is_refused_and_the_books_go_on(small):
    claim = advanced(small)
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, PROMISED)
    with pytest.raises(CurrencyMismatch):
        small.shop.refund_tax.settle(claim, Money.parse("108 JPY"), LATE)
    for wrong in ("124.31 CNY", "-0.01 CNY"):
        with pytest.raises(SettlementExceedsRefund):
            small.shop.refund_tax.settle(claim, Money.parse(wrong), LATE)
    small.shop.refund_tax.settle(claim, Money.parse("108.48 CNY"), LATE)
    small.shop.followers.catch_up()
    assert state(small, claim) == "settled"


def test_no_card_is_held_for_a_refund_that_needs_none(small):
    departure = issued(small, "departure")
    with pytest.raises(ClaimNotInstant):
        small.shop.refund_tax.guarantee(departure, "sandbox", "a card", TODAY)
    done = advanced(small)
    small.shop.refund_tax.confirm_customs(done, "PEK", {1: 10}, PROMISED)
    for place in (small.shop.refund_tax.guarantee, small.shop.refund_tax.begin_deposit):
        with pytest.raises(ClaimHasAnotherState):
            place(done, "sandbox", "wallet:", PROMISED)


# Customs.


def test_a_port_is_the_same_port_however_it_is_typed(small):
    claim = advanced(small)
    small.shop.refund_tax.confirm_customs(claim, " pek", {1: 10}, PROMISED)
    assert state(small, claim) == "completed"


def test_customs_saw_nothing_before_there_was_a_form(small):
    with pytest.raises(CustomsBeforeIssue):
        small.shop.refund_tax.confirm_customs(issued(small, "departure"), "PEK", {1: 10}, date(2026, 7, 9))


def test_an_answer_of_customs_that_cannot_be_taken_holds_up_no_other_claim(small, customs):
    first, second = advanced(small), advanced(small)
    answered(small, customs, first, units=11, on=PROMISED)
    deadline_passes(small, LATE)
    assert (state(small, first), state(small, second)) == ("advanced", "recovered")
    answered(small, customs, first, units=10, on=PROMISED)
    deadline_passes(small, LATE)
    assert state(small, first) == "completed"


def test_who_left_after_the_last_day_of_all_has_broken_the_promise_though_nobody_looked_in_time(small, customs):
    claim = advanced(small)
    answered(small, customs, claim, units=10, on=date(2026, 12, 24))
    deadline_passes(small, date(2026, 12, 25))
    assert state(small, claim) == "recovered"


# Days.


def test_a_form_is_issued_on_the_day_of_the_shop_which_may_be_tomorrow_in_greenwich(tmp_path):
    office = SimulatedTaxOffice()
    with clock_at(datetime(2026, 7, 9, 23, 0, tzinfo=UTC)):
        small = open_small_shop("sqlite://", secrets=str(tmp_path / "secrets"), office=office)
        order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
        claim = small.shop.log.load(Claim, small.shop.refund_tax.open_claim([order], "instant_store", JANE).result)
        assert (claim.issued_on, claim.claim_no[:8]) == (date(2026, 7, 10), "20260710")
        small.shop.close()
