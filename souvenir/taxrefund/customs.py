"""Customs: the port through which the answer about one form arrives, by quantity."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from souvenir.taxrefund.assessment import Sampling


@dataclass(frozen=True, slots=True)
class Presented:
    """What a traveller shows at the border for one form."""

    claim_no: str
    port: str
    on: date
    listed: Mapping[int, int]
    """Units on the form, by line."""
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class CustomsAnswer:
    """What customs makes of it. Units by line; a refusal confirms none and says why."""

    claim_no: str
    port: str
    on: date
    confirmed: Mapping[int, int]
    inspected: bool
    reason: str = ""


class CustomsOffice(Protocol):
    """A border where forms are verified. Asked again about the same form, it gives the same answer."""

    def verify(self, presented: Presented) -> CustomsAnswer:
        """Verify the goods of one form."""
        ...

    def answer_to(self, claim_no: str) -> CustomsAnswer | None:
        """The answer once given, for who lost it; None while the traveller has not come."""
        ...
