"""Agreement, receipt and the papers as PDF: both languages, codes to scan, as many pages as needed, nobody in the metadata."""

import re
from dataclasses import replace
from uuid import UUID

import pytest
from refund_papers import AGREEMENT, FORM, RECEIPT, cny, pages

from souvenir.documents.columns import width
from souvenir.documents.refund_agreement import (
    clauses,
    print_refund_agreement,
    refund_agreement_pdf,
)
from souvenir.documents.refund_form import Traveller, refund_form_pdf
from souvenir.documents.refund_receipt import print_refund_receipt, refund_receipt_pdf
from souvenir.kernel.sealing import Redacted

PAPERS = [
    pytest.param(lambda: refund_form_pdf(FORM), id="form"),
    pytest.param(lambda: refund_agreement_pdf(AGREEMENT), id="agreement"),
    pytest.param(lambda: refund_receipt_pdf(RECEIPT), id="receipt"),
]


@pytest.mark.parametrize("paper", PAPERS)
def test_a_paper_is_one_page_and_always_the_same_file(paper) -> None:
    pdf = paper()
    assert pdf.startswith(b"%PDF-")
    assert pages(pdf) == 1
    assert paper() == pdf


@pytest.mark.parametrize("paper", PAPERS)
def test_the_metadata_names_the_kind_of_paper_and_nobody(paper) -> None:
    title = re.search(rb"/Title \((.*?)\) /Trapped", paper(), re.DOTALL)
    assert title is not None
    for told in ("JANE", "DOE", "E12345678", "GBR"):
        assert told.encode() not in paper()
        assert told.encode("utf-16-be") not in paper()


def test_a_long_form_takes_another_page() -> None:
    assert pages(refund_form_pdf(replace(FORM, lines=FORM.lines * 60))) == 3


def test_markup_in_a_name_is_only_a_name() -> None:
    assert pages(refund_form_pdf(replace(FORM, store={"en": "<b>Smith & Sons</para>"}))) == 1


def test_the_agreement_says_what_is_promised_and_what_follows_in_both_languages() -> None:
    agreed = clauses(AGREEMENT)
    assert agreed[0] == (
        "旅客承诺最迟于2026-08-07（含当日）携带申请单所列物品，经下列口岸之一离境：PEK、PKX。",
        "The traveller promises to leave with the goods on the form by 2026-08-07, that day included, through one of "
        "these ports: PEK, PKX.",
    )
    assert agreed[1][1] == "The store advances 101.70 CNY. It is a conditional advance, not yet a refund."
    assert "2026-08-12" in agreed[4][0]
    assert "2026-08-12" in agreed[4][1]


def test_the_agreement_says_what_is_asked_as_security_where_that_is_more_than_the_advance() -> None:
    assert "The traveller gives security for 101.70 CNY by" in print_refund_agreement(AGREEMENT)
    more = print_refund_agreement(replace(AGREEMENT, guarantee=cny("147.00")))
    assert "The traveller gives security for 147.00 CNY by" in more
    assert "The store advances 101.70 CNY." in more


def test_agreement_and_receipt_as_text_keep_their_columns() -> None:
    for text in (print_refund_agreement(AGREEMENT), print_refund_receipt(RECEIPT)):
        assert all(width(line) <= 78 for line in text.splitlines())
    assert "海关确认退税额 Refund confirmed by customs" in print_refund_receipt(RECEIPT)


def test_an_advance_awaits_customs_on_its_receipt() -> None:
    assert "待海关验核 awaiting customs" in print_refund_receipt(replace(RECEIPT, confirmed=None))


def test_who_was_forgotten_is_redacted_on_every_paper() -> None:
    gone = Redacted(UUID(int=1), "tax")
    for text in (
        print_refund_agreement(replace(AGREEMENT, traveller=gone)),
        print_refund_receipt(replace(RECEIPT, traveller=gone)),
    ):
        assert "JANE" not in text
    assert refund_form_pdf(replace(FORM, traveller=Traveller(gone, gone, "passport", gone)))
