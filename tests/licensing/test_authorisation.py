"""A gift mark may be used on certified products, while it is valid and reviewed; it earns nobody a royalty."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from souvenir.kernel.errors import MalformedInput
from souvenir.licensing.authorisation import (
    Authorisation,
    CertificateAlreadyRecorded,
    CertificateUnsound,
    MarkNotValid,
    MarkReviewOverdue,
    ProductNotCertified,
)

VASE, FAN = UUID(int=1), UUID(int=2)


def certify(**changes: Any) -> Authorisation:
    facts: dict[str, Any] = {
        "certificate_no": "GIFT-2026-017",
        "mark": {"zh-Hans": "京城佳礼", "en": "Fine Gifts of the Capital"},
        "certifier": "City tourism association",
        "products": (VASE,),
        "valid_from": date(2026, 3, 1),
        "valid_until": date(2029, 2, 28),
        "review_due": date(2027, 2, 28),
    }
    return Authorisation.certify(**(facts | changes))


@pytest.mark.parametrize("on", [date(2026, 3, 1), date(2027, 2, 28)])
def test_the_mark_is_used_from_its_first_day_to_the_review(on: date) -> None:
    certify().permits(VASE, on)


def test_the_mark_is_refused_before_its_first_day_and_after_its_last() -> None:
    reviewed = certify(review_due=None)
    reviewed.permits(VASE, date(2029, 2, 28))
    for day in (date(2026, 2, 28), date(2029, 3, 1)):
        with pytest.raises(MarkNotValid):
            reviewed.permits(VASE, day)


def test_a_product_that_was_not_certified_may_not_carry_the_mark() -> None:
    with pytest.raises(ProductNotCertified):
        certify().permits(FAN, date(2026, 6, 1))


def test_a_mark_whose_review_is_overdue_is_refused_until_it_is_passed() -> None:
    mark = certify()
    with pytest.raises(MarkReviewOverdue):
        mark.permits(VASE, date(2027, 3, 1))
    mark.pass_review(date(2027, 3, 2), next_due=date(2028, 2, 28))
    mark.permits(VASE, date(2027, 3, 2))


def test_passing_a_review_twice_records_nothing_new() -> None:
    mark = certify()
    for _ in range(2):
        mark.pass_review(date(2027, 2, 1), next_due=date(2028, 2, 28))
    assert len(mark.pending_events) == 2


@pytest.mark.parametrize("next_due", [date(2027, 2, 1), date(2027, 2, 27)])
def test_a_review_leads_to_a_later_one(next_due: date) -> None:
    with pytest.raises(CertificateUnsound):
        certify().pass_review(date(2027, 2, 1), next_due)


def test_the_same_certificate_again_is_known_and_another_under_its_number_refused() -> None:
    certify().certified_again(certify())
    with pytest.raises(CertificateAlreadyRecorded):
        certify().certified_again(certify(products=(VASE, FAN)))


def test_a_certificate_that_says_nothing_is_refused() -> None:
    with pytest.raises(CertificateUnsound):
        certify(products=())
    with pytest.raises(CertificateUnsound):
        certify(valid_until=date(2026, 2, 28))
    with pytest.raises(MalformedInput):
        certify(certificate_no="")
