"""A refund agency in memory: it pays, reviews and settles as told, and makes the mistakes it is told to make."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Literal

from souvenir.kernel.money import Money
from souvenir.taxrefund.agency import AgencyAnswer, AgencyOutcome, ForReview, Review
from souvenir.taxrefund.form import confirmed, seen_lines
from souvenir.taxrefund.settlement import Statement, StatementLine

LOST = AgencyAnswer(AgencyOutcome.UNKNOWN, "no answer")


class SimulatedAgency:
    """Approves what customs confirmed and pays what it is asked, unless told otherwise. Its books are its own."""

    def __init__(self) -> None:
        self.paid: dict[str, Money] = {}
        self.stated: dict[str, StatementLine] = {}
        self._reviews: dict[str, Review] = {}
        self._rejects: dict[str, tuple[Mapping[int, int], str]] = {}
        self._busy: set[str] = set()
        self._answers: deque[Literal["lost_before", "lost_after", "declined"]] = deque()
        self._mutex = threading.Lock()

    # What the test or the demonstration decides.

    def next_advances(self, *answers: Literal["lost_before", "lost_after", "declined"]) -> None:
        """Lose the answers to the next requests, before or after they were carried out, or decline."""
        self._answers.extend(answers)

    def approve_only(self, form_no: str, units: Mapping[int, int], reason: str) -> None:
        """Approve no more than these units of a form."""
        self._rejects[form_no] = (units, reason)

    def keep_waiting(self, form_no: str) -> None:
        """Have not looked at a form yet."""
        self._busy.add(form_no)

    def look_at(self, form_no: str) -> None:
        """Get round to it."""
        self._busy.discard(form_no)

    # What the shop asks.

    def advance(self, key: str, form_no: str, amount: Money, tender: str) -> AgencyAnswer:
        """Pay once per key."""
        with self._mutex:
            fate = self._answers.popleft() if self._answers else None
            if fate == "declined":
                return AgencyAnswer(AgencyOutcome.DECLINED, f"cannot pay by {tender}")
            if fate != "lost_before":
                self.paid.setdefault(key, amount)
            return LOST if fate else AgencyAnswer(AgencyOutcome.PAID)

    def query(self, key: str) -> AgencyAnswer:
        """Whether it paid."""
        with self._mutex:
            if self._answers and self._answers[0] != "declined":
                self._answers.popleft()
                return LOST
            return AgencyAnswer(AgencyOutcome.PAID if key in self.paid else AgencyOutcome.NEVER_RECEIVED)

    def review(self, form: ForReview) -> Review | None:
        """Review once; what it approves is on its statement of the month of the review."""
        with self._mutex:
            if form.form_no in self._busy:
                return None
            if form.form_no not in self._reviews:
                most, reason = self._rejects.get(form.form_no, (form.confirmed, ""))
                approved = {line: min(units, most.get(line, 0)) for line, units in form.confirmed.items()}
                self._reviews[form.form_no] = Review(form.on, approved, reason)
                self._state(form, approved)
            return self._reviews[form.form_no]

    def statement(self, month: date) -> Statement | None:
        """All it approved in a month."""
        lines = (line for line in self.stated.values() if line.final_on.replace(day=1) == month.replace(day=1))
        found = tuple(sorted(lines, key=lambda line: line.form_no))
        return Statement(f"AG-{month:%Y-%m}", found) if found else None

    def misprint(self, form_no: str, amount: Money) -> None:
        """State another amount for a form."""
        self.stated[form_no] = replace(self.stated[form_no], amount=amount)

    def _state(self, form: ForReview, approved: Mapping[int, int]) -> None:
        due = confirmed(form.lines, seen_lines(form.lines, approved), "by_quantity")
        if due.outcome != "refused":
            kept = due.fee.at_rate(form.agency_share)
            amount = due.refund - kept if form.advanced_by == "shop" else due.fee - kept
            self.stated[form.form_no] = StatementLine(form.form_no, form.on, due.refund, due.fee, amount)
