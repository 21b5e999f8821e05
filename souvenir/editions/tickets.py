"""Tickets: whoever can tell that somebody visited, asked where nobody at the counter can look at the ticket."""

from datetime import date
from typing import Protocol

from souvenir.editions.terms import Visit, VisitKind
from souvenir.kernel.errors import SouvenirError


class ProofOfVisitUnknown(SouvenirError):
    message = "No visit is known under {kind} {reference}. Check the number, or show it at the counter."
    kind: str
    reference: str


class TicketOffice(Protocol):
    """The port to whoever sells tickets and tours."""

    def visited_on(self, kind: VisitKind, reference: str) -> date | None:
        """The day of the visit a ticket or booking was used for; None if it was not, or there is no such one."""
        ...


def proof_of_visit(office: TicketOffice | None, kind: VisitKind, reference: str) -> Visit:
    """The visit a reference stands for. Raises ProofOfVisitUnknown, always where there is no office to ask."""
    day = office.visited_on(kind, reference) if office else None
    if day is None:
        raise ProofOfVisitUnknown(kind=kind, reference=reference)
    return Visit(kind=kind, reference=reference, visited_on=day)
