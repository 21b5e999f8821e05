"""Which tokens open what, up to the last commit: a revoked token or a departed member of staff stops at once."""

from souvenir.access.credential import Credential
from souvenir.access.staff import Staff
from souvenir.eventlog import Register, Session, when


class Credentials(Register):
    """One row per token, found by its hash."""

    name = "credentials"
    tables = ("credentials",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS credentials (
            token_hash TEXT PRIMARY KEY, credential_id TEXT NOT NULL, audience TEXT NOT NULL, kind TEXT NOT NULL,
            holder TEXT NOT NULL, outlet_id TEXT, till TEXT, expires_at TEXT, revoked INTEGER NOT NULL DEFAULT 0)""",
        "CREATE INDEX IF NOT EXISTS credentials_by_holder ON credentials (holder)",
        "CREATE INDEX IF NOT EXISTS credentials_by_id ON credentials (credential_id)",
    )

    @when(Credential.Issued)
    def _issued(self, session: Session, event: Credential.Issued) -> None:
        session.run(
            "INSERT INTO credentials (token_hash, credential_id, audience, kind, holder, outlet_id, till, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            event.token_hash,
            str(event.originator_id),
            event.audience,
            event.kind,
            str(event.holder),
            None if event.outlet_id is None else str(event.outlet_id),
            event.till,
            None if event.expires_at is None else event.expires_at.isoformat(),
        )

    @when(Credential.Revoked)
    def _revoked(self, session: Session, event: Credential.Revoked) -> None:
        session.run("UPDATE credentials SET revoked = 1 WHERE credential_id = ?", str(event.originator_id))


class StaffRoll(Register):
    """One row per member of staff who is here, with what they are allowed."""

    name = "staff_roll"
    tables = ("staff_roll",)
    ddl = (
        "CREATE TABLE IF NOT EXISTS staff_roll (staff_id TEXT PRIMARY KEY, badge TEXT NOT NULL, roles TEXT NOT NULL)",
    )

    @when(Staff.Engaged)
    def _engaged(self, session: Session, event: Staff.Engaged) -> None:
        session.run(
            "INSERT INTO staff_roll (staff_id, badge, roles) VALUES (?, ?, ?)",
            str(event.originator_id),
            event.badge,
            " ".join(event.roles),
        )

    @when(Staff.RolesChanged)
    def _roles_changed(self, session: Session, event: Staff.RolesChanged) -> None:
        session.run(
            "UPDATE staff_roll SET roles = ? WHERE staff_id = ?", " ".join(event.roles), str(event.originator_id)
        )

    @when(Staff.Left)
    def _left(self, session: Session, event: Staff.Left) -> None:
        session.run("DELETE FROM staff_roll WHERE staff_id = ?", str(event.originator_id))
