"""A proof of visit: looked up at the ticket office for who buys online, looked at by the cashier at the till."""

from enum import StrEnum

import strawberry

from souvenir.api.desk import Desk
from souvenir.api.types import values
from souvenir.editions.terms import Visit
from souvenir.editions.tickets import proof_of_visit
from souvenir.kernel import clock
from souvenir.sites.outlet import Outlet


@strawberry.enum(description="What shows that somebody visited.")
class VisitKind(StrEnum):
    TICKET = "ticket"
    TOUR = "tour"


@strawberry.input(description="The ticket or the tour booking of a visit. A number, never a name.")
class ProofOfVisitInput:
    kind: VisitKind
    reference: str


def looked_up(at: Desk, proof: ProofOfVisitInput | None) -> Visit | None:
    """A proof given from afar: the ticket office says whether it is one. Raises ProofOfVisitUnknown."""
    if proof is None:
        return None
    with values("visit"):
        shown = Visit(kind=proof.kind.value, reference=proof.reference, visited_on=clock.now().date())
    return proof_of_visit(at.shop.tickets, shown.kind, shown.reference)


def looked_at(at: Desk, proof: ProofOfVisitInput | None) -> Visit | None:
    """A proof shown over the counter: the cashier says that it is one, of today."""
    if proof is None:
        return None
    today = clock.today(at.shop.log.load(Outlet, at.device()[0]).time_zone)
    with values("visit"):
        return Visit(kind=proof.kind.value, reference=proof.reference, visited_on=today)
