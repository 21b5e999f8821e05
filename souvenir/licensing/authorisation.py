"""A gift mark: certification that a product may carry a region's mark, without royalty, reviewed every year."""

from datetime import date
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import MalformedInput, SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.localized import LocalizedText


class MarkNotValid(SouvenirError):
    message = "Certificate {certificate_no} is valid from {valid_from} to {valid_until}: not on {on}."
    certificate_no: str
    valid_from: date
    valid_until: date
    on: date


class MarkReviewOverdue(SouvenirError):
    message = "Certificate {certificate_no} was to be reviewed by {review_due}: the mark cannot be used on {on}."
    certificate_no: str
    review_due: date
    on: date


class ProductNotCertified(SouvenirError):
    message = "Certificate {certificate_no} does not cover product {product_id}."
    certificate_no: str
    product_id: UUID


class CertificateUnsound(SouvenirError):
    message = "Certificate {certificate_no} cannot be recorded: {reason}."
    certificate_no: str
    reason: str


class CertificateAlreadyRecorded(SouvenirError):
    message = "Certificate {certificate_no} is already recorded with other facts."
    certificate_no: str


class Authorisation(Aggregate):
    """One certificate under which named products carry a gift mark."""

    TOPIC = "licensing.Authorisation"

    class Certified(Created):
        """`valid_until` and `review_due` are the last days, inclusive; without `review_due` there is no review."""

        TOPIC = "licensing.MarkCertified"
        certificate_no: str
        mark: LocalizedText
        certifier: str
        products: tuple[UUID, ...]
        rules: LocalizedText | None
        valid_from: date
        valid_until: date
        review_due: date | None

    class Reviewed(Aggregate.Event):
        """The annual review was passed; the next one is due by `next_due`."""

        TOPIC = "licensing.MarkReviewed"
        reviewed_on: date
        next_due: date

    @event(Certified)
    def __init__(
        self,
        certificate_no: str,
        mark: LocalizedText,
        certifier: str,
        products: tuple[UUID, ...],
        rules: LocalizedText | None,
        valid_from: date,
        valid_until: date,
        review_due: date | None,
    ) -> None:
        self.certificate_no = certificate_no
        self.mark = mark
        self.certifier = certifier
        self.products = products
        self.rules = rules
        self.valid_from = valid_from
        self.valid_until = valid_until
        self.review_due = review_due
        self.as_issued = (mark, certifier, products, rules, valid_from, valid_until, review_due)

    @staticmethod
    def id_of(certificate_no: str) -> UUID:
        return derived_id("gift-mark", certificate_no)

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def certify(
        cls,
        certificate_no: str,
        mark: LocalizedText,
        certifier: str,
        products: tuple[UUID, ...],
        valid_from: date,
        valid_until: date,
        review_due: date | None = None,
        rules: LocalizedText | None = None,
    ) -> Self:
        """Record a certificate as it was issued to the shop."""
        if not certificate_no.strip():
            raise MalformedInput(expected="certificate number", value=certificate_no)
        if valid_until < valid_from:
            raise CertificateUnsound(certificate_no=certificate_no, reason="it ends before it begins")
        if not products:
            raise CertificateUnsound(certificate_no=certificate_no, reason="it names no product")
        return cls._create(
            cls.Certified,
            id=cls.id_of(certificate_no),
            certificate_no=certificate_no,
            mark=mark,
            certifier=certifier,
            products=products,
            rules=rules,
            valid_from=valid_from,
            valid_until=valid_until,
            review_due=review_due,
        )

    def certified_again(self, other: "Authorisation") -> None:
        """The same certificate once more records nothing; other facts under its number are refused."""
        if self.as_issued != other.as_issued:
            raise CertificateAlreadyRecorded(certificate_no=self.certificate_no)

    def pass_review(self, on: date, next_due: date) -> None:
        """Record that the annual review was passed; asking twice records nothing new."""
        if self.review_due == next_due:
            return
        if next_due <= on or (self.review_due is not None and next_due < self.review_due):
            reason = f"the next review cannot be due on {next_due}"
            raise CertificateUnsound(certificate_no=self.certificate_no, reason=reason)
        self._reviewed(reviewed_on=on, next_due=next_due)

    def permits(self, product_id: UUID, on: date) -> None:
        """Refuse the use of the mark on a product the certificate does not name, or on a day it is not valid."""
        if product_id not in self.products:
            raise ProductNotCertified(certificate_no=self.certificate_no, product_id=product_id)
        if not self.valid_from <= on <= self.valid_until:
            raise MarkNotValid(
                certificate_no=self.certificate_no, valid_from=self.valid_from, valid_until=self.valid_until, on=on
            )
        if self.review_due is not None and on > self.review_due:
            raise MarkReviewOverdue(certificate_no=self.certificate_no, review_due=self.review_due, on=on)

    # Evolve: assigns only, because it also replays history.

    @event(Reviewed)
    def _reviewed(self, reviewed_on: date, next_due: date) -> None:
        self.review_due = next_due
