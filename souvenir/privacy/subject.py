"""A subject: one person behind a pseudonym, what they asked to be forgotten for, and what the law still holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import MalformedInput, SouvenirError

Purpose = Literal["identity", "tax", "marketing", "provenance"]
PURPOSES: Final[tuple[Purpose, ...]] = ("identity", "tax", "marketing", "provenance")
"""Why data is kept: to reach the person, for a refund form, to advertise, to prove who owned a piece."""


class ErasureOnHold(SouvenirError):
    message = "Data kept for {purpose} cannot be erased before {until}: {reason}."
    purpose: str
    reason: str
    until: date


class AlreadyErased(SouvenirError):
    message = "Data kept for {purpose} was erased; there is nothing left to hold."
    purpose: str


@dataclass(frozen=True, slots=True)
class LegalHold:
    """A duty to keep: why, and the first day on which erasure is allowed again."""

    reason: str
    until: date


class Subject(Aggregate):
    """One person, known in the log by this id alone. Names and documents are sealed, and never here."""

    TOPIC = "privacy.Subject"

    class Registered(Created):
        TOPIC = "privacy.SubjectRegistered"

    class HeldByLaw(Aggregate.Event):
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

    def hold(self, purpose: str, reason: str, until: date) -> None:
        """Keep data for a purpose although erasure may be asked; the same hold again records nothing."""
        (kept,) = checked_purposes([purpose])
        if kept in self.erased:
            raise AlreadyErased(purpose=kept)
        if not reason.strip():
            raise MalformedInput(expected="reason for a legal hold", value=reason[:40])
        if self.holds.get(kept) != LegalHold(reason, until):
            self._held_by_law(purpose=kept, reason=reason, until=until)

    def lift_hold(self, purpose: str) -> None:
        """End a legal hold early; none there records nothing."""
        (kept,) = checked_purposes([purpose])
        if kept in self.holds:
            self._hold_lifted(purpose=kept)

    def erase(self, purposes: Sequence[str], reason: str, requested_on: date) -> None:
        """Forget the person for these purposes, for good. Refused as a whole if a legal hold stands for any of them."""
        remaining = tuple(purpose for purpose in checked_purposes(purposes) if purpose not in self.erased)
        for purpose in remaining:
            hold = self.holds.get(purpose)
            if hold is not None and requested_on < hold.until:
                raise ErasureOnHold(purpose=purpose, reason=hold.reason, until=hold.until)
        if remaining:
            self._erased(purposes=remaining, reason=reason, requested_on=requested_on)

    # Evolve: assigns only.

    @event(Registered)
    def __init__(self) -> None:
        self.holds: dict[Purpose, LegalHold] = {}
        self.erased: tuple[Purpose, ...] = ()

    @event(HeldByLaw)
    def _held_by_law(self, purpose: Purpose, reason: str, until: date) -> None:
        self.holds = {**self.holds, purpose: LegalHold(reason, until)}

    @event(HoldLifted)
    def _hold_lifted(self, purpose: Purpose) -> None:
        self.holds = {kept: hold for kept, hold in self.holds.items() if kept != purpose}

    @event(Erased)
    def _erased(self, purposes: tuple[Purpose, ...], reason: str, requested_on: date) -> None:
        self.erased = (*self.erased, *purposes)


def checked_purposes(purposes: Sequence[str]) -> tuple[Purpose, ...]:
    """The purposes named, once each and in their usual order; an unknown one, or none at all, is refused."""
    unknown = [purpose for purpose in purposes if purpose not in PURPOSES]
    if unknown or not purposes:
        raise MalformedInput(expected=f"purpose ({', '.join(PURPOSES)})", value=", ".join(unknown)[:40])
    return tuple(purpose for purpose in PURPOSES if purpose in purposes)
