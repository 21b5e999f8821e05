"""People who ask what the shop holds on them: staff tell them, forget them purpose by purpose, and certify it."""

from base64 import b64encode
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import strawberry

from souvenir.api.buyers import BuyerInput, shown
from souvenir.api.desk import EVERY_MUTATION, Desk
from souvenir.api.identity import global_id, read_id
from souvenir.api.refusals import mutation, question
from souvenir.api.staff import manager
from souvenir.api.types import Info, described
from souvenir.documents.columns import personal
from souvenir.documents.erasure_certificate import ErasureCertificate as Certified
from souvenir.documents.erasure_certificate import erasure_certificate_pdf, print_erasure_certificate
from souvenir.kernel import clock
from souvenir.kernel.errors import MalformedInput, NotFound
from souvenir.privacy.retention import Retention
from souvenir.privacy.subject import AlreadyErased, LegalHold
from souvenir.processes.answer_person import Holding, Person, Record
from souvenir.processes.know_buyers import Shown
from souvenir.taxrefund.claim import Claim as Form


@strawberry.enum(description="Why data is kept. Each purpose has its own keys: erasing one leaves the others.")
class DataPurpose(StrEnum):
    IDENTITY = "identity"
    TAX = "tax"
    MARKETING = "marketing"
    PROVENANCE = "provenance"


@strawberry.input(description="How somebody makes themselves known. See who is asking before you ask here for them.")
class PersonInput:
    document_kind: str = strawberry.field(default="passport", description="passport, hk_macao_permit, …")
    shown: BuyerInput | None = strawberry.field(
        default=None, description="What they show. It is looked up and not kept."
    )
    customer_id: strawberry.ID | None = None
    claim_id: strawberry.ID | None = strawberry.field(default=None, description="One of their refund forms.")
    pseudonym: strawberry.ID | None = strawberry.field(
        default=None, description="As an answer or a certificate named it."
    )


@strawberry.input
class ForgetTravellerInput:
    idempotency_key: strawberry.ID
    person: PersonInput
    purposes: list[DataPurpose]
    reason: str = strawberry.field(description="Names nobody: it stays in the log for ever.")
    requested_on: date


@strawberry.input
class HoldPersonalDataInput:
    idempotency_key: strawberry.ID
    pseudonym: strawberry.ID
    purpose: DataPurpose
    reason: str = strawberry.field(description="Such as a dispute. Names nobody.")
    until: date = strawberry.field(description="The first day on which erasure is allowed again.")


@strawberry.input
class LiftLegalHoldInput:
    idempotency_key: strawberry.ID
    pseudonym: strawberry.ID
    purpose: DataPurpose


@strawberry.input
class EraseDueInput:
    idempotency_key: strawberry.ID


@strawberry.type(description="One thing that is held on somebody, opened for this answer.")
class HeldFact:
    name: str
    value: str = strawberry.field(description="Or that it was erased.")


@strawberry.type(description="One record about somebody.")
class HeldRecord:
    kind: str = strawberry.field(description="refund_form or purchase_evidence, as the retention schedule has it.")
    about_id: strawberry.ID = strawberry.field(description="The claim, or the edition that was bought.")
    number: str
    on: date
    facts: list[HeldFact]


@strawberry.type(description="Why data cannot be erased yet.")
class DutyToKeep:
    reason: str
    until: date = strawberry.field(description="The first day on which erasure is allowed again.")


@strawberry.type(description="What is held on somebody under one pseudonym, for one purpose.")
class DataHeld:
    pseudonym: strawberry.ID
    purpose: DataPurpose
    due_on: date | None = strawberry.field(description="When it goes by itself; null while no term is set.")
    duty: DutyToKeep | None
    erased_at: datetime | None
    records: list[HeldRecord]


@strawberry.type(description="Everything that is held on somebody.")
class PersonalData:
    held: list[DataHeld]


