"""Tax office: the port to the store system that issues forms and digital invoices, voids them together, and locks them."""

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money


class TaxOfficeRefused(SouvenirError):
    message = "The tax office's system issued no form: {why}."
    why: str


class TaxOfficeSilent(SouvenirError):
    message = (
        "The tax office's system has not answered about {claim_no}. Ask again: what it did is found and not doubled."
    )
    claim_no: str


class FormOutcome(StrEnum):
    """What became of a form at the office. All but the last two are final for what was asked."""

    ISSUED = "issued"
    VOIDED = "voided"
    LOCKED = "locked"
    REFUSED = "refused"
    NEVER_RECEIVED = "never_received"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sold:
    """One sale the form is for. Without an invoice of its own, the office issues a digital one."""

    order_id: UUID
    gross: Money


@dataclass(frozen=True, slots=True)
class FormWanted:
    """What the store fills in. `key` is ours: the same key is the same form, however often it is asked for."""

    key: str
    store_no: str
    region: str
    issued_on: date
    sold: tuple[Sold, ...]
    invoices: tuple[str, ...] = ()
    """Invoices the goods are on already."""
    holder: str = field(default="", repr=False)
    document_number: str = field(default="", repr=False)

    def without_person(self, words: str) -> str:
        """What the office says, for the log: where it repeats who the form is for, that is left out."""
        for said in filter(None, (self.holder, self.document_number)):
            words = re.sub(re.escape(said), "…", words, flags=re.IGNORECASE)
        return words


@dataclass(frozen=True, slots=True)
class OfficeAnswer:
    """The state of one form; its number and invoices once issued, the red-letter invoices once voided."""

    outcome: FormOutcome
    form_no: str = ""
    invoices: tuple[str, ...] = ()
    red_letters: tuple[str, ...] = ()
    reason: str = ""


class TaxOffice(Protocol):
    """The store system. Everything may be asked again with the same key; an answer may be lost (UNKNOWN)."""

    def issue(self, wanted: FormWanted) -> OfficeAnswer:
        """Issue a form, and a digital invoice for each sale that has none. One form stands per invoice and sale."""
        ...

    def void(self, key: str, on: date, reason: str) -> OfficeAnswer:
        """Void a form together with its invoices, which are red-lettered; refused once its refund is paid."""
        ...

    def lock(self, key: str, on: date) -> OfficeAnswer:
        """Tell that the refund is paid: neither form nor invoices can be voided any more."""
        ...

    def query(self, key: str) -> OfficeAnswer:
        """What became of a form, for who lost the answer."""
        ...
