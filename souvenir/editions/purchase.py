"""Who buys how many: purchase limits, the identity evidence they are weighed by, and cases found later."""

from datetime import date
from typing import Final, Literal, Self
from uuid import UUID

from pydantic import Field

from souvenir.editions.terms import Space
from souvenir.kernel.aggregate import Aggregate, Created, Value, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id

Kind = Literal["order", "person", "household", "person a day"]

MOST_KEYS: Final = 20
"""Pieces of evidence of one kind about one buyer."""


class MalformedEvidence(SouvenirError):
    message = "This evidence cannot be weighed: {reason}."
    reason: str


class IdentityNeeded(SouvenirError):
    message = "Edition {edition_id} is sold so many a person: say who buys with order {order_id} first."
    edition_id: UUID
    order_id: UUID


class PurchaseLimitReached(SouvenirError):
    message = "Edition {edition_id} is limited to {limit} per {kind}, and that many were bought already."
    edition_id: UUID
    kind: str
    limit: int


class Limits(Value):
    """How many pieces of an edition one buyer may have; None is as many as they like."""

    per_order: int | None = Field(default=None, ge=1)
    per_person: int | None = Field(default=None, ge=1)
    per_household: int | None = Field(default=None, ge=1)
    per_person_a_day: int | None = Field(default=None, ge=1)

    @property
    def by_kind(self) -> dict[Kind, int]:
        """The limits there are."""
        every: dict[Kind, int | None] = {
            "order": self.per_order,
            "person": self.per_person,
            "household": self.per_household,
            "person a day": self.per_person_a_day,
        }
        return {kind: limit for kind, limit in every.items() if limit is not None}


class Evidence(Value):
    """What is known of who buys: a pseudonym for each thing they showed, never the thing. One in common makes two one.

    `person` holds pseudonyms of passport, telephone, instrument; `household` of addresses. `version` names the rules by
    which they were read and named: those of different versions never match.
    """

    version: str
    person: tuple[str, ...] = ()
    household: tuple[str, ...] = ()

    def traces(self) -> tuple[tuple[Kind, str], ...]:
        """Every key it holds, with the kind of limit it counts for."""
        people: list[tuple[Kind, str]] = [("person", f"{self.version}:{key}") for key in self.person]
        return (*people, *(("household", f"{self.version}:{key}") for key in self.household))


class Bought(Value):
    """One piece bought."""

    edition_id: UUID
    space: Space
    number: int
    on: date


def checked(evidence: Evidence) -> Evidence:
    """Evidence in one order and without repetitions; refused if it says nothing about a person, or too much."""
    if not evidence.person or not evidence.version:
        raise MalformedEvidence(reason="it needs a version and something about the person")
    if max(len(evidence.person), len(evidence.household)) > MOST_KEYS:
        raise MalformedEvidence(reason=f"at most {MOST_KEYS} pieces of a kind")
    if not all(0 < len(key) <= 128 for key in (*evidence.person, *evidence.household)):
        raise MalformedEvidence(reason="a pseudonym has 1 to 128 characters")
    return Evidence(
        version=evidence.version,
        person=tuple(sorted(set(evidence.person))),
        household=tuple(sorted(set(evidence.household))),
    )


def purchase_id(order_id: UUID) -> UUID:
    return derived_id("purchase", order_id, near=order_id)


class Purchase(Aggregate):
    """What one order took of limited editions, and who it was weighed as. A later discovery never rewrites it."""

    TOPIC = "editions.Purchase"

    class Identified(Created):
        TOPIC = "editions.PurchaseIdentified"
        order_id: UUID
        evidence: Evidence

    class Counted(Aggregate.Event):
        TOPIC = "editions.PurchaseCounted"
        bought: Bought
        evidence: tuple[Evidence, ...]

    class EvidenceAdded(Aggregate.Event):
        TOPIC = "editions.PurchaseEvidenceAdded"
        evidence: Evidence
        bought: tuple[Bought, ...]

    class CaseRaised(Aggregate.Event):
        TOPIC = "editions.PurchaseCaseRaised"
        edition_id: UUID
        kind: Kind
        limit: int
        bought: int

    class GivenBack(Aggregate.Event):
        TOPIC = "editions.PurchaseGivenBack"
        bought: Bought
        evidence: tuple[Evidence, ...]

    @event(Identified)
    def __init__(self, order_id: UUID, evidence: Evidence) -> None:
        self.order_id = order_id
        self.evidence: tuple[Evidence, ...] = (evidence,)
        self.bought: tuple[Bought, ...] = ()
        self.cases: frozenset[tuple[UUID, str]] = frozenset()

    # Decide.

    @classmethod
    def identify(cls, order_id: UUID, evidence: Evidence) -> Self:
        """Say who buys with an order, before it is paid."""
        return cls._create(cls.Identified, id=purchase_id(order_id), order_id=order_id, evidence=checked(evidence))

    @classmethod
    def by_somebody(cls, order_id: UUID) -> Self:
        """A sale that happened before anybody said who bought; they may yet be found out."""
        return cls._create(cls.Identified, id=purchase_id(order_id), order_id=order_id, evidence=Evidence(version=""))

    def count(self, bought: Bought) -> None:
        """Count a piece; the same piece counts once."""
        if bought not in self.bought:
            self._counted(bought=bought, evidence=self.evidence)

    def add_evidence(self, evidence: Evidence) -> None:
        """Learn more about who bought; what is known already records nothing new."""
        known = {key for one in self.evidence for key in one.traces()}
        more = checked(evidence)
        if not set(more.traces()) <= known:
            fresh = Evidence(
                version=more.version,
                person=tuple(key for key in more.person if ("person", f"{more.version}:{key}") not in known),
                household=tuple(key for key in more.household if ("household", f"{more.version}:{key}") not in known),
            )
            self._evidence_added(evidence=fresh, bought=self.bought)

    def raise_case(self, edition_id: UUID, kind: Kind, limit: int, bought: int) -> None:
        """Leave it to people that more was bought than allowed: the sale stands."""
        if (edition_id, kind) not in self.cases:
            self._case_raised(edition_id=edition_id, kind=kind, limit=limit, bought=bought)

    def give_back(self, edition_id: UUID, space: Space, number: int) -> None:
        """A piece was returned: it counts no more."""
        for bought in self.bought:
            if (bought.edition_id, bought.space, bought.number) == (edition_id, space, number):
                self._given_back(bought=bought, evidence=self.evidence)
                return

    # Evolve.

    @event(Counted)
    def _counted(self, bought: Bought, evidence: tuple[Evidence, ...]) -> None:
        self.bought += (bought,)

    @event(EvidenceAdded)
    def _evidence_added(self, evidence: Evidence, bought: tuple[Bought, ...]) -> None:
        self.evidence += (evidence,)

    @event(CaseRaised)
    def _case_raised(self, edition_id: UUID, kind: Kind, limit: int, bought: int) -> None:
        self.cases |= {(edition_id, kind)}

    @event(GivenBack)
    def _given_back(self, bought: Bought, evidence: tuple[Evidence, ...]) -> None:
        self.bought = tuple(other for other in self.bought if other != bought)
