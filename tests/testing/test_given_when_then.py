"""The test kit says what happened, and fails when something else did."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from souvenir.kernel import clock
from souvenir.kernel.money import Money
from souvenir.payments.payment import Payment, RefundExceedsPayment, Tender
from souvenir.testing import clock_at, given, shop_in_memory

TEN = Money(1000, "CNY")
DAY = date(2026, 5, 1)


def payment() -> Payment:
    return Payment.request(uuid4(), uuid4(), TEN, Tender.CARD, "sandbox")


def approved(paid: Payment) -> None:
    paid.approve("ref-1")


def refund_all(paid: Payment) -> None:
    paid.refund(uuid4(), TEN, "ref-2", DAY)


def test_an_event_is_expected_with_its_fields():
    given(payment()).when(approved).then(Payment.Approved, reference="ref-1")


def test_nothing_is_expected_when_it_was_so_already():
    given(payment(), approved).when(approved).then_nothing()


def test_a_refusal_is_expected_with_its_facts():
    given(payment(), approved, refund_all).when(refund_all).then_refused(RefundExceedsPayment, asked=TEN)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: given(payment()).when(approved).then(Payment.Approved, reference="other"),
        lambda: given(payment()).when(approved).then(Payment.Declined),
        lambda: given(payment()).when(approved).then_nothing(),
        lambda: given(payment()).when(approved).then_refused(RefundExceedsPayment),
        lambda: given(payment(), approved).when(approved).then(Payment.Approved),
        lambda: given(payment(), approved, refund_all).when(refund_all).then_nothing(),
    ],
)
def test_a_wrong_expectation_fails(wrong):
    with pytest.raises(AssertionError):
        wrong()


def test_the_clock_stands_still_and_never_goes_back():
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    with clock_at(noon) as standing:
        assert clock.now() == noon
        standing.move_to(datetime(2026, 5, 2, tzinfo=UTC))
        standing.move_to(noon)
        assert clock.now() == datetime(2026, 5, 2, tzinfo=UTC)
    assert clock.now() > datetime(2026, 6, 1, tzinfo=UTC)


def test_a_shop_in_memory_is_empty_and_whole():
    with shop_in_memory() as shop:
        assert shop.ledger.trial_balance().rows == ()
        assert shop.differences() == []
