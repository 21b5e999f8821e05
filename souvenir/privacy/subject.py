"""A subject: one person behind a pseudonym, what they asked to be forgotten for, and what the law still holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import MalformedInput, SouvenirError

Purpose = Literal["identity", "tax", "marketing", "provenance"]
PURPOSES: Final[tuple[Purpose, ...]] = ("identity", "tax", "marketing", "provenance")
"""Why data is kept: to reach the person, for a refund form, to advertise, to prove who owned a piece."""


class LegalHold(SouvenirError):
    message = "Data kept for {purpose} cannot be erased before {until}: {reason}."
    purpose: str
    reason: str
    until: date


class AlreadyErased(SouvenirError):
    message = "Data kept for {purpose} was erased; there is nothing left to hold."
    purpose: str


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty to keep: why, and the first day on which erasure is allowed again."""

    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class Term:
    """How long a retention rule lets data be kept, and whether it orders that too."""

    reason: str
    until: date
    by_law: bool


@dataclass(frozen=True, slots=True)
class Erasure:
    """When the data of one purpose was asked to go, and went."""

    requested_on: date
    erased_at: datetime


class Subject(Aggregate):
    """One person, known in the log by this id alone. Names and documents are sealed, and never here."""

    TOPIC = "privacy.Subject"

    class Registered(Created):
        TOPIC = "privacy.SubjectRegistered"

    class DataKept(Aggregate.Event):
        """A rule of the retention schedule applies until a day: from then on the data is due to go."""

        TOPIC = "privacy.SubjectDataKept"
        purpose: Purpose
        rule: str
        reason: str
        until: date
        by_law: bool
        """Whether the data must be kept until then, whoever asks."""

    class HeldByLaw(Aggregate.Event):
        """Somebody put a hold on the data, as for a dispute; what the schedule orders is `DataKept`."""

        TOPIC = "privacy.SubjectHeldByLaw"
        purpose: Purpose
        reason: str
        until: date

    class HoldLifted(Aggregate.Event):
        TOPIC = "privacy.SubjectHoldLifted"
        purpose: Purpose

    class Erased(Aggregate.Event):
        """From here on the keys for these purposes are destroyed, again after every restored backup."""

        TOPIC = "privacy.SubjectErased"
        purposes: tuple[Purpose, ...]
        reason: str
        requested_on: date

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def register(cls, id: UUID) -> "Subject":
        """Open a pseudonym for a person under a random id."""
        return cls._create(cls.Registered, id=id)

    def keep(self, purpose: Purpose, rule: str, term: Term) -> None:
        """Keep data by a rule of the schedule. A rule only ever gives longer; of what was erased nothing is kept."""
        known = self.terms.get((purpose, rule))
        if purpose not in self.erased and (known is None or known.until < term.until):
            self._kept(purpose=purpose, rule=rule, reason=term.reason, until=term.until, by_law=term.by_law)

    def hold(self, purpose: str, reason: str, until: date) -> None:
        """Keep data for a purpose although erasure may be asked; the same hold again records nothing."""
        (kept,) = checked_purposes([purpose])
        if kept in self.erased:
            raise AlreadyErased(purpose=kept)
        if not reason.strip():
            raise MalformedInput(expected="reason for a legal hold", value=reason[:40])
        if self.holds.get(kept) != Duty(reason, until):
            self._held_by_law(purpose=kept, reason=reason, until=until)

    def lift_hold(self, purpose: str) -> None:
        """End early what somebody held; none there records nothing. What a rule orders stays."""
        (kept,) = checked_purposes([purpose])
        if kept in self.holds:
            self._hold_lifted(purpose=kept)

    def erase(self, purposes: Sequence[str], reason: str, requested_on: date, today: date) -> None:
        """Forget the person for these purposes, for good. Refused as a whole while any of them has to be kept."""
        remaining = tuple(purpose for purpose in checked_purposes(purposes) if purpose not in self.erased)
        if requested_on > today + timedelta(days=1):  # somewhere on earth it is tomorrow
            raise MalformedInput(expected="day of a request, which is not to come", value=requested_on.isoformat())
        for purpose in remaining:
            duty = self.duty(purpose)
            if duty is not None and today < duty.until:
                raise LegalHold(purpose=purpose, reason=duty.reason, until=duty.until)
        if remaining:
            self.trigger_event(self.Erased, purposes=remaining, reason=reason, requested_on=requested_on)

    # Answer.

    @property
    def erased(self) -> tuple[Purpose, ...]:
        """What the person was forgotten for."""
        return tuple(self.erasures)

    def duty(self, purpose: Purpose) -> Duty | None:
        """What orders the data to be kept for longest, if anything ever did."""
        ordered = (Duty(term.reason, term.until) for term in self.terms_for(purpose) if term.by_law)
        held = (self.holds[purpose],) if purpose in self.holds else ()
        return max((*ordered, *held), key=lambda duty: duty.until, default=None)

    def terms_for(self, purpose: Purpose) -> list[Term]:
        """What the schedule says about the data of one purpose."""
        return [term for (of, _), term in self.terms.items() if of == purpose]

    # Evolve: assigns only.

    @event(Registered)
    def __init__(self) -> None:
        self.terms: dict[tuple[Purpose, str], Term] = {}
        self.holds: dict[Purpose, Duty] = {}
        self.erasures: dict[Purpose, Erasure] = {}

    @event(DataKept)
    def _kept(self, purpose: Purpose, rule: str, reason: str, until: date, by_law: bool) -> None:
        self.terms = {**self.terms, (purpose, rule): Term(reason, until, by_law)}

    @event(HeldByLaw)
    def _held_by_law(self, purpose: Purpose, reason: str, until: date) -> None:
        self.holds = {**self.holds, purpose: Duty(reason, until)}

    @event(HoldLifted)
    def _hold_lifted(self, purpose: Purpose) -> None:
        self.holds = {kept: hold for kept, hold in self.holds.items() if kept != purpose}

    @event(Erased)
    def _erased(self, purposes: tuple[Purpose, ...], requested_on: date, timestamp: datetime) -> None:
        self.erasures = {**self.erasures, **dict.fromkeys(purposes, Erasure(requested_on, timestamp))}
        self.terms = {of: term for of, term in self.terms.items() if of[0] not in purposes}
        self.holds = {of: hold for of, hold in self.holds.items() if of not in purposes}


def checked_purposes(purposes: Sequence[str]) -> tuple[Purpose, ...]:
    """The purposes named, once each and in their usual order; an unknown one, or none at all, is refused."""
    unknown = [purpose for purpose in purposes if purpose not in PURPOSES]
    if unknown or not purposes:
        raise MalformedInput(expected=f"purpose ({', '.join(PURPOSES)})", value=", ".join(unknown)[:40])
    return tuple(purpose for purpose in PURPOSES if purpose in purposes)
