"""The refund application form 离境退税申请单: what the store issues, customs confirms and the agency pays against."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from souvenir.documents.columns import across, amount, centred, left, percent, personal, table, wrapped
from souvenir.kernel.money import Money
from souvenir.kernel.sealing import Redacted

COLUMNS = 78

MODES = {
    "departure": "离境退税 refund at departure",
    "instant_store": "即买即退（商店） instant refund, in the store",
    "instant_centralised": "即买即退（集中退付点） instant refund, centralised point",
}

VOID = "作废 VOID"

DOCUMENTS = {
    "passport": "护照 Passport",
    "hk_macao_permit": "港澳居民来往内地通行证 HK/Macao permit",
    "taiwan_permit": "台湾居民来往大陆通行证 Taiwan permit",
}


@dataclass(frozen=True, slots=True)
class Traveller:
    """Who claims. Personal fields come already opened, or as `Redacted` once their key is destroyed."""

    name: str | Redacted = field(repr=False)
    nationality: str | Redacted = field(repr=False)
    document_type: str
    document_number: str | Redacted = field(repr=False)
    last_entry: date | None = None


@dataclass(frozen=True, slots=True)
class FormLine:
    """Goods of one line: `gross` includes VAT, `refund` is before the agency's fee."""

    name: Mapping[str, str]
    quantity: int
    gross: Money
    vat_rate: Decimal
    refund_rate: Decimal | None
    """Of the gross; None where the refund is not such a rate."""
    refund: Money
    confirmed: int | None = None
    """How many customs saw leave the country; None until they looked."""


@dataclass(frozen=True, slots=True)
class RefundForm:
    """One form: one traveller, one store, one day of purchases, all money in one currency."""

    form_no: str
    issued_on: date
    purchased_on: date
    store: Mapping[str, str]
    taxpayer_no: str
    mode: str
    traveller: Traveller
    lines: Sequence[FormLine]
    gross: Money
    refund: Money
    fee: Money
    net: Money
    promised_by: date | None = None
    ports: Sequence[str] = ()
    advanced: Money | None = None
    customs_port: str | None = None
    customs_on: date | None = None
    rule_versions: Sequence[str] = ()
    invoices: Sequence[str] = ()
    """The invoices the goods are on: void together with the form."""
    phone: str = ""
    voided: bool = False
    """Whether the form no longer stands: it is printed for the file only, and says so."""


