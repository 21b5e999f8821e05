"""Refunds for operators and tax offices: the issue model adds up, the purchase record details what is dear."""

import json
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from souvenir.documents.refund_exchange import (
    JapaneseShop,
    OperatorShop,
    ResultsUnreadable,
    issue_model,
    purchase_record,
    read_customs_results,
)
from souvenir.documents.refund_form import FormLine, RefundForm, Traveller
from souvenir.kernel.money import Money
from souvenir.kernel.sealing import Redacted


def eur(text: str) -> Money:
    return Money.of(text, "EUR")


PARIS = RefundForm(
    form_no="FR-17",
    issued_on=date(2026, 8, 1),
    purchased_on=date(2026, 8, 1),
    store={"fr": "Émaux de Longwy"},
    taxpayer_no="FR00123456789",
    mode="departure",
    traveller=Traveller("JANE DOE", "GBR", "passport", "E12345678", date(2026, 7, 30)),
    lines=(
        FormLine({"en": "Enamel box"}, 2, eur("240.00"), Decimal("0.20"), Decimal(1), eur("40.00")),
        FormLine({"en": "Book"}, 1, eur("21.10"), Decimal("0.055"), Decimal(1), eur("1.10")),
    ),
    gross=eur("261.10"),
    refund=eur("41.10"),
    fee=eur("9.00"),
    net=eur("32.10"),
)
SHOP = OperatorShop("4711", "1", "SOUVENIR", "FR-STANDARD", takes_risk=False)
TOKYO = JapaneseShop("000000000000000000001", "七宝の店", "東京都台東区", "浅草税務署")


def test_the_issue_model_adds_up_by_line_by_rate_and_in_all() -> None:
    told = json.loads(issue_model(PARIS, SHOP, "R-17", "GBR"))
    receipt = told["purchase"]["receipts"][0]
    assert receipt["totals"] == {"gross": "261.10", "net": "220.00", "vat": "41.10", "currency": "EUR"}
    assert [(one["vatRate"], one["gross"], one["vat"]) for one in receipt["totalsPerVat"]] == [
        ("0.20", "240.00", "40.00"),
        ("0.055", "21.10", "1.10"),
    ]
    assert receipt["items"][0]["netAmount"] == "200.00"
    assert told["refund"]["amount"] == "32.10"
    assert told["refund"]["shopTakesRisk"] is False
    assert told["traveller"]["travelDocument"]["number"] == "E12345678"


def test_who_was_forgotten_is_not_sent() -> None:
    gone = Redacted(UUID(int=1), "tax")
    told = issue_model(replace(PARIS, traveller=Traveller(gone, gone, "passport", gone)), SHOP, "R-17", "GBR")
    assert "JANE" not in told
    assert "E12345678" not in told


def test_japans_purchase_record_says_prices_without_tax_and_details_of_what_is_dear() -> None:
    jar = FormLine(
        {"ja": "七宝の壺", "en": "Jar"}, 1, Money(1_100_000, "JPY"), Decimal("0.10"), Decimal(1), Money(0, "JPY")
    )
    dish = replace(jar, name={"ja": "小皿"}, quantity=3, gross=Money(3_300, "JPY"))
    form = replace(PARIS, form_no="JP-17", lines=(jar, dish))
    told = json.loads(purchase_record(form, TOKYO, datetime(2026, 11, 1, 10, 0), date(1974, 8, 12), "GBR"))  # noqa: DTZ001
    assert told["totalWithoutTax"] == "1003000"
    assert [(good["unitPriceWithoutTax"], good.get("details")) for good in told["goods"]] == [
        ("1000000", "七宝の壺 / Jar"),
        ("1000", None),
    ]
    assert told["purchaser"]["birthDate"] == "1974-08-12"


def test_customs_results_are_of_whole_receipts() -> None:
    text = '{"results": [{"sendNumber": "JP-17", "confirmed": true}, {"sendNumber": "JP-18", "confirmed": false}]}'
    assert read_customs_results(text) == {"JP-17": True, "JP-18": False}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"results": 3}',
        '{"results": [{"sendNumber": "JP-17"}]}',
        '{"results": [{"sendNumber": "JP-17", "confirmed": 1}]}',
        '{"results": [{"sendNumber": "JP-17", "confirmed": true}, {"sendNumber": "JP-17", "confirmed": true}]}',
    ],
)
def test_results_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ResultsUnreadable):
        read_customs_results(text)
