"""Answer a person who asks: what is held on them, why and until when; erase it, and certify that without naming them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from souvenir.documents.erasure_certificate import Erased, ErasureCertificate, Kept
from souvenir.editions.registers.limits import bought_under
from souvenir.eventlog import Committed, EventLog
from souvenir.kernel import clock
from souvenir.kernel.errors import MalformedInput
from souvenir.kernel.sealing import Redacted
from souvenir.privacy.keyring import KeyRing
from souvenir.privacy.subject import PURPOSES, Duty, Erasure, Purpose, Subject, checked_purposes
from souvenir.processes.forget_person import forget_pseudonyms
from souvenir.processes.issue_form import PURPOSE as TAX
from souvenir.processes.issue_form import IssueForm, as_shown
from souvenir.processes.know_buyers import PURPOSE as IDENTITY
from souvenir.processes.know_buyers import VERSION, KnowBuyers, Shown
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.registers import files_of


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody makes themselves known: by what they show, or as whom the shop knows them already."""

    shown: Shown = field(default_factory=Shown)
    document_kind: str = "passport"
    known_as: UUID | None = None
    """A pseudonym, as a customer's account, a claim or a certificate of erasure names it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record about a person: a refund form, or pieces bought under a limit; facts are opened for this answer."""

    kind: str
    id: UUID
    number: str
    on: date
    facts: Mapping[str, str | Redacted] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held under one pseudonym for one purpose: until when at most, and by which duty it cannot go before."""

    pseudonym: UUID
    purpose: Purpose
    due_on: date | None
    duty: Duty | None
    erasure: Erasure | None
    records: tuple[Record, ...]


class AnswerPerson:
    """A data subject's requests, as staff answer them who have seen who is asking."""

    def __init__(self, log: EventLog, keyring: KeyRing, buyers: KnowBuyers, forms: IssueForm) -> None:
        self._log, self._keyring, self._buyers, self._forms = log, keyring, buyers, forms

    def held(self, person: Person) -> list[Holding]:
        """All that is held on somebody, and nothing on others of their address. Tell it to nobody but them."""
        alone = replace(person, shown=replace(person.shown, address=""))
        return [
            self._holding(pseudonym, purpose)
            for pseudonym, purposes in self._known(alone).items()
            for purpose in purposes
        ]

    def forget(self, person: Person, purposes: Sequence[str], reason: str, requested_on: date) -> Committed[list[UUID]]:
        """Forget somebody for some purposes, or for none; answers the pseudonyms they had. Raises LegalHold."""
        asked = checked_purposes(purposes)
        _must_name_nobody(reason, person.shown)
        known = {
            pseudonym: wanted
            for pseudonym, found in self._known(person).items()
            if (wanted := [purpose for purpose in asked if purpose in found])
        }
        return forget_pseudonyms(self._log, self._keyring, known, reason, requested_on)

    def certificate(self, pseudonym: UUID) -> ErasureCertificate:
        """What was erased of somebody, and what is kept. The same again at any later time. Raises NotFound."""
        subject, today = self._log.load(Subject, pseudonym), clock.now().date()
        duties = {purpose: subject.duty(purpose) for purpose in PURPOSES if purpose not in subject.erasures}
        return ErasureCertificate(
            pseudonym,
            [
                Erased(purpose, gone.requested_on, gone.erased_at, self._keyring.is_forgotten(pseudonym, purpose))
                for purpose, gone in subject.erasures.items()
            ],
            [
                Kept(purpose, duty.reason, duty.until)
                for purpose, duty in duties.items()
                if duty is not None and today < duty.until
            ],
        )

    def _known(self, person: Person) -> dict[UUID, Sequence[Purpose]]:
        """The pseudonyms somebody goes by, each with what it stands for."""
        number = person.shown.document_number
        travellers = self._keyring.people_with(TAX, as_shown(person.document_kind, number)) if number.strip() else ()
        found: dict[UUID, Sequence[Purpose]] = dict.fromkeys(travellers, (TAX,))
        found |= dict.fromkeys(self._buyers.known_as(person.shown), (IDENTITY,))
        if person.known_as is not None:
            found[person.known_as] = self._purposes_of(person.known_as)
        return found

    def _purposes_of(self, pseudonym: UUID) -> Sequence[Purpose]:
        """What a pseudonym stands for, by what is kept or was erased of it; else it is somebody's account."""
        subject = self._log.load(Subject, pseudonym)
        said = {purpose for purpose, _ in subject.terms} | set(subject.holds) | set(subject.erasures)
        return [purpose for purpose in PURPOSES if purpose in said] or [IDENTITY]

    def _holding(self, pseudonym: UUID, purpose: Purpose) -> Holding:
        subject = self._log.find(Subject, pseudonym) or Subject.register(pseudonym)
        duty = subject.duty(purpose)
        return Holding(
            pseudonym,
            purpose,
            due_on=max((term.until for term in subject.terms_for(purpose)), default=None),
            duty=duty if duty is not None and clock.now().date() < duty.until else None,
            erasure=subject.erasures.get(purpose),
            records=tuple(self._forms_of(pseudonym) if purpose == TAX else self._bought_by(pseudonym)),
        )

    def _forms_of(self, traveller: UUID) -> list[Record]:
        with self._log.reading() as session:
            files = files_of(session, traveller)
        return [self._form(claim_id) for claim_id in files]

    def _form(self, claim_id: UUID) -> Record:
        claim = self._log.load(Claim, claim_id)
        name, number = self._forms.traveller_of(claim_id)
        facts = {
            "name": name,
            "document kind": claim.facts.document_kind,
            "document number": number,
            "nationality": self._forms.nationality_of(claim_id),
            "last entry": claim.facts.last_entry.isoformat() if claim.facts.last_entry else "",
        }
        return Record("refund_form", claim_id, claim.claim_no, claim.issued_on, facts)

    def _bought_by(self, pseudonym: UUID) -> list[Record]:
        with self._log.reading() as session:
            bought = bought_under(session, f"{VERSION}:{pseudonym}")
        return [Record("purchase_evidence", edition, "", on, {"pieces": str(pieces)}) for edition, on, pieces in bought]


def _must_name_nobody(reason: str, shown: Shown) -> None:
    """The reason stays in the log for ever, so nothing that was shown may stand in it."""
    values = (shown.document_number, shown.telephone, shown.card_fingerprint, shown.address)
    said = "".join(reason.split()).casefold()
    if not said or any(value.strip() and "".join(value.split()).casefold() in said for value in values):
        raise MalformedInput(expected="reason that names nobody", value="")
