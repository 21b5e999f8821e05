"""The refund application form 离境退税申请单: what the store issues, customs confirms and the agency pays against."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from souvenir.documents.columns import across, amount, centred, field_lines, percent, personal, table, width
from souvenir.documents.languages import LAST_RESORT, Bilingual
from souvenir.kernel.money import Money
from souvenir.kernel.sealing import Redacted

COLUMNS = 78
HEADINGS = ("goods", "quantity", "gross", "vat", "rate", "refund")


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
    languages: tuple[str, ...] = ("zh-Hans", "en")
    """The country's, and beside it the traveller's."""


def print_refund_form(form: RefundForm) -> str:
    """The form as text; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _lines(form))


def refund_form_pdf(form: RefundForm) -> bytes:
    """The form on paper, with its number as barcode and QR code."""
    from souvenir.documents.pdf import Sheet

    both, traveller = Bilingual.on_paper(form.languages), form.traveller
    say = both.say
    sheet = Sheet(say("form"), form.form_no, both.tags[0])
    sheet.fields(
        [
            (say("issued"), form.issued_on.isoformat()),
            (say("purchased"), form.purchased_on.isoformat()),
            (say("store"), " ".join(form.store.values())),
            (say("taxpayer_no"), form.taxpayer_no or "-"),
            (say("telephone"), form.phone or "-"),
            (say("name"), personal(traveller.name)),
            (say("nationality"), personal(traveller.nationality)),
            (say("document"), both.word("document_kind", traveller.document_type)),
            (say("document_no"), personal(traveller.document_number)),
            (say("last_entry"), traveller.last_entry.isoformat() if traveller.last_entry else "-"),
            (say("mode"), both.word("mode", form.mode)),
            *([(say("state"), both.label("void"))] if form.voided else []),
        ]
    )
    headings = (*HEADINGS, "confirmed")
    sheet.goods(
        [say(key) for key in headings],
        [
            (
                " ".join(dict.fromkeys(line.name.values())),
                *_cells(line),
                "" if line.confirmed is None else str(line.confirmed),
            )
            for line in form.lines
        ],
    )
    currency, (goods, in_other) = form.gross.currency, say("gross_total")
    sheet.totals(
        [
            ((f"{goods} ({currency})", in_other), amount(form.gross)),
            (say("refund"), amount(form.refund)),
            (say("fee"), amount(-form.fee)),
            (say("payable"), amount(form.net)),
            *([(say("advanced"), amount(form.advanced))] if form.advanced is not None else []),
        ],
        comes_to=3,
    )
    customs = [(say("customs"), _seen_by_customs(form))] if form.customs_on else []
    sheet.statements([*((say(key), value) for key, value in _notes(form)), *customs])
    sheet.signatures([say("customs_stamp"), say("signature")])
    return sheet.pdf()


def _notes(form: RefundForm) -> Iterator[tuple[str, str]]:
    """What is long, or not known of every form."""
    if form.promised_by is not None:
        yield "promised_by", form.promised_by.isoformat()
    if form.ports:
        yield "ports", "、".join(form.ports)
    if form.invoices:
        yield "invoices", ", ".join(form.invoices)
    if form.rule_versions:
        yield "rules", ", ".join(form.rule_versions)


def _lines(form: RefundForm) -> Iterator[str]:
    rule, both = "=" * COLUMNS, Bilingual(form.languages)
    yield from (centred(name, COLUMNS) for name in both.say("form") if name)
    if form.voided:
        yield centred(both.label("void"), COLUMNS)
    yield rule
    for key, value in _head(form, both):
        yield from field_lines(both.label(key), value)
    yield rule
    yield from _goods(form, both)
    yield rule
    yield from _totals(form, both)
    for key, value in _notes(form):
        yield from field_lines(both.label(key), value)
    yield rule
    yield from _customs(form, both)


def _head(form: RefundForm, both: Bilingual) -> Iterator[tuple[str, str]]:
    traveller = form.traveller
    named = [form.store[tag] for tag in (*form.languages, LAST_RESORT) if tag in form.store][:2]
    yield "form_no", form.form_no
    yield "issued", form.issued_on.isoformat()
    yield "store", " ".join(dict.fromkeys(named)) or next(iter(form.store.values()))
    yield "taxpayer_no", form.taxpayer_no or "-"
    if form.phone:
        yield "telephone", form.phone
    yield "mode", both.word("mode", form.mode)
    yield "name", personal(traveller.name)
    yield "nationality", personal(traveller.nationality)
    yield "document", both.word("document_kind", traveller.document_type)
    yield "document_no", personal(traveller.document_number)
    if traveller.last_entry:
        yield "last_entry", traveller.last_entry.isoformat()
    yield "purchased", form.purchased_on.isoformat()


def _goods(form: RefundForm, both: Bilingual) -> Iterator[str]:
    """The lines under headings in both languages, where the paper is wide enough for them, else in the country's."""
    rows = [(_goods_name(line, both), *_cells(line)) for line in form.lines]
    drawn = list(table([both.label(key) for key in HEADINGS], rows))
    if max(map(width, drawn)) > COLUMNS:
        drawn = list(table([both.say(key)[0] for key in HEADINGS], rows))
    yield from drawn


def _cells(line: FormLine) -> tuple[str, str, str, str, str]:
    rate = "-" if line.refund_rate is None else percent(line.refund_rate)
    return str(line.quantity), amount(line.gross), percent(line.vat_rate), rate, amount(line.refund)


def _totals(form: RefundForm, both: Bilingual) -> Iterator[str]:
    yield from across(f"{both.label('gross_total')} ({form.gross.currency})", amount(form.gross), COLUMNS)
    for key, sum_of in (
        ("refund", form.refund),
        ("fee", -form.fee),
        ("payable", form.net),
        ("advanced", form.advanced),
    ):
        if sum_of is not None:
            yield from across(both.label(key), amount(sum_of), COLUMNS)


def _customs(form: RefundForm, both: Bilingual) -> Iterator[str]:
    if form.customs_on is None:
        yield f"{both.label('customs_stamp')}: ______________"
    else:
        yield from field_lines(both.label("customs"), _seen_by_customs(form))
        for line in form.lines:
            if line.confirmed is not None:
                yield from across(f"  {_goods_name(line, both)}", f"{line.confirmed} / {line.quantity}", COLUMNS)
    yield f"{both.label('signature')}: ______________"


def _seen_by_customs(form: RefundForm) -> str:
    return f"{form.customs_port or ''} {form.customs_on}".strip()


def _goods_name(line: FormLine, both: Bilingual) -> str:
    """Whole, never cut: customs compares it with the goods and refuses when they differ."""
    return line.name.get(both.tags[0]) or next(iter(line.name.values()))
