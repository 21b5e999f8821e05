"""The approval of one product by one licensor: from concept to marketing, stage by stage, with evidence and clocks."""

import re
from datetime import date
from typing import Final, Literal, Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, Value, event
from souvenir.kernel.errors import MalformedInput, SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.licensing.calendar import BusinessCalendar
from souvenir.licensing.grant import ApprovalRules, Stage

SHA256: Final = re.compile(r"[0-9a-f]{64}")

Outcome = Literal["approved", "approved_with_changes", "rejected"]


class StageNotAsked(SouvenirError):
    message = "Contract {contract_no} asks for no approval of {stage}: it asks for {asked}."
    contract_no: str
    stage: str
    asked: str


class EarlierStageOpen(SouvenirError):
    message = "{sku} needs the approval of {missing} before {stage} is submitted."
    sku: str
    stage: str
    missing: str


class StageNotOpen(SouvenirError):
    message = "{sku} has no {stage} submitted that waits for an answer."
    sku: str
    stage: str


class StageSettled(SouvenirError):
    message = "{sku}: {stage} was submitted with other evidence, and is {state}."
    sku: str
    stage: str
    state: str


class ProductNotApproved(SouvenirError):
    message = (
        "Contract {contract_no} lets nothing be sold before its {stage} is approved: this product's is not, on {on}."
    )
    contract_no: str
    product_id: UUID
    stage: str
    on: date


class Submission(Value):
    """What was shown at one stage, by the SHA-256 of its file, and what became of it."""

    stage: Stage
    evidence: str
    answer_due: date
    outcome: Outcome | None = None
    settled_on: date | None = None

    @property
    def passed(self) -> bool:
        """Approved, with changes or without."""
        return self.outcome in ("approved", "approved_with_changes")

    def rejected_before(self, day: date) -> bool:
        """Rejected, by an answer or by silence, on an earlier day."""
        return self.outcome == "rejected" and self.settled_on is not None and self.settled_on < day


class Approval(Aggregate):
    """What one licensor has said to one product. Silence rejects, unless the contract says that it consents."""

    TOPIC = "licensing.Approval"

    class Opened(Created):
        TOPIC = "licensing.ApprovalOpened"
        licence_id: UUID
        contract_no: str
        product_id: UUID
        sku: str
        rules: ApprovalRules

    class Submitted(Aggregate.Event):
        """`evidence` is the SHA-256 of what was shown; the answer is expected until `answer_due`, that day included."""

        TOPIC = "licensing.StageSubmitted"
        stage: Stage
        evidence: str
        submitted_on: date
        answer_due: date

    class Answered(Aggregate.Event):
        """The licensor answered; `evidence` is the SHA-256 of the answer as it came, `remarks` its conditions."""

        TOPIC = "licensing.StageAnswered"
        stage: Stage
        outcome: Outcome
        answered_on: date
        answered_by: str
        remarks: str
        evidence: str

    class SilenceCounted(Aggregate.Event):
        """Nobody answered in time, and the contract says what that means."""

        TOPIC = "licensing.SilenceCounted"
        stage: Stage
        outcome: Outcome
        on: date

    @event(Opened)
    def __init__(self, licence_id: UUID, contract_no: str, product_id: UUID, sku: str, rules: ApprovalRules) -> None:
        self.licence_id = licence_id
        self.contract_no = contract_no
        self.product_id = product_id
        self.sku = sku
        self.rules = rules
        self.submissions: dict[str, Submission] = {}
        self.answers: frozenset[tuple[Stage, str]] = frozenset()

    @staticmethod
    def id_of(licence_id: UUID, product_id: UUID) -> UUID:
        return derived_id("approval", licence_id, product_id)

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def open(cls, licence_id: UUID, contract_no: str, product_id: UUID, sku: str, rules: ApprovalRules) -> Self:
        """Begin, by the rules of the contract as it stands."""
        return cls._create(
            cls.Opened,
            id=cls.id_of(licence_id, product_id),
            licence_id=licence_id,
            contract_no=contract_no,
            product_id=product_id,
            sku=sku,
            rules=rules,
        )

    def submit(self, stage: Stage, evidence: str, on: date, calendar: BusinessCalendar) -> None:
        """Show the licensor a stage; the same evidence twice counts once. After a rejection it may be shown again, also
        unchanged, on a later day: silence may have rejected it.
        """
        if stage not in self.rules.stages:
            asked = ", ".join(self.rules.stages)
            raise StageNotAsked(contract_no=self.contract_no, stage=stage, asked=asked)
        _refuse_no_hash(evidence)
        known = self.submissions.get(stage)
        if known is not None and known.evidence == evidence and not known.rejected_before(on):
            return
        if known is not None and known.outcome != "rejected":
            raise StageSettled(sku=self.sku, stage=stage, state=known.outcome or "waiting for an answer")
        for earlier in self.rules.stages[: self.rules.stages.index(stage)]:
            if earlier not in self.submissions or not self.submissions[earlier].passed:
                raise EarlierStageOpen(sku=self.sku, stage=stage, missing=earlier)
        answer_due = calendar.after(on, self.rules.answer_days)
        self._submitted(stage=stage, evidence=evidence, submitted_on=on, answer_due=answer_due)

    def answer(self, stage: Stage, outcome: Outcome, on: date, by: str, evidence: str, remarks: str = "") -> None:
        """Record the licensor's answer; the same answer to a stage, by its evidence, twice records nothing new."""
        _refuse_no_hash(evidence)
        if (stage, evidence) in self.answers:
            return
        known = self.submissions.get(stage)
        if known is None or known.outcome is not None:
            raise StageNotOpen(sku=self.sku, stage=stage)
        self._answered(stage=stage, outcome=outcome, answered_on=on, answered_by=by, remarks=remarks, evidence=evidence)

    def count_silence(self, on: date) -> None:
        """Let the clock decide what nobody answered in time: rejected, or approved where silence consents."""
        for known in list(self.submissions.values()):
            if known.outcome is None and on > known.answer_due:
                outcome: Outcome = "approved" if self.rules.silence_consents else "rejected"
                self._silence_counted(stage=known.stage, outcome=outcome, on=on)

    # Evolve: assigns only, because it also replays history.

    @event(Submitted)
    def _submitted(self, stage: Stage, evidence: str, submitted_on: date, answer_due: date) -> None:
        submission = Submission(stage=stage, evidence=evidence, answer_due=answer_due)
        self.submissions = {**self.submissions, stage: submission}

    @event(Answered)
    def _answered(
        self, stage: Stage, outcome: Outcome, answered_on: date, answered_by: str, remarks: str, evidence: str
    ) -> None:
        self.answers = self.answers | {(stage, evidence)}
        self._settle(stage, outcome, answered_on)

    @event(SilenceCounted)
    def _silence_counted(self, stage: Stage, outcome: Outcome, on: date) -> None:
        self._settle(stage, outcome, on)

    def _settle(self, stage: Stage, outcome: Outcome, on: date) -> None:
        settled = self.submissions[stage].model_copy(update={"outcome": outcome, "settled_on": on})
        self.submissions = {**self.submissions, stage: settled}


def _refuse_no_hash(evidence: str) -> None:
    if not SHA256.fullmatch(evidence):
        raise MalformedInput(expected="SHA-256 of a file, as 64 hexadecimal digits", value=evidence[:40])
