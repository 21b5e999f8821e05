"""Papers for tests: a form, an agreement and a receipt of one refund."""

import re
from datetime import date
from decimal import Decimal

from souvenir.documents.refund_agreement import RefundAgreement
from souvenir.documents.refund_form import FormLine, RefundForm, Traveller
from souvenir.documents.refund_receipt import RefundReceipt
from souvenir.kernel.money import Money


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


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))