@strawberry.type(description="Data of one purpose that is gone.")
class ErasedData:
    purpose: DataPurpose
    requested_on: date
    erased_at: datetime
    destroyed: bool = strawberry.field(description="No key of it was found now.")


@strawberry.type(description="Data of one purpose that the law still keeps.")
class KeptData:
    purpose: DataPurpose
    duty: DutyToKeep


@strawberry.type(description="What was erased of somebody and what is kept. It names nobody: keep it as your evidence.")
class ErasureCertificate:
    pseudonym: strawberry.ID
    erased: list[ErasedData]
    kept: list[KeptData]
    text: str
    certified: strawberry.Private[Certified]

    @described
    def content(self) -> str:
        """The certificate as PDF, in base64."""
        return b64encode(erasure_certificate_pdf(self.certified)).decode()


@strawberry.type(description="For how many years a kind of record is kept somewhere, and by whose order.")
class RetentionRule:
    version: str
    record: str
    years: int
    counted_from: str = strawberry.field(description="Of the last entry in the record: end_of_year, or its day.")
    purpose: DataPurpose | None = strawberry.field(description="Whose data goes with it; null if it names nobody.")
    by_law: bool = strawberry.field(description="Else the shop promises to keep it no longer.")
    reason: str
    source: str
    confidence: str


@strawberry.type
class ForgetTravellerPayload:
    certificates: list[ErasureCertificate] = strawberry.field(
        description="One for each pseudonym; none if nothing was held on them for these purposes."
    )
    replayed: bool


@strawberry.type
class HoldPersonalDataPayload:
    certificate: ErasureCertificate
    replayed: bool


@strawberry.type
class LiftLegalHoldPayload:
    certificate: ErasureCertificate
    replayed: bool


@strawberry.type
class EraseDuePayload:
    erased: int = strawberry.field(description="For how many people and purposes.")
    replayed: bool


@strawberry.type
class PeopleQuery:
    @question(MalformedInput, NotFound)
    def personal_data(self, info: Info, person: PersonInput) -> PersonalData:
        """What the shop holds on somebody who asks, for what, until when. Tell it to nobody but them."""
        at = manager(info)
        return PersonalData(held=[_held(one) for one in at.shop.answer_person.held(_person(at, person))])

    @question(MalformedInput, NotFound)
    def erasure_certificate(self, info: Info, pseudonym: strawberry.ID) -> ErasureCertificate:
        """What was erased of somebody, at any later time."""
        return _certificate(manager(info), read_id("Person", pseudonym, "pseudonym"))

    @described
    def retention_rules(self, info: Info, jurisdiction: str, on: date | None = None) -> list[RetentionRule]:
        """How long what is kept in a country, by the schedule of a day; without one, today's."""
        at = manager(info)
        return [_rule(rule) for rule in at.shop.retention.of(jurisdiction, on or clock.now().date())]


