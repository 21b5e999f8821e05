"""A tax office in memory: it numbers forms and digital invoices, holds to its rules, and loses answers when told to."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Literal
from uuid import UUID

from stdnum import luhn

from souvenir.kernel.identifiers import derived_id
from souvenir.taxrefund.tax_office import FormOutcome, FormWanted, OfficeAnswer

PROVINCES = {"CN-BJ": "11", "CN-TJ": "12", "CN-SH": "31", "CN-GD": "44", "CN-HI": "46"}
"""The digits of a digital invoice that say where it was issued (GB/T 2260); others get 00 here."""

Loss = Literal["before", "after"]
LOST = OfficeAnswer(FormOutcome.UNKNOWN, reason="no answer")


class SimulatedTaxOffice:
    """One form stands per sale and per invoice; a form and its invoices are void together, or locked together."""

    def __init__(self) -> None:
        self.forms: dict[str, OfficeAnswer] = {}
        self._sales: dict[str, tuple[UUID, ...]] = {}
        self._losses: deque[Loss] = deque()
        self._next = 1
        self._mutex = threading.Lock()

    def lose(self, *losses: Loss) -> None:
        """Lose the answers to the next requests: before anything is done, or after it was."""
        self._losses.extend(losses)

    def issue(self, wanted: FormWanted) -> OfficeAnswer:
        """Issue a form with its invoices, unless another stands for the same sale or invoice."""
        return self._answering(lambda: self._issue(wanted))

    def void(self, key: str, on: date, reason: str) -> OfficeAnswer:
        """Void form and invoices together."""
        return self._answering(lambda: self._void(key, on))

    def lock(self, key: str, on: date) -> OfficeAnswer:
        """Lock form and invoices."""
        return self._answering(lambda: self._lock(key))

    def query(self, key: str) -> OfficeAnswer:
        """The state of a form."""
        return self._answering(lambda: self.forms.get(key, OfficeAnswer(FormOutcome.NEVER_RECEIVED)))

    def _answering(self, work: Callable[[], OfficeAnswer]) -> OfficeAnswer:
        with self._mutex:
            loss = self._losses.popleft() if self._losses else None
            answer = LOST if loss == "before" else work()
            return LOST if loss else answer

    def _issue(self, wanted: FormWanted) -> OfficeAnswer:
        if wanted.key in self.forms:
            return self.forms[wanted.key]
        sales = tuple(one.order_id for one in wanted.sold)
        for key, form in self.forms.items():
            stands = form.outcome in (FormOutcome.ISSUED, FormOutcome.LOCKED)
            if stands and (set(sales) & set(self._sales[key]) or set(wanted.invoices) & set(form.invoices)):
                return OfficeAnswer(FormOutcome.REFUSED, reason=f"form {form.form_no} stands for these goods")
            if set(wanted.invoices) & set(form.red_letters and form.invoices):
                return OfficeAnswer(FormOutcome.REFUSED, reason="an invoice was red-lettered")
        invoices = wanted.invoices or tuple(self._invoice_no(wanted.region, wanted.issued_on) for _ in sales)
        number = form_no(wanted.issued_on, wanted.key)
        self._sales[wanted.key] = sales
        self.forms[wanted.key] = OfficeAnswer(FormOutcome.ISSUED, number, invoices)
        return self.forms[wanted.key]

    def _void(self, key: str, on: date) -> OfficeAnswer:
        form = self.forms.get(key, OfficeAnswer(FormOutcome.NEVER_RECEIVED))
        if form.outcome is FormOutcome.LOCKED:
            return OfficeAnswer(FormOutcome.REFUSED, form.form_no, form.invoices, reason="its refund is paid")
        if form.outcome is FormOutcome.ISSUED:
            red = tuple(self._invoice_no(f"#{invoice[2:4]}", on) for invoice in form.invoices)
            form = self.forms[key] = replace(form, outcome=FormOutcome.VOIDED, red_letters=red)
        return form

    def _lock(self, key: str) -> OfficeAnswer:
        form = self.forms.get(key, OfficeAnswer(FormOutcome.NEVER_RECEIVED))
        if form.outcome is FormOutcome.VOIDED:
            return OfficeAnswer(FormOutcome.REFUSED, form.form_no, form.invoices, reason="the form is void")
        if form.outcome is FormOutcome.ISSUED:
            form = self.forms[key] = replace(form, outcome=FormOutcome.LOCKED)
        return form

    def _invoice_no(self, place: str, on: date) -> str:
        """Twenty digits: the year, the province, how it was issued, and a sequence."""
        province = place[1:] if place.startswith("#") else PROVINCES.get(place, "00")
        number = f"{on:%y}{province}2{self._next:015d}"
        self._next += 1
        return number


def form_no(issued_on: date, *parts: object) -> str:
    """The number of the form for these orders or invoices: asking again gives the same form, never a second one.

    The real system hands numbers out; 19 digits were seen in use. These are the day, ten derived digits and a Luhn digit.
    """
    digits = f"{issued_on:%Y%m%d}{derived_id('refund form', issued_on, *parts).int % 10**10:010d}"
    return digits + luhn.calc_check_digit(digits)
