"""What people ask about certificates: which an order has, which is under a serial, which do not stand."""

from datetime import datetime
from uuid import UUID

from souvenir.certificates.certificate import StatusList
from souvenir.eventlog import Session
from souvenir.kernel.errors import NotFound

_NOT_STANDING = ("revoked", "suspended", "retired")


def certificate_with(session: Session, gtin: str, serial: str) -> UUID:
    """The id of the certificate under a GTIN and serial. Raises NotFound."""
    row = session.row("SELECT certificate_id FROM certificates WHERE gtin = ? AND serial = ?", gtin, serial)
    if row is None:
        raise NotFound(kind="Certificate", id=f"{gtin}/{serial}"[:60])
    return UUID(row[0])


def certificates_of(session: Session, order_id: UUID) -> list[UUID]:
    """The certificates issued to an order, in the order of their numbers."""
    rows = session.rows(
        "SELECT certificate_id FROM certificates WHERE order_id = ? ORDER BY edition_id, space, number", str(order_id)
    )
    return [UUID(row[0]) for row in rows]


def status_list(session: Session, gtin: str, as_of: datetime) -> StatusList:
    """Every certificate under a GTIN that does not stand, for verifiers who ask whether one still does."""
    rows = session.rows("SELECT serial, status FROM certificates WHERE gtin = ? AND status <> 'active'", gtin)
    lists = (frozenset((gtin, serial) for serial, status in rows if status == one) for one in _NOT_STANDING)
    return StatusList(as_of, *lists)