@strawberry.type
class PeopleMutation:
    @mutation(*EVERY_MUTATION, LegalHold)
    def forget_traveller(self, info: Info, input: ForgetTravellerInput) -> ForgetTravellerPayload:
        """Forget somebody for these purposes, everywhere at once; refused as a whole while any has to be kept."""
        at, who = manager(info), _person(manager(info), input.person)
        asked = (who, [purpose.value for purpose in input.purposes], input.reason, input.requested_on)
        done = at.carry_out(input, lambda: at.shop.answer_person.forget(*asked))
        return ForgetTravellerPayload(
            certificates=[_certificate(at, pseudonym) for pseudonym in done.result], replayed=done.replayed
        )

    @mutation(*EVERY_MUTATION, AlreadyErased)
    def hold_personal_data(self, info: Info, input: HoldPersonalDataInput) -> HoldPersonalDataPayload:
        """Keep somebody's data for one purpose until a day, as while a dispute is open."""
        at, person = manager(info), read_id("Person", input.pseudonym, "input", "pseudonym")
        held = (person, input.purpose.value, input.reason, input.until)
        done = at.carry_out(input, lambda: at.shop.privacy.hold(*held))
        return HoldPersonalDataPayload(certificate=_certificate(at, person), replayed=done.replayed)

    @mutation(*EVERY_MUTATION)
    def lift_legal_hold(self, info: Info, input: LiftLegalHoldInput) -> LiftLegalHoldPayload:
        """End early what staff held. What the law orders stays."""
        at, person = manager(info), read_id("Person", input.pseudonym, "input", "pseudonym")
        done = at.carry_out(input, lambda: at.shop.privacy.lift_hold(person, input.purpose.value))
        return LiftLegalHoldPayload(certificate=_certificate(at, person), replayed=done.replayed)

    @mutation(*EVERY_MUTATION)
    def erase_due(self, info: Info, input: EraseDueInput) -> EraseDuePayload:
        """Erase now what the schedule lets nobody keep any longer; it happens by itself once a day."""
        at = manager(info)
        done = at.carry_out(input, at.shop.erase_due.on_request)
        return EraseDuePayload(erased=done.result, replayed=done.replayed)


def _person(at: Desk, input: PersonInput) -> Person:
    """Who is meant. Raises MalformedInput unless they are named in one way as the shop knows them, or by what they show."""
    known = [
        *([read_id("Customer", input.customer_id, "customerId")] if input.customer_id else []),
        *([at.shop.log.load(Form, read_id("Claim", input.claim_id, "claimId")).traveller] if input.claim_id else []),
        *([read_id("Person", input.pseudonym, "pseudonym")] if input.pseudonym else []),
    ]
    showing = shown(input.shown) if input.shown else Shown()
    if len(known) > 1 or not (known or showing.person or showing.household):
        raise MalformedInput(expected="person: what they show, or one of customerId, claimId and pseudonym", value="")
    return Person(showing, input.document_kind, known[0] if known else None)


def _held(holding: Holding) -> DataHeld:
    return DataHeld(
        pseudonym=global_id("Person", holding.pseudonym),
        purpose=DataPurpose(holding.purpose),
        due_on=holding.due_on,
        duty=DutyToKeep(reason=holding.duty.reason, until=holding.duty.until) if holding.duty else None,
        erased_at=holding.erasure.erased_at if holding.erasure else None,
        records=[_record(record) for record in holding.records],
    )


def _record(record: Record) -> HeldRecord:
    kind = "Claim" if record.kind == "refund_form" else "Edition"
    return HeldRecord(
        kind=record.kind,
        about_id=global_id(kind, record.id),
        number=record.number,
        on=record.on,
        facts=[HeldFact(name=name, value=personal(value)) for name, value in record.facts.items()],
    )


def _certificate(at: Desk, pseudonym: UUID) -> ErasureCertificate:
    certified = at.shop.answer_person.certificate(pseudonym)
    return ErasureCertificate(
        pseudonym=global_id("Person", pseudonym),
        erased=[
            ErasedData(
                purpose=DataPurpose(gone.purpose),
                requested_on=gone.requested_on,
                erased_at=gone.erased_at,
                destroyed=gone.destroyed,
            )
            for gone in certified.erased
        ],
        kept=[
            KeptData(purpose=DataPurpose(kept.purpose), duty=DutyToKeep(reason=kept.reason, until=kept.until))
            for kept in certified.kept
        ],
        text=print_erasure_certificate(certified),
        certified=certified,
    )


def _rule(rule: Retention) -> RetentionRule:
    return RetentionRule(
        version=rule.version,
        record=rule.record,
        years=rule.years,
        counted_from=rule.counted_from,
        purpose=DataPurpose(rule.purpose) if rule.purpose else None,
        by_law=rule.by_law,
        reason=rule.reason,
        source=rule.source,
        confidence=rule.confidence,
    )
