"""What the tax office did about a claim's form, and where it objected and people have to look."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from souvenir.eventlog import Session, View, when
from souvenir.kernel.clock import stamp
from souvenir.taxrefund.filing import Filing
from souvenir.taxrefund.views.claims import LARGEST_PAGE


@dataclass(frozen=True, slots=True)
class Objection:
    """What the office would not do about a form."""

    filing_id: UUID
    claim_id: UUID
    form_no: str
    wanted: str
    """void or lock."""
    reason: str
    since: datetime


class FilingList(View):
    """Every form the office issued, by its claim."""

    name = "filing_list"
    tables = ("filing_list",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS filing_list (
            filing_id TEXT PRIMARY KEY, claim_id TEXT NOT NULL, form_no TEXT NOT NULL,
            wanted TEXT NOT NULL, reason TEXT NOT NULL, since TEXT NOT NULL)""",
        "CREATE INDEX IF NOT EXISTS filing_list_by_claim ON filing_list (claim_id)",
        "CREATE INDEX IF NOT EXISTS filing_list_objected ON filing_list (since, filing_id) WHERE wanted <> ''",
    )

    @when(Filing.Issued)
    def _issued(self, session: Session, event: Filing.Issued) -> None:
        row = (str(event.originator_id), str(event.claim_id), event.form_no)
        session.run("INSERT INTO filing_list VALUES (?, ?, ?, '', '', '')", *row)

    @when(Filing.Disputed)
    def _disputed(self, session: Session, event: Filing.Disputed) -> None:
        said = (event.wanted, event.reason, stamp(event.timestamp), str(event.originator_id))
        session.run("UPDATE filing_list SET wanted = ?, reason = ?, since = ? WHERE filing_id = ?", *said)

    @when(Filing.Resolved)
    def _resolved(self, session: Session, event: Filing.Resolved) -> None:
        session.run("UPDATE filing_list SET wanted = '' WHERE filing_id = ?", str(event.originator_id))

    # Answer.

    def of_claim(self, session: Session, claim_id: UUID) -> UUID | None:
        """The filing of a claim's form, where an office issued it."""
        row = session.row("SELECT filing_id FROM filing_list WHERE claim_id = ?", str(claim_id))
        return UUID(row[0]) if row else None

    def objections(
        self, session: Session, after: tuple[str, str] = ("", ""), size: int = LARGEST_PAGE
    ) -> list[Objection]:
        """What the office objected to and nobody has settled, the oldest first, beyond one (its instant and id)."""
        rows = session.rows(
            "SELECT filing_id, claim_id, form_no, wanted, reason, since FROM filing_list "
            "WHERE wanted <> '' AND (since, filing_id) > (?, ?) ORDER BY since, filing_id LIMIT ?",
            *after, size,
        )  # fmt: skip
        return [
            Objection(UUID(filing), UUID(claim), form_no, wanted, reason, datetime.fromisoformat(since))
            for filing, claim, form_no, wanted, reason, since in rows
        ]
