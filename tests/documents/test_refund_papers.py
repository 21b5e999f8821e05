"""Agreement, receipt and the papers as PDF: both languages, codes to scan, as many pages as needed, nobody in the metadata."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from souvenir.documents.columns import width
from souvenir.documents.refund_agreement import (
    RefundAgreement,
    clauses,
    print_refund_agreement,
    refund_agreement_pdf,
)
from souvenir.documents.refund_form import FormLine, RefundForm, Traveller, refund_form_pdf
from souvenir.documents.refund_receipt import RefundReceipt, print_refund_receipt, refund_receipt_pdf
from souvenir.kernel.money import Money
from souvenir.kernel.sealing import Redacted


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


FORM = RefundForm(
    form_no="1100202607100000017",
    issued_on=date(2026, 7, 10),
    purchased_on=date(2026, 7, 10),
    store={"zh-Hans": "燕山珐琅厂礼品店", "en": "Yanshan Enamel Works"},
    taxpayer_no="91110000123456789X",
    mode="instant_store",
    traveller=Traveller("JANE DOE", "GBR", "passport", "E12345678", date(2026, 7, 1)),
    lines=[
        FormLine(
            {"zh-Hans": "掐丝珐琅瓶", "en": "Cloisonné vase"},
            1,
            cny("1130.00"),
            Decimal("0.13"),
            Decimal("0.11"),
            cny("124.30"),
        )
    ],
    gross=cny("1130.00"),
    refund=cny("124.30"),
    fee=cny("22.60"),
    net=cny("101.70"),
    promised_by=date(2026, 8, 7),
    ports=("PEK", "PKX"),
)
AGREEMENT = RefundAgreement(
    form_no=FORM.form_no,
    agreed_on=date(2026, 7, 10),
    store=FORM.store,
    agency="Bank of the Capital",
    traveller="JANE DOE",
    gross=FORM.gross,
    advance=FORM.net,
    advanced_by="shop",
    strength="card_hold",
    promised_by=date(2026, 8, 7),
    capture_by=date(2026, 8, 12),
    ports=("PEK", "PKX"),
    last_departure_on=date(2026, 10, 8),
)
RECEIPT = RefundReceipt(
    receipt_no="R-17",
    form_no=FORM.form_no,
    applied_on=date(2026, 7, 10),
    paid_on=date(2026, 8, 7),
    agency="Bank of the Capital",
    phone="+86 10 0000 0000",
    traveller="JANE DOE",
    applied=FORM.refund,
    confirmed=cny("62.15"),
    fee=cny("11.30"),
    paid=cny("50.85"),
    tender="cash",
)
PAPERS = [
    pytest.param(lambda: refund_form_pdf(FORM), id="form"),
    pytest.param(lambda: refund_agreement_pdf(AGREEMENT), id="agreement"),
    pytest.param(lambda: refund_receipt_pdf(RECEIPT), id="receipt"),
]


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


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
