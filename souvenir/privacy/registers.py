"""Who was forgotten for what, so that a restored backup brings nobody back; and whose data is kept until when."""

from souvenir.eventlog import Register, Session, when
from souvenir.privacy.subject import Subject


class Erasures(Register):
    """One row per person and purpose erased."""

    name = "erasures"
    tables = ("erasures",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS erasures (
            subject TEXT NOT NULL, purpose TEXT NOT NULL, requested_on TEXT NOT NULL, PRIMARY KEY (subject, purpose))""",
    )

    @when(Subject.Erased)
    def _erased(self, session: Session, event: Subject.Erased) -> None:
        for purpose in event.purposes:
            session.run(
                "INSERT INTO erasures (subject, purpose, requested_on) VALUES (?, ?, ?)",
                str(event.originator_id),
                purpose,
                event.requested_on.isoformat(),
            )


class Retentions(Register):
    """Until when the schedule lets a person's data be kept, the longest of its rules, until it is erased."""

    name = "retentions"
    tables = ("retentions",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS retentions (
            subject TEXT NOT NULL, purpose TEXT NOT NULL, until TEXT NOT NULL, PRIMARY KEY (subject, purpose))""",
        "CREATE INDEX IF NOT EXISTS retentions_by_day ON retentions (until, subject, purpose)",
    )

    @when(Subject.DataKept)
    def _kept(self, session: Session, event: Subject.DataKept) -> None:
        session.run(
            "INSERT INTO retentions (subject, purpose, until) VALUES (?, ?, ?) ON CONFLICT (subject, purpose) DO UPDATE"
            " SET until = excluded.until WHERE excluded.until > retentions.until",
            str(event.originator_id),
            event.purpose,
            event.until.isoformat(),
        )

    @when(Subject.Erased)
    def _erased(self, session: Session, event: Subject.Erased) -> None:
        for purpose in event.purposes:
            session.run("DELETE FROM retentions WHERE subject = ? AND purpose = ?", str(event.originator_id), purpose)
