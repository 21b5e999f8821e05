"""A payment hears one final answer, never gives back more than it took, and forgets no money."""

from datetime import date
from uuid import UUID

import pytest

from souvenir.kernel.money import Money
from souvenir.payments.payment import NothingToGiveBack, Payment, PaymentNotApproved, RefundExceedsPayment, Tender
from souvenir.testing import given

JULY_10 = date(2026, 7, 10)
ID, ORDER, R1, R2 = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


def payment() -> Payment:
    return Payment.request(ID, ORDER, cny("113.00"), Tender.CARD, "sandbox")


def approved(payment: Payment) -> None:
    payment.approve("ref-1")


def declined(payment: Payment) -> None:
    payment.decline("insufficient funds")


def asked_for(text: str, refund_id: UUID = R1):
    return lambda payment: payment.request_refund(refund_id, cny(text), JULY_10)


def refunded(text: str, refund_id: UUID = R1):
    return lambda payment: payment.refund(refund_id, cny(text), "back-1", JULY_10)


def test_an_approved_payment_keeps_the_providers_reference():
    given(payment()).when(approved).then(Payment.Approved, reference="ref-1")


def test_a_declined_payment_keeps_the_reason():
    given(payment()).when(declined).then(Payment.Declined, reason="insufficient funds")


def test_what_was_paid_on_the_counter_is_taken_and_may_be_given_back():
    def taken() -> Payment:
        return Payment.take(ORDER, cny("113.00"), Tender.CASH, "counter:0001")

    assert (taken().settled, taken().reference) == (True, "counter:0001")
    given(taken()).when(declined).then_nothing()
    given(taken()).when(refunded("113.00")).then(Payment.Refunded, amount=cny("113.00"))


@pytest.mark.parametrize("first", [approved, declined])
def test_the_same_answer_twice_records_nothing_new(first):
    given(payment(), first).when(first).then_nothing()


def test_what_was_approved_is_not_declined_any_more():
    given(payment(), approved).when(declined).then_nothing()


def test_money_that_came_although_it_was_given_up_is_never_forgotten():
    given(payment(), declined).when(approved).then(Payment.ApprovedAfterAll, reference="ref-1")
    given(payment(), declined, approved).when(approved).then_nothing()
    given(payment(), declined, approved).when(refunded("113.00")).then(Payment.Refunded, amount=cny("113.00"))


def test_another_amount_or_currency_is_a_misfortune_that_is_recorded_once():
    def other(payment: Payment) -> None:
        payment.mismatch("ref-1", Money.of("113.00", "USD"))

    given(payment()).when(other).then(Payment.Mismatched, received=Money.of("113.00", "USD"))
    given(payment(), other).when(other).then_nothing()
    given(payment(), other).when(approved).then_nothing()
    given(payment(), other).when(
        lambda payment: payment.request_refund(R1, Money.of("113.00", "USD"), JULY_10, "not what was asked")
    ).then(Payment.RefundRequested, amount=Money.of("113.00", "USD"))


def test_a_refund_is_decided_before_it_is_carried_out():
    given(payment(), approved).when(asked_for("13.00")).then(Payment.RefundRequested, refund_id=R1, amount=cny("13.00"))
    given(payment(), approved, asked_for("13.00")).when(refunded("13.00")).then(Payment.Refunded, reference="back-1")


def test_a_refund_decided_or_done_twice_is_one():
    given(payment(), approved, asked_for("13.00")).when(asked_for("13.00")).then_nothing()
    given(payment(), approved, refunded("13.00")).when(asked_for("13.00")).then_nothing()
    given(payment(), approved, refunded("13.00")).when(refunded("13.00")).then_nothing()


def test_a_refund_that_is_only_decided_already_counts():
    given(payment(), approved, asked_for("100.00")).when(refunded("13.01", R2)).then_refused(
        RefundExceedsPayment, remaining=cny("13.00"), asked=cny("13.01")
    )
    given(payment(), approved, asked_for("100.00")).when(refunded("13.00", R2)).then(Payment.Refunded)


def test_never_more_goes_back_than_was_taken():
    given(payment(), approved).when(refunded("113.01")).then_refused(RefundExceedsPayment, remaining=cny("113.00"))
    given(payment(), approved, refunded("113.00")).when(asked_for("0.01", R2)).then_refused(RefundExceedsPayment)


@pytest.mark.parametrize("attempt", [asked_for("1.00"), refunded("1.00")])
def test_nothing_goes_back_on_a_payment_that_was_not_approved(attempt):
    given(payment()).when(attempt).then_refused(PaymentNotApproved, payment_id=ID)
    given(payment(), declined).when(attempt).then_refused(PaymentNotApproved)


def test_a_refund_the_provider_declines_may_be_decided_again():
    def no(payment: Payment) -> None:
        payment.decline_refund(R1, "card closed")

    given(payment(), approved, asked_for("13.00")).when(no).then(Payment.RefundDeclined, reason="card closed")
    given(payment(), approved, asked_for("13.00"), no).when(no).then_nothing()
    given(payment(), approved, asked_for("13.00"), no).when(asked_for("113.00")).then(Payment.RefundRequested)


def test_a_declined_refund_is_paid_another_way_once_and_counts_as_given():
    def no(payment: Payment) -> None:
        payment.decline_refund(R1, "card closed")

    def by_bank(payment: Payment) -> None:
        payment.pay_back(R1, "bank_transfer", "B-1", date(2026, 7, 20))

    def by_cash(payment: Payment) -> None:
        payment.pay_back(R1, "cash", "C-1", date(2026, 7, 20))

    was_declined = given(payment(), approved, asked_for("113.00"), no)
    was_declined.when(by_bank).then(Payment.RefundPaidBack, amount=cny("113.00"), tender="bank_transfer")
    paid = given(payment(), approved, asked_for("113.00"), no, by_bank)
    paid.when(by_bank).then_nothing()
    paid.when(no).then_nothing()
    paid.when(by_cash).then_refused(NothingToGiveBack)
    paid.when(asked_for("0.01", R2)).then_refused(RefundExceedsPayment)
    given(payment(), approved, asked_for("113.00")).when(by_bank).then_refused(NothingToGiveBack)


def test_a_refund_that_comes_back_from_the_bank_is_no_longer_counted_as_given():
    def came_back(payment: Payment) -> None:
        payment.decline_refund(R1, "account closed")

    given(payment(), approved, refunded("113.00")).when(came_back).then(Payment.RefundDeclined, refund_id=R1)
    given(payment(), approved, refunded("113.00"), came_back).when(refunded("113.00", R2)).then(Payment.Refunded)
    given(payment(), approved).when(came_back).then_nothing()
