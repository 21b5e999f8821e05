"""The instant-refund agreement 即买即退协议书: what the traveller promises for an advance, and what follows if it is broken."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from souvenir.documents.columns import centred, left, personal, priced, wrapped
from souvenir.kernel.money import Money
from souvenir.kernel.sealing import Redacted

COLUMNS = 78

STRENGTHS = {
    "card_hold": ("信用卡预授权", "credit card pre-authorisation"),
    "saved_card": ("信用卡授权扣款", "credit card on file, charged later if need be"),
    "deposit": ("押金", "deposit"),
    "": ("信用卡预授权或押金", "credit card pre-authorisation or deposit"),
}

ADVANCERS = {"shop": ("商店", "the store"), "agency": ("退税代理机构", "the refund agency")}


@dataclass(frozen=True, slots=True)
class RefundAgreement:
    """One promise under one form. The card appears as the kind of guarantee it is, never by its number."""

    form_no: str
    agreed_on: date
    store: Mapping[str, str]
    agency: str
    traveller: str | Redacted = field(repr=False)
    gross: Money
    advance: Money
    advanced_by: str
    strength: str
    promised_by: date
    capture_by: date
    ports: Sequence[str]
    last_departure_on: date
    guarantee: Money | None = None
    """What secures it, where a scheme asks for a deposit of more than the advance."""
    secured_until: date | None = None
    """When a card's hold ends by itself."""


def clauses(agreement: RefundAgreement) -> list[tuple[str, str]]:
    """What is agreed, each clause in Chinese and English."""
    ports, kind = "、".join(agreement.ports), STRENGTHS.get(agreement.strength, (agreement.strength,) * 2)
    by = ADVANCERS.get(agreement.advanced_by, (agreement.advanced_by,) * 2)
    money, secured = priced(agreement.advance), priced(agreement.guarantee or agreement.advance)
    ends = agreement.secured_until
    return [
        (
            f"旅客承诺最迟于{agreement.promised_by}（含当日）携带申请单所列物品，经下列口岸之一离境：{ports}。",
            f"The traveller promises to leave with the goods on the form by {agreement.promised_by}, that day included, "
            f"through one of these ports: {', '.join(agreement.ports)}.",
        ),
        (
            f"{by[0]}预付{money}。该款为附条件的预付金，不是最终退税。",
            f"{by[1].capitalize()} advances {money}. It is a conditional advance, not yet a refund.",
        ),
        (
            f"旅客以本人{kind[0]}提供{secured}的担保{f'，担保至{ends}止' if ends else ''}。",
            f"The traveller gives security for {secured} by a {kind[1]} of their own{f', until {ends}' if ends else ''}.",
        ),
        (
            "海关验核通过并按承诺离境后，担保解除，预付金即为退税款。",
            "Once customs has confirmed the goods and the promise is kept, the guarantee is released and the advance "
            "becomes the refund.",
        ),
        (
            f"未按承诺离境、改由其他口岸离境或海关不予确认的，最迟于{agreement.capture_by}从担保中扣回预付金；"
            "仅部分确认的，扣回差额。",
            f"If the promise is not kept, another port is used, or customs does not confirm, the advance is taken from "
            f"the guarantee by {agreement.capture_by}; if part is confirmed, the difference is.",
        ),
        (
            f"扣回后，仍可按离境退税方式办理，最迟至{agreement.last_departure_on}离境。",
            f"After that, the ordinary refund at departure stays open until {agreement.last_departure_on}.",
        ),
        (
            "如退货，申请单与发票一并作废，预付金须退还。",
            "If goods are returned, form and invoice are voided together and the advance is paid back.",
        ),
    ]


def print_refund_agreement(agreement: RefundAgreement) -> str:
    """The agreement as text; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _lines(agreement))


def refund_agreement_pdf(agreement: RefundAgreement) -> bytes:
    """The agreement on paper, to be signed."""
    from souvenir.documents.pdf import Sheet

    sheet = Sheet(("即买即退协议书", "Instant Refund Agreement"), agreement.form_no)
    sheet.fields(_facts(agreement))
    sheet.clauses(clauses(agreement))
    sheet.signatures([("旅客签名", "Traveller's signature"), ("商店签章", "Store's stamp and date")])
    return sheet.pdf()


def _facts(agreement: RefundAgreement) -> list[tuple[tuple[str, str], str]]:
    return [
        (("申请单号", "Form no."), agreement.form_no),
        (("签订日期", "Agreed on"), agreement.agreed_on.isoformat()),
        (("退税商店", "Store"), " ".join(agreement.store.values())),
        (("退税代理机构", "Refund agency"), agreement.agency),
        (("旅客", "Traveller"), personal(agreement.traveller)),
        (("含税金额", "Goods, incl. VAT"), priced(agreement.gross)),
        (("预付金", "Advance"), priced(agreement.advance)),
        (("承诺离境日期", "Promised departure by"), agreement.promised_by.isoformat()),
    ]


def _lines(agreement: RefundAgreement) -> Iterator[str]:
    yield centred("即买即退协议书", COLUMNS)
    yield centred("Instant Refund Agreement", COLUMNS)
    yield "=" * COLUMNS
    for (chinese, english), value in _facts(agreement):
        for number, line in enumerate(wrapped(value, COLUMNS - 38)):
            yield left("" if number else f"{chinese} {english}", 38) + line
    yield "=" * COLUMNS
    for number, (chinese, english) in enumerate(clauses(agreement), 1):
        yield from wrapped(f"{number}.{chinese}", COLUMNS)
        yield from wrapped(english, COLUMNS)
    yield "=" * COLUMNS
    yield "旅客签名 Traveller's signature: ______________  商店签章 Store: ______________"
