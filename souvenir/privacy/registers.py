"""Who was forgotten for what, as the log has it: keys that a restored backup brings back are destroyed by this list."""

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
