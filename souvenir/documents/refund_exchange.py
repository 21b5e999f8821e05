"""Refunds as operators and tax offices take them in: an issue model in JSON, and Japan's purchase records and results.

The shapes follow what is publicly known of Global Blue's JSON issue model and of the items of Japan's purchase record
(NTA, tax-free sales management system). Both are contracts with the receiver: compare with its own specification first.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from souvenir.documents.columns import personal
from souvenir.documents.refund_form import FormLine, RefundForm
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money, total

DETAILS_FROM: Final = 1_000_000
"""Yen without tax, for one unit: from here the purchase record says which item it was."""


class ResultsUnreadable(SouvenirError):
    message = "The customs results are not usable: {problem}. Nothing of them was taken."
    problem: str


@dataclass(frozen=True, slots=True)
class OperatorShop:
    """Who sends: the ids the operator gave the shop and its desk, and who stands for the refund until customs."""

    shop_id: str
    desk_id: str
    sender_id: str
    service_id: str
    takes_risk: bool
    """Whether the shop bears the loss of an advance that cannot be recovered (shopTakesRisk)."""


def issue_model(form: RefundForm, shop: OperatorShop, receipt_no: str, country: str) -> str:
    """The form as a JSON issue request; amounts are decimal strings, lines carry their VAT."""
    traveller = form.traveller
    model: dict[str, Any] = {
        "senderId": shop.sender_id,
        "externalDocumentReference": form.form_no,
        "shopInvoiceNumber": receipt_no,
        "shop": {"shopId": shop.shop_id, "deskId": shop.desk_id},
        "traveller": {
            "name": personal(traveller.name),
            "nationality": personal(traveller.nationality),
            "travelDocument": {
                "type": traveller.document_type,
                "number": personal(traveller.document_number),
            },
        },
        "trip": {
            "arrivalDate": _day(traveller.last_entry),
            "departureDate": _day(form.promised_by),
            "destination": country,
        },
        "purchase": {
            "receipts": [
                {
                    "number": receipt_no,
                    "date": form.purchased_on.isoformat(),
                    "totals": _totals(form.lines),
                    "totalsPerVat": [
                        {"vatRate": str(rate), **_totals([line for line in form.lines if line.vat_rate == rate])}
                        for rate in dict.fromkeys(line.vat_rate for line in form.lines)
                    ],
                    "items": [_item(line) for line in form.lines],
                }
            ]
        },
        "refund": {
            "serviceId": shop.service_id,
            "amount": form.net.amount,
            "currency": form.net.currency,
            "travellerFee": form.fee.amount,
            "shopTakesRisk": shop.takes_risk,
        },
    }
    return json.dumps(model, ensure_ascii=False, indent=2)


@dataclass(frozen=True, slots=True)
class JapaneseShop:
    """The shop as the tax office knows it."""

    shop_id: str
    name: str
    place: str
    tax_office: str


def purchase_record(form: RefundForm, shop: JapaneseShop, bought_at: datetime, born_on: date, country: str) -> str:
    """A purchase record of one receipt, of the rules from 2026-11-01: refunded after customs, whole or not at all.

    Details are sent for goods whose unit price without tax is 1,000,000 yen or more.
    """
    traveller = form.traveller
    record: dict[str, Any] = {
        "sendNumber": form.form_no,
        "shopId": shop.shop_id,
        "shopName": shop.name,
        "shopPlace": shop.place,
        "taxOffice": shop.tax_office,
        "purchasedAt": bought_at.isoformat(timespec="seconds"),
        "purchaser": {
            "name": personal(traveller.name),
            "birthDate": born_on.isoformat(),
            "landingDate": _day(traveller.last_entry),
            "countryCode": country,
            "documentType": traveller.document_type,
            "documentNumber": personal(traveller.document_number),
        },
        "goods": [_good(line) for line in form.lines],
        "totalWithoutTax": str(sum(_net(line).minor for line in form.lines)),
    }
    return json.dumps(record, ensure_ascii=False, indent=2)


def read_customs_results(text: str) -> Mapping[str, bool]:
    """Japan's answers as they are pulled: by send number, whether customs confirmed the whole receipt."""
    try:
        rows = json.loads(text)["results"]
        results = {row["sendNumber"]: row["confirmed"] for row in rows}
    except (ValueError, KeyError, TypeError) as error:
        raise ResultsUnreadable(problem=f"{type(error).__name__} where results were expected") from None
    if len(results) != len(rows):
        raise ResultsUnreadable(problem="a send number stands in them twice")
    if not all(isinstance(number, str) and isinstance(seen, bool) for number, seen in results.items()):
        raise ResultsUnreadable(problem="an answer is neither yes nor no")
    return results


def _item(line: FormLine) -> dict[str, Any]:
    return {
        "description": line.name.get("en") or next(iter(line.name.values())),
        "quantity": line.quantity,
        "vatRate": str(line.vat_rate),
        "grossAmount": line.gross.amount,
        "netAmount": _net(line).amount,
        "vatAmount": _vat(line).amount,
    }


def _totals(lines: Sequence[FormLine]) -> dict[str, str]:
    currency = lines[0].gross.currency
    gross, vat = total((line.gross for line in lines), currency), total(map(_vat, lines), currency)
    return {"gross": gross.amount, "net": (gross - vat).amount, "vat": vat.amount, "currency": currency}


def _good(line: FormLine) -> dict[str, Any]:
    net, name = _net(line), line.name.get("ja") or next(iter(line.name.values()))
    unit = net.minor // line.quantity
    good: dict[str, Any] = {
        "name": name,
        "quantity": line.quantity,
        "unitPriceWithoutTax": str(unit),
        "priceWithoutTax": str(net.minor),
        "reducedRate": line.vat_rate == Decimal("0.08"),
    }
    return good | ({"details": " / ".join(line.name.values())} if unit >= DETAILS_FROM else {})


def _vat(line: FormLine) -> Money:
    return line.gross.tax_within(line.vat_rate)


def _net(line: FormLine) -> Money:
    return line.gross - _vat(line)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
