"""Which certificates there are and which of them stand: one row per certificate, one active per number."""

from souvenir.certificates.certificate import Certificate
from souvenir.eventlog import Register, Session, when


class CertificateRegister(Register):
    """One row per certificate; a serial is used once, and a number has one that is not revoked at most."""

    name = "certificates"
    tables = ("certificates",)
    ddl = (
        "CREATE TABLE IF NOT EXISTS certificates ("
        "certificate_id TEXT PRIMARY KEY, gtin TEXT NOT NULL, serial TEXT NOT NULL, edition_id TEXT NOT NULL, "
        "space TEXT NOT NULL, number INTEGER NOT NULL, order_id TEXT NOT NULL, status TEXT NOT NULL, "
        "UNIQUE (gtin, serial))",
        "CREATE UNIQUE INDEX IF NOT EXISTS certificates_active ON certificates (edition_id, space, number) "
        "WHERE status <> 'revoked'",
        "CREATE INDEX IF NOT EXISTS certificates_by_order ON certificates (order_id)",
    )

    @when(Certificate.Issued)
    def _issued(self, session: Session, event: Certificate.Issued) -> None:
        session.run(
            "INSERT INTO certificates (certificate_id, gtin, serial, edition_id, space, number, order_id, status) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 'active')",
            str(event.originator_id),
            event.statement.gtin,
            event.statement.serial,
            str(event.statement.edition_id),
            event.statement.space,
            event.statement.number,
            str(event.order_id),
        )

    @when(Certificate.Revoked)
    def _revoked(self, session: Session, event: Certificate.Revoked) -> None:
        _stands(session, event, "revoked")

    @when(Certificate.Retired)
    def _retired(self, session: Session, event: Certificate.Retired) -> None:
        _stands(session, event, "retired")

    @when(Certificate.Suspended)
    def _suspended(self, session: Session, event: Certificate.Suspended) -> None:
        _stands(session, event, "suspended")

    @when(Certificate.Reinstated)
    def _reinstated(self, session: Session, event: Certificate.Reinstated) -> None:
        _stands(session, event, "active")


def _stands(session: Session, event: Certificate.Event, status: str) -> None:
    session.run("UPDATE certificates SET status = ? WHERE certificate_id = ?", status, str(event.originator_id))