def print_refund_form(form: RefundForm) -> str:
    """The form as text; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _lines(form))


def refund_form_pdf(form: RefundForm) -> bytes:
    """The form on paper, with its number as barcode and QR code."""
    from souvenir.documents.pdf import Sheet

    traveller = form.traveller
    sheet = Sheet(("离境退税申请单", "Departure Tax Refund Application Form"), form.form_no)
    sheet.fields(
        [
            (("开具日期", "Issued"), form.issued_on.isoformat()),
            (("购买日期", "Purchased"), form.purchased_on.isoformat()),
            (("退税商店", "Store"), " ".join(form.store.values())),
            (("纳税人识别号", "Taxpayer no."), form.taxpayer_no or "-"),
            (("电话", "Telephone"), form.phone or "-"),
            (("姓名", "Name"), personal(traveller.name)),
            (("国籍/地区", "Nationality"), personal(traveller.nationality)),
            (("证件", "Document"), DOCUMENTS.get(traveller.document_type, traveller.document_type)),
            (("证件号码", "Document no."), personal(traveller.document_number)),
            (("最近入境", "Last entry"), traveller.last_entry.isoformat() if traveller.last_entry else "-"),
            (("方式", "Mode"), MODES.get(form.mode, form.mode)),
            *([(("状态", "State"), VOID)] if form.voided else []),
        ]
    )
    sheet.goods(
        (("品名", "Goods"), ("数量", "Qty"), ("含税金额", "Gross"), ("税率", "VAT"), ("退税率", "Rate"),
         ("退税额", "Refund"), ("海关确认", "Confirmed")),
        [
            (
                " ".join(dict.fromkeys(line.name.values())),
                str(line.quantity),
                amount(line.gross),
                percent(line.vat_rate),
                _rate(line),
                amount(line.refund),
                "" if line.confirmed is None else str(line.confirmed),
            )
            for line in form.lines
        ],
    )  # fmt: skip
    sheet.totals(
        [
            ((f"含税金额合计（{form.gross.currency}）", "Goods, incl. VAT"), amount(form.gross)),
            (("退税额", "Refund"), amount(form.refund)),
            (("手续费", "Agency fee"), amount(-form.fee)),
            (("实退金额", "Payable to the traveller"), amount(form.net)),
            *([(("已预付", "Advanced"), amount(form.advanced))] if form.advanced is not None else []),
        ],
        comes_to=3,
    )
    notes = [(("适用规则", "Rules"), ", ".join(form.rule_versions))] if form.rule_versions else []
    if form.invoices:
        notes.insert(0, (("发票号码", "Invoices"), ", ".join(form.invoices)))
    if form.promised_by is not None:
        ports = "、".join(form.ports)
        notes.insert(0, (("承诺离境日期和口岸", "Promised departure by, through"), f"{form.promised_by} {ports}"))
    if form.customs_on is not None:
        notes.append((("海关验核", "Customs"), f"{form.customs_port or ''} {form.customs_on}".strip()))
    sheet.statements(notes)
    sheet.signatures([("海关签章", "Customs' stamp and date"), ("旅客签名", "Traveller's signature")])
    return sheet.pdf()


def _lines(form: RefundForm) -> Iterator[str]:
    rule = "=" * COLUMNS
    yield centred("离境退税申请单", COLUMNS)
    yield centred("Departure Tax Refund Application Form", COLUMNS)
    if form.voided:
        yield centred(VOID, COLUMNS)
    yield rule
    yield from _head(form)
    yield rule
    yield from _goods(form)
    yield rule
    yield from _totals(form)
    yield rule
    yield from _customs(form)


def _head(form: RefundForm) -> Iterator[str]:
    traveller = form.traveller
    store = " ".join(form.store[tag] for tag in ("zh-Hans", "en") if tag in form.store)
    yield from _field("申请单号 Form no.", form.form_no)
    yield from _field("开具日期 Issued", form.issued_on.isoformat())
    yield from _field("退税商店 Store", store or next(iter(form.store.values())))
    yield from _field("纳税人识别号 Taxpayer", form.taxpayer_no or "-")
    if form.phone:
        yield from _field("电话 Telephone", form.phone)
    yield from _field("方式 Mode", MODES.get(form.mode, form.mode))
    yield from _field("姓名 Name", personal(traveller.name))
    yield from _field("国籍/地区 Nationality", personal(traveller.nationality))
    yield from _field("证件 Document", DOCUMENTS.get(traveller.document_type, traveller.document_type))
    yield from _field("证件号码 Document no.", personal(traveller.document_number))
    if traveller.last_entry:
        yield from _field("最近入境 Last entry", traveller.last_entry.isoformat())
    yield from _field("购买日期 Purchased", form.purchased_on.isoformat())
    if form.invoices:
        yield from _field("发票号码 Invoices", ", ".join(form.invoices))


def _goods(form: RefundForm) -> Iterator[str]:
    headings = ("品名 Goods", "数量 Qty", "含税金额 Gross", "税率 VAT", "退税率 Rate", "退税额 Refund")
    rows = [
        (
            _goods_name(line),
            str(line.quantity),
            amount(line.gross),
            percent(line.vat_rate),
            _rate(line),
            amount(line.refund),
        )
        for line in form.lines
    ]
    yield from table(headings, rows)


def _totals(form: RefundForm) -> Iterator[str]:
    yield from across(f"含税金额合计 Goods, incl. VAT ({form.gross.currency})", amount(form.gross), COLUMNS)
    yield from across("退税额 Refund", amount(form.refund), COLUMNS)
    yield from across("手续费 Agency fee", amount(-form.fee), COLUMNS)
    yield from across("实退金额 Payable to the traveller", amount(form.net), COLUMNS)
    if form.advanced is not None:
        yield from across("已预付 Advanced", amount(form.advanced), COLUMNS)
    if form.promised_by is not None:
        yield from _field("承诺离境日期 Promised departure by", form.promised_by.isoformat())
    if form.ports:
        yield from _field("承诺离境口岸 Promised ports", "、".join(form.ports))
    if form.rule_versions:
        yield from _field("适用规则 Rules", ", ".join(form.rule_versions))


def _customs(form: RefundForm) -> Iterator[str]:
    if form.customs_on is None:
        yield "海关验核 Customs: 签章 stamp ______________  日期 date ______________"
    else:
        yield from _field("海关验核 Customs", f"{form.customs_port or ''} {form.customs_on.isoformat()}".strip())
        for line in form.lines:
            if line.confirmed is not None:
                yield from across(f"  {_goods_name(line)}", f"{line.confirmed} / {line.quantity}", COLUMNS)
    yield "旅客签名 Traveller's signature: ______________"


def _rate(line: FormLine) -> str:
    return "-" if line.refund_rate is None else percent(line.refund_rate)


def _goods_name(line: FormLine) -> str:
    """Whole, never cut: customs compares it with the goods and refuses when they differ."""
    return line.name.get("zh-Hans") or next(iter(line.name.values()))


def _field(label: str, value: str) -> Iterator[str]:
    """A label in its own column and a value beside it, over several lines where it is long."""
    label_columns = 36
    for number, line in enumerate(wrapped(value, COLUMNS - label_columns)):
        yield left("" if number else label, label_columns) + line
