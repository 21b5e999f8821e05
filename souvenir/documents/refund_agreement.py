"""The instant-refund agreement 即买即退协议书: what the traveller promises for an advance, and what follows if it is broken."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from souvenir.documents.columns import centred, field_lines, personal, priced, wrapped
from souvenir.documents.languages import Bilingual, Words
from souvenir.kernel.money import Money
from souvenir.kernel.sealing import Redacted

COLUMNS = 78


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
    languages: tuple[str, ...] = ("zh-Hans", "en")
    """The country's, and beside it the traveller's."""


def clauses(agreement: RefundAgreement, both: Bilingual | None = None) -> list[Words]:
    """What is agreed, each clause in the country's language and in the traveller's."""
    say, until = (both or Bilingual(agreement.languages)).say, agreement.secured_until
    facts = {
        "promised_by": str(agreement.promised_by),
        "capture_by": str(agreement.capture_by),
        "last_departure_on": str(agreement.last_departure_on),
        "ports": "、".join(agreement.ports),
        "advance": priced(agreement.advance),
        "secured": priced(agreement.guarantee or agreement.advance),
        "strength": agreement.strength or "any",
        "until": str(until),
    }
    told = (
        "promise",
        f"advance_by_{agreement.advanced_by}",
        "security_until" if until else "security",
        "kept",
        "broken",
        "afterwards",
        "returned",
    )
    return [say(key, "agreement", **facts) for key in told]


def print_refund_agreement(agreement: RefundAgreement) -> str:
    """The agreement as text; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _lines(agreement))


def refund_agreement_pdf(agreement: RefundAgreement) -> bytes:
    """The agreement on paper, to be signed."""
    from souvenir.documents.pdf import Sheet

    both = Bilingual.on_paper(agreement.languages)
    sheet = Sheet(both.say("agreement"), agreement.form_no, both.tags[0])
    sheet.fields([(both.say(key), value) for key, value in _facts(agreement)])
    sheet.clauses(clauses(agreement, both))
    sheet.signatures([both.say("signature"), both.say("store_stamp")])
    return sheet.pdf()


def _facts(agreement: RefundAgreement) -> list[tuple[str, str]]:
    return [
        ("form_no", agreement.form_no),
        ("agreed_on", agreement.agreed_on.isoformat()),
        ("store", " ".join(agreement.store.values())),
        ("agency", agreement.agency),
        ("traveller", personal(agreement.traveller)),
        ("gross_total", priced(agreement.gross)),
        ("advance", priced(agreement.advance)),
        ("promised_by", agreement.promised_by.isoformat()),
    ]


def _lines(agreement: RefundAgreement) -> Iterator[str]:
    both = Bilingual(agreement.languages)
    yield from (centred(name, COLUMNS) for name in both.say("agreement") if name)
    yield "=" * COLUMNS
    for key, value in _facts(agreement):
        yield from field_lines(both.label(key), value)
    yield "=" * COLUMNS
    for number, (official, other) in enumerate(clauses(agreement, both), 1):
        yield from wrapped(f"{number}.{official}", COLUMNS)
        yield from wrapped(other, COLUMNS)
    yield "=" * COLUMNS
    yield f"{both.label('signature')}: ______________"
    yield f"{both.label('store_stamp')}: ______________"
