"""A statement: what one licence owes for one period, issued once, and never changed by what is learned later."""

from datetime import date
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.licensing.reading import Gathered
from souvenir.licensing.sheet import Header, Sheet


class PeriodAlreadyStated(SouvenirError):
    message = (
        "Licence {contract_no} was stated for {period} on {issued_on}. What came later goes on the next statement."
    )
    contract_no: str
    period: str
    issued_on: date


class PeriodNotOver(SouvenirError):
    message = "{period} of licence {contract_no} lasts until {last_day}: it cannot be stated on {on}."
    contract_no: str
    period: str
    last_day: date
    on: date


class EarlierPeriodNotStated(SouvenirError):
    message = "State {missing} of licence {contract_no} before {period}, even if it is nil."
    contract_no: str
    period: str
    missing: str


class PeriodOutsideLicence(SouvenirError):
    message = "Licence {contract_no} is stated by periods such as {first}, its first: {period} is none of them."
    contract_no: str
    period: str
    first: str


class StatementOvertaken(SouvenirError):
    message = "Another statement of licence {contract_no} was issued meanwhile. Draw up {period} again."
    contract_no: str
    period: str


class StatementDiffers(SouvenirError):
    message = (
        "The statement of {contract_no} for {period} does not come out again as it was issued: the log was changed."
    )
    contract_no: str
    period: str


class NotStated(SouvenirError):
    message = "Licence {licence_id} has no statement for {period} yet. Issue it first."
    licence_id: UUID
    period: str


class Statement(Aggregate):
    """One licence's statement of one period. Its lines stand in the log already, as accruals: here is what seals them."""

    TOPIC = "licensing.Statement"

    class Issued(Created):
        """`digest` is SHA-256 of the statement's canonical JSON; `warnings` are the discrepancies it was issued with."""

        TOPIC = "licensing.StatementIssued"
        header: Header
        digest: str
        warnings: tuple[str, ...]

    @event(Issued)
    def __init__(self, header: Header, digest: str, warnings: tuple[str, ...]) -> None:
        self.header = header
        self.digest = digest
        self.warnings = warnings

    @staticmethod
    def id_of(licence_id: UUID, period: str) -> UUID:
        """The id of a licence's statement of a period: there is never a second one."""
        return derived_id("statement", licence_id, period)

    @classmethod
    def issue(cls, sheet: Sheet, warnings: tuple[str, ...]) -> Self:
        """Issue a statement as it was drawn up."""
        header = sheet.header
        return cls._create(
            cls.Issued,
            id=cls.id_of(header.licence_id, header.period),
            header=header,
            digest=sheet.digest,
            warnings=warnings,
        )

    def made_again(self, gathered: Gathered) -> Sheet:
        """The sheet from what the log holds now: byte for byte the one that was issued, or StatementDiffers."""
        span = self.header.span.model_copy(update={"digest": gathered.digest, "entries": gathered.entries})
        header = self.header.model_copy(update={"span": span})
        sheet = Sheet(header, gathered.lines, gathered.adjustments, gathered.breaches)
        if sheet.digest != self.digest:
            raise StatementDiffers(contract_no=header.contract_no, period=header.period)
        return sheet
