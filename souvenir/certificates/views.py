"""What people ask about certificates: which an order has, which is under a serial, which do not stand, where each is listed."""

from datetime import datetime
from uuid import UUID

from souvenir.certificates.certificate import Certificate, StatusList
from souvenir.certificates.status import LENGTH, Purpose
from souvenir.eventlog import Session, View, when
from souvenir.kernel.errors import NotFound

MOST_LISTED = 10_000
"""Certificates that do not stand, in one answer."""

_NOT_STANDING = ("revoked", "suspended", "retired")


def certificate_with(session: Session, gtin: str, serial: str) -> UUID:
    """The id of the certificate under a GTIN and serial. Raises NotFound."""
    row = session.row("SELECT certificate_id FROM certificates WHERE gtin = ? AND serial = ?", gtin, serial)
    if row is None:
        raise NotFound(kind="Certificate", id=f"{gtin}/{serial}"[:60])
    return UUID(row[0])


def status_of(session: Session, gtin: str, serial: str, as_of: datetime) -> StatusList | None:
    """Where one certificate stands, as a list that says nothing of others; None if there is no such certificate."""
    row = session.row("SELECT status FROM certificates WHERE gtin = ? AND serial = ?", gtin, serial)
    if row is None:
        return None
    return StatusList(as_of, *(frozenset({(gtin, serial)} if row[0] == one else ()) for one in _NOT_STANDING))


def certificates_of(session: Session, order_id: UUID) -> list[UUID]:
    """The certificates issued to an order, in the order of their numbers."""
    rows = session.rows(
        "SELECT certificate_id FROM certificates WHERE order_id = ? ORDER BY edition_id, space, number", str(order_id)
    )
    return [UUID(row[0]) for row in rows]


def standing_after(session: Session, after: UUID | None, limit: int) -> list[UUID]:
    """The next certificates that are active or in doubt, in the order of their ids."""
    rows = session.rows(
        "SELECT certificate_id FROM certificates WHERE status IN ('active', 'suspended') AND certificate_id > ? "
        "ORDER BY certificate_id LIMIT ?",
        str(after) if after else "",
        limit,
    )
    return [UUID(row[0]) for row in rows]


def status_list(session: Session, gtin: str, as_of: datetime, after: str = "") -> StatusList:
    """The certificates under a GTIN that do not stand, for verifiers who ask whether one still does.

    By serial, from after one of them; `MOST_LISTED` at once.
    """
    rows = session.rows(
        "SELECT serial, status FROM certificates WHERE gtin = ? AND status <> 'active' AND serial > ? "
        f"ORDER BY serial LIMIT {MOST_LISTED}",
        gtin,
        after,
    )
    lists = (frozenset((gtin, serial) for serial, status in rows if status == one) for one in _NOT_STANDING)
    return StatusList(as_of, *lists)


class StatusLists(View):
    """The place of every certificate in the lists of its GTIN, in the order in which they were issued; and where it stands."""

    name = "status_lists"
    tables = ("status_places", "status_lengths")
    ddl = (
        "CREATE TABLE IF NOT EXISTS status_places (gtin TEXT NOT NULL, place BIGINT NOT NULL, "
        "certificate_id TEXT NOT NULL, status TEXT NOT NULL, PRIMARY KEY (gtin, place))",
        "CREATE UNIQUE INDEX IF NOT EXISTS status_places_of ON status_places (certificate_id)",
        "CREATE TABLE IF NOT EXISTS status_lengths (gtin TEXT PRIMARY KEY, length BIGINT NOT NULL)",
    )

    @when(Certificate.Issued)
    def _issued(self, session: Session, event: Certificate.Issued) -> None:
        gtin = event.statement.gtin
        session.run(
            "INSERT INTO status_places (gtin, place, certificate_id, status) VALUES (?, ?, ?, 'active')",
            gtin,
            self.length(session, gtin),
            str(event.originator_id),
        )
        session.run(
            "INSERT INTO status_lengths (gtin, length) VALUES (?, 1) "
            "ON CONFLICT (gtin) DO UPDATE SET length = status_lengths.length + 1",
            gtin,
        )

    @when(Certificate.Revoked, Certificate.Retired)
    def _ended(self, session: Session, event: Certificate.Event) -> None:
        self._stands(session, event, "revocation")

    @when(Certificate.Suspended)
    def _suspended(self, session: Session, event: Certificate.Suspended) -> None:
        self._stands(session, event, "suspension")

    @when(Certificate.Reinstated)
    def _reinstated(self, session: Session, event: Certificate.Reinstated) -> None:
        self._stands(session, event, "active")

    def _stands(self, session: Session, event: Certificate.Event, status: str) -> None:
        session.run("UPDATE status_places SET status = ? WHERE certificate_id = ?", status, str(event.originator_id))

    def length(self, session: Session, gtin: str) -> int:
        """How many certificates were issued under a GTIN."""
        row = session.row("SELECT length FROM status_lengths WHERE gtin = ?", gtin)
        return int(row[0]) if row else 0

    def place(self, session: Session, certificate_id: UUID) -> int | None:
        """The place of a certificate; None if it is not listed yet."""
        row = session.row("SELECT place FROM status_places WHERE certificate_id = ?", str(certificate_id))
        return int(row[0]) if row else None

    def part(self, session: Session, gtin: str, part: int, purpose: Purpose) -> list[int]:
        """The places within one list whose bit is set. Raises NotFound for a list that has not begun."""
        if not 0 <= part * LENGTH <= self.length(session, gtin) - (part > 0):
            raise NotFound(kind="StatusList", id=f"{gtin}/{part}"[:60])
        rows = session.rows(
            "SELECT place FROM status_places WHERE gtin = ? AND place >= ? AND place < ? AND status = ? ORDER BY place",
            gtin,
            part * LENGTH,
            (part + 1) * LENGTH,
            purpose,
        )
        return [int(place) - part * LENGTH for (place,) in rows]
